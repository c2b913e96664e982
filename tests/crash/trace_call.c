/*
 * trace_call.c - see trace_call.h.
 *
 * One row per system call; the argument positions in a row count from 1 and 0
 * means that the call has no such argument. A path without a directory
 * argument is relative to the working directory of the traced process.
 */
#include "tests/crash/trace_call.h"

#include "common/xalloc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define DATA_MAX 1048576 /* bytes kept of one write; a journal line is never longer */
#define IOV_MAX_ 64      /* pieces kept of one writev */

struct row {
    const char *name;
    enum trace_kind kind;
    unsigned char fd, dir, path, dir2, path2; /* argument positions */
    unsigned char flags;                      /* open flags */
    bool vec;                                 /* data is an iovec */
};

#ifdef __x86_64__
static const struct row table[] = {
    [__NR_open] = {"open", TRACE_OPEN, .path = 1, .flags = 2},
    [__NR_openat] = {"openat", TRACE_OPEN, .dir = 1, .path = 2, .flags = 3},
    [__NR_read] = {"read", TRACE_OTHER, .fd = 1},
    [__NR_pread64] = {"pread64", TRACE_OTHER, .fd = 1},
    [__NR_readv] = {"readv", TRACE_OTHER, .fd = 1},
    [__NR_write] = {"write", TRACE_WRITE, .fd = 1},
    [__NR_pwrite64] = {"pwrite64", TRACE_WRITE, .fd = 1},
    [__NR_writev] = {"writev", TRACE_WRITE, .fd = 1, .vec = true},
    [__NR_pwritev] = {"pwritev", TRACE_WRITE, .fd = 1, .vec = true},
    [__NR_sendfile] = {"sendfile", TRACE_WRITE, .fd = 1},
    [__NR_copy_file_range] = {"copy_file_range", TRACE_WRITE, .fd = 3},
    [__NR_ftruncate] = {"ftruncate", TRACE_WRITE, .fd = 1},
    [__NR_fallocate] = {"fallocate", TRACE_WRITE, .fd = 1},
    [__NR_fsync] = {"fsync", TRACE_SYNC, .fd = 1},
    [__NR_fdatasync] = {"fdatasync", TRACE_SYNC, .fd = 1},
    [__NR_syncfs] = {"syncfs", TRACE_SYNCFS, .fd = 1},
    [__NR_rename] = {"rename", TRACE_RENAME, .path = 1, .path2 = 2},
    [__NR_renameat] = {"renameat", TRACE_RENAME, .dir = 1, .path = 2, .dir2 = 3, .path2 = 4},
    [__NR_renameat2] = {"renameat2", TRACE_RENAME, .dir = 1, .path = 2, .dir2 = 3, .path2 = 4},
    [__NR_link] = {"link", TRACE_OTHER, .path = 1, .path2 = 2},
    [__NR_linkat] = {"linkat", TRACE_OTHER, .dir = 1, .path = 2, .dir2 = 3, .path2 = 4},
    [__NR_unlink] = {"unlink", TRACE_UNLINK, .path = 1},
    [__NR_unlinkat] = {"unlinkat", TRACE_UNLINK, .dir = 1, .path = 2},
    [__NR_mkdir] = {"mkdir", TRACE_OTHER, .path = 1},
    [__NR_mkdirat] = {"mkdirat", TRACE_OTHER, .dir = 1, .path = 2},
    [__NR_getdents64] = {"getdents64", TRACE_OTHER, .fd = 1},
    [__NR_fstat] = {"fstat", TRACE_OTHER, .fd = 1},
    [__NR_newfstatat] = {"newfstatat", TRACE_OTHER, .dir = 1, .path = 2},
    [__NR_statx] = {"statx", TRACE_OTHER, .dir = 1, .path = 2},
    [__NR_fcntl] = {"fcntl", TRACE_OTHER, .fd = 1},
    [__NR_close] = {"close", TRACE_OTHER, .fd = 1},
};
#define TABLE_N (sizeof(table) / sizeof(table[0]))
#else
static const struct row table[1];
#define TABLE_N 0
#endif

static const struct row *find_row(uint64_t nr)
{
    return nr < TABLE_N && table[nr].name ? &table[nr] : NULL;
}

bool trace_call_is_io(uint64_t nr)
{
    return find_row(nr) != NULL;
}

static size_t read_memory(pid_t tid, uint64_t from, void *to, size_t n)
{
    struct iovec here = {to, n}, there = {(void *)(uintptr_t)from, n};
    ssize_t got = process_vm_readv(tid, &here, 1, &there, 1, 0);

    return got > 0 ? (size_t)got : 0;
}

