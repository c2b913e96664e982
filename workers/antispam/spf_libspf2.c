/*
 * spf_libspf2.c - libspf2 as an engine of SPF: a gate in front of it, facts behind it.
 *
 * Decision: our own evaluator is the default, libspf2 an engine to choose. Right on rfc7208 / rfc4408.json:
 * own 109/109 and 103/103, libspf2 alone 80 and 74, behind this gate 106 and 100; it takes 11 us, own 2. The
 * gate cannot mend that 1.2.10 refuses a//0 and mx//0, and drops the first byte of a reversed part ("%{l1r+}"
 * of joel asks for "oel"). It says neutral to all of a record of 64 ip4 or 26 ip6 networks (512 bytes,
 * compiled): those we answer ourselves. test_spf_libspf2.c keeps the figures.
 *
 * Called by check_spf.c. libspf2 must never see a record that spf_record.c does not take, nor exp= (the stack
 * overflow of CVE-2023-42118 is in the expansion of explanations, and open in Debian 12), nor terms over
 * SPF_LIBSPF2_TERM_MAX; nor may it ask more than we allow. What it is given is written anew: see
 * write_record().
 */
#include "workers/antispam/spf_libspf2.h"

#include "common/buf.h"
#include "workers/antispam/spf_macro.h"
#include "workers/antispam/spf_record.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <spf2/spf.h>
#include <spf2/spf_dns.h>

/* One evaluation. libspf2 keeps a pointer to it, as the hook of its DNS layer. */
struct replay {
    const struct spf_source *source;
    struct spf_answer *a;
    bool is_ip4, begun; /* begun: the first record was asked for, what follows counts */
    bool missing, broken, silent;
    bool refused;             /* a record that is right, but not for the library: our own answer stands */
    const struct fact *hosts; /* an MX or PTR whose hosts may be asked for uncounted */
    const char *why;
    struct buf record;
};

static void __attribute__((noreturn)) die(const char *file, int line, const char *text)
{
    (void)file, (void)line, (void)text;
    /* An assertion of the library: the child is given up, as after any crash. */
    abort();
}

static void ignore(const char *file, int line, const char *text)
{
    (void)file, (void)line, (void)text;
}

/* ---- the gate ---- */

static void add_prefixes(struct buf *to, const struct spf_term *t, bool is_ip4)
{
    /* Those of the other family are of no use to it; 32 and 128 are what it takes for granted. */
    if (is_ip4 && t->bits4 != 32)
        buf_addf(to, "/%u", t->bits4);
    else if (!is_ip4 && t->bits6 != 128)
        buf_addf(to, "//%u", t->bits6);
}

/* a, mx */
static void add_name(struct buf *to, const struct spf_term *t, bool is_ip4)
{
    buf_addf(to, " %c%s", t->qualifier, t->kind == SPF_A ? "a" : "mx");
    if (t->domain.n) {
        buf_add_char(to, ':');
        buf_add_view(to, t->domain);
    }
    add_prefixes(to, t, is_ip4);
}

static struct view bare(const struct spf_term *t)
{
    bool has = t->text.p[0] == t->qualifier;

    return (struct view){t->text.p + has, t->text.n - has};
}

/* The library refuses /0. A network of that size is "all" for its family, and a name with any address of IPv4
 * is "exists". Of IPv6 there is no such way. */
static void add_term(struct buf *to, const struct spf_term *t, bool is_ip4)
{
    bool network = t->kind == SPF_IP4 || t->kind == SPF_IP6;
    bool everybody = (is_ip4 ? t->bits4 : t->bits6) == 0;

    if (network && (t->kind == SPF_IP4) != is_ip4)
        return;
    if (network && everybody) {
        buf_addf(to, " %call", t->qualifier);
    } else if (t->kind == SPF_A && everybody && is_ip4) {
        buf_addf(to, " %cexists:", t->qualifier);
        buf_add_view(to, t->domain.n ? t->domain : VIEW("%{d}"));
    } else if (t->kind == SPF_A || t->kind == SPF_MX) {
        add_name(to, t, is_ip4);
    } else {
        buf_addf(to, " %c", t->qualifier);
        buf_add_view(to, bare(t));
    }
}

