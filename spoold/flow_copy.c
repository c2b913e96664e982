/*
 * flow_copy.c - copies a file as it is, where a rename cannot do it: into a quarantine on another file
 * system.
 *
 * Store thread. Called by flow_quarantine.c and recover_repair.c; what it reads is
 * never looked at.
 */
#include "spoold/flow_copy.h"

#include "common/buf.h"

#include <unistd.h>

#define COPY_CHUNK 65536

int flow_copy_bytes(int from, int to)
{
    char chunk[COPY_CHUNK];
    ssize_t n;

    while ((n = read(from, chunk, sizeof chunk)) > 0) {
        struct buf b = {chunk, (size_t)n, 0};

        if (buf_write_fd(&b, to) < 0)
            return -1;
    }
    return n < 0 ? -1 : 0;
}
