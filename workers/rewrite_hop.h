/*
 * rewrite_hop.h - counts Received: fields, and those that this host's spoold wrote, for the loop guard.
 *
 * Fed by the field scanner with the bytes of one line after the other, line
 * ends left out (a fold is then the blank that the next line begins with).
 * Remembers a place in the wanted text and no byte of the message.
 */
#ifndef WORKERS_REWRITE_HOP_H
#define WORKERS_REWRITE_HOP_H

#include "common/view.h"

#include <stdint.h>

enum rewrite_hop_at { REWRITE_HOP_OFF, REWRITE_HOP_NAME, REWRITE_HOP_COLON, REWRITE_HOP_VALUE };

struct rewrite_hop {
    struct view host;
    enum rewrite_hop_at at;
    size_t i; /* bytes of the wanted text that were seen */
    bool gap; /* the last one was a blank: more of them count as the same */
    uint32_t hops, own;
};

/* A new field begins. */
void rewrite_hop_begin(struct rewrite_hop *h);
void rewrite_hop_add(struct rewrite_hop *h, struct view v);

#endif
