/*
 * antispam_answer.c - see antispam.h: what worker-antispam answers, packed by it and unpacked by the
 * supervisor.
 *
 * The worker has read a hostile message and may be its tool by then: an answer is taken whole or not at all,
 * every number and text of it is checked, and there is one way only to write it. Texts are made harmless when
 * they are packed, so that an honest worker is never refused for what a message says. What a result weighs is
 * not said here, and nothing here decides.
 *   answer   mark u32, kind u8;  needs: crumbs {u16}, needs;  verdict: over u8, client, domain of From {u8},
 *            results u16
 *   result   check u8, result u8, count u32, name {u8}, detail {u16}, props {u16}
 */
#include "common/antispam.h"

#include "common/pack.h"
#include "common/xalloc.h"

#include <errno.h>
#include <stdlib.h>

#define ANSWER_MARK 0x31415341u /* "ASA1" */
#define RESULT_MOST (11u + ANTISPAM_NAME_MAX + ANTISPAM_DETAIL_MAX + ANTISPAM_PROPS_MAX)
#define DOMAIN_MAX  255
#define INSTEAD     '?'

_Static_assert(CHECK__MAX <= UINT8_MAX && RESULT__MAX <= UINT8_MAX, "both travel in one byte");
_Static_assert(16 + ANTISPAM_CRUMBS_MAX + DOMAIN_MAX + ANTISPAM_CHECKS_MAX * RESULT_MOST <=
                   ANTISPAM_ANSWER_MAX,
               "the largest verdict can be packed");
_Static_assert(16 + ANTISPAM_CRUMBS_MAX + NEEDS_MAX * (2 + FACTS_NAME_MAX) <= ANTISPAM_ANSWER_MAX,
               "the largest needs can be packed");

/* --- packing ------------------------------------------------------------ */

/* A text behind its length, as `add` makes it. */
static void pack_made(struct buf *to, struct view v, size_t bytes, size_t max,
                      void (*add)(struct buf *to, struct view v, size_t max))
{
    size_t at = to->n;

    pack_number(to, 0, bytes);
    add(to, v, max);
    pack_put(to->p + at, to->n - at - bytes, bytes);
}

/* A name stands in lists of names, with blanks between. */
static void add_name(struct buf *to, struct view v, size_t max)
{
    size_t at = to->n;

    antispam_add_harmless(to, v, max);
    for (; at < to->n; at++)
        if (to->p[at] == ' ')
            to->p[at] = INSTEAD;
}

static bool is_printable(struct view v)
{
    for (size_t i = 0; i < v.n; i++)
        if (v.p[i] < ' ' || v.p[i] > '~')
            return false;
    return true;
}

