/*
 * spf_world.h - zones of the SPF suites as facts, and an evaluation in rounds as the antispam stage does it.
 *
 * For test_spf.c, test_spf_match.c and test_spf_libspf2.c. A question that is not among the facts is a need;
 * after the round the needs become facts, out of the zone, and the next round begins from the start.
 */
#ifndef TESTS_UNIT_SPF_WORLD_H
#define TESTS_UNIT_SPF_WORLD_H

#include "workers/antispam/spf.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define SPF_ROUNDS_MAX 60

typedef void spf_check_fn(const struct spf_question *q, const struct spf_source *source,
                          struct spf_answer *a);

/* One zone: an object of names, each with a list of records (corpus/README.md). */
struct spf_zone {
    json_t *names;
    const char *error; /* names that begin so give no answer */
    struct facts facts;
    struct needs needs;
    unsigned rounds, asked;
};

static inline const char *spf_zone_get(json_t *record, const char *key)
{
    const char *s = json_string_value(json_object_get(record, key));

    return s ? s : "";
}

static inline struct view spf_zone_view(struct buf *room, size_t from)
{
    return (struct view){room->p + from, room->n - from};
}

static inline void spf_zone_text(json_t *record, enum fact_type type, struct buf *to)
{
    const char *data = spf_zone_get(record, "data");
    json_t *piece;
    size_t i;

    if (type == FACT_MX)
        buf_addf(to, "%d %s", (int)json_integer_value(json_object_get(record, "pref")), data[0] ? data : ".");
    else if (type != FACT_TXT)
        buf_add_str(to, data);
    json_array_foreach(json_object_get(record, "strings"), i, piece) if (type == FACT_TXT)
        buf_add(to, json_string_value(piece), json_string_length(piece));
}

/* The records of a name and type; -1: the name does not exist, -2: no answer. `alias`: a CNAME is there. */
static inline int spf_zone_records(const struct spf_zone *z, const char *name, enum fact_type type,
                                   struct buf answer[FACTS_ANSWERS_MAX], const char **alias)
{
    json_t *records = json_object_get(z->names, name), *record;
    int n = 0, silent = 0;
    size_t i;

    *alias = NULL;
    if (z->error && strncmp(name, z->error, strlen(z->error)) == 0)
        return -2;
    if (!records)
        return -1;
    json_array_foreach(records, i, record)
    {
        const char *is = spf_zone_get(record, "type"), *rcode = spf_zone_get(record, "rcode");

        if (rcode[0] && (strcmp(is, "*") == 0 || strcmp(is, fact_type_name(type)) == 0))
            silent = 1;
        else if (strcmp(is, "CNAME") == 0)
            *alias = spf_zone_get(record, "data");
        else if (strcmp(is, fact_type_name(type)) == 0 && n < FACTS_ANSWERS_MAX)
            spf_zone_text(record, type, &answer[n++]);
    }
    return n == 0 && silent ? -2 : n;
}

static inline void spf_zone_clean(const char *from, char to[FACTS_NAME_MAX + 1])
{
    struct view v = view_of(from);

    to[0] = '\0';
    if (fact_name_clean(v, to) == 0)
        snprintf(to, FACTS_NAME_MAX + 1, "%s", from);
}

/* Adds what the zone says. CNAMEs are followed here, as worker-dns does. */
static inline void spf_zone_add(struct spf_zone *z, enum fact_type type, struct view name)
{
    struct buf text[FACTS_ANSWERS_MAX] = {0};
    struct view answer[FACTS_ANSWERS_MAX];
    struct fact f = {.type = type, .name = name, .answer = answer, .ttl = 300, .at = 1};
    char at[FACTS_NAME_MAX + 1];
    const char *alias;
    int n, hops = 0;

    snprintf(at, sizeof at, "%.*s", (int)name.n, name.p);
    while ((n = spf_zone_records(z, at, type, text, &alias)) == 0 && alias && hops++ < FACTS_CNAMES_MAX)
        spf_zone_clean(alias, at);
    f.rcode = n == -2                   ? FACT_TIMEOUT
              : n == -1                 ? FACT_NXDOMAIN
              : hops > FACTS_CNAMES_MAX ? FACT_SERVFAIL
                                        : FACT_NOERROR;
    f.answer_n = n > 0 ? (unsigned)n : 0;
    for (unsigned i = 0; i < f.answer_n; i++)
        answer[i] = buf_view(&text[i]);
    if (facts_add(&z->facts, &f) < 0)
        fail_msg("%s %s cannot be a fact", fact_type_name(type), at);
    for (unsigned i = 0; i < FACTS_ANSWERS_MAX; i++)
        buf_free(&text[i]);
}

/* As judge_fact() answers. */
static inline const struct fact *spf_zone_fact(void *of, enum fact_type type, struct view name)
{
    static const struct fact nowhere = {.rcode = FACT_NXDOMAIN};
    struct spf_zone *z = of;
    const struct fact *f = facts_find(&z->facts, type, name);

    if (f)
        return f;
    return needs_add(&z->needs, type, name) ? NULL : &nowhere;
}

/* In rounds until there is an answer. */
static inline void spf_zone_check(struct spf_zone *z, spf_check_fn *check, const struct spf_question *q,
                                  struct spf_answer *a)
{
    const struct spf_source source = {spf_zone_fact, z};

