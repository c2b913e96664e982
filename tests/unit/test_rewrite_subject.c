/*
 * test_rewrite_subject.c - unit tests of workers/rewrite_subject.c: is the text there, and how it is written.
 *
 * Run by `make check`. What is written is read back with the decoder that the checks use, and must then be
 * found again.
 */
#include "tests/unit/rewrite_world.h"

#include "workers/mail/mail_word.h"
#include "workers/rewrite_subject.h"

#define TAG  VIEW("[SPAM?] ")
#define WIDE VIEW("[M\xc3\xbcll] ")

static const struct has_case {
    const char *says;
    struct view value, text;
    bool has;
} has_cases[] = {
    {"it stands there", VIEW(" [SPAM?] hello"), TAG, true},
    {"alone", VIEW(" [SPAM?]"), TAG, true},
    {"behind a fold", VIEW("\r\n [SPAM?] hello"), TAG, true},
    {"with a fold behind it", VIEW(" [SPAM?]\r\n hello"), TAG, true},
    {"without a blank before it", VIEW("[SPAM?] hello"), TAG, true},
    {"in Q encoding", VIEW(" =?utf-8?Q?=5BSPAM=3F=5D_hello?="), TAG, true},
    {"in base64", VIEW(" =?UTF-8?B?W1NQQU0/XSBoZWxsbw==?="), TAG, true},
    {"in two words", VIEW(" =?utf-8?Q?=5BSPA?=\r\n =?utf-8?Q?M=3F=5D_hello?="), TAG, true},
    {"before an encoded word", VIEW(" [SPAM?] =?utf-8?Q?h=C3=A9?="), TAG, true},
    {"text of two words, other blanks", VIEW(" big\r\n\t  spam: x"), VIEW("big spam:"), true},
    {"not ASCII, encoded", VIEW(" =?iso-8859-1?Q?[M=FCll]_x?="), WIDE, true},
    {"not ASCII, as 8-bit UTF-8", VIEW(" [M\xc3\xbcll] x"), WIDE, true},
    {"not ASCII, as 8-bit Latin-1", VIEW(" [M\xfcll] x"), WIDE, true},
    {"not ASCII, cut off in a character", VIEW(" [M\xc3\xbcll] x\xc3"), WIDE, true},

    {"before an encoded word with mistakes", VIEW(" [SPAM?] =?utf-8?B?!?="), TAG, true},
    {"encoded, before one with mistakes", VIEW(" =?UTF-8?B?W03DvGxsXSA=?= =?utf-8?B?!?="), WIDE, true},

    {"nothing", VIEW(""), TAG, false},
    {"what not all readers decode: no blank behind the word", VIEW(" =?utf-8?B?W1NQQU0/XSA=?=hello"), TAG,
     false},
    {"a fold in the word", VIEW(" =?utf-8?Q?\r\n =5BSPAM=3F=5D?= hello"), TAG, false},
    {"a blank in the word", VIEW(" =?utf-8?Q?=5BSPAM=3F=5D hello?="), TAG, false},
    {"a bad letter in base64", VIEW(" =?utf-8?B?W1NQ!!QU0/XQ?= hello"), TAG, false},
    {"no padding", VIEW(" =?utf-8?B?W1NQQU0/XQ?= hello"), TAG, false},
    {"a bad escape", VIEW(" =?utf-8?Q?=5BSPAM=3F=5D_=X?= hello"), TAG, false},
    {"a word without text before it", VIEW(" =?utf-8?Q\?\?= =?utf-8?Q?=5BSPAM=3F=5D?= hello"), TAG, false},
    {"a word that is too long",
     VIEW(" =?utf-8?Q?=5BSPAM=3F=5D_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa?="), TAG,
     false},
    {"another subject", VIEW(" hello"), TAG, false},
    {"later in it", VIEW(" Re: [SPAM?] hello"), TAG, false},
    {"a part of it", VIEW(" [SPAM"), TAG, false},
    {"a part of another word", VIEW(" [SPAM?]hello"), TAG, false},
    {"in another case", VIEW(" [spam?] hello"), TAG, false},
    {"a blank within it", VIEW(" [SPAM ?] hello"), TAG, false},
    {"a blank that is missing", VIEW(" bigspam: x"), VIEW("big spam:"), false},
};

static void text_is_found_however_it_is_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof has_cases / sizeof *has_cases; i++)
        if (rewrite_subject_has(has_cases[i].value, has_cases[i].text) != has_cases[i].has)
            fail_msg("%s", has_cases[i].says);
}

static struct buf put(struct view text, struct view value, bool crlf)
{
    struct rewrite_out *o = xcalloc(1, sizeof *o);
    struct buf b = {0};

    rewrite_out_init(o, -1, &b);
    rewrite_subject_put(text, value, crlf, o);
    rewrite_out_flush(o, value);
    free(o);
    return b;
}

