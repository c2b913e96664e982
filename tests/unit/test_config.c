/*
 * test_config.c - loading: files, includes, overrides, and every complaint with its place.
 *
 * Run by the unit test runner. Writes files in a folder of its own, from which
 * complaints are compared relative to it, and removes them.
 */
#include "spoold/config.h"

#include "common/check.h"
#include "common/xalloc.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* The test runs in a folder of its own, so that complaints read "m.ini:3: ...". */
struct place {
    char *dir;
    int home;
};

static int enter_folder(void **state)
{
    struct place *p = xcalloc(1, sizeof(*p));

    p->dir = xasprintf("%s/configXXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    p->home = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *state = p;
    return p->home >= 0 && mkdtemp(p->dir) && chdir(p->dir) == 0 && mkdir("d", 0700) == 0 ? 0 : -1;
}

static int leave_folder(void **state)
{
    static const char *const made[] = {"m.ini", "d/a.ini", "d/b.ini"};
    struct place *p = *state;
    int rc = 0;

    for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++)
        unlink(made[i]);
    rc = rmdir("d") || fchdir(p->home) || rmdir(p->dir) ? -1 : 0;
    close(p->home);
    free(p->dir);
    free(p);
    return rc;
}

static void put_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "we");

    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

/* Up to two files: m.ini, and d/a.ini where `included` is given. */
struct row {
    const char *says;
    const char *file;
    const char *included;
    const char *override;
    const char *complaint; /* the whole line up to "; accepted", or a part of it */
    unsigned n;
};

