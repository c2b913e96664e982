/*
 * test_worker_slots.c - unit tests of workers/worker.c: the small numbers of children, and a role that is
 * told of births and ends.
 *
 * Run by `make check`. Loader and children are real processes on real links; the
 * sandbox and its self-test are played here, and fork(2), so that it can fail. What
 * the role is told stands in a page that all of them share.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/worker_world.h"

#define STRAY_FD 25

static struct diary {
    char text[4000]; /* "+3": born in slot 3, "-3": ended, "?3": born without the descriptors of the loader */
    unsigned slots;
    bool no_fork;
} * diary;

static void note(char what, unsigned slot)
{
    size_t n = strlen(diary->text);

    snprintf(diary->text + n, sizeof diary->text - n, "%s%c%u", n ? " " : "", what, slot);
}

static int load(const struct worker_load *l, struct buf *why)
{
    (void)why;
    diary->slots = l->slots;
    return dup2(STDIN_FILENO, STRAY_FD) == STRAY_FD ? 0 : -1;
}

static void born(unsigned slot)
{
    note(fcntl(STRAY_FD, F_GETFD) < 0 ? '?' : '+', slot);
}

static void ended(unsigned slot)
{
    note('-', slot);
}

const struct worker_role worker_role = {.role = ROLE_REWRITE,
                                        .load = load,
                                        .born = born,
                                        .ended = ended,
                                        .canary = world_canary,
                                        .open_canary = world_open_canary,
                                        .run = world_run};

int sandbox_enter(enum role role, const struct sandbox_options *o, struct sandbox_result *r, struct buf *why)
{
    (void)role;
    (void)o;
    (void)why;
    *r = (struct sandbox_result){.applied = SANDBOX_SECCOMP};
    return 0;
}

int escape_run(enum role role, const struct sandbox_options *o, struct escape_result *r, struct buf *why)
{
    (void)role;
    (void)o;
    (void)why;
    *r = (struct escape_result){.applied = SANDBOX_SECCOMP};
    return 0;
}

/* In the place of libc's. */
pid_t fork(void)
{
    if (!diary->no_fork)
        return _Fork();
    errno = EAGAIN;
    return -1;
}

struct loader_end {
    int link;
    pid_t pid;
};

static _Noreturn void be_loader(int link)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (dup2(link, WIRE_LINK_FD) < 0)
        _exit(99);
    _exit(worker_main());
}

static struct loader_end start(void)
{
    struct wire_packet p = wire_packet(WIRE_LOAD, 1);
    struct loader_end l;
    int pair[2];

    world_pair(pair);
    l.pid = fork();
    if (l.pid == 0)
        be_loader(pair[1]);
    close(pair[1]);
    l.link = pair[0];
    p.u.load.role = ROLE_REWRITE;
    p.fd[p.fd_n++] = sealed_blob((struct view){0});
    world_send(l.link, &p);
    wire_close_fds(&p);
    world_expect(l.link, WIRE_READY);
    return l;
}

static int spawn(const struct loader_end *l, uint64_t id)
{
    struct wire_packet p = wire_packet(WIRE_SPAWN, id);
    int pair[2];

    world_pair(pair);
    p.fd[p.fd_n++] = pair[1];
    p.fd[p.fd_n++] = sealed_crumb_open();
    world_send(l->link, &p);
    wire_close_fds(&p);
    return pair[0];
}

static int spawn_well(const struct loader_end *l, uint64_t id)
{
    int child = spawn(l, id);

    world_expect(l->link, WIRE_SPAWNED);
    world_expect(child, WIRE_HELLO);
    return child;
}

static void expect_exit(const struct loader_end *l, uint64_t id)
{
    assert_int_equal(world_expect(l->link, WIRE_EXITED).h.id, id);
}

static void retire(const struct loader_end *l, uint64_t id, int child)
{
    struct wire_packet p = wire_packet(WIRE_RETIRE, id);

    world_send(l->link, &p);
    expect_exit(l, id);
    close(child);
}

static void stop(struct loader_end *l)
{
    close(l->link);
    assert_int_equal(world_exit(l->pid), 0);
}

/* ---- tests ---- */

static void the_role_is_told_how_many_slots_there_are(void **state)
{
    struct loader_end l = start();

    (void)state;
    assert_int_equal(diary->slots, WORKER_CHILDREN_MAX);
    stop(&l);
}

