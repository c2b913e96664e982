/*
 * test_config_print.c - what is printed loads again, and etc/spoold.ini is what is printed.
 *
 * Run by the unit test runner from the project's root. Printed text goes through
 * a memory file, nothing is written on disk.
 */
#include "spoold/config_value.h"

#include "common/xalloc.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

static struct config *must_load(const char *path, const char *const *override, size_t n)
{
    struct config_errors errs = {0};
    struct config *c = config_load(path, override, n, &errs);

    if (!c)
        fail_msg("%s", errs.text.p);
    buf_free(&errs.text);
    return c;
}

/* The caller frees. */
static char *print(const struct config *c, enum config_format format)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);

    assert_non_null(f);
    config_print(c, format, f);
    assert_int_equal(fclose(f), 0);
    return text;
}

static struct config *load_text(const char *text)
{
    int fd = memfd_create("printed", MFD_CLOEXEC);
    char *path = xasprintf("/proc/self/fd/%d", fd);
    struct buf b = {0};
    struct config *c = NULL;

    buf_add_str(&b, text);
    assert_int_equal(buf_write_fd(&b, fd), 0);
    c = must_load(path, NULL, 0);
    buf_free(&b);
    close(fd);
    free(path);
    return c;
}

static void assert_same_option(const struct config_option *o, const void *a, const void *b)
{
    struct buf x = {0}, y = {0};

    config_value_format(o, a, &x);
    config_value_format(o, b, &y);
    if (!view_equal(buf_view(&x), buf_view(&y)))
        fail_msg("[%s] %s: %s became %s", o->section, o->key, x.p, y.p);
    buf_free(&x);
    buf_free(&y);
}

static void assert_same(const struct config *a, const struct config *b)
{
    size_t n = 0, groups = 0;
    const struct config_option *o = config_value_options(&n);
    const struct config_group *g = config_value_groups(&groups);

    for (size_t i = 0; i < groups; i++) {
        assert_int_equal(config_value_count(a, &g[i]), config_value_count(b, &g[i]));
        for (size_t k = 0; k < config_value_count(a, &g[i]); k++)
            assert_string_equal(config_value_name(a, &g[i], k), config_value_name(b, &g[i], k));
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; o[i].group && k < config_value_count(a, o[i].group); k++)
            assert_same_option(&o[i], config_value_element(a, o[i].group, k),
                               config_value_element(b, o[i].group, k));
        if (!o[i].group)
            assert_same_option(&o[i], a, b);
    }
}

static void test_defaults_load_again(void **state)
{
    struct config *a = must_load(NULL, NULL, 0);
    char *text = print(a, CONFIG_FORMAT_INI);
    struct config *b = load_text(text);

    (void)state;
    assert_same(a, b);
    free(text);
    config_free(&a);
    config_free(&b);
}

static void test_odd_values_load_again(void **state)
{
    static const char *const override[] = {"paths.root= a ;b# ",
                                           "paths.proc=\"p\"",
                                           "site.hostname='x'",
                                           "spool.user=it's \"me\"",
                                           "spool.drop_group=",
                                           "spool.rescan=90s",
                                           "spool.reserve=1025",
                                           "spool.max_in_flight=1",
                                           "journal.log_addresses=none",
                                           "log.level=warn",
                                           "intake b.ready=quiet:90s",
                                           "intake b.path=q\\",
                                           "intake a.ready=lease",
                                           "site.hostname=[x]=y",
                                           "spf.weight_pass=-0.125",
                                           "rbl a.zone=z.example.org",
                                           "rbl a.results=127.0.0.2-127.0.0.9, 127.0.1.0/24",
                                           "uribl b.weight=-7.5",
                                           "uribl b.zone=b.example",
                                           "gateways.trust=2001:db8::/32 192.0.2.1"};
    struct config *a = must_load(NULL, override, sizeof(override) / sizeof(override[0]));
    char *text = print(a, CONFIG_FORMAT_INI), *again = NULL;
    struct config *b = load_text(text);

    (void)state;
    assert_string_equal(a->root, " a ;b# ");
    assert_string_equal(b->root, " a ;b# ");
    assert_string_equal(b->intake[0].path, "q\\");
    assert_same(a, b);
    again = print(b, CONFIG_FORMAT_INI);
    assert_string_equal(text, again);
    free(text);
    free(again);
    config_free(&a);
    config_free(&b);
}

static void test_the_file_in_etc_is_what_is_printed(void **state)
{
    struct config *c = must_load(NULL, NULL, 0);
    char *text = print(c, CONFIG_FORMAT_INI);
    struct buf file = {0};
    int fd = open("etc/spoold.ini", O_RDONLY | O_CLOEXEC);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(buf_read_fd(&file, fd, CONFIG_FILE_MAX), 0);
    assert_string_equal(file.p, text);
    close(fd);
    buf_free(&file);
    free(text);
    config_free(&c);
}

static void test_each_option_is_printed_with_help_and_range(void **state)
{
    struct config *c = must_load(NULL, NULL, 0);
    char *text = print(c, CONFIG_FORMAT_INI);
    size_t column = 0;

    (void)state;
    assert_non_null(strstr(text, "\n\n[spool]\n\n# User that spoold becomes"));
    assert_non_null(
        strstr(text, "\n# Messages in work at one time. The rest waits in its folder and costs no memory.\n"
                     "# default: 512; accepted: a whole number from 1 to 4096\nmax_in_flight = 512\n"));
    assert_non_null(strstr(text, "\n# default: proc; accepted: a path\nproc = proc\n"));
    assert_non_null(strstr(text, "\n# default: empty; accepted: printable text\nhostname = \"\"\n"));
    assert_non_null(strstr(text, "\n[intake main]\n"));
    assert_non_null(
        strstr(text, "\n# Any number of sections, each with a name of its own, up to 64:\n# [rbl NAME]\n"));
    assert_non_null(strstr(text, "\n# default: 0; accepted: a number as in 8, -1.5 or 0.125 from 0 to 1000\n"
                                 "# weight_max = 0\n"));
    assert_null(strstr(text, "\nzone"));
    assert_ptr_equal(strstr(strstr(text, "\n[spf]\n") + 1, "\n[spf]\n"), NULL);
    for (const char *p = text; *p; p++) {
        column = *p == '\n' ? 0 : column + 1;
        assert_true(column <= 100);
    }
    free(text);
    config_free(&c);
}

static void test_the_manual_part_names_each_option(void **state)
{
    struct config *c = must_load(NULL, NULL, 0);
    char *text = print(c, CONFIG_FORMAT_MAN);
    size_t n = 0;
    const struct config_option *o = config_value_options(&n);

    (void)state;
    for (size_t i = 0; i < n; i++) {
        const bool override = o[i].group && o[i].group->overrides;
        char *entry = xasprintf(override ? "\n.BR %s " : "\n.TP\n.B %s\n", o[i].key);

        assert_non_null(strstr(text, entry));
        free(entry);
    }
    assert_non_null(strstr(text, ".SS \"[intake NAME]\"\n"));
    assert_non_null(strstr(text, ".SS \"[rbl NAME]\"\n"));
    assert_non_null(strstr(text, "Default: \\fB512\\fR. Accepted: a whole number from 1 to 4096.\n"));
    free(text);
    config_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults_load_again),
        cmocka_unit_test(test_odd_values_load_again),
        cmocka_unit_test(test_the_file_in_etc_is_what_is_printed),
        cmocka_unit_test(test_each_option_is_printed_with_help_and_range),
        cmocka_unit_test(test_the_manual_part_names_each_option),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
