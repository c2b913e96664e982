/*
 * decide_whole.c - see decide_whole.h.
 *
 * Called in the loop, and by tools with what stands in a record. Names of viruses and of what is ambiguous
 * come from a worker, cut and made harmless on their way here.
 */
#include "spoold/decide_whole.h"

#include "spoold/config.h"

#include <stdarg.h>
#include <stdio.h>

#define WHOLE_OWN_HOPS 3 /* passes through this very host that are no accident any more */

static const char *const names[DECIDE_BY__MAX] = {
    [DECIDE_BY_NOTHING] = "nothing",     [DECIDE_BY_RECIPIENTS] = "recipients",
    [DECIDE_BY_SIZE] = "size",           [DECIDE_BY_ENVELOPE] = "envelope",
    [DECIDE_BY_VIRUS] = "virus",         [DECIDE_BY_UNEXAMINED] = "unexamined",
    [DECIDE_BY_AMBIGUOUS] = "ambiguous", [DECIDE_BY_LOOP] = "loop",
    [DECIDE_BY_HELD] = "held",           [DECIDE_BY_WORKER] = "worker",
    [DECIDE_BY_TEST] = "test",
};

const char *decide_by_name(enum decide_by by)
{
    return (unsigned)by < DECIDE_BY__MAX ? names[by] : NULL;
}

const char *decide_way_name(enum decide_way way)
{
    static const char *const ways[] = {
        [DECIDE_WAY_QUARANTINE] = "quarantine", [DECIDE_WAY_DROP] = "discard", [DECIDE_WAY_HOLD] = "hold"};

    return ways[way];
}

enum decide_by decide_by_find(struct view name)
{
    enum decide_by by = 0;

    while (by < DECIDE_BY__MAX && !view_equal(name, view_of(names[by])))
        by++;
    return by;
}

__attribute__((format(printf, 3, 4))) static bool quarantine(struct decide_whole *out, enum spool_class class,
                                                             const char *fmt, ...)
{
    va_list args;

    out->way = DECIDE_WAY_QUARANTINE;
    out->class = class;
    va_start(args, fmt);
    vsnprintf(out->reason, sizeof out->reason, fmt, args);
    va_end(args);
    return true;
}

bool decide_whole_unsound(const struct decide_whole_input *in, struct decide_whole *out)
{
    if (in->size > (uint64_t)in->cfg->max_message_size) {
        out->by = DECIDE_BY_SIZE;
        return quarantine(out, SPOOL_CLASS_FAILED, "it is larger than spool.max_message_size (%llu bytes)",
                          (unsigned long long)in->size);
    }
    if (!in->broken && in->status == ENVELOPE_WRITTEN)
        return false;
    out->by = DECIDE_BY_ENVELOPE;
    if (in->broken)
        return quarantine(out, SPOOL_CLASS_FAILED, "%s", "");
    return quarantine(out, SPOOL_CLASS_FAILED, "line 1 of its .hdr is not Written but %s",
                      envelope_status_name(in->status));
}

static bool infected(const struct decide_whole_input *in, struct decide_whole *out)
{
    enum { QUARANTINE, DELETE };
    const bool delete = in->cfg->av_virus_action == DELETE;

    out->by = DECIDE_BY_VIRUS;
    quarantine(out, SPOOL_CLASS_VIRUS, "virus: %.*s%s", (int)in->text.n, in->text.n ? in->text.p : "",
               delete ? "; deleted, as antivirus.virus_action says" : "");
    if (delete)
        out->way = DECIDE_WAY_DROP;
    return true;
}

static bool is_to_be_tagged(const struct config *c, enum antivirus_why why)
{
    enum { TAG, QUARANTINE };
    const int action[ANTIVIRUS_WHY__MAX] = {
        [ANTIVIRUS_ENCRYPTED] = c->av_encrypted_action,
        [ANTIVIRUS_NO_UNPACKER] = c->av_no_unpacker_action,
        [ANTIVIRUS_LIMIT] = c->av_limit_action,
        [ANTIVIRUS_AMBIGUOUS] = c->av_ambiguous_action,
    };

    return action[why] == TAG;
}

/* What would be passed on otherwise, tagged or not: an encrypted archive beside the trick must not help it.
 */
static bool ambiguous(const struct decide_whole_input *in, struct decide_whole *out)
{
    enum { TAG, QUARANTINE };

    if (in->cfg->mime_ambiguous_action != QUARANTINE || !in->ambiguous_by.n)
        return false;
    out->by = DECIDE_BY_AMBIGUOUS;
    return quarantine(out, SPOOL_CLASS_POLICY,
                      "mime.ambiguous_action: mail readers take it in different ways: %.*s",
                      (int)in->ambiguous_by.n, in->ambiguous_by.p);
}

/* What may pass another time is held; what will stay so has its action. */
static bool unexamined(const struct decide_whole_input *in, struct decide_whole *out)
{
    if (!antivirus_is_transient(in->why) && is_to_be_tagged(in->cfg, in->why))
        return ambiguous(in, out);
    out->by = DECIDE_BY_UNEXAMINED;
    quarantine(out, SPOOL_CLASS_POLICY, "it could not be examined for viruses (%s): %.*s",
               antivirus_why_name(in->why), (int)in->text.n, in->text.n ? in->text.p : "");
    if (antivirus_is_transient(in->why))
        out->way = DECIDE_WAY_HOLD;
    return true;
}

bool decide_whole_scanned(const struct decide_whole_input *in, struct decide_whole *out)
{
    if (in->state == ANTIVIRUS_INFECTED)
        return infected(in, out);
    if (in->state == ANTIVIRUS_UNEXAMINED)
        return unexamined(in, out);
    return ambiguous(in, out);
}

bool decide_whole_loops(const struct decide_whole_input *in, struct decide_whole *out)
{
    const bool own = in->own_hops >= WHOLE_OWN_HOPS;

    if (!own && in->hops <= (uint64_t)in->cfg->max_hops)
        return false;
    out->by = DECIDE_BY_LOOP;
    if (own)
        return quarantine(out, SPOOL_CLASS_POLICY,
                          "a mail loop: it passed spoold on this host %u times before", in->own_hops);
    return quarantine(out, SPOOL_CLASS_POLICY,
                      "a mail loop: it has %u Received: fields, more than spool.max_hops", in->hops);
}