static const struct row bad_table[] = {
    {"an unknown section lists the sections", "[mail]\nx = y\n", NULL, NULL,
     "m.ini:1: [mail] is not a known section; accepted: [paths], [site], [spool], [workers], [antivirus], "
     "[mime], [antispam], [dns], [gateways], [lists], [gateway], [spf], ",
     1},
    {"a section that is nearly right", "[spol]\n", NULL, NULL,
     "m.ini:1: [spol] is not a known section, did you mean spool?", 1},
    {"an unknown key lists the keys", "[log]\n\ncolour = red\n", NULL, NULL,
     "m.ini:3: colour is not an option of [log]; accepted: target, level", 1},
    {"a key that is nearly right", "[log]\nlevle = info\n", NULL, NULL,
     "m.ini:2: levle is not an option of [log], did you mean level?", 1},
    {"a bad value", "[spool]\nmax_in_flight = 12abc\n", NULL, NULL,
     "m.ini:2: max_in_flight: \"12abc\" is not a whole number; accepted: a whole number from 1 to 4096", 1},
    {"a key twice", "[log]\nlevel = info\nlevel = warn\n", NULL, NULL,
     "m.ini:3: level is set twice, first at m.ini:2", 1},
    {"a section twice", "[log]\n[site]\n[log]\n", NULL, NULL,
     "m.ini:3: the section stands twice, first in line 1", 1},
    {"an intake without a name", "[intake]\npath = x\n", NULL, NULL, "m.ini:1: [intake] needs a name", 1},
    {"a name where none belongs", "[log a]\nlevel = info\n", NULL, NULL, "m.ini:1: [log] has no name", 1},
    {"an intake twice", "[intake a]\n[intake b]\npath = x\n[intake a]\n", NULL, NULL,
     "m.ini:4: the section stands twice, first in line 1", 1},
    {"a list without a name", "[rbl]\nzone = x\n", NULL, NULL, "m.ini:1: [rbl] needs a name", 1},
    {"a name where the check has none", "[spf a]\n", NULL, NULL, "m.ini:1: [spf] has no name", 1},
    {"a key of another kind of section", "[rbl a]\ndomains = body\n", NULL, NULL,
     "m.ini:2: domains is not an option of [rbl]; accepted: enable, description, zone", 1},
    {"a weight of a DNS list in a profile", "[profile a]\nrbl.weight = 3\n", NULL, NULL,
     "m.ini:2: rbl.weight is not an option of [profile] (the weights of [rbl NAME], [uribl NAME] and rules "
     "are "
     "the same for everybody); accepted: low.threshold, ",
     1},
    {"a rule in a profile", "[profile a]\nlottery.weight = 3\n", NULL, NULL,
     "m.ini:2: lottery.weight is not an option of [profile] (the weights of [rbl NAME], [uribl NAME] and "
     "rules "
     "are the same for everybody); accepted: low.threshold, ",
     1},
    {"a key with a blank", "[profile a]\nrbl zen.weight = 3\n", NULL, NULL,
     "m.ini:2: the name before = cannot be read; accepted: small letters, digits, _ and, in [profile NAME], "
     "dots",
     1},
    {"a list without a zone", "[log]\n[rbl a]\n", NULL, NULL,
     "m.ini:2: [rbl a] zone: it is missing; accepted: a name", 1},
    {"a network that is none", "[gateways]\ntrust = 192.0.2.0/24, 192.0.2.256\n", NULL, NULL,
     "m.ini:2: trust: \"192.0.2.256\": this is no address; accepted: words with blanks or commas", 1},
    {"a list file that is not there", "[lists]\nblacklist = @lists/none\n", NULL, NULL,
     "lists/none: cannot read the list file: No such file", 1},
    {"a weight that is none", "[spf]\nweight_fail = 1e3\n", NULL, NULL,
     "m.ini:2: weight_fail: \"1e3\" is no number with at most three digits behind the point", 1},
    {"all mistakes are reported", "[log]\nlevel = loud\n[spool]\nrescan = 10\nmax_held\n", NULL, NULL,
     "m.ini:4: rescan: \"10\" needs a unit: ms, s, m, h or d", 3},
    {"a key in two files", "include = d/*.ini\n[log]\nlevel = info\n", "[log]\nlevel = warn\n", NULL,
     "d/a.ini:2: level is set twice, first at m.ini:3", 1},
    {"a mistake in an included file", "include = d/a.ini\n", "[log]\nlevel = loud\n", NULL,
     "d/a.ini:2: level: \"loud\"", 1},
    {"an include inside an included file", "include = d/a.ini\n", "include = b.ini\n", NULL,
     "d/a.ini:1: include stands in an included file", 1},
    {"include twice", "include = d/a.ini\ninclude = d/a.ini\n", "", NULL,
     "m.ini:2: include stands twice, first in line 1", 1},
    {"include of nothing", "include =\n", NULL, NULL, "m.ini:1: include names nothing", 1},
    {"a plain name that is not there", "include = d/none.ini\n", NULL, NULL,
     "m.ini:1: include: d/none.ini is not there", 1},
    {"a file that includes itself", "include = *.ini\n", NULL, NULL,
     "m.ini:1: include reads m.ini a second time as m.ini", 1},
    {"a folder as include", "include = d\n", NULL, NULL, "d: cannot read the file: Is a directory", 1},
    {"an override of an unknown key", "", NULL, "log.colour=red",
     "-o log.colour=red: colour is not an option of [log]", 1},
    {"an override with a bad value", "", NULL, "log.level=loud",
     "-o log.level=loud: level: \"loud\" is not one of the words", 1},
    {"an override without section", "", NULL, "level=info", "-o level=info: cannot be read", 1},
    {"an override without value", "", NULL, "log.level", "-o log.level: cannot be read", 1},
    {"an override of an intake without name", "", NULL, "intake.path=x",
     "-o intake.path=x: [intake] needs a name", 1},
    {"an override with a bad name", "", NULL, "intake A.path=x", "-o intake A.path=x: [intake] needs a name",
     1},
    {"an override that no file could hold", "", NULL, "site.hostname='\"",
     "-o site.hostname='\": the value is too long or needs", 1},
    {"an override with a line end", "", NULL, "site.hostname=a\nb",
     "-o site.hostname=a\\x0ab: cannot be read", 1},
    {"a mistake in the file is reported although overridden", "[log]\nlevel = loud\n", NULL, "log.level=info",
     "m.ini:2: level", 1},
    {"two intakes with one path", "[intake a]\npath = x\noutlet = y\n[intake b]\noutlet = z\npath = ./x/\n",
     NULL, NULL, "m.ini:6: [intake b] path and [intake a] path are the same folder", 1},
    {"times that do not grow", "[spool]\n\nhold_first = 16m\n", NULL, NULL,
     "m.ini:3: hold_first (16m) is longer than hold_longest (15m)", 1},
    {"times that do not grow, by an override", "", NULL, "spool.max_hold=1s",
     "-o spool.max_hold=1s: hold_longest (15m) is longer than max_hold (1s)", 1},
};

