/*
 * escape.c - see escape.h. Makes the attempts in children that are locked down like serving children.
 *
 * The attempts are made one after the other in one child; where it is killed,
 * the next child goes on behind that one. What happened stands in a page that
 * is shared with the child, so nothing needs a descriptor that the sandbox
 * would have to allow. The caller must have one thread. A child that does not
 * end is ended by its own alarm.
 */
#include "workers/escape.h"
#include "workers/sandbox_table.h"
#include "workers/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LEAK_FD 200 /* in the control: the descriptor that should not be open */

enum child_code { CHILD_DONE, CHILD_NOT_LOCKED = 3 };

/* The shared page. */
struct slate {
    volatile size_t at;
    volatile bool entered;
    struct escape_report report;
    char why[300];
};

struct run {
    enum role role;
    const struct sandbox_options *options; /* NULL: without a sandbox */
    struct escape_world world;
    struct scratch scratch; /* where its files are, for roles that have some and the control */
    int own;                /* O_PATH of world.own; -1 */
    struct slate *slate;
    size_t to; /* the first attempt that is not made */
};

const struct escape_attempt *escape_get(size_t i)
{
    static const struct escape_attempt *(*const parts[])(size_t) = {escape_files_get, escape_scratch_get,
                                                                    escape_process_get, escape_kernel_get};

    for (size_t p = 0; p < sizeof parts / sizeof *parts; p++) {
        if (parts[p](i))
            return parts[p](i);
        for (size_t n = 0; parts[p](n); n++)
            i--;
    }
    return NULL;
}

size_t escape_count(void)
{
    size_t n = 0;

    while (n < ESCAPE_MAX && escape_get(n))
        n++;
    return n;
}

static bool has_files(enum role role)
{
    const struct role_row *row = role_find((uint32_t)role);

    return row && row->scratch_mb > 0;
}

/* What a role with a network is for: whom it connects to, no filter can see. */
static bool is_its_work(const struct escape_attempt *a, enum role role)
{
    static const char *const network[] = {"connect_tcp", "sendmsg_udp"};
    const struct role_row *row = role_find((uint32_t)role);

    for (size_t i = 0; row && row->network && i < sizeof network / sizeof *network; i++)
        if (strcmp(a->name, network[i]) == 0)
            return true;
    return false;
}

bool escape_applies(const struct escape_attempt *a, enum role role)
{
    return (!a->files || has_files(role)) && !is_its_work(a, role);
}

int escape_error(long rc)
{
    return rc < 0 ? errno : 0;
}

int escape_opened(long fd)
{
    if (fd < 0)
        return errno;
    close((int)fd);
    return 0;
}

