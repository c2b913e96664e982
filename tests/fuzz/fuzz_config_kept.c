/*
 * fuzz_config_kept.c - any bytes as the kept text of a configuration, see spoold/config_kept.h.
 *
 * Built with libFuzzer (clang -fsanitize=fuzzer) or with a plain main that feeds files. Asserted: it ends,
 * settings or complaints come of it, never both; what was loaded has just this text, and loads again into the
 * same. Opens nothing (test_config_kept.c shows it).
 */
#include "spoold/config_kept.h"

#include "tests/fuzz/fuzz_must.h"

#include <stdio.h>
#include <string.h>

static char *print(const struct config *c)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);

    MUST(f != NULL);
    config_print(c, CONFIG_FORMAT_INI, f);
    MUST(config_print_for(c, VIEW("user@example.org"), f) == 0);
    MUST(fclose(f) == 0);
    return text;
}

static void load_again(const struct config *c)
{
    struct config_errors errs = {0};
    struct config *again = config_kept_load(config_kept_text(c), &errs);
    char *one = print(c), *two = NULL;

    MUST(again && errs.n == 0);
    two = print(again);
    MUST(strcmp(one, two) == 0);
    MUST(strcmp(config_kept_hash(c), config_kept_hash(again)) == 0);
    free(one);
    free(two);
    config_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct view text = {(const char *)data, size};
    struct config_errors errs = {0};
    struct config *c = config_kept_load(text, &errs);

    MUST((c == NULL) == (errs.n > 0));
    if (c) {
        MUST(view_equal(config_kept_text(c), text));
        MUST(strlen(config_kept_hash(c)) == CONFIG_KEPT_HASH_LEN);
        load_again(c);
    }
    config_free(&c);
    buf_free(&errs.text);
    return 0;
}
