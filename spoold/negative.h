/*
 * negative.h - negative controls: the ways of being wrong that the crash tests must notice.
 *
 * In a test build (-DSPOOLD_TEST) the environment variable SPOOLD_CONTROL names
 * one of them; in every other build NEGATIVE() is the constant false and the
 * compiler removes what stands behind it. The names are those of the controls
 * in protocol.md section 8.
 */
#ifndef SPOOLD_NEGATIVE_H
#define SPOOLD_NEGATIVE_H

#include <stdbool.h>

#ifdef SPOOLD_TEST
#include <stdlib.h>
#include <string.h>
static inline bool negative_is(const char *name)
{
    const char *on = getenv("SPOOLD_CONTROL");

    return on && strcmp(on, name) == 0;
}
#define NEGATIVE(name) negative_is(name)

/* tests/inline/rewrite.c: with SPOOLD_INLINE_WORKERS=1 the supervisor does a worker's part itself, so that
 * its system calls come in the same order in every run. */
struct view;
struct wire_result;
int inline_rewrite(int in, int out, struct view edits, struct wire_result *result);
/* tests/inline/ask.c: questions that are asked without a client. */
struct depot;
void inline_ask(struct depot *d);
#define NEGATIVE_ASK inline_ask
#define NEGATIVE_INLINE (getenv("SPOOLD_INLINE_WORKERS") ? inline_rewrite : NULL)
#else
#define NEGATIVE(name)  false
#define NEGATIVE_INLINE NULL
#define NEGATIVE_ASK    NULL
#endif

#endif
