/*
 * antispam.c - see antispam.h: the order for worker-antispam, and the client that is judged.
 *
 * The supervisor packs orders, the worker unpacks them: its texts are those of the envelope, any bytes, and
 * only their lengths are checked here. The client goes both ways: as crumbs from the worker, through the
 * supervisor and back, and in a verdict; it comes from a process that has read a hostile message, so what is
 * no address or name does not get in, and is refused where it stands. One way only to write either of them.
 *   order   mark u32, flags u32, now i64, seven texts and the crumbs {bytes u16, bytes}, recipients u16,
 *           {bytes u16, bytes} each, facts
 *   client  ip {u8}, helo {u8}, name {u8}, gateways u8, ip {u8} each
 */
#include "common/antispam.h"

#include "common/pack.h"
#include "common/utf8.h"
#include "common/xalloc.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

#define ORDER_MARK 0x314f5341u /* "ASO1" */
#define TEXTS      6
#define TEXT_MAX   UINT16_MAX
#define IP_MAX     (INET6_ADDRSTRLEN - 1)

_Static_assert(20 + TEXTS * (2 + TEXT_MAX) + ANTISPAM_CRUMBS_MAX +
                       ANTISPAM_RCPT_MAX * (2 + ANTISPAM_ADDRESS_MAX) + FACTS_PACKED_MAX <
                   ANTISPAM_ORDER_MAX,
               "the largest order can be packed");
_Static_assert(ANTISPAM_HELO_MAX <= UINT8_MAX && FACTS_NAME_MAX <= UINT8_MAX, "lengths travel in one byte");
_Static_assert(4 + IP_MAX + ANTISPAM_HELO_MAX + FACTS_NAME_MAX + ANTISPAM_VIA_MAX * (1 + IP_MAX) <=
                   ANTISPAM_CRUMBS_MAX,
               "a client fits into the crumbs");

/* --- the order ------------------------------------------------------------ */

void antispam_pack_order(struct buf *to, const struct antispam_order *o)
{
    const struct view text[TEXTS] = {o->sender, o->ip, o->helo, o->auth, o->protocol, o->suspended};
    unsigned n = o->rcpt_n < ANTISPAM_RCPT_MAX ? o->rcpt_n : ANTISPAM_RCPT_MAX;

    pack_number(to, ORDER_MARK, 4);
    pack_number(to, o->flags & ANTISPAM__FLAGS, 4);
    pack_number(to, (uint64_t)o->now, 8);
    for (size_t i = 0; i < TEXTS; i++)
        pack_text(to, text[i], 2, TEXT_MAX);
    pack_text(to, o->crumbs, 2, ANTISPAM_CRUMBS_MAX);
    pack_number(to, n, 2);
    for (unsigned i = 0; i < n; i++)
        pack_text(to, o->rcpt[i], 2, ANTISPAM_ADDRESS_MAX);
    facts_pack(to, &o->facts);
}

static bool take_head(struct view *rest, struct antispam_order *o)
{
    struct view *text[TEXTS] = {&o->sender, &o->ip, &o->helo, &o->auth, &o->protocol, &o->suspended};
    uint64_t mark, flags, now;

    if (!pack_take(rest, 4, &mark) || mark != ORDER_MARK || !pack_take(rest, 4, &flags) ||
        flags > ANTISPAM__FLAGS || !pack_take(rest, 8, &now))
        return false;
    o->flags = (uint32_t)flags;
    o->now = (int64_t)now;
    for (size_t i = 0; i < TEXTS; i++)
        if (!pack_take_text(rest, 2, TEXT_MAX, text[i]))
            return false;
    return pack_take_text(rest, 2, ANTISPAM_CRUMBS_MAX, &o->crumbs);
}

static bool take_rcpts(struct view *rest, struct antispam_order *o)
{
    uint64_t n;

    if (!pack_take(rest, 2, &n) || n > ANTISPAM_RCPT_MAX)
        return false;
    o->owned_rcpt = xcalloc(n, sizeof *o->owned_rcpt);
    o->rcpt = o->owned_rcpt;
    while (o->rcpt_n < n)
        if (!pack_take_text(rest, 2, ANTISPAM_ADDRESS_MAX, &o->owned_rcpt[o->rcpt_n++]))
            return false;
    return true;
}

