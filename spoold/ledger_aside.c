/*
 * ledger_aside.c - moving a damaged ledger out of the way.
 *
 * Called by ledger.c only, with everything closed. What was damaged is kept as
 * evidence under bad-TIME, the last few and only while it is small: it is never
 * read again, and the ledger that is built anew needs the room. Must touch
 * nothing outside the ledger's directory.
 */
#include "spoold/ledger_store.h"

#include "common/json.h"
#include "common/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define ASIDE_KEEP     2                  /* damaged environments that are kept for a look */
#define ASIDE_BYTES    (INT64_C(8) << 20) /* of each; a larger one goes at once */
#define ASIDE_NAME_MAX 64

static DIR *open_listing(int dirfd, const char *name)
{
    int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);

    if (!d && fd >= 0)
        close(fd);
    return d;
}

static bool is_aside(const char *name)
{
    return strncmp(name, "bad-", 4) == 0;
}

static void remove_aside(int in, const char *name)
{
    DIR *d = open_listing(in, name);
    struct dirent *e = NULL;

    while (d && (e = readdir(d)) != NULL) {
        if (e->d_name[0] != '.')
            unlinkat(dirfd(d), e->d_name, 0);
    }
    if (d)
        closedir(d);
    unlinkat(in, name, AT_REMOVEDIR);
}

static int64_t bytes_aside(int in, const char *name)
{
    DIR *d = open_listing(in, name);
    struct dirent *e = NULL;
    int64_t sum = 0;

    while (d && (e = readdir(d)) != NULL) {
        struct stat st = {0};

        if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
            sum += st.st_blocks * INT64_C(512);
    }
    if (d)
        closedir(d);
    return sum;
}

/* Their names hold the time, so the least one is the oldest. Only few are kept: this is evidence, not data.
 */
static void trim_aside(int in)
{
    for (unsigned left = 100; left > 0; left--) {
        char oldest[ASIDE_NAME_MAX] = "";
        DIR *d = open_listing(in, ".");
        struct dirent *e = NULL;
        unsigned n = 0;

        while (d && (e = readdir(d)) != NULL) {
            if (!is_aside(e->d_name) || strlen(e->d_name) >= sizeof oldest)
                continue;
            n++;
            if (!*oldest || strcmp(e->d_name, oldest) < 0)
                memcpy(oldest, e->d_name, strlen(e->d_name) + 1);
        }
        if (d)
            closedir(d);
        if (n <= ASIDE_KEEP)
            return;
        remove_aside(in, oldest);
    }
}

static int make_aside(int in, char name[ASIDE_NAME_MAX])
{
    struct timespec now = {0};
    char at[32];

    clock_gettime(CLOCK_REALTIME, &now);
    json_time_text(at, now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000);
    snprintf(name, ASIDE_NAME_MAX, "bad-%.24s", at);
    return mkdirat(in, name, 0700);
}

/* All that is in the directory, but what is aside already. */
static int move_all(DIR *from, int to)
{
    struct dirent *e = NULL;
    int rc = 0;

    while ((e = readdir(from)) != NULL) {
        if (e->d_name[0] != '.' && !is_aside(e->d_name) &&
            renameat(dirfd(from), e->d_name, to, e->d_name) < 0)
            rc = -1;
    }
    return rc;
}

int ledger_aside_move(int in)
{
    char name[ASIDE_NAME_MAX];
    DIR *d = NULL;
    int to = -1, rc = -1;
    bool large = false;

    if (make_aside(in, name) < 0)
        goto out;
    to = openat(in, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    d = open_listing(in, ".");
    if (to < 0 || !d)
        goto out;
    rc = move_all(d, to);
    large = rc == 0 && bytes_aside(in, name) > ASIDE_BYTES;
    log_warnx("ledger: moved aside to %s%s; it is built again from the journal, mail flows on", name,
              large ? " and removed, it is too large to be kept" : "");
    if (large)
        remove_aside(in, name);
    trim_aside(in);
out:
    if (rc < 0)
        log_warn("ledger: what is damaged cannot be moved aside");
    if (d)
        closedir(d);
    if (to >= 0)
        close(to);
    return rc;
}
