/*
 * test_wire_check.c - unit tests of common/wire.c: building packets, and the table of who may say what.
 *
 * Run by `make check`. Each row is a sentence about one peer in one state; what
 * is not allowed must be refused with words that name the packet and the rule.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/wire_world.h"

static void packet_has_version_and_length_of_its_type(void **state)
{
    static const struct {
        enum wire_type type;
        uint32_t length;
    } cases[] = {
        {WIRE_LOAD, 32},  {WIRE_READY, 16}, {WIRE_SPAWN, 0},  {WIRE_SPAWNED, 8}, {WIRE_EXITED, 24},
        {WIRE_RETIRE, 0}, {WIRE_HELLO, 16}, {WIRE_JOB, 16},   {WIRE_NEED, 0},    {WIRE_RESULT, 88},
        {WIRE_CANCEL, 0}, {WIRE_LOG, 0},    {WIRE_FAILED, 0}, {WIRE_LOADED, 48}, {WIRE_FINDING, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wire_packet p = wire_packet(cases[i].type, 7);

        assert_int_equal(p.h.version, WIRE_VERSION);
        assert_int_equal(p.h.type, cases[i].type);
        assert_int_equal(p.h.length, cases[i].length);
        assert_int_equal(p.h.id, 7);
        assert_int_equal(p.fd_n, 0);
        assert_int_equal(p.fd[0], -1);
        assert_int_equal(p.u.result.reserved[1], 0);
    }
}

struct rule_case {
    const char *says;
    enum wire_sender from;
    enum wire_state state;
    enum wire_type type;
    unsigned fds;
    const char *wanted; /* NULL: allowed */
};

