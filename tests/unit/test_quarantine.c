/*
 * test_quarantine.c - unit tests of spoold/quarantine.c: names, states, what a person means, the walk.
 *
 * Run by `make check`. Names are hostile input; what is no entry must never be taken for one.
 */
#include "tests/unit/depot_world.h"

#include "spoold/quarantine.h"

#define ID "0123456789abcdefghjkmnpqr"

static void takes_names_apart(void **state)
{
    static const struct {
        const char *name;
        int rc;
        enum quarantine_part part;
        const char *tag;
    } cases[] = {
        {"n~" ID ".hdr", 0, QUARANTINE_HDR, ""},
        {"n~" ID ".hdr.rel", 0, QUARANTINE_HDR_REL, ""},
        {"n~" ID ".hdr.part", 0, QUARANTINE_HDR_PART, ""},
        {"n~" ID ".hdr.del", 0, QUARANTINE_HDR_DEL, ""},
        {"n~" ID ".eml", 0, QUARANTINE_EML, ""},
        {"n~" ID ".json", 0, QUARANTINE_JSON, ""},
        {"n~" ID ".json.rel", 0, QUARANTINE_JSON_REL, ""},
        {"n~" ID ".2.eml", 0, QUARANTINE_EML, ".2"},
        {"n~" ID ".16.r.hdr", 0, QUARANTINE_HDR, ".16.r"},
        {"n~" ID ".r999.hdr", 0, QUARANTINE_HDR, ".r999"},
        {"n~in~" ID ".r.json", 0, QUARANTINE_JSON, ".r"},
        {"n~" ID ".hdr.tmp", -1, 0, NULL},
        {"n~" ID ".0.eml", -1, 0, NULL},
        {"n~" ID ".123.eml", -1, 0, NULL},
        {"n~" ID ".r1234.eml", -1, 0, NULL},
        {"n~" ID ".x.eml", -1, 0, NULL},
        {"n~" ID "..eml", -1, 0, NULL},
        {"n~" ID ".r.r.r.r.r.r.r.r.r.eml", -1, 0, NULL},
        {"n~" ID "x.eml", -1, 0, NULL},
        {"n~0123.eml", -1, 0, NULL},
        {"notes.eml", -1, 0, NULL},
        {".eml", -1, 0, NULL},
        {"", -1, 0, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct quarantine_entry e = {.class = SPOOL_CLASS_SPAM};
        enum quarantine_part part = QUARANTINE_PART__MAX;
        char back[MSG_NAME_MAX];

        print_message("%s\n", cases[i].name);
        assert_int_equal(quarantine_parse_name(&e, &part, view_of(cases[i].name)), cases[i].rc);
        if (cases[i].rc < 0)
            continue;
        assert_int_equal(part, cases[i].part);
        assert_string_equal(e.tag, cases[i].tag);
        assert_string_equal(quarantine_file(&e, back, part), cases[i].name);
    }
}

static void knows_what_a_person_means(void **state)
{
    static const struct {
        const char *says, *name, *word;
        bool meant;
    } cases[] = {
        {"the whole name", "n~" ID ".2", "n~" ID ".2", true},
        {"the message it is a copy of", "n~" ID ".2", "n~" ID, true},
        {"another copy", "n~" ID ".2", "n~" ID ".3", false},
        {"the last 25 characters", "n~" ID, ID, true},
        {"the end of them", "n~" ID, "kmnpqr", true},
        {"too little of them", "n~" ID, "npqr", false},
        {"the middle", "n~" ID, "abcdef", false},
        {"the dropped name", "n~" ID, "n", true},
        {"a dropped name that had to be cleaned", "a_b~" ID, "a b", true},
        {"another name", "n~" ID, "m", false},
        {"nothing", "n~" ID, "", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct quarantine_entry e;

        print_message("%s\n", cases[i].says);
        assert_int_equal(quarantine_parse_entry(&e, view_of(cases[i].name)), 0);
        assert_int_equal(quarantine_is_meant(&e, view_of(cases[i].word)), cases[i].meant);
    }
}

static void the_envelope_says_the_state(void **state)
{
    static const struct {
        const char *there[3];
        enum quarantine_state wanted;
        enum quarantine_part lead;
    } cases[] = {
        {{".hdr", ".eml", ".json"}, QUARANTINE_HELD, QUARANTINE_HDR},
        {{".hdr.rel", ".eml", ".json"}, QUARANTINE_RELEASED, QUARANTINE_HDR_REL},
        {{".hdr.part", ".eml", ".json.rel"}, QUARANTINE_RELEASING, QUARANTINE_HDR_PART},
        {{".hdr.del", ".eml", NULL}, QUARANTINE_DELETING, QUARANTINE_HDR_DEL},
        {{".eml", ".json", NULL}, QUARANTINE_HALF, QUARANTINE_EML},
        {{".json", NULL, NULL}, QUARANTINE_NONE, QUARANTINE_PART__MAX},
    };
    struct world *w = depot_world_plain();

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct quarantine_entry e = {.base = world_base(w, "x"), .class = SPOOL_CLASS_POLICY};

        for (size_t k = 0; k < 3 && cases[i].there[k]; k++)
            depot_world_put(w, "quarantine/policy", &e.base, cases[i].there[k], "x");
        assert_int_equal(quarantine_state(&w->d, &e), cases[i].wanted);
        for (int p = 0; p < QUARANTINE_PART__MAX; p++)
            assert_int_equal(quarantine_is_lead(&w->d, &e, (enum quarantine_part)p),
                             p == (int)cases[i].lead && cases[i].wanted != QUARANTINE_NONE);
    }
    depot_world_close(&w);
}

static void a_walk_goes_in_slices_and_sees_all(void **state)
{
    struct world *w = depot_world_plain();
    struct quarantine_walk walk;
    struct quarantine_entry e;
    enum quarantine_part part;
    unsigned seen = 0, calls = 0;
    int rc = -1;

    (void)state;
    for (int i = 0; i < 7; i++) {
        struct base b = world_base(w, "x");

        depot_world_put(w, i % 2 ? "quarantine/virus" : "quarantine/failed", &b, ".eml", "x");
    }
    depot_world_write(w, "quarantine/spam", "notes.txt", "x");
    quarantine_walk_begin(&walk, -1);
    while (rc) {
        unsigned budget = 3;

        while ((rc = quarantine_walk_next(&walk, &w->d, &budget, &e, &part)) == 1)
            seen++;
        calls++;
    }
    quarantine_walk_end(&walk);
    assert_int_equal(seen, 7);
    assert_true(calls > 5);
    quarantine_walk_begin(&walk, SPOOL_CLASS_VIRUS);
    for (unsigned budget = 100; quarantine_walk_next(&walk, &w->d, &budget, &e, &part) == 1; seen++)
        assert_int_equal(e.class, SPOOL_CLASS_VIRUS);
    assert_int_equal(seen, 10);
    depot_world_close(&w);
}

static void a_settle_that_is_not_over_is_seen(void **state)
{
    static const char *const suffixes[] = {".eml", ".json.out", ".hdr.q-policy"};
    struct world *w = depot_world_plain();

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct quarantine_entry e = {.base = world_base(w, "x"), .class = SPOOL_CLASS_POLICY};

        assert_false(quarantine_in_work(&w->d, &e));
        depot_world_put(w, "proc", &e.base, suffixes[i], "x");
        assert_true(quarantine_in_work(&w->d, &e));
    }
    depot_world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_names_apart),
        cmocka_unit_test(knows_what_a_person_means),
        cmocka_unit_test(the_envelope_says_the_state),
        cmocka_unit_test(a_walk_goes_in_slices_and_sees_all),
        cmocka_unit_test(a_settle_that_is_not_over_is_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
