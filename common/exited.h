/*
 * exited.h - how a process ended and what it cost, as launcher and loaders tell it.
 */
#ifndef COMMON_EXITED_H
#define COMMON_EXITED_H

#include "common/wire.h"

#include <sys/resource.h>
#include <sys/types.h>

/* What a process used of the processors, user and system together, in microseconds. */
uint64_t exited_cpu_us(const struct rusage *used);
/* An EXITED packet: status and usage as wait4(2) gave them. */
struct wire_packet exited_packet(uint64_t id, pid_t pid, int status, const struct rusage *used);

#endif
