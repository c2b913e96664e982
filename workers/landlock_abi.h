/*
 * landlock_abi.h - the numbers of Landlock's system calls, whatever the headers of this machine know.
 *
 * Debian 12's <linux/landlock.h> stops at ABI 2 while the kernel that runs may
 * be newer, so bits and struct are written down here after the kernel's
 * documentation (userspace-api/landlock). Used by sandbox_landlock.c and its test.
 */
#ifndef WORKERS_LANDLOCK_ABI_H
#define WORKERS_LANDLOCK_ABI_H

#include <stdint.h>

enum landlock_abi_call { /* the same on every machine */
                         LANDLOCK_ABI_CREATE_RULESET = 444,
                         LANDLOCK_ABI_ADD_RULE = 445,
                         LANDLOCK_ABI_RESTRICT_SELF = 446,
};

enum { LANDLOCK_ABI_ASK_VERSION = 1 };  /* flag of CREATE_RULESET */
enum { LANDLOCK_ABI_PATH_BENEATH = 1 }; /* type of rule of ADD_RULE */

/* Rights to files. ABI 1 has the first 13: from EXECUTE to MAKE_SYM. */
#define LANDLOCK_ABI_FS_EXECUTE     (UINT64_C(1) << 0)
#define LANDLOCK_ABI_FS_WRITE_FILE  (UINT64_C(1) << 1)
#define LANDLOCK_ABI_FS_READ_FILE   (UINT64_C(1) << 2)
#define LANDLOCK_ABI_FS_READ_DIR    (UINT64_C(1) << 3)
#define LANDLOCK_ABI_FS_REMOVE_DIR  (UINT64_C(1) << 4)
#define LANDLOCK_ABI_FS_REMOVE_FILE (UINT64_C(1) << 5)
#define LANDLOCK_ABI_FS_MAKE_DIR    (UINT64_C(1) << 7)
#define LANDLOCK_ABI_FS_MAKE_REG    (UINT64_C(1) << 8)
#define LANDLOCK_ABI_FS_MAKE_SYM    (UINT64_C(1) << 12)
#define LANDLOCK_ABI_FS_FIRST       ((LANDLOCK_ABI_FS_MAKE_SYM << 1) - 1)
#define LANDLOCK_ABI_FS_REFER       (UINT64_C(1) << 13) /* ABI 2 */
#define LANDLOCK_ABI_FS_TRUNCATE    (UINT64_C(1) << 14) /* ABI 3 */
#define LANDLOCK_ABI_FS_IOCTL_DEV   (UINT64_C(1) << 15) /* ABI 5 */
/* TCP, ABI 4. */
#define LANDLOCK_ABI_NET_BIND    (UINT64_C(1) << 0)
#define LANDLOCK_ABI_NET_CONNECT (UINT64_C(1) << 1)
/* To processes outside, ABI 6. */
#define LANDLOCK_ABI_SCOPE_ABSTRACT_UNIX (UINT64_C(1) << 0)
#define LANDLOCK_ABI_SCOPE_SIGNAL        (UINT64_C(1) << 1)

struct landlock_abi_ruleset {
    uint64_t fs;
    uint64_t net;    /* from ABI 4 */
    uint64_t scoped; /* from ABI 6 */
};

_Static_assert(sizeof(struct landlock_abi_ruleset) == 24, "landlock ruleset");

struct landlock_abi_path {
    uint64_t allowed;
    int32_t parent;
} __attribute__((packed));

_Static_assert(sizeof(struct landlock_abi_path) == 12, "landlock path");

#endif