/* At least the bytes that the library compiles a term into; it does not say when they are too many. */
static size_t room_of(const struct spf_term *t)
{
    size_t macros = 0;

    for (size_t i = 0; i < t->domain.n; i++)
        macros += t->domain.p[i] == '%';
    return t->kind == SPF_IP4   ? 8
           : t->kind == SPF_IP6 ? 20
                                : 4 + (t->domain.n ? t->domain.n + 12 : 4) + 4 * macros;
}

/* The record as libspf2 gets it: mechanisms, then the redirect, nothing else. */
static void write_record(struct replay *r, struct view txt)
{
    struct spf_record record;
    struct spf_term t;
    size_t room = 0;

    if (!spf_record_open(&record, txt)) {
        r->broken = true;
        r->why = "syntax";
        return;
    }
    buf_clear(&r->record);
    buf_add_str(&r->record, "v=spf1");
    while (spf_record_next(&record.terms, &t) > 0) {
        size_t before = r->record.n;

        if (t.kind < SPF_REDIRECT)
            add_term(&r->record, &t, r->is_ip4);
        if (r->record.n > before || t.kind == SPF_REDIRECT)
            room += room_of(&t);
        r->refused |= t.text.n > SPF_LIBSPF2_TERM_MAX && t.kind <= SPF_REDIRECT;
    }
    if (record.redirect.n) {
        buf_add_str(&r->record, " redirect=");
        buf_add_view(&r->record, record.redirect);
    }
    r->refused |= room > SPF_LIBSPF2_ROOM;
    r->broken |= r->refused;
}

/* ---- facts ---- */

static bool give_up(struct replay *r, const char *why)
{
    r->broken = true;
    r->why = why;
    return false;
}

/* Of the hosts that the last MX or PTR named. */
static bool is_host(const struct replay *r, struct view name)
{
    if (!r->hosts)
        return false;
    for (unsigned i = 0; i < r->hosts->answer_n; i++) {
        struct view v = r->hosts->answer[i];
        const char *blank = r->hosts->type == FACT_MX && v.n ? memchr(v.p, ' ', v.n) : NULL;

        if (blank)
            v = (struct view){blank + 1, v.n - (size_t)(blank + 1 - v.p)};
        if (view_equal_nocase(v, name))
            return true;
    }
    return false;
}

/* False: over the limit. */
static bool count(struct replay *r, enum fact_type type, const struct fact *f)
{
    bool nothing = f->rcode == FACT_NXDOMAIN || (f->rcode == FACT_NOERROR && f->answer_n == 0);

    if (++r->a->lookups > SPF_LOOKUPS_MAX)
        return give_up(r, "too many look-ups");
    if (type != FACT_TXT && nothing && ++r->a->voids > SPF_VOIDS_MAX)
        return give_up(r, "too many look-ups without an answer");
    return true;
}

static const struct fact *find(struct replay *r, enum fact_type type, struct view name)
{
    const struct fact *f = r->source->fact(r->source->of, type, name);
    bool is_record = type == FACT_TXT, first = is_record && !r->begun;

    if (!f) {
        r->missing = true;
        return NULL;
    }
    r->begun |= is_record;
    if (!first && !((type == FACT_A || type == FACT_AAAA) && is_host(r, name)) && !count(r, type, f))
        return NULL;
    if (type == FACT_MX || type == FACT_PTR)
        r->hosts = f;
    if (type == FACT_MX && f->answer_n > SPF_MX_MAX) {
        give_up(r, "too many MX hosts");
        return NULL;
    }
    return f;
}

static bool put_bytes(SPF_dns_rr_t *rr, const void *p, size_t n)
{
    if (SPF_dns_rr_buf_realloc(rr, rr->num_rr, n + 1) != SPF_E_SUCCESS)
        return false;
    memcpy(rr->rr[rr->num_rr]->txt, p, n);
    rr->rr[rr->num_rr]->txt[n] = '\0';
    rr->num_rr++;
    return true;
}

static void put_address(SPF_dns_rr_t *rr, int family, struct view v)
{
    char text[INET6_ADDRSTRLEN];
    unsigned char ip[16];

    if (v.n >= sizeof text)
        return;
    memcpy(text, v.p, v.n);
    text[v.n] = '\0';
    if (inet_pton(family, text, ip) == 1)
        put_bytes(rr, ip, family == AF_INET ? 4 : 16);
}

