/*
 * fuzz_ini.c - any bytes through the strict INI pass.
 *
 * Asserted: it ends, views stay inside the text, a clean pass hands on nothing
 * empty, complaints are one line each, and whatever passes is read in the same
 * way by the INI library. Trusts nothing; writes no file on disk.
 */
#include "spoold/config_file.h"
#include "spoold/config_value.h"

#include "common/xalloc.h"

#include <stdlib.h>

#define FUZZ_SETTINGS 256

struct fuzz {
    struct view text;
    struct config_setting set[FUZZ_SETTINGS];
    size_t n;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good)
{
    if (!good)
        abort();
}

static void require_inside(const struct fuzz *f, struct view v)
{
    require(v.n == 0 || (v.p >= f->text.p && v.p + v.n <= f->text.p + f->text.n));
}

static void on_setting(const struct config_setting *s, void *arg)
{
    struct fuzz *f = arg;
    struct buf why = {0};
    const struct config_option *o = config_value_find(s->section, s->key);

    require_inside(f, s->section);
    require_inside(f, s->name);
    require_inside(f, s->key);
    require_inside(f, s->value);
    require(s->lineno > 0 && !config_ini_text_fault(s->value));
    require(s->section.n || view_equal(s->key, VIEW("include")));
    require(s->key.n || s->value.n == 0);
    if (o)
        require((config_value_check(o, s->value, &why) < 0) == (why.n > 0));
    buf_free(&why);
    if (f->n < FUZZ_SETTINGS)
        f->set[f->n++] = *s;
}

static bool same_setting(const struct config_setting *a, const struct config_setting *b)
{
    return view_equal(a->section, b->section) && view_equal(a->name, b->name) && view_equal(a->key, b->key);
}

/* Names that stand twice are counted and complained of by config.c: here the last one counts, as in the
 * library. */
static void compare_with_library(const struct fuzz *f)
{
    struct buf text = {0};
    struct config_file_library *lib = NULL;
    int entries = 0;

    buf_add_view(&text, f->text);
    for (size_t i = 0; i < f->n; i++) {
        bool again = false;

        for (size_t j = i + 1; j < f->n; j++)
            again = again || same_setting(&f->set[i], &f->set[j]);
        entries += !again;
    }
    lib = config_file_open_library(&text, entries);
    require(lib != NULL);
    for (size_t i = 0; i < f->n; i++) {
        const struct config_setting *last = &f->set[i];
        char *section = xstrndup(last->section.p, last->section.n),
             *name = xstrndup(last->name.p, last->name.n);
        char *key = xstrndup(last->key.p, last->key.n);

        for (size_t j = i + 1; j < f->n; j++)
            last = same_setting(&f->set[i], &f->set[j]) ? &f->set[j] : last;
        if (key[0])
            require(view_equal(view_of(config_file_library_value(lib, section, name, key)), last->value));
        free(section);
        free(name);
        free(key);
    }
    config_file_close_library(&lib);
    buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz f = {.text = {(const char *)data, size}};
    struct config_errors errs = {0};
    unsigned lines = 0;
    int rc = config_ini_parse("fuzz.ini", f.text, on_setting, &f, &errs);

    require((rc < 0) == (errs.n > 0));
    for (size_t i = 0; i < errs.text.n; i++)
        lines += errs.text.p[i] == '\n';
    require(lines == (errs.n < CONFIG_ERRORS_MAX ? errs.n : CONFIG_ERRORS_MAX));
    if (rc == 0 && f.n < FUZZ_SETTINGS)
        compare_with_library(&f);
    buf_free(&errs.text);
    return 0;
}
