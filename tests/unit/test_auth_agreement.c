/*
 * test_auth_agreement.c - SPF, DKIM and DMARC together, against what two other programs said of the same
 * mail.
 *
 * Run by "make check"; skipped without the corpus (SPOOLD_CORPUS, ../shared/corpus). Every case is judged in
 * rounds, with the zone of its file as the DNS, by the three checks in their order. Where we say something
 * else than authentication_milter or rspamd, the case stands in a table below with our word and the reason; a
 * difference that is not there, and one that is there and is none, fails the test.
 */
#include "auth_corpus.h"

#include "workers/mail/mail_received.h"

#define ROUNDS_MAX 40

extern const struct check_ops check_spf, check_dkim, check_dmarc;

enum what { SPF, DKIM, DMARC, WHAT__MAX };
static const char *const whats[] = {"spf", "dkim", "dmarc"};
static const struct check_ops *const ops[] = {&check_spf, &check_dkim, &check_dmarc};

struct difference {
    const char *id;
    enum what what;
    const char *ours, *why;
};
#define TEST_KEY "t=y: a failure of a test key is as if there were no signature (RFC 6376, 3.6.1)"
/* clang-format off */
static const struct difference differences[] = {
    {"google_apps_bad_space-10", SPF, "none", "the sender is \"marc@ marcbradshaw.net\": no domain (RFC 7208, 4.3)"},
    {"google_apps_bad_space-10", DMARC, "fail", "so SPF cannot pass, and the signature is broken"},
    {"google_apps_bad_space-10", DKIM, "neutral", TEST_KEY},
    {"google_apps_bad-11", DKIM, "neutral", TEST_KEY},
    {"google_apps_bad_spf_fail-12", DKIM, "neutral", TEST_KEY},
    {"google_apps_bad_spf_fail_hard-22", DKIM, "neutral", TEST_KEY},
    {"spam_headers_spf_hide_none-30", DMARC, "none", "a From with an open quote still names a domain, of no record"},
    {"spam_headers_hide_none-31", DMARC, "none", "the same From"},
    {"dmarc:DMARC PCT ZERO REJECT", DMARC, "fail", "pct lowers no policy here: it is told (policy reject, pct 0)"},
    {"dkim:DKIM Accept Large Key Below Limit", DKIM, "permerror", "the key is not in the zone of the file"},
};
/* clang-format on */

struct auth_case {
    const char *id, *ip, *helo, *sender, *message;
    char expect[WHAT__MAX][32]; /* "": nothing is */
    bool no_pass;               /* DKIM must not */
};
struct totals {
    unsigned compared[WHAT__MAX], same[WHAT__MAX], differ[WHAT__MAX];
};

static void set_client(struct auth_world *w, const struct auth_case *c)
{
    struct judge *j = &w->j;
    const char *at = strrchr(c->sender, '@');

    j->client.ip = view_of(c->ip);
    j->client.helo = view_of(c->helo);
    j->has_ip = mail_received_ip(j->client.ip, j->ip).n > 0;
    j->is_ip4 = j->has_ip && memcmp(j->ip, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) == 0;
    j->sender.whole = view_of(c->sender);
    if (at) {
        j->sender.local = (struct view){c->sender, (size_t)(at - c->sender)};
        j->sender.domain = view_of(at + 1);
    }
}

static void open_checks(void *state[WHAT__MAX])
{
    struct settings s = {0};
    struct buf why = {0};

    assert_int_equal(settings_open(&s, VIEW("")), 0);
    for (unsigned i = 0; i < WHAT__MAX; i++)
        if (ops[i]->open && !(state[i] = ops[i]->open(&s, &why)))
            fail_msg("%s: %s", whats[i], why.p);
    settings_free(&s);
    buf_free(&why);
}

static void close_checks(void *state[WHAT__MAX])
{
    for (unsigned i = 0; i < WHAT__MAX; i++)
        if (ops[i]->close)
            ops[i]->close(state[i]);
}

/* As judge.c does: what is asked at first, what follows from the answers, and at the end the verdict. */
static void run(struct auth_world *w, json_t *zone, void *state[WHAT__MAX])
{
    unsigned rounds = 0;

    for (unsigned i = 0; i < WHAT__MAX; i++)
        if (ops[i]->ask)
            ops[i]->ask(&w->j, state[i]);
    do {
        for (unsigned i = 0; i < WHAT__MAX; i++)
            if (ops[i]->unfold)
                ops[i]->unfold(&w->j, state[i]);
        assert_true(rounds++ < ROUNDS_MAX);
    } while (auth_zone_fill(w, zone));
    for (unsigned i = 0; i < WHAT__MAX; i++)
        ops[i]->judge(&w->j, state[i]);
    assert_int_equal(w->a.verdict.n, WHAT__MAX);
    assert_int_equal(w->a.needs.n, 0); /* nothing is asked too late */
}

static const struct difference *find_difference(const char *id, enum what what)
{
    for (size_t i = 0; i < sizeof differences / sizeof *differences; i++)
        if (differences[i].what == what && strcmp(differences[i].id, id) == 0)
            return &differences[i];
    return NULL;
}

