/*
 * fuzz_av.h - what holds for each report on an archive, for fuzz_av_tar.c and fuzz_av_zip.c.
 */
#ifndef TESTS_FUZZ_FUZZ_AV_H
#define TESTS_FUZZ_FUZZ_AV_H

#include "common/antivirus.h"
#include "tests/fuzz/fuzz_must.h"

#include <string.h>

#define INPUT_MAX 200000

/* Words if and only if there is a reason, and such that can be shown. */
static inline void must_be_words(const char *text, size_t size, enum antivirus_why why)
{
    MUST(memchr(text, '\0', size));
    MUST((why != ANTIVIRUS_EXAMINED) == (text[0] != '\0'));
    for (const char *p = text; *p; p++)
        MUST(*p >= 0x20 && *p <= 0x7e);
}

#endif
