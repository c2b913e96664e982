/*
 * test_dns_line.c - unit tests of workers/dns/dns_line.c: one channel, one server, and what does not get
 * through.
 *
 * Run by `make check`. The rest of its behaviour is seen through test_dns_ask.c.
 */
#include "tests/unit/dns_world.h"

#define TRIES 200

static struct {
    unsigned n;
    enum dns_line_end end[TRIES];
    size_t bytes[TRIES];
} got;

static void note_end(void *arg, struct dns_try *t, enum dns_line_end end, struct view packet)
{
    size_t i = (size_t)(t - (struct dns_try *)arg);

    got.n++;
    got.end[i] = end;
    got.bytes[i] = packet.n;
}

static void open_line(struct dns_line *l, uint16_t port, bool tcp, struct dns_try *tries)
{
    const struct dns_address a = {.ip = {127, 0, 0, 1}, .port = port};

    memset(l, 0, sizeof *l);
    memset(&got, 0, sizeof got);
    l->tcp = tcp;
    l->done = note_end;
    l->arg = tries;
    assert_int_equal(dns_line_open(l, &a, 200), 0);
    assert_int_equal(dns_line_events(l), 0);
    assert_true(dns_line_due(l) == -1);
}

static void send_one(struct dns_line *l, struct dns_try *t, struct dns_random *r, const char *name)
{
    memset(t, 0, sizeof *t);
    assert_true(dns_query_make(&t->query, FACT_A, view_of(name), true));
    dns_line_send(l, t, r);
}

static void wait_for(struct dns_line *l, unsigned n)
{
    const int64_t until = dns_line_clock() + 5000;

    while (got.n < n && dns_line_clock() < until) {
        struct pollfd on = {.fd = l->fd, .events = dns_line_events(l)};

        poll(&on, 1, 10);
        dns_line_run(l, on.revents);
    }
    assert_int_equal(got.n, n);
}

static void an_answer_ends_its_question(void **state)
{
    static struct world_server w;
    struct dns_random r = {0};
    struct dns_line l;
    struct dns_try t;

    (void)state;
    for (int tcp = 0; tcp < 2; tcp++) {
        w = (struct world_server){.reply = world_address};
        world_start(&w);
        open_line(&l, w.port, tcp, &t);
        send_one(&l, &t, &r, "a.example");
        assert_int_equal(l.open, 1);
        assert_true(dns_line_events(&l) & POLLIN);
        assert_true(dns_line_due(&l) > dns_line_clock());
        wait_for(&l, 1);
        assert_int_equal(got.end[0], DNS_LINE_ANSWER);
        assert_int_equal(got.bytes[0], 12 + 15 + 16);
        assert_int_equal(l.open, 0);
        assert_int_equal(l.fd, -1); /* no question, no port */
        dns_line_close(&l);
        world_stop(&w);
    }
}

/* Letters that come back in another case; a packet without a byte; one of 11. */
static void strange(struct world_server *w, const unsigned char *q, size_t n, struct packet_out *to)
{
    (void)!sendto(w->udp, "", 0, 0, (struct sockaddr *)&w->from, sizeof w->from);
    (void)!sendto(w->udp, q, 11, 0, (struct sockaddr *)&w->from, sizeof w->from);
    (void)!sendto(w->udp, q, n, 0, (struct sockaddr *)&w->from, sizeof w->from); /* a question */
    world_address(w, q, n, to);
    to->p[13] ^= 0x20;
}

static void what_answers_nothing_is_counted(void **state)
{
    static struct world_server w;
    struct dns_random r = {0};
    struct dns_line l;
    struct dns_try t;

    (void)state;
    w = (struct world_server){.reply = strange};
    world_start(&w);
    open_line(&l, w.port, false, &t);
    send_one(&l, &t, &r, "a.example");
    wait_for(&l, 1);
    assert_int_equal(got.end[0], DNS_LINE_CASE);
    assert_int_equal(l.strange, 3);
    memset(&got, 0, sizeof got);
    memset(&t, 0, sizeof t);
    t.any_case = true;
    dns_query_make(&t.query, FACT_A, VIEW("a.example"), true);
    dns_line_send(&l, &t, &r);
    wait_for(&l, 1);
    assert_int_equal(got.end[0], DNS_LINE_ANSWER);
    dns_line_close(&l);
    world_stop(&w);
}

