/*
 * test_replay.c - unit tests of spoold/replay.c and replay_read.c: a record leads to the same decision byte
 * for byte, and to another one where settings or results are others.
 *
 * Run by `make check`, in a folder of its own. Random messages are decided by flow_decide() and recorded by
 * flow_decision.c, as in the daemon.
 */
#include "spoold/replay.h"

#include "spoold/flow.h"
#include "spoold/flow_decision.h"
#include "spoold/spoold.h"

#include "tests/unit/config_world.h"

#define ID    "0123456789abcdefghjkmnpqr"
#define TURNS 4000
#define OLDER "00112233445566778899aabbccddeeff"
#define INI                                                                                                  \
    "[lists]\ndomains = @lists/domains\nbody_rules = @lists/body\n[spool]\nmax_message_size = 1K\n"          \
    "max_hops = 20\n[profile own]\nspf.weight_fail = 25\nmedium.text = own\nhigh.action = discard\n"         \
    "[profile lax]\nlow.action = deliver\nfilter.incoming_threshold = 60\n[site]\nnetworks = 192.0.2.0/28\n"

static uint32_t random_below(uint64_t *seed, uint32_t n)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33) % n;
}

static struct config *settings(void)
{
    config_world_put("lists/domains", "own.example own\nlax.example lax\nu@own.example lax\n");
    config_world_put("lists/body", "cheap 10 contains a\nvery-cheap -2.5 contains b\n");
    return config_world_load(INI);
}

static void add_result(struct antispam_verdict *v, enum check check, enum check_result result,
                       struct view name)
{
    if (v->n == v->cap) {
        v->cap = v->cap ? 2 * v->cap : 4;
        v->result = xrealloc(v->result, v->cap, sizeof *v->result);
    }
    v->result[v->n++] = (struct antispam_result){.check = check,
                                                 .result = result,
                                                 .name = name,
                                                 .count = 1 + v->n % 3,
                                                 .detail = VIEW("\"a\\b\" \xc3\xa4 {[,"),
                                                 .props = VIEW("smtp.mailfrom=\"x y\"")};
}

static void give_verdict(struct msg *m, uint64_t *seed)
{
    static const struct view lists[] = {VIEW("blacklist"), VIEW("whitelist"), VIEW("blocked"),
                                        VIEW("trusted")};
    struct antispam_verdict *v = &m->spam.given.verdict;

    m->spam.given.kind = ANTISPAM_VERDICT;
    m->spam.judged = true;
    v->client.ip = random_below(seed, 2) ? VIEW("192.0.2.7") : VIEW("203.0.113.1");
    add_result(v, CHECK_spf, (enum check_result)random_below(seed, RESULT_hit), VIEW(""));
    add_result(v, CHECK_dkim, (enum check_result)random_below(seed, RESULT_hit), VIEW(""));
    add_result(v, CHECK_body, RESULT_hit, random_below(seed, 2) ? VIEW("cheap") : VIEW("very-cheap"));
    if (random_below(seed, 5) == 0)
        add_result(v, CHECK_list, RESULT_hit, lists[random_below(seed, 4)]);
}

static void give_virus(struct msg *m, uint64_t *seed)
{
    m->virus.state = (enum antivirus_state)random_below(seed, ANTIVIRUS_UNEXAMINED);
    snprintf(m->virus.text, sizeof m->virus.text, "a \"name\" \\ here");
    if (random_below(seed, 8) == 0) {
        m->virus.state = ANTIVIRUS_UNEXAMINED;
        m->virus.why = (enum antivirus_why)(ANTIVIRUS_ENCRYPTED + random_below(seed, 4));
    } else if (random_below(seed, 8) != 0 && m->virus.state == ANTIVIRUS_INFECTED) {
        m->virus.state = ANTIVIRUS_CLEAN;
    }
}

static struct msg *message(uint64_t *seed)
{
    static const char *const who[] = {"a@own.example", "b@lax.example", "u@own.example", "c@example.org",
                                      "d@own.example"};
    struct envelope_error err;
    struct buf raw = {0};
    struct base b;
    struct msg *m;

    assert_int_equal(base_parse(&b, VIEW("n~" ID)), 0);
    m = msg_new(&b);
    buf_add_str(&raw, random_below(seed, 20) ? "Written\ns@example.org\n" : "Failed\ns@example.org\n");
    for (uint32_t i = 0, n = 1 + random_below(seed, 6); i < n; i++)
        buf_addf(&raw, "%s%s", i ? "," : "", who[random_below(seed, 5)]);
    buf_addf(&raw, "\nconnectedip: 203.0.113.1\n%s\n", random_below(seed, 4) ? "" : "auth: somebody\n");
    m->env_ok = envelope_parse(&m->env, &raw, &err) == 0;
    assert_true(m->env_ok);
    m->eml_stat.st_size = random_below(seed, 1040);
    give_virus(m, seed);
    return m;
}

