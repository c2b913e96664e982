/*
 * regexp.h - regular expressions of PCRE2 over hostile text, with an end.
 *
 * Used by rules.c. An expression is compiled, to machine code where this machine can do that, in the loader
 * before the lock-down; matching takes no memory that is executable, and none at all from the system but by
 * malloc(3). Text is searched in pieces: a match is found wherever it begins, as far as it is no longer than
 * REGEXP_AHEAD bytes. Three things end a search: the steps at one place, the stack, and the CPU time of this
 * expression in one message. The first two are the same each time; the third is there because PCRE2 counts no
 * step while it runs over a class of characters ("a+[bc]" over a million "a").
 */
#ifndef WORKERS_ANTISPAM_REGEXP_H
#define WORKERS_ANTISPAM_REGEXP_H

#include "common/buf.h"

#include <stdint.h>

#define REGEXP_PIECE       2048 /* bytes in which a match may begin, of one call of PCRE2 */
#define REGEXP_AHEAD       2048 /* bytes behind them that it may reach */
#define REGEXP_BACK        1024 /* bytes before them that it may look back to */
#define REGEXP_STEPS_MAX   5000 /* of PCRE2, from one place on: its match limit */
#define REGEXP_HEAP_MAX    1024 /* KB, where there is no machine code; the same as depth: one frame a step */
#define REGEXP_STACK_BYTES (256u << 10)        /* of machine code */
#define REGEXP_TIME_MAX    ((int64_t)30000000) /* ns of CPU of one expression in one message */

enum regexp_result {
    REGEXP_NONE,
    REGEXP_MATCH,
    REGEXP_STEPS, /* a limit was met: of steps */
    REGEXP_STACK, /* of memory */
    REGEXP_TIME,  /* of time */
};

/* What matching writes into: memory of the child. */
struct regexp_desk;
struct regexp_desk *regexp_desk_open(void);
void regexp_desk_close(struct regexp_desk *d);
/* Now begins what the next search is charged with. */
void regexp_desk_start(struct regexp_desk *d);

struct regexp;
/* Looks at no case of letters; "^" and "$" are those of lines. `jit`: to machine code, if that is possible.
 * NULL: what is wrong with the pattern is in `why`. */
struct regexp *regexp_open(struct view pattern, bool jit, struct buf *why);
void regexp_close(struct regexp *r);
bool regexp_is_compiled(const struct regexp *r); /* to machine code */
/* The first match in a text of valid UTF-8. What it cost is taken off `*left`, in ns; at 0 it ends. */
enum regexp_result regexp_find(const struct regexp *r, struct regexp_desk *d, struct view text, int64_t *left,
                               struct view *match);
const char *regexp_result_name(enum regexp_result result);

#endif
