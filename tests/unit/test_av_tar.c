/*
 * test_av_tar.c - honest archives raise no objection and are counted right, each way to hide a member does.
 *
 * Run by "make check". Archives are made here, header by header, so that one
 * field at a time can lie; real ones of GNU tar, bsdtar, busybox, 7-Zip and
 * python's tarfile stand among the seeds of fuzz_av_tar.c.
 */
#include "workers/av/av_tar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define BLOCK 512
#define TEXT  "some words in a file"

struct entry {
    const char *name, *data; /* data: to the NUL */
    const char *size;        /* NULL: as it is */
    const char *sum;         /* a format with one %o, NULL: as usual */
    const char *mark;        /* NULL: ustar; "" v7 */
    char type;               /* as it stands there */
    bool is_signed, is_wrong;
    bool more; /* a map of a sparse file goes on */
};

static unsigned sum_of(const char *p, bool is_signed)
{
    int sum = 8 * ' ';

    for (size_t i = 0; i < BLOCK; i++) {
        if (i < 148 || i >= 156)
            sum += is_signed ? (signed char)p[i] : (unsigned char)p[i];
    }
    return (unsigned)sum;
}

static void put(char *to, size_t n, const char *from)
{
    size_t has = strlen(from);

    memcpy(to, from, has < n ? has : n);
}

static void add_zeros(struct buf *b, size_t n)
{
    while (n--)
        buf_add_char(b, 0);
}

static void add(struct buf *b, const struct entry *e)
{
    size_t n = e->data ? strlen(e->data) : 0;
    char head[BLOCK] = {0}, text[32];

    put(head, 100, e->name);
    put(head + 100, 8, "0000644");
    put(head + 108, 8, "0001750");
    put(head + 116, 8, "0001750");
    snprintf(text, sizeof text, "%011zo", n);
    put(head + 124, 12, e->size ? e->size : text);
    put(head + 136, 12, "14700000000");
    head[156] = e->type;
    put(head + 257, 8, e->mark ? e->mark : "ustar");
    head[482] = e->more;
    /* One of the few fixed formats of the tables below. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(text, sizeof text, e->sum ? e->sum : "%06o", sum_of(head, e->is_signed) + e->is_wrong);
#pragma GCC diagnostic pop
    put(head + 148, 8, text);
    buf_add(b, head, BLOCK);
    if (n)
        buf_add(b, e->data, n);
    add_zeros(b, (BLOCK - n % BLOCK) % BLOCK);
}

static void add_all(struct buf *b, const struct entry *e)
{
    for (; e->name; e++)
        add(b, e);
}

static void look(const struct buf *b, struct av_tar_report *r)
{
    /* A copy of its very size, so that a sanitizer sees each byte read beyond it. */
    char *exact = malloc(b->n ? b->n : 1);

    assert_non_null(exact);
    if (b->n)
        memcpy(exact, b->p, b->n);
    av_tar_check((struct view){exact, b->n}, r);
    free(exact);
}

static void expect(const char *what, const struct buf *b, unsigned members, const char *text)
{
    struct av_tar_report r;

    look(b, &r);
    if (!r.is_tar || strcmp(r.text, text) != 0)
        fail_msg("%s: got %s (%s), wanted \"%s\"", what, r.is_tar ? antivirus_why_name(r.why) : "no archive",
                 r.text, text);
    if (r.members != members)
        fail_msg("%s: got %llu members, wanted %u", what, (unsigned long long)r.members, members);
    assert_true((r.why == ANTIVIRUS_EXAMINED) == (text[0] == '\0'));
    assert_true(r.why == ANTIVIRUS_EXAMINED || r.why == ANTIVIRUS_AMBIGUOUS ||
                strstr(r.text, "is a sparse file"));
}

