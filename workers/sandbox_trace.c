/*
 * sandbox_trace.c - the handler of SIGSYS: stand-ins for calls that a role may not make, and trace mode.
 *
 * Trace mode is for development and for the run over a corpus: a system call that is
 * missing in the table is named before it is refused. Nothing is allowed that would
 * not be allowed otherwise, a hostile call still kills. The filter raises SIGSYS
 * instead of answering; the handler sends one LOG packet per call and makes the
 * call answer ENOSYS. It may run anywhere, so every text and its stack are made
 * before the lock-down and it only sends. Its state is this file's, because a
 * signal handler gets no argument; it is set once and lives until the process ends.
 */
#include "workers/sandbox_part.h"
#include "workers/sandbox_table.h"

#include "common/wire.h"
#include "common/xalloc.h"

#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <ucontext.h>

#define CALLS_MAX  512   /* the kernel is at 470; beyond, one text for all */
#define STACK_SIZE 65536 /* the registers of today's processors take up to 11 KB of it */

struct line {
    bool said;
    uint32_t n;
    char text[120];
};

static struct {
    int link; /* -1: names nothing */
    bool stands_in;
    struct line *line; /* CALLS_MAX + 1 */
    char *stack;
} trace = {.link = -1};

/* A system call as it was when the filter stopped it. */
struct stopped {
    unsigned long long arg[4];
    bool known; /* the registers of this machine are */
};

static void say(const struct line *l)
{
    struct wire_header h = {.version = WIRE_VERSION, .type = WIRE_LOG, .length = l->n};
    char text[sizeof l->text];
    struct iovec part[] = {{&h, sizeof h}, {text, l->n}};
    struct msghdr m = {.msg_iov = part, .msg_iovlen = 2};

    memcpy(text, l->text, sizeof text);
    /* A line that finds no room is lost: trace mode must not change how a worker waits. */
    (void)sendmsg(trace.link, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static struct stopped look(const ucontext_t *u)
{
#if defined(__x86_64__)
    const greg_t *r = u->uc_mcontext.gregs;

    return (struct stopped){{(unsigned long long)r[REG_RDI], (unsigned long long)r[REG_RSI],
                             (unsigned long long)r[REG_RDX], (unsigned long long)r[REG_R10]},
                            true};
#elif defined(__aarch64__)
    const unsigned long long *r = u->uc_mcontext.regs;

    return (struct stopped){{r[0], r[1], r[2], r[3]}, true};
#else
    (void)u;
    return (struct stopped){0};
#endif
}

static void answer(ucontext_t *u, long rc)
{
#if defined(__x86_64__)
    u->uc_mcontext.gregs[REG_RAX] = rc;
#elif defined(__aarch64__)
    u->uc_mcontext.regs[0] = (unsigned long long)rc;
#else
    (void)u;
    (void)rc;
#endif
}

static long stand_in(const ucontext_t *u)
{
    struct stopped s = look(u);

    return sandbox_stat_answer((int)s.arg[0], (const char *)(uintptr_t)s.arg[1],
                               (struct stat *)(uintptr_t)s.arg[2], (int)s.arg[3]);
}

static void on_sigsys(int number, siginfo_t *info, void *context)
{
    int call = info->si_syscall, saved = errno;
    long rc = -ENOSYS;

    (void)number;
    if (trace.stands_in && call == SYS_newfstatat) {
        rc = stand_in(context);
    } else if (trace.line) {
        struct line *l = &trace.line[call >= 0 && call < CALLS_MAX ? call : CALLS_MAX];

        if (!l->said)
            say(l);
        l->said = true;
    }
    errno = saved;
    answer(context, rc);
}

static void prepare_lines(struct line *line, const char *role)
{
    for (int i = 0; i <= CALLS_MAX; i++) {
        char *name = i < CALLS_MAX ? seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, i) : NULL;
        int n = snprintf(line[i].text, sizeof line[i].text,
                         "sandbox: system call %s (%d%s) is not in the table of role %s",
                         name ? name : "without name", i, i < CALLS_MAX ? "" : " or above", role);

        line[i].n = n < (int)sizeof line[i].text ? (uint32_t)n : (uint32_t)sizeof line[i].text - 1;
        free(name);
    }
}

/* libclamav may be deep down in its stack when it is stopped. */
static int take_stack(void)
{
    stack_t own = {.ss_size = STACK_SIZE};

    if (!trace.stack)
        trace.stack = xcalloc(1, STACK_SIZE);
    own.ss_sp = trace.stack;
    return sigaltstack(&own, NULL);
}

int sandbox_trace_open(enum role role, int link)
{
    /* Not deferred: what a stand-in calls may be stopped as well, and would kill where SIGSYS is blocked. */
    struct sigaction act = {.sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    const struct role_row *row = role_find((uint32_t)role);
    sigset_t set;

    if (!look(&(ucontext_t){0}).known) {
        errno = EOPNOTSUPP; /* not for this machine: its registers are not known here */
        return -1;
    }
    trace.link = link;
    trace.stands_in = sandbox_table_stand_in(role, 0) != NULL;
    if (link >= 0) {
        if (!trace.line)
            trace.line = xcalloc(CALLS_MAX + 1, sizeof *trace.line);
        prepare_lines(trace.line, row ? row->name : "?");
    }
    sigemptyset(&set);
    sigaddset(&set, SIGSYS);
    if (take_stack() < 0 || sigaction(SIGSYS, &act, NULL) < 0)
        return -1;
    return sigprocmask(SIG_UNBLOCK, &set, NULL); /* a blocked SIGSYS would kill */
}
