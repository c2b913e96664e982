/*
 * test_control.c - unit tests of common/control.c.
 *
 * Run by `make check`. Requests are byte strings with embedded NULs, so each
 * case carries its length. The parser must refuse, never repair: what it lets
 * through is looked up in spoold's verb table and in the ledger.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/control.h"

struct parse_case {
    const char *says;
    struct view packet;
    int wanted;
    size_t words;
};

static const struct parse_case parse_cases[] = {
    {"a verb alone is a request", VIEW("status\0"), 0, 1},
    {"arguments follow, each ended by NUL", VIEW("show\0x~1\0limit=3\0"), 0, 3},
    {"an empty argument is a word", VIEW("show\0\0"), 0, 2},
    {"blanks and bytes beyond ASCII are allowed", VIEW("show\0a b\xc3\xa9\xff\0"), 0, 2},
    {"sixteen words are the most", VIEW("1\0002\0003\0004\0005\0006\0007\0008\0009\0a\0b\0c\0d\0e\0f\0g\0"),
     0, 16},
    {"seventeen words are too many",
     VIEW("1\0002\0003\0004\0005\0006\0007\0008\0009\0a\0b\0c\0d\0e\0f\0g\0h\0"), -1, 0},
    {"an empty packet is refused", {"", 0}, -1, 0},
    {"an empty verb is refused", VIEW("\0"), -1, 0},
    {"an empty verb before arguments is refused", VIEW("\0show\0"), -1, 0},
    {"a last word without NUL is refused", VIEW("show\0id"), -1, 0},
    {"a verb without NUL is refused", VIEW("status"), -1, 0},
    {"a line feed is refused", VIEW("show\0a\nb\0"), -1, 0},
    {"an escape character is refused", VIEW("show\0\033[2J\0"), -1, 0},
    {"DEL is refused", VIEW("show\0a\177\0"), -1, 0},
    {"a tab in the verb is refused", VIEW("sta\ttus\0"), -1, 0},
};

static void parse_follows_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof parse_cases / sizeof *parse_cases; i++) {
        const struct parse_case *c = &parse_cases[i];
        struct control_request r;
        int rc = control_parse_request(&r, c->packet);

        if (rc != c->wanted || (rc == 0 && r.n != c->words))
            fail_msg("%s: got %d with %zu words", c->says, rc, r.n);
    }
}

static void words_are_views_into_the_packet(void **state)
{
    static const char packet[] = "history\0sender=a@example.org";
    struct control_request r;

    (void)state;
    assert_int_equal(control_parse_request(&r, (struct view){packet, sizeof packet}), 0);
    assert_int_equal(r.n, 2);
    assert_ptr_equal(r.word[0].p, packet);
    assert_true(view_equal(r.word[0], VIEW("history")));
    assert_ptr_equal(r.word[1].p, packet + 8);
    assert_true(view_equal(r.word[1], VIEW("sender=a@example.org")));
}

static void longest_request_is_4096_bytes(void **state)
{
    static char packet[CONTROL_REQUEST_MAX + 1];
    struct control_request r;

    (void)state;
    memset(packet, 'a', sizeof packet);
    packet[CONTROL_REQUEST_MAX - 1] = '\0';
    assert_int_equal(control_parse_request(&r, (struct view){packet, CONTROL_REQUEST_MAX}), 0);
    assert_int_equal(r.word[0].n, CONTROL_REQUEST_MAX - 1);
    packet[CONTROL_REQUEST_MAX - 1] = 'a';
    packet[CONTROL_REQUEST_MAX] = '\0';
    assert_int_equal(control_parse_request(&r, (struct view){packet, CONTROL_REQUEST_MAX + 1}), -1);
}

struct argument_case {
    const char *says;
    struct view packet;
    const char *key;
    const char *wanted; /* NULL: no such argument */
};

static const struct argument_case argument_cases[] = {
    {"a key has its value", VIEW("queue\0limit=20\0"), "limit", "20"},
    {"a value may be empty", VIEW("queue\0limit=\0"), "limit", ""},
    {"a value may hold an equals sign", VIEW("history\0name=a=b\0"), "name", "a=b"},
    {"the first of two counts", VIEW("queue\0limit=1\0limit=2\0"), "limit", "1"},
    {"a missing key has none", VIEW("queue\0held=yes\0"), "limit", NULL},
    {"a key without equals sign has none", VIEW("queue\0limit\0"), "limit", NULL},
    {"a longer key is another key", VIEW("queue\0limits=3\0"), "limit", NULL},
    {"a shorter key is another key", VIEW("queue\0lim=3\0"), "limit", NULL},
    {"keys are compared with case", VIEW("queue\0Limit=3\0"), "limit", NULL},
    {"the verb is no argument", VIEW("limit=3\0"), "limit", NULL},
};

static void argument_follows_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof argument_cases / sizeof *argument_cases; i++) {
        const struct argument_case *c = &argument_cases[i];
        struct control_request r;
        struct view got;

        assert_int_equal(control_parse_request(&r, c->packet), 0);
        got = control_argument(&r, c->key);
        if (!c->wanted ? got.p != NULL : !got.p || !view_equal(got, view_of(c->wanted)))
            fail_msg("%s: got '%.*s'", c->says, (int)got.n, got.p ? got.p : "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_follows_the_table),
        cmocka_unit_test(words_are_views_into_the_packet),
        cmocka_unit_test(longest_request_is_4096_bytes),
        cmocka_unit_test(argument_follows_the_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
