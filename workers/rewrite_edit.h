/*
 * rewrite_edit.h - the edits of one message, made ready for one pass over its header.
 *
 * Used by the rewriting engine: the fields to put at the top stay in the blob
 * that they came in; the names to remove become a sorted table that is walked
 * one byte at a time. All views are borrowed from the blob.
 */
#ifndef WORKERS_REWRITE_EDIT_H
#define WORKERS_REWRITE_EDIT_H

#include "common/edit.h"
#include "workers/rewrite_out.h"

struct rewrite_edits {
    struct view blob;
    struct view host;    /* whose Received: fields are this host's own; empty = nobody's */
    struct view subject; /* text in front of the subject; empty = none */
    struct view ar;      /* whose Authentication-Results: fields go; empty = nobody's */
    bool prepends;       /* at least one field is put at the top */
    size_t n;
    struct view prefix[EDIT_MAX]; /* sorted without regard to case */
};

/* Where in the table a name has led to so far: all of [low, high) begin with its `n` bytes. */
struct rewrite_walk {
    size_t low, high, n;
};
enum rewrite_match { REWRITE_MISS, REWRITE_MAYBE, REWRITE_HIT };

/* 0, or -1 when the blob is no list of edits, or one of more than EDIT_MAX, or with two of what there is one
 * of. */
int rewrite_edit_load(struct rewrite_edits *e, struct view blob);
/* Writes the fields to be prepended, in the order given. */
void rewrite_edit_prepend(const struct rewrite_edits *e, bool crlf, struct rewrite_out *o);
struct rewrite_walk rewrite_edit_walk(const struct rewrite_edits *e);
/* The next byte of a name: HIT when a whole prefix has been seen. */
enum rewrite_match rewrite_edit_step(const struct rewrite_edits *e, struct rewrite_walk *w, char c);
/* ASCII only, by no locale. */
char rewrite_edit_lower(char c);

#endif
