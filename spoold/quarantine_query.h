/*
 * quarantine_query.h - what the quarantine verbs share: finding the entry that a person means.
 *
 * Used by quarantine_query.c and quarantine_act.c, in the store thread, a slice at a time.
 */
#ifndef SPOOLD_QUARANTINE_QUERY_H
#define SPOOLD_QUARANTINE_QUERY_H

#include "spoold/quarantine.h"
#include "spoold/quarantine_record.h"
#include "spoold/query.h"

#define QUARANTINE_MATCHES_MAX 10 /* entries that are named when a word fits several */

struct quarantine_find {
    struct quarantine_walk walk;
    bool begun, over;
    struct quarantine_entry entry[QUARANTINE_MATCHES_MAX];
    size_t n;
};

/*
 * One slice of looking for the entry that `word` means. True when it is found: entry[0]. Else it is to be
 * called again (q->more), or the query was ended: nothing, or more than one (each is named in a line).
 */
bool quarantine_find_run(struct quarantine_find *f, struct query *q, struct depot *d, struct view word);
void quarantine_find_end(struct quarantine_find *f);
/* One line about an entry: what `list` shows of it. */
void quarantine_add_line(struct query *q, const struct depot *d, const struct quarantine_entry *e);
/* quarantine_parts.c: lines with the parts of the message, and one with what is odd about it; none without a
 * list. */
void quarantine_parts_add(struct query *q, const struct quarantine_record *r);

#endif