static void decide_and_record(struct spoold *s, struct msg *m, uint64_t *seed, struct buf *record)
{
    if (flow_decide_wants_judging(s, m) && random_below(seed, 10)) {
        give_verdict(m, seed);
        judging_weigh(s, &m->spam);
        snprintf(m->spam.config, sizeof m->spam.config, "%s",
                 random_below(seed, 2) ? config_kept_hash(s->cfg) : OLDER);
    }
    flow_decide(s, m);
    if (m->copy_n)
        flow_decide_hops(s, m, random_below(seed, 22), random_below(seed, 4));
    flow_decision_make(m, FLOW_DECISION_LINE, record);
}

static struct replay_record about(const struct msg *m)
{
    return (struct replay_record){
        .rcpt = m->env.rcpt, .rcpt_n = m->env.rcpt_n, .size = (uint64_t)m->eml_stat.st_size};
}

static void a_record_leads_to_the_same_decision(void **state)
{
    struct spoold *s = xcalloc(1, sizeof *s);
    struct config *c = settings(), *other;
    unsigned by[DECIDE_BY__MAX] = {0}, changed = 0;
    uint64_t seed = 1;

    (void)state;
    config_world_put("lists/domains", "lax.example own\n");
    other = config_world_load(INI "[level low]\nthreshold = 1\n[spf]\nweight_fail = 9\n");
    s->cfg = c;
    for (int turn = 0; turn < TURNS; turn++) {
        struct msg *m = message(&seed);
        struct replay_record r = about(m);
        struct replay_again again;
        struct buf record = {0}, difference = {0};

        decide_and_record(s, m, &seed, &record);
        if (m->fate == MSG_FATE_HOLD || m->by == DECIDE_BY_NOTHING)
            fail_msg("not decided");
        assert_null(replay_read(buf_view(&record), &r));
        by[r.by]++;
        replay_decide(&r, c, 0, &again);
        if (!replay_is_same(&r, &again, &difference))
            fail_msg("turn %d: %s\n%s", turn, difference.p, record.p);
        assert_int_equal(r.outgoing, m->outgoing);
        assert_true(view_equal(r.config, view_of(config_kept_hash(c))));
        assert_true(view_equal(r.judged_by, m->spam.judged ? view_of(m->spam.config) : r.config));
        replay_free_again(&again);
        replay_decide(&r, other, 0, &again);
        changed += !replay_is_same(&r, &again, &difference);
        replay_free_again(&again);
        replay_free_record(&r);
        buf_free(&record);
        buf_free(&difference);
        msg_free(&m);
    }
    for (enum decide_by b = DECIDE_BY_RECIPIENTS; b <= DECIDE_BY_LOOP; b++)
        assert_true(b == DECIDE_BY_AMBIGUOUS || by[b] > 20);
    assert_in_range(changed, TURNS / 4, TURNS - 100);
    config_free(&c);
    config_free(&other);
    free(s);
}

/* Whatever stands there in the place of what was recorded is noticed, or changes nothing. */
static void a_changed_record_is_noticed(void **state)
{
    static const struct {
        const char *from, *to;
    } changes[] = {{"\"by\":\"recipients\"", "\"by\":\"loop\""},  {"\"weight\":", "\"weight\":1"},
                   {"\"result\":\"", "\"result\":\"x"},           {"\"to\":\"1", "\"to\":\"2"},
                   {"\"fate\":\"send\"", "\"fate\":\"discard\""}, {"\"line\":\"m.ini", "\"line\":\"n.ini"}};
    struct spoold *s = xcalloc(1, sizeof *s);
    struct config *c = settings();
    unsigned tried[sizeof changes / sizeof *changes] = {0};
    uint64_t seed = 2;

    (void)state;
    s->cfg = c;
    for (int turn = 0; turn < TURNS / 4; turn++) {
        const size_t k = random_below(&seed, sizeof changes / sizeof *changes);
        struct msg *m = message(&seed);
        struct replay_record r = about(m);
        struct buf record = {0}, changed = {0}, difference = {0};
        struct replay_again again;
        const char *at;

        decide_and_record(s, m, &seed, &record);
        at = strstr(record.p, changes[k].from);
        if (at && m->by == DECIDE_BY_RECIPIENTS) {
            buf_addf(&changed, "%.*s%s%s", (int)(at - record.p), record.p, changes[k].to,
                     at + strlen(changes[k].from));
            tried[k]++;
            if (!replay_read(buf_view(&changed), &r)) {
                replay_decide(&r, c, 0, &again);
                if (replay_is_same(&r, &again, &difference))
                    fail_msg("%s is not noticed: %s", changes[k].to, changed.p);
                assert_true(difference.n > 0);
                replay_free_again(&again);
            }
        }
        replay_free_record(&r);
        buf_free(&record);
        buf_free(&changed);
        buf_free(&difference);
        msg_free(&m);
    }
    for (size_t k = 0; k < sizeof changes / sizeof *changes; k++)
        assert_true(tried[k] > 5);
    config_free(&c);
    free(s);
}