static void check_bad(const struct row *r)
{
    struct config_errors errs = {0};
    struct config *c = NULL;

    put_file("m.ini", r->file);
    if (r->included)
        put_file("d/a.ini", r->included);
    c = config_load("m.ini", &r->override, r->override ? 1 : 0, &errs);
    unlink("d/a.ini");
    assert_null(c);
    print_message("%s:\n    %s", r->says, errs.text.p);
    assert_non_null(strstr(errs.text.p, r->complaint));
    assert_non_null(strstr(errs.text.p, "; accepted: "));
    assert_int_equal(errs.n, r->n);
    buf_free(&errs.text);
}

static void test_every_mistake_is_reported_with_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bad_table) / sizeof(bad_table[0]); i++)
        check_bad(&bad_table[i]);
}

static struct config *must_load(const char *path, const char *const *override, size_t n)
{
    struct config_errors errs = {0};
    struct config *c = config_load(path, override, n, &errs);

    if (!c)
        fail_msg("%s", errs.text.p);
    buf_free(&errs.text);
    return c;
}

static void test_no_file_gives_the_defaults(void **state)
{
    struct config *c = must_load(NULL, NULL, 0);

    (void)state;
    assert_null(c->file);
    assert_string_equal(c->root, "/var/spool/spoold");
    assert_int_equal(c->max_in_flight, 512);
    assert_int_equal(c->max_bytes_in_flight, 64 << 20);
    assert_int_equal(c->max_hold, 86400000);
    assert_true(c->compress);
    assert_false(c->store_inline);
    assert_int_equal(c->log_level, 1);
    assert_int_equal(c->intake_n, 1);
    assert_string_equal(c->intake[0].name, "main");
    assert_string_equal(c->intake[0].path, "incoming");
    assert_int_equal(c->intake[0].ready.kind, CONFIG_READY_RENAME);
    config_free(&c);
    assert_null(c);
    config_free(&c);
}

static void test_a_file_sets_what_it_names(void **state)
{
    struct config *c = NULL;

    (void)state;
    put_file("m.ini",
             "; all kinds\n[paths]\nroot = 'a;b'\n[site]\nhostname = \"\"\n[log]\nlevel = debug\n[spool]\n"
             "rescan = 1500ms\nreserve=2G\n[journal]\ncompress = off\n[intake in]\nready = quiet:3s\n");
    c = must_load("m.ini", NULL, 0);
    assert_string_equal(c->file, "m.ini");
    assert_string_equal(c->root, "a;b");
    assert_string_equal(c->hostname, "");
    assert_int_equal(c->log_level, 2);
    assert_int_equal(c->rescan, 1500);
    assert_int_equal(c->reserve, (int64_t)2 << 30);
    assert_false(c->compress);
    assert_int_equal(c->intake_n, 1);
    assert_string_equal(c->intake[0].name, "in");
    assert_int_equal(c->intake[0].ready.kind, CONFIG_READY_QUIET);
    assert_int_equal(c->intake[0].ready.quiet_ms, 3000);
    assert_string_equal(c->intake[0].outlet, "outgoing");
    config_free(&c);
}

static void test_includes_are_read_by_pattern_and_may_be_absent(void **state)
{
    struct config *c = NULL;

    (void)state;
    put_file("m.ini", "include = d/*.ini\n[log]\nlevel = warn\n");
    c = must_load("m.ini", NULL, 0);
    assert_int_equal(c->log_level, 0);
    config_free(&c);
    put_file("d/b.ini", "[intake b]\npath = b\n[log]\ntarget = syslog\n");
    put_file("d/a.ini", "[intake a]\npath = a\n");
    c = must_load("m.ini", NULL, 0);
    assert_int_equal(c->log_target, 2);
    assert_int_equal(c->intake_n, 2);
    assert_string_equal(c->intake[0].name, "a");
    assert_string_equal(c->intake[1].name, "b");
    config_free(&c);
    unlink("d/b.ini");
    unlink("d/a.ini");
}

