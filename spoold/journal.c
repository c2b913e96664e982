/*
 * journal.c - see journal.h: appending, beginning days, flushing, tidying.
 *
 * Called by the store thread only; with ledger.c and spool.c the only place
 * that flushes, renames or removes files. All names are relative to the
 * journal's directory. What was torn by an error or a crash is closed with TORN_MARK, so that not
 * even a line that lacks only its newline is taken for recorded.
 * Must never append to a day before the newest one, to a file whose flush
 * failed, or over something that already exists. Trusts its directory to be
 * private, but not the files in it to be whole.
 */
#include "spoold/journal.h"

#include "common/json.h"
#include "common/log.h"
#include "common/xalloc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define TORN_MARK  "!\n"
#define SLICE_MAX  1048576 /* bytes compressed in one call of journal_tidy() */
#define PACK_STEP  65536
#define PACK_LEVEL 6
#define DAY_MS     INT64_C(86400000)
#define TIME_MAX   INT64_C(253402300799999) /* end of the year 9999 */
#define LAST_PART  'z'

/* A day on its way to .gz; `from` < 0 when there is none. */
struct packer {
    int from, to;
    char day[JOURNAL_DAY_LEN + 1];
    z_stream z;
    unsigned char *buf; /* PACK_STEP in, PACK_STEP out */
};

struct journal {
    int dirfd; /* borrowed */
    struct journal_options options;
    unsigned char key[JOURNAL_KEY_LEN];
    int fd; /* -1: the next append opens or begins a file */
    char day[JOURNAL_DAY_LEN + 1];
    uint64_t size;
    bool torn;      /* the file does not end with a newline */
    bool dirty;     /* appended since the last flush */
    bool dir_dirty; /* a file was begun since the last flush */
    bool failed;    /* `day` must not be appended to any more */
    int lost_errno; /* a flush that failed outside journal_sync() */
    struct buf line;
    struct packer pack;
};

/* --- the file in use ---------------------------------------------------- */

