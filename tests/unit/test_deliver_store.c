/*
 * test_deliver_store.c - unit tests of spoold/deliver_store.c: what stands on disk after each step of a
 * delivery.
 *
 * Run by `make check`. The worker's part is done by writing notes; a crash is played
 * by forgetting the item and opening the pair again.
 */
#include "tests/unit/depot_world.h"

#include "spoold/deliver_part.h"

#define DONE   "0 d 250 taken\n"
#define FAILED "1 f 550 no such mailbox\n"
#define LATER  "2 t 451 not now\n"

static struct deliver_item item_of(const struct base *b)
{
    struct deliver_item i = {.base = *b, .copy = 1, .eml = -1, .notes = -1, .peer = -1};

    snprintf(i.stem, sizeof i.stem, "%s", b->s);
    return i;
}

static void do_step(struct world *w, struct deliver_item *i, enum deliver_step step)
{
    i->step = step;
    deliver_store_run(&i->task, &w->d);
    depot_world_flush(w);
    if (i->err)
        fail_msg("step %d: %s: %s", step, i->err_what ? i->err_what : "", strerror(i->err));
}

static struct base put_pair(struct world *w)
{
    struct base b = world_base(w, "x");

    depot_world_put(w, "outgoing", &b, ".eml", DEPOT_WORLD_EML);
    depot_world_put(w, "outgoing", &b, ".hdr", DEPOT_WORLD_HDR);
    return b;
}

static void say_notes(const struct deliver_item *i, const char *text)
{
    assert_int_equal(write(i->notes, text, strlen(text)), (ssize_t)strlen(text));
}

static void notes_say_who_has_it(void **state)
{
    struct world *w = depot_world_plain();
    struct base b = put_pair(w);
    struct deliver_item i = item_of(&b);

    (void)state;
    do_step(w, &i, DELIVER_STEP_OPEN);
    assert_int_equal(i.left, 3);
    assert_int_equal(i.tries, 0);
    say_notes(&i, DONE FAILED LATER "2 t 4");
    do_step(w, &i, DELIVER_STEP_NOTE);
    assert_int_equal(i.done, 1);
    assert_int_equal(i.failed, 1);
    assert_int_equal(i.left, 1);
    assert_int_equal(i.tries, 1);
    say_notes(&i, "2 d 250 taken\n0 f 550 it is too late for that\n99 d 250 nobody\n");
    do_step(w, &i, DELIVER_STEP_NOTE);
    assert_int_equal(i.done, 2);
    assert_int_equal(i.left, 0);
    assert_int_equal(i.tries, 2);
    deliver_store_shut(&i);
    depot_world_expect(w, "outgoing", &b, "@.eml @.hdr @.sent");
    depot_world_close(&w);
}

/* Up to which step before the crash. */
static void finish(struct world *w, struct deliver_item *i, enum deliver_step until)
{
    for (enum deliver_step s = DELIVER_STEP_RECORD; s <= until; s++)
        do_step(w, i, s);
}

/* After the crash: whatever is left to do. */
static void finish_rest(struct world *w, struct deliver_item *i)
{
    if (!i->gone)
        finish(w, i, DELIVER_STEP_FORGET);
    else if (i->left_over)
        do_step(w, i, DELIVER_STEP_REMOVE), do_step(w, i, DELIVER_STEP_FORGET);
    deliver_store_shut(i);
}

static void all_delivered_leaves_nothing(void **state)
{
    (void)state;
    for (enum deliver_step crash = DELIVER_STEP_OPEN; crash <= DELIVER_STEP_FORGET; crash++) {
        struct world *w = depot_world_plain();
        struct base b = put_pair(w);
        struct deliver_item i = item_of(&b);

        do_step(w, &i, DELIVER_STEP_OPEN);
        say_notes(&i, DONE "1 d 250 taken\n2 d 250 taken\n");
        if (crash > DELIVER_STEP_OPEN)
            do_step(w, &i, DELIVER_STEP_NOTE);
        finish(w, &i, crash);
        deliver_store_shut(&i);
        i = item_of(&b);
        do_step(w, &i, DELIVER_STEP_OPEN);
        assert_int_equal(i.left, 0);
        finish_rest(w, &i);
        depot_world_expect(w, "outgoing", &b, "");
        depot_world_expect(w, "quarantine/failed", &b, "");
        depot_world_close(&w);
    }
}

