/*
 * fuzz_list.c - any bytes through the list file reader.
 *
 * Asserted: it ends, entries lie inside the text, are trimmed, not empty, hold
 * no line end or comment, come with rising line numbers, and every refused
 * entry makes exactly one complaint. Trusts nothing; writes nothing.
 */
#include "spoold/config.h"

#include <stdlib.h>

struct fuzz {
    struct view text;
    unsigned lineno;
    unsigned refused;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good)
{
    if (!good)
        abort();
}

static const char *on_entry(struct view entry, unsigned lineno, void *arg)
{
    struct fuzz *f = arg;

    require(entry.n > 0 && entry.n <= CONFIG_LIST_LINE_MAX && lineno > f->lineno);
    require(entry.p >= f->text.p && entry.p + entry.n <= f->text.p + f->text.n);
    require(view_equal(view_trim(entry), entry) && entry.p[0] != '#');
    require(!config_ini_text_fault(entry));
    for (size_t i = 1; i < entry.n; i++)
        require(entry.p[i] != '#' || (entry.p[i - 1] != ' ' && entry.p[i - 1] != '\t'));
    f->lineno = lineno;
    if (entry.p[0] != '!')
        return NULL;
    f->refused++;
    return "starts with !";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz f = {.text = {(const char *)data, size}};
    struct config_errors errs = {0};
    int rc = config_list_parse("fuzz", f.text, on_entry, &f, &errs);

    require((rc < 0) == (errs.n > 0));
    require(errs.n >= f.refused);
    buf_free(&errs.text);
    return 0;
}
