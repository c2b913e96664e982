/*
 * options.h - the command line of sweep, parsed once and never changed.
 *
 * main() parses it; everyone else only reads it. It can be written out again, as
 * the command that repeats one point. Strings are borrowed from argv.
 */
#ifndef CRASH_OPTIONS_H
#define CRASH_OPTIONS_H

#include "tests/crash/oracle.h"

#include <stdint.h>

#define OPTIONS_ERRORS_MAX 16 /* errors of one --errors list */
#define OPTIONS_EXTRA_MAX  16 /* settings passed on by --option */
#define OPTIONS_JOBS_MAX   16

enum options_mode { OPTIONS_KILLS, OPTIONS_RECOVER_KILLS, OPTIONS_ERRORS, OPTIONS_ORDER };
enum options_scenario { OPTIONS_PLAIN, OPTIONS_REUSE, OPTIONS_TORN, OPTIONS_OVERWRITE, OPTIONS_SPLIT };

struct options {
    bool kills, recover_kills, order, release, threaded, workers, av, reload, exits, one, io, keep;
    const char *errors, *control, *spoold, *dir, *scenario_text, *mta_text, *record, *extra_text;
    uint64_t from, skip, to, stride, at, jobs, max_points, seed, timeout;
    enum options_mode mode;
    enum options_scenario scenario;
    enum oracle_take mta;
    int error[OPTIONS_ERRORS_MAX];
    size_t error_n;
    const char *extra[OPTIONS_EXTRA_MAX];
    size_t extra_n;
    char **argv; /* borrowed, for the command that repeats a point */
};

/* 0; -1 after saying on standard error what is wrong; 1 when only help was asked for. */
int options_parse(struct options *o, int argc, char **argv);
/* The options that say how a point is run, without those that choose it; in shell quoting. */
void options_repeat(const struct options *o, struct buf *to);

#endif
