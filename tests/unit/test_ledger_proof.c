/*
 * test_ledger_proof.c - a ledger's log that is damaged or short is noticed at once.
 *
 * Pages and notes made by hand first; then whole ledgers as a kill and as a
 * clean end leave them, one bit of whose log is turned, place after place: the
 * first answers after the open and the catch-up have to be right, because
 * nothing but the open can tell. Works below $TMPDIR.
 */
#include "common/xalloc.h"
#include "spoold/ledger_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* Berkeley DB gives up the memory of an environment that it found broken. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libdb-5.3";
}

#define AT        INT64_C(1767323045678)
#define FILES_MAX 16
#define PLACES    40 /* in each image, over all its logs */

static const struct journal_options options = {LOG_ADDRESSES_FULL, 90, false};

struct bench {
    char path[256];
    int dir, jdir, home;
    struct journal *journal;
    struct ledger *ledger;
    unsigned mails;
};

static void remove_tree(int fd)
{
    DIR *d = fdopendir(dup(fd));
    struct dirent *e = NULL;

    rewinddir(d);
    while ((e = readdir(d)) != NULL) {
        int sub = -1;

        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 || unlinkat(fd, e->d_name, 0) == 0)
            continue;
        sub = openat(fd, e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        remove_tree(sub);
        close(sub);
        unlinkat(fd, e->d_name, AT_REMOVEDIR);
    }
    closedir(d);
}

