/*
 * drop_spool.c - see drop_spool.h; the depositor's half of the on-disk protocol.
 *
 * Order: NAME.em_ written and fsynced, NAME.hd_ written and fsynced, .em_ to
 * .eml, .hd_ to .hdr, directory fsynced. No scanner takes .em_ or .hd_, and the
 * .hdr comes last, so a kill at any point leaves nothing that could be mistaken
 * for a message. Trusts the configuration, not the folder: others may write there.
 */
#include "tools/drop_spool.h"

#include "common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define COPY_SIZE  65536
#define NAME_TRIES 8

static const char *advice_for(int err)
{
    static const struct {
        int err;
        const char *text;
    } table[] = {
        {ENOENT, "start spoold once with the same configuration, it makes its folders"},
        {ENOSPC, "make room on that disk, or try again later"},
        {EDQUOT, "the disk quota is used up; raise it, or try again later"},
        {EFBIG, "the message is larger than a file may be here (see ulimit -f)"},
        {EACCES, "the user who runs this must be in the group that owns the folder"},
        {EPERM, "the user who runs this must be in the group that owns the folder"},
        {ELOOP, "the folder must not be a symbolic link"},
        {ENOTDIR, "the name must be that of a folder"},
        {EROFS, "mount the file system for writing"},
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].err == err)
            return table[i].text;
    return "see to the cause, then try again";
}

/* Every temporary failure says three things: what, why, and what a person can do about it. */
static int temporary(struct buf *why, const char *what, int err)
{
    buf_addf(why, "%s: %s. Nothing was accepted; %s", what, strerror(err), advice_for(err));
    return EXIT_TEMP_75;
}

/* Blocked and read by descriptor, not handled: a signal cannot fall between a check and the read it should
 * end. */
