/*
 * test_whatif.c - recorded decisions under other settings: changed, unchanged, or not to be told, and why.
 *
 * Run in a folder of its own. Records are written by hand in the form of flow_decision.c.
 */
#include "spoold/whatif.h"

#include "tests/unit/config_world.h"

#define SPF(result)                                                                                          \
    "\"checks\":[{\"name\":\"spf\",\"result\":\"" result "\",\"weight\":8,\"line\":\"default\"}],"
#define TO(to, action)                                                                                       \
    "{\"to\":\"" to "\",\"weight\":8,\"level\":\"none\",\"action\":\"" action "\",\"why\":\"\",\"copy\":1}"
/* Judged, weight 8, and what became of its recipients. */
#define JUDGED(decisions) REC(SPF("fail"), decisions)
#define REC(checks, decisions)                                                                               \
    "{\"v\":1,\"config\":\"00\",\"by\":\"recipients\",\"fate\":\"send\",\"direction\":\"incoming\","         \
    "\"envelope\":{},"                                                                                       \
    "\"virus\":{\"state\":\"clean\"}," checks "\"weight\":8,\"decisions\":[" decisions "]}"
#define WHOLE(by, fate, more)                                                                                \
    "{\"v\":1,\"config\":\"00\",\"by\":\"" by "\",\"fate\":\"" fate "\"," more "\"envelope\":{}}"
/* Of the plain checks only spf. */
#define QUIET                                                                                                \
    "[dkim]\nenable = no\n[dmarc]\nenable = no\n[iprev]\nenable = no\n[helo]\nenable = "                     \
    "no\n[spf_helo]\nenable = no\n"
#define DOMAINS "[lists]\ndomains = @lists/domains\n[profile p]\nlow.threshold = 5\nlow.action = quarantine\n"

static struct config *then_quiet(void *arg, const char *hash)
{
    const char *ini = arg;

    assert_string_equal(hash, "00");
    return ini ? config_world_load(ini) : NULL;
}

