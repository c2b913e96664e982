/*
 * test_recover_repair.c - unit tests of spoold/recover_repair.c: what is gathered, and what each repair does.
 *
 * Run by `make check`. A torn state is put on disk by hand, gathered, classified
 * and repaired until nothing changes, as a look at proc does it; then the
 * folders are compared. Nothing may be deleted but outputs that were never
 * committed, and no half may ever meet a stranger's other half.
 */
#include "tests/unit/loop_world.h"

static struct recover_found found_in_proc(struct world *w, const struct base *b)
{
    struct recover_found f = {.envelopes = 0}, one;
    DIR *d = opendir(depot_world_path(w, "proc", ""));
    const struct dirent *e;
    bool any = false;

    assert_non_null(d);
    while ((e = readdir(d))) {
        if (recover_parse_name(&one, view_of(e->d_name)) < 0 || strcmp(one.base.s, b->s) != 0)
            continue;
        if (any)
            recover_merge(&f, &one);
        else
            f = one;
        any = true;
    }
    closedir(d);
    return f;
}

/* One look: 0 when there was nothing of it in proc, else the number of its row; *changed: it was repaired. */
static int look(struct world *w, const struct base *b, bool stage, bool *changed)
{
    struct recover_found f = found_in_proc(w, b);
    const struct recover_row *row;

    *changed = false;
    if (!f.base.len)
        return 0;
    recover_gather(&w->d, &f);
    row = recover_classify(&f, stage);
    *changed = recover_repair(&w->d, &f, row);
    depot_world_flush(w);
    return row->number;
}

/* The rows that were met, one after the other, until nothing changes any more. */
static void expect_rows(struct world *w, const struct base *b, const int *wanted)
{
    bool changed = true;

    for (size_t i = 0; wanted[i]; i++) {
        int row = changed ? look(w, b, false, &changed) : 0;

        if (row != wanted[i])
            fail_msg("look %zu meets row %d, not %d", i + 1, row, wanted[i]);
    }
    assert_true(!changed || look(w, b, false, &changed) == 0);
}

/* A message claimed in full; its files are then moved about by the test. */
static struct base claimed(struct world *w, const char *name)
{
    struct msg *m = depot_world_claim(w, name);
    struct base b = m->base;

    msg_free(&m);
    return b;
}

static void back(struct world *w, const struct base *b, const char *suffix, const char *as)
{
    char name[MSG_NAME_MAX];

    snprintf(name, sizeof name, "%s%s", b->s, suffix);
    assert_int_equal(renameat(w->d.spool.proc.fd, name, w->d.spool.intake[0].fd, as), 0);
}

static void a_torn_claim_finds_its_other_half_again(void **state)
{
    static const struct {
        const char *name, *half, *as;
        int row;
    } cases[] = {
        {"x", ".hdr.c", ".hdr", 1},
        {"x", ".eml", ".eml", 4},
        {"a b", ".hdr.c", ".hdr", 1},
        {"\xc3\xa9", ".eml", ".eml", 4},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world *w = depot_world_plain();
        struct base b = claimed(w, cases[i].name);
        char as[64];

        /* Two decoys whose names clean to the same. */
        depot_world_write(w, "incoming", "a_b.hdr", "decoy");
        depot_world_write(w, "incoming", "_.eml", "decoy");
        snprintf(as, sizeof as, "%s%s", cases[i].name, cases[i].as);
        back(w, &b, cases[i].half, as);
        expect_rows(w, &b, (const int[]){cases[i].row, 7, 0});
        depot_world_expect(w, "proc", &b, "@.eml @.hdr.c");
        depot_world_expect(w, "incoming", NULL, "_.eml a_b.hdr");
        depot_world_close(&w);
    }
}

static void a_withdrawn_half_sends_the_other_one_to_failed(void **state)
{
    static const struct {
        const char *left, *wanted;
        int row;
    } cases[] = {{".eml", "@.eml @.json", 2}, {".hdr.c", "@.hdr @.json", 5}};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct world *w = depot_world_plain();
        struct base b = claimed(w, "x");
        char name[MSG_NAME_MAX], *text;
        json_t *j;

        snprintf(name, sizeof name, "%s%s", b.s, cases[1 - i].left);
        assert_int_equal(unlinkat(w->d.spool.proc.fd, name, 0), 0);
        /* The name was used again; the new file is another deposit's. */
        depot_world_write(w, "incoming", i == 0 ? "x.hdr" : "x.eml", "another deposit");
        expect_rows(w, &b, (const int[]){cases[i].row, 0});
        depot_world_expect(w, "proc", &b, "");
        depot_world_expect(w, "quarantine/failed", &b, cases[i].wanted);
        assert_true(depot_world_has(w, "incoming", i == 0 ? "x.hdr" : "x.eml"));
        assert_int_equal(depot_world_events(w, &b), 1u << EVENT_ACCEPTED | 1u << EVENT_QUARANTINED);
        text = depot_world_read(w, "quarantine/failed", &b, ".json");
        j = json_loads(text, 0, NULL);
        assert_string_equal(json_string_value(json_object_get(j, "class")), "failed");
        assert_true(json_string_length(json_object_get(j, "reason")) > 10);
        json_decref(j);
        free(text);
        depot_world_close(&w);
    }
}

