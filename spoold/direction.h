/*
 * direction.h - whether a message is outgoing: its client has logged in, or is in site.networks.
 *
 * The networks are put in order once, with the configuration (config.c); asked once a message.
 */
#ifndef SPOOLD_DIRECTION_H
#define SPOOLD_DIRECTION_H

#include "spoold/config.h"

struct direction;

/* Of c->site_networks, as loaded; NULL where there are none. */
struct direction *direction_new(const struct config *c);
void direction_free(struct direction **d);
/* `auth`: who has logged in; `ip`: the client, an address as text. Both empty where not known. */
bool direction_is_outgoing(const struct config *c, struct view auth, struct view ip);

#endif
