/*
 * test_journal_line.c - one line of the journal, written and read back.
 *
 * The wanted lines are written out, so a change of the format is a change here.
 * Every damage that a disk or an interrupted write can do has to be found.
 */
#include "common/json.h"
#include "spoold/journal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#include <cmocka.h>

#define AT INT64_C(1767323045678)

static const struct journal_options full = {LOG_ADDRESSES_FULL, 0, false};
static const unsigned char key[JOURNAL_KEY_LEN] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

static struct base some_base(const char *name)
{
    struct stat eml = {.st_ino = 1}, hdr = {.st_ino = 2};
    struct base b = {.len = 0};

    base_make(&b, view_of(name), NULL, &eml, &hdr);
    return b;
}

static struct event full_event(const struct view *rcpt, size_t n)
{
    return (struct event){.kind = EVENT_ACCEPTED,
                          .at_ms = AT,
                          .id = some_base("mail1"),
                          .name = VIEW("mail1"),
                          .client = VIEW("192.0.2.1"),
                          .sender = VIEW("A@example.org"),
                          .rcpt = rcpt,
                          .rcpt_n = n,
                          .class = VIEW("spam"),
                          .reason = VIEW("score 12 \"high\""),
                          .size = 4711,
                          .record = VIEW("{\"v\":1,\"x\":[1,{\"y\":\"}\"}]}")};
}

static void assert_view(struct view got, struct view wanted)
{
    assert_int_equal(got.n, wanted.n);
    if (got.n)
        assert_memory_equal(got.p, wanted.p, got.n);
}

static void assert_same(const struct event *a, const struct event *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->at_ms, b->at_ms);
    assert_string_equal(a->id.s, b->id.s);
    assert_int_equal(a->copy, b->copy);
    assert_view(a->name, b->name);
    assert_view(a->client, b->client);
    assert_view(a->sender, b->sender);
    assert_int_equal(a->rcpt_n, b->rcpt_n);
    for (size_t i = 0; i < a->rcpt_n; i++)
        assert_view(a->rcpt[i], b->rcpt[i]);
    assert_view(a->class, b->class);
    assert_view(a->reason, b->reason);
    assert_int_equal(a->size, b->size);
    assert_view(a->record, b->record);
}

/* The line with its checksum. */
static void seal(struct buf *line)
{
    uLong crc = crc32(0, (const Bytef *)line->p, (uInt)line->n);

    buf_addf(line, ",\"crc\":\"%08lx\"}", crc);
}

static void assert_line(const struct event *e, const struct journal_options *o, const char *body)
{
    struct buf out = {0}, wanted = {0};

    journal_format_line(e, o, key, &out);
    buf_addf(&wanted, "%s", body);
    seal(&wanted);
    assert_string_equal(out.p, wanted.p);
    buf_free(&out);
    buf_free(&wanted);
}

static void writes_the_documented_form(void **state)
{
    const struct view rcpt[2] = {VIEW("c@example.net"), VIEW("d@example.net")};
    struct event e = full_event(rcpt, 2), bare = {.kind = EVENT_DELIVERED, .at_ms = AT, .copy = 2};
    char body[1024];

    (void)state;
    snprintf(
        body, sizeof body,
        "{\"v\":1,\"at\":\"2026-01-02T03:04:05.678Z\",\"event\":\"accepted\",\"id\":\"%s\",\"name\":"
        "\"mail1\","
        "\"client\":\"192.0.2.1\",\"from\":\"A@example.org\",\"to\":[\"c@example.net\",\"d@example.net\"],"
        "\"class\":\"spam\",\"reason\":\"score 12 \\\"high\\\"\",\"size\":4711,"
        "\"record\":{\"v\":1,\"x\":[1,{\"y\":\"}\"}]}",
        e.id.s);
    assert_line(&e, &full, body);
    bare.id = e.id;
    snprintf(body, sizeof body,
             "{\"v\":1,\"at\":\"2026-01-02T03:04:05.678Z\",\"event\":\"delivered\",\"id\":\"%s\",\"copy\":2",
             e.id.s);
    assert_line(&bare, &full, body);
}

