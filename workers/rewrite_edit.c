/*
 * rewrite_edit.c - see rewrite_edit.h. Called by the rewriting engine, once per message before a byte is
 * written.
 *
 * edit_unpack() has checked every name and value. What is written here is
 * checked once more at the last place: a byte that could end a line can leave
 * only as a fold, else the process ends, because a field that somebody else
 * begins is worse than a message that is tried again.
 */
#include "workers/rewrite_edit.h"

#include "common/log.h"

char rewrite_edit_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static int compare(struct view a, struct view b)
{
    for (size_t i = 0; i < a.n && i < b.n; i++) {
        int d = (unsigned char)rewrite_edit_lower(a.p[i]) - (unsigned char)rewrite_edit_lower(b.p[i]);

        if (d)
            return d;
    }
    return (a.n > b.n) - (a.n < b.n);
}

/* By insertion: a handful of names, and qsort(3) may want memory and system calls. */
static void insert_prefix(struct rewrite_edits *e, struct view name)
{
    size_t at = e->n++;

    for (; at > 0 && compare(e->prefix[at - 1], name) > 0; at--)
        e->prefix[at] = e->prefix[at - 1];
    e->prefix[at] = name;
}

static int take_once(struct view *to, struct view value)
{
    if (to->n)
        return -1;
    *to = value;
    return 0;
}

static int take_edit(struct rewrite_edits *e, const struct edit *edit)
{
    if (edit->op == EDIT_PREPEND)
        e->prepends = true;
    if (edit->op == EDIT_REMOVE_PREFIX)
        insert_prefix(e, edit->name);
    if (edit->op == EDIT_COUNT_OWN)
        return take_once(&e->host, edit->value);
    if (edit->op == EDIT_SUBJECT)
        return take_once(&e->subject, edit->value);
    if (edit->op == EDIT_REMOVE_AR)
        return take_once(&e->ar, edit->value);
    return 0;
}

int rewrite_edit_load(struct rewrite_edits *e, struct view blob)
{
    struct edit edit = {0};
    size_t count = 0;
    int got = 0;

    e->blob = blob;
    e->host = e->subject = e->ar = (struct view){0};
    e->prepends = false;
    e->n = 0;
    while ((got = edit_unpack(&blob, &edit)) > 0)
        if (++count > EDIT_MAX || take_edit(e, &edit) < 0)
            return -1;
    return got;
}

static void put_line(struct rewrite_out *o, struct view line, struct view eol)
{
    for (size_t i = 0; i < line.n; i++)
        if (line.p[i] == '\r' || line.p[i] == '\n' || line.p[i] == '\0')
            fatalx("a header edit holds a line end that is no fold");
    rewrite_out_add(o, line);
    rewrite_out_add(o, eol);
}

static void put_value(struct rewrite_out *o, struct view value, struct view eol)
{
    const char *lf = NULL;

    while (value.n && (lf = memchr(value.p, '\n', value.n))) {
        size_t n = (size_t)(lf - value.p);

        if (n + 1 == value.n || (lf[1] != ' ' && lf[1] != '\t'))
            fatalx("a header edit holds a line end that is no fold");
        put_line(o, (struct view){value.p, n}, eol);
        value = (struct view){lf + 1, value.n - n - 1};
    }
    put_line(o, value, eol);
}

void rewrite_edit_prepend(const struct rewrite_edits *e, bool crlf, struct rewrite_out *o)
{
    struct view rest = e->blob, eol = crlf ? VIEW("\r\n") : VIEW("\n");
    struct edit edit = {0};

    while (e->prepends && edit_unpack(&rest, &edit) > 0) {
        if (edit.op != EDIT_PREPEND)
            continue;
        rewrite_out_add(o, edit.name);
        rewrite_out_add(o, VIEW(": "));
        put_value(o, edit.value, eol);
    }
}

struct rewrite_walk rewrite_edit_walk(const struct rewrite_edits *e)
{
    return (struct rewrite_walk){0, e->n, 0};
}

enum rewrite_match rewrite_edit_step(const struct rewrite_edits *e, struct rewrite_walk *w, char c)
{
    /* Sorted, so what agrees so far is one run, and a prefix that ends here is its first. */
    c = rewrite_edit_lower(c);
    while (w->low < w->high && rewrite_edit_lower(e->prefix[w->low].p[w->n]) != c)
        w->low++;
    while (w->low < w->high && rewrite_edit_lower(e->prefix[w->high - 1].p[w->n]) != c)
        w->high--;
    if (w->low == w->high)
        return REWRITE_MISS;
    return e->prefix[w->low].n == ++w->n ? REWRITE_HIT : REWRITE_MAYBE;
}
