/*
 * test_dns_ask.c - unit tests of workers/dns/dns_ask.c, dns_send.c and dns_line.c against servers on
 * loopback.
 *
 * Run by `make check`. Each server is a thread that answers as the case says: right, late, cut, or with a
 * lie. What is looked at is the fact that comes out, how often was asked, and that it never takes longer than
 * it may.
 */
#include "tests/unit/dns_world.h"

#define ASKED_MAX 1000

static struct {
    unsigned answered;
    enum fact_rcode rcode[ASKED_MAX];
    unsigned n[ASKED_MAX];
    uint32_t ttl[ASKED_MAX];
    char first[ASKED_MAX][80];
    int64_t took[ASKED_MAX];
    int64_t began;
} got;

static void note_answer(void *arg, uint32_t id, const struct fact *f)
{
    (void)arg;
    assert_true(id < ASKED_MAX);
    got.answered++;
    got.rcode[id] = f->rcode;
    got.n[id] = f->answer_n;
    got.ttl[id] = f->ttl;
    got.took[id] = dns_line_clock() - got.began;
    snprintf(got.first[id], sizeof got.first[id], "%.*s", f->answer_n ? (int)f->answer[0].n : 0,
             f->answer_n ? f->answer[0].p : "");
}

static struct dns_ask *open_ports(const uint16_t *port, unsigned n, struct dns_setup setup)
{
    struct buf why = {0};
    struct dns_ask *a;

    setup.servers.list = calloc(1, sizeof *setup.servers.list);
    setup.servers.list_n = 1;
    for (unsigned i = 0; i < n; i++) {
        setup.servers.address[i] = (struct dns_address){.ip = {127, 0, 0, 1}, .port = port[i]};
        setup.servers.list[0].server[i] = i;
    }
    setup.servers.list[0].n = setup.servers.address_n = n;
    a = dns_ask_open(&setup, &why);
    assert_non_null(a);
    dns_ask_set_answer(a, note_answer, NULL);
    memset(&got, 0, sizeof got);
    got.began = dns_line_clock();
    return a;
}

static const struct dns_setup usual = {.timeout = 200,
                                       .tries = 2,
                                       .channels = 2,
                                       .outstanding = 200,
                                       .cache_names = 1000,
                                       .max_ttl = 86400,
                                       .max_negative_ttl = 3600};

static struct dns_ask *open_world(const struct world_server *w, unsigned n)
{
    uint16_t port[8];

    for (unsigned i = 0; i < n; i++)
        port[i] = w[i].port;
    return open_ports(port, n, usual);
}

static void turn(struct dns_ask *a, int most)
{
    struct pollfd on[DNS_ASK_LINES_MAX];
    unsigned line[DNS_ASK_LINES_MAX], n = dns_ask_poll(a, on, line);
    int wait = dns_ask_wait_ms(a);

    poll(on, n, wait < 0 || wait > most ? most : wait);
    for (unsigned i = 0; i < n; i++)
        dns_ask_event(a, line[i], on[i].fd, on[i].revents);
    dns_ask_run(a);
}

/* Until so many answers are there; at most 10 s. */
static void wait_for(struct dns_ask *a, unsigned answers)
{
    const int64_t until = dns_line_clock() + 10000;

    dns_ask_run(a);
    while (got.answered < answers && dns_line_clock() < until)
        turn(a, 100);
    assert_int_equal(got.answered, answers);
}

static void ask(struct dns_ask *a, uint32_t id, enum fact_type type, const char *name)
{
    dns_ask_resolve(a, id, type, view_of(name));
}

static void ask_and_wait(struct dns_ask *a, uint32_t id, enum fact_type type, const char *name)
{
    ask(a, id, type, name);
    wait_for(a, got.answered + 1);
}

/* --- one server, one question ------------------------------------------------ */

static void no_such_name(struct world_server *w, const unsigned char *q, size_t n, struct packet_out *to)
{
    (void)w;
    packet_begin_reply(to, q, n, 0x8183);
    packet_soa(to, "example", 900, 300);
}

