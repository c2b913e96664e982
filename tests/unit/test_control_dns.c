/*
 * test_control_dns.c - unit tests of spoold/control_dns.c: the verb "dns" over a real socket.
 *
 * Run by `make check`. The pool has a launcher's link; where worker-dns has to
 * answer, the test puts its own end of a socket in the place of the pool's.
 */
#include "tests/unit/control_world.h"

#include "spoold/listtest.h"
#include "spoold/pool_state.h"
#include "spoold/resolver_part.h"

struct dns_world {
    struct control_world c;
    int launcher, worker; /* far ends; worker -1 = none serves */
};

/* As if the job had been begun. */
static void put_worker(struct dns_world *w)
{
    struct resolver *r = w->c.s->resolver;
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    r->sock = pair[0];
    w->worker = pair[1];
    r->out = true;
}

static struct dns_world dns_open(uint32_t roles, bool serves)
{
    struct dns_world w = {.c = control_world_open(NULL, 0), .worker = -1};
    struct pool_options o = {.roles = roles};
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    o.launcher = pair[0];
    w.launcher = pair[1];
    w.c.s->pool = pool_open(w.c.s, &o);
    w.c.s->resolver = resolver_open(w.c.s);
    if (serves)
        put_worker(&w);
    return w;
}

static void dns_close(struct dns_world *w)
{
    pool_close(&w->c.s->pool);
    resolver_close(&w->c.s->resolver);
    close(w->launcher);
    if (w->worker >= 0)
        close(w->worker);
    control_world_close(&w->c);
}

static int dns_connect(struct dns_world *w, const char *words)
{
    char packet[100];
    size_t n = strlen(words) + 1;
    int fd = control_world_connect(&w->c);

    assert_true(fd >= 0);
    control_world_pump(&w->c);
    memcpy(packet, words, n);
    for (size_t i = 0; i < n; i++)
        packet[i] = packet[i] == '|' ? '\0' : packet[i];
    assert_int_equal(send(fd, packet, n, MSG_NOSIGNAL), (ssize_t)n);
    control_world_pump(&w->c);
    resolver_run(w->c.s->resolver, depot_mono_ms());
    control_world_pump(&w->c);
    return fd;
}

static struct control_reply dns_reply(struct dns_world *w, int fd)
{
    struct control_reply r = {.line = json_array(), .code = -1};

    for (int i = 0; i < 100 && !r.closed; i++) {
        control_world_pump(&w->c);
        control_world_take(fd, &r);
    }
    control_world_end(&r);
    close(fd);
    return r;
}

static void say_state(struct dns_world *w, const char *text)
{
    struct buf b = {0};

    dns_begin(&b, DNS_STATE);
    dns_add_state(&b, view_of(text));
    dns_end(&b);
    assert_int_equal(send(w->worker, b.p, b.n, MSG_NOSIGNAL), (ssize_t)b.n);
    buf_free(&b);
    resolver_event(w->c.s->resolver);
    resolver_link_read(w->c.s->resolver);
}

static const struct {
    const char *says, *words;
    uint32_t roles;
    bool serves;
    int code;
    const char *message;
    size_t lines;
} cases[] = {
    {"how it is, of nobody who serves", "dns", 1u << ROLE_DNS, false, EXIT_OK, "", 1},
    {"how it is, of what is switched off", "dns", 1u << ROLE_AV, false, EXIT_OK, "", 1},
    {"a flush", "dns|flush", 1u << ROLE_DNS, true, EXIT_OK, "", 1},
    {"a flush where nobody serves", "dns|flush", 1u << ROLE_DNS, false, EXIT_TEMP_75,
     "no worker-dns serves at present; the next one begins with nothing", 0},
    {"a flush of what is switched off", "dns|flush", 1u << ROLE_AV, false, EXIT_FINDING,
     "the DNS is not asked: dns.enable or antispam.enable is off", 0},
    {"a word that there is not", "dns|status", 1u << ROLE_DNS, true, EXIT_USAGE_64,
     "dns takes one word or none: flush", 0},
    {"two words", "dns|flush|now", 1u << ROLE_DNS, true, EXIT_USAGE_64, "dns takes one word or none: flush",
     0},
};

