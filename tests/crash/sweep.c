/*
 * sweep.c - the crash and fault harness: main() and the loop over the points.
 *
 * For every chosen system call the program under test is killed there, or the
 * call is made to fail, and after recovery each message must be in exactly the
 * places where it belongs. Run by `make check` with few points and by hand with all of
 * them. Works in a directory of its own and never outside it; needs ptrace.
 */
#include "tests/crash/order.h"
#include "tests/crash/plan.h"
#include "tests/crash/point.h"
#include "tests/crash/release_sweep.h"

#include "common/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EXIT_SKIP   77 /* as automake: not run */
#define REPORTS_MAX 10 /* findings of one job that are printed in full */

struct tally {
    unsigned points, unreached, stopped, parked;
    unsigned found[ORACLE_KIND__MAX];
};

/* In memory that all jobs share; each writes its own tally only. */
struct board {
    volatile bool stop;
    struct tally job[OPTIONS_JOBS_MAX];
};

struct job {
    struct bench bench;
    struct board *board;
    struct tally *tally;
    uint64_t total;
    unsigned reports;
};

static unsigned sum_found(const unsigned found[ORACLE_KIND__MAX])
{
    unsigned n = 0;

    for (int k = 0; k < ORACLE_KIND__MAX; k++)
        n += found[k];
    return n;
}

static void print_finding(struct job *j, const struct point *p, const struct point_result *res)
{
    const struct options *o = j->bench.o;
    struct buf b = {0};

    if (j->reports++ >= REPORTS_MAX)
        return;
    buf_addf(&b, "point %llu", (unsigned long long)p->first);
    if (p->second)
        buf_addf(&b, ", recovery killed at %llu", (unsigned long long)p->second);
    buf_addf(&b, "%s%s:\n", p->error ? ", " : "", p->error ? strerrorname_np(p->error) : "");
    buf_add_view(&b, buf_view(&res->say));
    buf_add_str(&b, "    repeat: ");
    options_repeat(o, &b);
    if (p->first)
        buf_addf(&b, " --from %llu --to %llu", (unsigned long long)p->first, (unsigned long long)p->first);
    buf_add_str(&b, p->first ? " --keep" : " --max-points 1 --keep");
    if (p->second)
        buf_addf(&b, " --recover-kills --at %llu", (unsigned long long)p->second);
    if (p->error)
        buf_addf(&b, " --errors %s", strerrorname_np(p->error));
    if (o->keep)
        buf_addf(&b, "\n    kept: %s and %s", j->bench.root.s, j->bench.log.s);
    buf_add_char(&b, '\n');
    (void)buf_write_fd(&b, STDOUT_FILENO);
    buf_free(&b);
}

static void enter_result(struct job *j, const struct point *p, const struct point_result *res)
{
    unsigned n = sum_found(res->found);

    if (p->first == 0 || (res->reached && (!p->second || res->second_reached)))
        j->tally->points++;
    else
        j->tally->unreached++;
    j->tally->stopped += res->stopped;
    j->tally->parked += res->parked;
    for (int k = 0; k < ORACLE_KIND__MAX; k++)
        j->tally->found[k] += res->found[k];
    if (n)
        print_finding(j, p, res);
    if (n && (j->bench.o->keep || j->bench.o->control))
        j->board->stop = true;
}

static void run_point(struct job *j, const struct point *p, bool *second_reached)
{
    struct point_result res = {0};

    if (point_run(&j->bench, p, &res) < 0)
        fatal("the run at point %llu failed", (unsigned long long)p->first);
    enter_result(j, p, &res);
    *second_reached = res.second_reached;
    buf_free(&res.say);
}

/* All points of the recovery after a kill at p->first. */
static void run_row(struct job *j, struct point p)
{
    bool more = true;

    for (p.second = plan_first_second(j->bench.o, p.first); more && !j->board->stop;
         p.second += j->bench.o->stride)
        run_point(j, &p, &more);
}

static void run_job(struct job *j, uint64_t k)
{
    const struct options *o = j->bench.o;
    struct point p = {0};
    bool ignore;

    for (; !j->board->stop && plan_point(o, k, j->total, &p); k += o->jobs) {
        if (plan_is_row(o))
            run_row(j, p);
        else
            run_point(j, &p, &ignore);
    }
}

