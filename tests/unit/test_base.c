/*
 * test_base.c - BASE is harmless, unique, sortable by time and read back strictly.
 *
 * Run by "make check". Hostile names are generated (every single byte, paths,
 * dots, tildes, lengths around the limit); deposits are generated struct stats.
 * What must hold of any BASE is checked in one place, check_shape().
 * Touches no file.
 */
#include "spoold/base.h"

#include "common/buf.h"
#include "common/xalloc.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define DEPOSITS 100000
#define ID       "d000000000000abcdef012345"

static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";

static struct stat stat_of(ino_t ino, off_t size, time_t sec, long nsec)
{
    struct stat st = {.st_ino = ino, .st_size = size, .st_mtim = {.tv_sec = sec, .tv_nsec = nsec}};

    return st;
}

/* What must hold for whatever name was dropped. */
static void check_shape(const struct base *b, struct view name, size_t intake_len)
{
    static const char good[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._-";
    size_t clean = name.n > BASE_CLEAN_MAX ? BASE_CLEAN_MAX : name.n ? name.n : 1;
    struct base again = {0};

    assert_int_equal(b->clean_len, clean);
    assert_int_equal(b->len, clean + (intake_len ? 1 + intake_len : 0) + 1 + BASE_ID_LEN);
    assert_int_equal(strlen(b->s), b->len);
    assert_int_equal(strspn(b->s, good), clean);
    assert_int_not_equal(b->s[0], '.');
    assert_int_not_equal(b->s[0], '-');
    assert_int_equal(strspn(b->s + b->len - BASE_ID_LEN, alphabet), BASE_ID_LEN);
    assert_true(base_name_matches(b, name));
    assert_int_equal(base_parse(&again, base_view(b)), 0);
    assert_memory_equal(&again, b, sizeof again);
}

static void check_name(struct view name)
{
    struct stat eml = stat_of(1, 2, 3, 4), hdr = stat_of(5, 6, 7, 8);
    struct base b = {0};

    base_make(&b, name, NULL, &eml, &hdr);
    check_shape(&b, name, 0);
    base_make(&b, name, "smartermail-2", &eml, &hdr);
    check_shape(&b, name, strlen("smartermail-2"));
}

static void any_byte_and_length_gives_a_harmless_name(void **state)
{
    char text[400] = {0};

    (void)state;
    for (int c = 0; c < 256; c++) {
        memset(text, c, sizeof text);
        check_name((struct view){text, 1});
        text[0] = 'a';
        check_name((struct view){text, 3});
    }
    for (size_t n = 0; n < sizeof text; n++) {
        text[n] = "/.-~\xff"[n % 5];
        check_name((struct view){text, n});
    }
}

static const struct {
    const char *what;
    struct view name;
    const char *clean;
} cleaned[] = {
    {"plain names stay", VIEW("20356170.Q-1_x"), "20356170.Q-1_x"},
    {"an empty name", VIEW(""), "_"},
    {"a path", VIEW("../../etc/passwd"), "_._.._etc_passwd"},
    {"a hidden file", VIEW(".x"), "_x"},
    {"an option", VIEW("-rf"), "_rf"},
    {"dots and dashes inside stay", VIEW("a.-"), "a.-"},
    {"a tilde cannot fake an ID", VIEW("a~" ID), "a_" ID},
    {"control bytes, NUL and blanks", VIEW("a\0b\nc d\x7f"), "a_b_c_d_"},
    {"UTF-8", VIEW("\xc3\xa4"), "__"},
    {"shell and log characters", VIEW("$(x);`y`|\"'\\%"), "__x___y______"},
};

static void names_are_cleaned(void **state)
{
    struct stat st = stat_of(1, 2, 3, 4);

    (void)state;
    for (size_t i = 0; i < COUNT(cleaned); i++) {
        struct base b = {0};
        struct view got;

        base_make(&b, cleaned[i].name, "main", &st, &st);
        got = base_clean(&b);
        if (!view_equal(got, view_of(cleaned[i].clean)))
            fail_msg("%s: got %.*s", cleaned[i].what, (int)got.n, got.p);
        check_shape(&b, cleaned[i].name, 0);
    }
}

static void name_matches_only_what_cleans_to_it(void **state)
{
    struct stat st = stat_of(1, 2, 3, 4);
    struct base b = {0};

    (void)state;
    base_make(&b, VIEW("a/b"), NULL, &st, &st);
    assert_true(base_name_matches(&b, VIEW("a/b")));
    assert_true(base_name_matches(&b, VIEW("a?b")));
    assert_true(base_name_matches(&b, VIEW("a_b")));
    assert_false(base_name_matches(&b, VIEW("a-b")));
    assert_false(base_name_matches(&b, VIEW("a/bc")));
    assert_false(base_name_matches(&b, VIEW("a/")));
    assert_false(base_name_matches(&b, VIEW("")));
}

static const struct {
    const char *what;
    struct view s;
    int want;
    const char *clean, *intake;
} parsed[] = {
    {"CLEAN~ID", VIEW("m1~" ID), 0, "m1", ""},
    {"CLEAN~INTAKE~ID", VIEW("m1~site-2~" ID), 0, "m1", "site-2"},
    {"CLEAN that looks like an ID", VIEW(ID "~" ID), 0, ID, ""},
    {"intake that looks like an ID but is as long as may be", VIEW("m~0123456789abcdefghijklmn~" ID), 0, "m",
     "0123456789abcdefghijklmn"},
    {"intake too long", VIEW("m~0123456789abcdefghijklmno~" ID), -1, "", ""},
    {"intake main is never written", VIEW("m~main~" ID), -1, "", ""},
    {"empty intake", VIEW("m~~" ID), -1, "", ""},
    {"upper-case intake", VIEW("m~Site~" ID), -1, "", ""},
    {"dot in intake", VIEW("m~a.b~" ID), -1, "", ""},
    {"four parts", VIEW("m~a~b~" ID), -1, "", ""},
    {"empty", VIEW(""), -1, "", ""},
    {"ID alone", VIEW(ID), -1, "", ""},
    {"empty CLEAN", VIEW("~" ID), -1, "", ""},
    {"empty CLEAN before an intake", VIEW("~a~" ID), -1, "", ""},
    {"leading dot", VIEW(".m~" ID), -1, "", ""},
    {"leading dash", VIEW("-m~" ID), -1, "", ""},
    {"slash in CLEAN", VIEW("a/b~" ID), -1, "", ""},
    {"NUL in CLEAN", VIEW("a\0b~" ID), -1, "", ""},
    {"UTF-8 in CLEAN", VIEW("\xc3\xa4~" ID), -1, "", ""},
    {"no tilde", VIEW("mx" ID), -1, "", ""},
    {"ID one short", VIEW("m~d00000000000abcdef012345"), -1, "", ""},
    {"ID one long", VIEW("m~" ID "0"), -1, "", ""},
    {"letters i l o u are not in the alphabet", VIEW("m~d000000000000abcdef01234u"), -1, "", ""},
    {"upper-case ID", VIEW("m~D000000000000abcdef012345"), -1, "", ""},
    {"NUL in ID", VIEW("m~d00000000000\0abcdef012345"), -1, "", ""},
    {"largest time", VIEW("m~fzzzzzzzzzzzzabcdef012345"), 0, "m", ""},
    {"time beyond 64 bits", VIEW("m~g000000000000abcdef012345"), -1, "", ""},
    {"suffix left on", VIEW("m~" ID ".hdr"), -1, "", ""},
};

static void only_well_formed_names_are_parsed(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(parsed); i++) {
        struct base b = {0};
        int got = base_parse(&b, parsed[i].s);

        if (got != parsed[i].want)
            fail_msg("%s: got %d", parsed[i].what, got);
        if (!view_equal(base_clean(&b), view_of(parsed[i].clean)) ||
            !view_equal(base_intake(&b), view_of(parsed[i].intake)))
            fail_msg("%s: got %s clean %u intake %u", parsed[i].what, b.s, b.clean_len, b.intake_len);
        if (got == 0)
            assert_true(view_equal(base_view(&b), parsed[i].s));
    }
}

