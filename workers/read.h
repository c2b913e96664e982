/*
 * read.h - reading a message from its descriptor, for the roles that take it into memory.
 *
 * Used by role_av.c and role_antispam.c.
 */
#ifndef WORKERS_READ_H
#define WORKERS_READ_H

#include <stdint.h>
#include <sys/types.h>

/* pread(2) without the signal that came in between: the offset of the descriptor is shared with others. */
ssize_t read_at(int fd, char *p, size_t n, uint64_t at);

#endif
