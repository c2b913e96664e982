/*
 * facts.h - answers of the DNS as the checks see them: what was asked, what came, when, and how long it
 * lasts.
 *
 * A fact is kept by type and name. The supervisor collects them from worker-dns, worker-antispam judges by
 * them and names those that it lacks (struct needs), records keep them, and a file of them (JSON, spoold's
 * design section 6) stands in for the DNS in `spoolctl check --facts`. Facts come from strangers' servers
 * and travel through workers: facts_unpack() and facts_read_json() (tools only) check everything.
 * Names are kept in lower case, without the last dot; escaped in no way; bytes 0x20-0x7e only; also those in
 * answers. fact.c has names, types and answers, facts.c the table and its packing, needs.c the questions.
 */
#ifndef COMMON_FACTS_H
#define COMMON_FACTS_H

#include "common/buf.h"
#include "common/json.h"

#include <stdint.h>

#define FACTS_MAX         600          /* of one message */
#define FACTS_PACKED_MAX  (128u << 10) /* bytes, packed */
#define FACTS_ONE_MAX     (48u << 10) /* bytes of one fact, packed; answers beyond are left out by who asks */
#define FACTS_ANSWERS_MAX 64          /* of one fact; more are left out by who asks */
#define FACTS_ANSWER_MAX  4096        /* bytes of one answer (a TXT record, joined) */
#define FACTS_NAME_MAX    253
#define FACTS_CNAMES_MAX  8 /* that a look-up follows */

enum fact_type { FACT_A, FACT_AAAA, FACT_MX, FACT_TXT, FACT_PTR, FACT_CNAME, FACT_TYPE__MAX };
enum fact_rcode { FACT_NOERROR, FACT_NXDOMAIN, FACT_SERVFAIL, FACT_TIMEOUT, FACT_RCODE__MAX };

/* answer: A, AAAA: the address as text; MX: "10 mail.example.com" ("0 ." = null MX, RFC 7505); TXT: any
 * bytes, the strings of one record joined; PTR, CNAME: a name. No data = NOERROR without answers. */
struct fact {
    enum fact_type type;
    enum fact_rcode rcode;
    struct view name;
    const struct view *answer;
    unsigned answer_n;
    uint32_t ttl; /* seconds */
    int64_t at;   /* when it was asked, Unix ms; 0 = not known */
};

/* What a name is that stands nowhere. */
enum facts_default { FACTS_MISSING, FACTS_NXDOMAIN };

struct facts_row;
struct facts {             /* zeroed = empty, FACTS_MISSING */
    struct facts_row *row; /* owned, with a hash table over them */
    unsigned n, cap;
    uint32_t *slot;
    unsigned slot_n;
    size_t packed; /* bytes of the rows in what facts_pack() adds */
    enum facts_default otherwise;
};

/* Copies it, names made clean. 0, or -1 with errno: EMSGSIZE a limit above is met, EINVAL a name, number or
 * answer that cannot be. One that is there already is left as it is. */
int facts_add(struct facts *f, const struct fact *fact);
/* As it stands there, without following CNAMEs; NULL: none. `name` in any case, with or without last dot. */
const struct fact *facts_get(const struct facts *f, enum fact_type type, struct view name);
/*
 * The answer to a question: the fact itself, or through CNAME facts (at most FACTS_CNAMES_MAX; more, or a
 * circle: a SERVFAIL). Where there is none: NULL, or an NXDOMAIN, as `otherwise` says; it and the SERVFAIL
 * have no name. The pointer is good until the next facts_add().
 */
const struct fact *facts_find(const struct facts *f, enum fact_type type, struct view name);
/* The i-th of f->n, in the order in which they came. */
const struct fact *facts_at(const struct facts *f, unsigned i);
void facts_pack(struct buf *to, const struct facts *f);
/* Adds them to `f`, and sets `otherwise`. 0, or -1 (EPROTO; EMSGSIZE: no room beside what is there) when the
 * bytes are no facts; `f` may then hold some. */
int facts_unpack(struct view bytes, struct facts *f);
/* One fact, as worker-dns sends it: answers that cannot be, or are too many, are left out; its name must be
 * one that can be asked. facts_unpack_one() answers how many bytes it took, 0 = it is none; its views point
 * into `bytes` and `answer` (room for FACTS_ANSWERS_MAX). */
void facts_pack_one(struct buf *to, const struct fact *fact);
size_t facts_unpack_one(struct view bytes, struct fact *fact, struct view *answer);
/* Adds the member "facts":{"default":..,"dns":{..},"now":".."}; `now` Unix ms. */
void facts_add_json(struct json *j, const struct facts *f, int64_t now);
/* Reads that object's text, or that of one with a member "facts" that is one. 0,
 * or -1 with plain words in `why`, and `f` may hold some. `*now` and `otherwise`
 * stay where the text has none. Tools only. */
int facts_read_json(struct facts *f, struct view text, int64_t *now, struct buf *why);
/* Empties it, and keeps `otherwise`. */
void facts_free(struct facts *f);

/* "TXT" ... ; NULL beyond the table. And back: FACT_TYPE__MAX when there is none. */
const char *fact_type_name(unsigned type);
enum fact_type fact_type_find(struct view name);
const char *fact_rcode_name(unsigned rcode);
enum fact_rcode fact_rcode_find(struct view name); /* FACT_RCODE__MAX: none */
/* Lower case, without the last dot, and a NUL into `to` (room for FACTS_NAME_MAX + 1). 0: it cannot be asked
 * (empty label, label over 63 bytes, over 253 bytes, other bytes than 0x20-0x7e). */
size_t fact_name_clean(struct view name, char *to);
/* The same for a question: within it blanks may stand, because macros of SPF lead to such names. */
size_t fact_question_clean(struct view name, char *to);
/* The answer as facts keep it: a name or MX made clean in `room`, anything else as it stands. False: no fact
 * of this type can have it. */
#define FACT_ROOM (FACTS_NAME_MAX + 8)
bool fact_answer_clean(enum fact_type type, struct view answer, char *room, struct view *clean);
uint32_t fact_hash(enum fact_type type, struct view clean);

/* What is to be asked: no question twice. */
struct need {
    enum fact_type type;
    struct view name; /* lower case, no last dot; memory of the needs */
};
#define NEEDS_MAX 500
struct needs {         /* zeroed = empty */
    struct need *need; /* owned, and the names */
    unsigned n, cap;
    uint32_t *slot; /* owned: a hash table over them */
    unsigned slot_n;
    bool over; /* there were more than NEEDS_MAX */
};
/* True: it is in there now. False: it is no name that can be asked, or one too many. */
bool needs_add(struct needs *n, enum fact_type type, struct view name);
void needs_pack(struct buf *to, const struct needs *n);
/* 0, or -1 (EPROTO): not taken, `n` is empty. `n` zeroed by the caller. */
int needs_unpack(struct view bytes, struct needs *n);
void needs_clear(struct needs *n);
void needs_free(struct needs *n);

#endif
