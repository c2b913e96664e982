/*
 * flow.c - moves a message from step to step; every change of its state on disk is one row of the table.
 *
 * A row with `run` is done by the store, and the batch's flush follows where
 * `stop` says so for the journal model of the file system (protocol.md section 3: A
 * needs no flush between content and envelope, B needs each one). A row with
 * `act` is the loop's. One message's failure never leaves this file: before the
 * commit it is held, after it the message is dropped from memory and taken up
 * again from what stands on disk.
 */
#include "spoold/flow_part.h"

#include "common/log.h"
#include "spoold/deliver.h"
#include "spoold/recover.h"
#include "spoold/spoold.h"

#include <errno.h>
#include <stdlib.h>

#define FLOW_STALE_MAX 5    /* tries at a message whose content changes all the time */
#define FLOW_REST_MS   3000 /* after an error of the disk: this much later it is tried again */

static void act_admit(struct spoold *s, struct msg *m);
static void act_window(struct spoold *s, struct msg *m);
static void act_decide(struct spoold *s, struct msg *m);
static void act_held(struct spoold *s, struct msg *m);
static void act_gone(struct spoold *s, struct msg *m);

static const struct flow_row {
    int (*run)(struct depot *d, struct msg *m);   /* store */
    void (*act)(struct spoold *s, struct msg *m); /* loop */
    enum msg_step next;
    bool stop[2]; /* flush before the next step: model A, model B */
} rows[MSG_STEP__MAX] = {
    [MSG_STEP_ADMIT] = {.act = act_admit},
    [MSG_STEP_OFFER] = {.run = flow_offer, .next = MSG_STEP_WINDOW, .stop = {true, true}},
    [MSG_STEP_WINDOW] = {.act = act_window},
    [MSG_STEP_GATE] = {.act = flow_gate},
    [MSG_STEP_LOCK] = {.run = flow_lock, .next = MSG_STEP_EXAMINE, .stop = {true, true}},
    [MSG_STEP_EXAMINE] = {.act = flow_examine},
    [MSG_STEP_JUDGE] = {.act = flow_judge},
    [MSG_STEP_DECIDE] = {.act = act_decide},
    [MSG_STEP_CREATE] = {.run = flow_create, .next = MSG_STEP_REWRITE, .stop = {true, true}},
    [MSG_STEP_REWRITE] = {.act = flow_rewrite},
    [MSG_STEP_PREPARE] = {.run = flow_prepare, .next = MSG_STEP_COMMIT, .stop = {true, true}},
    [MSG_STEP_COMMIT] = {.run = flow_commit, .next = MSG_STEP_CONTENT, .stop = {true, true}},
    [MSG_STEP_RESUME] = {.run = flow_resume, .next = MSG_STEP_CONTENT, .stop = {true, true}},
    [MSG_STEP_CONTENT] = {.run = flow_content, .next = MSG_STEP_ENVELOPE, .stop = {false, true}},
    [MSG_STEP_ENVELOPE] = {.run = flow_envelope, .next = MSG_STEP_RECORD, .stop = {true, true}},
    [MSG_STEP_RECORD] = {.run = flow_record, .next = MSG_STEP_UNLINK, .stop = {true, true}},
    [MSG_STEP_UNLINK] = {.run = flow_unlink, .next = MSG_STEP_FINISH, .stop = {false, true}},
    [MSG_STEP_FINISH] = {.run = flow_finish, .next = MSG_STEP_GONE, .stop = {true, true}},
    [MSG_STEP_HOLD] = {.run = flow_hold, .next = MSG_STEP_HELD, .stop = {true, true}},
    [MSG_STEP_HELD] = {.act = act_held},
    [MSG_STEP_GONE] = {.act = act_gone},
};

/* Store thread: as many steps as need no flush between them. */
static void run_steps(struct task *t, struct depot *d)
{
    struct msg *m = (struct msg *)t;
    const struct flow_row *row;

    m->err = 0;
    m->unreadable = false;
    do {
        row = &rows[m->step];
        m->ran = m->step;
        if (row->run(d, m) < 0)
            return;
        m->step = row->next;
    } while (!row->stop[d->spool.model == SPOOL_MODEL_B]);
}

