/*
 * test_antispam_answer.c - unit tests of common/antispam_answer.c: needs and verdicts come out as they went
 * in, harmless and within their limits, and what is no answer is refused whole.
 *
 * Run by `make check`. Packed forms are also cut and spoiled: what is still taken must pack into the same
 * bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/antispam.h"
#include "common/xalloc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static void pack(struct buf *to, const struct antispam_answer *a)
{
    if (a->kind == ANTISPAM_NEEDS)
        antispam_pack_needs(to, a->crumbs, &a->needs);
    else
        antispam_pack_verdict(to, &a->verdict);
}

/* 1: taken, and it packs into the same bytes; 0: refused. */
static int take(struct view bytes)
{
    struct antispam_answer a;
    struct buf again = {0};
    int rc = antispam_unpack_answer(bytes, &a) == 0;

    if (rc) {
        pack(&again, &a);
        if (!view_equal(buf_view(&again), bytes))
            fail_msg("it packs into other bytes");
    } else {
        assert_int_equal(errno, EPROTO);
        assert_true(!a.needs.need && !a.verdict.result && !a.crumbs.n);
    }
    antispam_free_answer(&a);
    buf_free(&again);
    return rc;
}

static void take_spoiled(struct buf *packed)
{
    assert_int_equal(take(buf_view(packed)), 1);
    for (size_t n = 0; n < packed->n; n++)
        assert_int_equal(take((struct view){packed->p, n}), 0);
    for (size_t i = 0; i < packed->n; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            packed->p[i] = (char)(packed->p[i] ^ (1 << bit));
            take(buf_view(packed));
            packed->p[i] = (char)(packed->p[i] ^ (1 << bit));
        }
    buf_add_char(packed, 0);
    assert_int_equal(take(buf_view(packed)), 0);
}

static void needs_come_as_they_were_named(void **state)
{
    struct antispam_answer a;
    struct needs n = {0};
    struct buf packed = {0};

    (void)state;
    needs_add(&n, FACT_TXT, VIEW("example.org"));
    needs_add(&n, FACT_PTR, VIEW("1.2.0.192.in-addr.arpa"));
    antispam_pack_needs(&packed, VIEW("crumbs\0\xff"), &n);
    assert_int_equal(antispam_unpack_answer(buf_view(&packed), &a), 0);
    assert_int_equal(a.kind, ANTISPAM_NEEDS);
    assert_true(view_equal(a.crumbs, VIEW("crumbs\0\xff")));
    assert_int_equal(a.needs.n, 2);
    assert_true(a.needs.need[1].type == FACT_PTR && view_equal(a.needs.need[1].name, n.need[1].name));
    antispam_free_answer(&a);
    take_spoiled(&packed);
    needs_free(&n);
    buf_free(&packed);
}

static void verdicts_come_as_they_were_given(void **state)
{
    struct antispam_result results[] = {
        {.check = CHECK_spf,
         .result = RESULT_softfail,
         .count = 1,
         .props = VIEW("smtp.mailfrom=example.org")},
        {.check = CHECK_rbl,
         .result = RESULT_hit,
         .count = 3,
         .name = VIEW("zen"),
         .detail = VIEW("\xc3\xa9")},
        {.check = CHECK_uribl, .result = RESULT_skipped, .count = 1},
    };
    struct antispam_verdict v = {
        .client = {.ip = VIEW("192.0.2.1"), .helo = VIEW("h"), .via = {VIEW("::1")}, .via_n = 1},
        .result = results,
        .n = 3,
        .from_domain = VIEW("example.org")};
    struct antispam_answer a;
    struct buf packed = {0};

    (void)state;
    antispam_pack_verdict(&packed, &v);
    assert_int_equal(antispam_unpack_answer(buf_view(&packed), &a), 0);
    assert_int_equal(a.kind, ANTISPAM_VERDICT);
    assert_true(view_equal(a.verdict.client.ip, v.client.ip) && a.verdict.client.via_n == 1);
    assert_true(view_equal(a.verdict.from_domain, v.from_domain) && !a.verdict.over);
    assert_int_equal(a.verdict.n, 3);
    for (unsigned i = 0; i < 3; i++) {
        const struct antispam_result *r = &a.verdict.result[i];

        assert_true(r->check == results[i].check && r->result == results[i].result);
        assert_int_equal(r->count, results[i].count);
        assert_true(view_equal(r->name, results[i].name) && view_equal(r->detail, results[i].detail));
        assert_true(view_equal(r->props, results[i].props));
    }
    antispam_free_answer(&a);
    v.over = true;
    buf_clear(&packed);
    antispam_pack_verdict(&packed, &v);
    assert_int_equal(antispam_unpack_answer(buf_view(&packed), &a), 0);
    assert_true(a.verdict.over);
    antispam_free_answer(&a);
    take_spoiled(&packed);
    buf_free(&packed);
}

