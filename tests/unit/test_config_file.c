/*
 * test_config_file.c - reading files, finding included ones, and what the INI library makes of bytes.
 *
 * Run by the unit test runner. Files are made in a folder of their own and removed.
 * The library's traps stand here as facts: config_ini.c refuses what leads into them.
 */
#include "spoold/config_file.h"

#include "common/xalloc.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static int make_folder(void **state)
{
    char *dir = xasprintf("%s/c[o]nfigXXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");

    *state = dir;
    return mkdtemp(dir) ? 0 : -1;
}

static char *path_in(const char *dir, const char *name)
{
    return xasprintf("%s/%s", dir, name);
}

static void put_file(const char *dir, const char *name)
{
    char *path = path_in(dir, name);
    FILE *f = fopen(path, "we");

    assert_non_null(f);
    fputs("12345", f);
    assert_int_equal(fclose(f), 0);
    free(path);
}

static int remove_folder(void **state)
{
    static const char *const made[] = {"B.ini", "a.ini", "b.ini", "fifo"};

    for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
        char *path = path_in(*state, made[i]);

        unlink(path);
        free(path);
    }
    if (rmdir(*state) < 0)
        return -1;
    free(*state);
    return 0;
}

static void test_files_are_read_up_to_a_limit(void **state)
{
    char *path = path_in(*state, "a.ini"), *fifo = path_in(*state, "fifo");
    struct buf text = {0};
    struct stat st = {0};

    put_file(*state, "a.ini");
    assert_int_equal(config_file_read(path, 5, &text, &st), 0);
    assert_string_equal(text.p, "12345");
    assert_int_equal(st.st_size, 5);
    buf_clear(&text);
    assert_int_equal(config_file_read(path, 4, &text, &st), -1);
    assert_int_equal(errno, EFBIG);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(config_file_read(fifo, 5, &text, &st), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(config_file_read(*state, 5, &text, &st), -1);
    assert_int_equal(errno, EISDIR);
    unlink(path);
    assert_int_equal(config_file_read(path, 5, &text, &st), -1);
    assert_int_equal(errno, ENOENT);
    free(path);
    free(fifo);
    buf_free(&text);
}

static void test_patterns_are_sorted_by_bytes_and_start_at_the_file(void **state)
{
    static const char *const wanted[] = {"B.ini", "a.ini", "b.ini"};
    char *main_file = path_in(*state, "m.ini");
    glob_t found = {0};

    for (size_t i = 0; i < 3; i++)
        put_file(*state, wanted[2 - i]);
    assert_int_equal(config_file_find(main_file, "*.ini", &found), 0);
    assert_int_equal(found.gl_pathc, 3);
    for (size_t i = 0; i < 3; i++) {
        char *path = path_in(*state, wanted[i]);

        assert_string_equal(found.gl_pathv[i], path);
        free(path);
    }
    globfree(&found);
    assert_int_equal(config_file_find(main_file, "none*", &found), GLOB_NOMATCH);
    globfree(&found);
    assert_int_equal(config_file_find(main_file, "no.d/*.ini", &found), GLOB_NOMATCH);
    globfree(&found);
    assert_int_equal(config_file_find(main_file, "a.ini/*", &found), GLOB_NOMATCH);
    globfree(&found);
    free(main_file);
}

static struct config_file_library *open_library(const char *text, int entries)
{
    struct buf b = {0};
    struct config_file_library *lib = NULL;

    buf_add_str(&b, text);
    lib = config_file_open_library(&b, entries);
    buf_free(&b);
    return lib;
}

static const struct {
    const char *says, *text, *value;
} library_table[] = {
    {"a plain value", "[s n]\nk = v w\n", "v w"},
    {"quotes are taken off", "[s n]\nk = \" v;#\"\n", " v;#"},
    {"single quotes around double ones", "[s n]\nk = '\"v'\n", "\"v"},
    {"an empty value in quotes", "[s n]\nk = \"\"\n", ""},
    {"an empty value", "[s n]\nk =\n", ""},
    {"no line end", "[s n]\nk = v", "v"},
    {"CRLF", "[s n]\r\nk = v\r\n", "v"},
    {"trap: a comment sign cuts", "[s n]\nk = v;w\n", "v"},
    {"trap: an open quote is accepted", "[s n]\nk = \"v\n", "v"},
    {"trap: lines are joined", "[s n]\nk = v\\\nw\n", "vw"},
    {"trap: the last one counts", "[s n]\nk = v\nK = w\n", "w"},
};

static void test_what_the_library_reads(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(library_table) / sizeof(library_table[0]); i++) {
        struct config_file_library *lib = open_library(library_table[i].text, 2);

        print_message("%s\n", library_table[i].says);
        assert_non_null(lib);
        assert_string_equal(config_file_library_value(lib, "s", "n", "k"), library_table[i].value);
        assert_null(config_file_library_value(lib, "s", "", "k"));
        config_file_close_library(&lib);
        assert_null(lib);
        config_file_close_library(&lib);
    }
}

static void test_the_library_must_find_as_much_as_we_do(void **state)
{
    struct config_file_library *lib = open_library("include = x\n[s]\nk = v\n", 3);

    (void)state;
    assert_non_null(lib);
    config_file_close_library(&lib);
    assert_null(open_library("[s]\nk = v\n", 1));
    assert_null(open_library("[s]\nk = v\n", 3));
    assert_null(open_library("[s]\nno equals sign\n", 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files_are_read_up_to_a_limit),
        cmocka_unit_test(test_patterns_are_sorted_by_bytes_and_start_at_the_file),
        cmocka_unit_test(test_what_the_library_reads),
        cmocka_unit_test(test_the_library_must_find_as_much_as_we_do),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
