/*
 * start.c - see start.h. Runs as root where spoold was started as root.
 *
 * Between fork and exec a child takes its namespaces, gives up root, sheds
 * everything it inherited and becomes the worker's binary. Each step is one row
 * of a table: a required one that fails ends the child, and the launcher gets its
 * name and errno through a pipe that a successful exec closes. Namespaces are
 * best effort: containers and administrators may forbid them, seccomp in the
 * worker does not depend on them. Trusts the row of the role and the folder of
 * the binaries; nothing here comes from a message, and from the wire only a size
 * that serve.c has held against its bounds.
 */
#include "launcher/start.h"

#include "common/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdnoreturn.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct child {
    const struct start_order *o;
    int bin;      /* O_PATH */
    int pipe;     /* to the launcher */
    pid_t parent; /* the launcher */
    uint32_t applied;
};

static bool write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    if (fd >= 0)
        close(fd);
    return done;
}

/*
 * A plain user may have namespaces only inside one of users, in which it stays itself. Where the maps are
 * refused, the worker goes on unmapped: it has no rights then, and that is all it needs.
 */
static void enter_user_namespace(struct child *c)
{
    uid_t uid = geteuid();
    gid_t gid = getegid();
    char map[64];
    bool done;

    /* Maps belong to root while a process may not be dumped. */
    prctl(PR_SET_DUMPABLE, 1);
    if (unshare(CLONE_NEWUSER) < 0)
        return;
    done = write_file("/proc/self/setgroups", "deny");
    snprintf(map, sizeof map, "%u %u 1", gid, gid);
    done = write_file("/proc/self/gid_map", map) && done;
    snprintf(map, sizeof map, "%u %u 1", uid, uid);
    if (write_file("/proc/self/uid_map", map) && done)
        c->applied |= SANDBOX_USERNS;
}

static void mount_scratch(struct child *c)
{
    const struct start_user *u = &c->o->user;
    const unsigned mb = c->o->scratch_mb ? c->o->scratch_mb : c->o->row->scratch_mb;
    char options[128];

    /* Empty files take no size, but memory of the kernel, and time of the loader when it removes them. */
    snprintf(options, sizeof options, "size=%um,nr_inodes=%d,mode=0700,uid=%u,gid=%u", mb, START_FILES,
             u->drop ? u->uid : geteuid(), u->drop ? u->gid : getegid());
    if (mount("spoold-scratch", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options) == 0)
        c->applied |= SANDBOX_SCRATCH;
}

static int take_namespaces(struct child *c)
{
    if (!c->o->user.drop)
        enter_user_namespace(c);
    if (!c->o->row->network && unshare(CLONE_NEWNET) == 0)
        c->applied |= SANDBOX_NET;
    if (unshare(CLONE_NEWIPC) == 0)
        c->applied |= SANDBOX_IPC;
    /*
     * Mounts are made slaves, not only private: what is mounted here stays here, and what the host
     * unmounts is let go of. Without that, a scratch folder would be mounted for the whole host.
     */
    if (unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) == 0) {
        c->applied |= SANDBOX_MOUNT;
        if (c->o->row->scratch_mb)
            mount_scratch(c);
    }
    return 0;
}

static int give_up_root(struct child *c)
{
    const struct start_user *u = &c->o->user;

    if (!u->drop)
        return 0;
    if (setgroups(0, NULL) < 0 || setresgid(u->gid, u->gid, u->gid) < 0 ||
        setresuid(u->uid, u->uid, u->uid) < 0)
        return -1;
    c->applied |= SANDBOX_UID;
    return 0;
}

/* What the calls above promised is looked at: a worker with root in reserve is worse than none. */
static int prove_no_root(struct child *c)
{
    uid_t r = 0, e = 0, s = 0;
    gid_t gr = 0, ge = 0, gs = 0;

    (void)c;
    if (getresuid(&r, &e, &s) < 0 || getresgid(&gr, &ge, &gs) < 0)
        return -1;
    errno = EPERM;
    return r && r == e && r == s && gr == ge && gr == gs && setuid(0) < 0 && seteuid(0) < 0 ? 0 : -1;
}

static int bind_to_launcher(struct child *c)
{
    /* After the change of user, which would clear it again. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
        return -1;
    errno = ESRCH;
    return getppid() == c->parent ? 0 : -1;
}

static int forbid_new_rights(struct child *c)
{
    (void)c;
    /* A service manager may have started a plain user with some; kernels without them say EINVAL. */
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0L, 0L, 0L);
    return prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L);
}

static int shed_the_rest(struct child *c)
{
    const struct rlimit none = {0, 0};

    (void)c;
    umask(077);
    return setrlimit(RLIMIT_CORE, &none) < 0 || chdir("/") < 0 ? -1 : 0;
}

