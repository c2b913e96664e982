/*
 * test_envelope.c - what is read from an envelope, what is refused and on which
 * line, and what a copy to some of the recipients looks like.
 *
 * Run by "make check". Tables of { behaviour, input, wanted }; the measured
 * sample of spool-formats.md 2.1 is the first input. Inputs are views, because
 * some hold NUL bytes. Limits are tested at the last good and the first bad value.
 * Touches no file.
 */
#include "common/envelope.h"

#include "common/xalloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define BOM      "\xef\xbb\xbf"
#define HEAD     "Written\ns@example.org\n"
#define WHOLE    HEAD "r@example.org\n"

#define SAMPLE_TOP    "Written \r\njoe@example.com\r\n"
#define SAMPLE_ALICE  "notify: alice@example.net=\r\n"
#define SAMPLE_BOB    "notify: bob@example.org=\r\n"
#define SAMPLE_MIDDLE "retry: 0;08/30/2026 22:43:20\r\nspamcheck: _DMARC=0,skipped - Authenticated\r\n"
#define SAMPLE_END    "containsLocalDeliveries: False\r\nconnectedip: 203.0.113.42\r\n\r\n"
#define SAMPLE                                                                                               \
    SAMPLE_TOP "alice@example.net,bob@example.org\r\n" SAMPLE_MIDDLE SAMPLE_ALICE SAMPLE_BOB SAMPLE_END

static int parse(struct envelope *e, struct view input, struct envelope_error *err)
{
    struct buf raw = {0};
    int rc = 0;

    buf_add_view(&raw, input);
    rc = envelope_parse(e, &raw, err);
    assert_null(raw.p);
    assert_int_equal(raw.n, 0);
    return rc;
}

static void assert_view(const char *what, struct view got, const char *want)
{
    if (got.n != strlen(want) || memcmp(got.p, want, got.n) != 0)
        fail_msg("%s: got \"%.*s\", wanted \"%s\"", what, (int)got.n, got.p, want);
}

static const struct {
    const char *what;
    struct view input;
    enum envelope_status status;
    const char *sender;
    const char *rcpt; /* each followed by '|' */
    size_t keys;
} good[] = {
    {"the measured sample", VIEW(SAMPLE), ENVELOPE_WRITTEN, "joe@example.com",
     "alice@example.net|bob@example.org|", 6},
    {"LF line ends", VIEW(WHOLE "auth: x\n\n"), ENVELOPE_WRITTEN, "s@example.org", "r@example.org|", 1},
    {"a BOM is not part of the status", VIEW(BOM WHOLE "\n"), ENVELOPE_WRITTEN, "s@example.org",
     "r@example.org|", 0},
    {"no final empty line", VIEW(WHOLE "a: b\n"), ENVELOPE_WRITTEN, "s@example.org", "r@example.org|", 1},
    {"no final newline after a key", VIEW(WHOLE "a: b"), ENVELOPE_WRITTEN, "s@example.org", "r@example.org|",
     1},
    {"no final newline after line 3", VIEW(HEAD "r@example.org"), ENVELOPE_WRITTEN, "s@example.org",
     "r@example.org|", 0},
    {"several empty lines at the end", VIEW(WHOLE "a: b\n\n \n\r\n"), ENVELOPE_WRITTEN, "s@example.org",
     "r@example.org|", 1},
    {"an empty line 2 is the null reverse-path", VIEW("Written\n\nr@example.org\n\n"), ENVELOPE_WRITTEN, "",
     "r@example.org|", 0},
    {"<> is the null reverse-path", VIEW("Written\n <> \nr@example.org\n\n"), ENVELOPE_WRITTEN, "",
     "r@example.org|", 0},
    {"brackets are removed", VIEW("Written\n<s@example.org>\n<a@example.org>, <b@example.org>\n"),
     ENVELOPE_WRITTEN, "s@example.org", "a@example.org|b@example.org|", 0},
    {"blanks around addresses are cut",
     VIEW("Written\n\ts@example.org \n a@example.org\t,  b@example.org \n"), ENVELOPE_WRITTEN,
     "s@example.org", "a@example.org|b@example.org|", 0},
    {"a comma in a quoted local part splits nothing", VIEW(HEAD "\"a,b\"@example.org,c@example.org\n"),
     ENVELOPE_WRITTEN, "s@example.org", "\"a,b\"@example.org|c@example.org|", 0},
    {"a quoted pair does not close the quote", VIEW(HEAD "\"a\\\",<b\"@example.org,c@example.org\n"),
     ENVELOPE_WRITTEN, "s@example.org", "\"a\\\",<b\"@example.org|c@example.org|", 0},
    {"a source route stays, its commas too", VIEW("Written\n<@a:s@b>\n<@a,@b:c@d>,e@f\n"), ENVELOPE_WRITTEN,
     "@a:s@b", "@a,@b:c@d|e@f|", 0},
    {"empty items are no recipients", VIEW(HEAD ",a@example.org,, ,b@example.org,\n"), ENVELOPE_WRITTEN,
     "s@example.org", "a@example.org|b@example.org|", 0},
    {"recipient: keys win over line 3",
     VIEW(HEAD "x@example.org\nRecipient: <a@example.org>\nk: v\nrecipient:b@c\n\n"), ENVELOPE_WRITTEN,
     "s@example.org", "a@example.org|b@c|", 3},
    {"recipient: keys alone are enough", VIEW(HEAD "\nRECIPIENT : a@example.org\n"), ENVELOPE_WRITTEN,
     "s@example.org", "a@example.org|", 1},
    {"UTF-8 addresses (RFC 6531)", VIEW(HEAD "j\xc3\xb6rg@example.org\n"), ENVELOPE_WRITTEN, "s@example.org",
     "j\xc3\xb6rg@example.org|", 0},
    {"mixed line ends", VIEW("Written\r\ns@example.org\nr@example.org\r\na: b\n\r\n"), ENVELOPE_WRITTEN,
     "s@example.org", "r@example.org|", 1},
    {"a control character in a value is kept", VIEW(WHOLE "a: b\tc\x01\n\n"), ENVELOPE_WRITTEN,
     "s@example.org", "r@example.org|", 1},
};