static const struct {
    const char *says, *then, *now; /* then: NULL: not kept */
    const char *rcpt, *record;
    const char *wanted; /* "=" unchanged, "~" with another weight, "?WHY", or changes with commas between */
} cases[] = {
    {"nothing is other", QUIET, QUIET, "a@example.org", JUDGED(TO("1", "deliver")), "="},
    {"a threshold", QUIET, QUIET "[level low]\nthreshold = 8\n", "a@example.org", JUDGED(TO("1", "deliver")),
     "deliver -> header"},
    {"one above", QUIET, QUIET "[level low]\nthreshold = 8.001\n", "a@example.org",
     JUDGED(TO("1", "deliver")), "="},
    {"a weight alone", QUIET, QUIET "[spf]\nweight_fail = 9\n", "a@example.org", JUDGED(TO("1", "deliver")),
     "~"},
    {"a weight that leads further", QUIET, QUIET "[spf]\nweight_fail = 31\n", "a@example.org",
     JUDGED(TO("1", "deliver")), "deliver -> quarantine/spam"},
    {"a check is off: it weighs nothing", QUIET, QUIET "[spf]\nenable = no\n", "a@example.org",
     JUDGED(TO("1", "header")), "header -> deliver"},
    {"nothing is judged any more", QUIET, QUIET "[antispam]\nenable = no\n", "a@example.org",
     JUDGED(TO("1", "header")), "header -> deliver"},
    {"a kind of change counts once a message", QUIET, QUIET "[level low]\nthreshold = 8\n",
     "a@example.org,b@example.org,c@example.org", JUDGED(TO("1-2", "deliver") "," TO("3", "tag")),
     "deliver -> header,tag -> header"},
    {"one recipient has a profile", QUIET, QUIET DOMAINS, "a@example.org,b@p.example",
     JUDGED(TO("1-2", "deliver")), "deliver -> quarantine/spam"},
    {"hashed recipients without profiles", QUIET, QUIET "[level low]\nthreshold = 8\n", "h:0123456789abcdef",
     JUDGED(TO("1", "deliver")), "deliver -> header"},
    {"hashed recipients with profiles", QUIET, QUIET DOMAINS, "h:0123456789abcdef",
     JUDGED(TO("1", "deliver")), "?its recipients are hashed, and there are profiles (lists.domains)"},
    {"none written down, without profiles", QUIET, QUIET "[level low]\nthreshold = 8\n", "",
     JUDGED(TO("1-3", "deliver")), "deliver -> header"},
    {"none written down, with profiles", QUIET, QUIET DOMAINS, "", JUDGED(TO("1-3", "deliver")),
     "?its recipients are not written down, and there are profiles (lists.domains)"},
    {"a list that was never asked makes a difference", QUIET,
     QUIET "[rbl zen]\nzone = z.example\nweight = 2\n", "a@example.org", JUDGED(TO("1", "deliver")),
     "?[rbl zen] was not asked then"},
    {"or it makes none", QUIET, QUIET "[rbl zen]\nzone = z.example\nweight = 1.999\n", "a@example.org",
     JUDGED(TO("1", "deliver")), "="},
    {"or both ends come to the same, but not what is between", QUIET,
     QUIET "[rbl zen]\nzone = z.example\nweight = 14\n[level low]\naction = tag\n[level medium]\naction = "
           "deliver\n",
     "a@example.org", JUDGED(TO("1", "deliver")), "?[rbl zen] was not asked then"},
    {"or it is changed whatever the list says", QUIET,
     QUIET "[rbl zen]\nzone = z.example\nweight = 2\n[level low]\nthreshold = 8\n", "a@example.org",
     JUDGED(TO("1", "deliver")), "deliver -> header"},
    {"the settings of then are not kept: what stands in the record is known", NULL,
     QUIET "[level low]\nthreshold = 8\n", "a@example.org", JUDGED(TO("1", "deliver")), "deliver -> header"},
    {"judging was off", QUIET "[antispam]\nenable = no\n", QUIET, "a@example.org",
     WHOLE("recipients", "send", ""), "?antispam.enable was off then"},
    {"and is still", QUIET "[antispam]\nenable = no\n", QUIET "[antispam]\nenable = no\n", "a@example.org",
     WHOLE("recipients", "send", ""), "="},
    {"it was on, and the message was not judged", QUIET, QUIET, "a@example.org",
     WHOLE("recipients", "send", ""), "="},
    {"nobody knows", NULL, QUIET, "a@example.org", WHOLE("recipients", "send", ""),
     "?it was not judged then"},
    {"a virus stays one", QUIET, QUIET, "a@example.org",
     WHOLE("virus", "quarantine",
           "\"class\":\"virus\",\"reason\":\"virus: x\",\"virus\":{\"state\":\"infected\",\"name\":\"x\"},"),
     "="},
    {"and is deleted now", QUIET, QUIET "[antivirus]\nvirus_action = delete\n", "a@example.org",
     WHOLE("virus", "quarantine",
           "\"class\":\"virus\",\"reason\":\"virus: x\",\"virus\":{\"state\":\"infected\",\"name\":\"x\"},"),
     "quarantine/virus -> discard"},
    {"what is unexamined may pass now, but was not judged", QUIET,
     QUIET "[antivirus]\nencrypted_action = tag\n", "a@example.org",
     WHOLE(
         "unexamined", "quarantine",
         "\"class\":\"policy\",\"virus\":{\"state\":\"unexamined\",\"why\":\"encrypted\",\"detail\":\"x\"},"),
     "?it was not judged then"},
    {"too large now", QUIET, QUIET "[spool]\nmax_message_size = 1024\n", "a@example.org",
     JUDGED(TO("1", "deliver")), "deliver -> quarantine/failed"},
    {"no longer too large", QUIET, QUIET, "a@example.org",
     WHOLE("size", "quarantine", "\"class\":\"failed\",\"virus\":{\"state\":\"not asked\"},"),
     "?it was not examined then"},
    {"held too long", QUIET, QUIET, "a@example.org", WHOLE("held", "quarantine", "\"class\":\"failed\","),
     "?it was held too long"},
    {"a worker failed", QUIET, QUIET, "a@example.org", WHOLE("worker", "quarantine", "\"class\":\"poison\","),
     "?no worker could read it"},
    {"no record", QUIET, QUIET, "a@example.org", "", "?there is no record of its decision"},
    {"a record that is none", QUIET, QUIET, "a@example.org", "{\"v\":1}",
     "?its record does not say what decided: it is of another release"},
    {"results had no room", QUIET, QUIET, "a@example.org", REC("\"checks_cut\":true,", TO("1", "deliver")),
     "?its record had no room for the results of its checks"},
};

