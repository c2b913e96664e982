/*
 * escape.c - the attempts to get out of a worker's sandbox, one line each; and the same without a sandbox.
 *
 *   escape --role NAME    in the sandbox of this role: exit 1 when any attempt succeeded
 *   escape --none         control, without a sandbox: exit 1 when too few succeeded, because attempts that
 *                         fail anywhere prove nothing
 * Run by tests/func/sandbox_escape.sh. Uses the same code as the self-test of every loader.
 */
#include "common/log.h"
#include "workers/escape.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FREE_AS_ROOT 50
#define FREE_AS_USER 40

static const char *number_name(const struct escape_outcome *o)
{
    if (o->end == ESCAPE_ERRNO)
        return strerrorname_np(o->number);
    return o->number == SIGSYS ? "SIGSYS" : o->number == SIGKILL ? "SIGKILL" : "SIGSEGV";
}

static bool print_refused(size_t i, const struct escape_outcome *o)
{
    const struct escape_attempt *a = escape_get(i);
    const char *name = number_name(o);

    if (o->end == ESCAPE_ERRNO || o->end == ESCAPE_KILLED) {
        printf("refused %s %s\n", a->name, name ? name : "?");
        return true;
    }
    printf("%s %s %s (signal %d)\n", o->end == ESCAPE_SUCCEEDED ? "SUCCEEDED" : "BROKEN", a->name, a->what,
           o->number);
    return false;
}

static long elapsed_us(const struct timespec *since)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec - since->tv_sec) * 1000000 + (now.tv_nsec - since->tv_nsec) / 1000;
}

static void print_applied(const struct sandbox_result *r)
{
    printf("applied:");
    for (unsigned i = 0; role_sandbox_name(i); i++)
        if (r->applied & 1u << i)
            printf(" %s", role_sandbox_name(i));
    printf(" (Landlock ABI %u)\n", r->landlock_abi);
}

static int run_role(enum role role)
{
    const struct sandbox_options o = {.file_max = 1 << 20, .link = -1, .scratch = -1, .folder = -1};
    struct escape_report r = {0};
    struct buf why = {0};
    struct timespec start;
    size_t refused = 0, attempts = 0;
    long us;

    clock_gettime(CLOCK_MONOTONIC, &start);
    if (escape_run_report(role, &o, &r, &why) < 0) {
        fprintf(stderr, "escape: the attempts could not be made: %s\n", why.n ? why.p : strerror(errno));
        buf_free(&why);
        return EXIT_FINDING;
    }
    us = elapsed_us(&start);
    for (size_t i = 0; i < escape_count(); i++)
        if (escape_applies(escape_get(i), role)) {
            refused += print_refused(i, &r.outcome[i]);
            attempts++;
        }
    print_applied(&r.sandbox);
    printf("%zu attempts, %zu refused, %zu that do not apply, %ld us\n", attempts, refused,
           escape_count() - attempts, us);
    return refused == attempts ? EXIT_OK : EXIT_FINDING;
}

static bool run_free(size_t i)
{
    const struct escape_attempt *a = escape_get(i);
    struct escape_outcome o;
    const char *name;

    if (a->needs_root && geteuid() != 0) {
        printf("impossible %s: needs root\n", a->name);
        return false;
    }
    if (escape_run_free(i, &o) < 0) {
        printf("impossible %s: its folder or child cannot be made: %s\n", a->name, strerror(errno));
        return false;
    }
    if (o.end == ESCAPE_SUCCEEDED) {
        printf("succeeded %s\n", a->name);
        return true;
    }
    name = number_name(&o);
    printf("impossible %s: this kernel or user answers %s\n", a->name, name ? name : "?");
    return false;
}

static int run_none(void)
{
    size_t done = 0, wanted = geteuid() == 0 ? FREE_AS_ROOT : FREE_AS_USER;

    for (size_t i = 0; i < escape_count(); i++)
        done += run_free(i);
    printf("%zu attempts, %zu succeeded without a sandbox, at least %zu must\n", escape_count(), done,
           wanted);
    return done >= wanted ? EXIT_OK : EXIT_FINDING;
}

int main(int argc, char **argv)
{
    const struct role_row *row;

    setvbuf(stdout, NULL, _IOLBF, 0); /* nothing is to stand in a buffer when children are forked */
    /* What the caller left open is not the sandbox's hole. */
    close_range(STDERR_FILENO + 1, ~0U, 0);
    if (argc == 2 && strcmp(argv[1], "--none") == 0)
        return run_none();
    for (uint32_t i = 0; argc == 3 && strcmp(argv[1], "--role") == 0 && (row = role_find(i)); i++)
        if (strcmp(row->name, argv[2]) == 0)
            return run_role((enum role)i);
    if (argc == 2 && strcmp(argv[1], "--roles") == 0) {
        for (uint32_t i = 0; (row = role_find(i)); i++)
            printf("%s\n", row->name);
        return EXIT_OK;
    }
    fprintf(stderr, "usage: escape --role NAME | --none | --roles\n");
    return EXIT_USAGE_64;
}
