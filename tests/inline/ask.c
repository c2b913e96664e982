/*
 * ask.c - see ask.h: asks what spoolctl would ask, without a client.
 *
 * SPOOLD_ASK holds questions, ';' between them and '|' between the words of one. They run inside
 * the store, one after the other, so that the order of system calls is the same in every run and a kill can
 * be aimed at each of them. The answers go to the log, as lines that begin with "answer:".
 */
#include "tests/inline/ask.h"

#include "common/log.h"
#include "common/xalloc.h"
#include "spoold/query.h"

#include <stdlib.h>

static void run_to_end(struct depot *d, struct query *q)
{
    do {
        q->more = false;
        q->verb->run(q, d);
    } while (q->more);
    log_info("answer: %.*s code=%d %s", (int)q->packet_n - 1, q->packet, q->code, q->message);
    if (q->out.n)
        log_info("answer: %.*s", (int)q->out.n - 1, q->out.p);
}

static void ask(struct depot *d, struct view words)
{
    struct query *q = xcalloc(1, sizeof *q);

    if (words.n >= sizeof q->packet)
        fatalx("SPOOLD_ASK is too long");
    for (size_t i = 0; i < words.n; i++)
        q->packet[i] = words.p[i] == '|' ? '\0' : words.p[i];
    q->packet_n = words.n + 1;
    if (control_parse_request(&q->request, (struct view){q->packet, q->packet_n}) == 0)
        q->verb = query_find(q->request.word[0]);
    if (!q->verb)
        fatalx("SPOOLD_ASK is not understood");
    run_to_end(d, q);
    query_free(q);
}

void inline_ask(struct depot *d)
{
    static bool asked;
    const char *all = getenv("SPOOLD_ASK");
    struct view rest = view_of(all);

    if (asked)
        return;
    asked = true;
    while (rest.n) {
        const char *end = memchr(rest.p, ';', rest.n);
        struct view one = {rest.p, end ? (size_t)(end - rest.p) : rest.n};

        ask(d, one);
        rest.p += one.n + (end ? 1 : 0);
        rest.n -= one.n + (end ? 1 : 0);
    }
}