static void refused_ones_go_to_quarantine(void **state)
{
    (void)state;
    for (enum deliver_step crash = DELIVER_STEP_OPEN; crash <= DELIVER_STEP_FORGET; crash++) {
        struct world *w = depot_world_plain();
        struct base b = put_pair(w);
        struct deliver_item i = item_of(&b);
        char *text;

        do_step(w, &i, DELIVER_STEP_OPEN);
        say_notes(&i, DONE FAILED LATER);
        do_step(w, &i, DELIVER_STEP_NOTE);
        i.expired = true;
        finish(w, &i, crash);
        deliver_store_shut(&i);
        i = item_of(&b);
        do_step(w, &i, DELIVER_STEP_OPEN);
        i.expired = true;
        finish_rest(w, &i);
        depot_world_expect(w, "outgoing", &b, "");
        depot_world_expect(w, "quarantine/failed", &b, "@.eml @.hdr @.json");
        text = depot_world_read(w, "quarantine/failed", &b, ".json");
        assert_null(strstr(text, "1@example.net"));
        assert_non_null(strstr(text, "\"recipients\":[\"2@example.net\",\"3@example.net\"]"));
        assert_non_null(strstr(text, "not now"));
        free(text);
        depot_world_close(&w);
    }
}

/* Whoever the message was for stands in the books; who has it, or had refused it, in words. */
static void a_redirected_copy_counts_for_those_it_was_for(void **state)
{
    static const char *const notes[] = {"0 d 250 taken\n", "0 f 550 no such mailbox\n"};

    (void)state;
    for (size_t refused = 0; refused < 2; refused++) {
        struct world *w = depot_world_plain();
        struct base b = put_pair(w);
        struct deliver_item i = item_of(&b);
        struct buf hdr = {0};
        char *text;

        buf_addf(&hdr, "Written\na@example.org\nt@example.net\nx-spoold-redirected: %.*s <1@x>,<2@x>\n\n",
                 BASE_ID_LEN, base_id(&b).p);
        depot_world_put(w, "outgoing", &b, ".hdr", hdr.p);
        do_step(w, &i, DELIVER_STEP_OPEN);
        assert_int_equal(i.left, 1);
        say_notes(&i, notes[refused]);
        do_step(w, &i, DELIVER_STEP_NOTE);
        finish(w, &i, DELIVER_STEP_FORGET);
        deliver_store_shut(&i);
        assert_int_equal(
            depot_world_lines(w, refused ? "\"event\":\"quarantined\"" : "\"event\":\"delivered\""), 1);
        assert_int_equal(depot_world_lines(w, "\"to\":[\"1@x\",\"2@x\"]"), 1);
        assert_int_equal(depot_world_lines(w, refused ? "redirected to t@example.net: no such mailbox"
                                                      : "redirected to t@example.net: taken"),
                         1);
        assert_int_equal(depot_world_lines(w, "\n"), 1);
        depot_world_expect(w, "quarantine/failed", &b, refused ? "@.eml @.hdr @.json" : "");
        if (refused) {
            text = depot_world_read(w, "quarantine/failed", &b, ".json");
            assert_non_null(
                strstr(text, "\"recipients\":[\"t@example.net\"],\"redirected_from\":[\"1@x\",\"2@x\"]"));
            free(text);
        }
        buf_free(&hdr);
        depot_world_close(&w);
    }
}

static void what_is_no_pair_is_told(void **state)
{
    struct world *w = depot_world_plain();
    struct base b = world_base(w, "x");
    struct deliver_item i = item_of(&b);

    (void)state;
    do_step(w, &i, DELIVER_STEP_OPEN);
    assert_true(i.gone && !i.left_over);
    depot_world_put(w, "outgoing", &b, ".hdr", DEPOT_WORLD_HDR);
    i.step = DELIVER_STEP_OPEN;
    deliver_store_run(&i.task, &w->d);
    assert_int_equal(i.err, ENOENT);
    deliver_store_shut(&i);
    depot_world_put(w, "outgoing", &b, ".eml", DEPOT_WORLD_EML);
    depot_world_put(w, "outgoing", &b, ".hdr", "Written\n");
    i = item_of(&b);
    i.step = DELIVER_STEP_OPEN;
    deliver_store_run(&i.task, &w->d);
    assert_int_equal(i.err, EBADMSG);
    deliver_store_shut(&i);
    depot_world_close(&w);
}

static void a_walk_finds_envelopes_and_lone_notes(void **state)
{
    struct world *w = depot_world_plain();
    struct base b = put_pair(w);
    struct deliver_list l = {0};

    (void)state;
    depot_world_write(w, "outgoing", "lone.sent", "");
    depot_world_write(w, "outgoing", "other.txt", "");
    do
        deliver_store_list(&l.task, &w->d);
    while (!l.end);
    assert_int_equal(l.n, 2);
    assert_true(strcmp(l.stem[0], b.s) == 0 || strcmp(l.stem[1], b.s) == 0);
    assert_true(strcmp(l.stem[0], "lone") == 0 || strcmp(l.stem[1], "lone") == 0);
    deliver_store_list_free(&l);
    depot_world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(notes_say_who_has_it),
        cmocka_unit_test(all_delivered_leaves_nothing),
        cmocka_unit_test(refused_ones_go_to_quarantine),
        cmocka_unit_test(a_redirected_copy_counts_for_those_it_was_for),
        cmocka_unit_test(what_is_no_pair_is_told),
        cmocka_unit_test(a_walk_finds_envelopes_and_lone_notes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
