/*
 * query.h - questions that need the disk: show, history, audit.
 *
 * Asked by the control server, answered by the store thread.
 *
 * A query is one task that the loop submits again and again until `more` is
 * false: each run is a bounded slice, so that mail never waits long behind a
 * question.
 */
#ifndef SPOOLD_QUERY_H
#define SPOOLD_QUERY_H

#include "common/control.h"
#include "common/json.h"
#include "spoold/depot.h"
#include "spoold/task.h"

#define QUERY_SLICE_ROWS 2000 /* ledger rows or journal lines read in one run */
#define QUERY_LIST_MAX                                                                                       \
    100 /* recipients, missing ids ... shown in one line; a line stays below CONTROL_ANSWER_MAX */
#define QUERY_TEXT_MAX  600   /* bytes of one string from mail, each of which may take six in JSON */
#define QUERY_BYTES_MAX 12000 /* bytes that one list may take */

struct query {
    struct task task;        /* first */
    unsigned client, number; /* the server's: whom to answer */
    char packet[CONTROL_REQUEST_MAX];
    size_t packet_n;
    struct control_request request; /* views into packet */
    const struct query_verb *verb;
    struct buf out;    /* owned: whole lines of JSON, taken away by the loop after each run */
    bool more;         /* to be run again */
    bool published;    /* something was put into an outlet */
    int code;          /* exit code, when there is no more */
    char message[200]; /* for people, "" when all is well */
    void *state;       /* the verb's own, between two runs; freed by verb->fini */
};

struct query_verb {
    const char *name;
    void (*run)(struct query *q, struct depot *d); /* store thread */
    void (*fini)(struct query *q);
};

/* NULL when there is no such verb. */
const struct query_verb *query_find(struct view verb);
/* Also what the verb keeps; `q` itself was allocated on its own. NULL is allowed. */
void query_free(struct query *q);

/* For the verbs. The answer is complete: exit code, and words for people (cut to fit). */
__attribute__((format(printf, 3, 4))) void query_end(struct query *q, int code, const char *fmt, ...);
/* The ledger did not answer; ends the query. */
void query_end_no_ledger(struct query *q);
/*
 * The journal's line at `at`, which is to be about `id`: 1 and the event, whose
 * views are good until *r is closed; 0 when it is not there any more. *r is
 * NULL before and the caller's to close after; it then stands behind that line.
 */
int query_read_line(struct depot *d, const struct base *id, const struct journal_place *at,
                    struct journal_reader **r, struct event *e);
/* "accepted", "delivered", ...; quarantined wins, because something is left to be looked at. */
enum ledger_state query_row_state(const struct ledger_row *row);
const char *query_state_name(enum ledger_state s);
/* The same for people, with what became of a quarantined one: "released", "released in part", "deleted". */
const char *query_row_word(const struct depot *d, const struct ledger_row *row);
bool query_has_event(const struct ledger_row *row, enum event_kind k);
/* Mail text for an answer: at most QUERY_TEXT_MAX bytes of it. */
struct view query_cut(struct view v);
/* Adds "to", at most QUERY_LIST_MAX and QUERY_BYTES_MAX of them, and "to_count". */
void query_add_recipients(struct json *j, const struct event *e);
/* Adds "class" and "reason" where there are any, and "size". */
void query_add_outcome(struct json *j, const struct event *e);
/* Whether `dir` has the file BASE + suffix. */
bool query_has_file(const struct spool_dir *dir, const struct base *b, const char *suffix);

extern const struct query_verb query_show;    /* query_show.c */
extern const struct query_verb query_history; /* query_history.c */
extern const struct query_verb query_audit;   /* query_audit.c */
extern const struct query_verb query_events;  /* query_events.c */
/* quarantine_query.c */
extern const struct query_verb query_quarantine_list, query_quarantine_show;
/* quarantine_act.c: the verbs that change something */
extern const struct query_verb query_quarantine_release, query_quarantine_delete, query_quarantine_purge;

#endif
