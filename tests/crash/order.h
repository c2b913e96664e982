/*
 * order.h - checks the flush points of the on-disk protocol in one recorded run.
 *
 * A kill cannot show a missing fsync, because the kernel keeps what was written; the
 * order of the system calls can. The rules are those for a file system whose
 * metadata become durable in order (journal model A): F0, F1, F3 and the
 * journal before the unlink. Fed call by call by trace.h; believes only calls.
 */
#ifndef CRASH_ORDER_H
#define CRASH_ORDER_H

#include "tests/crash/trace.h"

struct order;

/* `root` is an absolute path without links; `record` takes a line per call, or is NULL. Both are borrowed. */
struct order *order_new(const char *root, FILE *record);
void order_free(struct order **o);
/* For struct trace_plan: `arg` is the order; never asks to kill. */
bool order_see(void *arg, const struct trace_call *call);
unsigned order_commits(const struct order *o);
unsigned order_violations(const struct order *o);
/* One line for each violation. */
struct view order_report(const struct order *o);

#endif
