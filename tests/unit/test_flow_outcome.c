/*
 * test_flow_outcome.c - unit tests of spoold/flow_outcome.c: outcomes of recipients become copies and one
 * fate.
 *
 * Run by `make check`, in a folder of its own. Settings, an envelope and a verdict in memory.
 */
#include "spoold/flow_outcome.h"

#include "spoold/spoold.h"

#include "tests/unit/config_world.h"

#define ID "0123456789abcdefghjkmnpqr"
/* Each domain has the action of its name, at level low. */
#define INI                                                                                                  \
    "[lists]\ndomains = @lists/domains\nbody_rules = @lists/body\n"                                          \
    "[profile tag]\nlow.action = tag\n[profile other]\nlow.action = tag\nlow.text = other\n"                 \
    "[profile junk]\nlow.action = junk\n[profile quarantine]\nlow.action = quarantine\n"                     \
    "[profile discard]\nlow.action = discard\n[profile bounce]\nlow.action = bounce\n"                       \
    "[profile redirect]\nlow.action = redirect\nlow.redirect = a@example.org\n"                              \
    "[profile elsewhere]\nlow.action = redirect\nlow.redirect = b@example.org\n"

static const struct {
    const char *says, *rcpt;
    enum msg_fate fate;
    enum spool_class class;
    const char *copies; /* of each recipient: number of his copy, 0 in the rest */
    const char *reason;
} table[] = {
    {"nobody has a profile", "a@x,b@x", MSG_FATE_SEND, 0, "11", ""},
    {"one has", "a@x,b@tag,c@x", MSG_FATE_SEND, 0, "121", ""},
    {"equal ones share a copy", "a@tag,b@junk,c@tag,d@other,e@junk", MSG_FATE_SEND, 0, "12132", ""},
    {"one is quarantined", "a@x,b@quarantine", MSG_FATE_QUARANTINE, SPOOL_CLASS_SPAM, "10",
     "weight 10 is level low: [profile quarantine] low.action quarantine (m.ini:"},
    {"all are", "a@quarantine,b@quarantine", MSG_FATE_QUARANTINE, SPOOL_CLASS_SPAM, "00", "weight 10"},
    {"one is discarded", "a@discard,b@x", MSG_FATE_DROP, 0, "01", "low.action discard"},
    {"all are discarded", "a@discard", MSG_FATE_DROP, 0, "0", "low.action discard"},
    {"quarantine and discard: all quarantined", "a@discard,b@quarantine,c@tag", MSG_FATE_QUARANTINE,
     SPOOL_CLASS_SPAM, "001", "low.action quarantine"},
    {"bounce", "a@bounce,b@x", MSG_FATE_QUARANTINE, SPOOL_CLASS_POLICY, "01", "; quarantined instead"},
    {"bounce and discard", "a@discard,b@bounce", MSG_FATE_QUARANTINE, SPOOL_CLASS_POLICY, "00",
     "low.action bounce"},
    {"bounce and quarantine", "a@bounce,b@quarantine", MSG_FATE_QUARANTINE, SPOOL_CLASS_SPAM, "00",
     "low.action quarantine"},
    {"redirect is a copy", "a@redirect,b@tag,c@redirect", MSG_FATE_SEND, 0, "121", ""},
    {"redirect to two addresses", "a@redirect,b@elsewhere", MSG_FATE_SEND, 0, "12", ""},
    {"redirect and quarantine", "a@quarantine,b@redirect", MSG_FATE_QUARANTINE, SPOOL_CLASS_SPAM, "01",
     "low.action quarantine"},
    {"redirect and discard", "a@redirect,b@discard", MSG_FATE_DROP, 0, "10", "low.action discard"},
    {"discard beside quarantine is told", "a@quarantine,b@discard", MSG_FATE_QUARANTINE, SPOOL_CLASS_SPAM,
     "00", "; for those who discard it quarantined with the others"},
    {"discard beside bounce, too", "a@bounce,b@discard", MSG_FATE_QUARANTINE, SPOOL_CLASS_POLICY, "00",
     "; quarantined instead; for those who discard it quarantined with the others"},
    {"the same recipient twice", "a@tag,a@tag", MSG_FATE_SEND, 0, "11", ""},
};

