/*
 * ctl_kept.c - see ctl_kept.h.
 *
 * The hash comes from a record, which anybody's mail may have been the reason of: it is a name of 32 hex
 * digits or nothing is opened, and the text must have it.
 */
#include "tools/ctl_kept.h"

#include "common/xalloc.h"
#include "spoold/config_kept.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_kept(int state, const char *hash, struct buf *text)
{
    char *name = xasprintf("config/%s.ini", hash);
    struct stat st;
    int fd = -1, rc = -1;

    errno = ENOENT;
    if (strlen(hash) == CONFIG_KEPT_HASH_LEN && strspn(hash, "0123456789abcdef") == CONFIG_KEPT_HASH_LEN)
        fd = openat(state, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        rc = buf_read_fd(text, fd, CONFIG_KEPT_TEXT_MAX);
    if (fd >= 0)
        close(fd);
    free(name);
    return rc;
}

struct config *ctl_kept_load(int state, const char *hash, struct buf *why)
{
    char digits[CONFIG_KEPT_HASH_LEN + 1];
    struct buf text = {0};
    struct config_errors errs = {0};
    struct config *c = NULL;

    if (read_kept(state, hash, &text) < 0) {
        buf_addf(why, "the settings of then are not kept: %s", strerror(errno));
    } else {
        config_kept_hash_text(buf_view(&text), digits);
        if (strcmp(digits, hash) == 0)
            c = config_kept_load(buf_view(&text), &errs);
        if (!c)
            buf_add_str(why, "the settings of then are damaged, or of another release");
    }
    buf_free(&errs.text);
    buf_free(&text);
    return c;
}