static void chain_of(const unsigned char *q, size_t n, struct packet_out *to, unsigned steps)
{
    char from[20] = "", next[20];

    packet_begin_reply(to, q, n, 0x8180);
    for (unsigned i = 1; i <= steps; i++) {
        snprintf(next, sizeof next, "c%u.example", i);
        packet_target(to, i == 1 ? NULL : from, TYPE_CNAME, 60, next);
        memcpy(from, next, sizeof from);
    }
    packet_a(to, from, 60, 0xc0000201);
}

static void chain_8(struct world_server *w, const unsigned char *q, size_t n, struct packet_out *to)
{
    (void)w;
    chain_of(q, n, to, 8);
}

static void chain_9(struct world_server *w, const unsigned char *q, size_t n, struct packet_out *to)
{
    (void)w;
    chain_of(q, n, to, 9);
}

/* One CNAME a packet: the rest has to be asked for. "n8" -> "n7" ... "n0" has the address. */
static void steps(struct world_server *w, const unsigned char *q, size_t n, struct packet_out *to)
{
    unsigned i = (unsigned)atoi(world_label(q, n) + 1);
    char next[20];

    packet_begin_reply(to, q, n, 0x8180);
    snprintf(next, sizeof next, "n%u.example", i - 1);
    if (i)
        packet_target(to, NULL, TYPE_CNAME, 60, next);
    else
        world_address(w, q, n, to);
}

static void cut_by_udp(struct world_server *w, const unsigned char *q, size_t n, struct packet_out *to)
{
    world_address(w, q, n, to);
    if (!w->is_tcp)
        to->p[2] |= 0x02;
}

static void cut_always(struct world_server *w, const unsigned char *q, size_t n, struct packet_out *to)
{
    world_address(w, q, n, to);
    to->p[2] |= 0x02;
}

static void wrong_question(struct world_server *w, const unsigned char *q, size_t n, struct packet_out *to)
{
    world_address(w, q, n, to);
    to->p[13] ^= 1;
}

static void wrong_id(struct world_server *w, const unsigned char *q, size_t n, struct packet_out *to)
{
    world_address(w, q, n, to);
    to->p[0] ^= 1;
}

static void lies_first(struct world_server *w, const unsigned char *q, size_t n, struct packet_out *to)
{
    for (unsigned i = 0; i < 150; i++) {
        world_address(w, q, n, to);
        if (i % 3 == 0)
            to->p[1] ^= (unsigned char)(1 + i % 255);
        else if (i % 3 == 1)
            to->p[12 + 2] ^= 1;
        else
            to->n = i / 3 % 12;
        to->p[to->n ? to->n - 1 : 0] = 9;
        (void)!sendto(w->udp, to->p, to->n, 0, (struct sockaddr *)&w->from, sizeof w->from);
    }
    world_address(w, q, n, to);
}

static void compression_loop(struct world_server *w, const unsigned char *q, size_t n, struct packet_out *to)
{
    (void)w;
    packet_begin_reply(to, q, n, 0x8180);
    packet_count(to, SECTION_ANSWER, 1);
    packet_pointer(to, to->n);
    packet_bytes(to, "\0\1\0\1\0\0\0\74\0\4\300\0\2\1", 14);
}

static void half_a_packet(struct world_server *w, const unsigned char *q, size_t n, struct packet_out *to)
{
    world_address(w, q, n, to);
    to->n -= 3;
}

static void much_too_long(struct world_server *w, const unsigned char *q, size_t n, struct packet_out *to)
{
    packet_begin_reply(to, q, n, w->is_tcp ? 0x8180 : 0x8380);
    for (unsigned i = 0; w->is_tcp && i < 4000; i++)
        packet_a(to, NULL, 60, 0xc0000201 + i);
}

/* 300 addresses by UDP, beyond any size that was offered. */
static void long_by_udp(struct world_server *w, const unsigned char *q, size_t n, struct packet_out *to)
{
    (void)w;
    packet_begin_reply(to, q, n, 0x8180);
    for (unsigned i = 0; i < 60; i++)
        packet_a(to, NULL, 60, 0xc0000201 + i);
}

