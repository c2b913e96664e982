/*
 * dns_line.h - a line to one server, by UDP or by TCP: a c-ares channel, its socket and what is under way on
 * it.
 *
 * Used by dns_send.c. c-ares keeps the questions, their time-outs, the framing of TCP and the connection;
 * which server, how often and what an answer means is not its matter: a channel has one server and one try.
 * Its system calls go through this file (ares_set_socket_functions), for three reasons:
 * - it makes only calls that the sandbox has;
 * - a packet that comes by UDP is held against the questions under way (dns_query_match) before c-ares sees a
 *   byte: what does not answer one is thrown away, and of what does c-ares gets a head only. So its parser of
 *   names, its end of all questions at an empty packet, its limit of 512 bytes and its step back from EDNS at
 *   the first SERVFAIL never meet what a stranger sent;
 * - numbers and letters of a question are ours (dns_query.h), as the generator of c-ares 1.18 is weak.
 * A socket has one port as long as it is open, and c-ares closes it when no question is left: a line that has
 * used its port for DNS_LINE_WORN questions is to be left alone until then.
 */
#ifndef WORKERS_DNS_DNS_LINE_H
#define WORKERS_DNS_DNS_LINE_H

#include "workers/dns/dns_query.h"
#include "workers/dns/dns_servers.h"

#define DNS_LINE_WORN   2000 /* questions from one port */
#define DNS_LINE_IDS    256  /* places of the table of numbers; a power of two */
#define DNS_LINE_PACKET 4096 /* bytes of a packet by UDP that are looked at */

enum dns_line_end {
    DNS_LINE_ANSWER, /* `packet` */
    DNS_LINE_CASE,   /* one came whose letters are of another case */
    DNS_LINE_TIMEOUT,
    DNS_LINE_BROKE, /* the server cannot be reached, or ended the connection */
};

/* One question on its way, in memory of the asker: from dns_line_send() to `done` it is the line's. */
struct dns_try {
    struct dns_query query;
    void *owner;   /* the asker's own; NULL: nobody waits for it */
    bool any_case; /* an answer whose letters have another case is one all the same */
    /* The line's: */
    struct dns_line *line;
    struct dns_try *chain, *older, *newer;
    int64_t sent;
};

struct ares_channeldata;
struct dns_line {
    struct ares_channeldata *channel;
    unsigned server; /* index of the address */
    bool tcp;
    unsigned open, asked; /* questions under way; sent by this socket */
    uint64_t strange;     /* packets that answered nothing */
    /* `packet` is good for this call only; c-ares must not be called from within. The try is the asker's
     * again, the line's numbers are counted already. */
    void (*done)(void *arg, struct dns_try *t, enum dns_line_end end, struct view packet);
    void *arg;
    /* Its own: */
    struct dns_try *by_id[DNS_LINE_IDS];
    struct dns_try *oldest, *newest;
    int64_t timeout;
    int fd;                /* -1: closed */
    bool wants_write;      /* TCP */
    enum dns_line_end got; /* of the packet that c-ares is being given */
    struct view got_bytes;
    unsigned char packet[DNS_LINE_PACKET];
};

/* In the loader: c-ares opens a file here. The line is zeroed but for server, tcp, done, arg. 0 or -1. */
int dns_line_open(struct dns_line *l, const struct dns_address *a, int timeout_ms);
/* Calls `done` (BROKE) for what is under way. */
void dns_line_close(struct dns_line *l);
/* Takes the number of the question; letters are the caller's matter. `done` may be called from within. */
void dns_line_send(struct dns_line *l, struct dns_try *t, struct dns_random *r);
/* Its port was used for DNS_LINE_WORN questions, and is still open. */
bool dns_line_is_worn(const struct dns_line *l);
/* For poll(2); 0: it has no socket, or waits for nothing. */
short dns_line_events(const struct dns_line *l);
/* After poll(2) of l->fd; with revents 0 only what timed out is ended. */
void dns_line_run(struct dns_line *l, short revents);
/* When it must be run at the latest; -1: no question is under way. */
int64_t dns_line_due(const struct dns_line *l);
/* Milliseconds of CLOCK_MONOTONIC, which c-ares goes by. */
int64_t dns_line_clock(void);

#endif
