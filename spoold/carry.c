/*
 * carry.c - see carry.h. A copy gets a name with .tmp until it is flushed.
 *
 * Called by deliver_store.c and recover_repair.c. Must never remove the source before the target is
 * durable, nor leave a target that is not whole under its name.
 */
#include "spoold/carry.h"

#include "spoold/flow_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define NAME_MAX_TMP 300

static int fill(int fd, const struct buf *content, int from)
{
    return content ? buf_write_fd(content, fd) : flow_copy_bytes(from, fd);
}

/* From a buffer, or from a descriptor. */
static int put_whole(struct spool *s, struct spool_dir *to, const char *name, const struct buf *content,
                     int from)
{
    char tmp[NAME_MAX_TMP];
    int fd, rc, saved;

    snprintf(tmp, sizeof tmp, "%s.tmp", name);
    if (spool_remove(s, to, tmp) < 0 || (fd = spool_create(s, to, tmp)) < 0)
        return -1;
    rc = fill(fd, content, from) < 0 || spool_flush_now(fd) < 0 ? -1 : 0;
    saved = errno;
    close(fd);
    if (rc == 0 && spool_remove(s, to, name) == 0 && spool_move(s, to, tmp, to, name) == 0)
        return 0;
    errno = rc < 0 ? saved : errno;
    return -1;
}

int carry_put(struct spool *s, struct spool_dir *to, const char *name, const struct buf *content)
{
    return put_whole(s, to, name, content, -1);
}

static int copy_out(struct spool *s, struct spool_dir *from, const char *name, struct spool_dir *to,
                    const char *to_name)
{
    int fd = openat(from->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), rc;

    if (fd < 0)
        return -1;
    rc = put_whole(s, to, to_name, NULL, fd) < 0 || spool_flush_now(to->fd) < 0 ||
                 spool_remove(s, from, name) < 0
             ? -1
             : 0;
    close(fd);
    return rc;
}

int carry_out(struct spool *s, struct spool_dir *from, const char *name, struct spool_dir *to,
              const char *to_name)
{
    int rc =
        from->dev == to->dev ? spool_move(s, from, name, to, to_name) : copy_out(s, from, name, to, to_name);

    return rc < 0 && errno == ENOENT && faccessat(to->fd, to_name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : rc;
}
