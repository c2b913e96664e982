/*
 * test_whatif_then.c - what new settings weigh that a record has no result of, and how much it could be.
 *
 * Run in a folder of its own.
 */
#include "spoold/whatif_then.h"

#include "tests/unit/config_world.h"

#define RULES "[lists]\nbody_rules = @lists/body\nheader_rules = @lists/header\n"
/* Of the plain checks only spf, which weighs something. */
#define QUIET                                                                                                \
    "[dkim]\nenable = no\n[dmarc]\nenable = no\n[iprev]\nenable = no\n[helo]\nenable = no\n[spf_helo]\n"     \
    "enable = no\n[spf]\nweight_fail = 8\n"
#define RESULTS 4

static const struct {
    const char *says;
    const char *then, *now; /* NULL: the settings of that time are not kept */
    const char *then_body, *body;
    const char *results;
    int64_t low, high;
    const char *reason; /* NULL: all is known */
} cases[] = {
    {"all is there", "", "", "", "", "spf=pass", 0, 0, NULL},
    {"a check without a result", "", "", "", "", "helo=pass", 0, 8000, "[spf] was not asked then"},
    {"that result is in it, whatever it is", "", "", "", "", "spf=temperror", 0, 0, NULL},
    {"a check that is off", "", "enable = no\n", "", "", "helo=pass", 0, 0, NULL},
    {"a check that can help", "", "weight_pass = -3\n", "", "", "helo=pass", -3000, 8000,
     "[spf] was not asked then"},
    {"a profile that weighs more", "", "[profile x]\nspf.weight_none = 20\n", "", "", "helo=pass", 0, 20000,
     "[spf] was not asked then"},
    {"who was excused from judging is excused now", "", "", "", "", "spf=skipped", 0, 0, NULL},
    {"also from what is new", "", "[rbl zen]\nzone = z.example\n", "", "", "gateway=miss helo=skipped", 0, 0,
     NULL},
    {"a new list", "", "[rbl zen]\nzone = z.example\nweight = 4\n", "", "", "spf=pass", 0, 4000,
     "[rbl zen] was not asked then"},
    {"up to its limit", "", "[rbl zen]\nzone = z.example\nweight = 4\nweight_max = 9\n", "", "", "spf=pass",
     0, 9000, "[rbl zen] was not asked then"},
    {"a list of good ones", "", "[rbl zen]\nzone = z.example\nweight = -4\nweight_max = 9\n", "", "",
     "spf=pass", -9000, 0, "[rbl zen] was not asked then"},
    {"a list that is off", "", "[rbl zen]\nenable = no\nzone = z.example\n", "", "", "spf=pass", 0, 0, NULL},
    {"a list that weighs nothing", "", "[rbl zen]\nzone = z.example\nweight = 0\nweight_max = 9\n", "", "",
     "spf=pass", 0, 0, NULL},
    {"a list that was asked", "[rbl zen]\nzone = z.example\n", "[rbl zen]\nzone = Z.example\nweight = 7\n",
     "", "", "spf=pass rbl:zen=hit", 0, 0, NULL},
    {"another list of that name: its hit does not count", "[rbl zen]\nzone = y.example\n",
     "[rbl zen]\nzone = z.example\nweight = 7\n", "", "", "spf=pass rbl:zen=hit", -7000, 0,
     "[rbl zen] was another list then"},
    {"nor does its silence", "[rbl zen]\nzone = y.example\n", "[rbl zen]\nzone = z.example\nweight = 7\n", "",
     "", "spf=pass rbl:zen=miss", 0, 7000, "[rbl zen] was another list then"},
    {"other answers are another list", "[uribl u]\nzone = z.example\nresults = 127.0.0.2\n",
     "[uribl u]\nzone = z.example\nweight = 7\n", "", "", "spf=pass uribl:u=miss", 0, 7000,
     "[uribl u] was another list then"},
    {"so are other names that are looked up", "[uribl u]\nzone = z.example\ndomains = helo\n",
     "[uribl u]\nzone = z.example\nweight = 7\n", "", "", "spf=pass uribl:u=miss", 0, 7000,
     "[uribl u] was another list then"},
    {"without its settings a list that is named is taken for the same", NULL,
     "[rbl zen]\nzone = z.example\nweight = 7\n", "", "", "spf=pass rbl:zen=miss", 0, 0, NULL},
    {"a rule that did not hit", RULES, RULES, "a 3 contains x\n", "a 5 contains x\n", "spf=pass", 0, 0, NULL},
    {"a rule that is new", RULES, RULES, "a 3 contains x\n", "a 3 contains x\nb 5 contains y\n", "spf=pass",
     0, 5000, "the rule body:b was not looked for then"},
    {"a rule with another pattern", RULES, RULES, "a 3 contains x\n", "a -5 contains y\n",
     "spf=pass body:a=hit", 0, 5000, "the rule body:a had another pattern then"},
    {"a rule of another type", RULES, RULES, "a 3 contains x\n", "a 5 wildcard x\n", "spf=pass", 0, 5000,
     "the rule body:a had another pattern then"},
    {"a rule that weighs nothing", RULES, RULES, "", "a 0 contains x\n", "spf=pass", 0, 0, NULL},
    {"the rules were off", RULES "[body]\nenable = no\n", RULES, "a 3 contains x\n", "a 3 contains x\n",
     "spf=pass", 0, 3000, "the rule body:a was not looked for then"},
    {"without its settings a rule that did not hit is not known", NULL, RULES, "", "a 3 contains x\n",
     "spf=pass", 0, 3000, "the rule body:a was not looked for then"},
    {"one that did hit is", NULL, RULES, "", "a 3 contains x\n", "spf=pass body:a=hit", 0, 0, NULL},
    {"several: the sum, and the widest is named", "",
     "[rbl zen]\nzone = z.example\nweight = 4\n[rbl bl]\nzone = b.example\nweight = -6\n", "", "", "spf=pass",
     -6000, 4000, "[rbl bl] was not asked then"},
};

