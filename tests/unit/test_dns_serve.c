/*
 * test_dns_serve.c - unit tests of workers/dns/dns_serve.c and dns_state.c: packets in, packets out, and the
 * ends.
 *
 * Run by `make check`. dns_serve() runs in a thread of its own; the test is the supervisor, over a socket
 * pair.
 */
#include "tests/unit/dns_world.h"

#include "common/dns.h"
#include "workers/dns/dns_serve.h"
#include "workers/dns/dns_state.h"

#include <jansson.h>

static struct world_server server;

struct side {
    int fd, link[2];
    struct dns_ask *ask;
    struct dns_serve_link l;
    enum dns_serve_end end;
    int err;
    atomic_bool cancelled;
    pthread_t thread;
};

static bool is_cancelled(const void *arg)
{
    return ((const struct side *)arg)->cancelled;
}

static void *run(void *arg)
{
    struct side *s = arg;

    s->end = dns_serve(s->ask, &s->l);
    s->err = errno;
    return NULL;
}

static void begin(struct side *s, world_reply *reply)
{
    struct dns_setup setup = {.timeout = 300,
                              .tries = 2,
                              .channels = 2,
                              .outstanding = 200,
                              .cache_names = 1000,
                              .max_ttl = 86400,
                              .max_negative_ttl = 3600};
    struct buf why = {0};
    int pair[2];

    server = (struct world_server){.reply = reply};
    world_start(&server);
    setup.servers.list = calloc(1, sizeof *setup.servers.list);
    setup.servers.list_n = setup.servers.address_n = 1;
    setup.servers.list[0].n = 1;
    setup.servers.address[0] = (struct dns_address){.ip = {127, 0, 0, 1}, .port = server.port};
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    memset(s, 0, sizeof *s);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, s->link), 0);
    s->ask = dns_ask_open(&setup, &why);
    assert_non_null(s->ask);
    s->fd = pair[0];
    s->l = (struct dns_serve_link){.peer = pair[1], .link = s->link[1], .cancelled = is_cancelled, .arg = s};
    assert_int_equal(pthread_create(&s->thread, NULL, run, s), 0);
}

static enum dns_serve_end finish(struct side *s)
{
    if (s->fd >= 0)
        close(s->fd);
    pthread_join(s->thread, NULL);
    close(s->l.peer);
    close(s->link[0]);
    close(s->link[1]);
    dns_ask_close(&s->ask);
    world_stop(&server);
    return s->end;
}

static void send_packet(struct side *s, struct buf *packet)
{
    dns_end(packet);
    assert_int_equal(send(s->fd, packet->p, packet->n, MSG_NOSIGNAL), packet->n);
    buf_free(packet);
}

static void send_questions(struct side *s, uint32_t from, unsigned n)
{
    struct buf packet = {0};

    dns_begin(&packet, DNS_RESOLVE);
    for (uint32_t i = from; i < from + n; i++) {
        char name[30];
        struct dns_question q = {.id = i, .type = FACT_A};

        snprintf(name, sizeof name, "n%u.example", i);
        q.name = view_of(name);
        assert_true(dns_add_question(&packet, &q));
    }
    send_packet(s, &packet);
}

static size_t take(struct side *s, char *to)
{
    struct pollfd on = {.fd = s->fd, .events = POLLIN};
    ssize_t n;

    assert_int_equal(poll(&on, 1, 10000), 1);
    n = recv(s->fd, to, DNS_PACKET_MAX, 0);
    assert_true(n > 0);
    return (size_t)n;
}

/* How many packets it took until so many answers were there, each to a question of its own. */
static unsigned take_answers(struct side *s, unsigned n, enum fact_rcode rcode)
{
    static bool seen[4096];
    static char bytes[DNS_PACKET_MAX];
    struct view answer[FACTS_ANSWERS_MAX];
    unsigned packets = 0, got = 0;

    memset(seen, 0, sizeof seen);
    while (got < n) {
        struct dns_reader r;
        struct fact f;
        uint32_t id;

        assert_int_equal(dns_read(&r, (struct view){bytes, take(s, bytes)}), 0);
        assert_int_equal(r.type, DNS_ANSWER);
        packets++;
        while (dns_next_answer(&r, &id, &f, answer) == 1) {
            assert_true(id < 4096 && !seen[id]);
            seen[id] = true;
            assert_int_equal(f.rcode, rcode);
            assert_true(rcode != FACT_NOERROR || (f.answer_n == 1 && f.at > 1600000000000));
            got++;
        }
    }
    assert_int_equal(got, n);
    return packets;
}

