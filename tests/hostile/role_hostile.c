/*
 * role_hostile.c - the loader of the hostile worker, and its main().
 *
 * Started by the launcher as worker-rewrite. It forks children as a loader
 * should, unless hostile.conf beside the binary names one of the misbehaviours
 * in the table below. It reads that file once, at its start, by the path of its
 * own binary: there is no other way to tell it anything, because a worker gets
 * neither arguments nor environment.
 */
#include "tests/hostile/hostile.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILDREN_MAX 256

/* What it does otherwise than a loader should. */
enum way {
    HONEST,
    NEVER_READY,  /* loads for ever */
    FAILS,        /* says FAILED */
    EXITS,        /* ends without a word */
    BAD_NUMBERS,  /* READY with a self-test that found holes and nothing applied */
    FOREIGN_PID,  /* SPAWNED with the process number of somebody else */
    FALSE_EXITED, /* EXITED for a child that lives */
    SENDS_FDS,    /* LOG with descriptors */
    FLOODS,       /* LOG without end */
    NO_SPAWN,     /* ignores SPAWN */
    NO_RETIRE,    /* ignores RETIRE */
    SECOND_READY, /* READY twice */
};

static const struct {
    const char *name;
    enum way way;
} ways[] = {
    {"never-ready", NEVER_READY},
    {"failed", FAILS},
    {"exits", EXITS},
    {"bad-numbers", BAD_NUMBERS},
    {"foreign-pid", FOREIGN_PID},
    {"false-exited", FALSE_EXITED},
    {"sends-fds", SENDS_FDS},
    {"floods", FLOODS},
    {"ignores-spawn", NO_SPAWN},
    {"ignores-retire", NO_RETIRE},
    {"second-ready", SECOND_READY},
};

struct loader {
    enum way way;
    uint64_t id;
    int signals;
    size_t child_n;
    struct {
        uint64_t id;
        pid_t pid;
    } child[CHILDREN_MAX];
};

static enum way read_way(void)
{
    char path[4096 + 32], text[HOSTILE_NAME_MAX] = "";
    ssize_t n = readlink("/proc/self/exe", path, 4096);
    char *end;
    int fd;

    path[n > 0 ? n : 0] = '\0';
    end = strrchr(path, '/');
    if (!end)
        return HONEST;
    snprintf(end, 32, "/hostile.conf");
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, text, sizeof text - 1) < 0)
        text[0] = '\0';
    if (fd >= 0)
        close(fd);
    text[strcspn(text, "\n")] = '\0';
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        if (strcmp(ways[i].name, text) == 0)
            return ways[i].way;
    return HONEST;
}

static void say(const struct wire_packet *p)
{
    hostile_child_send(p, sizeof p->h + p->h.length, p->fd, p->fd_n);
}

static void say_ready(const struct loader *l)
{
    struct wire_packet p = wire_packet(WIRE_READY, l->id);

    p.u.ready =
        (struct wire_ready){.applied = HOSTILE_APPLIED, .attempts = 26, .refused = 26, .landlock_abi = 7};
    if (l->way == BAD_NUMBERS)
        p.u.ready = (struct wire_ready){.applied = UINT32_MAX, .attempts = 26, .refused = 3};
    say(&p);
    if (l->way == SECOND_READY)
        say(&p);
}

/* Before READY; ends the process where the way says so. */
static void misbehave_early(const struct loader *l)
{
    struct wire_packet p = wire_text(WIRE_FAILED, l->id, "it was told to fail");

    if (l->way == NEVER_READY)
        hostile_child_sleep();
    if (l->way == EXITS)
        exit(EXIT_FAILURE);
    if (l->way == FAILS) {
        say(&p);
        exit(EXIT_FAILURE);
    }
}

static void misbehave_late(const struct loader *l)
{
    struct wire_packet p = wire_text(WIRE_LOG, 0, "once more");

    if (l->way == SENDS_FDS) {
        p.fd[0] = p.fd[1] = p.fd[2] = STDIN_FILENO;
        p.fd_n = 3;
        say(&p);
    }
    while (l->way == FLOODS)
        say(&p);
}

static void say_exited(uint64_t id, pid_t pid, int status, const struct rusage *used)
{
    struct wire_packet p = wire_packet(WIRE_EXITED, id);

    p.u.exited =
        (struct wire_exited){.status = status, .pid = (uint32_t)pid, .rss_kb = (uint64_t)used->ru_maxrss};
    say(&p);
}

static void spawn(struct loader *l, const struct wire_packet *p)
{
    struct wire_packet answer = wire_packet(WIRE_SPAWNED, p->h.id);
    const struct rusage none = {0};
    sigset_t empty;
    pid_t pid;

    if (l->way == NO_SPAWN || l->child_n == CHILDREN_MAX)
        return;
    pid = fork();
    if (pid == 0) {
        sigemptyset(&empty);
        sigprocmask(SIG_SETMASK, &empty, NULL);
        _exit(hostile_child(p->fd[0], p->fd[1]));
    }
    if (pid < 0)
        return;
    l->child[l->child_n].id = p->h.id;
    l->child[l->child_n++].pid = pid;
    answer.u.spawned.pid = l->way == FOREIGN_PID ? 1 : (uint32_t)pid;
    say(&answer);
    if (l->way == FALSE_EXITED)
        say_exited(p->h.id, pid, 0, &none);
}

/* 0: all of them. */
static void retire(struct loader *l, uint64_t id)
{
    if (l->way == NO_RETIRE)
        return;
    for (size_t i = 0; i < l->child_n; i++)
        if (id == 0 || l->child[i].id == id)
            kill(l->child[i].pid, SIGKILL);
    if (id == 0)
        exit(EXIT_SUCCESS);
}

static void reap(struct loader *l)
{
    struct signalfd_siginfo taken;
    struct rusage used;
    int status;
    pid_t pid;

    while (read(l->signals, &taken, sizeof taken) > 0)
        ;
    while ((pid = wait4(-1, &status, WNOHANG, &used)) > 0)
        for (size_t i = 0; i < l->child_n; i++)
            if (l->child[i].pid == pid) {
                say_exited(l->child[i].id, pid, status, &used);
                l->child[i] = l->child[--l->child_n];
            }
}

/* Until the link ends. */
static void serve(struct loader *l)
{
    struct pollfd on[] = {{.fd = WIRE_LINK_FD, .events = POLLIN}, {.fd = l->signals, .events = POLLIN}};
    struct wire_packet p;

    for (;;) {
        poll(on, 2, -1);
        if (on[1].revents)
            reap(l);
        if (!on[0].revents)
            continue;
        if (wire_recv(WIRE_LINK_FD, &p, true) != 1)
            return;
        if (p.h.type == WIRE_SPAWN && p.fd_n == 2)
            spawn(l, &p);
        else if (p.h.type == WIRE_RETIRE)
            retire(l, p.h.id);
        wire_close_fds(&p);
    }
}

int main(void)
{
    struct loader l = {.way = read_way()};
    struct wire_packet p;
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    if (fcntl(WIRE_LINK_FD, F_SETFL, 0) < 0 || wire_recv(WIRE_LINK_FD, &p, true) != 1)
        return EXIT_FAILURE;
    l.id = p.h.id;
    wire_close_fds(&p);
    l.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK); /* descriptor 4, behind the link */
    misbehave_early(&l);
    say_ready(&l);
    misbehave_late(&l);
    serve(&l);
    retire(&l, 0);
    return EXIT_SUCCESS;
}