static void numbers_differ(void **state)
{
    static struct dns_try t[TRIES];
    static struct world_server w;
    static bool seen[65536];
    struct dns_random r = {0};
    struct dns_line l;

    (void)state;
    w = (struct world_server){.reply = world_silence};
    world_start(&w);
    open_line(&l, w.port, false, t);
    for (unsigned i = 0; i < TRIES; i++) {
        send_one(&l, &t[i], &r, "a.example");
        assert_false(seen[dns_query_id(&t[i].query)]);
        seen[dns_query_id(&t[i].query)] = true;
    }
    assert_int_equal(l.open, TRIES);
    wait_for(&l, TRIES);
    for (unsigned i = 0; i < TRIES; i++)
        assert_int_equal(got.end[i], DNS_LINE_TIMEOUT);
    assert_true(dns_line_due(&l) == -1);
    dns_line_close(&l);
    world_stop(&w);
}

static void half_silent(struct world_server *w, const unsigned char *q, size_t n, struct packet_out *to)
{
    if (world_label(q, n)[0] != 's')
        world_address(w, q, n, to);
}

/* One question that is not answered keeps the port; the line says so when the port was used for long. */
static void a_port_wears_out(void **state)
{
    static struct dns_try t[2];
    static struct world_server w;
    struct dns_random r = {0};
    struct dns_line l;

    (void)state;
    w = (struct world_server){.reply = half_silent};
    world_start(&w);
    open_line(&l, w.port, false, t);
    l.timeout = 100000;
    send_one(&l, &t[0], &r, "silent.example");
    for (unsigned i = 1; i < DNS_LINE_WORN + 1 && !dns_line_is_worn(&l); i++) {
        got.n = 0;
        send_one(&l, &t[1], &r, "a.example");
        wait_for(&l, got.n + 1);
    }
    /* Either it is, or the silent question has timed out on a slow machine and the port was left. */
    assert_true(dns_line_is_worn(&l) || got.end[0] == DNS_LINE_TIMEOUT);
    dns_line_close(&l);
    world_stop(&w);
}

static void a_silent_connection_is_left(void **state)
{
    static struct dns_try t[2];
    static struct world_server w;
    struct dns_random r = {0};
    struct dns_line l;

    (void)state;
    w = (struct world_server){.reply = world_silence};
    world_start(&w);
    open_line(&l, w.port, true, t);
    send_one(&l, &t[0], &r, "a.example");
    wait_for(&l, 1);
    assert_int_equal(got.end[0], DNS_LINE_TIMEOUT);
    assert_int_equal(l.fd, -1);
    w.reply = world_address;
    send_one(&l, &t[1], &r, "c.example");
    wait_for(&l, 2);
    assert_int_equal(got.end[1], DNS_LINE_ANSWER);
    dns_line_close(&l);
    world_stop(&w);
}

static void a_closed_port_is_told_at_once(void **state)
{
    struct dns_random r = {0};
    struct dns_line l;
    struct dns_try t;

    (void)state;
    for (int tcp = 0; tcp < 2; tcp++) {
        int64_t began = dns_line_clock();

        open_line(&l, world_closed_port(), tcp, &t);
        send_one(&l, &t, &r, "a.example");
        wait_for(&l, 1);
        assert_int_equal(got.end[0], DNS_LINE_BROKE);
        assert_true(dns_line_clock() - began < 150);
        dns_line_close(&l);
    }
}

static void a_close_ends_what_is_under_way(void **state)
{
    static struct world_server w;
    struct dns_random r = {0};
    struct dns_line l;
    struct dns_try t;

    (void)state;
    w = (struct world_server){.reply = world_silence};
    world_start(&w);
    open_line(&l, w.port, false, &t);
    send_one(&l, &t, &r, "a.example");
    dns_line_close(&l);
    assert_int_equal(got.n, 1);
    assert_int_equal(got.end[0], DNS_LINE_BROKE);
    assert_int_equal(l.fd, -1);
    dns_line_close(&l);
    world_stop(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_ends_its_question),
        cmocka_unit_test(what_answers_nothing_is_counted),
        cmocka_unit_test(numbers_differ),
        cmocka_unit_test(a_port_wears_out),
        cmocka_unit_test(a_silent_connection_is_left),
        cmocka_unit_test(a_closed_port_is_told_at_once),
        cmocka_unit_test(a_close_ends_what_is_under_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
