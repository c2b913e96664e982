/*
 * ledger_proof.c - whether the ledger's log is as long as its tables need it.
 *
 * Berkeley DB takes the first record that makes no sense for the log's end, as
 * after a power loss, and then undoes what seems unfinished: a log that was cut
 * in its middle leaves tables of different times, and says nothing. But a page
 * is written only after the log up to its place in it, so a page of a later
 * place than the log's end proves the cut, and without one the log's beginning
 * is just an earlier moment. Called by ledger.c ahead of any recovery, which
 * changes the pages. After a clean end a note of the log's end saves the look
 * through all pages. Writes the note only, and trusts no byte of it.
 */
#include "spoold/ledger_store.h"

#include "common/xalloc.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define NOTE_NAME   "clean"
#define NOTE_MAGIC  UINT32_C(0x6c656431)
#define PIECE_BYTES (256U << 10) /* a multiple of every page size */
#define PAGE_MIN    512U
#define PAGE_MAX    65536U
#define PAGE_SIZE   20 /* where a first page holds the size of all pages; each begins with its place */

struct note {
    uint32_t magic, file, offset, crc;
};

static uint32_t crc_of(const struct note *n)
{
    return (uint32_t)crc32(0, (const Bytef *)n, offsetof(struct note, crc));
}

static int compare(struct ledger_place a, struct ledger_place b)
{
    if (a.file != b.file)
        return a.file < b.file ? -1 : 1;
    return a.offset < b.offset ? -1 : a.offset > b.offset;
}

/* --- the note ----------------------------------------------------------- */

/* Needs no fsync: without it the pages are looked through. */
void ledger_proof_leave(int dirfd, struct ledger_place end)
{
    struct note n = {.magic = NOTE_MAGIC, .file = end.file, .offset = end.offset};
    int fd = openat(dirfd, NOTE_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

    n.crc = crc_of(&n);
    if (fd < 0)
        return;
    if (write(fd, &n, sizeof n) != (ssize_t)sizeof n)
        unlinkat(dirfd, NOTE_NAME, 0);
    close(fd);
}

/* 1 and the end that was noted, 0 when there is no note that can be read. */
static int read_note(int dirfd, struct ledger_place *end)
{
    struct note n = {.magic = 0};
    int fd = openat(dirfd, NOTE_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    bool whole = fd >= 0 && read(fd, &n, sizeof n) == (ssize_t)sizeof n;

    if (fd >= 0)
        close(fd);
    if (!whole || n.magic != NOTE_MAGIC || n.crc != crc_of(&n))
        return 0;
    *end = (struct ledger_place){n.file, n.offset};
    return 1;
}

/* A note that outlives what is written next would speak for it. */
static int remove_note(int dirfd)
{
    if (unlinkat(dirfd, NOTE_NAME, 0) == 0)
        return fsync(dirfd);
    return errno == ENOENT ? 0 : -1;
}

/* --- the pages ---------------------------------------------------------- */

static bool any_later(const unsigned char *p, size_t n, size_t page, struct ledger_place end)
{
    for (size_t at = 0; at + sizeof end <= n; at += page) {
        struct ledger_place of = {0};

        memcpy(&of, p + at, sizeof of);
        if (compare(of, end) >= 0)
            return true;
    }
    return false;
}

/* Other sizes are Berkeley DB's to refuse: the first page has a checksum. */
static size_t page_size(const unsigned char *p, size_t n)
{
    uint32_t size = 0;

    if (n >= PAGE_SIZE + sizeof size)
        memcpy(&size, p + PAGE_SIZE, sizeof size);
    return size >= PAGE_MIN && size <= PAGE_MAX && (size & (size - 1)) == 0 ? size : 0;
}

static int look_through(int fd, unsigned char *piece, struct ledger_place end)
{
    size_t page = 0;
    off_t at = 0;

    for (;;) {
        ssize_t n = pread(fd, piece, PIECE_BYTES, at);

        if (n <= 0)
            return n < 0 ? -1 : 0;
        if (at == 0)
            page = page_size(piece, (size_t)n);
        if (page == 0)
            return 0;
        if (any_later(piece, (size_t)n, page, end))
            return 1;
        if ((size_t)n < page)
            return 0;
        at += n - n % (ssize_t)page;
    }
}

static int look_at(int dirfd, const char *name, struct ledger_place end)
{
    unsigned char *piece = NULL;
    int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), rc = -1;

    if (fd < 0)
        return errno == ENOENT ? 0 : -1;
    piece = xcalloc(1, PIECE_BYTES);
    rc = look_through(fd, piece, end);
    free(piece);
    close(fd);
    return rc;
}

/* --- both --------------------------------------------------------------- */

int ledger_proof_check(int dirfd, struct ledger_place end, const char *const *tables, size_t n)
{
    struct ledger_place noted = {0};
    int order = read_note(dirfd, &noted) == 1 ? compare(end, noted) : 1, rc = 0;

    if (order < 0)
        return 1;
    /* Later than noted: written to since, by a process that could not remove the note. */
    for (size_t i = 0; order > 0 && i < n && rc == 0; i++)
        rc = look_at(dirfd, tables[i], end);
    return rc ? rc : remove_note(dirfd);
}
