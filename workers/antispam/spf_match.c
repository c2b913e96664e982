/*
 * spf_match.c - does one mechanism match the client: all, a, mx, ptr, ip4, ip6, exists; and %{p}.
 *
 * Called by spf.c for each mechanism but include. It must ask for all that it needs at once (every host of an
 * mx in one round), must count each asking term against the limits, and must never answer "match" for what
 * could not be asked. Answers of the DNS are facts of strangers; their texts are checked here.
 */
#include "workers/antispam/spf_part.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>

enum spf_said spf_ask(struct spf_run *run, enum fact_type type, struct view name, const struct fact **f)
{
    if (!spf_macro_is_name(name))
        return SPF_SAID_NO_NAME;
    *f = run->source->fact(run->source->of, type, name);
    if (!*f)
        return SPF_SAID_UNKNOWN;
    if ((*f)->rcode == FACT_NXDOMAIN)
        return SPF_SAID_NOTHING;
    if ((*f)->rcode != FACT_NOERROR)
        return SPF_SAID_ERROR;
    return (*f)->answer_n ? SPF_SAID_DATA : SPF_SAID_NOTHING;
}

void spf_say_why(struct spf_run *run, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vsnprintf(run->why, sizeof run->why, fmt, args);
    va_end(args);
}

bool spf_count_lookup(struct spf_run *run)
{
    if (run->a->lookups < SPF_LOOKUPS_MAX) {
        run->a->lookups++;
        return true;
    }
    spf_say_why(run, "too many look-ups");
    return false;
}

bool spf_count_void(struct spf_run *run)
{
    if (run->a->voids < SPF_VOIDS_MAX) {
        run->a->voids++;
        return true;
    }
    spf_say_why(run, "too many look-ups without an answer");
    return false;
}

/* What a term's own question came to, where it brought no data. */
static enum spf_step without_data(struct spf_run *run, enum spf_said said, enum fact_type type,
                                  struct view name)
{
    switch (said) {
    case SPF_SAID_UNKNOWN:
        return SPF_MISSING;
    case SPF_SAID_ERROR:
        spf_say_why(run, "no answer for %s of %.*s", fact_type_name(type), (int)name.n, name.p);
        return SPF_TEMPERROR;
    case SPF_SAID_NOTHING:
        return spf_count_void(run) ? SPF_NO_MATCH : SPF_PERMERROR;
    default:
        return SPF_NO_MATCH;
    }
}

static bool has_prefix(const unsigned char *a, const unsigned char *b, unsigned bits)
{
    unsigned whole = bits / 8, left = bits % 8;

    return memcmp(a, b, whole) == 0 && (left == 0 || (a[whole] ^ b[whole]) >> (8 - left) == 0);
}

static bool is_in_network(const struct spf_run *run, const unsigned char *ip, const struct spf_term *t)
{
    return run->values.is_ip4 ? has_prefix(run->values.ip + 12, ip + 12, t->bits4)
                              : has_prefix(run->values.ip, ip, t->bits6);
}

/* An address as text into the client's form; false: it is none of its family. */
static bool read_address(const struct spf_run *run, struct view v, unsigned char ip[16])
{
    char text[INET6_ADDRSTRLEN];

    if (v.n >= sizeof text)
        return false;
    memcpy(text, v.p, v.n);
    text[v.n] = '\0';
    return inet_pton(run->values.is_ip4 ? AF_INET : AF_INET6, text, run->values.is_ip4 ? ip + 12 : ip) == 1;
}

static enum fact_type address_type(const struct spf_run *run)
{
    return run->values.is_ip4 ? FACT_A : FACT_AAAA;
}

static bool has_address(const struct spf_run *run, const struct fact *f, const struct spf_term *t)
{
    unsigned char ip[16];

    for (unsigned i = 0; i < f->answer_n; i++) {
        if (read_address(run, f->answer[i], ip) && is_in_network(run, ip, t))
            return true;
    }
    return false;
}

static enum spf_step match_a(struct spf_run *run, const struct spf_term *t, struct view name)
{
    enum fact_type type = address_type(run);
    const struct fact *f;
    enum spf_said said = spf_ask(run, type, name, &f);

    if (said != SPF_SAID_DATA)
        return without_data(run, said, type, name);
    return has_address(run, f, t) ? SPF_MATCH : SPF_NO_MATCH;
}

static enum spf_step match_exists(struct spf_run *run, const struct spf_term *t, struct view name)
{
    const struct fact *f;
    enum spf_said said = spf_ask(run, FACT_A, name, &f);

    (void)t;
    return said == SPF_SAID_DATA ? SPF_MATCH : without_data(run, said, FACT_A, name);
}

/* "10 mail.example.org" */
static struct view host_of(struct view answer)
{
    const char *blank = answer.n ? memchr(answer.p, ' ', answer.n) : NULL;

    if (blank) {
        answer.n -= (size_t)(blank + 1 - answer.p);
        answer.p = blank + 1;
    }
    return answer;
}

/* All hosts are asked for at once. Their order says nothing, so one that matches stands before one that gives
 * no answer. Hosts without an address are no void look-ups: those are counted by terms. */
static enum spf_step match_mx(struct spf_run *run, const struct spf_term *t, struct view name)
{
    const struct fact *mx, *f;
    enum spf_said said = spf_ask(run, FACT_MX, name, &mx);
    enum spf_step step = SPF_NO_MATCH;

