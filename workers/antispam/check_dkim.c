/*
 * check_dkim.c - the check `dkim`: DKIM signatures (RFC 6376, RFC 8301, RFC 8463) of the message.
 *
 * Called by judge.c. The topmost DKIM_SIGNATURES_MAX signatures are looked at, each by itself; one that
 * passes is enough. What the grammar or the clock rules out needs neither key nor libopendkim. A signature
 * that is good by RFC 6376 but covers less than all of the body (l=), or is made with SHA-1 (RFC 8301, 3.1),
 * passes, is told, and does not count for DMARC. One that lets somebody else add a From, a Subject and the
 * like does not pass, nor does any where readers may find other fields in the header (a CR that stands
 * alone).
 */
#include "workers/antispam/check.h"

#include "common/xalloc.h"
#include "workers/antispam/dkim_canary.h"
#include "workers/antispam/dkim_key.h"
#include "workers/antispam/dkim_text.h"
#include "workers/antispam/tag_list.h"

#include <ctype.h>
#include <stdlib.h>

#define KEY_BITS 1024
#define BODY_MAX (16 << 20)
#define SHOWN    80 /* bytes of a domain or selector in `detail` */

struct state {
    struct dkim_engine *engine;
    size_t max_size;
};

struct looked { /* at one signature */
    const struct mail_field *field;
    struct dkim_signature s;
    enum check_result result;
    const char *why;
    bool weak; /* it passes, but not for DMARC */
};

static void close_state(void *state)
{
    struct state *st = state;

    dkim_engine_close(&st->engine);
    free(st);
}

static void *open_state(const struct settings *s, struct buf *why)
{
    struct state *st = xcalloc(1, sizeof *st);
    int64_t bits = settings_int(s, "dkim", "min_key_bits", KEY_BITS);
    int64_t size = settings_int(s, "dkim", "max_size", BODY_MAX);

    st->max_size = size > 0 ? (size_t)size : 0;
    st->engine = dkim_engine_open(bits > 0 && bits <= 16384 ? (unsigned)bits : KEY_BITS, why);
    if (st->engine && dkim_canary_check(st->engine, why) == 0)
        return st;
    close_state(st);
    return NULL;
}

/* --- one signature ------------------------------------------------------ */

/* Reads it. False: it is lost already. */
static bool read_one(struct judge *j, unsigned n, struct looked *l)
{
    l->field = judge_mail_field(j, "DKIM-Signature", n);
    dkim_signature_read(l->field->value, &l->s);
    l->result = RESULT_permerror;
    l->why = l->s.broken ? l->s.broken : dkim_signature_untimely(&l->s, j->now / 1000);
    return !l->why;
}

static const struct fact *key_of(struct judge *j, const struct looked *l)
{
    char name[FACTS_NAME_MAX + 1];
    struct view v = dkim_signature_key_name(&l->s, name);
    static const struct fact nowhere = {.type = FACT_TXT, .rcode = FACT_NXDOMAIN};

    return v.n ? judge_fact(j, FACT_TXT, v) : &nowhere;
}

/* Fields of which a message has just one: where there are more, a reader may show another one than was signed
 * (RFC 6376, 8.15). */
static const struct {
    const char *name, *why;
} singles[] = {
    {"From", "a From is not signed"},
    {"Subject", "a Subject is not signed"},
    {"Date", "a Date is not signed"},
    {"To", "a To is not signed"},
    {"Cc", "a Cc is not signed"},
    {"Reply-To", "a Reply-To is not signed"},
    {"Message-ID", "a Message-ID is not signed"},
    {"Content-Type", "a Content-Type is not signed"},
    {"MIME-Version", "a MIME-Version is not signed"},
    {"Content-Transfer-Encoding", "a Content-Transfer-Encoding is not signed"},
};

/* The message has more of them than h= covers: whoever forwards it may have added one. NULL: of none. What
 * h= leaves out altogether was never vouched for. */
static const char *why_added(const struct judge *j, const struct looked *l)
{
    for (size_t i = 0; i < sizeof singles / sizeof *singles; i++) {
        const unsigned n = tag_list_count(l->s.h, singles[i].name);

        if (n && judge_mail_field(j, singles[i].name, n))
            return singles[i].why;
    }
    return NULL;
}

