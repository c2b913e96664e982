/*
 * store.h - the store thread: takes one batch of tasks at a time, answers when all of it is durable.
 *
 * The loop submits and collects; neither call waits. With `threaded` false the
 * batch runs inside store_submit(), which makes the order of system calls
 * repeatable for the crash tests. Tasks come back in the order of submission.
 */
#ifndef SPOOLD_STORE_H
#define SPOOLD_STORE_H

#include "spoold/depot.h"

struct store;

struct store *store_start(struct depot *d, bool threaded);
/* Waits for the batch in work; what it answered can still be collected before. The depot is the caller's
 * again. */
void store_stop(struct store **s);
/* Readable when there is something to collect. */
int store_fd(const struct store *s);
/* Whether a batch may be submitted: one at a time. */
bool store_idle(const struct store *s);
/* Takes all tasks of the list, which is empty afterwards. Only when idle. */
void store_submit(struct store *s, struct task_list *batch);
/* Moves the finished tasks to `to`; false when there are none. */
bool store_collect(struct store *s, struct task_list *to);
/* Milliseconds since the batch in work was submitted; 0 when idle. */
int64_t store_busy_ms(const struct store *s);
uint64_t store_batches(const struct store *s);

#endif
