/*
 * check.h - what a check of the antispam stage is, and what it is given to judge by.
 *
 * A check is a row of common/check_table.h and one file check_ID.c with `const struct check_ops check_ID`.
 * It is a pure function of message, envelope, settings and facts: no clock but j->now, no DNS but
 * judge_fact(), no memory between messages. The bytes of message and facts are hostile: iterative, bounded,
 * length-counted. judge.c calls the checks in the order of the table; see common/antispam.h for the rounds.
 */
#ifndef WORKERS_ANTISPAM_CHECK_H
#define WORKERS_ANTISPAM_CHECK_H

#include "common/antispam.h"
#include "common/settings.h"
#include "workers/mail/mail.h"
#include "workers/mail/mail_address.h"
#include "workers/mail/mail_received.h"
#include "workers/mail/mail_text.h"

struct judge;

struct check_ops {
    /* Loader, before lock-down; the state is read only afterwards, shared by all children. NULL, with the
     * reason ("FILE:LINE: ...") in `why`, when the settings cannot be used; a check without state answers any
     * other pointer. NULL member: no state. */
    void *(*open)(const struct settings *s, struct buf *why);
    void (*close)(void *state);
    /* First round, with the message: names what the message makes necessary (DKIM keys, hosts of links). */
    void (*ask)(struct judge *j, void *state);
    /* Every round but the last, without the message (j->mail is NULL): goes as far as the facts lead, and
     * names what is missing. Run again from the start each time. */
    void (*unfold)(struct judge *j, void *state);
    /* With the message: gives its results, judge_say(). */
    void (*judge)(struct judge *j, void *state);
};

#define JUDGE_FROM_DOMAINS 4

struct judge_text {
    struct view text; /* UTF-8, decoded; of HTML as its reader sees it */
    struct view raw;  /* transfer encoding undone, nothing else */
    bool html;
    unsigned part; /* in mail.part */
};

/* The message; each thing is made when it is first asked for (judge_mail.c). */
struct judge_mail {
    struct view bytes;
    struct mail mail;
    const struct mail_header *header; /* of the message, in its usual reading */
    struct mail_received_chain received;
    bool has_received;
    struct mail_addresses from; /* of all From: fields */
    unsigned from_fields;
    /* What they name, each once: as the DNS knows it, lower case, A-labels, no last dot. */
    struct view from_domains[JUDGE_FROM_DOMAINS];
    unsigned from_domain_n;
    bool from_over;          /* there are more domains, or addresses, than are looked at */
    bool from_unread;        /* and one that is no name */
    struct view from_domain; /* the only one; empty: there is none, or several */
    struct view subject;     /* decoded, unfolded, UTF-8 */
    struct judge_text *text;
    unsigned text_n;
    struct mail_urls urls;
    bool has_text; /* text and urls are made */
    struct charset_set *set;
    bool text_cut; /* of a text part only the beginning was read, or kept */
};

struct judge_address {                /* of the envelope sender */
    struct view whole, local, domain; /* domain: lower case, no last dot; empty for the null sender */
};

struct judge_signer { /* of a DKIM signature that may pass when it is tried again */
    struct view domain;
    enum check_result result; /* temperror, unknown */
};

/* What one check tells those behind it. */
struct judge_auth {
    enum check_result spf, spf_helo, dkim, dmarc; /* RESULT__MAX: not judged */
    struct view spf_domain;                       /* that was judged by spf */
    bool spf_by_helo;                             /* the null sender: SPF's domain is that of HELO */
    struct view dkim_domain[5];                   /* d= of signatures that pass */
    unsigned dkim_n;
    struct judge_signer dkim_open[5];
    unsigned dkim_open_n;
    enum check_result iprev;
    struct view client_name; /* where iprev passed */
};

struct judge {
    const struct antispam *a;
    const struct antispam_order *order;
    struct judge_address sender;
    bool authenticated, local, outgoing; /* by the envelope alone; outgoing: either of them */
    struct antispam_client client;       /* of crumbs, or set by check_gateway in the first round */
    unsigned char ip[16];                /* of client.ip, network order, IPv4 as ::ffff:0:0/96 */
    bool has_ip, is_ip4;
    const struct facts *facts;
    int64_t now;             /* Unix ms */
    struct judge_mail *mail; /* NULL: not in this round */
    struct judge_auth auth;
    struct needs *needs;
    struct antispam_verdict *verdict;
    struct mail_arena *arena; /* dropped after the round */
};

/* The answer to a question, CNAMEs followed; NULL: not known (yet), and from now on named as needed. What
 * cannot be asked at all (no name) is an NXDOMAIN. */
const struct fact *judge_fact(struct judge *j, enum fact_type type, struct view name);
/* Adds a result; answers it, for `count` and `props`; never NULL. `name` empty for PLAIN ones. */
__attribute__((format(printf, 5, 6))) struct antispam_result *judge_say(struct judge *j, enum check check,
                                                                        struct view name,
                                                                        enum check_result result,
                                                                        const char *fmt, ...);
/* Props of that result, "smtp.mailfrom=example.org" (RFC 8601, 2.3). */
__attribute__((format(printf, 3, 4))) void judge_prop(struct judge *j, struct antispam_result *r,
                                                      const char *fmt, ...);
/* The list or rule is named as suspended in the order: "rbl", "zen". */
bool judge_is_suspended(const struct judge *j, const char *kind, struct view name);

/* judge_mail.c: what of the message is made on demand. */
const struct mail_received_chain *judge_mail_received(struct judge *j);
/* Text of every text part of the usual reading (at most 1000), and all links in them. */
void judge_mail_texts(struct judge *j);
struct view judge_mail_subject(struct judge *j);
/* The n-th field of this name (0 = the first), any case; NULL: there is none. */
const struct mail_field *judge_mail_field(const struct judge *j, const char *name, unsigned n);

/* judge_domain.c: the organisational domain (RFC 7489, 3.2), by libpsl; the name itself where it is a public
 * suffix. `domain`: ASCII lower case. Opened once, in the loader. */
struct view judge_domain_org(const struct judge *j, struct view domain);

#endif