static void take(struct whatif *w, const char *name, int64_t at_ms, const char *rcpt, const char *record)
{
    struct event e = {.kind = EVENT_ACCEPTED,
                      .at_ms = at_ms,
                      .sender = VIEW("s@example.org"),
                      .size = 2000,
                      .record = view_of(record)};
    struct view to[4];
    char id[64];

    snprintf(id, sizeof id, "%s~0123456789abcdefghjkmnpqr", name);
    assert_int_equal(base_parse(&e.id, view_of(id)), 0);
    for (; *rcpt; rcpt += to[e.rcpt_n - 1].n + (rcpt[to[e.rcpt_n - 1].n] == ','))
        to[e.rcpt_n++] = (struct view){rcpt, strcspn(rcpt, ",")};
    e.rcpt = to;
    whatif_take(w, &e);
}

static void add_outcome(const struct whatif_figures *f, struct buf *to)
{
    assert_int_equal(f->changed + f->unchanged + f->unknown, f->messages);
    if (f->unknown)
        buf_addf(to, "?%s", f->reason[0].text);
    else if (f->unchanged)
        buf_add_str(to, f->reweighed ? "~" : "=");
    for (size_t i = 0; i < f->group_n; i++) {
        buf_add_str(to, i ? "," : "");
        whatif_add_change(&f->group[i], to);
    }
}

static void decisions_are_compared(void **state)
{
    (void)state;
    config_world_put("lists/domains", "p.example p\n");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct config *now = config_world_load(cases[i].now);
        const struct whatif_options o = {now, 0, 3, then_quiet, (void *)(uintptr_t)cases[i].then};
        struct whatif *w = whatif_new(&o);
        struct buf got = {0};

        take(w, "m", 1, cases[i].rcpt, cases[i].record);
        whatif_end(w);
        add_outcome(whatif_figures(w), &got);
        if (strcmp(got.p, cases[i].wanted) != 0)
            fail_msg("%s: %s", cases[i].says, got.p);
        buf_free(&got);
        whatif_free(&w);
        config_free(&now);
    }
}

static void figures_name_the_first_messages(void **state)
{
    struct config *now =
        config_world_load(QUIET "[level low]\nthreshold = 8\n[site]\nnetworks = 192.0.2.1\n");
    const struct whatif_options o = {now, 1000, 2, then_quiet, (void *)(uintptr_t)QUIET};
    struct whatif *w = whatif_new(&o);
    const struct whatif_figures *f = whatif_figures(w);

    (void)state;
    take(w, "early", 999, "a@example.org", JUDGED(TO("1", "deliver")));
    take(w, "a", 1000, "a@example.org", JUDGED(TO("1", "deliver")));
    take(w, "b", 1001, "a@example.org", JUDGED(TO("1", "tag")));
    take(w, "c", 1002, "a@example.org", JUDGED(TO("1", "deliver")));
    take(w, "d", 1003, "a@example.org", JUDGED(TO("1", "deliver")));
    take(w, "e", 1004, "a@example.org", JUDGED(TO("1", "header")));
    take(w, "f", 1005, "a@example.org", "");
    take(w, "g", 1005, "a@example.org", "{");
    take(w, "h", 1006, "a@example.org", "{}");
    take(w, "i", 1007, "a@example.org", "{");
    whatif_end(w);
    assert_int_equal(f->messages, 9);
    assert_int_equal(f->changed, 4);
    assert_int_equal(f->unchanged, 1);
    assert_int_equal(f->unknown, 4);
    assert_int_equal(f->group_n, 2);
    assert_int_equal(f->group[0].n, 3);
    assert_int_equal(f->group[0].example_n, 2);
    assert_string_equal(f->group[0].example[0].id.s, "a~0123456789abcdefghjkmnpqr");
    assert_string_equal(f->group[0].example[0].from, "s@example.org");
    assert_string_equal(f->group[0].example[0].setting,
                        "weight 8 is level low: [level low] action header (default)");
    assert_int_equal(f->group[0].example[0].then, 8000);
    assert_int_equal(f->group[0].example[0].now, 8000);
    assert_string_equal(f->group[0].example[1].id.s, "c~0123456789abcdefghjkmnpqr");
    assert_int_equal(f->group[1].n, 1);
    assert_int_equal(f->reason[0].n, 2);
    assert_string_equal(f->reason[0].text, "its record cannot be read");
    assert_string_equal(f->notes.p, "site.networks\n");
    whatif_free(&w);
    config_free(&now);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(decisions_are_compared, config_world_enter, config_world_leave),
        cmocka_unit_test_setup_teardown(figures_name_the_first_messages, config_world_enter,
                                        config_world_leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
