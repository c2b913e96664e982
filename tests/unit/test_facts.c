/*
 * test_facts.c - unit tests of common/facts.c: what is kept is found, within its limits, and what is no table
 * of facts is refused.
 *
 * Run by `make check`. The packed form is also spoiled byte by byte: what is still taken must pack into the
 * same bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/facts.h"
#include "common/xalloc.h"

#include <errno.h>
#include <stdlib.h>

/* With one answer, or none where it is NULL. */
static int add(struct facts *f, enum fact_type type, const char *name, const char *answer)
{
    struct view a = view_of(answer);
    struct fact fact = {.type = type, .name = view_of(name), .answer = &a, .answer_n = answer != NULL};

    fact.ttl = 300;
    fact.at = 1767323045678;
    return facts_add(f, &fact);
}

static int add_rcode(struct facts *f, enum fact_type type, const char *name, enum fact_rcode rcode)
{
    struct fact fact = {.type = type, .rcode = rcode, .name = view_of(name)};

    return facts_add(f, &fact);
}

static void is_answer(const struct fact *f, const char *wanted)
{
    assert_non_null(f);
    assert_int_equal(f->answer_n, 1);
    assert_int_equal(f->answer[0].n, strlen(wanted));
    assert_memory_equal(f->answer[0].p, wanted, strlen(wanted));
}

static void what_is_kept_is_found_in_any_case(void **state)
{
    struct facts f = {0};

    (void)state;
    assert_null(facts_find(&f, FACT_A, VIEW("a.example")));
    assert_int_equal(add(&f, FACT_A, "A.Example.", "192.0.2.1"), 0);
    assert_int_equal(add(&f, FACT_TXT, "a.example", "V=spf1 -all"), 0);
    is_answer(facts_find(&f, FACT_A, VIEW("a.example")), "192.0.2.1");
    is_answer(facts_find(&f, FACT_A, VIEW("a.EXAMPLE.")), "192.0.2.1");
    is_answer(facts_get(&f, FACT_TXT, VIEW("A.example")), "V=spf1 -all");
    assert_null(facts_find(&f, FACT_AAAA, VIEW("a.example")));
    assert_null(facts_find(&f, FACT_A, VIEW("a..example")));
    assert_int_equal(facts_at(&f, 0)->ttl, 300);
    assert_true(facts_at(&f, 0)->at == 1767323045678);
    facts_free(&f);
    assert_null(f.row);
}

static void the_first_answer_stays(void **state)
{
    struct facts f = {0};

    (void)state;
    assert_int_equal(add(&f, FACT_A, "a.example", "192.0.2.1"), 0);
    assert_int_equal(add(&f, FACT_A, "A.example", "192.0.2.2"), 0);
    assert_int_equal(f.n, 1);
    is_answer(facts_find(&f, FACT_A, VIEW("a.example")), "192.0.2.1");
    facts_free(&f);
}

static void what_stands_nowhere_is_missing_or_no_name(void **state)
{
    struct facts f = {.otherwise = FACTS_NXDOMAIN};

    (void)state;
    for (unsigned type = 0; type < FACT_TYPE__MAX; type++) {
        const struct fact *found = facts_find(&f, (enum fact_type)type, VIEW("a.example"));

        assert_non_null(found);
        assert_int_equal(found->type, type);
        assert_int_equal(found->rcode, FACT_NXDOMAIN);
        assert_int_equal(found->answer_n, 0);
    }
    assert_null(facts_get(&f, FACT_A, VIEW("a.example")));
    assert_int_equal(facts_find(&f, FACT_A, VIEW("no name"))->rcode, FACT_NXDOMAIN);
    facts_free(&f);
    assert_int_equal(f.otherwise, FACTS_NXDOMAIN);
}

/* c0 -> c1 -> ... -> c`n`, which has an address. */
static void add_chain(struct facts *f, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        char *from = xasprintf("c%u.example", i), *to = xasprintf("C%u.example.", i + 1);

        assert_int_equal(add(f, FACT_CNAME, from, to), 0);
        if (i + 1 == n)
            assert_int_equal(add(f, FACT_A, to, "192.0.2.9"), 0);
        free(from);
        free(to);
    }
}

