/*
 * test_decide_profile.c - unit tests of spoold/decide_profile.c: who has which profile, what a user's comes
 * to over that of his domain, mistakes in lists.domains, and that many profiles cost nothing.
 *
 * Run by `make check`, in a folder of its own.
 */
#include "spoold/decide_profile.h"

#include "spoold/config_value.h"

#include "tests/unit/config_world.h"

#include <time.h>

static const char ini[] = "[lists]\n"                     /* 1 */
                          "domains = @lists/domains\n"    /* 2 */
                          "[profile strict]\n"            /* 3 */
                          "low.threshold = 5\n"           /* 4 */
                          "filter.incoming_threshold=6\n" /* 5 */
                          "[profile lax]\n"               /* 6 */
                          "low.threshold = 15\n"          /* 7 */
                          "high.text = hm\n"              /* 8 */
                          "[profile tree]\n"
                          "[profile own]\n" /* 10 */
                          "filter.incoming_threshold=9\n"
                          "medium.action = junk\n"; /* 12 */
static const char lines[] = "example.org strict\n"
                            ".example.net tree  # and all below it\n"
                            "deep.example.net lax\n"
                            ".below.example.net\tlax\n"
                            "@example.com lax\n"
                            "Boss@Example.org lax\n"
                            "boss@example.net own\n"
                            "boss@nowhere.example own\n"
                            "a+b@example.org own\n"
                            ".xn--bcher-kva.example strict\n"
                            "boss@b\xc3\xbc"
                            "cher.example lax\n";

static const struct {
    const char *says, *rcpt, *user, *domain;
} table[] = {
    {"a domain", "x@example.org", NULL, "strict"},
    {"in any case", "X@EXAMPLE.Org", NULL, "strict"},
    {"with a last dot", "x@example.org.", NULL, "strict"},
    {"not what is below it", "x@sub.example.org", NULL, NULL},
    {"not what ends so", "x@myexample.org", NULL, NULL},
    {"a domain and all below it", "x@example.net", NULL, "tree"},
    {"what is below it", "x@a.b.c.example.net", NULL, "tree"},
    {"the longer one first", "x@deep.example.net", NULL, "lax"},
    {"but not below that", "x@x.deep.example.net", NULL, "tree"},
    {"the longest of several", "x@x.below.example.net", NULL, "lax"},
    {"itself", "x@below.example.net", NULL, "lax"},
    {"written with @", "x@example.com", NULL, "lax"},
    {"a user", "boss@example.org", "lax", "strict"},
    {"of a domain below", "boss@example.net", "own", "tree"},
    {"of a domain without one", "boss@nowhere.example", "own", NULL},
    {"another user", "bos@example.org", NULL, "strict"},
    {"with a detail", "boss+lists@example.org", "lax", "strict"},
    {"with several", "boss+a+b@example.org", "lax", "strict"},
    {"with one of its own", "a+b@example.org", "own", "strict"},
    {"a detail of nobody", "+boss@example.org", NULL, "strict"},
    {"a domain as people see it",
     "x@b\xc3\xbc"
     "cher.example",
     NULL, "strict"},
    {"in capitals, below it",
     "x@Mail.B\xc3\x9c"
     "CHER.example.",
     NULL, "strict"},
    {"as the DNS has it", "x@XN--bcher-kva.example", NULL, "strict"},
    {"a line as people see it", "boss@xn--bcher-kva.example", "lax", "strict"},
    {"a user in quotes", "\"boss\"@example.org", "lax", "strict"},
    {"with an escape", "\"b\\oss+x\"@Example.org.", "lax", "strict"},
    {"behind a route", "@a.example,@b.example:boss@example.org", "lax", "strict"},
    {"both", "@a.example:\"boss\"@example.org", "lax", "strict"},
    {"a domain behind a route", "@a.example:x@example.org", NULL, "strict"},
    {"half a quote", "\"boss@example.org", NULL, "strict"},
    {"a quote alone", "\"@example.org", NULL, "strict"},
    {"empty quotes", "\"\"@example.org", NULL, "strict"},
    {"a route alone", "@a.example:@example.org", NULL, "strict"},
    {"no local part", "@example.org", NULL, "strict"},
    {"two @", "\"a@b\"@example.org", NULL, "strict"},
    {"no domain", "boss@", NULL, NULL},
    {"no @", "boss", NULL, NULL},
    {"nothing", "", NULL, NULL},
    {"an @ alone", "@", NULL, NULL},
    {"a dot alone", "x@.", NULL, NULL},
    {"dots", "x@...example.net", NULL, "tree"},
    {"another one", "x@example.edu", NULL, NULL},
};

