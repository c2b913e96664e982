/*
 * test_rbl_zone.c - unit tests of workers/antispam/rbl_zone.c: what an answer of a DNS list means.
 *
 * Run by `make check`. The answers that real lists give stand in the corpus (rbl/codes.tsv,
 * rbl/testpoints.tsv).
 */
#include "tests/unit/dnslist_world.h"

#include "workers/antispam/rbl_part.h"

#include <stdio.h>

static struct rbl_zone zone_of(const char *results, bool bitmap, bool domains)
{
    struct rbl_zone z = {.name = xstrdup("z"),
                         .zone = xstrdup("z.example.org"),
                         .suffix = xstrdup("key.z.example.org"),
                         .result = xcalloc(RBL_ZONE_RESULTS_MAX, sizeof *z.result),
                         .bitmap = bitmap,
                         .domains = domains};
    struct view word;

    assert_null(rbl_part_read_results(&z, view_of(results), &word));
    return z;
}

static void free_zone(struct rbl_zone *z)
{
    free(z->name);
    free(z->zone);
    free(z->suffix);
    free(z->result);
}

/* "hit 2 text" of "127.0.0.2 127.0.0.3", "!TIMEOUT", or "?" for what is not known. */
static const char *ask(const struct rbl_zone *z, const char *answers, struct buf *to)
{
    struct view answer[FACTS_ANSWERS_MAX], left = view_of(answers);
    struct fact f = {.answer = answer};
    struct rbl_finding found = {0};

    if (*answers == '!')
        f.rcode = strcmp(answers, "!TIMEOUT") == 0    ? FACT_TIMEOUT
                  : strcmp(answers, "!SERVFAIL") == 0 ? FACT_SERVFAIL
                                                      : FACT_NXDOMAIN;
    while (left.n && *answers != '!')
        answer[f.answer_n++] = dnslist_word(&left, ' ');
    rbl_zone_add_fact(z, *answers == '?' ? NULL : &f, VIEW("192.0.2.1"), &found);
    buf_clear(to);
    buf_addf(to, "%s %u %s", check_result_name(found.result), found.count, found.text.p);
    buf_free(&found.text);
    return to->p;
}

#define UNUSABLE "unusable 0 192.0.2.1 cannot be asked about: z.example.org answers "
#define LISTED   "192.0.2.1 is listed by z.example.org: "
#define MISS     "miss 0 192.0.2.1 is not listed by z.example.org"

