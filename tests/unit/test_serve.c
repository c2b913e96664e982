/*
 * test_serve.c - unit tests of launcher/serve.c and launcher/main.c: the whole launcher, started as spoold
 * does it.
 *
 * Run by `make check`, as root and as a plain user. The test plays the
 * supervisor; copies of the test play the launcher and the workers. What
 * matters: a loader gets exactly one end, told or killed; a supervisor that
 * breaks a rule or is gone leaves no process behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Its main() is played by a copy of the test. */
int launcher_main(void);
#define main launcher_main
#include "launcher/main.c"
#undef main

#include "spoold/launch.h"
#include "tests/unit/launcher_world.h"

static int open_launcher(void **state)
{
    struct world *w = NULL;

    if (world_open(state) < 0)
        return -1;
    w = *state;
    world_add(w, "spoold-launcher", NULL, 0755);
    world_add(w, "worker-rewrite", NULL, 0755);
    return 0;
}

static int begin(const struct world *w)
{
    int link = launch_start_from(w->dir);

    assert_true(link >= 0);
    return link;
}

/* Ends it as spoold's end does. Its exit code. */
static int end_launcher(int link)
{
    int status = -1;

    close(link);
    assert_true(waitpid(-1, &status, 0) > 0);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* Returns the test's end of the loader's link. */
static int load_with(int link, uint64_t id, uint32_t role, uint32_t scratch_mb)
{
    struct wire_packet p = wire_packet(WIRE_LOAD, id);
    int ends[2] = {-1, -1};

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    p.u.load.role = role;
    p.u.load.scratch_mb = scratch_mb;
    p.fd[0] = ends[1];
    p.fd_n = 1;
    assert_int_equal(wire_send(link, &p), 0);
    close(ends[1]);
    return ends[0];
}

static int load(int link, uint64_t id, uint32_t role)
{
    return load_with(link, id, role, 0);
}

static void retire(int link, uint64_t id)
{
    struct wire_packet p = wire_packet(WIRE_RETIRE, id);

    assert_int_equal(wire_send(link, &p), 0);
}

static struct wire_packet hear(int link, enum wire_type type, uint64_t id)
{
    struct wire_packet p = {0};
    const char *broken = NULL;

    assert_true(world_readable(link));
    assert_int_equal(wire_recv(link, &p, false), 1);
    broken = wire_check(WIRE_FROM_LAUNCHER, WIRE_UP, &p);
    if (broken || p.h.type != type || p.h.id != id)
        fail_msg("%s of %llu instead of %s: %.*s", wire_type_name(p.h.type), (unsigned long long)p.h.id,
                 wire_type_name(type), p.h.type == WIRE_LOG ? (int)p.h.length : 0, p.u.text);
    return p;
}

static void expect_log(int link, const char *words)
{
    struct wire_packet p = hear(link, WIRE_LOG, 0);

    if (!memmem(p.u.text, p.h.length, words, strlen(words)))
        fail_msg("'%.*s' does not say '%s'", (int)p.h.length, p.u.text, words);
}

static void loader_is_started_and_told(void **state)
{
    int link = begin(*state), loader = load(link, 5, ROLE_REWRITE);
    struct wire_packet p = hear(link, WIRE_SPAWNED, 5);
    struct world_facts f = world_hear(loader);
    struct start_user u;

    start_find_user(ROLE_REWRITE, &u);
    world_expect_worker(&f, u.uid, p.u.spawned.applied);
    assert_true(f.stdio_is_null);
    assert_int_equal(kill((pid_t)p.u.spawned.pid, 0), 0);
    close(loader);
    assert_int_equal(hear(link, WIRE_EXITED, 5).u.exited.status, 0);
    assert_int_equal(end_launcher(link), EXIT_OK);
}

static void how_a_loader_ended_is_told(void **state)
{
    int link = begin(*state), loader = load(link, 1, ROLE_REWRITE);
    uint32_t pid = hear(link, WIRE_SPAWNED, 1).u.spawned.pid;
    struct wire_packet p;

    world_hear(loader);
    assert_int_equal(send(loader, "x", 1, 0), 1);
    p = hear(link, WIRE_EXITED, 1);
    assert_int_equal(p.u.exited.status, W_EXITCODE(7, 0));
    assert_int_equal(p.u.exited.pid, pid);
    assert_true(p.u.exited.rss_kb > 100);
    close(loader);
    assert_int_equal(end_launcher(link), EXIT_OK);
}

static void retire_ends_exactly_that_loader(void **state)
{
    int link = begin(*state), one = load(link, 1, ROLE_REWRITE), two = load(link, 2, ROLE_REWRITE);

    hear(link, WIRE_SPAWNED, 1);
    hear(link, WIRE_SPAWNED, 2);
    world_hear(one);
    world_hear(two);
    retire(link, 2);
    assert_int_equal(hear(link, WIRE_EXITED, 2).u.exited.status, SIGKILL);
    world_expect_end(two);
    /* A loader that ended, or never was, is no mistake: packets cross. */
    retire(link, 2);
    retire(link, 99);
    assert_int_equal(send(one, "x", 1, 0), 1);
    assert_int_equal(hear(link, WIRE_EXITED, 1).u.exited.status, W_EXITCODE(7, 0));
    close(one);
    close(two);
    assert_int_equal(end_launcher(link), EXIT_OK);
}

static void number_of_a_loader_that_ended_is_free_again(void **state)
{
    int link = begin(*state);

    for (int i = 0; i < 3; i++) {
        int loader = load(link, 1, ROLE_REWRITE);

        hear(link, WIRE_SPAWNED, 1);
        retire(link, 1);
        hear(link, WIRE_EXITED, 1);
        close(loader);
    }
    assert_int_equal(end_launcher(link), EXIT_OK);
}

static void end_of_the_supervisor_ends_every_loader(void **state)
{
    int link = begin(*state), one = load(link, 1, ROLE_REWRITE), two = load(link, 2, ROLE_REWRITE);

    hear(link, WIRE_SPAWNED, 1);
    hear(link, WIRE_SPAWNED, 2);
    world_hear(one);
    world_hear(two);
    assert_int_equal(end_launcher(link), EXIT_OK);
    /* The test still holds their links: it is not the end of those that ended them. */
    world_expect_end(one);
    world_expect_end(two);
    close(one);
    close(two);
}

struct refusal_case {
    const char *says;
    uint32_t role;
    const char *text; /* of the binary; NULL: it is missing */
    const char *words;
    int status;
    uint32_t scratch_mb;
};

static const struct refusal_case refusal_cases[] = {
    {"a role of a newer version", ROLE__MAX, NULL, "different versions", 100, 0},
    {"a role far beyond the table", 0xffffffff, NULL, "different versions", 100, 0},
    {"a binary that is missing", ROLE_REWRITE, NULL,
     "worker-rewrite was not started: opening the binary failed: No such file or directory; install spoold",
     127, 0},
    {"a binary that is none", ROLE_REWRITE, "text", "executing the binary failed: Exec format error", 127, 0},
    {"a scratch folder that is too large", ROLE_AV, NULL,
     "worker-av was not started: a scratch folder of 65537 MB is asked for, and it may have 65536; restart",
     100, 65537},
    {"one that is far too large", ROLE_AV, NULL, "a scratch folder of 4294967295 MB", 100, UINT32_MAX},
    {"the largest: that is not it", ROLE_AV, NULL, "opening the binary failed", 127, 65536},
    {"a role that gets none, whatever is asked", ROLE_REWRITE, NULL, "opening the binary failed", 127,
     UINT32_MAX},
};

static void loader_that_does_not_start_is_told_with_its_reason(void **state)
{
    const struct world *w = *state;
    int link = begin(w);

    for (size_t i = 0; i < sizeof refusal_cases / sizeof *refusal_cases; i++) {
        const struct refusal_case *c = &refusal_cases[i];
        int loader = -1;

        world_remove(w, "worker-rewrite");
        if (c->text)
            world_add(w, "worker-rewrite", c->text, 0755);
        loader = load_with(link, 3, c->role, c->scratch_mb);
        expect_log(link, c->words);
        if (WEXITSTATUS(hear(link, WIRE_EXITED, 3).u.exited.status) != c->status)
            fail_msg("%s: another exit code", c->says);
        world_expect_end(loader);
        close(loader);
    }
    /* An upgrade is picked up without a restart. */
    world_remove(w, "worker-rewrite");
    world_add(w, "worker-rewrite", NULL, 0755);
    close(load(link, 3, ROLE_REWRITE));
    hear(link, WIRE_SPAWNED, 3);
    hear(link, WIRE_EXITED, 3);
    assert_int_equal(end_launcher(link), EXIT_OK);
}

static void table_of_loaders_is_bounded(void **state)
{
    int link = -1, loader[SERVE_LOADERS_MAX + 1];
    int last = SERVE_LOADERS_MAX;

#if defined(__SANITIZE_ADDRESS__)
    skip(); /* 64 processes of that size are too many for a small machine */
#endif
    link = begin(*state);
    for (int i = 0; i < last; i++) {
        loader[i] = load(link, (uint64_t)i, ROLE_REWRITE);
        hear(link, WIRE_SPAWNED, (uint64_t)i);
    }
    loader[last] = load(link, (uint64_t)last, ROLE_REWRITE);
    expect_log(link, "64 loaders run already");
    hear(link, WIRE_EXITED, (uint64_t)last);
    retire(link, 7);
    hear(link, WIRE_EXITED, 7);
    close(loader[last]);
    loader[last] = load(link, (uint64_t)last, ROLE_REWRITE);
    hear(link, WIRE_SPAWNED, (uint64_t)last);
    for (int i = 0; i <= last; i++)
        close(loader[i]);
    end_launcher(link);
}

static void send_broken(int link, int kind)
{
    struct wire_packet p = wire_packet(kind == 0 ? WIRE_SPAWN : kind == 1 ? WIRE_LOAD : WIRE_RETIRE, 1);

    if (kind == 2)
        p.h.version = 2;
    if (kind == 3)
        p.h.type = 77;
    if (kind == 4)
        p.h.length = 8;
    if (kind == 5) {
        p.fd[0] = link;
        p.fd_n = 1;
    }
    if (kind < 6)
        assert_int_equal(wire_send(link, &p), 0);
    else if (kind == 6)
        assert_int_equal(send(link, "short", 5, 0), 5);
    else
        close(load(link, 9, ROLE_REWRITE)); /* 9 runs already */
}

static void broken_rule_ends_the_launcher_and_its_loaders(void **state)
{
    static const char *const says[] = {
        "SPAWN",          "LOAD without link",       "another version", "an unknown type",
        "a wrong length", "RETIRE with descriptors", "a cut packet",    "a loader's number twice",
    };
    const struct world *w = *state;

    for (int kind = 0; kind < 8; kind++) {
        int link = begin(w), loader = load(link, 9, ROLE_REWRITE);

        hear(link, WIRE_SPAWNED, 9);
        send_broken(link, kind);
        world_expect_end(link);
        if (end_launcher(link) != EXIT_TEMP_75)
            fail_msg("%s: another exit code", says[kind]);
        while (world_readable(loader) &&
               recv(loader, &(struct world_facts){0}, sizeof(struct world_facts), 0) > 0)
            ;
        close(loader);
    }
}

static void signals_of_a_terminal_do_not_end_it(void **state)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
    int link = begin(*state), loader = load(link, 1, ROLE_REWRITE);
    char path[64], line[512] = "";
    pid_t launcher = 0;
    FILE *f = NULL;

    snprintf(path, sizeof path, "/proc/%u/stat", hear(link, WIRE_SPAWNED, 1).u.spawned.pid);
    f = fopen(path, "re");
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f));
    fclose(f);
    launcher = (pid_t)strtol(strrchr(line, ')') + 4, NULL, 10);
    assert_int_not_equal(getsid(launcher), getsid(0));
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        assert_int_equal(kill(launcher, signals[i]), 0);
    retire(link, 1);
    hear(link, WIRE_EXITED, 1);
    close(loader);
    assert_int_equal(end_launcher(link), EXIT_OK);
}

