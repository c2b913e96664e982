/*
 * listtest.h - the self test of DNS lists (RFC 5782, 5): one that lists everything or nothing is not asked.
 *
 * Loop thread. Each [rbl NAME] and [uribl NAME] with self_test is asked for its test entries at the start and
 * each hour, through resolver.h. What fails is suspended, shown and an alarm, until it passes again. A list
 * that does not answer keeps its state for some minutes. Answers are a stranger's.
 */
#ifndef SPOOLD_LISTTEST_H
#define SPOOLD_LISTTEST_H

#include "common/buf.h"

#include <stdint.h>

#define LISTTEST_AGAIN_MS 3600000 /* from one test to the next */
#define LISTTEST_RETRY_MS 60000   /* of a list that did not answer */
#define LISTTEST_SETTLE_MS 3000  /* after a change of the settings */
#define LISTTEST_SILENT_N 3       /* tests in a row without an answer: it cannot be reached */

struct json;
struct listtest;
struct spoold;

/* Takes the lists of s->cfg; asks s->resolver from the first listtest_run() on. */
struct listtest *listtest_open(struct spoold *s);
/* Before the resolver. */
void listtest_close(struct listtest **t);
/* s->cfg is another one: lists that are the same keep their state; those that are suspended are tested
 * soon, because the administrator may have done something about it. */
void listtest_replace(struct listtest *t);
/* Begins what is due; returns when to be called again at the latest, monotonic ms. */
int64_t listtest_run(struct listtest *t, int64_t now);
/* "rbl:zen uribl:dbl": what an order to worker-antispam names as suspended. NULL, as in tools: nothing. */
void listtest_add_suspended(const struct listtest *t, struct buf *to);
/* Adds "lists":{"rbl:zen":{"zone","state":"usable|suspended|untested","since","tested","why"}}; times only
 * where there are some. */
void listtest_add_status(const struct listtest *t, struct json *j);

#endif
