/*
 * test_recover.c - unit tests of spoold/recover.c: file names of proc, and the state table.
 *
 * Run by `make check`. Each state is given as the file names that stand in proc,
 * so names and table are tested together; rows are those of protocol.md section
 * 4. The fixtures with real files are tests/func/recover_rows.sh.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "spoold/recover.h"

#define ID "0123456789abcdefghjkmnpqr"

/* What the disk would add to the names. */
enum gathered { PLAIN = 0, STAGE = 1, PEER = 2, EML_FOREIGN = 4, HDR_FOREIGN = 8, RELEASED = 16 };

struct state_case {
    const char *says;
    const char *suffix[6];
    int gathered;
    int row;
    enum recover_action action;
};

static const struct state_case state_cases[] = {
    {"content whose envelope is in the intake: take it", {".eml"}, PEER, 1, RECOVER_TAKE_ENVELOPE},
    {"the same with the stage on", {".eml"}, PEER | STAGE, 1, RECOVER_TAKE_ENVELOPE},
    {"content alone: park it", {".eml"}, PLAIN, 2, RECOVER_PARK_CONTENT},
    {"content alone, stage on: somebody has the envelope", {".eml"}, STAGE, 3, RECOVER_WAIT},
    {"claimed envelope, content in the intake: take it", {".hdr.c"}, PEER, 4, RECOVER_TAKE_CONTENT},
    {"envelope in work, content in the intake: take it", {".hdr.w2"}, PEER, 4, RECOVER_TAKE_CONTENT},
    {"claimed envelope alone: park it", {".hdr.c"}, PLAIN, 5, RECOVER_PARK_ENVELOPE},
    {"envelope in work alone: park it", {".hdr.w1"}, PLAIN, 5, RECOVER_PARK_ENVELOPE},
    {"held envelope alone: park it", {".hdr.h3"}, PLAIN, 5, RECOVER_PARK_ENVELOPE},
    {"another deposit's content: give it back", {".hdr.c", ".eml"}, EML_FOREIGN, 6, RECOVER_GIVE_BACK},
    {"another deposit's envelope: give it back", {".hdr.c", ".eml"}, HDR_FOREIGN, 6, RECOVER_GIVE_BACK},
    {"claimed: start", {".hdr.c", ".eml"}, PLAIN, 7, RECOVER_START},
    {"claimed with rubbish outputs: start", {".hdr.c", ".eml", ".1.eml.out"}, PLAIN, 7, RECOVER_START},
    {"offered: window, then lock", {".hdr", ".eml"}, STAGE, 8, RECOVER_OFFER},
    {"offered, stage off by now: the same", {".hdr", ".eml"}, PLAIN, 8, RECOVER_OFFER},
    {"a stranger's suffix with the stage on: wait", {".hdr.busy", ".eml"}, STAGE, 9, RECOVER_WAIT},
    {"offered without content, stage on: wait", {".hdr"}, STAGE, 9, RECOVER_WAIT},
    {"in work: redo", {".hdr.w1", ".eml"}, PLAIN, 10, RECOVER_REDO},
    {"in work with outputs: redo", {".hdr.w2", ".eml", ".1.eml.out", ".1.hdr.out"}, PLAIN, 10, RECOVER_REDO},
    {"held: hold", {".hdr.h0", ".eml"}, PLAIN, 11, RECOVER_HOLD},
    {"held with outputs: hold", {".hdr.h1", ".eml", ".1.eml.out"}, PLAIN, 11, RECOVER_HOLD},
    {"send: finish", {".hdr.send", ".eml", ".1.eml.out", ".1.hdr.out"}, PLAIN, 12, RECOVER_FINISH},
    {"send, content unlinked: finish", {".hdr.send"}, PLAIN, 12, RECOVER_FINISH},
    {"keep is not made by this program: alarm", {".hdr.keep", ".eml"}, PLAIN, 0, RECOVER_ALARM},
    {"pass is not made by this program: alarm", {".hdr.pass", ".eml"}, PLAIN, 0, RECOVER_ALARM},
    {"quarantine: finish", {".hdr.q-virus", ".eml", ".json.out"}, PLAIN, 15, RECOVER_FINISH},
    {"quarantine, only the envelope left: finish", {".hdr.q-failed"}, PLAIN, 15, RECOVER_FINISH},
    {"quarantine of an unknown class: alarm", {".hdr.q-other", ".eml"}, PLAIN, 0, RECOVER_ALARM},
    {"discard: finish", {".hdr.drop", ".eml"}, PLAIN, 16, RECOVER_FINISH},
    {"discard, content unlinked: finish", {".hdr.drop"}, PLAIN, 16, RECOVER_FINISH},
    {"release not committed: undo", {".r.eml.out", ".r.hdr.out"}, PLAIN, 17, RECOVER_UNDO_RELEASE},
    {"release committed: finish it", {".r.hdr.out"}, RELEASED, 18, RECOVER_FINISH_RELEASE},
    {"part of a release of a copy, committed",
     {".2.r13.eml.out", ".2.r13.hdr.out"},
     RELEASED,
     18,
     RECOVER_FINISH_RELEASE},
    {"a release number of four digits: nobody's", {".r1234.eml.out"}, PLAIN, 0, RECOVER_ALARM},
    {"a copy that only looks like a release: alarm", {".rx.eml.out"}, PLAIN, 0, RECOVER_ALARM},
    {"outputs only: park them", {".1.eml.out", ".json.out"}, PLAIN, 19, RECOVER_PARK_STRAY},
    {"two envelopes: alarm", {".hdr.c", ".hdr.w1", ".eml"}, PLAIN, 20, RECOVER_ALARM},
    {"two decisions: alarm", {".hdr.send", ".hdr.drop", ".eml"}, PLAIN, 20, RECOVER_ALARM},
    {"an unknown file alone: alarm", {".bak"}, PLAIN, 0, RECOVER_ALARM},
    {"a stranger's suffix without the stage: alarm", {".hdr.busy", ".eml"}, PLAIN, 0, RECOVER_ALARM},
};