static const struct put_case {
    const char *says;
    struct view text, value;
    const char *wanted, *seen;
} put_cases[] = {
    {"a plain subject", TAG, VIEW(" hello"), " [SPAM?] hello", " [SPAM?] hello"},
    {"no blank behind the colon", TAG, VIEW("hello"), " [SPAM?] hello", " [SPAM?] hello"},
    {"no subject", TAG, VIEW(""), " [SPAM?]", " [SPAM?]"},
    {"a folded one", TAG, VIEW("\r\n hello"), " [SPAM?]\r\n hello", " [SPAM?] hello"},
    {"an encoded word stays whole", TAG, VIEW("=?utf-8?Q?h=C3=A9?="),
     " [SPAM?] =?utf-8?Q?h=C3=A9?=", " [SPAM?] h\xc3\xa9"},
    {"text that is not ASCII", WIDE, VIEW(" hello"), " =?UTF-8?B?W03DvGxsXQ==?= hello",
     " [M\xc3\xbcll] hello"},
    {"before an encoded word the blank is part of it", WIDE, VIEW(" =?utf-8?Q?h=C3=A9?="),
     " =?UTF-8?B?W03DvGxsXSA=?= =?utf-8?Q?h=C3=A9?=", " [M\xc3\xbcll] h\xc3\xa9"},
    {"the same behind a fold", WIDE, VIEW("\r\n =?utf-8?Q?h=C3=A9?="),
     " =?UTF-8?B?W03DvGxsXSA=?=\r\n =?utf-8?Q?h=C3=A9?=", " [M\xc3\xbcll] h\xc3\xa9"},
    {"alone", WIDE, VIEW(""), " =?UTF-8?B?W03DvGxsXQ==?=", " [M\xc3\xbcll]"},
    {"text that looks like an encoded word", VIEW("=?us-ascii?Q?x?="), VIEW(" hello"),
     " =?UTF-8?B?PT91cy1hc2NpaT9RP3g/PQ==?= hello", " =?us-ascii?Q?x?= hello"},
};

static void text_is_seen_as_meant_and_the_rest_stays(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof put_cases / sizeof *put_cases; i++) {
        const struct put_case *c = &put_cases[i];
        struct buf b = put(c->text, c->value, true);
        struct mail_arena a = {0};

        if (!view_equal(buf_view(&b), view_of(c->wanted)))
            fail_msg("%s: %s", c->says, b.p);
        if (!view_equal(mail_word_decode(&a, NULL, buf_view(&b)), view_of(c->seen)))
            fail_msg("seen: %s", c->says);
        if (!rewrite_subject_has(buf_view(&b), c->text))
            fail_msg("not found again: %s", c->says);
        mail_arena_free(&a);
        buf_free(&b);
    }
}

/* Any length, characters of any width: lines are short, words are whole characters. */
static void long_text_is_folded(void **state)
{
    static const char *const unit[] = {"\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x93\xa8", "a\xc3\xa4 b"};

    (void)state;
    for (size_t k = 0; k < sizeof unit / sizeof *unit; k++)
        for (size_t n = 1; n * strlen(unit[k]) <= EDIT_SUBJECT_MAX; n++) {
            struct buf text = {0}, b;
            size_t column = sizeof "Subject:" - 1;

            for (size_t i = 0; i < n; i++)
                buf_add_str(&text, unit[k]);
            b = put(buf_view(&text), VIEW(" =?utf-8?Q?x?="), n % 2);
            assert_true(rewrite_subject_has(buf_view(&b), buf_view(&text)));
            for (size_t i = 0; i < b.n; i++) {
                column = b.p[i] == '\n' ? 0 : column + 1;
                assert_true((unsigned char)b.p[i] < 0x80 && column <= 78 + (size_t)(i > b.n - 16) * 16);
                assert_true(b.p[i] != '\n' || b.p[i + 1] == ' ');
            }
            buf_free(&text);
            buf_free(&b);
        }
}

static size_t longest_line(struct view v)
{
    size_t longest = 0, n = sizeof "Subject:" - 1;

    for (size_t i = 0; i < v.n; i++) {
        n = v.p[i] == '\n' ? 0 : n + (v.p[i] != '\r');
        longest = n > longest ? n : longest;
    }
    return longest;
}

/* No line becomes longer than 998 bytes, and none becomes blank. */
static void a_long_line_is_folded_behind_the_text(void **state)
{
    static const struct view texts[] = {{"[SPAM?] ", 8}, {"[M\xc3\xbcll] ", 8}};

    (void)state;
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
        for (size_t n = 900; n <= 989; n++) {
            struct buf value = {0}, b;

            buf_add_char(&value, ' ');
            for (size_t i = 0; i < n; i++)
                buf_add_char(&value, 'a');
            b = put(texts[k], buf_view(&value), true);
            assert_true(longest_line(buf_view(&b)) <= 998);
            assert_true(n < 981 || memmem(b.p, b.n, "\r\n a", 4));
            assert_true(n > 920 || !memchr(b.p, '\n', b.n));
            assert_true(rewrite_subject_has(buf_view(&b), texts[k]));
            memset(value.p, ' ', value.n);
            buf_add_str(&value, "\r\n b");
            buf_free(&b);
            b = put(texts[k], buf_view(&value), true);
            assert_null(memmem(b.p, b.n, "]\r\n ", 4));
            buf_free(&value);
            buf_free(&b);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_found_however_it_is_written),
        cmocka_unit_test(text_is_seen_as_meant_and_the_rest_stays),
        cmocka_unit_test(long_text_is_folded),
        cmocka_unit_test(a_long_line_is_folded_behind_the_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
