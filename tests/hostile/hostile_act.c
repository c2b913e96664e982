/*
 * hostile_act.c - the misbehaviours of a serving child, one row each.
 *
 * Called by hostile_child.c with the work done and the honest answer at hand
 * (or, for the early ones, with nothing done). The crumb page names the job
 * until an answer is given. tests/func/hostile_worker.sh says of each row what
 * has to become of its message. Nothing here may outlive the test: what stays
 * behind ends itself with alarm(2).
 */
#include "tests/hostile/hostile.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define OUTLIVES_S 6     /* seconds that a grandchild stays */
#define HUGE_TEXT  60000 /* bytes */
#define MEMORY_MAX (256ul << 20)
#define LATE_MS    300

/* ---- packets that break a rule ---- */

static void send_packet(const struct wire_packet *p, unsigned fd_n)
{
    static const int fd[HOSTILE_FDS_MAX]; /* 0 each: the null device, again and again */

    hostile_child_send(p, sizeof p->h + p->h.length, fd, fd_n);
}

static void wrong_version(struct hostile_job *j)
{
    j->answer.h.version = 99;
    send_packet(&j->answer, 0);
}

static void wrong_length(struct hostile_job *j)
{
    j->answer.h.length -= 8;
    send_packet(&j->answer, 0);
}

/* The header says more than there is. */
static void cut_short(struct hostile_job *j)
{
    hostile_child_send(&j->answer, sizeof j->answer.h + 8, NULL, 0);
}

static void one_byte(struct hostile_job *j)
{
    hostile_child_send(&j->answer, 1, NULL, 0);
}

static void unknown_type(struct hostile_job *j)
{
    j->answer.h.type = 77;
    send_packet(&j->answer, 0);
}

static void foreign_job(struct hostile_job *j)
{
    j->answer.h.id += 1000;
    hostile_child_answer(j);
}

static void two_results(struct hostile_job *j)
{
    hostile_child_answer(j);
    hostile_child_answer(j);
}

static void three_fds(struct hostile_job *j)
{
    send_packet(&j->answer, 3);
}

static void fifty_fds(struct hostile_job *j)
{
    send_packet(&j->answer, 50);
}

/* Descriptors where none belong, as many as it takes to fill a table that nobody clears. */
static void log_fds(struct hostile_job *j)
{
    struct wire_packet p = wire_text(WIRE_LOG, 0, "here are some descriptors");

    for (int i = 0; i < 100; i++)
        send_packet(&p, WIRE_FDS_MAX);
    hostile_child_answer(j);
}

static void says(struct hostile_job *j, enum wire_type type, unsigned fd_n)
{
    struct wire_packet p = wire_packet(type, j->answer.h.id);

    send_packet(&p, fd_n);
}

static void hello_again(struct hostile_job *j)
{
    says(j, WIRE_HELLO, 0);
}

static void job_back(struct hostile_job *j)
{
    struct wire_packet p = wire_packet(WIRE_JOB, j->answer.h.id);

    p.u.job = j->job->u.job;
    hostile_child_send(&p, sizeof p.h + p.h.length, j->job->fd, j->job->fd_n);
}

static void ready(struct hostile_job *j)
{
    says(j, WIRE_READY, 0);
}

static void spawned(struct hostile_job *j)
{
    says(j, WIRE_SPAWNED, 0);
}

static void need(struct hostile_job *j)
{
    says(j, WIRE_NEED, 1);
}

static void log_flood(struct hostile_job *j)
{
    (void)j;
    for (unsigned long i = 0;; i++) {
        struct wire_packet p = wire_text(WIRE_LOG, 0, "line %lu", i);

        if (hostile_child_send(&p, sizeof p.h + p.h.length, NULL, 0) < 0)
            _exit(EXIT_FAILURE);
    }
}

static void huge_text(struct hostile_job *j)
{
    static char bytes[sizeof(struct wire_header) + HUGE_TEXT];
    struct wire_header h = {.version = WIRE_VERSION, .type = WIRE_LOG, .length = HUGE_TEXT};

    memset(bytes, 'x', sizeof bytes);
    memcpy(bytes, &h, sizeof h);
    hostile_child_send(bytes, sizeof bytes, NULL, 0);
    hostile_child_answer(j);
}

/* A line that would be two, if it were written to the log as it is. */
static void forged_line(struct hostile_job *j)
{
    struct wire_packet p = wire_text(WIRE_LOG, 0, "x event=sent id=forged");

    p.u.text[1] = '\n';
    send_packet(&p, 0);
    hostile_child_answer(j);
}

/* ---- answers that lie ---- */

static void lying_out_size(struct hostile_job *j)
{
    j->answer.u.result.out_size++;
    hostile_child_answer(j);
}

static void lying_in_size(struct hostile_job *j)
{
    j->answer.u.result.in_size = UINT64_MAX;
    hostile_child_answer(j);
}

static void lying_status(struct hostile_job *j)
{
    j->answer.u.result.status = 99;
    hostile_child_answer(j);
}