static struct msg *message(const char *rcpt, bool judged)
{
    struct envelope_error err;
    struct buf raw = {0};
    struct base b;
    struct msg *m;
    struct antispam_verdict *v;

    assert_int_equal(base_parse(&b, VIEW("n~" ID)), 0);
    m = msg_new(&b);
    buf_addf(&raw, "Written\ns@example.org\n%s\n\n", rcpt);
    assert_int_equal(envelope_parse(&m->env, &raw, &err), 0);
    v = &m->spam.given.verdict;
    m->spam.given.kind = ANTISPAM_VERDICT;
    m->spam.judged = judged;
    v->result = xcalloc(1, sizeof *v->result);
    v->result[v->n++] =
        (struct antispam_result){.check = CHECK_body, .result = RESULT_hit, .count = 1, .name = VIEW("low")};
    return m;
}

static char copy_of(const struct msg *m, size_t rcpt)
{
    char found = '-';

    for (size_t c = 0; c <= m->copy_n; c++) {
        const struct msg_copy *set = c ? &m->copy[c - 1] : &m->rest;

        for (size_t i = 0; i < set->rcpt_n; i++) {
            if (set->rcpt[i] != rcpt)
                continue;
            assert_int_equal(found, '-'); /* once */
            found = (char)('0' + c);
            if (!c)
                continue;
            assert_int_equal(m->decided.outcome[rcpt].action, set->outcome->action);
            assert_int_equal(set->outcome->action == DECIDE_REDIRECT, set->redirect != NULL);
            if (set->redirect)
                assert_true(view_equal(view_of(set->redirect), m->decided.outcome[rcpt].redirect));
        }
    }
    return found;
}

static struct config *settings(void)
{
    static const char *const names[] = {"tag",     "other",  "junk",     "quarantine",
                                        "discard", "bounce", "redirect", "elsewhere"};
    struct buf lines = {0};
    struct config *c;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        buf_addf(&lines, "%s %s\n", names[i], names[i]);
    config_world_put("lists/domains", lines.p);
    config_world_put("lists/body", "low 10 contains a\n");
    c = config_world_load(INI);
    buf_free(&lines);
    return c;
}

static void outcomes_become_copies_and_a_fate(void **state)
{
    struct spoold *s = xcalloc(1, sizeof *s);
    struct config *c = settings();

    (void)state;
    s->cfg = c;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct msg *m = message(table[i].rcpt, true);

        for (int again = 0; again < 2; again++) {
            msg_clear_decision(m);
            flow_outcome(s, m);
            if (m->fate != table[i].fate || !strstr(m->reason, table[i].reason) ||
                (!table[i].reason[0] && m->reason[0]))
                fail_msg("%s: fate %d, \"%s\"", table[i].says, m->fate, m->reason);
            if (m->fate == MSG_FATE_QUARANTINE)
                assert_int_equal(m->class, table[i].class);
            for (size_t k = 0; k < m->env.rcpt_n; k++)
                if (copy_of(m, k) != table[i].copies[k])
                    fail_msg("%s: recipient %zu in %c", table[i].says, k, copy_of(m, k));
                else if (m->decided.copy[m->decided.group[k]] != (unsigned)(table[i].copies[k] - '0'))
                    fail_msg("%s: the record has another copy for recipient %zu", table[i].says, k);
        }
        msg_free(&m);
    }
    config_free(&c);
    free(s);
}

static void not_judged_is_sent(void **state)
{
    struct spoold *s = xcalloc(1, sizeof *s);
    struct config *c = settings();
    struct msg *m = message("a@quarantine,b@tag", false);

    (void)state;
    s->cfg = c;
    flow_outcome(s, m);
    assert_int_equal(m->fate, MSG_FATE_SEND);
    assert_int_equal(m->copy_n, 1);
    assert_int_equal(m->copy[0].rcpt_n, 2);
    msg_free(&m);
    config_free(&c);
    free(s);
}

