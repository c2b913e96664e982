/*
 * test_parts.c - unit tests of common/parts.c: what goes in comes out harmless, and what is no list is
 * refused whole.
 *
 * Run by `make check`. The packed form is also spoiled byte by byte: what is still taken must pack into
 * the same bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/parts.h"
#include "common/xalloc.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

static void add(struct parts *p, const char *type, const char *name)
{
    struct parts_item numbers = {.size = 7};

    /* Each another content. */
    memset(numbers.sha256, 0xab, sizeof numbers.sha256);
    numbers.sha256[8] ^= (unsigned char)p->n;
    numbers.sha256[9] ^= (unsigned char)(p->n == PARTS_LISTED_MAX ? p->more : 0);
    parts_add(p, &numbers, view_of(type), view_of(name));
}

static void the_same_is_listed_once(void **state)
{
    struct parts_item one = {.size = 7}, two = {.size = 7, .sha256 = {1}};
    struct parts p = {0};

    (void)state;
    parts_add(&p, &one, VIEW("a/b"), VIEW("n"));
    parts_add(&p, &one, VIEW("A/B"), VIEW("n"));
    assert_int_equal(p.n, 1);
    parts_add(&p, &one, VIEW("a/b"), VIEW("m"));
    parts_add(&p, &one, VIEW("a/c"), VIEW("n"));
    parts_add(&p, &two, VIEW("a/b"), VIEW("n"));
    assert_int_equal(p.n, 4);
    assert_int_equal(p.more, 0);
    parts_free(&p);
}

