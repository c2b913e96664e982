/*
 * options.c - see options.h: one table row per option.
 *
 * The parser, the help text and the command that repeats a point are all made
 * from that table. Numbers must be whole and names known: a sweep that did
 * not do what was asked would look like a success.
 */
#include "tests/crash/options.h"

#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#define ERRNO_MAX 133 /* highest errno of Linux */

enum kind { FLAG, NUMBER, TEXT };

struct row {
    const char *name;
    enum kind kind;
    size_t field;
    bool chooses; /* chooses points or how many: left out of the command that repeats one */
    const char *help;
};

#define FIELD(f) offsetof(struct options, f)

static const struct row rows[] = {
    {"kills", FLAG, FIELD(kills), true, "kill at one system call after another, recover, check (default)"},
    {"recover-kills", FLAG, FIELD(recover_kills), true, "the same, and kill the recovery too"},
    {"errors", TEXT, FIELD(errors), true, "make file calls fail one after another: EIO,ENOSPC,..."},
    {"order", FLAG, FIELD(order), true, "check the flush points in one undisturbed run"},
    {"release", FLAG, FIELD(release), true,
     "kill in the middle of releases and deletions of quarantine entries"},
    {"threaded", FLAG, FIELD(threaded), false,
     "store in a thread of its own; points are random, from the seed"},
    {"workers", FLAG, FIELD(workers), false,
     "with real worker processes, which are points too; random, from the first message taken on"},
    {"av", FLAG, FIELD(av), false, "with --workers: viruses are looked for, and are among the messages"},
    {"reload", FLAG, FIELD(reload), false, "with --workers: new generations of workers (SIGHUP) on the way"},
    {"scenario", TEXT, FIELD(scenario_text), false,
     "plain, reuse (names used again at once), torn (half claims), overwrite, split (recipients with "
     "profiles;\n"
     "                   with --workers antispam.enable has to be on)"},
    {"mta", TEXT, FIELD(mta_text), false, "after a kill the consumer takes pairs: whole, slow or not"},
    {"from", NUMBER, FIELD(from), true, "first point (1)"},
    {"skip", NUMBER, FIELD(skip), true, "leave out the first so many per cent of the points (0)"},
    {"to", NUMBER, FIELD(to), true, "last point (as many as an undisturbed run has)"},
    {"stride", NUMBER, FIELD(stride), true, "take each n-th point (1)"},
    {"at", NUMBER, FIELD(at), true, "with --recover-kills: only this point of the recovery"},
    {"max-points", NUMBER, FIELD(max_points), true, "at most so many, spread evenly or at random"},
    {"seed", NUMBER, FIELD(seed), true, "of random points"},
    {"jobs", NUMBER, FIELD(jobs), true, "processes at one time (1)"},
    {"exits", FLAG, FIELD(exits), false, "the return of a call is a point too"},
    {"io", FLAG, FIELD(io), false, "only file calls are points"},
    {"one", FLAG, FIELD(one), false, "kill only the process that makes the call"},
    {"control", TEXT, FIELD(control), false, "be wrong on purpose in this way; violations are then expected"},
    {"spoold", TEXT, FIELD(spoold), false, "program under test (build/test/spoold)"},
    {"option", TEXT, FIELD(extra_text), false,
     "setting SECTION.KEY=VALUE passed on with -o; may be repeated"},
    {"dir", TEXT, FIELD(dir), true, "work here (a new folder in /dev/shm where there is one)"},
    {"keep", FLAG, FIELD(keep), true, "stop at the first violation and keep its folder"},
    {"record", TEXT, FIELD(record), true, "with --order: write all file calls to this file"},
    {"timeout", NUMBER, FIELD(timeout), false,
     "milliseconds that one run may take (20000; with --errors 10000)"},
    {"help", FLAG, 0, true, "this text"},
};
#define ROWS_N (sizeof(rows) / sizeof(rows[0]))

static void print_help(void)
{
    puts("usage: sweep [--kills | --recover-kills | --errors LIST | --order] [options]\n"
         "Kills or disturbs spoold at system call after system call and checks that no message is lost,\n"
         "delivered twice or mixed. Exit 0: no violation (with --control: at least one); 1: otherwise;\n"
         "77: this machine cannot trace.\n");
    for (size_t i = 0; i < ROWS_N; i++)
        printf("  --%-14s %s\n", rows[i].name, rows[i].help);
}

static int set_number(uint64_t *to, const char *name, const char *text)
{
    char *end = NULL;

    errno = 0;
    *to = strtoull(text, &end, 10);
    if (errno || end == text || *end || text[0] == '-') {
        fprintf(stderr, "sweep: --%s wants a number, not \"%s\"\n", name, text);
        return -1;
    }
    return 0;
}

