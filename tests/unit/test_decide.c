/*
 * test_decide.c - unit tests of spoold/decide.c: every action, direction, level and override; the order of
 * the rules; and that recipients are parted exactly, the same way each time, whatever verdict and settings.
 *
 * Run by `make check`, in a folder of its own.
 */
#include "spoold/decide.h"
#include "spoold/decide_profile.h"

#include "tests/unit/config_world.h"

#include <time.h>

static const char *const level_names[] = {"none", "low", "medium", "high"};
/* What one rule of the body weighs so that this level comes out; thresholds are 10, 20 and 30. */
static const int level_weights[] = {5, 10, 29, 30};

#define LISTS                                                                                                \
    "[lists]\nbody_rules = @lists/body\ndomains = @lists/domains\nblacklist = @lists/nets\n"                 \
    "whitelist = @lists/nets\nblocked_senders = @lists/senders\ntrusted_senders = @lists/senders\n"
#define OWN     "nobody@example.net"
#define DOMAIN  "x@example.org"
#define USER    "user@example.org"
#define LIMITED "limited@example.org"

static void put_lists(void)
{
    config_world_put("lists/body", "none 5 contains a\nlow 10 contains a\nmedium 29 contains a\n"
                                   "high 30 contains a\nmuch 1000 contains a\n");
    config_world_put("lists/domains", "example.org domain\nuser@example.org user\n"
                                      "limited@example.org limited\n");
    config_world_put("lists/nets", "192.0.2.1\n");
    config_world_put("lists/senders", "example.com\n");
}

static void add_result(struct antispam_verdict *v, enum check check, enum check_result result,
                       const char *name)
{
    v->result = xrealloc(v->result, v->n + 1, sizeof *v->result);
    v->result[v->n++] =
        (struct antispam_result){.check = check, .result = result, .count = 1, .name = view_of(name)};
}

static struct decide_outcome one(const struct config *c, const struct antispam_verdict *v, const char *rcpt,
                                 bool outgoing, struct decide_result *r)
{
    const struct view to = view_of(rcpt);

    decide(&(struct decide_input){c, v, outgoing, &to, 1, 0}, r);
    assert_int_equal(r->n, 1);
    assert_int_equal(r->groups, 1);
    assert_int_equal(r->group[0], 0);
    assert_false(r->too_many);
    return r->outcome[0];
}

static void expect(const char *what, const struct decide_outcome *o, int action, const char *why)
{
    if (o->action != (enum decide_action)action || strcmp(o->why, why) != 0)
        fail_msg("%s: %s (%s), not %s (%s)", what, decide_action_name(o->action), o->why,
                 decide_action_name((enum decide_action)action), why);
    assert_int_equal(o->text.n > 0, o->action == DECIDE_TAG);
    assert_int_equal(o->redirect.n > 0, o->action == DECIDE_REDIRECT);
}

/* Who sets the action: nobody but the level itself, the domain's profile, the user's, or one who may not. */
static const struct {
    const char *says, *rcpt, *section, *dot;
    bool counts;
} whose[] = {
    {"everybody's", OWN, "level %s", "", true},
    {"the domain's", DOMAIN, "profile domain", "%s.", true},
    {"the user's", USER, "profile user", "%s.", true},
    {"one who has another profile", OWN, "profile domain", "%s.", false},
    {"the domain's, for a user without one of his own", LIMITED, "profile domain", "%s.", true},
};

static void make_ini(struct buf *ini, size_t who, int level, bool outgoing, int action)
{
    char dot[16];

    buf_clear(ini);
    buf_add_str(ini, LISTS "[filter]\nincoming_threshold = 900\noutgoing_threshold = 900\n");
    if (level == 0)
        return;
    for (size_t p = 0; p < 2; p++) {
        const char *name = p ? "user" : "domain";
        char *own = xasprintf("profile %s", name);

        if (strcmp(own, whose[who].section) != 0)
            buf_addf(ini, "[profile %s]\n", name);
        free(own);
    }
    buf_add_str(ini, "[profile limited]\n[");
    snprintf(dot, sizeof dot, whose[who].dot[0] ? "%s." : "%s", whose[who].dot[0] ? level_names[level] : "");
    buf_addf(ini, whose[who].dot[0] ? "%s]\n" : "level %s]\n",
             whose[who].dot[0] ? whose[who].section : level_names[level]);
    buf_addf(ini, "%s%s = %s\n%sredirect = abuse@example.org\n", dot, outgoing ? "outgoing_action" : "action",
             decide_action_name((enum decide_action)action), dot);
}

