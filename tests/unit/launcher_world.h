/*
 * launcher_world.h - a folder of binaries that are copies of the test itself, which tell what they were
 * given.
 *
 * Used by test_start.c, test_serve.c and test_launch.c. A test's main() calls
 * world_play() first: under the name of a worker it reports its user, its
 * descriptors and the rest over descriptor 3 and stays until that link ends.
 * Nothing is believed that the code under test says about itself.
 */
#ifndef TESTS_UNIT_LAUNCHER_WORLD_H
#define TESTS_UNIT_LAUNCHER_WORLD_H

#include "common/role.h"
#include "common/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORLD_WAIT_MS 10000 /* far beyond what anything here takes, sanitizers included */
#define WORLD_TMPFS   0x01021994

struct world_facts {
    uid_t uid[3];
    gid_t gid[3];
    int groups, argc, environment, no_new_privs, death_signal;
    unsigned open_fds; /* bit n: descriptor n */
    unsigned mask;
    bool at_root, core_off, stdio_is_null, tmp_is_tmpfs, tmp_is_writable;
    unsigned long long tmp_mb, tmp_files;        /* that fit into /tmp */
    unsigned long long ignored, blocked, rights; /* of /proc/self/status */
    ino_t net, ipc, mnt;
};

struct world {
    char path[200];
    int dir; /* O_PATH */
};

/* The number behind this key in /proc/self/status. */
static inline unsigned long long world_status(const char *key)
{
    char text[4096] = "";
    FILE *f = fopen("/proc/self/status", "re");
    char *at = NULL;

    if (f) {
        text[fread(text, 1, sizeof text - 1, f)] = '\0';
        fclose(f);
        at = strstr(text, key);
    }
    return at ? strtoull(at + strlen(key) + 1, NULL, 16) : 0;
}

/* 32 and 33 are libc's own: posix_spawn(3), which make(1) uses, leaves them ignored, and nobody can set them.
 */
#define WORLD_LIBC_SIGNALS 0x180000000ULL

static inline ino_t world_inode(const char *path)
{
    struct stat st = {0};

    return stat(path, &st) == 0 ? st.st_ino : 0;
}

static inline bool world_is_null(int fd)
{
    struct stat st, null;

    return fstat(fd, &st) == 0 && stat("/dev/null", &null) == 0 && st.st_rdev == null.st_rdev &&
           S_ISCHR(st.st_mode);
}

static inline void world_look_at_files(struct world_facts *f)
{
    char cwd[8] = "";
    struct statfs fs;

    f->at_root = getcwd(cwd, sizeof cwd) && strcmp(cwd, "/") == 0;
    f->stdio_is_null = world_is_null(0) && world_is_null(1);
    if (statfs("/tmp", &fs) == 0) {
        f->tmp_is_tmpfs = fs.f_type == WORLD_TMPFS;
        f->tmp_mb = (unsigned long long)fs.f_blocks * (unsigned long long)fs.f_bsize >> 20;
        f->tmp_files = (unsigned long long)fs.f_files;
    }
    f->tmp_is_writable = access("/tmp", W_OK) == 0;
    f->mask = umask(0);
    f->net = world_inode("/proc/self/ns/net");
    f->ipc = world_inode("/proc/self/ns/ipc");
    f->mnt = world_inode("/proc/self/ns/mnt");
}

static inline struct world_facts world_look(int argc, char **envp)
{
    struct world_facts f = {.argc = argc};
    struct rlimit core = {1, 1};

    for (int fd = 0; fd < 32; fd++)
        f.open_fds |= fcntl(fd, F_GETFD) >= 0 ? 1u << fd : 0;
    getresuid(&f.uid[0], &f.uid[1], &f.uid[2]);
    getresgid(&f.gid[0], &f.gid[1], &f.gid[2]);
    f.groups = getgroups(0, NULL);
    while (envp[f.environment])
        f.environment++;
    f.no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
    prctl(PR_GET_PDEATHSIG, &f.death_signal);
    f.core_off = getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur == 0 && core.rlim_max == 0;
    f.ignored = world_status("SigIgn:") & ~WORLD_LIBC_SIGNALS;
    f.blocked = world_status("SigBlk:");
    f.rights = world_status("CapEff:");
    world_look_at_files(&f);
    return f;
}

