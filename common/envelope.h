/*
 * envelope.h - the .hdr file of a message pair (spool-formats.md 2.1).
 *
 *     line 1  status word: Written, Writing, Failed, Quarantined, Ready
 *     line 2  MAIL FROM, RFC 5321 reverse-path without brackets; empty or <> = null
 *     line 3  all recipients, comma-separated
 *     then    key: value, any case, may repeat, order kept, then an empty line
 *
 * LF or CRLF, optional UTF-8 BOM. Unknown keys are kept, in order, byte for
 * byte. `recipient:` keys, where there are any, win over line 3.
 * A parser of hostile bytes: iterative, bounded by the limits below, views into
 * one buffer that the envelope owns. It is the one parser that the supervisor
 * runs itself, because a message cannot be claimed without knowing its status.
 */
#ifndef COMMON_ENVELOPE_H
#define COMMON_ENVELOPE_H

#include "common/buf.h"

#define ENVELOPE_SIZE_MAX 4194304 /* bytes of one .hdr */
#define ENVELOPE_LINE_MAX 2097152 /* bytes of one line (line 3 holds all recipients) */
#define ENVELOPE_RCPT_MAX 50000   /* recipients of one message */
#define ENVELOPE_ADDR_MAX 1024    /* bytes of one address; RFC 5321 says 256, EAI and quoting need room */
#define ENVELOPE_KEYS_MAX 100000  /* key lines */

enum envelope_status {
    ENVELOPE_WRITTEN,
    ENVELOPE_WRITING, /* deposit under way */
    ENVELOPE_FAILED,
    ENVELOPE_QUARANTINED,
    ENVELOPE_READY,
    ENVELOPE_UNKNOWN,
    ENVELOPE_STATUS__MAX
};

struct envelope_key {
    struct view key;   /* as written, without the colon and blanks before it */
    struct view value; /* blanks at both ends cut */
    struct view line;  /* the whole line with its line end */
    unsigned lineno;
};

struct envelope {
    struct buf raw; /* owned; every view points into it */
    enum envelope_status status;
    bool bom, crlf;     /* crlf: line 1 ends in CRLF */
    struct view sender; /* without brackets; n = 0 is the null reverse-path */
    struct view *rcpt;  /* owned array */
    size_t rcpt_n;
    bool rcpt_from_keys;      /* recipients came from recipient: keys */
    struct envelope_key *key; /* owned array */
    size_t key_n;
    struct view head[3]; /* lines 1-3 with their line ends, BOM not included */
};

struct envelope_error {
    unsigned lineno; /* 1-based; 0 = the whole file */
    char what[160];  /* plain words: what is wrong and what is accepted; printable ASCII */
};

/*
 * Takes over raw->p (the caller's buf is emptied in every case). Status is read
 * even when the rest is broken, so that "Writing" is never an error.
 * 0; -1 with err filled: broken, and then only raw, status and what was read so
 * far are valid. envelope_free() in both cases.
 */
int envelope_parse(struct envelope *e, struct buf *raw, struct envelope_error *err);
void envelope_free(struct envelope *e);
/* The nth value (0 = first) of a key, any case; NULL when there is none. */
const struct view *envelope_find(const struct envelope *e, const char *key, size_t nth);
/* The first value; empty where there is none, or no envelope. */
static inline struct view envelope_value(const struct envelope *e, const char *key)
{
    const struct view *v = e ? envelope_find(e, key, 0) : NULL;

    return v ? *v : VIEW("");
}
/*
 * The envelope for a copy to recipients rcpt[index[0..n-1]]. With all recipients
 * the bytes are those of the original; else line 3, recipient: and notify:
 * lines of the others are left out and everything else is kept byte for byte.
 */
void envelope_write(const struct envelope *e, const size_t *index, size_t n, struct buf *out);
/* Whether it can stand as a recipient in an envelope, as it is. */
bool envelope_is_address(struct view text);
const char *envelope_status_name(enum envelope_status s);

#endif
