/*
 * deliver.c - see deliver.h. Which delivery has its turn, and what follows each of its steps.
 *
 * Loop thread. A server that cannot be reached is left alone for a while, and all
 * that waits for it with it: one of them is the probe. What the worker says is a
 * hint; the notes are asked. Must never begin a delivery that is under way, nor end
 * one on anything but its notes.
 */
#include "spoold/deliver_table.h"

#include "common/json.h"
#include "common/log.h"
#include "common/xalloc.h"
#include "spoold/spoold.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REST_MS 3000 /* after trouble with the disk */

int64_t deliver_doubled(int64_t wait, unsigned times, int64_t most)
{
    while (times-- > 0 && wait < most)
        wait *= 2;
    return wait < most ? wait : most;
}

/* --- the end of a turn --------------------------------------------------- */

static void release(struct deliver *d, struct deliver_item *i)
{
    struct deliver_server *v = deliver_server_of(d, i);

    deliver_store_shut(i);
    i->at = 0;
    d->busy--;
    v->busy--;
    if (i->probe) /* it ended without a word to the server: the next one may ask */
        v->down_until = 0;
    i->probe = false;
}

static void wait_for(struct deliver *d, struct deliver_item *i, int64_t ms)
{
    release(d, i);
    i->state = DELIVER_WAITING;
    i->due = depot_mono_ms() + ms;
    if (i->due < d->next_due)
        d->next_due = i->due;
}

static void drop(struct deliver *d, struct deliver_item *i)
{
    release(d, i);
    deliver_server_of(d, i)->known--;
    deliver_table_remove(&d->table, i);
}

void deliver_to_store(struct deliver *d, struct deliver_item *i, enum deliver_step step)
{
    i->step = step;
    task_list_add(&d->s->todo, &i->task);
}

static bool is_expired(const struct deliver *d, const struct deliver_item *i)
{
    return i->left && depot_wall_ms() - i->born_ms > d->s->cfg->deliver_lifetime;
}

/* Before it was opened: a message is put into the outlet soon after it was claimed, but for a release. */
static bool may_be_expired(const struct deliver *d, const struct deliver_item *i)
{
    return i->copy <= MSG_COPIES_MAX &&
           depot_wall_ms() - base_time_ns(&i->base) / 1000000 > d->s->cfg->deliver_lifetime;
}

static bool may_talk(const struct deliver *d, const struct deliver_item *i)
{
    return !d->s->stopping && !d->s->frozen && d->server[i->intake].on;
}

static void finish(struct deliver *d, struct deliver_item *i)
{
    if (i->expired && !i->moved && !i->words[0])
        snprintf(i->words, sizeof i->words, "it could not be handed over within deliver.lifetime. %s",
                 deliver_server_of(d, i)->trouble);
    deliver_to_store(d, i, DELIVER_STEP_RECORD);
}

/* Nothing more can be done in this try. */
void deliver_put_off(struct deliver *d, struct deliver_item *i)
{
    int64_t wait = deliver_doubled(d->s->cfg->deliver_retry_first, i->tries ? i->tries - 1 : 0,
                                   d->s->cfg->deliver_retry_longest);

    i->expired = is_expired(d, i);
    if (i->expired || !i->left) {
        finish(d, i);
        return;
    }
    log_info("id=%s event=deferred copy=%u left=%u tries=%u next_s=%lld words=\"%s\"", i->base.s, i->copy,
             i->left, i->tries, (long long)(wait / 1000), i->words);
    wait_for(d, i, wait);
}

void deliver_queue_again(struct deliver *d, struct deliver_item *i)
{
    i->expired = is_expired(d, i);
    if (i->expired) {
        finish(d, i);
        return;
    }
    release(d, i);
    deliver_table_ready(&d->table, i);
}

/* --- after each step ------------------------------------------------------ */

/* How long it still has to wait after its last try, as its notes say; a walk does not know. */
static int64_t not_yet_ms(const struct deliver *d, const struct deliver_item *i)
{
    int64_t wait = deliver_doubled(d->s->cfg->deliver_retry_first, i->tries ? i->tries - 1 : 0,
                                   d->s->cfg->deliver_retry_longest);
    int64_t left = i->tried_ms + wait - depot_wall_ms();

    return i->listed && i->tries && left > 0 ? (left < wait ? left : wait) : 0;
}

static void after_open(struct deliver *d, struct deliver_item *i)
{
    int64_t wait = i->gone ? 0 : not_yet_ms(d, i);

    i->listed = false;
    i->expired = i->expired || (!i->gone && is_expired(d, i));
    if (i->gone && !i->left_over)
        drop(d, i);
    else if (i->gone)
        deliver_to_store(d, i, DELIVER_STEP_REMOVE);
    else if (i->moved || !i->left || i->expired)
        finish(d, i);
    else if (wait || !may_talk(d, i))
        wait_for(d, i, wait);
    else
        deliver_talk(d, i);
}

