/*
 * test_av_pages.c - unit tests of workers/av/av_pages.c: memory holds the same after it was put together.
 *
 * Run by `make check`. Whether the kernel does it at all is not up to us: before Linux 6.1 nothing is joined.
 */
#include "workers/av/av_pages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define SIZE ((size_t)8 << 20)

static unsigned char byte_at(size_t i)
{
    return (unsigned char)(i * 2654435761u >> 13);
}

static unsigned char *fill(int prot)
{
    unsigned char *p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_true(p != MAP_FAILED);
    for (size_t i = 0; i < SIZE; i++)
        p[i] = byte_at(i);
    assert_int_equal(mprotect(p, SIZE, prot), 0);
    return p;
}

static bool is_as_filled(const unsigned char *p)
{
    for (size_t i = 0; i < SIZE; i++)
        if (p[i] != byte_at(i))
            return false;
    return true;
}

static void memory_holds_the_same_and_can_be_shared(void **state)
{
    unsigned char *p = fill(PROT_READ | PROT_WRITE), *fixed = fill(PROT_READ);
    const size_t joined = av_pages_join();
    int status = -1;
    pid_t child;

    (void)state;
    print_message("%zu bytes\n", joined);
    assert_int_equal(joined % (2u << 20), 0);
    assert_true(is_as_filled(p) && is_as_filled(fixed));
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        p[SIZE / 2] ^= 1; /* a page of its own now */
        _exit(p[SIZE / 2 + 1] == byte_at(SIZE / 2 + 1) ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_true(is_as_filled(p));
    munmap(p, SIZE);
    munmap(fixed, SIZE);
}

/* All but what is missing at both ends to a boundary of 2 MiB. */
static void all_of_a_large_mapping_is_joined(void **state)
{
    const size_t before = av_pages_join();
    unsigned char *p = fill(PROT_READ | PROT_WRITE);
    const size_t joined = av_pages_join();

    (void)state;
    munmap(p, SIZE);
    if (!joined)
        skip();
    assert_true(joined >= before + SIZE - (4u << 20));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_holds_the_same_and_can_be_shared),
        cmocka_unit_test(all_of_a_large_mapping_is_joined),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