/* Also those that follow on one which has ended, and whatever order they end in. */
static void a_child_keeps_its_slot_as_long_as_it_lives(void **state)
{
    struct loader_end l = start();
    int child[6];

    (void)state;
    for (uint64_t id = 1; id <= 4; id++)
        child[id] = spawn_well(&l, id);
    assert_string_equal(diary->text, "+0 +1 +2 +3");
    retire(&l, 1, child[1]);
    assert_string_equal(diary->text, "+0 +1 +2 +3 -0"); /* before its end is told */
    retire(&l, 4, child[4]);
    retire(&l, 3, child[3]);
    assert_string_equal(diary->text, "+0 +1 +2 +3 -0 -3 -2");
    child[5] = spawn_well(&l, 5);
    child[1] = spawn_well(&l, 1);
    retire(&l, 2, child[2]);
    assert_string_equal(diary->text, "+0 +1 +2 +3 -0 -3 -2 +0 +2 -1");
    retire(&l, 1, child[1]);
    retire(&l, 5, child[5]);
    assert_string_equal(diary->text, "+0 +1 +2 +3 -0 -3 -2 +0 +2 -1 -2 -0");
    stop(&l);
}

static void a_child_that_dies_on_its_own_gives_its_slot_back(void **state)
{
    struct loader_end l = start();
    int message = world_file("x"), one = spawn_well(&l, 1), two;

    (void)state;
    two = spawn_well(&l, 2);
    world_send_job(one, 9, VIEW("die"), message, -1);
    expect_exit(&l, 1);
    close(two); /* the end of its link */
    expect_exit(&l, 2);
    assert_string_equal(diary->text, "+0 +1 -0 -1");
    close(message);
    close(one);
    stop(&l);
}

static void a_child_that_cannot_begin_gives_its_slot_back(void **state)
{
    struct loader_end l;

    (void)state;
    script.canary_fails = true;
    l = start();
    for (uint64_t id = 1; id <= 3; id++) {
        int child = spawn(&l, id);

        world_expect(l.link, WIRE_SPAWNED);
        expect_exit(&l, id);
        close(child);
    }
    assert_string_equal(diary->text, "+0 -0 +0 -0 +0 -0");
    stop(&l);
}

static void a_fork_that_fails_takes_no_slot(void **state)
{
    struct loader_end l = start();
    int one = spawn_well(&l, 1), two;

    (void)state;
    diary->no_fork = true;
    for (uint64_t id = 2; id <= 4; id++) {
        close(spawn(&l, id));
        world_expect_text(l.link, WIRE_LOG, "a child cannot be forked: Resource temporarily unavailable");
        expect_exit(&l, id);
    }
    diary->no_fork = false;
    two = spawn_well(&l, 5);
    assert_string_equal(diary->text, "+0 +1");
    close(one);
    close(two);
    stop(&l);
}

static void all_slots_can_be_had_at_once(void **state)
{
    struct loader_end l = start();
    int child[WORKER_CHILDREN_MAX];

    (void)state;
    for (unsigned i = 0; i < WORKER_CHILDREN_MAX; i++) {
        char wanted[20];

        child[i] = spawn_well(&l, i + 1);
        snprintf(wanted, sizeof wanted, "+%u", i);
        assert_string_equal(diary->text, wanted);
        diary->text[0] = '\0';
    }
    retire(&l, 78, child[77]);
    child[77] = spawn_well(&l, 1000);
    assert_string_equal(diary->text, "-77 +77");
    for (unsigned i = 0; i < WORKER_CHILDREN_MAX; i++)
        close(child[i]);
    stop(&l);
}

static void what_the_role_holds_open_is_closed_before_the_first_job(void **state)
{
    struct loader_end l = start();
    int child = spawn_well(&l, 1);

    (void)state;
    assert_string_equal(diary->text, "+0");
    assert_int_equal(world_do(child, 1, VIEW("descriptors")).removed & 1u << STRAY_FD, 0);
    close(child);
    stop(&l);
}

static int reset(void **state)
{
    (void)state;
    memset(&script, 0, sizeof script);
    memset(diary, 0, sizeof *diary);
    return 0;
}

#define TEST(f) cmocka_unit_test_setup(f, reset)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_role_is_told_how_many_slots_there_are),
        TEST(a_child_keeps_its_slot_as_long_as_it_lives),
        TEST(a_child_that_dies_on_its_own_gives_its_slot_back),
        TEST(a_child_that_cannot_begin_gives_its_slot_back),
        TEST(a_fork_that_fails_takes_no_slot),
        TEST(all_slots_can_be_had_at_once),
        TEST(what_the_role_holds_open_is_closed_before_the_first_job),
    };

    diary = mmap(NULL, sizeof *diary, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return diary == MAP_FAILED ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
