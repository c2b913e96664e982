/*
 * test_xalloc.c - memory comes zeroed, whole and never NULL; out of memory ends the process with 75.
 *
 * Run by "make check". The fatal cases run in a child whose standard error is
 * a pipe. Under AddressSanitizer an impossible size must give NULL like libc's
 * allocator does, hence the option below; without it the child ends another way.
 */
#include "common/xalloc.h"

#include "common/log.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static void calloc_gives_zeroed_memory(void **state)
{
    char *p = xcalloc(1000, 3);

    (void)state;
    for (size_t i = 0; i < 3000; i++)
        assert_int_equal(p[i], 0);
    free(p);
}

static void nothing_asked_is_still_a_pointer(void **state)
{
    void *a = xcalloc(0, 8), *b = xcalloc(8, 0), *c = xrealloc(NULL, 0, 8);

    (void)state;
    assert_non_null(a);
    assert_non_null(b);
    assert_non_null(c);
    free(a);
    free(b);
    c = xrealloc(c, 8, 0);
    assert_non_null(c);
    free(c);
}

static void realloc_keeps_the_bytes(void **state)
{
    char *p = xrealloc(NULL, 4, 1);

    (void)state;
    memcpy(p, "abc", 4);
    p = xrealloc(p, 100000, 7);
    assert_string_equal(p, "abc");
    free(p);
}

static void strings_are_copied(void **state)
{
    static const char text[] = "ab\0cd";
    char *a = xstrdup(text), *b = xstrndup(text, 5), *c = xstrndup("abc", 2), *d = xstrndup(NULL, 0);

    (void)state;
    assert_string_equal(a, "ab");
    assert_ptr_not_equal(a, text);
    /* By length, unlike strndup(3): what stands in a message may hold NUL. */
    assert_memory_equal(b, text, 6);
    assert_string_equal(c, "ab");
    assert_string_equal(d, "");
    free(a);
    free(b);
    free(c);
    free(d);
}

static void formatted_strings_are_whole(void **state)
{
    char *s = xasprintf("%03d/%s", 7, "x"), *l = xasprintf("%05000d", 1);

    (void)state;
    assert_string_equal(s, "007/x");
    assert_int_equal(strlen(l), 5000);
    free(s);
    free(l);
}

static const struct {
    const char *what;
    size_t count, size;
    int again; /* realloc instead of calloc */
} impossible[] = {
    {"calloc: more than there can be", SIZE_MAX / 4, 1, 0},
    {"calloc: a product that wraps round to 0", SIZE_MAX / 2 + 1, 2, 0},
    {"calloc: a product that wraps round to 8", SIZE_MAX / 8 + 2, 8, 0},
    {"realloc: more than there can be", SIZE_MAX / 4, 1, 1},
    {"realloc: a product that wraps round to 0", SIZE_MAX / 2 + 1, 2, 1},
    {"realloc: a product that wraps round to 8", SIZE_MAX / 8 + 2, 8, 1},
};

static void allocate_in_child(size_t i, int err)
{
    volatile size_t count = impossible[i].count; /* volatile: the compiler would refuse to build it */
    void *volatile p = NULL;

    dup2(err, STDERR_FILENO);
    p = impossible[i].again ? xrealloc(NULL, count, impossible[i].size) : xcalloc(count, impossible[i].size);
    _exit(p ? 1 : 2);
}

static void out_of_memory_ends_the_process(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(impossible); i++) {
        char text[8192] = {0};
        int fd[2] = {-1, -1}, status = 0;
        pid_t pid = 0;

        assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
        pid = fork();
        if (pid == 0)
            allocate_in_child(i, fd[1]);
        close(fd[1]);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(read(fd[0], text, sizeof text - 1) >= 0);
        close(fd[0]);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != EXIT_TEMP_75)
            fail_msg("%s: wait status %#x", impossible[i].what, (unsigned)status);
        if (!strstr(text, ": out of memory\n"))
            fail_msg("%s: said %s", impossible[i].what, text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calloc_gives_zeroed_memory),  cmocka_unit_test(nothing_asked_is_still_a_pointer),
        cmocka_unit_test(realloc_keeps_the_bytes),     cmocka_unit_test(strings_are_copied),
        cmocka_unit_test(formatted_strings_are_whole), cmocka_unit_test(out_of_memory_ends_the_process),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
