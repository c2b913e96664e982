/*
 * worker.c - the loader: loads what its role needs, proves that the sandbox holds, forks serving children.
 *
 * worker_main() is all of a worker binary's main(). Its link (descriptor
 * WIRE_LINK_FD) comes from the supervisor through the launcher, and everything
 * that the loader does is asked for there. It never sees a message: a child has
 * a link of its own and the loader keeps no copy of it. It never outlives its
 * link, and a child never outlives it. The supervisor is trusted; a rule that
 * it breaks is a fault that ends the loader, not something to live with.
 */
#include "workers/worker_part.h"

#include "common/exited.h"
#include "common/log.h"
#include "common/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define GO_ON (-1) /* else the exit code */

struct slot {
    uint64_t id;
    pid_t pid;
    unsigned number; /* keeps it, wherever in child[] it is */
};

struct loader {
    const struct worker_role *role;
    uint64_t id; /* the loader's number */
    struct sandbox_options sandbox;
    struct scratch scratch; /* of roles with scratch_mb */
    int signals, null;
    struct slot child[WORKER_CHILDREN_MAX];
    size_t child_n;
    bool taken[WORKER_CHILDREN_MAX]; /* by slot.number */
};

static int broke(const char *rule)
{
    log_warnx("the worker ends: spoold broke a rule of its link: %s", rule);
    return EXIT_FAILURE;
}

static int refuse(const struct loader *l, const char *what, const char *why)
{
    struct wire_packet p = wire_text(WIRE_FAILED, l->id, "%s: %s", what, why);

    worker_send(WIRE_LINK_FD, &p);
    return EXIT_FAILURE;
}

static int take_link(void)
{
    int type = 0;
    socklen_t n = sizeof type;

    if (getsockopt(WIRE_LINK_FD, SOL_SOCKET, SO_TYPE, &type, &n) < 0 || type != SOCK_SEQPACKET) {
        log_warnx("descriptor %d is not a link to spoold; workers are started by spoold only", WIRE_LINK_FD);
        return EXIT_USAGE_64;
    }
    /* Waiting is meant to wait. Nothing else is open by right; what is must not reach a child. */
    if (fcntl(WIRE_LINK_FD, F_SETFL, 0) < 0 || close_range(WIRE_LINK_FD + 1, ~0U, 0) < 0) {
        log_warn("the link to spoold cannot be set up");
        return EXIT_FAILURE;
    }
    return GO_ON;
}

static int take_load(struct loader *l, struct buf *settings)
{
    struct wire_packet p;
    const char *broken;
    int rc = GO_ON, got = wire_recv(WIRE_LINK_FD, &p, true);

    if (got == 0)
        return EXIT_SUCCESS;
    if (got < 0)
        return broke(strerror(errno));
    broken = wire_check(WIRE_TO_LOADER, WIRE_STARTING, &p);
    if (!broken && p.h.type == WIRE_RETIRE) {
        wire_close_fds(&p);
        return EXIT_SUCCESS;
    }
    if (!broken && p.h.type != WIRE_LOAD)
        broken = "the first packet is not LOAD";
    l->id = p.h.id;
    if (broken)
        rc = broke(broken);
    else if (p.u.load.role != (uint32_t)l->role->role)
        rc = refuse(l, "wrong binary", "it was started for another role than its own");
    else if (sealed_read(p.fd[0], SETTINGS_MAX, settings) < 0)
        rc = refuse(l, "its settings cannot be read", strerror(errno));
    l->sandbox = (struct sandbox_options){.file_max = p.u.load.file_max,
                                          .allow_less = p.u.load.allow_less,
                                          .trace = p.u.load.flags & WIRE_LOAD_TRACE,
                                          .link = WIRE_LINK_FD,
                                          .scratch = -1,
                                          .folder = p.fd[1]};
    p.fd[1] = -1; /* ours now, until it is loaded */
    wire_close_fds(&p);
    return rc;
}

/* Before load(): forking is cheap then, and a role never loads a byte for a sandbox that does not hold. */
static int test_sandbox(const struct loader *l, struct wire_ready *ready)
{
    struct escape_result r = {0};
    struct buf why = {0};
    int rc = GO_ON;

    if (escape_run(l->role->role, &l->sandbox, &r, &why) < 0) {
        rc = refuse(l, "the sandbox cannot be tested", why.n ? why.p : strerror(errno));
    } else if (r.first_hole[0]) {
        /* What the administrator allowed to be missing by name cannot hold; that is said and gone along with.
         */
        if (l->sandbox.allow_less & ~r.applied) {
            struct wire_packet p = wire_text(WIRE_LOG, 0, "the sandbox has a hole: %s", r.first_hole);

            worker_send(WIRE_LINK_FD, &p);
        } else {
            rc = refuse(l, "the sandbox has a hole", r.first_hole);
        }
    }
    *ready = (struct wire_ready){.applied = r.applied,
                                 .attempts = (uint16_t)r.attempts,
                                 .refused = (uint16_t)r.refused,
                                 .landlock_abi = r.landlock_abi};
    buf_free(&why);
    return rc;
}

