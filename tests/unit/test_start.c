/*
 * test_start.c - unit tests of launcher/start.c; the test itself plays the worker that is executed.
 *
 * Run by `make check`, as root and as a plain user: what must hold differs, and
 * the worker reports what it really is. A worker with root's rights, with a
 * descriptor too many or with an environment is a hole, not a blemish.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "launcher/start.h"

#include "tests/unit/launcher_world.h"

#include <pwd.h>
#include <sched.h>

#define TEST_UID 60910

static const struct role_row plain_row = {"rewrite", "worker-rewrite", "spoold-rewrite", 0, 0, false};
static const struct role_row network_row = {"rewrite", "worker-rewrite", "spoold-rewrite", 0, 0, true};
static const struct role_row scratch_row = {"rewrite", "worker-rewrite", "spoold-rewrite", 1, 0, false};

struct started {
    struct start_report report;
    int link; /* the test's end */
    int rc;
};

static struct started start_with(const struct world *w, const struct role_row *row, struct start_user user,
                                 uint32_t scratch_mb)
{
    struct started s = {.link = -1};
    struct start_order o = {.row = row, .user = user, .dir = w->dir, .scratch_mb = scratch_mb};
    int ends[2] = {-1, -1};

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    o.link = ends[1];
    s.link = ends[0];
    s.rc = start_worker(&o, &s.report);
    close(ends[1]);
    return s;
}

static struct started start(const struct world *w, const struct role_row *row, struct start_user user)
{
    return start_with(w, row, user, 0);
}

static struct start_user usual_user(void)
{
    return (struct start_user){geteuid() == 0, geteuid() == 0 ? TEST_UID : geteuid(),
                               geteuid() == 0 ? TEST_UID : getegid()};
}

/* Closes the link, after which the worker ends by itself. */
static void finish(struct started *s)
{
    int status = -1;

    close(s->link);
    assert_int_equal(waitpid(s->report.pid, &status, 0), s->report.pid);
    assert_int_equal(status, 0);
}

static void worker_gets_its_link_and_nothing_else(void **state)
{
    struct world *w = *state;
    struct started s = {0};
    struct world_facts f = {0};
    sigset_t set;

    world_add(w, "worker-rewrite", NULL, 0755);
    /* What the launcher does to itself must not be inherited. */
    signal(SIGTERM, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    s = start(w, &plain_row, usual_user());
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    if (s.rc)
        fail_msg("%s: %s", s.report.step, strerror(s.report.err));
    f = world_hear(s.link);
    world_expect_worker(&f, usual_user().uid, s.report.applied);
    finish(&s);
}

static void network_is_gone_where_namespaces_are_allowed(void **state)
{
    struct world *w = *state;
    struct started s = {0};
    bool allowed = true;
    int status = 0;
    pid_t pid = fork();

    if (pid == 0)
        _exit(unshare(geteuid() == 0 ? CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWNS
                                     : CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWNS) == 0
                  ? 0
                  : 1);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    allowed = status == 0;
    if (!allowed)
        skip();
    world_add(w, "worker-rewrite", NULL, 0755);
    s = start(w, &plain_row, usual_user());
    assert_int_equal(s.rc, 0);
    world_hear(s.link);
    assert_int_equal(s.report.applied & (SANDBOX_NET | SANDBOX_IPC), SANDBOX_NET | SANDBOX_IPC);
    assert_int_equal(!!(s.report.applied & SANDBOX_USERNS), geteuid() != 0);
    finish(&s);
}

/* It keeps the host's, and gives up everything else all the same. */
static void a_role_with_a_network_stays_in_it(void **state)
{
    struct world *w = *state;
    struct started s = {0};
    struct world_facts f = {0};

    world_add(w, "worker-rewrite", NULL, 0755);
    s = start(w, &network_row, usual_user());
    assert_int_equal(s.rc, 0);
    f = world_hear(s.link);
    assert_int_equal(s.report.applied & SANDBOX_NET, 0);
    assert_true(f.net == world_inode("/proc/self/ns/net"));
    world_expect_worker(&f, usual_user().uid, s.report.applied);
    finish(&s);
}

static void scratch_is_mounted_for_the_worker_alone(void **state)
{
    struct world *w = *state;
    struct started s = {0};
    struct world_facts f = {0};
    struct statfs before, after;

    assert_int_equal(statfs("/tmp", &before), 0);
    world_add(w, "worker-rewrite", NULL, 0755);
    s = start(w, &scratch_row, usual_user());
    assert_int_equal(s.rc, 0);
    f = world_hear(s.link);
    assert_int_equal(statfs("/tmp", &after), 0);
    assert_int_equal(before.f_type, after.f_type);
    assert_int_equal(before.f_blocks, after.f_blocks);
    if (s.report.applied & SANDBOX_SCRATCH)
        assert_true(f.tmp_is_tmpfs && f.tmp_is_writable);
    if (geteuid() == 0 && (s.report.applied & SANDBOX_MOUNT))
        assert_true(s.report.applied & SANDBOX_SCRATCH);
    finish(&s);
}

static void scratch_has_the_size_that_is_asked_for(void **state)
{
    static const struct {
        const char *says;
        const struct role_row *row;
        uint32_t asked, size; /* MB; size 0: none */
    } cases[] = {
        {"nothing is asked: the size of the row", &scratch_row, 0, 1},
        {"what is asked, above that of the row", &scratch_row, 7, 7},
        {"more than the memory there is: it is only a limit", &scratch_row, ROLE_SCRATCH_MB_MAX,
         ROLE_SCRATCH_MB_MAX},
        {"a role without scratch folder gets none", &plain_row, 7, 0},
    };
    struct world *w = *state;

    world_add(w, "worker-rewrite", NULL, 0755);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct started s = start_with(w, cases[i].row, usual_user(), cases[i].asked);
        struct world_facts f = world_hear(s.link);

        assert_int_equal(s.rc, 0);
        if (!cases[i].size && (s.report.applied & SANDBOX_SCRATCH))
            fail_msg("%s: it has one", cases[i].says);
        if ((s.report.applied & SANDBOX_SCRATCH) && (f.tmp_mb != cases[i].size || f.tmp_files != START_FILES))
            fail_msg("%s: %llu MB, %llu files", cases[i].says, f.tmp_mb, f.tmp_files);
        finish(&s);
    }
}