static void good_forms_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        struct envelope e = {0};
        struct envelope_error err = {0};
        struct buf rcpt = {0};

        if (parse(&e, good[i].input, &err) < 0)
            fail_msg("%s: line %u: %s", good[i].what, err.lineno, err.what);
        for (size_t k = 0; k < e.rcpt_n; k++)
            buf_addf(&rcpt, "%.*s|", (int)e.rcpt[k].n, e.rcpt[k].p);
        assert_view(good[i].what, e.sender, good[i].sender);
        assert_view(good[i].what, buf_view(&rcpt), good[i].rcpt);
        assert_int_equal(e.status, good[i].status);
        assert_int_equal(e.key_n, good[i].keys);
        assert_int_equal(err.what[0], '\0');
        buf_free(&rcpt);
        envelope_free(&e);
        assert_null(e.rcpt);
    }
}

static const struct {
    const char *what;
    struct view input;
    unsigned lineno;
    const char *says;
} bad[] = {
    {"an empty file", VIEW(""), 0, "empty"},
    {"a BOM alone", VIEW(BOM), 0, "empty"},
    {"line 2 missing", VIEW("Written\n"), 2, "MAIL FROM"},
    {"line 3 missing", VIEW(HEAD), 3, "recipients"},
    {"no recipient", VIEW(HEAD "\nkey: value\n\n"), 3, "no recipient"},
    {"only commas on line 3", VIEW(HEAD " , ,\n\n"), 3, "no recipient"},
    {"<> as a recipient", VIEW(HEAD "a@example.org,<>\n\n"), 3, "recipient is empty"},
    {"an empty recipient: key", VIEW(WHOLE "recipient:\n"), 4, "recipient is empty"},
    {"a NUL in line 1", VIEW("Writ\0ten\ns@a\nr@b\n"), 1, "NUL"},
    {"a NUL in an address", VIEW("Written\ns@a\nr\0@b\n"), 3, "NUL"},
    {"a NUL in a value", VIEW(WHOLE "a: b\0c\n"), 4, "NUL"},
    {"a NUL after the empty line", VIEW(WHOLE "\n\0"), 5, "NUL"},
    {"a bare CR in a key line", VIEW(WHOLE "a: b\rrecipient: x@y\n"), 4, "bare CR"},
    {"a CR before CRLF", VIEW(WHOLE "a: b\r\r\n"), 4, "bare CR"},
    {"a CR that ends the file", VIEW(WHOLE "a: b\r"), 4, "bare CR"},
    {"CR line ends only", VIEW("Written\rs@a\rr@b\r"), 1, "bare CR"},
    {"a control character in MAIL FROM", VIEW("Written\ns\x01@a\nr@b\n"), 2, "control character"},
    {"a tab in a recipient", VIEW(HEAD "a@b\tc@d\n"), 3, "control character"},
    {"DEL in a recipient: key", VIEW(WHOLE "recipient: a\x7f@b\n"), 4, "control character"},
    {"a control character in a key",
     VIEW(WHOLE "a\x02"
                "b: c\n"),
     4, "control character in a key"},
    {"a line without colon", VIEW(WHOLE "a: b\nnothing\n\n"), 5, "no colon"},
    {"no key before the colon", VIEW(WHOLE " : b\n"), 4, "no key"},
    {"text after the empty line", VIEW(WHOLE "a: b\n\nc: d\n"), 6, "after the empty line"},
    {"an open quote", VIEW(HEAD "\"a,b@example.org\n"), 3, "quote"},
    {"a quote ended by a backslash", VIEW(HEAD "\"a\\"), 3, "quote"},
    {"an open quote in MAIL FROM", VIEW("Written\n\"a\nr@b\n"), 2, "quote"},
    {"an open bracket", VIEW(HEAD "<a@b,c@d\n"), 3, "< or >"},
    {"a closing bracket alone", VIEW(HEAD "a@b>\n"), 3, "< or >"},
    {"two addresses in one item", VIEW(HEAD "<a@b><c@d>\n"), 3, "< or >"},
    {"a display name", VIEW(HEAD "\"A\" <a@b>\n"), 3, "< or >"},
    {"an ESMTP parameter in MAIL FROM", VIEW("Written\n<a@b> SIZE=1\nr@b\n"), 2, "< or >"},
};