static void questions_are_answered_many_in_a_packet(void **state)
{
    struct side s;

    (void)state;
    begin(&s, world_address);
    send_questions(&s, 0, 200);
    take_answers(&s, 200, FACT_NOERROR);
    send_questions(&s, 0, 200); /* all from the cache, in one turn */
    assert_int_equal(take_answers(&s, 200, FACT_NOERROR), 1);
    assert_int_equal(server.udp_n, 200);
    assert_int_equal(finish(&s), DNS_SERVE_CLOSED);
}

static void many_packets_are_taken(void **state)
{
    struct side s;

    (void)state;
    begin(&s, world_address);
    for (uint32_t i = 0; i < 15; i++)
        send_questions(&s, i * 100, 100);
    take_answers(&s, 1500, FACT_NOERROR);
    assert_int_equal(finish(&s), DNS_SERVE_CLOSED);
}

static void a_flush_forgets(void **state)
{
    struct buf packet = {0};
    struct side s;

    (void)state;
    begin(&s, world_address);
    send_questions(&s, 0, 1);
    take_answers(&s, 1, FACT_NOERROR);
    dns_begin(&packet, DNS_FLUSH);
    send_packet(&s, &packet);
    send_questions(&s, 0, 1);
    take_answers(&s, 1, FACT_NOERROR);
    assert_int_equal(server.udp_n, 2);
    assert_int_equal(finish(&s), DNS_SERVE_CLOSED);
}

static json_t *ask_state(struct side *s)
{
    static char bytes[DNS_PACKET_MAX];
    struct buf packet = {0};
    struct dns_reader r;
    struct view text;
    json_t *j;

    dns_begin(&packet, DNS_ASK);
    send_packet(s, &packet);
    assert_int_equal(dns_read(&r, (struct view){bytes, take(s, bytes)}), 0);
    assert_int_equal(r.type, DNS_STATE);
    assert_int_equal(dns_next_state(&r, &text), 1);
    for (size_t i = 0; i < text.n; i++)
        assert_true(text.p[i] >= ' ' && text.p[i] < 0x7f);
    j = json_loadb(text.p, text.n, 0, NULL);
    assert_non_null(j);
    return j;
}

static long number_at(json_t *j, const char *a, const char *b)
{
    json_t *v = json_object_get(j, a);

    if (b)
        v = json_object_get(v, b);
    assert_true(json_is_integer(v));
    return (long)json_integer_value(v);
}

static void it_says_how_it_is(void **state)
{
    char address[40];
    struct side s;
    json_t *j, *servers;

    (void)state;
    begin(&s, world_address);
    send_questions(&s, 0, 50);
    take_answers(&s, 50, FACT_NOERROR);
    send_questions(&s, 0, 10);
    take_answers(&s, 10, FACT_NOERROR);
    j = ask_state(&s);
    assert_int_equal(number_at(j, "questions", NULL), 60);
    assert_int_equal(number_at(j, "sent", NULL), 50);
    assert_int_equal(number_at(j, "open", NULL), 0);
    assert_int_equal(number_at(j, "rcodes", "NOERROR"), 60);
    assert_int_equal(number_at(j, "rcodes", "TIMEOUT"), 0);
    assert_int_equal(number_at(j, "cache", "names"), 50);
    assert_int_equal(number_at(j, "cache", "hits"), 10);
    assert_int_equal(number_at(j, "zones", NULL), 0);
    snprintf(address, sizeof address, "127.0.0.1:%u", server.port);
    servers = json_object_get(j, "servers");
    assert_int_equal(json_object_size(servers), 1);
    assert_int_equal(number_at(servers, address, "answers"), 50);
    assert_int_equal(number_at(servers, address, "timeouts"), 0);
    assert_true(number_at(servers, address, "average_ms") < 300);
    assert_true(json_is_false(json_object_get(json_object_get(servers, address), "late")));
    json_decref(j);
    assert_int_equal(finish(&s), DNS_SERVE_CLOSED);
}

/* All places of the table, each number at its largest. */
static void the_state_fits_in_its_packet(void **state)
{
    struct dns_setup setup = {.timeout = 300, .tries = 2, .channels = 1, .outstanding = 10};
    struct buf why = {0}, text = {0};
    struct dns_ask *a;

    (void)state;
    setup.servers.list = calloc(DNS_SERVERS_MAX, sizeof *setup.servers.list);
    setup.servers.list_n = setup.servers.address_n = DNS_SERVERS_MAX;
    for (unsigned i = 0; i < DNS_SERVERS_MAX; i++) {
        setup.servers.address[i] = (struct dns_address){.ip6 = true, .port = 65535};
        memset(setup.servers.address[i].ip, 0xf0 + (int)(i % 15), 16);
        setup.servers.address[i].ip[15] = (unsigned char)i;
        setup.servers.list[i] = (struct dns_list){.server = {i}, .n = 1};
    }
    a = dns_ask_open(&setup, &why);
    assert_non_null(a);
    dns_state_add(a, &text);
    /* Five numbers of 12 digits more than those that stand there. */
    assert_true(text.n + DNS_SERVERS_MAX * 5 * 12 < DNS_STATE_MAX);
    buf_free(&text);
    dns_ask_close(&a);
}

