/*
 * test_flow_lock.c - unit tests of spoold/flow_lock.c: the number of attempts stands in the name, whatever
 * happens.
 *
 * Run by `make check`. Each case starts from a claimed pair under a given
 * suffix; the name that results is what recovery would count from.
 */
#include "tests/unit/depot_world.h"

/* A message that was claimed and now stands under `suffix`, as recovery finds it. */
static struct msg *standing(struct world *w, const char *suffix, unsigned attempt)
{
    struct msg *m = depot_world_claim(w, "x");
    char from[MSG_NAME_MAX], to[MSG_NAME_MAX];

    assert_int_equal(renameat(w->d.spool.proc.fd, msg_file(m, from, ".hdr.c"), w->d.spool.proc.fd,
                              msg_file(m, to, suffix)),
                     0);
    snprintf(m->suffix, sizeof m->suffix, "%s", suffix);
    m->attempt = attempt;
    return m;
}

static void each_lock_counts_unless_the_attempt_is_kept(void **state)
{
    static const struct {
        const char *suffix;
        unsigned attempt;
        bool keep;
        const char *wanted;
    } cases[] = {
        {".hdr.c", 0, false, "@.eml @.hdr.w1"},  {".hdr", 0, false, "@.eml @.hdr.w1"},
        {".hdr.w1", 1, false, "@.eml @.hdr.w2"}, {".hdr.w1", 1, true, "@.eml @.hdr.w1"},
        {".hdr.h0", 0, false, "@.eml @.hdr.w1"}, {".hdr.h2", 2, false, "@.eml @.hdr.w3"},
        {".hdr.h2", 2, true, "@.eml @.hdr.w2"},  {".hdr.w99", 99, false, "@.eml @.hdr.w100"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world *w = depot_world_plain();
        struct msg *m = standing(w, cases[i].suffix, cases[i].attempt);

        m->keep_attempt = cases[i].keep;
        assert_int_equal(flow_lock(&w->d, m), 0);
        depot_world_expect(w, "proc", &m->base, cases[i].wanted);
        assert_false(m->keep_attempt);
        msg_free(&m);
        depot_world_close(&w);
    }
}

static void a_second_attempt_waits_for_its_name_to_be_durable(void **state)
{
    (void)state;
    for (unsigned attempt = 0; attempt < 2; attempt++) {
        struct world *w = depot_world_plain();
        struct msg *m = standing(w, attempt ? ".hdr.w1" : ".hdr.c", attempt);
        size_t waiting = 0;

        assert_int_equal(flow_lock(&w->d, m), 0);
        for (size_t i = 0; i < w->d.spool.pending_n; i++)
            waiting += w->d.spool.pending[i].needs == SPOOL_NEEDS_DIRS;
        assert_int_equal(waiting, attempt);
        depot_world_flush(w);
        msg_free(&m);
        depot_world_close(&w);
    }
}

static void what_another_program_rewrote_is_read_anew(void **state)
{
    struct world *w = depot_world_plain();
    struct msg *m = depot_world_claim(w, "x");
    char name[MSG_NAME_MAX], bytes[64];
    ssize_t n;

    (void)state;
    assert_int_equal(flow_offer(&w->d, m), 0);
    depot_world_expect(w, "proc", &m->base, "@.eml @.hdr");
    assert_int_equal(unlinkat(w->d.spool.proc.fd, msg_file(m, name, ".eml"), 0), 0);
    depot_world_put(w, "proc", &m->base, ".eml", "rewritten\n");
    depot_world_put(w, "proc", &m->base, ".hdr", "Written\nb@example.org\n9@example.net\n\n");
    assert_int_equal(flow_lock(&w->d, m), 0);
    n = pread(m->eml, bytes, sizeof bytes, 0);
    assert_true(view_equal((struct view){bytes, (size_t)n}, VIEW("rewritten\n")));
    assert_int_equal(msg_size(m), 10);
    assert_true(m->env.rcpt_n == 1 && view_equal(m->env.sender, VIEW("b@example.org")));
    msg_free(&m);
    depot_world_close(&w);
}

static void an_envelope_that_others_have_cannot_be_locked(void **state)
{
    struct world *w = depot_world_plain();
    struct msg *m = standing(w, ".hdr", 0);
    char from[MSG_NAME_MAX], to[MSG_NAME_MAX];

    (void)state;
    assert_int_equal(renameat(w->d.spool.proc.fd, msg_file(m, from, ".hdr"), w->d.spool.proc.fd,
                              msg_file(m, to, ".hdr.theirs")),
                     0);
    assert_int_equal(flow_lock(&w->d, m), -1);
    assert_int_equal(m->err, ENOENT);
    depot_world_expect(w, "proc", &m->base, "@.eml @.hdr.theirs");
    msg_free(&m);
    depot_world_close(&w);
}

static void rubbish_goes_when_the_lock_is_held(void **state)
{
    struct world *w = depot_world_plain();
    struct msg *m = standing(w, ".hdr.w1", 1);

    (void)state;
    depot_world_put(w, "proc", &m->base, ".1.eml.out", "torn");
    depot_world_put(w, "proc", &m->base, ".2.hdr.out", "torn");
    depot_world_put(w, "proc", &m->base, ".json.out", "torn");
    m->outs_eml = 1;
    m->outs_hdr = 2;
    m->json_out = true;
    assert_int_equal(flow_lock(&w->d, m), 0);
    depot_world_expect(w, "proc", &m->base, "@.eml @.hdr.w2");
    assert_true(!m->outs_eml && !m->outs_hdr && !m->json_out);
    msg_free(&m);
    depot_world_close(&w);
}

static void a_hold_keeps_number_reason_and_time(void **state)
{
    static const struct {
        unsigned attempt;
        const char *wanted;
    } cases[] = {{0, "@.eml @.hdr.h0"}, {1, "@.eml @.hdr.h1"}, {3, "@.eml @.hdr.h3"}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world *w = depot_world_plain();
        struct msg *m = depot_world_decided(w, "x", MSG_FATE_SEND, 1);
        struct ledger_hold h;

        assert_int_equal(depot_world_prepare(&w->d, m), 0);
        m->attempt = cases[i].attempt;
        m->next_ms = 1800000000000;
        m->tries = 7;
        msg_set_reason(m, "no answer");
        assert_int_equal(flow_hold(&w->d, m), 0);
        depot_world_flush(w);
        depot_world_expect(w, "proc", &m->base, cases[i].wanted);
        assert_int_equal(ledger_get_hold(w->d.ledger, base_view(&m->base), &h), 1);
        assert_int_equal(h.next_ms, 1800000000000);
        assert_int_equal(h.tries, 7);
        assert_string_equal(h.reason, "no answer");
        assert_int_equal(depot_world_events(w, &m->base), 1u << EVENT_ACCEPTED);
        msg_free(&m);
        depot_world_close(&w);
    }
}

static void outputs_stay_when_the_hold_fails(void **state)
{
    struct world *w = depot_world_plain();
    struct msg *m = depot_world_decided(w, "x", MSG_FATE_SEND, 1);

    (void)state;
    assert_int_equal(depot_world_prepare(&w->d, m), 0);
    assert_int_equal(flow_commit(&w->d, m), 0);
    /* Memory and disk differ: whoever is committed by now must keep what is to be published. */
    snprintf(m->suffix, sizeof m->suffix, ".hdr.w1");
    assert_int_equal(flow_hold(&w->d, m), -1);
    assert_int_equal(m->err, ENOENT);
    depot_world_expect(w, "proc", &m->base, "@.1.eml.out @.1.hdr.out @.eml @.hdr.send");
    msg_free(&m);
    depot_world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_lock_counts_unless_the_attempt_is_kept),
        cmocka_unit_test(a_second_attempt_waits_for_its_name_to_be_durable),
        cmocka_unit_test(what_another_program_rewrote_is_read_anew),
        cmocka_unit_test(an_envelope_that_others_have_cannot_be_locked),
        cmocka_unit_test(rubbish_goes_when_the_lock_is_held),
        cmocka_unit_test(a_hold_keeps_number_reason_and_time),
        cmocka_unit_test(outputs_stay_when_the_hold_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