static void try_action(struct buf *ini, size_t who, int level, int action)
{
    static const int in[] = {DECIDE_DELIVER, DECIDE_HEADER, DECIDE_TAG, DECIDE_QUARANTINE};
    static const int out[] = {DECIDE_DELIVER, DECIDE_DELIVER, DECIDE_DELIVER, DECIDE_QUARANTINE};

    for (int outgoing = 0; outgoing < 2; outgoing++) {
        struct config *c;

        make_ini(ini, who, level, outgoing, action);
        c = config_world_load(ini->p);
        for (int l = 0; l < 4; l++) {
            for (int way = 0; way < 2; way++) {
                struct antispam_verdict v = {0};
                struct decide_result r;
                struct decide_outcome o;
                const bool meant = l == level && way == outgoing && whose[who].counts;

                add_result(&v, CHECK_body, RESULT_hit, level_names[l]);
                o = one(c, &v, whose[who].rcpt, way, &r);
                assert_int_equal(o.weight, level_weights[l] * 1000);
                assert_int_equal(o.level, l);
                expect(whose[who].says, &o, meant ? action : way ? out[l] : in[l], l ? "level" : "");
                assert_int_equal(o.profile.n > 0, meant && whose[who].dot[0]);
                decide_free(&r);
                free(v.result);
            }
        }
        config_free(&c);
    }
}

static void every_action_direction_level_and_override(void **state)
{
    struct buf ini = {0};

    (void)state;
    put_lists();
    for (size_t who = 0; who < sizeof whose / sizeof *whose; who++)
        for (int level = 1; level < 4; level++)
            for (int action = 0; action < DECIDE_ACTION__MAX; action++)
                try_action(&ini, who, level, action);
    buf_free(&ini);
}

#define PROFILES "[profile domain]\n[profile user]\n[profile limited]\n"

