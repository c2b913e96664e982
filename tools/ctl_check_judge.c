/*
 * ctl_check_judge.c - the antispam stage of "spoolctl check": judged as in spoold, by the same rounds.
 *
 * Called by ctl_check_worker.c. Facts come from a file (--facts), from the DNS (--dns live), or there are
 * none: then results that need one are "unknown", for nobody is to be asked without an order. What is found
 * is told as spoold's records tell it.
 */
#include "tools/ctl_check_part.h"

#include "common/xalloc.h"
#include "spoold/verdict.h"
#include "tools/ctl_check_decide.h"

#include <stdlib.h>

struct judged {
    struct judging g; /* first */
    struct ctl_check_worker *w;
    struct ctl_check_file *file;
};

int ctl_check_judge_open(struct ctl_check_worker *w, struct buf *why)
{
    if (!w->about->facts.p)
        return 0;
    w->facts.otherwise = FACTS_NXDOMAIN;
    return facts_read_json(&w->facts, w->about->facts, &w->now, why);
}

void ctl_check_judge_close(struct ctl_check_worker *w)
{
    facts_free(&w->facts);
}

static void tell_members(struct ctl_check_file *f, const struct judging *g)
{
    struct json j = {.out = &f->spam};
    const struct verdict v = {.given = g->judged ? &g->given.verdict : NULL,
                              .checks = buf_view(&g->checks),
                              .weight = g->weight,
                              .decisions = buf_view(&f->decided.decisions),
                              .facts = &g->facts,
                              .now = g->now,
                              .missing = g->missing};

    verdict_add_json(&j, &v, SIZE_MAX);
}

static void done(struct spoold *s, struct judging *g, enum judging_end end, const struct pool_outcome *o)
{
    struct judged *j = (struct judged *)g;
    struct ctl_check_file *f = j->file;

    if (end == JUDGING_DONE && (!f->verdict.hashed || memcmp(f->verdict.sha256, g->sha256, 32) == 0)) {
        judging_weigh(s, g);
        f->judged = true;
        memcpy(f->verdict.sha256, g->sha256, sizeof f->verdict.sha256);
        f->verdict.hashed = true;
        ctl_check_decide(&j->w->c, j->w->about, f, &g->given.verdict);
        tell_members(f, g);
    } else {
        buf_addf(&f->told, "not judged: %s\n", o->cause[0] ? o->cause : "the worker could not read it");
        buf_add_str(&f->spam, "\"incomplete\":[\"antispam\"]");
    }
    f->ended = true;
    j->w->news = true;
    judging_free(g);
    free(j);
}

static void copy_facts(struct facts *to, const struct facts *from)
{
    struct buf packed = {0};

    facts_pack(&packed, from);
    facts_unpack(buf_view(&packed), to);
    to->otherwise = from->otherwise;
    buf_free(&packed);
}

void ctl_check_judge_begin(struct ctl_check_worker *w, struct ctl_check_file *f)
{
    struct judged *j = xcalloc(1, sizeof *j);
    const bool live = w->about->dns == CTL_CHECK_LIVE;

    j->w = w;
    j->file = f;
    j->g = (struct judging){.env = w->about->env,
                            .message = f->fd,
                            .size = f->size,
                            .ambiguous = w->about->ambiguous || parts_is_ambiguous(&f->parts),
                            .now = w->now ? w->now : depot_wall_ms(),
                            .budget = w->c.antispam_budget,
                            .done = done};
    copy_facts(&j->g.facts, &w->facts);
    if (!live)
        j->g.flags =
            ANTISPAM_FINAL | (w->about->facts.p && w->facts.otherwise != FACTS_MISSING ? 0 : ANTISPAM_REPLAY);
    buf_add_view(&j->g.suspended, w->about->suspended);
    judging_begin(&w->s, &j->g);
}
