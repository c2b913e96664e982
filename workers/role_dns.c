/*
 * role_dns.c - the role "dns": the only process that asks the DNS.
 *
 * Linked into worker-dns only; called by the worker runtime. It never sees a message. Its one job lasts as
 * long as the child: questions and answers go over the socket that came with it (common/dns.h). What servers
 * say is strangers' bytes; they decide what a fact says and nothing else. The settings are the supervisor's.
 */
#include "workers/dns/dns_answer.h"
#include "workers/dns/dns_serve.h"
#include "workers/misbehave.h"
#include "workers/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define RESOLV_CONF     "/etc/resolv.conf"
#define RESOLV_CONF_MAX (64u << 10)

/* Made by the loader, with its channels, because c-ares opens a file for them; each child has a copy. */
static struct {
    struct dns_ask *ask;
} dns;

/* "a.example" with a CNAME to "b.example", which has 192.0.2.1; as it comes from a server. */
#define CANARY_NAME "a.example"
#define CANARY_PACKET                                                                                        \
    "\x00\x00\x81\x80\x00\x01\x00\x02\x00\x00\x00\x00"                                                       \
    "\x01"                                                                                                   \
    "a\x07"                                                                                                  \
    "example\x00\x00\x01\x00\x01"                                                                            \
    "\xc0\x0c\x00\x05\x00\x01\x00\x00\x0e\x10\x00\x04\x01"                                                   \
    "b\xc0\x0e"                                                                                              \
    "\xc0\x27\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x01"

static struct buf read_resolv(void)
{
    struct buf text = {0};
    int fd = open(RESOLV_CONF, O_RDONLY | O_CLOEXEC);

    /* Without one it is 127.0.0.1, as everywhere. */
    if (fd >= 0 && buf_read_fd(&text, fd, RESOLV_CONF_MAX) < 0)
        buf_clear(&text);
    if (fd >= 0)
        close(fd);
    return text;
}

static void read_numbers(struct dns_setup *setup, const struct settings *s)
{
    setup->timeout = settings_int(s, "dns", "timeout", 1000);
    setup->tries = settings_int(s, "dns", "tries", 2);
    setup->channels = settings_int(s, "dns", "channels", 4);
    setup->outstanding = settings_int(s, "dns", "outstanding", 200);
    setup->cache_names = settings_int(s, "dns", "cache_names", 100000);
    setup->max_ttl = settings_int(s, "dns", "max_ttl", 86400000) / 1000;
    setup->max_negative_ttl = settings_int(s, "dns", "max_negative_ttl", 3600000) / 1000;
}

static int load(const struct worker_load *l, struct buf *why)
{
    struct buf resolv = read_resolv();
    struct settings s = {0};
    struct dns_setup setup = {0};
    int rc = -1;

    dns_ask_close(&dns.ask);
    if (settings_open(&s, l->settings) < 0) {
        buf_add_str(why, "its settings are none");
    } else if (dns_servers_read(&setup.servers, &s, buf_view(&resolv), why) == 0) {
        read_numbers(&setup, &s);
        dns.ask = dns_ask_open(&setup, why);
        rc = dns.ask ? 0 : -1;
    }
    dns_servers_free(&setup.servers);
    settings_free(&s);
    buf_free(&resolv);
    return rc;
}

/* Reads the known packet as any other. */
static bool check_packet(struct buf *why)
{
    static const char packet[] = CANARY_PACKET;
    const struct dns_asked q = {FACT_A, VIEW(CANARY_NAME), 0, UINT32_MAX};
    struct dns_answer *a = calloc(1, sizeof *a);
    bool good;

    if (a)
        dns_answer_read((struct view){packet, sizeof packet - 1}, &q, a);
    good = a && a->outcome == DNS_ANSWER_FACT && a->rcode == FACT_NOERROR && a->n == 1 && a->ttl == 60 &&
           a->cnames == 1 && view_equal(a->answer[0], VIEW("192.0.2.1"));
    if (!good)
        buf_add_str(why, "a known answer of a name server is misread");
    free(a);
    return good;
}

static bool check_cache(struct buf *why)
{
    const struct view address = VIEW("192.0.2.1");
    const struct fact f = {
        .type = FACT_A, .name = VIEW(CANARY_NAME), .answer = &address, .answer_n = 1, .ttl = 60};
    struct dns_cache *c = dns_ask_cache(dns.ask);
    struct view answer[FACTS_ANSWERS_MAX];
    struct dns_cache_counts n;
    struct fact got;
    bool good;

    dns_cache_put(c, &f, 0, 1000);
    dns_cache_count(c, &n);
    /* A cache may be switched off: cache_names = 0. */
    good = n.names == 0 || (dns_cache_get(c, &f, 999, &got, answer) && got.answer_n == 1 &&
                            view_equal(answer[0], address) && !dns_cache_get(c, &f, 1000, &got, answer));
    dns_cache_flush(c);
    if (!good)
        buf_add_str(why, "the cache does not give back what was put in");
    return good;
}

/* What it cannot do without, and no other role may: a socket to ask with. */
static bool check_socket(struct buf *why)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0 && (errno == EAFNOSUPPORT || errno == EMFILE))
        return true; /* a host with IPv6 alone; too many files is said when it matters */
    if (fd < 0)
        buf_addf(why, "it can have no socket: %s", strerror(errno));
    else
        close(fd);
    return fd >= 0;
}

static int canary(int in, int out, struct buf *why)
{
    (void)in;
    (void)out;
    return check_packet(why) && check_cache(why) && check_socket(why) ? 0 : -1;
}

static bool is_cancelled(const void *job)
{
    return worker_cancelled(job);
}

static void serve(const struct worker_job *job, struct wire_result *r)
{
    const struct dns_serve_link l = {
        .peer = job->peer, .link = job->link, .cancelled = is_cancelled, .arg = job};

    switch (dns_serve(dns.ask, &l)) {
    case DNS_SERVE_CANCELLED:
        r->status = WIRE_CANCELLED;
        r->err = ECANCELED;
        break;
    case DNS_SERVE_BROKE:
        r->status = WIRE_IO;
        r->err = errno;
        worker_say(job, "the DNS is not asked any more, because of what came over its socket: %s",
                   strerror(r->err));
        break;
    case DNS_SERVE_CLOSED:
        break;
    }
}

static void run(struct worker_job *job, struct wire_result *r)
{
    *r = (struct wire_result){.status = WIRE_OK};
    worker_phase(job, SEALED_PHASE_READING);
    misbehave_begin(job);
    if (job->peer < 0) {
        r->status = WIRE_REFUSED;
        r->err = EINVAL;
    } else {
        serve(job, r);
    }
    misbehave_end(job, r);
}

const struct worker_role worker_role = {
    .role = ROLE_DNS,
    .load = load,
    .canary = canary,
    .run = run,
};
