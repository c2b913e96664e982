/*
 * test_spool.c - unit tests of spoold/spool.c: moves never overwrite, and each flush tells whom it concerns.
 *
 * Run by `make check`, on two folders of a temporary one. That a flush reaches
 * the disk is tested by tests/crash; here, that an error is told to those who
 * wait for it and to nobody else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "spoold/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

struct world {
    char root[256];
    struct config cfg;
    struct spool s;
};

static struct spool_dir dir_in(struct world *w, const char *name)
{
    char path[300];
    struct spool_dir d = {.label = name};
    struct stat st;

    snprintf(path, sizeof path, "%s/%s", w->root, name);
    assert_int_equal(mkdir(path, 0700), 0);
    d.fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(d.fd >= 0 && fstat(d.fd, &st) == 0);
    d.dev = st.st_dev;
    return d;
}

static int build_world(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    const char *tmp = getenv("TMPDIR");

    snprintf(w->root, sizeof w->root, "%s/spool.XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(w->root));
    w->cfg.syncfs_above = 2;
    w->s.cfg = &w->cfg;
    w->s.outgoing_gid = (gid_t)-1;
    w->s.proc = dir_in(w, "proc");
    w->s.intake[0] = dir_in(w, "incoming");
    w->s.outlet[0] = dir_in(w, "outgoing");
    w->s.intake_n = 1;
    w->s.quarantine.fd = w->s.stray.fd = -1;
    for (int c = 0; c < SPOOL_CLASS__MAX; c++)
        w->s.class[c].fd = -1;
    *state = w;
    return 0;
}

static int remove_world(void **state)
{
    static const char *const dirs[] = {"proc", "incoming", "outgoing"};
    static const char *const files[] = {"a", "b", ".running", ".stopped"};
    struct world *w = *state;
    char path[600];

    for (size_t d = 0; d < 3; d++) {
        for (size_t f = 0; f < 4; f++) {
            snprintf(path, sizeof path, "%s/%s/%s", w->root, dirs[d], files[f]);
            unlink(path);
        }
        snprintf(path, sizeof path, "%s/%s", w->root, dirs[d]);
        rmdir(path);
    }
    close(w->s.proc.fd);
    close(w->s.intake[0].fd);
    close(w->s.outlet[0].fd);
    free(w->s.pending);
    rmdir(w->root);
    free(w);
    return 0;
}

static bool there(const struct spool_dir *d, const char *name)
{
    return faccessat(d->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void create(struct world *w, struct spool_dir *d, const char *name)
{
    int fd = spool_create(&w->s, d, name);

    assert_true(fd >= 0);
    close(fd);
}

static void a_move_never_overwrites(void **state)
{
    struct world *w = *state;

    create(w, &w->s.proc, "a");
    create(w, &w->s.outlet[0], "b");
    w->s.proc.dirty = w->s.outlet[0].dirty = false;
    assert_int_equal(spool_move(&w->s, &w->s.proc, "a", &w->s.outlet[0], "b"), -1);
    assert_int_equal(errno, EEXIST);
    assert_true(there(&w->s.proc, "a"));
    assert_false(w->s.proc.dirty);
    assert_int_equal(spool_move(&w->s, &w->s.proc, "a", &w->s.outlet[0], "a"), 0);
    assert_true(there(&w->s.outlet[0], "a") && !there(&w->s.proc, "a"));
    assert_true(w->s.proc.dirty && w->s.outlet[0].dirty);
    assert_int_equal(spool_move(&w->s, &w->s.proc, "a", &w->s.outlet[0], "c"), -1);
    assert_int_equal(errno, ENOENT);
}

static void a_new_file_is_new_and_its_mode_is_fixed(void **state)
{
    struct world *w = *state;
    mode_t old = umask(0077);
    struct stat st;

    create(w, &w->s.proc, "a");
    umask(old);
    assert_int_equal(fstatat(w->s.proc.fd, "a", &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_int_equal(spool_create(&w->s, &w->s.proc, "a"), -1);
    assert_int_equal(errno, EEXIST);
}

static void removing_twice_is_no_error(void **state)
{
    struct world *w = *state;

    create(w, &w->s.proc, "a");
    assert_int_equal(spool_remove(&w->s, &w->s.proc, "a"), 0);
    assert_int_equal(spool_remove(&w->s, &w->s.proc, "a"), 0);
    assert_false(there(&w->s.proc, "a"));
}

static void the_mark_changes_over(void **state)
{
    struct world *w = *state;
    const struct spool_dir *in = &w->s.intake[0];

    for (int i = 0; i < 4; i++) {
        bool stopped = i % 2 == 0;

        spool_mark_intakes(&w->s, stopped);
        assert_int_equal(there(in, ".stopped"), stopped);
        assert_int_equal(there(in, ".running"), !stopped);
    }
}

static void a_flush_cleans_and_tells_nobody_of_errors(void **state)
{
    struct world *w = *state;
    int err[3] = {0};

    spool_wait_file(&w->s, spool_create(&w->s, &w->s.proc, "a"), &err[0]);
    spool_wait_dirs(&w->s, &err[1]);
    spool_wait_journal(&w->s, &err[2]);
    spool_flush(&w->s);
    spool_settle_errors(&w->s);
    assert_false(w->s.proc.dirty);
    assert_int_equal(w->s.flushes, 1);
    assert_int_equal(w->s.pending_n, 0);
    assert_int_equal(err[0] + err[1] + err[2], 0);
    spool_flush(&w->s); /* nobody waits: nothing is done */
    assert_int_equal(w->s.flushes, 1);
}

