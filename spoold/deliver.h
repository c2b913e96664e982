/*
 * deliver.h - hands over what stands in an outlet to a mail server, by SMTP or LMTP.
 *
 * Where an intake has `deliver` set, spoold itself is the consumer of its outlet
 * folder. A pair there is one delivery: opened by the store (deliver_store.c),
 * connected by the loop (deliver_connect.c), told to the server by a worker-deliver
 * that gets the connected socket and no other way out. What became of each
 * recipient stands in NAME.sent before anything else is done about it; recipients
 * that are refused for good end in quarantine/failed.
 */
#ifndef SPOOLD_DELIVER_H
#define SPOOLD_DELIVER_H

#include "spoold/msg.h"

#include <sys/socket.h>

#define DELIVER_KNOWN_MAX 5000 /* deliveries in memory; more wait in their folder */

struct deliver;
struct json;

/* Where an outlet's messages go. */
struct deliver_address {
    struct sockaddr_storage to;
    socklen_t n;
    bool lmtp;
    bool near; /* on this machine */
};
/* "smtp:192.0.2.1:25", "lmtp:/run/x.sock" ... 0; or -1, and `why` says what is accepted (a constant). Pure.
 */
int deliver_address_parse(struct view text, struct deliver_address *a, const char **why);
/* Whether what this intake puts into its outlet is handed over by spoold. */
bool deliver_is_on(const struct config *cfg, size_t intake);

/* Loop thread. Without any `deliver` in the settings it does nothing; NULL is allowed in all but open and
 * status. */
struct deliver *deliver_open(struct spoold *s);
void deliver_close(struct deliver **d);
void deliver_attach(struct deliver *d, int epoll);
/* True when `fd` was one of its sockets. */
bool deliver_event(struct deliver *d, int fd);
/* Begins what is due; returns when to be called again, monotonic ms. */
int64_t deliver_run(struct deliver *d, int64_t now);
/* The copies of a message stand in the outlet now. */
void deliver_offer(struct deliver *d, const struct msg *m);
/* Something was put into an outlet. */
void deliver_look(struct deliver *d);
/* Nothing is under way, and nothing due before `now`: for --once. */
bool deliver_is_idle(const struct deliver *d, int64_t now);
/* Nothing is between two of its steps: spoold may end. */
bool deliver_is_quiet(const struct deliver *d);
/* All that waits, and servers that are left alone, are tried now. How many wait. */
size_t deliver_retry_all(struct deliver *d);
/* Adds a line for each delivery that is known, at most `most`: id, copy, state, since, next, reason. */
void deliver_add_queue(const struct deliver *d, struct buf *out, unsigned long most);
/* Adds "deliver":[{"intake","to","waiting","busy","trouble"}]. */
void deliver_add_status(const struct deliver *d, struct json *j);

#endif