static const struct {
    const char *says, *ini;
    const char *hits; /* lists, blanks between, and a rule of the body */
    bool outgoing;
    const char *rcpt;
    enum decide_action action;
    const char *why, *reason; /* its beginning; NULL: not looked at */
} order[] = {
    {"nothing", PROFILES, "", false, OWN, DECIDE_DELIVER, "", ""},
    {"the blacklist comes first", PROFILES "[filter]\nblacklist_action = discard\n",
     "blacklist blocked whitelist trusted high", false, OWN, DECIDE_DISCARD, "blacklist",
     "it is from a client in the blacklist: [filter] blacklist_action discard (m.ini:"},
    {"then blocked senders", PROFILES "[filter]\nblocked_action = discard\n", "blocked whitelist high", false,
     OWN, DECIDE_DISCARD, "blocked sender",
     "it is from a blocked sender: [filter] blocked_action discard (m.ini:"},
    {"a blacklist that does nothing leaves it to them", PROFILES "[filter]\nblacklist_action = deliver\n",
     "blacklist blocked", false, OWN, DECIDE_QUARANTINE, "blocked sender",
     "it is from a blocked sender: [filter] blocked_action quarantine (default)"},
    {"or to the level", PROFILES "[filter]\nblacklist_action = deliver\n", "blacklist low", false, OWN,
     DECIDE_HEADER, "level", "weight 10 is level low: [level low] action header (default)"},
    {"a whitelisted client frees of the threshold", PROFILES, "whitelist much", false, OWN, DECIDE_DELIVER,
     "whitelist", "it is from a client in the whitelist: [lists] whitelist (m.ini:"},
    {"and of the level", PROFILES, "whitelist medium", false, OWN, DECIDE_DELIVER, "whitelist", NULL},
    {"so does a trusted sender", PROFILES, "trusted much", false, OWN, DECIDE_DELIVER, "trusted sender",
     "it is from a trusted sender: [lists] trusted_senders (m.ini:"},
    {"not of the blacklist", PROFILES, "whitelist trusted blacklist", false, OWN, DECIDE_QUARANTINE,
     "blacklist", NULL},
    {"the threshold comes before the level", PROFILES "[filter]\nthreshold_action = junk\n", "high", false,
     OWN, DECIDE_JUNK, "threshold",
     "weight 30 reaches the threshold 30: [filter] threshold_action junk (m.ini:"},
    {"by itself it does nothing",
     PROFILES "[filter]\nincoming_threshold = 5\n[level high]\naction = discard\n", "high", false, OWN,
     DECIDE_DISCARD, "level", "weight 30 is level high: [level high] action discard (m.ini:"},
    {"one that does nothing does not", PROFILES "[filter]\nthreshold_action = deliver\n", "high", false, OWN,
     DECIDE_QUARANTINE, "level", "weight 30 is level high: [level high] action quarantine (default)"},
    {"a thousandth below it", PROFILES "[filter]\nincoming_threshold = 10.001\nthreshold_action = junk\n",
     "low", false, OWN, DECIDE_HEADER, "level", NULL},
    {"just it", PROFILES "[filter]\nincoming_threshold = 10\nthreshold_action = tag\n", "low", false, OWN,
     DECIDE_TAG, "threshold", NULL},
    {"of the other direction", PROFILES "[filter]\nincoming_threshold = 10\nthreshold_action = tag\n", "low",
     true, OWN, DECIDE_DELIVER, "level", NULL},
    {"outgoing", PROFILES "[filter]\noutgoing_threshold = 10\noutgoing_threshold_action = bounce\n", "low",
     true, OWN, DECIDE_BOUNCE, "threshold", NULL},
    {"a profile's threshold",
     "[profile user]\n[profile limited]\n[profile domain]\nfilter.incoming_threshold = 8\n"
     "filter.threshold_action = tag\n",
     "low", false, DOMAIN, DECIDE_TAG, "threshold",
     "weight 10 reaches the threshold 8: [profile domain] filter.threshold_action tag (m.ini:"},
    {"a user may not set it",
     "[profile domain]\n[profile limited]\n[profile user]\nfilter.incoming_threshold = 8\n"
     "low.action = junk\n",
     "low", false, USER, DECIDE_JUNK, "level",
     "weight 10 is level low: [profile user] low.action junk (m.ini:"},
    {"unless he may",
     "[profile domain]\n[profile limited]\n[profile user]\nfilter.incoming_threshold = 8\n"
     "[filter]\nallow_override = filter.incoming_threshold\nthreshold_action = quarantine\n",
     "low", false, USER, DECIDE_QUARANTINE, "threshold", NULL},
    {"a user has what his domain has",
     "[profile limited]\nlow.action = deliver\n[profile user]\n"
     "[profile domain]\nfilter.incoming_threshold = 8\n[filter]\nthreshold_action = quarantine\n",
     "low", false, LIMITED, DECIDE_QUARANTINE, "threshold", NULL},
    {"a text is that of the level", PROFILES "[level low]\naction = tag\ntext = hm\n", "low", false, OWN,
     DECIDE_TAG, "level", NULL},
    {"a whitelist that is off", PROFILES "[list]\nenable = no\n", "whitelist blacklist low", false, OWN,
     DECIDE_HEADER, "level", NULL},
};