static const struct rule_case rule_cases[] = {
    {"LOAD to the launcher brings the link", WIRE_TO_LAUNCHER, WIRE_UP, WIRE_LOAD, 1, NULL},
    {"LOAD without the link", WIRE_TO_LAUNCHER, WIRE_UP, WIRE_LOAD, 0, "LOAD: descriptors are missing"},
    {"LOAD with two", WIRE_TO_LAUNCHER, WIRE_UP, WIRE_LOAD, 2, "LOAD: too many descriptors"},
    {"RETIRE to the launcher", WIRE_TO_LAUNCHER, WIRE_UP, WIRE_RETIRE, 0, NULL},
    {"RETIRE with a descriptor", WIRE_TO_LAUNCHER, WIRE_UP, WIRE_RETIRE, 1, "RETIRE: too many descriptors"},
    {"the launcher forks no children", WIRE_TO_LAUNCHER, WIRE_UP, WIRE_SPAWN, 2,
     "SPAWN: this peer has no right to say it"},
    {"the launcher says SPAWNED", WIRE_FROM_LAUNCHER, WIRE_UP, WIRE_SPAWNED, 0, NULL},
    {"the launcher says EXITED", WIRE_FROM_LAUNCHER, WIRE_UP, WIRE_EXITED, 0, NULL},
    {"the launcher asks for nothing", WIRE_FROM_LAUNCHER, WIRE_UP, WIRE_LOAD, 1,
     "LOAD: this peer has no right to say it"},
    {"a starting loader gets LOAD", WIRE_TO_LOADER, WIRE_STARTING, WIRE_LOAD, 1, NULL},
    {"LOAD with a folder to load from", WIRE_TO_LOADER, WIRE_STARTING, WIRE_LOAD, 2, NULL},
    {"LOAD with two folders", WIRE_TO_LOADER, WIRE_STARTING, WIRE_LOAD, 3, "LOAD: too many descriptors"},
    {"a starting loader says LOADED", WIRE_FROM_LOADER, WIRE_STARTING, WIRE_LOADED, 0, NULL},
    {"LOADED after READY", WIRE_FROM_LOADER, WIRE_UP, WIRE_LOADED, 0, "LOADED: not in this state"},
    {"LOADED with a descriptor", WIRE_FROM_LOADER, WIRE_STARTING, WIRE_LOADED, 1,
     "LOADED: too many descriptors"},
    {"a child loads nothing", WIRE_FROM_CHILD, WIRE_STARTING, WIRE_LOADED, 0,
     "LOADED: this peer has no right to say it"},
    {"a loader that is up gets no second LOAD", WIRE_TO_LOADER, WIRE_UP, WIRE_LOAD, 1,
     "LOAD: not in this state"},
    {"SPAWN brings link and crumb page", WIRE_TO_LOADER, WIRE_UP, WIRE_SPAWN, 2, NULL},
    {"SPAWN without the crumb page", WIRE_TO_LOADER, WIRE_UP, WIRE_SPAWN, 1,
     "SPAWN: descriptors are missing"},
    {"SPAWN before READY", WIRE_TO_LOADER, WIRE_STARTING, WIRE_SPAWN, 2, "SPAWN: not in this state"},
    {"RETIRE also while it starts", WIRE_TO_LOADER, WIRE_STARTING, WIRE_RETIRE, 0, NULL},
    {"a starting loader says READY", WIRE_FROM_LOADER, WIRE_STARTING, WIRE_READY, 0, NULL},
    {"READY twice", WIRE_FROM_LOADER, WIRE_UP, WIRE_READY, 0, "READY: not in this state"},
    {"READY with a descriptor", WIRE_FROM_LOADER, WIRE_STARTING, WIRE_READY, 1,
     "READY: too many descriptors"},
    {"SPAWNED before READY", WIRE_FROM_LOADER, WIRE_STARTING, WIRE_SPAWNED, 0, "SPAWNED: not in this state"},
    {"EXITED of a child", WIRE_FROM_LOADER, WIRE_UP, WIRE_EXITED, 0, NULL},
    {"a loader gives no RESULT", WIRE_FROM_LOADER, WIRE_UP, WIRE_RESULT, 0,
     "RESULT: this peer has no right to say it"},
    {"JOB with the message", WIRE_TO_CHILD, WIRE_UP, WIRE_JOB, 1, NULL},
    {"JOB with output and blob", WIRE_TO_CHILD, WIRE_UP, WIRE_JOB, 3, NULL},
    {"JOB without the message", WIRE_TO_CHILD, WIRE_UP, WIRE_JOB, 0, "JOB: descriptors are missing"},
    {"JOB with blob, notes and peer", WIRE_TO_CHILD, WIRE_UP, WIRE_JOB, 4, NULL},
    {"JOB on top of a job", WIRE_TO_CHILD, WIRE_BUSY, WIRE_JOB, 1, "JOB: not in this state"},
    {"CANCEL of a job", WIRE_TO_CHILD, WIRE_BUSY, WIRE_CANCEL, 0, NULL},
    {"CANCEL that crossed the RESULT", WIRE_TO_CHILD, WIRE_UP, WIRE_CANCEL, 0, NULL},
    {"HELLO of a starting child", WIRE_FROM_CHILD, WIRE_STARTING, WIRE_HELLO, 0, NULL},
    {"HELLO again", WIRE_FROM_CHILD, WIRE_UP, WIRE_HELLO, 0, "HELLO: not in this state"},
    {"RESULT of a busy child", WIRE_FROM_CHILD, WIRE_BUSY, WIRE_RESULT, 0, NULL},
    {"RESULT with one blob", WIRE_FROM_CHILD, WIRE_BUSY, WIRE_RESULT, 1, NULL},
    {"RESULT with two", WIRE_FROM_CHILD, WIRE_BUSY, WIRE_RESULT, 2, "RESULT: too many descriptors"},
    {"RESULT without a job", WIRE_FROM_CHILD, WIRE_UP, WIRE_RESULT, 0, "RESULT: not in this state"},
    {"RESULT before HELLO", WIRE_FROM_CHILD, WIRE_STARTING, WIRE_RESULT, 0, "RESULT: not in this state"},
    {"NEED brings its question", WIRE_FROM_CHILD, WIRE_BUSY, WIRE_NEED, 1, NULL},
    {"NEED without a job", WIRE_FROM_CHILD, WIRE_UP, WIRE_NEED, 1, "NEED: not in this state"},
    {"FINDING without a job", WIRE_FROM_CHILD, WIRE_UP, WIRE_FINDING, 0, "FINDING: not in this state"},
    {"a loader finds nothing", WIRE_FROM_LOADER, WIRE_UP, WIRE_FINDING, 0,
     "FINDING: this peer has no right to say it"},
    {"a child sends JOB back", WIRE_FROM_CHILD, WIRE_BUSY, WIRE_JOB, 1,
     "JOB: this peer has no right to say it"},
    {"a child says READY", WIRE_FROM_CHILD, WIRE_STARTING, WIRE_READY, 0,
     "READY: this peer has no right to say it"},
    {"a child retires nobody", WIRE_FROM_CHILD, WIRE_UP, WIRE_RETIRE, 0,
     "RETIRE: this peer has no right to say it"},
};

static void expect_verdict(const char *says, const char *got, const char *wanted)
{
    if (!got != !wanted || (got && strcmp(got, wanted) != 0))
        fail_msg("%s: got '%s', wanted '%s'", says, got ? got : "allowed", wanted ? wanted : "allowed");
}

static void who_may_say_what_follows_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rule_cases / sizeof *rule_cases; i++) {
        const struct rule_case *c = &rule_cases[i];
        struct wire_packet p = wire_packet(c->type, 1);

        p.fd_n = c->fds;
        expect_verdict(c->says, wire_check(c->from, c->state, &p), c->wanted);
    }
}

