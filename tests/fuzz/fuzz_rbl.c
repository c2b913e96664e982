/*
 * fuzz_rbl.c - any settings of a DNS list, and any answers of it.
 *
 * Built with libFuzzer or with a plain main that feeds files. Lines: flags (b bitmap, d domains), zone, key,
 * results, and an answer each. A hit has a code of 127.0.0.0/8 without 127.255.255.0/24 and nothing else
 * beside it; the order of answers changes nothing; one error code among them undoes any hit.
 */
#include "tests/fuzz/fuzz_must.h"

#include "common/dnslist.h"
#include "workers/antispam/rbl_part.h"

#include <string.h>

#define INPUT_MAX 4000

static struct view next_line(struct view *left)
{
    const char *end = left->n ? memchr(left->p, '\n', left->n) : NULL;
    struct view line = {left->p, end ? (size_t)(end - left->p) : left->n};

    left->p += line.n + (end != NULL);
    left->n -= line.n + (end != NULL);
    return line;
}

static bool are_codes(const struct fact *f)
{
    for (unsigned i = 0; i < f->answer_n; i++) {
        uint32_t code = 0;

        if (!dnslist_read_code(f->answer[i], &code))
            return false;
        MUST(dnslist_is_code(code) == (code >= 0x7f000000 && code < 0x7fffff00));
        if (!dnslist_is_code(code))
            return false;
    }
    return true;
}

static void find(const struct rbl_zone *z, const struct fact *f, struct rbl_finding *to)
{
    *to = (struct rbl_finding){0};
    rbl_zone_add_fact(z, f, VIEW("192.0.2.1"), to);
    MUST((to->result == RESULT_hit) == (to->count > 0) && to->any && to->text.n);
}

static void check_answers(const struct rbl_zone *z, struct view *answer, unsigned n)
{
    struct view turned[FACTS_ANSWERS_MAX];
    struct fact f = {.answer = answer, .answer_n = n};
    struct rbl_finding one, two;

    find(z, &f, &one);
    MUST(one.result == (are_codes(&f) ? one.count ? RESULT_hit : RESULT_miss : RESULT_unusable));
    MUST(one.count <= (z->bitmap ? z->result_n : n));
    for (unsigned i = 0; i < n; i++)
        turned[i] = answer[n - 1 - i];
    f.answer = turned;
    find(z, &f, &two);
    MUST(one.result == two.result && one.count == two.count);
    MUST(one.result == RESULT_unusable || view_equal(buf_view(&one.text), buf_view(&two.text)));
    buf_free(&two.text);
    if (n) {
        turned[n / 2] = VIEW("127.255.255.254");
        find(z, &f, &two);
        MUST(two.result == RESULT_unusable);
        buf_free(&two.text);
    }
    f.rcode = FACT_NXDOMAIN;
    f.answer_n = 0;
    find(z, &f, &two);
    MUST(two.result == RESULT_miss);
    buf_free(&two.text);
    buf_free(&one.text);
}

static size_t check_names(struct view zone, struct view key, char suffix[FACTS_NAME_MAX + 1])
{
    const struct rbl_zone z = {.suffix = suffix};
    char to[FACTS_NAME_MAX + 1], clean[FACTS_NAME_MAX + 1];
    size_t n = dnslist_suffix(zone, key, suffix), whole;

    suffix[n] = '\0';
    if (!n)
        return 0;
    MUST(n <= FACTS_NAME_MAX && strlen(suffix) == n);
    MUST(fact_name_clean((struct view){suffix, n}, clean) == n && memcmp(clean, suffix, n) == 0);
    whole = rbl_zone_question(&z, VIEW("1.2.0.192."), to);
    MUST(whole == (n + 10 <= FACTS_NAME_MAX ? n + 10 : 0));
    MUST(!whole || fact_name_clean((struct view){to, whole}, clean) == whole);
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view left = {(const char *)data, size}, flags, zone, key, word, answer[FACTS_ANSWERS_MAX];
    struct rbl_result result[RBL_ZONE_RESULTS_MAX] = {{0}};
    char suffix[FACTS_NAME_MAX + 1], name[] = "z.example.org";
    struct rbl_zone z = {.zone = name, .suffix = suffix, .result = result};
    unsigned n = 0;

    if (size > INPUT_MAX)
        return 0;
    flags = next_line(&left);
    z.bitmap = flags.n && memchr(flags.p, 'b', flags.n);
    z.domains = flags.n && memchr(flags.p, 'd', flags.n);
    zone = next_line(&left);
    key = next_line(&left);
    check_names(zone, key, suffix);
    if (rbl_part_read_results(&z, next_line(&left), &word)) {
        MUST(z.result_n <= RBL_ZONE_RESULTS_MAX);
        return 0;
    }
    MUST(z.result_n > 0 && z.result_n <= RBL_ZONE_RESULTS_MAX);
    while (left.n && n < FACTS_ANSWERS_MAX)
        answer[n++] = next_line(&left);
    check_answers(&z, answer, n);
    return 0;
}