static void other_type(struct world_server *w, const unsigned char *q, size_t n, struct packet_out *to)
{
    (void)w;
    packet_begin_reply(to, q, n, 0x8180);
    packet_mx(to, 10, "mail.example");
}

static void refuses(struct world_server *w, const unsigned char *q, size_t n, struct packet_out *to)
{
    (void)w;
    packet_begin_reply(to, q, n, 0x8185);
}

static void no_edns(struct world_server *w, const unsigned char *q, size_t n, struct packet_out *to)
{
    if (q[11])
        packet_begin_reply(to, q, n, 0x8181);
    else
        world_address(w, q, n, to);
}

static void no_edns_and_no_question(struct world_server *w, const unsigned char *q, size_t n,
                                    struct packet_out *to)
{
    no_edns(w, q, n, to);
    if (q[11]) {
        to->p[5] = 0;
        to->n = 12;
    }
}

static void small_letters(struct world_server *w, const unsigned char *q, size_t n, struct packet_out *to)
{
    world_address(w, q, n, to);
    for (unsigned i = 13; i < 13u + q[12]; i++)
        to->p[i] |= 0x20;
}

static void small_letters_by_udp(struct world_server *w, const unsigned char *q, size_t n,
                                 struct packet_out *to)
{
    if (w->is_tcp)
        world_address(w, q, n, to);
    else
        small_letters(w, q, n, to);
}

#define BOUND (200 * 3 * 2 + 1000)

static const struct {
    const char *behaviour;
    world_reply *reply;
    bool no_tcp, hangs_up;
    const char *name;
    enum fact_rcode rcode;
    unsigned n;
    const char *first;
    unsigned udp, tcp;   /* questions; 0: not looked at */
    int64_t least, most; /* ms */
} cases[] = {
    {"an answer", world_address, false, false, "a.example", FACT_NOERROR, 1, "192.0.2.1", 1, 0, 0, 150},
    {"no such name", no_such_name, false, false, "a.example", FACT_NXDOMAIN, 0, "", 1, 0, 0, 150},
    {"8 CNAMEs", chain_8, false, false, "a.example", FACT_NOERROR, 1, "192.0.2.1", 1, 0, 0, 150},
    {"9 CNAMEs", chain_9, false, false, "a.example", FACT_SERVFAIL, 0, "", 1, 0, 0, 150},
    {"8 CNAMEs in 8 packets", steps, false, false, "n8.example", FACT_NOERROR, 1, "192.0.2.1", 9, 0, 0, 150},
    {"9 in 9", steps, false, false, "n9.example", FACT_SERVFAIL, 0, "", 9, 0, 0, 150},
    {"cut: by TCP", cut_by_udp, false, false, "a.example", FACT_NOERROR, 1, "192.0.2.1", 1, 1, 0, 150},
    {"cut, and the connection ends behind the answer", cut_by_udp, false, true, "a.example", FACT_NOERROR, 1,
     "192.0.2.1", 1, 1, 0, 150},
    {"cut, and there is no TCP", cut_by_udp, true, false, "a.example", FACT_SERVFAIL, 0, "", 1, 0, 0, 150},
    {"cut by TCP as well", cut_always, false, false, "a.example", FACT_SERVFAIL, 0, "", 1, 1, 0, 150},
    {"no answer", world_silence, false, false, "a.example", FACT_TIMEOUT, 0, "", 2, 0, 400, 600},
    {"an answer to another question", wrong_question, false, false, "a.example", FACT_TIMEOUT, 0, "", 2, 0,
     400, 600},
    {"an answer with another number", wrong_id, false, false, "a.example", FACT_TIMEOUT, 0, "", 2, 0, 400,
     600},
    {"150 lies before the answer", lies_first, false, false, "abcdefgh.example", FACT_NOERROR, 1, "192.0.2.1",
     1, 0, 0, 190},
    {"a circle of pointers", compression_loop, false, false, "a.example", FACT_NOERROR, 0, "", 1, 0, 0, 150},
    {"half a packet", half_a_packet, false, false, "a.example", FACT_SERVFAIL, 0, "", 1, 0, 0, 150},
    {"64 kB of answers", much_too_long, false, false, "a.example", FACT_NOERROR, 64, "192.0.2.1", 1, 1, 0,
     150},
    {"a long packet", long_by_udp, false, false, "a.example", FACT_NOERROR, 60, "192.0.2.1", 1, 0, 0, 150},
    {"another type", other_type, false, false, "a.example", FACT_NOERROR, 0, "", 1, 0, 0, 150},
    {"refused", refuses, false, false, "a.example", FACT_SERVFAIL, 0, "", 1, 0, 0, 150},
    {"without EDNS", no_edns, false, false, "a.example", FACT_NOERROR, 1, "192.0.2.1", 2, 0, 0, 150},
    {"without EDNS, said in a word", no_edns_and_no_question, false, false, "a.example", FACT_NOERROR, 1,
     "192.0.2.1", 2, 0, 0, 150},
    {"letters of another case: by TCP", small_letters_by_udp, false, false, "abcdefghijklmnopqrst.example",
     FACT_NOERROR, 1, "192.0.2.1", 1, 1, 0, 150},
    {"and where there is no TCP it is borne", small_letters_by_udp, true, false,
     "abcdefghijklmnopqrst.example", FACT_NOERROR, 1, "192.0.2.1", 2, 0, 0, 150},
};