static void aliases_are_followed_to_a_depth(void **state)
{
    static const struct {
        unsigned depth;
        enum fact_rcode rcode;
    } cases[] = {{1, FACT_NOERROR},
                 {FACTS_CNAMES_MAX - 1, FACT_NOERROR},
                 {FACTS_CNAMES_MAX, FACT_NOERROR},
                 {FACTS_CNAMES_MAX + 1, FACT_SERVFAIL}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct facts f = {0};
        const struct fact *found;

        add_chain(&f, cases[i].depth);
        found = facts_find(&f, FACT_A, VIEW("C0.example."));
        assert_non_null(found);
        assert_int_equal(found->type, FACT_A);
        assert_int_equal(found->rcode, cases[i].rcode);
        assert_int_equal(found->answer_n, cases[i].rcode == FACT_NOERROR);
        facts_free(&f);
    }
}

static void aliases_that_lead_nowhere_are_what_stands_nowhere(void **state)
{
    struct facts f = {0};

    (void)state;
    add_chain(&f, 2);
    add(&f, FACT_CNAME, "x.example", "x.example");
    assert_null(facts_find(&f, FACT_MX, VIEW("c0.example")));
    assert_int_equal(facts_find(&f, FACT_MX, VIEW("x.example"))->rcode, FACT_SERVFAIL);
    f.otherwise = FACTS_NXDOMAIN;
    assert_int_equal(facts_find(&f, FACT_MX, VIEW("c0.example"))->rcode, FACT_NXDOMAIN);
    is_answer(facts_find(&f, FACT_CNAME, VIEW("c0.example")), "c1.example");
    add_rcode(&f, FACT_CNAME, "gone.example", FACT_SERVFAIL);
    assert_int_equal(facts_find(&f, FACT_A, VIEW("gone.example"))->rcode, FACT_NXDOMAIN);
    facts_free(&f);
}

static void what_cannot_be_is_not_taken(void **state)
{
    struct view text = VIEW("x"), address = VIEW("192.0.2.1");
    const struct {
        const char *says;
        struct fact fact;
        int error;
    } cases[] = {
        {"no name", {.type = FACT_A}, EINVAL},
        {"a name that ends in a blank", {.type = FACT_A, .name = VIEW("a ")}, EINVAL},
        {"a type beyond the table", {.type = FACT_TYPE__MAX, .name = VIEW("a")}, EINVAL},
        {"an rcode beyond the table", {.rcode = FACT_RCODE__MAX, .name = VIEW("a")}, EINVAL},
        {"a time before 1970", {.name = VIEW("a"), .at = -1}, EINVAL},
        {"a ttl of 2^31", {.name = VIEW("a"), .ttl = UINT32_C(1) << 31}, EINVAL},
        {"an answer of another type", {.name = VIEW("a"), .answer = &text, .answer_n = 1}, EINVAL},
        {"an answer of a name that is not there",
         {.rcode = FACT_NXDOMAIN, .name = VIEW("a"), .answer = &address, .answer_n = 1},
         EINVAL},
        {"the last ttl is one", {.name = VIEW("a"), .ttl = INT32_MAX}, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct facts f = {0};
        int rc = facts_add(&f, &cases[i].fact);

        if (cases[i].error ? rc != -1 || errno != cases[i].error || f.n : rc != 0 || f.n != 1)
            fail_msg("%s: %d, %u facts", cases[i].says, rc, f.n);
        facts_free(&f);
    }
}

static void answers_of_one_fact_have_an_end(void **state)
{
    static const struct {
        unsigned n;
        size_t bytes; /* of each */
        bool good;
    } cases[] = {{FACTS_ANSWERS_MAX - 1, 1, true},
                 {FACTS_ANSWERS_MAX, 1, true},
                 {FACTS_ANSWERS_MAX + 1, 1, false},
                 {1, FACTS_ANSWER_MAX, true},
                 {1, FACTS_ANSWER_MAX + 1, false},
                 /* A head of 16 bytes, one of name, and two before each: 12 of 4092 are the most. */
                 {11, FACTS_ANSWER_MAX, true},
                 {12, FACTS_ANSWER_MAX - 3, false},
                 {12, FACTS_ANSWER_MAX - 4, true},
                 {12, FACTS_ANSWER_MAX, false}};
    struct view answer[FACTS_ANSWERS_MAX + 1];
    char *text = xcalloc(1, FACTS_ANSWER_MAX + 1);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fact fact = {.type = FACT_TXT, .name = VIEW("a"), .answer = answer, .answer_n = cases[i].n};
        struct facts f = {0};

        for (unsigned k = 0; k < cases[i].n; k++)
            answer[k] = (struct view){text, cases[i].bytes};
        errno = 0;
        if (facts_add(&f, &fact) != (cases[i].good ? 0 : -1) || errno != (cases[i].good ? 0 : EMSGSIZE))
            fail_msg("%u answers of %zu bytes", cases[i].n, cases[i].bytes);
        facts_free(&f);
    }
    free(text);
}