static void put_answer(SPF_dns_rr_t *rr, const struct fact *f, struct view v)
{
    const char *blank;

    switch (f->type) {
    case FACT_A:
        put_address(rr, AF_INET, v);
        return;
    case FACT_AAAA:
        put_address(rr, AF_INET6, v);
        return;
    case FACT_MX:
        blank = v.n ? memchr(v.p, ' ', v.n) : NULL;
        if (!blank)
            return;
        v = (struct view){blank + 1, v.n - (size_t)(blank + 1 - v.p)};
        break;
    default:
        break;
    }
    if (spf_macro_is_name(v) && rr->num_rr < SPF_PTR_MAX)
        put_bytes(rr, v.p, v.n);
}

/* The one SPF record among TXT records, written anew. */
static void put_record(struct replay *r, SPF_dns_rr_t *rr, const struct fact *f)
{
    const struct view *txt = NULL;

    for (unsigned i = 0; i < f->answer_n; i++) {
        if (!spf_record_is(f->answer[i]))
            continue;
        if (txt) {
            give_up(r, "more than one SPF record");
            return;
        }
        txt = &f->answer[i];
    }
    if (!txt)
        return;
    write_record(r, *txt);
    if (!r->broken)
        put_bytes(rr, r->record.p, r->record.n);
}

static void put_fact(struct replay *r, SPF_dns_rr_t *rr, const struct fact *f, struct view name)
{
    rr->num_rr = 0;
    if (f->rcode == FACT_NXDOMAIN)
        return;
    if (f->rcode != FACT_NOERROR) {
        /* RFC 7208, 5.5: without an answer ptr does not match. Any other term ends with it. */
        bool is_ptr = f->type == FACT_PTR || (r->hosts && r->hosts->type == FACT_PTR && is_host(r, name));

        r->silent |= !is_ptr;
        rr->herrno = is_ptr ? HOST_NOT_FOUND : TRY_AGAIN;
        return;
    }
    if (f->type == FACT_TXT)
        put_record(r, rr, f);
    else
        for (unsigned i = 0; i < f->answer_n; i++)
            put_answer(rr, f, f->answer[i]);
    rr->herrno = rr->num_rr ? NETDB_SUCCESS : NO_DATA;
}

static enum fact_type type_of(ns_type type)
{
    return type == ns_t_a      ? FACT_A
           : type == ns_t_aaaa ? FACT_AAAA
           : type == ns_t_mx   ? FACT_MX
           : type == ns_t_txt  ? FACT_TXT
           : type == ns_t_ptr  ? FACT_PTR
                               : FACT_TYPE__MAX;
}

/* libspf2 asks. Once it is over a limit, or at a missing fact, there is nothing for it any more. */
static SPF_dns_rr_t *look_up(SPF_dns_server_t *server, const char *domain, ns_type ns, int cache)
{
    struct replay *r = server->hook;
    SPF_dns_rr_t *rr = SPF_dns_rr_new_init(server, domain, ns, 0, HOST_NOT_FOUND);
    enum fact_type type = type_of(ns);
    struct view name = view_of(domain);
    const struct fact *f;

    (void)cache;
    if (name.n && name.p[name.n - 1] == '.')
        name.n--;
    if (!rr || r->broken || type == FACT_TYPE__MAX || !spf_macro_is_name(name))
        return rr;
    f = r->missing ? NULL : find(r, type, name);
    if (f)
        put_fact(r, rr, f, name);
    else if (r->missing)
        rr->herrno = TRY_AGAIN;
    return rr;
}

/* ---- the question ---- */

static enum check_result result_of(const SPF_response_t *response, const struct replay *r)
{
    static const enum check_result results[] = {
        [SPF_RESULT_NEUTRAL] = RESULT_neutral,     [SPF_RESULT_PASS] = RESULT_pass,
        [SPF_RESULT_FAIL] = RESULT_fail,           [SPF_RESULT_SOFTFAIL] = RESULT_softfail,
        [SPF_RESULT_NONE] = RESULT_none,           [SPF_RESULT_TEMPERROR] = RESULT_temperror,
        [SPF_RESULT_PERMERROR] = RESULT_permerror,
    };

