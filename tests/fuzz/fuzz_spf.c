/*
 * fuzz_spf.c - any bytes as a zone with SPF records, and as a record and a macro-string of their own.
 *
 * Built with libFuzzer or with a plain main that feeds files. Lines: the first byte of the first one chooses
 * the client, the rest of it is the sender; the second is HELO; of each other the first byte chooses the
 * type, then come a name, a blank, and an answer. Asked in one go and in rounds it is the same answer; never
 * are there more look-ups than the limits allow. libspf2 is asked as well, behind its gate.
 */
#include "tests/fuzz/fuzz_must.h"

#include "workers/antispam/spf_libspf2.h"
#include "workers/antispam/spf_macro.h"
#include "workers/antispam/spf_record.h"

#include <string.h>

#define INPUT_MAX 20000
#define LINES_MAX 60
#define NAMES_MAX 400
/* The first record; ten terms, each with a %{p} (PTR and ten names) and, if it is an mx, ten hosts; and the
 * explanation with two %{p}. */
#define CALLS_MAX (1 + 10 * (11 + 1 + 10) + 1 + 22)

struct line {
    enum fact_type type;
    enum fact_rcode rcode;
    struct view name, answer;
};
struct world {
    struct line line[LINES_MAX];
    unsigned n, calls;
    bool rounds;
    char known[NAMES_MAX][SPF_NAME_MAX + 2]; /* type and name, as asked */
    unsigned known_n, known_before;
    struct fact fact[NAMES_MAX];
    struct view answer[NAMES_MAX][FACTS_ANSWERS_MAX];
};
static struct world world; /* too large for a stack; begun anew by each input */

static struct view cut_line(struct view *rest, char at)
{
    const char *end = rest->n ? memchr(rest->p, at, rest->n) : NULL;
    struct view v = {rest->p, end ? (size_t)(end - rest->p) : rest->n};

    rest->p += v.n + (end != NULL), rest->n -= v.n + (end != NULL);
    return v;
}

static void read_zone(struct view rest)
{
    static const enum fact_type types[] = {FACT_TXT, FACT_TXT, FACT_A, FACT_AAAA, FACT_MX, FACT_PTR};

    world.n = 0;
    while (rest.n && world.n < LINES_MAX) {
        struct view v = cut_line(&rest, '\n');
        struct line *l = &world.line[world.n];

        if (v.n < 2)
            continue;
        l->type = types[(unsigned char)v.p[0] % 6];
        l->rcode = (unsigned char)v.p[0] > 0xf0 ? FACT_TIMEOUT : FACT_NOERROR;
        v.p++, v.n--;
        l->name = cut_line(&v, ' ');
        l->answer = v;
        world.n++;
    }
}

/* The place of the question; NAMES_MAX: there is none, and no room. */
static unsigned place_of(enum fact_type type, struct view name)
{
    char key[SPF_NAME_MAX + 2];
    unsigned i = 0;

    MUST(name.n > 0 && name.n <= SPF_NAME_MAX);
    key[0] = (char)('a' + type);
    memcpy(key + 1, name.p, name.n);
    key[name.n + 1] = '\0';
    while (i < world.known_n && strcasecmp(world.known[i], key) != 0)
        i++;
    if (i < world.known_n || i == NAMES_MAX)
        return i;
    memcpy(world.known[i], key, sizeof key);
    return world.known_n++;
}

static const struct fact *find(void *of, enum fact_type type, struct view name)
{
    unsigned at = place_of(type, name);
    struct fact *f = &world.fact[at];

    (void)of;
    MUST(++world.calls <= CALLS_MAX && at < NAMES_MAX);
    if (world.rounds && at >= world.known_before)
        return NULL;
    *f = (struct fact){.type = type, .rcode = FACT_NXDOMAIN, .name = name, .answer = world.answer[at]};
    for (unsigned i = 0; i < world.n; i++) {
        const struct line *l = &world.line[i];

        if (l->type != type || !view_equal_nocase(l->name, name))
            continue;
        f->rcode = l->rcode;
        if (l->rcode == FACT_NOERROR && f->answer_n < FACTS_ANSWERS_MAX)
            world.answer[at][f->answer_n++] = l->answer;
    }
    if (f->rcode != FACT_NOERROR)
        f->answer_n = 0;
    return f;
}

