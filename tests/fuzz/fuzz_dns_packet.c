/*
 * fuzz_dns_packet.c - any bytes as a packet between supervisor and worker-dns.
 *
 * Built with libFuzzer or with a plain main that feeds files. A packet that is read to its end can be written
 * anew from its items, as the same bytes; what it holds keeps the limits.
 */
#include "tests/fuzz/fuzz_must.h"

#include "common/dns.h"

/* The next item, written into `again`. 1, 0 at the end, -1 when it is broken. */
static int next(struct dns_reader *r, struct buf *again)
{
    struct view answer[FACTS_ANSWERS_MAX], json;
    struct dns_question q;
    struct fact f;
    uint32_t id;
    int rc = 0;

    if (r->type == DNS_RESOLVE && (rc = dns_next_question(r, &q)) == 1) {
        MUST(q.type < FACT_TYPE__MAX && q.name.n && q.name.n <= FACTS_NAME_MAX);
        MUST(dns_add_question(again, &q));
    } else if (r->type == DNS_ANSWER && (rc = dns_next_answer(r, &id, &f, answer)) == 1) {
        MUST(dns_add_answer(again, id, &f));
    } else if (r->type == DNS_STATE && (rc = dns_next_state(r, &json)) == 1) {
        MUST(json.n && json.n <= DNS_STATE_MAX);
        dns_add_state(again, json);
    }
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view bytes = {(const char *)data, size};
    struct buf again = {0};
    struct dns_reader r;
    unsigned n = 0;
    int rc = 1;

    if (dns_read(&r, bytes) < 0)
        return 0;
    dns_begin(&again, r.type);
    while ((rc = next(&r, &again)) == 1)
        n++;
    dns_end(&again);
    if (rc == 0) {
        MUST(view_equal(buf_view(&again), bytes));
        MUST(dns_is_empty(&again) == (n == 0));
    }
    buf_free(&again);
    return 0;
}