    facts_free(&z->facts);
    z->asked = 0;
    for (z->rounds = 0; z->rounds < SPF_ROUNDS_MAX; z->rounds++) {
        needs_clear(&z->needs);
        check(q, &source, a);
        if (a->result != RESULT_unknown)
            break;
        if (z->needs.n == 0)
            fail_msg("a round that neither answers nor asks");
        z->asked += z->needs.n;
        for (unsigned i = 0; i < z->needs.n; i++)
            spf_zone_add(z, z->needs.need[i].type, z->needs.need[i].name);
    }
    assert_true(z->rounds < SPF_ROUNDS_MAX);
}

static inline void spf_zone_free(struct spf_zone *z)
{
    facts_free(&z->facts);
    needs_free(&z->needs);
}

/* The client's address; IPv4 as ::ffff:0:0/96. */
static inline void spf_read_ip(const char *text, unsigned char ip[16])
{
    memcpy(ip, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
    if (inet_pton(AF_INET, text, ip + 12) != 1 && inet_pton(AF_INET6, text, ip) != 1)
        fail_msg("%s is no address", text);
}

/* "user@example.org"; the null sender is postmaster of HELO. */
static inline struct spf_question spf_question_of(const char *sender, const char *helo,
                                                  const unsigned char *ip)
{
    struct spf_question q = {.helo = view_of(helo), .ip = ip, .now = 1700000000000};
    const char *at = strrchr(sender, '@');

    if (!sender[0])
        q.domain = q.helo;
    else if (at)
        q.local = (struct view){sender, (size_t)(at - sender)}, q.domain = view_of(at + 1);
    return q;
}

/* A zone out of lines "TYPE NAME DATA"; "* NAME TIMEOUT" gives no answer to what has no line. */
static inline json_t *spf_zone_parse(const char *lines)
{
    json_t *names = json_object(), *record;
    char type[8], name[300], data[5000];
    int used;

    for (; sscanf(lines, "%7s %299s %4999[^\n]%n", type, name, data, &used) == 3; lines += used) {
        if (!json_object_get(names, name))
            json_object_set_new(names, name, json_array());
        if (strcmp(type, "*") == 0)
            record = json_pack("{ssss}", "type", type, "rcode", data);
        else if (strcmp(type, "TXT") == 0)
            record = json_pack("{sss[s]}", "type", type, "strings", data);
        else if (strcmp(type, "MX") == 0)
            record = json_pack("{sssiss}", "type", type, "pref", 10, "data", data);
        else
            record = json_pack("{ssss}", "type", type, "data", data);
        assert_non_null(record);
        json_array_append_new(json_object_get(names, name), record);
    }
    return names;
}

/* ---- the suites ---- */

struct spf_case {
    const char *name, *helo, *host, *sender, *explanation; /* explanation: NULL = not told */
    json_t *result, *pyspf;
};
typedef void spf_case_fn(struct spf_zone *z, const struct spf_case *c, void *of);

/* NULL: the corpus is not there. */
static inline json_t *spf_suite_open(const char *file)
{
    const char *corpus = getenv("SPOOLD_CORPUS");
    char path[4096];
    json_error_t error;
    json_t *suite;

    snprintf(path, sizeof path, "%s/spf/%s", corpus ? corpus : "../shared/corpus", file);
    suite = json_load_file(path, JSON_ALLOW_NUL, &error);
    if (!suite && json_error_code(&error) != json_error_cannot_open_file)
        fail_msg("%s:%d: %s", path, error.line, error.text);
    return suite;
}

static inline void spf_suite_case(struct spf_zone *z, const char *name, json_t *t, spf_case_fn *each,
                                  void *of)
{
    bool stalwart = json_object_get(t, "sender") != NULL;
    struct spf_case c = {.name = name,
                         .helo = spf_zone_get(t, stalwart ? "domain" : "helo"),
                         .host = spf_zone_get(t, stalwart ? "ip" : "host"),
                         .sender = spf_zone_get(t, stalwart ? "sender" : "mailfrom"),
                         .explanation = json_string_value(json_object_get(t, "explanation")),
                         .result = json_object_get(t, "result"),
                         .pyspf = json_object_get(t, "pyspf")};

    each(z, &c, of);
    spf_zone_free(z);
}

static inline void spf_suite_each(json_t *suite, const char *error, spf_case_fn *each, void *of)
{
    json_t *scenario, *tests, *t;
    const char *name;
    size_t i, k;

    json_array_foreach(json_object_get(suite, "scenarios"), i, scenario)
    {
        struct spf_zone z = {.names = json_object_get(scenario, "zone"), .error = error};

        tests = json_object_get(scenario, "tests");
        json_object_foreach(tests, name, t) spf_suite_case(&z, name, t, each, of);
        json_array_foreach(tests, k, t) spf_suite_case(&z, spf_zone_get(scenario, "scenario"), t, each, of);
    }
}

static inline bool spf_case_is_right(const struct spf_case *c, enum check_result result)
{
    json_t *one;
    size_t i;

    json_array_foreach(c->result, i,
                       one) if (strcmp(json_string_value(one), check_result_name(result)) == 0) return true;
    return false;
}

#endif