static const struct {
    const char *behaviour, *results;
    bool bitmap;
    const char *answers, *wanted;
} cases[] = {
    {"any answer of 127/8 is a hit where no results are set", "", false, "127.0.0.2",
     "hit 1 " LISTED "127.0.0.2"},
    {"the last one, too", "", false, "127.255.254.255", "hit 1 " LISTED "127.255.254.255"},
    {"different answers count, in their order", "", false, "127.0.0.10 127.0.0.2 127.0.0.4 127.0.0.2",
     "hit 3 " LISTED "127.0.0.2, 127.0.0.4, 127.0.0.10"},
    {"no such name", "", false, "!NXDOMAIN", MISS},
    {"a name without addresses", "", false, "", MISS},
    {"an error code is no hit", "", false, "127.255.255.254", UNUSABLE "127.255.255.254"},
    {"... whatever the settings say", "127.255.255.0/24", false, "127.255.255.252",
     UNUSABLE "127.255.255.252"},
    {"... the first of its kind", "", false, "127.255.255.0", UNUSABLE "127.255.255.0"},
    {"an address outside 127/8 is no hit", "", false, "192.0.2.9", UNUSABLE "192.0.2.9"},
    {"... and spoils what stands beside it", "", false, "127.0.0.2 128.0.0.1", UNUSABLE "128.0.0.1"},
    {"what is no address", "", false, "::1", UNUSABLE "::1"},
    {"no answer", "", false, "!TIMEOUT",
     "temperror 0 192.0.2.1 was asked about without an answer: z.example.org"},
    {"a server that fails", "", false, "!SERVFAIL",
     "temperror 0 192.0.2.1 was asked about, and the server failed: z.example.org"},
    {"what was never asked", "", false, "?", "unknown 0 192.0.2.1 was not asked about: z.example.org"},
    {"only results that are set", "127.0.0.10", false, "127.0.0.2", MISS},
    {"... are hits, and counted", "127.0.0.2 127.0.0.4", false, "127.0.0.2 127.0.0.3 127.0.0.4",
     "hit 2 " LISTED "127.0.0.2, 127.0.0.4"},
    {"a range holds its ends", "127.0.0.4-127.0.0.7", false, "127.0.0.3 127.0.0.4 127.0.0.7 127.0.0.8",
     "hit 2 " LISTED "127.0.0.4, 127.0.0.7"},
    {"a network", "127.0.1.0/24", false, "127.0.0.255 127.0.1.0 127.0.1.255 127.0.2.0",
     "hit 2 " LISTED "127.0.1.0, 127.0.1.255"},
    {"a star is any number", "127.0.*.3", false, "127.0.2.3 127.0.9.2 127.0.15.3 127.1.2.3",
     "hit 2 " LISTED "127.0.2.3, 127.0.15.3"},
    {"an answer in two results is one", "127.0.0.2 127.0.0.0/24", false, "127.0.0.2",
     "hit 1 " LISTED "127.0.0.2"},
    {"a bit of the last octet", "4", true, "127.0.0.14", "hit 1 " LISTED "127.0.0.14"},
    {"... not of others", "4", true, "127.0.4.10", MISS},
    {"several bits at once", "2 4 8", true, "127.0.0.14", "hit 3 " LISTED "127.0.0.14"},
    {"one mask for all is one hit", "14", true, "127.0.0.14", "hit 1 " LISTED "127.0.0.14"},
    {"a bit in two answers is one hit", "2", true, "127.0.0.2 127.0.0.6",
     "hit 1 " LISTED "127.0.0.2, 127.0.0.6"},
    {"a bit as others write it", "127.0.0.8", true, "127.0.0.9", "hit 1 " LISTED "127.0.0.9"},
    {"all other bits", "254", true, "127.0.0.1", MISS},
    {"an error code has no bits", "255", true, "127.255.255.255", UNUSABLE "127.255.255.255"},
};

static void answers_mean_what_the_settings_say(void **state)
{
    struct buf b = {0};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rbl_zone z = zone_of(cases[i].results, cases[i].bitmap, false);

        if (strcmp(ask(&z, cases[i].answers, &b), cases[i].wanted) != 0)
            fail_msg("%s: %s", cases[i].behaviour, b.p);
        free_zone(&z);
    }
    buf_free(&b);
}

static const struct {
    const char *behaviour, *first, *second, *wanted;
} pairs[] = {
    {"hits add up", "127.0.0.2", "127.0.0.2 127.0.0.3", "hit 3"},
    {"a hit is one before what is not known", "?", "127.0.0.2", "hit 1"},
    {"... and stays one", "127.0.0.2", "!TIMEOUT", "hit 1"},
    {"what is not known is no miss", "?", "!NXDOMAIN", "unknown 0"},
    {"no answer is no miss", "!NXDOMAIN", "!TIMEOUT", "temperror 0"},
    {"an error code is no miss", "127.255.255.254", "!NXDOMAIN", "unusable 0"},
    {"two misses are one", "!NXDOMAIN", "!NXDOMAIN", "miss 0"},
};

