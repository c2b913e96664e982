/*
 * test_config_kept.c - whatever was loaded can be loaded again from its text, with nothing else at hand: the
 * same values, entries and places; another text has another hash.
 *
 * Run by `make check`, in a folder of its own.
 */
#include "spoold/config_kept.h"

#include "spoold/config_entries.h"
#include "spoold/config_source.h"
#include "tests/unit/config_world.h"

#include <sys/resource.h>

#define NETS    "192.0.2.1 # one\r\n\n2001:db8::/32\n"
#define SENDERS "# nobody\nuser@example.org\n.example.net\n"
#define HEADERS "cheap 2.5 contains Subject: cheap # really\nstars 1 regex Subject: \\*{5,}\n"
#define BODY    "lottery 4 contains you have won\n"
#define DOMAINS "example.org strict\n.example.net strict\nboss@example.org mild\n"
#define PROFILES                                                                                             \
    "[profile strict]\nlow.threshold = 5\nspf.weight_fail = 12\nhigh.text = \"[#] \"\n[profile mild]\n"      \
    "high.action = tag\nlow.threshold = 7\n"

static const struct sample {
    const char *sentence;
    const char *ini; /* NULL: no file */
    const char *a, *b;
    const char *override[3];
} samples[] = {
    {"nothing is set", NULL, NULL, NULL, {NULL}},
    {"an empty file", "", NULL, NULL, {NULL}},
    {"overrides alone", NULL, NULL, NULL, {"spf.weight_fail=3", "intake a.path=in", "spf.weight_fail=4"}},
    {"a file without a newline at its end", "[log]\nlevel = warn", NULL, NULL, {NULL}},
    {"lines with CR, comments and quotes", "# c\r\n[site]\r\nhostname = \"a;b\"\r\n\r\n", NULL, NULL, {NULL}},
    {"two included files",
     "include = *.inc\n[log]\nlevel = warn\n",
     "[spf]\nweight_fail = 1\n",
     "[log]\ntarget = stderr\n",
     {NULL}},
    {"one that is named",
     "include = b.inc\n",
     "[spf]\n",
     "[rbl z]\nzone = z.example.org\nweight = 2\n",
     {NULL}},
    {"a pattern that fits nothing", "include = no*.inc\n[spf]\nenable = no\n", NULL, NULL, {NULL}},
    {"lists in line",
     "[gateways]\ntrust = 192.0.2.7, 2001:db8::/32\n[site]\ndomains = example.org .example.net\n"
     "networks=192.0.2.0/24\n",
     NULL,
     NULL,
     {NULL}},
    {"lists in files",
     "[lists]\nblacklist = @lists/nets\nblocked_senders = @lists/senders\nheader_rules = @lists/header\n"
     "body_rules = @lists/body\n",
     NULL,
     NULL,
     {NULL}},
    {"one list for two",
     "[lists]\nblacklist = @lists/nets\n[site]\nnetworks = @lists/nets\n",
     NULL,
     NULL,
     {NULL}},
    {"profiles",
     PROFILES "[filter]\nallow_override = high.*\n[lists]\ndomains = @lists/domains\n",
     NULL,
     NULL,
     {"level high.text=x", "profile mild.high.action=junk"}},
    {"lists, profiles, includes and overrides at once",
     "include = a.inc\n[lists]\nblacklist = @lists/nets\ndomains = @lists/domains\n",
     PROFILES,
     NULL,
     {"lists.whitelist=@lists/nets", "site.domains=example.org", "dkim.weight_fail=0.125"}},
    {"another folder of lists",
     "[paths]\nlists = ./lists/../lists\n[lists]\nblacklist = @lists/nets\n",
     NULL,
     NULL,
     {NULL}},
};

static void put_lists(void)
{
    config_world_put("lists/nets", NETS);
    config_world_put("lists/senders", SENDERS);
    config_world_put("lists/header", HEADERS);
    config_world_put("lists/body", BODY);
    config_world_put("lists/domains", DOMAINS);
}

static struct config *load_sample(const struct sample *s)
{
    struct config_errors errs = {0};
    struct config *c = NULL;
    size_t n = 0;

    put_lists();
    while (n < 3 && s->override[n])
        n++;
    config_world_put("m.ini", s->ini ? s->ini : "");
    unlink("a.inc");
    unlink("b.inc");
    if (s->a)
        config_world_put("a.inc", s->a);
    if (s->b)
        config_world_put("b.inc", s->b);
    c = config_load(s->ini ? "m.ini" : NULL, s->override, n, &errs);
    if (!c)
        fail_msg("%s: %s", s->sentence, errs.text.p);
    return c;
}

