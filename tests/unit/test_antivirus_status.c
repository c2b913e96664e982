/*
 * test_antivirus_status.c - unit tests of spoold/antivirus_status.c: memory, and what spoolctl is told.
 *
 * Run by `make check`. The workers are the far ends of pool_roles.h.
 */
#include "tests/unit/pool_roles.h"

#include "common/json.h"
#include "spoold/antivirus_part.h"

static void memory_is_asked_of_the_kernel(void **state)
{
    (void)state;
    assert_true(antivirus_memory_kb((uint32_t)getpid()) > 500);
    assert_int_equal(antivirus_memory_kb(0), 0);
    assert_int_equal(antivirus_memory_kb(4000000000u), 0);
    assert_true(antivirus_free_kb() > 1000);
}

static char *status_of(struct pool_world *w)
{
    struct buf b = {0};
    struct json j;

    w->s->pool = w->pool;
    json_open(&j, &b);
    antivirus_add_status(w->s, &j);
    json_close(&j);
    return b.p;
}

static void expect(struct pool_world *w, const char *part)
{
    char *text = status_of(w);

    if (!strstr(text, part))
        fail_msg("%s is not in %s", part, text);
    free(text);
}

static void the_state_is_told_in_words(void **state)
{
    static const char *const setting[] = {"antivirus.signatures=/srv/signatures",
                                          "antivirus.reload_mode=drain"};
    struct pool_world *w = pool_roles_open(FAR_AV, setting, 2);
    struct wire_packet p = wire_packet(WIRE_LOADED, 0);

    (void)state;
    expect(w, "\"state\":\"down\"");
    expect(w, "\"trouble\":\"its worker is starting\"");
    p.u.loaded = (struct wire_loaded){
        .signatures = 8000000, .built = depot_wall_ms() / 1000 - 5000, .version = 27001, .engine = "1.4.6"};
    w->loader[0].said_loaded = true;
    far_say(w, w->loader[0].link, &p);
    far_serve(w, 0);
    expect(
        w,
        "\"state\":\"serving\",\"engine\":\"1.4.6\",\"signatures\":8000000,\"version\":27001,\"built\":\"");
    expect(w, "\"age_s\":500");
    expect(w, "\"test_only\":false");
    expect(w, "\"folder\":\"/srv/signatures\"");
    expect(w, "\"reload_mode\":\"drain\"");
    expect(w, "\"trouble\":\"\"");
    pool_reload_role(w->pool, ROLE_AV, POOL_DRAIN);
    expect(w, "\"state\":\"reloading\"");
    pool_world_close(&w);
}

static void switched_off_is_off(void **state)
{
    static const char *const setting[] = {"antivirus.clamav=no"};
    struct pool_world *w = pool_roles_open(1u << ROLE_REWRITE, setting, 1);

    (void)state;
    expect(w, "\"state\":\"off\"");
    expect(w, "\"trouble\":\"\"");
    pool_world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_asked_of_the_kernel),
        cmocka_unit_test(the_state_is_told_in_words),
        cmocka_unit_test(switched_off_is_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