static void header_is_checked_before_all_else(void **state)
{
    static const struct {
        const char *says;
        uint16_t version, type;
        uint32_t length;
        const char *wanted;
    } cases[] = {
        {"a newer version", 2, WIRE_RESULT, 88, "its version of the wire is another one"},
        {"version 0", 0, WIRE_RESULT, 88, "its version of the wire is another one"},
        {"type 0", 1, 0, 0, "there is no packet of this type"},
        {"a type beyond the last", 1, WIRE__MAX, 0, "there is no packet of this type"},
        {"type 65535", 1, 65535, 0, "there is no packet of this type"},
        {"a body one byte short", 1, WIRE_RESULT, 87, "RESULT: its body has the wrong length"},
        {"a body one byte long", 1, WIRE_RESULT, 89, "RESULT: its body has the wrong length"},
        {"no body", 1, WIRE_RESULT, 0, "RESULT: its body has the wrong length"},
        {"a length near 2^32", 1, WIRE_RESULT, 0xffffffff, "RESULT: its body has the wrong length"},
        {"an empty text", 1, WIRE_LOG, 0, "LOG: its body has the wrong length"},
        {"a text one byte too long", 1, WIRE_LOG, 401, "LOG: its body has the wrong length"},
        {"a text of length 2^32 - 1", 1, WIRE_LOG, 0xffffffff, "LOG: its body has the wrong length"},
        {"a FINDING without words", 1, WIRE_FINDING, 0, "FINDING: its body has the wrong length"},
        {"a FINDING one byte too long", 1, WIRE_FINDING, 401, "FINDING: its body has the wrong length"},
        {"a sound RESULT", 1, WIRE_RESULT, 88, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wire_packet p = {.h = {cases[i].version, cases[i].type, cases[i].length, 0}};

        expect_verdict(cases[i].says, wire_check(WIRE_FROM_CHILD, WIRE_BUSY, &p), cases[i].wanted);
    }
}

static void text_holds_printable_ascii_only(void **state)
{
    static const struct {
        const char *says;
        struct view text;
        bool allowed;
    } cases[] = {
        {"words", VIEW("it works ~!"), true},   {"a line feed", VIEW("a\nb"), false},
        {"an escape", VIEW("a\033[2J"), false}, {"NUL", VIEW("a\0b"), false},
        {"DEL", VIEW("a\177"), false},          {"UTF-8", VIEW("\xc3\xa9"), false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wire_packet p = wire_packet(WIRE_LOG, 0);

        memcpy(p.u.text, cases[i].text.p, cases[i].text.n);
        p.h.length = (uint32_t)cases[i].text.n;
        expect_verdict(cases[i].says, wire_check(WIRE_FROM_CHILD, WIRE_UP, &p),
                       cases[i].allowed ? NULL : "LOG: its text holds other bytes than printable ASCII");
    }
}

static void own_text_is_cut_and_cleaned(void **state)
{
    struct wire_packet p = wire_text(WIRE_FAILED, 3, "user %s\n\033[2J\xff %d", "a@example.org", 5);

    (void)state;
    assert_int_equal(p.h.id, 3);
    assert_true(view_equal((struct view){p.u.text, p.h.length}, VIEW("user a@example.org??[2J? 5")));
    assert_null(wire_check(WIRE_FROM_LOADER, WIRE_STARTING, &p));
    p = wire_text(WIRE_LOG, 0, "%500s", "x");
    assert_int_equal(p.h.length, WIRE_TEXT_MAX);
    assert_null(wire_check(WIRE_FROM_CHILD, WIRE_UP, &p));
    p = wire_text(WIRE_FINDING, 9, "%s", "Eicar-Test\r\n");
    assert_true(view_equal((struct view){p.u.text, p.h.length}, VIEW("Eicar-Test??")));
    assert_null(wire_check(WIRE_FROM_CHILD, WIRE_BUSY, &p));
    p.u.text[0] = '\n';
    expect_verdict("a FINDING with a line feed", wire_check(WIRE_FROM_CHILD, WIRE_BUSY, &p),
                   "FINDING: its text holds other bytes than printable ASCII");
    p = wire_text(WIRE_LOG, 0, "%s", "");
    assert_null(wire_check(WIRE_FROM_CHILD, WIRE_UP, &p));
}

static void every_type_has_a_name(void **state)
{
    (void)state;
    for (unsigned i = WIRE_LOAD; i < WIRE__MAX; i++)
        assert_true(strcmp(wire_type_name(i), "?") != 0);
    assert_string_equal(wire_type_name(WIRE_JOB), "JOB");
    assert_string_equal(wire_type_name(0), "?");
    assert_string_equal(wire_type_name(WIRE__MAX), "?");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_open, world_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(packet_has_version_and_length_of_its_type),
        TEST(who_may_say_what_follows_the_table),
        TEST(header_is_checked_before_all_else),
        TEST(text_holds_printable_ascii_only),
        TEST(own_text_is_cut_and_cleaned),
        TEST(every_type_has_a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