/* A pipe cannot be fsynced: EINVAL. */
static void a_files_error_is_told_to_its_message_only(void **state)
{
    struct world *w = *state;
    int err[2] = {0}, pipes[2];

    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    close(pipes[0]);
    spool_wait_file(&w->s, pipes[1], &err[0]);
    spool_wait_file(&w->s, spool_create(&w->s, &w->s.proc, "a"), &err[1]);
    spool_flush(&w->s);
    spool_settle_errors(&w->s);
    assert_int_equal(err[0], EINVAL);
    assert_int_equal(err[1], 0);
    assert_int_equal(fcntl(pipes[1], F_GETFD), -1); /* closed: never flushed again */
}

static void a_folders_error_is_told_to_all_who_wait_for_folders(void **state)
{
    struct world *w = *state;
    int err[3] = {0}, pipes[2];

    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    w->s.stray = (struct spool_dir){.fd = pipes[0], .label = "stray", .dirty = true};
    spool_wait_dirs(&w->s, &err[0]);
    spool_wait_file(&w->s, spool_create(&w->s, &w->s.proc, "a"), &err[1]);
    spool_wait_journal(&w->s, &err[2]);
    spool_flush(&w->s);
    spool_journal_failed(&w->s, EIO);
    spool_settle_errors(&w->s);
    assert_int_equal(err[0], EINVAL);
    assert_int_equal(err[1], 0);
    assert_int_equal(err[2], EIO);
    assert_true(w->s.stray.dirty);
    w->s.stray.fd = -1;
    close(pipes[0]);
    close(pipes[1]);
    spool_wait_dirs(&w->s, &err[1]);
    spool_flush(&w->s);
    spool_settle_errors(&w->s);
    assert_int_equal(err[1], 0); /* the next batch begins without it */
}

static void many_files_are_flushed_as_one(void **state)
{
    struct world *w = *state;
    int err[3] = {0}, pipes[2];

    /* Above the limit nobody calls fsync on the single file, so the pipe is no error. */
    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    close(pipes[0]);
    spool_wait_file(&w->s, pipes[1], &err[0]);
    spool_wait_file(&w->s, spool_create(&w->s, &w->s.proc, "a"), &err[1]);
    spool_wait_file(&w->s, spool_create(&w->s, &w->s.proc, "b"), &err[2]);
    spool_flush(&w->s);
    spool_settle_errors(&w->s);
    assert_int_equal(err[0] + err[1] + err[2], 0);
    assert_false(w->s.proc.dirty);
}

static void classes_are_found_by_name(void **state)
{
    (void)state;
    for (int c = 0; c < SPOOL_CLASS__MAX; c++)
        assert_int_equal(spool_class_find(view_of(spool_class_name((enum spool_class)c))), c);
    assert_int_equal(spool_class_find(VIEW("viru")), -1);
    assert_int_equal(spool_class_find(VIEW("")), -1);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, build_world, remove_world)
    const struct CMUnitTest tests[] = {
        WITH(a_move_never_overwrites),
        WITH(a_new_file_is_new_and_its_mode_is_fixed),
        WITH(removing_twice_is_no_error),
        WITH(the_mark_changes_over),
        WITH(a_flush_cleans_and_tells_nobody_of_errors),
        WITH(a_files_error_is_told_to_its_message_only),
        WITH(a_folders_error_is_told_to_all_who_wait_for_folders),
        WITH(many_files_are_flushed_as_one),
        cmocka_unit_test(classes_are_found_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
