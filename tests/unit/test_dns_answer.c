/*
 * test_dns_answer.c - unit tests of workers/dns/dns_answer.c: what is taken from an answer, and what from a
 * lie.
 *
 * Run by `make check`. Each case writes a message and says what must come of it: outcome, code, TTL, answers.
 */
#include "dns_packet.h"
#include "workers/dns/dns_answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define FINE     0x8180
#define NXDOMAIN 0x8183
#define REFUSED  0x8185
#define IP       0xc0000201 /* 192.0.2.1 */

static void one_address(struct packet_out *k)
{
    packet_begin(k, FINE, "a.example", TYPE_A);
    packet_a(k, NULL, 60, IP);
}

static void three_addresses(struct packet_out *k)
{
    packet_begin(k, FINE, "a.example", TYPE_A);
    packet_a(k, NULL, 60, IP);
    packet_a(k, "A.eXample", 50, IP + 1);
    packet_a(k, "b.example", 10, IP + 2);
    packet_a(k, NULL, 70, IP + 3);
}

static void one_ip6(struct packet_out *k)
{
    static const unsigned char ip[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};

    packet_begin(k, FINE, "a.example", TYPE_AAAA);
    packet_record(k, SECTION_ANSWER, NULL, TYPE_AAAA, 60);
    packet_bytes(k, ip, 16);
    packet_end(k);
}

static void two_mx(struct packet_out *k)
{
    packet_begin(k, FINE, "a.example", TYPE_MX);
    packet_mx(k, 10, "Mail.Example.COM");
    packet_mx(k, 0, "");
}

static void texts(struct packet_out *k)
{
    packet_begin(k, FINE, "a.example", TYPE_TXT);
    packet_record(k, SECTION_ANSWER, NULL, TYPE_TXT, 60);
    packet_text(k, "v=spf1 ");
    packet_text(k, "-all");
    packet_end(k);
    packet_record(k, SECTION_ANSWER, NULL, TYPE_TXT, 60);
    packet_text(k, "");
    packet_end(k);
}

static void text_of(struct packet_out *k, unsigned bytes)
{
    packet_begin(k, FINE, "a.example", TYPE_TXT);
    packet_record(k, SECTION_ANSWER, NULL, TYPE_TXT, 60);
    while (bytes) {
        unsigned n = bytes < 200 ? bytes : 200;

        packet_byte(k, n);
        for (unsigned i = 0; i < n; i++)
            packet_byte(k, 'x');
        bytes -= n;
    }
    packet_end(k);
}

static void pointer_name(struct packet_out *k)
{
    packet_begin(k, FINE, "a.example", TYPE_PTR);
    packet_target(k, NULL, TYPE_PTR, 60, "Host.example");
    packet_target(k, NULL, TYPE_PTR, 60, "");
    packet_target(k, NULL, TYPE_PTR, 60, "with blank.example");
}

static void chain(struct packet_out *k, unsigned n)
{
    char from[20], to[20];

    packet_begin(k, FINE, "c0.example", TYPE_A);
    /* Backwards, so that no order helps. */
    packet_a(k, (snprintf(from, sizeof from, "c%u.example", n), from), 60, IP);
    for (unsigned i = n; i-- > 0;) {
        snprintf(from, sizeof from, "c%u.example", i);
        snprintf(to, sizeof to, "C%u.example", i + 1);
        packet_target(k, from, TYPE_CNAME, 40 + i, to);
    }
}

static void chain_8(struct packet_out *k)
{
    chain(k, 8);
}

static void chain_9(struct packet_out *k)
{
    chain(k, 9);
}

static void circle(struct packet_out *k)
{
    packet_begin(k, FINE, "a.example", TYPE_A);
    packet_target(k, NULL, TYPE_CNAME, 60, "b.example");
    packet_target(k, "b.example", TYPE_CNAME, 60, "a.example");
}

static void chain_out_of_the_packet(struct packet_out *k)
{
    packet_begin(k, FINE, "a.example", TYPE_A);
    packet_target(k, NULL, TYPE_CNAME, 60, "b.example.net");
}

static void chain_to_nothing(struct packet_out *k)
{
    chain_out_of_the_packet(k);
    packet_soa(k, "example.net", 100, 30);
}

static void chain_to_no_name(struct packet_out *k)
{
    packet_begin(k, NXDOMAIN, "a.example", TYPE_A);
    packet_target(k, NULL, TYPE_CNAME, 20, "b.example.net");
    packet_soa(k, "example.net", 100, 30);
}