static void each_server_gets_its_fact(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static struct world_server w;
        struct dns_ask *a;

        w = (struct world_server){
            .reply = cases[i].reply, .no_tcp = cases[i].no_tcp, .hangs_up = cases[i].hangs_up};
        world_start(&w);
        a = open_world(&w, 1);
        ask_and_wait(a, 0, FACT_A, cases[i].name);
        if (got.rcode[0] != cases[i].rcode || got.n[0] != cases[i].n ||
            strcmp(got.first[0], cases[i].first) != 0)
            fail_msg("%s: %s, %u answers, %s", cases[i].behaviour, fact_rcode_name(got.rcode[0]), got.n[0],
                     got.first[0]);
        if ((cases[i].udp && w.udp_n != cases[i].udp) || (cases[i].tcp && w.tcp_n != cases[i].tcp))
            fail_msg("%s: asked %u times by UDP, %u by TCP", cases[i].behaviour, w.udp_n, w.tcp_n);
        if (got.took[0] < cases[i].least || got.took[0] > cases[i].most * WORLD_PATIENCE)
            fail_msg("%s: %lld ms", cases[i].behaviour, (long long)got.took[0]);
        dns_ask_close(&a);
        world_stop(&w);
    }
}

/* --- cache ------------------------------------------------------------------- */

static void answers_are_kept_for_their_time(void **state)
{
    static struct world_server w;
    struct dns_ask *a;

    (void)state;
    w = (struct world_server){.reply = world_address};
    world_start(&w);
    a = open_world(&w, 1);
    ask_and_wait(a, 0, FACT_A, "a.example");
    ask(a, 1, FACT_A, "a.example"); /* at once */
    assert_int_equal(got.answered, 2);
    assert_int_equal(got.ttl[1], 60);
    assert_string_equal(got.first[1], "192.0.2.1");
    ask_and_wait(a, 2, FACT_AAAA, "a.example");
    assert_int_equal(w.udp_n, 2);
    dns_ask_flush(a);
    ask_and_wait(a, 3, FACT_A, "a.example");
    assert_int_equal(w.udp_n, 3);
    dns_ask_close(&a);
    world_stop(&w);
}

