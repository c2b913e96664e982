/*
 * test_rewrite_value.c - unit tests of workers/rewrite_value.c: whole messages whose subject gets a text and
 * whose Authentication-Results go.
 *
 * Run by `make check`. Each message goes through the scanner in pieces of every size and must come out the
 * same; with its text in the subject it goes through again and must not change.
 */
#include "tests/unit/rewrite_world.h"

#define ID    "mx.example.org"
#define AR    "Authentication-Results: "
#define TAG   "[SPAM?]"
#define LATER "X-Spoold-A: f\n"

static const struct value_case {
    const char *says;
    struct view in, wanted;
    uint32_t removed;
} value_cases[] = {
    {"a subject", VIEW("Subject: a\nTo: b\n\nx"), VIEW("Subject: " TAG " a\nTo: b\n\nx"), 0},
    {"CRLF", VIEW("To: b\r\nSubject: a\r\n\r\nx"), VIEW("To: b\r\nSubject: " TAG " a\r\n\r\nx"), 0},
    {"another case, blanks before the colon", VIEW("sUBJECT \t: a\n\nx"), VIEW("sUBJECT \t: " TAG " a\n\nx"),
     0},
    {"folded", VIEW("Subject:\n a\n\tb\nTo: b\n\nx"), VIEW("Subject: " TAG "\n a\n\tb\nTo: b\n\nx"), 0},
    {"empty", VIEW("Subject:\nTo: b\n\nx"), VIEW("Subject: " TAG "\nTo: b\n\nx"), 0},
    {"8-bit", VIEW("Subject: \xe4\n\nx"), VIEW("Subject: " TAG " \xe4\n\nx"), 0},
    {"an encoded word", VIEW("Subject:=?utf-8?Q?a?=\n\nx"), VIEW("Subject: " TAG " =?utf-8?Q?a?=\n\nx"), 0},
    {"twice: the first one only", VIEW("Subject: a\nSubject: b\n\nx"),
     VIEW("Subject: " TAG " a\nSubject: b\n\nx"), 0},
    {"twice, the first one has it", VIEW("Subject: " TAG " a\nSubject: b\n\nx"),
     VIEW("Subject: " TAG " a\nSubject: b\n\nx"), 0},
    {"it is there, encoded", VIEW("Subject: =?utf-8?Q?=5BSPAM=3F=5D_a?=\n\nx"),
     VIEW("Subject: =?utf-8?Q?=5BSPAM=3F=5D_a?=\n\nx"), 0},
    {"behind an mbox line", VIEW("From a b\nSubject: a\n\nx"), VIEW("From a b\nSubject: " TAG " a\n\nx"), 0},
    {"behind a removed field", VIEW(LATER "Subject: a\n\nx"), VIEW("Subject: " TAG " a\n\nx"), 1},
    {"behind a removed field and a CR", VIEW("To: b\nX-Spoold-A: f\rSubject: a\n\nx"),
     VIEW("To: b\nSubject: " TAG " a\n\nx"), 1},
    {"before a removed field", VIEW("Subject: a\n" LATER "\nx"), VIEW("Subject: " TAG " a\n\nx"), 1},
    {"the message ends in it", VIEW("To: b\nSubject: a"), VIEW("To: b\nSubject: " TAG " a"), 0},
    {"the message ends behind its colon", VIEW("Subject:"), VIEW("Subject: " TAG), 0},
    {"a bare CR in it", VIEW("Subject: a\r b\n\nx"), VIEW("Subject: " TAG " a\r b\n\nx"), 0},
    {"in the body", VIEW("Subject: a\n\nSubject: b\n"), VIEW("Subject: " TAG " a\n\nSubject: b\n"), 0},

    {"none", VIEW("To: b\n\nx"), VIEW("To: b\nSubject: " TAG "\n\nx"), 0},
    {"none, CRLF", VIEW("To: b\r\n\r\nx"), VIEW("To: b\r\nSubject: " TAG "\r\n\r\nx"), 0},
    {"none, in the body only", VIEW("To: b\n\nSubject: b\n"), VIEW("To: b\nSubject: " TAG "\n\nSubject: b\n"),
     0},
    {"no header at all", VIEW("\nx"), VIEW("Subject: " TAG "\n\nx"), 0},
    {"no empty line", VIEW("To: b\n"), VIEW("To: b\nSubject: " TAG "\n"), 0},
    {"no line end", VIEW("To: b"), VIEW("To: b\nSubject: " TAG "\n"), 0},
    {"a bare CR at the end", VIEW("To: b\r"), VIEW("To: b\r\nSubject: " TAG "\n"), 0},
    {"half a name at the end", VIEW("To: b\nSubj"), VIEW("To: b\nSubj\nSubject: " TAG "\n"), 0},
    {"a CR that could become the empty line", VIEW("To: b\n\r"), VIEW("To: b\n\r"), 0},
    {"a removed field at the end", VIEW("To: b\nX-Spoold-A: f"), VIEW("To: b\nSubject: " TAG "\n"), 1},
    {"only a removed field", VIEW(LATER "\nx"), VIEW("Subject: " TAG "\n\nx"), 1},
    {"nothing", VIEW(""), VIEW("Subject: " TAG "\n"), 0},
    {"one that only some readers find: a NUL", VIEW("Sub\0ject: a\n\nx"),
     VIEW("Sub\0ject: a\nSubject: " TAG "\n\nx"), 0},
    {"behind a bare CR", VIEW("To: b\rSubject: a\n\nx"), VIEW("To: b\rSubject: a\nSubject: " TAG "\n\nx"), 0},
    {"behind a byte order mark in a line", VIEW("To: b\n" BOM "Subject: a\n\nx"),
     VIEW("To: b\n" BOM "Subject: a\nSubject: " TAG "\n\nx"), 0},
    {"folded before its colon", VIEW("Subject\n : a\n\nx"), VIEW("Subject\n : a\nSubject: " TAG "\n\nx"), 0},
    {"no colon", VIEW("Subject a\n\nx"), VIEW("Subject a\nSubject: " TAG "\n\nx"), 0},
    {"a longer name", VIEW("Subjects: a\n\nx"), VIEW("Subjects: a\nSubject: " TAG "\n\nx"), 0},
    {"in a fold", VIEW("To: b\n Subject: a\n\nx"), VIEW("To: b\n Subject: a\nSubject: " TAG "\n\nx"), 0},

    {"ours goes", VIEW(AR ID "; spf=pass\nSubject: a\n\nx"), VIEW("Subject: " TAG " a\n\nx"), 1},
    {"that of others stays", VIEW(AR "a.example; spf=pass\n (b)\nSubject: a\n\nx"),
     VIEW(AR "a.example; spf=pass\n (b)\nSubject: " TAG " a\n\nx"), 0},
    {"each of ours goes", VIEW(AR ID ";\n a\nSubject: a\n" AR "b;\n" AR "(c)" ID "\n\n" AR ID),
     VIEW("Subject: " TAG " a\n" AR "b;\n\n" AR ID), 2},
    {"folds before the id", VIEW(AR "\r\n\t\r\n " ID "; a\r\n b\r\nSubject: a\r\n\r\nx"),
     VIEW("Subject: " TAG " a\r\n\r\nx"), 1},
    {"a fold before the colon", VIEW("Authentication-Results\n : " ID "; a\nSubject: a\n\nx"),
     VIEW("Subject: " TAG " a\n\nx"), 1},
    {"no colon and a fold", VIEW("Authentication-Results\n " ID "; a\nSubject: a\n\nx"),
     VIEW("Authentication-Results\n " ID "; a\nSubject: " TAG " a\n\nx"), 0},
    {"a NUL in the name", VIEW("Auth\0entication-Results: " ID "; a\nSubject: a\n\nx"),
     VIEW("Subject: " TAG " a\n\nx"), 1},
    {"behind a bare CR", VIEW("To: b\r" AR ID "; a\nSubject: a\n\nx"), VIEW("To: b\nSubject: " TAG " a\n\nx"),
     1},
    {"a bare CR before the id", VIEW(AR "\r" ID "; a\nSubject: a\n\nx"),
     VIEW(ID "; a\nSubject: " TAG " a\n\nx"), 1},
    {"a bare CR within the id", VIEW(AR "mx.exam\rple.org; a\nSubject: a\n\nx"),
     VIEW("ple.org; a\nSubject: " TAG " a\n\nx"), 1},
    {"a bare CR behind the id of others", VIEW(AR "b; a\r c\nSubject: a\n\nx"),
     VIEW(AR "b; a\r c\nSubject: " TAG " a\n\nx"), 0},
    {"in the mbox line behind a CR", VIEW("From a\r" AR ID "\nSubject: a\n\nx"),
     VIEW("From a\nSubject: " TAG " a\n\nx"), 1},
    {"at the end of the message", VIEW("Subject: a\n" AR ID), VIEW("Subject: " TAG " a\n"), 1},
    {"at its end, of others", VIEW("Subject: a\n" AR "b"), VIEW("Subject: " TAG " a\n" AR "b"), 0},
    {"at its end, behind a line end", VIEW("Subject: a\n" AR "b\n"), VIEW("Subject: " TAG " a\n" AR "b\n"),
     0},
    {"half the name at the end", VIEW("Subject: a\nAuthentication-Res"),
     VIEW("Subject: " TAG " a\nAuthentication-Res"), 0},
    {"a name that only ends alike", VIEW("ARC-" AR ID "\nSubject: a\n\nx"),
     VIEW("ARC-" AR ID "\nSubject: " TAG " a\n\nx"), 0},
    {"a longer name", VIEW("Authentication-Results-A: " ID "\nSubject: a\n\nx"),
     VIEW("Authentication-Results-A: " ID "\nSubject: " TAG " a\n\nx"), 0},
};