static void remove_all(void)
{
    static const char *const all[] = {"m.ini",         "a.inc",        "b.inc",      "lists/nets",
                                      "lists/senders", "lists/header", "lists/body", "lists/domains"};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        unlink(all[i]);
}

static void dump_lists(const struct config *c, FILE *to)
{
    size_t n = 0;
    const struct config_option *o = config_value_options(&n);

    for (size_t i = 0; i < n; i++) {
        const struct config_list *l = (const void *)((const char *)c + o[i].offset);

        for (size_t k = 0; o[i].type == CONFIG_VALUE_LIST && k < l->n; k++)
            fprintf(to, "%s %s %s:%u %.*s %lld\n", o[i].section, o[i].key, l->file ? l->file : "",
                    l->entry[k].lineno, (int)config_entries_text(l, k).n, config_entries_text(l, k).p,
                    (long long)l->entry[k].weight);
    }
}

/* Everything that can be told of it: values, places, profiles, entries. The caller frees. */
static char *dump(const struct config *c)
{
    static const char *const rcpt[] = {"boss@example.org", "x@example.org", "x@sub.example.net",
                                       "x@example.com"};
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);

    fprintf(f, "%s\n", c->file ? c->file : "");
    config_print(c, CONFIG_FORMAT_INI, f);
    for (size_t i = 0; i < sizeof rcpt / sizeof *rcpt; i++)
        assert_int_equal(config_print_for(c, view_of(rcpt[i]), f), 0);
    dump_lists(c, f);
    assert_int_equal(fclose(f), 0);
    return text;
}

/* Not even a memory file could be opened. */
static struct config *load_without_descriptors(struct view text, struct config_errors *errs)
{
    struct rlimit old, none;
    struct config *c = NULL;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    none = (struct rlimit){0, old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_int_equal(dup(2), -1);
    c = config_kept_load(text, errs);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    return c;
}

static void what_was_loaded_can_be_loaded_again_without_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        struct config *c = load_sample(&samples[i]), *again = NULL;
        struct config_errors errs = {0};
        char *wanted = dump(c), *got = NULL;

        remove_all();
        again = load_without_descriptors(config_kept_text(c), &errs);
        if (!again)
            fail_msg("%s: %s", samples[i].sentence, errs.text.p);
        got = dump(again);
        if (strcmp(got, wanted) != 0)
            fail_msg("%s:\n%s\nbecame\n%s", samples[i].sentence, wanted, got);
        assert_true(view_equal(config_kept_text(c), config_kept_text(again)));
        assert_string_equal(config_kept_hash(c), config_kept_hash(again));
        free(wanted);
        free(got);
        config_free(&c);
        config_free(&again);
    }
}

static void places_are_those_of_the_files(void **state)
{
    struct config *c = load_sample(&samples[12]), *again = NULL;
    struct config_errors errs = {0};
    char *got = NULL;

    (void)state;
    again = config_kept_load(config_kept_text(c), &errs);
    config_free(&c);
    got = dump(again);
    assert_non_null(strstr(got, " a.inc:3 [profile strict]\n"));
    assert_non_null(strstr(got, " -o dkim.weight_fail=0.125\n"));
    assert_non_null(strstr(got, "\nlists blacklist lists/nets:3 2001:db8::/32 0\n"));
    assert_non_null(strstr(got, "\nlists whitelist lists/nets:1 192.0.2.1 0\n"));
    free(got);
    config_free(&again);
}

static void each_other_text_has_another_hash(void **state)
{
    char hash[sizeof samples / sizeof *samples][CONFIG_KEPT_HASH_LEN + 1];
    char digits[CONFIG_KEPT_HASH_LEN + 1];
    const size_t n = sizeof samples / sizeof *samples;

    (void)state;
    for (size_t i = 0; i < n; i++) {
        struct config *c = load_sample(&samples[i]);

        snprintf(hash[i], sizeof hash[i], "%s", config_kept_hash(c));
        config_kept_hash_text(config_kept_text(c), digits);
        assert_string_equal(hash[i], digits);
        assert_int_equal(strspn(hash[i], "0123456789abcdef"), CONFIG_KEPT_HASH_LEN);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(hash[i], hash[k]);
        config_free(&c);
    }
    config_kept_hash_text(VIEW("abc"), digits);
    assert_string_equal(digits, "ba7816bf8f01cfea414140de5dae2223");
}