static void chain_to_the_root(struct packet_out *k)
{
    packet_begin(k, FINE, "a.example", TYPE_A);
    packet_target(k, NULL, TYPE_CNAME, 60, "");
}

/* SPF macros lead to such names; an answer is none. */
static void name_with_a_blank(struct packet_out *k)
{
    packet_begin(k, FINE, "a.example", TYPE_A);
    packet_target(k, NULL, TYPE_CNAME, 60, "B b.example");
    packet_a(k, "b B.example", 50, IP);
}

static void cname_itself(struct packet_out *k)
{
    packet_begin(k, FINE, "a.example", TYPE_CNAME);
    packet_target(k, NULL, TYPE_CNAME, 60, "b.example");
    packet_target(k, "b.example", TYPE_CNAME, 60, "c.example");
}

static void no_name(struct packet_out *k)
{
    packet_begin(k, NXDOMAIN, "a.example", TYPE_A);
    packet_soa(k, "example", 900, 300);
}

static void no_name_for_a_short_time(struct packet_out *k)
{
    packet_begin(k, NXDOMAIN, "a.example", TYPE_A);
    packet_soa(k, "example", 100, 300);
}

static void no_name_without_soa(struct packet_out *k)
{
    packet_begin(k, NXDOMAIN, "a.example", TYPE_A);
}

static void no_name_and_an_answer(struct packet_out *k)
{
    packet_begin(k, NXDOMAIN, "a.example", TYPE_A);
    packet_a(k, NULL, 60, IP);
}

static void no_data(struct packet_out *k)
{
    packet_begin(k, FINE, "a.example", TYPE_A);
    packet_soa(k, "example", 900, 200);
}

static void nothing_at_all(struct packet_out *k)
{
    packet_begin(k, FINE, "a.example", TYPE_A);
}

static void referral(struct packet_out *k)
{
    packet_begin(k, 0x8100, "a.example", TYPE_A);
    packet_target(k, "example", TYPE_NS, 60, "ns.example");
}

static void other_type(struct packet_out *k)
{
    packet_begin(k, FINE, "a.example", TYPE_A);
    packet_mx(k, 10, "mail.example");
}

static void old_ttl(struct packet_out *k)
{
    packet_begin(k, FINE, "a.example", TYPE_A);
    packet_a(k, NULL, 0x80000000, IP);
}

static void other_class(struct packet_out *k)
{
    one_address(k);
    k->p[k->n - 11] = 3;
}

static void address_of_3_bytes(struct packet_out *k)
{
    one_address(k);
    packet_record(k, SECTION_ANSWER, NULL, TYPE_A, 60);
    packet_bytes(k, "abc", 3);
    packet_end(k);
}

static void refused(struct packet_out *k)
{
    packet_begin(k, REFUSED, "a.example", TYPE_A);
    packet_a(k, NULL, 60, IP);
}

static void not_understood(struct packet_out *k)
{
    packet_begin(k, 0x8181, "a.example", TYPE_A);
}

static void not_understood_in_a_word(struct packet_out *k)
{
    static const unsigned char head[12] = {0, 0, 0x81, 0x81};

    k->n = 0;
    packet_bytes(k, head, sizeof head);
}

static void not_implemented(struct packet_out *k)
{
    packet_begin(k, 0x8184, "a.example", TYPE_A);
}

static void cut(struct packet_out *k)
{
    packet_begin(k, 0x8380, "a.example", TYPE_A);
    packet_a(k, NULL, 60, IP);
}

/* A pointer to itself; to behind itself; a run of labels that leads to a pointer back into the run. */
static void owner_points_at_itself(struct packet_out *k)
{
    packet_begin(k, FINE, "a.example", TYPE_A);
    packet_count(k, SECTION_ANSWER, 1);
    packet_pointer(k, k->n);
    packet_bytes(k, "\0\1\0\1\0\0\0\74\0\4\300\0\2\1", 14);
}

static void owner_points_forwards(struct packet_out *k)
{
    packet_begin(k, FINE, "a.example", TYPE_A);
    packet_count(k, SECTION_ANSWER, 1);
    packet_pointer(k, k->n + 2);
    packet_bytes(k, "\0\1\0\1\0\0\0\74\0\4\300\0\2\1", 14);
}

static void target_is_a_circle(struct packet_out *k)
{
    packet_begin(k, FINE, "a.example", TYPE_PTR);
    packet_record(k, SECTION_ANSWER, NULL, TYPE_PTR, 60);
    packet_byte(k, 1);
    packet_byte(k, 'x');
    packet_pointer(k, k->data);
    packet_end(k);
    packet_target(k, NULL, TYPE_PTR, 60, "good.example");
}