static void print_summary(const struct options *o, const struct board *board, double seconds)
{
    struct tally t = {0};

    for (size_t i = 0; i < OPTIONS_JOBS_MAX; i++) {
        t.points += board->job[i].points;
        t.unreached += board->job[i].unreached;
        t.stopped += board->job[i].stopped;
        t.parked += board->job[i].parked;
        for (int k = 0; k < ORACLE_KIND__MAX; k++)
            t.found[k] += board->job[i].found[k];
    }
    printf("sweep: %u points", t.points);
    if (t.unreached)
        printf(" (%u more ended before theirs)", t.unreached);
    printf(", lost %u, twice %u, half pairs %u, mixed %u, torn %u, other %u", t.found[ORACLE_LOST],
           t.found[ORACLE_TWICE], t.found[ORACLE_HALF], t.found[ORACLE_MIXED], t.found[ORACLE_TORN],
           t.found[ORACLE_OTHER]);
    if (o->mode == OPTIONS_ERRORS)
        printf(", parked %u, stopped by force %u", t.parked, t.stopped);
    printf(", %.1f seconds\n", seconds);
}

static unsigned board_total(const struct board *board)
{
    unsigned n = 0;

    for (size_t i = 0; i < OPTIONS_JOBS_MAX; i++)
        n += sum_found(board->job[i].found);
    return n;
}

/* The undisturbed run: what it gets wrong, and how many points it has. -1 when there is no tracing. */
static int measure(struct job *j)
{
    struct point p = {.error = j->bench.o->error_n ? j->bench.o->error[0] : 0};
    struct point_result res = {0}, again = {0};
    int rc = point_run(&j->bench, &p, &res);

    if (rc < 0)
        return -1;
    j->total = res.points;
    enter_result(j, &p, &res);
    buf_free(&res.say);
    if (j->board->stop || plan_is_random(j->bench.o))
        return 0;
    rc = point_run(&j->bench, &p, &again);
    if (rc == 0 && again.points != j->total)
        printf("sweep: note: not repeatable, another run has %llu points; some moments may be missed\n",
               (unsigned long long)again.points);
    buf_free(&again.say);
    return rc;
}

/*
 * A control proves something only when the program is right without it:
 * else a program that does not even start would be a success.
 */
static int check_without_control(const struct bench *b)
{
    struct point p = {0};
    struct point_result res = {0};
    int rc;

    if (!b->o->control)
        return 0;
    unsetenv("SPOOLD_CONTROL");
    rc = point_run(b, &p, &res);
    setenv("SPOOLD_CONTROL", b->o->control, 1);
    if (rc == 0 && sum_found(res.found) > 0) {
        printf("sweep: the program fails even without the control:\n");
        fwrite(res.say.p, 1, res.say.n, stdout);
        rc = 1;
    }
    buf_free(&res.say);
    return rc;
}

static void start_job(const struct job *first, const struct disk_path *dir, unsigned k)
{
    struct job j = *first;

    j.bench.root = disk_path("%.900s/%u", dir->s, k);
    j.bench.log = disk_path("%.900s/%u.log", dir->s, k);
    j.tally = &j.board->job[k];
    run_job(&j, k);
    fflush(stdout);
    _exit(0);
}

static int run_jobs(const struct job *first, const struct disk_path *dir)
{
    int status = 0, rc = 0;

    fflush(stdout);
    for (unsigned k = 0; k < first->bench.o->jobs; k++) {
        pid_t pid = fork();

        if (pid == 0)
            start_job(first, dir, k);
        if (pid < 0)
            fatal("cannot start a job");
    }
    while (wait(&status) > 0 || errno == EINTR)
        if (status != 0)
            rc = -1;
    return rc;
}

