/*
 * test_config_list.c - list files: entries, comments, complaints with their line.
 *
 * Run by the unit test runner. Files are made in a folder of their own and removed.
 */
#include "spoold/config_source.h"

#include "common/xalloc.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char *write_down(struct view entry, unsigned lineno, void *arg)
{
    buf_addf(arg, "(%u %.*s)", lineno, (int)entry.n, entry.p);
    return entry.p[0] == '!' ? "no entry starts with !; accepted: others" : NULL;
}

static const struct {
    const char *says, *text, *wanted, *complaint;
} table[] = {
    {"an empty file has no entries", "", "", NULL},
    {"one entry a line, the last without line end", "a\nb", "(1 a)(2 b)", NULL},
    {"blank lines are skipped and counted", "\n \t\na\n", "(3 a)", NULL},
    {"blanks at both ends go, those inside stay", " \ta  b \n", "(1 a  b)", NULL},
    {"CRLF", "a\r\n\r\nb\r\n", "(1 a)(3 b)", NULL},
    {"a comment line", "#a\n # b\nc\n", "(3 c)", NULL},
    {"a comment after a blank", "a # b\nc\t#d\n", "(1 a)(2 c)", NULL},
    {"a hash inside a word is part of it", "a#b\n", "(1 a#b)", NULL},
    {"semicolons and quotes are data", "a;\"b'\n", "(1 a;\"b')", NULL},
    {"UTF-8", "\xc3\xa9\n", "(1 \xc3\xa9)", NULL},
    {"the callback's complaint gets file and line, and reading goes on", "a\n!b\nc\n", "(1 a)(2 !b)(3 c)",
     "f:2: no entry starts with !; accepted: others\n"},
    {"a control character", "a\nb\x07\nc\n", "(1 a)(3 c)", "f:2: holds a control character\n"},
    {"not UTF-8", "\xff\nc\n", "(2 c)", "f:1: is not UTF-8\n"},
    {"a byte order mark",
     "\xef\xbb\xbf"
     "a\nb\n",
     "(2 b)", "f:1: the file starts with a byte order mark; accepted: UTF-8 without it\n"},
    {"a lone carriage return", "a\rb\n", "", "f:1: holds a control character\n"},
};

static void test_entries_and_complaints(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct buf seen = {0};
        struct config_errors errs = {0};

        print_message("%s\n", table[i].says);
        buf_add_str(&seen, "");
        assert_int_equal(config_list_parse("f", view_of(table[i].text), write_down, &seen, &errs),
                         table[i].complaint ? -1 : 0);
        assert_string_equal(seen.p, table[i].wanted);
        if (table[i].complaint)
            assert_string_equal(errs.text.p, table[i].complaint);
        assert_int_equal(errs.n, table[i].complaint ? 1 : 0);
        buf_free(&seen);
        buf_free(&errs.text);
    }
}

static void test_the_longest_line(void **state)
{
    struct buf text = {0}, seen = {0};
    struct config_errors errs = {0};

    (void)state;
    for (size_t i = 0; i < CONFIG_LIST_LINE_MAX; i++)
        buf_add_char(&text, 'x');
    assert_int_equal(config_list_parse("f", buf_view(&text), write_down, &seen, &errs), 0);
    assert_true(seen.n > CONFIG_LIST_LINE_MAX);
    buf_add_char(&text, 'x');
    assert_int_equal(config_list_parse("f", buf_view(&text), write_down, &seen, &errs), -1);
    assert_non_null(strstr(errs.text.p, "f:1: the line is too long"));
    buf_free(&text);
    buf_free(&seen);
    buf_free(&errs.text);
}

static void put_file(const char *path, const char *text)
{
    struct buf b = {0};
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    buf_add_str(&b, text);
    assert_int_equal(buf_write_fd(&b, fd), 0);
    buf_free(&b);
    close(fd);
}

static void test_files_are_read_and_other_things_are_not(void **state)
{
    char *dir = xasprintf("%s/listXXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    struct config_source *from = config_source_of_files(NULL, NULL, 0);
    char *file = NULL, *fifo = NULL;
    struct buf seen = {0};
    struct config_errors errs = {0};

    (void)state;
    assert_non_null(mkdtemp(dir));
    file = xasprintf("%s/senders", dir);
    fifo = xasprintf("%s/fifo", dir);
    put_file(file, "user@example.org\n");
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(config_list_read(from, file, write_down, &seen, &errs), 0);
    assert_string_equal(seen.p, "(1 user@example.org)");
    assert_int_equal(config_list_read(from, fifo, write_down, &seen, &errs), -1);
    assert_int_equal(config_list_read(from, dir, write_down, &seen, &errs), -1);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(config_list_read(from, file, write_down, &seen, &errs), -1);
    assert_int_equal(errs.n, 3);
    assert_non_null(strstr(errs.text.p, "cannot read the list file: No such file"));
    buf_clear(&seen);
    put_file(file, "a # b\n# c\n  #d\ne#f \n#\n");
    assert_int_equal(config_list_read(from, file, write_down, &seen, &errs), 0);
    assert_string_equal(seen.p, "(1 a)(4 e#f)");
    buf_clear(&seen);
    assert_int_equal(config_list_read_lines(from, file, write_down, &seen, &errs), 0);
    assert_string_equal(seen.p, "(1 a # b)(4 e#f)");
    unlink(file);
    unlink(fifo);
    rmdir(dir);
    config_source_free(&from);
    free(file);
    free(fifo);
    free(dir);
    buf_free(&seen);
    buf_free(&errs.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entries_and_complaints),
        cmocka_unit_test(test_the_longest_line),
        cmocka_unit_test(test_files_are_read_and_other_things_are_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
