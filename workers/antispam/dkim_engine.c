/*
 * dkim_engine.c - see dkim_engine.h. The only file that calls libopendkim.
 *
 * Each signature has a pass of its own: libopendkim answers one syntax error for a whole message, and one
 * broken field would hide a good one. In that pass the signature stands before all other fields, and other
 * signatures are shown only where h= names them: libopendkim takes the last fields of a name first, and would
 * else take the signature itself for one that it signs; where h= has more names than there are fields left it
 * writes behind its list (dkim_canon_selecthdrs), which needs every field to be signed and so cannot happen
 * while the signature itself is not. Never dkim_ohdrs(), and no DNS: the key comes from the caller. It trusts
 * dkim_signature.c.
 */
#include "workers/antispam/dkim_engine.h"

#include "common/xalloc.h"
#include "workers/antispam/dkim_text.h"
#include "workers/antispam/tag_list.h"

#include <opendkim/dkim.h>
#include <stdlib.h>

struct dkim_engine {
    DKIM_LIB *lib;
};

static DKIM_CBSTAT give_key(DKIM *d, DKIM_SIGINFO *sig, u_char *to, size_t size)
{
    const struct dkim_task *t = dkim_get_user_context(d);

    (void)sig;
    if (!t || !t->key.n || t->key.n >= size)
        return DKIM_CBSTAT_NOTFOUND;
    memcpy(to, t->key.p, t->key.n);
    to[t->key.n] = '\0';
    return DKIM_CBSTAT_CONTINUE;
}

/* Only the first one: it is ours. */
static DKIM_CBSTAT ignore_others(DKIM *d, DKIM_SIGINFO **sig, int n)
{
    (void)d;
    for (int i = 1; i < n; i++)
        dkim_sig_ignore(sig[i]);
    return DKIM_CBSTAT_CONTINUE;
}

static bool set_option(DKIM_LIB *lib, dkim_opts_t option, void *value, size_t n)
{
    return dkim_options(lib, DKIM_OP_SETOPT, option, value, n) == DKIM_STAT_OK;
}

struct dkim_engine *dkim_engine_open(unsigned min_key_bits, struct buf *why)
{
    /* Else a From that libopendkim cannot read would fail a signature that is good. */
    unsigned flags = DKIM_LIBFLAGS_BADSIGHANDLES, bits = min_key_bits;
    struct dkim_engine *e = xcalloc(1, sizeof *e);

    e->lib = dkim_init(NULL, NULL);
    if (e->lib && dkim_libfeature(e->lib, DKIM_FEATURE_SHA256) &&
        dkim_libfeature(e->lib, DKIM_FEATURE_ED25519) &&
        set_option(e->lib, DKIM_OPTS_FLAGS, &flags, sizeof flags) &&
        set_option(e->lib, DKIM_OPTS_MINKEYBITS, &bits, sizeof bits) &&
        dkim_set_key_lookup(e->lib, give_key) == DKIM_STAT_OK &&
        dkim_set_prescreen(e->lib, ignore_others) == DKIM_STAT_OK)
        return e;
    buf_add_str(why, "libopendkim cannot be used: no SHA-256, no Ed25519, or an option is missing");
    dkim_engine_close(&e);
    return NULL;
}

void dkim_engine_close(struct dkim_engine **e)
{
    if (!*e)
        return;
    if ((*e)->lib)
        dkim_close((*e)->lib);
    free(*e);
    *e = NULL;
}

/* --- the header --------------------------------------------------------- */

static bool is_signature(const struct mail_field *f)
{
    return view_equal_nocase(f->name, VIEW(DKIM_SIGNHEADER));
}

static bool has_nul(struct view v)
{
    return v.n && memchr(v.p, '\0', v.n);
}

static bool is_signed(const struct dkim_task *t, struct view name)
{
    struct view rest = t->signature->h, word;

    while (tag_list_word(&rest, &word))
        if (view_equal_nocase(word, name))
            return true;
    return false;
}

static DKIM_STAT give_field(DKIM *d, const struct mail_field *f, struct buf *text)
{
    buf_clear(text);
    dkim_text_add_field(text, f->whole);
    return dkim_header(d, (u_char *)text->p, text->n);
}

/* Which other signatures are signed by this one: the last `wanted` of them. */
static const char *give_signatures(DKIM *d, const struct dkim_task *t, unsigned wanted, struct buf *text)
{
    unsigned others = 0, at = 0;

    for (size_t i = 0; i < t->header->n; i++)
        others += is_signature(&t->header->field[i]) && &t->header->field[i] != t->field;
    if (wanted > others || wanted >= DKIM_SIGNATURES_MAX)
        return "it signs more signatures than can be looked at";
    for (size_t i = 0; i < t->header->n; i++) {
        const struct mail_field *f = &t->header->field[i];
        struct dkim_signature s;

        if (!is_signature(f) || f == t->field || at++ < others - wanted)
            continue;
        dkim_signature_read(f->value, &s);
        if (s.broken || give_field(d, f, text) != DKIM_STAT_OK)
            return "it signs a signature that is broken";
    }
    return NULL;
}