static void test_one_section_may_stand_in_two_files(void **state)
{
    struct config *c = NULL;

    (void)state;
    put_file("m.ini", "include = d/a.ini\n[intake a]\npath = x\n");
    put_file("d/a.ini", "[intake a]\noutlet = y\n");
    c = must_load("m.ini", NULL, 0);
    assert_int_equal(c->intake_n, 1);
    assert_string_equal(c->intake[0].path, "x");
    assert_string_equal(c->intake[0].outlet, "y");
    config_free(&c);
    unlink("d/a.ini");
}

static void test_an_empty_intake_section_makes_an_intake(void **state)
{
    struct config *c = NULL;

    (void)state;
    put_file("m.ini", "[intake drop]\n# path = x\n[log]\n");
    c = must_load("m.ini", NULL, 0);
    assert_int_equal(c->intake_n, 1);
    assert_string_equal(c->intake[0].name, "drop");
    config_free(&c);
}

static void test_overrides_win_and_the_last_one_counts(void **state)
{
    static const char *const override[] = {"log.level=info", "log.level=debug", "paths.root=./spool=1",
                                           "intake two.path=a.b", "site.hostname=a b;c"};
    struct config *c = NULL;

    (void)state;
    put_file("m.ini", "[log]\nlevel = warn\n[intake one]\n");
    c = must_load("m.ini", override, sizeof(override) / sizeof(override[0]));
    assert_int_equal(c->log_level, 2);
    assert_string_equal(c->root, "./spool=1");
    assert_string_equal(c->hostname, "a b;c");
    assert_int_equal(c->intake_n, 2);
    assert_string_equal(c->intake[1].path, "a.b");
    config_free(&c);
}

static void test_there_are_16_intakes_at_most(void **state)
{
    struct buf text = {0};
    struct config_errors errs = {0};
    struct config *c = NULL;

    (void)state;
    for (int i = 0; i < CONFIG_INTAKE_MAX; i++)
        buf_addf(&text, "[intake i%d]\npath = p%d\n", i, i);
    put_file("m.ini", text.p);
    c = must_load("m.ini", NULL, 0);
    assert_int_equal(c->intake_n, CONFIG_INTAKE_MAX);
    config_free(&c);
    buf_add_str(&text, "[intake more]\n");
    put_file("m.ini", text.p);
    assert_null(config_load("m.ini", NULL, 0, &errs));
    assert_non_null(strstr(errs.text.p, "m.ini:33: [intake more] is one too many; accepted: up to 16"));
    buf_free(&text);
    buf_free(&errs.text);
}

static void add_list(struct buf *text, const char *kind, int i)
{
    buf_addf(text, "[%s l%d]\nzone = l%d.example.org\nweight = -%d.5\nself_test = no\n", kind, i, i, i);
}

static void test_there_are_64_lists_of_each_kind_at_most(void **state)
{
    struct buf text = {0};
    struct config_errors errs = {0};
    struct config *c = NULL;

    (void)state;
    for (int i = 0; i < CONFIG_RBL_MAX; i++) {
        add_list(&text, "rbl", i);
        add_list(&text, "uribl", i);
    }
    put_file("m.ini", text.p);
    c = must_load("m.ini", NULL, 0);
    assert_int_equal(c->rbl_n, CONFIG_RBL_MAX);
    assert_int_equal(c->uribl_n, CONFIG_URIBL_MAX);
    assert_string_equal(c->rbl[63].name, "l63");
    assert_string_equal(c->rbl[63].zone, "l63.example.org");
    assert_int_equal(c->rbl[63].weight, -63500);
    assert_false(c->uribl[7].self_test);
    assert_string_equal(c->uribl[7].domains, "sender helo ptr body");
    assert_int_equal(c->intake_n, 1);
    config_free(&c);
    add_list(&text, "uribl", 64);
    put_file("m.ini", text.p);
    assert_null(config_load("m.ini", NULL, 0, &errs));
    assert_non_null(
        strstr(errs.text.p, "m.ini:513: [uribl l64] is one too many; accepted: up to 64 sections"));
    buf_free(&text);
    buf_free(&errs.text);
}