/* What comes of one result. */
static struct antispam_answer through(const struct antispam_result *r, struct buf *packed)
{
    struct antispam_result copy = *r;
    const struct antispam_verdict v = {.result = &copy, .n = 1};
    struct antispam_answer a;

    buf_clear(packed);
    antispam_pack_verdict(packed, &v);
    assert_int_equal(antispam_unpack_answer(buf_view(packed), &a), 0);
    assert_int_equal(a.verdict.n, 1);
    return a;
}

static void results_become_harmless(void **state)
{
    static const struct {
        const char *says;
        struct antispam_result given;
        uint32_t count;
        const char *name, *detail, *props;
    } cases[] = {
        {"details are text",
         {.check = CHECK_spf, .count = 1, .detail = VIEW("a\n\x1b\xff \xc3\xa9")},
         1,
         "",
         "a??? \xc3\xa9",
         ""},
        {"props are printable ASCII",
         {.check = CHECK_spf, .count = 1, .props = VIEW("a=~ \r\n\x7f\xc3\xa9")},
         1,
         "",
         "",
         "a=~ ?????"},
        {"names have no blanks",
         {.check = CHECK_rbl, .count = 1, .name = VIEW("a b\tc\xc3\xa9")},
         1,
         "a?b?c\xc3\xa9",
         "",
         ""},
        {"a check of one result has no name",
         {.check = CHECK_spf, .count = 1, .name = VIEW("a")},
         1,
         "",
         "",
         ""},
        {"a count of none is one", {.check = CHECK_spf}, 1, "", "", ""},
        {"the last count", {.check = CHECK_rbl, .count = ANTISPAM_COUNT_MAX}, ANTISPAM_COUNT_MAX, "", "", ""},
        {"more do not count",
         {.check = CHECK_rbl, .count = ANTISPAM_COUNT_MAX + 1},
         ANTISPAM_COUNT_MAX,
         "",
         "",
         ""},
    };
    struct buf packed = {0};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct antispam_answer a = through(&cases[i].given, &packed);
        const struct antispam_result *r = a.verdict.result;

        if (r->count != cases[i].count || !view_equal(r->name, view_of(cases[i].name)) ||
            !view_equal(r->detail, view_of(cases[i].detail)) ||
            !view_equal(r->props, view_of(cases[i].props)))
            fail_msg("%s: %u '%.*s' '%.*s' '%.*s'", cases[i].says, r->count, (int)r->name.n, r->name.p,
                     (int)r->detail.n, r->detail.p, (int)r->props.n, r->props.p);
        antispam_free_answer(&a);
    }
    buf_free(&packed);
}

static void results_are_cut(void **state)
{
    static const struct {
        size_t given, name, detail, props;
    } cases[] = {
        {ANTISPAM_NAME_MAX - 1, ANTISPAM_NAME_MAX - 1, ANTISPAM_NAME_MAX - 1, ANTISPAM_NAME_MAX - 1},
        {ANTISPAM_NAME_MAX, ANTISPAM_NAME_MAX, ANTISPAM_NAME_MAX, ANTISPAM_NAME_MAX},
        {ANTISPAM_NAME_MAX + 1, ANTISPAM_NAME_MAX, ANTISPAM_NAME_MAX + 1, ANTISPAM_NAME_MAX + 1},
        {ANTISPAM_PROPS_MAX, ANTISPAM_NAME_MAX, ANTISPAM_PROPS_MAX, ANTISPAM_PROPS_MAX},
        {ANTISPAM_PROPS_MAX + 1, ANTISPAM_NAME_MAX, ANTISPAM_PROPS_MAX + 1, ANTISPAM_PROPS_MAX},
        {ANTISPAM_DETAIL_MAX, ANTISPAM_NAME_MAX, ANTISPAM_DETAIL_MAX, ANTISPAM_PROPS_MAX},
        {ANTISPAM_DETAIL_MAX + 1, ANTISPAM_NAME_MAX, ANTISPAM_DETAIL_MAX, ANTISPAM_PROPS_MAX},
    };
    char text[ANTISPAM_DETAIL_MAX + 1];
    struct buf packed = {0};

    (void)state;
    memset(text, 'x', sizeof text);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct view v = {text, cases[i].given};
        struct antispam_result given = {.check = CHECK_body, .name = v, .detail = v, .props = v};
        struct antispam_answer a = through(&given, &packed);

        assert_int_equal(a.verdict.result->name.n, cases[i].name);
        assert_int_equal(a.verdict.result->detail.n, cases[i].detail);
        assert_int_equal(a.verdict.result->props.n, cases[i].props);
        antispam_free_answer(&a);
    }
    buf_free(&packed);
}

