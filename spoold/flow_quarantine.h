/*
 * flow_quarantine.h - the parts of settle that put the originals into quarantine/CLASS; for flow_settle.c
 * only.
 */
#ifndef SPOOLD_FLOW_QUARANTINE_H
#define SPOOLD_FLOW_QUARANTINE_H

#include "spoold/flow.h"

/* The decision record, BASE.json, as one line of JSON. flow_record.c */
void flow_quarantine_record(const struct msg *m, struct buf *out);
/* Steps 2 and 3 for the originals, on the same and on another file system. flow_quarantine.c. 0, or -1 with
 * m->err. */
int flow_quarantine_content(struct depot *d, struct msg *m);
int flow_quarantine_envelope(struct depot *d, struct msg *m);

#endif
