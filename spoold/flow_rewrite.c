/*
 * flow_rewrite.c - has worker-rewrite write the copies of a message, and judges how that ended.
 *
 * Loop thread. The supervisor says which header fields are to be changed; what
 * the message holds is seen by the worker only, through a descriptor. Its answer
 * is input: sizes are compared with what is known, a worker that died over the
 * message costs it an attempt, anything else does not.
 */
#include "spoold/flow_part.h"

#include "common/edit.h"
#include "common/log.h"
#include "spoold/mark.h"
#include "spoold/spoold.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

#define REWRITE_TRACE_MAX 700 /* bytes of the value of our Received: field */

/* RFC 5322 section 3.3, UTC. Names are written out: no locale. */
static void date_text(char *to, size_t size, time_t at)
{
    static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct tm tm;

    gmtime_r(&at, &tm);
    snprintf(to, size, "%s, %d %s %04d %02d:%02d:%02d +0000", days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon],
             tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* RFC 5321 section 4.4; the fold is an LF here, the worker writes the line end that the message uses. */
static int add_trace(const struct spoold *s, struct msg *m)
{
    char date[64], value[REWRITE_TRACE_MAX];

    date_text(date, sizeof date, time(NULL));
    snprintf(value, sizeof value, "by %s with spoold id %s;\n\t%s", s->depot.hostname, m->base.s, date);
    return edit_pack(&m->edits, EDIT_PREPEND, VIEW("Received"), view_of(value));
}

/* What the virus scanner said; nothing where it was not asked. The line stays far below RFC 5322's 998 bytes.
 */
static int add_virus(struct msg *m)
{
    const struct msg_virus *v = &m->virus;
    struct buf value = {0};
    int rc;

    if (v->state == ANTIVIRUS_NOT_ASKED)
        return 0;
    buf_addf(&value, "%s%s%s", antivirus_state_name(v->state), v->why ? "; " : "",
             antivirus_why_name(v->why));
    if (parts_is_ambiguous(&m->parts)) {
        buf_addf(&value, "%s (", v->why == ANTIVIRUS_AMBIGUOUS ? "" : "; ambiguous");
        parts_add_ambiguous(&value, &m->parts);
        buf_add_str(&value, ")");
    }
    buf_add_str(&value, v->by.flags & WIRE_LOADED_TEST ? "; TEST SIGNATURES ONLY" : "");
    rc = edit_pack(&m->edits, EDIT_PREPEND, VIEW("X-Spoold-Virus"), buf_view(&value));
    buf_free(&value);
    return rc;
}

/* Where nobody could judge it, forged fields go all the same. */
static int add_marks(const struct spoold *s, struct msg *m)
{
    const struct msg_copy *c = &m->copy[m->job_copy];

    if (c->marks.n) {
        buf_add_view(&m->edits, buf_view(&c->marks));
        return 0;
    }
    if (!s->cfg->antispam)
        return 0;
    return mark_add_edits(&m->edits, &(struct mark){.cfg = s->cfg, .authserv_id = spoold_authserv_id(s)});
}

/* Of the present copy. Forged copies of our own fields go, whoever made them; then ours are added. */
static int make_edits(const struct spoold *s, struct msg *m)
{
    const struct view none = {NULL, 0};
    struct buf *e = &m->edits;

    buf_clear(e);
    if (edit_pack(e, EDIT_REMOVE_PREFIX, VIEW("X-Spoold-"), none) < 0 ||
        edit_pack(e, EDIT_COUNT_OWN, none, view_of(s->depot.hostname)) < 0 ||
        edit_pack(e, EDIT_PREPEND, VIEW("X-Spoold-Id"), base_view(&m->base)) < 0)
        return -1;
    if (add_virus(m) < 0 || add_marks(s, m) < 0)
        return -1;
    return add_trace(s, m); /* last: a stranger's first line that begins with a blank may become part of it */
}

static void submit_copy(struct spoold *s, struct msg *m);

/* Each copy is made from the bytes that were examined, or the message changed in between. */
static bool same_bytes(struct msg *m, const struct wire_result *r)
{
    if (r->in_size != msg_size(m) || (m->hashed && memcmp(m->sha256, r->sha256, sizeof m->sha256) != 0))
        return false;
    memcpy(m->sha256, r->sha256, sizeof m->sha256);
    m->hashed = true;
    return true;
}

static void copy_done(struct spoold *s, struct msg *m, const struct wire_result *r)
{
    if (r->status == WIRE_IO) {
        flow_worker_io(s, m, r->err);
        return;
    }
    if (r->status != WIRE_OK) {
        flow_worker_fail(s, m, EBADMSG, "its header cannot be written anew");
        return;
    }
    if (!same_bytes(m, r)) {
        flow_worker_bytes(s, m);
        return;
    }
    flow_decide_hops(s, m, r->hops, r->own_hops);
    if (m->copy_n && ++m->job_copy < m->copy_n) {
        submit_copy(s, m);
        return;
    }
    m->step = MSG_STEP_PREPARE;
    flow_go(s, m);
}

static void job_done(struct spoold *s, struct pool_job *job, const struct pool_outcome *o)
{
    struct msg *m = (struct msg *)((char *)job - offsetof(struct msg, job));

    switch (o->end) {
    case POOL_DONE:
        copy_done(s, m, &o->result);
        break;
    case POOL_CHARGED:
        flow_worker_charge(s, m, o);
        break;
    default:
        msg_set_reason(m, "%s", o->cause[0] ? o->cause : "its attempt was called off");
        flow_give_back(s, m);
    }
}

static void run_inline(struct spoold *s, struct msg *m)
{
    struct pool_outcome o = {.end = POOL_DONE};

    if (s->rewrite_inline(m->job.message, m->job.out, m->job.blob, &o.result) < 0)
        o.result.status = WIRE_IO, o.result.err = errno;
    job_done(s, &m->job, &o);
}

static void submit_copy(struct spoold *s, struct msg *m)
{
    if (make_edits(s, m) < 0) {
        flow_worker_fail(s, m, EBADMSG, "our own header fields cannot be written");
        return;
    }
    m->job = (struct pool_job){
        .role = ROLE_REWRITE,
        .alone = s->gate.alone == m,
        .message = m->eml,
        .out = m->out[m->job_copy],
        .blob = buf_view(&m->edits),
        .size = msg_size(m),
        .test = m->test_code,
        .done = job_done,
    };
    if (s->rewrite_inline)
        run_inline(s, m);
    else
        pool_submit(s->pool, &m->job);
}

void flow_rewrite(struct spoold *s, struct msg *m)
{
    m->job_copy = 0;
    m->hashed = m->virus.state != ANTIVIRUS_NOT_ASKED; /* what was examined is what is passed on */
    if (s->stopping) {
        msg_set_reason(m, "spoold was stopped");
        flow_give_back(s, m);
    } else {
        submit_copy(s, m);
    }
}