static void longest_name_fits(void **state)
{
    struct buf text = {0};
    struct base b = {0};

    (void)state;
    for (int i = 0; i < BASE_CLEAN_MAX; i++)
        buf_add_char(&text, 'a');
    buf_add_str(&text, "~0123456789abcdefghijklmn~" ID);
    assert_int_equal(text.n, BASE_MAX);
    assert_int_equal(base_parse(&b, buf_view(&text)), 0);
    assert_int_equal(b.len, BASE_MAX);
    buf_clear(&text);
    for (int i = 0; i <= BASE_CLEAN_MAX; i++)
        buf_add_char(&text, 'a');
    buf_add_str(&text, "~" ID);
    assert_int_equal(base_parse(&b, buf_view(&text)), -1);
    buf_free(&text);
}

static void bad_intake_name_never_spoils_the_alphabet(void **state)
{
    struct stat st = stat_of(1, 2, 3, 4);
    struct base b = {0};

    (void)state;
    base_make(&b, VIEW("m"), "../x", &st, &st);
    check_shape(&b, VIEW("m"), 0);
    base_make(&b, VIEW("m"), "0123456789abcdefghijklmno", &st, &st);
    check_shape(&b, VIEW("m"), 0);
}

static void stamps_tell_files_apart(void **state)
{
    struct stat eml = stat_of(11, 22, 33, 44), hdr = stat_of(12, 22, 33, 44), other = eml;
    struct base b = {0};

    (void)state;
    base_make(&b, VIEW("m"), NULL, &eml, &hdr);
    assert_true(base_stamp_matches(&b, 'E', &eml));
    assert_true(base_stamp_matches(&b, 'H', &hdr));
    assert_false(base_stamp_matches(&b, 'E', &hdr));
    assert_false(base_stamp_matches(&b, 'H', &eml));
    assert_false(base_stamp_matches(&b, 'x', &hdr));
    other.st_size++;
    assert_false(base_stamp_matches(&b, 'E', &other));
    other = eml;
    other.st_mtim.tv_sec++;
    assert_false(base_stamp_matches(&b, 'E', &other));
    other = eml;
    other.st_mtim.tv_nsec++;
    assert_false(base_stamp_matches(&b, 'E', &other));
    other = eml;
    other.st_mode = 0600;
    other.st_ctim.tv_sec = 99;
    assert_true(base_stamp_matches(&b, 'E', &other));
}

