/*
 * flow_copy.h - copies the bytes of a file; store thread.
 */
#ifndef SPOOLD_FLOW_COPY_H
#define SPOOLD_FLOW_COPY_H

/* All bytes of `from`, from its offset on. 0, or -1 with errno. */
int flow_copy_bytes(int from, int to);

#endif