static void add_printable(struct buf *to, struct view v, size_t max)
{
    for (size_t i = 0; i < v.n && i < max; i++)
        buf_add_char(to, v.p[i] < ' ' || v.p[i] > '~' ? INSTEAD : v.p[i]);
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_domain(struct view v)
{
    for (size_t i = 0; i < v.n; i++)
        if (is_upper(v.p[i]))
            return false;
    return v.n <= DOMAIN_MAX && antispam_is_harmless(v);
}

/* Half a domain, or one with a "?" in it, would be another domain. */
static void add_domain(struct buf *to, struct view v, size_t max)
{
    if (v.n > max || !antispam_is_harmless(v))
        return;
    for (size_t i = 0; i < v.n; i++)
        buf_add_char(to, is_upper(v.p[i]) ? (char)(v.p[i] | 0x20) : v.p[i]);
}

static uint32_t count_of(const struct antispam_result *r)
{
    return r->count == 0 ? 1 : r->count < ANTISPAM_COUNT_MAX ? r->count : ANTISPAM_COUNT_MAX;
}

static void pack_result(struct buf *to, const struct antispam_result *r)
{
    bool named = check_about(r->check)->kind == CHECK_NAMED;

    pack_number(to, r->check, 1);
    pack_number(to, r->result, 1);
    pack_number(to, count_of(r), 4);
    pack_made(to, named ? r->name : VIEW(""), 1, ANTISPAM_NAME_MAX, add_name);
    pack_made(to, r->detail, 2, ANTISPAM_DETAIL_MAX, antispam_add_harmless);
    pack_made(to, r->props, 2, ANTISPAM_PROPS_MAX, add_printable);
}

static void pack_head(struct buf *to, enum antispam_kind kind)
{
    pack_number(to, ANSWER_MARK, 4);
    pack_number(to, kind, 1);
}

void antispam_pack_needs(struct buf *to, struct view crumbs, const struct needs *n)
{
    pack_head(to, ANTISPAM_NEEDS);
    pack_text(to, crumbs, 2, ANTISPAM_CRUMBS_MAX);
    needs_pack(to, n);
}

void antispam_pack_verdict(struct buf *to, const struct antispam_verdict *v)
{
    unsigned n = v->n < ANTISPAM_CHECKS_MAX ? v->n : ANTISPAM_CHECKS_MAX;

    pack_head(to, ANTISPAM_VERDICT);
    pack_number(to, v->over || n < v->n, 1);
    antispam_pack_client(to, &v->client);
    pack_made(to, v->from_domain, 1, DOMAIN_MAX, add_domain);
    pack_number(to, n, 2);
    for (unsigned i = 0; i < n; i++)
        pack_result(to, &v->result[i]);
}

/* --- unpacking ---------------------------------------------------------- */

static bool is_name(const struct antispam_result *r)
{
    return r->name.n == 0 || (check_about(r->check)->kind == CHECK_NAMED && antispam_is_harmless(r->name) &&
                              !memchr(r->name.p, ' ', r->name.n));
}

static bool take_result(struct view *rest, struct antispam_result *r)
{
    uint64_t check, result, count;

    if (!pack_take(rest, 1, &check) || check >= CHECK__MAX || !pack_take(rest, 1, &result) ||
        result >= RESULT__MAX || !pack_take(rest, 4, &count) || count == 0 || count > ANTISPAM_COUNT_MAX)
        return false;
    r->check = (enum check)check;
    r->result = (enum check_result)result;
    r->count = (uint32_t)count;
    return pack_take_text(rest, 1, ANTISPAM_NAME_MAX, &r->name) && is_name(r) &&
           pack_take_text(rest, 2, ANTISPAM_DETAIL_MAX, &r->detail) && antispam_is_harmless(r->detail) &&
           pack_take_text(rest, 2, ANTISPAM_PROPS_MAX, &r->props) && is_printable(r->props);
}

/* Each result counts once, or a worker could choose a weight by saying it again. */
static bool is_said(const struct antispam_verdict *v, const struct antispam_result *r)
{
    for (unsigned i = 0; i < v->n; i++)
        if (v->result[i].check == r->check && view_equal(v->result[i].name, r->name))
            return true;
    return false;
}

static bool take_verdict(struct view *rest, struct antispam_verdict *v)
{
    uint64_t over, n;

    if (!pack_take(rest, 1, &over) || over > 1 || !antispam_take_client(rest, &v->client) ||
        !pack_take_text(rest, 1, DOMAIN_MAX, &v->from_domain) || !is_domain(v->from_domain) ||
        !pack_take(rest, 2, &n) || n > ANTISPAM_CHECKS_MAX)
        return false;
    v->over = over == 1;
    v->cap = (unsigned)n;
    v->result = xcalloc(n, sizeof *v->result);
    for (; v->n < n; v->n++)
        if (!take_result(rest, &v->result[v->n]) || is_said(v, &v->result[v->n]))
            return false;
    return rest->n == 0;
}

static bool take_answer(struct view *rest, struct antispam_answer *a)
{
    uint64_t mark, kind;

    if (!pack_take(rest, 4, &mark) || mark != ANSWER_MARK || !pack_take(rest, 1, &kind) ||
        kind > ANTISPAM_VERDICT)
        return false;
    a->kind = (enum antispam_kind)kind;
    if (a->kind == ANTISPAM_VERDICT)
        return take_verdict(rest, &a->verdict);
    return pack_take_text(rest, 2, ANTISPAM_CRUMBS_MAX, &a->crumbs) && needs_unpack(*rest, &a->needs) == 0;
}

int antispam_unpack_answer(struct view bytes, struct antispam_answer *a)
{
    *a = (struct antispam_answer){0};
    if (bytes.n <= ANTISPAM_ANSWER_MAX && take_answer(&bytes, a))
        return 0;
    antispam_free_answer(a);
    errno = EPROTO;
    return -1;
}

void antispam_free_answer(struct antispam_answer *a)
{
    needs_free(&a->needs);
    free(a->verdict.result);
    *a = (struct antispam_answer){0};
}

void antispam_add_name(struct buf *to, const struct antispam_result *r)
{
    const struct check_about *about = check_about(r->check);

    buf_add_str(to, about ? about->name : "");
    if (r->name.n) {
        buf_add_char(to, ':');
        buf_add_view(to, r->name);
    }
}