static void answers_follow_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct dns_world w = dns_open(cases[i].roles, cases[i].serves);
        struct control_reply r = dns_reply(&w, dns_connect(&w, cases[i].words));

        if (r.code != cases[i].code || strcmp(r.message, cases[i].message) != 0 ||
            json_array_size(r.line) != cases[i].lines)
            fail_msg("%s: code %d, '%s', %zu lines", cases[i].says, r.code, r.message,
                     json_array_size(r.line));
        json_decref(r.line);
        dns_close(&w);
    }
}

static void what_the_worker_tells_is_shown(void **state)
{
    struct dns_world w = dns_open(1u << ROLE_DNS, true);
    int fd = dns_connect(&w, "dns");
    struct control_reply r;
    const json_t *line;

    (void)state;
    say_state(&w, "{\"v\":1,\"servers\":{\"127.0.0.1:53\":{\"asked\":7}}}");
    r = dns_reply(&w, fd);
    assert_int_equal(r.code, EXIT_OK);
    line = json_array_get(r.line, 0);
    assert_string_equal(json_string_value(json_object_get(json_object_get(line, "dns"), "state")), "down");
    assert_int_equal(
        json_integer_value(json_object_get(
            json_object_get(json_object_get(json_object_get(line, "worker"), "servers"), "127.0.0.1:53"),
            "asked")),
        7);
    assert_true(json_integer_value(json_object_get(line, "worker_age_ms")) < 1000);
    json_decref(r.line);
    dns_close(&w);
}

static void who_does_not_wait_is_no_trouble(void **state)
{
    struct dns_world w = dns_open(1u << ROLE_DNS, true);

    (void)state;
    close(dns_connect(&w, "dns"));
    control_world_pump(&w.c);
    say_state(&w, "{}");
    control_world_pump(&w.c);
    dns_close(&w);
}

static void who_waits_at_the_end_is_told(void **state)
{
    struct dns_world w = dns_open(1u << ROLE_DNS, true);
    int fd = dns_connect(&w, "dns");
    struct control_reply r;

    (void)state;
    pool_close(&w.c.s->pool);
    resolver_close(&w.c.s->resolver);
    r = dns_reply(&w, fd);
    assert_int_equal(r.code, EXIT_TEMP_75);
    assert_string_equal(r.message, "spoold is stopping");
    json_decref(r.line);
    dns_close(&w);
}

static void without_workers_there_is_nothing_to_say(void **state)
{
    struct control_world c = control_world_open(NULL, 0);
    struct control_reply r = control_world_ask(&c, "dns");

    (void)state;
    assert_int_equal(r.code, EXIT_TEMP_75);
    assert_string_equal(r.message, "this spoold has no workers");
    json_decref(r.line);
    control_world_close(&c);
}

static void metrics_have_its_numbers(void **state)
{
    struct dns_world w = dns_open(1u << ROLE_DNS, false);
    struct control_reply r;
    const json_t *dns;

    (void)state;
    w.c.s->resolver->counts.asked = 12;
    w.c.s->resolver->counts.rcode[FACT_NXDOMAIN] = 5;
    r = dns_reply(&w, dns_connect(&w, "metrics"));
    dns = json_object_get(json_array_get(r.line, 1), "dns");
    assert_true(json_is_false(json_object_get(dns, "serving")));
    assert_int_equal(json_integer_value(json_object_get(dns, "asked")), 12);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(dns, "answers"), "NXDOMAIN")), 5);
    assert_null(json_object_get(dns, "trouble")); /* words may hold what goes to nobody else */
    json_decref(r.line);
    dns_close(&w);
}

static void lists_are_shown_with_their_tests(void **state)
{
    struct dns_world w = dns_open(1u << ROLE_DNS, false);
    struct control_reply r;

    (void)state;
    w.c.s->listtest = listtest_open(w.c.s);
    r = dns_reply(&w, dns_connect(&w, "dns"));
    assert_true(json_is_object(json_object_get(json_array_get(r.line, 0), "lists")));
    json_decref(r.line);
    listtest_close(&w.c.s->listtest);
    dns_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_follow_the_table),
        cmocka_unit_test(what_the_worker_tells_is_shown),
        cmocka_unit_test(who_does_not_wait_is_no_trouble),
        cmocka_unit_test(who_waits_at_the_end_is_told),
        cmocka_unit_test(without_workers_there_is_nothing_to_say),
        cmocka_unit_test(metrics_have_its_numbers),
        cmocka_unit_test(lists_are_shown_with_their_tests),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
