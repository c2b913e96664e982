/*
 * serve.c - see serve.h. One thread, one poll(2) over the supervisor's link and a signalfd.
 *
 * What the supervisor says is checked against the table of the wire, because it
 * is less privileged than this process: it may name a role and a loader by
 * number, and within bounds a size for the scratch folder, nothing else. Only
 * children that were not yet waited for are killed, so a process number can never
 * have become somebody else's. Must never wait for the supervisor for long, never
 * execute anything but a row's binary, and never leave a loader behind.
 */
#include "launcher/serve.h"

#include "common/exited.h"
#include "common/log.h"
#include "common/wire.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct loader {
    uint64_t id;
    pid_t pid; /* 0: this place is free */
};

struct serve {
    const struct serve_setup *setup;
    struct loader loader[SERVE_LOADERS_MAX];
};

static struct loader *find_id(struct serve *s, uint64_t id)
{
    for (size_t i = 0; i < SERVE_LOADERS_MAX; i++)
        if (s->loader[i].pid && s->loader[i].id == id)
            return &s->loader[i];
    return NULL;
}

/* The place of this process; with 0, a free one. */
static struct loader *find_pid(struct serve *s, pid_t pid)
{
    for (size_t i = 0; i < SERVE_LOADERS_MAX; i++)
        if (s->loader[i].pid == pid)
            return &s->loader[i];
    return NULL;
}

/* A supervisor that does not read for a second has lost this packet; it finds out by its own deadlines. */
static void answer(const struct serve *s, const struct wire_packet *p)
{
    struct pollfd pf = {.fd = s->setup->link, .events = POLLOUT};

    if (wire_send(s->setup->link, p) == 0)
        return;
    if (errno == EAGAIN && poll(&pf, 1, SERVE_SEND_MS) == 1 && wire_send(s->setup->link, p) == 0)
        return;
    if (errno != EPIPE && errno != ECONNRESET)
        log_warn("the supervisor does not read; %s of loader %llu is lost", wire_type_name(p->h.type),
                 (unsigned long long)p->h.id);
}

static void say_exited(const struct serve *s, uint64_t id, pid_t pid, int status, const struct rusage *u)
{
    struct wire_packet p = exited_packet(id, pid, status, u);

    answer(s, &p);
}

/* The reason goes first, so that the supervisor has it when it learns of the end. */
static void say_refused(const struct serve *s, uint64_t id, const struct wire_packet *why,
                        const struct start_report *r)
{
    const struct rusage nothing = {0};

    answer(s, why);
    say_exited(s, id, r->pid, r->status, &nothing);
}

/* What an administrator can do about a step that failed. */
static const char *cure(int err)
{
    static const struct {
        int err;
        const char *text;
    } cures[] = {
        {ENOENT, "install spoold again, completely"},
        {EACCES, "make it executable for every user, on a file system without noexec"},
        {EPERM, "start spoold with all of root's rights, or as a plain user"},
        {EINVAL, "start spoold with all of root's rights, or as a plain user"},
        {EAGAIN, "raise the limit of processes (TasksMax=, ulimit -u)"},
        {ENOMEM, "make room in memory"},
    };

    for (size_t i = 0; i < sizeof cures / sizeof *cures; i++)
        if (cures[i].err == err)
            return cures[i].text;
    return "it is tried again";
}

static void start_loader(struct serve *s, const struct wire_packet *load, const struct role_row *row)
{
    struct start_order o = {.row = row,
                            .user = s->setup->user[load->u.load.role],
                            .dir = s->setup->dir,
                            .link = load->fd[0],
                            .scratch_mb = load->u.load.scratch_mb};
    struct wire_packet p = wire_packet(WIRE_SPAWNED, load->h.id);
    struct loader *place = find_pid(s, 0);
    struct start_report r = {0};

    if (start_worker(&o, &r) < 0) {
        p = wire_text(WIRE_LOG, 0, "%s was not started: %s failed: %s; %s", row->binary, r.step,
                      strerror(r.err), cure(r.err));
        say_refused(s, load->h.id, &p, &r);
        return;
    }
    *place = (struct loader){load->h.id, r.pid};
    p.u.spawned.pid = (uint32_t)r.pid;
    p.u.spawned.applied = r.applied;
    answer(s, &p);
}

