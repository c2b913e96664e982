/*
 * fuzz_av_tar.c - any bytes as a tar archive; see workers/av/av_tar.h.
 *
 * Built with libFuzzer (clang -fsanitize=fuzzer) or with a plain main that feeds
 * files. Asserts more than "no crash": the reason is one of those promised, it has
 * words if and only if there is one, what is no archive has none, there are no
 * more members than headers fit, and zeros behind an archive change nothing.
 */
#include "workers/av/av_tar.h"

#include "tests/fuzz/fuzz_av.h"

#define BLOCK 512

static void check_report(const struct av_tar_report *r, size_t size)
{
    MUST(r->why == ANTIVIRUS_EXAMINED || r->why == ANTIVIRUS_NO_UNPACKER || r->why == ANTIVIRUS_AMBIGUOUS);
    must_be_words(r->text, sizeof r->text, r->why);
    MUST(r->is_tar || (r->why == ANTIVIRUS_EXAMINED && r->members == 0));
    MUST(r->members <= size / BLOCK);
}

static void check_longer(const uint8_t *data, size_t size, const struct av_tar_report *r)
{
    struct av_tar_report longer;
    char *copy = calloc(1, size + 2 * BLOCK);

    MUST(copy);
    memcpy(copy, data, size);
    av_tar_check((struct view){copy, size + 2 * BLOCK}, &longer);
    check_report(&longer, size + 2 * BLOCK);
    MUST(longer.is_tar && longer.why == ANTIVIRUS_EXAMINED && longer.members == r->members);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct av_tar_report r;

    if (size > INPUT_MAX)
        return 0;
    av_tar_check((struct view){(const char *)data, size}, &r);
    check_report(&r, size);
    /* Else what is left over of a block would become a header that is not in order. */
    if (r.is_tar && r.why == ANTIVIRUS_EXAMINED && size % BLOCK == 0)
        check_longer(data, size, &r);
    return 0;
}