int antispam_unpack_order(struct view bytes, struct antispam_order *o)
{
    *o = (struct antispam_order){0};
    if (bytes.n <= ANTISPAM_ORDER_MAX && take_head(&bytes, o) && take_rcpts(&bytes, o) &&
        facts_unpack(bytes, &o->facts) == 0)
        return 0;
    antispam_free_order(o);
    errno = EPROTO;
    return -1;
}

void antispam_free_order(struct antispam_order *o)
{
    facts_free(&o->facts);
    free(o->owned_rcpt);
    *o = (struct antispam_order){0};
}

/* --- the client ----------------------------------------------------------- */

static bool is_ip(struct view v)
{
    char text[IP_MAX + 1];
    unsigned char bytes[16];

    if (!v.n || v.n > IP_MAX || memchr(v.p, '\0', v.n))
        return false;
    memcpy(text, v.p, v.n);
    text[v.n] = '\0';
    return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

static void pack_ip(struct buf *to, struct view ip)
{
    pack_text(to, is_ip(ip) ? ip : VIEW(""), 1, IP_MAX);
}

static void pack_via(struct buf *to, const struct antispam_client *c)
{
    unsigned n = c->via_n < ANTISPAM_VIA_MAX ? c->via_n : ANTISPAM_VIA_MAX;
    size_t count = to->n;

    pack_number(to, 0, 1);
    for (unsigned i = 0; i < n; i++)
        if (is_ip(c->via[i])) {
            pack_text(to, c->via[i], 1, IP_MAX);
            to->p[count]++;
        }
}

void antispam_pack_client(struct buf *to, const struct antispam_client *c)
{
    char name[FACTS_NAME_MAX + 1];
    struct view clean = {name, fact_name_clean(c->name, name)};
    size_t helo = 0;

    pack_ip(to, c->ip);
    helo = to->n;
    pack_number(to, 0, 1);
    antispam_add_harmless(to, c->helo, ANTISPAM_HELO_MAX);
    pack_put(to->p + helo, to->n - helo - 1, 1);
    pack_text(to, clean, 1, FACTS_NAME_MAX);
    pack_via(to, c);
}

static bool take_ip(struct view *rest, struct view *ip)
{
    return pack_take_text(rest, 1, IP_MAX, ip) && (!ip->n || is_ip(*ip));
}

static bool take_name(struct view *rest, struct view *name)
{
    char clean[FACTS_NAME_MAX + 1];

    return pack_take_text(rest, 1, FACTS_NAME_MAX, name) &&
           (!name->n || view_equal(*name, (struct view){clean, fact_name_clean(*name, clean)}));
}

bool antispam_take_client(struct view *rest, struct antispam_client *c)
{
    uint64_t n;

    if (!take_ip(rest, &c->ip) || !pack_take_text(rest, 1, ANTISPAM_HELO_MAX, &c->helo) ||
        !antispam_is_harmless(c->helo) || !take_name(rest, &c->name) || !pack_take(rest, 1, &n) ||
        n > ANTISPAM_VIA_MAX)
        return false;
    for (c->via_n = 0; c->via_n < n; c->via_n++)
        if (!take_ip(rest, &c->via[c->via_n]) || !c->via[c->via_n].n)
            return false;
    return true;
}

int antispam_unpack_client(struct view bytes, struct antispam_client *c)
{
    *c = (struct antispam_client){0};
    if (antispam_take_client(&bytes, c) && !bytes.n)
        return 0;
    *c = (struct antispam_client){0};
    errno = EPROTO;
    return -1;
}

/* --- texts ------------------------------------------------------------------ */

/* Bytes of the character at the start of `v`; 0: no UTF-8, or a control character. */
static size_t harmless_character(struct view v)
{
    uint32_t c;
    size_t n = utf8_decode(v, &c);

    return n && (c < 0x20 || (c >= 0x7f && c <= 0x9f)) ? 0 : n;
}

/* Cut between two characters, never through one. */
void antispam_add_harmless(struct buf *to, struct view text, size_t max)
{
    size_t end = to->n + max;

    while (text.n) {
        size_t n = harmless_character(text), step = n ? n : 1;

        if (to->n + step > end)
            break;
        buf_add_view(to, n ? (struct view){text.p, n} : VIEW("?"));
        text = (struct view){text.p + step, text.n - step};
    }
}

bool antispam_is_harmless(struct view text)
{
    size_t n = 0;

    for (; text.n && (n = harmless_character(text)); text.n -= n)
        text.p += n;
    return text.n == 0;
}