static void broken_forms_name_their_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct envelope e = {0};
        struct envelope_error err = {0};

        if (parse(&e, bad[i].input, &err) == 0)
            fail_msg("%s: accepted", bad[i].what);
        if (err.lineno != bad[i].lineno || !strstr(err.what, bad[i].says))
            fail_msg("%s: got line %u: %s", bad[i].what, err.lineno, err.what);
        for (const char *p = err.what; *p; p++)
            assert_in_range(*p, 0x20, 0x7e);
        assert_int_equal(e.raw.n, bad[i].input.n);
        envelope_free(&e);
    }
}

static const struct {
    const char *what;
    struct view input;
    enum envelope_status status;
} statuses[] = {
    {"Written", VIEW("Written\n"), ENVELOPE_WRITTEN},
    {"Writing, before there is a line end", VIEW("Writing"), ENVELOPE_WRITING},
    {"Writing, the rest broken", VIEW("Writing\r\n\0\0\0"), ENVELOPE_WRITING},
    {"Failed with blanks", VIEW(" \tFailed\t \r\n"), ENVELOPE_FAILED},
    {"Quarantined", VIEW("Quarantined\n"), ENVELOPE_QUARANTINED},
    {"Ready after a BOM", VIEW(BOM "Ready\n"), ENVELOPE_READY},
    {"case counts", VIEW("written\n"), ENVELOPE_UNKNOWN},
    {"a longer word", VIEW("Written2\n"), ENVELOPE_UNKNOWN},
    {"a shorter word", VIEW("Writ"), ENVELOPE_UNKNOWN},
    {"two words", VIEW("Written Failed\n"), ENVELOPE_UNKNOWN},
    {"a NUL behind the word", VIEW("Written\0\n"), ENVELOPE_UNKNOWN},
    {"a bare CR behind the word", VIEW("Written\r"), ENVELOPE_UNKNOWN},
    {"our own word for unknown", VIEW("unknown\n"), ENVELOPE_UNKNOWN},
    {"two BOMs", VIEW(BOM BOM "Written\n"), ENVELOPE_UNKNOWN},
    {"nothing", VIEW(""), ENVELOPE_UNKNOWN},
};

