/*
 * test_digest.c - the examples of the standard, and every length around the blocks as libcrypto has it.
 *
 * Run by `make check`.
 */
#include "common/digest.h"

#include <openssl/sha.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
/* cmocka wants these above first */
#include <cmocka.h>

static void the_examples_of_the_standard(void **state)
{
    static const struct {
        const char *sentence;
        struct view text;
        const char *wanted;
    } cases[] = {
        {"nothing", {"", 0}, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"one block", {"abc", 3}, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"the length needs a block of its own",
         {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56},
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned char sum[DIGEST_SIZE];
        char hex[2 * DIGEST_SIZE + 1];

        digest_sha256(cases[i].text, sum);
        for (size_t k = 0; k < sizeof sum; k++)
            snprintf(hex + 2 * k, 3, "%02x", sum[k]);
        if (strcmp(hex, cases[i].wanted) != 0)
            fail_msg("%s: %s", cases[i].sentence, hex);
    }
}

static void each_length_is_as_libcrypto_has_it(void **state)
{
    unsigned char bytes[300], ours[DIGEST_SIZE], theirs[DIGEST_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 167 + 13);
    for (size_t n = 0; n <= sizeof bytes; n++) {
        digest_sha256((struct view){(const char *)bytes, n}, ours);
        SHA256(bytes, n, theirs);
        assert_memory_equal(ours, theirs, sizeof ours);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_the_standard),
        cmocka_unit_test(each_length_is_as_libcrypto_has_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