static void a_list_file_alone_changes_the_hash(void **state)
{
    static const char ini[] = "[lists]\nblacklist = @lists/nets\n";
    char before[CONFIG_KEPT_HASH_LEN + 1];
    struct config *c = NULL;

    (void)state;
    put_lists();
    c = config_world_load(ini);
    snprintf(before, sizeof before, "%s", config_kept_hash(c));
    config_free(&c);
    c = config_world_load(ini);
    assert_string_equal(config_kept_hash(c), before);
    config_free(&c);
    config_world_put("lists/nets", NETS "#\n");
    c = config_world_load(ini);
    assert_string_not_equal(config_kept_hash(c), before);
    config_free(&c);
    config_world_put("lists/nets", NETS);
    config_world_put("lists/body", "other 1 contains x\n");
    c = config_world_load(ini);
    assert_string_equal(config_kept_hash(c), before); /* nothing names that one */
    config_free(&c);
}

static void without_lists_nothing_is_kept(void **state)
{
    struct config_errors errs = {0};
    struct config *c = config_load_without_files(NULL, NULL, 0, &errs);

    (void)state;
    assert_string_equal(config_kept_hash(c), "");
    assert_int_equal(config_kept_text(c).n, 0);
    config_free(&c);
}

/* What stands behind the first line; the complaint. */
static const struct {
    const char *sentence, *text, *complaint;
} bad_table[] = {
    {"no head", "[log]\n", "the kept settings are damaged before byte 6: its first line"},
    {"an option that is not known", CONFIG_SOURCE_HEAD "#@ main 12 m.ini\n[log]\nx = 1\n\n",
     "m.ini:2: x is not an option of [log]"},
    {"a list that is not there", CONFIG_SOURCE_HEAD "#@ main 26 m.ini\n[lists]\nblacklist=@lists/b\n",
     "lists/b: cannot read the list file: No such file"},
    {"a piece that nobody names", CONFIG_SOURCE_HEAD "#@ main 0 m.ini\n\n#@ list 0 lists/b\n\n",
     "nothing names their piece 2 (list lists/b)"},
    {"an included file that nobody includes", CONFIG_SOURCE_HEAD "#@ main 0 m.ini\n\n#@ include 0 b\n\n",
     "nothing names their piece 2 (include b)"},
    {"an include without its file", CONFIG_SOURCE_HEAD "#@ main 10 m.ini\ninclude=b\n\n",
     "m.ini:1: include: b is not there"},
    {"an override with a line end", CONFIG_SOURCE_HEAD "#@ override 12\nlog.level=\nx\n",
     "cannot be read; accepted: -o section.key=value"},
};

static void damaged_texts_are_complained_of(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad_table / sizeof *bad_table; i++) {
        struct config_errors errs = {0};
        struct config *c = config_kept_load(view_of(bad_table[i].text), &errs);

        if (c || !errs.n || !strstr(errs.text.p, bad_table[i].complaint))
            fail_msg("%s: %s", bad_table[i].sentence, errs.n ? errs.text.p : "accepted");
        buf_free(&errs.text);
    }
}

/* Any byte changed or missing: it is refused or read as something, and never asks for a file. */
static void no_damage_brings_it_down(void **state)
{
    struct config *c = load_sample(&samples[12]), *got = NULL;
    const struct view text = config_kept_text(c);
    unsigned refused = 0;

    (void)state;
    remove_all();
    for (size_t i = 0; i < 2 * text.n; i++) {
        char *copy = xstrndup(text.p, text.n);
        struct config_errors errs = {0};

        copy[i / 2] = (char)(copy[i / 2] ^ 0x15);
        got = config_kept_load((struct view){copy, i % 2 ? i / 2 : text.n}, &errs);
        assert_int_equal(got == NULL, errs.n > 0);
        refused += got == NULL;
        config_free(&got);
        buf_free(&errs.text);
        free(copy);
    }
    assert_true(refused > text.n);
    config_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_loaded_can_be_loaded_again_without_files),
        cmocka_unit_test(places_are_those_of_the_files),
        cmocka_unit_test(each_other_text_has_another_hash),
        cmocka_unit_test(a_list_file_alone_changes_the_hash),
        cmocka_unit_test(without_lists_nothing_is_kept),
        cmocka_unit_test(damaged_texts_are_complained_of),
        cmocka_unit_test(no_damage_brings_it_down),
    };

    return cmocka_run_group_tests(tests, config_world_enter, config_world_leave);
}