/* A note that could not be written: the server may have it, so it is not asked again for long. */
static void after_note(struct deliver *d, struct deliver_item *i)
{
    if (!i->left)
        finish(d, i);
    else if (i->trouble)
        wait_for(d, i, d->s->cfg->deliver_retry_longest);
    else if (i->at < i->env.rcpt_n && !deliver_server_of(d, i)->down_until && may_talk(d, i))
        deliver_talk(d, i);
    else
        deliver_put_off(d, i);
}

static void after_record(struct deliver *d, struct deliver_item *i)
{
    log_info("id=%s event=%s copy=%u delivered=%u failed=%u words=\"%s\"", i->base.s,
             i->moved ? "undeliverable" : "delivered", i->copy, i->done,
             i->failed + (i->expired ? i->left : 0), i->words);
    deliver_to_store(d, i, DELIVER_STEP_REMOVE);
}

static void after_remove(struct deliver *d, struct deliver_item *i)
{
    deliver_to_store(d, i, DELIVER_STEP_FORGET);
}

/* It will be the same in three seconds; and what could not be noted must not be sent again soon. */
static bool is_lasting(const struct deliver_item *i)
{
    return i->err == EBADMSG || i->err == EINVAL || i->err == EPERM || i->step == DELIVER_STEP_NOTE;
}

void deliver_step_done(struct task *t, struct spoold *s)
{
    static void (*const after[DELIVER_STEP__MAX])(struct deliver *, struct deliver_item *) = {
        [DELIVER_STEP_OPEN] = after_open,     [DELIVER_STEP_NOTE] = after_note,
        [DELIVER_STEP_RECORD] = after_record, [DELIVER_STEP_REMOVE] = after_remove,
        [DELIVER_STEP_FORGET] = drop,
    };
    struct deliver_item *i = (struct deliver_item *)t;

    if (!i->err) {
        after[i->step](s->deliver, i);
        return;
    }
    log_warnx("id=%s event=deliver_error what=\"%s\" error=\"%s\"", i->base.s,
              i->err_what ? i->err_what : "it could not be flushed", strerror(i->err));
    if (i->bad_settings)
        deliver_talk_failed(s->deliver, i, i->err_what);
    if (i->err == EPERM)
        alarm_raise(&s->alarms, ALARM_STRANGE_STATE, "%.120s in an outlet is not handed over: %s", i->stem,
                    i->err_what);
    wait_for(s->deliver, i, is_lasting(i) ? s->cfg->deliver_retry_longest : REST_MS);
}

/* Settings may have changed since the last turn. */
static void read_servers(struct deliver *d)
{
    if (d->seen == d->s->cfg)
        return;
    d->seen = d->s->cfg;
    d->look_due = 0;
    for (size_t n = 0; n < CONFIG_INTAKE_MAX; n++) {
        struct deliver_address was = d->server[n].to;
        const char *why;

        d->server[n].on =
            deliver_is_on(d->s->cfg, n) &&
            deliver_address_parse(view_of(d->s->cfg->intake[n].deliver), &d->server[n].to, &why) == 0;
        if (memcmp(&was, &d->server[n].to, sizeof was) != 0) { /* another one: nothing is known of it */
            d->server[n].failures = 0;
            d->server[n].down_until = 0;
            d->server[n].trouble[0] = '\0';
        }
    }
}

/* --- turns ----------------------------------------------------------------- */

static void wake(struct deliver *d, int64_t now)
{
    if (now < d->next_due)
        return;
    d->next_due = INT64_MAX;
    for (struct deliver_item *i = deliver_table_first(&d->table); i; i = deliver_table_next(&d->table, i)) {
        if (i->state == DELIVER_WAITING && i->due <= now)
            deliver_table_ready(&d->table, i);
        else if (i->state == DELIVER_WAITING && i->due < d->next_due)
            d->next_due = i->due;
    }
}

static bool may_begin(const struct deliver *d)
{
    return !d->s->stopping && !d->s->frozen && d->s->recovered &&
           d->busy < 2 * (unsigned)d->s->cfg->deliver_children && d->s->pool;
}

/* A slow server must leave the others some of the workers. */
static bool has_share(const struct deliver *d, const struct deliver_server *v)
{
    size_t on = deliver_servers_on(d), share = (size_t)d->s->cfg->deliver_children / on;

    return on == 1 || v->busy < (share ? share : 1);
}

static void start(struct deliver *d, struct deliver_item *i, int64_t now)
{
    struct deliver_server *v = deliver_server_of(d, i);

    if (v->down_until && now >= v->down_until) { /* one is the probe, the others wait for what it meets */
        v->down_until = now + d->s->cfg->deliver_retry_first;
        i->probe = true;
    }
    i->state = DELIVER_BUSY;
    i->trouble = false;
    d->busy++;
    v->busy++;
    deliver_to_store(d, i, DELIVER_STEP_OPEN);
}

/* Returns when a server that is left alone is to be asked again. */
static int64_t begin(struct deliver *d, int64_t now)
{
    int64_t due = INT64_MAX;
    size_t n = d->table.ready_n;

    while (n-- && may_begin(d)) {
        struct deliver_item *i = deliver_table_take(&d->table);
        struct deliver_server *v = deliver_server_of(d, i);
        bool down = now < v->down_until;

        if (v->on && has_share(d, v) && (!down || may_be_expired(d, i))) {
            start(d, i, now);
            continue;
        }
        deliver_table_ready(&d->table, i);
        due = v->on && down && v->down_until < due ? v->down_until : due;
    }
    return due;
}

