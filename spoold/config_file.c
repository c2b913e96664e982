/*
 * config_file.c - see config_file.h.
 *
 * The INI library gets its bytes through a memory file, so that it reads just
 * what the strict pass has seen, whatever happened to the file since. Of the
 * library only loading and looking up are used: its number readers accept
 * "12abc" and its writers have overflowed before.
 */
#include "spoold/config_file.h"

#include "common/xalloc.h"

#include <iniparser/iniparser.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct config_file_library {
    dictionary *dict;
};

int config_file_read(const char *path, size_t max, struct buf *text, struct stat *st)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    int rc = -1, saved = 0;

    if (fd < 0 || fstat(fd, st) < 0)
        goto out;
    if (!S_ISREG(st->st_mode)) {
        errno = S_ISDIR(st->st_mode) ? EISDIR : EINVAL;
        goto out;
    }
    rc = buf_read_fd(text, fd, max);
out:
    saved = errno;
    if (fd >= 0)
        close(fd);
    errno = saved;
    return rc;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A folder that is not there holds no match; one that may not be read is an error, or settings would get
 * lost. */
static int stop_unless_absent(const char *path, int error)
{
    (void)path;
    return error != ENOENT && error != ENOTDIR;
}

int config_file_find(const char *main_file, const char *pattern, glob_t *found)
{
    const char *slash = strrchr(main_file, '/');
    struct buf full = {0};
    int rc = 0;

    /* The folder's own name is no pattern. */
    for (const char *p = main_file; pattern[0] != '/' && slash && p <= slash; p++) {
        if (strchr("*?[\\", *p))
            buf_add_char(&full, '\\');
        buf_add_char(&full, *p);
    }
    buf_add_str(&full, pattern);
    /* Not glob's own order: that follows the locale. */
    rc = glob(full.p, GLOB_NOSORT, stop_unless_absent, found);
    if (rc == 0)
        qsort(found->gl_pathv, found->gl_pathc, sizeof(*found->gl_pathv), compare_names);
    buf_free(&full);
    return rc;
}

/* The library would print to standard error; what matters is reported by the caller. */
__attribute__((format(printf, 1, 2))) static int say_nothing(const char *fmt, ...)
{
    (void)fmt;
    return 0;
}

static dictionary *load(const struct buf *text)
{
    int fd = memfd_create("spoold.ini", MFD_CLOEXEC);
    char *path = xasprintf("/proc/self/fd/%d", fd);
    dictionary *d = NULL;

    if (fd >= 0 && buf_write_fd(text, fd) == 0) {
        iniparser_set_error_callback(say_nothing);
        d = iniparser_load(path);
        iniparser_set_error_callback(NULL);
    }
    if (fd >= 0)
        close(fd);
    free(path);
    return d;
}

struct config_file_library *config_file_open_library(const struct buf *text, int entries)
{
    dictionary *d = load(text);
    struct config_file_library *lib = NULL;

    if (d && d->n == entries) {
        lib = xcalloc(1, sizeof(*lib));
        lib->dict = d;
    } else {
        iniparser_freedict(d);
    }
    return lib;
}

const char *config_file_library_value(const struct config_file_library *lib, const char *section,
                                      const char *name, const char *key)
{
    char *path = xasprintf("%s%s%s:%s", section, name[0] ? " " : "", name, key);
    const char *value = iniparser_getstring(lib->dict, path, NULL);

    free(path);
    return value;
}

void config_file_close_library(struct config_file_library **lib)
{
    if (!*lib)
        return;
    iniparser_freedict((*lib)->dict);
    free(*lib);
    *lib = NULL;
}