static void who_has_which(void **state)
{
    struct config *c;

    (void)state;
    config_world_put("lists/domains", lines);
    c = config_world_load(ini);
    assert_int_equal(decide_profile_count(c), 8); /* everybody, three domains, four users */
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct decide_profile own;
        const struct decide_profile *p = decide_profile_find(c, view_of(table[i].rcpt), &own);

        if (strcmp(p->user ? p->user : "", table[i].user ? table[i].user : "") != 0 ||
            strcmp(p->domain ? p->domain : "", table[i].domain ? table[i].domain : "") != 0)
            fail_msg("%s: %s over %s", table[i].says, p->user ? p->user : "-", p->domain ? p->domain : "-");
        assert_int_equal(p->number == 0, !table[i].user && !table[i].domain);
        assert_true(p->number < decide_profile_count(c));
    }
    config_free(&c);
}

static void hostile_recipients_have_none(void **state)
{
    struct buf b = {0};
    struct config *c;
    struct decide_profile own;

    (void)state;
    config_world_put("lists/domains", lines);
    c = config_world_load(ini);
    for (size_t n = 0; n < 2100; n++) {
        assert_int_equal(decide_profile_find(c, buf_view(&b), &own)->number, 0);
        buf_add_char(&b, n == 700 ? '@' : n % 3 ? '.' : '\0');
    }
    buf_free(&b);
    config_free(&c);
}

static const struct decide_profile *of(const struct config *c, const char *rcpt)
{
    static struct decide_profile own;

    return decide_profile_find(c, view_of(rcpt), &own);
}

static void a_user_has_his_own_over_his_domains(void **state)
{
    struct config *c;
    const struct config_policy *p;

    (void)state;
    config_world_put("lists/domains", lines);
    c = config_world_load(ini);
    p = of(c, "x@example.org")->policy;
    assert_int_equal(p->level[1].threshold, 5000);
    assert_int_equal(p->incoming_threshold, 6000);
    assert_string_equal(p->level[3].text, "[SPAM?] ");
    p = of(c, "boss@example.org")->policy;
    assert_int_equal(p->level[1].threshold, 15000);
    assert_int_equal(p->incoming_threshold, 6000);
    assert_string_equal(p->level[3].text, "hm");
    p = of(c, "a+b@example.org")->policy;
    assert_int_equal(p->level[1].threshold, 5000);
    assert_int_equal(p->incoming_threshold, 6000); /* 9 is not a user's to set */
    p = of(c, "boss@nowhere.example")->policy;
    assert_int_equal(p->incoming_threshold, 30000);
    assert_int_equal(p->level[2].action, 3);
    config_free(&c);
}

static const struct {
    const char *rcpt, *section, *key, *place, *name;
} places[] = {
    {"x@example.edu", "level low", "threshold", "default", ""},
    {"x@example.org", "level low", "threshold", "m.ini:4", "strict"},
    {"x@example.org", "level low", "action", "default", ""},
    {"x@example.org", "filter", "incoming_threshold", "m.ini:5", "strict"},
    {"boss@example.org", "level low", "threshold", "m.ini:7", "lax"},
    {"boss@example.org", "filter", "incoming_threshold", "m.ini:5", "strict"},
    {"boss@nowhere.example", "filter", "incoming_threshold", "default", ""},
    {"boss@nowhere.example", "level medium", "action", "m.ini:12", "own"},
    {"x@example.org", "lists", "domains", "m.ini:2", ""},
};

static void each_setting_has_its_place(void **state)
{
    struct config *c;

    (void)state;
    config_world_put("lists/domains", lines);
    c = config_world_load(ini);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct buf b = {0};
        const char *name = NULL;

        config_place_add(
            decide_profile_where(c, of(c, places[i].rcpt), places[i].section, places[i].key, &name), &b);
        assert_string_equal(b.p, places[i].place);
        assert_string_equal(name, places[i].name);
        buf_free(&b);
    }
    config_free(&c);
}

