/*
 * envelope_redirect.c - see envelope_redirect.h.
 *
 * Called by the supervisor. The bytes are hostile, but have been read by envelope.c: addresses have no line
 * end, no open quote and no < or > of their own. Linear; no recursion.
 */
#include "common/envelope_redirect.h"

#include "common/envelope_part.h"
#include "common/xalloc.h"

#define KEY          "x-spoold-redirected"
#define REPLACED_MAX 100000 /* bytes of addresses in one line */

static bool is_about_recipients(const struct envelope_key *k)
{
    return view_equal_nocase(k->key, VIEW("recipient")) || view_equal_nocase(k->key, VIEW("orcpt")) ||
           (view_equal_nocase(k->key, VIEW("notify")) && !view_equal(k->value, VIEW("NEVER")));
}

/* Answers how many lines that are. */
static size_t add_replaced(struct buf *out, const struct envelope *e, const size_t *index, size_t n,
                           const struct envelope_redirect *r)
{
    size_t lines = 0, used = 0;

    for (size_t i = 0; i < n; i++) {
        struct view address = e->rcpt[index[i]];

        if (i && used + address.n < REPLACED_MAX) {
            buf_add_char(out, ',');
        } else {
            buf_addf(out, "%s" KEY ": %.*s ", i ? (e->crlf ? "\r\n" : "\n") : "", (int)r->id.n, r->id.p);
            lines++;
            used = 0;
        }
        buf_add_char(out, '<');
        buf_add_view(out, address);
        buf_add_char(out, '>');
        used += address.n + 3;
    }
    buf_add_str(out, e->crlf ? "\r\n" : "\n");
    return lines;
}

static void add_line_3(struct buf *out, const struct envelope *e, struct view to)
{
    struct view text = envelope_line_text(e->head[2]);

    buf_add_view(out, to);
    if (text.n < e->head[2].n)
        buf_add(out, text.p + text.n, e->head[2].n - text.n);
    else
        buf_add_str(out, e->crlf ? "\r\n" : "\n");
}

/* Answers how many there are. */
static size_t add_keys(struct buf *out, const struct envelope *e)
{
    size_t kept = 0;

    for (size_t i = 0; i < e->key_n; i++) {
        if (is_about_recipients(&e->key[i]))
            continue;
        buf_add_view(out, e->key[i].line);
        kept++;
    }
    return kept;
}

/* An envelope that nobody can read would be worse than one that names the new address alone. */
void envelope_redirect_write(const struct envelope *e, const size_t *index, size_t n,
                             const struct envelope_redirect *r, struct buf *out)
{
    struct view last = e->key_n ? e->key[e->key_n - 1].line : e->head[2];
    const char *tail = last.p + last.n;
    struct buf replaced = {0}, keys = {0};
    size_t lines = add_replaced(&replaced, e, index, n, r) + add_keys(&keys, e);

    buf_add(out, e->raw.p, (size_t)(e->head[2].p - e->raw.p));
    add_line_3(out, e, r->to);
    if (lines <= ENVELOPE_KEYS_MAX &&
        out->n + replaced.n + keys.n + (e->raw.n - (size_t)(tail - e->raw.p)) <= ENVELOPE_SIZE_MAX)
        buf_add_view(out, buf_view(&replaced));
    buf_add_view(out, buf_view(&keys));
    buf_add(out, tail, (size_t)(e->raw.p + e->raw.n - tail));
    buf_free(&replaced);
    buf_free(&keys);
}

/* What stands behind the ID in a line of this message; empty where it is none. */
static struct view replaced_in(const struct envelope_key *k, struct view id)
{
    struct view v = k->value;

    if (!id.n || !view_equal_nocase(k->key, VIEW(KEY)) || v.n <= id.n || memcmp(v.p, id.p, id.n) != 0 ||
        v.p[id.n] != ' ')
        return VIEW("");
    return (struct view){v.p + id.n + 1, v.n - id.n - 1};
}

size_t envelope_redirect_read(const struct envelope *e, struct view id, struct view **rcpt)
{
    size_t n = 0, cap = 0;

    *rcpt = NULL;
    for (size_t i = 0; i < e->key_n; i++) {
        struct view list = replaced_in(&e->key[i], id), item = {0};

        while (n < ENVELOPE_RCPT_MAX && envelope_cut_item(&list, &item)) {
            if (n == cap) {
                cap = cap ? cap * 2 : 8;
                *rcpt = xrealloc(*rcpt, cap, sizeof **rcpt);
            }
            (*rcpt)[n++] = envelope_strip_brackets(item);
        }
    }
    return n;
}
