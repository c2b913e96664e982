/*
 * exited.c - see exited.h. Called by the launcher for its loaders, by a loader for its children, and by a
 * child for the cost of one job; pure.
 */
#include "common/exited.h"

uint64_t exited_cpu_us(const struct rusage *used)
{
    return (uint64_t)(used->ru_utime.tv_sec + used->ru_stime.tv_sec) * 1000000 +
           (uint64_t)(used->ru_utime.tv_usec + used->ru_stime.tv_usec);
}

struct wire_packet exited_packet(uint64_t id, pid_t pid, int status, const struct rusage *used)
{
    struct wire_packet p = wire_packet(WIRE_EXITED, id);

    p.u.exited.status = status;
    p.u.exited.pid = (uint32_t)pid;
    p.u.exited.cpu_us = exited_cpu_us(used);
    p.u.exited.rss_kb = (uint64_t)used->ru_maxrss;
    return p;
}
