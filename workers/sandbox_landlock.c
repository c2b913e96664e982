/*
 * sandbox_landlock.c - Landlock: the second wall, which holds for paths and ports where seccomp sees numbers
 * only.
 *
 * Called by sandbox.c, which knows which roles cannot do without it. What an ABI
 * does not know yet (TCP before 4, signals before 6) is refused by seccomp all the
 * same. The ruleset has no rule for a role without a scratch folder: no path leads
 * anywhere. A role with one gets that one folder, and nothing that makes anything
 * but plain files and folders in it; one with a network may connect and nothing else.
 * stat(2) is not Landlock's: see sandbox_stat.c.
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

/* No executing, no links across folders, no sockets, fifos, devices or symbolic links, no ioctl. */
#define SCRATCH_RIGHTS                                                                                       \
    (LANDLOCK_ABI_FS_READ_FILE | LANDLOCK_ABI_FS_WRITE_FILE | LANDLOCK_ABI_FS_READ_DIR |                     \
     LANDLOCK_ABI_FS_MAKE_REG | LANDLOCK_ABI_FS_MAKE_DIR | LANDLOCK_ABI_FS_REMOVE_FILE |                     \
     LANDLOCK_ABI_FS_REMOVE_DIR | LANDLOCK_ABI_FS_TRUNCATE)

static int allow_scratch(int ruleset, int folder, uint64_t known)
{
    struct landlock_abi_path rule = {.allowed = SCRATCH_RIGHTS & known, .parent = folder};

    return (int)syscall(LANDLOCK_ABI_ADD_RULE, ruleset, LANDLOCK_ABI_PATH_BENEATH, &rule, 0);
}

int sandbox_landlock_apply(unsigned abi, int scratch, bool network)
{
    struct landlock_abi_ruleset set;
    size_t size = sandbox_landlock_ruleset(abi, &set);
    int fd, rc = 0, saved;

    if (abi == 0) {
        errno = EOPNOTSUPP;
        return -1;
    }
    if (network) /* there is no rule for "any port": what is not handled is allowed */
        set.net &= ~(uint64_t)LANDLOCK_ABI_NET_CONNECT;
    fd = (int)syscall(LANDLOCK_ABI_CREATE_RULESET, &set, size, 0);
    if (fd < 0)
        return -1;
    if (scratch >= 0)
        rc = allow_scratch(fd, scratch, set.fs);
    if (rc == 0)
        rc = (int)syscall(LANDLOCK_ABI_RESTRICT_SELF, fd, 0);
    saved = errno;
    close(fd);
    errno = saved;
    return rc;
}
