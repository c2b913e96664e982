/*
 * test_release_delete.c - unit tests of spoold/release_delete.c: a deletion goes on from wherever it was
 * killed.
 *
 * Run by `make check`.
 */
#include "tests/unit/release_world.h"

static void a_deletion_goes_on_from_any_point(void **state)
{
    static const char *const left[][4] = {
        {".hdr", ".eml", ".json", NULL},     {".hdr.rel", ".eml", ".json", NULL},
        {".hdr.del", ".eml", ".json", NULL}, {".hdr.del", ".eml", NULL, NULL},
        {".hdr.del", NULL, NULL, NULL},      {".eml", ".json", NULL, NULL},
        {".hdr", ".json", NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof left / sizeof *left; i++) {
        struct world *w = depot_world_plain();
        struct quarantine_entry e = {.base = world_base(w, "x"), .class = SPOOL_CLASS_SPAM};
        char why[RELEASE_WHY_MAX];

        for (size_t k = 0; left[i][k]; k++)
            depot_world_put(w, "quarantine/spam", &e.base, left[i][k], "x");
        assert_int_equal(release_delete(&w->d, &e, "test", why), RELEASE_DONE);
        depot_world_expect(w, "quarantine/spam", &e.base, "");
        assert_int_equal(depot_world_lines(w, "\"event\":\"deleted\""), 1);
        assert_int_equal(release_delete(&w->d, &e, "test", why), RELEASE_NOTHING);
        depot_world_close(&w);
    }
}

/* Else recovery would take what is left of it for a release that was never committed. */
static void a_release_on_its_way_goes_out_first(void **state)
{
    struct world *w = depot_world_plain();
    struct quarantine_entry e = release_world_entry(w, "x", RELEASE_WORLD_ALL);
    char a[MSG_NAME_MAX], b[MSG_NAME_MAX], why[RELEASE_WHY_MAX];
    int fd = w->d.spool.class[SPOOL_CLASS_VIRUS].fd;

    (void)state;
    depot_world_put(w, "proc", &e.base, ".r.eml.out", DEPOT_WORLD_EML);
    depot_world_put(w, "proc", &e.base, ".r.hdr.out", DEPOT_WORLD_HDR);
    assert_int_equal(
        renameat(fd, quarantine_file(&e, a, QUARANTINE_HDR), fd, quarantine_file(&e, b, QUARANTINE_HDR_REL)),
        0);
    depot_world_put(w, "outgoing", &e.base, ".r.hdr", "somebody's");
    assert_int_equal(release_delete(&w->d, &e, "test", why), RELEASE_LATER);
    depot_world_expect(w, "quarantine/virus", &e.base, "@.eml @.hdr.rel @.json");
    assert_int_equal(
        unlink(depot_world_path(w, "outgoing", (snprintf(a, sizeof a, "%s.r.hdr", e.base.s), a))), 0);
    assert_int_equal(release_delete(&w->d, &e, "test", why), RELEASE_DONE);
    depot_world_expect(w, "outgoing", &e.base, "@.r.eml @.r.hdr");
    depot_world_expect(w, "quarantine/virus", &e.base, "");
    depot_world_expect(w, "proc", &e.base, "");
    depot_world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_deletion_goes_on_from_any_point),
        cmocka_unit_test(a_release_on_its_way_goes_out_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