static void times_have_their_limits(void **state)
{
    struct dns_setup s = usual;
    static struct world_server w;
    struct dns_ask *a;

    (void)state;
    w = (struct world_server){.reply = no_such_name};
    world_start(&w);
    s.max_negative_ttl = 1;
    a = open_ports(&w.port, 1, s);
    ask_and_wait(a, 0, FACT_A, "a.example");
    assert_int_equal(got.ttl[0], 1);
    ask(a, 1, FACT_A, "a.example");
    assert_int_equal(got.answered, 2);
    usleep(1100000);
    ask_and_wait(a, 2, FACT_A, "a.example");
    assert_int_equal(w.udp_n, 2);
    w.reply = world_address;
    dns_ask_close(&a);
    s.max_ttl = 0;
    a = open_ports(&w.port, 1, s);
    ask_and_wait(a, 0, FACT_A, "b.example");
    ask_and_wait(a, 1, FACT_A, "b.example");
    assert_int_equal(got.ttl[1], 0);
    assert_int_equal(w.udp_n, 4);
    dns_ask_close(&a);
    world_stop(&w);
}

static void a_failure_is_kept_for_a_moment(void **state)
{
    static struct world_server w;
    struct dns_ask *a;

    (void)state;
    w = (struct world_server){.reply = refuses};
    world_start(&w);
    a = open_world(&w, 1);
    ask_and_wait(a, 0, FACT_A, "a.example");
    ask(a, 1, FACT_A, "a.example");
    assert_int_equal(got.answered, 2);
    assert_int_equal(got.rcode[1], FACT_SERVFAIL);
    assert_int_equal(w.udp_n, 1);
    dns_ask_close(&a);
    world_stop(&w);
}

/* --- many questions ---------------------------------------------------------- */

static void equal_questions_are_asked_once(void **state)
{
    static struct world_server w;
    struct dns_ask_counts c;
    struct dns_ask *a;

    (void)state;
    w = (struct world_server){.reply = world_address};
    world_start(&w);
    a = open_world(&w, 1);
    for (uint32_t i = 0; i < 100; i++)
        ask(a, i, FACT_A, i % 2 ? "a.example" : "b.example");
    wait_for(a, 100);
    assert_int_equal(w.udp_n, 2);
    dns_ask_count(a, &c);
    assert_int_equal(c.merged, 98);
    assert_int_equal(c.questions, 100);
    assert_int_equal(c.rcode[FACT_NOERROR], 100);
    assert_int_equal(c.open, 0);
    dns_ask_close(&a);
    world_stop(&w);
}

static void no_more_than_so_many_are_under_way(void **state)
{
    struct dns_setup s = usual;
    static struct world_server w;
    struct dns_ask_counts c;
    struct dns_ask *a;
    char name[20];

    (void)state;
    w = (struct world_server){.reply = world_silence};
    world_start(&w);
    s.outstanding = 5;
    s.tries = 1;
    a = open_ports(&w.port, 1, s);
    for (uint32_t i = 0; i < 25; i++) {
        snprintf(name, sizeof name, "n%u.example", i);
        ask(a, i, FACT_A, name);
    }
    dns_ask_run(a);
    dns_ask_count(a, &c);
    assert_int_equal(c.sent, 10); /* two channels */
    assert_int_equal(c.waiting, 15);
    assert_int_equal(c.open, 25);
    wait_for(a, 25);
    dns_ask_count(a, &c);
    assert_int_equal(c.waiting, 0);
    for (uint32_t i = 0; i < 25; i++)
        assert_int_equal(got.rcode[i], FACT_TIMEOUT);
    assert_true(got.took[24] >= 600 && got.took[24] < 600 + 200 * WORLD_PATIENCE);
    dns_ask_close(&a);
    world_stop(&w);
}

static void a_thousand_are_answered(void **state)
{
    struct dns_setup s = usual;
    static struct world_server w;
    struct dns_ask *a;
    char name[20];

    (void)state;
    w = (struct world_server){.reply = world_address};
    world_start(&w);
    s.timeout = 2000;
    a = open_ports(&w.port, 1, s);
    for (uint32_t i = 0; i < ASKED_MAX; i++) {
        snprintf(name, sizeof name, "n%u.example", i);
        ask(a, i, FACT_A, name);
    }
    wait_for(a, ASKED_MAX);
    for (uint32_t i = 0; i < ASKED_MAX; i++)
        assert_int_equal(got.rcode[i], FACT_NOERROR);
    assert_int_equal(w.udp_n, ASKED_MAX);
    dns_ask_close(&a);
    world_stop(&w);
}