static void types_and_names_become_harmless(void **state)
{
    static const struct {
        const char *says, *type, *name, *wanted_type, *wanted_name;
    } cases[] = {
        {"usual ones stay", "text/plain", "notes.txt", "text/plain", "notes.txt"},
        {"types are lower case", "Text/HTML", "A", "text/html", "A"},
        {"a type has no blanks and control characters", "a b/\t\n\x7f\xff", "", "a?b/????", ""},
        {"UTF-8 stays in a name", "", "\xc3\xa9\xe4\xb8\xad\xf0\x9f\x98\x80", "",
         "\xc3\xa9\xe4\xb8\xad\xf0\x9f\x98\x80"},
        {"control characters do not, C1 neither", "",
         "a\x1b[2J\r\n\x7f\xc2\x9b"
         "b",
         "",
         "a?[2J???"
         "?"
         "?b"},
        {"an overlong form is no character", "", "\xc0\xaf|\xe0\x80\xaf", "", "??|???"},
        {"a surrogate is none", "", "\xed\xa0\x80", "", "???"},
        {"half a character is none", "", "a\xe4\xb8", "", "a??"},
        {"beyond U+10FFFF there is none", "", "\xf4\x90\x80\x80\xf8", "", "?????"},
        {"quotes and backslashes stay", "a\"/\\", "\"\\", "a\"/\\", "\"\\"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct parts p = {0};

        add(&p, cases[i].type, cases[i].name);
        if (strcmp(p.item[0].type, cases[i].wanted_type) != 0 ||
            strcmp(p.item[0].name, cases[i].wanted_name) != 0)
            fail_msg("%s: '%s', '%s'", cases[i].says, p.item[0].type, p.item[0].name);
        parts_free(&p);
        assert_null(p.item);
    }
}

static void long_ones_are_cut_between_characters(void **state)
{
    static const struct {
        size_t plain; /* bytes before a character of two */
        size_t wanted;
    } cases[] = {{PARTS_NAME_MAX - 2, PARTS_NAME_MAX},
                 {PARTS_NAME_MAX - 1, PARTS_NAME_MAX - 1},
                 {PARTS_NAME_MAX, PARTS_NAME_MAX},
                 {PARTS_NAME_MAX + 1, PARTS_NAME_MAX}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct parts p = {0};
        char *text = xasprintf("%0*d\xc3\xa9", (int)cases[i].plain, 0);

        add(&p, text, text);
        assert_int_equal(strlen(p.item[0].name), cases[i].wanted);
        assert_int_equal(strlen(p.item[0].type), PARTS_TYPE_MAX);
        parts_free(&p);
        free(text);
    }
}

static void numbers_are_kept_within_what_can_be_told(void **state)
{
    const struct parts_item numbers = {.flags = UINT32_MAX, .size = UINT64_MAX};
    struct parts p = {0};

    (void)state;
    parts_add(&p, &numbers, VIEW("a/b"), VIEW(""));
    assert_int_equal(p.item[0].flags, PARTS_OTHER_READING | PARTS_INSIDE);
    assert_true(p.item[0].size == INT64_MAX);
    parts_free(&p);
}

/* One fewer than are listed, as many, and one and two more. */
static void all_are_counted_and_some_are_listed(void **state)
{
    (void)state;
    for (uint32_t n = PARTS_LISTED_MAX - 1; n <= PARTS_LISTED_MAX + 2; n++) {
        struct parts p = {.odd = oddity_bit(ODDITY__MAX - 1)}, again = {0};
        char *longest = xasprintf("%0300d", 0);
        struct buf b = {0};

        for (uint32_t i = 0; i < n; i++)
            add(&p, longest, longest);
        assert_int_equal(p.n, n < PARTS_LISTED_MAX ? n : PARTS_LISTED_MAX);
        assert_int_equal(p.n + p.more, n);
        parts_pack(&b, &p);
        assert_true(b.n <= PARTS_PACKED_MAX);
        assert_int_equal(parts_unpack(buf_view(&b), &again), 0);
        assert_true(again.n == p.n && again.more == p.more && again.odd == p.odd);
        assert_memory_equal(again.item, p.item, p.n * sizeof *p.item);
        parts_free(&p);
        parts_free(&again);
        buf_free(&b);
        free(longest);
    }
}

/* Head: version 4, oddities 8, items 4, more 4. Item: flags 4, size 8, SHA-256 32, lengths 1 and 1. */
#define ITEM 20

static const struct {
    const char *says;
    size_t at;
    unsigned char byte;
    int rc;
} spoiled[] = {
    {"another version", 0, 2, -1},
    {"the version is four bytes", 3, 1, -1},
    {"another oddity", 4, 1 << ODDITY_TYPES, 0},
    {"the oddity that is none", 4, 1, -1},
    {"the last oddity there is", 4 + (ODDITY__MAX - 1) / 8, 1 << (ODDITY__MAX - 1) % 8, 0},
    {"one beyond the table", 4 + ODDITY__MAX / 8, 1 << ODDITY__MAX % 8, -1},
    {"the last bit", 11, 0x80, -1},
    {"fewer items than there are", 12, 1, -1},
    {"more items than there are", 12, 3, -1},
    {"very many", 15, 0xff, -1},
    {"some that are not listed", 16, 9, 0},
    {"flags that there are", ITEM, PARTS_INSIDE | PARTS_OTHER_READING, 0},
    {"flags that there are not", ITEM, 4, -1},
    {"a size below 0", ITEM + 11, 0x80, -1},
    {"the largest size", ITEM + 11, 0x7f, 0},
    {"any hash", ITEM + 12, 0, 0},
    {"a type that reaches into the name", ITEM + 44, 4, -1},
    {"a name that reaches into the next item", ITEM + 45, 255, -1},
    {"a capital letter in the type", ITEM + 46, 'A', -1},
    {"a blank in the type", ITEM + 46, ' ', -1},
    {"a NUL in the type", ITEM + 46, '\0', -1},
    {"a byte above ASCII in the type", ITEM + 46, 0xc3, -1},
    {"another character in the name", ITEM + 49, 'N', 0},
    {"a control character in the name", ITEM + 49, 0x1b, -1},
    {"a NUL in the name", ITEM + 49, '\0', -1},
    {"half a character in the name", ITEM + 51, 0xc3, -1},
};

/* Two items: "a/b" named "nam", "c/d" without a name. */
static void pack_two(struct buf *b)
{
    struct parts p = {0};

    add(&p, "a/b", "nam");
    add(&p, "c/d", "");
    parts_pack(b, &p);
    parts_free(&p);
}

static void what_is_no_list_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof spoiled / sizeof *spoiled; i++) {
        struct buf b = {0}, again = {0};
        struct parts p = {0};
        int rc;

        pack_two(&b);
        assert_int_equal(b.n, ITEM + 46 + 6 + 46 + 3);
        b.p[spoiled[i].at] = (char)spoiled[i].byte;
        errno = 0;
        rc = parts_unpack(buf_view(&b), &p);
        if (rc != spoiled[i].rc || (rc < 0 && (errno != EPROTO || p.n || p.item)))
            fail_msg("%s: %d", spoiled[i].says, rc);
        parts_pack(&again, &p);
        assert_true(rc < 0 || view_equal(buf_view(&b), buf_view(&again)));
        parts_free(&p);
        buf_free(&b);
        buf_free(&again);
    }
}

