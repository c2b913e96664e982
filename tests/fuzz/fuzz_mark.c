/*
 * fuzz_mark.c - any bytes as what a check says to its result, in Authentication-Results; see spoold/mark.h.
 *
 * Built with libFuzzer (clang -fsanitize=fuzzer) or with a plain main that feeds files. A reader of RFC 8601
 * that knows quotes and nothing else must find one result and only properties behind it, on lines that are
 * short where no word is long.
 */
#include "common/edit.h"
#include "spoold/mark.h"

#include "tests/fuzz/fuzz_must.h"

static void check_words(struct view v)
{
    bool quoted = false;

    for (size_t i = 0; i < v.n; i++) {
        char c = v.p[i];

        MUST((c >= ' ' && c <= '~') || (!quoted && (c == '\n' || c == '\t')));
        if (c == '"')
            quoted = !quoted;
        else if (c == '\\')
            MUST(quoted && ++i < v.n);
        else
            MUST(quoted || !strchr("();,<>:[]?/", c));
    }
    MUST(!quoted);
}

/* Each word is "type.name=value", the type one of four. */
static void check_keys(struct view v)
{
    bool quoted = false, begins = true;

    for (size_t i = 0; i < v.n; i++) {
        if (begins && !strchr(" \n\t", v.p[i])) {
            const char *types[] = {"smtp.", "header.", "body.", "policy."};
            bool known = false;

            for (size_t k = 0; k < 4; k++)
                known |= v.n - i > strlen(types[k]) && memcmp(v.p + i, types[k], strlen(types[k])) == 0;
            MUST(known);
        }
        if (v.p[i] == '\\')
            i++;
        else if (v.p[i] == '"')
            quoted = !quoted;
        begins = i < v.n && !quoted && strchr(" \n\t", v.p[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char begin[] = "mx;\n\tspf=pass";
    struct antispam_result r = {
        .check = CHECK_spf, .result = RESULT_pass, .count = 1, .props = {(const char *)data, size}};
    const struct antispam_verdict verdict = {.result = &r, .n = 1};
    struct mark_value v = {.column = 24};
    struct buf edits = {0};
    struct view rest;

    if (size > 4096)
        return 0;
    mark_add_auth(&v, &verdict, VIEW("mx"));
    MUST(v.text.n >= sizeof begin - 1 && memcmp(v.text.p, begin, sizeof begin - 1) == 0);
    rest = (struct view){v.text.p + sizeof begin - 1, v.text.n - (sizeof begin - 1)};
    check_words(rest);
    check_keys(rest);
    MUST(edit_pack(&edits, EDIT_PREPEND, VIEW("A"), buf_view(&v.text)) == 0);
    buf_free(&edits);
    buf_free(&v.text);
    return 0;
}