/* Only what begins with "s" is answered by no one; each other question is not later for it. */
static void silent_names(struct world_server *w, const unsigned char *q, size_t n, struct packet_out *to)
{
    if (world_label(q, n)[0] != 's')
        world_address(w, q, n, to);
}

static void a_silent_name_delays_nobody_else(void **state)
{
    static struct world_server w;
    struct dns_ask *a;
    char name[20];

    (void)state;
    w = (struct world_server){.reply = silent_names};
    world_start(&w);
    a = open_world(&w, 1);
    for (uint32_t i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "%c%u.example", i % 2 ? 's' : 'a', i);
        ask(a, i, FACT_A, name);
    }
    wait_for(a, 300);
    for (uint32_t i = 0; i < 300; i++) {
        assert_int_equal(got.rcode[i], i % 2 ? FACT_TIMEOUT : FACT_NOERROR);
        assert_true(i % 2 || got.took[i] < 150 * WORLD_PATIENCE);
    }
    dns_ask_close(&a);
    world_stop(&w);
}

/* After DNS_LINE_WORN questions, and whenever nothing is under way, the next one comes from another port. */
static void ports_change(void **state)
{
    static struct world_server w;
    struct dns_ask *a;
    char name[20];

    (void)state;
    w = (struct world_server){.reply = world_address};
    world_start(&w);
    a = open_world(&w, 1);
    for (uint32_t i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "n%u.example", i);
        ask_and_wait(a, i, FACT_A, name);
    }
    assert_true(w.ports >= 15);
    dns_ask_close(&a);
    world_stop(&w);
}

/* --- several servers --------------------------------------------------------- */

static void a_dead_first_server_costs_its_time_once(void **state)
{
    static struct world_server w[2];
    struct dns_ask *a;
    char name[20];

    (void)state;
    w[0] = (struct world_server){.reply = world_silence};
    w[1] = (struct world_server){.reply = world_address};
    world_start(&w[0]);
    world_start(&w[1]);
    a = open_world(w, 2);
    ask_and_wait(a, 0, FACT_A, "first.example");
    assert_true(got.took[0] >= 200 && got.took[0] < 350 * WORLD_PATIENCE);
    assert_true(dns_ask_health(a, 0)->late);
    for (uint32_t i = 1; i < 20; i++) {
        got.began = dns_line_clock();
        snprintf(name, sizeof name, "n%u.example", i);
        ask_and_wait(a, i, FACT_A, name);
        assert_int_equal(got.rcode[i], FACT_NOERROR);
        assert_true(got.took[i] < 100 * WORLD_PATIENCE);
    }
    dns_ask_close(&a);
    world_stop(&w[0]);
    world_stop(&w[1]);
}

static void a_server_that_is_back_is_found(void **state)
{
    static struct world_server w[2];
    struct dns_ask *a;
    char name[20];
    unsigned before;

    (void)state;
    w[0] = (struct world_server){.reply = world_silence};
    w[1] = (struct world_server){.reply = world_address};
    world_start(&w[0]);
    world_start(&w[1]);
    a = open_world(w, 2);
    ask_and_wait(a, 0, FACT_A, "first.example");
    w[0].reply = world_address;
    for (uint32_t i = 1; i < 40 && dns_ask_health(a, 0)->late; i++) {
        snprintf(name, sizeof name, "n%u.example", i);
        ask_and_wait(a, i, FACT_A, name);
        turn(a, 50);
        usleep(50000);
    }
    assert_false(dns_ask_health(a, 0)->late);
    before = w[1].udp_n;
    ask_and_wait(a, 100, FACT_A, "last.example");
    assert_int_equal(w[1].udp_n, before);
    dns_ask_close(&a);
    world_stop(&w[0]);
    world_stop(&w[1]);
}

static const struct {
    const char *behaviour;
    world_reply *first;
    int64_t most;
} useless[] = {
    {"it refuses", refuses, 100},        {"it sends half of a packet", half_a_packet, 100},
    {"it cuts always", cut_always, 100}, {"it says nothing", world_silence, 350},
    {"it lies", wrong_question, 350},
};

