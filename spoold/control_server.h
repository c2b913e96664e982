/*
 * control_server.h - the control socket's daemon side (protocol: common/control.h).
 */
#ifndef SPOOLD_CONTROL_SERVER_H
#define SPOOLD_CONTROL_SERVER_H

#include "common/control.h"
#include "spoold/spoold.h"

#define CONTROL_CLIENTS_MAX 16
#define CONTROL_IDLE_MS     30000    /* a client that neither asks nor reads for this long is cut off */
#define CONTROL_QUEUE_MAX   67108864 /* bytes of one answer */

/* Binds state/control.sock, mode 0600. Fatal on failure. */
void control_open(struct spoold *s);
void control_close(struct spoold *s);
/* Adds the sockets to the loop's epoll set. */
void control_attach(struct spoold *s, int epoll);
/* Something happened on one of its descriptors. */
void control_event(struct spoold *s, int fd);
/* Cuts off idle clients. Returns the next due time. */
int64_t control_run(struct spoold *s, int64_t now);

#define CONTROL_LATER (-1) /* of a handler: the answer comes by control_reply() */
/* Whom the handler that runs now answers. */
struct control_ticket control_ticket(const struct spoold *s);
/* The whole answer, `lines` NULL or lines of JSON. Does nothing when that client has gone. */
void control_reply(struct spoold *s, struct control_ticket t, const struct buf *lines, int code,
                   const char *message);

/* What a handler in the loop does: lines of JSON onto `out`; returns an exit code and may set *message
 * (static text). */
typedef int control_answer(struct spoold *s, const struct control_request *r, struct buf *out,
                           const char **message);
control_answer control_status, control_queue; /* control_state.c */
control_answer control_metrics;               /* control_metrics.c */

#endif
