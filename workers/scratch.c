/*
 * scratch.c - see scratch.h. Runs in the loader and, for its own folder, in a child before its lock-down.
 *
 * What lies below a child's folder was made by a process that may have been taken
 * over: any name, any depth, any mode, any number. It is removed by descriptors,
 * without following links, without recursion, in bounded memory whatever its depth,
 * and only after its owner has ended; what cannot be removed stops nothing else.
 * /tmp may be everybody's: a folder counts as ours only when it belongs to this user
 * and nobody has it locked; the lock is held as long as its loader lives.
 */
#include "workers/scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCRATCH_ROOT  "/tmp"
#define SCRATCH_TRIES 10 /* another loader may take a new folder for a dead one's before it is locked */
#define SCRATCH_TAIL  6  /* of mkdtemp(3) */
#define NUMBER_MAX    21 /* of a child, in digits, with the NUL */
#define FOLDER        (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/*
 * However deep a tree is, it is taken apart in its top folder: what lies in one of the folders there is
 * removed, or moved up when it is a folder with content. So no path grows, and two descriptors are enough.
 */
struct heap {
    int top;
    uint64_t moved; /* names what is moved up */
    bool progress;  /* in this pass something went */
};

static bool is_itself(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* All but a folder with content, of which errno says EISDIR. */
static bool remove_one(int in, const struct dirent *e)
{
    if (e->d_type != DT_DIR) {
        if (unlinkat(in, e->d_name, 0) == 0)
            return true;
        if (errno != EISDIR && errno != EPERM) /* EPERM: what POSIX says of a folder */
            return false;
    }
    if (unlinkat(in, e->d_name, AT_REMOVEDIR) == 0)
        return true;
    errno = errno == ENOTDIR ? EPERM : EISDIR;
    return false;
}

/* With all rights of its owner, which its maker may have taken away. NULL: it cannot be opened. */
static DIR *open_folder(int in, const char *name)
{
    int fd = openat(in, name, FOLDER);
    DIR *d;

    if (fd < 0 && errno == EACCES && fchmodat(in, name, 0700, 0) == 0) /* not ENOTDIR: no link to follow */
        fd = openat(in, name, FOLDER);
    if (fd < 0)
        return NULL;
    fchmod(fd, 0700);
    d = fdopendir(fd);
    if (!d)
        close(fd);
    return d;
}

/* A folder with content. */
static void move_up(struct heap *h, int from, const char *name)
{
    char to[NUMBER_MAX];

    do {
        snprintf(to, sizeof to, "%" PRIx64, h->moved++);
        if (renameat(from, name, h->top, to) == 0 || (errno == EACCES && fchmodat(from, name, 0700, 0) == 0 &&
                                                      renameat(from, name, h->top, to) == 0)) {
            h->progress = true;
            return;
        }
    } while (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR); /* somebody foresaw the name */
}

/* Of a folder in the top folder; the folder itself goes, too, unless something stays in it. */
static void take_apart(struct heap *h, const char *name)
{
    DIR *d = open_folder(h->top, name);
    const struct dirent *e;

    if (!d)
        return;
    while ((e = readdir(d))) {
        if (is_itself(e->d_name))
            continue;
        if (remove_one(dirfd(d), e))
            h->progress = true;
        else if (errno == EISDIR)
            move_up(h, dirfd(d), e->d_name);
    }
    closedir(d);
    if (unlinkat(h->top, name, AT_REMOVEDIR) == 0)
        h->progress = true;
}

static void remove_pass(struct heap *h, DIR *top)
{
    const struct dirent *e;

    while ((e = readdir(top))) {
        if (is_itself(e->d_name))
            continue;
        if (remove_one(h->top, e))
            h->progress = true;
        else if (errno == EISDIR)
            take_apart(h, e->d_name);
    }
}

/*
 * Everything in the folder, then the folder itself. It ends: each pass but the last removes something or
 * moves it to the top, where it is moved no more.
 */
static void remove_tree(int parent, const char *name)
{
    DIR *top = open_folder(parent, name);
    struct heap h = {.top = top ? dirfd(top) : -1, .progress = true};

    while (top && h.progress) {
        h.progress = false;
        rewinddir(top);
        remove_pass(&h, top);
    }
    if (top)
        closedir(top);
    unlinkat(parent, name, AT_REMOVEDIR);
}

static bool is_own(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid();
}

static void remove_if_dead(int root, const char *name)
{
    int fd = openat(root, name, FOLDER);

    if (fd < 0)
        return;
    if (is_own(fd) && flock(fd, LOCK_EX | LOCK_NB) == 0)
        remove_tree(root, name);
    close(fd);
}

static void remove_leftovers(int root, const char *prefix)
{
    int fd = openat(root, ".", FOLDER);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *e;
    size_t n = strlen(prefix);

    if (!d) {
        if (fd >= 0)
            close(fd);
        return;
    }
    while ((e = readdir(d)))
        if (strncmp(e->d_name, prefix, n) == 0 && strlen(e->d_name) == n + SCRATCH_TAIL)
            remove_if_dead(root, e->d_name);
    closedir(d);
}

/* Is the folder that is open still the one that has the name? */
static bool is_there(const struct scratch *s)
{
    struct stat open_one, named;

    return fstat(s->fd, &open_one) == 0 && lstat(s->path, &named) == 0 && open_one.st_ino == named.st_ino &&
           open_one.st_dev == named.st_dev;
}

/* 0; -1 with errno, EAGAIN: another loader was faster and has removed it. */
static int make_own(struct scratch *s, const char *prefix)
{
    snprintf(s->path, sizeof s->path, SCRATCH_ROOT "/%sXXXXXX", prefix);
    if (!mkdtemp(s->path)) {
        s->path[0] = '\0';
        return -1;
    }
    s->fd = open(s->path, FOLDER);
    if (s->fd >= 0 && flock(s->fd, LOCK_EX | LOCK_NB) == 0 && is_there(s))
        return 0;
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
    s->path[0] = '\0';
    errno = EAGAIN;
    return -1;
}

int scratch_open(struct scratch *s, const char *role, struct buf *why)
{
    char prefix[SCRATCH_PATH_MAX / 2];
    int root, rc = -1;

    *s = (struct scratch){.fd = -1};
    snprintf(prefix, sizeof prefix, "spoold-%s-", role);
    root = open(SCRATCH_ROOT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root >= 0) {
        remove_leftovers(root, prefix);
        close(root);
    }
    errno = EAGAIN;
    for (int i = 0; rc < 0 && errno == EAGAIN && i < SCRATCH_TRIES; i++)
        rc = make_own(s, prefix);
    if (rc < 0)
        buf_addf(why, "no folder for temporary files can be made in " SCRATCH_ROOT ": %s", strerror(errno));
    return rc;
}

void scratch_close(struct scratch *s)
{
    if (s->path[0])
        remove_tree(AT_FDCWD, s->path);
    if (s->fd >= 0)
        close(s->fd);
    *s = (struct scratch){.fd = -1};
}

int scratch_make_child(const struct scratch *s, uint64_t id, char *path)
{
    char name[NUMBER_MAX];

    snprintf(name, sizeof name, "%" PRIu64, id);
    snprintf(path, SCRATCH_PATH_MAX, "%.*s/%s", SCRATCH_PATH_MAX - NUMBER_MAX - 1, s->path, name);
    if (mkdirat(s->fd, name, 0700) < 0) {
        if (errno != EEXIST)
            return -1;
        remove_tree(s->fd, name); /* what a child of the same number left */
        if (mkdirat(s->fd, name, 0700) < 0)
            return -1;
    }
    return openat(s->fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

void scratch_remove_child(const struct scratch *s, uint64_t id)
{
    char name[NUMBER_MAX];

    snprintf(name, sizeof name, "%" PRIu64, id);
    if (s->fd >= 0)
        remove_tree(s->fd, name);
}