/* The size of a message that was waiting is known only when it has been opened again. */
static void count_bytes(struct spoold *s, struct msg *m)
{
    s->bytes_in_flight += msg_size(m) - m->counted;
    m->counted = msg_size(m);
}

static void forget_msg(struct spoold *s, struct roster_entry *e)
{
    s->bytes_in_flight -= e->msg->counted;
    s->handed_over -= e->msg->handed_over;
    flow_gate_leave(s, e->msg);
    judging_leave(s, &e->msg->spam);
    msg_free(&e->msg);
}

/* Leaves the flow but stays in the roster, as an entry that waits. */
static void let_wait(struct spoold *s, struct msg *m, enum roster_state state, int64_t due)
{
    struct roster_entry *e = roster_find(&s->roster, &m->base);

    e->size = msg_size(m);
    e->since_ms = depot_wall_ms();
    e->first_ms = m->since_ms;
    e->attempt = m->attempt;
    e->keep_attempt = m->keep_attempt;
    e->tries = m->tries;
    e->unserved = m->unserved;
    e->outs_eml = m->outs_eml;
    e->outs_hdr = m->outs_hdr;
    e->json_out = m->json_out;
    roster_set_reason(e, m->reason);
    roster_set_people(e, m->env.sender, m->env.rcpt_n ? m->env.rcpt[0] : (struct view){NULL, 0},
                      m->env.rcpt_n);
    forget_msg(s, e);
    roster_set_state(&s->roster, e, state);
    roster_set_due(&s->roster, e, due);
}

static int64_t hold_wait(const struct spoold *s, unsigned tries)
{
    int64_t wait = s->cfg->hold_first;

    while (tries-- > 0 && wait < s->cfg->hold_longest)
        wait *= 2;
    return wait < s->cfg->hold_longest ? wait : s->cfg->hold_longest;
}

static int64_t rest_ms(const struct spoold *s)
{
    return s->once ? 100 : FLOW_REST_MS;
}

/* Whatever the reason, the message is not to blame: the attempt is given back. */
void flow_put_on_hold(struct spoold *s, struct msg *m)
{
    if (m->attempt > 0 && m->class != SPOOL_CLASS_POISON && m->step != MSG_STEP_GATE)
        m->attempt--; /* at the gate none was begun */
    /* Trouble with the disk is not the message's: it is tried again soon, and as often as it takes. */
    m->next_ms =
        depot_wall_ms() + (m->err && m->err != ESTALE && !m->given_up ? rest_ms(s) : hold_wait(s, m->tries));
    m->tries++;
    m->step = MSG_STEP_HOLD;
    flow_go(s, m);
}

void flow_give_back(struct spoold *s, struct msg *m)
{
    if (m->attempt > 0)
        m->attempt--;
    m->next_ms = depot_wall_ms();
    m->step = MSG_STEP_HOLD;
    flow_go(s, m);
}

/* What is on disk is the truth; a look at it follows after a rest. */
void flow_rest(struct spoold *s, struct msg *m, int64_t wait_ms)
{
    if (m->step != MSG_STEP_GATE)                         /* where none was begun */
        m->keep_attempt = m->class != SPOOL_CLASS_POISON; /* which stays poison */
    let_wait(s, m, ROSTER_RESTING, depot_mono_ms() + wait_ms);
}

static bool before_commit(enum msg_step step)
{
    return step == MSG_STEP_EXAMINE || step == MSG_STEP_JUDGE || step == MSG_STEP_DECIDE ||
           step == MSG_STEP_CREATE || step == MSG_STEP_REWRITE || step == MSG_STEP_PREPARE ||
           step == MSG_STEP_COMMIT;
}

/* Trouble that only this message has, and that will not go away: rights taken away after the claim, bytes
 * that never stand still, a line that no journal can hold. */
static bool is_its_own_fault(const struct msg *m)
{
    if (m->step != MSG_STEP_LOCK && !before_commit(m->step))
        return false;
    return (m->unreadable && (m->err == EACCES || m->err == EPERM)) || m->err == EMSGSIZE ||
           m->err == EBADMSG || (m->err == ESTALE && m->tries >= FLOW_STALE_MAX);
}

