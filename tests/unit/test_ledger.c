/*
 * test_ledger.c - the ledger against its journal: live, after damage, after kills.
 *
 * The journal is the truth: after each misfortune the ledger has to open, catch
 * up, and then hold what a plain recount of the journal's lines gives. Berkeley
 * DB opens by name, so the tests change into a directory below $TMPDIR.
 */
#include "common/xalloc.h"
#include "spoold/ledger.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* Berkeley DB gives up the memory of an environment that it found broken; its descriptors are counted below.
 */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libdb-5.3";
}

#define AT        INT64_C(1767323045678)
#define MAILS_MAX 4096

static const struct journal_options options = {LOG_ADDRESSES_FULL, 90, false};

struct bench {
    char path[256];
    int dir, jdir, home;
    struct journal *journal;
    struct ledger *ledger;
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

    snprintf(b.path, sizeof b.path, "%s/test_ledger.XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(b.path));
    b.home = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    b.dir = open_sub(b.path, "ledger");
    b.jdir = open_sub(b.path, "journal");
    assert_int_equal(fchdir(b.dir), 0);
    b.journal = journal_open(b.jdir, &options);
    b.ledger = NULL;
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

static struct base base_of(unsigned n)
{
    struct stat eml = {.st_ino = n}, hdr = {.st_ino = n, .st_mtim = {1767323045 + n, 0}};
    char name[32];
    struct base b = {.len = 0};

    snprintf(name, sizeof name, "mail%u", n % 500);
    base_make(&b, view_of(name), NULL, &eml, &hdr);
    return b;
}

/* Line `i` of a long, repeatable story with repeats in it. */
static struct event event_of(unsigned i, struct view rcpt[1])
{
    static const enum event_kind kinds[8] = {EVENT_ACCEPTED, EVENT_DELIVERED,   EVENT_DELIVERED,
                                             EVENT_ACCEPTED, EVENT_QUARANTINED, EVENT_RELEASED,
                                             EVENT_DELETED,  EVENT_DISCARDED};
    static char rcpts[4][24];
    struct event e = {.at_ms = AT + i * 1000, .kind = kinds[i * 7 % 8 < 4 ? i % 4 : i % 8], .size = 1000 + i};

    e.id = base_of(i / 4);
    e.copy = e.kind == EVENT_DELIVERED ? 1 + i % 3 / 2 : 0;
    e.sender = VIEW("A@example.org");
    snprintf(rcpts[i % 4], sizeof rcpts[0], "r%u@example.net", i / 4 % 7);
    rcpt[0] = view_of(rcpts[i % 4]);
    e.rcpt = rcpt;
    e.rcpt_n = 1;
    return e;
}

static void journal_only(struct bench *b, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        struct journal_place place = {0};
        struct view rcpt[1] = {{0}};
        struct event e = event_of(i, rcpt);

        assert_int_equal(journal_append(b->journal, &e, &place), 0);
    }
}

static void live(struct bench *b, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        struct journal_place place = {0};
        struct view rcpt[1] = {{0}};
        struct event e = event_of(i, rcpt);

        if (i % 16 == 0 || i == from)
            assert_int_equal(ledger_begin(b->ledger), 0);
        assert_int_equal(journal_append(b->journal, &e, &place), 0);
        assert_int_equal(ledger_apply(b->ledger, &e, &place), 0);
        if (i % 16 == 15 || i == to - 1)
            assert_int_equal(ledger_commit(b->ledger), 0);
    }
}

static bool reopen(struct bench *b)
{
    bool rebuilt = false;

    ledger_close(&b->ledger);
    b->ledger = ledger_open(b->dir, b->jdir, &rebuilt);
    assert_non_null(b->ledger);
    return rebuilt;
}

static void catch_up(struct bench *b)
{
    unsigned calls = 0;

    while (ledger_tidy(b->ledger, AT, 0) == 1 || ledger_catching_up(b->ledger))
        assert_true(++calls < 100);
}

/* --- the plain recount --------------------------------------------------- */

struct recount {
    struct base id[MAILS_MAX];
    unsigned events[MAILS_MAX], copies[MAILS_MAX];
    size_t n;
    struct ledger_counts counts;
};

static size_t recount_find(struct recount *r, const struct base *id)
{
    size_t i = 0;

    while (i < r->n && strcmp(r->id[i].s, id->s) != 0)
        i++;
    assert_true(i < MAILS_MAX);
    r->id[i] = *id;
    r->n += i == r->n;
    return i;
}

