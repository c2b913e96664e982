/*
 * rewrite_ar.c - see rewrite_ar.h. Called by rewrite_value.c; every byte is a stranger's.
 *
 * An id is a token or a quoted string, with comments and folds around it; a version may follow. Readers
 * differ in what they do with anything else, so that an id counts as ours where any of the usual ways to read
 * it gives ours: with and without what stands in quotes or behind an escape, up to a control byte or without
 * it, up to a comment or across it. Unclear is what has no end (a comment, a quote), an encoded word (some
 * decode it wherever it stands), and, unless it is ours, what comes behind a comment with another one or an
 * escape in it: who does not count parentheses finds the id within the comment.
 */
#include "workers/rewrite_ar.h"

#include "common/edit.h"

#define AR_ID_ROOM (EDIT_ID_MAX + 2) /* a last dot, and one byte that tells that it is longer */

struct reading {
    struct view rest, wanted;
    bool quoted, doubt;
    size_t n;
    char id[AR_ID_ROOM];
};

static bool is_white(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_noise(char c)
{
    unsigned char u = (unsigned char)c;

    return (u < 0x20 && !is_white(c)) || u >= 0x7f;
}

static char take(struct reading *r)
{
    char c = r->rest.p[0];

    r->rest.p++;
    r->rest.n--;
    return c;
}

static bool is_ours(const struct reading *r)
{
    struct view id = {r->id, r->n};

    if (view_equal_nocase(id, r->wanted))
        return true;
    return view_ends_with(id, VIEW(".")) && view_equal_nocase((struct view){r->id, r->n - 1}, r->wanted);
}

static enum rewrite_ar decide(const struct reading *r)
{
    if (is_ours(r))
        return REWRITE_AR_OURS;
    return r->doubt ? REWRITE_AR_UNCLEAR : REWRITE_AR_OTHER;
}

/* Behind its opening parenthesis. False: it has no end. */
static bool skip_comment(struct reading *r)
{
    size_t depth = 1;

    while (r->rest.n && depth) {
        char c = take(r);

        r->doubt |= c == '\\' || c == '(' || (c == '=' && r->rest.n && r->rest.p[0] == '?');
        if (c == '\\' && r->rest.n)
            take(r);
        else if (c == '(')
            depth++;
        else if (c == ')')
            depth--;
    }
    return depth == 0;
}

static void add(struct reading *r, char c)
{
    if (r->n < sizeof r->id)
        r->id[r->n++] = c;
}

/* Some readers end an id here, others pass over it. */
static bool is_doubtful(char c)
{
    return is_noise(c) || c == '\\' || c == '"' || c == '(';
}

/* False: what it began has no end. */
static bool step_doubtful(struct reading *r, char c)
{
    if (c == '(' && !r->quoted)
        return skip_comment(r);
    if (c == '(') {
        r->doubt = true; /* some look for comments first */
        add(r, c);
    }
    if (c == '"')
        r->quoted = !r->quoted;
    if (c == '\\' && r->quoted && r->rest.n)
        add(r, take(r));
    return true;
}

static bool is_end(const struct reading *r, char c)
{
    return !r->quoted && (is_white(c) || strchr(")<>@,;:/[]?=", c)) && r->n;
}

static enum rewrite_ar read_id(struct reading *r, bool whole)
{
    while (r->rest.n) {
        char c = take(r);

        if (is_doubtful(c)) {
            if (is_ours(r))
                return REWRITE_AR_OURS;
            if (!step_doubtful(r, c))
                return REWRITE_AR_UNCLEAR;
        } else if (c == '=' && (!r->n || !r->rest.n || r->rest.p[0] == '?')) {
            return REWRITE_AR_UNCLEAR; /* an encoded word */
        } else if (is_end(r, c)) {
            return decide(r);
        } else if (!is_white(c) && (r->quoted || !strchr(",;", c))) {
            add(r, c);
        }
    }
    if (!whole || r->quoted)
        return REWRITE_AR_UNCLEAR;
    return decide(r);
}

enum rewrite_ar rewrite_ar_read(struct view field, bool whole, struct view id)
{
    struct reading r = {.rest = field, .wanted = id};

    while (r.rest.n && (is_white(r.rest.p[0]) || is_noise(r.rest.p[0])))
        take(&r);
    if (!r.rest.n)
        return whole ? REWRITE_AR_OTHER : REWRITE_AR_UNCLEAR;
    if (take(&r) != ':')
        return REWRITE_AR_OTHER;
    return read_id(&r, whole);
}