static void what_is_no_archive_is_left_alone(void **state)
{
    static const struct entry wrong = {.name = "a", .data = TEXT, .type = '0', .mark = "", .is_wrong = true};
    struct av_tar_report r;
    struct buf b = {0};

    (void)state;
    for (size_t n = 0; n < 3 * BLOCK; n += 100) {
        look(&b, &r);
        assert_false(r.is_tar);
        assert_int_equal(r.why, ANTIVIRUS_EXAMINED);
        add_zeros(&b, 100);
    }
    buf_free(&b);
    for (int i = 0; i < 100; i++)
        buf_add_str(&b, "  12345 0000644 ");
    look(&b, &r);
    assert_false(r.is_tar);
    buf_free(&b);
    add(&b, &wrong);
    look(&b, &r);
    assert_false(r.is_tar);
    buf_free(&b);
}

#define LAST                                                                                                 \
    {                                                                                                        \
        .name = "last", .data = TEXT, .type = '0'                                                            \
    }
#define LONG "././@LongLink"

static void honest_archives_raise_no_objection(void **state)
{
    static const struct {
        const char *what;
        struct entry e[5];
        unsigned members;
    } cases[] = {
        {"files of one byte more and less than make a layer",
         {{.name = "a", .data = "12345", .type = '0'}, {.name = "b", .data = "123456", .type = '0'}},
         1},
        {"links, devices and folders", {{.name = "d/", .type = '5'}, {.name = "l", .type = '1'}, LAST}, 1},
        {"a volume with a label", {{.name = "label", .type = 'V', .size = ""}, LAST}, 1},
        {"an old one, folders and all",
         {{.name = "d/", .mark = ""}, {.name = "d/f", .data = TEXT, .mark = ""}},
         1},
        {"GNU's mark", {{.name = "a", .data = TEXT, .type = '0', .mark = "ustar  "}, LAST}, 2},
        {"a long name", {{.name = LONG, .data = "a very long name", .type = 'L'}, LAST}, 1},
        {"names of other files in an incremental one",
         {{.name = "d/", .data = "Yfile of it", .type = 'D'},
          {.name = "e/", .data = "Ylong", .type = 'D'},
          LAST},
         2},
        {"an unknown type is a file", {{.name = "a", .data = TEXT, .type = 'z'}, LAST}, 2},
        {"type 7 is a file", {{.name = "a", .data = TEXT, .type = '7'}, LAST}, 2},
        {"what pax says", {{.name = "x", .data = "11 path=ab\n19 mtime=1.2345678\n", .type = 'x'}, LAST}, 1},
        {"the right size", {{.name = "x", .data = "11 size=20\n", .type = 'x'}, LAST}, 1},
        {"a size for one only",
         {{.name = "x", .data = "11 size=20\n", .type = 'x'}, LAST, {.name = "b", .data = "12", .type = '0'}},
         1},
        {"a comment on all", {{.name = "g", .data = "12 comment=\n", .type = 'g'}, LAST}, 1},
        {"sizes with blanks",
         {{.name = "a", .data = TEXT, .type = '0', .size = "        24 "},
          {.name = "b", .data = TEXT, .type = '0', .size = "24"},
          {.name = "c", .data = TEXT, .type = '0', .size = "000000000024"}},
         3},
        {"sums with blanks",
         {{.name = "a", .data = TEXT, .sum = "  %o "}, {.name = "b", .data = TEXT, .sum = "%08o"}},
         2},
        {"a sum of signed bytes", {{.name = "\xe4\xf6", .data = TEXT, .is_signed = true}, LAST}, 2},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf b = {0};

        add_all(&b, cases[i].e);
        expect(cases[i].what, &b, cases[i].members, "");
        add_zeros(&b, 20 * BLOCK);
        expect(cases[i].what, &b, cases[i].members, "");
        buf_free(&b);
    }
}

