/*
 * rewrite.h - worker-rewrite's work in the supervisor's own process; for tests only.
 *
 * With it the order of the supervisor's system calls is the same in every run,
 * which the crash sweep needs; the workers themselves are swept apart.
 */
#ifndef TESTS_INLINE_REWRITE_H
#define TESTS_INLINE_REWRITE_H

#include "common/wire.h"

/* For struct spoold's rewrite_inline. */
int inline_rewrite(int in, int out, struct view edits, struct wire_result *result);

#endif
