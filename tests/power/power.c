/*
 * power.c - the power-cut harness: main(), the loop over the cuts, and the figures.
 *
 *   power --fs ext4|xfs [--cuts N] [--messages N] [--bin DIR] [--seed N] [--dir DIR]
 *   power --fs ext4|xfs --control no_fsync.so      the negative control
 *
 * 100 messages a cut are dropped by spooldrop on a file system in an image, spoold works on them, a mail
 * server takes them; at a random moment the file system is shut down, everything is killed, mounted again and
 * started again (sometimes to be cut again). What spooldrop accepted must then be delivered, byte for byte,
 * the books must balance. The control must lose more than half where the journal is lost. Needs root, loop
 * devices, a mount namespace: else exit code 77. A failing cut ends the run; its images are kept. Figures
 * beside lost and the like: published again (same bytes, same BASE: the mail server had acted before the
 * flush), removal undone (the mail server had not flushed its own), said too late (spooldrop said 0 when the
 * power was gone already).
 */
#include "tests/power/cut.h"

#include "common/log.h"

#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define EXIT_SKIP    77 /* as automake: not run */
#define SERIES       10 /* cuts before the file system is made anew */
#define CONTROL_LOSS 50 /* per cent of the accepted messages that it must lose at least */

struct options {
    const char *fs, *bin, *dir;
    const char *control; /* NULL, or the library that takes fsync away */
    unsigned cuts, messages;
    uint64_t seed;
};

struct tally {
    unsigned cuts, second;
    struct judge_sum sum;
};

static const char *const mode_names[] = {"log kept", "log lost"};
_Static_assert(sizeof(mode_names) / sizeof(mode_names[0]) == VOLUME_MODE__MAX, "a name for every mode");

