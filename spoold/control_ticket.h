/*
 * control_ticket.h - who waits for an answer of the control server that comes later.
 *
 * Given out by control_server.c, kept by whoever has the answer made, and given
 * back with it. A client may have gone meanwhile and its place may be somebody
 * else's: the number tells. 0 is nobody.
 */
#ifndef SPOOLD_CONTROL_TICKET_H
#define SPOOLD_CONTROL_TICKET_H

struct control_ticket {
    unsigned client, number;
};

#endif