static bool is_printable(const char *s, size_t max)
{
    size_t n = strnlen(s, max);

    for (size_t i = 0; i < n; i++) {
        if (s[i] < 0x20 || s[i] > 0x7e)
            return false;
    }
    return n < max;
}

static void must_be_sound(const struct spf_answer *a)
{
    MUST(a->result <= RESULT_none || a->result == RESULT_permerror || a->result == RESULT_temperror ||
         a->result == RESULT_unknown);
    MUST(is_printable(a->detail, sizeof a->detail) && is_printable(a->explanation, sizeof a->explanation));
    MUST(a->explanation[0] == '\0' || a->result == RESULT_fail);
}

static void check_zone(const struct spf_question *q)
{
    const struct spf_source source = {find, NULL};
    struct spf_answer a, b, c;

    world.known_n = world.calls = 0;
    world.rounds = false;
    spf_check(q, &source, &a);
    must_be_sound(&a);
    MUST(a.result != RESULT_unknown && a.lookups <= SPF_LOOKUPS_MAX && a.voids <= SPF_VOIDS_MAX);
    world.known_n = world.known_before = 0;
    world.rounds = true;
    for (unsigned i = 0;; i++) {
        world.calls = 0;
        spf_check(q, &source, &b);
        must_be_sound(&b);
        MUST(b.lookups <= SPF_LOOKUPS_MAX && b.voids <= SPF_VOIDS_MAX);
        if (b.result != RESULT_unknown)
            break;
        MUST(world.known_n > world.known_before && i < 100);
        world.known_before = world.known_n;
    }
    MUST(a.result == b.result && strcmp(a.detail, b.detail) == 0 &&
         strcmp(a.explanation, b.explanation) == 0);
    world.rounds = false;
    world.calls = 0;
    spf_libspf2_check(q, &source, &c);
    must_be_sound(&c);
    MUST(c.lookups <= SPF_LOOKUPS_MAX + 1 && c.voids <= SPF_VOIDS_MAX + 1);
}

static void check_record(struct view v)
{
    struct spf_record r;
    struct spf_term t;
    size_t seen = 0;

    if (!spf_record_is(v) || !spf_record_open(&r, v))
        return;
    while (spf_record_next(&r.terms, &t) > 0) {
        seen += t.text.n;
        MUST(t.text.p >= v.p && t.text.p + t.text.n <= v.p + v.n && t.bits4 <= 32 && t.bits6 <= 128);
        MUST(t.kind >= SPF_OTHER || t.domain.n == 0 || spf_macro_is_domain_spec(t.domain));
    }
    MUST(r.terms.n == 0 && seen <= v.n);
}

static void check_macro(struct view v, const unsigned char *ip)
{
    const struct spf_values values = {.local = v,
                                      .sender_domain = v,
                                      .domain = VIEW("example.org"),
                                      .helo = v,
                                      .ip = ip,
                                      .is_ip4 = spf_is_ip4(ip)};
    char name[SPF_NAME_MAX + 1], text[300];
    size_t n = spf_macro_name(v, &values, name);

    MUST(n <= SPF_NAME_MAX && name[n] == '\0');
    MUST(n == 0 || spf_macro_is_string(v, false, true));
    MUST(spf_macro_text(v, &values, text, sizeof text) <= sizeof text);
    MUST(!spf_macro_is_domain_spec(v) || spf_macro_is_string(v, false, false));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned char ip[16] = "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\1";
    struct view rest = {(const char *)data + 1, size - 1}, line;
    struct spf_question q = {.ip = ip, .explain = true, .now = 1700000000000};
    const char *at;

    if (size < 1 || size > INPUT_MAX)
        return 0;
    if (data[0] & 1)
        memcpy(ip, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
    check_record(rest);
    if (rest.n < 1000)
        check_macro(rest, ip);
    line = cut_line(&rest, '\n');
    at = line.n ? memrchr(line.p, '@', line.n) : NULL;
    q.local = (struct view){line.p, at ? (size_t)(at - line.p) : 0};
    q.domain = at ? (struct view){at + 1, line.n - q.local.n - 1} : line;
    q.helo = cut_line(&rest, '\n');
    read_zone(rest);
    check_zone(&q);
    return 0;
}