static void a_list_that_is_cut_or_longer_is_refused(void **state)
{
    struct buf b = {0};
    struct parts p = {0};
    size_t whole = 0;

    (void)state;
    pack_two(&b);
    whole = b.n;
    for (size_t n = 0; n < whole; n++) {
        /* Of its own size, so that a byte too far is seen by the sanitizer. */
        char *cut = xstrndup("", 0);

        cut = xrealloc(cut, n ? n : 1, 1);
        memcpy(cut, b.p, n);
        assert_int_equal(parts_unpack((struct view){cut, n}, &p), -1);
        assert_null(p.item);
        free(cut);
    }
    buf_add_char(&b, '\0');
    assert_int_equal(parts_unpack(buf_view(&b), &p), -1);
    assert_int_equal(parts_unpack((struct view){NULL, 0}, &p), -1);
    b.n = whole;
    assert_int_equal(parts_unpack(buf_view(&b), &p), 0);
    parts_free(&p);
    buf_free(&b);
}

static void more_bytes_than_a_list_may_have_are_refused(void **state)
{
    char *big = xcalloc(1, PARTS_PACKED_MAX + 1);
    struct parts p = {0};

    (void)state;
    big[0] = 1;
    assert_int_equal(parts_unpack((struct view){big, 20}, &p), 0);
    assert_true(parts_is_empty(&p));
    assert_int_equal(parts_unpack((struct view){big, PARTS_PACKED_MAX + 1}, &p), -1);
    free(big);
}

static void json_is_as_it_is_documented(void **state)
{
    struct parts p = {.odd = oddity_bit(ODDITY_BOUNDARIES) | oddity_bit(ODDITY_AROUND), .more = 2};
    struct parts_item numbers = {.flags = PARTS_INSIDE | PARTS_OTHER_READING, .size = 12};
    struct buf out = {0};
    struct json j;

    (void)state;
    add(&p, "text/plain", "\"q\"");
    parts_add(&p, &numbers, VIEW("application/zip"), VIEW(""));
    json_open(&j, &out);
    parts_add_json(&j, &p);
    json_close(&j);
    assert_string_equal(
        out.p,
        "{\"v\":1,\"parts\":[{\"type\":\"text/plain\",\"name\":\"\\\"q\\\"\",\"size\":7,\"sha256\":"
        "\"abababababababababababababababababababababababababababababababab\",\"reading\":\"all\"},"
        "{\"type\":\"application/zip\",\"name\":\"\",\"size\":12,\"sha256\":"
        "\"0000000000000000000000000000000000000000000000000000000000000000\",\"reading\":\"some\","
        "\"inside\":true}],\"parts_more\":2,\"oddities\":[\"boundaries\",\"around\"],\"ambiguous\":true}");
    parts_free(&p);
    buf_clear(&out);
    json_open(&j, &out);
    parts_add_json(&j, &p);
    json_close(&j);
    assert_string_equal(out.p, "{\"v\":1,\"parts\":[],\"oddities\":[],\"ambiguous\":false}");
    buf_free(&out);
}