static int add_numbered(struct facts *f, unsigned i)
{
    char *name = xasprintf("n%u.example", i);
    int rc = add_rcode(f, FACT_A, name, FACT_NOERROR);

    free(name);
    return rc;
}

static void facts_of_one_message_have_an_end(void **state)
{
    struct facts f = {0};

    (void)state;
    for (unsigned i = 0; i < FACTS_MAX; i++)
        assert_int_equal(add_numbered(&f, i), 0);
    assert_int_equal(add_numbered(&f, FACTS_MAX), -1);
    assert_int_equal(errno, EMSGSIZE);
    assert_int_equal(add_numbered(&f, FACTS_MAX - 1), 0); /* it is there */
    assert_int_equal(f.n, FACTS_MAX);
    for (unsigned i = 0; i < FACTS_MAX; i++) {
        char *name = xasprintf("n%u.example", i);

        assert_ptr_equal(facts_find(&f, FACT_A, view_of(name)), facts_at(&f, i));
        free(name);
    }
    facts_free(&f);
}

/* One of so many bytes, packed: head, name "aN", one answer. */
static int add_bytes(struct facts *f, char name, size_t bytes)
{
    char *text = xcalloc(1, FACTS_ANSWER_MAX), label[2] = {'a', name};
    struct view answer[FACTS_ANSWERS_MAX];
    struct fact fact = {.type = FACT_TXT, .name = {label, 2}, .answer = answer};
    int rc;

    for (bytes -= 18; bytes; bytes -= 2 + answer[fact.answer_n++].n)
        answer[fact.answer_n] = (struct view){text, bytes < 4000 ? bytes - 2 : 3998};
    rc = facts_add(f, &fact);
    free(text);
    return rc;
}

static void bytes_of_one_message_have_an_end(void **state)
{
    struct facts f = {0}, again = {0};
    struct buf packed = {0};

    (void)state;
    assert_int_equal(add_bytes(&f, '1', 40018), 0);
    assert_int_equal(add_bytes(&f, '2', 40018), 0);
    assert_int_equal(add_bytes(&f, '3', 40018), 0);
    assert_int_equal(f.packed, 3 * 40018);
    assert_int_equal(add_bytes(&f, '4', FACTS_PACKED_MAX - 4 - 3 * 40018 + 1), -1);
    assert_int_equal(errno, EMSGSIZE);
    assert_int_equal(add_bytes(&f, '4', FACTS_PACKED_MAX - 4 - 3 * 40018), 0);
    facts_pack(&packed, &f);
    assert_int_equal(packed.n, FACTS_PACKED_MAX);
    assert_int_equal(facts_unpack(buf_view(&packed), &again), 0);
    assert_int_equal(again.n, 4);
    facts_free(&again);
    buf_add_char(&packed, 0);
    assert_int_equal(facts_unpack(buf_view(&packed), &again), -1);
    assert_int_equal(errno, EPROTO);
    facts_free(&again);
    facts_free(&f);
    buf_free(&packed);
}

static void fill(struct facts *f)
{
    struct view servers[] = {VIEW("10 Mail.example.org"), VIEW("0 .")};
    const struct fact mx = {.type = FACT_MX, .name = VIEW("example.org"), .answer = servers, .answer_n = 2};

    f->otherwise = FACTS_NXDOMAIN;
    add(f, FACT_A, "mail.example.org", "192.0.2.1");
    add(f, FACT_TXT, "example.org", "");
    facts_add(f, &mx);
    add_rcode(f, FACT_AAAA, "mail.example.org", FACT_TIMEOUT);
    add(f, FACT_PTR, "1.2.0.192.in-addr.arpa", "mail.example.org");
}

static void packed_facts_come_back(void **state)
{
    struct facts f = {0}, again = {0};
    struct buf packed = {0};

    (void)state;
    fill(&f);
    facts_pack(&packed, &f);
    assert_int_equal(facts_unpack(buf_view(&packed), &again), 0);
    memset(packed.p, 0xff, packed.n); /* nothing points there any more */
    buf_free(&packed);
    assert_int_equal(again.n, 5);
    assert_int_equal(again.otherwise, FACTS_NXDOMAIN);
    for (unsigned i = 0; i < again.n; i++) {
        const struct fact *a = facts_at(&f, i), *b = facts_at(&again, i);

        assert_int_equal(a->type, b->type);
        assert_int_equal(a->rcode, b->rcode);
        assert_true(view_equal(a->name, b->name) && a->ttl == b->ttl && a->at == b->at);
        assert_int_equal(a->answer_n, b->answer_n);
        for (unsigned k = 0; k < a->answer_n; k++)
            assert_true(view_equal(a->answer[k], b->answer[k]));
    }
    is_answer(facts_find(&again, FACT_A, VIEW("mail.example.org")), "192.0.2.1");
    facts_free(&again);
    facts_free(&f);
}