static void parking_goes_on_after_a_kill_behind_the_reason(void **state)
{
    struct world *w = depot_world_plain();
    struct base b = claimed(w, "x");
    char name[MSG_NAME_MAX];

    (void)state;
    snprintf(name, sizeof name, "%s.hdr.c", b.s);
    assert_int_equal(unlinkat(w->d.spool.proc.fd, name, 0), 0);
    depot_world_put(w, "quarantine/failed", &b, ".json", "{\"reason\":\"written before the kill\"}\n");
    expect_rows(w, &b, (const int[]){2, 0});
    depot_world_expect(w, "quarantine/failed", &b, "@.eml @.json");
    depot_world_close(&w);
}

/* Puts another deposit's bytes where the claim thought its own were. */
static void replace(struct world *w, const struct base *b, const char *suffix)
{
    char name[MSG_NAME_MAX];

    snprintf(name, sizeof name, "%s%s", b->s, suffix);
    assert_int_equal(unlinkat(w->d.spool.proc.fd, name, 0), 0);
    depot_world_write(w, "proc", name, "another deposit's");
}

static void a_strangers_half_goes_back_under_its_name(void **state)
{
    static const struct {
        const char *suffix, *back, *failed;
        int rows[4];
    } cases[] = {
        {".eml", "x.eml", "@.hdr @.json", {6, 5, 0}},
        {".hdr.c", "x.hdr", "@.eml @.json", {6, 2, 0}},
    };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct world *w = depot_world_plain();
        struct base b = claimed(w, "x");

        replace(w, &b, cases[i].suffix);
        expect_rows(w, &b, cases[i].rows);
        depot_world_expect(w, "incoming", NULL, cases[i].back);
        depot_world_expect(w, "quarantine/failed", &b, cases[i].failed);
        depot_world_close(&w);
    }
}

static void a_strangers_half_stays_while_its_name_is_taken(void **state)
{
    struct world *w = depot_world_plain();
    struct base b = claimed(w, "x");
    bool changed = true;
    char *text;

    (void)state;
    replace(w, &b, ".eml");
    depot_world_write(w, "incoming", "x.eml", "a third one");
    assert_int_equal(look(w, &b, false, &changed), 6);
    assert_false(changed);
    depot_world_expect(w, "proc", &b, "@.eml @.hdr.c");
    text = depot_world_read(w, "incoming", NULL, "x.eml");
    assert_string_equal(text, "a third one");
    free(text);
    assert_int_equal(unlinkat(w->d.spool.intake[0].fd, "x.eml", 0), 0);
    expect_rows(w, &b, (const int[]){6, 5, 0});
    depot_world_close(&w);
}

/* The name was cleaned, but the other half of the stranger's pair still has it as it was. */
static void a_strangers_half_goes_to_the_name_of_its_pair(void **state)
{
    struct world *w = depot_world_plain();
    struct base b = claimed(w, "a b");

    (void)state;
    replace(w, &b, ".eml");
    depot_world_write(w, "incoming", "a b.hdr", DEPOT_WORLD_HDR);
    expect_rows(w, &b, (const int[]){6, 5, 0});
    depot_world_expect(w, "incoming", NULL, "a b.eml a b.hdr");
    depot_world_close(&w);
}

static void a_held_message_loses_only_its_rubbish(void **state)
{
    struct world *w = depot_world_plain();
    struct base b = world_base(w, "x");
    bool changed = false;

    (void)state;
    depot_world_put(w, "proc", &b, ".eml", "e");
    depot_world_put(w, "proc", &b, ".hdr.h1", "h");
    depot_world_put(w, "proc", &b, ".1.eml.out", "torn");
    depot_world_put(w, "proc", &b, ".16.hdr.out", "torn");
    depot_world_put(w, "proc", &b, ".json.out", "torn");
    assert_int_equal(look(w, &b, false, &changed), 11);
    assert_true(changed);
    depot_world_expect(w, "proc", &b, "@.eml @.hdr.h1");
    assert_int_equal(look(w, &b, false, &changed), 11);
    assert_false(changed);
    depot_world_close(&w);
}

