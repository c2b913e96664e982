/*
 * test_rewrite_field.c - unit tests of workers/rewrite_field.c: no forged field survives, no other byte
 * changes.
 *
 * Run by `make check`. Messages in memory; each goes through the scanner whole,
 * byte by byte and cut in two at every place, and must come out the same.
 */
#include "tests/unit/rewrite_world.h"

static const struct forged_case {
    const char *says;
    struct view in, wanted; /* without fields at the top */
    uint32_t removed;
} forged_cases[] = {
    {"the plain one", VIEW("X-Spoold-A: f\nTo: b\n\nx"), VIEW("To: b\n\nx"), 1},
    {"lower case", VIEW("x-spoold-a: f\nTo: b\n\nx"), VIEW("To: b\n\nx"), 1},
    {"upper case", VIEW("X-SPOOLD-A: f\nTo: b\n\nx"), VIEW("To: b\n\nx"), 1},
    {"mixed case", VIEW("x-sPoOlD-A: f\nTo: b\n\nx"), VIEW("To: b\n\nx"), 1},
    {"CRLF", VIEW("To: b\r\nX-Spoold-A: f\r\nCc: c\r\n\r\nx"), VIEW("To: b\r\nCc: c\r\n\r\nx"), 1},
    {"nothing but the prefix", VIEW("X-Spoold-: f\nTo: b\n\nx"), VIEW("To: b\n\nx"), 1},
    {"no colon", VIEW("To: b\nX-Spoold-A\nCc: c\n\nx"), VIEW("To: b\nCc: c\n\nx"), 1},
    {"the bare prefix and no colon", VIEW("To: b\nX-Spoold-\nCc: c\n\nx"), VIEW("To: b\nCc: c\n\nx"), 1},
    {"a blank before the colon", VIEW("X-Spoold-A : f\nTo: b\n\nx"), VIEW("To: b\n\nx"), 1},
    {"tabs before the colon", VIEW("X-Spoold-A\t\t: f\nTo: b\n\nx"), VIEW("To: b\n\nx"), 1},
    {"a blank within the name, behind the prefix", VIEW("X-Spoold- A: f\nTo: b\n\nx"), VIEW("To: b\n\nx"), 1},
    {"no value", VIEW("X-Spoold-A:\nTo: b\n\nx"), VIEW("To: b\n\nx"), 1},
    {"folded with a blank", VIEW("X-Spoold-A: f\n g\nTo: b\n\nx"), VIEW("To: b\n\nx"), 1},
    {"folded with a tab", VIEW("X-Spoold-A: f\n\tg\nTo: b\n\nx"), VIEW("To: b\n\nx"), 1},
    {"folded often", VIEW("X-Spoold-A:\r\n a\r\n\tb\r\n c\r\nTo: b\r\n\r\nx"), VIEW("To: b\r\n\r\nx"), 1},
    {"folded before the colon", VIEW("X-Spoold-A\n : f\nTo: b\n\nx"), VIEW("To: b\n\nx"), 1},
    {"folded into a line of blanks", VIEW("X-Spoold-A: f\n  \nTo: b\n\nx"), VIEW("To: b\n\nx"), 1},
    {"folded behind a line of blanks", VIEW("X-Spoold-A: f\n  \n g\nTo: b\n\nx"), VIEW("To: b\n\nx"), 1},
    {"folded behind a bare CR", VIEW("To: b\nX-Spoold-A: f\r g\nCc: c\n\nx"), VIEW("To: b\nCc: c\n\nx"), 1},
    {"repeated", VIEW("X-Spoold-A: f\nX-Spoold-A: f\nX-Spoold-B: g\nTo: b\n\nx"), VIEW("To: b\n\nx"), 3},
    {"the last field", VIEW("To: b\nX-Spoold-A: f\n\nx"), VIEW("To: b\n\nx"), 1},
    {"the only field", VIEW("X-Spoold-A: f\n\nx"), VIEW("\nx"), 1},
    {"at the end of the file", VIEW("To: b\nX-Spoold-A: f"), VIEW("To: b\n"), 1},
    {"at the end of the file, its name", VIEW("To: b\nX-Spoold-A"), VIEW("To: b\n"), 1},
    {"at the end of the file, folded", VIEW("To: b\nX-Spoold-A: f\n "), VIEW("To: b\n"), 1},
    {"at the end of the file, with a CR", VIEW("To: b\nX-Spoold-A: f\r"), VIEW("To: b\n"), 1},
    {"the whole file", VIEW("X-Spoold-A: f"), VIEW(""), 1},
    {"behind a byte order mark", VIEW(BOM "X-Spoold-A: f\nTo: b\n\nx"), VIEW(BOM "To: b\n\nx"), 1},
    {"behind two byte order marks", VIEW(BOM BOM "X-Spoold-A: f\nTo: b\n\nx"), VIEW(BOM "To: b\n\nx"), 1},
    {"behind a byte order mark in a line", VIEW("To: b\n" BOM "X-Spoold-A: f\n\nx"), VIEW("To: b\n\nx"), 1},
    {"behind an mbox line", VIEW("From a b\nX-Spoold-A: f\nTo: b\n\nx"), VIEW("From a b\nTo: b\n\nx"), 1},
    {"behind a byte order mark and an mbox line", VIEW(BOM "From a b\r\nX-Spoold-A: f\r\n\r\nx"),
     VIEW(BOM "From a b\r\n\r\nx"), 1},
    {"behind a mbox line with blanks", VIEW("From a b\n X-Spoold-A: f\nTo: b\n\nx"),
     VIEW("From a b\nTo: b\n\nx"), 1},
    {"in the mbox line behind a CR", VIEW("From a b\rX-Spoold-A: f\nTo: b\n\nx"),
     VIEW("From a b\nTo: b\n\nx"), 1},
    {"first line, leading blanks", VIEW("  X-Spoold-A: f\nTo: b\n\nx"), VIEW("To: b\n\nx"), 1},
    {"first line, leading tab", VIEW("\tX-Spoold-A: f\nTo: b\n\nx"), VIEW("To: b\n\nx"), 1},
    {"first line, leading blanks, folded", VIEW(" X-Spoold-A: f\n g\nTo: b\n\nx"), VIEW("To: b\n\nx"), 1},
    {"second line, all with leading blanks", VIEW(" a\n X-Spoold-A: f\nTo: b\n\nx"), VIEW(" a\nTo: b\n\nx"),
     1},
    {"behind a first line of blanks", VIEW(" \n X-Spoold-A: f\nTo: b\n\nx"), VIEW(" \nTo: b\n\nx"), 1},
    {"behind a bare CR", VIEW("To: b\rX-Spoold-A: f\nCc: c\n\nx"), VIEW("To: b\nCc: c\n\nx"), 1},
    {"behind a bare CR, CRLF", VIEW("To: b\rX-Spoold-A: f\r\nCc: c\r\n\r\nx"),
     VIEW("To: b\r\nCc: c\r\n\r\nx"), 1},
    {"between bare CRs", VIEW("To: b\rX-Spoold-A: f\rCc: c\n\nx"), VIEW("To: b\rCc: c\n\nx"), 1},
    {"a message of bare CRs", VIEW("To: b\rX-Spoold-A: f\rCc: c\r\rx\r"), VIEW("To: b\rCc: c\r\rx\r"), 1},
    {"behind CR CR", VIEW("To: b\r\rX-Spoold-A: f\n\nx"), VIEW("To: b\n\nx"), 1},
    {"behind CR CR LF", VIEW("To: b\r\r\nX-Spoold-A: f\r\n\r\nx"), VIEW("To: b\r\r\n\r\nx"), 1},
    {"behind an empty line of CR CR LF", VIEW("To: b\r\n\r\r\nX-Spoold-A: f\r\n\r\nx"),
     VIEW("To: b\r\n\r\r\n\r\nx"), 1},
    {"behind a CR at the begin of a line", VIEW("To: b\n\rX-Spoold-A: f\nCc: c\n\nx"),
     VIEW("To: b\nCc: c\n\nx"), 1},
    {"behind a CR and blanks at the begin of a line", VIEW("To: b\n\r X-Spoold-A: f\n\nx"),
     VIEW("To: b\n\nx"), 1},
    {"behind a bare LF among CRLF", VIEW("To: b\nX-Spoold-A: f\r\n\r\nx"), VIEW("To: b\r\n\r\nx"), 1},
    {"ended by a CR before an empty line", VIEW("To: b\nX-Spoold-A: f\rCc: c\n\nx"),
     VIEW("To: b\nCc: c\n\nx"), 1},
    {"behind a line of blanks", VIEW("To: b\n \nX-Spoold-A: f\n\nx"), VIEW("To: b\n \n\nx"), 1},
    {"behind a line without a colon", VIEW("To: b\nhello\nX-Spoold-A: f\n\nx"), VIEW("To: b\nhello\n\nx"), 1},
    {"a NUL in the name", VIEW("X-Sp\0oold-A: f\nTo: b\n\nx"), VIEW("To: b\n\nx"), 1},
    {"NULs before the name", VIEW("\0\0X-Spoold-A: f\nTo: b\n\nx"), VIEW("To: b\n\nx"), 1},
    {"a NUL and a blank before the name", VIEW("To: b\n\0 X-Spoold-A: f\n\nx"), VIEW("To: b\n\nx"), 1},
    {"a line of NUL before it", VIEW("To: b\n\0\nX-Spoold-A: f\n\nx"), VIEW("To: b\n\0\n\nx"), 1},
    {"a NUL behind the prefix", VIEW("X-Spoold-\0: f\nTo: b\n\nx"), VIEW("To: b\n\nx"), 1},
    {"other control bytes in the name", VIEW("X-\x01Spoold\x7f-A: f\nTo: b\n\nx"), VIEW("To: b\n\nx"), 1},
    {"a form feed before the name", VIEW("To: b\n\fX-Spoold-A: f\n\nx"), VIEW("To: b\n\nx"), 1},
    {"8-bit bytes in the name, behind the prefix", VIEW("X-Spoold-\xc3\xa4: f\n\nx"), VIEW("\nx"), 1},
    {"no empty line at all", VIEW("To: b\nhello\nX-Spoold-A: f\nworld\n"), VIEW("To: b\nhello\nworld\n"), 1},

    {"a name that only begins alike", VIEW("X-Spool: a\nX-Spoold: b\n\nx"),
     VIEW("X-Spool: a\nX-Spoold: b\n\nx"), 0},
    {"a longer begin", VIEW("XX-Spoold-A: a\n\nx"), VIEW("XX-Spoold-A: a\n\nx"), 0},
    {"in a folded line", VIEW("To: b\n X-Spoold-A: a\n\nx"), VIEW("To: b\n X-Spoold-A: a\n\nx"), 0},
    {"in a value", VIEW("To: X-Spoold-A: a\n\nx"), VIEW("To: X-Spoold-A: a\n\nx"), 0},
    {"in the body, LF", VIEW("To: b\n\nX-Spoold-A: a\n"), VIEW("To: b\n\nX-Spoold-A: a\n"), 0},
    {"in the body, CRLF", VIEW("To: b\r\n\r\nX-Spoold-A: a\r\n"), VIEW("To: b\r\n\r\nX-Spoold-A: a\r\n"), 0},
    {"in the body, CRLF LF", VIEW("To: b\r\n\nX-Spoold-A: a\r\n"), VIEW("To: b\r\n\nX-Spoold-A: a\r\n"), 0},
    {"in the body, LF CRLF", VIEW("To: b\n\r\nX-Spoold-A: a\r\n"), VIEW("To: b\n\r\nX-Spoold-A: a\r\n"), 0},
    {"in the body of no header", VIEW("\nX-Spoold-A: a\n"), VIEW("\nX-Spoold-A: a\n"), 0},
    {"in the body behind a CR that ends nothing", VIEW("To: b\n\nx\rX-Spoold-A: a\n"),
     VIEW("To: b\n\nx\rX-Spoold-A: a\n"), 0},
    {"half a name at the end of the file", VIEW("To: b\nX-Spoo"), VIEW("To: b\nX-Spoo"), 0},
    {"half a name with NULs", VIEW("X-\0\0Sp\0: a\n\nx"), VIEW("X-\0\0Sp\0: a\n\nx"), 0},
    {"odd line ends that need no change", VIEW("A: 1\r\r\nB: 2\rC\n\r\r\n\rD\n \n\0\n\r"),
     VIEW("A: 1\r\r\nB: 2\rC\n\r\r\n\rD\n \n\0\n\r"), 0},
    {"leading blanks of a message that gets no new fields", VIEW("  a\n b\n\nx"), VIEW("  a\n b\n\nx"), 0},
    {"nothing", VIEW(""), VIEW(""), 0},
    {"a CR", VIEW("\r"), VIEW("\r"), 0},
    {"NULs", VIEW("\0\0\0"), VIEW("\0\0\0"), 0},
};

