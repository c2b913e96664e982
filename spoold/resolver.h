/*
 * resolver.h - questions to the DNS as the loop asks them: over one socket, of worker-dns.
 *
 * Loop thread only. Each question that is submitted gets exactly one answer, unless it is forgotten before:
 * that of worker-dns, or one made here (FACT_TIMEOUT: nobody answered in time, FACT_SERVFAIL: there is nobody
 * to ask, or it brought worker-dns down twice). worker-dns reads strangers' packets, so what it says is
 * checked (common/dns.h); one that lies or hangs is ended. Needs the pool, settings and alarms of struct
 * spoold and nothing else, so that tools can have one too. Never touches a disk, never waits.
 */
#ifndef SPOOLD_RESOLVER_H
#define SPOOLD_RESOLVER_H

#include "common/facts.h"

struct json;
struct resolver;
struct spoold;

#define RESOLVER_AGE_MS 15000 /* a question that is older is answered FACT_TIMEOUT */
/* So many questions in a row, for so long, without an answer of a name server: none is there. */
#define RESOLVER_SILENT_N  20
#define RESOLVER_SILENT_MS 10000
#define RESOLVER_OUT_MS 5000  /* so long without a worker: questions are answered at once, and an alarm */

/* Embedded in what it is for; the resolver borrows it from submit until `done` or resolver_forget(). */
struct resolver_ask {
    struct resolver_ask *next, *prev; /* the resolver's */
    enum fact_type type;
    char name[FACTS_NAME_MAX + 1]; /* as fact_name_clean() writes it */
    void *owner;                   /* the asker's own */
    /* Never called from within resolver_submit(). `f` and what it points to is good for this call only. */
    void (*done)(struct spoold *s, struct resolver_ask *a, const struct fact *f);
    /* The resolver's: */
    enum resolver_at { RESOLVER_NOWHERE, RESOLVER_WAITS, RESOLVER_SENT } at;
    uint32_t id;
    int64_t since;
    unsigned losses; /* workers that ended while it was open */
};

/* Since the start. */
struct resolver_counts {
    uint64_t asked;
    uint64_t rcode[FACT_RCODE__MAX]; /* answers, whoever gave them */
    uint64_t here;                   /* of these, those that were made here */
    uint64_t lost;                   /* workers that ended unasked, or were ended */
    uint64_t ended;                  /* of these, those that lied or hung */
};

/* Somebody who wants to know how worker-dns is. Borrowed until `done`. */
struct resolver_look {
    struct resolver_look *next; /* the resolver's */
    void *owner;
    /* `state`: a JSON object in one line of ASCII, and nothing else is known about it; empty: worker-dns
     * never told. `age` of it in milliseconds. Never called from within resolver_look(). */
    void (*done)(struct spoold *s, struct resolver_look *look, struct view state, int64_t age);
    int64_t due; /* the resolver's */
};

/* s->pool must be there. */
struct resolver *resolver_open(struct spoold *s);
/* After pool_close(): the pool may hold its job. Questions that are open get no answer any more. */
void resolver_close(struct resolver **r);
/* Readable (epoll) when resolver_event() or resolver_run() has something to do. */
int resolver_fd(const struct resolver *r);
/* Takes in answers; resolver_run() is to follow. */
void resolver_event(struct resolver *r);
/* Sends what was collected, and does what is due. Returns when to be called again at the latest. */
int64_t resolver_run(struct resolver *r, int64_t now);
/* Names that cannot be asked, and questions beyond DNS_OPEN_MAX, are answered at the next turn. */
void resolver_submit(struct resolver *r, struct resolver_ask *a);
/* It gets no answer any more. Does nothing when it had one, or where `r` is NULL. */
void resolver_forget(struct resolver *r, struct resolver_ask *a);
/* Has worker-dns forget what it has cached. False: none serves, so that there is nothing to forget. */
bool resolver_flush(struct resolver *r);
/* Answers by look->done within a second. */
void resolver_look(struct resolver *r, struct resolver_look *look);
/* Questions without an answer. */
size_t resolver_open_n(const struct resolver *r);
/* NULL when worker-dns answers; else why not, in plain words. */
const char *resolver_trouble(const struct resolver *r);
/* Adds the members "open", "asked", "answers":{"NOERROR":..}, "here", "lost" and "ended". */
void resolver_add_counts(const struct resolver *r, struct json *j);
/* The same behind "state" ("off", "serving", "down") and "trouble". */
void resolver_add_status(const struct resolver *r, struct json *j);

#endif