/* "fail/reject": the policy stands in the detail. */
static bool is_same(const char *expect, const struct antispam_result *r)
{
    const char *name = check_result_name(r->result), *slash = strchr(expect, '/');
    size_t n = slash ? (size_t)(slash - expect) : strlen(expect);
    char policy[32];

    if (strlen(name) != n || strncmp(expect, name, n) != 0)
        return false;
    snprintf(policy, sizeof policy, "policy %s", slash ? slash + 1 : "");
    return !slash || strncmp(r->detail.p, policy, strlen(policy)) == 0;
}

static void compare(const struct auth_case *c, const struct auth_world *w, struct totals *t)
{
    if (c->no_pass && w->a.verdict.result[DKIM].result == RESULT_pass)
        fail_msg("%s: %s", c->id, w->a.verdict.result[DKIM].detail.p);
    for (unsigned i = 0; i < WHAT__MAX; i++) {
        const struct antispam_result *r = &w->a.verdict.result[i];
        const struct difference *d = find_difference(c->id, (enum what)i);
        const char *ours = check_result_name(r->result);
        bool same;

        if (!c->expect[i][0])
            continue;
        t->compared[i]++;
        same = is_same(c->expect[i], r);
        t->same[i] += same;
        t->differ[i] += !same;
        if (same && !d)
            continue;
        print_message("%-5s %s: theirs %s, ours %s: %s\n", whats[i], c->id, c->expect[i], ours,
                      d ? d->why : "not expected");
        if (!d || same || strcmp(d->ours, ours) != 0)
            fail_msg("%s", r->detail.p);
    }
}

static void look(const struct auth_case *c, json_t *zone, const char *dir, struct totals *t)
{
    void *state[WHAT__MAX] = {NULL};
    struct auth_world w = {0};
    struct buf message = {0};

    if (c->message[0])
        auth_corpus_read(dir, c->message, &message);
    auth_open(&w, buf_view(&message));
    set_client(&w, c);
    open_checks(state);
    run(&w, zone, state);
    compare(c, &w, t);
    close_checks(state);
    auth_close(&w);
    buf_free(&message);
}

/* "dkim=pass (...) ..." of the field that authentication_milter wrote. */
static void find_method(const char *field, const char *name, char to[32])
{
    char method[32];
    const char *at;
    size_t n;

    snprintf(method, sizeof method, " %s=", name);
    at = strstr(field, method);
    if (!at)
        return;
    at += strlen(method);
    n = strcspn(at, " ;\r\n");
    snprintf(to, 32, "%.*s", (int)n, at);
}

static void look_at_file(const char *file, struct totals *t)
{
    json_t *suite = auth_corpus_load(file), *one, *symbol;
    char dir[64];
    size_t i, n;

    if (!suite)
        skip();
    auth_corpus_unpack("auth/msg.tar.xz", dir);
    json_array_foreach(json_object_get(suite, "cases"), i, one)
    {
        json_t *theirs = json_object_get(one, "expect"),
               *fields = json_object_get(one, "expect_authentication_results");
        struct auth_case c = {.id = auth_text(one, "id"),
                              .helo = auth_text(one, "helo"),
                              .sender = auth_text(one, "mail_from"),
                              .message = auth_text(one, "message"),
                              .ip = auth_text(one, theirs ? "ip" : "connect_ip")};
        char sender[256];

        snprintf(sender, sizeof sender, "%s", c.sender + (c.sender[0] == '<'));
        sender[strcspn(sender, ">")] = '\0';
        c.sender = sender;
        json_array_foreach(json_object_get(one, "not_symbols"), n, symbol) c.no_pass |=
            strcmp(json_string_value(symbol), "R_DKIM_ALLOW") == 0;
        for (unsigned k = 0; k < WHAT__MAX; k++) {
            const char *field = json_string_value(json_array_get(fields, 0));

            snprintf(c.expect[k], sizeof c.expect[k], "%s", auth_text(theirs, whats[k]));
            if (field)
                find_method(field, whats[k], c.expect[k]);
        }
        look(&c, json_object_get(suite, "zone"), dir, t);
    }
    auth_corpus_remove(dir);
    json_decref(suite);
    for (unsigned k = 0; k < WHAT__MAX; k++)
        print_message("%-20s %-5s compared %u, same %u, different %u\n", file, whats[k], t->compared[k],
                      t->same[k], t->differ[k]);
}

static void authentication_milter(void **state)
{
    struct totals t = {0};

    (void)state;
    look_at_file("auth/authmilter.json", &t);
    assert_true(t.compared[SPF] > 8 && t.compared[DKIM] > 8 && t.compared[DMARC] > 8);
}

static void rspamd(void **state)
{
    struct totals t = {0};

    (void)state;
    look_at_file("auth/rspamd.json", &t);
    assert_true(t.compared[SPF] > 15 && t.compared[DKIM] > 5 && t.compared[DMARC] > 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(authentication_milter), cmocka_unit_test(rspamd)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