static void what_cannot_be_decided_again_says_so(void **state)
{
    static const struct {
        const char *json, *why;
    } cases[] = {
        {"", "cannot be read"},
        {"{", "cannot be read"},
        {"{\"v\":1}", "another release"},
        {"{\"by\":\"magic\"}", "another release"},
        {"{\"by\":\"recipients\",\"checks_cut\":true}", "no room"},
        {"{\"by\":\"recipients\",\"checks\":[{\"name\":7}]}", "cannot be read"},
        {"{\"by\":\"recipients\",\"hops\":-1}", "cannot be read"},
        {"{\"by\":\"recipients\",\"virus\":{\"state\":\"odd\"}}", "cannot be read"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct replay_record r = {.size = 0};
        const char *why = replay_read(view_of(cases[i].json), &r);

        if (!why || !strstr(why, cases[i].why))
            fail_msg("%s: %s", cases[i].json, why ? why : "nothing");
        replay_free_record(&r);
    }
}

/* A worker's death or a hold that lasted too long is nothing that settings undo. */
static void what_is_given_stays(void **state)
{
    struct config *c = settings();
    struct replay_record r = {.size = 0};
    struct replay_again again;
    struct buf difference = {0};

    (void)state;
    assert_null(replay_read(VIEW("{\"by\":\"worker\",\"fate\":\"quarantine\",\"class\":\"poison\","
                                 "\"reason\":\"it failed\"}"),
                            &r));
    replay_decide(&r, c, 0, &again);
    assert_true(replay_is_same(&r, &again, &difference));
    assert_string_equal(replay_fate(&again), "quarantine");
    assert_int_equal(again.whole.class, SPOOL_CLASS_POISON);
    replay_free_again(&again);
    replay_free_record(&r);
    config_free(&c);
}

/* A .json has no checksum, and a later release may have other classes. */
static void a_class_that_is_none_is_a_difference(void **state)
{
    static const char *const records[] = {
        "{\"by\":\"worker\",\"fate\":\"quarantine\",\"class\":\"odd\"}",
        "{\"by\":\"held\",\"fate\":\"quarantine\"}",
        "{\"by\":\"test\",\"fate\":\"odd\"}",
    };
    struct config *c = settings();

    (void)state;
    for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
        struct replay_record r = {.size = 0};
        struct replay_again again;
        struct buf difference = {0};

        assert_null(replay_read(view_of(records[i]), &r));
        replay_decide(&r, c, 0, &again);
        assert_false(replay_is_same(&r, &again, &difference));
        replay_free_again(&again);
        replay_free_record(&r);
        buf_free(&difference);
    }
    config_free(&c);
}

/* "The same" would be more than was looked at. */
static void what_became_of_whom_was_cut_off(void **state)
{
    struct replay_record r = {.size = 0};

    (void)state;
    assert_null(replay_read(VIEW("{\"by\":\"recipients\",\"fate\":\"send\"}"), &r));
    assert_null(replay_not_compared(&r));
    assert_null(replay_read(VIEW("{\"by\":\"recipients\",\"fate\":\"send\",\"decisions_cut\":true}"), &r));
    assert_non_null(replay_not_compared(&r));
    replay_free_record(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_record_leads_to_the_same_decision, config_world_enter,
                                        config_world_leave),
        cmocka_unit_test_setup_teardown(a_changed_record_is_noticed, config_world_enter, config_world_leave),
        cmocka_unit_test(what_cannot_be_decided_again_says_so),
        cmocka_unit_test(what_became_of_whom_was_cut_off),
        cmocka_unit_test_setup_teardown(what_is_given_stays, config_world_enter, config_world_leave),
        cmocka_unit_test_setup_teardown(a_class_that_is_none_is_a_difference, config_world_enter,
                                        config_world_leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
