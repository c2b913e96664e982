/*
 * test_charset.c - unit tests of workers/charset.c: what is opened works without opening a file again.
 *
 * Run by `make check`.
 */
#include "workers/charset.h"

#include <iconv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

/* With no descriptor to be had, a module that is not loaded cannot be. */
static iconv_t open_without_files(const char *name)
{
    struct rlimit all, none;
    iconv_t handle;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &all), 0);
    none = all;
    none.rlim_cur = 3;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    handle = iconv_open("UTF-8", name);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &all), 0);
    return handle;
}

static void what_was_opened_needs_no_file(void **state)
{
    char from[] = "\xb0", to[8] = "", *in = from, *out = to;
    size_t in_n = 1, out_n = sizeof to;
    struct charset_set *set;
    iconv_t handle;

    (void)state;
    set = charset_open_all();
    assert_true(charset_count(set) > 40);
    handle = open_without_files("ISO-8859-5");
    assert_true(handle != (iconv_t)(intptr_t)-1);
    assert_int_equal(iconv(handle, &in, &in_n, &out, &out_n), 0);
    assert_string_equal(to, "\xd0\x90");
    iconv_close(handle);
    charset_close_all(&set);
    assert_null(set);
    charset_close_all(&set);
}

/* The control: a module that was never opened, now that the list of modules is known. */
static void what_was_not_opened_needs_one(void **state)
{
    (void)state;
    assert_true(open_without_files("IBM1047") == (iconv_t)(intptr_t)-1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_opened_needs_no_file),
        cmocka_unit_test(what_was_not_opened_needs_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