static void pass_or_not(const struct judge *j, struct looked *l)
{
    const bool relaxed = dkim_signature_is_relaxed(&l->s);
    struct view body = j->mail->header->body;
    const char *added = why_added(j, l);

    l->result = RESULT_policy;
    if (!judge_mail_field(j, "From", 0)) {
        l->why = "there is no From";
    } else if (added) {
        l->why = added;
    } else if (j->mail->header->odd & MAIL_HEADER_BARE_CR) {
        l->why = "a CR stands alone in the header"; /* some readers see a field begin there */
    } else if (relaxed && dkim_text_has_bare_cr(body)) {
        l->why = "a CR stands alone in the body"; /* libopendkim does not hash it there */
    } else {
        l->result = RESULT_pass;
        l->why = NULL;
        if (l->s.l.p && l->s.length < dkim_text_length(body, relaxed))
            l->why = "not all of the body is signed, l=";
        else if (view_equal_nocase(l->s.a, VIEW("rsa-sha1")))
            l->why = "SHA-1 does not count any more";
        l->weak = l->why != NULL;
    }
}

static void verify(struct judge *j, const struct state *st, struct looked *l)
{
    struct dkim_task t = {.header = j->mail->header, .body = j->mail->header->body, .signature = &l->s};
    struct dkim_outcome o;
    struct dkim_key key;

    l->result = dkim_key_choose(key_of(j, l), &l->s, &key, &l->why);
    if (l->result != RESULT_pass)
        return;
    t.field = l->field;
    t.key = key.record;
    dkim_engine_verify(st->engine, &t, &o);
    l->result = o.result;
    l->why = o.why;
    if (l->result == RESULT_pass)
        pass_or_not(j, l);
    if (!key.testing)
        return;
    if (l->result == RESULT_fail) {
        l->result = RESULT_neutral;
        l->why = "it fails, and the key is marked as a test";
    } else if (l->result == RESULT_pass && !l->why) {
        l->why = "the key is marked as a test";
    }
}

/* --- all of them -------------------------------------------------------- */

static unsigned count(const struct judge *j)
{
    unsigned n = 0;

    while (judge_mail_field(j, "DKIM-Signature", n))
        n++;
    return n;
}

/* Nothing that was cut off may be missing in what is hashed. */
static const char *why_not(const struct judge *j, const struct state *st)
{
    if (j->mail->bytes.n > st->max_size)
        return "the message is larger than dkim.max_size";
    if (j->mail->header->odd & (MAIL_HEADER_FIELDS_MAX | MAIL_HEADER_SIZE_MAX))
        return "the header is too long to be verified";
    return NULL;
}

static void ask(struct judge *j, void *state)
{
    unsigned n = why_not(j, state) ? 0 : count(j);
    struct looked l;

    for (unsigned i = 0; i < n && i < DKIM_SIGNATURES_MAX; i++)
        if (read_one(j, i, &l))
            key_of(j, &l);
}

/* The most telling result. What is not known may be a pass. */
static unsigned rank(const struct looked *l)
{
    static const enum check_result order[] = {RESULT_pass,   RESULT_unknown,   RESULT_fail,
                                              RESULT_policy, RESULT_permerror, RESULT_temperror,
                                              RESULT_neutral};
    unsigned i = 0;

    while (i < sizeof order / sizeof *order && order[i] != l->result)
        i++;
    return 2 * i + l->weak;
}

static const struct looked *decide(const struct looked *l, unsigned n)
{
    const struct looked *best = l;

    for (unsigned i = 1; i < n; i++)
        if (rank(&l[i]) < rank(best))
            best = &l[i];
    return best;
}

static int shown(struct view v)
{
    return v.n < SHOWN ? (int)v.n : SHOWN;
}

static void describe(struct buf *to, const struct looked *l)
{
    buf_addf(to, "%sd=%.*s s=%.*s a=%.*s: %s", to->n ? "; " : "", shown(l->s.d), l->s.d.n ? l->s.d.p : "",
             shown(l->s.s), l->s.s.n ? l->s.s.p : "", shown(l->s.a), l->s.a.n ? l->s.a.p : "",
             check_result_name(l->result));
    if (l->why)
        buf_addf(to, " (%s)", l->why);
}

