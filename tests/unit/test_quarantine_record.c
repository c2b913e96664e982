/*
 * test_quarantine_record.c - unit tests of spoold/quarantine_record.c: reading the .json of an entry, and
 * writing it.
 *
 * Run by `make check`. The file may have been damaged in any way; nothing of a damaged one is believed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/xalloc.h"
#include "spoold/quarantine_record.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static int parse(struct quarantine_record *r, const char *text)
{
    struct buf raw = {0};

    buf_add_str(&raw, text);
    return quarantine_record_parse(r, &raw);
}

#define WHOLE                                                                                                \
    "{\"v\":1,\"id\":\"x\",\"at\":\"2026-01-02T03:04:05.678Z\",\"class\":\"virus\",\"reason\":\"virus: "     \
    "Eicar\",\"from\":\"a\\\"b@example.org\",\"recipients\":[\"1@example.net\",\"\\u00e9@example.net\"],"    \
    "\"size\":34,\"sha256\":\"00ff\",\"virus\":{\"state\":\"infected\",\"name\":\"Eicar\",\"n\":[1,{}]},"    \
    "\"parts\":[{\"type\":\"a/b\"},{}],\"parts_more\":3,\"oddities\":[\"types\"],\"ambiguous\":true,"        \
    "\"crash\":{\"name\":\"no\"},\"raw\":true}\n"

static void reads_what_spoold_writes(void **state)
{
    struct quarantine_record r;

    (void)state;
    assert_int_equal(parse(&r, WHOLE), 0);
    assert_true(view_equal(r.at, VIEW("2026-01-02T03:04:05.678Z")));
    assert_true(view_equal(r.reason, VIEW("virus: Eicar")));
    assert_true(view_equal(r.sender, VIEW("a\"b@example.org")));
    assert_true(r.has_sender && r.has_rcpt);
    assert_int_equal(r.rcpt_n, 2);
    assert_true(view_equal(r.rcpt[1], VIEW("\xe9@example.net")));
    assert_int_equal(r.size, 34);
    assert_true(view_equal(r.sha256, VIEW("00ff")));
    assert_true(view_equal(r.virus_name, VIEW("Eicar")));
    assert_int_equal(r.releases, 0);
    assert_true(view_equal(r.parts, VIEW("[{\"type\":\"a/b\"},{}]")));
    assert_true(view_equal(r.oddities, VIEW("[\"types\"]")));
    assert_true(r.ambiguous && r.parts_more == 3);
    quarantine_record_free(&r);
    assert_int_equal(parse(&r, "{\"ambiguous\":false}"), 0);
    assert_true(!r.ambiguous && !r.parts.n && !r.oddities.n);
    quarantine_record_free(&r);
}

static void refuses_what_is_damaged(void **state)
{
    static const char *const cases[] = {
        "",
        "\n",
        "{",
        "[]",
        "{\"size\":34",
        "{\"size\":-1}",
        "{\"recipients\":\"a\"}",
        "{\"recipients\":[\"a\"",
        "{\"recipients\":[\"a\",]}",
        "{\"recipients\":[],\"recipients\":[\"a\"]}",
        "{\"virus\":3}",
        "{\"virus\":{\"name\":3}}",
        "{\"parts\":{}}",
        "{\"parts\":[{]}",
        "{\"parts\":null}",
        "{\"parts_more\":[]}",
        "{\"oddities\":\"types\"}",
        "{\"ambiguous\":}",
        "{\"a\":1}{",
        "{\"a\":1,}",
        "{\"a\" :1}",
        "{\"from\":\"a\nb\"}",
        "{\"size\":99999999999999999999}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct quarantine_record r;

        print_message("%s\n", cases[i]);
        errno = 0;
        assert_int_equal(parse(&r, cases[i]), -1);
        assert_int_equal(errno, EBADMSG);
        quarantine_record_free(&r);
    }
}

static void too_many_members_are_damage(void **state)
{
    struct quarantine_record r;
    struct buf text = {0};

    (void)state;
    for (int i = 0; i <= QUARANTINE_MEMBERS_MAX; i++)
        buf_addf(&text, "%c\"k%d\":0", i ? ',' : '{', i);
    buf_add_str(&text, "}");
    assert_int_equal(parse(&r, text.p), -1);
    quarantine_record_free(&r);
    buf_free(&text);
}

static void writes_the_rest_and_keeps_all_else(void **state)
{
    struct view rest[] = {VIEW("\xe9@example.net")};
    struct quarantine_record r, again;
    struct buf out = {0};
    json_t *j;

    (void)state;
    assert_int_equal(parse(&r, WHOLE), 0);
    quarantine_record_write(&r, rest, 1, &out);
    j = json_loadb(out.p, out.n, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(j);
    assert_string_equal(json_string_value(json_object_get(j, "class")), "virus");
    assert_true(json_is_true(json_object_get(j, "raw")));
    assert_non_null(json_object_get(json_object_get(j, "crash"), "name"));
    assert_int_equal(json_array_size(json_object_get(j, "parts")), 2);
    assert_true(json_is_true(json_object_get(j, "ambiguous")));
    json_decref(j);
    assert_int_equal(quarantine_record_parse(&again, &out), 0);
    assert_int_equal(again.rcpt_n, 1);
    assert_true(view_equal(again.rcpt[0], rest[0]));
    assert_int_equal(again.releases, 1);
    assert_true(view_equal(again.virus, r.virus) && view_equal(again.at, r.at));
    quarantine_record_free(&r);
    quarantine_record_write(&again, rest, 1, &out);
    quarantine_record_free(&again);
    assert_int_equal(quarantine_record_parse(&again, &out), 0);
    assert_int_equal(again.releases, 2);
    quarantine_record_free(&again);
}

static void of_a_lost_record_a_new_one_is_made(void **state)
{
    struct quarantine_record none = {.size = 0}, r;
    struct view rest[] = {VIEW("a@example.net")};
    struct buf out = {0};

    (void)state;
    quarantine_record_write(&none, rest, 1, &out);
    assert_int_equal(quarantine_record_parse(&r, &out), 0);
    assert_int_equal(r.rcpt_n, 1);
    assert_int_equal(r.releases, 1);
    quarantine_record_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_spoold_writes),
        cmocka_unit_test(refuses_what_is_damaged),
        cmocka_unit_test(too_many_members_are_damage),
        cmocka_unit_test(writes_the_rest_and_keeps_all_else),
        cmocka_unit_test(of_a_lost_record_a_new_one_is_made),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
