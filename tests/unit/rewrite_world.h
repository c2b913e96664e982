/*
 * rewrite_world.h - what the tests of the rewriting engine share: edits as text, a message in memory through
 * it.
 *
 * The fields that are put at the top are given by `prepend` (0, 1 or 2 of
 * them); what is removed begins with X-Spoold-, in any case. Include first.
 */
#ifndef TESTS_UNIT_REWRITE_WORLD_H
#define TESTS_UNIT_REWRITE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/edit.h"
#include "common/xalloc.h"
#include "workers/rewrite.h"

#include <errno.h>

#define BOM  "\xef\xbb\xbf"
#define HOST "mx.example.org"

static inline struct buf world_edits(unsigned prepend)
{
    static const struct view value[] = {VIEW("one"), VIEW("two\n\tfolded")};
    struct buf b = {0};

    for (unsigned i = 0; i < prepend; i++)
        assert_int_equal(edit_pack(&b, EDIT_PREPEND, VIEW("X-Spoold-Own"), value[i]), 0);
    assert_int_equal(edit_pack(&b, EDIT_REMOVE_PREFIX, VIEW("X-Spoold-"), (struct view){0}), 0);
    assert_int_equal(edit_pack(&b, EDIT_COUNT_OWN, (struct view){0}, VIEW(HOST)), 0);
    return b;
}

/* The output is the caller's. */
static inline struct buf world_rewrite(struct view in, unsigned prepend, size_t piece,
                                       struct rewrite_result *r)
{
    struct rewrite *rw = xcalloc(1, sizeof *rw);
    struct buf edits = world_edits(prepend), out = {0};

    assert_int_equal(rewrite_open(rw, buf_view(&edits)), 0);
    rewrite_memory(rw, in, piece, &out, r);
    buf_free(&edits);
    free(rw);
    return out;
}

/* Bytes that can be shown in a failure. */
static inline const char *world_show(char *to, size_t size, struct view v)
{
    size_t n = 0;

    to[0] = '\0';
    for (size_t i = 0; i < v.n && n + 5 < size; i++)
        n += (size_t)snprintf(to + n, size - n, v.p[i] > 0x1f && v.p[i] < 0x7f ? "%c" : "\\x%02x",
                              (unsigned char)v.p[i]);
    return to;
}

#endif
