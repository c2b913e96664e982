/*
 * sandbox_table.h - what each role may do in the kernel, and what counts as an attack.
 *
 * sandbox_table.c is the only place where a right is given. The lists are read
 * by sandbox_seccomp.c and sandbox.c, and by the tests, which hold them against
 * the list of reasons. A call that stands in no list answers ENOSYS; one that
 * is hostile ends the process. Nothing here changes after the build.
 */
#ifndef WORKERS_SANDBOX_TABLE_H
#define WORKERS_SANDBOX_TABLE_H

#include "common/role.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>

#define SANDBOX_TESTS_MAX 3

/* When a rule applies, asked of one argument. Pointers cannot be followed, numbers only. */
enum sandbox_how {
    SANDBOX_ALWAYS,   /* no test */
    SANDBOX_MASKED,   /* argument & mask == value */
    SANDBOX_NOT,      /* argument != value */
    SANDBOX_SELF,     /* argument == the number of this process */
    SANDBOX_NOT_SELF, /* any other number */
};

struct sandbox_test {
    enum sandbox_how how;
    unsigned arg;
    uint64_t mask, value;
};

struct sandbox_rule {
    const char *call;                            /* its name; unknown to this machine = left out */
    struct sandbox_test test[SANDBOX_TESTS_MAX]; /* all must hold */
    const char *reason;
};

/*
 * Descriptors of a child whose role has a scratch folder, set out by sandbox_places_set() (sandbox.h): 0 to 2
 * and 5 to 7 are the null device, 3 the link. 4 is the null device until the first job; then a message, taken
 * at the lowest free number, is always 4. So every file of the child's own is 8 or above: a filter sees
 * numbers only.
 */
enum { SANDBOX_MESSAGE_FD = 4, SANDBOX_OWN_FD = 8 };

#define SANDBOX_FILE_MAX RLIM_INFINITY /* as a limit's value: sandbox_options.file_max */

struct sandbox_limit {
    int resource;
    rlim_t value; /* soft and hard */
    bool on_top;  /* of what is mapped when the limit is set (RLIMIT_AS) */
    const char *name;
    const char *reason;
};

/* The i-th right of the role, those of all roles first; NULL beyond the last one. */
const struct sandbox_rule *sandbox_table_right(enum role role, size_t i);
/* Has the role this call, under whatever test? */
bool sandbox_table_has(enum role role, const char *call);
/* The i-th hostile call. One without a test is not hostile for a role that has the call. */
const struct sandbox_rule *sandbox_table_hostile(size_t i);
/* The i-th call that the role's own SIGSYS handler answers with calls that the role has. */
const struct sandbox_rule *sandbox_table_stand_in(enum role role, size_t i);
/* The i-th call that is known to be made and refused all the same, with ENOSYS; trace mode does not name it.
 */
const struct sandbox_rule *sandbox_table_refused(enum role role, size_t i);
/* The i-th limit of the role: those of all roles first, but for those that it has a row of its own for. */
const struct sandbox_limit *sandbox_table_limit(enum role role, size_t i);

#endif
