/*
 * code_seal.c - see code_seal.h.
 *
 * PCRE2 keeps its compiled patterns in memory that may be written and executed at the same time, which is all
 * that an intruder in a child would need to run code of his own; seccomp refuses every other way to such
 * memory. Nothing is compiled after the lock-down, so the right to write goes before it. It reads
 * /proc/self/maps, as the loader may, and touches nothing else.
 */
#include "workers/antispam/code_seal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAPS_MAX (4u << 20) /* bytes; some thousand mappings */

/* "7f00-7f10 rwxp ...": both numbers, and the rights behind them. */
static bool read_line(const char *line, unsigned long *from, unsigned long *to, const char **rights)
{
    char *end;

    *from = strtoul(line, &end, 16);
    if (end == line || *end != '-')
        return false;
    *to = strtoul(end + 1, &end, 16);
    *rights = end + 1;
    return *end == ' ' && *to > *from;
}

bool code_seal_find(struct view maps, unsigned n, unsigned long *from, unsigned long *to)
{
    const char *rights;

    while (maps.n) {
        const char *end = memchr(maps.p, '\n', maps.n);
        size_t line = end ? (size_t)(end - maps.p) : maps.n;

        if (end && read_line(maps.p, from, to, &rights) && rights + 3 <= end && rights[1] == 'w' &&
            rights[2] == 'x' && n-- == 0)
            return true;
        maps.p += line + (end != NULL);
        maps.n -= line + (end != NULL);
    }
    return false;
}

static int read_maps(struct buf *to)
{
    int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC), rc, saved;

    if (fd < 0)
        return -1;
    rc = buf_read_fd(to, fd, MAPS_MAX);
    saved = errno;
    close(fd);
    errno = saved;
    return rc;
}

int code_seal(unsigned *ranges, struct buf *why)
{
    struct buf maps = {0};
    unsigned long from, to;
    int rc = read_maps(&maps);

    for (*ranges = 0; rc == 0 && code_seal_find(buf_view(&maps), *ranges, &from, &to); ++*ranges)
        rc = mprotect((void *)from, to - from, PROT_READ | PROT_EXEC);
    if (rc < 0)
        buf_addf(why, "compiled patterns cannot be made safe against writing: %s", strerrordesc_np(errno));
    buf_free(&maps);
    return rc;
}
