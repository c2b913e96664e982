/*
 * volume.c - see volume.h.
 *
 * The loop device is made anew for each mount: its page cache ends with it, as memory does in a power cut.
 * A worker of spoold has a mount namespace of its own with a copy of the mount, so unmounting is not enough:
 * the device must be free as well before the image is looked at. The device clears itself when
 * the last user is gone, also when the harness is killed.
 */
#include "tests/power/volume.h"

#include "common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of ext4 and xfs alike; Debian 12's headers do not name it. */
#define SHUTDOWN          _IOR('X', 125, uint32_t)
#define SHUTDOWN_LOG_KEPT 1
#define SHUTDOWN_LOG_LOST 2
#define WAIT_TRIES        2000 /* of 5 ms */
#define WAIT_STEP         5000
#define LOOP_TRIES        50 /* another may take the free device before us */

static const struct row {
    const char *fs, *mkfs, *options;
    off_t size;
} rows[] = {
    {"ext4", "mkfs.ext4", "data=ordered", 128L << 20},
    {"xfs", "mkfs.xfs", "", 300L << 20}, /* the least that mkfs.xfs makes */
};

static const struct row *row_of(const char *fs)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strcmp(rows[i].fs, fs) == 0)
            return &rows[i];
    return NULL;
}

const char *volume_enter(void)
{
    if (geteuid() != 0)
        return "mounting a file system needs root";
    if (access("/dev/loop-control", R_OK | W_OK) < 0)
        return "there are no loop devices here";
    if (unshare(CLONE_NEWNS) < 0)
        return "mount namespaces are not allowed here";
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return "mounts cannot be kept private here (a chroot?)";
    /* That of the process namespace, where there is one. */
    (void)mount("proc", "/proc", "proc", 0, NULL);
    return NULL;
}

bool volume_init(struct volume *v, const char *fs, const char *dir)
{
    *v = (struct volume){.fs = fs, .loop = -1};
    v->dir = disk_path("%.900s", dir);
    v->image = disk_path("%.900s/image", dir);
    v->at = disk_path("%.900s/mount", dir);
    return row_of(fs) != NULL;
}

static int run_mkfs(const char *program, const char *image)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);

        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
        execlp(program, program, "-q", image, (char *)NULL);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        fatal("cannot run %s", program);
    return status == 0 ? 0 : -1;
}

int volume_make(const struct volume *v)
{
    const struct row *r = row_of(v->fs);
    int fd = open(v->image.s, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0 || ftruncate(fd, r->size) < 0)
        fatal("cannot make %s", v->image.s);
    close(fd);
    disk_make_dir(v->at.s);
    return run_mkfs(r->mkfs, v->image.s);
}

/* One try. -1 with errno; EBUSY: another took it. */
static int attach(struct volume *v, int control, int image)
{
    struct loop_config c = {.fd = (uint32_t)image, .info.lo_flags = LO_FLAGS_AUTOCLEAR};
    int n = ioctl(control, LOOP_CTL_GET_FREE), err;

    if (n < 0)
        return -1;
    snprintf(v->device, sizeof(v->device), "/dev/loop%d", n);
    v->loop = open(v->device, O_RDWR | O_CLOEXEC);
    if (v->loop < 0)
        return -1;
    if (ioctl(v->loop, LOOP_CONFIGURE, &c) == 0)
        return 0;
    err = errno;
    close(v->loop);
    v->loop = -1;
    errno = err;
    return -1;
}

static int attach_any(struct volume *v)
{
    int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
    int image = open(v->image.s, O_RDWR | O_CLOEXEC);
    int rc = -1, err;

    for (int i = 0; i < LOOP_TRIES && control >= 0 && image >= 0; i++) {
        rc = attach(v, control, image);
        if (rc == 0 || errno != EBUSY)
            break;
        usleep(WAIT_STEP);
    }
    err = errno;
    if (control >= 0)
        close(control);
    if (image >= 0)
        close(image);
    errno = err;
    return rc;
}

int volume_mount(struct volume *v)
{
    const struct row *r = row_of(v->fs);
    int err;

    if (attach_any(v) < 0)
        return -1;
    if (mount(v->device, v->at.s, v->fs, MS_NOATIME, r->options) == 0)
        return 0;
    err = errno;
    close(v->loop);
    v->loop = -1;
    errno = err;
    return -1;
}

int volume_cut(int fd, enum volume_mode mode)
{
    uint32_t flags = mode == VOLUME_KEPT ? SHUTDOWN_LOG_KEPT : SHUTDOWN_LOG_LOST;

    return ioctl(fd, SHUTDOWN, &flags);
}

/* Whether no file system uses the device any more, in whatever namespace. */
static bool is_free(const struct volume *v)
{
    int fd = open(v->device, O_RDONLY | O_EXCL | O_CLOEXEC);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

void volume_unmount(struct volume *v)
{
    int tries = 0;

    if (v->loop < 0)
        return;
    while (umount2(v->at.s, 0) < 0) {
        if (errno != EBUSY || ++tries > WAIT_TRIES)
            fatal("cannot unmount %s", v->at.s);
        usleep(WAIT_STEP);
    }
    for (tries = 0; !is_free(v); tries++) {
        if (tries > WAIT_TRIES)
            fatal("%s is still in use after unmounting", v->device);
        usleep(WAIT_STEP);
    }
    close(v->loop);
    v->loop = -1;
}

/* What is not written stays a hole. */
static int copy_data(int from, int to, off_t size)
{
    off_t at = 0, end;

    while (at < size && (at = lseek(from, at, SEEK_DATA)) >= 0) {
        off_t out = at;

        end = lseek(from, at, SEEK_HOLE);
        while (at < end)
            if (copy_file_range(from, &at, to, &out, (size_t)(end - at), 0) <= 0)
                return -1;
    }
    return 0; /* ENXIO: only a hole is left */
}

void volume_save(const struct volume *v, unsigned n)
{
    struct disk_path copy = disk_path("%.900s/image.cut%u", v->dir.s, n);
    int from = open(v->image.s, O_RDONLY | O_CLOEXEC);
    int to = open(copy.s, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    struct stat st;

    if (from < 0 || to < 0 || fstat(from, &st) < 0)
        fatal("cannot copy %s", v->image.s);
    if (ioctl(to, FICLONE, from) < 0 &&
        (ftruncate(to, st.st_size) < 0 || copy_data(from, to, st.st_size) < 0))
        fatal("cannot copy %s", v->image.s);
    close(from);
    close(to);
}
