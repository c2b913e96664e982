/*
 * fuzz_facts_json.c - any bytes as a file of facts.
 *
 * Built with libFuzzer or with a plain main that feeds files. A file that is read can be written, and what
 * was written reads as the same facts; one that is refused says why in printable words.
 */
#include "tests/fuzz/fuzz_must.h"

#include "common/facts.h"

#define WRITTEN_BEFORE 8 /* "facts": */

static void must_come_back(const struct facts *f, int64_t now)
{
    struct buf out = {0}, why = {0}, packed = {0}, again_packed = {0};
    struct facts again = {0};
    struct json j = {.out = &out};
    int64_t again_now = -1;

    facts_add_json(&j, f, now);
    MUST(!j.raw);
    for (size_t i = 0; i < out.n; i++)
        MUST(out.p[i] >= ' ' && out.p[i] <= '~');
    MUST(facts_read_json(&again, (struct view){out.p + WRITTEN_BEFORE, out.n - WRITTEN_BEFORE}, &again_now,
                         &why) == 0);
    MUST(again_now == now);
    facts_pack(&packed, f);
    facts_pack(&again_packed, &again);
    MUST(view_equal(buf_view(&packed), buf_view(&again_packed)));
    facts_free(&again);
    buf_free(&out);
    buf_free(&why);
    buf_free(&packed);
    buf_free(&again_packed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct facts f = {0};
    struct buf why = {0};
    int64_t now = 0;
    int rc = facts_read_json(&f, (struct view){(const char *)data, size}, &now, &why);

    MUST((rc == 0) == (why.n == 0));
    for (size_t i = 0; i < why.n; i++)
        MUST(why.p[i] >= ' ' && why.p[i] <= '~');
    if (rc == 0)
        must_come_back(&f, now);
    facts_free(&f);
    buf_free(&why);
    return 0;
}
