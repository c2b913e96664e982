/*
 * sandbox_landlock.c - Landlock: the second wall, which holds for paths and ports where seccomp sees numbers
 * only.
 *
 * Called by sandbox.c. Best effort: a kernel without it is no failure, and what
 * an ABI does not know yet (TCP before 4, signals before 6) is refused by
 * seccomp all the same. The ruleset has no rules: no role has a path.
 */
#include "workers/sandbox_part.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

/* From which ABI on which bits exist, and the field they are in. */
static const struct {
    unsigned abi;
    struct landlock_abi_ruleset bits;
} since[] = {
    {1, {.fs = LANDLOCK_ABI_FS_FIRST}},
    {2, {.fs = LANDLOCK_ABI_FS_REFER}},
    {3, {.fs = LANDLOCK_ABI_FS_TRUNCATE}},
    {4, {.net = LANDLOCK_ABI_NET_BIND | LANDLOCK_ABI_NET_CONNECT}},
    {5, {.fs = LANDLOCK_ABI_FS_IOCTL_DEV}},
    {6, {.scoped = LANDLOCK_ABI_SCOPE_ABSTRACT_UNIX | LANDLOCK_ABI_SCOPE_SIGNAL}},
};

unsigned sandbox_landlock_abi(void)
{
    long abi = syscall(LANDLOCK_ABI_CREATE_RULESET, NULL, 0, LANDLOCK_ABI_ASK_VERSION);

    return abi > 0 ? (unsigned)abi : 0;
}

size_t sandbox_landlock_ruleset(unsigned abi, struct landlock_abi_ruleset *to)
{
    *to = (struct landlock_abi_ruleset){0};
    for (size_t i = 0; i < sizeof since / sizeof *since && since[i].abi <= abi; i++) {
        to->fs |= since[i].bits.fs;
        to->net |= since[i].bits.net;
        to->scoped |= since[i].bits.scoped;
    }
    /* A kernel refuses a struct longer than its own when what it does not know is not zero. */
    if (to->scoped)
        return sizeof *to;
    return to->net ? offsetof(struct landlock_abi_ruleset, scoped)
                   : offsetof(struct landlock_abi_ruleset, net);
}

int sandbox_landlock_apply(unsigned abi)
{
    struct landlock_abi_ruleset set;
    size_t size = sandbox_landlock_ruleset(abi, &set);
    int fd, rc, saved;

    if (abi == 0) {
        errno = EOPNOTSUPP;
        return -1;
    }
    fd = (int)syscall(LANDLOCK_ABI_CREATE_RULESET, &set, size, 0);
    if (fd < 0)
        return -1;
    rc = (int)syscall(LANDLOCK_ABI_RESTRICT_SELF, fd, 0);
    saved = errno;
    close(fd);
    errno = saved;
    return rc;
}