static void label_of_64(struct packet_out *k)
{
    one_address(k);
    packet_record(k, SECTION_ANSWER, NULL, TYPE_A, 60);
    k->p[12] = 64; /* in the question: lengths above 63 have no meaning */
    packet_end(k);
}

static void data_beyond_the_end(struct packet_out *k)
{
    one_address(k);
    k->p[k->n - 5] = 5;
}

static void count_beyond_the_end(struct packet_out *k)
{
    one_address(k);
    packet_count(k, SECTION_ANSWER, 1);
}

static void cut_in_a_record(struct packet_out *k)
{
    one_address(k);
    k->n -= 1;
}

static void two_questions(struct packet_out *k)
{
    one_address(k);
    k->p[5] = 2;
}

static void name_beyond_its_data(struct packet_out *k)
{
    packet_begin(k, FINE, "a.example", TYPE_PTR);
    packet_record(k, SECTION_ANSWER, NULL, TYPE_PTR, 60);
    packet_name(k, "good.example");
    packet_end(k);
    k->p[k->data - 1]--; /* the last byte of the name is the first of what follows */
}

static void text_beyond_its_data(struct packet_out *k)
{
    packet_begin(k, FINE, "a.example", TYPE_TXT);
    packet_record(k, SECTION_ANSWER, NULL, TYPE_TXT, 60);
    packet_byte(k, 0);
    packet_byte(k, 5);
    packet_bytes(k, "abc", 3);
    packet_end(k);
}

static void many(struct packet_out *k, unsigned n)
{
    packet_begin(k, FINE, "a.example", TYPE_A);
    for (unsigned i = 0; i < n; i++)
        packet_a(k, NULL, 60, IP + i);
}

static void addresses_64(struct packet_out *k)
{
    many(k, 64);
}

static void addresses_65(struct packet_out *k)
{
    many(k, 65);
}

static void addresses_4000(struct packet_out *k)
{
    many(k, 4000);
}

/* 600 of another name before the one that counts, and one more. */
static void behind(struct packet_out *k, unsigned before)
{
    packet_begin(k, FINE, "a.example", TYPE_A);
    for (unsigned i = 0; i < before; i++)
        packet_a(k, "b", 60, i);
    packet_a(k, NULL, 60, IP);
}

static void record_600(struct packet_out *k)
{
    behind(k, DNS_ANSWER_RECORDS_MAX - 1);
}

static void record_601(struct packet_out *k)
{
    behind(k, DNS_ANSWER_RECORDS_MAX);
}

static void label_with_a_dot(struct packet_out *k)
{
    packet_begin(k, FINE, "a.example", TYPE_PTR);
    packet_record(k, SECTION_ANSWER, NULL, TYPE_PTR, 60);
    packet_bytes(k, "\5a.b.c\0", 7);
    packet_end(k);
}

/* Wire length 255 and 256. */
static void long_name(struct packet_out *k, unsigned last)
{
    packet_begin(k, FINE, "a.example", TYPE_PTR);
    packet_record(k, SECTION_ANSWER, NULL, TYPE_PTR, 60);
    for (unsigned i = 0; i < 3; i++) {
        packet_byte(k, 63);
        for (unsigned b = 0; b < 63; b++)
            packet_byte(k, 'y');
    }
    packet_byte(k, last);
    for (unsigned b = 0; b < last; b++)
        packet_byte(k, 'y');
    packet_byte(k, 0);
    packet_end(k);
}

static void name_255(struct packet_out *k)
{
    long_name(k, 61);
}

static void name_256(struct packet_out *k)
{
    long_name(k, 62);
}

static void only_a_head(struct packet_out *k)
{
    static const unsigned char head[12] = {0, 0, 0x81, 0x80, 0, 1};

    k->n = 0;
    packet_bytes(k, head, sizeof head);
}

static void nothing(struct packet_out *k)
{
    k->n = 0;
}

static void eleven_bytes(struct packet_out *k)
{
    only_a_head(k);
    k->n = 11;
}

