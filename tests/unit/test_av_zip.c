/*
 * test_av_zip.c - honest archives raise no objection, each way to hide a member from libclamav does.
 *
 * Run by "make check". Archives are made by zip_world.h; real ones of zip(1) and
 * of python's zipfile stand among the seeds of fuzz_av_zip.c.
 */
#include "zip_world.h"

static void what_is_no_archive_is_left_alone(void **state)
{
    static const struct view none[] = {VIEW(""), VIEW("P"), VIEW("PK\5\6"), VIEW("just a text"),
                                       VIEW("PK\5\6 but here is no directory, as in a program")};
    struct av_zip_report r;

    (void)state;
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        struct buf b = {0};

        buf_add_view(&b, none[i]);
        zip_look(&b, &r);
        assert_false(r.is_zip);
        assert_int_equal(r.why, ANTIVIRUS_EXAMINED);
        buf_free(&b);
    }
}

static void make_two(struct buf *b)
{
    zip_make(b, zip_two, 2);
}

static void make_streamed(struct buf *b)
{
    zip_make(b, zip_streamed, 1);
}

static void make_empty(struct buf *b)
{
    zip_make(b, NULL, 0);
}

static void make_folders(struct buf *b)
{
    static const struct zip_member m[] = {
        {.name = "dir/"}, {.name = "dir/none"}, {.name = "dir/x/", .method = 8}};

    zip_make(b, m, 3);
}

static void make_comment(struct buf *b)
{
    zip_make(b, zip_two, 2);
    b->p[b->n - 2] = 12;
    buf_add_str(b, "hello, world");
}

static void make_behind_program(struct buf *b)
{
    buf_add_str(b, "MZ, a program that unpacks what follows; it looks for PK\3\4 and PK\5\6 by itself.");
    zip_make(b, zip_two, 2);
}

static void make_with_tail(struct buf *b)
{
    zip_make(b, zip_two, 2);
    for (int i = 0; i < 5000; i++)
        buf_add_char(b, 0);
}

static void make_nested(struct buf *b)
{
    struct buf inner = {0};

    zip_make(&inner, zip_two, 2);
    zip_make(b, &(struct zip_member){.name = "inner.zip", .data = buf_view(&inner)}, 1);
    buf_free(&inner);
}

static void honest_archives_raise_no_objection(void **state)
{
    static const struct {
        const char *what;
        void (*make)(struct buf *b);
        unsigned members, layers;
    } cases[] = {
        {"two members", make_two, 2, 2},
        {"sizes behind the data", make_streamed, 1, 1},
        {"no member at all", make_empty, 0, 0},
        {"folders and members without a byte", make_folders, 3, 0},
        {"a comment at the end", make_comment, 2, 2},
        {"behind a program, with offsets of its own", make_behind_program, 2, 2},
        {"bytes behind the end record", make_with_tail, 2, 2},
        {"an archive in an archive", make_nested, 1, 1},
    };
    struct av_zip_report r;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf b = {0};

        cases[i].make(&b);
        zip_expect(cases[i].what, &b, ANTIVIRUS_EXAMINED, "");
        zip_look(&b, &r);
        assert_true(r.is_zip);
        assert_int_equal(r.members, cases[i].members);
        assert_int_equal(r.layers, cases[i].layers);
        buf_free(&b);
    }
}