int64_t deliver_run(struct deliver *d, int64_t now)
{
    int64_t due, connects;

    if (!d)
        return INT64_MAX;
    read_servers(d);
    deliver_list_run(d, now);
    wake(d, now);
    connects = deliver_talk_cut_off(d, now);
    due = begin(d, now);
    due = connects < due ? connects : due;
    due = d->next_due < due ? d->next_due : due;
    return d->look_due < due ? d->look_due : due;
}

struct deliver *deliver_open(struct spoold *s)
{
    struct deliver *d = xcalloc(1, sizeof *d);

    d->s = s;
    d->epoll = -1;
    d->next_due = INT64_MAX;
    return d;
}

void deliver_attach(struct deliver *d, int epoll)
{
    if (d)
        d->epoll = epoll;
}

void deliver_close(struct deliver **d)
{
    struct deliver *old = *d;

    *d = NULL;
    if (!old)
        return;
    for (struct deliver_item *i = deliver_table_first(&old->table); i; i = deliver_table_next(&old->table, i))
        if (i->state == DELIVER_BUSY)
            deliver_store_shut(i);
    deliver_table_free(&old->table);
    deliver_store_list_free(&old->list);
    free(old);
}

bool deliver_is_quiet(const struct deliver *d)
{
    return !d || d->busy == 0;
}

/* Of what is ready, what waits for a server that does not answer does not count. */
bool deliver_is_idle(const struct deliver *d, int64_t now)
{
    if (!d)
        return true;
    for (size_t n = 0; n < CONFIG_INTAKE_MAX; n++)
        if (d->server[n].look)
            return false;
    if (d->busy || (d->listing && !d->paused) || d->next_due <= now + 1000)
        return false;
    for (struct deliver_item *i = deliver_table_first(&d->table); i; i = deliver_table_next(&d->table, i)) {
        const struct deliver_server *v = &d->server[i->intake];

        if (i->state == DELIVER_READY && v->on && !d->s->frozen && !v->trouble[0])
            return false;
    }
    return true;
}

size_t deliver_retry_all(struct deliver *d)
{
    if (!d)
        return 0;
    for (size_t n = 0; n < CONFIG_INTAKE_MAX; n++)
        d->server[n].down_until = 0;
    for (struct deliver_item *i = deliver_table_first(&d->table); i; i = deliver_table_next(&d->table, i))
        if (i->state == DELIVER_WAITING)
            i->due = 0;
    d->next_due = 0;
    return d->table.n - d->busy;
}

/* What it waits for: its own last answer, or its server. */
static const char *why_waiting(const struct deliver *d, const struct deliver_item *i)
{
    const char *own = i->refusal[0] ? i->refusal : i->words;

    return i->state == DELIVER_WAITING && own[0] ? own : d->server[i->intake].trouble;
}

void deliver_add_queue(const struct deliver *d, struct buf *out, unsigned long most)
{
    struct deliver_item *i = d ? deliver_table_first(&d->table) : NULL;

    for (; i && most--; i = deliver_table_next(&d->table, i)) {
        struct json j;

        json_open(&j, out);
        json_add_view(&j, "id", base_view(&i->base));
        json_add_str(&j, "state", "in outlet");
        json_add_str(&j, "step", i->state == DELIVER_BUSY ? "deliver" : "");
        json_add_int(&j, "attempt", i->tries);
        json_add_int(&j, "copy", i->copy);
        json_add_int(&j, "size", (int64_t)i->size);
        json_add_time(&j, "since", i->born_ms ? i->born_ms : base_time_ns(&i->base) / 1000000);
        if (i->state == DELIVER_WAITING)
            json_add_time(&j, "next", depot_wall_ms() + i->due - depot_mono_ms());
        json_add_str(&j, "reason", why_waiting(d, i));
        json_close(&j);
        buf_add_char(out, '\n');
    }
}

static void add_server(const struct deliver *d, size_t n, struct buf *items)
{
    struct json j;

    if (items->n > 1)
        buf_add_char(items, ',');
    json_open(&j, items);
    json_add_str(&j, "intake", d->s->cfg->intake[n].name);
    json_add_str(&j, "to", d->s->cfg->intake[n].deliver);
    json_add_int(&j, "waiting", (int64_t)deliver_table_count(&d->table, n));
    if (d->server[n].trouble[0])
        json_add_str(&j, "trouble", d->server[n].trouble);
    json_close(&j);
}

void deliver_add_status(const struct deliver *d, struct json *j)
{
    struct buf items = {0};

    buf_add_char(&items, '[');
    for (size_t n = 0; n < d->s->cfg->intake_n; n++)
        if (d->server[n].on)
            add_server(d, n, &items);
    buf_add_char(&items, ']');
    json_add_text(j, "deliver", buf_view(&items));
    buf_free(&items);
}
