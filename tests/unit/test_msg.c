/*
 * test_msg.c - unit tests of spoold/msg.c: file names, and who is in which copy.
 *
 * Run by `make check`. No recipient may be in two places or in none, so the rest
 * is checked for every way of dealing four recipients to two copies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/xalloc.h"
#include "spoold/msg.h"

#define ID "0123456789abcdefghjkmnpqr"

static struct msg *four_recipients(void)
{
    struct envelope_error err;
    struct buf raw = {0};
    struct base b;
    struct msg *m;

    assert_int_equal(base_parse(&b, VIEW("n~" ID)), 0);
    m = msg_new(&b);
    buf_add_str(&raw, "Written\na@example.org\n1@example.org,2@example.org,3@example.org,4@example.org\n\n");
    assert_int_equal(envelope_parse(&m->env, &raw, &err), 0);
    assert_int_equal(m->env.rcpt_n, 4);
    return m;
}

static void names_are_made_from_the_base(void **state)
{
    struct msg *m = four_recipients();
    char name[MSG_NAME_MAX];

    (void)state;
    assert_string_equal(msg_file(m, name, ".hdr.w1"), "n~" ID ".hdr.w1");
    assert_string_equal(msg_out_file(m, name, 1, ".eml.out"), "n~" ID ".1.eml.out");
    assert_string_equal(msg_out_file(m, name, 16, ".hdr.out"), "n~" ID ".16.hdr.out");
    assert_string_equal(msg_outlet_file(m, name, 1, ".eml"), "n~" ID ".eml");
    assert_string_equal(msg_outlet_file(m, name, 2, ".eml"), "n~" ID ".2.eml");
    msg_free(&m);
}

static void the_longest_base_and_suffix_fit(void **state)
{
    struct base b = {0};
    char name[MSG_NAME_MAX];
    struct msg *m;

    (void)state;
    memset(b.s, 'x', BASE_MAX);
    b.len = BASE_MAX;
    m = msg_new(&b);
    msg_out_file(m, name, 16, ".hdr.out");
    assert_int_equal(strlen(name), BASE_MAX + strlen(".16.hdr.out"));
    msg_file(m, name, ".hdr.q-failed");
    assert_int_equal(strlen(name), BASE_MAX + strlen(".hdr.q-failed"));
    msg_free(&m);
}

/* `way` has two bits a recipient: 0 and 3 rest, 1 first copy, 2 second copy. */
static struct msg *dealt(unsigned way)
{
    struct msg *m = four_recipients();

    m->copy_n = 2;
    for (size_t c = 0; c < 2; c++)
        m->copy[c].rcpt = xcalloc(4, sizeof *m->copy[c].rcpt);
    for (size_t i = 0; i < 4; i++) {
        unsigned to = way >> (2 * i) & 3;

        if (to == 1 || to == 2)
            m->copy[to - 1].rcpt[m->copy[to - 1].rcpt_n++] = i;
    }
    msg_fill_rest(m);
    return m;
}

static void everybody_is_in_exactly_one_place(void **state)
{
    (void)state;
    for (unsigned way = 0; way < 256; way++) {
        struct msg *m = dealt(way);
        unsigned seen[4] = {0};

        for (size_t c = 0; c < 2; c++)
            for (size_t i = 0; i < m->copy[c].rcpt_n; i++)
                seen[m->copy[c].rcpt[i]]++;
        for (size_t i = 0; i < m->rest.rcpt_n; i++)
            seen[m->rest.rcpt[i]]++;
        for (size_t i = 0; i < 4; i++)
            if (seen[i] != 1)
                fail_msg("way %u: recipient %zu is in %u places", way, i, seen[i]);
        msg_free(&m);
    }
}

static void a_copy_to_all_leaves_no_rest(void **state)
{
    struct msg *m = four_recipients();

    (void)state;
    msg_add_copy_all(m);
    msg_fill_rest(m);
    assert_int_equal(m->copy_n, 1);
    assert_int_equal(m->copy[0].rcpt_n, 4);
    assert_int_equal(m->rest.rcpt_n, 0);
    msg_clear_decision(m);
    assert_int_equal(m->copy_n, 0);
    msg_fill_rest(m);
    assert_int_equal(m->rest.rcpt_n, 4);
    msg_free(&m);
    assert_null(m);
    msg_free(&m);
}

static void a_long_reason_is_cut(void **state)
{
    struct msg *m = four_recipients();
    char longer[2 * MSG_REASON_MAX];

    (void)state;
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    msg_set_reason(m, "%s", longer);
    assert_int_equal(strlen(m->reason), MSG_REASON_MAX - 1);
    msg_free(&m);
}

static void every_step_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (int a = 0; a < MSG_STEP__MAX; a++)
        for (int b = 0; b < a; b++)
            assert_string_not_equal(msg_step_name((enum msg_step)a), msg_step_name((enum msg_step)b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_made_from_the_base),
        cmocka_unit_test(the_longest_base_and_suffix_fit),
        cmocka_unit_test(everybody_is_in_exactly_one_place),
        cmocka_unit_test(a_copy_to_all_leaves_no_rest),
        cmocka_unit_test(a_long_reason_is_cut),
        cmocka_unit_test(every_step_has_a_name_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