static int open_own(struct loader *l)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    /* A child writes past RLIMIT_FSIZE or to an ended link: an errno is wanted, not a death. */
    signal(SIGXFSZ, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    l->null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (l->null < 0)
        return refuse(l, "/dev/null cannot be opened", strerror(errno));
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0 ||
        (l->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)) < 0)
        return refuse(l, "the ends of children cannot be watched", strerror(errno));
    return GO_ON;
}

static int open_scratch(struct loader *l)
{
    const struct role_row *row = role_find((uint32_t)l->role->role);
    struct buf why = {0};
    int rc = GO_ON;

    if (row && row->scratch_mb && scratch_open(&l->scratch, row->name, &why) < 0)
        rc = refuse(l, "it has no scratch folder", why.p);
    buf_free(&why);
    return rc;
}

/* In a folder of its own, which is gone when it is loaded. Children have numbers from 1 on. */
static int run_load(struct loader *l, struct worker_load *what, struct buf *why)
{
    char path[SCRATCH_PATH_MAX];
    int rc, fd;

    if (!l->scratch.path[0])
        return l->role->load(what, why);
    fd = scratch_make_child(&l->scratch, 0, path);
    if (fd < 0) {
        buf_addf(why, "its scratch folder: %s", strerror(errno));
        return -1;
    }
    close(fd);
    what->scratch = path;
    rc = l->role->load(what, why);
    scratch_remove_child(&l->scratch, 0);
    return rc;
}

static int load_role(struct loader *l, struct view settings)
{
    struct wire_packet p = wire_packet(WIRE_LOADED, l->id);
    struct worker_load what = {
        .settings = settings, .dir = l->sandbox.folder, .slots = WORKER_CHILDREN_MAX, .loaded = &p.u.loaded};
    struct buf why = {0};
    int rc = GO_ON;

    if (run_load(l, &what, &why) < 0)
        rc = refuse(l, "it cannot load", why.n ? why.p : "no reason given");
    else if (p.u.loaded.engine[0] && worker_send(WIRE_LINK_FD, &p) < 0)
        rc = EXIT_SUCCESS; /* nobody wants it any more */
    buf_free(&why);
    return rc;
}

static void close_folder(struct loader *l)
{
    if (l->sandbox.folder >= 0)
        close(l->sandbox.folder);
    l->sandbox.folder = -1;
}

/* From the start to READY. */
static int prepare(struct loader *l)
{
    struct wire_packet p = wire_packet(WIRE_READY, 0);
    struct buf settings = {0};
    int rc = take_link();

    if (rc == GO_ON)
        rc = take_load(l, &settings);
    if (rc == GO_ON)
        rc = test_sandbox(l, &p.u.ready);
    if (rc == GO_ON)
        rc = open_own(l);
    if (rc == GO_ON)
        rc = open_scratch(l);
    if (rc == GO_ON)
        rc = load_role(l, buf_view(&settings));
    close_folder(l);
    p.h.id = l->id;
    if (rc == GO_ON && worker_send(WIRE_LINK_FD, &p) < 0)
        rc = EXIT_SUCCESS; /* nobody wants it any more */
    buf_free(&settings);
    return rc;
}

static struct slot *find_child(struct loader *l, uint64_t id)
{
    for (size_t i = 0; i < l->child_n; i++)
        if (l->child[i].id == id)
            return &l->child[i];
    return NULL;
}

/* There is one: child_n is below WORKER_CHILDREN_MAX. */
static unsigned free_number(const struct loader *l)
{
    unsigned i = 0;

    while (l->taken[i])
        i++;
    return i;
}

/* A fork that fails is the end of that child alone: the supervisor waits and asks again. */
static void say_no_fork(uint64_t id)
{
    struct wire_packet p = wire_text(WIRE_LOG, 0, "a child cannot be forked: %s", strerror(errno));

    worker_send(WIRE_LINK_FD, &p);
    p = exited_packet(id, 0, EXIT_FAILURE << 8, &(struct rusage){0});
    worker_send(WIRE_LINK_FD, &p);
}

static struct worker_birth birth(const struct loader *l, const struct wire_packet *p)
{
    return (struct worker_birth){.role = l->role,
                                 .sandbox = l->sandbox,
                                 .link = p->fd[0],
                                 .crumb = p->fd[1],
                                 .null = l->null,
                                 .id = p->h.id,
                                 .slot = free_number(l),
                                 .scratch = l->scratch.path[0] ? &l->scratch : NULL,
                                 .loader = getpid()};
}