/* Two members, with bytes of the first one or of the end record replaced. */
static void each_contradiction_is_named(void **state)
{
    static const struct {
        const char *what;
        struct zip_patch patch[ZIP_PATCHES];
        enum antivirus_why why;
        const char *text;
    } cases[] = {
        {"encrypted", {{'C', 8, 2, 1}, {'L', 6, 2, 1}}, ANTIVIRUS_ENCRYPTED, "member 1 is encrypted"},
        {"encrypted, which only the local header says", {{'L', 6, 2, 1}}, ANTIVIRUS_ENCRYPTED, NULL},
        {"masked headers", {{'C', 8, 2, 1 << 13}}, ANTIVIRUS_ENCRYPTED, NULL},
        {"AES, by its method", {{'C', 10, 2, 99}, {'L', 8, 2, 99}}, ANTIVIRUS_ENCRYPTED, NULL},
        {"LZMA",
         {{'C', 10, 2, 14}, {'L', 8, 2, 14}},
         ANTIVIRUS_NO_UNPACKER,
         "member 1 is compressed by method 14"},
        {"Zstandard", {{'C', 10, 2, 93}, {'L', 8, 2, 93}}, ANTIVIRUS_NO_UNPACKER, NULL},
        {"another method before the data", {{'L', 8, 2, 8}}, ANTIVIRUS_AMBIGUOUS, NULL},
        {"another size before the data", {{'L', 22, 4, 5}}, ANTIVIRUS_AMBIGUOUS, NULL},
        {"another packed size before the data", {{'L', 18, 4, 5}}, ANTIVIRUS_AMBIGUOUS, NULL},
        {"another length of the name", {{'L', 26, 2, 4}}, ANTIVIRUS_AMBIGUOUS, NULL},
        {"stored, but longer unpacked", {{'C', 24, 4, 90}, {'L', 22, 4, 90}}, ANTIVIRUS_AMBIGUOUS, NULL},
        {"no local header",
         {{'L', 0, 1, 'X'}},
         ANTIVIRUS_AMBIGUOUS,
         "member 1 is not where the directory says"},
        {"an offset beyond the file", {{'C', 42, 4, 0x7fffffff}}, ANTIVIRUS_AMBIGUOUS, NULL},
        {"data beyond the directory",
         {{'C', 20, 4, 5000}, {'C', 24, 4, 5000}, {'L', 18, 4, 5000}, {'L', 22, 4, 5000}},
         ANTIVIRUS_AMBIGUOUS,
         NULL},
        {"data over the next member",
         {{'C', 20, 4, 40}, {'C', 24, 4, 40}, {'L', 18, 4, 40}, {'L', 22, 4, 40}},
         ANTIVIRUS_LIMIT,
         "its members overlap"},
        {"a member longer than allowed",
         {{'C', 10, 2, 8}, {'L', 8, 2, 8}, {'C', 24, 4, 100001}, {'L', 22, 4, 100001}},
         ANTIVIRUS_LIMIT,
         "member 1 is 100001 bytes long"},
        {"zip64 sizes in the directory", {{'C', 20, 4, UINT32_MAX}}, ANTIVIRUS_AMBIGUOUS, NULL},
        {"zip64 offset",
         {{'C', 42, 4, UINT32_MAX}},
         ANTIVIRUS_NO_UNPACKER,
         "member 1 is in the zip64 format"},
        {"another disk", {{'C', 34, 2, 1}}, ANTIVIRUS_AMBIGUOUS, "member 1 is on another disk"},
        {"one of several parts", {{'E', 4, 2, 1}}, ANTIVIRUS_AMBIGUOUS, NULL},
        {"fewer members on this disk", {{'E', 8, 2, 1}}, ANTIVIRUS_AMBIGUOUS, NULL},
        {"fewer members than there are",
         {{'E', 8, 2, 1}, {'E', 10, 2, 1}},
         ANTIVIRUS_AMBIGUOUS,
         "it has 2 members, and says 1"},
        {"more members than there are", {{'E', 8, 2, 3}, {'E', 10, 2, 3}}, ANTIVIRUS_AMBIGUOUS, NULL},
        {"a directory of another length", {{'E', 12, 4, 20}}, ANTIVIRUS_AMBIGUOUS, NULL},
        {"a directory elsewhere",
         {{'E', 16, 4, 0x7fffffff}},
         ANTIVIRUS_AMBIGUOUS,
         "it has no directory at its end"},
        {"a comment beyond the file", {{'E', 20, 2, 9}}, ANTIVIRUS_AMBIGUOUS, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf b = {0};

        make_two(&b);
        zip_patch(&b, cases[i].patch);
        zip_expect(cases[i].what, &b, cases[i].why, cases[i].text);
        buf_free(&b);
    }
}

static void sizes_that_only_zip64_has_are_objected_to(void **state)
{
    struct zip_member m = {.name = "a.txt", .data = VIEW(ZIP_TEXT), .zip64 = true};
    struct buf b = {0};

    (void)state;
    zip_make(&b, &m, 1);
    zip_expect("local sizes in an extra field", &b, ANTIVIRUS_NO_UNPACKER, "member 1 is in the zip64 format");
    buf_free(&b);
}

/* The end record says nothing, zip64's one all. */
static void a_directory_that_only_zip64_names_is_objected_to(void **state)
{
    struct buf b = {0}, whole = {0};
    size_t end, first;

    (void)state;
    zip_make(&b, zip_two, 2);
    end = (size_t)(zip_find(&b, 'E') - b.p);
    first = (size_t)(zip_find(&b, 'C') - b.p);
    buf_add(&whole, b.p, end);
    zip_put(&whole, 4, 0x06064b50);
    zip_put(&whole, 8, 44);
    zip_put(&whole, 4, 45 | 45 << 16);
    zip_put(&whole, 8, 0);
    zip_put(&whole, 8, 2);
    zip_put(&whole, 8, 2);
    zip_put(&whole, 8, end - first);
    zip_put(&whole, 8, first);
    zip_put(&whole, 4, 0x07064b50);
    zip_put(&whole, 4, 0);
    zip_put(&whole, 8, end);
    zip_put(&whole, 4, 1);
    zip_put_end(&whole, 0xffff, UINT32_MAX, UINT32_MAX);
    zip_expect("zip64 only", &whole, ANTIVIRUS_NO_UNPACKER, "its directory is in the zip64 format");
    buf_free(&b);
    buf_free(&whole);
}

static void more_members_than_allowed_are_a_limit(void **state)
{
    struct zip_member m[21];
    struct buf b = {0};

    (void)state;
    for (size_t i = 0; i < 21; i++)
        m[i] = zip_two[0];
    zip_make(&b, m, 20);
    zip_expect("as many as allowed", &b, ANTIVIRUS_EXAMINED, "");
    buf_clear(&b);
    zip_make(&b, m, 21);
    zip_expect("one more", &b, ANTIVIRUS_LIMIT, "it has more than 20 members");
    buf_free(&b);
}

static void all_members_together_are_limited(void **state)
{
    struct zip_member m[2] = {{.name = "a", .data = VIEW(ZIP_TEXT), .method = 8, .size = 90000},
                              {.name = "b", .data = VIEW(ZIP_TEXT), .method = 8, .size = 90000}};
    struct buf b = {0};

    (void)state;
    zip_make(&b, m, 1);
    zip_expect("one of them", &b, ANTIVIRUS_EXAMINED, "");
    buf_clear(&b);
    zip_make(&b, m, 2);
    zip_expect("both", &b, ANTIVIRUS_LIMIT, "its members are more than 150000 bytes long");
    buf_free(&b);
}

/* The directory of an archive of two names one of them only. */
static void make_hidden(struct buf *b, bool first)
{
    struct buf directory = {0};
    uint32_t offset = 0;

    for (unsigned i = 0; i < 2; i++) {
        if ((i == 0) == first)
            offset = (uint32_t)b->n, zip_put_entry(&directory, &zip_two[i], offset);
        zip_put_local(b, &zip_two[i]);
    }
    offset = (uint32_t)b->n;
    buf_add_view(b, buf_view(&directory));
    zip_put_end(b, 1, (uint32_t)directory.n, offset);
    buf_free(&directory);
}

static void a_member_that_the_directory_does_not_name_is_found(void **state)
{
    struct buf b = {0};

    (void)state;
    make_hidden(&b, true);
    zip_expect("behind", &b, ANTIVIRUS_AMBIGUOUS, "there is a member that the directory does not name");
    buf_clear(&b);
    make_hidden(&b, false);
    zip_expect("before", &b, ANTIVIRUS_AMBIGUOUS, "it begins with a member that the directory does not name");
    buf_clear(&b);
    zip_make(&b, zip_streamed, 1);
    zip_make(&b, zip_two, 2);
    zip_expect("an archive before an archive", &b, ANTIVIRUS_AMBIGUOUS, NULL);
    buf_free(&b);
}

static void an_end_record_in_a_comment_is_ambiguous(void **state)
{
    struct buf b = {0};
    size_t end;

    (void)state;
    zip_make(&b, zip_two, 2);
    end = b.n;
    zip_make(&b, zip_two, 1);
    b.p[end - 2] = (char)(b.n - end);
    zip_expect("a whole archive as the comment", &b, ANTIVIRUS_AMBIGUOUS,
               "it has two end records, one in the comment of the other");
    buf_free(&b);
}

static void an_archive_is_not_lost_behind_what_follows(void **state)
{
    struct buf b = {0};

    (void)state;
    zip_make(&b, zip_two, 2);
    for (int i = 0; i < 70000; i++)
        buf_add_char(&b, 'x');
    zip_expect("70,000 bytes behind it", &b, ANTIVIRUS_AMBIGUOUS, "it has no directory at its end");
    buf_clear(&b);
    zip_make(&b, zip_two, 2);
    b.n -= 30;
    zip_expect("cut off", &b, ANTIVIRUS_AMBIGUOUS, "it has no directory at its end");
    buf_free(&b);
}

static void an_empty_end_record_does_not_hide_the_one_before_it(void **state)
{
    struct av_zip_report r;
    struct buf b = {0};

    (void)state;
    buf_add_str(&b, "some bytes");
    zip_make(&b, zip_two, 2);
    zip_put_end(&b, 0, 0, 0);
    zip_look(&b, &r);
    assert_int_equal(r.members, 2);
    buf_free(&b);
}

static void the_worst_reason_wins(void **state)
{
    static const struct zip_patch mixed[ZIP_PATCHES] = {{'C', 8, 2, 1}, {'L', 6, 2, 1}, {'E', 4, 2, 1}};
    struct buf b = {0};

    (void)state;
    make_two(&b);
    zip_patch(&b, mixed);
    zip_expect("encrypted and in parts", &b, ANTIVIRUS_AMBIGUOUS,
               "it is a part of an archive in several parts");
    buf_free(&b);
}

static void members_in_another_order_are_no_objection(void **state)
{
    struct buf b = {0}, directory = {0};
    uint32_t second, first;

    (void)state;
    zip_put_local(&b, &zip_two[0]);
    second = (uint32_t)b.n;
    zip_put_local(&b, &zip_two[1]);
    first = (uint32_t)b.n;
    zip_put_entry(&directory, &zip_two[1], second);
    zip_put_entry(&directory, &zip_two[0], 0);
    buf_add_view(&b, buf_view(&directory));
    zip_put_end(&b, 2, (uint32_t)directory.n, first);
    zip_expect("the last one first", &b, ANTIVIRUS_EXAMINED, "");
    buf_free(&directory);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_archive_is_left_alone),
        cmocka_unit_test(honest_archives_raise_no_objection),
        cmocka_unit_test(each_contradiction_is_named),
        cmocka_unit_test(sizes_that_only_zip64_has_are_objected_to),
        cmocka_unit_test(a_directory_that_only_zip64_names_is_objected_to),
        cmocka_unit_test(more_members_than_allowed_are_a_limit),
        cmocka_unit_test(all_members_together_are_limited),
        cmocka_unit_test(a_member_that_the_directory_does_not_name_is_found),
        cmocka_unit_test(an_end_record_in_a_comment_is_ambiguous),
        cmocka_unit_test(an_archive_is_not_lost_behind_what_follows),
        cmocka_unit_test(an_empty_end_record_does_not_hide_the_one_before_it),
        cmocka_unit_test(the_worst_reason_wins),
        cmocka_unit_test(members_in_another_order_are_no_objection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
