/*
 * test_ledger_index.c - lists, forgetting, versions and trouble of the ledger.
 *
 * Small stories of a few messages against ledger_index.c and ledger_walk.c; the
 * comparison with the journal at large is in test_ledger.c. Works below $TMPDIR.
 */
#include "common/xalloc.h"
#include "spoold/ledger_store.h"

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
#include <unistd.h>

#include <cmocka.h>

/* Berkeley DB gives up the memory of an environment that it found broken. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libdb-5.3";
}

#define AT INT64_C(1767323045678)

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

static void catch_up(struct bench *b)
{
    unsigned calls = 0;

    while (ledger_tidy(b->ledger, AT, 0) == 1 || ledger_catching_up(b->ledger))
        assert_true(++calls < 100);
}

static bool reopen(struct bench *b)
{
    bool rebuilt = false;

    ledger_close(&b->ledger);
    b->ledger = ledger_open(b->dir, b->jdir, &rebuilt);
    assert_non_null(b->ledger);
    return rebuilt;
}

static int set_up(void **state)
{
    static struct bench b;
    const char *tmp = getenv("TMPDIR");

    snprintf(b.path, sizeof b.path, "%s/test_ledger_index.XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(b.path));
    b.home = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    b.dir = open_sub(b.path, "ledger");
    b.jdir = open_sub(b.path, "journal");
    assert_int_equal(fchdir(b.dir), 0);
    b.journal = journal_open(b.jdir, &options);
    b.ledger = NULL;
    reopen(&b);
    catch_up(&b);
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

static struct base base_of(const char *name, unsigned n)
{
    struct stat eml = {.st_ino = n}, hdr = {.st_ino = n, .st_mtim = {1767323045 + n, 0}};
    struct base b = {.len = 0};

    base_make(&b, view_of(name), NULL, &eml, &hdr);
    return b;
}

static int add(struct bench *b, const struct event *e)
{
    struct journal_place place = {0};

    assert_int_equal(journal_append(b->journal, e, &place), 0);
    return ledger_apply(b->ledger, e, &place);
}

static void accept(struct bench *b, const char *name, unsigned n, const char *from, const char *to)
{
    struct view rcpt[1] = {view_of(to)};
    struct event e = {.kind = EVENT_ACCEPTED,
                      .at_ms = AT + n * 1000,
                      .id = base_of(name, n),
                      .name = view_of(name),
                      .sender = view_of(from),
                      .rcpt = rcpt,
                      .rcpt_n = 1};

    assert_int_equal(add(b, &e), 0);
}

static void finish(struct bench *b, const char *name, unsigned n)
{
    struct event e = {.kind = EVENT_DISCARDED, .at_ms = AT + n * 1000 + 1, .id = base_of(name, n)};

    assert_int_equal(add(b, &e), 0);
}

/* Notes the order in which rows come as letters: the message's number as 'a' + n. */
static int note(const struct ledger_row *row, void *arg)
{
    char *to = arg;
    size_t n = strlen(to);

    to[n] = (char)('a' + (row->accepted_ms - AT) / 1000);
    to[n + 1] = '\0';
    return 0;
}

/* Walks in pages of `max` and compares the order. */
static void assert_walk(struct bench *b, enum ledger_index index, const char *key, unsigned max,
                        const char *wanted)
{
    struct base resume = {.len = 0};
    char got[64] = "";

    do
        assert_true(
            ledger_walk(b->ledger, (struct ledger_find){index, view_of(key), max}, &resume, note, got) >= 0);
    while (resume.s[0]);
    assert_string_equal(got, wanted);
}

