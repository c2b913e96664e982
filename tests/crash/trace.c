/*
 * trace.c - see trace.h: the ptrace loop.
 *
 * One tracer per process: wait4(-1) takes every child of the caller, so the
 * caller must have no other children while a run lasts. A task that is killed
 * at the entry of a system call does not make that call any more, which is what
 * makes "killed at point N" exact. Nothing here knows about mail.
 */
#include "tests/crash/trace.h"

#include "tests/crash/trace_call.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/time.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TASKS_MAX 256 /* threads and processes followed at one time */
#define TICK_MS   100 /* how often a deadline is looked at */

struct task {
    pid_t tid;
    bool fails; /* its present call is made to fail */
    bool point; /* its present call counted as a point */
    struct trace_call *call;
};

struct tracer {
    const struct trace_plan *plan;
    struct trace_result *res;
    struct task task[TASKS_MAX];
    size_t n;
    pid_t first;
    uint64_t stops;
    int64_t deadline;
    bool traced, counting, killing;
};

static int64_t now_ms(void)
{
    struct timespec ts = {0};

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void on_tick(int sig)
{
    (void)sig;
}

/* A periodic signal, so that one that comes just before wait4 is made good by the next. */
static void start_ticks(bool on)
{
    struct sigaction sa = {.sa_handler = on_tick};
    struct itimerval it = {{0, TICK_MS * 1000}, {0, TICK_MS * 1000}};

    if (!on)
        it = (struct itimerval){0};
    else
        sigaction(SIGALRM, &sa, NULL);
    setitimer(ITIMER_REAL, &it, NULL);
}

static struct task *find_task(struct tracer *t, pid_t tid)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->task[i].tid == tid)
            return &t->task[i];
    if (t->n == TASKS_MAX)
        return NULL;
    t->task[t->n] = (struct task){.tid = tid};
    return &t->task[t->n++];
}

static void drop_task(struct tracer *t, pid_t tid)
{
    for (size_t i = 0; i < t->n; i++) {
        if (t->task[i].tid != tid)
            continue;
        trace_call_free(&t->task[i].call);
        t->task[i] = t->task[--t->n];
        return;
    }
}

static void kill_tree(struct tracer *t)
{
    t->killing = true;
    kill(-t->first, SIGKILL); /* reaches what an untraced run has left behind */
    for (size_t i = 0; i < t->n; i++)
        kill(t->task[i].tid, SIGKILL);
}

#ifdef __x86_64__
static void set_register(pid_t tid, size_t offset, int64_t value)
{
    ptrace(PTRACE_POKEUSER, tid, (void *)offset, (void *)value);
}

static void forbid_call(const struct task *k)
{
    set_register(k->tid, offsetof(struct user_regs_struct, orig_rax), -1);
}

static void return_error(const struct task *k, int error)
{
    set_register(k->tid, offsetof(struct user_regs_struct, rax), -error);
}
#else
static void forbid_call(const struct task *k)
{
    (void)k;
}

static void return_error(const struct task *k, int error)
{
    (void)k, (void)error;
}
#endif

static void act(struct tracer *t, struct task *k, bool entry)
{
    t->res->reached = true;
    if (t->plan->action == TRACE_KILL_TREE)
        kill_tree(t);
    else if (t->plan->action == TRACE_KILL_ONE)
        kill(k->tid, SIGKILL);
    else if (t->plan->action == TRACE_FAIL && entry) {
        k->fails = true;
        forbid_call(k);
    }
}

static void count_point(struct tracer *t, struct task *k, bool entry)
{
    t->res->points++;
    if (t->plan->hup_every && t->res->points % t->plan->hup_every == 0 &&
        t->res->points / t->plan->hup_every <= TRACE_HUPS_MAX)
        kill(t->first, SIGHUP);
    if (t->plan->at && t->res->points == t->plan->at)
        act(t, k, entry);
}

static void on_entry(struct tracer *t, struct task *k, const struct __ptrace_syscall_info *info)
{
    uint64_t args[6];

    memcpy(args, info->entry.args, sizeof(args));
    if (t->plan->late && !t->counting)
        t->counting = trace_call_begins_work(k->tid, info->entry.nr, args);
    k->point = t->counting && (!t->plan->io_only || trace_call_is_io(info->entry.nr));
    trace_call_free(&k->call);
    if (t->plan->see)
        k->call = trace_call_new(k->tid, info->entry.nr, args);
    if (k->call)
        k->call->enter = t->stops;
    if (k->point)
        count_point(t, k, true);
}

