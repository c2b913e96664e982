/*
 * test_pool_status.c - unit tests of spoold/pool_status.c: what `spoolctl status` shows of the workers.
 *
 * Run by `make check`. The far ends are played by pool_world.h; jansson reads what
 * was written.
 */
#include "tests/unit/pool_roles.h"

#include "common/json.h"

#include <jansson.h>

/* The one role there is; the caller frees the whole with json_decref(*all). */
static json_t *status(struct pool_world *w, json_t **all)
{
    struct buf out = {0};
    struct json j;

    json_open(&j, &out);
    pool_add_status(w->pool, &j);
    json_close(&j);
    *all = json_loadb(out.p, out.n, 0, NULL);
    assert_non_null(*all);
    buf_free(&out);
    assert_int_equal(json_array_size(json_object_get(*all, "workers")), 1);
    return json_array_get(json_object_get(*all, "workers"), 0);
}

static int64_t number(json_t *o, const char *key)
{
    assert_true(json_is_integer(json_object_get(o, key)));
    return json_integer_value(json_object_get(o, key));
}

static const char *text(json_t *o, const char *key)
{
    return json_string_value(json_object_get(o, key));
}

static bool lists(json_t *o, const char *key, const char *word)
{
    const json_t *list = json_object_get(o, key);

    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(json_string_value(json_array_get(list, i)), word) == 0)
            return true;
    return false;
}

static void a_role_that_serves_shows_all_there_is(void **state)
{
    struct pool_world *w = pool_world_serve_children("workers.children=2");
    struct far_job *j[4];
    json_t *all, *o;

    (void)state;
    j[0] = far_submit(w, false);
    far_result(w, far_child_of(w, j[0]));
    for (int i = 1; i < 4; i++)
        j[i] = far_submit(w, false);
    o = status(w, &all);
    assert_string_equal(text(o, "role"), "rewrite");
    assert_string_equal(text(o, "state"), "serving");
    assert_true(json_is_null(json_object_get(o, "trouble")));
    assert_int_equal(number(o, "generation"), 1);
    assert_int_equal(number(o, "children"), 2);
    assert_int_equal(number(o, "busy"), 2);
    assert_int_equal(number(o, "waiting"), 1);
    assert_int_equal(number(o, "jobs"), 1);
    assert_int_equal(number(o, "deaths"), 0);
    assert_int_equal(number(o, "landlock_abi"), 2);
    assert_int_equal(number(json_object_get(o, "escape"), "attempts"), 26);
    assert_int_equal(number(json_object_get(o, "escape"), "refused"), 26);
    json_decref(all);
    pool_close(&w->pool);
    for (int i = 0; i < 4; i++)
        far_job_free(&j[i]);
    pool_world_close(&w);
}

static void what_of_the_sandbox_is_missing_is_named(void **state)
{
    struct pool_world *w = pool_world_serve(NULL, 0);
    json_t *all, *o = status(w, &all);

    (void)state;
    assert_true(lists(o, "sandbox", "uid") && lists(o, "sandbox", "seccomp") && lists(o, "sandbox", "net"));
    assert_true(lists(o, "missing", "ipc") && lists(o, "missing", "mount"));
    assert_false(lists(o, "missing", "uid") || lists(o, "missing", "trace"));
    assert_false(lists(o, "missing", "scratch")); /* the role has none */
    assert_false(lists(o, "missing", "userns"));  /* started as root: not needed */
    json_decref(all);
    pool_world_close(&w);
}

static void assert_shows(struct pool_world *w, const char *key, const char *wanted)
{
    json_t *all, *o = status(w, &all);

    assert_string_equal(text(o, key), wanted);
    json_decref(all);
}

static void assert_counts(struct pool_world *w, const char *key, int64_t wanted)
{
    json_t *all, *o = status(w, &all);

    assert_int_equal(number(o, key), wanted);
    json_decref(all);
}

static void the_states_have_names(void **state)
{
    struct pool_world *w = pool_world_open((const char *const[]){"workers.children=1"}, 1);

    (void)state;
    assert_shows(w, "state", "starting");
    assert_shows(w, "trouble", "its worker is starting");
    far_ready(w, 0);
    far_arrive(w, &w->child[0]);
    pool_reload(w->pool, POOL_OVERLAP);
    pool_world_turn(w);
    assert_shows(w, "state", "reloading");
    far_ready(w, 1);
    far_arrive(w, &w->child[1]);
    assert_shows(w, "state", "serving");
    assert_counts(w, "generation", 2);
    far_shut(&w->loader[1].link);
    pool_world_turn(w);
    assert_shows(w, "state", "down");
    assert_counts(w, "deaths", 1);
    far_shut(&w->launcher);
    pool_world_turn(w);
    assert_shows(w, "state", "lost");
    pool_world_close(&w);
}