static void lists_are_in_order_at_any_page_size(void **state)
{
    static const struct {
        enum ledger_index index;
        const char *key, *wanted;
    } cases[] = {
        {LEDGER_BY_ID, "", "abcdefg"},
        {LEDGER_BY_ID, "n~", "abd"},
        {LEDGER_BY_ID, "zzz", ""},
        {LEDGER_BY_SENDER, "A@EXAMPLE.ORG", "gdba"},
        {LEDGER_BY_SENDER, "a@example.or", ""},
        {LEDGER_BY_SENDER, "", "e"},
        {LEDGER_BY_RCPT, "x@example.net", "gc"},
        {LEDGER_BY_RCPT, "a@example.org", ""},
        {LEDGER_BY_NAME, "n", "dba"},
        {LEDGER_BY_NAME, "n n", "f"},
        {LEDGER_BY_NAME, "n_n", "e"},
        {LEDGER_BY_NAME, "N", ""},
        {LEDGER_BY_NAME, "", ""},
    };
    struct bench *b = *state;

    accept(b, "n", 0, "a@example.org", "y@example.net");
    accept(b, "n", 1, "A@example.org", "y@example.net");
    accept(b, "n-", 2, "b@example.org", "x@example.net");
    accept(b, "n", 3, "a@Example.org", "y@example.net");
    accept(b, "n_n", 4, "", "y@example.net");
    accept(b, "n n", 5, "c@example.org", "y@example.net");
    accept(b, "o", 6, "a@example.org", "X@example.NET");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        print_message("%d %s\n", (int)cases[i].index, cases[i].key);
        for (unsigned max = 1; max <= 8; max++) {
            /* BY_ID: "n-" sorts before "n_n" and "n~". */
            const char *wanted =
                cases[i].index == LEDGER_BY_ID && !*cases[i].key ? "cefabdg" : cases[i].wanted;

            assert_walk(b, cases[i].index, cases[i].key, max, wanted);
        }
    }
}

static void lists_see_the_open_transaction(void **state)
{
    struct bench *b = *state;
    struct ledger_row row = {.copies = 0};
    struct base id = base_of("n", 0);

    assert_int_equal(ledger_begin(b->ledger), 0);
    accept(b, "n", 0, "a@example.org", "y@example.net");
    assert_int_equal(ledger_get(b->ledger, base_view(&id), &row), 1);
    assert_walk(b, LEDGER_BY_SENDER, "a@example.org", 5, "a");
    assert_int_equal(ledger_commit(b->ledger), 0);
    assert_int_equal(ledger_get(b->ledger, base_view(&id), &row), 1);
    assert_int_equal(ledger_get(b->ledger, VIEW("n"), &row), 0);
}

static int stop_at_once(const struct ledger_row *row, void *arg)
{
    (void)row, (void)arg;
    return 1;
}

static void a_walk_can_be_stopped_and_goes_on(void **state)
{
    struct bench *b = *state;
    struct base resume = {.len = 0};
    char got[8] = "";

    for (unsigned i = 0; i < 3; i++)
        accept(b, "n", i, "a@example.org", "y@example.net");
    assert_int_equal(ledger_walk(b->ledger, (struct ledger_find){LEDGER_BY_SENDER, VIEW("a@example.org"), 9},
                                 &resume, stop_at_once, NULL),
                     1);
    assert_int_equal(ledger_walk(b->ledger, (struct ledger_find){LEDGER_BY_SENDER, VIEW("a@example.org"), 9},
                                 &resume, note, got),
                     2);
    assert_string_equal(got, "ba");
    assert_int_equal(resume.s[0], '\0');
}

static void settled_old_rows_are_forgotten(void **state)
{
    struct bench *b = *state;
    struct ledger_counts c = {.copies = 0};
    unsigned calls = 0;

    for (unsigned i = 0; i < 5; i++) {
        accept(b, "n", i, "a@example.org", "y@example.net");
        if (i != 1)
            finish(b, "n", i);
    }
    while (ledger_tidy(b->ledger, AT + 7200000, AT + 3000) == 1)
        assert_true(++calls < 20);
    /* The one that is not settled is still somewhere in the spool. */
    assert_walk(b, LEDGER_BY_ID, "", 1, "bde");
    assert_walk(b, LEDGER_BY_SENDER, "a@example.org", 1, "edb");
    assert_walk(b, LEDGER_BY_RCPT, "y@example.net", 1, "edb");
    ledger_counts(b->ledger, &c);
    assert_int_equal(c.event[EVENT_ACCEPTED], 5);
}