static const struct {
    const char *line, *complaint;
} mistakes[] = {
    {"example.edu", "lists/domains:1: this is no address or domain with the name of a profile behind it"},
    {"example.edu Strict", "lists/domains:1: this is no address"},
    {"exa..mple strict", "lists/domains:1: it is for no address or domain; accepted: example.org PROFILE"},
    {"example.edu other", "lists/domains:1: there is no [profile other] in the settings"},
    {"# one\nexample.edu strict\nEXAMPLE.edu lax",
     "lists/domains:3: example.edu stands twice, first in line 2; accepted: each address and domain once"},
    {"@example.edu strict\nexample.edu lax", "lists/domains:2: example.edu stands twice"},
    {"example.edu stric", "there is no [profile stric]"},
    {"example.edu strictly", "there is no [profile strictly]"},
};

static void mistakes_have_their_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        struct config_errors errs = {0};

        config_world_put("lists/domains", mistakes[i].line);
        assert_null(config_world_try(ini, &errs));
        assert_int_equal(errs.n, 1);
        if (!strstr(errs.text.p, mistakes[i].complaint))
            fail_msg("%s: %s", mistakes[i].line, errs.text.p);
        buf_free(&errs.text);
    }
}

/* The action is allowed and stands; its address is not, and the domain has none. */
static void a_user_who_may_not_say_where_to_is_a_mistake(void **state)
{
    static const struct {
        const char *words;
        bool good;
    } cases[] = {
        {"high.*", true}, {"high.action high.redirect", true}, {"high.action", false}, {"low.*", true}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct config_errors errs = {0};
        struct buf text = {0};
        struct config *c;

        buf_addf(&text,
                 "[lists]\ndomains = @lists/domains\n[filter]\nallow_override = %s\n[profile d]\n"
                 "[profile u]\nhigh.action = redirect\nhigh.redirect = a@example.org\n",
                 cases[i].words);
        config_world_put("lists/domains", "example.edu d\nuser@example.edu u\n");
        c = config_world_try(text.p, &errs);
        assert_int_equal(c != NULL, cases[i].good);
        if (!c &&
            !strstr(errs.text.p, "lists/domains:2: [profile u]: as far as filter.allow_override lets it, an "
                                 "action redirect has no address; accepted: words that allow high.redirect"))
            fail_msg("%s", errs.text.p);
        config_free(&c);
        buf_free(&text);
        buf_free(&errs.text);
    }
}

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* 200 profiles of 30 keys. The bounds are wide: the machine may be slow, and the build one for finding
 * faults. */
static void many_profiles_cost_nothing(void **state)
{
    struct buf text = {0}, who = {0};
    const struct config_option *o;
    struct decide_profile own;
    struct config *c;
    double begun;

    (void)state;
    buf_add_str(&text, "[lists]\ndomains = @lists/domains\n");
    for (int i = 0; i < 200; i++) {
        int keys = 0;

        buf_addf(&text, "[profile p%d]\n", i);
        for (o = config_value_find_section(VIEW("profile")); o && keys < 30; o = config_value_next(o), keys++)
            buf_addf(&text, "%s = %d\n", o->key, i % 7);
        buf_addf(&who, "d%d.example.org p%d\nu@d%d.example.org p%d\n", i, i, i, (i + 1) % 200);
    }
    config_world_put("lists/domains", who.p);
    begun = seconds();
    c = config_world_load(text.p);
    print_message("200 profiles of 30 keys: %.3f s\n", seconds() - begun);
    assert_true(seconds() - begun < 2);
    begun = seconds();
    for (int i = 0; i < 100000; i++)
        assert_int_not_equal(decide_profile_find(c, VIEW("U@d77.example.org"), &own)->number, 0);
    print_message("a look-up: %.0f ns\n", (seconds() - begun) * 1e4);
    assert_true(seconds() - begun < 2);
    config_free(&c);
    buf_free(&text);
    buf_free(&who);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_has_which),
        cmocka_unit_test(hostile_recipients_have_none),
        cmocka_unit_test(a_user_has_his_own_over_his_domains),
        cmocka_unit_test(each_setting_has_its_place),
        cmocka_unit_test(mistakes_have_their_line),
        cmocka_unit_test(a_user_who_may_not_say_where_to_is_a_mistake),
        cmocka_unit_test(many_profiles_cost_nothing),
    };

    return cmocka_run_group_tests(tests, config_world_enter, config_world_leave);
}