static struct buf pack(void)
{
    struct buf b = world_edits(0);

    assert_int_equal(edit_pack(&b, EDIT_SUBJECT, (struct view){0}, VIEW(TAG " ")), 0);
    assert_int_equal(edit_pack(&b, EDIT_REMOVE_AR, (struct view){0}, VIEW(ID)), 0);
    return b;
}

static struct buf rewrite(struct view in, size_t piece, struct rewrite_result *r)
{
    struct rewrite *rw = xcalloc(1, sizeof *rw);
    struct buf edits = pack(), out = {0};

    assert_int_equal(rewrite_open(rw, buf_view(&edits)), 0);
    rewrite_memory(rw, in, piece, &out, r);
    buf_free(&edits);
    free(rw);
    return out;
}

static void check(const char *says, struct view in, struct view wanted, uint32_t removed, size_t piece)
{
    struct rewrite_result r = {0}, again = {0};
    struct buf out = rewrite(in, piece, &r), twice = rewrite(buf_view(&out), piece, &again);
    char got[2000];

    if (!view_equal(buf_view(&out), wanted) || r.removed != removed || r.out_size != out.n)
        fail_msg("%s (pieces of %zu): %u removed, %s", says, piece, r.removed,
                 world_show(got, sizeof got, buf_view(&out)));
    if (!view_equal(buf_view(&out), buf_view(&twice)))
        fail_msg("%s: again: %s", says, world_show(got, sizeof got, buf_view(&twice)));
    buf_free(&out);
    buf_free(&twice);
}

