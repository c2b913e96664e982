/*
 * whatif_gather.h - the lines of the journal, put together as messages: each once, with its last record.
 *
 * For whoever goes through the decisions of the past (whatif.c). Pure. A message's lines stand near each
 * other: WHATIF_GATHER_MAX messages are kept until the next ones need their places, and of those that went
 * before a number is remembered, so that none is given out twice.
 */
#ifndef SPOOLD_WHATIF_GATHER_H
#define SPOOLD_WHATIF_GATHER_H

#include "spoold/journal.h"

#define WHATIF_GATHER_MAX 4096

struct whatif_message {
    struct base id;
    int64_t at_ms; /* when it was accepted */
    uint64_t size;
    struct view from;  /* as the journal has it: hashed, or empty */
    struct view *rcpt; /* all of them */
    size_t rcpt_n;
    struct view record; /* the last one, without its facts; empty: there is none */
};
typedef void whatif_gather_fn(const struct whatif_message *m, void *arg);

struct whatif_gather;
/* `fn` is called for each message; what it is given is good during the call. */
struct whatif_gather *whatif_gather_new(whatif_gather_fn *fn, void *arg);
/* The next line of the journal. Messages count whose line "accepted" is seen. */
void whatif_gather_take(struct whatif_gather *g, const struct event *e);
/* Gives out what is still kept, and frees. */
void whatif_gather_end(struct whatif_gather **g);

#endif
