/*
 * test_control_reload.c - spoolctl reload: what is told of the settings, and how the order ends; and what a
 * signal may do where whatif_on_reload is set (reload.c).
 */
#include "spoold/control_reload.h"

#include "tests/unit/control_world.h"

#include "spoold/watch.h"

#define OVERRIDES 2

/* What stands in the files when they are read again. */
static struct control_world reload_world_open(const char *const *in_force, const char *const *then)
{
    size_t n = 0;
    struct control_world c = control_world_open(in_force, in_force[0] ? 1 : 0);

    while (n < OVERRIDES && then[n])
        n++;
    c.s->depot.config_dir = world_dir(c.w, "config");
    c.s->watch = watch_start(c.s);
    c.s->source = (struct reload_source){NULL, then, n, open(".", O_PATH | O_DIRECTORY | O_CLOEXEC)};
    return c;
}

static void reload_world_close(struct control_world *c)
{
    close(c->s->depot.config_dir);
    close(c->s->source.cwd);
    watch_stop(&c->s->watch);
    antivirus_close(c->s);
    c->w->cfg = (struct config *)(uintptr_t)c->s->cfg;
    control_world_close(c);
}

static const struct {
    const char *says, *words;
    const char *in_force[1], *then[OVERRIDES];
    bool stopping;
    int code;
    const char *message, *line; /* line: a member that is true, or the mistake; NULL: none */
    bool taken;                 /* the new settings are in force */
} cases[] = {
    {"in force", "reload", {NULL}, {"spool.max_hops=9"}, false, EXIT_OK, "", "in_force", true},
    {"a mistake is told",
     "reload",
     {NULL},
     {"spool.max_hops=many"},
     false,
     EXIT_CONFIG_100,
     "nothing was reloaded: the settings in force stay",
     "-o spool.max_hops=many: max_hops: ",
     false},
    {"what cannot change",
     "reload",
     {NULL},
     {"spool.max_hops=9", "paths.proc=else"},
     false,
     EXIT_CONFIG_100,
     "paths.proc cannot change while spoold runs; restart it",
     NULL,
     false},
    {"another file than was looked at",
     "reload|config=ab",
     {NULL},
     {"spool.max_hops=9"},
     false,
     EXIT_TEMP_75,
     "the files have changed since they were looked at; ask again",
     NULL,
     false},
    {"who asks by spoolctl has looked",
     "reload",
     {"spool.whatif_on_reload=refuse:0%"},
     {"spool.max_hops=9"},
     false,
     EXIT_OK,
     "",
     "in_force",
     true},
    {"while it stops",
     "reload",
     {NULL},
     {"spool.max_hops=9"},
     true,
     EXIT_TEMP_75,
     "spoold is stopping",
     NULL,
     false},
    {"an unknown word",
     "reload|now",
     {NULL},
     {NULL},
     false,
     EXIT_USAGE_64,
     "reload takes one word or none: look, or config=HASH",
     NULL,
     false},
    {"too many words",
     "reload|config=ab|look",
     {NULL},
     {NULL},
     false,
     EXIT_USAGE_64,
     "reload takes one word or none: look, or config=HASH",
     NULL,
     false},
};

static bool has_line(const json_t *lines, const char *wanted)
{
    const json_t *one = json_array_get(lines, 0);
    const char *mistake = json_string_value(json_object_get(one, "mistake"));

    if (!wanted)
        return json_array_size(lines) == 0;
    if (mistake)
        return strncmp(mistake, wanted, strlen(wanted)) == 0;
    return json_is_true(json_object_get(one, wanted));
}

static void an_order_has_an_outcome(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct control_world c = reload_world_open(cases[i].in_force, cases[i].then);
        struct control_reply r;

        c.s->stopping = cases[i].stopping;
        r = control_world_ask(&c, cases[i].words);
        if (r.code != cases[i].code || strcmp(r.message, cases[i].message) != 0 ||
            !has_line(r.line, cases[i].line) || (c.s->cfg->max_hops == 9) != cases[i].taken)
            fail_msg("%s: code %d, '%s'", cases[i].says, r.code, r.message);
        json_decref(r.line);
        reload_world_close(&c);
    }
}

static void what_is_read_is_told(void **state)
{
    static const char *const in_force[] = {"spool.whatif_on_reload=warn"};
    static const char *const then[OVERRIDES] = {"spool.max_hops=9", "spool.whatif_days=3"};
    struct control_world c = reload_world_open(in_force, then);
    struct control_reply r = control_world_ask(&c, "reload|look");
    const json_t *o = json_array_get(r.line, 0);
    char *here = get_current_dir_name();

    (void)state;
    assert_int_equal(r.code, EXIT_OK);
    assert_true(json_is_null(json_object_get(o, "file")));
    assert_string_equal(json_string_value(json_object_get(o, "folder")), here);
    assert_int_equal(json_array_size(json_object_get(o, "override")), 2);
    assert_string_equal(json_string_value(json_array_get(json_object_get(o, "override"), 1)), then[1]);
    assert_string_equal(json_string_value(json_object_get(o, "whatif_on_reload")), "warn");
    assert_int_equal(json_integer_value(json_object_get(o, "whatif_days")), 1);
    assert_int_equal(c.s->cfg->max_hops, 100);
    free(here);
    json_decref(r.line);
    reload_world_close(&c);
}

static void a_signal_cannot_be_asked_back(void **state)
{
    static const struct {
        const char *says, *in_force[1], *then[OVERRIDES];
        bool taken;
    } signals[] = {
        {"off", {NULL}, {"spool.max_hops=9"}, true},
        {"warn", {"spool.whatif_on_reload=warn"}, {"spool.max_hops=9"}, true},
        {"refuse in force", {"spool.whatif_on_reload=refuse:100%"}, {"spool.max_hops=9"}, false},
        {"refuse in the new ones", {NULL}, {"spool.max_hops=9", "spool.whatif_on_reload=refuse:5%"}, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        struct control_world c = reload_world_open(signals[i].in_force, signals[i].then);

        reload_start(c.s);
        loop_world_run_out(c.s);
        if ((c.s->cfg->max_hops == 9) != signals[i].taken ||
            (c.s->alarms.since_ms[ALARM_RELOAD] == 0) != signals[i].taken)
            fail_msg("%s: %s", signals[i].says, c.s->alarms.text[ALARM_RELOAD]);
        if (!signals[i].taken)
            assert_non_null(strstr(c.s->alarms.text[ALARM_RELOAD], "use spoolctl reload"));
        reload_world_close(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_order_has_an_outcome),
        cmocka_unit_test(what_is_read_is_told),
        cmocka_unit_test(a_signal_cannot_be_asked_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
