/*
 * test_journal_read.c - readers: order of days, places, live tails, damage, .gz.
 *
 * The files are written here by hand, so that each kind of damage can be made;
 * a line's number is its size member. Works below $TMPDIR and cleans up.
 */
#include "spoold/journal.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

struct place_of_test {
    char path[256];
    int fd;
};

static int set_up(void **state)
{
    static struct place_of_test p;
    const char *tmp = getenv("TMPDIR");

    snprintf(p.path, sizeof p.path, "%s/test_journal_read.XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(p.path));
    p.fd = open(p.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
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

static void add_line(struct buf *to, unsigned number)
{
    static const struct journal_options full = {LOG_ADDRESSES_FULL, 0, false};
    static const unsigned char key[JOURNAL_KEY_LEN];
    struct event e = {.kind = EVENT_DELETED, .at_ms = 1767323045678, .size = number};
    struct stat st = {.st_ino = number};

    base_make(&e.id, VIEW("m"), NULL, &st, &st);
    journal_format_line(&e, &full, key, to);
    buf_add_char(to, '\n');
}

static void put_file(int dir, const char *name, const struct buf *b)
{
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(buf_write_fd(b, fd), 0);
    close(fd);
}

static void put_lines(int dir, const char *name, unsigned from, unsigned to)
{
    struct buf b = {0};

    for (unsigned i = from; i <= to; i++)
        add_line(&b, i);
    put_file(dir, name, &b);
    buf_free(&b);
}

static void put_compressed(const struct place_of_test *p, const char *name, unsigned from, unsigned to)
{
    char path[512];
    struct buf b = {0};
    gzFile gz = NULL;

    for (unsigned i = from; i <= to; i++)
        add_line(&b, i);
    snprintf(path, sizeof path, "%s/%s", p->path, name);
    gz = gzopen(path, "wb");
    assert_int_equal(gzwrite(gz, b.p, (unsigned)b.n), (int)b.n);
    gzclose(gz);
    buf_free(&b);
}

/* The next good line must be `number`; 0 stands for the end. */
static void expect(struct journal_reader *r, unsigned number, struct journal_place *place)
{
    struct journal_place any = {0};
    struct event e = {0};
    int rc = journal_reader_next(r, &e, place ? place : &any);

    assert_int_equal(rc, number ? 1 : 0);
    if (number)
        assert_int_equal(e.size, number);
}

static void expect_range(struct journal_reader *r, unsigned from, unsigned to)
{
    for (unsigned i = from; i <= to; i++)
        expect(r, i, NULL);
}

static void days_and_parts_come_in_order(void **state)
{
    const struct place_of_test *p = *state;
    struct journal_reader *r = NULL;

    put_lines(p->fd, "2026-01-03.jsonl", 5, 6);
    put_lines(p->fd, "2026-01-02b.jsonl", 3, 4);
    put_compressed(p, "2026-01-02.jsonl.gz", 1, 2);
    put_lines(p->fd, "2026-01-02a.jsonl", 90, 90);
    put_lines(p->fd, "2026-01-02bb.jsonl", 91, 91);
    put_lines(p->fd, "2026-01-2.jsonl", 92, 92);
    put_lines(p->fd, "2026-01-02.jsonl.gz.tmp", 93, 93);
    put_lines(p->fd, "key", 94, 94);
    r = journal_reader_open(p->fd, NULL);
    expect_range(r, 1, 6);
    expect(r, 0, NULL);
    assert_int_equal(journal_reader_damaged(r), 0);
    journal_reader_close(&r);
    assert_null(r);
}

static void a_reader_starts_at_any_place(void **state)
{
    const struct place_of_test *p = *state;
    struct journal_place places[10] = {0};
    struct journal_reader *r = NULL;

    put_compressed(p, "2026-01-02.jsonl.gz", 1, 4);
    put_lines(p->fd, "2026-01-04.jsonl", 5, 9);
    r = journal_reader_open(p->fd, NULL);
    for (unsigned i = 1; i <= 9; i++)
        expect(r, i, &places[i]);
    journal_reader_close(&r);
    for (unsigned i = 1; i <= 9; i++) {
        struct journal_place after = places[i];

        r = journal_reader_open(p->fd, &places[i]);
        expect_range(r, i, 9);
        expect(r, 0, NULL);
        journal_reader_close(&r);
        after.offset += after.length;
        r = journal_reader_open(p->fd, &after);
        expect_range(r, i + 1, 9);
        expect(r, 0, NULL);
        assert_int_equal(journal_reader_damaged(r), 0);
        journal_reader_close(&r);
    }
    /* A day that is gone: on with the next one. */
    memcpy(places[0].day, "2026-01-03", 11);
    places[0].offset = 12345;
    r = journal_reader_open(p->fd, &places[0]);
    expect_range(r, 5, 9);
    journal_reader_close(&r);
}

static void a_reader_follows_a_live_tail(void **state)
{
    const struct place_of_test *p = *state;
    struct journal_reader *r = journal_reader_open(p->fd, NULL);
    struct buf half = {0};

    expect(r, 0, NULL);
    put_lines(p->fd, "2026-01-02.jsonl", 1, 2);
    expect_range(r, 1, 2);
    expect(r, 0, NULL);
    /* Half a line is no line yet, and no damage either. */
    add_line(&half, 3);
    put_file(p->fd, "2026-01-02.jsonl", &(struct buf){half.p, half.n - 1, 0});
    expect(r, 0, NULL);
    put_file(p->fd, "2026-01-02.jsonl", &(struct buf){half.p + half.n - 1, 1, 0});
    expect(r, 3, NULL);
    /* The last lines of the old day come before the new day, also when both came since we looked. */
    put_lines(p->fd, "2026-01-02.jsonl", 4, 4);
    put_lines(p->fd, "2026-01-03.jsonl", 5, 5);
    /* And the file may go away below the reader. */
    unlinkat(p->fd, "2026-01-02.jsonl", 0);
    expect_range(r, 4, 5);
    expect(r, 0, NULL);
    assert_int_equal(journal_reader_damaged(r), 0);
    buf_free(&half);
    journal_reader_close(&r);
}

static void damage_is_passed_over_and_counted(void **state)
{
    const struct place_of_test *p = *state;
    struct journal_reader *r = NULL;
    struct buf b = {0};

    add_line(&b, 1);
    add_line(&b, 2);
    b.p[b.n - 40] ^= 4;
    add_line(&b, 3);
    buf_add(&b, "\0\0\0\0\n\n", 6);
    add_line(&b, 4);
    for (unsigned i = 0; i < JOURNAL_LINE_MAX + 70000; i++)
        buf_add_char(&b, 'x');
    buf_add_char(&b, '\n');
    add_line(&b, 5);
    add_line(&b, 6);
    b.n -= 3; /* torn, and the day is over */
    put_file(p->fd, "2026-01-02.jsonl", &b);
    put_lines(p->fd, "2026-01-03.jsonl", 7, 7);
    r = journal_reader_open(p->fd, NULL);
    expect_range(r, 1, 1);
    expect_range(r, 3, 5);
    expect_range(r, 7, 7);
    expect(r, 0, NULL);
    assert_int_equal(journal_reader_damaged(r), 5);
    buf_free(&b);
    journal_reader_close(&r);
}

static void a_damaged_archive_gives_what_it_can(void **state)
{
    const struct place_of_test *p = *state;
    struct journal_reader *r = NULL;
    struct journal_place place = {0};
    struct event e = {0};
    unsigned last = 0;

    put_compressed(p, "2026-01-02.jsonl.gz", 1, 3000);
    put_lines(p->fd, "2026-01-03.jsonl", 5000, 5000);
    for (int cut = 0; cut < 2; cut++) {
        int fd = openat(p->fd, "2026-01-02.jsonl.gz", O_RDWR | O_CLOEXEC);
        off_t size = lseek(fd, 0, SEEK_END);

        assert_int_equal(cut ? ftruncate(fd, size / 2)
                         : pwrite(fd, "\xff\xff\xff\xff\xff\xff", 6, size - 300) == 6 ? 0
                                                                                      : -1,
                         0);
        close(fd);
        r = journal_reader_open(p->fd, NULL);
        last = 0;
        while (journal_reader_next(r, &e, &place) == 1) {
            assert_true(e.size > last);
            last = (unsigned)e.size;
        }
        assert_int_equal(last, 5000);
        assert_true(journal_reader_damaged(r) > 0);
        journal_reader_close(&r);
    }
}

static void the_checked_line_can_be_shown(void **state)
{
    const struct place_of_test *p = *state;
    struct journal_reader *r = NULL;
    struct buf b = {0};

    add_line(&b, 1);
    put_file(p->fd, "2026-01-02.jsonl", &b);
    r = journal_reader_open(p->fd, NULL);
    expect(r, 1, NULL);
    assert_true(view_equal(journal_reader_line(r), (struct view){b.p, b.n - 1}));
    buf_free(&b);
    journal_reader_close(&r);
}

static void an_unreadable_day_is_reported_once(void **state)
{
    const struct place_of_test *p = *state;
    struct journal_reader *r = NULL;
    struct journal_place place = {0};
    struct event e = {0};

    assert_int_equal(symlinkat("/dev/null", p->fd, "2026-01-02.jsonl"), 0);
    put_lines(p->fd, "2026-01-03.jsonl", 1, 1);
    r = journal_reader_open(p->fd, NULL);
    assert_int_equal(journal_reader_next(r, &e, &place), -1);
    expect(r, 1, NULL);
    expect(r, 0, NULL);
    journal_reader_close(&r);
}

static void finds_days(void **state)
{
    const struct place_of_test *p = *state;
    static const struct {
        const char *than;
        int step;
        enum journal_find what;
        const char *wanted;
    } cases[] = {
        {"", 1, JOURNAL_FIND_ANY, "2026-01-02"},
        {"", -1, JOURNAL_FIND_ANY, "2026-01-03"},
        {"2026-01-02", 1, JOURNAL_FIND_ANY, "2026-01-02b"},
        {"2026-01-03", 1, JOURNAL_FIND_ANY, ""},
        {"", 1, JOURNAL_FIND_PLAIN, "2026-01-02b"},
        {"2026-01-03", -1, JOURNAL_FIND_PLAIN, "2026-01-02b"},
    };
    char day[JOURNAL_DAY_LEN + 1] = "";

    assert_int_equal(journal_find_day(p->fd, "", 1, JOURNAL_FIND_ANY, day), 0);
    put_compressed(p, "2026-01-02.jsonl.gz", 1, 1);
    put_lines(p->fd, "2026-01-02b.jsonl", 2, 2);
    put_lines(p->fd, "2026-01-03.jsonl", 3, 3);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int rc = journal_find_day(p->fd, cases[i].than, cases[i].step, cases[i].what, day);

        assert_int_equal(rc, *cases[i].wanted != '\0');
        assert_string_equal(day, cases[i].wanted);
    }
}

/* Bytes of other messages are no concern of a search, whole or damaged; an endless line is still damage. */
static void only_lines_that_hold_the_bytes_are_given(void **state)
{
    const struct place_of_test *p = *state;
    struct journal_reader *r = NULL;
    struct buf junk = {0};

    put_compressed(p, "2026-01-02.jsonl.gz", 1, 3);
    buf_add_str(&junk, "no line of ours\n");
    put_file(p->fd, "2026-01-03.jsonl", &junk);
    put_lines(p->fd, "2026-01-03.jsonl", 4, 6);
    buf_clear(&junk);
    buf_add_str(&junk, "\"size\":5, but torn\n");
    put_file(p->fd, "2026-01-03b.jsonl", &junk);
    put_lines(p->fd, "2026-01-03b.jsonl", 5, 5);
    put_lines(p->fd, "2026-01-04.jsonl", 5, 5);
    r = journal_reader_open(p->fd, NULL);
    journal_reader_only(r, VIEW("\"size\":5,"), "2026-01-03z");
    expect(r, 5, NULL);
    assert_int_equal(journal_reader_damaged(r), 0);
    expect(r, 5, NULL);
    assert_int_equal(journal_reader_damaged(r), 1);
    expect(r, 0, NULL);
    journal_reader_only(r, VIEW(""), NULL);
    expect(r, 5, NULL);
    expect(r, 0, NULL);
    journal_reader_close(&r);
    buf_free(&junk);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(days_and_parts_come_in_order),
        CASE(a_reader_starts_at_any_place),
        CASE(a_reader_follows_a_live_tail),
        CASE(damage_is_passed_over_and_counted),
        CASE(a_damaged_archive_gives_what_it_can),
        CASE(the_checked_line_can_be_shown),
        CASE(an_unreadable_day_is_reported_once),
        CASE(finds_days),
        CASE(only_lines_that_hold_the_bytes_are_given),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