/* Fields that h= does not name do not matter, so one that libopendkim cannot have is no loss. */
static const char *give_fields(DKIM *d, const struct dkim_task *t, struct buf *text)
{
    for (size_t i = 0; i < t->header->n; i++) {
        const struct mail_field *f = &t->header->field[i];

        if (is_signature(f) || (!is_signed(t, f->name) && !view_equal_nocase(f->name, VIEW("from"))))
            continue;
        if (has_nul(f->whole))
            return "a NUL byte in a signed field";
        if (give_field(d, f, text) != DKIM_STAT_OK)
            return "libopendkim cannot read a signed field";
    }
    return NULL;
}

static const char *give_header(DKIM *d, const struct dkim_task *t)
{
    const unsigned signatures = tag_list_count(t->signature->h, DKIM_SIGNHEADER);
    struct buf text = {0};
    const char *why = NULL;

    if (has_nul(t->field->whole) || give_field(d, t->field, &text) != DKIM_STAT_OK)
        why = "libopendkim cannot read it";
    if (!why)
        why = give_fields(d, t, &text);
    if (!why && signatures)
        why = give_signatures(d, t, signatures, &text);
    buf_free(&text);
    return why;
}

/* --- the body, and the result ------------------------------------------- */

static DKIM_STAT give_body(DKIM *d, struct view body)
{
    struct dkim_text text;
    struct view piece;
    DKIM_STAT status = DKIM_STAT_OK;

    text.rest = body;
    text.open = false;
    while (status == DKIM_STAT_OK && dkim_minbody(d) > 0 && dkim_text_next(&text, &piece))
        status = dkim_body(d, (u_char *)(uintptr_t)piece.p, piece.n);
    return status;
}

static void say(struct dkim_outcome *o, enum check_result result, const char *why)
{
    o->result = result;
    o->why = why ? why : "libopendkim does not say why";
}

static void say_error(struct dkim_outcome *o, DKIM_SIGINFO *sig)
{
    const int error = dkim_sig_geterror(sig);

    if (error == DKIM_SIGERROR_BADSIG && dkim_sig_getbh(sig) == DKIM_SIGBH_MISMATCH)
        say(o, RESULT_fail, "the body was changed");
    else if (error == DKIM_SIGERROR_BADSIG)
        say(o, RESULT_fail, "header or signature was changed");
    else if (error == DKIM_SIGERROR_KEYTOOSMALL)
        say(o, RESULT_policy, "the key is too small");
    else
        say(o, RESULT_permerror, dkim_sig_geterrorstr(error));
}

/* NULL: there is none, and the outcome is told. */
static DKIM_SIGINFO *find_signature(DKIM *d, struct dkim_outcome *o)
{
    DKIM_SIGINFO **sig = NULL;
    int n = 0;

    if (dkim_getsiglist(d, &sig, &n) == DKIM_STAT_OK && sig && n > 0)
        return sig[0];
    say(o, RESULT_neutral, "libopendkim found no signature");
    return NULL;
}

static void verify(DKIM *d, const struct dkim_task *t, struct dkim_outcome *o)
{
    const char *why = give_header(d, t);
    DKIM_SIGINFO *sig;
    DKIM_STAT status;
    int error;

    if (why) {
        say(o, RESULT_neutral, why);
        return;
    }
    status = dkim_eoh(d);
    if (status != DKIM_STAT_OK) {
        say(o, RESULT_neutral, dkim_getresultstr(status));
        return;
    }
    if (!(sig = find_signature(d, o)))
        return;
    error = dkim_sig_geterror(sig);
    /* The header alone can tell that it is lost: no need to hash the body. */
    if (error == DKIM_SIGERROR_UNKNOWN || error == DKIM_SIGERROR_OK) {
        status = give_body(d, t->body);
        if (status == DKIM_STAT_OK)
            dkim_eom(d, NULL);
        error = dkim_sig_geterror(sig);
    }
    if (status != DKIM_STAT_OK)
        say(o, RESULT_neutral, dkim_getresultstr(status));
    else if (error != DKIM_SIGERROR_OK || !DKIM_SIG_CHECK(sig))
        say_error(o, sig);
    else
        *o = (struct dkim_outcome){RESULT_pass, NULL};
}

/*
 * libopendkim knows the machine's clock only, and times were judged by the message's. It takes a signature
 * for expired from x + drift on, and for one of the future before t - drift, without sign: t itself is the
 * drift that never ends before it begins.
 */
static void set_drift(struct dkim_engine *e, const struct dkim_signature *s)
{
    uint64_t drift = s->t.p ? s->at : UINT64_C(1) << 60;

    set_option(e->lib, DKIM_OPTS_CLOCKDRIFT, &drift, sizeof drift);
}

void dkim_engine_verify(struct dkim_engine *e, const struct dkim_task *t, struct dkim_outcome *o)
{
    DKIM_STAT status = DKIM_STAT_OK;
    DKIM *d;

    set_drift(e, t->signature);
    d = dkim_verify(e->lib, (const unsigned char *)"message", NULL, &status);
    if (!d) {
        say(o, RESULT_neutral, dkim_getresultstr(status));
        return;
    }
    dkim_set_user_context(d, (void *)(uintptr_t)t);
    verify(d, t, o);
    dkim_free(d);
}