static void check(const struct forged_case *c, unsigned prepend, size_t piece)
{
    struct rewrite_result r = {0};
    struct buf out = world_rewrite(c->in, prepend, piece, &r);
    char got[2000];

    if (!view_equal(buf_view(&out), c->wanted) || r.removed != c->removed || r.out_size != out.n ||
        r.in_size != c->in.n)
        fail_msg("%s (pieces of %zu): %u removed, %s", c->says, piece, r.removed,
                 world_show(got, sizeof got, buf_view(&out)));
    buf_free(&out);
}

static void no_forged_field_survives(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof forged_cases / sizeof *forged_cases; i++)
        for (size_t piece = 1; piece <= forged_cases[i].in.n + 1; piece++)
            check(&forged_cases[i], 0, piece);
}

#define OWN "X-Spoold-Own: one\n"
static const struct forged_case top_cases[] = {
    {"at the very start", VIEW("To: b\n\nx"), VIEW(OWN "To: b\n\nx"), 0},
    {"with the line end of the first line", VIEW("To: b\r\nCc: c\n\nx"),
     VIEW("X-Spoold-Own: one\r\nTo: b\r\nCc: c\n\nx"), 0},
    {"behind a byte order mark", VIEW(BOM "To: b\n\nx"), VIEW(BOM OWN "To: b\n\nx"), 0},
    {"behind an mbox line", VIEW("From a b\nTo: b\n\nx"), VIEW("From a b\n" OWN "To: b\n\nx"), 0},
    {"behind a byte order mark and an mbox line", VIEW(BOM "From a\nTo: b\n\nx"),
     VIEW(BOM "From a\n" OWN "To: b\n\nx"), 0},
    {"before an mbox line without an end", VIEW("From a b"), VIEW(OWN "From a b"), 0},
    {"before From:", VIEW("From: a b\n\nx"), VIEW(OWN "From: a b\n\nx"), 0},
    {"before an empty line", VIEW("\nx"), VIEW(OWN "\nx"), 0},
    {"before an empty line of CRLF", VIEW("\r\nx"), VIEW("X-Spoold-Own: one\r\n\r\nx"), 0},
    {"in an empty message", VIEW(""), VIEW(OWN), 0},
    {"in the place of a forged one", VIEW("X-Spoold-Own: f\n\nx"), VIEW(OWN "\nx"), 1},
    {"in the place of a forged one, mbox", VIEW("From a\nX-Spoold-Own: f\n\nx"), VIEW("From a\n" OWN "\nx"),
     1},
    {"the mbox line hides a forged one", VIEW("From a\rX-Spoold-A: f\n more: b\n"),
     VIEW("From a\n" OWN " more: b\n"), 1},
    {"a first line that begins with a blank continues the last of them", VIEW("  a\n b\n\nx"),
     VIEW(OWN "  a\n b\n\nx"), 0},
    {"so does a line of blanks", VIEW(" \n\t\n a: b\n\nx"), VIEW(OWN " \n\t\n a: b\n\nx"), 0},
    {"a line of blanks before the body", VIEW(" \n\nx"), VIEW(OWN " \n\nx"), 0},
    {"blanks behind NULs", VIEW("\0 a: b\n\nx"), VIEW(OWN "\0 a: b\n\nx"), 0},
    {"blanks at the end of the file", VIEW("  "), VIEW(OWN "  "), 0},
    {"blanks and a letter of two bytes", VIEW(" \xef\xbc\xa1\n\nx"), VIEW(OWN " \xef\xbc\xa1\n\nx"), 0},
    {"what looks like ours in such a line is part of the last of them",
     VIEW(" X-Spoold-A: f\n g\nTo: b\n\nx"), VIEW(OWN " X-Spoold-A: f\n g\nTo: b\n\nx"), 0},
    {"a forged one behind a line of blanks", VIEW("  \nX-Spoold-A: f\n g\nTo: b\n\nx"),
     VIEW(OWN "  \nTo: b\n\nx"), 1},
    {"a forged one behind a NUL and a blank", VIEW("\0 X-Spoold-A: f\nTo: b\n\nx"), VIEW(OWN "To: b\n\nx"),
     1},
    {"a folded first field", VIEW("To: b\n c\n\nx"), VIEW(OWN "To: b\n c\n\nx"), 0},
};

