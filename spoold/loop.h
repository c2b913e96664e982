/*
 * loop.h - the loop thread: waits, hands out work, never waits for a disk.
 */
#ifndef SPOOLD_LOOP_H
#define SPOOLD_LOOP_H

#include "spoold/spoold.h"

/* Runs until told to stop (SIGTERM, SIGINT) or, with s->once, until nothing is left to do. */
void loop_run(struct spoold *s);

#endif