static double now_seconds(void)
{
    struct timespec ts = {0};

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int sweep_order(const struct bench *b)
{
    FILE *record = b->o->record ? fopen(b->o->record, "we") : NULL;
    struct order *order = NULL;
    struct point_result res = {0};
    int rc = -1;

    if (b->o->record && !record)
        fatal("cannot write %s", b->o->record);
    order = order_new(b->root.s, record);
    if (point_watch(b, order_see, order, &res) < 0)
        goto out;
    fwrite(order_report(order).p, 1, order_report(order).n, stdout);
    fwrite(res.say.p, 1, res.say.n, stdout);
    printf("sweep: order of %llu system calls, %u commits, %u violations, %u other findings\n",
           (unsigned long long)res.points, order_commits(order), order_violations(order),
           sum_found(res.found));
    /* Without a commit nothing was checked, and that is no success. */
    if (b->o->control)
        rc = order_violations(order) == 0;
    else
        rc = order_commits(order) == 0 || order_violations(order) + sum_found(res.found) > 0;
out:
    if (record)
        fclose(record);
    buf_free(&res.say);
    order_free(&order);
    return rc;
}

static int sweep_points(struct job *j, const struct disk_path *dir)
{
    double began = now_seconds();
    bool bad;

    if (measure(j) < 0)
        return -1;
    printf("sweep: an undisturbed run has %llu points%s", (unsigned long long)j->total,
           plan_is_random(j->bench.o) ? "" : "\n");
    if (plan_is_random(j->bench.o))
        printf(", seed %llu\n", (unsigned long long)j->bench.o->seed);
    if (!j->board->stop && run_jobs(j, dir) < 0) {
        printf("sweep: a job ended early, see above\n");
        return 1;
    }
    print_summary(j->bench.o, j->board, now_seconds() - began);
    bad = board_total(j->board) > 0;
    if (!j->bench.o->control)
        return bad;
    if (!bad)
        printf("sweep: the control \"%s\" was not noticed\n", j->bench.o->control);
    return !bad;
}

/* Through memory of libc's own size: realpath(3) wants PATH_MAX bytes. */
static bool absolute(const char *path, struct disk_path *to)
{
    char *whole = realpath(path, NULL);
    bool fits = whole && strlen(whole) < sizeof to->s;

    if (fits)
        memcpy(to->s, whole, strlen(whole) + 1);
    free(whole);
    return fits;
}

/* Absolute and without links, because it is compared with what /proc says about descriptors. */
static void make_work_dir(const struct options *o, struct disk_path *dir)
{
    const char *tmp = getenv("TMPDIR");
    struct disk_path made;

    if (o->dir) {
        disk_make_dir(o->dir);
        made = disk_path("%s", o->dir);
    } else {
        made = disk_path("%s/sweep.XXXXXX", disk_exists("/dev/shm") ? "/dev/shm" : tmp ? tmp : "/tmp");
        if (!mkdtemp(made.s) || chmod(made.s, 0755) < 0)
            fatal("cannot make a folder to work in");
    }
    if (!absolute(made.s, dir))
        fatal("cannot find %s", made.s);
}

/* Leaves nothing of its own behind, and nothing of others' in a folder it was given. */
static void remove_work(const struct options *o, const struct disk_path *dir)
{
    for (unsigned k = 0; k < o->jobs; k++) {
        disk_remove_tree(disk_path("%.900s/%u", dir->s, k).s);
        (void)unlink(disk_path("%.900s/%u.log", dir->s, k).s);
    }
    if (!o->dir)
        disk_remove_tree(dir->s);
}

static int run(struct options *o)
{
    struct disk_path dir = {0}, spoold = {0};
    struct board *board =
        mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct job j = {.board = board};
    int rc;

    if (board == MAP_FAILED)
        fatal("cannot share memory with jobs");
    if (access(o->spoold, X_OK) < 0 || !absolute(o->spoold, &spoold))
        fatal("cannot run %s", o->spoold);
    o->spoold = spoold.s;
    make_work_dir(o, &dir);
    if (o->release) {
        rc = release_sweep(o, &dir);
        disk_remove_tree(disk_path("%.900s/release", dir.s).s);
        remove_work(o, &dir);
        return rc;
    }
    j.bench = (struct bench){o, disk_path("%.900s/0", dir.s), disk_path("%.900s/0.log", dir.s)};
    j.tally = &board->job[0];
    rc = check_without_control(&j.bench);
    if (rc == 0)
        rc = o->mode == OPTIONS_ORDER ? sweep_order(&j.bench) : sweep_points(&j, &dir);
    if (!(o->keep && board->stop))
        remove_work(o, &dir);
    munmap(board, sizeof(*board));
    return rc;
}

int main(int argc, char **argv)
{
    struct options o;
    int rc = options_parse(&o, argc, argv);

    if (rc != 0)
        return rc > 0 ? EXIT_OK : EXIT_USAGE_64;
    if (o.seed == 0)
        o.seed = (uint64_t)time(NULL);
    if (o.control)
        setenv("SPOOLD_CONTROL", o.control, 1);
    else
        unsetenv("SPOOLD_CONTROL");
    if (o.workers)
        unsetenv("SPOOLD_INLINE_WORKERS");
    else
        setenv("SPOOLD_INLINE_WORKERS", "1", 1);
    rc = trace_supported() ? run(&o) : -1;
    if (rc < 0) {
        printf("sweep: skipped: needs x86-64 Linux and the right to trace its own children\n");
        return EXIT_SKIP;
    }
    return rc ? EXIT_FINDING : EXIT_OK;
}
