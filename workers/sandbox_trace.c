/*
 * sandbox_trace.c - trace mode: a system call that is missing in the table is named before it is refused.
 *
 * For development and for the run over a corpus: nothing is allowed that would
 * not be allowed otherwise, a hostile call still kills. The filter raises SIGSYS
 * instead of answering; the handler sends one LOG packet per call and makes the
 * call answer ENOSYS. The handler may run anywhere, so every text is made before
 * the lock-down and it only sends. Its state is this file's, because a signal
 * handler gets no argument; it is set once and lives until the process ends.
 */
#include "workers/sandbox_part.h"

#include "common/wire.h"
#include "common/xalloc.h"

#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <ucontext.h>

#define CALLS_MAX 512 /* the kernel is at 470; beyond, one text for all */

struct line {
    bool said;
    uint32_t n;
    char text[120];
};

static struct {
    int link;
    struct line *line; /* CALLS_MAX + 1 */
} trace = {-1, NULL};

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

static bool answer_enosys(ucontext_t *u)
{
#if defined(__x86_64__)
    u->uc_mcontext.gregs[REG_RAX] = -ENOSYS;
    return true;
#elif defined(__aarch64__)
    u->uc_mcontext.regs[0] = (unsigned long long)-ENOSYS;
    return true;
#else
    (void)u;
    return false;
#endif
}

static void on_sigsys(int number, siginfo_t *info, void *context)
{
    int call = info->si_syscall, saved = errno;
    struct line *l = &trace.line[call >= 0 && call < CALLS_MAX ? call : CALLS_MAX];

    (void)number;
    if (!l->said) {
        l->said = true;
        say(l);
    }
    errno = saved;
    answer_enosys(context);
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

int sandbox_trace_open(enum role role, int link)
{
    struct sigaction act = {.sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO};
    const struct role_row *row = role_find((uint32_t)role);
    sigset_t set;

    if (!answer_enosys(&(ucontext_t){0})) {
        errno = EOPNOTSUPP; /* not for this machine: its registers are not known here */
        return -1;
    }
    trace.link = link;
    if (!trace.line)
        trace.line = xcalloc(CALLS_MAX + 1, sizeof *trace.line);
    prepare_lines(trace.line, row ? row->name : "?");
    sigemptyset(&set);
    sigaddset(&set, SIGSYS);
    if (sigaction(SIGSYS, &act, NULL) < 0)
        return -1;
    return sigprocmask(SIG_UNBLOCK, &set, NULL); /* a blocked SIGSYS would kill */
}