/* What is ignored or blocked stays so across exec; the launcher ignores and blocks a lot. */
static int reset_signals(struct child *c)
{
    const struct sigaction usual = {.sa_handler = SIG_DFL};
    sigset_t none;

    (void)c;
    for (int i = 1; i < NSIG; i++)
        sigaction(i, &usual, NULL); /* SIGKILL, SIGSTOP and libc's own refuse, rightly */
    sigemptyset(&none);
    return sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Not closed but marked: the binary and the pipe are needed up to the exec. */
static int keep_only_link(struct child *c)
{
    if (dup2(c->o->link, WIRE_LINK_FD) < 0)
        return -1;
    return close_range(WIRE_LINK_FD + 1, ~0U, CLOSE_RANGE_CLOEXEC);
}

static const struct step {
    const char *name;
    int (*run)(struct child *c);
} steps[] = {
    {"taking namespaces", take_namespaces},
    {"becoming the worker's user", give_up_root},
    {"proving that root is given up", prove_no_root},
    {"asking to end with the launcher", bind_to_launcher},
    {"setting no_new_privs", forbid_new_rights},
    {"setting limits and the working folder", shed_the_rest},
    {"resetting signals", reset_signals},
    {"closing inherited descriptors", keep_only_link},
};

static void say(const struct child *c, int err, const char *step)
{
    struct start_report r = {.applied = c->applied, .err = err};

    snprintf(r.step, sizeof r.step, "%s", step);
    if (write(c->pipe, &r, sizeof r) != (ssize_t)sizeof r)
        _exit(START_EXIT);
}

static noreturn void become_worker(struct child *c)
{
    char *const argv[] = {(char *)(uintptr_t)c->o->row->binary, NULL};
    char *const no_environment[] = {NULL};

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (steps[i].run(c) < 0) {
            say(c, errno, steps[i].name);
            _exit(START_EXIT);
        }
    say(c, 0, "");
    execveat(c->bin, "", argv, no_environment, AT_EMPTY_PATH);
    say(c, errno, "executing the binary");
    _exit(START_EXIT);
}

/* Returns -1, for its callers to return. */
static int blame(struct start_report *r, int err, const char *step)
{
    r->err = err;
    snprintf(r->step, sizeof r->step, "%s", step);
    return -1;
}

/* Reads until the exec closes the pipe. The last report counts; an error in it is the end of the child. */
static void hear_child(int pipe, struct start_report *r)
{
    struct pollfd pf = {.fd = pipe, .events = POLLIN};
    struct start_report got = {0};

    blame(r, EPIPE, "the first steps");
    for (;;) {
        int ready = poll(&pf, 1, START_WAIT_MS);
        ssize_t n = ready > 0 ? read(pipe, &got, sizeof got) : -1;

        if (ready == 0)
            blame(r, ETIMEDOUT, got.step[0] ? got.step : "the first steps");
        if (n < 0 && ready != 0 && errno == EINTR)
            continue;
        if (n != (ssize_t)sizeof got)
            return;
        r->applied = got.applied;
        blame(r, got.err, got.step);
    }
}

static int fork_worker(struct child *c, struct start_report *r)
{
    int ends[2] = {-1, -1};

    if (pipe2(ends, O_CLOEXEC) < 0)
        return blame(r, errno, "making a pipe");
    c->pipe = ends[1];
    c->parent = getpid();
    r->pid = fork();
    if (r->pid == 0)
        become_worker(c);
    close(ends[1]);
    if (r->pid < 0) {
        r->pid = 0;
        blame(r, errno, "making a process");
    } else {
        hear_child(ends[0], r);
    }
    close(ends[0]);
    if (r->err && r->pid > 0) {
        kill(r->pid, SIGKILL);
        while (waitpid(r->pid, &r->status, 0) < 0 && errno == EINTR)
            ;
    }
    return r->err ? -1 : 0;
}

int start_worker(const struct start_order *o, struct start_report *r)
{
    struct child c = {.o = o, .bin = -1, .pipe = -1};
    int rc;

    *r = (struct start_report){.status = W_EXITCODE(START_EXIT, 0)};
    /* Opened at every start, so that an upgrade is picked up; by descriptor, so that the user needs no path.
     */
    c.bin = openat(o->dir, o->row->binary, O_PATH | O_CLOEXEC);
    if (c.bin < 0)
        return blame(r, errno, "opening the binary");
    rc = fork_worker(&c, r);
    close(c.bin);
    return rc;
}

int start_find_user(enum role role, struct start_user *u)
{
    const struct passwd *pw = NULL;

    *u = (struct start_user){.drop = geteuid() == 0, .uid = geteuid(), .gid = getegid()};
    if (!u->drop)
        return 0;
    pw = getpwnam(role_find(role)->user);
    u->uid = pw ? pw->pw_uid : START_AUTO_UID + (uid_t)role;
    u->gid = pw ? pw->pw_gid : START_AUTO_UID + (gid_t)role;
    return u->uid && u->gid ? 0 : -1;
}