static void add_hits(struct antispam_verdict *v, char *hits)
{
    static const char *const lists[] = {"blacklist", "blocked", "whitelist", "trusted"};
    char *at = NULL;

    for (char *w = strtok_r(hits, " ", &at); w; w = strtok_r(NULL, " ", &at)) {
        enum check check = CHECK_body;

        for (size_t i = 0; i < 4; i++)
            if (strcmp(w, lists[i]) == 0)
                check = CHECK_list;
        add_result(v, check, RESULT_hit, w);
    }
    add_result(v, CHECK_list, RESULT_miss, "blacklist"); /* no hit */
    add_result(v, CHECK_list, RESULT_hit, "other");
}

static void rules_apply_in_their_order(void **state)
{
    (void)state;
    put_lists();
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        char *ini = xasprintf("%s%s", LISTS, order[i].ini), *hits = xasprintf("%s", order[i].hits);
        struct config *c = config_world_load(ini);
        struct antispam_verdict v = {0};
        struct decide_result r;
        struct decide_outcome o;
        struct buf reason = {0};

        add_hits(&v, hits);
        o = one(c, &v, order[i].rcpt, order[i].outgoing, &r);
        expect(order[i].says, &o, (int)order[i].action, order[i].why);
        decide_add_reason(&reason, &o);
        buf_add_str(&reason, "");
        if (order[i].reason &&
            strncmp(reason.p ? reason.p : "", order[i].reason, strlen(order[i].reason)) != 0)
            fail_msg("%s: %s", order[i].says, reason.p);
        buf_free(&reason);
        decide_free(&r);
        free(v.result);
        free(hits);
        free(ini);
        config_free(&c);
    }
}

static void not_judged_is_delivered(void **state)
{
    struct config *c;
    struct decide_result r;
    struct decide_outcome o;

    (void)state;
    c = config_world_load("");
    o = one(c, NULL, OWN, false, &r);
    expect("not judged", &o, DECIDE_DELIVER, "");
    assert_int_equal(o.weight, 0);
    decide_free(&r);
    config_free(&c);
}

static void weights_of_a_profile(void **state)
{
    struct antispam_verdict v = {0};
    struct decide_result r;
    struct view rcpt[] = {VIEW(OWN), VIEW(DOMAIN), VIEW(USER)};
    struct config *c;

    (void)state;
    put_lists();
    c = config_world_load(LISTS "[profile limited]\n[profile domain]\nspf.weight_fail = 12.5\n"
                                "[profile user]\nspf.weight_fail = 1\nspf.weight_pass = 7\n"
                                "[filter]\nallow_override = spf.weight_fail\n");
    add_result(&v, CHECK_spf, RESULT_fail, "");
    add_result(&v, CHECK_body, RESULT_hit, "low");
    decide(&(struct decide_input){c, &v, false, rcpt, 3, 0}, &r);
    assert_int_equal(r.outcome[0].weight, 18000);
    assert_int_equal(r.outcome[1].weight, 22500);
    assert_int_equal(r.outcome[2].weight, 11000);
    assert_int_equal(r.outcome[1].level, DECIDE_MEDIUM);
    assert_int_equal(r.groups, 3);
    decide_free(&r);
    v.result[0].result = RESULT_pass; /* which a user may not set */
    decide(&(struct decide_input){c, &v, false, rcpt, 3, 0}, &r);
    assert_int_equal(r.outcome[2].weight, 10000);
    assert_int_equal(r.groups, 1);
    decide_free(&r);
    free(v.result);
    config_free(&c);
}

