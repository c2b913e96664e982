/*
 * rdns.c - see rdns.h.
 *
 * In worker-antispam only. Nothing is looked up here: answers come from judge_fact(), and what is missing is
 * named there. Whoever owns an address writes its names, so at most RDNS_NAMES_MAX of them are believed to
 * be worth a question.
 */
#include "workers/antispam/rdns.h"

#include <arpa/inet.h>

static const unsigned char ip4_front[12] = {[10] = 0xff, [11] = 0xff};

bool rdns_is_ip4(const unsigned char ip[16])
{
    return memcmp(ip, ip4_front, sizeof ip4_front) == 0;
}

static size_t put_decimal(unsigned char octet, char *to)
{
    size_t n = 0;

    if (octet >= 100)
        to[n++] = (char)('0' + octet / 100);
    if (octet >= 10)
        to[n++] = (char)('0' + octet / 10 % 10);
    to[n++] = (char)('0' + octet % 10);
    return n;
}

size_t rdns_reverse(const unsigned char ip[16], char *to)
{
    const bool ip4 = rdns_is_ip4(ip);
    size_t n = 0;

    for (size_t i = 16; i-- > (ip4 ? sizeof ip4_front : 0);) {
        if (ip4) {
            n += put_decimal(ip[i], to + n);
        } else {
            to[n++] = "0123456789abcdef"[ip[i] & 15];
            to[n++] = '.';
            to[n++] = "0123456789abcdef"[ip[i] >> 4];
        }
        to[n++] = '.';
    }
    to[n] = '\0';
    return n;
}

bool rdns_parse(struct view text, unsigned char ip[16])
{
    char copy[RDNS_TEXT_MAX];

    if (text.n == 0 || text.n >= sizeof copy || memchr(text.p, '\0', text.n))
        return false;
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    if (memchr(text.p, ':', text.n))
        return inet_pton(AF_INET6, copy, ip) == 1;
    memcpy(ip, ip4_front, sizeof ip4_front);
    return inet_pton(AF_INET, copy, ip + sizeof ip4_front) == 1;
}

const char *rdns_text(const unsigned char ip[16], char *to)
{
    const bool ip4 = rdns_is_ip4(ip);

    return inet_ntop(ip4 ? AF_INET : AF_INET6, ip4 ? ip + sizeof ip4_front : ip, to, RDNS_TEXT_MAX);
}

bool rdns_has(const struct fact *f, const unsigned char ip[16])
{
    unsigned char one[16];

    for (unsigned i = 0; i < f->answer_n; i++)
        if (rdns_parse(f->answer[i], one) && memcmp(one, ip, sizeof one) == 0)
            return true;
    return false;
}

/* What IANA keeps for other uses (RFC 6890), as far as a client can have it. Documentation is not in it:
 * tests of a whole system stand on these addresses. */
static const struct {
    unsigned char ip[16];
    unsigned bits;
    const char *why;
} special[] = {
    {{[10] = 0xff, 0xff, 10}, 104, "a private address"},
    {{[10] = 0xff, 0xff, 172, 16}, 108, "a private address"},
    {{[10] = 0xff, 0xff, 192, 168}, 112, "a private address"},
    {{[10] = 0xff, 0xff, 100, 64}, 106, "an address of a provider's own network"},
    {{[10] = 0xff, 0xff, 127}, 104, "an address of this machine"},
    {{[10] = 0xff, 0xff, 169, 254}, 112, "a link-local address"},
    {{[10] = 0xff, 0xff, 0}, 104, "no address of a client"},
    {{[10] = 0xff, 0xff, 224}, 99, "no address of a client"}, /* 224.0.0.0/3 */
    {{[15] = 1}, 128, "an address of this machine"},
    {{0}, 128, "no address of a client"},
    {{0xfc}, 7, "a private address"},
    {{0xfe, 0x80}, 10, "a link-local address"},
    {{0xfe, 0xc0}, 10, "a private address"},
    {{0xff}, 8, "no address of a client"},
};

