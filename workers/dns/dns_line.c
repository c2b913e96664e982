/*
 * dns_line.c - see dns_line.h; the only file that includes <ares.h>.
 *
 * Called by dns_send.c in the locked-down child; the functions in the middle are called by c-ares. It never
 * waits, opens no file, and hands nothing on that does not answer a question under way. It trusts c-ares to
 * call back once for each question, and the kernel that a connected socket gives packets of its peer only.
 */
#include "workers/dns/dns_line.h"

#include <ares.h>
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define STRANGE_MAX 64   /* packets that answer nothing and are read in one turn */
#define FLAG_ANSWER 0x80 /* of the third byte of a packet */

int64_t dns_line_clock(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- what is under way ------------------------------------------------------ */

static struct dns_try *find_id(const struct dns_line *l, uint16_t id)
{
    struct dns_try *t = l->by_id[id % DNS_LINE_IDS];

    while (t && dns_query_id(&t->query) != id)
        t = t->chain;
    return t;
}

static void note(struct dns_line *l, struct dns_try *t)
{
    struct dns_try **place = &l->by_id[dns_query_id(&t->query) % DNS_LINE_IDS];

    t->line = l;
    t->chain = *place;
    *place = t;
    t->newer = NULL;
    t->older = l->newest;
    *(t->older ? &t->older->newer : &l->oldest) = t;
    l->newest = t;
    l->open++;
    l->asked++;
}

static void forget(struct dns_line *l, struct dns_try *t)
{
    struct dns_try **at = &l->by_id[dns_query_id(&t->query) % DNS_LINE_IDS];

    while (*at != t)
        at = &(*at)->chain;
    *at = t->chain;
    *(t->newer ? &t->newer->older : &l->newest) = t->older;
    *(t->older ? &t->older->newer : &l->oldest) = t->newer;
    l->open--;
}

/* --- what c-ares calls ------------------------------------------------------ */

/* Where c-ares wants bytes and the name of who sent them. */
struct place {
    ares_socket_t fd;
    void *to;
    size_t n;
    struct sockaddr *from; /* NULL: it does not want to know */
    ares_socklen_t *from_n;
};

static ares_socket_t on_socket(int family, int type, int protocol, void *arg)
{
    struct dns_line *l = arg;

    l->fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
    l->asked = 0;
    l->wants_write = false;
    return l->fd;
}

static int on_close(ares_socket_t fd, void *arg)
{
    struct dns_line *l = arg;

    l->fd = -1;
    l->wants_write = false;
    return close(fd);
}

static int on_connect(ares_socket_t fd, const struct sockaddr *to, ares_socklen_t n, void *arg)
{
    (void)arg;
    return connect(fd, to, n);
}

static ares_ssize_t on_send(ares_socket_t fd, const struct iovec *iov, int n, void *arg)
{
    struct msghdr m = {.msg_iov = (struct iovec *)(uintptr_t)iov, .msg_iovlen = (size_t)n};

    (void)arg;
    return sendmsg(fd, &m, MSG_NOSIGNAL);
}

static ares_ssize_t take_bytes(const struct place *p)
{
    struct iovec iov = {p->to, p->n};
    struct msghdr m = {
        .msg_name = p->from, .msg_namelen = p->from ? *p->from_n : 0, .msg_iov = &iov, .msg_iovlen = 1};
    ssize_t got = recvmsg(p->fd, &m, MSG_DONTWAIT);

    if (got >= 0 && p->from)
        *p->from_n = m.msg_namelen;
    return got;
}

/* The question that this packet answers, noted as the one that c-ares will end; NULL: none. */
static struct dns_try *recognise(struct dns_line *l, struct view packet)
{
    struct dns_try *t = NULL;
    enum dns_match match;

    if (packet.n >= DNS_QUERY_HEAD)
        t = find_id(l, (uint16_t)((unsigned char)packet.p[0] << 8 | (unsigned char)packet.p[1]));
    if (!t || (match = dns_query_match(&t->query, packet)) == DNS_MATCH_NOT)
        return NULL;
    l->got = match == DNS_MATCH_SAME || t->any_case ? DNS_LINE_ANSWER : DNS_LINE_CASE;
    l->got_bytes = packet;
    return t;
}

/* One packet that answers something; c-ares gets our own question back as an answer without records. */
static ares_ssize_t take_packet(struct dns_line *l, const struct place *p)
{
    const struct place own = {p->fd, l->packet, sizeof l->packet, p->from, p->from_n};

    for (unsigned i = 0; i < STRANGE_MAX; i++) {
        ares_ssize_t got = take_bytes(&own);
        const struct dns_try *t;
        size_t head;

        if (got < 0)
            return -1;
        t = recognise(l, (struct view){(const char *)l->packet, (size_t)got});
        head = t ? DNS_QUERY_HEAD + t->query.question_n : 0;
        if (!t || head > p->n) {
            l->strange++;
            continue;
        }
        memcpy(p->to, t->query.bytes, head);
        ((unsigned char *)p->to)[2] |= FLAG_ANSWER;
        ((unsigned char *)p->to)[11] = 0;
        return (ares_ssize_t)head;
    }
    errno = EAGAIN;
    return -1;
}

static ares_ssize_t on_receive(ares_socket_t fd, void *to, size_t n, int flags, struct sockaddr *from,
                               ares_socklen_t *from_n, void *arg)
{
    const struct place p = {fd, to, n, from, from_n};
    struct dns_line *l = arg;

    (void)flags;
    return l->tcp ? take_bytes(&p) : take_packet(l, &p);
}

static const struct ares_socket_functions functions = {
    .asocket = on_socket,
    .aclose = on_close,
    .aconnect = on_connect,
    .arecvfrom = on_receive,
    .asendv = on_send,
};

static void on_state(void *arg, ares_socket_t fd, int readable, int writable)
{
    struct dns_line *l = arg;

    (void)fd;
    (void)readable;
    l->wants_write = writable;
}

static enum dns_line_end end_of(struct dns_line *l, const struct dns_try *t, int status, struct view *packet)
{
    if (status == ARES_ETIMEOUT)
        return DNS_LINE_TIMEOUT;
    if (status != ARES_SUCCESS)
        return DNS_LINE_BROKE;
    if (l->tcp) /* nobody but the server can write here: the case of letters says nothing */
        return dns_query_match(&t->query, *packet) == DNS_MATCH_NOT ? DNS_LINE_BROKE : DNS_LINE_ANSWER;
    *packet = l->got_bytes;
    return l->got;
}

static void on_end(void *arg, int status, int timeouts, unsigned char *bytes, int n)
{
    struct dns_try *t = arg;
    struct dns_line *l = t->line;
    struct view packet = {(const char *)bytes, n > 0 ? (size_t)n : 0};
    enum dns_line_end end = end_of(l, t, status, &packet);

    (void)timeouts;
    forget(l, t);
    l->done(l->arg, t, end, packet);
}

/* --- what dns_send.c calls -------------------------------------------------- */

static int set_server(struct dns_line *l, const struct dns_address *a)
{
    struct ares_addr_port_node node = {
        .family = a->ip6 ? AF_INET6 : AF_INET, .udp_port = a->port, .tcp_port = a->port};

    memcpy(&node.addr, a->ip, a->ip6 ? 16 : 4);
    return ares_set_servers_ports(l->channel, &node) == ARES_SUCCESS ? 0 : -1;
}

int dns_line_open(struct dns_line *l, const struct dns_address *a, int timeout_ms)
{
    /* All that c-ares would look for in files is given, so that it opens none but its random one. Every code
     * is let through, and cut packets too (by UDP it is given none); no STAYOPEN, for the ports' sake. */
    struct ares_options o = {.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_NOCHECKRESP |
                                      ARES_FLAG_IGNTC | (l->tcp ? ARES_FLAG_USEVC : 0),
                             .timeout = timeout_ms,
                             .tries = 1,
                             .ndots = 1,
                             .lookups = (char[]){"b"},
                             .sock_state_cb = on_state,
                             .sock_state_cb_data = l};
    const int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS |
                     ARES_OPT_SERVERS | ARES_OPT_DOMAINS | ARES_OPT_LOOKUPS | ARES_OPT_SORTLIST |
                     ARES_OPT_SOCK_STATE_CB;

    l->fd = -1;
    l->timeout = timeout_ms;
    if (ares_init_options(&l->channel, &o, mask) != ARES_SUCCESS)
        return -1;
    ares_set_socket_functions(l->channel, &functions, l);
    return set_server(l, a);
}

void dns_line_close(struct dns_line *l)
{
    if (l->channel)
        ares_destroy(l->channel);
    l->channel = NULL;
}

void dns_line_send(struct dns_line *l, struct dns_try *t, struct dns_random *r)
{
    uint16_t id;

    /* One that is free on this line, so that an answer finds one question only. */
    do
        dns_random_take(r, &id, sizeof id);
    while (find_id(l, id));
    dns_query_set_id(&t->query, id);
    t->sent = dns_line_clock();
    note(l, t);
    ares_send(l->channel, t->query.bytes, (int)t->query.n, on_end, t);
}

bool dns_line_is_worn(const struct dns_line *l)
{
    return l->asked >= DNS_LINE_WORN && l->open;
}

short dns_line_events(const struct dns_line *l)
{
    if (l->fd < 0)
        return 0;
    return (short)(POLLIN | (l->wants_write ? POLLOUT : 0));
}

void dns_line_run(struct dns_line *l, short revents)
{
    const bool in = revents & (POLLIN | POLLERR | POLLHUP), out = revents & (POLLOUT | POLLERR | POLLHUP);

    ares_process_fd(l->channel, in ? l->fd : ARES_SOCKET_BAD, out ? l->fd : ARES_SOCKET_BAD);
}

int64_t dns_line_due(const struct dns_line *l)
{
    return l->oldest ? l->oldest->sent + l->timeout + 1 : -1;
}
