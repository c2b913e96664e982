/*
 * deliver_talk.c - the conversation of one delivery: a connection, a worker that uses it, and what that says
 * of the server.
 *
 * Loop thread, called by deliver.c. A server that does not answer is left alone for
 * a while, doubled each time. Must never use a connection twice, nor believe a
 * worker's answer about recipients: the notes are asked for that.
 */
#include "spoold/deliver_table.h"

#include "common/log.h"
#include "spoold/spoold.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define DOWN_FIRST_MS 1000 /* a server that does not answer is asked again after this, doubled each time */

void deliver_talk_failed(struct deliver *d, struct deliver_item *i, const char *why)
{
    struct deliver_server *v = deliver_server_of(d, i);

    v->down_until =
        depot_mono_ms() + deliver_doubled(DOWN_FIRST_MS, v->failures++, d->s->cfg->deliver_retry_first);
    if (!v->trouble[0])
        log_warnx("event=server_trouble intake=%s server=%s %s; its messages wait in the outlet",
                  d->s->cfg->intake[i->intake].name, d->s->cfg->intake[i->intake].deliver, why);
    snprintf(v->trouble, sizeof v->trouble, "%s", why);
}

static void server_answered(struct deliver *d, struct deliver_item *i)
{
    struct deliver_server *v = deliver_server_of(d, i);

    if (v->trouble[0])
        log_info("event=server_back intake=%s", d->s->cfg->intake[i->intake].name);
    v->trouble[0] = '\0';
    v->failures = 0;
    v->down_until = 0;
}

static void hang_up(struct deliver_item *i)
{
    if (i->peer >= 0)
        close(i->peer); /* takes it out of epoll */
    i->peer = -1;
}

static void talked(struct spoold *s, struct pool_job *job, const struct pool_outcome *o)
{
    struct deliver_item *i = (struct deliver_item *)((char *)job - offsetof(struct deliver_item, job));
    const char *words = o->end == POOL_DONE ? o->finding : o->cause;
    const struct wire_result *r = &o->result;

    hang_up(i);
    snprintf(i->words, sizeof i->words, "%.*s", DELIVER_TEXT_MAX, words);
    i->trouble = o->end == POOL_DONE && r->status == WIRE_IO;
    if (o->end == POOL_DONE && r->status == WIRE_OK && r->done + r->failed + r->later == 0)
        deliver_talk_failed(s->deliver, i, words);
    else if (o->end == POOL_DONE && r->status == WIRE_OK)
        server_answered(s->deliver, i);
    deliver_to_store(s->deliver, i, DELIVER_STEP_NOTE);
}

static void submit(struct deliver *d, struct deliver_item *i)
{
    i->job = (struct pool_job){
        .role = ROLE_DELIVER,
        .message = i->eml,
        .out = -1,
        .once = true,
        .notes = i->notes,
        .peer = i->peer,
        .blob = buf_view(&i->order),
        .size = i->size,
        .done = talked,
    };
    pool_submit(d->s->pool, &i->job);
}

static void not_connected(struct deliver *d, struct deliver_item *i, int err)
{
    char why[120];

    hang_up(i);
    snprintf(why, sizeof why, "the server cannot be reached: %s", strerror(err));
    if (err != ECANCELED)
        deliver_talk_failed(d, i, why);
    snprintf(i->words, sizeof i->words, "%s", why);
    deliver_queue_again(d, i);
}

static void wait_connected(struct deliver *d, struct deliver_item *i)
{
    i->connect_due = depot_mono_ms() + d->s->cfg->deliver_connect_timeout;
    d->connecting++;
}

static void end_connecting(struct deliver *d, struct deliver_item *i)
{
    i->connect_due = 0;
    d->connecting--;
}

/* Connected, or on its way. The order is made first: it says whether there is anything to say. */
void deliver_talk(struct deliver *d, struct deliver_item *i)
{
    struct deliver_server *v = deliver_server_of(d, i);
    struct epoll_event ev = {.events = EPOLLOUT};
    bool pending;

    i->probe = false;
    if (!deliver_order_make(d->s, i, &v->to)) {
        deliver_put_off(d, i);
        return;
    }
    i->peer = deliver_connect_begin(&v->to, &pending);
    ev.data.fd = i->peer;
    if (i->peer < 0)
        not_connected(d, i, errno);
    else if (!pending)
        submit(d, i);
    else if (epoll_ctl(d->epoll, EPOLL_CTL_ADD, i->peer, &ev) < 0)
        not_connected(d, i, errno);
    else
        wait_connected(d, i);
}

static void connected(struct deliver *d, struct deliver_item *i)
{
    int err = deliver_connect_state(i->peer);

    if (err == EINPROGRESS)
        return;
    epoll_ctl(d->epoll, EPOLL_CTL_DEL, i->peer, NULL);
    end_connecting(d, i);
    if (err)
        not_connected(d, i, err);
    else
        submit(d, i);
}

/* Connections that take too long. */
int64_t deliver_talk_cut_off(struct deliver *d, int64_t now)
{
    int64_t due = INT64_MAX;

    if (!d->connecting)
        return due;
    for (struct deliver_item *i = deliver_table_first(&d->table); i; i = deliver_table_next(&d->table, i)) {
        if (i->state != DELIVER_BUSY || !i->connect_due)
            continue;
        if (d->s->stopping || i->connect_due <= now) {
            end_connecting(d, i);
            not_connected(d, i, d->s->stopping ? ECANCELED : ETIMEDOUT);
        } else if (i->connect_due < due) {
            due = i->connect_due;
        }
    }
    return due;
}

bool deliver_event(struct deliver *d, int fd)
{
    if (!d || !d->connecting)
        return false;
    for (struct deliver_item *i = deliver_table_first(&d->table); i; i = deliver_table_next(&d->table, i)) {
        if (i->state == DELIVER_BUSY && i->peer == fd && i->connect_due) {
            connected(d, i);
            return true;
        }
    }
    return false;
}
