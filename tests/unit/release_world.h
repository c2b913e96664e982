/*
 * release_world.h - an entry in quarantine, for the tests of release.c and of the quarantine verbs.
 *
 * Built on depot_world.h: the files are put there by hand as a settle leaves them.
 */
#ifndef TESTS_UNIT_RELEASE_WORLD_H
#define TESTS_UNIT_RELEASE_WORLD_H

#include "tests/unit/depot_world.h"

#include "spoold/release.h"

#define RELEASE_WORLD_JSON                                                                                   \
    "{\"v\":1,\"at\":\"2026-01-02T03:04:05.678Z\",\"class\":\"virus\",\"reason\":\"virus: "                  \
    "Eicar\",\"from\":\"a@example.org\",\"recipients\":[%s],\"size\":20,\"sha256\":\"00\","                  \
    "\"virus\":{\"state\":\"infected\",\"name\":\"Eicar\"}}\n"
#define RELEASE_WORLD_ALL "\"1@example.net\",\"2@example.net\",\"3@example.net\""

/* Today, as release.c does: all lines are to stand in one file. */
static inline void release_world_say(struct world *w, enum event_kind kind, const struct base *b)
{
    struct event e = {.kind = kind, .at_ms = depot_wall_ms(), .id = *b, .size = 20};

    world_record(w, &e);
}

/* `held`: JSON strings; NULL: without a record. The message has been accepted and quarantined. */
static inline struct quarantine_entry release_world_entry(struct world *w, const char *name, const char *held)
{
    struct quarantine_entry e = {.base = world_base(w, name), .class = SPOOL_CLASS_VIRUS};
    char text[1024];

    depot_world_put(w, "quarantine/virus", &e.base, ".eml", DEPOT_WORLD_EML);
    depot_world_put(w, "quarantine/virus", &e.base, ".hdr", DEPOT_WORLD_HDR);
    snprintf(text, sizeof text, RELEASE_WORLD_JSON, held ? held : "");
    if (held)
        depot_world_put(w, "quarantine/virus", &e.base, ".json", text);
    release_world_say(w, EVENT_ACCEPTED, &e.base);
    release_world_say(w, EVENT_QUARANTINED, &e.base);
    depot_world_flush(w);
    return e;
}

/* Released to `rcpt`, NULL = all. */
static inline enum release_end release_world_go(struct world *w, const struct quarantine_entry *e,
                                                const char *rcpt, struct release *r)
{
    struct view one = view_of(rcpt);
    enum release_end end;

    *r = (struct release){.rcpt = &one, .rcpt_n = rcpt != NULL};
    end = release_entry(&w->d, e, r);
    depot_world_flush(w);
    return end;
}

#endif
