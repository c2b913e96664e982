/*
 * test_release.c - unit tests of spoold/release.c: who gets what, what is refused, and every state that a
 * kill can leave.
 *
 * Run by `make check`. The order of system calls is tested by tests/crash/release_sweep.c.
 */
#include "tests/unit/release_world.h"

static void a_release_has_the_original_bytes_and_envelope(void **state)
{
    struct world *w = depot_world_plain();
    struct quarantine_entry e = release_world_entry(w, "x", RELEASE_WORLD_ALL);
    struct release r;
    char *text;

    (void)state;
    assert_int_equal(release_world_go(w, &e, NULL, &r), RELEASE_DONE);
    assert_int_equal(r.released, 3);
    depot_world_expect(w, "quarantine/virus", &e.base, "@.eml @.hdr.rel @.json");
    depot_world_expect(w, "outgoing", &e.base, "@.r.eml @.r.hdr");
    depot_world_expect(w, "proc", &e.base, "");
    text = depot_world_read(w, "outgoing", &e.base, ".r.eml");
    assert_string_equal(text, DEPOT_WORLD_EML);
    free(text);
    text = depot_world_read(w, "outgoing", &e.base, ".r.hdr");
    assert_string_equal(text, DEPOT_WORLD_HDR);
    free(text);
    assert_true(depot_world_events(w, &e.base) & 1u << EVENT_RELEASED);
    assert_int_equal(release_world_go(w, &e, NULL, &r), RELEASE_ALREADY);
    assert_string_equal(r.why, "already released");
    assert_int_equal(depot_world_lines(w, "\"event\":\"released\""), 1);
    depot_world_close(&w);
}

static void parts_go_one_after_the_other(void **state)
{
    static const struct {
        const char *rcpt, *out, *line3, *class;
        size_t left;
    } parts[] = {
        {"2@EXAMPLE.net", ".r.hdr", "\n2@example.net\n", "@.eml @.hdr @.json", 2},
        {"3@example.net", ".r2.hdr", "\n3@example.net\n", "@.eml @.hdr @.json", 1},
        {NULL, ".r3.hdr", "\n1@example.net\n", "@.eml @.hdr.rel @.json", 0},
    };
    struct world *w = depot_world_plain();
    struct quarantine_entry e = release_world_entry(w, "x", RELEASE_WORLD_ALL);
    struct release r;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        char *text;

        assert_int_equal(release_world_go(w, &e, parts[i].rcpt, &r), RELEASE_DONE);
        assert_int_equal(r.left, parts[i].left);
        text = depot_world_read(w, "outgoing", &e.base, parts[i].out);
        assert_non_null(strstr(text, parts[i].line3));
        free(text);
        depot_world_expect(w, "quarantine/virus", &e.base, parts[i].class);
        if (parts[i].rcpt && parts[i].left)
            assert_int_equal(release_world_go(w, &e, parts[i].rcpt, &r), RELEASE_REFUSED);
    }
    assert_int_equal(depot_world_lines(w, "\"event\":\"released\""), 3);
    assert_int_equal(depot_world_lines(w, "\"copy\":3"), 1);
    depot_world_close(&w);
}

static void what_was_delivered_before_is_not_released(void **state)
{
    struct world *w = depot_world_plain();
    struct quarantine_entry e = release_world_entry(w, "x", "\"3@example.net\"");
    struct release r;
    char *text;

    (void)state;
    assert_int_equal(release_world_go(w, &e, "1@example.net", &r), RELEASE_REFUSED);
    assert_int_equal(release_world_go(w, &e, NULL, &r), RELEASE_DONE);
    text = depot_world_read(w, "outgoing", &e.base, ".r.hdr");
    assert_non_null(strstr(text, "\n3@example.net\n"));
    free(text);
    depot_world_close(&w);
}

/* What stands in an outlet must be taken as a message, whatever the depositor had said of it. */
static void a_status_other_than_written_becomes_written(void **state)
{
    struct world *w = depot_world_plain();
    struct quarantine_entry e = release_world_entry(w, "x", "\"1@example.net\"");
    struct release r;
    char *text;

    (void)state;
    depot_world_put(w, "quarantine/virus", &e.base, ".hdr",
                    "Failed\r\na@example.org\r\n1@example.net\r\n\r\n");
    assert_int_equal(release_world_go(w, &e, NULL, &r), RELEASE_DONE);
    text = depot_world_read(w, "outgoing", &e.base, ".r.hdr");
    assert_string_equal(text, "Written\r\na@example.org\r\n1@example.net\r\n\r\n");
    free(text);
    depot_world_close(&w);
}