static void status_is_read_even_of_broken_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(statuses); i++) {
        struct envelope e = {0};
        struct envelope_error err = {0};

        parse(&e, statuses[i].input, &err);
        if (e.status != statuses[i].status)
            fail_msg("%s: got %s", statuses[i].what, envelope_status_name(e.status));
        envelope_free(&e);
    }
    assert_string_equal(envelope_status_name(ENVELOPE_QUARANTINED), "Quarantined");
    assert_string_equal(envelope_status_name(ENVELOPE_STATUS__MAX), "unknown");
}

static void unknown_status_is_no_error(void **state)
{
    struct envelope e = {0};
    struct envelope_error err = {0};

    (void)state;
    assert_int_equal(parse(&e, VIEW("Sent\na@b\nc@d\n\n"), &err), 0);
    assert_int_equal(e.status, ENVELOPE_UNKNOWN);
    envelope_free(&e);
}

static void layout_flags_and_lines_are_reported(void **state)
{
    struct envelope e = {0};
    struct envelope_error err = {0};

    (void)state;
    assert_int_equal(parse(&e, VIEW(BOM SAMPLE), &err), 0);
    assert_true(e.bom);
    assert_true(e.crlf);
    assert_view("head 1", e.head[0], "Written \r\n");
    assert_view("head 3", e.head[2], "alice@example.net,bob@example.org\r\n");
    assert_view("key", e.key[0].key, "retry");
    assert_view("value", e.key[0].value, "0;08/30/2026 22:43:20");
    assert_view("line", e.key[2].line, SAMPLE_ALICE);
    assert_int_equal(e.key[2].lineno, 6);
    assert_false(e.rcpt_from_keys);
    envelope_free(&e);
    assert_int_equal(parse(&e, VIEW("Written\ns@a\r\nr@b\r\n"), &err), 0);
    assert_false(e.crlf);
    assert_false(e.bom);
    envelope_free(&e);
}

static void find_counts_repeated_keys_in_any_case(void **state)
{
    struct envelope e = {0};
    struct envelope_error err = {0};

    (void)state;
    assert_int_equal(parse(&e, VIEW(WHOLE "Auth: one\nauthx: no\n AUTH\t:  two \nauth:\n\n"), &err), 0);
    assert_view("first", *envelope_find(&e, "auth", 0), "one");
    assert_view("second", *envelope_find(&e, "aUTH", 1), "two");
    assert_view("third, empty", *envelope_find(&e, "auth", 2), "");
    assert_null(envelope_find(&e, "auth", 3));
    assert_null(envelope_find(&e, "aut", 0));
    envelope_free(&e);
}