/* Names on disk must mean the same to the next version: a changed stamp would orphan every torn claim. */
static void format_is_frozen(void **state)
{
    struct stat eml = stat_of(1234567, 890, 1788129800, 123456789), hdr = stat_of(7654321, 98, 1788129801, 1);
    struct base b = {0};

    (void)state;
    base_make(&b, VIEW("41107744"), "site", &eml, &hdr);
    assert_string_equal(b.s, "41107744~site~9hm5pjj0ea6g19e720vp33gfx");
}

static int compare_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static int count_repeats(char *rows, size_t count, size_t width)
{
    int repeats = 0;

    qsort(rows, count, width, compare_text);
    for (size_t i = 1; i < count; i++)
        repeats += strcmp(rows + (i - 1) * width, rows + i * width) == 0;
    return repeats;
}

/* All with one mtime, as a coarse clock would give: the stamps alone must tell them apart. */
static void different_deposits_get_different_names(void **state)
{
    enum { WIDTH = BASE_ID_LEN + 3 };
    char *rows = xcalloc(DEPOSITS, WIDTH);

    (void)state;
    for (size_t i = 0; i < DEPOSITS; i++) {
        struct stat eml = stat_of(1000 + 2 * i, (off_t)(i % 7), 1788129800, 0);
        struct stat hdr = stat_of(1001 + 2 * i, (off_t)(i % 5), 1788129800, 0);
        struct base b = {0};

        base_make(&b, VIEW("m"), NULL, &eml, &hdr);
        memcpy(rows + i * WIDTH, b.s, b.len + 1U);
    }
    assert_int_equal(count_repeats(rows, DEPOSITS, WIDTH), 0);
    free(rows);
}

