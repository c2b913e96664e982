/*
 * test_quarantine_expire.c - unit tests of spoold/quarantine_expire.c: who is over, who stays, what is
 * mended.
 *
 * Run by `make check`. Entries are made as old as a case wants by the time in their ID and of their record.
 */
#include "tests/unit/release_world.h"

#include "spoold/quarantine_expire.h"

static void sweep(struct world *w)
{
    while (quarantine_expire_slice(&w->d) > 0)
        depot_world_flush(w);
    assert_true(quarantine_expire_walked(&w->d));
    depot_world_flush(w);
}

/* Claimed and recorded so many seconds ago. */
static struct base aged(struct world *w, const char *class, const char *hdr, int64_t claimed,
                        int64_t recorded)
{
    struct base b = world_base(w, "x");
    char dir[64], name[MSG_NAME_MAX];

    base_set_time(&b, (time(NULL) - claimed) * INT64_C(1000000000));
    snprintf(dir, sizeof dir, "quarantine/%s", class);
    depot_world_put(w, dir, &b, ".eml", "x");
    depot_world_put(w, dir, &b, ".json", "{}");
    if (hdr)
        depot_world_put(w, dir, &b, hdr, "x");
    snprintf(name, sizeof name, "%s.json", b.s);
    depot_world_touch(w, dir, name, -recorded);
    return b;
}

static void entries_go_when_their_time_is_over(void **state)
{
    static const char *const settings[] = {"quarantine.expire_virus=1h", "quarantine.expire_spam=0",
                                           "quarantine.keep_released=2h"};
    static const struct {
        const char *says, *class, *hdr;
        int64_t claimed, recorded;
        bool goes;
    } cases[] = {
        {"over", "virus", ".hdr", 3700, 3650, true},
        {"not yet", "virus", ".hdr", 3500, 3500, false},
        {"came to quarantine late", "virus", ".hdr", 9000, 3500, false},
        {"never, in that class", "spam", ".hdr", 900000, 900000, false},
        {"the age of a released one counts from its release", "virus", ".hdr.rel", 9000, 9000, false},
        {"half an entry, too", "virus", NULL, 3700, 3700, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world *w = depot_world_open(settings, 3);
        struct base b = aged(w, cases[i].class, cases[i].hdr, cases[i].claimed, cases[i].recorded);
        char dir[64], name[MSG_NAME_MAX];

        print_message("%s\n", cases[i].says);
        sweep(w);
        snprintf(dir, sizeof dir, "quarantine/%s", cases[i].class);
        snprintf(name, sizeof name, "%s.eml", b.s);
        assert_int_equal(depot_world_has(w, dir, name), !cases[i].goes);
        assert_int_equal(depot_world_lines(w, "quarantine.expire_virus is over"), cases[i].goes);
        quarantine_expire_fini(&w->d);
        depot_world_close(&w);
    }
}

static void a_released_one_may_go_at_once(void **state)
{
    static const char *const settings[] = {"quarantine.keep_released=0"};
    struct world *w = depot_world_open(settings, 1);
    struct base b = aged(w, "spam", ".hdr.rel", 10, 10);

    (void)state;
    sweep(w);
    depot_world_expect(w, "quarantine/spam", &b, "");
    assert_int_equal(depot_world_lines(w, "keep_released is over"), 1);
    depot_world_close(&w);
}

static void what_a_kill_left_is_mended_at_start(void **state)
{
    struct world *w = depot_world_plain();
    struct quarantine_entry part = release_world_entry(w, "x", RELEASE_WORLD_ALL);
    struct base del = aged(w, "policy", ".hdr.del", 10, 10);
    char name[MSG_NAME_MAX];

    (void)state;
    depot_world_put(w, "quarantine/virus", &part.base, ".hdr.part", DEPOT_WORLD_HDR);
    depot_world_put(w, "quarantine/virus", &part.base, ".json.rel",
                    "{\"recipients\":[\"1@example.net\"],\"releases\":1}");
    snprintf(name, sizeof name, "%s.hdr", part.base.s);
    assert_int_equal(unlinkat(w->d.spool.class[SPOOL_CLASS_VIRUS].fd, name, 0), 0);
    sweep(w);
    depot_world_expect(w, "quarantine/virus", &part.base, "@.eml @.hdr @.json");
    depot_world_expect(w, "quarantine/policy", &del, "");
    assert_int_equal(depot_world_lines(w, "\"event\":\"deleted\""), 1);
    depot_world_close(&w);
}

static void many_take_several_slices(void **state)
{
    static const char *const settings[] = {"quarantine.expire_spam=1h"};
    struct world *w = depot_world_open(settings, 1);
    int slices = 1;

    (void)state;
    for (int i = 0; i < 20; i++)
        aged(w, "spam", ".hdr", 4000, 4000);
    while (quarantine_expire_slice(&w->d) > 0)
        slices++;
    depot_world_expect(w, "quarantine/spam", NULL, "");
    assert_true(slices >= 3);
    assert_int_equal(quarantine_expire_slice(&w->d), 0); /* not before the next walk is due */
    depot_world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_go_when_their_time_is_over),
        cmocka_unit_test(a_released_one_may_go_at_once),
        cmocka_unit_test(what_a_kill_left_is_mended_at_start),
        cmocka_unit_test(many_take_several_slices),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
