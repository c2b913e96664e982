/*
 * test_sandbox.c - the sandbox as a whole: what applies, what is refused to start, what is said then.
 *
 * Run by "make check", as root and as a plain user. A kernel that lacks a layer
 * is made by a filter around the child.
 */
#include "sandbox_world.h"
#include "workers/sandbox_part.h"
#include "workers/sandbox_table.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define REQUIRED (SANDBOX_NO_NEW_PRIVS | SANDBOX_RLIMITS | SANDBOX_SECCOMP)

static const char *const nothing[] = {NULL};
static const char *const no_seccomp[] = {"seccomp", NULL};
static const char *const no_limits[] = {"prlimit64", "setrlimit", NULL};
static const char *const no_landlock[] = {"landlock_create_ruleset", NULL};

static const struct lack {
    const char *behaviour;
    const char *const *calls; /* taken away */
    int option;               /* of prctl, taken away */
    uint32_t allow_less;
    int rc;
    uint32_t applied, missing;
    const char *why, *cure; /* parts of the reason */
    enum role role;
} lacks[] = {
    {"with everything there, all layers apply", nothing, 0, 0, 0, REQUIRED, SANDBOX_TRACE, NULL, NULL,
     ROLE_REWRITE},
    {"a layer that may be missing applies where it can", nothing, 0, REQUIRED, 0, REQUIRED, 0, NULL, NULL,
     ROLE_REWRITE},
    {"without seccomp it is refused, with the cure", no_seccomp, PR_SET_SECCOMP, 0, -1, 0, SANDBOX_SECCOMP,
     "the seccomp filter cannot be loaded", "workers.allow_less = seccomp accepts that", ROLE_REWRITE},
    {"seccomp may be missing by name", no_seccomp, PR_SET_SECCOMP, SANDBOX_SECCOMP, 0,
     SANDBOX_NO_NEW_PRIVS | SANDBOX_RLIMITS, SANDBOX_SECCOMP, NULL, NULL, ROLE_REWRITE},
    {"another name does not help", no_seccomp, PR_SET_SECCOMP, SANDBOX_RLIMITS, -1, 0, SANDBOX_SECCOMP,
     "the seccomp filter cannot be loaded", "workers.allow_less = seccomp accepts that", ROLE_REWRITE},
    {"without no_new_privs it is refused", nothing, PR_SET_NO_NEW_PRIVS, 0, -1, 0, SANDBOX_NO_NEW_PRIVS,
     "no_new_privs cannot be set", "workers.allow_less = no_new_privs accepts that", ROLE_REWRITE},
    {"without limits it is refused", no_limits, 0, 0, -1, 0, SANDBOX_RLIMITS, "RLIMIT_FSIZE cannot be set",
     "workers.allow_less = rlimits accepts that", ROLE_REWRITE},
    {"limits may be missing by name", no_limits, 0, SANDBOX_RLIMITS, 0, SANDBOX_SECCOMP, SANDBOX_RLIMITS,
     NULL, NULL, ROLE_REWRITE},
    {"Landlock is used where it is there, and only there", no_landlock, 0, 0, 0, REQUIRED, SANDBOX_LANDLOCK,
     NULL, NULL, ROLE_REWRITE},
    {"a role with files is refused without Landlock", no_landlock, 0, 0, -1, 0, SANDBOX_LANDLOCK,
     "Landlock cannot be had", "workers.allow_less = landlock accepts that", ROLE_AV},
    {"another name does not help it either", no_landlock, 0, SANDBOX_SECCOMP, -1, 0, SANDBOX_LANDLOCK,
     "Landlock cannot be had", "workers.allow_less = landlock accepts that", ROLE_AV},
    {"Landlock may be missing by name", no_landlock, 0, SANDBOX_LANDLOCK, 0, REQUIRED, SANDBOX_LANDLOCK, NULL,
     NULL, ROLE_AV},
    {"a role with files without seccomp is refused", no_seccomp, PR_SET_SECCOMP, 0, -1, 0, SANDBOX_SECCOMP,
     "the seccomp filter cannot be loaded", "workers.allow_less = seccomp accepts that", ROLE_AV},
};

enum { GOOD, BAD_SETUP, BAD_RC, BAD_APPLIED, BAD_REASON, BAD_CURE };

static int enter_lacking(const void *arg)
{
    const struct lack *c = arg;
    struct sandbox_options o = world_options;
    struct sandbox_result r;
    struct buf why = {0};

    if ((c->calls[0] || c->option) && world_take_away(c->calls, c->option) < 0)
        return BAD_SETUP;
    o.allow_less = c->allow_less;
    if (sandbox_enter(c->role, &o, &r, &why) != c->rc)
        return BAD_RC;
    if ((r.applied & c->applied) != c->applied || (r.applied & c->missing))
        return BAD_APPLIED;
    if (c->why ? !why.n || !strstr(why.p, c->why) : why.n != 0)
        return BAD_REASON;
    return c->cure && !strstr(why.p, c->cure) ? BAD_CURE : GOOD;
}

