/*
 * rewrite_hop.c - see rewrite_hop.h. Called by the field scanner only; the bytes are a stranger's.
 *
 * Own fields read "by HOST with spoold id ...". Case and the width of blanks do
 * not count, since what a mail server folds anew on the way must still be seen.
 * NUL and other control bytes in the name are looked through, as for the names
 * that are removed.
 */
#include "workers/rewrite_hop.h"

#include "workers/rewrite_edit.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static void count(uint32_t *n)
{
    if (*n < UINT32_MAX)
        ++*n;
}

void rewrite_hop_begin(struct rewrite_hop *h)
{
    h->at = REWRITE_HOP_NAME;
    h->i = 0;
    h->gap = false;
}

static void add_name(struct rewrite_hop *h, char c)
{
    static const char name[] = "received";

    if ((c >= 0 && c < 0x20 && c != '\t') || c == 0x7f)
        return;
    if (rewrite_edit_lower(c) != name[h->i])
        h->at = REWRITE_HOP_OFF;
    else if (++h->i == sizeof name - 1)
        h->at = REWRITE_HOP_COLON;
}

static void add_colon(struct rewrite_hop *h, char c)
{
    if (is_blank(c) || c == '\0')
        return;
    h->at = REWRITE_HOP_OFF;
    if (c != ':')
        return;
    count(&h->hops);
    h->i = 0;
    if (h->host.n)
        h->at = REWRITE_HOP_VALUE;
}

/* Byte i of "by HOST with spoold id ", or NUL behind it. */
static char wanted(const struct rewrite_hop *h, size_t i)
{
    struct view part[] = {VIEW("by "), h->host, VIEW(" with spoold id ")};

    for (size_t k = 0; k < sizeof part / sizeof *part; k++) {
        if (i < part[k].n)
            return part[k].p[i];
        i -= part[k].n;
    }
    return '\0';
}

static void add_value(struct rewrite_hop *h, char c)
{
    char want = wanted(h, h->i);

    if (is_blank(c) && want != ' ') {
        if (!h->gap && h->i > 0)
            h->at = REWRITE_HOP_OFF;
        return;
    }
    if (rewrite_edit_lower(is_blank(c) ? ' ' : c) != rewrite_edit_lower(want)) {
        h->at = REWRITE_HOP_OFF;
        return;
    }
    h->gap = want == ' ';
    h->i++;
    if (wanted(h, h->i) == '\0') {
        count(&h->own);
        h->at = REWRITE_HOP_OFF;
    }
}

void rewrite_hop_add(struct rewrite_hop *h, struct view v)
{
    static void (*const add[])(struct rewrite_hop *, char) = {
        [REWRITE_HOP_NAME] = add_name,
        [REWRITE_HOP_COLON] = add_colon,
        [REWRITE_HOP_VALUE] = add_value,
    };

    for (size_t i = 0; i < v.n && h->at != REWRITE_HOP_OFF; i++)
        add[h->at](h, v.p[i]);
}
