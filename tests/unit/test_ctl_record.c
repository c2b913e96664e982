/*
 * test_ctl_record.c - unit tests of tools/ctl_record.c and ctl_record_files.c: which record counts, and where
 * it is found.
 *
 * Run by `make check`, in a folder of its own. No spoold runs there.
 */
#include "tools/ctl_record.h"

#include "common/log.h"
#include "common/xalloc.h"
#include "spoold/journal.h"

#include "tests/unit/config_world.h"

#include <ftw.h>

#define DAY  INT64_C(86400000)
#define WHEN INT64_C(1767323045678) /* 2026-01-02T03:04:05 */

static struct base id_of(const char *name, int64_t ms, unsigned number)
{
    struct stat st = {.st_ino = number};
    struct base id;

    base_make(&id, view_of(name), NULL, &st, &st);
    base_set_time(&id, ms * 1000000);
    return id;
}

static void add_line(struct buf *to, const struct event *e, enum log_addresses addresses)
{
    const struct journal_options o = {addresses, 0, false};
    static const unsigned char key[JOURNAL_KEY_LEN];

    journal_format_line(e, &o, key, to);
    buf_add_char(to, '\n');
}

/* Appends to a file below the folder of this test. */
static void put(const char *file, const struct buf *b)
{
    FILE *f = fopen(file, "ae");

    assert_non_null(f);
    fwrite(b->p, 1, b->n, f);
    fclose(f);
}

static void put_event(const char *day, const struct event *e)
{
    struct buf b = {0};
    char *file = xasprintf("root/state/journal/%s.jsonl", day);

    add_line(&b, e, LOG_ADDRESSES_FULL);
    put(file, &b);
    buf_free(&b);
    free(file);
}

static struct config *settings(void)
{
    static const char *const folders[] = {
        "root", "root/state", "root/state/journal", "root/quarantine", "root/proc", "root/quarantine/spam"};
    char *cwd = realpath(".", NULL), *ini = xasprintf("[paths]\nroot = \"%s/root\"\n", cwd);
    struct config *c = config_world_load(ini);

    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        mkdir(folders[i], 0700);
    free(cwd);
    free(ini);
    return c;
}

static struct event event_of(enum event_kind kind, struct base id, int64_t at, const char *record)
{
    return (struct event){.kind = kind, .at_ms = at, .id = id, .size = 7, .record = view_of(record)};
}

static void expect(const struct config *c, const char *word, const char *record, const char *where)
{
    struct ctl_record r;
    struct buf why = {0};

    assert_int_equal(ctl_record_find(c, word, &r, &why), 0);
    if (!view_equal(buf_view(&r.json), view_of(record)) || strcmp(r.where, where) != 0)
        fail_msg("%s: got '%.*s' of '%s'", word, (int)r.json.n, r.json.n ? r.json.p : "", r.where);
    assert_int_equal(why.n, 0);
    ctl_record_free(&r);
    buf_free(&why);
}

static void the_last_record_of_an_id_counts(void **state)
{
    const struct base one = id_of("one", WHEN, 1), two = id_of("two", WHEN, 2);
    struct config *c = settings();
    struct event e = event_of(EVENT_ACCEPTED, one, WHEN, "{\"a\":1}");
    struct buf junk = {0};
    struct ctl_record r;

    (void)state;
    e.name = VIEW("one");
    put_event("2026-01-02", &e);
    e = event_of(EVENT_ACCEPTED, two, WHEN, "{\"b\":1}");
    put_event("2026-01-02", &e);
    expect(c, one.s, "{\"a\":1}", "accepted");
    buf_addf(
        &junk,
        "{\"v\":1,\"event\":\"accepted\",\"id\":\"%s\",\"record\":{\"forged\":1},\"crc\":\"00000000\"}\n",
        one.s);
    put("root/state/journal/2026-01-02.jsonl", &junk);
    expect(c, one.s, "{\"a\":1}", "accepted");
    e = event_of(EVENT_ACCEPTED, one, WHEN + 5 * DAY, "{\"a\":2}");
    put_event("2026-01-07b", &e);
    expect(c, one.s, "{\"a\":2}", "accepted");
    e = event_of(EVENT_QUARANTINED, one, WHEN + 5 * DAY, "");
    e.class = VIEW("spam");
    e.reason = VIEW("too \"heavy\"");
    put_event("2026-01-07c", &e);
    /* What ends a message is written at once: later days are not looked at. */
    e = event_of(EVENT_RELEASED, one, WHEN + 9 * DAY, "{\"a\":3}");
    put_event("2026-01-11", &e);
    expect(c, one.s, "{\"a\":2}", "accepted");
    expect(c, one.s + one.len - BASE_ID_LEN, "{\"a\":2}", "accepted");
    expect(c, two.s, "{\"b\":1}", "accepted");
    buf_clear(&junk);
    assert_int_equal(ctl_record_find(c, one.s, &r, &junk), 0);
    assert_string_equal(r.id, one.s);
    assert_string_equal(r.last, "quarantined");
    assert_true(view_equal(r.class, VIEW("spam")) && view_equal(r.reason, VIEW("too \"heavy\"")));
    assert_int_equal(r.at_ms, WHEN);
    assert_int_equal(r.size, 7);
    ctl_record_free(&r);
    buf_free(&junk);
    config_free(&c);
}

