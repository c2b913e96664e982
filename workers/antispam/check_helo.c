/*
 * check_helo.c - the check `helo`: is the client's HELO name its own?
 *
 * RFC 5321, 4.1.4: a name that leads to the client's address, or that address in brackets, is what an honest
 * server gives. pass: so it is, or it is the address's reverse name; neutral: the name leads elsewhere; fail:
 * it leads nowhere, cannot be a name, is another address, or is one of our names while the DNS does not say
 * that the client has it; none: no HELO. Pure over facts; the name is the client's bytes.
 */
#include "workers/antispam/names.h"
#include "workers/antispam/rdns.h"

#include "common/xalloc.h"

#include <stdlib.h>

struct helo {
    struct names *own;                 /* site.domains */
    char hostname[FACTS_NAME_MAX + 1]; /* site.hostname; "": not known */
};

static void *open_helo(const struct settings *s, struct buf *why)
{
    struct helo *h = xcalloc(1, sizeof *h);
    size_t n = fact_name_clean(settings_text(s, "site", "hostname"), h->hostname);

    h->hostname[n] = '\0';
    h->own = names_open(s, "domains", why);
    if (h->own)
        return h;
    free(h);
    return NULL;
}

static void close_helo(void *state)
{
    struct helo *h = state;

    names_close(h->own);
    free(h);
}

static struct view clean_name(struct view helo, char clean[FACTS_NAME_MAX + 1])
{
    return (struct view){clean, helo.n <= FACTS_NAME_MAX + 1 ? fact_name_clean(helo, clean) : 0};
}

/* An answer with an address of the type that the client has not: the name leads somewhere, but not to it. */
static enum check_result lead(struct judge *j, struct view name)
{
    static const enum fact_type other[] = {[FACT_A] = FACT_AAAA, [FACT_AAAA] = FACT_A};
    const struct fact *f = judge_fact(j, rdns_type(j), name);

    if (f && rdns_has(f, j->ip))
        return RESULT_pass;
    if (f && f->answer_n)
        return RESULT_neutral;
    if (f && (f->rcode == FACT_SERVFAIL || f->rcode == FACT_TIMEOUT))
        return RESULT_temperror;
    if (!f)
        return RESULT_unknown;
    /* A name that is not there has no address of the other type either, and the round for that is saved. Not
     * so the other way: there are servers that say it of every name that has IPv4 addresses only (RFC
     * 4074, 4.2). */
    if (f->rcode == FACT_NXDOMAIN && rdns_type(j) == FACT_A)
        return RESULT_fail;
    f = judge_fact(j, other[rdns_type(j)], name);
    if (!f)
        return RESULT_unknown;
    if (f->rcode == FACT_SERVFAIL || f->rcode == FACT_TIMEOUT)
        return RESULT_temperror;
    return f->answer_n ? RESULT_neutral : RESULT_fail;
}

static enum check_result compare_reverse(struct judge *j, struct view name)
{
    const struct fact *f = rdns_names(j);
    char clean[FACTS_NAME_MAX + 1];

    if (!f)
        return RESULT_unknown;
    if (f->rcode == FACT_SERVFAIL || f->rcode == FACT_TIMEOUT)
        return RESULT_temperror;
    for (unsigned i = 0; i < f->answer_n && i < RDNS_NAMES_MAX; i++)
        if (view_equal((struct view){clean, fact_name_clean(f->answer[i], clean)}, name))
            return RESULT_pass;
    return RESULT_fail;
}

/* Both are looked at in any case, so that both are asked for at once. */
static enum check_result of_name(struct judge *j, struct view name)
{
    enum check_result there = lead(j, name), back = compare_reverse(j, name);

    if (there == RESULT_pass || back == RESULT_pass)
        return RESULT_pass;
    return there == RESULT_unknown || back == RESULT_fail ? there : back;
}

static void unfold(struct judge *j, void *state)
{
    char clean[FACTS_NAME_MAX + 1];
    const struct view name = clean_name(j->client.helo, clean);

    (void)state;
    if (!rdns_why_not(j) && rdns_is_host_name(name))
        of_name(j, name);
}

/* "[192.0.2.1]", "[IPv6:2001:db8::1]". */
static bool read_literal(struct view helo, unsigned char ip[16])
{
    struct view in = {helo.p + 1, helo.n - 2};

    if (helo.n < 3 || helo.p[0] != '[' || helo.p[helo.n - 1] != ']')
        return false;
    if (in.n > 5 && view_equal_nocase((struct view){in.p, 5}, VIEW("IPv6:")))
        in.p += 5, in.n -= 5;
    return rdns_parse(in, ip);
}

static void say(struct judge *j, enum check_result r, const char *what)
{
    const struct view helo = j->client.helo;

    judge_say(j, CHECK_helo, VIEW(""), r, "%.*s %s", (int)(helo.n < FACTS_NAME_MAX ? helo.n : FACTS_NAME_MAX),
              helo.p, what);
}

static void judge_literal(struct judge *j, const unsigned char ip[16])
{
    if (memcmp(ip, j->ip, 16) == 0)
        say(j, RESULT_pass, "is the client's address");
    else
        say(j, RESULT_fail, "is not the client's address");
}

static void judge_name(struct judge *j, const struct helo *h, struct view name)
{
    static const char *const words[RESULT__MAX] = {
        [RESULT_pass] = "leads to the client's address, or is its reverse name",
        [RESULT_neutral] = "leads to other addresses than the client's",
        [RESULT_fail] = "leads to no address",
        [RESULT_temperror] = "was asked for without an answer",
        [RESULT_unknown] = "was not asked for",
    };
    const bool ours =
        view_equal(name, view_of(h->hostname)) || names_find(h->own, VIEW(""), name) != ENTRIES_NONE;
    enum check_result r = of_name(j, name);

    if (ours && (r == RESULT_neutral || r == RESULT_fail))
        say(j, RESULT_fail, "is a name of ours, and the client is none of ours");
    else
        say(j, r, words[r]);
}

static void judge(struct judge *j, void *state)
{
    const char *why_not = rdns_why_not(j);
    char clean[FACTS_NAME_MAX + 1];
    const struct view helo = j->client.helo, name = clean_name(helo, clean);
    unsigned char ip[16];

    if (why_not)
        judge_say(j, CHECK_helo, VIEW(""), RESULT_skipped, "%s", why_not);
    else if (helo.n == 0)
        judge_say(j, CHECK_helo, VIEW(""), RESULT_none, "the client gave no name");
    else if (read_literal(helo, ip))
        judge_literal(j, ip);
    else if (rdns_is_host_name(name))
        judge_name(j, state, name);
    else
        say(j, RESULT_fail, "is no name of a host");
}

const struct check_ops check_helo = {
    .open = open_helo, .close = close_helo, .unfold = unfold, .judge = judge};
