/*
 * tag_list.c - see tag_list.h. The grammar of RFC 6376, 3.2, and nothing beside it.
 *
 * Called by dkim_signature.c, dkim_key.c and dmarc_record.c. It must be at least as strict as libopendkim,
 * which reads the same field behind us: a list that both take must mean the same to both. So a name begins
 * with a letter, a value has printable ASCII and folding blanks only, and no tag is empty but behind the
 * last ";". It trusts the length of its input.
 */
#include "workers/antispam/tag_list.h"

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

struct view tag_list_trim(struct view v)
{
    while (v.n && is_space(v.p[0]))
        v.p++, v.n--;
    while (v.n && is_space(v.p[v.n - 1]))
        v.n--;
    return v;
}

static struct view cut(struct view *rest, char at)
{
    const char *end = rest->n ? memchr(rest->p, at, rest->n) : NULL;
    struct view part = {rest->p, end ? (size_t)(end - rest->p) : rest->n};

    rest->p += part.n + (end != NULL);
    rest->n -= part.n + (end != NULL);
    return part;
}

static bool is_name(struct view v)
{
    if (!v.n || !is_letter(v.p[0]))
        return false;
    for (size_t i = 1; i < v.n; i++)
        if (!is_letter(v.p[i]) && !is_digit(v.p[i]) && v.p[i] != '_')
            return false;
    return true;
}

static bool is_value(struct view v)
{
    for (size_t i = 0; i < v.n; i++)
        if (!is_space(v.p[i]) && (v.p[i] < 0x21 || v.p[i] > 0x7e))
            return false;
    return true;
}

int tag_list_next(struct tag_list *l, struct tag *t)
{
    struct view part;

    if (!tag_list_trim(l->rest).n)
        return 0;
    part = cut(&l->rest, ';');
    if (!part.n || !memchr(part.p, '=', part.n))
        return -1;
    t->name = tag_list_trim(cut(&part, '='));
    t->value = tag_list_trim(part);
    return is_name(t->name) && is_value(t->value) ? 1 : -1;
}

bool tag_list_find(struct view list, const char *name, struct view *value)
{
    struct tag_list l = {list};
    struct tag t;
    int got;

    while ((got = tag_list_next(&l, &t)) != 0)
        if (got > 0 && view_equal(t.name, view_of(name))) {
            *value = t.value;
            return true;
        }
    return false;
}

bool tag_list_word(struct view *rest, struct view *word)
{
    if (!rest->n)
        return false;
    *word = tag_list_trim(cut(rest, ':'));
    return true;
}

unsigned tag_list_count(struct view words, const char *wanted)
{
    struct view word;
    unsigned n = 0;

    while (tag_list_word(&words, &word))
        n += view_equal_nocase(word, view_of(wanted));
    return n;
}

bool tag_list_number(struct view v, size_t digits_max, uint64_t *to)
{
    *to = 0;
    if (!v.n || v.n > digits_max)
        return false;
    for (size_t i = 0; i < v.n; i++) {
        if (!is_digit(v.p[i]))
            return false;
        *to = 10 * *to + (uint64_t)(v.p[i] - '0');
    }
    return true;
}
