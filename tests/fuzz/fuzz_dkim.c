/*
 * fuzz_dkim.c - any message, any key record: the check dkim as a whole, with libopendkim behind it.
 *
 * Built with libFuzzer or with a plain main that feeds files. The first line is the key record that every
 * name has; "!" is no answer, "?" was never asked, nothing is no record. The rest is the message. libopendkim
 * must not assert, whatever comes; one that does ends the process.
 */
#include "tests/fuzz/fuzz_auth.h"

#include "workers/antispam/dkim_signature.h"
#include "workers/antispam/dkim_text.h"

#define INPUT_MAX 20000

extern const struct check_ops check_dkim;

static struct view record;

const struct fact *fuzz_fact(struct view name)
{
    static struct fact f;

    (void)name;
    f = (struct fact){.type = FACT_TXT, .answer = &record, .answer_n = record.n > 0};
    if (record.n == 1 && record.p[0] == '!')
        f.rcode = FACT_SERVFAIL;
    return record.n == 1 && record.p[0] == '?' ? NULL : &f;
}

static void check_reader(struct view text)
{
    char name[FACTS_NAME_MAX + 1], begin[8];
    struct dkim_signature s;

    dkim_signature_read(text, &s);
    MUST(dkim_signature_key_name(&s, name).n <= FACTS_NAME_MAX);
    MUST(dkim_signature_begin(&s, begin).n <= 8);
    if (s.broken)
        return;
    MUST(s.d.n && s.s.n && s.b.n && s.bh.n && s.h.n && s.a.n && view_equal(s.v, VIEW("1")));
    MUST(text.n <= DKIM_SIGNATURE_FIELD_MAX && s.h.n <= DKIM_SIGNATURE_LIST_MAX);
    MUST(!s.l.p || s.l.n <= 18);
}

/* What is fed is the body with its line ends made right, and its canonical length is never longer. */
static void check_text(struct view body)
{
    struct dkim_text t = {.rest = body};
    struct view piece;
    size_t n = 0;

    while (dkim_text_next(&t, &piece)) {
        MUST(piece.n > 0 && piece.n <= DKIM_TEXT_PIECE);
        n += piece.n;
    }
    MUST(n >= body.n && n <= 2 * body.n + 2);
    MUST(dkim_text_length(body, false) <= (n ? n : 2) && dkim_text_length(body, true) <= n);
}

static void check_message(struct antispam *a, void *state, struct view message)
{
    struct judge j;
    unsigned asked;

    fuzz_auth_begin(a, &j, message);
    check_text(j.mail->header->body);
    check_dkim.ask(&j, state);
    asked = a->needs.n;
    MUST(asked <= DKIM_SIGNATURES_MAX);
    check_dkim.judge(&j, state);
    MUST(a->needs.n == asked); /* nothing is asked too late */
    MUST(a->verdict.n == 1 && j.auth.dkim < RESULT__MAX);
    MUST(j.auth.dkim_n <= DKIM_SIGNATURES_MAX && (j.auth.dkim_n > 0) == (j.auth.dkim == RESULT_pass));
    MUST((j.auth.dkim == RESULT_none) == !judge_mail_field(&j, "DKIM-Signature", 0));
    fuzz_auth_end(&j);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct antispam a;
    static void *state;
    struct view in = {(const char *)data, size};
    const char *end = size ? memchr(data, '\n', size) : NULL;

    if (!end || size > INPUT_MAX)
        return 0;
    if (!state) {
        struct settings none = {0};
        struct buf why = {0};

        MUST(settings_open(&none, VIEW("")) == 0);
        state = check_dkim.open(&none, &why);
        settings_free(&none);
        MUST(state);
    }
    record = (struct view){in.p, (size_t)(end - in.p)};
    in = (struct view){end + 1, in.n - record.n - 1};
    check_reader(record);
    check_reader(in);
    check_message(&a, state, in);
    return 0;
}