static struct config *settings(const char *more, const char *body)
{
    char *ini = xasprintf(QUIET "%s", more);
    struct config *c;

    config_world_put("lists/body", body);
    config_world_put("lists/header", "");
    c = config_world_load(ini);
    free(ini);
    return c;
}

/* "spf=pass rbl:zen=hit" */
static unsigned read_results(const char *text, struct antispam_result to[RESULTS])
{
    unsigned n = 0;

    for (const char *p = text; *p; p += strcspn(p, " ") + (p[strcspn(p, " ")] == ' ')) {
        const struct view name = {p, strcspn(p, ":=")}, whole = {p, strcspn(p, "=")};
        const char *result = p + whole.n + 1;

        to[n].check = check_find(name);
        to[n].result = check_result_find((struct view){result, strcspn(result, " ")});
        to[n].count = 1;
        to[n++].name = whole.n > name.n ? (struct view){p + name.n + 1, whole.n - name.n - 1} : VIEW("");
    }
    return n;
}

static void what_is_not_known(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct config *then = cases[i].then ? settings(cases[i].then, cases[i].then_body) : NULL;
        struct config *now = settings(cases[i].now, cases[i].body);
        struct antispam_result result[RESULTS] = {0};
        const struct antispam_verdict v = {.result = result, .n = read_results(cases[i].results, result)};
        struct whatif_unknown u;
        struct whatif_then t;
        struct buf reason = {0};

        whatif_then_make(&t, then, now);
        assert_int_equal(t.known, then != NULL);
        whatif_then_unknown(&t, now, &v, &u);
        if (u.widest)
            whatif_then_add_reason(u.widest, &reason);
        if (u.low != cases[i].low || u.high != cases[i].high ||
            strcmp(reason.p ? reason.p : "", cases[i].reason ? cases[i].reason : "") != 0)
            fail_msg("%s: %lld to %lld: %s", cases[i].says, (long long)u.low, (long long)u.high,
                     reason.p ? reason.p : "all is known");
        buf_free(&reason);
        whatif_then_free(&t);
        config_free(&then);
        config_free(&now);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_not_known, config_world_enter, config_world_leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
