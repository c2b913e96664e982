/*
 * test_worker_scratch.c - unit tests of the worker runtime for a role with files: its folders, in the real
 * sandbox.
 *
 * Run by `make check`. A loader of the role av, whose work is a few lines here, runs
 * the whole way; its children make files and leave them lying about. Skipped under
 * a sanitizer, whose shadow memory no address space limit leaves room for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/worker_world.h"

#include "workers/sandbox_table.h"

#define FILE_MAX 8192

static char folder[SCRATCH_PATH_MAX]; /* a child's */

static int load(const struct worker_load *l, struct buf *why)
{
    char path[SCRATCH_PATH_MAX + 10];
    int fd;

    snprintf(path, sizeof path, "%s/left", l->scratch ? l->scratch : "");
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (fd >= 0)
        close(fd);
    else
        buf_add_str(why, "nothing can be made in its folder");
    return fd < 0 ? -1 : 0;
}

static int settle(const char *path, struct buf *why)
{
    (void)why;
    snprintf(folder, sizeof folder, "%s", path);
    return 0;
}

/* A file in its folder; returns its descriptor, which stays open. */
static int make(const char *name)
{
    char path[SCRATCH_PATH_MAX + 10];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

static int canary(int in, int out, struct buf *why)
{
    int fd = make("canary");

    (void)why;
    if (fd < SANDBOX_OWN_FD || in >= 0 || out >= 0)
        return -1;
    close(fd);
    return 0;
}

/* Numbers go back where the result has room for them. */
static void run(struct worker_job *job, struct wire_result *r)
{
    int fd;

    *r = (struct wire_result){.status = WIRE_OK};
    r->state = (uint32_t)job->message;
    fd = make("file");
    r->why = (uint32_t)fd;
    r->err = fd < 0 ? errno : 0;
    if (fd >= 0)
        close(fd);
    r->layers = open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 ? (uint32_t)errno : 0;
    worker_find(job, "%s", folder);
}

const struct worker_role worker_role = {
    .role = ROLE_AV, .load = load, .settle = settle, .canary = canary, .run = run};

struct world {
    int loader;
    pid_t pid;
};

/* What it says on standard error about a broken rule is meant, and does not belong into the tests' output. */
static _Noreturn void be_loader(int link)
{
    int null = open("/dev/null", O_RDWR);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (dup2(null, STDERR_FILENO) < 0 || dup2(link, WIRE_LINK_FD) < 0)
        _exit(99);
    _exit(worker_main());
}

static struct world start(void)
{
    struct wire_packet p = wire_packet(WIRE_LOAD, 1);
    struct world w;
    int pair[2];

    world_pair(pair);
    w.pid = fork();
    if (w.pid == 0)
        be_loader(pair[1]);
    close(pair[1]);
    w.loader = pair[0];
    p.u.load.role = ROLE_AV;
    p.u.load.file_max = FILE_MAX;
    p.fd[p.fd_n++] = sealed_blob((struct view){0});
    world_send(w.loader, &p);
    wire_close_fds(&p);
    assert_true(world_recv(w.loader, &p));
    if (p.h.type != WIRE_READY)
        fail_msg("%s: %.*s", wire_type_name(p.h.type), (int)p.h.length, p.u.text);
    return w;
}

static int spawn(const struct world *w, uint64_t id)
{
    struct wire_packet p = wire_packet(WIRE_SPAWN, id);
    int pair[2];

    world_pair(pair);
    p.fd[p.fd_n++] = pair[1];
    p.fd[p.fd_n++] = sealed_crumb_open();
    world_send(w->loader, &p);
    wire_close_fds(&p);
    world_expect(w->loader, WIRE_SPAWNED);
    assert_true(world_recv(pair[0], &p));
    if (p.h.type != WIRE_HELLO)
        fail_msg("%s: %.*s", wire_type_name(p.h.type), (int)p.h.length, p.u.text);
    assert_true(p.u.hello.applied & SANDBOX_LANDLOCK);
    return pair[0];
}

/* One job; the child's folder to `where`, which has room for WIRE_TEXT_MAX. */
static struct wire_result ask(int child, uint64_t id, char *where)
{
    int message = world_file("x");
    struct wire_packet p;

    world_send_job(child, id, (struct view){0}, message, -1);
    close(message);
    p = world_expect(child, WIRE_FINDING);
    assert_int_equal(p.h.id, id);
    snprintf(where, WIRE_TEXT_MAX, "%.*s", (int)p.h.length, p.u.text);
    return world_expect(child, WIRE_RESULT).u.result;
}

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

/* The loader's folder, of that of a child. */
static const char *above(const char *child)
{
    static char path[WIRE_TEXT_MAX];

    snprintf(path, sizeof path, "%s", child);
    *strrchr(path, '/') = '\0';
    return path;
}

static void stop(struct world *w)
{
    close(w->loader);
    assert_int_equal(world_exit(w->pid), 0);
}

static void not_with_a_sanitizer(void)
{
    if (WORLD_ASAN)
        skip();
}

static void a_child_has_files_in_its_folder_only(void **state)
{
    char where[WIRE_TEXT_MAX];
    struct wire_result r;
    struct world w;
    int child;

    (void)state;
    not_with_a_sanitizer();
    w = start();
    child = spawn(&w, 5);
    for (uint64_t id = 1; id <= 3; id++) {
        r = ask(child, id, where);
        assert_int_equal(r.state, SANDBOX_MESSAGE_FD);
        assert_int_equal(r.layers, EACCES);
        assert_int_equal(r.err, id == 1 ? 0 : EEXIST);
        if (id == 1)
            assert_int_equal(r.why, SANDBOX_OWN_FD);
    }
    assert_int_equal(strncmp(where, "/tmp/spoold-av-", 15), 0);
    assert_string_equal(strrchr(where, '/'), "/5");
    close(child);
    stop(&w);
}

static void children_do_not_share_a_folder(void **state)
{
    char one[WIRE_TEXT_MAX], two[WIRE_TEXT_MAX];
    struct world w;
    int a, b;

    (void)state;
    not_with_a_sanitizer();
    w = start();
    a = spawn(&w, 1);
    b = spawn(&w, 2);
    assert_int_equal(ask(a, 1, one).err, 0);
    assert_int_equal(ask(b, 1, two).err, 0);
    assert_string_not_equal(one, two);
    close(a);
    close(b);
    stop(&w);
}

static void what_a_child_leaves_goes_when_it_ends(void **state)
{
    char where[WIRE_TEXT_MAX];
    struct world w;
    int child;

    (void)state;
    not_with_a_sanitizer();
    w = start();
    for (int i = 0; i < 3; i++) {
        child = spawn(&w, 9); /* the same number: its folder is new each time */
        assert_int_equal(ask(child, 1, where).err, 0);
        assert_true(is_there(where));
        close(child);
        world_expect(w.loader, WIRE_EXITED);
        assert_false(is_there(where));
        assert_true(is_there(above(where)));
    }
    stop(&w);
}

static void a_loader_leaves_nothing_behind(void **state)
{
    enum { RETIRED, END_OF_LINK, BROKEN_RULE, WAYS };
    static const int wanted[WAYS] = {0, 0, 1};

    (void)state;
    not_with_a_sanitizer();
    for (int way = 0; way < WAYS; way++) {
        struct wire_packet p = wire_packet(WIRE_RETIRE, 0);
        struct world w = start();
        char where[WIRE_TEXT_MAX];
        int child = spawn(&w, 1);

        assert_int_equal(ask(child, 1, where).err, 0);
        p.h.version += way == BROKEN_RULE;
        if (way == END_OF_LINK)
            shutdown(w.loader, SHUT_RDWR);
        else
            world_send(w.loader, &p);
        assert_int_equal(world_exit(w.pid), wanted[way]);
        assert_false(is_there(above(where)));
        close(child);
        close(w.loader);
    }
}

static void what_a_killed_loader_left_goes_with_the_next(void **state)
{
    char killed[WIRE_TEXT_MAX], living[WIRE_TEXT_MAX];
    struct world one, two, three;
    int a, b;

    (void)state;
    not_with_a_sanitizer();
    one = start();
    two = start();
    a = spawn(&one, 1);
    b = spawn(&two, 1);
    ask(a, 1, killed);
    ask(b, 1, living);
    kill(one.pid, SIGKILL);
    assert_int_equal(world_exit(one.pid), -SIGKILL);
    world_expect_end(a); /* it held the lock with its loader until it was locked down; now it is gone, too */
    assert_true(is_there(above(killed)));
    three = start();
    assert_false(is_there(above(killed)));
    assert_true(is_there(living));
    close(a);
    close(b);
    close(one.loader);
    stop(&two);
    stop(&three);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_has_files_in_its_folder_only),
        cmocka_unit_test(children_do_not_share_a_folder),
        cmocka_unit_test(what_a_child_leaves_goes_when_it_ends),
        cmocka_unit_test(a_loader_leaves_nothing_behind),
        cmocka_unit_test(what_a_killed_loader_left_goes_with_the_next),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
