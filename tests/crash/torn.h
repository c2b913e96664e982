/*
 * torn.h - half claims made by hand: content in proc, envelope still in incoming.
 *
 * Called by point.c before the disturbed run, so that every kill meets the state in
 * which two files of one message stand in two directories. Runs the program
 * under test once; never invents an id of its own.
 */
#ifndef CRASH_TORN_H
#define CRASH_TORN_H

#include "tests/crash/point.h"

/*
 * Turns the deposits that stand in incoming into half claims, as far as that
 * can be done, and removes the outputs of their attempts. Returns how many.
 */
size_t torn_make(const struct bench *b, char *const *argv, const struct deposit_set *set);

#endif