static void it_is_known_for_how_long_a_role_is_down(void **state)
{
    struct pool_world *w = pool_world_open((const char *const[]){"workers.children=1"}, 1);
    int64_t from = pool_world_now;

    (void)state;
    pool_world_pass(w, 1234);
    assert_true(pool_down_ms(w->pool, ROLE_REWRITE, from + 1234) == 1234);
    far_ready(w, 0);
    far_arrive(w, &w->child[0]);
    assert_true(pool_down_ms(w->pool, ROLE_REWRITE, from + 9999) == 0);
    far_crash(w, &w->child[0], FAR_SIGNAL(SIGKILL));
    from = pool_world_now;
    assert_true(pool_down_ms(w->pool, ROLE_REWRITE, from + 5) == 5);
    far_arrive(w, &w->child[1]);
    assert_true(pool_down_ms(w->pool, ROLE_REWRITE, from + 5) == 0);
    pool_world_close(&w);
}

static void a_role_is_shown_when_it_is_wanted(void **state)
{
    struct pool_world *w = pool_roles_open(0, (const char *const[]){"antispam.enable=no"}, 1);
    struct buf out = {0};
    struct json j;
    json_t *all, *list;

    (void)state;
    json_open(&j, &out);
    pool_add_status(w->pool, &j);
    json_close(&j);
    all = json_loadb(out.p, out.n, 0, NULL);
    list = json_object_get(all, "workers");
    assert_int_equal(json_array_size(list), 2);
    assert_string_equal(text(json_array_get(list, 0), "role"), "rewrite");
    assert_string_equal(text(json_array_get(list, 1), "role"), "av");
    assert_true(lists(json_array_get(list, 1), "missing", "scratch"));
    assert_null(json_object_get(json_array_get(list, 1), "reload_ms"));
    json_decref(all);
    buf_free(&out);
    pool_world_close(&w);
}

static void what_a_role_cannot_have_is_not_missing(void **state)
{
    struct pool_world *w = pool_roles_open(1u << ROLE_DNS | 1u << ROLE_ANTISPAM, NULL, 0);
    struct buf out = {0};
    struct json j;
    json_t *all, *list;

    (void)state;
    json_open(&j, &out);
    pool_add_status(w->pool, &j);
    json_close(&j);
    all = json_loadb(out.p, out.n, 0, NULL);
    list = json_object_get(all, "workers");
    assert_string_equal(text(json_array_get(list, 0), "role"), "dns");
    assert_false(lists(json_array_get(list, 0), "missing", "net")); /* it needs the network */
    assert_false(lists(json_array_get(list, 0), "missing", "scratch"));
    assert_string_equal(text(json_array_get(list, 1), "role"), "antispam");
    assert_true(lists(json_array_get(list, 1), "missing", "net"));
    json_decref(all);
    buf_free(&out);
    pool_world_close(&w);
}

static void a_drain_is_a_reload_and_its_time_is_shown(void **state)
{
    struct pool_world *w = pool_roles_serve_av("antivirus.children=1");

    (void)state;
    pool_reload_role(w->pool, ROLE_AV, POOL_DRAIN);
    pool_world_turn(w);
    assert_shows(w, "state", "reloading");
    assert_shows(w, "trouble", "it is loading new signatures");
    far_loader_ends(w, 0);
    pool_world_pass(w, 777);
    assert_shows(w, "state", "reloading");
    far_serve(w, 1);
    assert_shows(w, "state", "serving");
    assert_counts(w, "reload_ms", 777);
    pool_world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_role_that_serves_shows_all_there_is),
        cmocka_unit_test(what_of_the_sandbox_is_missing_is_named),
        cmocka_unit_test(the_states_have_names),
        cmocka_unit_test(it_is_known_for_how_long_a_role_is_down),
        cmocka_unit_test(a_role_is_shown_when_it_is_wanted),
        cmocka_unit_test(what_a_role_cannot_have_is_not_missing),
        cmocka_unit_test(a_drain_is_a_reload_and_its_time_is_shown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