    if (r->missing)
        return RESULT_unknown;
    if (r->broken)
        return RESULT_permerror;
    if (r->silent)
        return RESULT_temperror;
    /* INVALID and other numbers: what it is stands in the error code. */
    if (response->result > SPF_RESULT_INVALID && response->result <= SPF_RESULT_PERMERROR)
        return results[response->result];
    return response->err == SPF_E_DNS_ERROR ? RESULT_temperror : RESULT_permerror;
}

static bool set_client(SPF_request_t *request, const unsigned char *ip)
{
    struct in6_addr a6;
    struct in_addr a4;

    memcpy(&a6, ip, 16);
    memcpy(&a4, ip + 12, 4);
    return (spf_is_ip4(ip) ? SPF_request_set_ipv4(request, a4) : SPF_request_set_ipv6(request, a6)) ==
           SPF_E_SUCCESS;
}

static void ask(SPF_server_t *server, const struct spf_question *q, struct replay *r)
{
    SPF_request_t *request = SPF_request_new(server);
    SPF_response_t *response = NULL;
    char text[SPF_NAME_MAX + SPF_LIBSPF2_NAME_MAX + 16];

    snprintf(text, sizeof text, "%.*s", (int)q->helo.n, q->helo.p);
    if (!request || !set_client(request, q->ip) || SPF_request_set_helo_dom(request, text) != SPF_E_SUCCESS)
        goto out;
    snprintf(text, sizeof text, "%.*s@%.*s", (int)q->local.n, q->local.p, (int)q->domain.n, q->domain.p);
    if (SPF_request_set_env_from(request, text) != SPF_E_SUCCESS)
        goto out;
    SPF_request_query_mailfrom(request, &response);
    if (response)
        r->a->result = result_of(response, r);
out:
    if (response)
        SPF_response_free(response);
    if (request)
        SPF_request_free(request);
}

static bool is_plain(struct view v, size_t max)
{
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] <= 0x20 || v.p[i] > 0x7e || v.p[i] == '@')
            return false;
    }
    return v.n <= max;
}

/* It lets any client pass that is itself, and takes strings that end at a NUL. */
static bool is_for_library(const struct spf_question *q)
{
    static const unsigned char loopback[16] = {[15] = 1};

    if (memcmp(q->ip, loopback, 16) == 0 || (spf_is_ip4(q->ip) && q->ip[12] == 127))
        return false;
    return is_plain(q->local, SPF_LIBSPF2_NAME_MAX) && is_plain(q->domain, SPF_NAME_MAX) &&
           is_plain(q->helo, SPF_NAME_MAX) && q->helo.n;
}

static bool is_askable(const struct spf_question *q)
{
    struct spf_answer none;

    return spf_is_askable(q, &none);
}

static void ask_library(const struct spf_question *q, const struct spf_source *source, struct replay *r)
{
    SPF_dns_server_t dns = {.lookup = look_up, .name = "facts", .hook = r};
    SPF_server_t *server;

    SPF_error_handler = die;
    SPF_warning_handler = SPF_info_handler = SPF_debug_handler = ignore;
    r->source = source;
    r->is_ip4 = spf_is_ip4(q->ip);
    server = SPF_server_new_dns(&dns, 0);
    if (server) {
        ask(server, q, r);
        SPF_server_free(server);
    }
    buf_free(&r->record);
}

void spf_libspf2_check(const struct spf_question *q, const struct spf_source *source, struct spf_answer *a)
{
    struct spf_answer library = {.result = RESULT_permerror};
    struct replay r = {.a = &library};
    struct spf_question plain = *q;

    /* Our own names needs ahead; the library stops at the first one. It also answers what is not for it. */
    plain.explain = false;
    spf_check(&plain, source, a);
    if (!plain.local.n)
        plain.local = VIEW("postmaster");
    if (a->result == RESULT_unknown || !is_askable(&plain) || !is_for_library(&plain))
        return;
    ask_library(&plain, source, &r);
    if (r.refused)
        return;
    *a = library;
    if (a->result != RESULT_unknown)
        snprintf(a->detail, sizeof a->detail, "libspf2: %s%s%s", check_result_name(a->result),
                 r.why ? ", " : "", r.why ? r.why : "");
}
