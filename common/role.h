/*
 * role.h - the roles of spoold's workers: one row each.
 *
 * Read by the supervisor (which to start), the launcher (which binary, which
 * user, which scratch folder: the only programs it will ever start) and the
 * worker runtime. What a role may do in the kernel stands in
 * workers/sandbox_table.c, by the same number.
 */
#ifndef COMMON_ROLE_H
#define COMMON_ROLE_H

#include <stdbool.h>
#include <stdint.h>

#define ROLE_SCRATCH_MB_MAX 65536 /* nobody may ask for more */

enum role {
    ROLE_REWRITE,
    ROLE_AV,
    ROLE_DELIVER,
    ROLE_DNS,
    ROLE_ANTISPAM,
    ROLE__MAX,
};

struct role_row {
    const char *name;   /* in logs, status and settings; "worker-NAME" is the binary */
    const char *binary; /* in the folder of the worker binaries */
    const char *user;   /* as root: whom it becomes where that user exists, else a number of its own */
    /* Size of its private tmpfs at /tmp (as root) where the LOAD names no other; 0 = it may not touch any
     * file at all, whatever is asked. */
    unsigned scratch_mb;
    uint32_t
        required; /* SANDBOX_ bits without which it does not serve, unless workers.allow_less names them */
    bool network; /* it may connect to others by UDP and TCP, and so stays in the host's network namespace */
};

/* The row of a role, or NULL when there is no such number: what comes over a wire is asked here. */
const struct role_row *role_find(uint32_t role);

/* What of the sandbox applied; bits, as they travel in SPAWNED, READY and HELLO. */
enum sandbox_bit {
    SANDBOX_UID = 1u << 0, /* by the launcher */
    SANDBOX_NET = 1u << 1,
    SANDBOX_IPC = 1u << 2,
    SANDBOX_MOUNT = 1u << 3,
    SANDBOX_USERNS = 1u << 4,
    SANDBOX_SCRATCH = 1u << 5,
    SANDBOX_NO_NEW_PRIVS = 1u << 6, /* by the worker */
    SANDBOX_RLIMITS = 1u << 7,
    SANDBOX_LANDLOCK = 1u << 8,
    SANDBOX_SECCOMP = 1u << 9,
    SANDBOX_TRACE = 1u << 10, /* seccomp names unknown calls instead of only refusing them */
    SANDBOX__ALL = (1u << 11) - 1,
    SANDBOX__REQUIRED = SANDBOX_NO_NEW_PRIVS | SANDBOX_RLIMITS | SANDBOX_SECCOMP,
};
/* The name of bit i (0..10), or NULL beyond the last one. */
const char *role_sandbox_name(unsigned i);

#endif
