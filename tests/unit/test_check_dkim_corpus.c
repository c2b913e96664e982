/*
 * test_check_dkim_corpus.c - the check dkim says of the corpus' messages what three other verifiers agree on.
 *
 * Run by "make check"; skipped without the corpus (SPOOLD_CORPUS, ../shared/corpus). What those verifiers do
 * not agree on stands in a table below, with what we say and why; so does each result that needs a word.
 */
#include "auth_corpus.h"

extern const struct check_ops check_dkim;

/* keys.json: name -> text, list of texts, or an rcode. */
static void add_keys(struct auth_world *w, json_t *keys)
{
    const char *name;
    json_t *key, *text;
    size_t i;

    w->facts.otherwise = FACTS_NXDOMAIN;
    json_object_foreach(keys, name, key)
    {
        struct view answer[FACTS_ANSWERS_MAX];
        struct fact f = {.type = FACT_TXT, .name = view_of(name), .answer = answer};

        if (json_is_object(key))
            f.rcode = auth_zone_rcode(auth_text(key, "rcode"));
        if (json_is_string(key))
            answer[f.answer_n++] = view_of(json_string_value(key));
        if (json_is_array(key))
            json_array_foreach(key, i, text) answer[f.answer_n++] = view_of(json_string_value(text));
        if (facts_add(&w->facts, &f) < 0) /* one is longer than any fact: nobody would bring it */
            assert_true(f.answer[0].n > FACTS_ANSWER_MAX);
    }
}

struct row {
    const char *id;
    enum check_result result;
    const char *why;
};
/* clang-format off */
static const struct row disputed[] = {
    {"maildkim-badkey_13", RESULT_policy, "512 bits; the key has g=, which RFC 6376 took out"},
    {"maildkim-badkey_8", RESULT_policy, "512 bits, g= as above"},
    {"maildkim-badkey_9", RESULT_policy, "512 bits, g= as above"},
    {"maildkim-good_1878523", RESULT_policy, "512 bits"},
    {"maildkim-good_83176", RESULT_pass, "q= has dns/txt among methods that nobody knows (RFC 6376, 3.5)"},
    {"maildkim-good_ietf01_2", RESULT_permerror, "a draft: no v=1"},
    {"maildkim-good_qp_1", RESULT_policy, "512 bits"},
    {"maildkim-good_qp_2", RESULT_permerror, "quoted-printable in the domain of i= (3.5: in its local part only)"},
    {"maildkim-goodkey_1", RESULT_policy, "512 bits"},
    {"maildkim-mine_ietf01_2", RESULT_permerror, "a draft: no v=1"},
    {"maildkim-mine_ietf01_3", RESULT_permerror, "a draft: no v=1"},
    {"maildkim-mine_ietf01_4", RESULT_permerror, "a draft: no v=1"},
    {"maildkim-no_body_1", RESULT_permerror, "a draft: v=0.5"},
    {"maildkim-no_body_2", RESULT_permerror, "a draft: v=0.5"},
    {"odk-test149-0", RESULT_pass, "the body has no line end at its end: it gets one (3.4.3); l= leaves some out"},
    {"odk-test80-0", RESULT_pass, "a blank before the colon of a field is taken out (3.4.2)"},
    {"odk-test81-0-signed", RESULT_permerror, "t=s in the key, i= below d= (3.6.1)"},
    {"odk-test82-0", RESULT_permerror, "t=s in the key, i= below d="},
    {"gomsgauth-verifiedEd25519", RESULT_pass, "no line end at the end of the body, as above"},
    {"chasquid-11-strict_domain_check_fail", RESULT_permerror, "t=s in the key, i= below d="},
};
/* clang-format on */

struct seen {
    unsigned agreed, disputed;
};

static const struct row *find_disputed(const char *id)
{
    for (size_t i = 0; i < sizeof disputed / sizeof *disputed; i++)
        if (strcmp(disputed[i].id, id) == 0)
            return &disputed[i];
    return NULL;
}

/* pass <-> pass, none <-> none, not-pass <-> anything else. */
static bool is_right(const char *agreed, enum check_result r)
{
    if (strcmp(agreed, "pass") == 0)
        return r == RESULT_pass;
    if (strcmp(agreed, "none") == 0 || strncmp(agreed, "domainkeys", 10) == 0)
        return r == RESULT_none;
    return strcmp(agreed, "not-pass") == 0 && r != RESULT_pass && r != RESULT_none;
}

static void compare(const char *id, const char *agreed, const struct antispam_result *r, struct seen *seen)
{
    const struct row *d = find_disputed(id);

    if (strncmp(agreed, "disputed", 8) != 0) {
        seen->agreed++;
        if (!is_right(agreed, r->result))
            fail_msg("%s: %s, agreed is %s: %s", id, check_result_name(r->result), agreed, r->detail.p);
        return;
    }
    seen->disputed++;
    print_message("disputed: %-38s %-9s %s\n", id, check_result_name(r->result), d ? d->why : "");
    if (!d || d->result != r->result)
        fail_msg("%s: %s: %s", id, check_result_name(r->result), r->detail.p);
}

static void look(json_t *vector, json_t *keys, const char *dir, struct seen *seen)
{
    const struct antispam_result *r;
    struct auth_world w = {0};
    struct buf message = {0};

    auth_corpus_read(dir, auth_text(vector, "file"), &message);
    auth_open(&w, buf_view(&message));
    add_keys(&w, json_object_get(keys, auth_text(vector, "keys")));
    r = auth_judge(&w, &check_dkim, VIEW(""));
    compare(auth_text(vector, "id"), auth_text(vector, "agreed"), r, seen);
    auth_close(&w);
    buf_free(&message);
}

static void each_message_is_judged_as_others_agree(void **state)
{
    json_t *vectors = auth_corpus_load("dkim/vectors.json"), *keys = auth_corpus_load("dkim/keys.json"), *v;
    struct seen seen = {0};
    char dir[64];
    size_t i;

    (void)state;
    if (!vectors || !keys)
        skip();
    auth_corpus_unpack("dkim/msg.tar.xz", dir);
    json_array_foreach(vectors, i, v) look(v, keys, dir, &seen);
    auth_corpus_remove(dir);
    assert_true(seen.agreed >= 80 && seen.disputed >= 20);
    json_decref(vectors);
    json_decref(keys);
}

/* The same with LF alone, as a spool may have it: a signer saw CR LF. */
static void line_ends_do_not_matter(void **state)
{
    json_t *keys = auth_corpus_load("dkim/keys.json");
    struct auth_world w = {0};
    struct buf crlf = {0}, lf = {0};
    char dir[64];

    (void)state;
    if (!keys)
        skip();
    auth_corpus_unpack("dkim/msg.tar.xz", dir);
    auth_corpus_read(dir, "msg/mimekit-related.eml", &crlf);
    for (size_t i = 0; i < crlf.n; i++)
        if (crlf.p[i] != '\r')
            buf_add_char(&lf, crlf.p[i]);
    auth_open(&w, buf_view(&lf));
    add_keys(&w, json_object_get(keys, "mimekit"));
    assert_int_equal(auth_judge(&w, &check_dkim, VIEW(""))->result, RESULT_pass);
    auth_close(&w);
    auth_corpus_remove(dir);
    buf_free(&crlf);
    buf_free(&lf);
    json_decref(keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_message_is_judged_as_others_agree),
        cmocka_unit_test(line_ends_do_not_matter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