static const struct {
    const char *behaviour;
    void (*make)(struct packet_out *k);
    enum fact_type type;
    enum dns_outcome outcome;
    enum fact_rcode rcode;
    uint32_t ttl;
    unsigned n;
    const char *answer; /* the last one; NULL: not looked at */
} cases[] = {
    {"an address", one_address, FACT_A, DNS_ANSWER_FACT, FACT_NOERROR, 60, 1, "192.0.2.1"},
    {"several, the shortest TTL of them, whatever the case of their name; others are left", three_addresses,
     FACT_A, DNS_ANSWER_FACT, FACT_NOERROR, 50, 3, "192.0.2.4"},
    {"an address of IPv6", one_ip6, FACT_AAAA, DNS_ANSWER_FACT, FACT_NOERROR, 60, 1, "2001:db8::1"},
    {"mail servers, in small letters; none at all is a dot", two_mx, FACT_MX, DNS_ANSWER_FACT, FACT_NOERROR,
     300, 2, "0 ."},
    {"texts, the strings of one joined; an empty one is one", texts, FACT_TXT, DNS_ANSWER_FACT, FACT_NOERROR,
     60, 2, ""},
    {"names; the root and what nobody can ask for are none", pointer_name, FACT_PTR, DNS_ANSWER_FACT,
     FACT_NOERROR, 60, 1, "host.example"},
    {"8 CNAMEs are followed, and their TTLs count", chain_8, FACT_A, DNS_ANSWER_FACT, FACT_NOERROR, 40, 1,
     "192.0.2.1"},
    {"9 are too many", chain_9, FACT_A, DNS_ANSWER_FACT, FACT_SERVFAIL, DNS_ANSWER_SHORT_TTL, 0, NULL},
    {"so is a circle", circle, FACT_A, DNS_ANSWER_FACT, FACT_SERVFAIL, DNS_ANSWER_SHORT_TTL, 0, NULL},
    {"a chain that leads out of the packet", chain_out_of_the_packet, FACT_A, DNS_ANSWER_MORE, FACT_NOERROR,
     60, 0, NULL},
    {"a chain whose end has no data", chain_to_nothing, FACT_A, DNS_ANSWER_FACT, FACT_NOERROR, 30, 0, NULL},
    {"a chain whose end does not exist", chain_to_no_name, FACT_A, DNS_ANSWER_FACT, FACT_NXDOMAIN, 20, 0,
     NULL},
    {"a chain to the root leads nowhere", chain_to_the_root, FACT_A, DNS_ANSWER_FACT, FACT_SERVFAIL,
     DNS_ANSWER_SHORT_TTL, 0, NULL},
    {"a chain may lead over a name with a blank", name_with_a_blank, FACT_A, DNS_ANSWER_FACT, FACT_NOERROR,
     50, 1, "192.0.2.1"},
    {"who asks for a CNAME gets the first", cname_itself, FACT_CNAME, DNS_ANSWER_FACT, FACT_NOERROR, 60, 1,
     "b.example"},
    {"no such name: as long as its SOA says", no_name, FACT_A, DNS_ANSWER_FACT, FACT_NXDOMAIN, 300, 0, NULL},
    {"or as long as the SOA itself lasts", no_name_for_a_short_time, FACT_A, DNS_ANSWER_FACT, FACT_NXDOMAIN,
     100, 0, NULL},
    {"without a SOA: for a short time", no_name_without_soa, FACT_A, DNS_ANSWER_FACT, FACT_NXDOMAIN,
     DNS_ANSWER_SHORT_TTL, 0, NULL},
    {"no such name, and an answer: no such name", no_name_and_an_answer, FACT_A, DNS_ANSWER_FACT,
     FACT_NXDOMAIN, DNS_ANSWER_SHORT_TTL, 0, NULL},
    {"no data", no_data, FACT_A, DNS_ANSWER_FACT, FACT_NOERROR, 200, 0, NULL},
    {"nothing at all is no data for a short time", nothing_at_all, FACT_A, DNS_ANSWER_FACT, FACT_NOERROR,
     DNS_ANSWER_SHORT_TTL, 0, NULL},
    {"a referral is of no use", referral, FACT_A, DNS_ANSWER_FAILED, FACT_NOERROR, 0, 0, NULL},
    {"an answer of another type is none", other_type, FACT_A, DNS_ANSWER_FACT, FACT_NOERROR,
     DNS_ANSWER_SHORT_TTL, 0, NULL},
    {"a TTL with the highest bit is 0", old_ttl, FACT_A, DNS_ANSWER_FACT, FACT_NOERROR, 0, 1, "192.0.2.1"},
    {"another class is not ours", other_class, FACT_A, DNS_ANSWER_FACT, FACT_NOERROR, DNS_ANSWER_SHORT_TTL, 0,
     NULL},
    {"an address of 3 bytes is left out", address_of_3_bytes, FACT_A, DNS_ANSWER_FACT, FACT_NOERROR, 60, 1,
     "192.0.2.1"},
    {"refused, whatever else it says", refused, FACT_A, DNS_ANSWER_FAILED, FACT_SERVFAIL, 0, 0, NULL},
    {"not understood", not_understood, FACT_A, DNS_ANSWER_NO_EDNS, FACT_SERVFAIL, 0, 0, NULL},
    {"not understood, and not repeated", not_understood_in_a_word, FACT_A, DNS_ANSWER_NO_EDNS, FACT_SERVFAIL,
     0, 0, NULL},
    {"not implemented", not_implemented, FACT_A, DNS_ANSWER_NO_EDNS, FACT_SERVFAIL, 0, 0, NULL},
    {"cut: nothing of it counts", cut, FACT_A, DNS_ANSWER_CUT, FACT_SERVFAIL, 0, 0, NULL},
    {"an owner that points at itself is nobody", owner_points_at_itself, FACT_A, DNS_ANSWER_FACT,
     FACT_NOERROR, DNS_ANSWER_SHORT_TTL, 0, NULL},
    {"so is one that points forwards", owner_points_forwards, FACT_A, DNS_ANSWER_FACT, FACT_NOERROR,
     DNS_ANSWER_SHORT_TTL, 0, NULL},
    {"a target that is a circle is left out", target_is_a_circle, FACT_PTR, DNS_ANSWER_FACT, FACT_NOERROR, 60,
     1, "good.example"},
    {"a length that has no meaning", label_of_64, FACT_A, DNS_ANSWER_FAILED, FACT_NOERROR, 0, 0, NULL},
    {"data beyond the end of the packet", data_beyond_the_end, FACT_A, DNS_ANSWER_FAILED, FACT_NOERROR, 0, 0,
     NULL},
    {"more records than there are", count_beyond_the_end, FACT_A, DNS_ANSWER_FAILED, FACT_NOERROR, 0, 0,
     NULL},
    {"the end within a record", cut_in_a_record, FACT_A, DNS_ANSWER_FAILED, FACT_NOERROR, 0, 0, NULL},
    {"two questions", two_questions, FACT_A, DNS_ANSWER_FAILED, FACT_NOERROR, 0, 0, NULL},
    {"a name beyond its data is left out", name_beyond_its_data, FACT_PTR, DNS_ANSWER_FACT, FACT_NOERROR, 60,
     0, NULL},
    {"a text beyond its data is left out", text_beyond_its_data, FACT_TXT, DNS_ANSWER_FACT, FACT_NOERROR, 60,
     0, NULL},
    {"64 answers are 64", addresses_64, FACT_A, DNS_ANSWER_FACT, FACT_NOERROR, 60, 64, "192.0.2.64"},
    {"65 are 64", addresses_65, FACT_A, DNS_ANSWER_FACT, FACT_NOERROR, 60, 64, "192.0.2.64"},
    {"64 kB of them are 64", addresses_4000, FACT_A, DNS_ANSWER_FACT, FACT_NOERROR, 60, 64, "192.0.2.64"},
    {"record 600 is looked at", record_600, FACT_A, DNS_ANSWER_FACT, FACT_NOERROR, 60, 1, "192.0.2.1"},
    {"record 601 is not", record_601, FACT_A, DNS_ANSWER_FACT, FACT_NOERROR, DNS_ANSWER_SHORT_TTL, 0, NULL},
    {"a dot within a label is no name", label_with_a_dot, FACT_PTR, DNS_ANSWER_FACT, FACT_NOERROR, 60, 0,
     NULL},
    {"the longest name", name_255, FACT_PTR, DNS_ANSWER_FACT, FACT_NOERROR, 60, 1, NULL},
    {"one byte more", name_256, FACT_PTR, DNS_ANSWER_FACT, FACT_NOERROR, 60, 0, NULL},
    {"a head that promises a question", only_a_head, FACT_A, DNS_ANSWER_FAILED, FACT_NOERROR, 0, 0, NULL},
    {"11 bytes", eleven_bytes, FACT_A, DNS_ANSWER_FAILED, FACT_NOERROR, 0, 0, NULL},
    {"no bytes", nothing, FACT_A, DNS_ANSWER_FAILED, FACT_NOERROR, 0, 0, NULL},
};

