/*
 * rewrite.c - see rewrite.h: the engine of worker-rewrite, called directly.
 */
#include "tests/inline/rewrite.h"

#include "common/xalloc.h"
#include "workers/rewrite.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

static void fill(struct wire_result *to, const struct rewrite_result *from)
{
    to->in_size = from->in_size;
    to->out_size = from->out_size;
    to->hops = from->hops;
    to->own_hops = from->own_hops;
    to->removed = from->removed;
    memcpy(to->sha256, from->sha256, sizeof to->sha256);
}

int inline_rewrite(int in, int out, struct view edits, struct wire_result *result)
{
    struct rewrite *rw = xcalloc(1, sizeof *rw);
    struct rewrite_result r = {0};
    struct stat st = {0};
    struct rewrite_io io = {.in = in, .out = out};
    int rc = -1;

    *result = (struct wire_result){.status = WIRE_OK};
    if (fstat(in, &st) == 0) {
        io.size = (uint64_t)st.st_size;
        rc = rewrite_open(rw, edits) < 0 ? -1 : rewrite_run(rw, &io, &r);
    }
    fill(result, &r);
    free(rw);
    return rc;
}