static void several_names_make_one_result(void **state)
{
    struct rbl_zone z = zone_of("", false, true);

    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        const char *const said[] = {pairs[i].first, pairs[i].second};
        struct rbl_finding found = {0};
        char got[40];

        for (unsigned k = 0; k < 2; k++) {
            struct view answer[2], left = view_of(said[k]);
            struct fact f = {.answer = answer, .rcode = *said[k] == '!' ? FACT_NXDOMAIN : FACT_NOERROR};

            if (strcmp(said[k], "!TIMEOUT") == 0)
                f.rcode = FACT_TIMEOUT;
            while (f.rcode == FACT_NOERROR && left.n)
                answer[f.answer_n++] = dnslist_word(&left, ' ');
            rbl_zone_add_fact(&z, *said[k] == '?' ? NULL : &f, VIEW("x"), &found);
        }
        snprintf(got, sizeof got, "%s %u", check_result_name(found.result), found.count);
        if (strcmp(got, pairs[i].wanted) != 0)
            fail_msg("%s: %s", pairs[i].behaviour, got);
        buf_free(&found.text);
    }
    free_zone(&z);
}

static void only_a_domain_list_may_say_that_it_has_no_addresses(void **state)
{
    struct rbl_zone addresses = zone_of("", false, false), domains = zone_of("", false, true);
    struct buf b = {0};

    (void)state;
    assert_string_equal(ask(&domains, "127.0.1.255", &b), MISS);
    assert_string_equal(ask(&addresses, "127.0.1.255", &b), "hit 1 " LISTED "127.0.1.255");
    free_zone(&addresses);
    free_zone(&domains);
    buf_free(&b);
}

static void a_question_has_its_key_and_at_most_253_bytes(void **state)
{
    struct rbl_zone z = zone_of("", false, true);
    char to[FACTS_NAME_MAX + 1], longest[300];
    const size_t room = FACTS_NAME_MAX - strlen(z.suffix);

    (void)state;
    assert_int_equal(rbl_zone_question(&z, VIEW("1.2.0.192."), to), 10 + 17);
    assert_string_equal(to, "1.2.0.192.key.z.example.org");
    memset(longest, 'a', sizeof longest);
    assert_int_equal(rbl_zone_question(&z, (struct view){longest, room}, to), FACTS_NAME_MAX);
    assert_int_equal(rbl_zone_question(&z, (struct view){longest, room + 1}, to), 0);
    assert_int_equal(rbl_zone_question(&z, VIEW(""), to), 0);
    free_zone(&z);
}

/* --- the answers of real lists --------------------------------------------- */

/* How these lists are set up; the first one that fits. */
static const struct {
    const char *zone, *results;
    bool bitmap, domains;
} set_up[] = {
    {"zen.spamhaus.org", "", false, false},
    {"dbl.spamhaus.org", "", false, true},
    {"zrd.spamhaus.org", "", false, true},
    {"multi.uribl.com", "2 4 8", true, true},
    {"multi.surbl.org", "4 8 16 32 64 128", true, true},
    {"list.dnswl.org", "127.0.*.0 127.0.*.1 127.0.*.2 127.0.*.3", false, false},
    {"", "", false, false},
};

static struct rbl_zone zone_named(struct view zone)
{
    size_t i = 0;

    while (*set_up[i].zone && !view_equal(zone, view_of(set_up[i].zone)))
        i++;
    return zone_of(set_up[i].results, set_up[i].bitmap, set_up[i].domains);
}

static FILE *open_corpus(const char *name)
{
    const char *corpus = getenv("SPOOLD_CORPUS");
    char path[500];
    FILE *f;

    snprintf(path, sizeof path, "%s/rbl/%s", corpus ? corpus : "../shared/corpus", name);
    f = fopen(path, "r");
    if (!f)
        skip();
    return f;
}

