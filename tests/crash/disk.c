/*
 * disk.c - see disk.h.
 *
 * No fsync anywhere: the harness kills programs, not machines, so what it has
 * written is always still there. Trusts the paths it is given: they all lie
 * under a directory that the harness made itself.
 */
#include "tests/crash/disk.h"

#include "common/log.h"
#include "common/xalloc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct disk_path disk_path(const char *fmt, ...)
{
    struct disk_path p = {0};
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(p.s, sizeof(p.s), fmt, ap);
    va_end(ap);
    return p;
}

bool disk_exists(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

int disk_read(struct buf *to, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    int rc;

    if (fd < 0)
        return -1;
    rc = buf_read_fd(to, fd, DISK_FILE_MAX);
    close(fd);
    return rc;
}

void disk_write(const char *path, struct view v)
{
    struct buf b = {(char *)(uintptr_t)v.p, v.n, 0}; /* borrowed for the call */
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

    if (fd < 0 || buf_write_fd(&b, fd) < 0)
        fatal("cannot write %s", path);
    close(fd);
}

/* Open to all, because the program under test may give up root. */
void disk_make_dir(const char *path)
{
    if (mkdir(path, 0777) < 0) {
        if (errno != EEXIST)
            fatal("cannot make the directory %s", path);
        return;
    }
    if (chmod(path, 0777) < 0)
        fatal("cannot open the directory %s to all", path);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void disk_list(struct disk_list *l, const char *dir)
{
    DIR *d = opendir(dir);
    struct dirent *e;

    *l = (struct disk_list){0};
    if (!d)
        return;
    while ((e = readdir(d)) != NULL) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        l->name = xrealloc(l->name, l->n + 1, sizeof(*l->name));
        l->name[l->n++] = xstrdup(e->d_name);
    }
    closedir(d);
    if (l->n)
        qsort(l->name, l->n, sizeof(*l->name), by_name);
}

void disk_list_free(struct disk_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->name[i]);
    free(l->name);
    *l = (struct disk_list){0};
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

void disk_remove_tree(const char *path)
{
    if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) < 0 && errno != ENOENT)
        fatal("cannot remove %s", path);
}

bool disk_cut_suffix(struct disk_path *stem, const char *name, const char *suffix)
{
    size_t n = strlen(name), s = strlen(suffix);

    if (n <= s || n >= sizeof(stem->s) || strcmp(name + n - s, suffix) != 0)
        return false;
    memcpy(stem->s, name, n - s);
    stem->s[n - s] = '\0';
    return true;
}
