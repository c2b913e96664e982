/*
 * deliver.h - the words that supervisor and worker-deliver share: an order, and the notes about it.
 *
 * The order travels as the blob of a JOB: to whom, from whom, how. Each reply of
 * the server becomes a note, one line in a file that worker-deliver appends to at once
 * and the supervisor reads: so it is known who has the message, whoever is killed
 * when. Both directions are parsed as input: bounded, length-counted.
 */
#ifndef COMMON_DELIVER_H
#define COMMON_DELIVER_H

#include "common/buf.h"

#include <stdbool.h>
#include <stdint.h>

#define DELIVER_RCPT_MAX  100    /* of one transaction: RFC 5321 4.5.3.1.8 promises as many */
#define DELIVER_INDEX_MAX 50000  /* ENVELOPE_RCPT_MAX */
#define DELIVER_TEXT_MAX  200    /* bytes of a server's words in a note */
#define DELIVER_ORDER_MAX 524288 /* bytes of an order */

enum deliver_tls { DELIVER_TLS_NO, DELIVER_TLS_MAY, DELIVER_TLS_MUST, DELIVER_TLS_VERIFY, DELIVER_TLS__MAX };

enum {
    DELIVER_LMTP = 1,      /* RFC 2033: LHLO, and a reply for each recipient after the message */
    DELIVER_8BIT = 2,      /* the message was declared body: 8bitmime */
    DELIVER_UTF8 = 4,      /* smtputf8: yes (RFC 6531) */
    DELIVER_NEAR = 8,      /* the server is on this machine: a password may be sent without TLS */
    DELIVER_RET_FULL = 16, /* DSN, RFC 3461 */
    DELIVER_RET_HDRS = 32,
    DELIVER__FLAGS = 63
};

struct deliver_rcpt {
    uint32_t index;      /* in the envelope of the message that is handed over */
    struct view address; /* without brackets */
    struct view notify;  /* "NEVER", "SUCCESS,FAILURE" ...; empty = not asked for */
};

/* All views are borrowed. */
struct deliver_order {
    uint32_t flags;
    uint32_t tls;        /* enum deliver_tls */
    uint32_t timeout_ms; /* longest wait for a reply; twice as long after the end of the message */
    struct view helo;    /* our name */
    struct view tls_name;
    struct view user, password;
    struct view sender; /* without brackets; empty = the null reverse-path */
    struct view envid;  /* xtext, RFC 3461; empty = none */
    const struct deliver_rcpt *rcpt;
    size_t rcpt_n; /* 1..DELIVER_RCPT_MAX */
};

/* Adds the order's bytes to `to`. */
void deliver_pack(const struct deliver_order *o, struct buf *to);
/*
 * The order of these bytes; its views point into them, its recipients are written to `rcpt`. 0, or -1
 * (EINVAL): not whole, unknown flags, no recipient or too many, or a view with a control character (no CR,
 * LF, NUL ever reaches a command), or an address with a blank outside of quotes or with < or >.
 */
int deliver_unpack(struct view bytes, struct deliver_order *o, struct deliver_rcpt rcpt[DELIVER_RCPT_MAX]);

/* Whether it can stand between < and > in a command: no blank outside of quotes, no bracket, quotes that end.
 * Control characters are refused elsewhere. */
bool deliver_is_address(struct view v);

/* What became of one recipient in one transaction. */
enum deliver_fate {
    DELIVER_DONE = 'd',   /* 2xx: from here on the server answers for it */
    DELIVER_FAILED = 'f', /* 5xx, or never possible (no SMTPUTF8, longer than SIZE) */
    DELIVER_LATER = 't',  /* 4xx, or the connection broke: to be tried again */
};
struct deliver_note {
    uint32_t index;
    enum deliver_fate fate;
    unsigned code;    /* of the reply; 0 = none */
    struct view text; /* the reply's words, printable ASCII */
};
/* One line: "INDEX FATE CODE TEXT\n"; the text is cut, bytes outside 0x20-0x7e become '?'. */
void deliver_note_add(struct buf *to, const struct deliver_note *n);
/* The first line of `rest`, which is then behind it. 1; 0 there is no whole line any more; -1 the line is no
 * note (it is passed over). */
int deliver_note_next(struct view *rest, struct deliver_note *n);

#endif
