/*
 * check_uribl.c - the check `uribl`: DNS lists of domains, each a section [uribl NAME].
 *
 * One result for each enabled list, about all names that its setting `domains` wants together: those of
 * sender, HELO, reverse name and links (uribl_names.h). Count is the sum over the names. Addresses in the
 * place of a host are asked in reverse, as these lists have them (RFC 5782, 2.1); one that has none says so
 * by a code, which is no hit. Questions are bounded by antispam.max_urls and QUESTIONS_MAX. Pure over message
 * and facts, both hostile.
 */
#include "workers/antispam/uribl_names.h"

#include "common/xalloc.h"

#include <stdlib.h>

#define QUESTIONS_MAX 300 /* of all lists together, so that NEEDS_MAX and FACTS_MAX leave room for others */

struct uribl {
    struct rbl_zones zones;
    struct names *own; /* site.domains */
    unsigned max;      /* names */
};

static void close_uribl(void *state)
{
    struct uribl *u = state;

    rbl_zone_close_all(&u->zones);
    names_close(u->own);
    free(u);
}

static void *open_uribl(const struct settings *s, struct buf *why)
{
    const int64_t max = settings_int(s, "antispam", "max_urls", 50);
    struct uribl *u = xcalloc(1, sizeof *u);

    if (rbl_zone_open_all(&u->zones, s, "uribl", why) < 0 || !(u->own = names_open(s, "domains", why))) {
        close_uribl(u);
        return NULL;
    }
    u->max = u->zones.n ? QUESTIONS_MAX / u->zones.n : 0;
    if (max < (int64_t)u->max)
        u->max = max > 0 ? (unsigned)max : 0;
    return u;
}

static void ask_all(struct judge *j, const struct uribl *u, const struct uribl_names *names)
{
    for (unsigned z = 0; z < u->zones.n; z++) {
        const struct rbl_zone *zone = &u->zones.zone[z];

        if (judge_is_suspended(j, "uribl", view_of(zone->name)))
            continue;
        for (unsigned i = 0; i < names->n; i++)
            if (names->name[i].sources & zone->sources)
                rbl_zone_ask(j, zone, names->name[i].front);
    }
}

static void ask(struct judge *j, void *state)
{
    const struct uribl *u = state;
    struct uribl_names names = {.own = u->own, .max = u->max};

    if (!u->zones.n)
        return;
    uribl_names_add_envelope(j, &names);
    uribl_names_add_message(j, &names);
    ask_all(j, u, &names);
}

static void unfold(struct judge *j, void *state)
{
    const struct uribl *u = state;
    struct uribl_names names = {.own = u->own, .max = u->max};

    if (!u->zones.n)
        return;
    uribl_names_add_envelope(j, &names);
    ask_all(j, u, &names);
}

/* "example.net (sender, link)" */
static void write_subject(const struct uribl_name *name, struct buf *to)
{
    static const char *const words[] = {"sender", "HELO", "reverse name", "link"};
    const char *gap = " (";

    buf_clear(to);
    buf_add_view(to, name->name);
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++) {
        if (!(name->sources & 1u << i))
            continue;
        buf_addf(to, "%s%s", gap, words[i]);
        gap = ", ";
    }
    buf_add_char(to, ')');
}

/* Answers how many names the list was asked about. */
static unsigned find(struct judge *j, const struct rbl_zone *z, const struct uribl_names *names,
                     struct rbl_finding *to)
{
    struct buf subject = {0};
    unsigned n = 0;

    for (unsigned i = 0; i < names->n; i++) {
        if (!(names->name[i].sources & z->sources))
            continue;
        write_subject(&names->name[i], &subject);
        rbl_zone_add(j, z, names->name[i].front, buf_view(&subject), to);
        n++;
    }
    if (names->ptr_unknown && z->sources & RBL_PTR)
        rbl_zone_add_fact(z, NULL, VIEW("the client's reverse name"), to);
    buf_free(&subject);
    return n;
}

static void judge_zone(struct judge *j, const struct rbl_zone *z, const struct uribl_names *names)
{
    const struct view name = view_of(z->name);
    const char *more = names->over ? "; there were more than were asked about" : "";
    struct rbl_finding f = {.result = RESULT_miss};
    struct antispam_result *said;
    unsigned n;

    if (judge_is_suspended(j, "uribl", name)) {
        judge_say(j, CHECK_uribl, name, RESULT_unusable, "%s is suspended: it failed its self test", z->zone);
        return;
    }
    n = find(j, z, names, &f);
    if (f.result == RESULT_miss && n == 0)
        judge_say(j, CHECK_uribl, name, RESULT_miss, "no names to ask %s about%s", z->zone, more);
    else if (f.result == RESULT_miss)
        judge_say(j, CHECK_uribl, name, RESULT_miss, "%u %s not listed by %s%s", n,
                  n == 1 ? "name is" : "names are", z->zone, more);
    else {
        said = judge_say(j, CHECK_uribl, name, f.result, "%s%s", f.text.p, more);
        said->count = f.result == RESULT_hit ? f.count : 1;
    }
    buf_free(&f.text);
}

static void judge(struct judge *j, void *state)
{
    const struct uribl *u = state;
    struct uribl_names names = {.own = u->own, .max = u->max};

    if (!u->zones.n)
        return;
    uribl_names_add_envelope(j, &names);
    uribl_names_add_message(j, &names);
    for (unsigned i = 0; i < u->zones.n; i++)
        judge_zone(j, &u->zones.zone[i], &names);
}

const struct check_ops check_uribl = {
    .open = open_uribl, .close = close_uribl, .ask = ask, .unfold = unfold, .judge = judge};
