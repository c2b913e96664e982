/*
 * test_journal.c - appending, torn writes, days, failed flushes, compressing, removal.
 *
 * Works in a directory of its own below $TMPDIR. Short writes are made by a file
 * size limit; fdatasync(2) is replaced here, so that a flush can fail on command.
 */
#include "common/json.h"
#include "spoold/journal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#define DAY INT64_C(86400000)
#define AT  INT64_C(1767323045678) /* 2026-01-02 */

static const struct journal_options plain = {LOG_ADDRESSES_FULL, 90, false};
static const struct journal_options packed = {LOG_ADDRESSES_FULL, 90, true};
static int flush_errno;

int fdatasync(int fd)
{
    if (flush_errno) {
        errno = flush_errno;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, fd);
}

struct place_of_test {
    char path[256];
    int fd;
};

static int set_up(void **state)
{
    static struct place_of_test p;
    const char *tmp = getenv("TMPDIR");

    snprintf(p.path, sizeof p.path, "%s/test_journal.XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(p.path));
    p.fd = open(p.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(p.fd >= 0);
    flush_errno = 0;
    *state = &p;
    return 0;
}

static int tear_down(void **state)
{
    struct place_of_test *p = *state;
    DIR *d = opendir(p->path);
    struct dirent *e = NULL;

    while ((e = readdir(d)) != NULL)
        unlinkat(p->fd, e->d_name, 0);
    closedir(d);
    close(p->fd);
    return rmdir(p->path);
}

static struct event event_at(int64_t at_ms, unsigned number)
{
    struct stat st = {.st_ino = number};
    struct event e = {
        .kind = EVENT_DISCARDED, .at_ms = at_ms, .reason = VIEW("some words that make the line longer")};

    base_make(&e.id, VIEW("m"), NULL, &st, &st);
    return e;
}

static int append(struct journal *j, int64_t at_ms, unsigned number, struct journal_place *place)
{
    struct event e = event_at(at_ms, number);

    return journal_append(j, &e, place);
}

static bool exists(int fd, const char *name)
{
    struct stat st = {0};

    return fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Reads all and says how many lines were good; `*damaged` the others. The numbers must ascend. */
static unsigned count_lines(int fd, uint64_t *damaged)
{
    struct journal_reader *r = journal_reader_open(fd, NULL);
    struct journal_place place = {0};
    struct event e = {0};
    unsigned n = 0;

    assert_non_null(r);
    while (journal_reader_next(r, &e, &place) == 1)
        n++;
    *damaged = journal_reader_damaged(r);
    journal_reader_close(&r);
    return n;
}

static void assert_lines(int fd, unsigned good, uint64_t bad)
{
    uint64_t damaged = 0;

    assert_int_equal(count_lines(fd, &damaged), good);
    assert_int_equal(damaged, bad);
}

static void append_tells_the_place(void **state)
{
    const struct place_of_test *p = *state;
    struct journal *j = journal_open(p->fd, &plain);
    struct journal_place a = {0}, b = {0};
    struct stat st = {0};

    assert_false(journal_dirty(j));
    assert_int_equal(append(j, AT, 1, &a), 0);
    assert_true(journal_dirty(j));
    assert_int_equal(append(j, AT + 1, 2, &b), 0);
    assert_string_equal(a.day, "2026-01-02");
    assert_int_equal(a.offset, 0);
    assert_int_equal(b.offset, a.length);
    assert_int_equal(journal_sync(j), 0);
    assert_false(journal_dirty(j));
    assert_int_equal(fstatat(p->fd, "2026-01-02.jsonl", &st, 0), 0);
    assert_int_equal(st.st_size, b.offset + b.length);
    assert_int_equal(st.st_mode & 07777, 0600);
    journal_close(&j);
    assert_null(j);
    assert_lines(p->fd, 2, 0);
}

static void a_torn_tail_is_closed_at_open(void **state)
{
    const struct place_of_test *p = *state;
    struct journal *j = journal_open(p->fd, &plain);
    struct journal_place a = {0}, b = {0};

    append(j, AT, 1, &a);
    append(j, AT, 2, &b);
    journal_close(&j);
    /* Even a line that lacks only its newline was never promised. */
    for (uint64_t cut = b.length - 1; cut > 0; cut -= cut > 40 ? 37 : 1) {
        int fd = openat(p->fd, "2026-01-02.jsonl", O_RDWR | O_CLOEXEC);

        assert_int_equal(ftruncate(fd, (off_t)(b.offset + cut)), 0);
        close(fd);
        j = journal_open(p->fd, &plain);
        journal_close(&j);
        assert_lines(p->fd, 1, 1);
    }
}

static void a_short_write_is_never_a_line(void **state)
{
    const struct place_of_test *p = *state;
    struct rlimit old = {0}, limit = {0};
    struct journal_place a = {0}, b = {0}, c = {0};

    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old);
    limit = old;
    for (uint64_t room = 0; room < 2; room++) {
        struct journal *j = journal_open(p->fd, &plain);

        assert_int_equal(append(j, AT + (int64_t)room * DAY, 1, &a), 0);
        /* The second line but its newline, or nothing at all of it. */
        limit.rlim_cur = room ? a.length : 2 * a.length - 1;
        setrlimit(RLIMIT_FSIZE, &limit);
        assert_int_equal(append(j, AT + (int64_t)room * DAY, 2, &b), -1);
        assert_int_equal(errno, EFBIG);
        setrlimit(RLIMIT_FSIZE, &old);
        assert_int_equal(append(j, AT + (int64_t)room * DAY, 3, &c), 0);
        assert_int_equal(c.offset, room ? a.length : 2 * a.length - 1 + 2);
        journal_close(&j);
    }
    assert_lines(p->fd, 4, 1);
}

static void days_begin_and_never_go_back(void **state)
{
    const struct place_of_test *p = *state;
    struct journal *j = journal_open(p->fd, &plain);
    struct journal_place place = {0};

    append(j, AT, 1, &place);
    append(j, AT + DAY, 2, &place);
    assert_string_equal(place.day, "2026-01-03");
    assert_int_equal(place.offset, 0);
    append(j, AT, 3, &place);
    assert_string_equal(place.day, "2026-01-03");
    journal_close(&j);
    j = journal_open(p->fd, &plain);
    assert_true(journal_dirty(j));
    append(j, AT - 5 * DAY, 4, &place);
    assert_string_equal(place.day, "2026-01-03");
    journal_close(&j);
    assert_lines(p->fd, 4, 0);
}

static void a_failed_flush_is_final_for_its_file(void **state)
{
    const struct place_of_test *p = *state;
    struct journal *j = journal_open(p->fd, &plain);
    struct journal_place place = {0};

    append(j, AT, 1, &place);
    flush_errno = EIO;
    assert_int_equal(journal_sync(j), -1);
    assert_int_equal(errno, EIO);
    flush_errno = 0;
    assert_int_equal(append(j, AT, 1, &place), 0);
    assert_string_equal(place.day, "2026-01-02b");
    assert_int_equal(journal_sync(j), 0);
    /* The last flush of a day that is over fails: the next journal_sync() has to say so. */
    append(j, AT, 2, &place);
    flush_errno = EIO;
    assert_int_equal(append(j, AT + DAY, 3, &place), 0);
    flush_errno = 0;
    assert_string_equal(place.day, "2026-01-03");
    assert_int_equal(journal_sync(j), -1);
    assert_int_equal(append(j, AT + DAY, 3, &place), 0);
    assert_string_equal(place.day, "2026-01-03b");
    assert_int_equal(journal_sync(j), 0);
    journal_close(&j);
    assert_lines(p->fd, 5, 0);
}

static void parts_run_out_at_z(void **state)
{
    const struct place_of_test *p = *state;
    struct journal *j = journal_open(p->fd, &plain);
    struct journal_place place = {0};

    for (unsigned i = 0; i < 26; i++) {
        assert_int_equal(append(j, AT, i, &place), 0);
        flush_errno = EIO;
        assert_int_equal(journal_sync(j), -1);
        flush_errno = 0;
    }
    assert_int_equal(append(j, AT, 99, &place), -1);
    assert_int_equal(errno, EIO);
    assert_int_equal(append(j, AT + DAY, 99, &place), 0);
    journal_close(&j);
}

static void refuses_what_is_no_event(void **state)
{
    const struct place_of_test *p = *state;
    struct journal *j = journal_open(p->fd, &plain);
    struct journal_place place = {0};
    struct event e = event_at(AT, 1);
    char *big = calloc(1, JOURNAL_LINE_MAX);

    memset(big, 'x', JOURNAL_LINE_MAX);
    e.reason = (struct view){big, JOURNAL_LINE_MAX};
    assert_int_equal(journal_append(j, &e, &place), -1);
    assert_int_equal(errno, EMSGSIZE);
    e = event_at(-1, 1);
    assert_int_equal(journal_append(j, &e, &place), -1);
    assert_int_equal(errno, EINVAL);
    e = event_at(AT, 1);
    e.id.len = 0;
    assert_int_equal(journal_append(j, &e, &place), -1);
    /* The longest line that is taken can be read again. */
    e = event_at(AT, 1);
    e.reason = (struct view){big, JOURNAL_LINE_MAX - 160};
    assert_int_equal(journal_append(j, &e, &place), 0);
    free(big);
    journal_close(&j);
    assert_lines(p->fd, 1, 0);
}

static void closed_days_are_compressed(void **state)
{
    const struct place_of_test *p = *state;
    struct journal *j = journal_open(p->fd, &packed);
    struct journal_place place = {0};
    unsigned calls = 0;
    int fd = openat(p->fd, "2026-01-02.jsonl.gz.tmp", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    assert_int_equal(write(fd, "left over", 9), 9);
    close(fd);
    for (unsigned i = 0; i < 9000; i++)
        append(j, AT, i, &place);
    append(j, AT + DAY, 1, &place);
    while (journal_tidy(j, AT + DAY) == 1)
        assert_true(++calls < 20);
    assert_true(calls >= 2); /* more than one slice */
    assert_false(exists(p->fd, "2026-01-02.jsonl"));
    assert_false(exists(p->fd, "2026-01-02.jsonl.gz.tmp"));
    assert_true(exists(p->fd, "2026-01-02.jsonl.gz"));
    assert_true(exists(p->fd, "2026-01-03.jsonl"));
    assert_lines(p->fd, 9001, 0);
    journal_close(&j);
}

static void an_interrupted_compressing_begins_anew(void **state)
{
    const struct place_of_test *p = *state;
    struct journal *j = journal_open(p->fd, &packed);
    struct journal_place place = {0};

    for (unsigned i = 0; i < 9000; i++)
        append(j, AT, i, &place);
    append(j, AT + DAY, 1, &place);
    assert_int_equal(journal_tidy(j, AT), 1);
    assert_true(exists(p->fd, "2026-01-02.jsonl.gz.tmp"));
    journal_close(&j);
    /* A crash between rename and unlink leaves both: the plain file is the truth. */
    close(openat(p->fd, "2026-01-02.jsonl.gz", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    assert_lines(p->fd, 9001, 0);
    j = journal_open(p->fd, &packed);
    while (journal_tidy(j, AT) == 1)
        ;
    assert_false(exists(p->fd, "2026-01-02.jsonl"));
    assert_lines(p->fd, 9001, 0);
    journal_close(&j);
}

static void a_compressed_newest_day_goes_on_in_a_new_part(void **state)
{
    const struct place_of_test *p = *state;
    struct journal_place place = {0};
    struct journal *j = NULL;

    close(openat(p->fd, "2026-01-02.jsonl.gz", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    j = journal_open(p->fd, &packed);
    assert_int_equal(append(j, AT, 1, &place), 0);
    assert_string_equal(place.day, "2026-01-02b");
    journal_close(&j);
}

static void old_days_are_removed_whole(void **state)
{
    const struct place_of_test *p = *state;
    struct journal_options o = {LOG_ADDRESSES_FULL, 2, false};
    struct journal *j = journal_open(p->fd, &o);
    struct journal_place place = {0};

    for (unsigned i = 0; i < 5; i++)
        append(j, AT + i * DAY, i, &place);
    while (journal_tidy(j, AT + 4 * DAY) == 1)
        ;
    assert_false(exists(p->fd, "2026-01-03.jsonl"));
    assert_true(exists(p->fd, "2026-01-04.jsonl"));
    assert_lines(p->fd, 3, 0);
    while (journal_tidy(j, AT + 400 * DAY) == 1)
        ;
    assert_lines(p->fd, 1, 0); /* the file in use stays */
    assert_int_equal(append(j, AT + 4 * DAY, 9, &place), 0);
    journal_close(&j);
}

static void the_key_of_hashes_is_kept(void **state)
{
    const struct place_of_test *p = *state;
    struct journal_options o = {LOG_ADDRESSES_HASH, 90, false};
    struct journal *j = journal_open(p->fd, &o);
    unsigned char first[JOURNAL_KEY_LEN], zero[JOURNAL_KEY_LEN] = {0};
    int fd = -1;

    memcpy(first, journal_key(j), sizeof first);
    assert_memory_not_equal(first, zero, sizeof first);
    journal_close(&j);
    j = journal_open(p->fd, &o);
    assert_memory_equal(journal_key(j), first, sizeof first);
    journal_close(&j);
    fd = openat(p->fd, "key", O_WRONLY | O_TRUNC | O_CLOEXEC);
    close(fd);
    j = journal_open(p->fd, &o);
    assert_non_null(j);
    assert_memory_not_equal(journal_key(j), first, sizeof first);
    assert_true(exists(p->fd, "key.bad"));
    journal_close(&j);
}

static void a_directory_in_the_way_is_an_error(void **state)
{
    const struct place_of_test *p = *state;

    assert_int_equal(mkdirat(p->fd, "2026-01-02.jsonl", 0700), 0);
    assert_null(journal_open(p->fd, &plain));
    unlinkat(p->fd, "2026-01-02.jsonl", AT_REMOVEDIR);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(append_tells_the_place),
        CASE(a_torn_tail_is_closed_at_open),
        CASE(a_short_write_is_never_a_line),
        CASE(days_begin_and_never_go_back),
        CASE(a_failed_flush_is_final_for_its_file),
        CASE(parts_run_out_at_z),
        CASE(refuses_what_is_no_event),
        CASE(closed_days_are_compressed),
        CASE(an_interrupted_compressing_begins_anew),
        CASE(a_compressed_newest_day_goes_on_in_a_new_part),
        CASE(old_days_are_removed_whole),
        CASE(the_key_of_hashes_is_kept),
        CASE(a_directory_in_the_way_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