/* Also: says that it wrote and did not; the row is an early one. */
static void lying_done(struct hostile_job *j)
{
    hostile_child_answer(j);
}

static void late_write(struct hostile_job *j)
{
    static const char late[] = "\nwritten after the answer\n";

    hostile_child_answer(j);
    nanosleep(&(struct timespec){.tv_nsec = LATE_MS * 1000000L}, NULL);
    if (j->out >= 0 && write(j->out, late, sizeof late - 1) < 0)
        return;
}

/* ---- no answer ---- */

static void asleep(struct hostile_job *j)
{
    (void)j;
    hostile_child_sleep();
}

static void burn(struct hostile_job *j)
{
    volatile unsigned long n = 0;

    (void)j;
    for (;;)
        n++;
}

static void exit_0(struct hostile_job *j)
{
    (void)j;
    _exit(EXIT_SUCCESS);
}

static void exit_1(struct hostile_job *j)
{
    (void)j;
    _exit(EXIT_FAILURE);
}

static void die(int number)
{
    signal(number, SIG_DFL);
    raise(number);
}

static void segv(struct hostile_job *j)
{
    (void)j;
    die(SIGSEGV);
}

static void sigsys(struct hostile_job *j)
{
    (void)j;
    die(SIGSYS);
}

/* The link has no end as long as somebody holds it: the death must be learned in another way. */
static void grandchild(struct hostile_job *j)
{
    (void)j;
    if (fork() == 0) {
        alarm(OUTLIVES_S);
        hostile_child_sleep();
    }
    _exit(EXIT_FAILURE);
}

static void eat_memory(struct hostile_job *j)
{
    const struct rlimit most = {MEMORY_MAX, MEMORY_MAX};

    (void)j;
    setrlimit(RLIMIT_AS, &most);
    for (;;) {
        char *p = malloc(1 << 20);

        if (!p)
            abort();
        memset(p, 1, 1 << 20);
    }
}

static void close_link(struct hostile_job *j)
{
    (void)j;
    close(WIRE_LINK_FD);
    hostile_child_sleep();
}

/* ---- the crumb page ---- */

static void crumb_garbage(struct hostile_job *j)
{
    memset(j->crumb, 0xa5, SEALED_CRUMB_SIZE);
    hostile_child_send(&j->answer, sizeof j->answer.h + j->answer.h.length, NULL, 0);
}

/* Blames another job and dies: that one must not pay for it, and this one not go round for ever. */
static void crumb_blames(struct hostile_job *j)
{
    j->crumb->job++;
    die(SIGSEGV);
}

static void crumb_innocent(struct hostile_job *j)
{
    j->crumb->phase = SEALED_PHASE_NONE;
    die(SIGSEGV);
}

/* A page that shrinks would end its other reader with SIGBUS. */
static void crumb_resize(struct hostile_job *j)
{
    if (ftruncate(j->crumb_fd, 0) == 0 || ftruncate(j->crumb_fd, 1 << 20) == 0 ||
        fcntl(j->crumb_fd, F_ADD_SEALS, F_SEAL_WRITE) == 0)
        die(SIGKILL); /* it is not sealed: the good answer below would hide that */
    hostile_child_answer(j);
}

const struct hostile_act *hostile_act_find(const char *name)
{
    static const struct hostile_act acts[] = {
        {"wrong-version", false, wrong_version},
        {"wrong-length", false, wrong_length},
        {"cut-short", false, cut_short},
        {"one-byte", false, one_byte},
        {"unknown-type", false, unknown_type},
        {"foreign-job", false, foreign_job},
        {"two-results", false, two_results},
        {"three-fds", false, three_fds},
        {"fifty-fds", false, fifty_fds},
        {"log-fds", false, log_fds},
        {"hello-again", false, hello_again},
        {"job-back", false, job_back},
        {"ready", false, ready},
        {"spawned", false, spawned},
        {"need", false, need},
        {"log-flood", false, log_flood},
        {"huge-text", false, huge_text},
        {"forged-line", false, forged_line},
        {"lying-out-size", false, lying_out_size},
        {"lying-in-size", false, lying_in_size},
        {"lying-status", false, lying_status},
        {"no-output", true, lying_done},
        {"late-write", false, late_write},
        {"asleep", true, asleep},
        {"burn", true, burn},
        {"exit-0", false, exit_0},
        {"exit-1", false, exit_1},
        {"segv", false, segv},
        {"sigsys", false, sigsys},
        {"grandchild", false, grandchild},
        {"eat-memory", false, eat_memory},
        {"close-link", false, close_link},
        {"crumb-garbage", false, crumb_garbage},
        {"crumb-blames", false, crumb_blames},
        {"crumb-innocent", false, crumb_innocent},
        {"crumb-resize", false, crumb_resize},
    };

    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
        if (strcmp(acts[i].name, name) == 0)
            return &acts[i];
    return NULL;
}
