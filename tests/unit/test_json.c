/*
 * test_json.c - what json.c writes, byte by byte.
 *
 * The line of an audit is read by other programs: these cases fix the escapes,
 * the "raw" member and the form of times. Trusts nothing but the expected text.
 */
#include "common/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void assert_text(struct buf *out, const char *wanted)
{
    assert_int_equal(out->n, strlen(wanted));
    assert_memory_equal(out->p, wanted, out->n);
    buf_free(out);
}

static void writes_strings(void **state)
{
    static const struct {
        const char *says;
        struct view in;
        const char *wanted;
    } cases[] = {
        {"plain text stays as it is", {"a b", 3}, "{\"v\":1,\"k\":\"a b\"}"},
        {"nothing is an empty string", {NULL, 0}, "{\"v\":1,\"k\":\"\"}"},
        {"quotes and backslashes are escaped", {"\"\\/", 3}, "{\"v\":1,\"k\":\"\\\"\\\\/\"}"},
        {"control bytes are escaped, a NUL too",
         {"\0\n\x1f\x7f", 4},
         "{\"v\":1,\"k\":\"\\u0000\\u000a\\u001f\x7f\"}"},
        {"UTF-8 stays as it is",
         {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x93\xa7", 9},
         "{\"v\":1,\"k\":\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x93\xa7\"}"},
        {"a lone byte is marked raw", {"a\xe9z", 3}, "{\"v\":1,\"k\":\"a\\u00e9z\",\"raw\":true}"},
        {"a cut sequence is raw", {"\xe2\x82", 2}, "{\"v\":1,\"k\":\"\\u00e2\\u0082\",\"raw\":true}"},
        {"an overlong form is raw", {"\xc0\xaf", 2}, "{\"v\":1,\"k\":\"\\u00c0\\u00af\",\"raw\":true}"},
        {"an overlong three-byte form is raw",
         {"\xe0\x80\xaf", 3},
         "{\"v\":1,\"k\":\"\\u00e0\\u0080\\u00af\",\"raw\":true}"},
        {"a surrogate is raw", {"\xed\xa0\x80", 3}, "{\"v\":1,\"k\":\"\\u00ed\\u00a0\\u0080\",\"raw\":true}"},
        {"beyond U+10FFFF is raw",
         {"\xf4\x90\x80\x80", 4},
         "{\"v\":1,\"k\":\"\\u00f4\\u0090\\u0080\\u0080\",\"raw\":true}"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out = {0};
        struct json j = {0};

        print_message("%s\n", cases[i].says);
        json_open(&j, &out);
        json_add_view(&j, "k", cases[i].in);
        json_close(&j);
        assert_text(&out, cases[i].wanted);
    }
}

static void writes_members_in_order(void **state)
{
    const struct view all[2] = {VIEW("a"), VIEW("b\"")};
    struct buf out = {0};
    struct json j = {0};

    (void)state;
    json_open(&j, &out);
    json_add_str(&j, "s", NULL);
    json_add_int(&j, "i", INT64_MIN);
    json_begin_object(&j, "o");
    json_add_bool(&j, "t", true);
    json_add_bool(&j, "f", false);
    json_end_object(&j);
    json_add_views(&j, "l", all, 2);
    json_add_views(&j, "n", NULL, 0);
    json_add_text(&j, "x", VIEW("{\"y\":2}"));
    json_add_text(&j, "z", VIEW(""));
    json_add_time(&j, "at", 1767323045678);
    json_close(&j);
    assert_text(
        &out,
        "{\"v\":1,\"s\":null,\"i\":-9223372036854775808,\"o\":{\"t\":true,\"f\":false},"
        "\"l\":[\"a\",\"b\\\"\"],\"n\":[],\"x\":{\"y\":2},\"z\":null,\"at\":\"2026-01-02T03:04:05.678Z\"}");
}

static void raw_inside_an_object_is_told_at_the_end(void **state)
{
    struct buf out = {0};
    struct json j = {0};

    (void)state;
    json_open(&j, &out);
    json_begin_object(&j, "o");
    json_add_str(&j, "k", "\xff");
    json_end_object(&j);
    json_close(&j);
    assert_text(&out, "{\"v\":1,\"o\":{\"k\":\"\\u00ff\"},\"raw\":true}");
}

static void writes_times(void **state)
{
    static const struct {
        int64_t ms;
        const char *wanted;
    } cases[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {951782399999, "2000-02-28T23:59:59.999Z"},
        {951782400000, "2000-02-29T00:00:00.000Z"},
        {4107542400000, "2100-03-01T00:00:00.000Z"},
        {-1, "1970-01-01T00:00:00.000Z"},
        {INT64_MAX, "9999-12-31T23:59:59.999Z"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[32];

        assert_int_equal(json_time_text(text, cases[i].ms), 24);
        assert_string_equal(text, cases[i].wanted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_strings),
        cmocka_unit_test(writes_members_in_order),
        cmocka_unit_test(raw_inside_an_object_is_told_at_the_end),
        cmocka_unit_test(writes_times),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