static void the_next_server_is_asked(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof useless / sizeof *useless; i++) {
        static struct world_server w[2];
        struct dns_ask *a;

        w[0] = (struct world_server){.reply = useless[i].first};
        w[1] = (struct world_server){.reply = world_address};
        world_start(&w[0]);
        world_start(&w[1]);
        a = open_world(w, 2);
        ask_and_wait(a, 0, FACT_A, "a.example");
        if (got.rcode[0] != FACT_NOERROR || got.took[0] > useless[i].most * WORLD_PATIENCE)
            fail_msg("%s: %s, %lld ms", useless[i].behaviour, fact_rcode_name(got.rcode[0]),
                     (long long)got.took[0]);
        assert_int_equal(w[1].udp_n, 1);
        dns_ask_close(&a);
        world_stop(&w[0]);
        world_stop(&w[1]);
    }
}

static void a_closed_port_costs_nothing(void **state)
{
    static struct world_server w;
    uint16_t port[2] = {world_closed_port(), 0};
    struct dns_ask *a;

    (void)state;
    w = (struct world_server){.reply = world_address};
    world_start(&w);
    port[1] = w.port;
    a = open_ports(port, 2, usual);
    ask_and_wait(a, 0, FACT_A, "a.example");
    assert_int_equal(got.rcode[0], FACT_NOERROR);
    assert_true(got.took[0] < 100 * WORLD_PATIENCE);
    dns_ask_close(&a);
    a = open_ports(port, 1, usual);
    ask_and_wait(a, 0, FACT_A, "a.example");
    assert_int_equal(got.rcode[0], FACT_SERVFAIL);
    assert_true(got.took[0] < 100 * WORLD_PATIENCE);
    dns_ask_close(&a);
    world_stop(&w);
}

/* Eight servers, none of which says a word: 8 x 2 tries of 200 ms would be 3.2 s. */
static void no_question_is_open_beyond_its_bound(void **state)
{
    static struct world_server w[8];
    struct dns_ask_counts c;
    struct dns_ask *a;

    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        w[i] = (struct world_server){.reply = world_silence};
        world_start(&w[i]);
    }
    a = open_world(w, 8);
    assert_int_equal(dns_ask_bound_ms(a), BOUND);
    ask_and_wait(a, 0, FACT_A, "a.example");
    assert_int_equal(got.rcode[0], FACT_TIMEOUT);
    assert_true(got.took[0] >= BOUND - 1 && got.took[0] < BOUND + 150 * WORLD_PATIENCE);
    dns_ask_count(a, &c);
    assert_int_equal(c.bounded, 1);
    assert_int_equal(c.open, 0);
    turn(a, 300); /* the answer to a question that is gone, or its time-out, hurts nobody */
    dns_ask_close(&a);
    for (unsigned i = 0; i < 8; i++)
        world_stop(&w[i]);
}

static void a_zone_goes_to_its_own_server(void **state)
{
    struct dns_setup s = usual;
    static struct world_server w[2];
    struct buf why = {0};
    struct dns_ask *a;

    (void)state;
    w[0] = (struct world_server){.reply = world_address};
    w[1] = (struct world_server){.reply = no_such_name};
    world_start(&w[0]);
    world_start(&w[1]);
    s.servers.list = calloc(2, sizeof *s.servers.list);
    s.servers.zone = calloc(1, sizeof *s.servers.zone);
    s.servers.list_n = s.servers.address_n = 2;
    s.servers.zone_n = 1;
    for (unsigned i = 0; i < 2; i++) {
        s.servers.address[i] = (struct dns_address){.ip = {127, 0, 0, 1}, .port = w[i].port};
        s.servers.list[i] = (struct dns_list){.server = {i}, .n = 1};
    }
    s.servers.zone[0] = (struct dns_zone){.name = "list.example", .n = 12, .list = 1};
    a = dns_ask_open(&s, &why);
    assert_non_null(a);
    dns_ask_set_answer(a, note_answer, NULL);
    memset(&got, 0, sizeof got);
    ask(a, 0, FACT_A, "a.example");
    ask(a, 1, FACT_A, "1.2.0.192.list.example");
    wait_for(a, 2);
    assert_int_equal(got.rcode[0], FACT_NOERROR);
    assert_int_equal(got.rcode[1], FACT_NXDOMAIN);
    dns_ask_close(&a);
    world_stop(&w[0]);
    world_stop(&w[1]);
}

