/*
 * fuzz_edit.c - any bytes as a list of header edits; see common/edit.h.
 *
 * Built with libFuzzer (clang -fsanitize=fuzzer) or with a plain main that
 * feeds files. Asserts that what is unpacked lies inside the bytes, could have
 * been packed, packs to the same bytes, and that no field written from it can
 * begin another one: every line end is followed by a blank and then by text.
 */
#include "common/edit.h"

#include "common/xalloc.h"
#include "tests/fuzz/fuzz_must.h"

static void check_inside(struct view all, struct view v)
{
    MUST(v.n == 0 || (v.p >= all.p && (size_t)(v.p - all.p) <= all.n - v.n));
}

static void check_name(struct view name)
{
    for (size_t i = 0; i < name.n; i++)
        MUST(name.p[i] > ' ' && name.p[i] < 0x7f && name.p[i] != ':');
}

static void check_value(struct view v)
{
    for (size_t i = 0; i < v.n; i++) {
        unsigned char c = (unsigned char)v.p[i];

        MUST(c >= 0x20 || c == '\t' || c == '\n');
        MUST(c != 0x7f);
        MUST(c != '\n' || (i + 2 < v.n && (v.p[i + 1] == ' ' || v.p[i + 1] == '\t')));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view all = {(const char *)data, size}, rest = all;
    struct buf again = {0};
    struct edit e = {0};
    int got = 1;

    while ((got = edit_unpack(&rest, &e)) > 0) {
        check_inside(all, e.name);
        check_inside(all, e.value);
        check_name(e.name);
        check_value(e.value);
        MUST(e.op > 0 && e.op < EDIT_OP__MAX);
        MUST(e.op >= EDIT_COUNT_OWN ? e.name.n == 0 : e.name.n > 0 && e.name.n <= EDIT_NAME_MAX);
        MUST(e.op != EDIT_SUBJECT || (e.value.n <= EDIT_SUBJECT_MAX && !memchr(e.value.p, '\n', e.value.n)));
        MUST(e.op != EDIT_REMOVE_AR || edit_is_id(e.value));
        MUST(e.op == EDIT_REMOVE_PREFIX ? e.value.n == 0 : e.value.n <= EDIT_VALUE_MAX);
        MUST(edit_pack(&again, e.op, e.name, e.value) == 0);
    }
    MUST(again.n + rest.n == size && (again.n == 0 || memcmp(again.p, data, again.n) == 0));
    MUST(got == 0 ? rest.n == 0 : rest.n > 0);
    buf_free(&again);
    return 0;
}
