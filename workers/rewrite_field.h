/*
 * rewrite_field.h - the field scanner: one pass over the header section, in pieces of any size.
 *
 * Fed by rewrite.c. Copies the message to the writer without the fields whose
 * name begins with one of the prefixes, puts the new fields in their place and
 * counts Received: fields. Memory is constant: what cannot be decided yet is
 * held as runs of equal bytes. How lines and names are read is said in
 * rewrite_field.c.
 */
#ifndef WORKERS_REWRITE_FIELD_H
#define WORKERS_REWRITE_FIELD_H

#include "workers/rewrite_edit.h"
#include "workers/rewrite_hop.h"
#include "workers/rewrite_out.h"

#define REWRITE_LEAD_RUNS 512  /* runs that may stand before a name and still be taken back */
#define REWRITE_HELD_RUNS 1024 /* with those of the name itself */
#define REWRITE_VALUE_MAX 2048 /* bytes of a value that are held until it is decided */

/* A line end: CRs and, unless it is only some reader's line end, LF. Neither: nothing is owed. */
struct rewrite_eol {
    uint64_t cr;
    bool lf;
};

struct rewrite_run {
    uint64_t count;
    char c;
};

/* Where in a line the next byte stands. */
enum rewrite_place {
    REWRITE_LINE, /* at its begin */
    REWRITE_LEAD, /* in what may stand before a name */
    REWRITE_NAME,
    REWRITE_VALUE, /* in a value that decides its fate, or behind a name of such a field */
    REWRITE_REST,  /* its fate is known */
    REWRITE_END,   /* in CRs that may be its end */
    REWRITE_BODY,
    REWRITE_PLACE__MAX
};

enum rewrite_fate {
    REWRITE_KEEP,
    REWRITE_DROP,
    REWRITE_OPEN, /* held: its value decides (rewrite_value.c) */
    REWRITE_STUB, /* dropped, but something stands before it already, so its line end stays */
};

struct rewrite_field {
    const struct rewrite_edits *edits;
    struct rewrite_out *out;
    bool crlf;                      /* line end of the new fields */
    bool mbox;                      /* in the mbox line */
    bool top;                       /* no field has begun yet */
    bool blank_lead, flooded;       /* of this line: blanks before the name; what was held is written */
    enum rewrite_place place, from; /* `from`: where the line end began */
    enum rewrite_fate fate;
    struct rewrite_eol before; /* owed: the line end behind what was kept last */
    struct rewrite_eol eol;    /* of the line that ended last */
    struct rewrite_walk walk;
    struct rewrite_hop hop;
    uint32_t removed;
    unsigned names; /* of rewrite_value.c: bit k: the name may still become the k-th of them */
    size_t name_n;  /* bytes of such a name that were seen */
    bool subject_done;
    size_t held_n, value_n;
    struct rewrite_run held[REWRITE_HELD_RUNS];
    char value[REWRITE_VALUE_MAX]; /* what is held of a field of such a name, behind the name */
};

/* What the first bytes of a message show (at most REWRITE_CHUNK of them are looked at). */
struct rewrite_start {
    size_t bom; /* its length */
    bool mbox, crlf;
};

/* At the place where the new fields go, or at the mbox line before it. */
void rewrite_field_begin(struct rewrite_field *f, const struct rewrite_edits *e, struct rewrite_out *o,
                         const struct rewrite_start *start);
void rewrite_field_add(struct rewrite_field *f, struct view v);
/* The message has ended. */
void rewrite_field_end(struct rewrite_field *f);

#endif
