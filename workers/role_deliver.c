/*
 * role_deliver.c - the role "deliver": one message to one server, over a socket that the supervisor
 * connected.
 *
 * Linked into worker-deliver only; called by the worker runtime. It has no network of
 * its own and no paths: message, notes and socket come as descriptors, the
 * order as the job's blob. What the server says decides what is noted and nothing
 * else; it never ends the process because of it.
 */
#include "workers/deliver/smtp_session.h"
#include "workers/misbehave.h"
#include "workers/worker.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define CANARY_WAIT_MS 1000

/* The settings of TLS of this process: loaded once, shared by all children through fork(2). */
static struct {
    struct smtp_tls_ctx *tls;
} deliver;

/* The canary: a server whose answers lie in the socket before it is asked, and a message with every odd line
 * end. */
#define CANARY_SAYS                                                                                          \
    "220 canary.example.org\r\n"                                                                             \
    "250-canary.example.org\r\n250-PIPELINING\r\n250 SIZE 1000\r\n"                                          \
    "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n550-5.1.1 no\r\n550 5.1.1 such user\r\n354 go\r\n"                      \
    "250 2.0.0 Ok: queued as CANARY\r\n221 bye\r\n"
#define CANARY_MESSAGE "From a@example.org Thu Jan  1 00:00:00 1970\nSubject: a\r\rb\n\n.\r\n.\n\r.\rend\0"
#define CANARY_HEARS                                                                                         \
    "EHLO mx.example.org\r\n"                                                                                \
    "MAIL FROM:<> SIZE=32\r\nRCPT TO:<b@example.org>\r\nRCPT TO:<c@example.org>\r\nDATA\r\n"                 \
    "Subject: a  b\r\n\r\n..\r\n..\r\n . end\0\r\n.\r\nQUIT\r\n"

static int load(const struct worker_load *l, struct buf *why)
{
    (void)l;
    smtp_tls_unload(&deliver.tls);
    deliver.tls = smtp_tls_load(why);
    if (!deliver.tls)
        return -1;
    /* OpenSSL fetches what it needs on first use: here, where it still may. */
    return smtp_tls_prove(deliver.tls, why);
}

static int open_canary(int *in, int *out)
{
    static const char says[] = CANARY_SAYS;
    int pair[2] = {-1, -1};

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return -1;
    *in = pair[0];
    *out = pair[1];
    return write(*out, says, sizeof says - 1) == sizeof says - 1 ? 0 : -1;
}

static bool is_cancelled(const void *job)
{
    return worker_cancelled(job);
}

static void fill(const struct smtp_session *s, struct wire_result *r)
{
    r->in_size = s->sent;
    r->done = s->notes.done;
    r->failed = s->notes.failed;
    r->later = s->notes.later;
    if (s->err) {
        r->status = WIRE_IO;
        r->err = s->err;
    } else if (s->link.end == SMTP_END_CANCELLED) {
        r->status = WIRE_CANCELLED;
        r->err = ECANCELED;
    }
}

/* `s` is closed by the caller. The order stays the caller's. */
static void hold(struct smtp_session *s, const struct deliver_order *o, struct wire_result *r)
{
    s->o = s->notes.o = o;
    s->link.timeout_ms = o->timeout_ms;
    smtp_session_hold(s);
    fill(s, r);
}

static bool check_words(int server)
{
    static const char wanted[] = CANARY_HEARS;
    char got[sizeof wanted] = "";
    struct iovec iov = {got, sizeof got};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};

    return recvmsg(server, &m, MSG_DONTWAIT) == sizeof wanted - 1 &&
           memcmp(got, wanted, sizeof wanted - 1) == 0;
}

static int talk(int in, int out, struct buf *why)
{
    static const char message[] = CANARY_MESSAGE;
    const struct deliver_rcpt to[] = {{0, VIEW("b@example.org"), {NULL, 0}},
                                      {7, VIEW("c@example.org"), {NULL, 0}}};
    const struct deliver_order order = {
        .timeout_ms = CANARY_WAIT_MS, .helo = VIEW("mx.example.org"), .rcpt = to, .rcpt_n = 2};
    struct smtp_session s = {.source = {-1, {message, sizeof message - 1}, sizeof message - 1},
                             .link = {.fd = in, .wake = -1},
                             .notes = {.fd = -1}};
    struct wire_result r = {0};
    int rc = -1;

    hold(&s, &order, &r);
    if (r.status != WIRE_OK || r.done != 1 || r.failed != 1 || r.later != 0)
        buf_addf(why, "the test server was misunderstood: %u done, %u failed; \"%.*s\"", r.done, r.failed,
                 (int)smtp_session_said(&s).n, smtp_session_said(&s).p);
    else if (!check_words(out))
        buf_add_str(why, "the test server was told other words than it must be");
    else
        rc = 0;
    smtp_session_close(&s);
    return rc;
}

static int canary(int in, int out, struct buf *why)
{
    return talk(in, out, why) < 0 || smtp_tls_prove(deliver.tls, why) < 0 ? -1 : 0;
}

static void run_order(const struct worker_job *job, const struct deliver_order *o, struct wire_result *r)
{
    struct smtp_session s = {
        .source = {.fd = job->message, .size = job->size},
        .tls = deliver.tls,
        .link = {.fd = job->peer, .wake = job->link, .cancelled = is_cancelled, .arg = job},
        .notes = {.fd = job->notes}};

    hold(&s, o, r);
    if (smtp_session_said(&s).n)
        worker_find(job, "%.*s", (int)smtp_session_said(&s).n, smtp_session_said(&s).p);
    smtp_session_close(&s);
}

static void run(struct worker_job *job, struct wire_result *r)
{
    struct deliver_rcpt rcpt[DELIVER_RCPT_MAX];
    struct deliver_order order;

    *r = (struct wire_result){.status = WIRE_OK};
    worker_phase(job, SEALED_PHASE_READING);
    misbehave_begin(job);
    if (job->peer < 0 || job->notes < 0 || deliver_unpack(job->blob, &order, rcpt) < 0) {
        r->status = WIRE_REFUSED;
        r->err = EINVAL;
    } else {
        run_order(job, &order, r);
    }
    misbehave_end(job, r);
}

const struct worker_role worker_role = {
    .role = ROLE_DELIVER,
    .load = load,
    .canary = canary,
    .open_canary = open_canary,
    .run = run,
};
