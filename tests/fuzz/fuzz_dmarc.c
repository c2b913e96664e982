/*
 * fuzz_dmarc.c - any DMARC records of a domain and its organisation, any header: the check dmarc as a whole.
 *
 * Built with libFuzzer or with a plain main that feeds files. The first byte says what SPF and DKIM found;
 * the first two lines behind it are the records ("|" between several, "!" no answer), the rest is the
 * message. A pass needs a pass that is aligned, and no record gives any result but none.
 */
#include "tests/fuzz/fuzz_auth.h"

#include "workers/antispam/dmarc_record.h"

#define INPUT_MAX 8000

extern const struct check_ops check_dmarc;

static struct view own, other;

static struct view cut(struct view *rest, char at)
{
    const char *end = rest->n ? memchr(rest->p, at, rest->n) : NULL;
    struct view part = {rest->p, end ? (size_t)(end - rest->p) : rest->n};

    rest->p += part.n + (end != NULL);
    rest->n -= part.n + (end != NULL);
    return part;
}

const struct fact *fuzz_fact(struct view name)
{
    static struct view answer[FACTS_ANSWERS_MAX];
    static struct fact f;
    struct view rest = name.n % 2 ? other : own;

    f = (struct fact){.type = FACT_TXT, .answer = answer};
    if (rest.n && rest.p[0] == '!')
        f.rcode = FACT_TIMEOUT;
    else
        while (rest.n && f.answer_n < FACTS_ANSWERS_MAX)
            answer[f.answer_n++] = cut(&rest, '|');
    return &f;
}

static void check_record(struct view text)
{
    struct dmarc_record r;
    enum dmarc_kind kind = dmarc_record_parse(text, &r);

    MUST(kind == DMARC_OTHER || (text.n >= 8 && memchr(text.p, 'D', text.n)));
    if (kind == DMARC_RECORD)
        MUST(r.p < DMARC_POLICY__MAX && r.sp < DMARC_POLICY__MAX && r.pct <= 100);
}

static void check_message(struct antispam *a, unsigned flags, struct view message)
{
    static const struct view domains[] = {
        {"example.org", 11}, {"mail.example.org", 16}, {"example.net", 11}, {"", 0}};
    struct judge j;
    unsigned asked;

    fuzz_auth_begin(a, &j, message);
    j.auth.spf = flags & 1 ? RESULT_pass : RESULT_fail;
    j.auth.spf_domain = domains[flags >> 1 & 3];
    j.auth.dkim = flags & 8 ? RESULT_pass : RESULT_fail;
    if (flags & 8)
        j.auth.dkim_domain[j.auth.dkim_n++] = domains[flags >> 4 & 1];
    check_dmarc.ask(&j, NULL);
    asked = a->needs.n;
    MUST(asked <= 8); /* two for each of four domains */
    check_dmarc.judge(&j, NULL);
    MUST(a->needs.n == asked && a->verdict.n == 1);
    MUST(j.auth.dmarc != RESULT_pass || (flags & 9 && (own.n || other.n)));
    MUST(j.auth.dmarc != RESULT_fail || own.n || other.n || j.mail->from_over);
    fuzz_auth_end(&j);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct antispam a;
    struct buf why = {0};
    struct view in;

    if (size < 1 || size > INPUT_MAX)
        return 0;
    in = (struct view){(const char *)data + 1, size - 1};
    if (!a.domain)
        a.domain = judge_domain_open(&why);
    MUST(a.domain);
    own = cut(&in, '\n');
    other = cut(&in, '\n');
    check_record(own);
    check_record(other);
    check_message(&a, data[0], in);
    return 0;
}
