/*
 * ctl_doctor_part.h - what the files of spoolctl doctor share; nobody else includes it.
 *
 * A check is a function that looks at one thing and says one line or more. It
 * must say something also when all is well, and when it could not look: silence
 * would pass for health.
 */
#ifndef TOOLS_CTL_DOCTOR_PART_H
#define TOOLS_CTL_DOCTOR_PART_H

#include "spoold/config.h"
#include "tools/ctl_print.h"

#include <sys/stat.h>

enum doctor_level { DOCTOR_OK, DOCTOR_WARN, DOCTOR_BAD };

struct doctor {
    const struct config *c;
    struct ctl_print print;
    bool json;
    unsigned bad;
    int root;       /* folder paths.root, -1: it cannot be opened */
    json_t *status; /* owned: what spoold says of itself; NULL: it does not run, or may not be asked */
};

/* `check`: a word for programs. `cure`: what to do, NULL where there is nothing. The text may hold any bytes.
 */
__attribute__((format(printf, 5, 6))) void ctl_doctor_say(struct doctor *d, enum doctor_level level,
                                                          const char *check, const char *cure,
                                                          const char *fmt, ...);
/* A folder of the settings, relative to the root unless it starts with a slash. -1 with errno. */
int ctl_doctor_open(const struct doctor *d, const char *path);

typedef void ctl_doctor_check(struct doctor *d);
ctl_doctor_check ctl_doctor_folders, ctl_doctor_file_system, ctl_doctor_room; /* ctl_doctor_folders.c */
ctl_doctor_check ctl_doctor_deposits, ctl_doctor_leftovers;                   /* ctl_doctor_files.c */
ctl_doctor_check ctl_doctor_sandbox, ctl_doctor_signatures;                   /* ctl_doctor_system.c */
ctl_doctor_check ctl_doctor_clock, ctl_doctor_spooldrop, ctl_doctor_users;

#endif
