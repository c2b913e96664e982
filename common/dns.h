/*
 * dns.h - what the supervisor and worker-dns say to each other once the link of a job stands between them.
 *
 * worker-dns has one job as long as it lives: to answer questions over the socket that came with it
 * (WIRE_JOB_PEER, SOCK_SEQPACKET). A packet is a head of 8 bytes (magic, type, number of items) and items:
 *   RESOLVE  {id u32, type u8, length u8, name}                  supervisor; type: enum fact_type
 *   ANSWER   {id u32, a fact as facts_pack_one() writes it}      worker; each RESOLVE item is answered once
 *   FLUSH    no items: forget what is cached                     supervisor
 *   ASK      no items: how are you?                              supervisor
 *   STATE    {length u32, JSON text}                             worker's answer to ASK
 * Numbers are little endian. Whoever breaks this is not listened to any more: its end of the socket is
 * closed.
 */
#ifndef COMMON_DNS_H
#define COMMON_DNS_H

#include "common/facts.h"

#define DNS_PACKET_MAX    (60u << 10) /* bytes */
#define DNS_QUESTIONS_MAX 200         /* in one packet */
#define DNS_STATE_MAX     (32u << 10) /* bytes of the JSON text */
#define DNS_OPEN_MAX      20000       /* questions that the supervisor may have open */

enum dns_type { DNS_RESOLVE = 1, DNS_ANSWER, DNS_FLUSH, DNS_ASK, DNS_STATE, DNS_TYPE__MAX };

struct dns_question {
    uint32_t id;
    enum fact_type type;
    struct view name;
};

/* Begins a packet in an empty buffer; items follow, and dns_end() makes it one that can be read. */
void dns_begin(struct buf *to, enum dns_type type);
/* False: no room for it, the packet has to be sent first; never where it is the first one. Names as
 * fact_name_clean() makes them. */
bool dns_add_question(struct buf *to, const struct dns_question *q);
bool dns_add_answer(struct buf *to, uint32_t id, const struct fact *f);
/* Printable ASCII, or it is refused where it is read; "{}" instead of one that is too long. */
void dns_add_state(struct buf *to, struct view json);
bool dns_is_empty(const struct buf *packet); /* no items yet */
void dns_end(struct buf *packet);

/* Reads a packet item by item. */
struct dns_reader {
    enum dns_type type;
    struct view rest;
    unsigned left;
};
/* 0, or -1: it is none. */
int dns_read(struct dns_reader *r, struct view packet);
/* 1; 0 at the end; -1: broken. `answer` has room for FACTS_ANSWERS_MAX views. */
int dns_next_question(struct dns_reader *r, struct dns_question *q);
int dns_next_answer(struct dns_reader *r, uint32_t *id, struct fact *f, struct view *answer);
int dns_next_state(struct dns_reader *r, struct view *json);

#endif