/* By hundreds of lines; and once more with the lines of a second run behind them. */
static void recipients_of_several_lines_are_one_list(void **state)
{
    const struct view lines[2][2] = {{VIEW("a@example.org"), VIEW("\xff\n\"@example.org")},
                                     {VIEW("c@example.org")}};
    const struct base id = id_of("many", WHEN, 1);
    struct config *c = settings();
    struct buf why = {0};
    struct ctl_record r;

    (void)state;
    for (int run = 0; run < 2; run++) {
        for (int i = 0; i < 2; i++) {
            struct event e = event_of(EVENT_ACCEPTED, id, WHEN + run, run ? "{\"r\":2}" : "{\"r\":1}");

            e.rcpt = lines[i];
            e.rcpt_n = i ? 1 : 2;
            e.sender = VIEW("s@example.org");
            put_event("2026-01-02", &e);
        }
        assert_int_equal(ctl_record_find(c, id.s, &r, &why), 0);
        assert_int_equal(r.rcpt_n, 3);
        assert_true(view_equal(r.rcpt[0], lines[0][0]) && view_equal(r.rcpt[1], lines[0][1]) &&
                    view_equal(r.rcpt[2], lines[1][0]));
        assert_true(r.has_from && view_equal(r.from, VIEW("s@example.org")));
        ctl_record_free(&r);
    }
    config_free(&c);
}

/* Only the first line of an event has the record, by which the next ones are told from a second run. */
static void an_envelope_that_repeats_itself_keeps_all_recipients(void **state)
{
    const struct view lines[] = {VIEW("a@example.org"), VIEW("b@example.org")};
    const struct base id = id_of("again", WHEN, 1);
    struct config *c = settings();
    struct buf why = {0};
    struct ctl_record r;

    (void)state;
    for (int i = 0; i < 5; i++) {
        struct event e = event_of(EVENT_ACCEPTED, id, i < 3 ? WHEN : WHEN + 1, i % 3 ? "" : "{\"r\":1}");

        e.rcpt = lines;
        e.rcpt_n = 2;
        put_event("2026-01-02", &e);
        assert_int_equal(ctl_record_find(c, id.s, &r, &why), 0);
        assert_int_equal(r.rcpt_n, i < 3 ? 2 * (i + 1) : 2 * (i - 2));
        ctl_record_free(&r);
    }
    config_free(&c);
}

static void a_name_means_its_newest_message(void **state)
{
    const struct base old = id_of("same", WHEN, 1), new = id_of("same", WHEN + DAY, 2),
                      other = id_of("same2", WHEN + 2 * DAY, 3);
    struct config *c = settings();
    struct event e = event_of(EVENT_ACCEPTED, old, WHEN, "{\"o\":1}");

    (void)state;
    e.name = VIEW("sa \"me\xff");
    put_event("2026-01-02", &e);
    expect(c, "sa \"me\xff", "{\"o\":1}", "accepted");
    e.id = new;
    e.record = VIEW("{\"n\":1}");
    put_event("2026-01-03", &e);
    e.id = other;
    e.name = VIEW("sa");
    put_event("2026-01-04", &e);
    expect(c, "sa \"me\xff", "{\"n\":1}", "accepted");
    config_free(&c);
}

static void put_text(const char *file, const char *text)
{
    struct buf b = {0};

    buf_add_str(&b, text);
    put(file, &b);
    buf_free(&b);
}