static void an_empty_sender_is_written_for_accepted(void **state)
{
    struct event e = {.kind = EVENT_ACCEPTED, .at_ms = AT, .id = some_base("x")};
    char body[512];

    (void)state;
    snprintf(
        body, sizeof body,
        "{\"v\":1,\"at\":\"2026-01-02T03:04:05.678Z\",\"event\":\"accepted\",\"id\":\"%s\",\"from\":\"\"",
        e.id.s);
    assert_line(&e, &full, body);
}

static void addresses_can_be_hashed_or_left_out(void **state)
{
    const struct journal_options hash = {LOG_ADDRESSES_HASH, 0, false}, none = {LOG_ADDRESSES_NONE, 0, false};
    const struct view rcpt[1] = {VIEW("c@example.net")};
    struct event e = {
        .kind = EVENT_DELIVERED, .at_ms = AT, .id = some_base("x"), .sender = VIEW("a@example.org")};
    char body[512], a[JOURNAL_HASH_LEN + 1], c[JOURNAL_HASH_LEN + 1], upper[JOURNAL_HASH_LEN + 1];

    (void)state;
    e.rcpt = rcpt;
    e.rcpt_n = 1;
    journal_hash_address(e.sender, key, a);
    journal_hash_address(VIEW("A@EXAMPLE.org"), key, upper);
    journal_hash_address(rcpt[0], key, c);
    assert_string_equal(a, upper);
    assert_string_not_equal(a, c);
    snprintf(body, sizeof body,
             "{\"v\":1,\"at\":\"2026-01-02T03:04:05.678Z\",\"event\":\"delivered\",\"id\":\"%s\",\"from\":\"%"
             "s\",\"to\":[\"%s\"]",
             e.id.s, a, c);
    assert_line(&e, &hash, body);
    snprintf(body, sizeof body,
             "{\"v\":1,\"at\":\"2026-01-02T03:04:05.678Z\",\"event\":\"delivered\",\"id\":\"%s\"", e.id.s);
    assert_line(&e, &none, body);
}

/* Known answers of SipHash-2-4 with the key 00..0f for the messages "", 00, 00..07 and 00..0e. */
static void hashes_are_siphash(void **state)
{
    static const struct {
        size_t n;
        const char *wanted;
    } cases[] = {{0, "h:726fdb47dd0e0e31"},
                 {1, "h:74f839c593dc67fd"},
                 {8, "h:93f5f5799a932462"},
                 {15, "h:a129ca6149be45e5"}};
    char in[15], to[JOURNAL_HASH_LEN + 1];

    (void)state;
    for (size_t i = 0; i < sizeof in; i++)
        in[i] = (char)i;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        journal_hash_address((struct view){in, cases[i].n}, key, to);
        assert_string_equal(to, cases[i].wanted);
    }
}

static void reads_back_what_it_wrote(void **state)
{
    const struct view rcpt[3] = {VIEW("c@example.net"), VIEW(""), VIEW("\xe9\n\"\\\0z")};
    struct journal_scratch *s = journal_scratch_new();

    (void)state;
    for (unsigned k = 0; k < EVENT_KIND__MAX; k++) {
        struct event e = full_event(rcpt, 3), got = {0};
        struct buf out = {0};

        e.kind = (enum event_kind)k;
        e.copy = k;
        e.name = VIEW("\xff\xc3\xa9 name\x01");
        journal_format_line(&e, &full, key, &out);
        assert_null(memchr(out.p, '\n', out.n));
        assert_int_equal(journal_parse_line(buf_view(&out), &got, s), 0);
        assert_same(&got, &e);
        buf_free(&out);
    }
    journal_scratch_free(&s);
    assert_null(s);
}

