/*
 * query.c - the verbs that need the disk, and what they share; see query.h.
 *
 * The control server finds a verb here and has it run by the store thread until
 * there is no more; the verbs end their answers and read the journal through
 * this file. Only the verbs of quarantine_act.c change anything, and no verb may
 * ever let a line of an answer grow beyond CONTROL_ANSWER_MAX.
 * Trusts the ledger to point into the journal, but not that the line it points
 * to is still there, or still the same.
 */
#include "spoold/query.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <fcntl.h>
#include <unistd.h>

#include "common/log.h"
#include "spoold/msg.h"

const struct query_verb *query_find(struct view verb)
{
    static const struct query_verb *const verbs[] = {&query_show,
                                                     &query_history,
                                                     &query_audit,
                                                     &query_events,
                                                     &query_quarantine_list,
                                                     &query_quarantine_show,
                                                     &query_quarantine_release,
                                                     &query_quarantine_delete,
                                                     &query_quarantine_purge};

    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (view_equal(verb, view_of(verbs[i]->name)))
            return verbs[i];
    }
    return NULL;
}

void query_free(struct query *q)
{
    if (!q)
        return;
    if (q->verb)
        q->verb->fini(q);
    buf_free(&q->out);
    free(q);
}

void query_end(struct query *q, int code, const char *fmt, ...)
{
    va_list ap;

    q->more = false;
    q->code = code;
    va_start(ap, fmt);
    vsnprintf(q->message, sizeof q->message, fmt, ap);
    va_end(ap);
}

void query_end_no_ledger(struct query *q)
{
    query_end(q, EXIT_TEMP_75, "the ledger cannot be read; spoold mends it by itself, ask again in a minute");
}

/* A reader goes on with the next file where a day is gone, so what it finds has to be the very line. */
int query_read_line(struct depot *d, const struct base *id, const struct journal_place *at,
                    struct journal_reader **r, struct event *e)
{
    struct journal_place got = {.offset = 0};

    if (!at->day[0])
        return 0;
    *r = journal_reader_open(d->journal_dir, at);
    if (!*r || journal_reader_next(*r, e, &got) != 1)
        return 0;
    return got.offset == at->offset && strcmp(got.day, at->day) == 0 &&
           view_equal(base_view(&e->id), base_view(id));
}

bool query_has_event(const struct ledger_row *row, enum event_kind k)
{
    return row->events & (1U << k);
}

enum ledger_state query_row_state(const struct ledger_row *row)
{
    static const struct {
        enum event_kind kind;
        enum ledger_state state;
    } order[] = {{EVENT_QUARANTINED, LEDGER_QUARANTINED},
                 {EVENT_DELIVERED, LEDGER_DELIVERED},
                 {EVENT_DISCARDED, LEDGER_DISCARDED}};

    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        if (query_has_event(row, order[i].kind))
            return order[i].state;
    }
    return LEDGER_ACCEPTED;
}

/* Which parts were released is not in the ledger, but what is still held stands on disk. */
static bool is_held(const struct depot *d, const struct base *id)
{
    for (int c = 0; c < SPOOL_CLASS__MAX; c++)
        if (query_has_file(&d->spool.class[c], id, ".hdr"))
            return true;
    return false;
}

const char *query_row_word(const struct depot *d, const struct ledger_row *row)
{
    enum ledger_state s = query_row_state(row);

    if (s != LEDGER_QUARANTINED)
        return query_state_name(s);
    if (query_has_event(row, EVENT_RELEASED))
        return is_held(d, &row->id) ? "released in part" : "released";
    return query_has_event(row, EVENT_DELETED) ? "deleted" : query_state_name(s);
}

const char *query_state_name(enum ledger_state s)
{
    static const char *const names[LEDGER_STATE__MAX] = {
        [LEDGER_ACCEPTED] = "accepted",
        [LEDGER_DELIVERED] = "delivered",
        [LEDGER_QUARANTINED] = "quarantined",
        [LEDGER_DISCARDED] = "discarded",
    };

    return names[s];
}

struct view query_cut(struct view v)
{
    if (v.n <= QUERY_TEXT_MAX)
        return v;
    v.n = QUERY_TEXT_MAX;
    /* Not through a character: half a one would be shown as bytes. */
    while (v.n > QUERY_TEXT_MAX - 4 && ((unsigned char)v.p[v.n] & 0xc0) == 0x80)
        v.n--;
    return v;
}

/* What a string costs at the most: quotes, comma, and six bytes for each that has to be escaped. */
static size_t worst_cost(struct view v)
{
    size_t cost = 3;

    for (size_t i = 0; i < v.n; i++) {
        unsigned char c = (unsigned char)v.p[i];

        cost += c < 0x20 || c >= 0x80 || c == '"' || c == '\\' ? 6 : 1;
    }
    return cost;
}

void query_add_recipients(struct json *j, const struct event *e)
{
    struct view to[QUERY_LIST_MAX];
    size_t n = 0, cost = 0;

    for (; n < e->rcpt_n && n < QUERY_LIST_MAX; n++) {
        to[n] = query_cut(e->rcpt[n]);
        cost += worst_cost(to[n]);
        if (cost > QUERY_BYTES_MAX)
            break;
    }
    json_add_views(j, "to", to, n);
    json_add_int(j, "to_count", (int64_t)e->rcpt_n);
}

void query_add_outcome(struct json *j, const struct event *e)
{
    if (e->class.n)
        json_add_view(j, "class", query_cut(e->class));
    if (e->reason.n)
        json_add_view(j, "reason", query_cut(e->reason));
    json_add_int(j, "size", (int64_t)e->size);
}

bool query_has_file(const struct spool_dir *dir, const struct base *b, const char *suffix)
{
    char name[MSG_NAME_MAX];

    snprintf(name, sizeof name, "%s%s", b->s, suffix);
    return faccessat(dir->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}