/* In memory of its own length, so that a sanitizer sees a step beyond. */
static void read_exact(const struct packet_out *k, const struct dns_asked *q, struct dns_answer *a)
{
    char *copy = malloc(k->n ? k->n : 1);

    assert_non_null(copy);
    memcpy(copy, k->p, k->n);
    dns_answer_read((struct view){copy, k->n}, q, a);
    free(copy);
}

static struct view name_of(const struct packet_out *k)
{
    return k->n > 13 && k->p[13] == 'c' ? VIEW("c0.example") : VIEW("a.example");
}

static void each_answer_is_what_it_is(void **state)
{
    static struct packet_out k;
    static struct dns_answer a;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct dns_asked q = {cases[i].type, {NULL, 0}, 0, UINT32_MAX};

        cases[i].make(&k);
        q.name = name_of(&k);
        read_exact(&k, &q, &a);
        if (a.outcome != cases[i].outcome)
            fail_msg("%s: outcome %d", cases[i].behaviour, (int)a.outcome);
        if (a.outcome == DNS_ANSWER_FACT && (a.rcode != cases[i].rcode || a.ttl != cases[i].ttl))
            fail_msg("%s: %s, %u s", cases[i].behaviour, fact_rcode_name(a.rcode), a.ttl);
        if (a.n != cases[i].n)
            fail_msg("%s: %u answers", cases[i].behaviour, a.n);
        if (cases[i].answer && !view_equal(a.answer[a.n - 1], view_of(cases[i].answer)))
            fail_msg("%s: %.*s", cases[i].behaviour, (int)a.answer[a.n - 1].n, a.answer[a.n - 1].p);
    }
}

