/*
 * fuzz_av_zip.c - any bytes as an archive; see workers/av/av_zip.h.
 *
 * Built with libFuzzer (clang -fsanitize=fuzzer) or with a plain main that feeds
 * files. Asserts more than "no crash": the reason is one of those promised, it has
 * words if and only if there is one, what is no archive has none, limits hold,
 * and an archive without objection keeps having none behind one zero byte more.
 */
#include "workers/av/av_zip.h"

#include "tests/fuzz/fuzz_av.h"

static const struct av_zip_limits limits = {.file_size = 1 << 20, .scan_size = 1 << 21, .files = 50};

static void check_report(const struct av_zip_report *r)
{
    MUST(r->why == ANTIVIRUS_EXAMINED || r->why == ANTIVIRUS_ENCRYPTED || r->why == ANTIVIRUS_NO_UNPACKER ||
         r->why == ANTIVIRUS_LIMIT || r->why == ANTIVIRUS_AMBIGUOUS);
    must_be_words(r->text, sizeof r->text, r->why);
    MUST(r->is_zip || (r->why == ANTIVIRUS_EXAMINED && r->members == 0));
    MUST(r->members <= limits.files && r->layers <= r->members);
}

/* Bytes behind the end record are allowed. */
static void check_longer(const uint8_t *data, size_t size, const struct av_zip_report *r)
{
    struct av_zip_report longer;
    char *copy = malloc(size + 1);

    MUST(copy);
    memcpy(copy, data, size);
    copy[size] = 0;
    av_zip_check((struct view){copy, size + 1}, &limits, &longer);
    check_report(&longer);
    MUST(longer.is_zip && longer.why == ANTIVIRUS_EXAMINED && longer.members == r->members);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct av_zip_report r;

    if (size > INPUT_MAX)
        return 0;
    av_zip_check((struct view){(const char *)data, size}, &limits, &r);
    check_report(&r);
    /* Not where the end record would leave what is searched, or where one more would be made whole. */
    if (r.is_zip && r.why == ANTIVIRUS_EXAMINED && size < 65557 && !memmem(data + size - 21, 21, "PK\5\6", 4))
        check_longer(data, size, &r);
    return 0;
}