/* --- TCP --------------------------------------------------------------------- */

/* "s..." is never answered, "e..." ends the connection. */
static void tcp_of_one_server(struct world_server *w, const unsigned char *q, size_t n, struct packet_out *to)
{
    const char kind = world_label(q, n)[0];

    cut_by_udp(w, q, n, to);
    if (w->is_tcp && (kind == 's' || kind == 'e'))
        to->n = 0;
    w->hangs_up = kind == 'e';
}

/* Each has its connection: what is right is not kept waiting by what is silent or ended. */
static void many_go_by_tcp(void **state)
{
    const enum fact_rcode wanted[] = {FACT_TIMEOUT, FACT_SERVFAIL, FACT_NOERROR};
    static struct world_server w;
    struct dns_ask *a;
    char name[20];

    (void)state;
    w = (struct world_server){.reply = tcp_of_one_server};
    world_start(&w);
    a = open_world(&w, 1);
    for (uint32_t i = 0; i < 6; i++) {
        snprintf(name, sizeof name, "%c%u.example", "sea"[i % 3], i);
        ask(a, i, FACT_A, name);
    }
    wait_for(a, 6);
    for (uint32_t i = 0; i < 6; i++) {
        assert_int_equal(got.rcode[i], wanted[i % 3]);
        assert_true(i % 3 == 0 || got.took[i] < 150 * WORLD_PATIENCE);
    }
    for (uint32_t i = 0; i < 50; i++) { /* more than there are channels */
        snprintf(name, sizeof name, "n%u.example", i);
        ask(a, 100 + i, FACT_A, name);
    }
    wait_for(a, 56);
    for (uint32_t i = 0; i < 50; i++)
        assert_int_equal(got.rcode[100 + i], FACT_NOERROR);
    assert_false(dns_ask_health(a, 0)->late); /* by UDP it answers */
    dns_ask_close(&a);
    world_stop(&w);
}

static void it_closes_with_questions_open(void **state)
{
    static struct world_server w;
    struct dns_ask *a;

    (void)state;
    w = (struct world_server){.reply = world_silence};
    world_start(&w);
    a = open_world(&w, 1);
    ask(a, 0, FACT_A, "a.example");
    ask(a, 1, FACT_A, "a.example");
    dns_ask_run(a);
    ask(a, 2, FACT_A, "b.example");
    dns_ask_close(&a);
    assert_null(a);
    assert_int_equal(got.answered, 0);
    dns_ask_close(&a);
    world_stop(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_server_gets_its_fact),
        cmocka_unit_test(answers_are_kept_for_their_time),
        cmocka_unit_test(times_have_their_limits),
        cmocka_unit_test(a_failure_is_kept_for_a_moment),
        cmocka_unit_test(equal_questions_are_asked_once),
        cmocka_unit_test(no_more_than_so_many_are_under_way),
        cmocka_unit_test(a_thousand_are_answered),
        cmocka_unit_test(a_silent_name_delays_nobody_else),
        cmocka_unit_test(ports_change),
        cmocka_unit_test(a_dead_first_server_costs_its_time_once),
        cmocka_unit_test(a_server_that_is_back_is_found),
        cmocka_unit_test(the_next_server_is_asked),
        cmocka_unit_test(a_closed_port_costs_nothing),
        cmocka_unit_test(no_question_is_open_beyond_its_bound),
        cmocka_unit_test(a_zone_goes_to_its_own_server),
        cmocka_unit_test(many_go_by_tcp),
        cmocka_unit_test(it_closes_with_questions_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