/* 10^5 draws from 2^30 values give 4.7 equal pairs by chance; many more mean that the mixing is weak. */
static void stamps_are_spread_evenly(void **state)
{
    enum { WIDTH = BASE_STAMP_LEN + 1 };
    char *rows = xcalloc(DEPOSITS, WIDTH);

    (void)state;
    for (size_t i = 0; i < DEPOSITS; i++) {
        struct stat st = stat_of(i, 500, 1788129800, 0);

        base_stamp(rows + i * WIDTH, &st);
    }
    assert_in_range(count_repeats(rows, DEPOSITS, WIDTH), 0, 20);
    free(rows);
}

static const struct {
    const char *what;
    time_t sec;
    long nsec;
    int64_t ns;
} times[] = {
    /* In ascending order. */
    {"long before the range", INT64_MIN, 0, INT64_MIN},
    {"before 1970", -2, 999999999, -1000000001},
    {"just before 1970", -1, 999999999, -1},
    {"1970", 0, 0, 0},
    {"one ns later", 0, 1, 1},
    {"31 ns later: two digits", 0, 32, 32},
    {"2026", 1788129800, 5, INT64_C(1788129800000000005)},
    {"2026, one second later", 1788129801, 0, INT64_C(1788129801000000000)},
    {"end of the range", 9223372036, 854775807, INT64_MAX},
};

static void names_sort_by_time_and_give_it_back(void **state)
{
    struct base last = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(times); i++) {
        struct stat eml = stat_of(99 - i, 1, 1, 1), hdr = stat_of(i * 7 % 5, 1, times[i].sec, times[i].nsec);
        struct base b = {0};

        base_make(&b, VIEW("m"), NULL, &eml, &hdr);
        if (base_time_ns(&b) != times[i].ns)
            fail_msg("%s: got %lld", times[i].what, (long long)base_time_ns(&b));
        if (strcmp(last.s, b.s) >= 0)
            fail_msg("%s: %s does not sort after %s", times[i].what, b.s, last.s);
        last = b;
    }
}

static void times_out_of_range_are_clamped(void **state)
{
    struct stat st = stat_of(1, 1, INT64_MAX, 999999999);
    struct base b = {0};

    (void)state;
    base_make(&b, VIEW("m"), NULL, &st, &st);
    assert_true(base_time_ns(&b) == INT64_MAX);
    check_shape(&b, VIEW("m"), 0);
    assert_true(base_time_ns(&(struct base){0}) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_byte_and_length_gives_a_harmless_name),
        cmocka_unit_test(names_are_cleaned),
        cmocka_unit_test(name_matches_only_what_cleans_to_it),
        cmocka_unit_test(only_well_formed_names_are_parsed),
        cmocka_unit_test(longest_name_fits),
        cmocka_unit_test(bad_intake_name_never_spoils_the_alphabet),
        cmocka_unit_test(stamps_tell_files_apart),
        cmocka_unit_test(format_is_frozen),
        cmocka_unit_test(different_deposits_get_different_names),
        cmocka_unit_test(stamps_are_spread_evenly),
        cmocka_unit_test(names_sort_by_time_and_give_it_back),
        cmocka_unit_test(times_out_of_range_are_clamped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