static int watch_signals(void)
{
    static const int ends[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE, SIGALRM, SIGXCPU};
    struct sigaction old = {0};
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        bool nohup = ends[i] == SIGHUP && sigaction(SIGHUP, NULL, &old) == 0 && old.sa_handler == SIG_IGN;

        if (!nohup)
            sigaddset(&set, ends[i]);
    }
    signal(SIGXFSZ, SIG_IGN); /* the write then says EFBIG, and we clean up */
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* The intake may be -wx for its group (nobody lists other people's mail); O_PATH needs no right to read. */
static int open_folder(int at, const char *path)
{
    int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0 && errno == EACCES)
        fd = openat(at, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd;
}

static int open_intake(const char *root, const char *path)
{
    int at = AT_FDCWD, fd = -1, err = 0;

    if (path[0] != '/') {
        at = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (at < 0)
            return -1;
    }
    fd = open_folder(at, path);
    err = errno;
    if (at >= 0)
        close(at);
    errno = err;
    return fd;
}

/* An error other than ENOENT counts as a file: when in doubt the name is not ours to take. */
static bool exists(const struct drop_spool *s, const char *name)
{
    struct stat st;

    return fstatat(s->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

/* Any depositor can make a file in the folder; only the mark of its owner, which is spoold, counts. */
static bool is_stopped(int dir)
{
    struct stat mark, folder;

    return fstatat(dir, DROP_SPOOL_STOPPED, &mark, AT_SYMLINK_NOFOLLOW) == 0 && fstat(dir, &folder) == 0 &&
           S_ISREG(mark.st_mode) && mark.st_uid == folder.st_uid;
}

int drop_spool_open(struct drop_spool *s, const char *root, const char *path, struct buf *why)
{
    *s = (struct drop_spool){.dir = -1, .hold = -1, .data = -1, .signals = watch_signals()};
    if (s->signals < 0)
        return temporary(why, "signals cannot be watched", errno);
    s->dir = open_intake(root, path);
    if (s->dir < 0) {
        int err = errno;

        buf_addf(why, "folder %s%s%s: ", path[0] == '/' ? "" : root, path[0] == '/' ? "" : "/", path);
        return temporary(why, "cannot be opened", err);
    }
    if (is_stopped(s->dir)) {
        buf_add_str(why, "spoold is not taking messages at present: try again later");
        return EXIT_TEMP_75;
    }
    return 0;
}

static void file_name(char to[DROP_SPOOL_NAME_MAX + 8], const struct drop_spool *s, const char *suffix)
{
    snprintf(to, DROP_SPOOL_NAME_MAX + 8, "%s%s", s->name, suffix);
}

static int create_file(const struct drop_spool *s, const char *suffix)
{
    char name[DROP_SPOOL_NAME_MAX + 8];
    int fd = -1;

    file_name(name, s, suffix);
    fd = openat(s->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    /* The group is that of the folder; it needs to read, whatever the caller's umask says. */
    if (fd >= 0 && fchmod(fd, 0640) < 0) {
        int err = errno;

        unlinkat(s->dir, name, 0);
        close(fd);
        errno = err;
        return -1;
    }
    return fd;
}

static void remove_file(const struct drop_spool *s, const char **suffix)
{
    char name[DROP_SPOOL_NAME_MAX + 8];

    if (!*suffix)
        return;
    file_name(name, s, *suffix);
    unlinkat(s->dir, name, 0);
    *suffix = NULL;
}

int drop_spool_take(struct drop_spool *s, const char *name)
{
    static const char *const others[] = {".eml", ".hdr", ".hd_"};
    char other[DROP_SPOOL_NAME_MAX + 8];

    snprintf(s->name, sizeof s->name, "%s", name);
    s->data = create_file(s, ".em_");
    if (s->data < 0)
        return -1;
    s->eml = ".em_";
    /* Looked for after .em_ is ours: who came before has one of them, who comes after sees .em_. */
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        file_name(other, s, others[i]);
        if (!exists(s, other))
            continue;
        remove_file(s, &s->eml);
        close(s->data);
        s->data = -1;
        errno = EEXIST;
        return -1;
    }
    return 0;
}

/* Time first, so that a listing is in order; short, because people follow a message by it. O_EXCL makes it
 * unique. */
static int make_name(char to[DROP_SPOOL_NAME_MAX])
{
    unsigned random = 0;
    struct timespec now = {0};
    struct tm tm = {0};
    size_t n = 0;

    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
        return -1;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &tm);
    n = strftime(to, DROP_SPOOL_NAME_MAX, "%Y%m%d-%H%M%S", &tm);
    snprintf(to + n, DROP_SPOOL_NAME_MAX - n, "-%08x", random);
    return 0;
}

/* fsync wants a descriptor that can be read; our own file reaches the same file system, and only as a reader.
 */
static int open_hold(struct drop_spool *s)
{
    char name[DROP_SPOOL_NAME_MAX + 8];

    if (!(fcntl(s->dir, F_GETFL) & O_PATH))
        return 0;
    file_name(name, s, s->eml);
    s->hold = openat(s->dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    return s->hold < 0 ? -1 : 0;
}

int drop_spool_create(struct drop_spool *s, struct buf *why)
{
    char name[DROP_SPOOL_NAME_MAX];

    for (int i = 0; i < NAME_TRIES; i++) {
        if (make_name(name) < 0)
            break;
        if (drop_spool_take(s, name) == 0 && open_hold(s) == 0)
            return 0;
        if (errno != EEXIST)
            break;
    }
    return temporary(why, "no file can be made in the intake folder", errno);
}

/* 1: `from` can be read; 0: a signal asked us to end; -1 with errno. */
static int wait_input(const struct drop_spool *s, int from)
{
    struct pollfd p[2] = {{.fd = s->signals, .events = POLLIN}, {.fd = from, .events = POLLIN}};

    for (;;) {
        if (poll(p, 2, -1) < 0) {
            if (errno == EINTR)
                continue;
            return -1;
        }
        return p[0].revents ? 0 : 1;
    }
}

static bool asked_to_end(const struct drop_spool *s)
{
    struct pollfd p = {.fd = s->signals, .events = POLLIN};

    return poll(&p, 1, 0) == 1;
}

static int interrupted(struct buf *why)
{
    buf_add_str(why, "ended by a signal before the message was complete. Nothing was accepted; try again");
    return EXIT_TEMP_75;
}

/* After it nothing is written any more, and the descriptor is gone: a reader's lease must find no writer. */
static int finish_file(int *fd)
{
    int rc = fsync(*fd), err = errno;

    if (close(*fd) < 0 && rc == 0)
        rc = -1, err = errno;
    *fd = -1;
    errno = err;
    return rc;
}

/* Reads to the end of input, never to a line with a single dot: the message is what there is. */
static bool has_eight_bit(const char *p, size_t n)
{
    unsigned char all = 0;

    for (size_t i = 0; i < n; i++)
        all |= (unsigned char)p[i];
    return all >= 0x80;
}

int drop_spool_copy(struct drop_spool *s, int from, struct buf *why)
{
    char chunk[COPY_SIZE];
    struct buf part = {.p = chunk};
    bool empty = true;

    for (;;) {
        int ready = wait_input(s, from);
        ssize_t n = 0;

        if (ready == 0)
            return interrupted(why);
        n = ready < 0 ? -1 : read(from, chunk, sizeof chunk);
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n < 0)
            return temporary(why, "the message cannot be read from standard input", errno);
        if (n == 0)
            break;
        empty = false;
        part.n = (size_t)n;
        s->eight_bit = s->eight_bit || has_eight_bit(chunk, part.n);
        if (buf_write_fd(&part, s->data) < 0)
            return temporary(why, "the message cannot be written", errno);
    }
    if (empty) {
        buf_add_str(why, "the message on standard input is empty; nothing was accepted");
        return EXIT_DATA_65;
    }
    if (finish_file(&s->data) < 0)
        return temporary(why, "the disk did not take the message", errno);
    return 0;
}

static int write_envelope(struct drop_spool *s, const struct buf *envelope, struct buf *why)
{
    int fd = create_file(s, ".hd_"), err = 0;

    if (fd < 0)
        return temporary(why, "no envelope file can be made", errno);
    s->hdr = ".hd_";
    if (buf_write_fd(envelope, fd) < 0) {
        err = errno;
        close(fd);
        return temporary(why, "the envelope cannot be written", err);
    }
    if (finish_file(&fd) < 0)
        return temporary(why, "the disk did not take the envelope", errno);
    return 0;
}

/* NOREPLACE: two programs that chose the same name lose neither message. */
static int rename_file(const struct drop_spool *s, const char **now, const char *to_suffix)
{
    char from[DROP_SPOOL_NAME_MAX + 8], to[DROP_SPOOL_NAME_MAX + 8];
    int rc = 0;

    file_name(from, s, *now);
    file_name(to, s, to_suffix);
    rc = renameat2(s->dir, from, s->dir, to, RENAME_NOREPLACE);
    if (rc < 0 && (errno == EINVAL || errno == ENOSYS)) { /* the file system cannot do it in one step */
        errno = EEXIST;
        rc = exists(s, to) ? -1 : renameat(s->dir, from, s->dir, to);
    }
    if (rc == 0)
        *now = to_suffix;
    return rc;
}

/* `hold` stands for the file system where the folder itself cannot be opened for fsync. */
static int sync_folder(const struct drop_spool *s)
{
    int fd;

    if (s->hold >= 0)
        return syncfs(s->hold);
    if (fsync(s->dir) < 0)
        return -1;
    /* XFS says so even where it was shut down after an error; opening anything fails there. */
    fd = openat(s->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    close(fd);
    return 0;
}

int drop_spool_publish(struct drop_spool *s, const struct buf *envelope, struct buf *why)
{
    int rc = write_envelope(s, envelope, why);

    if (rc)
        return rc;
    if (asked_to_end(s))
        return interrupted(why);
    if (rename_file(s, &s->eml, ".eml") < 0)
        return temporary(why, "the message cannot be given its final name", errno);
    if (rename_file(s, &s->hdr, ".hdr") < 0)
        return temporary(why, "the envelope cannot be given its final name", errno);
    if (sync_folder(s) < 0) {
        buf_addf(
            why,
            "the disk did not take the folder: %s. The message is withdrawn, but spoold may have it already, "
            "so it can arrive twice; see to the disk, then try again",
            strerror(errno));
        return EXIT_TEMP_75;
    }
    s->published = true;
    return 0;
}

/*
 * The .hdr goes first, and the .eml only if it was still there: once spoold has
 * taken the envelope the content is its too, and it may have given it back for a moment.
 */
static void withdraw(struct drop_spool *s)
{
    char name[DROP_SPOOL_NAME_MAX + 8];

    if (s->hdr) {
        file_name(name, s, s->hdr);
        if (unlinkat(s->dir, name, 0) < 0 && errno == ENOENT)
            return;
        s->hdr = NULL;
    }
    remove_file(s, &s->eml);
}

void drop_spool_close(struct drop_spool *s)
{
    int *const fds[] = {&s->data, &s->hold, &s->dir, &s->signals};

    if (!s->published)
        withdraw(s);
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
        if (*fds[i] >= 0)
            close(*fds[i]);
        *fds[i] = -1;
    }
}
