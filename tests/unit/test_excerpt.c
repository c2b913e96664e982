/*
 * test_excerpt.c - unit tests of workers/antispam/excerpt.c: what is shown of a hostile text.
 *
 * Run by `make check`.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "workers/antispam/excerpt.h"
#include "workers/charset.h"

#define N(a) (sizeof(a) / sizeof *(a))

static const struct {
    const char *behaviour;
    struct view text;
    size_t max;
    const char *wanted;
} cases[] = {
    {"a text", VIEW("cheap watches"), 80, "cheap watches"},
    {"nothing", VIEW(""), 80, ""},
    {"just short enough", VIEW("12345678"), 8, "12345678"},
    {"one too long", VIEW("123456789"), 8, "12345..."},
    {"cut between characters", VIEW("1234\xc3\xbc\xc3\xbc\xc3\xbc"), 8, "1234..."},
    {"cut behind one", VIEW("123\xc3\xbc\xc3\xbc\xc3\xbc"), 8, "123\xc3\xbc..."},
    {"room for dots only", VIEW("1234"), 3, "..."},
    {"white space is one blank", VIEW("a \r\n\t b\n"), 80, "a b "},
    {"blanks that do not break", VIEW("a\xc2\xa0 b"), 80, "a b"},
    {"blanks do not use up the room", VIEW("a              b"), 4, "a b"},
    {"controls", VIEW("a\x1b[31m\0\x7f"), 80, "a?[31m??"},
    {"controls above ASCII", VIEW("a\xc2\x9b"), 80, "a?"},
    {"marks of direction",
     VIEW("a\xe2\x80\xae"
          "b\xe2\x81\xa7"
          "c\xd8\x9c"),
     80, "a?b?c?"},
    {"blanks of no width",
     VIEW("a\xe2\x80\x8b"
          "b\xef\xbb\xbf"),
     80, "a?b?"},
    {"a soft hyphen", VIEW("via\xc2\xadgra"), 80, "via?gra"},
    {"line separators",
     VIEW("a\xe2\x80\xa8"
          "b"),
     80, "a?b"},
    {"tags", VIEW("a\xf3\xa0\x81\x81"), 80, "a?"},
    {"no UTF-8",
     VIEW("a\xff\xc3"
          "b\xed\xa0\x80"),
     80, "a??b???"},
    {"cut at its end", VIEW("a\xf0\x9f\x92"), 80, "a???"},
    {"other scripts", VIEW("\xd0\xbf\xd1\x80\xf0\x9f\x92\xb0"), 80, "\xd0\xbf\xd1\x80\xf0\x9f\x92\xb0"},
};

static void texts_are_made_harmless(void **state)
{
    struct buf b = {0};

    (void)state;
    for (size_t i = 0; i < N(cases); i++) {
        buf_clear(&b);
        buf_add_str(&b, "> ");
        excerpt_add(&b, cases[i].text, cases[i].max);
        if (strcmp(b.p + 2, cases[i].wanted) != 0 || strlen(b.p) != b.n)
            fail_msg("%s: \"%s\"", cases[i].behaviour, b.p + 2);
    }
    buf_free(&b);
}

static void any_bytes_are_bounded_utf8(void **state)
{
    struct buf b = {0};
    unsigned seed = 3;

    (void)state;
    for (unsigned k = 0; k < 20000; k++) {
        char text[40];
        size_t n = (size_t)(rand_r(&seed) % 41), max = 3 + (size_t)(rand_r(&seed) % 20);

        for (size_t i = 0; i < n; i++)
            text[i] = (char)(rand_r(&seed) % (k % 2 ? 256 : 3) - (k % 2 ? 0 : 64));
        buf_clear(&b);
        excerpt_add(&b, (struct view){text, n}, max);
        assert_true(b.n <= max);
        assert_true(charset_is_utf8(buf_view(&b)));
    }
    buf_free(&b);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_made_harmless),
        cmocka_unit_test(any_bytes_are_bounded_utf8),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
