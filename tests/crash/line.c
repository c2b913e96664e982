/*
 * line.c - see line.h.
 *
 * A quotation mark inside a JSON string is always written with a backslash, so
 * `"id":"` can only stand where the member itself begins.
 */
#include "tests/crash/line.h"

bool line_next(struct view *rest, struct view *line)
{
    const char *nl = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;

    if (!nl)
        return false;
    *line = (struct view){rest->p, (size_t)(nl - rest->p)};
    rest->n -= line->n + 1;
    rest->p = nl + 1;
    return true;
}

static struct view after(struct view line, struct view key)
{
    const char *at = memmem(line.p, line.n, key.p, key.n);

    if (!at)
        return (struct view){NULL, 0};
    at += key.n;
    return (struct view){at, line.n - (size_t)(at - line.p)};
}

static struct view string_after(struct view line, struct view key)
{
    struct view v = after(line, key);
    const char *end = v.n ? memchr(v.p, '"', v.n) : NULL;

    return end ? (struct view){v.p, (size_t)(end - v.p)} : (struct view){NULL, 0};
}

/* Addresses of the test have no bracket in them. */
static struct view list_after(struct view line, struct view key)
{
    struct view v = after(line, key);
    const char *end = v.n ? memchr(v.p, ']', v.n) : NULL;

    return end ? (struct view){v.p, (size_t)(end - v.p)} : (struct view){NULL, 0};
}

bool line_parse(struct line_event *e, struct view line)
{
    struct view copy = {NULL, 0};

    if (line.n < 2 || line.p[0] != '{' || line.p[line.n - 1] != '}')
        return false;
    e->event = string_after(line, VIEW("\"event\":\""));
    e->id = string_after(line, VIEW("\"id\":\""));
    copy = after(line, VIEW("\"copy\":"));
    e->copy = copy.n && copy.p[0] >= '1' && copy.p[0] <= '9' ? (unsigned)(copy.p[0] - '0') : 1;
    e->to = list_after(line, VIEW("\"to\":["));
    return e->event.n > 0 && e->id.n > 0;
}