/* zone, asks_for, match, value, verdict */
static void check_code(const struct view *column)
{
    struct rbl_zone z = zone_named(column[0]);
    struct buf b = {0};
    char answer[40];
    bool hit;

    if (view_equal(column[2], VIEW("exact")))
        snprintf(answer, sizeof answer, "%.*s", (int)column[3].n, column[3].p);
    else
        snprintf(answer, sizeof answer, "127.0.%d.%.*s", view_equal(column[2], VIEW("bit")) ? 0 : 9,
                 (int)column[3].n, column[3].p);
    hit = strncmp(ask(&z, answer, &b), "hit 1 ", 6) == 0;
    if (hit == view_equal(column[4], VIEW("error")))
        fail_msg("%.*s %s: %s", (int)column[0].n, column[0].p, answer, b.p);
    buf_free(&b);
    free_zone(&z);
}

static unsigned each_row(const char *name, void (*fn)(const struct view *column))
{
    FILE *f = open_corpus(name);
    char *line = NULL;
    size_t room = 0;
    unsigned rows = 0;
    ssize_t n;

    while ((n = getline(&line, &room, f)) > 0) {
        struct view left = {line, (size_t)n - 1}, column[7] = {{NULL, 0}};

        for (size_t i = 0; i < 7; i++)
            column[i] = dnslist_word(&left, '\t');
        if (rows++)
            fn(column);
    }
    free(line);
    fclose(f);
    return rows;
}

static void the_codes_of_real_lists_mean_what_these_say(void **state)
{
    (void)state;
    assert_true(each_row("codes.tsv", check_code) > 50);
}

/* The question of a test point, as the file has it: list, subject, query. */
static void check_question(const struct view *column)
{
    const bool any = column[0].n > 4 && memcmp(column[0].p, "any ", 4) == 0;
    char zone[60], front[200], to[FACTS_NAME_MAX + 1], wanted[FACTS_NAME_MAX + 1];
    struct rbl_zone z = {.suffix = zone};
    unsigned char ip[16];
    size_t n;

    snprintf(zone, sizeof zone, "%.*s", any ? 6 : (int)column[0].n, any ? "<zone>" : column[0].p);
    if (rdns_parse(column[1], ip))
        rdns_reverse(ip, front);
    else
        snprintf(front, sizeof front, "%.*s.", (int)column[1].n, column[1].p);
    /* "::ffff:7f00:2" is written as IPv6 there; an address of a client would be taken for IPv4. */
    if (view_equal(column[0], VIEW("any IPv6 list")))
        return;
    n = rbl_zone_question(&z, view_of(front), to);
    assert_true(fact_name_clean((struct view){to, n}, to) && fact_name_clean(column[2], wanted));
    assert_string_equal(to, wanted);
}

/* "127.0.0.2, 127.0.0.4 and 127.0.0.10 together ...": every address in it is an answer. */
static void check_answer(const struct view *column)
{
    struct rbl_zone z = zone_named(column[0]);
    struct buf answers = {0}, b = {0};
    struct view left = column[3];

    while (left.n) {
        struct view word = dnslist_word(&left, ' ');

        if (word.n && word.p[word.n - 1] == ',')
            word.n--;
        if (word.n > 6 && memcmp(word.p, "127.0.", 6) == 0)
            buf_addf(&answers, "%s%.*s", answers.n ? " " : "", (int)word.n, word.p);
    }
    if (answers.n && strncmp(ask(&z, answers.p, &b), "hit ", 4) != 0)
        fail_msg("%.*s: %s", (int)column[0].n, column[0].p, b.p);
    buf_free(&answers);
    buf_free(&b);
    free_zone(&z);
}

static void the_test_points_of_real_lists_are_hits(void **state)
{
    (void)state;
    assert_true(each_row("testpoints.tsv", check_question) > 8);
    assert_true(each_row("testpoints.tsv", check_answer) > 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_mean_what_the_settings_say),
        cmocka_unit_test(several_names_make_one_result),
        cmocka_unit_test(only_a_domain_list_may_say_that_it_has_no_addresses),
        cmocka_unit_test(a_question_has_its_key_and_at_most_253_bytes),
        cmocka_unit_test(the_codes_of_real_lists_mean_what_these_say),
        cmocka_unit_test(the_test_points_of_real_lists_are_hits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