static int set_field(struct options *o, const struct row *r, const char *text)
{
    char *field = (char *)o + r->field;

    if (r->kind == FLAG)
        *(bool *)(void *)field = true;
    else if (r->kind == NUMBER)
        return set_number((uint64_t *)(void *)field, r->name, text);
    else if (r->field != FIELD(extra_text))
        *(const char **)(void *)field = text;
    else if (o->extra_n < OPTIONS_EXTRA_MAX)
        o->extra[o->extra_n++] = text;
    return 0;
}

static int find_errno(const char *name, size_t n)
{
    for (int e = 1; e <= ERRNO_MAX; e++) {
        const char *have = strerrorname_np(e);

        if (have && strlen(have) == n && memcmp(have, name, n) == 0)
            return e;
    }
    return 0;
}

static int parse_errors(struct options *o)
{
    const char *p = o->errors;

    while (p && *p) {
        size_t n = strcspn(p, ",");
        int e = find_errno(p, n);

        if (!e || o->error_n == OPTIONS_ERRORS_MAX) {
            fprintf(stderr, "sweep: --errors: \"%.*s\" is no error name, or there are too many\n", (int)n, p);
            return -1;
        }
        o->error[o->error_n++] = e;
        p += n + (p[n] == ',');
    }
    return 0;
}

/* The place of `text` in `names`; `def` when there is none given. */
static int choose(const char *option, const char *text, const char *const *names, int def)
{
    if (!text)
        return def;
    for (int i = 0; names[i]; i++)
        if (strcmp(names[i], text) == 0)
            return i;
    fprintf(stderr, "sweep: --%s does not know \"%s\"\n", option, text);
    return -1;
}

static int finish(struct options *o)
{
    static const char *const scenarios[] = {"plain", "reuse", "torn", "overwrite", "split", NULL};
    static const char *const takes[] = {"not", "whole", "slow", NULL};
    int scenario = choose("scenario", o->scenario_text, scenarios, OPTIONS_PLAIN);
    int mta = choose("mta", o->mta_text, takes, ORACLE_TAKE_WHOLE);

    if (scenario < 0 || mta < 0 || parse_errors(o) < 0)
        return -1;
    if (o->kills + o->recover_kills + o->order + o->release + (o->errors != NULL) > 1) {
        fprintf(stderr,
                "sweep: one of --kills, --recover-kills, --errors, --order and --release at a time\n");
        return -1;
    }
    if (o->from < 1 || o->stride < 1 || o->jobs < 1 || o->jobs > OPTIONS_JOBS_MAX) {
        fprintf(stderr, "sweep: --from, --stride and --jobs begin with 1, jobs end with %d\n",
                OPTIONS_JOBS_MAX);
        return -1;
    }
    if (o->timeout == 0)
        o->timeout = o->errors ? 10000 : 20000; /* an error may well make it wait for ever */
    o->scenario = (enum options_scenario)scenario;
    o->mta = (enum oracle_take)mta;
    if (o->recover_kills)
        o->mode = OPTIONS_RECOVER_KILLS;
    else if (o->order)
        o->mode = OPTIONS_ORDER;
    else if (o->errors)
        o->mode = OPTIONS_ERRORS;
    return 0;
}

int options_parse(struct options *o, int argc, char **argv)
{
    struct option list[ROWS_N + 1] = {0};
    int c, at = 0;

    *o = (struct options){.from = 1, .stride = 1, .jobs = 1, .argv = argv};
    o->spoold = "build/test/spoold";
    for (size_t i = 0; i < ROWS_N; i++)
        list[i] = (struct option){rows[i].name, rows[i].kind != FLAG, NULL, 0};
    while ((c = getopt_long(argc, argv, "", list, &at)) != -1) {
        if (c != 0)
            return -1;
        if (strcmp(rows[at].name, "help") == 0) {
            print_help();
            return 1;
        }
        if (set_field(o, &rows[at], optarg) < 0)
            return -1;
    }
    if (optind < argc) {
        fprintf(stderr, "sweep: \"%s\" is no option; see --help\n", argv[optind]);
        return -1;
    }
    return finish(o);
}

void options_repeat(const struct options *o, struct buf *to)
{
    buf_add_str(to, o->argv[0]);
    for (size_t i = 0; i < ROWS_N; i++) {
        const struct row *r = &rows[i];
        const char *field = (const char *)o + r->field;

        if (r->chooses || r->field == FIELD(extra_text))
            continue;
        if (r->kind == FLAG && *(const bool *)(const void *)field)
            buf_addf(to, " --%s", r->name);
        if (r->kind == NUMBER)
            buf_addf(to, " --%s %llu", r->name, (unsigned long long)*(const uint64_t *)(const void *)field);
        if (r->kind == TEXT && *(const char *const *)(const void *)field)
            buf_addf(to, " --%s '%s'", r->name, *(const char *const *)(const void *)field);
    }
    for (size_t i = 0; i < o->extra_n; i++)
        buf_addf(to, " --option '%s'", o->extra[i]);
}