static void give_up(struct spoold *s, struct msg *m)
{
    msg_clear_decision(m);
    m->given_up = true;
    m->accepted = false;
    m->recovered = true;
    m->fate = MSG_FATE_QUARANTINE;
    m->class = SPOOL_CLASS_FAILED;
    m->by = DECIDE_BY_WORKER;
    msg_fill_rest(m);
    msg_set_reason(m, "%s: %s", m->err_what ? m->err_what : "it cannot be processed", strerror(m->err));
    m->step = MSG_STEP_PREPARE;
    flow_go(s, m);
}

/* Another program took the offered message: that is what the offer was for. */
static bool taken_outside(const struct spoold *s, const struct msg *m)
{
    return s->cfg->external_stage && m->step == MSG_STEP_LOCK && m->err == ENOENT;
}

void flow_failed(struct spoold *s, struct msg *m)
{
    if (taken_outside(s, m)) {
        log_info("id=%s event=taken another program has it", m->base.s);
        flow_rest(s, m, rest_ms(s));
        return;
    }
    log_warnx("id=%s event=error step=%s what=\"%s\" error=\"%s\"", m->base.s, msg_step_name(m->ran),
              m->err_what ? m->err_what : "it could not be flushed", strerror(m->err));
    if (m->err == EIO || m->err == EROFS) {
        s->disk_error_ms = depot_mono_ms();
        alarm_raise(&s->alarms, ALARM_DISK_ERROR,
                    "the disk answers with errors (%s); messages stay where they are", strerror(m->err));
    }
    if (m->err == EEXIST && !before_commit(m->step)) {
        s->outlet_error_ms = depot_mono_ms();
        alarm_raise(&s->alarms, ALARM_OUTLET_TAKEN,
                    "%.80s cannot be put into the outlet: a file of its name stands there", m->base.s);
    }
    if (is_its_own_fault(m) && !m->given_up) {
        give_up(s, m);
        return;
    }
    if (!before_commit(m->step) || m->err == ENOENT) {
        flow_rest(s, m, rest_ms(s));
        return;
    }
    msg_set_reason(m, "%s: %s", m->err_what ? m->err_what : "it could not be flushed", strerror(m->err));
    m->err_what = NULL;
    m->accepted = false; /* the line may be lost with the flush; asking the ledger costs little */
    m->recovered = true;
    flow_put_on_hold(s, m);
}

static void steps_done(struct task *t, struct spoold *s)
{
    struct msg *m = (struct msg *)t;

    count_bytes(s, m);
    if (m->err)
        flow_failed(s, m);
    else
        flow_go(s, m);
}

void flow_go(struct spoold *s, struct msg *m)
{
    const struct flow_row *row = &rows[m->step];

    if (before_commit(m->step) && hold_is_wanted(s, &m->base)) {
        m->err = 0;
        m->unserved = false;
        msg_set_reason(m, "%s", ROSTER_KEPT);
        flow_put_on_hold(s, m);
        return;
    }
    if (m->step == MSG_STEP_RECORD) {
        m->handed_over = true;
        s->handed_over++;
    }
    if (row->act) {
        row->act(s, m);
        return;
    }
    m->task.run = run_steps;
    m->task.done = steps_done;
    task_list_add(&s->todo, &m->task);
}

void flow_start(struct spoold *s, struct msg *m)
{
    struct roster_entry *e = roster_add(&s->roster, &m->base);

    if (e->msg) {
        log_warnx("id=%s event=strange a second message of this name was found; it is left alone", m->base.s);
        msg_free(&m);
        return;
    }
    e->msg = m;
    e->since_ms = depot_wall_ms();
    e->size = msg_size(m);
    roster_set_state(&s->roster, e, ROSTER_WORK);
    count_bytes(s, m);
    if (m->step == MSG_STEP_ADMIT && !m->recovered)
        log_info("id=%s event=claimed intake=%s size=%llu from=<%.*s> recipients=%zu", m->base.s,
                 s->cfg->intake[m->intake].name, (unsigned long long)msg_size(m), (int)m->env.sender.n,
                 m->env.sender.n ? m->env.sender.p : "", m->env.rcpt_n);
    flow_go(s, m);
}

void flow_poison(const struct spoold *s, struct msg *m)
{
    /* An attempt that was shared proves nothing: spoold may have died of any message, or of none. */
    if (m->attempt < (unsigned)s->cfg->max_attempts || m->attempt < 2)
        return;
    m->fate = MSG_FATE_QUARANTINE;
    m->class = SPOOL_CLASS_POISON;
    m->by = DECIDE_BY_WORKER;
    m->keep_attempt = true; /* no further one is begun */
    msg_set_reason(m, "spoold or its worker ended %u times while it was in work", m->attempt);
}