static void on_exit_stop(struct tracer *t, struct task *k, const struct __ptrace_syscall_info *info)
{
    if (k->fails)
        return_error(k, t->plan->error);
    if (k->call) {
        k->call->leave = t->stops;
        k->call->result = k->fails ? -t->plan->error : (int64_t)info->exit.rval;
        if (!t->killing && t->plan->see(t->plan->arg, k->call)) {
            t->res->reached = true;
            kill_tree(t);
        }
        trace_call_free(&k->call);
    }
    k->fails = false;
    if (k->point && t->plan->exits && !t->killing)
        count_point(t, k, false);
    k->point = false;
}

static void on_syscall(struct tracer *t, struct task *k)
{
    struct __ptrace_syscall_info info = {0};

    t->stops++;
    if (ptrace(PTRACE_GET_SYSCALL_INFO, k->tid, (void *)sizeof(info), &info) < 0)
        return;
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
        on_entry(t, k, &info);
    else if (info.op == PTRACE_SYSCALL_INFO_EXIT)
        on_exit_stop(t, k, &info);
}

static bool is_stopping(int sig)
{
    return sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU;
}

static void on_stop(struct tracer *t, struct task *k, int status)
{
    int sig = WSTOPSIG(status), event = status >> 16, pass = 0;

    if (t->killing) {
        kill(k->tid, SIGKILL);
        return;
    }
    if (sig == (SIGTRAP | 0x80)) {
        on_syscall(t, k);
    } else if (event == PTRACE_EVENT_EXEC) {
        t->counting |= !t->plan->late;
    } else if (event == PTRACE_EVENT_STOP && is_stopping(sig)) {
        ptrace(PTRACE_LISTEN, k->tid, NULL, NULL);
        return;
    } else if (event == 0) {
        pass = sig;
    }
    if (!t->killing)
        ptrace(PTRACE_SYSCALL, k->tid, NULL, (void *)(intptr_t)pass);
}

static void on_status(struct tracer *t, pid_t tid, int status)
{
    struct task *k = NULL;

    if (WIFEXITED(status) || WIFSIGNALED(status)) {
        if (tid == t->first)
            t->res->status = status;
        drop_task(t, tid);
        return;
    }
    if (!WIFSTOPPED(status))
        return;
    k = find_task(t, tid);
    if (k)
        on_stop(t, k, status);
    else
        kill(tid, SIGKILL);
}

static int follow(struct tracer *t)
{
    for (;;) {
        int status = 0;
        pid_t tid = wait4(-1, &status, __WALL, NULL);

        if (tid < 0 && errno == ECHILD)
            return 0;
        if (tid < 0 && errno != EINTR)
            return -1;
        if (tid > 0)
            on_status(t, tid, status);
        if (!t->killing && now_ms() > t->deadline) {
            t->res->timed_out = true;
            kill_tree(t);
        }
    }
}

/* Addresses are not randomised, or the allocator's calls would differ from run to run. */
static void start_program(const struct trace_plan *plan, int go)
{
    char byte;
    int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int out = open(plan->log ? plan->log : "/dev/null", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    setpgid(0, 0);
    start_ticks(false);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    personality(ADDR_NO_RANDOMIZE);
    if (in < 0 || out < 0 || read(go, &byte, 1) != 1)
        _exit(127);
    if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
        _exit(127);
    execv(plan->argv[0], plan->argv);
    _exit(127);
}

static int attach(const struct tracer *t)
{
    long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                   PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;

    if (!t->traced)
        return 0;
    return ptrace(PTRACE_SEIZE, t->first, NULL, (void *)options) < 0 ? -1 : 0;
}

static int run(struct tracer *t)
{
    int go[2] = {-1, -1}, rc = -1, saved = 0;

    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (pipe2(go, O_CLOEXEC) < 0)
        return -1;
    t->first = fork();
    if (t->first == 0)
        start_program(t->plan, go[0]);
    if (t->first < 0)
        goto out;
    find_task(t, t->first);
    start_ticks(true);
    rc = attach(t);
    saved = errno;
    if (rc < 0)
        kill_tree(t);
    else if (write(go[1], "g", 1) != 1)
        kill_tree(t);
    if (follow(t) < 0)
        rc = -1;
    start_ticks(false);
out:
    close(go[0]);
    close(go[1]);
    if (rc < 0 && saved)
        errno = saved;
    return rc;
}

static int run_new(const struct trace_plan *plan, struct trace_result *res, bool traced)
{
    struct tracer *t = calloc(1, sizeof(*t));
    int rc;

    if (!t)
        return -1;
    *res = (struct trace_result){0};
    t->plan = plan;
    t->res = res;
    t->traced = traced;
    t->deadline = now_ms() + plan->timeout_ms;
    rc = run(t);
    free(t);
    return rc;
}

int trace_run(const struct trace_plan *plan, struct trace_result *res)
{
    return run_new(plan, res, true);
}

int trace_run_plain(const struct trace_plan *plan, struct trace_result *res)
{
    return run_new(plan, res, false);
}

bool trace_supported(void)
{
#ifdef __x86_64__
    return true;
#else
    return false;
#endif
}
