/*
 * control.h - the control socket's protocol: what spoolctl says and spoold answers.
 *
 * UNIX SOCK_SEQPACKET at state/control.sock. One request per connection: one
 * packet of 1..CONTROL_WORDS_MAX words, each ended by NUL: a verb, then
 * arguments (an ID or key=value). The answer is any number of packets, each one or more
 * whole lines of JSON; the last line is {"v":1,"end":true,"code":EXIT,"message":"..."} where
 * code is spoolctl's exit code and message is for people ("" when all is well).
 * Peer credentials are checked by spoold: root and spoold's own user.
 */
#ifndef COMMON_CONTROL_H
#define COMMON_CONTROL_H

#include "common/view.h"

#define CONTROL_SOCKET_NAME "control.sock"
#define CONTROL_REQUEST_MAX 4096 /* bytes of a request */
#define CONTROL_WORDS_MAX   16
#define CONTROL_ANSWER_MAX  32768 /* bytes of one answer packet */

struct control_request {
    struct view word[CONTROL_WORDS_MAX];
    size_t n;
};

/* Views into `packet`. 0, or -1: empty, unterminated, too many words, bytes outside printable UTF-8-safe
 * range (0x20-0x7e, 0x80-0xff). */
int control_parse_request(struct control_request *r, struct view packet);
/* The value of argument key=value, or a view with p == NULL. */
struct view control_argument(const struct control_request *r, const char *key);

#endif
