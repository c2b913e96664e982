/*
 * ask.h - questions that a test build asks itself at start: see ask.c.
 */
#ifndef TESTS_INLINE_ASK_H
#define TESTS_INLINE_ASK_H

#include "spoold/depot.h"

/* What stands in SPOOLD_ASK, once, each question to its end. */
void inline_ask(struct depot *d);

#endif