static struct recover_found found_of(const struct state_case *c)
{
    struct recover_found f = {0}, one;

    for (size_t i = 0; i < 6 && c->suffix[i]; i++) {
        char name[128];

        snprintf(name, sizeof name, "n~" ID "%s", c->suffix[i]);
        if (recover_parse_name(&one, view_of(name)) < 0)
            fail_msg("%s: %s is not understood", c->says, name);
        if (i == 0)
            f = one;
        else
            recover_merge(&f, &one);
    }
    f.eml_stamp_ok = !(c->gathered & EML_FOREIGN);
    f.hdr_stamp_ok = !(c->gathered & HDR_FOREIGN);
    f.released = c->gathered & RELEASED;
    snprintf(f.peer, sizeof f.peer, "%s", c->gathered & PEER ? "n.eml" : "");
    return f;
}

static void each_state_has_its_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof state_cases / sizeof *state_cases; i++) {
        const struct state_case *c = &state_cases[i];
        struct recover_found f = found_of(c);
        const struct recover_row *row = recover_classify(&f, c->gathered & STAGE);

        if (row->number != c->row || row->action != c->action)
            fail_msg("%s: got row %d, \"%s\"", c->says, row->number, row->meaning);
    }
}

static const struct name_case {
    const char *name;
    int wanted;
    enum recover_state state;
    unsigned n;
    bool unknown;
} name_cases[] = {
    {"a~" ID ".hdr", 0, RECOVER_OFFERED, 0, false},
    {"a~" ID ".hdr.c", 0, RECOVER_CLAIMED, 0, false},
    {"a~" ID ".hdr.w1", 0, RECOVER_WORK, 1, false},
    {"a~" ID ".hdr.w999", 0, RECOVER_WORK, 999, false},
    {"a~" ID ".hdr.h12", 0, RECOVER_HELD, 12, false},
    {"a~" ID ".hdr.w", 0, RECOVER_FOREIGN, 0, false},
    {"a~" ID ".hdr.w1x", 0, RECOVER_FOREIGN, 0, false},
    {"a~" ID ".hdr.w1234", 0, RECOVER_FOREIGN, 0, false},
    {"a~" ID ".hdr.", 0, RECOVER_FOREIGN, 0, false},
    {"a~" ID ".hdr.q-", 0, RECOVER_FOREIGN, 0, false},
    {"a~" ID ".hdrx", 0, RECOVER_NONE, 0, true},
    {"a~" ID ".0.eml.out", 0, RECOVER_NONE, 0, true},
    {"a~" ID ".17.eml.out", 0, RECOVER_NONE, 0, true},
    {"a~" ID ".x.hdr.out", 0, RECOVER_NONE, 0, true},
    {"a~b~" ID ".hdr.c", 0, RECOVER_CLAIMED, 0, false},
    {"a~" ID, -1, RECOVER_NONE, 0, false},
    {"a~" ID "x", 0, RECOVER_NONE, 0, true},
    {"a.hdr", -1, RECOVER_NONE, 0, false},
    {"a~0123.hdr", -1, RECOVER_NONE, 0, false},
    {"~", -1, RECOVER_NONE, 0, false},
    {"", -1, RECOVER_NONE, 0, false},
};

static void names_are_parsed_from_the_right(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof name_cases / sizeof *name_cases; i++) {
        const struct name_case *c = &name_cases[i];
        struct recover_found f;
        int rc = recover_parse_name(&f, view_of(c->name));
        bool numbered = c->state == RECOVER_WORK || c->state == RECOVER_HELD;

        if (rc != c->wanted || (rc == 0 && (f.state != c->state || f.unknown != c->unknown)) ||
            (numbered && f.n != c->n))
            fail_msg("\"%s\": got %d, state %d, n %u, unknown %d", c->name, rc, f.state, f.n, f.unknown);
    }
}

static void outputs_are_bits_by_copy(void **state)
{
    struct recover_found f, one;

    (void)state;
    assert_int_equal(recover_parse_name(&f, VIEW("a~" ID ".1.eml.out")), 0);
    assert_int_equal(recover_parse_name(&one, VIEW("a~" ID ".16.hdr.out")), 0);
    recover_merge(&f, &one);
    assert_int_equal(recover_parse_name(&one, VIEW("a~" ID ".json.out")), 0);
    recover_merge(&f, &one);
    assert_int_equal(f.outs_eml, 1);
    assert_int_equal(f.outs_hdr, 1u << 15);
    assert_true(f.json_out);
    assert_int_equal(f.envelopes, 0);
}

static void the_class_stands_in_the_suffix(void **state)
{
    struct recover_found f;

    (void)state;
    for (int c = 0; c < SPOOL_CLASS__MAX; c++) {
        char name[128];

        snprintf(name, sizeof name, "a~" ID ".hdr.q-%s", spool_class_name((enum spool_class)c));
        assert_int_equal(recover_parse_name(&f, view_of(name)), 0);
        assert_int_equal(f.class, c);
        assert_int_equal(f.state, RECOVER_QUARANTINE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_state_has_its_row),
        cmocka_unit_test(names_are_parsed_from_the_right),
        cmocka_unit_test(outputs_are_bits_by_copy),
        cmocka_unit_test(the_class_stands_in_the_suffix),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
