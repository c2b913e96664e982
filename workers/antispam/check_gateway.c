/*
 * check_gateway.c - the check `gateway`: whose address and HELO are judged (R079 to R081).
 *
 * The walk begins at the address of the envelope, or without one at the newest Received field; as long as the
 * address is one of gateways.trust, the next Received field tells who was before it. The first one that is no
 * gateway is the client. A field is believed for one thing only, from whom it says that its writer got the
 * message, and only when that writer is a gateway: what a client wrote below is never reached. So a gateway
 * must write its Received field. A field of a gateway that names no address ends the walk: the message began
 * there, and whatever is below it came along as text.
 *
 * It runs in the first round, before all other checks, and sets j->client; later rounds have that from
 * crumbs.
 */
#include "workers/antispam/networks.h"
#include "workers/antispam/check.h"

#include <arpa/inet.h>

struct hop {
    struct view ip, helo;
    unsigned char bytes[16];
};

static void *open_gateway(const struct settings *s, struct buf *why)
{
    return networks_open(s, "gateways", why);
}

static void close_gateway(void *state)
{
    networks_close(state);
}

/* False: it names no address. */
static bool read_hop(struct view ip, struct view helo, struct hop *to)
{
    *to = (struct hop){.ip = ip, .helo = helo};
    return ip.n && mail_received_ip(ip, to->bytes).n > 0;
}

/* Behind `*at` Received fields. */
static bool next_hop(const struct mail_received_chain *chain, unsigned *at, struct hop *to)
{
    const struct mail_received *r;

    if (*at >= chain->n)
        return false;
    r = &chain->hop[(*at)++];
    return read_hop(r->ip, r->helo, to);
}

/* One form for each address: that is what is compared, shown and asked for. */
static struct view written(struct judge *j, const unsigned char ip[16])
{
    char text[INET6_ADDRSTRLEN] = "";

    if (memcmp(ip, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) == 0)
        inet_ntop(AF_INET, ip + 12, text, sizeof text);
    else
        inet_ntop(AF_INET6, ip, text, sizeof text);
    return mail_arena_copy(j->arena, view_of(text));
}

/* The server's own field says again who delivered to it: once is enough. */
static void add_via(struct judge *j, struct view ip)
{
    unsigned n = j->client.via_n;

    if (n == 0 || !view_equal(j->client.via[n - 1], ip))
        j->client.via[j->client.via_n++] = ip;
}

static void ask_gateway(struct judge *j, void *state)
{
    static const struct mail_received_chain none;
    const struct mail_received_chain *chain = j->mail ? judge_mail_received(j) : &none;
    unsigned at = 0;
    struct hop hop;
    bool is_there = read_hop(j->order->ip, j->order->helo, &hop) || next_hop(chain, &at, &hop);

    while (is_there && networks_find(state, hop.bytes) != ENTRIES_NONE) {
        add_via(j, written(j, hop.bytes));
        is_there = j->client.via_n < ANTISPAM_VIA_MAX && next_hop(chain, &at, &hop);
    }
    j->has_ip = is_there;
    if (!is_there)
        return;
    memcpy(j->ip, hop.bytes, sizeof j->ip);
    j->is_ip4 = memcmp(j->ip, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) == 0;
    j->client.ip = written(j, hop.bytes);
    j->client.helo = hop.helo;
}

static void judge_gateway(struct judge *j, void *state)
{
    struct buf via = {0};
    struct hop envelope;

    (void)state;
    for (unsigned i = 0; i < j->client.via_n; i++)
        buf_addf(&via, "%s%.*s", i ? ", " : "", (int)j->client.via[i].n, j->client.via[i].p);
    if (via.n)
        judge_say(j, CHECK_gateway, VIEW(""), RESULT_hit, "through %s%s", via.p,
                  j->has_ip ? "" : "; no address is known before that");
    else if (!j->has_ip)
        judge_say(j, CHECK_gateway, VIEW(""), RESULT_none, "no address of a client is known");
    else
        judge_say(j, CHECK_gateway, VIEW(""), RESULT_miss, "%s",
                  read_hop(j->order->ip, j->order->helo, &envelope)
                      ? ""
                      : "the address is that of the newest Received field");
    buf_free(&via);
}

const struct check_ops check_gateway = {
    .open = open_gateway, .close = close_gateway, .ask = ask_gateway, .judge = judge_gateway};
