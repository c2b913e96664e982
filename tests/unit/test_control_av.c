/*
 * test_control_av.c - unit tests of spoold/control_av.c: the verb "av" over a real socket.
 *
 * Run by `make check`. The pool has a launcher's link that nobody answers, so no
 * process is started: what is shown is an engine that is not there yet.
 */
#include "tests/unit/control_world.h"

#include "spoold/antivirus.h"

static struct control_world av_world_open(const char *const *setting, size_t n, int *far)
{
    struct control_world c = control_world_open(setting, n);
    struct pool_options o = {.roles = 1u << ROLE_AV};
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    o.launcher = pair[0];
    *far = pair[1];
    c.s->pool = pool_open(c.s, &o);
    return c;
}

static void av_world_close(struct control_world *c, int far)
{
    pool_close(&c->s->pool);
    close(far);
    control_world_close(c);
}

static const struct {
    const char *says, *words;
    const char *setting;
    bool stopping;
    int code;
    const char *message;
    size_t lines;
    bool forced;
} cases[] = {
    {"status is one line", "av|status", NULL, false, EXIT_OK, "", 1, false},
    {"status of what is switched off is an answer too", "av|status", "antivirus.clamav=no", false, EXIT_OK,
     "", 1, false},
    {"a reload is ordered", "av|reload", NULL, false, EXIT_OK, "", 1, true},
    {"a reload of what is switched off is refused", "av|reload", "antivirus.clamav=no", false, EXIT_FINDING,
     "the virus scanner is switched off (antivirus.clamav = no)", 0, false},
    {"a reload while it stops is refused", "av|reload", NULL, true, EXIT_TEMP_75, "spoold is stopping", 0,
     false},
    {"a word is needed", "av", NULL, false, EXIT_USAGE_64, "av takes one word: status or reload", 0, false},
    {"and a known one", "av|update", NULL, false, EXIT_USAGE_64, "av takes one word: status or reload", 0,
     false},
    {"and only one", "av|reload|now", NULL, false, EXIT_USAGE_64, "av takes one word: status or reload", 0,
     false},
};

static void answers_follow_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int far;
        struct control_world c = av_world_open(&cases[i].setting, cases[i].setting ? 1 : 0, &far);
        struct control_reply r;

        c.s->stopping = cases[i].stopping;
        r = control_world_ask(&c, cases[i].words);
        if (r.code != cases[i].code || strcmp(r.message, cases[i].message) != 0 ||
            json_array_size(r.line) != cases[i].lines || c.s->av.force != cases[i].forced)
            fail_msg("%s: code %d, '%s', %zu lines", cases[i].says, r.code, r.message,
                     json_array_size(r.line));
        json_decref(r.line);
        av_world_close(&c, far);
    }
}

static void status_shows_an_engine_that_is_not_there_yet(void **state)
{
    const json_t *o;
    struct control_reply r;
    int far;
    struct control_world c = av_world_open(NULL, 0, &far);

    (void)state;
    r = control_world_ask(&c, "av|status");
    o = json_object_get(json_array_get(r.line, 0), "antivirus");
    assert_true(json_is_object(o));
    assert_string_equal(json_string_value(json_object_get(o, "state")), "down");
    assert_string_equal(json_string_value(json_object_get(o, "folder")), "/var/lib/clamav");
    assert_true(json_string_length(json_object_get(o, "trouble")) > 0);
    json_decref(r.line);
    r = control_world_ask(&c, "av|reload");
    assert_true(json_is_true(json_object_get(json_array_get(r.line, 0), "asked")));
    json_decref(r.line);
    av_world_close(&c, far);
}

static void without_workers_there_is_nothing_to_say(void **state)
{
    struct control_world c = control_world_open(NULL, 0);
    struct control_reply r = control_world_ask(&c, "av|status");

    (void)state;
    assert_int_equal(r.code, EXIT_TEMP_75);
    assert_string_equal(r.message, "this spoold has no workers");
    json_decref(r.line);
    control_world_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_follow_the_table),
        cmocka_unit_test(status_shows_an_engine_that_is_not_there_yet),
        cmocka_unit_test(without_workers_there_is_nothing_to_say),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
