/*
 * test_sandbox_landlock.c - each ABI handles what it knows and nothing beyond, and a real kernel takes it.
 *
 * Run by "make check". A kernel takes the ruleset of an older ABI as well, so
 * every ABI up to its own is tried for real.
 */
#include "sandbox_world.h"
#include "workers/sandbox_part.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

static const struct {
    unsigned abi;
    uint64_t fs, net, scoped;
    size_t size;
} rulesets[] = {
    {0, 0, 0, 0, 8},       {1, 0x1fff, 0, 0, 8},  {2, 0x3fff, 0, 0, 8},
    {3, 0x7fff, 0, 0, 8},  {4, 0x7fff, 3, 0, 16}, {5, 0xffff, 3, 0, 16},
    {6, 0xffff, 3, 3, 24}, {7, 0xffff, 3, 3, 24}, {99, 0xffff, 3, 3, 24},
};

static void each_abi_has_its_ruleset(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rulesets / sizeof *rulesets; i++) {
        struct landlock_abi_ruleset r;

        assert_int_equal(sandbox_landlock_ruleset(rulesets[i].abi, &r), rulesets[i].size);
        assert_int_equal(r.fs, rulesets[i].fs);
        assert_int_equal(r.net, rulesets[i].net);
        assert_int_equal(r.scoped, rulesets[i].scoped);
    }
}

/* 0 or errno. */
static int connect_loopback(void)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(9), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return EACCES;
    return connect(fd, (struct sockaddr *)&to, sizeof to) < 0 ? errno : 0;
}

static int locked(const void *arg)
{
    unsigned abi = *(const unsigned *)arg;
    int scoped;

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || sandbox_landlock_apply(abi, -1, false) < 0)
        return 1;
    if (open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0 || errno != EACCES)
        return 2;
    if (open("/tmp", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600) >= 0)
        return 3;
    if (abi >= 4 && connect_loopback() != EACCES)
        return 4;
    scoped = kill(getppid(), 0) < 0 && errno == EPERM;
    return scoped == (abi >= 6) ? 0 : 5;
}

/* It connects, as far as anybody listens there; it takes no port and opens no file. */
static int locked_with_network(const void *arg)
{
    unsigned abi = *(const unsigned *)arg;
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd, rc;

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || sandbox_landlock_apply(abi, -1, true) < 0)
        return 1;
    if (open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0 || errno != EACCES)
        return 2;
    if (connect_loopback() == EACCES)
        return 3;
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    rc = bind(fd, (struct sockaddr *)&own, sizeof own);
    return abi < 4 || (rc < 0 && errno == EACCES) ? 0 : 4;
}

static void each_abi_of_this_kernel_refuses(void **state)
{
    unsigned here = sandbox_landlock_abi();
    char text[40];

    (void)state;
    if (!here)
        skip();
    for (unsigned abi = 1; abi <= here; abi++) {
        int status = world_child(locked, &abi);

        if (status != 0)
            fail_msg("ABI %u: %s", abi, world_status(status, text, sizeof text));
        status = world_child(locked_with_network, &abi);
        if (status != 0)
            fail_msg("ABI %u with a network: %s", abi, world_status(status, text, sizeof text));
    }
}

struct folder {
    unsigned abi;
    char path[40], beside[48];
};

static const char *in(const struct folder *f, const char *name)
{
    static char path[80];

    snprintf(path, sizeof path, "%s/%s", f->path, name);
    return path;
}

/* What libclamav does in there. */
static int works_in(const struct folder *f)
{
    int fd;

    if (mkdir(in(f, "d"), 0700) < 0)
        return 1;
    fd = open(in(f, "d/file"), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, "text", 4) != 4 || close(fd) < 0)
        return 2;
    fd = open(in(f, "d/file"), O_WRONLY | O_TRUNC | O_CLOEXEC);
    if (fd < 0 || close(fd) < 0)
        return 3;
    fd = open(in(f, "d"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || close(fd) < 0)
        return 4;
    return unlink(in(f, "d/file")) == 0 && rmdir(in(f, "d")) == 0 ? 0 : 5;
}

static bool is_refused(long rc)
{
    return rc < 0 && errno == EACCES;
}

static int locked_in(const void *arg)
{
    const struct folder *f = arg;
    int scratch = open(f->path, O_PATH | O_DIRECTORY | O_CLOEXEC), rc;

    if (scratch < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        sandbox_landlock_apply(f->abi, scratch, false) < 0)
        return 10;
    rc = works_in(f);
    if (rc)
        return rc;
    if (!is_refused(open(f->beside, O_RDONLY | O_CLOEXEC)) || !is_refused(unlink(f->beside)) ||
        !is_refused(open(in(f, "../x"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)) ||
        !is_refused(open(in(f, ".."), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) || !is_refused(rmdir(f->path)))
        return 11;
    if (!is_refused(symlink("x", in(f, "link"))) || !is_refused(mknod(in(f, "fifo"), S_IFIFO | 0600, 0)) ||
        !is_refused(mknod(in(f, "socket"), S_IFSOCK | 0600, 0)))
        return 12;
    return link(f->beside, in(f, "hard")) < 0 && rename(f->beside, in(f, "in")) < 0 ? 0 : 13;
}

static void of_a_scratch_folder_only_files_and_folders_are_left(void **state)
{
    struct folder f = {.path = "/tmp/landlock-XXXXXX"};
    unsigned here = sandbox_landlock_abi();
    char text[40];
    int fd;

    (void)state;
    if (!here)
        skip();
    assert_non_null(mkdtemp(f.path));
    snprintf(f.beside, sizeof f.beside, "%s.beside", f.path);
    fd = open(f.beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
    for (f.abi = 1; f.abi <= here; f.abi++) {
        int status = world_child(locked_in, &f);

        if (status != 0)
            print_error("ABI %u: %s\n", f.abi, world_status(status, text, sizeof text));
        assert_int_equal(status, 0);
    }
    unlink(f.beside);
    rmdir(f.path);
}

static int without_kernel(const void *arg)
{
    static const char *const calls[] = {"landlock_create_ruleset", NULL};

    (void)arg;
    if (world_take_away(calls, 0) < 0)
        return 1;
    return sandbox_landlock_abi() == 0 && sandbox_landlock_apply(0, -1, false) == -1 && errno == EOPNOTSUPP
               ? 0
               : 2;
}

static void a_kernel_without_it_has_abi_0(void **state)
{
    (void)state;
    assert_int_equal(world_child(without_kernel, NULL), 0);
}

static int keeps_no_descriptor(const void *arg)
{
    int before = dup(STDERR_FILENO), after;

    (void)arg;
    close(before);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        sandbox_landlock_apply(sandbox_landlock_abi(), -1, false) < 0)
        return 1;
    after = dup(STDERR_FILENO);
    return after == before ? 0 : 2;
}

static void it_leaves_no_descriptor_open(void **state)
{
    (void)state;
    if (!sandbox_landlock_abi())
        skip();
    assert_int_equal(world_child(keeps_no_descriptor, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_abi_has_its_ruleset),
        cmocka_unit_test(each_abi_of_this_kernel_refuses),
        cmocka_unit_test(of_a_scratch_folder_only_files_and_folders_are_left),
        cmocka_unit_test(a_kernel_without_it_has_abi_0),
        cmocka_unit_test(it_leaves_no_descriptor_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
