/*
 * test_sandbox_trace.c - trace mode names each missing call once and changes nothing else.
 *
 * Run by "make check". The child has a real link, the test reads it as the
 * supervisor would.
 */
#include "sandbox_world.h"

#include "common/wire.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>

struct traced {
    int link[2];
    enum role role;
    int (*run)(void);
};

static int enter_traced(const void *arg)
{
    const struct traced *t = arg;
    struct sandbox_options o = world_options;
    struct sandbox_result r;
    struct buf why = {0};

    o.trace = true;
    o.link = t->link[1];
    if (sandbox_enter(t->role, &o, &r, &why) < 0)
        return 101;
    if ((r.applied & (SANDBOX_TRACE | SANDBOX_SECCOMP)) != (SANDBOX_TRACE | SANDBOX_SECCOMP))
        return 102;
    return t->run();
}

static int calls_what_is_missing(void)
{
    struct sysinfo info;

    for (int i = 0; i < 3; i++) {
        errno = 0;
        if (syscall(SYS_getppid) != -1 || errno != ENOSYS)
            return 1;
    }
    if (sysinfo(&info) != -1 || errno != ENOSYS)
        return 2;
    return syscall(1000) == -1 && errno == ENOSYS ? 0 : 3;
}

static int attacks(void)
{
    return open("/", O_RDONLY | O_CLOEXEC);
}

static int does_its_work(void)
{
    return getpid() > 0 ? 0 : 1;
}

/* With files: what is known and refused, and what is answered otherwise, is not missing. */
static int looks_and_changes(void)
{
    static char deep[65536]; /* not of the stack, which the handler keeps off */
    struct stat st;

    memset(deep, 1, sizeof deep);
    if (chmod("/tmp", 0700) != -1 || errno != ENOSYS)
        return 1;
    if (fstat(STDERR_FILENO, &st) < 0 || stat("/etc/passwd", &st) != -1 || errno != EACCES)
        return 2;
    /* Its stand-in makes a call that is not to be had. */
    if (fstatat(STDERR_FILENO, "x", &st, 0) != -1 || errno != ENOSYS)
        return 4;
    return syscall(SYS_getppid) == -1 && errno == ENOSYS ? 0 : 3;
}

static int run_traced(struct traced *t, int (*run)(void))
{
    int status;

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, t->link), 0);
    t->run = run;
    status = world_child(enter_traced, t);
    close(t->link[1]);
    return status;
}

static void expect_line_of(int link, const char *call, long number, const char *role)
{
    struct wire_packet p;
    char wanted[200], text[WIRE_TEXT_MAX + 1] = "";

    assert_int_equal(wire_recv(link, &p, false), 1);
    assert_null(wire_check(WIRE_FROM_CHILD, WIRE_BUSY, &p));
    assert_int_equal(p.h.type, WIRE_LOG);
    memcpy(text, p.u.text, p.h.length);
    snprintf(wanted, sizeof wanted, "sandbox: system call %s (%ld%s) is not in the table of role %s", call,
             number, number == 512 ? " or above" : "", role);
    assert_string_equal(text, wanted);
}

static void expect_line(int link, const char *call, long number)
{
    expect_line_of(link, call, number, "rewrite");
}

static void expect_end(int link)
{
    struct wire_packet p;

    assert_int_equal(wire_recv(link, &p, false), 0);
    close(link);
}

static void what_a_role_with_files_lives_with_is_not_named(void **state)
{
    struct traced t = {.role = ROLE_AV};

    (void)state;
    SKIP_UNDER_SANITIZER();
    assert_int_equal(run_traced(&t, looks_and_changes), 0);
    expect_line_of(t.link[0], "openat", SYS_openat, "av");
    expect_line_of(t.link[0], "getppid", SYS_getppid, "av");
    expect_end(t.link[0]);
}

static void each_missing_call_is_named_once_and_answers_enosys(void **state)
{
    struct traced t = {0};

    (void)state;
    SKIP_UNDER_SANITIZER();
    assert_int_equal(run_traced(&t, calls_what_is_missing), 0);
    expect_line(t.link[0], "getppid", SYS_getppid);
    expect_line(t.link[0], "sysinfo", SYS_sysinfo);
    expect_line(t.link[0], "without name", 512);
    expect_end(t.link[0]);
}

static void a_hostile_call_kills_as_ever(void **state)
{
    struct traced t = {0};
    int status;

    (void)state;
    SKIP_UNDER_SANITIZER();
    status = run_traced(&t, attacks);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSYS);
    expect_end(t.link[0]);
}

static void nothing_is_said_while_nothing_is_missing(void **state)
{
    struct traced t = {0};

    (void)state;
    SKIP_UNDER_SANITIZER();
    assert_int_equal(run_traced(&t, does_its_work), 0);
    expect_end(t.link[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_missing_call_is_named_once_and_answers_enosys),
        cmocka_unit_test(what_a_role_with_files_lives_with_is_not_named),
        cmocka_unit_test(a_hostile_call_kills_as_ever),
        cmocka_unit_test(nothing_is_said_while_nothing_is_missing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