static void many_rows_are_forgotten_in_slices(void **state)
{
    struct bench *b = *state;
    unsigned calls = 0;

    assert_int_equal(ledger_begin(b->ledger), 0);
    for (unsigned i = 0; i < 2500; i++) {
        accept(b, "n", i, "a@example.org", "y@example.net");
        finish(b, "n", i);
    }
    assert_int_equal(ledger_commit(b->ledger), 0);
    while (ledger_tidy(b->ledger, AT + 7200000, AT + 90000000) == 1)
        assert_true(++calls < 20);
    assert_true(calls > 4);
    assert_walk(b, LEDGER_BY_ID, "", 10, "");
    assert_walk(b, LEDGER_BY_SENDER, "a@example.org", 10, "");
}

static void a_message_to_very_many_is_indexed(void **state)
{
    struct bench *b = *state;
    struct event e = {.kind = EVENT_ACCEPTED, .at_ms = AT, .sender = VIEW("a@example.org")};
    struct view *rcpt = xcalloc(LEDGER_RCPT_MAX + 10, sizeof *rcpt);
    char(*text)[32] = xcalloc(LEDGER_RCPT_MAX + 10, sizeof *text);

    for (unsigned i = 0; i < LEDGER_RCPT_MAX + 10; i++) {
        snprintf(text[i], sizeof text[i], "r%u@example.net", i * 7919 % 100003);
        rcpt[i] = view_of(text[i]);
    }
    e.rcpt = rcpt;
    e.rcpt_n = LEDGER_RCPT_MAX + 10;
    for (unsigned i = 0; i < 3; i++) {
        struct journal_place place = {0};

        e.id = base_of("m", i);
        e.at_ms = AT + i * 1000;
        assert_int_equal(journal_append(b->journal, &e, &place), 0);
        assert_int_equal(ledger_apply(b->ledger, &e, &place), 0);
    }
    assert_walk(b, LEDGER_BY_RCPT, text[17], 5, "cba");
    ledger_close(&b->ledger);
    remove_tree(b->dir);
    reopen(b);
    catch_up(b);
    assert_walk(b, LEDGER_BY_RCPT, text[LEDGER_RCPT_MAX - 1], 5, "cba");
    free(text);
    free(rcpt);
}

static void another_version_is_built_anew(void **state)
{
    static const char newer[] = {LEDGER_VERSION + 1, 1, 2, 3};
    struct bench *b = *state;

    accept(b, "n", 0, "a@example.org", "y@example.net");
    assert_int_equal(
        ledger_store_put(b->ledger, LEDGER_META, LEDGER_HEAD_KEY, (struct view){newer, sizeof newer}), 0);
    assert_true(reopen(b));
    catch_up(b);
    assert_walk(b, LEDGER_BY_ID, "", 5, "a");
    assert_false(reopen(b));
}

static unsigned count_aside(int dir)
{
    DIR *d = fdopendir(openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    struct dirent *e = NULL;
    unsigned n = 0;

    while ((e = readdir(d)) != NULL)
        n += strncmp(e->d_name, "bad-", 4) == 0;
    closedir(d);
    return n;
}

static void only_the_last_damaged_ones_are_kept(void **state)
{
    static const char newer[] = {LEDGER_VERSION + 1};
    struct bench *b = *state;

    for (unsigned i = 0; i < 4; i++) {
        ledger_store_put(b->ledger, LEDGER_META, LEDGER_HEAD_KEY, (struct view){newer, 1});
        assert_true(reopen(b));
        usleep(2000); /* the name is the time in ms */
    }
    assert_int_equal(count_aside(b->dir), 2);
}

static void a_senseless_row_is_damage_and_is_mended(void **state)
{
    struct bench *b = *state;
    struct ledger_row row = {.copies = 0};
    struct base id = base_of("n", 0), resume = {.len = 0};
    char got[8] = "";

    accept(b, "n", 0, "a@example.org", "y@example.net");
    ledger_store_put(b->ledger, LEDGER_ROWS, base_view(&id), VIEW("\xff"));
    assert_int_equal(
        ledger_walk(b->ledger, (struct ledger_find){LEDGER_BY_ID, VIEW(""), 5}, &resume, note, got), -1);
    assert_int_equal(ledger_get(b->ledger, base_view(&id), &row), -1);
    assert_true(ledger_catching_up(b->ledger));
    catch_up(b);
    assert_int_equal(count_aside(b->dir), 1);
    assert_int_equal(ledger_get(b->ledger, base_view(&id), &row), 1);
}

static void a_full_disk_only_stops_the_index(void **state)
{
    struct bench *b = *state;
    struct rlimit old = {0}, limit = {0};
    unsigned i = 0;

    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old);
    limit = old;
    limit.rlim_cur = 300000;
    setrlimit(RLIMIT_FSIZE, &limit);
    for (i = 0; i < 3000; i++) {
        struct event e = {.kind = EVENT_ACCEPTED, .at_ms = AT + i, .id = base_of("n", i)};
        struct journal_place place = {0};

        if (journal_append(b->journal, &e, &place) < 0 || ledger_apply(b->ledger, &e, &place) < 0)
            break;
    }
    assert_true(i < 3000);
    for (unsigned k = 0; k < 5; k++)
        ledger_tidy(b->ledger, AT, 0);
    setrlimit(RLIMIT_FSIZE, &old);
    reopen(b);
    catch_up(b);
    assert_int_equal(count_aside(b->dir), 0);
    accept(b, "o", 1, "z@example.org", "y@example.net");
    assert_walk(b, LEDGER_BY_SENDER, "z@example.org", 2, "b");
}

