/*
 * quarantine.h - the entries of quarantine/CLASS: their names, their states, and a walk over them.
 *
 * An entry is NAME.eml, NAME.hdr and NAME.json, with NAME = BASE, or BASE and a
 * tag: ".K" for copy K that an outlet refused, ".r" or ".rN" for a release that was
 * refused. The suffix of the envelope says in which state it is. Store thread.
 */
#ifndef SPOOLD_QUARANTINE_H
#define SPOOLD_QUARANTINE_H

#include "spoold/depot.h"
#include "spoold/msg.h"

#include <dirent.h>

#define QUARANTINE_TAG_MAX 16 /* bytes of a tag */

enum quarantine_part {
    QUARANTINE_HDR,      /* held */
    QUARANTINE_HDR_REL,  /* released: commit of the release of all that was left */
    QUARANTINE_HDR_PART, /* commit of a release to some of its recipients */
    QUARANTINE_HDR_DEL,  /* is being deleted */
    QUARANTINE_EML,
    QUARANTINE_JSON,
    QUARANTINE_JSON_REL, /* the record as it will be after a release to some */
    QUARANTINE_PART__MAX
};

enum quarantine_state {
    QUARANTINE_NONE, /* there is no such entry */
    QUARANTINE_HELD,
    QUARANTINE_RELEASED,
    QUARANTINE_RELEASING, /* .hdr.part: what is left of it is done by quarantine_expire.c */
    QUARANTINE_DELETING,
    QUARANTINE_HALF, /* content without envelope, or the other way round */
    QUARANTINE_STATE__MAX
};

struct quarantine_entry {
    struct base base;
    char tag[QUARANTINE_TAG_MAX + 1];
    enum spool_class class;
};

/* Takes a file name of a class folder apart; `e->class` is left alone. 0, or -1: it is none of an entry.
 * Pure. */
int quarantine_parse_name(struct quarantine_entry *e, enum quarantine_part *part, struct view name);
/* Parses NAME: BASE and tag. 0 or -1. Pure. */
int quarantine_parse_entry(struct quarantine_entry *e, struct view name);
/* NAME and the part's suffix into `to`, which has room for MSG_NAME_MAX. Returns `to`. */
const char *quarantine_file(const struct quarantine_entry *e, char *to, enum quarantine_part part);
/* NAME alone. */
const char *quarantine_name(const struct quarantine_entry *e, char *to);
bool quarantine_has(const struct depot *d, const struct quarantine_entry *e, enum quarantine_part part);
enum quarantine_state quarantine_state(const struct depot *d, const struct quarantine_entry *e);
const char *quarantine_state_name(enum quarantine_state s);
/* The part that the envelope of an entry in that state is; QUARANTINE_EML where there is none. */
enum quarantine_part quarantine_envelope(enum quarantine_state s);
/* A settle, or a release, is not over: its files are in proc or in an outlet too. */
bool quarantine_in_work(const struct depot *d, const struct quarantine_entry *e);
/* Whether this file is the one by which its entry is counted in a walk. */
bool quarantine_is_lead(const struct depot *d, const struct quarantine_entry *e, enum quarantine_part part);
/*
 * What a person typed: NAME, BASE, at least QUARANTINE_TAIL_MIN last characters of either, or the dropped
 * name. Pure.
 */
#define QUARANTINE_TAIL_MIN 5
bool quarantine_is_meant(const struct quarantine_entry *e, struct view word);

struct quarantine_walk {
    int class, last; /* the folder it is in, and where it ends */
    DIR *dir;        /* owned */
};

/* One class, or with -1 all of them. */
void quarantine_walk_begin(struct quarantine_walk *w, int class);
/* 1 and a file of an entry; 0 at the end; -1 when `*budget` names were read: to be called again. */
int quarantine_walk_next(struct quarantine_walk *w, const struct depot *d, unsigned *budget,
                         struct quarantine_entry *e, enum quarantine_part *part);
void quarantine_walk_end(struct quarantine_walk *w);

#endif
