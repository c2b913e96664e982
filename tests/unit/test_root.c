/*
 * test_root.c - unit tests of spoold/root.c: folders and modes, locks, users, file systems, and the exit code
 * 100.
 *
 * Run by `make check`. Each case prepares an instance in a child process, since
 * root_prepare() ends the process when something is wrong and gives up root for
 * good. As root the children become another user; otherwise they stay who they are.
 */
#include "tests/unit/depot_world.h"

#include "spoold/root.h"

#include <sys/file.h>

#define SETTINGS_MAX 6

struct bench {
    char root[64];
    char *setting[SETTINGS_MAX]; /* owned */
    size_t n;
    int (*then)(struct depot *d); /* in the child, after root_prepare(): 0 or another exit code */
    int ready, go;                /* pipe ends: the child tells that it is prepared, and waits to be let go */
};

static void set(struct bench *k, const char *key, const char *value)
{
    assert_true(k->n < SETTINGS_MAX);
    k->setting[k->n++] = xasprintf("%s%s", key, value);
}

static void bench_open(struct bench *k)
{
    *k = (struct bench){.n = 0, .ready = -1, .go = -1};
    snprintf(k->root, sizeof k->root, "/tmp/spoold-root-XXXXXX");
    assert_non_null(mkdtemp(k->root));
    set(k, "paths.root=", k->root);
    set(k, "spool.unsafe_filesystem=", "yes");
}

static void bench_close(struct bench *k)
{
    while (k->n)
        free(k->setting[--k->n]);
    nftw(k->root, world_unlink, 16, FTW_DEPTH | FTW_PHYS);
}

static int prepare(void *arg)
{
    struct bench *k = arg;
    struct config_errors errs = {.n = 0};
    struct config *cfg = config_load(NULL, (const char *const *)k->setting, k->n, &errs);
    struct depot *d = xcalloc(1, sizeof *d);
    char byte = 0;
    int r;

    if (!cfg)
        return 98;
    root_prepare(d, cfg);
    r = k->then ? k->then(d) : 0;
    if (k->ready >= 0 && (write(k->ready, "r", 1) != 1 || read(k->go, &byte, 1) < 0))
        return 97;
    return r;
}

static mode_t mode_of(const struct bench *k, const char *name, struct stat *st)
{
    char path[256];

    snprintf(path, sizeof path, "%s/%s", k->root, name);
    assert_int_equal(lstat(path, st), 0);
    return st->st_mode & 07777;
}

static void folders_get_their_modes_whatever_the_umask(void **state)
{
    static const struct {
        const char *name;
        mode_t mode;
    } wanted[] = {
        {"proc", 0700},
        {"quarantine", 0700},
        {"quarantine/virus", 0700},
        {"quarantine/failed", 0700},
        {"quarantine/failed/stray", 0700},
        {"incoming", 03730},
        {"outgoing", 02770},
        {"state", 0700},
        {"state/journal", 0700},
        {"state/ledger", 0700},
        {"state/lock", 0600},
    };
    static const mode_t umasks[] = {0, 077};
    struct stat st;

    (void)state;
    for (size_t u = 0; u < 2; u++) {
        mode_t old = umask(umasks[u]);
        struct bench k;

        bench_open(&k);
        for (int again = 0; again < 2; again++) /* a second start finds everything there */
            assert_int_equal(depot_world_child(prepare, &k, 0), 0);
        for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
            if (mode_of(&k, wanted[i].name, &st) != wanted[i].mode)
                fail_msg("%s has mode %04o", wanted[i].name, st.st_mode & 07777);
        if (geteuid() == 0)
            assert_true(st.st_uid != 0);
        bench_close(&k);
        umask(old);
    }
}

static void a_mode_that_was_changed_is_set_right(void **state)
{
    struct bench k;
    struct stat st;
    char path[256];

    (void)state;
    bench_open(&k);
    assert_int_equal(depot_world_child(prepare, &k, 0), 0);
    snprintf(path, sizeof path, "%s/proc", k.root);
    assert_int_equal(chmod(path, 0777), 0);
    assert_int_equal(depot_world_child(prepare, &k, 0), 0);
    assert_int_equal(mode_of(&k, "proc", &st), 0700);
    bench_close(&k);
}

static int is_not_root(struct depot *d)
{
    uid_t r = 0, e = 0, s = 0;

    (void)d;
    getresuid(&r, &e, &s);
    return r == 0 || e == 0 || s == 0 || setuid(0) == 0 ? 1 : 0;
}

static int can_work(struct depot *d)
{
    static const char *const name[] = {"a", "b"};
    struct spool_dir *dir[] = {&d->spool.intake[0], &d->spool.proc, &d->spool.class[SPOOL_CLASS_FAILED],
                               &d -> spool.stray, &d->spool.outlet[0]};

    for (size_t i = 0; i < sizeof dir / sizeof *dir; i++) {
        int fd = spool_create(&d->spool, dir[i], name[0]);

        if (fd < 0 || spool_move(&d->spool, dir[i], name[0], dir[i], name[1]) < 0 ||
            spool_remove(&d->spool, dir[i], name[1]) < 0)
            return (int)i + 1;
        close(fd);
    }
    return d->hostname[0] && d->spool.intake_n == 1 && d->spool.fs_type[0] ? 0 : 20;
}

static void root_is_given_up_for_good(void **state)
{
    struct bench k;

    (void)state;
    if (geteuid() != 0)
        skip();
    bench_open(&k);
    k.then = is_not_root;
    assert_int_equal(depot_world_child(prepare, &k, 0), 0);
    bench_close(&k);
}

static void the_user_can_work_in_every_folder(void **state)
{
    struct bench k;

    (void)state;
    bench_open(&k);
    k.then = can_work;
    assert_int_equal(depot_world_child(prepare, &k, 0), 0);
    bench_close(&k);
}

