/*
 * control_dns.c - see control_dns.h. Loop thread, called by control_server.c and by the resolver.
 *
 * Puts together what three say: the resolver of its questions, worker-dns of its
 * servers (a text that was checked, and goes on as it is), the self test of its
 * lists. Must never wait. A spoold that asks nobody says so.
 */
#include "spoold/control_dns.h"

#include "common/json.h"
#include "common/log.h"
#include "common/xalloc.h"
#include "spoold/listtest.h"
#include "spoold/resolver.h"

#include <stdlib.h>

struct asked {
    struct resolver_look look;
    struct control_ticket ticket;
};

static void add_line(const struct spoold *s, struct buf *out, struct view state, int64_t age)
{
    struct json j;

    json_open(&j, out);
    json_begin_object(&j, "dns");
    resolver_add_status(s->resolver, &j);
    json_end_object(&j);
    if (state.n) {
        json_add_text(&j, "worker", state);
        json_add_int(&j, "worker_age_ms", age);
    }
    if (s->listtest)
        listtest_add_status(s->listtest, &j);
    json_close(&j);
    buf_add_char(out, '\n');
}

static void told(struct spoold *s, struct resolver_look *look, struct view state, int64_t age)
{
    struct asked *a = look->owner;
    struct buf out = {0};

    if (s->resolver)
        add_line(s, &out, state, age);
    control_reply(s, a->ticket, out.n ? &out : NULL, out.n ? EXIT_OK : EXIT_TEMP_75,
                  out.n ? "" : "spoold is stopping");
    buf_free(&out);
    free(a);
}

static int answer_status(struct spoold *s)
{
    struct asked *a = xcalloc(1, sizeof *a);

    a->ticket = control_ticket(s);
    a->look.owner = a;
    a->look.done = told;
    resolver_look(s->resolver, &a->look);
    return CONTROL_LATER;
}

static int answer_flush(struct spoold *s, struct buf *out, const char **message)
{
    struct json j;

    if (!pool_is_wanted(s->pool, ROLE_DNS)) {
        *message = "the DNS is not asked: dns.enable or antispam.enable is off";
        return EXIT_FINDING;
    }
    if (!resolver_flush(s->resolver)) {
        *message = "no worker-dns serves at present; the next one begins with nothing";
        return EXIT_TEMP_75;
    }
    json_open(&j, out);
    json_add_bool(&j, "flushed", true);
    json_close(&j);
    buf_add_char(out, '\n');
    return EXIT_OK;
}

int control_dns(struct spoold *s, const struct control_request *r, struct buf *out, const char **message)
{
    /* Only tests, and a spoold that does the workers' part itself, are without. */
    if (!s->resolver) {
        *message = "this spoold has no workers";
        return EXIT_TEMP_75;
    }
    if (r->n == 1)
        return answer_status(s);
    if (r->n == 2 && view_equal(r->word[1], VIEW("flush")))
        return answer_flush(s, out, message);
    *message = "dns takes one word or none: flush";
    return EXIT_USAGE_64;
}