static void a_text_ends_at_its_limit(void **state)
{
    static struct packet_out k;
    static struct dns_answer a;
    const struct dns_asked q = {FACT_TXT, VIEW("a.example"), 0, UINT32_MAX};

    (void)state;
    for (unsigned n = FACTS_ANSWER_MAX - 1; n <= FACTS_ANSWER_MAX + 300; n++) {
        text_of(&k, n);
        read_exact(&k, &q, &a);
        assert_int_equal(a.n, 1);
        assert_int_equal(a.answer[0].n, n < FACTS_ANSWER_MAX ? n : FACTS_ANSWER_MAX);
    }
}

/* Each of 40 texts of 2000 bytes: no more than a fact may have. */
static void answers_end_where_a_fact_does(void **state)
{
    static struct packet_out k;
    static struct dns_answer a;
    const struct dns_asked q = {FACT_TXT, VIEW("a.example"), 0, UINT32_MAX};

    (void)state;
    packet_begin(&k, FINE, "a.example", TYPE_TXT);
    for (unsigned i = 0; i < 30; i++) {
        packet_record(&k, SECTION_ANSWER, NULL, TYPE_TXT, 60);
        for (unsigned n = 0; n < 10; n++) {
            packet_byte(&k, 200);
            for (unsigned b = 0; b < 200; b++)
                packet_byte(&k, 'x');
        }
        packet_end(&k);
    }
    read_exact(&k, &q, &a);
    assert_int_equal(a.n, FACTS_ONE_MAX / 2000);
    assert_true(a.used <= FACTS_ONE_MAX);
}

/* What was followed in packets before counts: 8 in all, and the shortest TTL of all. */
static void a_chain_goes_on_over_packets(void **state)
{
    static struct packet_out k;
    static struct dns_answer a;
    struct dns_asked q = {FACT_A, VIEW("c0.example"), 5, 7};

    (void)state;
    chain(&k, 3);
    read_exact(&k, &q, &a);
    assert_int_equal(a.rcode, FACT_NOERROR);
    assert_int_equal(a.cnames, 8);
    assert_int_equal(a.ttl, 7);
    q.cnames = 6;
    read_exact(&k, &q, &a);
    assert_int_equal(a.rcode, FACT_SERVFAIL);
}

static void the_end_of_the_chain_is_told(void **state)
{
    static struct packet_out k;
    static struct dns_answer a;
    const struct dns_asked q = {FACT_A, VIEW("a.example"), 0, UINT32_MAX};

    (void)state;
    chain_out_of_the_packet(&k);
    read_exact(&k, &q, &a);
    assert_int_equal(a.outcome, DNS_ANSWER_MORE);
    assert_string_equal(a.target, "b.example.net");
    assert_int_equal(a.cnames, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_answer_is_what_it_is),     cmocka_unit_test(a_text_ends_at_its_limit),
        cmocka_unit_test(answers_end_where_a_fact_does), cmocka_unit_test(a_chain_goes_on_over_packets),
        cmocka_unit_test(the_end_of_the_chain_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