static void refuses_what_it_cannot_do(void **state)
{
    static const struct {
        const char *says, *suffix, *text, *rcpt; /* `text` NULL: removed */
        enum release_end wanted;
        const char *why;
    } cases[] = {
        {"no content", ".eml", NULL, NULL, RELEASE_REFUSED, "content is missing"},
        {"no envelope", ".hdr", NULL, NULL, RELEASE_REFUSED, "no envelope"},
        {"a broken envelope", ".hdr", "Written\n", NULL, RELEASE_REFUSED, "broken"},
        {"no record, nobody named", ".json", NULL, NULL, RELEASE_REFUSED, "--rcpt"},
        {"no record, somebody named", ".json", NULL, "2@example.net", RELEASE_DONE, ""},
        {"a damaged record", ".json", "{\"recip", NULL, RELEASE_REFUSED, "--rcpt"},
        {"a record of other people", ".json", "{\"recipients\":[\"9@example.net\"]}", NULL, RELEASE_REFUSED,
         "--rcpt"},
        {"content of another size", ".eml", "changed", NULL, RELEASE_REFUSED, "size"},
        {"somebody unknown", ".json", RELEASE_WORLD_JSON, "9@example.net", RELEASE_REFUSED, "9@example.net"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world *w = depot_world_plain();
        struct quarantine_entry e = release_world_entry(w, "x", RELEASE_WORLD_ALL);
        struct release r;
        char name[MSG_NAME_MAX];

        print_message("%s\n", cases[i].says);
        snprintf(name, sizeof name, "%s%s", e.base.s, cases[i].suffix);
        if (cases[i].text != (const char *)RELEASE_WORLD_JSON)
            assert_int_equal(unlinkat(w->d.spool.class[SPOOL_CLASS_VIRUS].fd, name, 0), 0);
        if (cases[i].text && cases[i].text != (const char *)RELEASE_WORLD_JSON)
            depot_world_put(w, "quarantine/virus", &e.base, cases[i].suffix, cases[i].text);
        assert_int_equal(release_world_go(w, &e, cases[i].rcpt, &r), cases[i].wanted);
        assert_non_null(strstr(r.why, cases[i].why));
        depot_world_expect(w, "proc", &e.base, "");
        if (cases[i].wanted != RELEASE_DONE)
            depot_world_expect(w, "outgoing", &e.base, "");
        depot_world_close(&w);
    }
}

static void what_is_in_work_is_left_alone(void **state)
{
    struct world *w = depot_world_plain();
    struct quarantine_entry e = release_world_entry(w, "x", RELEASE_WORLD_ALL);
    char why[RELEASE_WHY_MAX];
    struct release r;

    (void)state;
    depot_world_put(w, "proc", &e.base, ".hdr.q-virus", "x");
    assert_int_equal(release_world_go(w, &e, NULL, &r), RELEASE_LATER);
    assert_int_equal(release_delete(&w->d, &e, "test", why), RELEASE_LATER);
    depot_world_expect(w, "quarantine/virus", &e.base, "@.eml @.hdr @.json");
    depot_world_close(&w);
}

static void put_outs(struct world *w, const struct quarantine_entry *e)
{
    depot_world_put(w, "proc", &e->base, ".r.eml.out", DEPOT_WORLD_EML);
    depot_world_put(w, "proc", &e->base, ".r.hdr.out", "Written\na@example.org\n2@example.net\n\n");
}

#define REST "{\"recipients\":[\"1@example.net\",\"3@example.net\"],\"releases\":1}"

/* Each state between two calls of a release to some: before the commit nothing happened, after it all does.
 */
static void a_killed_release_can_be_asked_for_again(void **state)
{
    struct world *w = depot_world_plain();
    struct quarantine_entry e = release_world_entry(w, "x", RELEASE_WORLD_ALL);
    struct release r;

    (void)state;
    put_outs(w, &e);
    depot_world_put(w, "quarantine/virus", &e.base, ".json.rel", REST);
    assert_int_equal(release_world_go(w, &e, NULL, &r), RELEASE_DONE);
    assert_int_equal(r.released, 3);
    depot_world_expect(w, "quarantine/virus", &e.base, "@.eml @.hdr.rel @.json");
    depot_world_expect(w, "outgoing", &e.base, "@.r.eml @.r.hdr");
    depot_world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_release_has_the_original_bytes_and_envelope),
        cmocka_unit_test(parts_go_one_after_the_other),
        cmocka_unit_test(what_was_delivered_before_is_not_released),
        cmocka_unit_test(a_status_other_than_written_becomes_written),
        cmocka_unit_test(refuses_what_it_cannot_do),
        cmocka_unit_test(what_is_in_work_is_left_alone),
        cmocka_unit_test(a_killed_release_can_be_asked_for_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
