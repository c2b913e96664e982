/*
 * journal_read.c - finding the day files and reading their lines, plain or .gz.
 *
 * Called by journal.c (finding), the ledger's catch-up and the tools. A reader
 * may stand in a file while it is compressed or removed: it keeps it open, and
 * offsets are those of the plain text, so a place stays good. A plain file
 * comes before a .gz of the same day (its compressing was interrupted).
 * Never writes. Trusts neither names nor bytes: a line counts when its checksum
 * fits, everything else is counted as damaged and passed over.
 */
#include "common/xalloc.h"
#include "spoold/journal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define READ_STEP 65536

struct journal_reader {
    int dirfd; /* borrowed */
    int fd;    /* -1: between two files */
    gzFile gz; /* owns a copy of fd when the day is compressed */
    char day[JOURNAL_DAY_LEN + 1];
    struct buf text;       /* what was read but not yet given */
    size_t start, scanned; /* in text: the next line, and how far it was searched for its end */
    uint64_t offset;       /* in the day: where text begins */
    bool too_long;         /* inside a line that is thrown away up to its end */
    bool spent;            /* nothing more can be read from this file */
    uint64_t damaged;
    struct view line;
    struct view only;  /* borrowed; lines without these bytes are passed over; n 0: none is */
    const char *until; /* borrowed; the last day that is opened; NULL: the newest */
    struct journal_scratch *scratch;
};

/* --- names -------------------------------------------------------------- */

static bool is_day(const char *name)
{
    static const char form[] = "dddd-dd-dd";

    for (size_t i = 0; form[i]; i++) {
        if (form[i] == 'd' ? name[i] < '0' || name[i] > '9' : name[i] != form[i])
            return false;
    }
    return true;
}

/* 1 a plain day file, 2 a compressed one, 0 something else. */
static int split_name(const char *name, char day[JOURNAL_DAY_LEN + 1])
{
    size_t n = 10;

    if (!is_day(name))
        return 0;
    if (name[n] >= 'b' && name[n] <= 'z')
        n++;
    memcpy(day, name, n);
    day[n] = '\0';
    if (strcmp(name + n, ".jsonl") == 0)
        return 1;
    return strcmp(name + n, ".jsonl.gz") == 0 ? 2 : 0;
}

static DIR *open_listing(int dirfd)
{
    int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);

    if (!d && fd >= 0)
        close(fd);
    return d;
}

int journal_find_day(int dirfd, const char *than, int step, enum journal_find what,
                     char day[JOURNAL_DAY_LEN + 1])
{
    char one[JOURNAL_DAY_LEN + 1] = "", best[JOURNAL_DAY_LEN + 1] = "";
    DIR *d = open_listing(dirfd);
    struct dirent *entry = NULL;
    int err = 0;

    if (!d)
        return -1;
    while (errno = 0, (entry = readdir(d)) != NULL) {
        int kind = split_name(entry->d_name, one);

        if (kind == 0 || (kind == 2 && what == JOURNAL_FIND_PLAIN))
            continue;
        if (*than && strcmp(one, than) * step <= 0)
            continue;
        if (!*best || strcmp(one, best) * step < 0)
            memcpy(best, one, sizeof best);
    }
    err = errno;
    closedir(d);
    if (err) {
        errno = err;
        return -1;
    }
    memcpy(day, best, sizeof best);
    return *best != '\0';
}

/* --- one file ----------------------------------------------------------- */

static int open_suffix(const struct journal_reader *r, const char *suffix)
{
    char name[JOURNAL_DAY_LEN + 16];
    struct stat st = {0};
    int fd = -1;

    snprintf(name, sizeof name, "%s%s", r->day, suffix);
    fd = openat(r->dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))) {
        close(fd);
        errno = EINVAL;
        fd = -1;
    }
    return fd;
}

static int open_compressed(struct journal_reader *r)
{
    int copy = -1;

    r->fd = open_suffix(r, ".jsonl.gz");
    if (r->fd < 0)
        return -1;
    copy = fcntl(r->fd, F_DUPFD_CLOEXEC, 0);
    r->gz = copy < 0 ? NULL : gzdopen(copy, "rb");
    if (r->gz) {
        gzbuffer(r->gz, READ_STEP);
        return 0;
    }
    if (copy >= 0)
        close(copy);
    close(r->fd);
    r->fd = -1;
    return -1;
}

static void close_file(struct journal_reader *r)
{
    if (r->gz)
        gzclose(r->gz);
    if (r->fd >= 0)
        close(r->fd);
    r->gz = NULL;
    r->fd = -1;
    buf_clear(&r->text);
    r->start = r->scanned = 0;
    r->offset = 0;
    r->too_long = r->spent = false;
}

/* 0 open; 1 when the day is not there (any more); -1 with errno. */
static int open_day(struct journal_reader *r, const char *day, uint64_t offset)
{
    close_file(r);
    memmove(r->day, day, strlen(day) + 1);
    if (!*day)
        return 1;
    r->fd = open_suffix(r, ".jsonl");
    if (r->fd < 0 && errno == ENOENT && open_compressed(r) < 0)
        return errno == ENOENT ? 1 : -1;
    if (r->fd < 0)
        return -1;
    r->offset = offset;
    if (!offset)
        return 0;
    /* A .gz that cannot be read up to there is found out by the first read. */
    if (r->gz)
        r->spent = gzseek(r->gz, (z_off_t)offset, SEEK_SET) < 0;
    else if (lseek(r->fd, (off_t)offset, SEEK_SET) < 0)
        return -1;
    return 0;
}