static void describe_others(const struct judge *j, struct buf *to, unsigned more)
{
    if (more)
        buf_addf(to, "; %u more not looked at", more);
    if (judge_mail_field(j, "DomainKey-Signature", 0))
        buf_addf(to, "%sDomainKey-Signature is obsolete (RFC 4870), not looked at", to->n ? "; " : "");
}

/* Words of a property are tokens, else quoted strings (RFC 8601, 2.2). */
static void add_prop(struct buf *to, const char *name, struct view v)
{
    bool token = v.n > 0;

    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] <= ' ' || v.p[i] > '~' || v.p[i] == '"' || v.p[i] == '\\')
            return;
        token = token && (isalnum((unsigned char)v.p[i]) || strchr(".-_", v.p[i]));
    }
    if (!v.n || v.n > SHOWN)
        return;
    buf_addf(to, token ? "%s%s=%.*s" : "%s%s=\"%.*s\"", to->n ? " " : "", name, (int)v.n, v.p);
}

static void add_props(struct judge *j, struct antispam_result *r, const struct looked *l)
{
    struct buf props = {0};
    char begin[8];

    add_prop(&props, "header.d", l->s.d);
    add_prop(&props, "header.s", l->s.s);
    add_prop(&props, "header.a", l->s.a);
    add_prop(&props, "header.b", dkim_signature_begin(&l->s, begin));
    if (props.n)
        judge_prop(j, r, "%s", props.p);
    buf_free(&props);
}

static struct view lower(struct judge *j, struct view v)
{
    struct view copy = mail_arena_copy(j->arena, v);
    char *p = (char *)(uintptr_t)copy.p; /* the arena's, hence ours */

    for (size_t i = 0; i < copy.n; i++)
        if (p[i] >= 'A' && p[i] <= 'Z')
            p[i] = (char)(p[i] + ('a' - 'A'));
    return copy;
}

static void tell_others(struct judge *j, const struct looked *l, unsigned n, const struct looked *best)
{
    for (unsigned i = 0; i < n; i++) {
        if (l[i].result == RESULT_pass && !l[i].weak)
            j->auth.dkim_domain[j->auth.dkim_n++] = lower(j, l[i].s.d);
        else if (l[i].result == RESULT_temperror || l[i].result == RESULT_unknown)
            j->auth.dkim_open[j->auth.dkim_open_n++] = (struct judge_signer){lower(j, l[i].s.d), l[i].result};
    }
    j->auth.dkim = best->weak ? RESULT_policy : best->result;
}

static void say_none(struct judge *j, enum check_result result, const char *why)
{
    struct buf detail = {0};

    buf_add_str(&detail, why);
    describe_others(j, &detail, 0);
    judge_say(j, CHECK_dkim, VIEW(""), result, "%s", detail.p);
    j->auth.dkim = result;
    buf_free(&detail);
}

static void judge_dkim(struct judge *j, void *state)
{
    struct looked l[DKIM_SIGNATURES_MAX] = {0};
    const unsigned all = count(j), n = all < DKIM_SIGNATURES_MAX ? all : DKIM_SIGNATURES_MAX;
    const char *why = why_not(j, state);
    struct buf detail = {0};
    const struct looked *best;

    if (why || !n) {
        say_none(j, n ? RESULT_neutral : RESULT_none, n ? why : "no signature");
        return;
    }
    for (unsigned i = 0; i < n; i++) {
        if (read_one(j, i, &l[i]))
            verify(j, state, &l[i]);
        describe(&detail, &l[i]);
    }
    describe_others(j, &detail, all - n);
    best = decide(l, n);
    add_props(j, judge_say(j, CHECK_dkim, VIEW(""), best->result, "%s", detail.p), best);
    tell_others(j, l, n, best);
    buf_free(&detail);
}

const struct check_ops check_dkim = {
    .open = open_state, .close = close_state, .ask = ask, .judge = judge_dkim};