static void a_record_never_breaks_the_line(void **state)
{
    static const struct {
        const char *says;
        struct view record, wanted;
    } cases[] = {
        {"newlines between values become blanks", {"{\n\"a\":\n1}", 9}, {"{ \"a\": 1}", 9}},
        {"a record that is not closed is kept as a string", {"{\"a\":1", 6}, {NULL, 0}},
        {"two objects are kept as a string", {"{}{}", 4}, {NULL, 0}},
        {"mismatched brackets are kept as a string", {"{[}]", 4}, {NULL, 0}},
        {"a newline within a string is kept as a string", {"{\"a\":\"\n\"}", 9}, {NULL, 0}},
        {"an array is kept as a string", {"[1]", 3}, {NULL, 0}},
    };
    struct journal_scratch *s = journal_scratch_new();

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct event e = full_event(NULL, 0), got = {0};
        struct buf out = {0};

        print_message("%s\n", cases[i].says);
        e.record = cases[i].record;
        journal_format_line(&e, &full, key, &out);
        assert_null(memchr(out.p, '\n', out.n));
        assert_int_equal(journal_parse_line(buf_view(&out), &got, s), 0);
        assert_view(got.record, cases[i].wanted);
        assert_view(got.reason, e.reason);
        buf_free(&out);
    }
    journal_scratch_free(&s);
}

static void every_flipped_bit_and_every_cut_is_found(void **state)
{
    struct journal_scratch *s = journal_scratch_new();
    struct event e = full_event(NULL, 0), got = {0};
    struct buf out = {0};

    (void)state;
    journal_format_line(&e, &full, key, &out);
    for (size_t i = 0; i < out.n; i++) {
        assert_int_equal(journal_parse_line((struct view){out.p, i}, &got, s), -1);
        for (unsigned bit = 0; bit < 8; bit++) {
            /* Hex digits of either case say the same. */
            if (i >= out.n - 10 && i < out.n - 2 && bit == 5)
                continue;
            out.p[i] = (char)(out.p[i] ^ (1 << bit));
            assert_int_equal(journal_parse_line(buf_view(&out), &got, s), -1);
            out.p[i] = (char)(out.p[i] ^ (1 << bit));
        }
    }
    assert_int_equal(journal_parse_line(buf_view(&out), &got, s), 0);
    buf_free(&out);
    journal_scratch_free(&s);
}

#define HEAD "{\"v\":1,\"at\":\"2026-01-02T03:04:05.678Z\",\"event\":\"deleted\",\"id\":\"%s\""