/* `n` domains with a text of their own each, and one more with the action of the last one. */
static void try_groups(unsigned n, bool too_many)
{
    struct buf ini = {0}, lines = {0};
    struct antispam_verdict v = {0};
    struct decide_result r;
    struct view *rcpt = xcalloc(n + 1, sizeof *rcpt);
    struct config *c;

    buf_add_str(&ini, "[lists]\nbody_rules = @lists/body\ndomains = @lists/domains\n");
    for (unsigned i = 0; i <= n; i++) {
        buf_addf(&ini, "[profile p%u]\nlow.action = tag\nlow.text = t%u\n", i, i < n ? i : n - 1);
        buf_addf(&lines, "d%u.example.org p%u\n", i, i);
    }
    put_lists();
    config_world_put("lists/domains", lines.p);
    c = config_world_load(ini.p);
    for (unsigned i = 0; i <= n; i++)
        rcpt[i] = view_of(xasprintf("a@d%u.example.org", i));
    add_result(&v, CHECK_body, RESULT_hit, "low");
    decide(&(struct decide_input){c, &v, false, rcpt, n + 1, 0}, &r);
    assert_int_equal(r.groups, n);
    assert_int_equal(r.kinds, n + 1);
    assert_int_equal(r.group[n], r.group[n - 1]);
    assert_int_not_equal(r.kind[n], r.kind[n - 1]);
    assert_int_equal(r.too_many, too_many);
    decide_free(&r);
    for (unsigned i = 0; i <= n; i++)
        free((char *)(uintptr_t)rcpt[i].p);
    free(rcpt);
    free(v.result);
    config_free(&c);
    buf_free(&ini);
    buf_free(&lines);
}

static void sixteen_copies_are_the_most(void **state)
{
    (void)state;
    try_groups(15, false);
    try_groups(16, false);
    try_groups(17, true);
}

/* --- any verdict, any settings ----------------------------------------------------------------------------
 */

static unsigned random_below(uint64_t *seed, unsigned n)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(*seed >> 33) % n;
}

static void randomize_policy(uint64_t *seed, struct config_policy *p)
{
    static char text[3][4] = {"", "a", "b"};
    static char address[2][16] = {"a@example.org", "b@example.org"};

    for (int l = 1; l < CONFIG_LEVELS; l++) {
        p->level[l].threshold = (l * 10 + (int)random_below(seed, 9)) * 1000;
        p->level[l].action = (int)random_below(seed, DECIDE_ACTION__MAX);
        p->level[l].outgoing_action = (int)random_below(seed, DECIDE_ACTION__MAX);
        p->level[l].text = text[random_below(seed, 3)];
        p->level[l].redirect = address[random_below(seed, 2)];
    }
    p->incoming_threshold = random_below(seed, 60) * 1000;
    p->outgoing_threshold = random_below(seed, 60) * 1000;
    p->threshold_action = (int)random_below(seed, DECIDE_ACTION__MAX);
    p->outgoing_threshold_action = (int)random_below(seed, DECIDE_ACTION__MAX);
    p->blacklist_action = (int)random_below(seed, DECIDE_ACTION__MAX);
    p->blocked_action = (int)random_below(seed, DECIDE_ACTION__MAX);
    p->weight[CHECK_spf][RESULT_fail] = random_below(seed, 30) * 1000;
}

static void randomize_verdict(uint64_t *seed, struct antispam_verdict *v)
{
    static const char *const lists[] = {"blacklist", "blocked", "whitelist", "trusted"};

    for (size_t i = 0; i < 4; i++)
        if (random_below(seed, 12) == 0)
            add_result(v, CHECK_list, RESULT_hit, lists[i]);
    for (unsigned i = random_below(seed, 12); i > 0; i--)
        add_result(v, (enum check)random_below(seed, CHECK__MAX + 1),
                   (enum check_result)random_below(seed, RESULT__MAX + 1),
                   level_names[random_below(seed, 4)]);
}

static bool same_outcome(const struct decide_outcome *a, const struct decide_outcome *b)
{
    return a->weight == b->weight && a->level == b->level && a->action == b->action &&
           view_equal(a->text, b->text) && view_equal(a->redirect, b->redirect) &&
           view_equal(a->place, b->place) && view_equal(a->profile, b->profile) &&
           strcmp(a->why, b->why) == 0;
}

static const struct config_policy *policy_of(const struct decide_input *in, size_t i)
{
    struct decide_profile own;

    return decide_profile_find(in->cfg, in->rcpt[i], &own)->policy;
}

