/*
 * sandbox.c - see sandbox.h. Puts the layers on in the one order that works.
 *
 * no_new_privs comes first, because Landlock and seccomp refuse without it to
 * whoever is not root; seccomp comes last, because it forbids what the others
 * need. Called in a child of the loader, and by the self-test. It never takes a
 * layer off and never goes on quietly without a required one: what is missing
 * must be in allow_less, which only the administrator fills.
 */
#include "workers/sandbox_part.h"
#include "workers/sandbox_table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static int set_no_new_privs(struct buf *why)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
        return 0;
    buf_addf(why, "no_new_privs cannot be set (%s): Linux 3.5 or later is needed", strerror(errno));
    return -1;
}

/* What of this process is mapped, in bytes: before anything of a message was. 0 with errno when not known. */
static rlim_t mapped_now(void)
{
    char text[64] = "";
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

    if (fd >= 0)
        close(fd);
    errno = n < 0 ? errno : EINVAL;
    return n > 0 ? (rlim_t)strtoull(text, NULL, 10) * (rlim_t)sysconf(_SC_PAGESIZE) : 0;
}

static int set_limit(const struct sandbox_limit *l, uint64_t file_max)
{
    rlim_t value = l->value == SANDBOX_FILE_MAX ? (rlim_t)file_max : l->value;
    rlim_t base = l->on_top ? mapped_now() : 0;
    struct rlimit now;

    if ((l->on_top && base == 0) || getrlimit((__rlimit_resource_t)l->resource, &now) < 0)
        return -1;
    value += base;
    /* A limit that is lower already stays: only root could raise it, and nobody asked for more. */
    if (now.rlim_max < value)
        value = now.rlim_max;
    now = (struct rlimit){value, value};
    return setrlimit((__rlimit_resource_t)l->resource, &now);
}

static int set_limits(enum role role, uint64_t file_max, struct buf *why)
{
    const struct sandbox_limit *l;

    for (size_t i = 0; (l = sandbox_table_limit(role, i)); i++) {
        if (set_limit(l, file_max) < 0) {
            buf_addf(why, "the limit RLIMIT_%s cannot be set (%s)", l->name, strerror(errno));
            return -1;
        }
    }
    return 0;
}

/* A required layer: applied, or missing by permission, or a failure whose cure is said. */
static int settle(struct sandbox_result *r, uint32_t bit, uint32_t allow_less, int rc, struct buf *why)
{
    const char *name = "";

    if (rc == 0) {
        r->applied |= bit;
        return 0;
    }
    if (allow_less & bit) {
        buf_clear(why);
        return 0;
    }
    for (unsigned i = 0; role_sandbox_name(i); i++)
        if (bit == 1u << i)
            name = role_sandbox_name(i);
    buf_addf(why, "; workers.allow_less = %s accepts that", name);
    return -1;
}

/* Best effort, unless the role's row names it. */
static int enter_landlock(enum role role, const struct sandbox_options *o, struct sandbox_result *r,
                          struct buf *why)
{
    const struct role_row *row = role_find((uint32_t)role);
    bool required = row->required & SANDBOX_LANDLOCK;
    int rc;

    r->landlock_abi = sandbox_landlock_abi();
    rc = sandbox_landlock_apply(r->landlock_abi, o->scratch, row->network);
    if (rc < 0 && required)
        buf_addf(why,
                 "Landlock cannot be had (%s), and without it this role could read other files than its "
                 "own: Linux 5.13 or later is needed, with landlock among its security modules (lsm=)",
                 strerror(errno));
    return settle(r, SANDBOX_LANDLOCK, o->allow_less | (required ? 0 : SANDBOX_LANDLOCK), rc, why);
}

static int enter_seccomp(enum role role, const struct sandbox_options *o, struct sandbox_result *r,
                         struct buf *why)
{
    bool stands_in = sandbox_table_stand_in(role, 0), trap = false;
    int rc;

    if (o->trace || stands_in) {
        trap = sandbox_trace_open(role, o->trace ? o->link : -1) == 0;
        if (!trap && stands_in) {
            buf_addf(why, "SIGSYS cannot be handled (%s)", strerror(errno));
            return -1;
        }
        trap = trap && o->trace;
    }
    rc = sandbox_seccomp_apply(role, trap, why);
    if (rc == 0 && trap)
        r->applied |= SANDBOX_TRACE;
    return rc;
}

int sandbox_enter(enum role role, const struct sandbox_options *o, struct sandbox_result *r, struct buf *why)
{
    uint32_t less = o->allow_less;

    *r = (struct sandbox_result){0};
    if (role >= ROLE__MAX) {
        buf_addf(why, "there is no role %u", (unsigned)role);
        errno = EINVAL;
        return -1;
    }
    /* Neither a core file nor a debugger of the same user gets at the mail in this memory. */
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (settle(r, SANDBOX_NO_NEW_PRIVS, less, set_no_new_privs(why), why) < 0)
        return -1;
    if (settle(r, SANDBOX_RLIMITS, less, set_limits(role, o->file_max, why), why) < 0)
        return -1;
    if (enter_landlock(role, o, r, why) < 0)
        return -1;
    return settle(r, SANDBOX_SECCOMP, less, enter_seccomp(role, o, r, why), why);
}