static ssize_t read_compressed(struct journal_reader *r, char *to, unsigned n)
{
    int got = gzread(r->gz, to, n), err = Z_OK;

    gzerror(r->gz, &err);
    if (got <= 0 && err != Z_OK && err != Z_STREAM_END) {
        r->damaged++;
        return 0;
    }
    return got;
}

/* Gives up the beginning of an endless line, so that memory stays bounded. */
static void drop_too_long(struct journal_reader *r)
{
    r->offset += r->text.n;
    r->start = r->scanned = 0;
    buf_clear(&r->text);
    r->too_long = true;
}

static void make_room(struct journal_reader *r)
{
    if (r->start) {
        r->offset += r->start;
        r->text.n -= r->start;
        memmove(r->text.p, r->text.p + r->start, r->text.n);
        r->scanned -= r->start;
        r->start = 0;
    }
    if (r->text.n >= JOURNAL_LINE_MAX)
        drop_too_long(r);
    buf_reserve(&r->text, READ_STEP);
}

/* Bytes read, 0 at the end of what is there, -1 with errno. */
static ssize_t fill(struct journal_reader *r)
{
    ssize_t got = 0;

    if (r->fd < 0 || r->spent)
        return 0;
    make_room(r);
    do
        got = r->gz ? read_compressed(r, r->text.p + r->text.n, READ_STEP)
                    : read(r->fd, r->text.p + r->text.n, READ_STEP);
    while (got < 0 && errno == EINTR);
    if (got > 0)
        r->text.n += (size_t)got;
    else if (got < 0 || r->gz)
        r->spent = true;
    return got;
}

/* --- lines -------------------------------------------------------------- */

static bool take_line(struct journal_reader *r, struct journal_place *place)
{
    const char *end = NULL;

    if (r->scanned < r->text.n)
        end = memchr(r->text.p + r->scanned, '\n', r->text.n - r->scanned);
    if (!end) {
        r->scanned = r->text.n;
        return false;
    }
    r->line = (struct view){r->text.p + r->start, (size_t)(end - r->text.p) - r->start};
    *place = (struct journal_place){.offset = r->offset + r->start, .length = r->line.n + 1};
    memcpy(place->day, r->day, sizeof place->day);
    r->start += r->line.n + 1;
    r->scanned = r->start;
    return true;
}

/* What stands behind the last newline of a day that is over will never become a line. */
static void count_rest(struct journal_reader *r)
{
    if (r->too_long || r->start < r->text.n)
        r->damaged++;
}

/* 1 there is more to look at, 0 the end of the newest file, -1 with errno. */
static int next_file(struct journal_reader *r)
{
    char day[JOURNAL_DAY_LEN + 1] = "";
    ssize_t got = 0;
    int rc = journal_find_day(r->dirfd, r->day, 1, JOURNAL_FIND_ANY, day);

    if (rc <= 0)
        return rc;
    if (r->until && strcmp(day, r->until) > 0)
        return 0;
    /* Lines may have come between our end of file and the birth of the next one. */
    got = fill(r);
    if (got != 0)
        return got > 0 ? 1 : -1;
    count_rest(r);
    return open_day(r, day, 0) < 0 ? -1 : 1;
}

/* 1 when there may be a line, else as next_file(). */
static int more(struct journal_reader *r)
{
    ssize_t got = fill(r);

    if (got != 0)
        return got > 0 ? 1 : -1;
    return next_file(r);
}

/* Before its checksum is looked at: that is what a search through a day of other messages costs. */
static bool is_passed_over(const struct journal_reader *r)
{
    return r->only.n && !r->too_long && !memmem(r->line.p, r->line.n, r->only.p, r->only.n);
}

int journal_reader_next(struct journal_reader *r, struct event *e, struct journal_place *place)
{
    for (;;) {
        int rc = 1;

        if (!take_line(r, place)) {
            rc = more(r);
            if (rc <= 0)
                return rc;
            continue;
        }
        if (is_passed_over(r))
            continue;
        if (!r->too_long && journal_parse_line(r->line, e, r->scratch) == 0)
            return 1;
        r->too_long = false;
        r->damaged++;
    }
}

struct journal_reader *journal_reader_open(int dirfd, const struct journal_place *from)
{
    struct journal_reader *r = xcalloc(1, sizeof *r);

    r->dirfd = dirfd;
    r->fd = -1;
    r->scratch = journal_scratch_new();
    if (from && open_day(r, from->day, from->offset) < 0)
        journal_reader_close(&r);
    return r;
}

void journal_reader_only(struct journal_reader *r, struct view holding, const char *until)
{
    r->only = holding;
    r->until = until;
}

void journal_reader_close(struct journal_reader **r)
{
    int saved = errno;

    if (!*r)
        return;
    close_file(*r);
    buf_free(&(*r)->text);
    journal_scratch_free(&(*r)->scratch);
    free(*r);
    *r = NULL;
    errno = saved;
}

uint64_t journal_reader_damaged(const struct journal_reader *r)
{
    return r->damaged;
}

struct view journal_reader_line(const struct journal_reader *r)
{
    return r->line;
}