static bool is_within(const unsigned char ip[16], const unsigned char net[16], unsigned bits)
{
    const unsigned whole = bits / 8, rest = bits % 8;

    if (memcmp(ip, net, whole) != 0)
        return false;
    return rest == 0 || (unsigned)(ip[whole] ^ net[whole]) >> (8 - rest) == 0;
}

const char *rdns_special(const unsigned char ip[16])
{
    for (size_t i = 0; i < sizeof special / sizeof *special; i++)
        if (is_within(ip, special[i].ip, special[i].bits))
            return special[i].why;
    return NULL;
}

const char *rdns_why_not(const struct judge *j)
{
    if (!j->has_ip)
        return "the client's address is not known";
    /* `local` is said of the address in the envelope: behind a gateway that is not the client's. */
    if (j->local && j->client.via_n == 0)
        return "an address in site.networks";
    return rdns_special(j->ip);
}

bool rdns_is_host_name(struct view clean)
{
    const char *last = clean.n ? memrchr(clean.p, '.', clean.n) : NULL;
    bool letter = false;

    for (size_t i = 0; i < clean.n; i++) {
        const char c = clean.p[i];
        const bool is_letter = c >= 'a' && c <= 'z';

        if (!is_letter && !(c >= '0' && c <= '9') && c != '-' && c != '_' && c != '.')
            return false;
        letter = letter || (last && clean.p + i > last && is_letter);
    }
    return letter;
}

enum fact_type rdns_type(const struct judge *j)
{
    return j->is_ip4 ? FACT_A : FACT_AAAA;
}

const struct fact *rdns_names(struct judge *j)
{
    char name[RDNS_REVERSE_MAX + sizeof "in-addr.arpa"];
    size_t n = rdns_reverse(j->ip, name);
    const struct view zone = j->is_ip4 ? VIEW("in-addr.arpa") : VIEW("ip6.arpa");

    memcpy(name + n, zone.p, zone.n);
    return judge_fact(j, FACT_PTR, (struct view){name, n + zone.n});
}

/* One name of the address: does it lead back? */
static enum check_result try_name(struct judge *j, struct view name)
{
    const struct fact *f = judge_fact(j, rdns_type(j), name);

    if (!f)
        return RESULT_unknown;
    if (f->rcode == FACT_SERVFAIL || f->rcode == FACT_TIMEOUT)
        return RESULT_temperror;
    return rdns_has(f, j->ip) ? RESULT_pass : RESULT_fail;
}

/* What can still turn into a pass is said before what cannot. */
static bool is_better(enum check_result new, enum check_result old)
{
    static const unsigned char rank[RESULT__MAX] = {[RESULT_permerror] = 0,
                                                    [RESULT_fail] = 1,
                                                    [RESULT_temperror] = 2,
                                                    [RESULT_unknown] = 3,
                                                    [RESULT_pass] = 4};

    return rank[new] > rank[old];
}

static void look_at(struct judge *j, struct view answer, struct rdns *to)
{
    char clean[FACTS_NAME_MAX + 1];
    const size_t n = fact_name_clean(answer, clean);
    enum check_result got;

    if (!n)
        return;
    got = try_name(j, (struct view){clean, n});
    if (is_better(got, to->result)) {
        to->result = got;
        to->name = mail_arena_copy(j->arena, (struct view){clean, n});
    }
}

void rdns_look(struct judge *j, struct rdns *to)
{
    const struct fact *f = rdns_names(j);

    *to = (struct rdns){.result = RESULT_unknown};
    if (!f)
        return;
    to->names = f->answer_n;
    to->result = f->rcode == FACT_SERVFAIL || f->rcode == FACT_TIMEOUT ? RESULT_temperror : RESULT_none;
    if (to->result == RESULT_temperror || f->answer_n == 0)
        return;
    to->result = RESULT_permerror;
    for (unsigned i = 0; i < f->answer_n && i < RDNS_NAMES_MAX && to->result != RESULT_pass; i++)
        look_at(j, f->answer[i], to);
}