static const struct {
    const char *what;
    struct view input;
    const char *keep; /* one digit for each index */
    const char *want;
} copies[] = {
    {"all: the bytes of the original", VIEW(BOM SAMPLE), "01", BOM SAMPLE},
    {"all, named in another order", VIEW(SAMPLE), "10", SAMPLE},
    {"one of the sample", VIEW(SAMPLE), "1",
     SAMPLE_TOP "bob@example.org\r\n" SAMPLE_MIDDLE SAMPLE_BOB SAMPLE_END},
    {"an index named twice is one recipient", VIEW(SAMPLE), "00",
     SAMPLE_TOP "alice@example.net\r\n" SAMPLE_MIDDLE SAMPLE_ALICE SAMPLE_END},
    {"the BOM stays", VIEW(BOM HEAD "a@b,c@d\n\n"), "0", BOM HEAD "a@b\n\n"},
    {"order is that of the original", VIEW(HEAD "a@b,c@d,e@f\n\n"), "20", HEAD "a@b,e@f\n\n"},
    {"brackets and quotes stay as written", VIEW(HEAD "<a@b>, \"x,y\"@d ,e@f\n"), "01",
     HEAD "<a@b>,\"x,y\"@d\n"},
    {"line 3 at the end of the file", VIEW(HEAD "a@b,c@d"), "1", HEAD "c@d"},
    {"the same address twice: one of them", VIEW(HEAD "a@b,a@b\n\n"), "1", HEAD "a@b\n\n"},
    {"notify: of others go, in any case", VIEW(HEAD "a@b,c@d\nNOTIFY: A@B=x\nnotify:C@D=x@y\nz:1\n"), "0",
     HEAD "a@b\nNOTIFY: A@B=x\nz:1\n"},
    {"notify: of nobody goes", VIEW(HEAD "a@b,c@d\nnotify: q@r=\nnotify:\n\n"), "0", HEAD "a@b\n\n"},
    {"notify: without a state", VIEW(HEAD "a@b,c@d\nnotify: a@b\nnotify: <c@d>\n\n"), "1",
     HEAD "c@d\nnotify: <c@d>\n\n"},
    {"notify: of an address that holds =", VIEW(HEAD "u=x.org@l.net,c@d\nnotify: u=x.org@l.net=a@b\n\n"), "0",
     HEAD "u=x.org@l.net\nnotify: u=x.org@l.net=a@b\n\n"},
    {"notify: with = and @ in quotes", VIEW(HEAD "\"a@=\"@b,c@d\nnotify: \"a@=\"@b=1\n\n"), "0",
     HEAD "\"a@=\"@b\nnotify: \"a@=\"@b=1\n\n"},
    {"recipient: lines of the others go", VIEW(HEAD "\nrecipient: a@b\nk: v\nRecipient: c@d\n\n"), "1",
     HEAD "\nk: v\nRecipient: c@d\n\n"},
    {"the same recipient: twice: the one that was named", VIEW(HEAD "\nrecipient: a@b\nrecipient: A@B\n"),
     "1", HEAD "\nrecipient: A@B\n"},
    {"beside recipient: lines, line 3 keeps the subset",
     VIEW(HEAD "c@d,<A@B>,q@r\nrecipient: a@b\nrecipient: c@d\n"), "0", HEAD "<A@B>\nrecipient: a@b\n"},
    {"beside recipient: lines, line 3 may become empty", VIEW(HEAD "q@r\r\nrecipient: a@b\nrecipient: c@d\n"),
     "0", HEAD "\r\nrecipient: a@b\n"},
    {"odd spacing and trailing empty lines stay", VIEW(HEAD "a@b,c@d\r\n X :  y \nZ:\r\n \r\n\n"), "0",
     HEAD "a@b\r\n X :  y \nZ:\r\n \r\n\n"},
};

static void copies_keep_all_other_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(copies); i++) {
        struct envelope e = {0};
        struct envelope_error err = {0};
        struct buf out = {0};
        size_t index[8] = {0}, n = strlen(copies[i].keep);

        assert_int_equal(parse(&e, copies[i].input, &err), 0);
        for (size_t k = 0; k < n; k++)
            index[k] = (size_t)(copies[i].keep[k] - '0');
        envelope_write(&e, index, n, &out);
        assert_view(copies[i].what, buf_view(&out), copies[i].want);
        buf_free(&out);
        envelope_free(&e);
    }
}

/* Parses head + count times unit + tail; 0 or -1. */
static int parse_repeated(const char *head, const char *unit, size_t count, const char *tail,
                          struct envelope_error *err)
{
    struct envelope e = {0};
    struct buf raw = {0};
    int rc = 0;

    buf_add_str(&raw, head);
    for (size_t i = 0; i < count; i++)
        buf_add_str(&raw, unit);
    buf_add_str(&raw, tail);
    rc = envelope_parse(&e, &raw, err);
    envelope_free(&e);
    return rc;
}