static int open_sub(const char *path, const char *name)
{
    char full[512];

    snprintf(full, sizeof full, "%s/%s", path, name);
    mkdir(full, 0700);
    return open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int set_up(void **state)
{
    static struct bench b;
    const char *tmp = getenv("TMPDIR");

    b = (struct bench){.mails = 0};
    snprintf(b.path, sizeof b.path, "%s/test_ledger_proof.XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(b.path));
    b.home = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    b.dir = open_sub(b.path, "ledger");
    b.jdir = open_sub(b.path, "journal");
    assert_int_equal(fchdir(b.dir), 0);
    b.journal = journal_open(b.jdir, &options);
    *state = &b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;
    int top = open(b->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    ledger_close(&b->ledger);
    journal_close(&b->journal);
    assert_int_equal(fchdir(b->home), 0);
    remove_tree(top);
    close(top);
    close(b->home);
    close(b->dir);
    close(b->jdir);
    return rmdir(b->path);
}

/* --- by hand -------------------------------------------------------------- */

#define PAGE 4096

/* A table of 70 pages, the last of which has this place in the log. */
static void make_table(struct ledger_place last, uint32_t page_size)
{
    unsigned char *p = xcalloc(70, PAGE);
    int fd = open("rows.db", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    memcpy(p + 20, &page_size, sizeof page_size);
    memcpy(p + (size_t)69 * PAGE, &last, sizeof last);
    assert_true(write(fd, p, (size_t)70 * PAGE) == 70 * PAGE);
    close(fd);
    free(p);
}

static void a_page_of_a_later_place_proves_the_cut(void **state)
{
    static const char *const tables[] = {"none.db", "rows.db"};
    static const struct {
        const char *says;
        struct ledger_place noted; /* file 0: no note */
        struct ledger_place end, page;
        int wanted;
    } cases[] = {
        {"the page is older than the end", {0, 0}, {3, 100}, {3, 99}, 0},
        {"a page at the end was lost from the log", {0, 0}, {3, 100}, {3, 100}, 1},
        {"a page of a later file", {0, 0}, {3, 100}, {4, 28}, 1},
        {"a page of an earlier file", {0, 0}, {3, 100}, {2, 900}, 0},
        {"the note is kept: no page is looked at", {3, 100}, {3, 100}, {4, 1}, 0},
        {"the log is shorter than noted", {3, 100}, {3, 99}, {1, 1}, 1},
        {"the log is a file shorter than noted", {3, 100}, {2, 500}, {1, 1}, 1},
        {"longer than noted, and the page is of it", {3, 100}, {3, 200}, {3, 150}, 0},
        {"longer than noted, and still too short", {3, 100}, {3, 200}, {3, 250}, 1},
    };
    struct bench *b = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        print_message("%s\n", cases[i].says);
        unlink("clean");
        make_table(cases[i].page, PAGE);
        if (cases[i].noted.file)
            ledger_proof_leave(b->dir, cases[i].noted);
        assert_int_equal(ledger_proof_check(b->dir, cases[i].end, tables, 2), cases[i].wanted);
        if (cases[i].wanted == 0)
            assert_int_equal(access("clean", F_OK), -1);
    }
}

static void a_damaged_note_is_no_note(void **state)
{
    static const char *const tables[] = {"rows.db"};
    const struct ledger_place end = {3, 100}, later = {3, 101};
    struct bench *b = *state;

    make_table(later, PAGE);
    for (unsigned at = 0; at < 16; at++) {
        unsigned char byte = 0;
        int fd = -1;

        ledger_proof_leave(b->dir, end);
        fd = open("clean", O_RDWR | O_CLOEXEC);
        assert_int_equal(pread(fd, &byte, 1, at), 1);
        byte ^= 4;
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
        close(fd);
        assert_int_equal(ledger_proof_check(b->dir, end, tables, 1), 1);
    }
    ledger_proof_leave(b->dir, end);
    assert_int_equal(truncate("clean", 12), 0);
    assert_int_equal(ledger_proof_check(b->dir, end, tables, 1), 1);
}

static void senseless_tables_are_left_to_the_library(void **state)
{
    static const uint32_t sizes[] = {0, 1, 511, 256, 5000, 131072, UINT32_MAX};
    static const char *const tables[] = {"rows.db"};
    struct bench *b = *state;

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        make_table((struct ledger_place){1, 1}, sizes[i]);
        assert_int_equal(ledger_proof_check(b->dir, (struct ledger_place){3, 100}, tables, 1), 0);
    }
    for (off_t n = 0; n < 30; n++) {
        assert_int_equal(truncate("rows.db", n), 0);
        assert_int_equal(ledger_proof_check(b->dir, (struct ledger_place){3, 100}, tables, 1), 0);
    }
}

/* --- whole ledgers ---------------------------------------------------------- */

static bool reopen(struct bench *b)
{
    bool rebuilt = false;
    unsigned calls = 0;

    ledger_close(&b->ledger);
    b->ledger = ledger_open(b->dir, b->jdir, &rebuilt);
    assert_non_null(b->ledger);
    while (ledger_tidy(b->ledger, AT, 0) == 1 || ledger_catching_up(b->ledger))
        assert_true(++calls < 100);
    return rebuilt;
}

static void add(struct bench *b, enum event_kind kind)
{
    struct stat st = {.st_ino = b->mails, .st_mtim = {1767323045 + b->mails, 0}};
    struct view rcpt[1] = {VIEW("y@example.net")};
    struct journal_place place = {0};
    struct event e = {.kind = kind, .at_ms = AT + b->mails, .sender = VIEW("a@example.org")};

    base_make(&e.id, VIEW("n"), NULL, &st, &st);
    e.copy = kind == EVENT_DELIVERED;
    e.rcpt = rcpt;
    e.rcpt_n = 1;
    assert_int_equal(journal_append(b->journal, &e, &place), 0);
    assert_int_equal(ledger_apply(b->ledger, &e, &place), 0);
}

static void deliver(struct bench *b, unsigned mails)
{
    for (unsigned i = 0; i < mails; i++) {
        if (i % 8 == 0)
            assert_int_equal(ledger_begin(b->ledger), 0);
        add(b, EVENT_ACCEPTED);
        add(b, EVENT_DELIVERED);
        b->mails++;
        if (i % 8 == 7 || i == mails - 1)
            assert_int_equal(ledger_commit(b->ledger), 0);
    }
}

/* Fills the log without a line in the journal. */
static void fill_log(struct bench *b, unsigned times)
{
    struct stat st = {.st_ino = 1};
    struct ledger_hold h = {.since_ms = 1};

    base_make(&h.id, VIEW("held"), NULL, &st, &st);
    for (unsigned i = 0; i < times; i++) {
        memset(h.reason, 'a' + (int)(i % 26), sizeof h.reason - 1);
        assert_int_equal(ledger_put_hold(b->ledger, &h), 0);
    }
}

static int see_row(const struct ledger_row *row, void *arg)
{
    ++*(unsigned *)arg;
    assert_int_equal(row->events, 1U << EVENT_ACCEPTED | 1U << EVENT_DELIVERED);
    return 0;
}

static void assert_all_there(struct bench *b)
{
    static const struct ledger_find finds[] = {
        {LEDGER_BY_ID, VIEW(""), 100000},
        {LEDGER_BY_SENDER, VIEW("a@example.org"), 100000},
        {LEDGER_BY_RCPT, VIEW("y@example.net"), 100000},
    };
    struct ledger_counts c = {.copies = 0};

    ledger_counts(b->ledger, &c);
    assert_int_equal(c.indexed_lines, 2 * b->mails);
    for (size_t i = 0; i < sizeof finds / sizeof *finds; i++) {
        struct base resume = {.len = 0};
        unsigned n = 0;

        assert_int_equal(ledger_walk(b->ledger, finds[i], &resume, see_row, &n), b->mails);
        assert_int_equal(n, b->mails);
    }
}

/* The files of a ledger's directory at one moment. */
struct image {
    struct {
        char name[32];
        unsigned char *p;
        size_t n, used; /* up to the last byte that is not zero */
    } file[FILES_MAX];
    size_t n, last; /* the log that was written last */
};

static bool is_log(const char *name)
{
    return strncmp(name, "log.", 4) == 0;
}

static void take_file(const struct bench *b, struct image *m, const char *name)
{
    size_t i = m->n++;
    int fd = openat(b->dir, name, O_RDONLY | O_CLOEXEC);
    struct stat st = {0};

    assert_true(i < FILES_MAX && fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode));
    snprintf(m->file[i].name, sizeof m->file[i].name, "%.31s", name);
    m->file[i].n = m->file[i].used = (size_t)st.st_size;
    m->file[i].p = xcalloc(1, m->file[i].n + 1);
    assert_int_equal(read(fd, m->file[i].p, m->file[i].n), m->file[i].n);
    while (m->file[i].used && !m->file[i].p[m->file[i].used - 1])
        m->file[i].used--;
    if (is_log(name) && (!is_log(m->file[m->last].name) || strcmp(name, m->file[m->last].name) > 0))
        m->last = i;
    close(fd);
}

static void take_image(const struct bench *b, struct image *m)
{
    DIR *d = fdopendir(openat(b->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    struct dirent *e = NULL;

    while ((e = readdir(d)) != NULL) {
        if (e->d_name[0] != '.')
            take_file(b, m, e->d_name);
    }
    closedir(d);
}

static void put_image(const struct bench *b, const struct image *m)
{
    remove_tree(b->dir);
    for (size_t i = 0; i < m->n; i++) {
        int fd = openat(b->dir, m->file[i].name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

        assert_int_equal(write(fd, m->file[i].p, m->file[i].used), m->file[i].used);
        assert_int_equal(ftruncate(fd, (off_t)m->file[i].n), 0);
        close(fd);
    }
}

static void free_image(struct image *m)
{
    for (size_t i = 0; i < m->n; i++)
        free(m->file[i].p);
}

static size_t log_bytes(const struct image *m)
{
    size_t sum = 0;

    for (size_t i = 0; i < m->n; i++)
        sum += is_log(m->file[i].name) ? m->file[i].used : 0;
    return sum;
}

/* Turns the bit that is `at` bytes into all the logs. Returns which file that is in. */
static size_t flip(const struct bench *b, const struct image *m, size_t at)
{
    size_t i = 0;
    unsigned char byte = 0;
    int fd = -1;

    for (i = 0; !is_log(m->file[i].name) || at >= m->file[i].used; i++)
        at -= is_log(m->file[i].name) ? m->file[i].used : 0;
    byte = m->file[i].p[at] ^ (unsigned char)(1 << at % 8);
    fd = openat(b->dir, m->file[i].name, O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
    close(fd);
    return i;
}

/* Returns how often the ledger was built anew; when `all`, it has to be for each bit of the last log. */
static unsigned turn_each(struct bench *b, const struct image *m, bool all)
{
    size_t bytes = log_bytes(m);
    unsigned rebuilds = 0;

    for (unsigned k = 0; k < PLACES; k++) {
        size_t at = bytes / PLACES * k + k * 7 % (bytes / PLACES), file = 0;
        bool rebuilt = false;

        ledger_close(&b->ledger);
        put_image(b, m);
        file = flip(b, m, at);
        rebuilt = reopen(b);
        assert_all_there(b);
        if (all && file == m->last)
            assert_true(rebuilt);
        rebuilds += rebuilt;
    }
    ledger_close(&b->ledger);
    put_image(b, m);
    assert_false(reopen(b));
    assert_all_there(b);
    return rebuilds;
}

/* A kill leaves what the last commit wrote, and tables of some time before. */
static void a_killed_ones_log_may_be_damaged_anywhere(void **state)
{
    struct bench *b = *state;
    struct image m = {.n = 0};
    unsigned rebuilds = 0;

    reopen(b);
    deliver(b, 100);
    reopen(b);
    fill_log(b, 2500);
    deliver(b, 50);
    take_image(b, &m);
    assert_string_equal(m.file[m.last].name, "log.0000000002");
    rebuilds = turn_each(b, &m, false);
    print_message("%u of %u rebuilt\n", rebuilds, PLACES);
    /* Cut behind the last page that was written, it is only an earlier moment. */
    assert_true(rebuilds > 0 && rebuilds < PLACES);
    free_image(&m);
}

static void a_killed_ones_pages_tell_of_the_cut(void **state)
{
    struct bench *b = *state;
    struct image m = {.n = 0};
    unsigned rebuilds = 0;

    reopen(b);
    deliver(b, 200);
    reopen(b);
    deliver(b, 50);
    take_image(b, &m);
    rebuilds = turn_each(b, &m, false);
    print_message("%u of %u rebuilt\n", rebuilds, PLACES);
    assert_true(rebuilds > PLACES / 2 && rebuilds < PLACES);
    free_image(&m);
}

/*
 * One big transaction, as the catch-up makes: undone at the log's end, it would
 * leave nothing of the rows. Without the note it is as a kill behind a
 * checkpoint leaves it, and only the pages can tell.
 */
static void a_closed_ones_log_may_be_damaged_anywhere(void **state)
{
    struct bench *b = *state;
    struct image m = {.n = 0};

    reopen(b);
    deliver(b, 150);
    ledger_close(&b->ledger);
    remove_tree(b->dir);
    reopen(b);
    ledger_close(&b->ledger);
    take_image(b, &m);
    assert_int_equal(turn_each(b, &m, true), PLACES);
    for (size_t k = 0; k < m.n; k++) {
        if (strcmp(m.file[k].name, "clean") == 0)
            m.file[k].used = m.file[k].n = 0;
    }
    assert_true(turn_each(b, &m, false) > PLACES * 9 / 10);
    free_image(&m);
}

/* The note must be what the next open finds, else each start looks through all pages. */
static void a_clean_end_is_noted_where_it_is(void **state)
{
    struct bench *b = *state;

    for (unsigned i = 0; i < 3; i++) {
        struct image m = {.n = 0};
        uint32_t note[4] = {0};
        char name[32] = "";

        reopen(b);
        deliver(b, 10 * i);
        ledger_close(&b->ledger);
        take_image(b, &m);
        for (size_t k = 0; k < m.n; k++) {
            if (strcmp(m.file[k].name, "clean") == 0)
                memcpy(note, m.file[k].p, sizeof note);
        }
        snprintf(name, sizeof name, "log.%010u", note[1]);
        assert_string_equal(name, m.file[m.last].name);
        assert_in_range(note[2], m.file[m.last].used, m.file[m.last].used + 40);
        free_image(&m);
    }
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_page_of_a_later_place_proves_the_cut),   CASE(a_damaged_note_is_no_note),
        CASE(senseless_tables_are_left_to_the_library), CASE(a_killed_ones_log_may_be_damaged_anywhere),
        CASE(a_killed_ones_pages_tell_of_the_cut),      CASE(a_closed_ones_log_may_be_damaged_anywhere),
        CASE(a_clean_end_is_noted_where_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
