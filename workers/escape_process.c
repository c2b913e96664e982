/*
 * escape_process.c - attempts of the self-test: programs, processes, other people's processes.
 *
 * See escape.h for the rules. Run by escape.c in a child, locked down or not.
 * A process that could be made ends at once; what is done to the parent leaves
 * it as it was; the sibling was made to be killed.
 */
#include "workers/escape.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM  "/bin/true"
#define FD_LIMIT 16 /* where it cannot even be asked for */

/* The new process ends here; the attempting one goes on. */
static int forked(long pid)
{
    if (pid == 0)
        _exit(0);
    if (pid < 0)
        return errno;
    waitpid((pid_t)pid, NULL, 0);
    return 0;
}

/* Where it works, exit code 0 of the program tells. */
static int execute(const struct escape_world *w)
{
    char *const argv[] = {(char[]){PROGRAM}, NULL}, *const none[] = {NULL};

    (void)w;
    return escape_error(execve(PROGRAM, argv, none));
}

/* A program that is brought along: no path is needed to start it. */
static int execute_memory(const struct escape_world *w)
{
    char *const argv[] = {(char[]){"true"}, NULL}, *const none[] = {NULL};
    int fd = memfd_create("program", MFD_CLOEXEC), from;

    (void)w;
    if (fd < 0)
        return errno;
    from = openat(AT_FDCWD, PROGRAM, O_RDONLY | O_CLOEXEC);
    if (from < 0 || sendfile(fd, from, NULL, 1 << 20) < 0)
        return errno;
    return escape_error(syscall(SYS_execveat, fd, "", argv, none, AT_EMPTY_PATH));
}

static int execute_given(const struct escape_world *w)
{
    char *const argv[] = {(char[]){"true"}, NULL}, *const none[] = {NULL};
    int from = openat(AT_FDCWD, PROGRAM, O_RDONLY | O_CLOEXEC);

    return escape_error(syscall(SYS_execveat, from < 0 ? w->file : from, "", argv, none, AT_EMPTY_PATH));
}

static int fork_plain(const struct escape_world *w)
{
    (void)w;
    return forked(fork());
}

static int fork_legacy(const struct escape_world *w)
{
    (void)w;
#ifdef SYS_fork
    return forked(syscall(SYS_fork));
#else
    return ENOSYS;
#endif
}

static int fork_shared(const struct escape_world *w)
{
    pid_t pid = vfork();

    (void)w;
    if (pid == 0)
        _exit(0);
    if (pid < 0)
        return errno;
    waitpid(pid, NULL, 0);
    return 0;
}

static int fork_clone3(const struct escape_world *w)
{
    struct clone_args how = {.exit_signal = SIGCHLD};

    (void)w;
    return forked(syscall(SYS_clone3, &how, sizeof how));
}

static void *do_nothing(void *p)
{
    return p;
}

static int make_thread(const struct escape_world *w)
{
    pthread_t thread;
    int err = pthread_create(&thread, NULL, do_nothing, NULL);

    (void)w;
    return err ? err : pthread_join(thread, NULL);
}

static int trace_parent(const struct escape_world *w)
{
    return escape_error(ptrace(PTRACE_SEIZE, w->parent, NULL, NULL));
}

/* The parent has the same addresses, it was forked from. */
static int read_parent(const struct escape_world *w)
{
    struct escape_world copy;
    struct iovec to = {&copy, sizeof copy}, from = {(void *)(uintptr_t)w, sizeof copy};

    return escape_error(process_vm_readv(w->parent, &to, 1, &from, 1, 0));
}

static int write_sibling(const struct escape_world *w)
{
    struct escape_world copy = *w;
    struct iovec from = {&copy, sizeof copy}, to = {(void *)(uintptr_t)w, sizeof copy};

    return escape_error(process_vm_writev(w->sibling, &from, 1, &to, 1, 0));
}

static int signal_parent(const struct escape_world *w)
{
    return escape_error(kill(w->parent, 0));
}

static int signal_thread(const struct escape_world *w)
{
    return escape_error(syscall(SYS_tgkill, w->parent, w->parent, 0));
}

static int queue_signal(const struct escape_world *w)
{
    return escape_error(sigqueue(w->parent, 0, (union sigval){0}));
}

static int kill_sibling(const struct escape_world *w)
{
    return escape_error(kill(w->sibling, SIGKILL));
}

static int hold_parent(const struct escape_world *w)
{
    return escape_opened(syscall(SYS_pidfd_open, w->parent, 0));
}

static int limit_parent(const struct escape_world *w)
{
    struct rlimit now;

    return escape_error(prlimit(w->parent, RLIMIT_NOFILE, NULL, &now));
}

/* The hard one, and where the soft one is below it (in the control), that one. */
static int raise_limit(const struct escape_world *w)
{
    struct rlimit now = {FD_LIMIT, FD_LIMIT}, more;

    (void)w;
    getrlimit(RLIMIT_NOFILE, &now);
    more = (struct rlimit){now.rlim_max + 1, now.rlim_max + 1};
    if (setrlimit(RLIMIT_NOFILE, &more) == 0)
        return 0;
    if (now.rlim_cur >= now.rlim_max)
        return errno;
    now.rlim_cur++;
    return escape_error(setrlimit(RLIMIT_NOFILE, &now));
}

static int set_priority(const struct escape_world *w)
{
    (void)w;
    return escape_error(setpriority(PRIO_PROCESS, 0, 1));
}

static const struct escape_attempt attempts[] = {
    {"limit_parent", "ask for the limits of the parent", limit_parent, false, false},
    {"raise_limit", "raise a limit", raise_limit, false, false},
    {"setpriority", "change its priority", set_priority, false, false},
    {"thread", "start a thread", make_thread, false, false},
    {"execve", "start " PROGRAM, execute, false, false},
    {"execveat", "start a program by its descriptor", execute_given, false, false},
    {"execute_memory", "start a program that stands in memory", execute_memory, false, false},
    {"fork", "fork", fork_plain, false, false},
    {"fork_legacy", "fork by the old system call", fork_legacy, false, false},
    {"vfork", "vfork", fork_shared, false, false},
    {"clone3", "fork by clone3", fork_clone3, false, false},
    {"ptrace_parent", "trace the parent", trace_parent, false, false},
    {"read_parent", "read the parent's memory", read_parent, false, false},
    {"write_sibling", "write into a sibling's memory", write_sibling, false, false},
    {"signal_parent", "signal the parent", signal_parent, false, false},
    {"tgkill_parent", "signal the parent's thread", signal_thread, false, false},
    {"sigqueue_parent", "queue a signal for the parent", queue_signal, false, false},
    {"kill_sibling", "kill a sibling", kill_sibling, false, false},
    {"pidfd_open", "get hold of the parent", hold_parent, false, false},
};

const struct escape_attempt *escape_process_get(size_t i)
{
    return i < sizeof attempts / sizeof *attempts ? &attempts[i] : NULL;
}