struct failure_case {
    const char *says;
    const char *text; /* of the binary; NULL: there is none */
    mode_t mode;
    const char *step;
    int err;
};

static const struct failure_case failure_cases[] = {
    {"a binary that is missing", NULL, 0, "opening the binary", ENOENT},
    {"a binary that may not be executed", "\177ELF", 0644, "executing the binary", EACCES},
    {"a binary that is none", "\1\2\3\4", 0755, "executing the binary", ENOEXEC},
    {"a script, whose interpreter would see a closed descriptor", "#!/bin/true\n", 0755,
     "executing the binary", ENOENT},
};

static void failed_start_names_its_step(void **state)
{
    struct world *w = *state;

    for (size_t i = 0; i < sizeof failure_cases / sizeof *failure_cases; i++) {
        const struct failure_case *c = &failure_cases[i];
        struct started s = {0};

        if (c->text)
            world_add(w, "worker-rewrite", c->text, c->mode);
        s = start(w, &plain_row, usual_user());
        if (s.rc != -1 || strcmp(s.report.step, c->step) != 0 || s.report.err != c->err)
            fail_msg("%s: %d, '%s', %s", c->says, s.rc, s.report.step, strerror(s.report.err));
        assert_int_equal(WEXITSTATUS(s.report.status), START_EXIT);
        assert_int_equal(!c->text, s.report.pid == 0);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* it is reaped already */
        world_expect_end(s.link);
        close(s.link);
        world_remove(w, "worker-rewrite");
    }
}

static void worker_never_starts_as_root(void **state)
{
    static const struct start_user users[] = {{false, 0, 0}, {true, 0, 0}, {true, 0, TEST_UID}};
    struct world *w = *state;

    if (geteuid() != 0)
        skip();
    world_add(w, "worker-rewrite", NULL, 0755);
    for (size_t i = 0; i < sizeof users / sizeof *users; i++) {
        struct started s = start(w, &plain_row, users[i]);

        assert_int_equal(s.rc, -1);
        assert_string_equal(s.report.step, "proving that root is given up");
        close(s.link);
    }
}

static void user_that_can_not_be_taken_on_stops_the_start(void **state)
{
    struct world *w = *state;
    struct started s = {0};

    if (geteuid() == 0)
        skip(); /* root can take on every number */
    world_add(w, "worker-rewrite", NULL, 0755);
    s = start(w, &plain_row, (struct start_user){true, geteuid() + 1, getegid()});
    assert_int_equal(s.rc, -1);
    assert_string_equal(s.report.step, "becoming the worker's user");
    close(s.link);
}

static void worker_ends_with_its_launcher(void **state)
{
    struct world *w = *state;
    int ends[2] = {-1, -1};
    pid_t pid;

    world_add(w, "worker-rewrite", NULL, 0755);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    pid = fork();
    if (pid == 0) {
        struct start_order o = {&plain_row, usual_user(), w->dir, ends[1], 0};
        struct start_report r;

        _exit(start_worker(&o, &r) == 0 ? 0 : 1);
    }
    close(ends[1]);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    /* The test still holds its end, so it is the signal that ends the worker; facts may have come before. */
    assert_true(world_readable(ends[0]));
    while (recv(ends[0], &(struct world_facts){0}, sizeof(struct world_facts), 0) > 0)
        assert_true(world_readable(ends[0]));
    close(ends[0]);
}

static void role_has_a_user_of_its_own(void **state)
{
    struct passwd *pw = getpwnam("spoold-rewrite");
    struct start_user u = {0};

    (void)state;
    assert_int_equal(start_find_user(ROLE_REWRITE, &u), 0);
    assert_int_equal(u.drop, geteuid() == 0);
    assert_int_equal(u.uid, geteuid() != 0 ? geteuid() : pw ? pw->pw_uid : START_AUTO_UID + ROLE_REWRITE);
    assert_int_equal(u.gid, geteuid() != 0 ? getegid() : pw ? pw->pw_gid : START_AUTO_UID + ROLE_REWRITE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_open, world_close)

int main(int argc, char **argv, char **envp)
{
    const struct CMUnitTest tests[] = {
        TEST(worker_gets_its_link_and_nothing_else),
        TEST(network_is_gone_where_namespaces_are_allowed),
        TEST(a_role_with_a_network_stays_in_it),
        TEST(scratch_is_mounted_for_the_worker_alone),
        TEST(scratch_has_the_size_that_is_asked_for),
        TEST(failed_start_names_its_step),
        TEST(worker_never_starts_as_root),
        TEST(user_that_can_not_be_taken_on_stops_the_start),
        TEST(worker_ends_with_its_launcher),
        TEST(role_has_a_user_of_its_own),
    };

    world_play(argc, argv, envp, "worker-rewrite");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
