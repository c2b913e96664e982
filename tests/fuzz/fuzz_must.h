/*
 * fuzz_must.h - what a fuzz target asserts with, and the name it is called by.
 *
 * Included by fuzz_*.c. A claim that does not hold ends the process, which
 * libFuzzer takes for a crash and keeps the input.
 */
#ifndef TESTS_FUZZ_FUZZ_MUST_H
#define TESTS_FUZZ_FUZZ_MUST_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define MUST(x)                                                                                              \
    do {                                                                                                     \
        if (!(x))                                                                                            \
            abort();                                                                                         \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