static void unpacked_facts_are_added(void **state)
{
    struct facts f = {0}, there = {0};
    struct buf packed = {0};

    (void)state;
    fill(&f);
    facts_pack(&packed, &f);
    add(&there, FACT_A, "mail.example.org", "192.0.2.77");
    add(&there, FACT_A, "other.example.org", "192.0.2.78");
    assert_int_equal(facts_unpack(buf_view(&packed), &there), 0);
    assert_int_equal(there.n, 6);
    is_answer(facts_find(&there, FACT_A, VIEW("mail.example.org")), "192.0.2.77");
    facts_free(&there);
    for (unsigned i = 0; i < FACTS_MAX - 4; i++)
        add_numbered(&there, i);
    assert_int_equal(facts_unpack(buf_view(&packed), &there), -1);
    assert_int_equal(errno, EMSGSIZE);
    facts_free(&there);
    facts_free(&f);
    buf_free(&packed);
}

/* 1: taken, and it packs into the same bytes; 0: refused. */
static int take(struct view bytes)
{
    struct facts f = {0};
    struct buf again = {0};
    int rc = facts_unpack(bytes, &f) == 0;

    if (!rc)
        assert_int_equal(errno, EPROTO);
    facts_pack(&again, &f);
    if (rc && !view_equal(buf_view(&again), bytes))
        fail_msg("it packs into other bytes");
    facts_free(&f);
    buf_free(&again);
    return rc;
}

static void spoiled_bytes_are_refused_or_kept(void **state)
{
    struct facts f = {0};
    struct buf packed = {0};
    unsigned refused = 0;

    (void)state;
    fill(&f);
    facts_pack(&packed, &f);
    assert_int_equal(take(buf_view(&packed)), 1);
    for (size_t n = 0; n < packed.n; n++)
        assert_int_equal(take((struct view){packed.p, n}), 0);
    for (size_t i = 0; i < packed.n; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            packed.p[i] = (char)(packed.p[i] ^ (1 << bit));
            refused += !take(buf_view(&packed));
            packed.p[i] = (char)(packed.p[i] ^ (1 << bit));
        }
    assert_true(refused > packed.n);
    facts_free(&f);
    buf_free(&packed);
}