/* What X-Spam-Status shows of the settings; randomize_policy() changes one weight. */
static bool same_status(const struct decide_input *in, size_t i, size_t k)
{
    const struct config_policy *a = policy_of(in, i), *b = policy_of(in, k);
    bool shown = false;

    for (unsigned r = 0; r < in->verdict->n; r++)
        shown |= in->verdict->result[r].check == CHECK_spf && in->verdict->result[r].result == RESULT_fail;
    return a->level[DECIDE_LOW].threshold == b->level[DECIDE_LOW].threshold &&
           (!shown || a->weight[CHECK_spf][RESULT_fail] == b->weight[CHECK_spf][RESULT_fail]);
}

/* Each recipient has one group; those of a group want the same, those of two groups something different. */
static void check_partition(const struct decide_input *in, const struct decide_result *r)
{
    unsigned *seen = xcalloc(r->n + 1, sizeof *seen), groups = 0;

    for (size_t i = 0; i < r->n; i++) {
        assert_true(r->group[i] < r->groups);
        assert_true(r->kind[i] < r->kinds);
        assert_true((unsigned)r->outcome[i].action < DECIDE_ACTION__MAX);
        groups += seen[r->group[i]]++ == 0;
        for (size_t k = 0; k < i; k++) {
            const struct decide_outcome *a = &r->outcome[i], *b = &r->outcome[k];
            bool same = a->action == b->action &&
                        (!decide_is_sent(a->action) ||
                         (a->weight == b->weight && a->level == b->level && view_equal(a->text, b->text) &&
                          view_equal(a->redirect, b->redirect) && same_status(in, i, k)));

            assert_int_equal(r->group[i] == r->group[k], same);
            assert_true(r->kind[i] != r->kind[k] || same_outcome(a, b));
        }
    }
    assert_int_equal(groups, r->groups);
    free(seen);
}

#define RCPTS 12

static void any_verdict_and_settings(void **state)
{
    static const char *const who[] = {
        OWN, DOMAIN, USER, LIMITED,        "a@b.example.net", "USER+x@Example.ORG.",
        "",  "@",    "x@", "@example.org", "postmaster",      "q@sub.example.org"};
    uint64_t seed = 20260102;
    struct config *c;

    (void)state;
    put_lists();
    c = config_world_load(LISTS PROFILES "[filter]\nallow_override = low.*, filter.*\n");
    for (int turn = 0; turn < 10000; turn++) {
        struct antispam_verdict v = {0};
        struct decide_result a, b;
        struct view rcpt[RCPTS];
        struct config_policy old = c->policy;
        struct config_policy mine[3];

        randomize_policy(&seed, &c->policy);
        for (int p = 0; p < 3; p++) {
            mine[p] = c->profile[p].policy;
            randomize_policy(&seed, &c->profile[p].policy);
        }
        randomize_verdict(&seed, &v);
        for (size_t i = 0; i < RCPTS; i++)
            rcpt[i] = view_of(who[random_below(&seed, RCPTS)]);
        for (int way = 0; way < 2; way++) {
            const struct decide_input in = {c, &v, way, rcpt, random_below(&seed, RCPTS + 1), 0};

            decide(&in, &a);
            decide(&in, &b);
            assert_int_equal(a.n, in.rcpt_n);
            check_partition(&in, &a);
            assert_int_equal(a.groups, b.groups);
            for (size_t i = 0; i < a.n; i++) {
                assert_true(same_outcome(&a.outcome[i], &b.outcome[i]));
                assert_int_equal(a.group[i], b.group[i]);
            }
            decide_free(&a);
            decide_free(&b);
        }
        free(v.result);
        c->policy = old;
        for (int p = 0; p < 3; p++)
            c->profile[p].policy = mine[p];
    }
    config_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_action_direction_level_and_override),
        cmocka_unit_test(rules_apply_in_their_order),
        cmocka_unit_test(not_judged_is_delivered),
        cmocka_unit_test(weights_of_a_profile),
        cmocka_unit_test(sixteen_copies_are_the_most),
        cmocka_unit_test(any_verdict_and_settings),
    };

    return cmocka_run_group_tests(tests, config_world_enter, config_world_leave);
}