static struct msg *revive(struct spoold *s, const struct roster_entry *e)
{
    struct msg *m = msg_new(&e->base);

    m->recovered = true;
    m->intake = recover_intake(s->cfg, &e->base);
    m->attempt = e->attempt;
    m->tries = e->tries;
    m->since_ms = e->first_ms;
    m->outs_eml = e->outs_eml;
    m->outs_hdr = e->outs_hdr;
    m->json_out = e->json_out;
    m->step = MSG_STEP_GATE;
    flow_poison(s, m);
    if (e->state == ROSTER_HELD)
        snprintf(m->suffix, sizeof m->suffix, ".hdr.h%u", e->attempt);
    else
        snprintf(m->suffix, sizeof m->suffix, ".hdr");
    return m;
}

void flow_wake(struct spoold *s, struct roster_entry *e)
{
    if (e->state == ROSTER_RESTING) {
        roster_set_due(&s->roster, e, INT64_MAX);
        recover_look_soon(s);
        return;
    }
    if (roster_is_kept(e)) {
        roster_set_due(&s->roster, e, INT64_MAX); /* found so after a restart */
        return;
    }
    if (s->frozen) {
        e->unserved = true; /* woken by the gate when that is over */
        roster_set_due(&s->roster, e, depot_mono_ms() + s->cfg->hold_first);
        return;
    }
    if (e->state == ROSTER_HELD && flow_gate_is_shut(s) && !flow_gate_is_too_old(s, e->tries, e->first_ms))
        roster_set_due(&s->roster, e, depot_mono_ms() + s->cfg->hold_first); /* there it would only wait */
    else
        flow_start(s, revive(s, e));
}

static void act_admit(struct spoold *s, struct msg *m)
{
    bool claimed = strcmp(m->suffix, ".hdr.c") == 0;

    m->step = s->cfg->external_stage && claimed ? MSG_STEP_OFFER : MSG_STEP_GATE;
    flow_go(s, m);
}

static void act_window(struct spoold *s, struct msg *m)
{
    let_wait(s, m, ROSTER_OFFERED, depot_mono_ms() + s->cfg->external_window);
}

static void act_decide(struct spoold *s, struct msg *m)
{
    if (m->fate == MSG_FATE_NONE)
        flow_decide(s, m);
    else
        msg_fill_rest(m); /* poison: decided before its envelope was read */
    if (m->fate == MSG_FATE_HOLD) {
        m->fate = MSG_FATE_NONE;
        flow_put_on_hold(s, m);
        return;
    }
    log_info("id=%s event=decided fate=%s%s copies=%zu%s%s%s", m->base.s,
             m->fate == MSG_FATE_SEND   ? "send"
             : m->fate == MSG_FATE_DROP ? "drop"
                                        : "q-",
             m->fate == MSG_FATE_QUARANTINE ? spool_class_name(m->class) : "", m->copy_n,
             m->reason[0] ? " reason=\"" : "", m->reason, m->reason[0] ? "\"" : "");
    m->step = m->copy_n ? MSG_STEP_CREATE : MSG_STEP_PREPARE;
    flow_go(s, m);
}

static void act_held(struct spoold *s, struct msg *m)
{
    int64_t wait = m->next_ms - depot_wall_ms();

    log_info("id=%s event=held next_s=%lld reason=\"%s\"", m->base.s, (long long)(wait / 1000), m->reason);
    let_wait(s, m, ROSTER_HELD, depot_mono_ms() + (wait > 0 ? wait : 0));
}

static void act_gone(struct spoold *s, struct msg *m)
{
    struct roster_entry *e = roster_find(&s->roster, &m->base);

    deliver_offer(s->deliver, m);
    log_info("id=%s event=%s", m->base.s,
             m->fate == MSG_FATE_SEND   ? deliver_is_on(s->cfg, m->intake) ? "in_outlet" : "delivered"
             : m->fate == MSG_FATE_DROP ? "discarded"
                                        : "quarantined");
    forget_msg(s, e);
    roster_remove(&s->roster, e);
}
