/*
 * spf_macro.h - macro-strings of SPF (RFC 7208, 7): is it one, and what does it stand for?
 *
 * Called by spf_record.c for the syntax and by spf.c for names to ask and for explanations. The strings come
 * from strangers' DNS, the values from strangers' mail: both are any bytes. Pure; no memory but the caller's;
 * linear in macros times values.
 */
#ifndef WORKERS_ANTISPAM_SPF_MACRO_H
#define WORKERS_ANTISPAM_SPF_MACRO_H

#include "common/view.h"

#include <stdint.h>

#define SPF_NAME_MAX 253
/* Longer than the 253 bytes that matter: what is in front is dropped by labels (RFC 7208, 7.3). */
#define SPF_TAIL_MAX 512

/* One piece of a macro-string. */
struct spf_macro {
    char letter;         /* lower case; 0: `literal` stands there */
    bool escape;         /* the letter was a capital */
    bool reverse;        /* "r" */
    unsigned keep;       /* right-hand parts; 0 = all */
    struct view cut;     /* delimiters; empty = "." */
    struct view literal; /* "%%" and the like are the text that they stand for */
    bool is_plain;       /* it is literal in the record, too */
};
/* 1: the next piece, `rest` goes on behind it; 0: the end; -1: no macro-string, `rest` stands where it
 * breaks. A byte of literals is 0x21-0x7e, and a blank where `blanks` says so (explanations). */
int spf_macro_next(struct view *rest, bool blanks, struct spf_macro *m);
/* A macro-string of these letters; those of explanations alone are c, r, t. */
bool spf_macro_is_string(struct view v, bool blanks, bool explains);
/* A domain-spec: ends with a macro, or with "." and a top label that is none of digits alone. */
bool spf_macro_is_domain_spec(struct view v);
/* It is a macro-string and has this letter in it. */
bool spf_macro_has(struct view v, char letter);

struct spf_values {
    struct view local, sender_domain; /* l, o; s is both */
    struct view domain;               /* d */
    struct view helo;                 /* h */
    struct view client;               /* p; empty: "unknown" */
    struct view receiver;             /* r; empty: "unknown" */
    int64_t now;                      /* t, Unix seconds */
    const unsigned char *ip;          /* 16 bytes, IPv4 as ::ffff:0:0/96 */
    bool is_ip4;
};
/* The name that a domain-spec stands for, without a last dot, into `to` (SPF_NAME_MAX + 1 bytes). Its length;
 * 0: it is longer than a name and no label can be dropped, or empty. */
size_t spf_macro_name(struct view spec, const struct spf_values *values, char *to);
/* What a text (an explanation) stands for. Its length; 0: it is no such text, is empty or longer than `max`.
 */
size_t spf_macro_text(struct view text, const struct spf_values *values, char *to, size_t max);
/* "192.0.2.1" in any case of `is_ip4`, "2001:db8::1" else; `to` has room for 46. */
void spf_macro_address(const unsigned char *ip, bool is_ip4, char *to);
/* The name of its reverse zone; `to` has room for 80. Its length. */
size_t spf_macro_reverse(const unsigned char *ip, bool is_ip4, char *to);
/* Without a last dot. */
struct view spf_macro_bare(struct view v);
/* A name that can be asked: labels of 1-63 bytes, at most 253, no last dot. */
bool spf_macro_is_name(struct view name);
/* A domain that can have a record (RFC 7208, 4.3): such a name of two labels and more, the last one a top
 * label of letters, digits and inner hyphens. */
bool spf_macro_is_domain(struct view name);

#endif
