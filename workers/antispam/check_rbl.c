/*
 * check_rbl.c - the check `rbl`: DNS lists of addresses (RFC 5782), each a section [rbl NAME].
 *
 * One result for each enabled list: hit (count: different answers that `results` names), miss, temperror,
 * unusable (an error code instead of an answer, or suspended by its self test), unknown; skipped where the
 * client's address is none that the Internet knows, or one of site.networks. Text records are not asked for.
 * Pure over facts; answers are strangers' bytes.
 */
#include "workers/antispam/rbl_zone.h"
#include "workers/antispam/rdns.h"

#include "common/xalloc.h"

#include <stdlib.h>

static void *open_rbl(const struct settings *s, struct buf *why)
{
    struct rbl_zones *z = xcalloc(1, sizeof *z);

    if (rbl_zone_open_all(z, s, "rbl", why) == 0)
        return z;
    free(z);
    return NULL;
}

static void close_rbl(void *state)
{
    rbl_zone_close_all(state);
    free(state);
}

static void unfold(struct judge *j, void *state)
{
    const struct rbl_zones *zones = state;
    char front[RDNS_REVERSE_MAX + 1];

    if (rdns_why_not(j))
        return;
    for (unsigned i = 0; i < zones->n; i++)
        if (!judge_is_suspended(j, "rbl", view_of(zones->zone[i].name)))
            rbl_zone_ask(j, &zones->zone[i], (struct view){front, rdns_reverse(j->ip, front)});
}

static void judge_zone(struct judge *j, const struct rbl_zone *z)
{
    const struct view name = view_of(z->name);
    char front[RDNS_REVERSE_MAX + 1], ip[RDNS_TEXT_MAX];
    struct antispam_result *said;
    struct rbl_finding f = {0};

    if (judge_is_suspended(j, "rbl", name)) {
        judge_say(j, CHECK_rbl, name, RESULT_unusable, "%s is suspended: it failed its self test", z->zone);
        return;
    }
    rbl_zone_add(j, z, (struct view){front, rdns_reverse(j->ip, front)}, view_of(rdns_text(j->ip, ip)), &f);
    said = judge_say(j, CHECK_rbl, name, f.result, "%s", f.text.p);
    if (f.result == RESULT_hit)
        said->count = f.count;
    buf_free(&f.text);
}

static void judge(struct judge *j, void *state)
{
    const struct rbl_zones *zones = state;
    const char *why_not = rdns_why_not(j);

    for (unsigned i = 0; i < zones->n; i++) {
        if (why_not)
            judge_say(j, CHECK_rbl, view_of(zones->zone[i].name), RESULT_skipped, "%s", why_not);
        else
            judge_zone(j, &zones->zone[i]);
    }
}

const struct check_ops check_rbl = {.open = open_rbl, .close = close_rbl, .unfold = unfold, .judge = judge};