/* Refuses in words what this launcher cannot do; such a LOAD breaks no rule of the wire. */
static void handle_load(struct serve *s, const struct wire_packet *load)
{
    const struct role_row *row = role_find(load->u.load.role);
    const struct start_report none = {.status = W_EXITCODE(EXIT_CONFIG_100, 0)};
    struct wire_packet why = {0};

    if (!row)
        why = wire_text(
            WIRE_LOG, 0,
            "there is no role %u; spoold and spoold-launcher are of different versions, restart spoold",
            load->u.load.role);
    else if (s->setup->is_root[load->u.load.role])
        why = wire_text(WIRE_LOG, 0,
                        "%s was not started: user %s is root or in root's group; make it an ordinary user",
                        row->binary, row->user);
    else if (row->scratch_mb && load->u.load.scratch_mb > ROLE_SCRATCH_MB_MAX)
        why = wire_text(WIRE_LOG, 0,
                        "%s was not started: a scratch folder of %u MB is asked for, and it may have %d; "
                        "restart spoold",
                        row->binary, load->u.load.scratch_mb, ROLE_SCRATCH_MB_MAX);
    else if (!find_pid(s, 0))
        why = wire_text(WIRE_LOG, 0, "%s was not started: %d loaders run already", row->binary,
                        SERVE_LOADERS_MAX);
    if (why.h.type)
        say_refused(s, load->h.id, &why, &none);
    else
        start_loader(s, load, row);
}

/* It may have ended by itself meanwhile; EXITED is on its way then. */
static void handle_retire(struct serve *s, const struct wire_packet *p)
{
    struct loader *l = find_id(s, p->h.id);

    if (l)
        kill(l->pid, SIGKILL);
}

/* NULL, or which rule the packet breaks. */
static const char *handle_packet(struct serve *s, const struct wire_packet *p)
{
    const char *broken = wire_check(WIRE_TO_LAUNCHER, WIRE_UP, p);

    if (!broken && p->h.type == WIRE_LOAD && find_id(s, p->h.id))
        broken = "LOAD: this loader runs already";
    if (broken)
        return broken;
    if (p->h.type == WIRE_LOAD)
        handle_load(s, p);
    else
        handle_retire(s, p);
    return NULL;
}

/* 1: go on; 0: the supervisor is gone; -1: it broke a rule, or the link did. */
static int handle_link(struct serve *s)
{
    struct wire_packet p = {0};
    int rc = wire_recv(s->setup->link, &p, false);
    const char *broken = NULL;

    if (rc == 0)
        return 0;
    if (rc < 0 && errno == EAGAIN)
        return 1;
    if (rc < 0) {
        log_warn("the link to the supervisor failed; every worker is ended");
        return -1;
    }
    broken = handle_packet(s, &p);
    wire_close_fds(&p);
    if (broken)
        log_warnx("the supervisor broke the protocol (%s); every worker is ended", broken);
    return broken ? -1 : 1;
}

static void reap(struct serve *s)
{
    struct rusage usage = {0};
    int status = 0;
    pid_t pid;

    while ((pid = wait4(-1, &status, WNOHANG, &usage)) > 0) {
        struct loader *l = find_pid(s, pid);

        if (!l)
            continue;
        say_exited(s, l->id, pid, status, &usage);
        *l = (struct loader){0};
    }
}

/*
 * Their children end by the end of their links, and by the signal they asked
 * for, and come to this process as their subreaper: when it ends, nothing of
 * spoold is left.
 */
static void end_all(struct serve *s)
{
    const struct timespec moment = {.tv_nsec = 5000000};

    for (size_t i = 0; i < SERVE_LOADERS_MAX; i++)
        if (s->loader[i].pid)
            kill(s->loader[i].pid, SIGKILL);
    for (int left = SERVE_END_MS / 5; left > 0;) {
        pid_t pid = waitpid(-1, NULL, WNOHANG);

        if (pid < 0)
            break;
        if (pid == 0)
            left--, nanosleep(&moment, NULL);
    }
}

static int open_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int serve_run(const struct serve_setup *setup)
{
    struct serve s = {.setup = setup};
    struct pollfd pf[2] = {{.fd = setup->link, .events = POLLIN}, {.fd = open_signals(), .events = POLLIN}};
    struct signalfd_siginfo info;
    int rc = 1;

    if (pf[1].fd < 0)
        fatal("a signalfd cannot be opened");
    while (rc == 1) {
        if (poll(pf, 2, -1) < 0 && errno != EINTR)
            fatal("poll failed");
        /* Signals of several children may be one; what ended is asked of the kernel. */
        while (read(pf[1].fd, &info, sizeof info) > 0)
            ;
        reap(&s);
        if (pf[0].revents)
            rc = handle_link(&s);
    }
    end_all(&s);
    close(pf[1].fd);
    return rc == 0 ? EXIT_OK : EXIT_TEMP_75;
}