static void new_fields_stand_at_the_top(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof top_cases / sizeof *top_cases; i++)
        for (size_t piece = 1; piece <= top_cases[i].in.n + 1; piece++)
            check(&top_cases[i], 1, piece);
}

static void several_stand_in_the_order_given_and_are_folded_as_the_message_is(void **state)
{
    const struct forged_case lf = {"LF", VIEW("A: b\n\n"), VIEW(OWN "X-Spoold-Own: two\n\tfolded\nA: b\n\n"),
                                   0};
    const struct forged_case crlf = {
        "CRLF", VIEW("A: b\r\n\r\n"),
        VIEW("X-Spoold-Own: one\r\nX-Spoold-Own: two\r\n\tfolded\r\nA: b\r\n\r\n"), 0};

    (void)state;
    check(&lf, 2, 100);
    check(&crlf, 2, 100);
}

static struct buf repeat(const char *head, const char *what, size_t times, const char *tail)
{
    struct buf b = {0};

    buf_add_str(&b, head);
    for (size_t i = 0; i < times; i++)
        buf_add_str(&b, what);
    buf_add_str(&b, tail);
    return b;
}

static void any_length_and_number_is_removed(void **state)
{
    static const struct {
        const char *says, *head, *what, *tail;
        size_t times;
        uint32_t removed;
    } cases[] = {
        {"10,000 of them", "", "X-Spoold-A: f\n", "To: b\n\nx", 10000, 10000},
        {"a line of 256 kB", "X-Spoold-A: ", "ffff", "\nTo: b\n\nx", 65536, 1},
        {"a name of 256 kB", "X-Spoold-", "ffff", "\nTo: b\n\nx", 65536, 1},
        {"1 MB of folded lines", "X-Spoold-A:", " fffff\r\n\tgggggg\r\n", "To: b\n\nx", 65536, 1},
        {"blanks before the colon, 256 kB", "X-Spoold-A", "    ", ": f\nTo: b\n\nx", 65536, 1},
        {"blanks before the first name, 1 MB", "", "                ", "X-Spoold-A: f\nTo: b\n\nx", 65536, 1},
        {"control bytes before the name", "", "\x01\x02", "X-Spoold-A: f\nTo: b\n\nx", 200, 1},
        {"as many control bytes in it", "X-", "\x01\x02", "Spoold-A: f\nTo: b\n\nx", 400, 1},
        {"more control bytes than can be held", "X-", "\x01\x02", "Spoold-A: f\nTo: b\n\nx", 4000, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf in = repeat(cases[i].head, cases[i].what, cases[i].times, cases[i].tail);
        struct forged_case c = {cases[i].says, buf_view(&in), VIEW("To: b\n\nx"), cases[i].removed};

        check(&c, 0, 65536);
        check(&c, 0, 17);
        buf_free(&in);
    }
}

static void a_long_header_without_forged_fields_stays(void **state)
{
    static const char *const what[] = {
        "To: b@example.org\r\n", "X-Spool\0d: ", "fffff", "\r", "\n \r\n", "\0x"};

    (void)state;
    for (size_t i = 0; i < sizeof what / sizeof *what; i++) {
        struct buf in = repeat("A: ", what[i], 1048576 / (strlen(what[i]) + 1), "\n\nX-Spoold-A: body\n");
        struct forged_case c = {what[i], buf_view(&in), buf_view(&in), 0};

        check(&c, 0, 65536);
        check(&c, 0, 65521);
        buf_free(&in);
    }
}

/* More than can be taken back stands before the name: the name goes, a part of what was before it stays. */
static void a_flood_before_the_name_leaves_no_field(void **state)
{
    struct buf in = repeat("To: b\n", "\x01 \x02 ", 5000, "X-Spoold-A: f\n g\nCc: c\n\nx");
    struct rewrite_result whole_r = {0}, bits_r = {0};
    struct buf whole = world_rewrite(buf_view(&in), 0, 65536, &whole_r);
    struct buf bits = world_rewrite(buf_view(&in), 0, 3, &bits_r);

    (void)state;
    assert_true(view_equal(buf_view(&whole), buf_view(&bits)));
    assert_int_equal(whole_r.removed, 1);
    assert_int_equal(strncmp(whole.p, "To: b\n\x01 \x02 ", 10), 0);
    assert_true(view_ends_with(buf_view(&whole), VIEW("\x02 \nCc: c\n\nx")));
    assert_null(strstr(whole.p, "Spoold"));
    buf_free(&in);
    buf_free(&whole);
    buf_free(&bits);
}

static void fields_of_any_mail_server_are_counted(void **state)
{
#define OWN_HOP "by " HOST " with spoold id 1; date"
    static const struct {
        const char *says;
        struct view in;
        uint32_t hops, own;
    } cases[] = {
        {"none", VIEW("To: b\n\nReceived: x\n"), 0, 0},
        {"any case", VIEW("Received: x\nRECEIVED: y\nreceived: z\n\n"), 3, 0},
        {"only the whole name", VIEW("Received-SPF: pass\nReceive: x\nX-Received: y\nReceived\n\n"), 0, 0},
        {"a blank before the colon", VIEW("Received : x\nReceived\t: y\n\n"), 2, 0},
        {"its own", VIEW("Received: " OWN_HOP "\n\n"), 1, 1},
        {"without a blank", VIEW("Received:" OWN_HOP "\n\n"), 1, 1},
        {"its own among others", VIEW("Received: x\nReceived: " OWN_HOP "\nReceived: y\n\n"), 3, 1},
        {"folded", VIEW("Received:\r\n by " HOST "\r\n\twith\r\n spoold\n  id\n 1;\r\n\r\n"), 1, 1},
        {"another case", VIEW("Received: BY MX.Example.ORG With Spoold ID 1\n\n"), 1, 1},
        {"another host", VIEW("Received: by mx.example.com with spoold id 1\n\n"), 1, 0},
        {"a longer host", VIEW("Received: by " HOST ".net with spoold id 1\n\n"), 1, 0},
        {"another program", VIEW("Received: by " HOST " with ESMTP id 1\n\n"), 1, 0},
        {"not at the begin", VIEW("Received: from a " OWN_HOP "\n\n"), 1, 0},
        {"cut off", VIEW("Received: by " HOST " with spoold id"), 1, 0},
        {"blanks within a word", VIEW("Received: b y " HOST " with spoold id 1\n\n"), 1, 0},
        {"behind an mbox line", VIEW("From a\nReceived: " OWN_HOP "\n\n"), 1, 1},
        {"another field in between", VIEW("Received: by\nTo: " HOST "\n\n"), 1, 0},
        {"behind a bare CR", VIEW("To: b\rReceived: " OWN_HOP "\n\n"), 1, 1},
        {"a NUL in the name", VIEW("Rec\0eived: " OWN_HOP "\n\n"), 1, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t piece = 1; piece < 40; piece += 13) {
            struct rewrite_result r = {0};
            struct buf out = world_rewrite(cases[i].in, 0, piece, &r);

            if (r.hops != cases[i].hops || r.own_hops != cases[i].own)
                fail_msg("%s: %u hops, %u own", cases[i].says, r.hops, r.own_hops);
            buf_free(&out);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_forged_field_survives),
        cmocka_unit_test(new_fields_stand_at_the_top),
        cmocka_unit_test(several_stand_in_the_order_given_and_are_folded_as_the_message_is),
        cmocka_unit_test(any_length_and_number_is_removed),
        cmocka_unit_test(a_long_header_without_forged_fields_stays),
        cmocka_unit_test(a_flood_before_the_name_leaves_no_field),
        cmocka_unit_test(fields_of_any_mail_server_are_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
