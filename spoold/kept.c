/*
 * kept.c - see kept.h: writing, touching and removing state/config/HASH.ini.
 *
 * Called at start, at a reload and by tidy.c. A text is written under another name first, so that a file of
 * the right name is whole; one that is there is believed only after a look at each byte. Touches only names
 * that are its own; the folder is private, but people may have been in it.
 */
#include "spoold/kept.h"

#include "common/log.h"
#include "common/xalloc.h"
#include "spoold/config_kept.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEPT_STEP     65536 /* bytes compared at a time */
#define KEPT_NAMES    1000  /* looked at in one slice */
#define KEPT_WALK_MS  3600000
#define KEPT_TOUCH_MS 86400000
#define KEPT_AGAIN_MS 600000 /* after a failure */
#define KEPT_NAME     (CONFIG_KEPT_HASH_LEN + sizeof ".ini")

struct kept {
    DIR *walk;
    int64_t walk_due, touch_due; /* monotonic */
};

static void name_of(const struct config *c, const char *suffix, char to[KEPT_NAME])
{
    snprintf(to, KEPT_NAME, "%s%s", config_kept_hash(c), suffix);
}

/* Whether the rest of the file is this text. */
static bool same_bytes(int fd, struct view text)
{
    char part[KEPT_STEP];
    ssize_t n = 1;

    while (text.n && n > 0) {
        n = read(fd, part, sizeof part < text.n ? sizeof part : text.n);
        if (n > 0 && memcmp(part, text.p, (size_t)n) != 0)
            return false;
        if (n > 0)
            text = (struct view){text.p + n, text.n - (size_t)n};
    }
    return text.n == 0;
}

/* A former run may have ended between the rename and the flush of the folder. */
static bool adopt(const struct depot *d, const char *name, struct view text)
{
    int fd = openat(d->config_dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat st;
    bool good = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (size_t)st.st_size == text.n &&
                same_bytes(fd, text) && fchmod(fd, 0600) == 0 && futimens(fd, NULL) == 0 && fsync(fd) == 0 &&
                fsync(d->config_dir) == 0;

    if (fd >= 0)
        close(fd);
    return good;
}

static int write_file(const struct depot *d, const char *name, struct view text)
{
    int fd = openat(d->config_dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    const struct buf whole = {.p = (char *)(uintptr_t)text.p, .n = text.n};
    int rc = -1, saved;

    if (fd < 0)
        return -1;
    if (fchmod(fd, 0600) == 0 && buf_write_fd(&whole, fd) == 0)
        rc = fsync(fd);
    saved = errno;
    close(fd);
    errno = saved;
    return rc;
}

int kept_write(const struct depot *d, const struct config *c)
{
    char name[KEPT_NAME], fresh[KEPT_NAME];
    int saved;

    name_of(c, ".ini", name);
    name_of(c, ".tmp", fresh);
    if (adopt(d, name, config_kept_text(c)))
        return 0;
    if (write_file(d, fresh, config_kept_text(c)) == 0 &&
        renameat(d->config_dir, fresh, d->config_dir, name) == 0)
        return fsync(d->config_dir);
    saved = errno;
    unlinkat(d->config_dir, fresh, 0);
    errno = saved;
    return -1;
}

void kept_open(struct depot *d)
{
    d->kept = xcalloc(1, sizeof *d->kept);
    d->kept->touch_due = depot_mono_ms() + KEPT_TOUCH_MS;
    if (kept_write(d, d->cfg) < 0)
        fatal("state/config/%s.ini, the settings for records to name, cannot be written",
              config_kept_hash(d->cfg));
}

void kept_close(struct depot *d)
{
    if (d->kept && d->kept->walk)
        closedir(d->kept->walk);
    free(d->kept);
    d->kept = NULL;
}

/* Writes it anew where somebody has removed it. */
static void touch(struct depot *d)
{
    d->kept->touch_due = depot_mono_ms() + KEPT_TOUCH_MS;
    if (kept_write(d, d->cfg) == 0)
        return;
    log_warn("event=config_not_kept state/config/%s.ini cannot be written; it is tried again",
             config_kept_hash(d->cfg));
    d->kept->touch_due = depot_mono_ms() + KEPT_AGAIN_MS;
}

static bool is_ours(const char *name, const char *suffix)
{
    return strspn(name, "0123456789abcdef") == CONFIG_KEPT_HASH_LEN &&
           strcmp(name + CONFIG_KEPT_HASH_LEN, suffix) == 0;
}

static bool is_over(const struct depot *d, const char *name)
{
    struct stat st;

    if (fstatat(d->config_dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
        return false;
    return depot_wall_ms() - (int64_t)st.st_mtim.tv_sec * 1000 > d->cfg->keep_history + KEPT_LONGER_MS;
}

static void look_at(const struct depot *d, const char *name)
{
    const bool half = is_ours(name, ".tmp"); /* between two tasks nobody is writing */

    if (!half && (!is_ours(name, ".ini") ||
                  strncmp(name, config_kept_hash(d->cfg), CONFIG_KEPT_HASH_LEN) == 0 || !is_over(d, name)))
        return;
    if (unlinkat(d->config_dir, name, 0) < 0)
        log_warn("state/config/%s cannot be removed", name);
    else if (!half)
        log_info("event=config_removed state/config/%s: no record can name it any more", name);
}

static DIR *open_walk(const struct depot *d)
{
    int fd = openat(d->config_dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *walk = fd >= 0 ? fdopendir(fd) : NULL;

    if (!walk && fd >= 0)
        close(fd);
    return walk;
}

static int walk_slice(struct depot *d)
{
    struct kept *k = d->kept;
    const struct dirent *e = NULL;

    if (!k->walk && depot_mono_ms() < k->walk_due)
        return 0;
    if (!k->walk)
        k->walk = open_walk(d);
    for (int i = 0; k->walk && i < KEPT_NAMES; i++) {
        if (!(e = readdir(k->walk)))
            break;
        look_at(d, e->d_name);
    }
    if (e)
        return 1;
    if (k->walk)
        closedir(k->walk);
    k->walk = NULL;
    k->walk_due = depot_mono_ms() + KEPT_WALK_MS;
    return 0;
}

int kept_tidy(struct depot *d)
{
    if (!d->kept)
        return 0;
    if (depot_mono_ms() >= d->kept->touch_due)
        touch(d);
    return walk_slice(d);
}