static void name_file(char to[JOURNAL_DAY_LEN + 16], const char *day, const char *suffix)
{
    snprintf(to, JOURNAL_DAY_LEN + 16, "%s%s", day, suffix);
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* Whether the last byte of the file is something else than a newline. */
static bool ends_torn(int fd, uint64_t size)
{
    char last = 0;

    return size && (pread(fd, &last, 1, (off_t)size - 1) != 1 || last != '\n');
}

static int open_existing(struct journal *j)
{
    char name[JOURNAL_DAY_LEN + 16];
    struct stat st = {0};

    name_file(name, j->day, ".jsonl");
    j->fd = openat(j->dirfd, name, O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (j->fd < 0)
        return -1;
    if (fstat(j->fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        close_fd(&j->fd);
        errno = EINVAL;
        return -1;
    }
    j->size = (uint64_t)st.st_size;
    j->torn = ends_torn(j->fd, j->size);
    /* A former process may have died between its write and its flush. */
    j->dirty = j->dir_dirty = true;
    return 0;
}

static int begin_file(struct journal *j, const char *day)
{
    char name[JOURNAL_DAY_LEN + 16];
    int fd = -1;

    name_file(name, day, ".jsonl");
    fd = openat(j->dirfd, name, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -1;
    if (fchmod(fd, 0600) < 0)
        log_warn("journal/%s: mode 0600 cannot be set", name);
    j->fd = fd;
    memmove(j->day, day, strlen(day) + 1);
    j->size = 0;
    j->torn = j->failed = false;
    j->dir_dirty = true;
    return 0;
}

/* Makes `day` the part after it: none, b, c ... -1 with EIO behind the last one. */
static int next_part(char day[JOURNAL_DAY_LEN + 1])
{
    char part = day[10] ? day[10] : 'a';

    if (part >= LAST_PART) {
        errno = EIO;
        return -1;
    }
    day[10] = (char)(part + 1);
    day[11] = '\0';
    return 0;
}

/* Leaves the present file; lines in it that cannot be flushed make the next journal_sync() fail. */
static void leave_file(struct journal *j)
{
    if (j->fd >= 0 && j->dirty && fdatasync(j->fd) < 0)
        j->lost_errno = errno;
    j->dirty = false;
    close_fd(&j->fd);
}

/* `date` is the event's day; a clock that went back does not take us to an older file. */
static int choose_file(struct journal *j, const char *date)
{
    char day[JOURNAL_DAY_LEN + 1] = "";
    bool newer = strncmp(date, j->day, 10) > 0;

    if (j->fd >= 0 && !newer)
        return 0;
    if (j->fd < 0 && !newer && !j->failed && (open_existing(j) == 0 || errno != ENOENT))
        return j->fd < 0 ? -1 : 0;
    leave_file(j);
    memcpy(day, newer ? date : j->day, JOURNAL_DAY_LEN);
    day[newer ? 10 : JOURNAL_DAY_LEN] = '\0';
    if (!newer && next_part(day) < 0)
        return -1;
    while (begin_file(j, day) < 0) {
        if (errno != EEXIST || next_part(day) < 0)
            return -1;
    }
    return 0;
}

/* --- the key of hashed addresses --------------------------------------- */

static int read_key(struct journal *j)
{
    int fd = openat(j->dirfd, "key", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    char more = 0;
    bool good = false;

    if (fd < 0)
        return -1;
    good = read(fd, j->key, sizeof j->key) == (ssize_t)sizeof j->key && read(fd, &more, 1) == 0;
    close(fd);
    if (good)
        return 0;
    log_warnx("journal/key is damaged; it is kept as key.bad and addresses get new hashes from now on");
    if (renameat(j->dirfd, "key", j->dirfd, "key.bad") < 0)
        return -1;
    errno = ENOENT;
    return -1;
}

/* Under another name first, so that a crash never leaves half a key. */
static int make_key(struct journal *j)
{
    int fd = -1, rc = -1;

    if (getrandom(j->key, sizeof j->key, 0) != (ssize_t)sizeof j->key)
        return -1;
    fd = openat(j->dirfd, "key.tmp", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -1;
    if (write(fd, j->key, sizeof j->key) == (ssize_t)sizeof j->key && fdatasync(fd) == 0)
        rc = renameat(j->dirfd, "key.tmp", j->dirfd, "key");
    close(fd);
    j->dir_dirty = true;
    return rc;
}

const unsigned char *journal_key(const struct journal *j)
{
    return j->key;
}

/* --- appending ---------------------------------------------------------- */

/* One write(2) as a rule. What got through before an error is never a line: see TORN_MARK. */
static int write_all(struct journal *j, const char *p, size_t n)
{
    size_t done = 0;

    while (done < n) {
        ssize_t got = write(j->fd, p + done, n - done);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            errno = got == 0 ? EIO : errno;
            break;
        }
        done += (size_t)got;
    }
    j->size += done;
    if (done)
        j->dirty = true;
    if (done == n)
        j->torn = false;
    else if (done)
        j->torn = true;
    return done == n ? 0 : -1;
}

static int close_torn(struct journal *j)
{
    return j->torn ? write_all(j, TORN_MARK, sizeof TORN_MARK - 1) : 0;
}

static int check_event(const struct event *e)
{
    if (e->at_ms >= 0 && e->at_ms <= TIME_MAX && (unsigned)e->kind < EVENT_KIND__MAX && e->id.len)
        return 0;
    errno = EINVAL;
    return -1;
}

int journal_append(struct journal *j, const struct event *e, struct journal_place *place)
{
    size_t mark = 0;
    char date[32];

    if (check_event(e) < 0)
        return -1;
    json_time_text(date, e->at_ms);
    if (choose_file(j, date) < 0)
        return -1;
    buf_clear(&j->line);
    if (j->torn)
        buf_add_str(&j->line, TORN_MARK);
    mark = j->line.n;
    journal_format_line(e, &j->options, j->key, &j->line);
    buf_add_char(&j->line, '\n');
    if (j->line.n - mark > JOURNAL_LINE_MAX) {
        errno = EMSGSIZE;
        return -1;
    }
    *place = (struct journal_place){.offset = j->size + mark, .length = j->line.n - mark};
    memcpy(place->day, j->day, sizeof place->day);
    return write_all(j, j->line.p, j->line.n);
}

/* Final for the file: its pages may be gone although a second flush would say success. */
static int fail_sync(struct journal *j, int err)
{
    log_warnx("journal/%s.jsonl could not be flushed (%s); going on in a new file", j->day, strerror(err));
    close_fd(&j->fd);
    j->failed = true;
    j->dirty = false;
    j->lost_errno = 0;
    errno = err;
    return -1;
}

int journal_sync(struct journal *j)
{
    int err = j->lost_errno;

    if (!err && j->dirty && j->fd >= 0 && fdatasync(j->fd) < 0)
        err = errno;
    if (!err && j->dir_dirty && fsync(j->dirfd) < 0)
        err = errno;
    if (err)
        return fail_sync(j, err);
    j->dirty = j->dir_dirty = false;
    return 0;
}

bool journal_dirty(const struct journal *j)
{
    return j->dirty || j->dir_dirty || j->lost_errno;
}

/* --- compressing and removing ------------------------------------------ */

static void pack_stop(struct journal *j)
{
    struct packer *p = &j->pack;

    if (p->from < 0)
        return;
    deflateEnd(&p->z);
    free(p->buf);
    close_fd(&p->from);
    close_fd(&p->to);
    *p = (struct packer){.from = -1, .to = -1};
}

/* Gives the compressing up; the plain file stays the truth. -1 with the errno it was called with. */
static int pack_fail(struct journal *j)
{
    char name[JOURNAL_DAY_LEN + 16];
    int err = errno;

    name_file(name, j->pack.day, ".jsonl.gz.tmp");
    pack_stop(j);
    unlinkat(j->dirfd, name, 0);
    errno = err;
    return -1;
}

static int pack_begin(struct journal *j, const char *day)
{
    char name[JOURNAL_DAY_LEN + 16];
    struct packer *p = &j->pack;

    memcpy(p->day, day, sizeof p->day);
    name_file(name, day, ".jsonl");
    p->from = openat(j->dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (p->from < 0)
        return -1;
    p->buf = xcalloc(2, PACK_STEP);
    /* 16 more than the largest window means a gzip header and trailer. */
    if (deflateInit2(&p->z, PACK_LEVEL, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        fatalx("out of memory");
    name_file(name, day, ".jsonl.gz.tmp");
    if (unlinkat(j->dirfd, name, 0) < 0 && errno != ENOENT)
        return pack_fail(j);
    p->to = openat(j->dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    return p->to < 0 || fchmod(p->to, 0600) < 0 ? pack_fail(j) : 0;
}

static int pack_write(struct packer *p)
{
    struct buf out = {(char *)p->buf + PACK_STEP, PACK_STEP - p->z.avail_out, PACK_STEP};

    return buf_write_fd(&out, p->to);
}

/* Compresses what stands in the input half; `flush` is Z_FINISH at the end of the file. */
static int pack_step(struct packer *p, size_t n, int flush)
{
    p->z.next_in = p->buf;
    p->z.avail_in = (uInt)n;
    do {
        p->z.next_out = p->buf + PACK_STEP;
        p->z.avail_out = PACK_STEP;
        deflate(&p->z, flush);
        if (pack_write(p) < 0)
            return -1;
    } while (p->z.avail_out == 0);
    return 0;
}

/* The .gz must be durable under its name before the plain file goes. */
static int pack_end(struct journal *j)
{
    char plain[JOURNAL_DAY_LEN + 16], tmp[JOURNAL_DAY_LEN + 16], gz[JOURNAL_DAY_LEN + 16];
    struct packer *p = &j->pack;

    name_file(plain, p->day, ".jsonl");
    name_file(tmp, p->day, ".jsonl.gz.tmp");
    name_file(gz, p->day, ".jsonl.gz");
    if (pack_step(p, 0, Z_FINISH) < 0 || fsync(p->to) < 0 || renameat(j->dirfd, tmp, j->dirfd, gz) < 0)
        return pack_fail(j);
    pack_stop(j);
    if (fsync(j->dirfd) < 0)
        return -1;
    return unlinkat(j->dirfd, plain, 0) < 0 ? -1 : 1;
}

static int pack_slice(struct journal *j)
{
    for (size_t done = 0; done < SLICE_MAX;) {
        ssize_t n = read(j->pack.from, j->pack.buf, PACK_STEP);

        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0)
            return pack_end(j);
        if (n < 0 || pack_step(&j->pack, (size_t)n, Z_NO_FLUSH) < 0)
            return pack_fail(j);
        done += (size_t)n;
    }
    return 1;
}

/* Whole days only; a quiet journal's last file stays whatever its age. */
static int remove_day(struct journal *j, const char *day)
{
    static const char *const suffix[] = {".jsonl", ".jsonl.gz", ".jsonl.gz.tmp"};
    char name[JOURNAL_DAY_LEN + 16];

    if (strcmp(day, j->pack.day) == 0)
        pack_stop(j);
    for (size_t i = 0; i < sizeof suffix / sizeof *suffix; i++) {
        name_file(name, day, suffix[i]);
        if (unlinkat(j->dirfd, name, 0) < 0 && errno != ENOENT)
            return -1;
    }
    log_info("journal/%s removed: older than %u days", day, j->options.keep_days);
    return 1;
}

int journal_tidy(struct journal *j, int64_t now_ms)
{
    char day[JOURNAL_DAY_LEN + 1] = "", oldest_kept[32];
    int rc = journal_find_day(j->dirfd, "", 1, JOURNAL_FIND_ANY, day);

    if (rc <= 0)
        return rc;
    json_time_text(oldest_kept, now_ms - (int64_t)j->options.keep_days * DAY_MS);
    if (strcmp(day, j->day) < 0 && strncmp(day, oldest_kept, 10) < 0)
        return remove_day(j, day);
    if (!j->options.compress)
        return 0;
    if (j->pack.from < 0) {
        rc = journal_find_day(j->dirfd, "", 1, JOURNAL_FIND_PLAIN, day);
        if (rc <= 0 || strcmp(day, j->day) >= 0)
            return rc < 0 ? -1 : 0;
        if (pack_begin(j, day) < 0)
            return -1;
    }
    return pack_slice(j);
}

/* --- opening ------------------------------------------------------------ */

static int open_newest(struct journal *j)
{
    if (journal_find_day(j->dirfd, "", -1, JOURNAL_FIND_ANY, j->day) < 0)
        return -1;
    if (!*j->day)
        return 0;
    if (open_existing(j) < 0)
        return errno == ENOENT ? 0 : -1;
    if (j->torn)
        log_warnx("journal/%s.jsonl ends within a line; the rest of it was not recorded", j->day);
    /* A full disk must not keep the journal from opening; the next append tries again. */
    if (close_torn(j) < 0)
        log_warn("journal/%s.jsonl: the torn line cannot be closed yet", j->day);
    return 0;
}

struct journal *journal_open(int dirfd, const struct journal_options *o)
{
    struct journal *j = xcalloc(1, sizeof *j);
    bool hash = o->log_addresses == LOG_ADDRESSES_HASH;

    j->dirfd = dirfd;
    j->options = *o;
    j->fd = j->pack.from = j->pack.to = -1;
    if (open_newest(j) < 0)
        goto fail;
    if (hash && read_key(j) < 0 && (errno != ENOENT || make_key(j) < 0))
        goto fail;
    return j;
fail:
    journal_close(&j);
    return NULL;
}

void journal_close(struct journal **j)
{
    int saved = errno;

    if (!*j)
        return;
    if ((*j)->pack.from >= 0)
        pack_fail(*j);
    close_fd(&(*j)->fd);
    buf_free(&(*j)->line);
    free(*j);
    *j = NULL;
    errno = saved;
}