/* Under one of these names, plays that program and never returns. A byte 'x' ends it with exit code 7. */
static inline void world_play(int argc, char **argv, char **envp, const char *name)
{
    const char *slash = strrchr(argv[0], '/');
    struct world_facts f = {0};
    char order = 0;

    if (strcmp(slash ? slash + 1 : argv[0], name) != 0)
        return;
    f = world_look(argc, envp);
    if (send(WIRE_LINK_FD, &f, sizeof f, MSG_NOSIGNAL) != (ssize_t)sizeof f)
        _exit(9);
    while (recv(WIRE_LINK_FD, &order, 1, 0) > 0)
        if (order == 'x')
            _exit(7);
    _exit(0);
}

/* A copy of the test's own program, executable for every user, or this text. */
static inline void world_add(const struct world *w, const char *name, const char *text, mode_t mode)
{
    char path[300];
    int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), to;
    struct stat st;

    snprintf(path, sizeof path, "%s/%s", w->path, name);
    to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
    assert_true(from >= 0 && to >= 0 && fstat(from, &st) == 0);
    if (text)
        assert_int_equal(write(to, text, strlen(text)), strlen(text));
    for (off_t at = 0; !text && at < st.st_size;)
        assert_true(sendfile(to, from, &at, (size_t)(st.st_size - at)) > 0);
    assert_int_equal(fchmod(to, mode), 0);
    close(from);
    close(to);
}

static inline void world_remove(const struct world *w, const char *name)
{
    char path[300];

    snprintf(path, sizeof path, "%s/%s", w->path, name);
    unlink(path);
}

static inline int world_open(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    const char *base = getenv("TMPDIR");

    if (!w)
        return -1;
    /* The launcher has all of 0 to 4 in use; the tests that call its parts must, too. */
    while ((w->dir = open("/dev/null", O_RDWR | O_CLOEXEC)) >= 0 && w->dir <= 4)
        ;
    close(w->dir);
    snprintf(w->path, sizeof w->path, "%s/spoold-test-XXXXXX", base ? base : "/tmp");
    w->dir = mkdtemp(w->path) ? open(w->path, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
    *state = w;
    return w->dir >= 0 ? 0 : -1;
}

static inline int world_close(void **state)
{
    static const char *const names[] = {"worker-rewrite", "spoold-launcher", "finder"};
    struct world *w = *state;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        world_remove(w, names[i]);
    close(w->dir);
    if (rmdir(w->path) < 0)
        print_error("%s could not be removed\n", w->path);
    free(w);
    return 0;
}

static inline bool world_readable(int fd)
{
    struct pollfd pf = {.fd = fd, .events = POLLIN};

    return poll(&pf, 1, WORLD_WAIT_MS) == 1;
}

static inline struct world_facts world_hear(int link)
{
    struct world_facts f = {0};

    assert_true(world_readable(link));
    assert_int_equal(recv(link, &f, sizeof f, 0), sizeof f);
    return f;
}

/* The program at the other end is gone. */
static inline void world_expect_end(int link)
{
    char byte;

    assert_true(world_readable(link));
    assert_true(recv(link, &byte, 1, 0) <= 0);
}

/* What holds for every worker, whoever started it; `uid` is the user it must be. */
static inline void world_expect_worker(const struct world_facts *f, uid_t uid, uint32_t applied)
{
    for (int i = 0; i < 3; i++)
        if (f->uid[i] != uid || (geteuid() == 0 && f->gid[i] != uid))
            fail_msg("user %u, group %u instead of %u", f->uid[i], f->gid[i], uid);
    assert_true(geteuid() != 0 || f->groups == 0);
    assert_int_equal(f->rights, 0);
    assert_int_equal(f->no_new_privs, 1);
    assert_int_equal(f->death_signal, SIGKILL);
    assert_int_equal(f->open_fds, 0xf); /* 0, 1, 2 and the link */
    assert_int_equal(f->mask, 077);
    assert_true(f->at_root && f->core_off);
    assert_int_equal(f->environment, 0);
    assert_int_equal(f->argc, 1);
    assert_int_equal(f->ignored, 0);
    assert_int_equal(f->blocked, 0);
    assert_int_equal(!!(applied & SANDBOX_UID), geteuid() == 0);
    assert_int_equal(!!(applied & SANDBOX_NET), f->net != world_inode("/proc/self/ns/net"));
    assert_int_equal(!!(applied & SANDBOX_IPC), f->ipc != world_inode("/proc/self/ns/ipc"));
    /* In a chroot the mounts can be had, but not be cut off from the others: then it is not claimed. */
    assert_true(!(applied & SANDBOX_MOUNT) || f->mnt != world_inode("/proc/self/ns/mnt"));
}

#endif