static void each_layer_applies_or_is_asked_for(void **state)
{
    char text[40];

    (void)state;
    SKIP_UNDER_SANITIZER();
    for (size_t i = 0; i < sizeof lacks / sizeof *lacks; i++) {
        int status = world_child(enter_lacking, &lacks[i]);

        if (status != 0)
            fail_msg("%s: %s", lacks[i].behaviour, world_status(status, text, sizeof text));
    }
}

static int enter_unknown_role(const void *arg)
{
    struct sandbox_result r;
    struct buf why = {0};

    (void)arg;
    return sandbox_enter(ROLE__MAX, &world_options, &r, &why) == -1 && errno == EINVAL && why.n ? GOOD
                                                                                                : BAD_RC;
}

static void a_role_that_does_not_exist_is_refused(void **state)
{
    (void)state;
    assert_int_equal(world_child(enter_unknown_role, NULL), 0);
}

static int enter_as_plain_user(const void *arg)
{
    (void)arg;
    if (setresgid(WORLD_PLAIN, WORLD_PLAIN, WORLD_PLAIN) < 0 ||
        setresuid(WORLD_PLAIN, WORLD_PLAIN, WORLD_PLAIN) < 0)
        return BAD_SETUP;
    return enter_lacking(&lacks[0]);
}

static void it_applies_for_a_plain_user_too(void **state)
{
    (void)state;
    SKIP_UNDER_SANITIZER();
    if (geteuid() != 0)
        skip();
    assert_int_equal(world_child(enter_as_plain_user, NULL), 0);
}

static enum role waiting_role;

/* Locked down, it says so and waits until it is let go. */
static int enter_and_wait(const void *arg)
{
    const int *link = arg;
    struct sandbox_result r;
    struct buf why = {0};
    struct pollfd end = {.fd = link[1], .events = POLLIN};

    close(link[0]);
    if (sandbox_enter(waiting_role, &world_options, &r, &why) < 0)
        return BAD_RC;
    if (write(link[1], "x", 1) != 1)
        return BAD_SETUP;
    return poll(&end, 1, -1) == 1 && (end.revents & POLLHUP) ? GOOD : BAD_SETUP;
}

static void check_limits(pid_t pid)
{
    const struct sandbox_limit *l;

    for (size_t i = 0; (l = sandbox_table_limit(waiting_role, i)); i++) {
        rlim_t wanted = l->value == SANDBOX_FILE_MAX ? WORLD_FILE_MAX : l->value;
        rlim_t most = wanted + (l->on_top ? (rlim_t)256 << 20 : 0); /* what a test program may have mapped */
        struct rlimit is = {1, 2};

        assert_int_equal(prlimit(pid, (__rlimit_resource_t)l->resource, NULL, &is), 0);
        if (is.rlim_cur > most || is.rlim_max != is.rlim_cur || (l->on_top && is.rlim_cur <= wanted))
            fail_msg("RLIMIT_%s is %ju and %ju", l->name, (uintmax_t)is.rlim_cur, (uintmax_t)is.rlim_max);
    }
}

static void check_status(pid_t pid)
{
    char path[64], bytes[8192] = "";
    int fd;

    snprintf(path, sizeof path, "/proc/%ld/status", (long)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_true(read(fd, bytes, sizeof bytes - 1) > 0);
    close(fd);
    assert_non_null(strstr(bytes, "NoNewPrivs:\t1\n"));
    assert_non_null(strstr(bytes, "Seccomp:\t2\n"));
}

/* Not dumpable: its files in /proc belong to root, whoever it is. */
static void check_owner(pid_t pid)
{
    char path[64];
    struct stat st;

    snprintf(path, sizeof path, "/proc/%ld/mem", (long)pid);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_uid, 0);
}

static void check_marks_of(enum role role)
{
    int link[2], status = -1;
    char byte = 0;
    pid_t pid;

    waiting_role = role;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, link), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(enter_and_wait(link));
    close(link[1]);
    assert_int_equal(read(link[0], &byte, 1), 1);
    check_limits(pid);
    check_status(pid);
    check_owner(pid);
    close(link[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void limits_and_marks_are_those_of_the_table(void **state)
{
    (void)state;
    SKIP_UNDER_SANITIZER();
    for (unsigned role = 0; role < ROLE__MAX; role++)
        check_marks_of((enum role)role);
}

static int enter_below_a_lower_limit(const void *arg)
{
    const struct rlimit lower = {10, 10};
    struct sandbox_result r;
    struct buf why = {0};

    (void)arg;
    if (setrlimit(RLIMIT_FSIZE, &lower) < 0)
        return BAD_SETUP;
    signal(SIGXFSZ, SIG_IGN);
    return sandbox_enter(ROLE_REWRITE, &world_options, &r, &why) == 0 && (r.applied & SANDBOX_RLIMITS)
               ? GOOD
               : BAD_RC;
}

static void a_limit_that_is_lower_already_stays(void **state)
{
    (void)state;
    SKIP_UNDER_SANITIZER();
    assert_int_equal(world_child(enter_below_a_lower_limit, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_layer_applies_or_is_asked_for),
        cmocka_unit_test(a_role_that_does_not_exist_is_refused),
        cmocka_unit_test(it_applies_for_a_plain_user_too),
        cmocka_unit_test(limits_and_marks_are_those_of_the_table),
        cmocka_unit_test(a_limit_that_is_lower_already_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
