/*
 * test_flow_decide.c - unit tests of spoold/flow_decide.c: sound messages are sent, others never leave
 * unexamined.
 *
 * Run by `make check`. Pure: a message and settings in memory, no file.
 */
#include "tests/unit/loop_world.h"

#define ID "0123456789abcdefghjkmnpqr"

struct decide_case {
    const char *says, *hdr;
    off_t size;
    bool hold_all;
    unsigned tries;
    int64_t held_ms;
    enum msg_fate fate;
    const char *reason; /* part of it; "" = none at all */
};

#define GOOD "Written\na@example.org\n1@example.net,2@example.net\n\n"

static const struct decide_case cases[] = {
    {"a sound one is sent", GOOD, 1000, false, 0, 0, MSG_FATE_SEND, ""},
    {"of the greatest size too", GOOD, 2000, false, 0, 0, MSG_FATE_SEND, ""},
    {"an empty one too", GOOD, 0, false, 0, 0, MSG_FATE_SEND, ""},
    {"a byte too large", GOOD, 2001, false, 0, 0, MSG_FATE_QUARANTINE, "larger than spool.max_message_size"},
    {"Failed", "Failed\na@example.org\nb@example.net\n\n", 10, false, 0, 0, MSG_FATE_QUARANTINE,
     "but Failed"},
    {"broken", "Written\n", 10, false, 0, 0, MSG_FATE_QUARANTINE, "the parser's words"},
    {"all are held", GOOD, 1000, true, 0, 0, MSG_FATE_HOLD, "--hold-all"},
    {"broken ones are not held", "Written\n", 10, true, 0, 0, MSG_FATE_QUARANTINE, "the parser's words"},
    {"held for not too long", GOOD, 1000, true, 9, 50000, MSG_FATE_HOLD, "--hold-all"},
    {"held for as long as it takes", GOOD, 1000, true, 9, 200000, MSG_FATE_HOLD, "--hold-all"},
    {"held for too long and sound again", GOOD, 1000, false, 9, 200000, MSG_FATE_SEND, ""},
};

static struct msg *message(const struct decide_case *c)
{
    struct envelope_error err;
    struct buf raw = {0};
    struct base b;
    struct msg *m;

    assert_int_equal(base_parse(&b, VIEW("n~" ID)), 0);
    m = msg_new(&b);
    buf_add_str(&raw, c->hdr);
    m->env_ok = envelope_parse(&m->env, &raw, &err) == 0;
    m->eml_stat.st_size = c->size;
    m->tries = c->tries;
    m->since_ms = depot_wall_ms() - c->held_ms;
    msg_set_reason(m, "the parser's words");
    return m;
}

static void each_message_gets_the_fate_it_deserves(void **state)
{
    struct config cfg = {.max_message_size = 2000, .max_hold = 100000};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct spoold *s = xcalloc(1, sizeof *s);
        struct msg *m = message(&cases[i]);

        s->cfg = &cfg;
        s->hold_all = cases[i].hold_all;
        for (int again = 0; again < 2; again++) { /* a message may be decided anew */
            flow_decide(s, m);
            if (m->fate != cases[i].fate)
                fail_msg("%s: fate %d", cases[i].says, m->fate);
            if (!strstr(m->reason, cases[i].reason) || (!cases[i].reason[0] && m->reason[0]))
                fail_msg("%s: \"%s\"", cases[i].says, m->reason);
            assert_int_equal(m->copy_n, m->fate == MSG_FATE_SEND);
            assert_int_equal(m->rest.rcpt_n, m->fate == MSG_FATE_QUARANTINE ? m->env.rcpt_n : 0);
            if (m->fate == MSG_FATE_SEND)
                assert_int_equal(m->copy[0].rcpt_n, 2);
            if (m->fate == MSG_FATE_QUARANTINE)
                assert_int_equal(m->class, SPOOL_CLASS_FAILED);
        }
        msg_free(&m);
        free(s);
    }
}

#define TYPES (1ull << ODDITY_TYPES)

static const struct {
    const char *says;
    enum antivirus_state state;
    enum antivirus_why why; /* the action of each is to tag */
    uint64_t odd;
    int action; /* mime.ambiguous_action: 1 = quarantine */
    enum msg_fate fate;
    enum spool_class class;
    const char *reason;
} ambiguous[] = {
    {"it is sent", ANTIVIRUS_CLEAN, 0, TYPES, 0, MSG_FATE_SEND, 0, ""},
    {"or quarantined", ANTIVIRUS_CLEAN, 0, TYPES, 1, MSG_FATE_QUARANTINE, SPOOL_CLASS_POLICY,
     "in different ways: types"},
    {"odd is not ambiguous", ANTIVIRUS_CLEAN, 0, 1ull << ODDITY_AROUND, 1, MSG_FATE_SEND, 0, ""},
    {"a tagged one is sent", ANTIVIRUS_UNEXAMINED, ANTIVIRUS_ENCRYPTED, TYPES, 0, MSG_FATE_SEND, 0, ""},
    {"or quarantined too", ANTIVIRUS_UNEXAMINED, ANTIVIRUS_LIMIT, TYPES, 1, MSG_FATE_QUARANTINE,
     SPOOL_CLASS_POLICY, "in different ways"},
    {"a virus is the worse reason", ANTIVIRUS_INFECTED, 0, TYPES, 1, MSG_FATE_QUARANTINE, SPOOL_CLASS_VIRUS,
     "virus: "},
    {"what may pass another time is held", ANTIVIRUS_UNEXAMINED, ANTIVIRUS_ENGINE, TYPES, 1, MSG_FATE_HOLD, 0,
     "(engine)"},
};

static void what_readers_differ_in_has_its_action(void **state)
{
    struct config cfg = {.max_message_size = 2000, .max_hold = 100000};

    (void)state;
    for (size_t i = 0; i < sizeof ambiguous / sizeof *ambiguous; i++) {
        struct spoold *s = xcalloc(1, sizeof *s);
        struct msg *m = message(&cases[0]);

        s->cfg = &cfg;
        cfg.mime_ambiguous_action = ambiguous[i].action;
        m->parts.odd = ambiguous[i].odd;
        m->virus = (struct msg_virus){.state = ambiguous[i].state, .why = ambiguous[i].why};
        flow_decide(s, m);
        if (m->fate != ambiguous[i].fate || !strstr(m->reason, ambiguous[i].reason) ||
            (m->fate == MSG_FATE_SEND && m->reason[0]))
            fail_msg("%s: fate %d, \"%s\"", ambiguous[i].says, m->fate, m->reason);
        assert_int_equal(m->copy_n, m->fate == MSG_FATE_SEND);
        assert_int_equal(m->rest.rcpt_n, m->fate == MSG_FATE_QUARANTINE ? m->env.rcpt_n : 0);
        if (m->fate == MSG_FATE_QUARANTINE)
            assert_int_equal(m->class, ambiguous[i].class);
        msg_free(&m);
        free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_message_gets_the_fate_it_deserves),
        cmocka_unit_test(what_readers_differ_in_has_its_action),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