static void a_release_is_finished_or_undone_by_its_commit(void **state)
{
    (void)state;
    for (int committed = 0; committed < 2; committed++) {
        struct world *w = depot_world_plain();
        struct base b = world_base(w, "x");

        depot_world_put(w, "proc", &b, ".r.eml.out", "e");
        depot_world_put(w, "proc", &b, ".r.hdr.out", "h");
        depot_world_put(w, "quarantine/spam", &b, committed ? ".hdr.rel" : ".hdr", "h");
        expect_rows(w, &b, (const int[]){committed ? 18 : 17, 0});
        depot_world_expect(w, "proc", &b, "");
        depot_world_expect(w, "outgoing", &b, committed ? "@.r.eml @.r.hdr" : "");
        depot_world_close(&w);
    }
}

static void a_release_killed_between_its_halves_is_finished(void **state)
{
    struct world *w = depot_world_plain();
    struct base b = world_base(w, "x");

    (void)state;
    depot_world_put(w, "outgoing", &b, ".r.eml", "e");
    depot_world_put(w, "proc", &b, ".r.hdr.out", "h");
    depot_world_put(w, "quarantine/spam", &b, ".hdr.rel", "h");
    expect_rows(w, &b, (const int[]){18, 0});
    depot_world_expect(w, "outgoing", &b, "@.r.eml @.r.hdr");
    depot_world_close(&w);
}

static void strays_are_kept_for_people(void **state)
{
    struct world *w = depot_world_plain();
    struct base b = world_base(w, "x");

    (void)state;
    depot_world_put(w, "proc", &b, ".1.eml.out", "1");
    depot_world_put(w, "proc", &b, ".2.eml.out", "2");
    depot_world_put(w, "proc", &b, ".12.hdr.out", "12");
    depot_world_put(w, "proc", &b, ".json.out", "j");
    expect_rows(w, &b, (const int[]){19, 19, 19, 19, 0});
    depot_world_expect(w, "proc", &b, "");
    depot_world_expect(w, "quarantine/failed/stray", &b, "@.1.eml.out @.12.hdr.out @.2.eml.out @.json.out");
    depot_world_close(&w);
}

static void what_the_flow_takes_up_is_not_touched_here(void **state)
{
    static const char *const suffix[] = {".hdr.c",      ".hdr.w1",   ".hdr.send",
                                         ".hdr.q-spam", ".hdr.drop", ".hdr.odd"};

    (void)state;
    for (size_t i = 0; i < sizeof suffix / sizeof *suffix; i++) {
        struct world *w = depot_world_plain();
        struct base b = claimed(w, "x");
        char from[MSG_NAME_MAX], to[MSG_NAME_MAX], wanted[80];
        bool changed = true;

        snprintf(from, sizeof from, "%s.hdr.c", b.s);
        snprintf(to, sizeof to, "%s%s", b.s, suffix[i]);
        assert_int_equal(renameat(w->d.spool.proc.fd, from, w->d.spool.proc.fd, to), 0);
        depot_world_put(w, "proc", &b, ".1.eml.out", "o");
        look(w, &b, false, &changed);
        assert_false(changed);
        snprintf(wanted, sizeof wanted, "@.1.eml.out @.eml @%s", suffix[i]);
        depot_world_expect(w, "proc", &b, wanted);
        depot_world_close(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_torn_claim_finds_its_other_half_again),
        cmocka_unit_test(a_withdrawn_half_sends_the_other_one_to_failed),
        cmocka_unit_test(parking_goes_on_after_a_kill_behind_the_reason),
        cmocka_unit_test(a_strangers_half_goes_back_under_its_name),
        cmocka_unit_test(a_strangers_half_stays_while_its_name_is_taken),
        cmocka_unit_test(a_strangers_half_goes_to_the_name_of_its_pair),
        cmocka_unit_test(a_held_message_loses_only_its_rubbish),
        cmocka_unit_test(a_release_is_finished_or_undone_by_its_commit),
        cmocka_unit_test(a_release_killed_between_its_halves_is_finished),
        cmocka_unit_test(strays_are_kept_for_people),
        cmocka_unit_test(what_the_flow_takes_up_is_not_touched_here),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