/* Page by page, because a string may end just before memory that is not mapped. */
static void read_string(pid_t tid, uint64_t from, char *to, size_t room)
{
    size_t n = 0;

    while (n + 1 < room) {
        size_t want = 4096 - (from + n) % 4096;
        size_t got;

        if (want > room - 1 - n)
            want = room - 1 - n;
        got = read_memory(tid, from + n, to + n, want);
        if (got == 0)
            break;
        if (memchr(to + n, '\0', got))
            return;
        n += got;
    }
    to[n] = '\0';
}

static void read_link(char *to, size_t room, const char *link)
{
    ssize_t n = readlink(link, to, room - 1);

    to[n > 0 ? n : 0] = '\0';
}

static void fd_path(pid_t tid, int fd, char *to, size_t room)
{
    char link[64];

    if (fd == AT_FDCWD)
        snprintf(link, sizeof(link), "/proc/%d/cwd", (int)tid);
    else
        snprintf(link, sizeof(link), "/proc/%d/fd/%d", (int)tid, fd);
    read_link(to, room, link);
}

static void full_path(pid_t tid, int dirfd, uint64_t arg, char *to)
{
    char name[TRACE_PATH_MAX / 2], dir[TRACE_PATH_MAX / 2];

    read_string(tid, arg, name, sizeof(name));
    if (name[0] == '/') {
        snprintf(to, TRACE_PATH_MAX, "%s", name);
        return;
    }
    fd_path(tid, dirfd, dir, sizeof(dir));
    if (name[0] == '\0')
        snprintf(to, TRACE_PATH_MAX, "%s", dir);
    else
        snprintf(to, TRACE_PATH_MAX, "%s/%s", dir, name);
}

static void add_data(struct trace_call *c, uint64_t from, uint64_t n)
{
    if (n > DATA_MAX - c->data.n)
        n = DATA_MAX - c->data.n;
    buf_reserve(&c->data, n);
    c->data.n += read_memory(c->tid, from, c->data.p + c->data.n, n);
}

static void read_data(struct trace_call *c, const struct row *r, const uint64_t args[6])
{
    struct iovec iov[IOV_MAX_];
    size_t n = args[2] < IOV_MAX_ ? args[2] : IOV_MAX_;

    if (!r->vec) {
        add_data(c, args[1], args[2]);
        return;
    }
    n = read_memory(c->tid, args[1], iov, n * sizeof(iov[0])) / sizeof(iov[0]);
    for (size_t i = 0; i < n; i++)
        add_data(c, (uintptr_t)iov[i].iov_base, iov[i].iov_len);
}

struct trace_call *trace_call_new(pid_t tid, uint64_t nr, const uint64_t args[6])
{
    const struct row *r = find_row(nr);
    struct trace_call *c = NULL;

    if (!r)
        return NULL;
    c = xcalloc(1, sizeof(*c));
    c->tid = tid;
    c->name = r->name;
    c->kind = r->kind;
    c->creates = r->flags && (args[r->flags - 1] & O_CREAT);
    if (r->fd)
        fd_path(tid, (int)args[r->fd - 1], c->path, sizeof(c->path));
    if (r->path)
        full_path(tid, r->dir ? (int)args[r->dir - 1] : AT_FDCWD, args[r->path - 1], c->path);
    if (r->path2)
        full_path(tid, r->dir2 ? (int)args[r->dir2 - 1] : AT_FDCWD, args[r->path2 - 1], c->path2);
    if (r->kind == TRACE_WRITE && view_ends_with(view_of(c->path), VIEW(".jsonl")))
        read_data(c, r, args);
    return c;
}

void trace_call_free(struct trace_call **c)
{
    if (!*c)
        return;
    buf_free(&(*c)->data);
    free(*c);
    *c = NULL;
}

void trace_print_call(FILE *to, const struct trace_call *call)
{
    fprintf(to, "%llu\t%llu\t%d\t%s\t%lld\t%s\t%s\n", (unsigned long long)call->enter,
            (unsigned long long)call->leave, (int)call->tid, call->name, (long long)call->result, call->path,
            call->path2);
}

bool trace_call_begins_work(pid_t tid, uint64_t nr, const uint64_t args[6])
{
    char name[TRACE_PATH_MAX / 2];

    if (nr != SYS_renameat2)
        return false;
    read_string(tid, args[3], name, sizeof(name));
    return strstr(name, ".hdr.w") != NULL;
}