static void supervisor_that_does_not_read_does_not_stop_it(void **state)
{
    int link = begin(*state), got = 0, loader = -1;
    struct wire_packet p = {0};

    /* Refusals are cheap answers: two packets each, until the link is full and one had to be dropped. */
    for (int i = 0; i < 150; i++)
        close(load(link, (uint64_t)i + 10, ROLE__MAX));
    poll(NULL, 0, 1500);
    while (wire_recv(link, &p, false) == 1)
        got++;
    assert_true(got > 0 && got <= 300);
    loader = load(link, 1, ROLE_REWRITE);
    do {
        assert_true(world_readable(link));
        assert_int_equal(wire_recv(link, &p, false), 1);
    } while (p.h.type != WIRE_SPAWNED);
    close(loader);
    assert_int_equal(end_launcher(link), EXIT_OK);
}

static void started_by_hand_it_says_so(void **state)
{
    const struct world *w = *state;
    char path[300], text[500] = "";
    int out[2] = {-1, -1}, status = 0;
    pid_t pid;

    snprintf(path, sizeof path, "%s/spoold-launcher", w->path);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    pid = fork();
    if (pid == 0) {
        dup2(out[1], STDERR_FILENO);
        close(WIRE_LINK_FD);
        close(WIRE_LINK_FD + 1);
        execl(path, path, (char *)NULL);
        _exit(1);
    }
    close(out[1]);
    assert_true(read(out[0], text, sizeof text - 1) > 0);
    close(out[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), EXIT_USAGE_64);
    assert_non_null(strstr(text, "started by spoold"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_launcher, world_close)

int main(int argc, char **argv, char **envp)
{
    const struct CMUnitTest tests[] = {
        TEST(loader_is_started_and_told),
        TEST(how_a_loader_ended_is_told),
        TEST(retire_ends_exactly_that_loader),
        TEST(number_of_a_loader_that_ended_is_free_again),
        TEST(end_of_the_supervisor_ends_every_loader),
        TEST(loader_that_does_not_start_is_told_with_its_reason),
        TEST(table_of_loaders_is_bounded),
        TEST(broken_rule_ends_the_launcher_and_its_loaders),
        TEST(signals_of_a_terminal_do_not_end_it),
        TEST(supervisor_that_does_not_read_does_not_stop_it),
        TEST(started_by_hand_it_says_so),
    };
    const char *slash = strrchr(argv[0], '/');

    if (strcmp(slash ? slash + 1 : argv[0], "spoold-launcher") == 0)
        return launcher_main();
    world_play(argc, argv, envp, "worker-rewrite");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