/* Whatever room there is, it is kept to, nothing is left out in the middle, and all are counted. */
static void json_keeps_to_the_room_that_it_has(void **state)
{
    enum { N = 20, LENGTH = 200 };
    struct parts p = {0};
    char *name = xasprintf("%0*d", LENGTH, 0);
    size_t before = 0;

    (void)state;
    for (int i = 0; i < N; i++)
        add(&p, "a/b", name);
    for (size_t max = 0; max < N * (LENGTH + 200); max += 97) {
        struct buf out = {0};
        struct json j = {.out = &out};
        json_t *o, *list;
        size_t n = 0;
        char *text;

        buf_add_char(&out, '{');
        parts_add_json_within(&j, &p, max);
        buf_add_char(&out, '}');
        o = json_loadb(out.p, out.n, 0, NULL);
        list = json_object_get(o, "parts");
        n = json_array_size(list);
        assert_int_equal(n + (size_t)json_integer_value(json_object_get(o, "parts_more")), N);
        text = json_dumps(list, JSON_COMPACT | JSON_PRESERVE_ORDER);
        assert_true(n == 0 || strlen(text) <= max);
        assert_true(n >= before);
        before = n;
        free(text);
        json_decref(o);
        buf_free(&out);
    }
    assert_int_equal(before, N);
    parts_free(&p);
    free(name);
}

static void what_is_ambiguous_has_its_names(void **state)
{
    static const struct {
        uint64_t odd;
        const char *names;
    } cases[] = {
        {0, ""},
        {1ull << ODDITY_AROUND | 1ull << ODDITY_PARTS_MAX, ""},
        {1ull << ODDITY_TYPES, "types"},
        {1ull << ODDITY_BOUNDARIES | 1ull << ODDITY_TYPES | 1ull << ODDITY_CR, "types, boundaries"},
    };
    struct parts all = {.odd = UINT64_MAX};
    struct buf names = {0};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct parts p = {.odd = cases[i].odd};

        buf_clear(&names);
        parts_add_ambiguous(&names, &p);
        assert_string_equal(names.n ? names.p : "", cases[i].names);
        assert_int_equal(parts_is_ambiguous(&p), names.n > 0);
        assert_int_equal(parts_is_empty(&p), cases[i].odd == 0);
    }
    parts_add_ambiguous(&names, &all);
    assert_true(names.n <= 500 /* a line of a header stays far below 998 */);
    buf_free(&names);
}

/* Found by the fuzzer: it came back as one item, and so packed into other bytes. */
static void the_same_item_twice_is_refused(void **state)
{
    struct parts one = {0}, again = {0};
    struct buf b = {0};

    (void)state;
    parts_add(&one, &(struct parts_item){.size = 5}, VIEW("text/plain"), VIEW("a"));
    parts_pack(&b, &one);
    assert_int_equal(parts_unpack(buf_view(&b), &again), 0);
    parts_free(&again);
    buf_reserve(&b, b.n);
    memcpy(b.p + b.n, b.p + 20, b.n - 20);
    b.n += b.n - 20;
    b.p[12] = 2;
    assert_int_equal(parts_unpack(buf_view(&b), &again), -1);
    parts_free(&one);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_item_twice_is_refused),
        cmocka_unit_test(the_same_is_listed_once),
        cmocka_unit_test(types_and_names_become_harmless),
        cmocka_unit_test(long_ones_are_cut_between_characters),
        cmocka_unit_test(numbers_are_kept_within_what_can_be_told),
        cmocka_unit_test(all_are_counted_and_some_are_listed),
        cmocka_unit_test(what_is_no_list_is_refused),
        cmocka_unit_test(a_list_that_is_cut_or_longer_is_refused),
        cmocka_unit_test(more_bytes_than_a_list_may_have_are_refused),
        cmocka_unit_test(json_is_as_it_is_documented),
        cmocka_unit_test(json_keeps_to_the_room_that_it_has),
        cmocka_unit_test(what_is_ambiguous_has_its_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