static void a_domain_stays_or_goes(void **state)
{
    static const struct {
        const char *says;
        struct view given;
        const char *wanted;
    } cases[] = {
        {"capitals become small", VIEW("Example.ORG"), "example.org"},
        {"UTF-8 stays", VIEW("\xc3\x89.example"), "\xc3\x89.example"},
        {"what is no text goes", VIEW("a\xff.example"), ""},
        {"what has control characters goes", VIEW("a\n.example"), ""},
    };
    struct buf packed = {0};
    char text[256];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases + 2; i++) {
        size_t most = sizeof cases / sizeof *cases;
        struct view given = i < most ? cases[i].given : (struct view){text, 255 + i - most};
        const struct antispam_verdict v = {.from_domain = given};
        struct antispam_answer a;

        memset(text, 'x', sizeof text);
        buf_clear(&packed);
        antispam_pack_verdict(&packed, &v);
        assert_int_equal(antispam_unpack_answer(buf_view(&packed), &a), 0);
        if (i < most && !view_equal(a.verdict.from_domain, view_of(cases[i].wanted)))
            fail_msg("%s", cases[i].says);
        if (i >= most)
            assert_int_equal(a.verdict.from_domain.n, i == most ? 255 : 0);
        antispam_free_answer(&a);
    }
    buf_free(&packed);
}

static void the_largest_verdict_travels(void **state)
{
    struct antispam_verdict v = {.result = xcalloc(ANTISPAM_CHECKS_MAX + 1, sizeof *v.result)};
    static char name[ANTISPAM_CHECKS_MAX + 1][ANTISPAM_NAME_MAX + 1];
    char text[ANTISPAM_DETAIL_MAX];
    struct buf packed = {0};

    (void)state;
    memset(text, 'x', sizeof text);
    for (unsigned i = 0; i <= ANTISPAM_CHECKS_MAX; i++) {
        snprintf(name[i], sizeof name[i], "%0*u", ANTISPAM_NAME_MAX, i);
        v.result[i] = (struct antispam_result){.check = CHECK_body, .result = RESULT_hit};
        v.result[i].detail = v.result[i].props = (struct view){text, sizeof text};
        v.result[i].name = view_of(name[i]);
    }
    for (v.n = ANTISPAM_CHECKS_MAX - 1; v.n <= ANTISPAM_CHECKS_MAX + 1; v.n++) {
        struct antispam_answer a;

        buf_clear(&packed);
        antispam_pack_verdict(&packed, &v);
        assert_true(packed.n <= ANTISPAM_ANSWER_MAX);
        assert_int_equal(antispam_unpack_answer(buf_view(&packed), &a), 0);
        assert_int_equal(a.verdict.n, v.n < ANTISPAM_CHECKS_MAX ? v.n : ANTISPAM_CHECKS_MAX);
        assert_int_equal(a.verdict.over, v.n > ANTISPAM_CHECKS_MAX);
        antispam_free_answer(&a);
    }
    free(v.result);
    buf_free(&packed);
}

/* A verdict of nobody, no domain, `n` results; check, result and count of the first; texts follow. */
#define HEAD  "ASA1\1\0\0\0\0\0\0"
#define EMPTY "\0\0\0\0\0"

static void what_is_no_answer_is_refused(void **state)
{
    static const struct {
        const char *says;
        struct view bytes;
        int wanted;
    } cases[] = {
        {"no result", VIEW(HEAD "\0\0"), 1},
        {"one", VIEW(HEAD "\1\0\1\0\1\0\0\0" EMPTY), 1},
        {"no needs", VIEW("ASA1\0\0\0\0\0\0\0"), 1},
        {"nothing", VIEW(""), 0},
        {"another mark", VIEW("ASA2\0\0\0\0\0\0\0"), 0},
        {"a third kind", VIEW("ASA1\2\0\0\0\0\0\0"), 0},
        {"something between no and yes", VIEW("ASA1\1\2\0\0\0\0\0\0\0"), 0},
        {"a capital in the domain", VIEW("ASA1\1\0\0\0\0\0\1A\0\0"), 0},
        {"a domain", VIEW("ASA1\1\0\0\0\0\0\1a\0\0"), 1},
        {"a control character in the domain", VIEW("ASA1\1\0\0\0\0\0\1\n\0\0"), 0},
        {"more results than there are", VIEW(HEAD "\2\0\1\0\1\0\0\0" EMPTY), 0},
        {"fewer results than there are", VIEW(HEAD "\0\0\1\0\1\0\0\0" EMPTY), 0},
        {"more results than there may be", VIEW(HEAD "\221\1"), 0},
        {"no such check", VIEW(HEAD "\1\0\177\0\1\0\0\0" EMPTY), 0},
        {"no such result", VIEW(HEAD "\1\0\1\15\1\0\0\0" EMPTY), 0},
        {"a count of none", VIEW(HEAD "\1\0\1\0\0\0\0\0" EMPTY), 0},
        {"the last count", VIEW(HEAD "\1\0\1\0\350\3\0\0" EMPTY), 1},
        {"a count behind it", VIEW(HEAD "\1\0\1\0\351\3\0\0" EMPTY), 0},
        {"a name of a check that has none", VIEW(HEAD "\1\0\1\0\1\0\0\0\1n\0\0\0\0"), 0},
        {"a name", VIEW(HEAD "\1\0\7\0\1\0\0\0\1n\0\0\0\0"), 1},
        {"a name with a blank", VIEW(HEAD "\1\0\7\0\1\0\0\0\3a b\0\0\0\0"), 0},
        {"a detail with a line end", VIEW(HEAD "\1\0\1\0\1\0\0\0\0\2\0a\n\0\0"), 0},
        {"props with a line end", VIEW(HEAD "\1\0\1\0\1\0\0\0\0\0\0\2\0a\n"), 0},
        {"props beyond ASCII", VIEW(HEAD "\1\0\1\0\1\0\0\0\0\0\0\2\0\xc3\xa9"), 0},
        {"props that are cut", VIEW(HEAD "\1\0\1\0\1\0\0\0\0\0\0\3\0a="), 0},
    };

    (void)state;
    assert_int_equal(CHECK_rbl, 7);
    assert_int_equal(RESULT__MAX, 13);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (take(cases[i].bytes) != cases[i].wanted)
            fail_msg("%s", cases[i].says);
}

