/*
 * test_release_finish.c - unit tests of spoold/release_finish.c: every state that a kill of a release can
 * leave.
 *
 * Run by `make check`. The states between two system calls are built by hand and mended.
 */
#include "tests/unit/release_world.h"

static void put_outs(struct world *w, const struct quarantine_entry *e)
{
    depot_world_put(w, "proc", &e->base, ".r.eml.out", DEPOT_WORLD_EML);
    depot_world_put(w, "proc", &e->base, ".r.hdr.out", "Written\na@example.org\n2@example.net\n\n");
}

static void rename_part(struct world *w, const struct quarantine_entry *e, enum quarantine_part from,
                        enum quarantine_part to)
{
    char a[MSG_NAME_MAX], b[MSG_NAME_MAX];
    int fd = w->d.spool.class[e->class].fd;

    assert_int_equal(renameat(fd, quarantine_file(e, a, from), fd, quarantine_file(e, b, to)), 0);
}

#define REST "{\"recipients\":[\"1@example.net\",\"3@example.net\"],\"releases\":1}"

static void a_killed_part_is_mended(void **state)
{
    static const struct {
        const char *says;
        bool eml_out, hdr_out, rel, committed;
        const char *outgoing;
        unsigned lines;
    } cases[] = {
        {"outputs and new record, no commit", true, true, true, false, "", 0},
        {"new record alone", false, false, true, false, "", 0},
        {"committed, nothing published", true, true, true, true, "@.r.eml @.r.hdr", 1},
        {"content published", false, true, true, true, "@.r.hdr", 1},
        {"all published", false, false, true, true, "", 0},
        {"the new record is in its place", false, false, false, true, "", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world *w = depot_world_plain();
        struct quarantine_entry e = release_world_entry(w, "x", RELEASE_WORLD_ALL);
        char name[MSG_NAME_MAX];

        print_message("%s\n", cases[i].says);
        put_outs(w, &e);
        if (!cases[i].eml_out)
            unlinkat(w->d.spool.proc.fd, (snprintf(name, sizeof name, "%s.r.eml.out", e.base.s), name), 0);
        if (!cases[i].hdr_out)
            unlinkat(w->d.spool.proc.fd, (snprintf(name, sizeof name, "%s.r.hdr.out", e.base.s), name), 0);
        depot_world_put(w, "quarantine/virus", &e.base, cases[i].rel ? ".json.rel" : ".json", REST);
        if (cases[i].committed)
            rename_part(w, &e, QUARANTINE_HDR, QUARANTINE_HDR_PART);
        else
            assert_int_equal(release_undo(&w->d, &e.base, ".r"), true);
        assert_int_equal(release_is_committed(&w->d, &e.base, ".r"), cases[i].committed);
        assert_false(cases[i].committed && release_undo(&w->d, &e.base, ".r"));
        assert_int_equal(release_mend(&w->d, &e), 0);
        depot_world_flush(w);
        depot_world_expect(w, "quarantine/virus", &e.base, "@.eml @.hdr @.json");
        depot_world_expect(w, "outgoing", &e.base, cases[i].outgoing);
        depot_world_expect(w, "proc", &e.base, "");
        assert_int_equal(depot_world_lines(w, "\"event\":\"released\""), cases[i].lines);
        depot_world_close(&w);
    }
}

static void recovery_knows_the_copy_that_was_released(void **state)
{
    struct world *w = depot_world_plain();
    struct base b = world_base(w, "x");

    (void)state;
    depot_world_put(w, "proc", &b, ".2.r3.hdr.out", DEPOT_WORLD_HDR);
    depot_world_put(w, "quarantine/failed", &b, ".hdr.rel", "another entry of the same message");
    assert_false(release_is_committed(&w->d, &b, ".2.r3"));
    depot_world_put(w, "quarantine/failed", &b, ".2.hdr.rel", DEPOT_WORLD_HDR);
    assert_true(release_is_committed(&w->d, &b, ".2.r3"));
    assert_true(release_resume(&w->d, &b, ".2.r3"));
    depot_world_expect(w, "outgoing", &b, "@.2.r3.hdr");
    depot_world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_killed_part_is_mended),
        cmocka_unit_test(recovery_knows_the_copy_that_was_released),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
