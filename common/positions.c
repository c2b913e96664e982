/*
 * positions.c - see positions.h. What is read may come from a file that anybody has written: bounded.
 */
#include "common/positions.h"

void positions_add(struct buf *to, const size_t *at, size_t n)
{
    for (size_t i = 0, end; i < n; i = end) {
        end = i + 1;
        while (end < n && at[end] == at[end - 1] + 1)
            end++;
        buf_addf(to, "%s%zu", i ? "," : "", at[i] + 1);
        if (end > i + 1)
            buf_addf(to, "-%zu", at[end - 1] + 1);
    }
}

static bool take_number(struct view *v, size_t *n)
{
    size_t digits = 0;

    *n = 0;
    while (digits < v->n && *n <= POSITIONS_MAX && v->p[digits] >= '0' && v->p[digits] <= '9')
        *n = *n * 10 + (size_t)(v->p[digits++] - '0');
    *v = (struct view){v->p + digits, v->n - digits};
    return *n > 0 && *n <= POSITIONS_MAX;
}

static bool take_char(struct view *v, char c)
{
    if (!v->n || v->p[0] != c)
        return false;
    *v = (struct view){v->p + 1, v->n - 1};
    return true;
}

bool positions_take(struct view *list, size_t *first, size_t *last)
{
    struct view v = *list;

    if (!take_number(&v, first))
        return false;
    *last = *first;
    if (take_char(&v, '-') && (!take_number(&v, last) || *last < *first))
        return false;
    if (v.n && (!take_char(&v, ',') || !v.n))
        return false;
    *list = v;
    return true;
}