static void lengths_that_are_too_long_are_refused(void **state)
{
    static const struct {
        const char *says;
        size_t name, detail, props;
        int wanted;
    } cases[] = {
        {"the longest of each", ANTISPAM_NAME_MAX, ANTISPAM_DETAIL_MAX, ANTISPAM_PROPS_MAX, 1},
        {"a longer name", ANTISPAM_NAME_MAX + 1, 0, 0, 0},
        {"a longer detail", 0, ANTISPAM_DETAIL_MAX + 1, 0, 0},
        {"longer props", 0, 0, ANTISPAM_PROPS_MAX + 1, 0},
    };
    char text[ANTISPAM_DETAIL_MAX + 1];

    (void)state;
    memset(text, 'x', sizeof text);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const size_t n[] = {cases[i].detail, cases[i].props};
        struct buf packed = {0};

        buf_add(&packed, HEAD "\1\0\7\0\1\0\0", sizeof HEAD "\1\0\7\0\1\0\0");
        buf_add_char(&packed, (char)cases[i].name);
        buf_add(&packed, text, cases[i].name);
        for (unsigned k = 0; k < 2; k++) {
            buf_add_char(&packed, (char)(n[k] & 0xff));
            buf_add_char(&packed, (char)(n[k] >> 8));
            buf_add(&packed, text, n[k]);
        }
        if (take(buf_view(&packed)) != cases[i].wanted)
            fail_msg("%s", cases[i].says);
        buf_free(&packed);
    }
}

static void names_stand_behind_their_check(void **state)
{
    const struct antispam_result spf = {.check = CHECK_spf}, zen = {.check = CHECK_rbl, .name = VIEW("zen")};
    struct buf b = {0};

    (void)state;
    antispam_add_name(&b, &spf);
    buf_add_char(&b, ' ');
    antispam_add_name(&b, &zen);
    assert_string_equal(b.p, "spf rbl:zen");
    buf_free(&b);
}

/* Or its weight would count as often as a worker likes. */
static void a_result_is_said_once(void **state)
{
    struct antispam_result r[2] = {{.check = CHECK_rbl, .result = RESULT_hit, .count = 1, .name = VIEW("zen")},
                                   {.check = CHECK_rbl, .result = RESULT_hit, .count = 1, .name = VIEW("dbl")}};
    struct antispam_verdict v = {.result = r, .n = 2};
    struct antispam_answer a;
    struct buf b = {0};

    (void)state;
    antispam_pack_verdict(&b, &v);
    assert_int_equal(antispam_unpack_answer(buf_view(&b), &a), 0);
    antispam_free_answer(&a);
    buf_clear(&b);
    r[1].name = r[0].name;
    antispam_pack_verdict(&b, &v);
    assert_int_equal(antispam_unpack_answer(buf_view(&b), &a), -1);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_result_is_said_once),
        cmocka_unit_test(needs_come_as_they_were_named),
        cmocka_unit_test(verdicts_come_as_they_were_given),
        cmocka_unit_test(results_become_harmless),
        cmocka_unit_test(results_are_cut),
        cmocka_unit_test(a_domain_stays_or_goes),
        cmocka_unit_test(the_largest_verdict_travels),
        cmocka_unit_test(what_is_no_answer_is_refused),
        cmocka_unit_test(lengths_that_are_too_long_are_refused),
        cmocka_unit_test(names_stand_behind_their_check),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