static void what_is_not_written_our_way_is_refused(void **state)
{
    static const struct {
        const char *says;
        struct view bytes;
        int wanted;
    } cases[] = {
        {"no fact", VIEW("\1\0\0\0"), 1},
        {"one without an answer", VIEW("\1\0\1\0\0\1\1\0\0\0\0\0\0\0\0\0\0\0\0\0a"), 1},
        {"an address", VIEW("\1\0\1\0\0\0\1\1\0\0\0\0\0\0\0\0\0\0\0\0a\7\0001.2.3.4"), 1},
        {"another version", VIEW("\2\0\0\0"), 0},
        {"a third default", VIEW("\1\2\0\0"), 0},
        {"more than there are", VIEW("\1\0\1\0"), 0},
        {"fewer than there are", VIEW("\1\0\0\0\0\1\1\0\0\0\0\0\0\0\0\0\0\0\0\0a"), 0},
        {"the same name twice",
         VIEW("\1\0\2\0\0\1\1\0\0\0\0\0\0\0\0\0\0\0\0\0a\0\1\1\0\0\0\0\0\0\0\0\0\0\0\0\0a"), 0},
        {"one name, two types",
         VIEW("\1\0\2\0\0\1\1\0\0\0\0\0\0\0\0\0\0\0\0\0a\1\1\1\0\0\0\0\0\0\0\0\0\0\0\0\0a"), 1},
        {"a capital", VIEW("\1\0\1\0\0\1\1\0\0\0\0\0\0\0\0\0\0\0\0\0A"), 0},
        {"a last dot", VIEW("\1\0\1\0\0\1\2\0\0\0\0\0\0\0\0\0\0\0\0\0a."), 0},
        {"no name", VIEW("\1\0\1\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), 0},
        {"a time before 1970", VIEW("\1\0\1\0\0\1\1\0\0\0\0\0\0\0\0\0\0\0\0\200a"), 0},
        {"a ttl of 2^31", VIEW("\1\0\1\0\0\1\1\0\0\0\0\200\0\0\0\0\0\0\0\0a"), 0},
        {"an answer and NXDOMAIN", VIEW("\1\0\1\0\0\1\1\1\0\0\0\0\0\0\0\0\0\0\0\0a\7\0001.2.3.4"), 0},
        {"no address", VIEW("\1\0\1\0\0\0\1\1\0\0\0\0\0\0\0\0\0\0\0\0a\7\0001.2.3.x"), 0},
        {"an answer in capitals", VIEW("\1\0\1\0\4\0\1\1\0\0\0\0\0\0\0\0\0\0\0\0a\1\0B"), 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (take(cases[i].bytes) != cases[i].wanted)
            fail_msg("%s", cases[i].says);
}

static void one_fact_travels_without_what_cannot_be(void **state)
{
    struct view given[] = {VIEW("x y"), VIEW("Good.Example."), VIEW(""), VIEW("other.example")};
    const struct fact ptr = {.type = FACT_PTR,
                             .name = VIEW("a.example"),
                             .answer = given,
                             .answer_n = 4,
                             .ttl = UINT32_MAX,
                             .at = -5};
    struct view answer[FACTS_ANSWERS_MAX];
    struct buf packed = {0};
    struct fact f;

    (void)state;
    facts_pack_one(&packed, &ptr);
    buf_add_str(&packed, "more");
    assert_int_equal(facts_unpack_one(buf_view(&packed), &f, answer), packed.n - 4);
    assert_int_equal(f.answer_n, 2);
    assert_true(view_equal(f.answer[0], VIEW("good.example")));
    assert_true(view_equal(f.answer[1], VIEW("other.example")));
    assert_int_equal(f.ttl, INT32_MAX);
    assert_true(f.at == 0);
    for (size_t n = 0; n < packed.n - 4; n++)
        assert_int_equal(facts_unpack_one((struct view){packed.p, n}, &f, answer), 0);
    buf_free(&packed);
}

static void one_fact_travels_within_its_bytes(void **state)
{
    struct view given[FACTS_ANSWERS_MAX + 9], answer[FACTS_ANSWERS_MAX];
    struct fact txt = {.type = FACT_TXT, .name = VIEW("a"), .answer = given};
    char *text = xcalloc(1, FACTS_ANSWER_MAX);
    struct buf packed = {0};
    struct fact f;

    (void)state;
    for (size_t i = 0; i < sizeof given / sizeof *given; i++)
        given[txt.answer_n++] = (struct view){text, FACTS_ANSWER_MAX};
    facts_pack_one(&packed, &txt);
    assert_true(packed.n <= FACTS_ONE_MAX && packed.n > FACTS_ONE_MAX - FACTS_ANSWER_MAX - 2);
    assert_int_equal(facts_unpack_one(buf_view(&packed), &f, answer), packed.n);
    buf_clear(&packed);
    for (unsigned i = 0; i < txt.answer_n; i++)
        given[i].n = 1;
    facts_pack_one(&packed, &txt);
    assert_int_equal(facts_unpack_one(buf_view(&packed), &f, answer), packed.n);
    assert_int_equal(f.answer_n, FACTS_ANSWERS_MAX);
    buf_free(&packed);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_kept_is_found_in_any_case),
        cmocka_unit_test(the_first_answer_stays),
        cmocka_unit_test(what_stands_nowhere_is_missing_or_no_name),
        cmocka_unit_test(aliases_are_followed_to_a_depth),
        cmocka_unit_test(aliases_that_lead_nowhere_are_what_stands_nowhere),
        cmocka_unit_test(what_cannot_be_is_not_taken),
        cmocka_unit_test(answers_of_one_fact_have_an_end),
        cmocka_unit_test(facts_of_one_message_have_an_end),
        cmocka_unit_test(bytes_of_one_message_have_an_end),
        cmocka_unit_test(packed_facts_come_back),
        cmocka_unit_test(unpacked_facts_are_added),
        cmocka_unit_test(spoiled_bytes_are_refused_or_kept),
        cmocka_unit_test(what_is_not_written_our_way_is_refused),
        cmocka_unit_test(one_fact_travels_without_what_cannot_be),
        cmocka_unit_test(one_fact_travels_within_its_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
