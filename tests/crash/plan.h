/*
 * plan.h - which points a sweep visits, as a pure function of the options.
 *
 * Jobs take the numbers k, k + jobs, ... and need not talk to each other. Called
 * by sweep.c; knows nothing of the program under test but its number of points.
 */
#ifndef CRASH_PLAN_H
#define CRASH_PLAN_H

#include "tests/crash/point.h"

/* The k-th point (from 0) when an undisturbed run has `total`; false behind the last. */
bool plan_point(const struct options *o, uint64_t k, uint64_t total, struct point *p);
/* Whether each point of plan_point() stands for all kills of the recovery after it. */
bool plan_is_row(const struct options *o);
bool plan_is_random(const struct options *o);
/* Where a row begins: moved from row to row, so that a stride does not always skip the same points. */
uint64_t plan_first_second(const struct options *o, uint64_t first);

#endif
