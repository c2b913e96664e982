/*
 * test_ctl_request.c - unit tests of tools/ctl_request.c.
 *
 * Run by `make check`. Each built request is compared byte for byte and then
 * taken apart by spoold's own parser, so that the two ends agree.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/control.h"
#include "common/log.h"
#include "tools/ctl_request.h"

#define WORDS_MAX 6

static const struct {
    const char *says;
    ctl_request_fn *build;
    const char *word[WORDS_MAX];
    int wanted;
    struct view request; /* after the verb "v" */
} cases[] = {
    {"no words, no arguments", ctl_request_none, {NULL}, 0, VIEW("v\0")},
    {"words where none are taken", ctl_request_none, {"x"}, 64, {NULL, 0}},
    {"queue has two options",
     ctl_request_queue,
     {"--held", "--limit", "20"},
     0,
     VIEW("v\0held=yes\0limit=20\0")},
    {"the limit may stand as a word", ctl_request_queue, {"LIMIT", "3"}, 0, VIEW("v\0limit=3\0")},
    {"a limit of zero", ctl_request_queue, {"--limit", "0"}, 64, {NULL, 0}},
    {"a limit with junk behind it", ctl_request_queue, {"--limit", "12abc"}, 64, {NULL, 0}},
    {"a negative limit", ctl_request_queue, {"--limit", "-1"}, 64, {NULL, 0}},
    {"a limit beyond bounds", ctl_request_queue, {"--limit", "10000000"}, 64, {NULL, 0}},
    {"a limit without number", ctl_request_queue, {"--limit"}, 64, {NULL, 0}},
    {"an option of another verb", ctl_request_queue, {"--sender", "a"}, 64, {NULL, 0}},
    {"history has five",
     ctl_request_history,
     {"--sender", "", "--id", "0ab", "--name", "a b"},
     0,
     VIEW("v\0sender=\0id=0ab\0name=a b\0")},
    {"a line feed in a value", ctl_request_history, {"--sender", "a\nb"}, 64, {NULL, 0}},
    {"an ID is sent as given",
     ctl_request_id,
     {"x~0123456789abcdefghjkmnpqr"},
     0,
     VIEW("v\0x~0123456789abcdefghjkmnpqr\0")},
    {"no ID", ctl_request_id, {NULL}, 64, {NULL, 0}},
    {"an empty ID", ctl_request_id, {""}, 64, {NULL, 0}},
    {"two IDs", ctl_request_id, {"a", "b"}, 64, {NULL, 0}},
    {"an ID with an escape character", ctl_request_id, {"\033"}, 64, {NULL, 0}},
};

static void build_follows_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ctl_words words = {.word = (char *const *)(uintptr_t)cases[i].word};
        struct buf request = {0}, why = {0};
        struct control_request r;
        int rc = 0;

        while (words.n < WORDS_MAX && cases[i].word[words.n])
            words.n++;
        assert_int_equal(ctl_request_add_word(&request, NULL, "v"), 0);
        rc = cases[i].build(words, &request, &why);
        if (rc != cases[i].wanted || (rc != 0) != (why.n != 0))
            fail_msg("%s: got %d '%s'", cases[i].says, rc, why.n ? why.p : "");
        if (rc == 0 && (!view_equal(buf_view(&request), cases[i].request) ||
                        control_parse_request(&r, buf_view(&request)) != 0))
            fail_msg("%s: wrong request", cases[i].says);
        buf_free(&request);
        buf_free(&why);
    }
}

static void a_request_is_never_longer_than_spoold_takes(void **state)
{
    static char id[CONTROL_REQUEST_MAX];
    struct buf request = {0};

    (void)state;
    memset(id, 'a', sizeof id - 1);
    assert_int_equal(ctl_request_add_word(&request, NULL, id), 0);
    assert_int_equal(request.n, CONTROL_REQUEST_MAX);
    assert_int_equal(ctl_request_add_word(&request, NULL, ""), -1);
    buf_free(&request);
}

static void show_takes_one_id_and_parts(void **state)
{
    static const struct {
        const char *word[3];
        int rc;
        bool parts;
    } shows[] = {
        {{"x"}, 0, false},
        {{"x", "--parts"}, 0, true},
        {{"--parts", "x"}, 0, true},
        {{"--parts"}, 64, true},
        {{NULL}, 64, false},
        {{"x", "y"}, 64, false},
        {{"x", "--parts", "y"}, 64, true},
        {{"x", "--part"}, 64, false},
        {{""}, 64, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof shows / sizeof *shows; i++) {
        struct ctl_words words = {.word = (char *const *)(uintptr_t)shows[i].word};
        struct buf request = {0}, why = {0};
        bool parts = false;

        while (words.n < 3 && shows[i].word[words.n])
            words.n++;
        assert_int_equal(ctl_request_show(words, &parts, &request, &why), shows[i].rc);
        assert_int_equal(parts, shows[i].parts);
        assert_int_equal(why.n > 0, shows[i].rc != 0);
        assert_true(shows[i].rc || view_equal(buf_view(&request), VIEW("show\0x\0")));
        buf_free(&request);
        buf_free(&why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(build_follows_the_table),
        cmocka_unit_test(show_takes_one_id_and_parts),
        cmocka_unit_test(a_request_is_never_longer_than_spoold_takes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