static void judges_lines_with_a_good_checksum(void **state)
{
    static const struct {
        const char *says, *body;
        int wanted;
    } cases[] = {
        {"the least line is good", HEAD, 0},
        {"unknown members are passed over", HEAD ",\"new\":{\"a\":[1,\"]\",{}]},\"n\":-1.5e3,\"z\":null", 0},
        {"an unknown member must be a value", HEAD ",\"new\":}", -1},
        {"another version is not for us",
         "{\"v\":2,\"at\":\"2026-01-02T03:04:05.678Z\",\"event\":\"deleted\",\"id\":\"%s\"", -1},
        {"no time", "{\"v\":1,\"event\":\"deleted\",\"id\":\"%s\"", -1},
        {"no event", "{\"v\":1,\"at\":\"2026-01-02T03:04:05.678Z\",\"id\":\"%s\"", -1},
        {"an unknown event", "{\"v\":1,\"at\":\"2026-01-02T03:04:05.678Z\",\"event\":\"lost\",\"id\":\"%s\"",
         -1},
        {"an id that is no BASE",
         "{\"v\":1,\"at\":\"2026-01-02T03:04:05.678Z\",\"event\":\"deleted\",\"id\":\"x%sx\"", -1},
        {"a month 13", "{\"v\":1,\"at\":\"2026-13-02T03:04:05.678Z\",\"event\":\"deleted\",\"id\":\"%s\"",
         -1},
        {"a blank in the time",
         "{\"v\":1,\"at\":\"2026-01-02 03:04:05.678Z\",\"event\":\"deleted\",\"id\":\"%s\"", -1},
        {"a number too great for 64 bits", HEAD ",\"size\":18446744073709551616", -1},
        {"the greatest number", HEAD ",\"size\":18446744073709551615", 0},
        {"a negative size", HEAD ",\"size\":-1", -1},
        {"recipients without a comma", HEAD ",\"to\":[\"a\"\"b\"]", -1},
        {"recipients that do not end", HEAD ",\"to\":[\"a\"", -1},
        {"a comma at the end", HEAD ",", -1},
        {"a member without value", HEAD ",\"size\"", -1},
        {"a string that does not end", HEAD ",\"reason\":\"x", -1},
        {"a string that ends in a backslash", HEAD ",\"reason\":\"x\\", -1},
        {"an unknown escape", HEAD ",\"reason\":\"\\x\"", -1},
        {"a short escape", HEAD ",\"reason\":\"\\u00\"", -1},
        {"half a surrogate pair", HEAD ",\"reason\":\"\\ud83d\"", -1},
        {"a surrogate pair", HEAD ",\"reason\":\"\\ud83d\\udce7\"", 0},
        {"nothing at all", "", -1},
        {"only a brace", "{", -1},
    };
    struct journal_scratch *s = journal_scratch_new();
    struct base id = some_base("mail1");

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *mark = strstr(cases[i].body, "%s");
        struct event e = {0};
        struct buf line = {0};

        print_message("%s\n", cases[i].says);
        buf_add(&line, cases[i].body, mark ? (size_t)(mark - cases[i].body) : strlen(cases[i].body));
        if (mark) {
            buf_add_str(&line, id.s);
            buf_add_str(&line, mark + 2);
        }
        seal(&line);
        assert_int_equal(journal_parse_line(buf_view(&line), &e, s), cases[i].wanted);
        buf_free(&line);
    }
    journal_scratch_free(&s);
}

static void nesting_is_bounded(void **state)
{
    struct journal_scratch *s = journal_scratch_new();
    struct base id = some_base("mail1");

    (void)state;
    for (int depth = 64; depth <= 65; depth++) {
        struct buf line = {0};
        struct event e = {0};

        buf_addf(&line, HEAD ",\"deep\":", id.s);
        for (int i = 0; i < depth; i++)
            buf_add_char(&line, '[');
        for (int i = 0; i < depth; i++)
            buf_add_char(&line, ']');
        seal(&line);
        assert_int_equal(journal_parse_line(buf_view(&line), &e, s), depth <= 64 ? 0 : -1);
        buf_free(&line);
    }
    journal_scratch_free(&s);
}

static void times_survive_leap_days(void **state)
{
    static const int64_t times[] = {0,
                                    951782399999,
                                    951782400000,
                                    951868800000,
                                    1709164800000,
                                    1709251199999,
                                    4107456000000,
                                    4107542400000,
                                    253402300799999};
    struct journal_scratch *s = journal_scratch_new();

    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        struct event e = full_event(NULL, 0), got = {0};
        struct buf out = {0};

        e.at_ms = times[i];
        journal_format_line(&e, &full, key, &out);
        assert_int_equal(journal_parse_line(buf_view(&out), &got, s), 0);
        assert_int_equal(got.at_ms, times[i]);
        buf_free(&out);
    }
    journal_scratch_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_the_documented_form),
        cmocka_unit_test(an_empty_sender_is_written_for_accepted),
        cmocka_unit_test(addresses_can_be_hashed_or_left_out),
        cmocka_unit_test(hashes_are_siphash),
        cmocka_unit_test(reads_back_what_it_wrote),
        cmocka_unit_test(a_record_never_breaks_the_line),
        cmocka_unit_test(every_flipped_bit_and_every_cut_is_found),
        cmocka_unit_test(judges_lines_with_a_good_checksum),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(times_survive_leap_days),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
