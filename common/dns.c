/*
 * dns.c - see dns.h: packets between supervisor and worker-dns.
 *
 * Both ends build packets with it and read those of the other. worker-dns talks to strangers' servers, so its
 * packets are input: a reader looks at one item at a time, refuses the first that is not as it must be, and
 * the caller then closes the socket. Names and answers are held against the rules of facts.h. Pure: no
 * sockets, no clock. The head: mark u32, type u16, items u16.
 */
#include "common/dns.h"

#include "common/pack.h"

#define DNS_MARK      0x31534e44u /* "DNS1" */
#define HEAD          8
#define ITEMS_AT      6 /* the number of items in the head */
#define QUESTION_HEAD 6
#define ID_BYTES      4
#define STATE_EMPTY   "{}"

_Static_assert(HEAD + ID_BYTES + FACTS_ONE_MAX <= DNS_PACKET_MAX, "one answer always fits");
_Static_assert(HEAD + DNS_QUESTIONS_MAX * (QUESTION_HEAD + FACTS_NAME_MAX) <= DNS_PACKET_MAX,
               "questions fit");
_Static_assert(HEAD + 4 + DNS_STATE_MAX <= DNS_PACKET_MAX, "the state fits");

/* --- writing ------------------------------------------------------------ */

/* The mark comes with dns_end(): a packet that was not ended is none. */
void dns_begin(struct buf *to, enum dns_type type)
{
    pack_number(to, 0, 4);
    pack_number(to, type, 2);
    pack_number(to, 0, 2);
}

static unsigned items_of(const struct buf *packet)
{
    return packet->n < HEAD ? 0 : (unsigned)pack_get(packet->p + ITEMS_AT, 2);
}

static void count_item(struct buf *packet)
{
    pack_put(packet->p + ITEMS_AT, items_of(packet) + 1, 2);
}

bool dns_add_question(struct buf *to, const struct dns_question *q)
{
    if (items_of(to) == DNS_QUESTIONS_MAX)
        return false;
    pack_number(to, q->id, ID_BYTES);
    pack_number(to, q->type, 1);
    pack_text(to, q->name, 1, FACTS_NAME_MAX);
    count_item(to);
    return true;
}

bool dns_add_answer(struct buf *to, uint32_t id, const struct fact *f)
{
    size_t before = to->n;

    pack_number(to, id, ID_BYTES);
    facts_pack_one(to, f);
    if (to->n > DNS_PACKET_MAX || items_of(to) == UINT16_MAX) {
        to->n = before;
        return false;
    }
    count_item(to);
    return true;
}

/* Half a text would be no JSON. */
void dns_add_state(struct buf *to, struct view json)
{
    pack_text(to, json.n <= DNS_STATE_MAX ? json : VIEW(STATE_EMPTY), 4, DNS_STATE_MAX);
    count_item(to);
}

bool dns_is_empty(const struct buf *packet)
{
    return items_of(packet) == 0;
}

void dns_end(struct buf *packet)
{
    pack_put(packet->p, DNS_MARK, 4);
}

/* --- reading ------------------------------------------------------------ */

static bool is_count(enum dns_type type, unsigned n)
{
    switch (type) {
    case DNS_RESOLVE:
        return n >= 1 && n <= DNS_QUESTIONS_MAX;
    case DNS_ANSWER:
        return n >= 1;
    case DNS_STATE:
        return n == 1;
    default:
        return n == 0;
    }
}

int dns_read(struct dns_reader *r, struct view packet)
{
    uint64_t mark, type, items;

    *r = (struct dns_reader){0};
    if (packet.n > DNS_PACKET_MAX || !pack_take(&packet, 4, &mark) || mark != DNS_MARK ||
        !pack_take(&packet, 2, &type) || !pack_take(&packet, 2, &items) || type < DNS_RESOLVE ||
        type >= DNS_TYPE__MAX || !is_count((enum dns_type)type, (unsigned)items) || (!items && packet.n))
        return -1;
    *r = (struct dns_reader){(enum dns_type)type, packet, (unsigned)items};
    return 0;
}

/* 1: there is one more of this type; 0: the packet is at its end; -1: broken. */
static int next_item(struct dns_reader *r, enum dns_type type)
{
    if (r->type != type || (!r->left && r->rest.n))
        return -1;
    if (!r->left)
        return 0;
    r->left--;
    return 1;
}

int dns_next_question(struct dns_reader *r, struct dns_question *q)
{
    char clean[FACTS_NAME_MAX + 1];
    uint64_t id, type;
    int rc = next_item(r, DNS_RESOLVE);

    if (rc <= 0)
        return rc;
    if (!pack_take(&r->rest, ID_BYTES, &id) || !pack_take(&r->rest, 1, &type) || type >= FACT_TYPE__MAX ||
        !pack_take_text(&r->rest, 1, FACTS_NAME_MAX, &q->name) || !q->name.n ||
        !view_equal(q->name, (struct view){clean, fact_question_clean(q->name, clean)}))
        return -1;
    q->id = (uint32_t)id;
    q->type = (enum fact_type)type;
    return 1;
}

int dns_next_answer(struct dns_reader *r, uint32_t *id, struct fact *f, struct view *answer)
{
    struct view fact;
    uint64_t n;
    size_t took = 0;
    int rc = next_item(r, DNS_ANSWER);

    if (rc <= 0)
        return rc;
    if (!pack_take(&r->rest, ID_BYTES, &n) || !(took = facts_unpack_one(r->rest, f, answer)) ||
        !pack_take_bytes(&r->rest, took, &fact))
        return -1;
    *id = (uint32_t)n;
    return 1;
}

/* It goes on into answers of the control socket, a line each. */
static bool is_line(struct view v)
{
    for (size_t i = 0; i < v.n; i++)
        if (v.p[i] < ' ' || v.p[i] > '~')
            return false;
    return v.n > 0;
}

int dns_next_state(struct dns_reader *r, struct view *json)
{
    int rc = next_item(r, DNS_STATE);

    if (rc <= 0)
        return rc;
    return pack_take_text(&r->rest, 4, DNS_STATE_MAX, json) && is_line(*json) && !r->rest.n ? 1 : -1;
}