static const char *spawn(struct loader *l, const struct wire_packet *p)
{
    struct wire_packet answer = wire_packet(WIRE_SPAWNED, p->h.id);
    struct worker_birth b;
    pid_t pid;

    if (p->h.id == 0 || find_child(l, p->h.id))
        return "SPAWN: a number that is in use";
    if (l->child_n == WORKER_CHILDREN_MAX)
        return "SPAWN: more children than a loader may have";
    b = birth(l, p);
    pid = fork();
    if (pid == 0)
        _exit(worker_child(&b));
    if (pid < 0) {
        say_no_fork(p->h.id);
        return NULL;
    }
    l->child[l->child_n++] = (struct slot){.id = p->h.id, .pid = pid, .number = b.slot};
    l->taken[b.slot] = true;
    answer.u.spawned.pid = (uint32_t)pid;
    worker_send(WIRE_LINK_FD, &answer);
    return NULL;
}

/* The pid is still the child's: only reap() gives it back. One that was reaped meanwhile is no fault. */
static void retire(struct loader *l, uint64_t id)
{
    const struct slot *s = find_child(l, id);

    if (s)
        kill(s->pid, SIGKILL);
}

/* All that it had is away before its end is told: what follows may be a child in its place. */
static void bury(struct loader *l, size_t i, int status, const struct rusage *used)
{
    struct slot s = l->child[i];
    struct wire_packet p = exited_packet(s.id, s.pid, status, used);

    scratch_remove_child(&l->scratch, s.id);
    if (l->role->ended)
        l->role->ended(s.number);
    l->taken[s.number] = false;
    l->child[i] = l->child[--l->child_n];
    worker_send(WIRE_LINK_FD, &p);
}

static void reap(struct loader *l)
{
    struct signalfd_siginfo taken;
    struct rusage used;
    int status;
    pid_t pid;

    while (read(l->signals, &taken, sizeof taken) > 0)
        ; /* one signal may stand for several ends */
    while ((pid = wait4(-1, &status, WNOHANG, &used)) > 0) {
        for (size_t i = 0; i < l->child_n; i++) {
            if (l->child[i].pid == pid) {
                bury(l, i, status, &used);
                break;
            }
        }
    }
}

static int take_packet(struct loader *l)
{
    struct wire_packet p;
    const char *broken;
    int rc = GO_ON, got = wire_recv(WIRE_LINK_FD, &p, false);

    if (got == 0)
        return EXIT_SUCCESS;
    if (got < 0)
        return errno == EAGAIN ? GO_ON : broke(strerror(errno));
    broken = wire_check(WIRE_TO_LOADER, WIRE_UP, &p);
    if (broken)
        rc = broke(broken);
    else if (p.h.type == WIRE_RETIRE && p.h.id == 0)
        rc = EXIT_SUCCESS;
    else if (p.h.type == WIRE_RETIRE)
        retire(l, p.h.id);
    else if (p.h.type == WIRE_SPAWN && (broken = spawn(l, &p)))
        rc = broke(broken);
    wire_close_fds(&p); /* the child has its own copies */
    return rc;
}

static void end_children(const struct loader *l)
{
    for (size_t i = 0; i < l->child_n; i++)
        kill(l->child[i].pid, SIGKILL);
    for (size_t i = 0; i < l->child_n; i++)
        while (waitpid(l->child[i].pid, NULL, 0) < 0 && errno == EINTR)
            ;
}

static int serve(struct loader *l)
{
    struct pollfd on[] = {{.fd = WIRE_LINK_FD, .events = POLLIN}, {.fd = l->signals, .events = POLLIN}};
    int rc = GO_ON;

    while (rc == GO_ON) {
        if (poll(on, 2, -1) < 0) {
            if (errno == EINTR)
                continue;
            log_warn("the worker ends: poll");
            rc = EXIT_FAILURE;
            break;
        }
        /* First the ends: a number that is free again may be used by the next SPAWN. */
        if (on[1].revents)
            reap(l);
        if (on[0].revents)
            rc = take_packet(l);
    }
    end_children(l);
    return rc;
}

int worker_main(void)
{
    struct loader l = {
        .role = &worker_role, .sandbox = {.folder = -1}, .scratch = {.fd = -1}, .signals = -1, .null = -1};
    const struct role_row *row = role_find((uint32_t)l.role->role);
    int rc;

    /* Before a link comes in: nobody else of this user may look into this process or take its descriptors. */
    prctl(PR_SET_DUMPABLE, 0);
    signal(SIGCHLD, SIG_DFL);
    /* By its name: else libc looks at the file for each local time, which a locked-down child cannot. */
    setenv("TZ", ":/etc/localtime", 0);
    log_init(row ? row->binary : "worker", LOG_TARGET_STDERR, LOG_LEVEL_INFO);
    rc = prepare(&l);
    if (rc == GO_ON)
        rc = serve(&l);
    scratch_close(&l.scratch);
    if (l.null >= 0)
        close(l.null);
    if (l.signals >= 0)
        close(l.signals);
    return rc;
}