/* `n` domains with a text each. */
static void try_many(unsigned n, bool sent)
{
    struct spoold *s = xcalloc(1, sizeof *s);
    struct buf ini = {0}, lines = {0}, rcpt = {0};
    struct config *c;
    struct msg *m;

    buf_add_str(&ini, "[lists]\ndomains = @lists/domains\nbody_rules = @lists/body\n");
    for (unsigned i = 0; i < n; i++) {
        buf_addf(&ini, "[profile p%u]\nlow.action = tag\nlow.text = %u\n", i, i);
        buf_addf(&lines, "d%u p%u\n", i, i);
        buf_addf(&rcpt, "%sa@d%u,b@d%u", i ? "," : "", i, i);
    }
    config_world_put("lists/domains", lines.p);
    config_world_put("lists/body", "low 10 contains a\n");
    s->cfg = c = config_world_load(ini.p);
    m = message(rcpt.p, true);
    flow_outcome(s, m);
    assert_int_equal(m->fate, sent ? MSG_FATE_SEND : MSG_FATE_QUARANTINE);
    assert_int_equal(m->copy_n, sent ? n : 0);
    assert_int_equal(m->rest.rcpt_n, sent ? 0 : 2 * n);
    if (!sent) {
        assert_int_equal(m->class, SPOOL_CLASS_POLICY);
        assert_non_null(strstr(m->reason, "17 different copies, more than 16"));
    }
    msg_free(&m);
    config_free(&c);
    buf_free(&ini);
    buf_free(&lines);
    buf_free(&rcpt);
    free(s);
}

static void sixteen_copies_are_the_most(void **state)
{
    (void)state;
    try_many(16, true);
    try_many(17, false);
}

/* --- whatever the settings are ----------------------------------------------------------------------------
 */

#define RANDOM_PROFILES 60
#define RANDOM_RCPT     40
#define RANDOM_ROUNDS   400

static uint64_t noise;

static unsigned pick(unsigned n)
{
    noise = noise * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(noise >> 33) % n;
}

static void add_policy(struct buf *ini, const char *prefix)
{
    static const char *const to[] = {"a", "b"}, *const levels[] = {"low", "medium", "high"};

    for (unsigned l = 0; l < 3; l++) {
        if (pick(2))
            buf_addf(ini, "%s%s.action = %s\n", prefix, levels[l],
                     decide_action_name((enum decide_action)pick(DECIDE_ACTION__MAX)));
        if (pick(4) == 0)
            buf_addf(ini, "%s%s.text = %u\n", prefix, levels[l], pick(30));
        buf_addf(ini, "%s%s.redirect = %s@example.org\n", prefix, levels[l], to[pick(2)]);
    }
    if (pick(4) == 0)
        buf_addf(ini, "%slow.threshold = %u\n", prefix, 1 + pick(10));
    if (pick(4) == 0)
        buf_addf(ini, "%sfilter.threshold_action = %s\n", prefix,
                 decide_action_name((enum decide_action)pick(DECIDE_ACTION__MAX)));
    if (pick(4) == 0)
        buf_addf(ini, "%sspf.weight_fail = %u\n", prefix, pick(30));
}

static struct config *random_settings(unsigned profiles)
{
    struct buf ini = {0}, lines = {0};
    struct config *c;

    buf_add_str(&ini, "[lists]\ndomains = @lists/domains\nbody_rules = @lists/body\n"
                      "[filter]\nallow_override = low.* medium.* high.* filter.* spf.*\n");
    for (unsigned i = 0; i < profiles; i++) {
        buf_addf(&ini, "[profile p%u]\n", i);
        add_policy(&ini, "");
        buf_addf(&lines, "d%u p%u\na@d%u p%u\n", i, i, i, pick(profiles));
    }
    config_world_put("lists/domains", lines.p ? lines.p : "");
    config_world_put("lists/body", "low 10 contains a\n");
    c = config_world_load(ini.p);
    buf_free(&ini);
    buf_free(&lines);
    return c;
}