static struct recount *recount_new(int jdir)
{
    struct recount *r = xcalloc(1, sizeof *r);
    struct journal_reader *reader = journal_reader_open(jdir, NULL);
    struct journal_place place = {0};
    struct event e = {0};

    while (journal_reader_next(reader, &e, &place) == 1) {
        size_t i = recount_find(r, &e.id);

        r->counts.indexed_lines++;
        r->counts.event[e.kind] += !(r->events[i] >> e.kind & 1);
        r->events[i] |= 1U << e.kind;
        if (e.kind == EVENT_DELIVERED) {
            r->counts.copies += !(r->copies[i] >> e.copy & 1);
            r->copies[i] |= 1U << e.copy;
        }
    }
    journal_reader_close(&reader);
    return r;
}

static int see_row(const struct ledger_row *row, void *arg)
{
    struct recount *r = arg;
    size_t n = r->n, i = recount_find(r, &row->id);

    assert_int_equal(r->n, n);
    assert_int_equal(row->events, r->events[i]);
    assert_int_equal(row->copies, __builtin_popcount(r->copies[i]));
    assert_int_equal(row->accepted.day[0] != '\0', row->events & 1);
    r->events[i] = 0; /* a row that is shown twice fails */
    return 0;
}

static int count_row(const struct ledger_row *row, void *arg)
{
    (void)row;
    ++*(unsigned *)arg;
    return 0;
}

/* All rows, their addresses and the counters are what the journal says. */
static void assert_true_to_journal(struct bench *b)
{
    struct recount *r = recount_new(b->jdir);
    struct ledger_counts c = {.copies = 0};
    struct base resume = {.len = 0};
    unsigned rows = 0, given = 0;
    int n = 0;

    ledger_counts(b->ledger, &c);
    c.damaged_lines = 0;
    assert_memory_equal(&c, &r->counts, sizeof c);
    do {
        n = ledger_walk(b->ledger, (struct ledger_find){LEDGER_BY_ID, VIEW(""), 100}, &resume, see_row, r);
        assert_true(n >= 0);
        rows += (unsigned)n;
    } while (resume.s[0]);
    assert_int_equal(rows, r->n);
    do
        assert_true(ledger_walk(b->ledger, (struct ledger_find){LEDGER_BY_SENDER, VIEW("a@EXAMPLE.org"), 70},
                                &resume, count_row, &given) >= 0);
    while (resume.s[0]);
    assert_int_equal(given, r->counts.event[EVENT_ACCEPTED]);
    free(r);
}

/* --- tests ---------------------------------------------------------------- */

static void live_and_rebuilt_ledgers_are_the_same(void **state)
{
    struct bench *b = *state;

    assert_false(reopen(b));
    catch_up(b);
    live(b, 0, 3000);
    assert_false(ledger_catching_up(b->ledger));
    assert_true_to_journal(b);
    assert_false(reopen(b));
    catch_up(b);
    assert_true_to_journal(b);
    ledger_close(&b->ledger);
    remove_tree(b->dir);
    assert_false(reopen(b));
    assert_true(ledger_catching_up(b->ledger));
    catch_up(b);
    assert_true_to_journal(b);
}

static void a_line_out_of_turn_is_left_to_the_catch_up(void **state)
{
    struct bench *b = *state;
    struct ledger_counts c = {.copies = 0};

    reopen(b);
    catch_up(b);
    live(b, 0, 20);
    journal_only(b, 20, 21);
    live(b, 21, 40);
    assert_true(ledger_catching_up(b->ledger));
    ledger_counts(b->ledger, &c);
    assert_int_equal(c.indexed_lines, 20);
    catch_up(b);
    assert_true_to_journal(b);
    live(b, 40, 60);
    assert_false(ledger_catching_up(b->ledger));
    assert_true_to_journal(b);
}

static void the_catch_up_works_in_slices(void **state)
{
    struct bench *b = *state;

    journal_only(b, 0, 5000);
    reopen(b);
    assert_int_equal(ledger_tidy(b->ledger, AT, 0), 1);
    /* It goes on where it was, also in a new process. */
    reopen(b);
    assert_int_equal(ledger_tidy(b->ledger, AT, 0), 1);
    catch_up(b);
    assert_true_to_journal(b);
}