static void test_the_settings_of_checks(void **state)
{
    static const char *const override[] = {"spf.weight_softfail=2.25", "body.enable=no",
                                           "iprev.enable_smtp_in=yes", "rbl a.zone=z.example.org"};
    struct config *c = must_load(NULL, override, sizeof(override) / sizeof(override[0]));

    (void)state;
    assert_int_equal(c->policy.weight[CHECK_spf][RESULT_fail], 8000);
    assert_int_equal(c->policy.weight[CHECK_spf][RESULT_softfail], 2250);
    assert_int_equal(c->policy.weight[CHECK_spf][RESULT_hit], 0);
    assert_int_equal(c->policy.weight[CHECK_iprev][RESULT_none], 8000);
    assert_true(c->check_on[CHECK_spf]);
    assert_false(c->check_on[CHECK_body]);
    assert_true(c->check_smtp_in[CHECK_iprev]);
    assert_false(c->check_smtp_out[CHECK_iprev]);
    assert_false(c->check_smtp_in[CHECK_spf]);
    assert_true(c->antispam && c->dns);
    assert_int_equal(c->antispam_budget, 20000);
    assert_int_equal(c->dkim_max_size, 16 << 20);
    assert_int_equal(c->rbl_n, 1);
    assert_int_equal(c->rbl[0].weight, 5000);
    assert_true(c->rbl[0].enable);
    assert_false(c->rbl[0].smtp_in);
    config_free(&c);
}

static void test_tools_need_no_list_files(void **state)
{
    static const char *const override[] = {"lists.blacklist=@lists/none", "site.networks=192.0.2.1"};
    struct config_errors errs = {0};
    struct config *c = config_load_without_files(NULL, override, 2, &errs);

    (void)state;
    assert_non_null(c);
    assert_int_equal(c->lists_blacklist.n, 0);
    assert_string_equal(c->lists_blacklist.text, "@lists/none");
    assert_int_equal(c->site_networks.n, 1);
    config_free(&c);
    assert_null(config_load(NULL, override, 2, &errs));
    buf_free(&errs.text);
}

static void test_more_than_100_mistakes_are_counted(void **state)
{
    struct buf text = {0};
    struct config_errors errs = {0};

    (void)state;
    for (int i = 0; i < CONFIG_ERRORS_MAX + 7; i++)
        buf_add_str(&text, "nonsense\n");
    put_file("m.ini", text.p);
    assert_null(config_load("m.ini", NULL, 0, &errs));
    assert_int_equal(errs.n, CONFIG_ERRORS_MAX + 7);
    assert_non_null(strstr(errs.text.p, "m.ini:100: "));
    assert_null(strstr(errs.text.p, "m.ini:101: "));
    assert_non_null(strstr(errs.text.p, "\n7 more mistakes are not shown\n"));
    buf_free(&text);
    buf_free(&errs.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_mistake_is_reported_with_its_place),
        cmocka_unit_test(test_no_file_gives_the_defaults),
        cmocka_unit_test(test_a_file_sets_what_it_names),
        cmocka_unit_test(test_includes_are_read_by_pattern_and_may_be_absent),
        cmocka_unit_test(test_one_section_may_stand_in_two_files),
        cmocka_unit_test(test_an_empty_intake_section_makes_an_intake),
        cmocka_unit_test(test_overrides_win_and_the_last_one_counts),
        cmocka_unit_test(test_there_are_16_intakes_at_most),
        cmocka_unit_test(test_there_are_64_lists_of_each_kind_at_most),
        cmocka_unit_test(test_the_settings_of_checks),
        cmocka_unit_test(test_tools_need_no_list_files),
        cmocka_unit_test(test_more_than_100_mistakes_are_counted),
    };

    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
