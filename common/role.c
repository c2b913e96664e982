/*
 * role.c - the one table of roles, and the names of the parts of the sandbox.
 *
 * Called by the supervisor, the launcher and the worker runtime. A number that
 * came over a wire is looked up here and nowhere used as an index before; a
 * binary that stands in no row is never executed.
 */
#include "common/role.h"

#include <stddef.h>

static const struct role_row rows[] = {
    [ROLE_REWRITE] = {"rewrite", "worker-rewrite", "spoold-rewrite", 0, SANDBOX__REQUIRED, false},
    /* It may open files; that they are only those of its scratch folder is Landlock's doing. The supervisor
     * asks for a scratch folder that fits its settings. */
    [ROLE_AV] = {"av", "worker-av", "spoold-av", 512, SANDBOX__REQUIRED | SANDBOX_LANDLOCK, false},
    [ROLE_DELIVER] = {"deliver", "worker-deliver", "spoold-deliver", 0, SANDBOX__REQUIRED, false},
    /* The one role with a network, and it never sees a message. */
    [ROLE_DNS] = {"dns", "worker-dns", "spoold-dns", 0, SANDBOX__REQUIRED, true},
    [ROLE_ANTISPAM] = {"antispam", "worker-antispam", "spoold-antispam", 0, SANDBOX__REQUIRED, false},
};

static const char *const bit_names[] = {
    "uid",          "net",     "ipc",      "mount",   "userns", "scratch",
    "no_new_privs", "rlimits", "landlock", "seccomp", "trace",
};

_Static_assert(sizeof rows / sizeof *rows == ROLE__MAX, "one row per role");
_Static_assert((1u << sizeof bit_names / sizeof *bit_names) - 1 == SANDBOX__ALL, "one name per bit");

const struct role_row *role_find(uint32_t role)
{
    return role < ROLE__MAX ? &rows[role] : NULL;
}

const char *role_sandbox_name(unsigned i)
{
    return i < sizeof bit_names / sizeof *bit_names ? bit_names[i] : NULL;
}
