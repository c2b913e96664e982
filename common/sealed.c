/*
 * sealed.c - see sealed.h. Supervisor, loaders and serving children.
 *
 * What a peer sends is hostile: its seals and its size are checked before a byte
 * is used. Runs inside the sandbox too: reading a blob needs fcntl(F_GET_SEALS)
 * and pread(2); memory is taken only for what a blob holds. No globals.
 */
#include "common/sealed.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Constants of newer headers than Debian 12's. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

#define BLOB_STEP 4096 /* bytes read at a time */
#define SEALS     (F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK)

/* Not executable where the kernel (6.3 on) can promise that; older ones refuse the flag. */
static int memory_file(const char *name)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);

    if (fd < 0 && errno == EINVAL)
        fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    return fd;
}

/* Closes it, with errno as it was. Returns -1. */
static int give_up(int fd)
{
    int saved = errno;

    close(fd);
    errno = saved;
    return -1;
}

int sealed_blob(struct view bytes)
{
    int fd = memory_file("spoold-blob");

    if (fd < 0)
        return -1;
    for (size_t done = 0; done < bytes.n;) {
        ssize_t n = pwrite(fd, bytes.p + done, bytes.n - done, (off_t)done);

        if (n < 0 && errno != EINTR)
            return give_up(fd);
        done += n > 0 ? (size_t)n : 0;
    }
    if (fcntl(fd, F_ADD_SEALS, SEALS | F_SEAL_SEAL) < 0)
        return give_up(fd);
    return fd;
}

/* Whether it is a memfd that carries these seals; else EPROTO. */
static bool is_sealed(int fd, int wanted)
{
    int seals = fcntl(fd, F_GET_SEALS);

    if (seals >= 0 && (seals & wanted) == wanted)
        return true;
    errno = EPROTO;
    return false;
}

/* Without fstat(2): libc makes it a call that takes a path, which no worker may have. */
int sealed_read(int fd, size_t max, struct buf *to)
{
    size_t had = to->n, done = 0;
    ssize_t n = 1;

    if (!is_sealed(fd, SEALS))
        return -1;
    while (n > 0 && done <= max) {
        size_t step = max + 1 - done < BLOB_STEP ? max + 1 - done : BLOB_STEP;

        buf_reserve(to, done + step);
        n = pread(fd, to->p + had + done, step, (off_t)done);
        if (n < 0 && errno == EINTR)
            n = 1;
        else if (n > 0)
            done += (size_t)n;
    }
    if (n < 0 || done > max) {
        errno = n < 0 ? errno : EFBIG;
        return -1;
    }
    to->n = had + done;
    to->p[to->n] = '\0';
    return 0;
}

int sealed_crumb_open(void)
{
    int fd = memory_file("spoold-crumb");

    if (fd < 0)
        return -1;
    if (ftruncate(fd, SEALED_CRUMB_SIZE) < 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
        return give_up(fd);
    return fd;
}

struct sealed_crumb *sealed_crumb_map(int fd, bool writable)
{
    struct stat st;
    void *p;

    /* A page that could shrink would end its reader with SIGBUS. */
    if (!is_sealed(fd, F_SEAL_SHRINK) || fstat(fd, &st) < 0 || st.st_size != SEALED_CRUMB_SIZE) {
        errno = EPROTO;
        return NULL;
    }
    p = mmap(NULL, SEALED_CRUMB_SIZE, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
    return p == MAP_FAILED ? NULL : p;
}

void sealed_crumb_unmap(struct sealed_crumb **c)
{
    if (*c)
        munmap(*c, SEALED_CRUMB_SIZE);
    *c = NULL;
}

const char *sealed_phase_name(uint32_t phase)
{
    static const char *const names[] = {"none", "begun", "reading", "writing", "scanning"};

    _Static_assert(sizeof names / sizeof *names == SEALED_PHASE__MAX, "one name per phase");
    return phase < SEALED_PHASE__MAX ? names[phase] : "?";
}