static double now_seconds(void)
{
    struct timespec ts = {0};

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static unsigned faults(const struct mail_set *s)
{
    unsigned n = 0;

    for (int f = 0; f < MAIL_FAULT__MAX; f++)
        n += s->fault[f];
    return n;
}

static void print_finding(const struct options *o, const struct mail_set *s, const struct cut_draw *d)
{
    printf(
        "power: a finding, seed %llu, %s, %s, cut %u us after %u messages, taker %d, syncfs_above %u%s%s:\n",
        (unsigned long long)o->seed, o->fs, mode_names[d->mode], d->delay, d->after, (int)d->taker,
        d->syncfs_above, d->burst ? ", burst" : "", d->second ? ", second cut" : "");
    fwrite(s->say.p, 1, s->say.n, stdout);
    printf("    kept: %s (image.cut1, image.cut2: as the power left them; image: after recovery; log)\n",
           o->dir);
}

/* Nothing is published before the cut and nothing repaired between two: all that was accepted is on that
 * disk. */
static struct cut_draw draw(const struct options *o, uint64_t *seed, unsigned n)
{
    struct cut_draw d = cut_draw(seed, o->messages);

    d.mode = (enum volume_mode)(n % VOLUME_MODE__MAX);
    if (o->control) {
        d.taker = TRAFFIC_AWAY;
        d.second = false;
    }
    return d;
}

static void print_mode(const struct options *o, enum volume_mode mode, const struct tally *t)
{
    const struct judge_sum *s = &t->sum;

    printf("power: %s, %s: %u cuts", o->fs, mode_names[mode], t->cuts);
    if (t->second)
        printf(" + %u while recovering", t->second);
    printf(", %u accepted, lost %u", s->accepted, s->lost);
    if (o->control)
        printf(" (%u %%)\n", s->accepted ? 100 * s->lost / s->accepted : 0);
    else
        printf(
            ", published again %u, removal undone %u, in quarantine %u; said too late %u, of these gone %u\n",
            s->repeats, s->again, s->parked, s->late, s->late_lost);
}

static void print_all(const struct options *o, const struct mail_set *s, const struct tally t[],
                      double seconds)
{
    for (int m = 0; m < VOLUME_MODE__MAX; m++)
        print_mode(o, (enum volume_mode)m, &t[m]);
    printf("power: %s%s: %u cuts", o->fs, o->control ? " without fsync" : "",
           t[0].cuts + t[0].second + t[1].cuts + t[1].second);
    if (!o->control)
        for (int f = 0; f < MAIL_FAULT__MAX; f++)
            printf(", %s %u", mail_fault_name((enum mail_fault)f), s->fault[f]);
    printf(", %.1f seconds\n", seconds);
}

/* The verdict on the control: whether it lost enough. */
static int judge_control(const struct tally t[])
{
    const struct judge_sum *s = &t[VOLUME_LOST].sum;

    if (s->accepted && s->lost * 100 > s->accepted * CONTROL_LOSS)
        return EXIT_OK;
    printf("power: without fsync too little was lost: the cuts of this harness prove nothing\n");
    return EXIT_FINDING;
}

/* 0, EXIT_FINDING or EXIT_SKIP. */
static int run_cuts(const struct options *o, struct mail_set *s, struct bench *b)
{
    struct tally tally[VOLUME_MODE__MAX] = {0};
    uint64_t seed = o->seed;
    double began = now_seconds();
    const char *why = "";

    for (unsigned n = 0; n < o->cuts; n++) {
        struct cut_draw d = draw(o, &seed, n);

        if (n % SERIES == 0 || o->control) {
            mail_clear(s);
            if (cut_new_spool(b, &why) < 0) {
                printf("power: skipped %s: %s\n", o->fs, why);
                return EXIT_SKIP;
            }
        }
        cut_run(s, b, &d, &tally[d.mode].sum);
        tally[d.mode].cuts++;
        tally[d.mode].second += d.second;
        if (!o->control && faults(s)) {
            print_finding(o, s, &d);
            break;
        }
    }
    print_all(o, s, tally, now_seconds() - began);
    if (o->control)
        return judge_control(tally);
    return faults(s) ? EXIT_FINDING : EXIT_OK;
}

/* The first process of a process namespace: all that it starts ends with it. The outer one clears away. */
static int run_inside(const struct options *o)
{
    const char *why = volume_enter();
    struct mail_set set = {0};
    struct bench b = {.bin = o->bin, .shim = o->control};
    int rc;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (why) {
        printf("power: skipped: %s\n", why);
        return EXIT_SKIP;
    }
    if (!volume_init(&b.vol, o->fs, o->dir))
        fatalx("--fs must be ext4 or xfs");
    b.root = disk_path("%.900s/spool", b.vol.at.s);
    b.log = disk_path("%.900s/log", o->dir);
    rc = run_cuts(o, &set, &b);
    program_spoold_kill(&b);
    volume_unmount(&b.vol);
    mail_free(&set);
    return rc;
}

static pid_t inside; /* for the signal handler */

static void on_end(int signal)
{
    (void)signal;
    kill(inside, SIGKILL);
}

static int run(struct options *o)
{
    const char *tmp = getenv("TMPDIR");
    struct disk_path dir = disk_path("%s/power.XXXXXX", disk_exists("/dev/shm") ? "/dev/shm"
                                                        : tmp                   ? tmp
                                                                                : "/tmp");
    char *shim = NULL;
    int rc;

    if (o->control && !(shim = realpath(o->control, NULL)))
        fatal("cannot find %s", o->control);
    o->control = shim;
    if (o->dir)
        disk_make_dir(o->dir);
    else if (!mkdtemp(dir.s) || chmod(dir.s, 0755) < 0)
        fatal("cannot make a folder to work in");
    else
        o->dir = dir.s;
    /* Not allowed: then neither is a mount namespace, and the other process says so. */
    (void)unshare(CLONE_NEWPID);
    inside = fork();
    if (inside == 0)
        exit(run_inside(o));
    if (inside < 0)
        fatal("cannot start");
    signal(SIGINT, on_end);
    signal(SIGTERM, on_end);
    signal(SIGHUP, on_end);
    rc = program_wait(inside);
    if (rc != EXIT_FINDING || o->control)
        disk_remove_tree(o->dir);
    free(shim);
    return rc;
}

static int usage(void)
{
    fprintf(
        stderr,
        "usage: power --fs ext4|xfs [--cuts N] [--messages N] [--bin DIR] [--control no_fsync.so] [--seed N] "
        "[--dir DIR]\n");
    return EXIT_USAGE_64;
}

static bool read_number(uint64_t *to, const char *text, uint64_t most)
{
    char *end = NULL;
    unsigned long long n = strtoull(text, &end, 10);

    *to = n;
    return *text >= '0' && *text <= '9' && *end == '\0' && n > 0 && n <= most;
}

static bool read_options(struct options *o, int argc, char **argv)
{
    static const struct option names[] = {
        {"fs", required_argument, NULL, 'f'},       {"cuts", required_argument, NULL, 'c'},
        {"messages", required_argument, NULL, 'm'}, {"bin", required_argument, NULL, 'b'},
        {"control", required_argument, NULL, 'x'},  {"seed", required_argument, NULL, 's'},
        {"dir", required_argument, NULL, 'd'},      {NULL, 0, NULL, 0},
    };
    uint64_t cuts = o->cuts, messages = o->messages;
    bool good = true;
    int c;

    while (good && (c = getopt_long(argc, argv, "", names, NULL)) != -1) {
        if (c == 'c' || c == 'm' || c == 's')
            good = read_number(c == 'c'   ? &cuts
                               : c == 'm' ? &messages
                                          : &o->seed,
                               optarg, c == 's' ? UINT64_MAX : 100000);
        else if (c == 'f' || c == 'b' || c == 'x' || c == 'd')
            *(c == 'f' ? &o->fs : c == 'b' ? &o->bin : c == 'x' ? &o->control : &o->dir) = optarg;
        else
            good = false;
    }
    o->cuts = (unsigned)cuts;
    o->messages = (unsigned)messages;
    return good && optind == argc && o->fs;
}

int main(int argc, char **argv)
{
    struct options o = {.bin = "build", .cuts = 20, .messages = 100, .seed = (uint64_t)time(NULL)};

    if (!read_options(&o, argc, argv))
        return usage();
    setvbuf(stdout, NULL, _IOLBF, 0);
    return run(&o);
}
