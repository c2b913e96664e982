/*
 * decision_json.c - see decision_json.h. Called in the store's thread. Addresses are anybody's bytes and
 * places may be: common/json.h escapes them. Linear in the number of recipients.
 */
#include "spoold/decision_json.h"

#include "common/xalloc.h"
#include "spoold/verdict.h"

#include <stdlib.h>

#define PLACE_MAX 200 /* bytes of "line"; a longer place loses its beginning */

#define ELEMENT 250 /* bytes of an element without its addresses, about */

/* The recipients in the order of their kinds, each kind's from first[kind] on. */
struct sorted {
    struct view *rcpt;
    size_t *first; /* one more than there are kinds */
};

/* How many of them have room together. */
static size_t named(const struct view *rcpt, size_t n, size_t *room)
{
    size_t i = 0;

    while (i < n && rcpt[i].n + 4 <= *room)
        *room -= rcpt[i++].n + 4;
    return i;
}

/* Answers what is left of the room for its addresses. */
static size_t add_kind(struct buf *to, const struct sorted *s, unsigned kind, const struct decide_outcome *o,
                       size_t room)
{
    const struct view *rcpt = s->rcpt + s->first[kind];
    const size_t n = s->first[kind + 1] - s->first[kind], some = named(rcpt, n, &room);
    struct json j = {.out = to};
    struct buf weight = {0};
    struct view place = o->place;

    if (place.n > PLACE_MAX)
        place = (struct view){place.p + place.n - PLACE_MAX, PLACE_MAX};
    verdict_add_weight(&weight, o->weight);
    buf_add_char(to, '{');
    json_add_views(&j, "rcpt", rcpt, some);
    if (some < n)
        json_add_int(&j, "rcpt_more", (int64_t)(n - some));
    json_add_text(&j, "weight", buf_view(&weight));
    json_add_str(&j, "level", decide_level_name(o->level));
    json_add_str(&j, "action", decide_action_name(o->action));
    json_add_str(&j, "why", o->why);
    if (o->profile.n)
        json_add_view(&j, "profile", o->profile);
    json_add_view(&j, "line", place);
    buf_add_char(to, '}');
    buf_free(&weight);
    return room;
}

/* Each kind has its share of the room; what one does not need the next ones may have. */
static void add_kinds(const struct decide_result *r, const struct sorted *s, const size_t *one, size_t room,
                      struct buf *to)
{
    const unsigned most = room / ELEMENT < 1          ? 1
                          : room / ELEMENT < r->kinds ? (unsigned)(room / ELEMENT)
                                                      : r->kinds;
    const unsigned shown = r->kinds < most ? r->kinds : most;

    for (unsigned k = 0; k < shown; k++) {
        const size_t share = room / (shown - k), own = share > ELEMENT ? share - ELEMENT : 0;

        buf_add_str(to, k ? "," : "");
        room = room - share + add_kind(to, s, k, &r->outcome[one[k]], own);
    }
    if (shown < r->kinds)
        buf_addf(to, ",{\"rcpt\":[],\"rcpt_more\":%zu}", r->n - s->first[shown]);
}

/* By counting: a message may have 50,000 recipients. */
static void sort(const struct decide_result *r, const struct view *rcpt, struct sorted *s, size_t *one)
{
    size_t *at = xcalloc(r->kinds + 1, sizeof *at);

    for (size_t i = 0; i < r->n; i++)
        s->first[r->kind[i] + 1]++;
    for (unsigned k = 0; k < r->kinds; k++)
        at[k] = s->first[k + 1] += s->first[k];
    for (size_t i = r->n; i-- > 0;) {
        s->rcpt[--at[r->kind[i]]] = rcpt[i];
        one[r->kind[i]] = i;
    }
    free(at);
}

void decision_json_make(const struct decide_result *r, const struct view *rcpt, size_t max, struct buf *to)
{
    size_t *one = xcalloc(r->kinds + 1, sizeof *one);
    struct sorted s = {.rcpt = xcalloc(r->n + 1, sizeof *s.rcpt),
                       .first = xcalloc(r->kinds + 1, sizeof *s.first)};

    sort(r, rcpt, &s, one);
    buf_add_char(to, '[');
    add_kinds(r, &s, one, max, to);
    buf_add_char(to, ']');
    free(s.rcpt);
    free(s.first);
    free(one);
}