static void a_name_that_is_not_clean_ends_it(void **state)
{
    struct buf packet = {0};
    struct side s;

    (void)state;
    begin(&s, world_address);
    dns_begin(&packet, DNS_RESOLVE);
    dns_add_question(&packet, &(struct dns_question){7, FACT_A, VIEW("A.Example")});
    send_packet(&s, &packet);
    pthread_join(s.thread, NULL);
    assert_int_equal(s.end, DNS_SERVE_BROKE);
    pthread_create(&s.thread, NULL, run, &s);
    assert_int_equal(finish(&s), DNS_SERVE_CLOSED);
}

static const struct {
    const char *behaviour, *bytes;
    size_t n;
} wrong[] = {
    {"no packet of ours", "hello, are you there?", 21},
    {"one byte", "x", 1},
};

static void what_is_no_packet_ends_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct side s;

        begin(&s, world_address);
        assert_int_equal(send(s.fd, wrong[i].bytes, wrong[i].n, 0), wrong[i].n);
        pthread_join(s.thread, NULL);
        if (s.end != DNS_SERVE_BROKE || s.err != EPROTO)
            fail_msg("%s: %d", wrong[i].behaviour, (int)s.end);
        pthread_create(&s.thread, NULL, run, &s);
        finish(&s);
    }
}

/* What only it may say. */
static void an_answer_is_no_question(void **state)
{
    const struct view ip = VIEW("192.0.2.1");
    const struct fact f = {.name = VIEW("a.example"), .answer = &ip, .answer_n = 1};
    struct buf packet = {0};
    struct side s;

    (void)state;
    begin(&s, world_address);
    dns_begin(&packet, DNS_ANSWER);
    dns_add_answer(&packet, 1, &f);
    send_packet(&s, &packet);
    pthread_join(s.thread, NULL);
    assert_int_equal(s.end, DNS_SERVE_BROKE);
    pthread_create(&s.thread, NULL, run, &s);
    finish(&s);
}

static void a_cancel_ends_it(void **state)
{
    struct side s;

    (void)state;
    begin(&s, world_silence);
    send_questions(&s, 0, 5);
    usleep(20000);
    s.cancelled = true;
    assert_int_equal(send(s.link[0], "x", 1, 0), 1);
    pthread_join(s.thread, NULL);
    assert_int_equal(s.end, DNS_SERVE_CANCELLED);
    s.cancelled = false;
    assert_int_equal(recv(s.link[1], (char[1]){0}, 1, 0), 1);
    pthread_create(&s.thread, NULL, run, &s);
    finish(&s);
}

static void it_ends_with_questions_open(void **state)
{
    struct side s;

    (void)state;
    begin(&s, world_silence);
    send_questions(&s, 0, 200);
    usleep(20000);
    assert_int_equal(finish(&s), DNS_SERVE_CLOSED);
}

/* Answers wait until they are read, and none is lost. */
static void who_does_not_read_is_waited_for(void **state)
{
    struct side s;

    (void)state;
    begin(&s, world_address);
    for (uint32_t i = 0; i < 20; i++)
        send_questions(&s, i * 200, 200);
    usleep(300000);
    take_answers(&s, 4000, FACT_NOERROR);
    assert_int_equal(finish(&s), DNS_SERVE_CLOSED);
}

static void silence_is_an_answer(void **state)
{
    struct side s;

    (void)state;
    begin(&s, world_silence);
    send_questions(&s, 0, 20);
    take_answers(&s, 20, FACT_TIMEOUT);
    assert_int_equal(finish(&s), DNS_SERVE_CLOSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(questions_are_answered_many_in_a_packet),
        cmocka_unit_test(many_packets_are_taken),
        cmocka_unit_test(a_flush_forgets),
        cmocka_unit_test(it_says_how_it_is),
        cmocka_unit_test(the_state_fits_in_its_packet),
        cmocka_unit_test(a_name_that_is_not_clean_ends_it),
        cmocka_unit_test(what_is_no_packet_ends_it),
        cmocka_unit_test(an_answer_is_no_question),
        cmocka_unit_test(a_cancel_ends_it),
        cmocka_unit_test(it_ends_with_questions_open),
        cmocka_unit_test(who_does_not_read_is_waited_for),
        cmocka_unit_test(silence_is_an_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
