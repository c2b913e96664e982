/*
 * config_list.c - list files: one entry a line, for data that an INI file cannot hold.
 *
 * Called by whoever owns the data (the entry's own grammar is the callback's).
 * Goes on after a mistake, so that one run shows all of them. Trusts nothing in
 * the file: bounded, length-counted; config_source.c gets the bytes.
 */
#include "spoold/config.h"
#include "spoold/config_source.h"

#include <errno.h>

#define LIST_FILE_MAX ((size_t)64 << 20) /* bytes of one list file */

/* What is left of the line without its comment and blanks. In a whole line only the first # begins one: a
 * pattern may hold others. */
static struct view entry_of(struct view line, bool whole)
{
    line = view_trim(line);
    for (size_t i = 0; i < (whole && line.n ? 1 : line.n); i++) {
        if (line.p[i] == '#' && (i == 0 || line.p[i - 1] == ' ' || line.p[i - 1] == '\t')) {
            line.n = i;
            break;
        }
    }
    return view_trim(line);
}

static const char *line_fault(struct view line, unsigned lineno)
{
    const char *what = config_ini_text_fault(line);

    if (line.n > CONFIG_LIST_LINE_MAX)
        return "the line is too long; accepted: up to 65536 bytes";
    if (lineno == 1 && line.n >= 3 && memcmp(line.p, "\xef\xbb\xbf", 3) == 0)
        return "the file starts with a byte order mark; accepted: UTF-8 without it";
    return what;
}

struct take {
    const char *(*fn)(struct view entry, unsigned lineno, void *arg);
    void *arg;
    bool whole; /* an entry goes on to the end of its line */
};

static int parse(const char *name, struct view text, const struct take *t, struct config_errors *errs)
{
    unsigned before = errs->n;

    for (unsigned lineno = 1; text.n; lineno++) {
        const char *end = memchr(text.p, '\n', text.n);
        struct view line = {text.p, end ? (size_t)(end - text.p) : text.n};
        size_t used = line.n + (end ? 1 : 0);
        const char *what = NULL;

        if (line.n && line.p[line.n - 1] == '\r')
            line.n--;
        what = line_fault(line, lineno);
        line = entry_of(line, t->whole);
        if (!what && line.n)
            what = t->fn(line, lineno, t->arg);
        if (what)
            config_error(errs, name, lineno, "%s", what);
        text.p += used;
        text.n -= used;
    }
    return errs->n == before ? 0 : -1;
}

int config_list_parse(const char *name, struct view text, const char *(*fn)(struct view, unsigned, void *),
                      void *arg, struct config_errors *errs)
{
    return parse(name, text, &(struct take){fn, arg, false}, errs);
}

static int read_list(struct config_source *from, const char *path, const struct take *t,
                     struct config_errors *errs)
{
    struct buf text = {0};
    struct stat st = {0};
    int rc = config_source_read(from, &(struct config_source_file){CONFIG_PIECE_LIST, path, LIST_FILE_MAX},
                                &text, &st);

    if (rc < 0)
        config_error(errs, path, 0, "cannot read the list file: %s; accepted: a regular file of up to 64 MB",
                     strerror(errno));
    else
        rc = parse(path, buf_view(&text), t, errs);
    buf_free(&text);
    return rc;
}

int config_list_read(struct config_source *from, const char *path,
                     const char *(*fn)(struct view entry, unsigned lineno, void *arg), void *arg,
                     struct config_errors *errs)
{
    return read_list(from, path, &(struct take){fn, arg, false}, errs);
}

int config_list_read_lines(struct config_source *from, const char *path,
                           const char *(*fn)(struct view entry, unsigned lineno, void *arg), void *arg,
                           struct config_errors *errs)
{
    return read_list(from, path, &(struct take){fn, arg, true}, errs);
}