/* The journal of that day was removed, or never had a record. */
static void the_quarantine_has_it_when_the_journal_has_not(void **state)
{
    static const char json[] = "{\"v\":1,\"id\":\"x\",\"at\":\"2026-01-02T03:04:05.678Z\",\"class\":\"spam\","
                               "\"reason\":\"why\",\"from\":\"\","
                               "\"recipients\":[\"b@example.org\"],\"accepted_for\":[\"a@example.org\","
                               "\"b\\u00ff@example.org\"],\"size\":9,"
                               "\"decisions\":[{\"to\":\"1-2\"}],\"raw\":true}\n";
    const struct base id = id_of("held", WHEN, 1);
    struct config *c = settings();
    char *file = xasprintf("root/quarantine/spam/%s.json", id.s);
    struct buf why = {0};
    struct ctl_record r;

    (void)state;
    put_text(file, "{\"v\":1,");
    assert_int_equal(ctl_record_find(c, id.s, &r, &why), EXIT_FINDING);
    ctl_record_free(&r);
    unlink(file);
    put_text(file, json);
    expect(c, id.s, json, "quarantine");
    expect(c, id.s + id.len - BASE_ID_LEN, json, "quarantine");
    assert_int_equal(ctl_record_find(c, id.s, &r, &why), 0);
    assert_int_equal(r.at_ms, WHEN / 1000 * 1000);
    assert_int_equal(r.size, 9);
    assert_true(r.has_from && !r.from.n);
    assert_int_equal(r.rcpt_n, 2);
    assert_true(view_equal(r.rcpt[0], VIEW("a@example.org")) &&
                view_equal(r.rcpt[1], VIEW("b\xff@example.org")));
    ctl_record_free(&r);
    buf_free(&why);
    free(file);
    config_free(&c);
}

/* Those that are left after a release are some of them. */
static void positions_stay_where_addresses_are_gone(void **state)
{
    const struct base id = id_of("part", WHEN, 1);
    struct config *c = settings();
    char *file = xasprintf("root/quarantine/spam/%s.json", id.s);
    struct buf why = {0};
    struct ctl_record r;

    (void)state;
    put_text(file, "{\"recipients\":[\"b@example.org\"],\"releases\":1,\"decisions\":[{\"to\":\"1,3\"}]}");
    assert_int_equal(ctl_record_find(c, id.s, &r, &why), 0);
    assert_int_equal(r.rcpt_n, 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(r.rcpt[i].n, 0);
    ctl_record_free(&r);
    /* Nobody has two decisions; what says so is not gone through to its end. */
    remove(file);
    put_text(file,
             "{\"recipients\":[],\"releases\":1,\"decisions\":[{\"to\":\"1-50000\"},{\"to\":\"1-50000\","
             "\"rcpt\":[\"b@example.org\"]}]}");
    assert_int_equal(ctl_record_find(c, id.s, &r, &why), 0);
    assert_int_equal(r.rcpt_n, 50000);
    assert_int_equal(r.rcpt[0].n, 0);
    ctl_record_free(&r);
    free(file);
    config_free(&c);
}

static void a_message_in_work_is_known_without_a_record(void **state)
{
    const struct base id = id_of("work", WHEN, 1);
    struct config *c = settings();
    char *file = xasprintf("root/proc/%s.hdr.h1", id.s);

    (void)state;
    put_text(file, "");
    expect(c, id.s + id.len - BASE_ID_LEN, "", "");
    free(file);
    config_free(&c);
}

static void what_is_not_there_is_said(void **state)
{
    static const char *const words[] = {"nosuch", "x~0123456789abcdefghjkmnpqr", "0123456789abcdefghjkmnpqr",
                                        "."};
    struct config *c = settings();

    (void)state;
    for (int journal = 1; journal >= 0; journal--) {
        for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
            struct ctl_record r;
            struct buf why = {0};

            assert_int_equal(ctl_record_find(c, words[i], &r, &why), EXIT_FINDING);
            assert_null(r.id);
            assert_int_equal(strstr(why.p, "no journal") == NULL, journal);
            ctl_record_free(&r);
            buf_free(&why);
        }
        rmdir("root/state/journal");
    }
    config_free(&c);
}

/* A file in the place of the folder: nobody can list it, root neither. */
static void a_journal_that_cannot_be_read_is_no_answer(void **state)
{
    struct config *c = settings();
    struct buf why = {0};
    struct ctl_record r;

    (void)state;
    rmdir("root/state/journal");
    put_text("root/state/journal", "");
    assert_int_equal(ctl_record_find(c, "x", &r, &why), EXIT_TEMP_75);
    assert_non_null(strstr(why.p, "root/state/journal cannot be read"));
    ctl_record_free(&r);
    buf_free(&why);
    config_free(&c);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

static int leave(void **state)
{
    nftw("root", remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return config_world_leave(state);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, config_world_enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_last_record_of_an_id_counts),
        CASE(recipients_of_several_lines_are_one_list),
        CASE(an_envelope_that_repeats_itself_keeps_all_recipients),
        CASE(a_name_means_its_newest_message),
        CASE(the_quarantine_has_it_when_the_journal_has_not),
        CASE(positions_stay_where_addresses_are_gone),
        CASE(a_message_in_work_is_known_without_a_record),
        CASE(what_is_not_there_is_said),
        CASE(a_journal_that_cannot_be_read_is_no_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
