/*
 * av_pages.c - see av_pages.h. Asks the kernel to put private memory of its own together, range by range.
 *
 * Called by role_av.c after the signatures were loaded and before the first fork: pages that two processes
 * share are not moved. Children keep the large pages; where one writes, the kernel gives it a small page of
 * its own, as ever. It trusts /proc/self/maps.
 */
#include "workers/av/av_pages.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
#define LARGE ((uintptr_t)2 << 20)

/* A line of /proc/self/maps: memory that belongs to this process alone and to no file. */
static bool is_own(const char *line, uintptr_t *from, uintptr_t *to)
{
    unsigned long inode;
    char rights[5];

    return sscanf(line, "%lx-%lx %4s %*x %*x:%*x %lu", from, to, rights, &inode) == 4 && inode == 0 &&
           strcmp(rights, "rw-p") == 0 && !strstr(line, "[stack");
}

/* Each by itself: one that the kernel does not do is no reason to leave out the next one. */
static size_t join(uintptr_t from, uintptr_t to)
{
    size_t joined = 0;

    for (uintptr_t at = (from + LARGE - 1) & ~(LARGE - 1); at + LARGE <= to; at += LARGE)
        if (madvise((void *)at, LARGE, MADV_COLLAPSE) == 0) // NOLINT(performance-no-int-to-ptr)
            joined += LARGE;
    return joined;
}

size_t av_pages_join(void)
{
    FILE *f = fopen("/proc/self/maps", "re");
    uintptr_t from, to;
    size_t joined = 0;
    char line[512];

    while (f && fgets(line, sizeof line, f))
        if (is_own(line, &from, &to))
            joined += join(from, to);
    if (f)
        fclose(f);
    return joined;
}
