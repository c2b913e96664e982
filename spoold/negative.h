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
#else
#define NEGATIVE(name) false
#endif

#endif
