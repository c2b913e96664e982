/*
 * test_av_zip_unseen.c - archives that libclamav passes over though their directory is in order.
 *
 * Run by "make check". Beside test_av_zip.c, which has those that contradict
 * themselves: here other bytes stand around an archive, or more is packed in a
 * member than it says.
 */
#include "zip_world.h"

/* What stands before the archive, whether its offsets count that, whether its sizes stand behind the data. */
static const struct {
    const char *what;
    struct view before;
    bool counted, streamed, unseen;
} prefixes[] = {
    {"nothing", {NULL, 0}, true, true, false},
    {"bytes, sizes before the data", {"some bytes", 10}, false, false, false},
    {"bytes", {"some bytes", 10}, false, true, true},
    {"bytes that the offsets count", {"some bytes", 10}, true, true, true},
    {"one byte", {"s", 1}, true, true, true},
    {"four bytes", {"some", 4}, true, true, true},
    {"the mark of several parts", {"PK\7\10", 4}, true, true, false},
    {"the mark of a single part", {"PK00", 4}, true, true, false},
};

/* libclamav does not find these: it looks for the members by their headers, which do not tell where they end.
 */
static void streamed_members_behind_other_bytes_are_unseen(void **state)
{
    struct av_zip_report r;

    (void)state;
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        struct buf b = {0};
        uint32_t shift = prefixes[i].counted ? (uint32_t)prefixes[i].before.n : 0;

        if (prefixes[i].before.n)
            buf_add_view(&b, prefixes[i].before);
        zip_make(&b, prefixes[i].streamed ? zip_streamed : zip_two, 1);
        zip_patch(&b, (struct zip_patch[ZIP_PATCHES]){
                          {'C', 42, 4, shift},
                          {'E', 16, 4, (uint32_t)(zip_find(&b, 'C') - b.p - prefixes[i].before.n) + shift}});
        zip_look(&b, &r);
        if (!r.is_zip || r.why != ANTIVIRUS_EXAMINED || r.unseen != prefixes[i].unseen)
            fail_msg("%s: %d, %s", prefixes[i].what, r.unseen, r.text);
        buf_free(&b);
    }
}

static void other_bytes_around_it_do_not_hide_it(void **state)
{
    struct av_zip_report r;
    struct buf b = {0};

    (void)state;
    buf_add_str(&b, "some bytes");
    zip_make(&b, zip_streamed, 1);
    for (int i = 0; i < 70000; i++)
        buf_add_char(&b, 'P');
    zip_look(&b, &r);
    assert_true(r.is_zip);
    assert_true(r.unseen);
    buf_free(&b);
}

static void the_directory_tells_archives_apart(void **state)
{
    struct av_zip_report r;
    struct buf b = {0};
    size_t size;

    (void)state;
    zip_make(&b, zip_two, 2);
    size = (size_t)(zip_find(&b, 'E') - zip_find(&b, 'C'));
    av_zip_check(buf_view(&b), &zip_limits, &r);
    assert_ptr_equal(r.directory.p, zip_find(&b, 'C'));
    assert_int_equal(r.directory.n, size);
    buf_free(&b);
}

/* The first stream is all that libclamav unpacks. */
static void bzip2_in_several_streams_is_objected_to(void **state)
{
    struct zip_member m[2] = {
        {.name = "a", .data = VIEW("BZh91AY&SY............"), .method = 12, .size = 50},
        {.name = "b", .data = VIEW("BZh91AY&SY............"), .method = 12, .size = 50}};
    struct buf b = {0};

    (void)state;
    zip_make(&b, m, 2);
    zip_expect("one stream in each", &b, ANTIVIRUS_EXAMINED, "");
    buf_clear(&b);
    m[1].data = VIEW("BZh91AY&SY....BZh91AY&SY....");
    zip_make(&b, m, 2);
    zip_expect("two in the second", &b, ANTIVIRUS_NO_UNPACKER, "member 2 is bzip2 in several streams");
    buf_clear(&b);
    m[1].method = 0, m[1].size = 0;
    zip_make(&b, m, 2);
    zip_expect("two, stored", &b, ANTIVIRUS_EXAMINED, "");
    buf_free(&b);
}

static void what_is_packed_is_not_empty(void **state)
{
    static const struct {
        const char *what;
        struct zip_patch patch[ZIP_PATCHES];
        enum antivirus_why why;
    } empties[] = {
        {"xz, and no byte unpacked",
         {{'C', 10, 2, 95}, {'L', 8, 2, 95}, {'C', 24, 4, 0}, {'L', 22, 4, 0}},
         ANTIVIRUS_NO_UNPACKER},
        {"deflate, and few bytes unpacked",
         {{'C', 10, 2, 8}, {'L', 8, 2, 8}, {'C', 24, 4, 5}, {'L', 22, 4, 5}},
         ANTIVIRUS_AMBIGUOUS},
        {"deflate, and some more", {{'C', 10, 2, 8}, {'L', 8, 2, 8}, {'C', 24, 4, 6}, {'L', 22, 4, 6}}, 0},
    };
    static const char data[70] = "seventy bytes";
    const struct zip_member m = {.name = "a", .data = {data, sizeof data}};

    (void)state;
    for (size_t i = 0; i < sizeof empties / sizeof *empties; i++) {
        struct buf b = {0};

        zip_make(&b, &m, 1);
        zip_patch(&b, empties[i].patch);
        zip_expect(empties[i].what, &b, empties[i].why, NULL);
        buf_free(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streamed_members_behind_other_bytes_are_unseen),
        cmocka_unit_test(other_bytes_around_it_do_not_hide_it),
        cmocka_unit_test(the_directory_tells_archives_apart),
        cmocka_unit_test(bzip2_in_several_streams_is_objected_to),
        cmocka_unit_test(what_is_packed_is_not_empty),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