/* A loader may ignore or block what is to end a child here. */
static void reset_signals(void)
{
    static const int own[] = {SIGALRM, SIGSYS, SIGSEGV, SIGABRT, SIGBUS};
    sigset_t none;

    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        signal(own[i], SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Descriptors as a serving child has them; `w` is told where its message is then. */
static int set_out(const struct run *run, struct escape_world *w, int *own)
{
    int file;

    *own = run->own;
    if (run->options->folder >= 0)
        close(run->options->folder);
    if (run->own < 0)
        return 0;
    file = fcntl(w->file, F_DUPFD_CLOEXEC, SANDBOX_OWN_FD);
    close(w->file);
    close(run->scratch.fd);
    if (file < 0 || sandbox_places_set(own) < 0 || dup2(file, SANDBOX_MESSAGE_FD) < 0)
        return -1;
    close(file);
    w->file = SANDBOX_MESSAGE_FD;
    w->places = true;
    return 0;
}

static int enter(const struct run *run, struct escape_world *w)
{
    struct slate *s = run->slate;
    struct sandbox_options o = *run->options;
    struct buf why = {0};
    int rc = set_out(run, w, &o.scratch);

    if (rc < 0)
        buf_addf(&why, "the descriptors of a child cannot be set out: %s", strerror(errno));
    else
        rc = sandbox_enter(run->role, &o, &s->report.sandbox, &why);
    if (rc == 0 && o.scratch >= 0)
        close(o.scratch);
    if (rc < 0)
        snprintf(s->why, sizeof s->why, "%s", why.n ? why.p : "no reason given");
    buf_free(&why);
    return rc;
}

/* The control: a folder where it may write, a limit that can be raised. */
static int loosen(const struct run *run)
{
    struct rlimit files;

    if (chdir(run->world.folder) < 0 || getrlimit(RLIMIT_NOFILE, &files) < 0)
        return -1;
    files.rlim_cur = files.rlim_max - 1;
    return setrlimit(RLIMIT_NOFILE, &files);
}

static noreturn void child(const struct run *run, size_t from)
{
    struct slate *s = run->slate;
    struct escape_world w = run->world;

    reset_signals();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    alarm(ESCAPE_SECONDS);
    if ((run->options ? enter(run, &w) : loosen(run)) < 0)
        _exit(CHILD_NOT_LOCKED);
    s->entered = true;
    for (size_t i = from; i < run->to; i++) {
        struct escape_outcome *o = &s->report.outcome[i];
        const struct escape_attempt *a = escape_get(i);
        int err;

        if (run->options && !escape_applies(a, run->role))
            continue;
        s->at = i;
        o->end = ESCAPE_BEGUN;
        err = a->try(&w);
        *o = (struct escape_outcome){err ? ESCAPE_ERRNO : ESCAPE_SUCCEEDED, err};
    }
    _exit(CHILD_DONE);
}

static struct escape_outcome judge(int status)
{
    int sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

    /* It left in the middle of the attempt and all is well: another program took its place. */
    if (WIFEXITED(status) && WEXITSTATUS(status) == CHILD_DONE)
        return (struct escape_outcome){ESCAPE_SUCCEEDED, 0};
    /* SIGSEGV: the processor refused it. That the attempt itself is sound is shown by the control. */
    if (sig == SIGSYS || sig == SIGKILL || sig == SIGSEGV)
        return (struct escape_outcome){ESCAPE_KILLED, sig};
    return (struct escape_outcome){ESCAPE_BROKEN, sig};
}

static int wait_for(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return status;
}

/* One child. Returns the attempt that comes next, or 0 when the sandbox could not be entered. */
static size_t run_child(const struct run *run, size_t from, struct buf *why)
{
    struct slate *s = run->slate;
    pid_t pid;
    int status;

    s->entered = false;
    pid = fork();
    if (pid == 0)
        child(run, from);
    if (pid < 0) {
        buf_addf(why, "a child for the self-test cannot be forked: %s", strerror(errno));
        return 0;
    }
    status = wait_for(pid);
    if (!s->entered) {
        buf_add_str(why, s->why[0] ? s->why : "a child for the self-test ended while it locked itself down");
        errno = EPERM;
        return 0;
    }
    if (s->report.outcome[s->at].end != ESCAPE_BEGUN)
        return run->to;
    s->report.outcome[s->at] = judge(status);
    return s->at + 1;
}

static pid_t fork_sibling(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        reset_signals();
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        alarm(10 * ESCAPE_SECONDS);
        for (;;)
            pause();
    }
    return pid;
}

static void world_close(struct run *run)
{
    struct escape_world *w = &run->world;

    if (w->sibling > 0) {
        kill(w->sibling, SIGKILL);
        wait_for(w->sibling);
    }
    if (w->file >= 0)
        close(w->file);
    if (run->own >= 0)
        close(run->own);
    scratch_close(&run->scratch);
}

static int make_file(const char *path)
{
    return open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

/* Two children's folders, a file in one of them, and beside them a victim and the message. */
static int furnish(struct run *run, const char *name, struct buf *why)
{
    struct escape_world *w = &run->world;
    char mail[100];
    int fd;

    if (scratch_open(&run->scratch, name, why) < 0)
        return -1;
    snprintf(w->folder, sizeof w->folder, "%s", run->scratch.path);
    snprintf(w->victim, sizeof w->victim, "%s/victim", w->folder);
    run->own = scratch_make_child(&run->scratch, 1, w->own);
    fd = scratch_make_child(&run->scratch, 2, w->other);
    if (run->own < 0 || fd < 0)
        return -1;
    close(fd);
    snprintf(mail, sizeof mail, "%s/mail", w->other);
    fd = make_file(mail);
    if (fd >= 0)
        close(fd);
    w->file = make_file(w->victim);
    return fd < 0 || w->file < 0 ? -1 : 0;
}

/* `name`: of its folders; NULL: it has none. world_close() in either case. */
static int world_open(struct run *run, int link, const char *name, struct buf *why)
{
    struct escape_world *w = &run->world;

    *w = (struct escape_world){.parent = getpid(), .sibling = -1, .link = link, .file = -1};
    run->own = -1;
    run->scratch.fd = -1;
    if (name && furnish(run, name, why) < 0)
        return -1;
    if (!name) {
        snprintf(w->folder, sizeof w->folder, "/tmp");
        snprintf(w->victim, sizeof w->victim, "/tmp/escape-%ld-victim", (long)getpid());
        w->file = memfd_create("message", MFD_CLOEXEC);
    }
    if (w->file >= 0)
        w->sibling = fork_sibling();
    return w->sibling > 0 ? 0 : -1;
}

static struct slate *slate_map(void)
{
    void *p = mmap(NULL, sizeof(struct slate), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    return p == MAP_FAILED ? NULL : p;
}

int escape_run_report(enum role role, const struct sandbox_options *o, struct escape_report *r,
                      struct buf *why)
{
    struct sandbox_options quiet = *o;
    struct run run = {.role = role, .options = &quiet, .slate = slate_map(), .to = escape_count()};
    size_t next = 0;
    int saved;

    quiet.trace = false; /* every attempt would be named */
    if (!run.slate)
        return -1;
    if (world_open(&run, o->link, has_files(role) ? role_find((uint32_t)role)->name : NULL, why) == 0)
        do
            next = run_child(&run, next, why);
        while (next && next < run.to);
    saved = errno;
    *r = run.slate->report;
    world_close(&run);
    munmap(run.slate, sizeof *run.slate);
    errno = saved;
    return next == run.to ? 0 : -1;
}

static void note_hole(struct escape_result *r, const struct escape_attempt *a, const struct escape_outcome *o)
{
    if (r->first_hole[0])
        return;
    if (o->end == ESCAPE_SUCCEEDED)
        snprintf(r->first_hole, sizeof r->first_hole, "%s: %s: it succeeded", a->name, a->what);
    else if (o->number == SIGALRM)
        snprintf(r->first_hole, sizeof r->first_hole, "%s: %s: it did not end within %d s", a->name, a->what,
                 ESCAPE_SECONDS);
    else
        snprintf(r->first_hole, sizeof r->first_hole, "%s: %s: it ended in a way nobody foresaw (signal %d)",
                 a->name, a->what, o->number);
}

int escape_run(enum role role, const struct sandbox_options *o, struct escape_result *r, struct buf *why)
{
    struct escape_report report = {0};

    *r = (struct escape_result){0};
    if (escape_run_report(role, o, &report, why) < 0)
        return -1;
    r->applied = report.sandbox.applied;
    r->landlock_abi = report.sandbox.landlock_abi;
    for (size_t i = 0; i < escape_count(); i++) {
        const struct escape_outcome *out = &report.outcome[i];

        if (!escape_applies(escape_get(i), role))
            continue;
        r->attempts++;
        if (out->end == ESCAPE_ERRNO || out->end == ESCAPE_KILLED)
            r->refused++;
        else
            note_hole(r, escape_get(i), out);
    }
    return 0;
}

/* Two folders, a file as the message, and one descriptor too many: what the control needs to succeed. */
int escape_run_free(size_t i, struct escape_outcome *r)
{
    struct run run = {.slate = slate_map(), .to = i + 1};
    struct buf why = {0};
    int rc = -1;

    *r = (struct escape_outcome){0};
    if (!run.slate)
        return -1;
    if (world_open(&run, -1, "escape", &why) == 0 && dup3(STDERR_FILENO, LEAK_FD, O_CLOEXEC) >= 0 &&
        run_child(&run, i, &why) == i + 1)
        rc = 0;
    *r = run.slate->report.outcome[i];
    close(LEAK_FD);
    world_close(&run);
    munmap(run.slate, sizeof *run.slate);
    buf_free(&why);
    return rc;
}