static void a_journal_that_lost_its_end_makes_the_ledger_anew(void **state)
{
    struct bench *b = *state;

    reopen(b);
    catch_up(b);
    live(b, 0, 100);
    ledger_close(&b->ledger);
    journal_close(&b->journal);
    assert_int_equal(truncate("../journal/2026-01-02.jsonl", 9000), 0);
    b->journal = journal_open(b->jdir, &options);
    journal_only(b, 200, 260);
    assert_true(reopen(b));
    catch_up(b);
    assert_true_to_journal(b);
}

/* `how`: 0 removed, 1 emptied, 2 cut in half, 3 zeros over a page, 4.. a bit flipped somewhere. */
static void spoil(int dir, const char *name, unsigned how)
{
    int fd = openat(dir, name, O_RDWR | O_CLOEXEC);
    off_t size = lseek(fd, 0, SEEK_END), at = size > 4096 ? 4096 : 0;
    unsigned char byte = 0;
    char zeros[4096] = {0};

    if (how == 0)
        unlinkat(dir, name, 0);
    else if (how <= 2)
        assert_int_equal(ftruncate(fd, how == 1 ? 0 : size / 2), 0);
    else if (how == 3)
        assert_true(pwrite(fd, zeros, sizeof zeros, at) > 0);
    else {
        at = (off_t)((unsigned long long)size * (how * 37 % 101) / 101);
        assert_int_equal(pread(fd, &byte, 1, at), 1);
        byte ^= (unsigned char)(1 << how % 8);
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    }
    close(fd);
}

static void open_and_compare(struct bench *b)
{
    struct timespec from = {0}, to = {0};

    clock_gettime(CLOCK_MONOTONIC, &from);
    reopen(b);
    clock_gettime(CLOCK_MONOTONIC, &to);
    assert_true(to.tv_sec - from.tv_sec < 5);
    catch_up(b);
    /* What only shows when it is read is mended by the next housekeeping. */
    for (unsigned i = 0; i < 3; i++) {
        struct base resume = {.len = 0};
        unsigned n = 0;

        ledger_walk(b->ledger, (struct ledger_find){LEDGER_BY_ID, VIEW(""), 100000}, &resume, count_row, &n);
        resume.s[0] = '\0';
        ledger_walk(b->ledger, (struct ledger_find){LEDGER_BY_SENDER, VIEW("a@example.org"), 100000}, &resume,
                    count_row, &n);
        catch_up(b);
    }
    assert_true_to_journal(b);
}

static unsigned count_descriptors(void)
{
    unsigned n = 0;

    for (int fd = 0; fd < 256; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static void any_damage_is_mended(void **state)
{
    static const char *const names[] = {"meta.db", "rows.db", "keys.db", "holds.db", "log.0000000001"};
    struct bench *b = *state;
    unsigned descriptors = 0;

    journal_only(b, 0, 1000);
    descriptors = count_descriptors();
    for (unsigned how = 0; how < 12; how++) {
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            ledger_close(&b->ledger);
            remove_tree(b->dir);
            reopen(b);
            catch_up(b);
            ledger_close(&b->ledger);
            spoil(b->dir, names[i], how);
            open_and_compare(b);
        }
    }
    ledger_close(&b->ledger);
    assert_int_equal(count_descriptors(), descriptors);
}

static void write_until_killed(struct bench *b)
{
    reopen(b);
    for (unsigned i = 0; i < 100; i++)
        ledger_tidy(b->ledger, AT, 0);
    for (unsigned i = 0; i < 4000; i += 16) {
        live(b, i, i + 16);
        if (i % 160 == 0)
            ledger_tidy(b->ledger, AT, 0);
    }
    _exit(0);
}

static void kills_lose_nothing(void **state)
{
    struct bench *b = *state;

    journal_close(&b->journal);
    for (unsigned round = 0; round < 30; round++) {
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0) {
            b->journal = journal_open(b->jdir, &options);
            write_until_killed(b);
        }
        usleep(3000 + round * 1700);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        if (round % 5 == 4) {
            b->journal = journal_open(b->jdir, &options);
            assert_false(reopen(b));
            catch_up(b);
            assert_true_to_journal(b);
            ledger_close(&b->ledger);
            journal_close(&b->journal);
        }
    }
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(live_and_rebuilt_ledgers_are_the_same),
        CASE(a_line_out_of_turn_is_left_to_the_catch_up),
        CASE(the_catch_up_works_in_slices),
        CASE(a_journal_that_lost_its_end_makes_the_ledger_anew),
        CASE(any_damage_is_mended),
        CASE(kills_lose_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