static struct msg *random_message(unsigned profiles)
{
    const unsigned n = 1 + pick(RANDOM_RCPT);
    struct buf rcpt = {0};
    struct antispam_verdict *v;
    struct msg *m;

    for (unsigned i = 0; i < n; i++)
        buf_addf(&rcpt, "%s%c@d%u", i ? "," : "", 'a' + (char)pick(3), pick(profiles + 1));
    m = message(rcpt.p, pick(8) != 0);
    v = &m->spam.given.verdict;
    if (pick(2)) {
        v->result = xrealloc(v->result, 2, sizeof *v->result);
        v->result[v->n++] = (struct antispam_result){
            .check = CHECK_spf, .result = pick(2) ? RESULT_fail : RESULT_softfail, .count = 1};
    }
    buf_free(&rcpt);
    return m;
}

/* Copies that somebody could tell apart, or take for one another. */
static bool are_alike(const struct msg *m, size_t a, size_t b)
{
    const struct decide_outcome *x = &m->decided.outcome[a], *y = &m->decided.outcome[b];

    return x->action == y->action && x->weight == y->weight && x->level == y->level &&
           view_equal(x->text, y->text) && view_equal(x->redirect, y->redirect);
}

static void check_partition(const struct msg *m)
{
    bool discard = true, copied = false;

    for (size_t i = 0; i < m->env.rcpt_n; i++) {
        const char where = copy_of(m, i);
        const struct decide_outcome *o = &m->decided.outcome[i];

        assert_true(where != '-');
        assert_int_equal(where != '0', decide_is_sent(o->action) && !m->decided.too_many);
        copied |= where != '0';
        discard &= where != '0' || o->action == DECIDE_DISCARD;
        for (size_t k = 0; k < i && where != '0'; k++)
            if (copy_of(m, k) == where)
                assert_true(are_alike(m, i, k));
    }
    assert_int_equal(copied, m->copy_n > 0);
    assert_int_equal(m->rest.rcpt_n == 0, m->fate == MSG_FATE_SEND);
    assert_int_equal(m->fate == MSG_FATE_DROP, m->rest.rcpt_n > 0 && discard && !m->decided.too_many);
    assert_int_equal(m->reason[0] != 0, m->fate != MSG_FATE_SEND);
}

static void every_recipient_is_in_one_place(void **state)
{
    struct spoold *s = xcalloc(1, sizeof *s);
    unsigned fates[MSG_FATE__MAX] = {0}, crowded = 0, redirected = 0;

    (void)state;
    for (unsigned round = 0; round < RANDOM_ROUNDS; round++) {
        unsigned profiles;
        struct config *c;

        noise = round;
        profiles = 1 + pick(RANDOM_PROFILES);
        s->cfg = c = random_settings(profiles);
        for (int again = 0; again < 5; again++) {
            struct msg *m = random_message(profiles);

            flow_outcome(s, m);
            check_partition(m);
            fates[m->fate]++;
            crowded += m->decided.too_many;
            for (size_t k = 0; k < m->copy_n; k++)
                redirected += m->copy[k].redirect != NULL;
            msg_free(&m);
        }
        config_free(&c);
    }
    assert_true(fates[MSG_FATE_SEND] && fates[MSG_FATE_QUARANTINE] && fates[MSG_FATE_DROP] && crowded &&
                redirected);
    free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outcomes_become_copies_and_a_fate),
        cmocka_unit_test(not_judged_is_sent),
        cmocka_unit_test(sixteen_copies_are_the_most),
        cmocka_unit_test(every_recipient_is_in_one_place),
    };

    return cmocka_run_group_tests(tests, config_world_enter, config_world_leave);
}