static const struct lie {
    const char *what;
    struct entry e[4];
    unsigned members;
    const char *text;
} lies[] = {
    {"a size in base 256",
     {LAST, {.name = "b", .size = "\x80\0", .data = TEXT}, LAST},
     1,
     "member 2 has its size in base 256"},
    {"a negative size",
     {LAST, {.name = "b", .size = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"}},
     1,
     "member 2 has its size in base 256"},
    {"a size with a sign", {{.name = "b", .size = "-24", .data = TEXT}}, 0, "member 1 has no size"},
    {"a size and something", {{.name = "b", .size = "24 7", .data = TEXT}}, 0, "member 1 has no size"},
    {"none", {{.name = "b", .size = "            ", .data = TEXT}}, 0, "member 1 has no size"},
    {"beyond the end",
     {{.name = "b", .size = "2000", .data = TEXT}},
     0,
     "member 1 goes beyond the end of the archive"},
    {"far beyond",
     {{.name = "b", .size = "777777777777", .data = TEXT}},
     0,
     "member 1 goes beyond the end of the archive"},
    {"a link with a size",
     {LAST, {.name = "b", .type = '1', .data = TEXT}},
     1,
     "member 2 has no content, but a size"},
    {"a file named as a folder",
     {LAST, {.name = "b/", .type = '0', .data = TEXT}},
     1,
     "member 2 has content, and the name of a folder"},
    {"the old way as well",
     {LAST, {.name = "b/", .data = TEXT}},
     1,
     "member 2 has content, and the name of a folder"},
    {"pax has another size",
     {{.name = "x", .type = 'x', .data = "10 size=9\n"}, LAST},
     0,
     "member 1 has two sizes"},
    {"for all", {{.name = "g", .type = 'g', .data = "10 size=9\n"}, LAST}, 0, "member 1 has two sizes"},
    {"no number", {{.name = "x", .type = 'x', .data = "12 size=20 \n"}, LAST}, 0, "member 1 has two sizes"},
    {"nothing", {{.name = "x", .type = 'x', .data = "8 size=\n"}, LAST}, 0, "member 1 has two sizes"},
    {"pax has two",
     {{.name = "x", .type = 'x', .data = "10 size=9\n11 size=20\n"}, LAST},
     1,
     "member 1 has two sizes"},
    {"of the long name",
     {{.name = "x", .type = 'x', .data = "11 size=20\n"}, {.name = LONG, .type = 'L', .data = "long"}, LAST},
     0,
     "member 1 has two sizes"},
    {"pax says nothing",
     {LAST, {.name = "x", .type = 'x'}, LAST},
     1,
     "member 2 has an empty header of its own before it"},
    {"a record that is too long",
     {{.name = "x", .type = 'x', .data = "12 size=20\n"}, LAST},
     1,
     "what stands before member 1 is not in the pax format"},
    {"one that is too short",
     {{.name = "x", .type = 'x', .data = "3 =\n"}, LAST},
     1,
     "what stands before member 1 is not in the pax format"},
    {"one without a line end",
     {{.name = "x", .type = 'x', .data = "11 size=20x"}, LAST},
     1,
     "what stands before member 1 is not in the pax format"},
    {"one without a length",
     {{.name = "x", .type = 'x', .data = "size=20\n"}, LAST},
     1,
     "what stands before member 1 is not in the pax format"},
    {"one of a length beyond numbers",
     {{.name = "x", .type = 'x', .data = "99999999999999999999999 size=20\n"}, LAST},
     1,
     "what stands before member 1 is not in the pax format"},
    {"a sparse file of GNU tar",
     {{.name = "s", .type = 'S', .data = TEXT}, LAST},
     2,
     "member 1 is a sparse file"},
    {"a sparse file of pax",
     {LAST, {.name = "x", .type = 'x', .data = "22 GNU.sparse.major=1\n"}, LAST},
     2,
     "member 2 is a sparse file"},
    {"a part by its type",
     {{.name = "s", .type = 'M', .data = TEXT}, LAST},
     2,
     "member 1 is a part of a file, others are in other archives"},
    {"a part in pax",
     {{.name = "x", .type = 'x', .data = "24 GNU.volume.offset=99\n"}, LAST},
     1,
     "member 1 is a part of a file, others are in other archives"},
    {"a type that libclamav passes over",
     {LAST, {.name = "b", .type = 'A', .data = TEXT}},
     2,
     "member 2 is of type A, a file to some programs only"},
    {"Solaris' pax",
     {LAST, {.name = "b", .type = 'X', .data = "11 size=20\n"}, LAST},
     3,
     "member 2 is of type X, a file to some programs only"},
    {"a wrong sum",
     {LAST, {.name = "b", .is_wrong = true, .data = TEXT}, LAST},
     1,
     "the header of member 2 is not in order"},
    {"a wrong sum of the first",
     {{.name = "b", .is_wrong = true, .data = TEXT}, LAST},
     0,
     "the header of member 1 is not in order"},
    {"a sum that not all read",
     {{.name = "b", .mark = "", .sum = "%05o x", .data = TEXT}, LAST},
     0,
     "the header of member 1 is not in order"},
    {"a sum with a sign",
     {{.name = "b", .mark = "", .sum = "+%05o", .data = TEXT}, LAST},
     0,
     "the header of member 1 is not in order"},
    {"no name", {LAST, {.name = "", .data = TEXT}, LAST}, 1, "the header of member 2 is not in order"},
    {"another format in the middle",
     {LAST, {.name = "b", .mark = "", .data = TEXT}, LAST},
     1,
     "member 2 is not in the format of those before it"},
    {"the worse objection counts",
     {{.name = "s", .type = 'S', .data = TEXT}, {.name = "b", .type = 'N'}},
     1,
     "member 2 is of type N, a file to some programs only"},
    {"of two alike the first",
     {{.name = "s", .type = 'E', .data = TEXT}, {.name = "b", .type = 'I'}},
     1,
     "member 1 is of type E, a file to some programs only"},
};

static void each_lie_is_objected_to(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        struct buf b = {0};

        add_all(&b, lies[i].e);
        expect(lies[i].what, &b, lies[i].members, lies[i].text);
        buf_free(&b);
    }
}

/* What is hidden behind the end: some programs read on behind one block, or when asked to. */
static void members_behind_the_end_are_objected_to(void **state)
{
    static const struct entry last = LAST;

    (void)state;
    for (size_t zeros = 1; zeros < 4; zeros++) {
        struct buf b = {0};

        add(&b, &last);
        add_zeros(&b, zeros * BLOCK);
        buf_add_str(&b, "other words");
        add_zeros(&b, BLOCK - 11);
        expect("only other bytes there", &b, 1, "");
        add(&b, &last);
        expect("a member there", &b, 1, "more members stand behind its end");
        buf_free(&b);
    }
}

static void the_map_of_a_sparse_file_is_passed_over(void **state)
{
    static const struct entry sparse = {.name = "s", .type = 'S', .more = true}, last = LAST;
    struct buf b = {0};

    (void)state;
    add(&b, &sparse);
    for (size_t i = 0; i < 3; i++) {
        add_zeros(&b, BLOCK);
        b.p[b.n - BLOCK + 504] = i < 2;
    }
    add(&b, &last);
    expect("three blocks of a map", &b, 1, "member 1 is a sparse file");
    buf_free(&b);
    add(&b, &sparse);
    expect("a map without an end", &b, 0, "member 1 is a sparse file");
    buf_free(&b);
}

static void an_archive_may_end_anywhere_behind_its_content(void **state)
{
    static const struct entry last = LAST;
    struct av_tar_report r;
    struct buf b = {0};

    (void)state;
    add(&b, &last);
    for (size_t n = 0; n <= 2 * BLOCK; n++) {
        b.n = n;
        look(&b, &r);
        assert_int_equal(r.is_tar, n >= BLOCK);
        assert_int_equal(r.members, n >= BLOCK + strlen(TEXT));
        assert_int_equal(r.why,
                         n >= BLOCK && n < BLOCK + strlen(TEXT) ? ANTIVIRUS_AMBIGUOUS : ANTIVIRUS_EXAMINED);
    }
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_archive_is_left_alone),
        cmocka_unit_test(honest_archives_raise_no_objection),
        cmocka_unit_test(each_lie_is_objected_to),
        cmocka_unit_test(members_behind_the_end_are_objected_to),
        cmocka_unit_test(the_map_of_a_sparse_file_is_passed_over),
        cmocka_unit_test(an_archive_may_end_anywhere_behind_its_content),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
