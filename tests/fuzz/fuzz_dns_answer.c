/*
 * fuzz_dns_answer.c - any bytes as the answer of a name server.
 *
 * Built with libFuzzer or with a plain main that feeds files. The first byte chooses the type that was asked
 * for and how many CNAMEs were followed before; the rest is the packet, asked of "a.example". Whatever comes
 * out must be a fact that common/facts.c takes whole, within all limits, and the same when it is read twice.
 * The same bytes are held against a question, which may read none beyond their end.
 */
#include "tests/fuzz/fuzz_must.h"

#include "workers/dns/dns_answer.h"
#include "workers/dns/dns_query.h"

#include <stdlib.h>
#include <string.h>

static void check_fact(const struct dns_asked *q, const struct dns_answer *a)
{
    const struct fact f = {.type = q->type,
                           .rcode = a->rcode,
                           .name = q->name,
                           .answer = a->answer,
                           .answer_n = a->n,
                           .ttl = a->ttl};
    struct view answer[FACTS_ANSWERS_MAX];
    struct buf packed = {0};
    struct fact got;

    MUST(a->ttl <= INT32_MAX);
    MUST(a->rcode == FACT_NOERROR || a->n == 0);
    facts_pack_one(&packed, &f);
    MUST(facts_unpack_one(buf_view(&packed), &got, answer) == packed.n);
    /* Each answer is one that can be; only what does not fit in one fact is left out. */
    MUST(got.answer_n == a->n || packed.n > FACTS_ONE_MAX - FACTS_ANSWER_MAX - 2);
    for (unsigned i = 0; i < got.answer_n && got.answer_n == a->n; i++)
        MUST(view_equal(got.answer[i], a->answer[i]));
    buf_free(&packed);
}

static void check(const struct dns_asked *q, const struct dns_answer *a)
{
    char clean[FACTS_NAME_MAX + 1];

    MUST(a->n <= FACTS_ANSWERS_MAX && a->used <= sizeof a->bytes);
    MUST(a->cnames >= q->cnames && a->cnames <= FACTS_CNAMES_MAX + 1);
    for (unsigned i = 0; i < a->n; i++)
        MUST(a->answer[i].n <= FACTS_ANSWER_MAX);
    if (a->outcome == DNS_ANSWER_FACT)
        check_fact(q, a);
    if (a->outcome != DNS_ANSWER_MORE)
        return;
    MUST(a->cnames > q->cnames && a->cnames <= FACTS_CNAMES_MAX && q->type != FACT_CNAME);
    MUST(fact_question_clean(view_of(a->target), clean) == strlen(a->target));
    MUST(strcmp(clean, a->target) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct dns_answer a, again;
    struct dns_asked q = {.name = VIEW("a.example"), .ttl = UINT32_MAX};
    struct dns_query question;
    struct view packet;

    if (size < 1)
        return 0;
    q.type = (enum fact_type)(data[0] % FACT_TYPE__MAX);
    q.cnames = data[0] / FACT_TYPE__MAX % (FACTS_CNAMES_MAX + 1);
    packet = (struct view){(const char *)data + 1, size - 1};
    memset(&a, 0x55, sizeof a);
    memset(&again, 0xaa, sizeof again);
    dns_answer_read(packet, &q, &a);
    check(&q, &a);
    dns_answer_read(packet, &q, &again);
    MUST(a.outcome == again.outcome && a.rcode == again.rcode && a.ttl == again.ttl && a.n == again.n &&
         a.used == again.used && memcmp(a.bytes, again.bytes, a.used) == 0);
    dns_query_make(&question, q.type, q.name, true);
    MUST(dns_query_match(&question, packet) == DNS_MATCH_NOT || packet.n >= DNS_QUERY_HEAD);
    return 0;
}