static void subjects_get_their_text_and_forged_results_go(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof value_cases / sizeof *value_cases; i++)
        for (size_t piece = 1; piece <= value_cases[i].in.n + 1; piece++)
            check(value_cases[i].says, value_cases[i].in, value_cases[i].wanted, value_cases[i].removed,
                  piece);
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

static void any_length_is_decided_with_what_there_is_room_for(void **state)
{
    static const struct {
        const char *says, *head, *what, *tail, *wanted_head, *wanted_tail;
        bool stays;
        size_t times;
    } cases[] = {
        {"a subject of 1 MB", "Subject: ", "abcdefgh", "\n\nx", "Subject: " TAG " ", "\n\nx", true, 131072},
        {"a subject of many folds", "Subject:", " a\n\tb\n", " c\n\nx", "Subject: " TAG, " c\n\nx", true,
         50000},
        {"a comment of 1 MB before the id", AR "(", "abcdefgh", ") b; a\nSubject: a\n\nx", "",
         "Subject: " TAG " a\n\nx", false, 131072},
        {"folds of 1 MB before the id", AR, "\r\n \t", "b; a\r\nSubject: a\r\n\r\nx", "",
         "Subject: " TAG " a\r\n\r\nx", false, 262144},
        {"CRs before the id", AR, "\r", "\n b; a\nSubject: a\n\nx", "", "Subject: " TAG " a\n\nx", false,
         100000},
        {"1 MB behind the id of others", AR "b; ", "a=b ", "\nSubject: a\n\nx", AR "b; ",
         "\nSubject: " TAG " a\n\nx", true, 262144},
        {"1 MB behind ours", AR ID "; ", "a=b\n ", "\nSubject: a\n\nx", "", "Subject: " TAG " a\n\nx", false,
         209715},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf in = repeat(cases[i].head, cases[i].what, cases[i].times, cases[i].tail);
        struct buf wanted = repeat(cases[i].wanted_head, cases[i].what, cases[i].stays ? cases[i].times : 0,
                                   cases[i].wanted_tail);

        check(cases[i].says, buf_view(&in), buf_view(&wanted), !cases[i].stays, 65536);
        check(cases[i].says, buf_view(&in), buf_view(&wanted), !cases[i].stays, 1021);
        buf_free(&in);
        buf_free(&wanted);
    }
}

/* The value ends at, before and behind the end of the room. */
static void the_border_of_the_room_changes_nothing(void **state)
{
    (void)state;
    for (size_t n = REWRITE_VALUE_MAX - 20; n < REWRITE_VALUE_MAX + 20; n++) {
        struct buf in = repeat("Subject: ", "a", n, "\n b\nTo: b\n\nx");
        struct buf wanted = repeat("Subject: " TAG " ", "a", n, "\n b\nTo: b\n\nx");
        struct buf other = repeat(AR "b; ", "a", n, "\n b\nSubject: a\n\nx");
        struct buf stays = repeat(AR "b; ", "a", n, "\n b\nSubject: " TAG " a\n\nx");

        check("a subject", buf_view(&in), buf_view(&wanted), 0, 65536);
        check("results", buf_view(&other), buf_view(&stays), 0, 100);
        buf_free(&in);
        buf_free(&wanted);
        buf_free(&other);
        buf_free(&stays);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(subjects_get_their_text_and_forged_results_go),
        cmocka_unit_test(any_length_is_decided_with_what_there_is_room_for),
        cmocka_unit_test(the_border_of_the_room_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