static void what_cannot_be_is_refused_with_100(void **state)
{
    static const struct {
        const char *says, *key, *value;
        bool root_only;
    } cases[] = {
        {"a user that is not there", "spool.user=", "nobody-of-that-name", true},
        {"root as the user", "spool.user=", "0", true},
        {"root by name", "spool.user=", "root", true},
        {"an outgoing group that is not there", "spool.outgoing_group=", "no-such-group", true},
        {"an outlet of others that is not there", "intake main.outlet=", "/nonexistent/outlet", false},
        {"an intake of others that is a file", "intake main.path=", "/etc/passwd", false},
        {"a root below nothing", "paths.root=", "/nonexistent/below/nothing", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench k;
        int code;

        if (cases[i].root_only && geteuid() != 0)
            continue;
        bench_open(&k);
        set(&k, cases[i].key, cases[i].value);
        code = depot_world_child(prepare, &k, 0);
        if (code != EXIT_CONFIG_100)
            fail_msg("%s: exit code %d", cases[i].says, code);
        bench_close(&k);
    }
}

/* Whether the folder stands on tmpfs, the one unsafe file system that is nearly always at hand. */
static bool make_far(char *path, size_t size, const struct bench *k)
{
    struct stat here, there;

    snprintf(path, size, "/dev/shm/spoold-root-XXXXXX");
    if (!mkdtemp(path))
        return false;
    assert_int_equal(stat(k->root, &here), 0);
    assert_int_equal(stat(path, &there), 0);
    if (here.st_dev != there.st_dev && chmod(path, 0777) == 0)
        return true;
    rmdir(path);
    return false;
}

static void file_systems_are_checked(void **state)
{
    static const struct {
        const char *says, *key, *unsafe;
        int wanted;
    } cases[] = {
        {"memory is no place for mail", "paths.root=", "no", EXIT_CONFIG_100},
        {"unless it is asked for", "paths.root=", "yes", 0},
        {"an intake elsewhere cannot be renamed from", "intake main.path=", "yes", EXIT_CONFIG_100},
        {"an outlet elsewhere cannot be renamed to", "intake main.outlet=", "yes", EXIT_CONFIG_100},
        {"a quarantine elsewhere is copied to", "paths.quarantine=", "yes", 0},
        {"but not in memory", "paths.quarantine=", "no", EXIT_CONFIG_100},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench k;
        char far[64];
        int code;

        bench_open(&k);
        if (!make_far(far, sizeof far, &k)) {
            bench_close(&k);
            skip();
        }
        set(&k, cases[i].key, far);
        set(&k, "spool.unsafe_filesystem=", cases[i].unsafe);
        code = depot_world_child(prepare, &k, 0);
        nftw(far, world_unlink, 16, FTW_DEPTH | FTW_PHYS);
        bench_close(&k);
        if (code != cases[i].wanted)
            fail_msg("%s: exit code %d", cases[i].says, code);
    }
}

/* Prepares one instance and keeps it until *go is written to. */
static pid_t start_holder(struct bench *k, int *go)
{
    int ready[2], let[2];
    char byte;
    pid_t pid;

    assert_true(pipe(ready) == 0 && pipe(let) == 0);
    k->ready = ready[1];
    k->go = let[0];
    fflush(NULL);
    pid = fork();
    if (pid == 0)
        _exit(prepare(k));
    assert_int_equal(read(ready[0], &byte, 1), 1);
    k->ready = k->go = -1;
    close(ready[0]);
    close(ready[1]);
    close(let[0]);
    *go = let[1];
    return pid;
}

static void a_second_instance_is_refused_while_the_first_lives(void **state)
{
    static const char *const same[] = {"root", "intake"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct bench k, other;
        int go = -1, status = 0;
        pid_t pid;
        char intake[128];

        bench_open(&k);
        bench_open(&other);
        pid = start_holder(&k, &go);
        if (i == 1) { /* only the intake is shared */
            snprintf(intake, sizeof intake, "%s/incoming", k.root);
            set(&other, "intake main.path=", intake);
        }
        if (depot_world_child(prepare, i == 0 ? &k : &other, 0) != EXIT_CONFIG_100)
            fail_msg("two instances on one %s", same[i]);
        assert_int_equal(write(go, "g", 1), 1);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_int_equal(depot_world_child(prepare, i == 0 ? &k : &other, 0), 0);
        close(go);
        bench_close(&k);
        bench_close(&other);
    }
}

static void the_lock_is_never_written_through_a_link(void **state)
{
    struct bench k;
    char path[256], victim[256];
    struct stat st;

    (void)state;
    bench_open(&k);
    assert_int_equal(depot_world_child(prepare, &k, 0), 0);
    snprintf(path, sizeof path, "%s/state/lock", k.root);
    snprintf(victim, sizeof victim, "%s/victim", k.root);
    assert_int_equal(rename(path, victim), 0);
    assert_int_equal(truncate(victim, 7), 0);
    assert_int_equal(symlink(victim, path), 0);
    assert_true(depot_world_child(prepare, &k, 0) != 0);
    assert_int_equal(stat(victim, &st), 0);
    assert_int_equal(st.st_size, 7);
    bench_close(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folders_get_their_modes_whatever_the_umask),
        cmocka_unit_test(a_mode_that_was_changed_is_set_right),
        cmocka_unit_test(root_is_given_up_for_good),
        cmocka_unit_test(the_user_can_work_in_every_folder),
        cmocka_unit_test(what_cannot_be_is_refused_with_100),
        cmocka_unit_test(file_systems_are_checked),
        cmocka_unit_test(a_second_instance_is_refused_while_the_first_lives),
        cmocka_unit_test(the_lock_is_never_written_through_a_link),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