    if (said != SPF_SAID_DATA)
        return without_data(run, said, FACT_MX, name);
    if (mx->answer_n > SPF_MX_MAX) {
        spf_say_why(run, "more than %d MX hosts", SPF_MX_MAX);
        return SPF_PERMERROR;
    }
    for (unsigned i = 0; i < mx->answer_n; i++) {
        struct view host = host_of(mx->answer[i]);

        said = spf_ask(run, address_type(run), host, &f);
        if (said == SPF_SAID_DATA && has_address(run, f, t))
            return SPF_MATCH;
        if (said == SPF_SAID_UNKNOWN)
            step = SPF_MISSING;
        else if (said == SPF_SAID_ERROR && step != SPF_MISSING)
            step = without_data(run, said, address_type(run), host);
    }
    return step;
}

/* It is the domain, or within it. */
static bool is_within(struct view name, struct view domain)
{
    if (name.n > domain.n && name.p[name.n - domain.n - 1] != '.')
        return false;
    return domain.n && name.n >= domain.n &&
           view_equal_nocase((struct view){name.p + name.n - domain.n, domain.n}, domain);
}

/* Does the name lead back to the client? */
static enum spf_step validate(struct spf_run *run, struct view name)
{
    static const struct spf_term exactly = {.bits4 = 32, .bits6 = 128};
    const struct fact *f;

    switch (spf_ask(run, address_type(run), name, &f)) {
    case SPF_SAID_UNKNOWN:
        return SPF_MISSING;
    case SPF_SAID_DATA:
        return has_address(run, f, &exactly) ? SPF_MATCH : SPF_NO_MATCH;
    default:
        return SPF_NO_MATCH;
    }
}

static enum spf_said ask_names(struct spf_run *run, const struct fact **f)
{
    char name[80];
    size_t n = spf_macro_reverse(run->values.ip, run->values.is_ip4, name);

    return spf_ask(run, FACT_PTR, (struct view){name, n}, f);
}

/* Names that are not within the target need not be validated. An error is no match (RFC 7208, 5.5). */
static enum spf_step match_ptr(struct spf_run *run, const struct spf_term *t, struct view domain)
{
    enum spf_step step = SPF_NO_MATCH;
    const struct fact *f;
    enum spf_said said = ask_names(run, &f);

    (void)t;
    if (said == SPF_SAID_ERROR)
        return SPF_NO_MATCH;
    if (said != SPF_SAID_DATA)
        return without_data(run, said, FACT_PTR, domain);
    for (unsigned i = 0; i < f->answer_n && i < SPF_PTR_MAX; i++) {
        struct view name = spf_macro_bare(f->answer[i]);
        enum spf_step one = is_within(name, domain) ? validate(run, name) : SPF_NO_MATCH;

        if (one == SPF_MATCH)
            return one;
        if (one == SPF_MISSING)
            step = one;
    }
    return step;
}

/* RFC 7208, 7.3: the domain itself before one within it before any other; "unknown" where there is none. */
bool spf_find_client(struct spf_run *run)
{
    unsigned best = 0;
    const struct fact *f;
    enum spf_said said = ask_names(run, &f);
    bool missing = said == SPF_SAID_UNKNOWN;

    run->values.client = (struct view){0};
    if (said != SPF_SAID_DATA)
        return !missing;
    for (unsigned i = 0; i < f->answer_n && i < SPF_PTR_MAX; i++) {
        struct view name = spf_macro_bare(f->answer[i]), domain = run->values.domain;
        unsigned rank = view_equal_nocase(name, domain) ? 3 : is_within(name, domain) ? 2 : 1;
        enum spf_step one = validate(run, name);

        missing |= one == SPF_MISSING;
        if (one != SPF_MATCH || rank <= best)
            continue;
        best = rank;
        memcpy(run->client, name.p, name.n);
        run->values.client = (struct view){run->client, name.n};
    }
    return !missing;
}

bool spf_target(struct spf_run *run, struct view spec, char *to, size_t *n)
{
    *n = 0;
    if (spec.n == 0) {
        memcpy(to, run->values.domain.p, run->values.domain.n + 1);
        *n = run->values.domain.n;
        return true;
    }
    if (spf_macro_has(spec, 'p') && !spf_find_client(run))
        return false;
    *n = spf_macro_name(spec, &run->values, to);
    return true;
}

/* The four that ask; the first question comes after the count of it. */
static enum spf_step match_asking(struct spf_run *run, const struct spf_term *t)
{
    static enum spf_step (*const match[])(struct spf_run *, const struct spf_term *, struct view) = {
        [SPF_A] = match_a, [SPF_MX] = match_mx, [SPF_PTR] = match_ptr, [SPF_EXISTS] = match_exists};
    char name[SPF_NAME_MAX + 1];
    size_t n;

    if (!spf_count_lookup(run))
        return SPF_PERMERROR;
    if (!spf_target(run, t->domain, name, &n))
        return SPF_MISSING;
    return n ? match[t->kind](run, t, (struct view){name, n}) : SPF_NO_MATCH;
}

enum spf_step spf_match(struct spf_run *run, const struct spf_term *t)
{
    switch (t->kind) {
    case SPF_ALL:
        return SPF_MATCH;
    case SPF_IP4:
        return run->values.is_ip4 && is_in_network(run, t->ip, t) ? SPF_MATCH : SPF_NO_MATCH;
    case SPF_IP6:
        return !run->values.is_ip4 && is_in_network(run, t->ip, t) ? SPF_MATCH : SPF_NO_MATCH;
    default:
        return match_asking(run, t);
    }
}
