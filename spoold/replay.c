/*
 * replay.c - see replay.h.
 *
 * Called by tools. The record was written by flow_decision.c; replay_read.c has read it.
 */
#include "spoold/replay.h"

#include "spoold/config.h"
#include "spoold/decide_rest.h"
#include "spoold/decision_json.h"
#include "spoold/direction.h"
#include "spoold/verdict.h"
#include "spoold/weigh.h"

#include <stdlib.h>

void replay_free_record(struct replay_record *r)
{
    free(r->verdict.result);
    buf_free(&r->text);
    *r = (struct replay_record){.size = 0};
}

void replay_free_again(struct replay_again *a)
{
    decide_free(&a->decided);
    buf_free(&a->checks);
    buf_free(&a->decisions);
    *a = (struct replay_again){.rest = false};
}

/* What no settings can change. */
static bool is_given(const struct replay_record *r)
{
    return r->by == DECIDE_BY_HELD || r->by == DECIDE_BY_WORKER || r->by == DECIDE_BY_TEST ||
           (r->by == DECIDE_BY_ENVELOPE && r->reason.n);
}

static void take_given(const struct replay_record *r, struct replay_again *out)
{
    const size_t n = r->reason.n < DECIDE_REASON_MAX ? r->reason.n : DECIDE_REASON_MAX - 1;
    const int class = spool_class_find(r->class);

    out->whole = (struct decide_whole){
        .by = r->by,
        .class = class < 0 ? SPOOL_CLASS_FAILED : (enum spool_class) class, /* of another release, or none */
        .way = view_equal(r->fate, VIEW("discard")) ? DECIDE_WAY_DROP : DECIDE_WAY_QUARANTINE,
    };
    memcpy(out->whole.reason, r->reason.n ? r->reason.p : "", n);
    out->rest = !view_equal(r->fate, VIEW("send"));
}

static struct decide_whole_input whole_of(const struct replay_record *r, const struct config *c)
{
    return (struct decide_whole_input){
        .cfg = c,
        .size = r->size,
        .status = ENVELOPE_WRITTEN,
        .state = r->state,
        .why = r->why,
        .text = r->virus_text,
        .ambiguous_by = r->ambiguous_by,
        .hops = r->hops,
        .own_hops = r->own_hops,
    };
}

/* How it is asked for. */
struct asking {
    const struct config *c;
    int64_t extra;
    bool texts;
};

static void decide_recipients(const struct replay_record *r, const struct asking *a, struct replay_again *out)
{
    const struct decide_input in = {.cfg = a->c,
                                    .verdict = r->judged ? &r->verdict : NULL,
                                    .outgoing =
                                        r->judged && direction_is_outgoing(a->c, r->auth, r->client_ip),
                                    .extra = a->extra,
                                    .rcpt = r->rcpt,
                                    .rcpt_n = r->rcpt_n};

    decide(&in, &out->decided);
    if (in.verdict && a->texts)
        decision_json_make(&in, &out->decided, &out->decisions);
    out->rest = decide_rest(&out->decided, &out->whole);
}

/* Fields are counted in what goes out only. */
static bool has_copies(const struct decide_result *r)
{
    for (size_t i = 0; i < r->n && !r->too_many; i++)
        if (decide_has_copy(&r->outcome[i]))
            return true;
    return false;
}

static void decide_again(const struct replay_record *r, const struct asking *a, struct replay_again *out)
{
    const struct decide_whole_input in = whole_of(r, a->c);
    struct decide_whole loop;

    if (is_given(r)) {
        take_given(r, out);
    } else if (!decide_whole_unsound(&in, &out->whole) && !decide_whole_scanned(&in, &out->whole)) {
        decide_recipients(r, a, out);
        if (has_copies(&out->decided) && decide_whole_loops(&in, &loop)) {
            out->whole = loop;
            out->rest = true;
            decide_free(&out->decided);
            buf_free(&out->decisions);
        }
    }
}

void replay_decide(const struct replay_record *r, const struct config *c, int64_t extra,
                   struct replay_again *out)
{
    *out = (struct replay_again){.rest = true};
    if (r->judged)
        out->weight = verdict_make_checks(c, &r->verdict, &out->checks) + extra;
    decide_again(r, &(struct asking){c, extra, true}, out);
}

void replay_decide_only(const struct replay_record *r, const struct config *c, int64_t extra,
                        struct replay_again *out)
{
    *out = (struct replay_again){.rest = true};
    if (r->judged)
        out->weight = weigh_sum(c, &c->policy, &r->verdict) + extra;
    decide_again(r, &(struct asking){c, extra, false}, out);
}

const char *replay_fate(const struct replay_again *a)
{
    return a->rest ? decide_way_name(a->whole.way) : "send";
}

static bool compare(const char *name, struct view was, struct view is, struct buf *difference)
{
    if (view_equal(was, is))
        return true;
    buf_addf(difference, "%s: ", name);
    buf_add_view(difference, was.n ? was : VIEW("(nothing)"));
    buf_add_str(difference, " -> ");
    buf_add_view(difference, is.n ? is : VIEW("(nothing)"));
    buf_add_char(difference, '\n');
    return false;
}

bool replay_is_same(const struct replay_record *r, const struct replay_again *a, struct buf *difference)
{
    const bool quarantine = strcmp(replay_fate(a), "quarantine") == 0;
    struct buf weight = {0};
    bool same =
        compare("by", view_of(decide_by_name(r->by)), view_of(decide_by_name(a->whole.by)), difference);

    same &= compare("fate", r->fate, view_of(replay_fate(a)), difference);
    same &= compare("class", r->class, quarantine ? view_of(spool_class_name(a->whole.class)) : VIEW(""),
                    difference);
    same &= compare("reason", r->reason, view_of(a->rest ? a->whole.reason : ""), difference);
    if (r->judged)
        verdict_add_weight(&weight, a->weight);
    same &= compare("weight", r->weight, buf_view(&weight), difference);
    same &= compare("checks", r->checks, buf_view(&a->checks), difference);
    if (!r->decisions_cut)
        same &= compare("decisions", r->decisions, buf_view(&a->decisions), difference);
    buf_free(&weight);
    return same;
}

const char *replay_not_compared(const struct replay_record *r)
{
    return r->decisions_cut
               ? "all but what was decided for its recipients is the same: that had no room in its record"
               : NULL;
}