static const struct {
    const char *what;
    const char *head, *unit, *tail;
    size_t most;
    unsigned lineno;
    const char *says;
} limits[] = {
    {"address", HEAD, "a", "\n", ENVELOPE_ADDR_MAX, 3, "address is too long"},
    {"address in MAIL FROM", "Written\n", "a", "\nr@b\n", ENVELOPE_ADDR_MAX, 2, "address is too long"},
    {"recipients on line 3", HEAD, "a@b,", "\n", ENVELOPE_RCPT_MAX, 3, "too many recipients"},
    {"recipient: keys", HEAD "\n", "recipient:a\n", "\n", ENVELOPE_RCPT_MAX, ENVELOPE_RCPT_MAX + 4,
     "too many recipients"},
    {"keys", WHOLE, "a:b\n", "\n", ENVELOPE_KEYS_MAX, ENVELOPE_KEYS_MAX + 4, "too many keys"},
    {"line", WHOLE "k:", "v", "\n", ENVELOPE_LINE_MAX - 2, 4, "line is too long"},
    {"file", WHOLE, "\n", "", ENVELOPE_SIZE_MAX - sizeof(WHOLE) + 1, 0, "too large"},
};

static void limits_hold_exactly(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(limits); i++) {
        struct envelope_error err = {0};

        if (parse_repeated(limits[i].head, limits[i].unit, limits[i].most, limits[i].tail, &err) < 0)
            fail_msg("%s: the largest was refused: line %u: %s", limits[i].what, err.lineno, err.what);
        if (parse_repeated(limits[i].head, limits[i].unit, limits[i].most + 1, limits[i].tail, &err) == 0)
            fail_msg("%s: one more was accepted", limits[i].what);
        if (err.lineno != limits[i].lineno || !strstr(err.what, limits[i].says))
            fail_msg("%s: got line %u: %s", limits[i].what, err.lineno, err.what);
    }
}

static void hostile_lists_cost_no_quadratic_time(void **state)
{
    struct envelope_error err = {0};
    struct envelope e = {0};
    struct buf raw = {0}, out = {0};
    size_t first = 0;

    (void)state;
    buf_add_str(&raw, HEAD);
    for (int i = 0; i < ENVELOPE_RCPT_MAX; i++)
        buf_addf(&raw, "%06d@example.org,", i);
    buf_add_str(&raw, "\n");
    for (int i = 0; i < ENVELOPE_RCPT_MAX; i++)
        buf_addf(&raw, "notify: %06d@example.org=\n", i);
    assert_int_equal(envelope_parse(&e, &raw, &err), 0);
    envelope_write(&e, &first, 1, &out);
    assert_view("one of 50000", buf_view(&out), HEAD "000000@example.org\nnotify: 000000@example.org=\n");
    buf_free(&out);
    envelope_free(&e);
}

static const struct {
    const char *what;
    struct view text;
    bool good;
} addresses[] = {
    {"an address", VIEW("a@example.org"), true},
    {"a quoted comma", VIEW("\"a,b\"@example.org"), true},
    {"UTF-8", VIEW("j\xc3\xb6rg@example.org"), true},
    {"nothing", VIEW(""), false},
    {"two", VIEW("a@b,c@d"), false},
    {"a comma behind it", VIEW("a@b,"), false},
    {"blanks around it", VIEW(" a@b"), false},
    {"brackets", VIEW("<a@b>"), false},
    {"an open quote", VIEW("\"a@b"), false},
    {"a line end", VIEW("a@b\n"), false},
    {"a NUL", VIEW("a\0@b"), false},
    {"a bracket in it", VIEW("a<b@c"), false},
};

static void an_address_is_what_can_stand_there_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(addresses); i++)
        if (envelope_is_address(addresses[i].text) != addresses[i].good)
            fail_msg("%s", addresses[i].what);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_what_can_stand_there_alone),
        cmocka_unit_test(good_forms_are_read),
        cmocka_unit_test(broken_forms_name_their_line),
        cmocka_unit_test(status_is_read_even_of_broken_files),
        cmocka_unit_test(unknown_status_is_no_error),
        cmocka_unit_test(layout_flags_and_lines_are_reported),
        cmocka_unit_test(find_counts_repeated_keys_in_any_case),
        cmocka_unit_test(copies_keep_all_other_bytes),
        cmocka_unit_test(limits_hold_exactly),
        cmocka_unit_test(hostile_lists_cost_no_quadratic_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
