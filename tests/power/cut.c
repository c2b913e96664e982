/*
 * cut.c - see cut.h.
 *
 * A thread of its own cuts the power, so that it falls anywhere: inside a call of spoold, of a depositor, or
 * of the consumer. `dark` is set just before, never after: what fails while it is not set is a finding. With
 * a shim (the control) nothing but "lost" is judged, since everything may be broken then.
 */
#include "tests/power/cut.h"

#include "common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define IDLE           200      /* us */
#define LOAD_LONGEST   60000000 /* us without a cut: something hangs */
#define SETTLE_LONGEST 10000000
#define SETTLE_CONTROL 1000000
#define SETTLE_STEP    2000
#define DELAY_BITS     15 /* of a delay in us: up to 33 ms */

struct cutter {
    pthread_t thread;
    int fd;
    enum volume_mode mode;
    unsigned delay;
    _Atomic bool dark;
    bool armed;
};

static uint64_t now_us(void)
{
    struct timespec ts = {0};

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* splitmix64 */
static uint64_t next_random(uint64_t *seed)
{
    uint64_t z = (*seed += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static unsigned below(uint64_t *seed, unsigned n)
{
    return (unsigned)(next_random(seed) % n);
}

/* As likely between 10 and 20 us as between 10 and 20 ms: what is open for a short time is met as well. */
static unsigned some_delay(uint64_t *seed)
{
    unsigned most = 1u << below(seed, DELAY_BITS);

    return most + below(seed, most);
}

struct cut_draw cut_draw(uint64_t *seed, unsigned messages)
{
    static const unsigned syncfs[] = {0, 16, 100000}; /* always, by default, never */
    struct cut_draw d = {.messages = messages};

    d.mode = (enum volume_mode)below(seed, VOLUME_MODE__MAX);
    d.taker = (enum traffic_taker)below(seed, TRAFFIC_TAKER__MAX);
    d.width = 2 + below(seed, TRAFFIC_WIDTH_MAX - 1);
    d.after = 1 + below(seed, messages);
    d.delay = some_delay(seed);
    d.burst = below(seed, 3) == 0;
    d.second = below(seed, 3) == 0;
    d.second_mode = (enum volume_mode)below(seed, VOLUME_MODE__MAX);
    d.second_delay = some_delay(seed) * 4;
    d.syncfs_above = syncfs[below(seed, 3)];
    return d;
}

static void *cut_thread(void *arg)
{
    struct cutter *c = arg;

    usleep(c->delay);
    c->dark = true;
    if (volume_cut(c->fd, c->mode) < 0)
        fatal("the file system cannot be shut down");
    return NULL;
}

static void arm(struct cutter *c, const struct bench *b)
{
    c->fd = open(b->vol.at.s, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    c->armed = true;
    if (c->fd < 0 || pthread_create(&c->thread, NULL, cut_thread, c) != 0)
        fatal("cannot prepare the cut");
}

static void join(struct cutter *c)
{
    pthread_join(c->thread, NULL);
    close(c->fd);
}

/* Mail flows until the power goes. */
static void run_load(struct mail_set *s, struct bench *b, const struct cut_draw *d, struct cutter *c)
{
    struct traffic t = {.set = s, .left = d->messages, .width = d->width};
    uint64_t last = now_us();

    if (d->burst)
        kill(b->spoold, SIGSTOP);
    while (!c->dark) {
        bool moved = traffic_drop(&t, b, &c->dark);

        moved |= traffic_take(s, b, d->taker, &c->dark);
        if (!c->armed && (t.accepted >= d->after || traffic_is_over(&t))) {
            if (d->burst)
                kill(b->spoold, SIGCONT);
            arm(c, b);
        }
        if (moved)
            last = now_us();
        else
            usleep(IDLE);
        if (now_us() - last > LOAD_LONGEST)
            fatalx("no message was dropped for a minute");
    }
    join(c);
    program_spoold_kill(b);
    traffic_end(&t, b, &c->dark);
}

/* The machine is off, then on again. */
static void power_on(struct mail_set *s, struct bench *b, unsigned n)
{
    program_spoold_kill(b);
    volume_unmount(&b->vol);
    program_reap();
    volume_save(&b->vol, n);
    if (volume_mount(&b->vol) < 0)
        fatal("the file system cannot be mounted after the cut");
    traffic_take_again(s, b);
}

/* Another cut while spoold finds its way. */
static void cut_recovery(struct mail_set *s, struct bench *b, const struct cut_draw *d)
{
    struct cutter c = {.mode = d->second_mode, .delay = d->second_delay};

    b->spoold = program_spoold_start(b);
    arm(&c, b);
    while (!c.dark)
        if (!traffic_take(s, b, d->taker, &c.dark))
            usleep(IDLE);
    join(&c);
    power_on(s, b, 2);
}

static void settle(struct mail_set *s, struct bench *b, bool control)
{
    static const _Atomic bool dark = false;
    uint64_t last;
    unsigned longest = control ? SETTLE_CONTROL : SETTLE_LONGEST;

    if (program_spoold_up(b) < 0) {
        mail_say(s, MAIL_STUCK, "spoold does not start after the cut");
        return;
    }
    last = now_us();
    for (unsigned good = 0; good < 2; good = judge_is_settled(b) ? good + 1 : 0) {
        while (traffic_take(s, b, TRAFFIC_REMEMBERS, &dark))
            last = now_us();
        usleep(SETTLE_STEP);
        if (now_us() - last <= longest)
            continue;
        mail_say(s, MAIL_STUCK, "not settled after %u s", longest / 1000000);
        break;
    }
}

int cut_new_spool(struct bench *b, const char **why)
{
    static const char *const once[] = {"--once", NULL};
    const char *shim = b->shim;
    int fd, rc;

    volume_unmount(&b->vol);
    *why = "there is no program that makes such a file system (mkfs)";
    if (volume_make(&b->vol) < 0)
        return -1;
    *why = "the image cannot be mounted here";
    if (volume_mount(&b->vol) < 0)
        return -1;
    b->shim = NULL;
    rc = mkdir(b->root.s, 0755);
    if (rc == 0)
        rc = program_wait(program_start(b, "spoold", once, -1, -1));
    b->shim = shim;
    if (rc != 0)
        fatalx("spoold --once on the new file system failed: see %s", b->log.s);
    fd = open(b->vol.at.s, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || syncfs(fd) < 0)
        fatal("cannot flush the new file system");
    close(fd);
    return 0;
}

void cut_run(struct mail_set *s, struct bench *b, const struct cut_draw *d, struct judge_sum *sum)
{
    struct cutter c = {.mode = d->mode, .delay = d->delay};
    const char *shim = b->shim;
    size_t first = s->n;

    b->syncfs_above = d->syncfs_above;
    if (program_spoold_up(b) < 0)
        fatalx("spoold did not start: see %s", b->log.s);
    run_load(s, b, d, &c);
    power_on(s, b, 1);
    if (d->second)
        cut_recovery(s, b, d);
    b->shim = NULL;
    settle(s, b, shim != NULL);
    if (shim) {
        program_spoold_kill(b);
        judge_lost(s, b, first, sum);
    } else {
        judge_audit(s, b);
        if (program_spoold_stop(b) != 0)
            mail_say(s, MAIL_STUCK, "spoold did not end in order");
        judge_all(s, b, first, sum);
    }
    b->shim = shim;
}
