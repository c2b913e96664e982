/*
 * read.c - see read.h. Trusts nothing about the file: how much there is to read is for its callers to judge.
 */
#include "workers/read.h"

#include <errno.h>
#include <unistd.h>

ssize_t read_at(int fd, char *p, size_t n, uint64_t at)
{
    ssize_t got;

    do
        got = pread(fd, p, n, (off_t)at);
    while (got < 0 && errno == EINTR);
    return got;
}