static void another_directory_is_refused(void **state)
{
    struct bench *b = *state;
    bool rebuilt = false;

    assert_null(ledger_open(b->jdir, b->jdir, &rebuilt));
    assert_int_equal(errno, EINVAL);
}

static void holds_are_kept_until_they_are_deleted(void **state)
{
    struct bench *b = *state;
    struct ledger_hold h = {.since_ms = 1, .tries = 3, .reason = "the scanner is busy"}, got = {.tries = 0};

    h.id = base_of("n", 1);
    assert_int_equal(ledger_get_hold(b->ledger, base_view(&h.id), &got), 0);
    assert_int_equal(ledger_put_hold(b->ledger, &h), 0);
    reopen(b);
    assert_int_equal(ledger_get_hold(b->ledger, base_view(&h.id), &got), 1);
    assert_string_equal(got.reason, h.reason);
    assert_int_equal(ledger_del_hold(b->ledger, &h.id), 0);
    assert_int_equal(ledger_del_hold(b->ledger, &h.id), 0);
    assert_int_equal(ledger_get_hold(b->ledger, base_view(&h.id), &got), 0);
}

static void a_new_day_follows_without_catching_up(void **state)
{
    struct bench *b = *state;

    accept(b, "n", 0, "a@example.org", "y@example.net");
    accept(b, "n", 90000, "a@example.org", "y@example.net");
    assert_false(ledger_catching_up(b->ledger));
}

static void damaged_lines_are_counted_once(void **state)
{
    struct bench *b = *state;
    struct ledger_counts c = {.copies = 0};
    int fd = -1;

    accept(b, "n", 0, "a@example.org", "y@example.net");
    fd = openat(b->jdir, "2026-01-02.jsonl", O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_int_equal(write(fd, "x\ny\n", 4), 4);
    close(fd);
    reopen(b);
    catch_up(b);
    journal_close(&b->journal);
    b->journal = journal_open(b->jdir, &options);
    accept(b, "n", 1, "a@example.org", "y@example.net");
    for (unsigned i = 0; i < 2; i++) {
        catch_up(b);
        ledger_counts(b->ledger, &c);
        assert_int_equal(c.damaged_lines, 2);
        assert_int_equal(c.indexed_lines, 2);
        reopen(b);
    }
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(lists_are_in_order_at_any_page_size),
        CASE(lists_see_the_open_transaction),
        CASE(a_walk_can_be_stopped_and_goes_on),
        CASE(settled_old_rows_are_forgotten),
        CASE(many_rows_are_forgotten_in_slices),
        CASE(a_message_to_very_many_is_indexed),
        CASE(another_version_is_built_anew),
        CASE(only_the_last_damaged_ones_are_kept),
        CASE(a_senseless_row_is_damage_and_is_mended),
        CASE(a_full_disk_only_stops_the_index),
        CASE(another_directory_is_refused),
        CASE(holds_are_kept_until_they_are_deleted),
        CASE(a_new_day_follows_without_catching_up),
        CASE(damaged_lines_are_counted_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
