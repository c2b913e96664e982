/*
 * ctl_doctor.c - see ctl_doctor.h: the list of checks, their lines, and what the running spoold says.
 *
 * Each finding is one line, "[ok] ...", "[warn] ... - what to do", "[bad] ...", or an
 * object with --json. The order is that in which a person would look: does it run,
 * what does it complain of, then what it stands on. Answers of spoold and names
 * of files are escaped on their way out.
 */
#include "tools/ctl_doctor.h"

#include "common/json.h"
#include "common/log.h"
#include "tools/ctl_doctor_part.h"
#include "tools/ctl_link.h"
#include "tools/ctl_request.h"
#include "tools/ctl_text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const level_names[] = {"ok", "warn", "bad"};

static void print_json(struct doctor *d, enum doctor_level level, const char *check, const char *cure,
                       struct view text)
{
    struct buf out = {0};
    struct json j;

    json_open(&j, &out);
    json_add_str(&j, "level", level_names[level]);
    json_add_str(&j, "check", check);
    json_add_view(&j, "text", text);
    json_add_str(&j, "cure", cure ? cure : "");
    json_close(&j);
    fprintf(d->print.to, "%s\n", out.p);
    buf_free(&out);
}

static void print_line(struct doctor *d, enum doctor_level level, const char *cure, struct view text)
{
    static const enum ctl_print_colour colours[] = {CTL_PRINT_PLAIN, CTL_PRINT_YELLOW, CTL_PRINT_RED};
    struct buf line = {0};

    buf_addf(&line, "[%s] ", level_names[level]);
    ctl_text_add(&line, text, false);
    if (cure)
        buf_addf(&line, " - %s", cure);
    ctl_print_line(&d->print, colours[level], &line);
    buf_free(&line);
}

void ctl_doctor_say(struct doctor *d, enum doctor_level level, const char *check, const char *cure,
                    const char *fmt, ...)
{
    char text[1000];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    d->bad += level == DOCTOR_BAD;
    if (d->json)
        print_json(d, level, check, cure, view_of(text));
    else
        print_line(d, level, cure, view_of(text));
}

int ctl_doctor_open(const struct doctor *d, const char *path)
{
    int at = path[0] == '/' ? AT_FDCWD : d->root;

    if (path[0] != '/' && d->root < 0) {
        errno = ENOENT;
        return -1;
    }
    return openat(at, path, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
}

static void check_config(struct doctor *d)
{
    ctl_doctor_say(d, DOCTOR_OK, "config", NULL, "the settings are in order: %s",
                   d->c->file ? d->c->file : "the defaults, there is no file");
}

/* --- the running spoold ------------------------------------------------- */

static void keep_status(struct view line, const json_t *object, void *arg)
{
    struct doctor *d = arg;

    (void)line;
    if (!d->status)
        d->status = json_incref((json_t *)(uintptr_t)object);
}

static const char *text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));

    return s ? s : "";
}

/* Then nothing is known, and nothing need be wrong. */
static bool is_barred(const struct doctor *d)
{
    int state = ctl_doctor_open(d, d->c->state);

    if (state >= 0)
        close(state);
    return state < 0 && errno == EACCES;
}

static void check_running(struct doctor *d)
{
    struct buf request = {0}, why = {0};
    struct ctl_link l = {.fd = -1};
    int rc = ctl_link_open(&l, d->c->root, d->c->state, &why);

    if (!rc && ctl_request_add_word(&request, NULL, "status") == 0)
        rc = ctl_link_send(&l, &request, &why);
    if (!rc)
        rc = ctl_link_receive(&l, keep_status, d, &why);
    ctl_link_close(&l);
    if (!rc && d->status)
        ctl_doctor_say(d, DOCTOR_OK, "running", NULL, "spoold %s runs and answers: %s",
                       text_of(d->status, "version"), text_of(d->status, "state"));
    else if (l.absent)
        ctl_doctor_say(d, DOCTOR_WARN, "running", "start it: spoold, or systemctl start spoold", "%.*s",
                       (int)why.n, why.p ? why.p : "spoold is not running here");
    else if (is_barred(d))
        ctl_doctor_say(d, DOCTOR_WARN, "running", "run this as root or as spoold's user",
                       "this user may not ask spoold, nor look into its folders");
    else
        ctl_doctor_say(d, DOCTOR_BAD, "running", "see its log", "%.*s", (int)why.n,
                       why.p ? why.p : "no answer");
    buf_free(&request);
    buf_free(&why);
}

static void check_frozen(struct doctor *d)
{
    int state = ctl_doctor_open(d, d->c->state);

    if (state >= 0 && faccessat(state, "frozen", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        ctl_doctor_say(d, DOCTOR_WARN, "frozen", "end that with: spoolctl thaw",
                       "spoold is FROZEN: no mail is taken and no attempt begins");
    if (state >= 0)
        close(state);
}

/* What to do about an alarm, and whether it is less than bad. */
static const struct {
    const char *kind;
    enum doctor_level level;
    const char *cure;
} alarms[] = {
    {"store_stalled", DOCTOR_BAD, "look at the disk: dmesg, iostat"},
    {"no_room", DOCTOR_BAD, "make room, or lower spool.reserve"},
    {"too_many_held", DOCTOR_BAD, "see why: spoolctl queue --held"},
    {"disk_error", DOCTOR_BAD, "look at the disk: dmesg"},
    {"unsafe_filesystem", DOCTOR_WARN, "move paths.root to ext4 or xfs"},
    {"strange_state", DOCTOR_BAD, "look into the folder proc; spoold leaves that message alone"},
    {"intake_gone", DOCTOR_BAD, "make the folder again and restart spoold"},
    {"outlet_taken", DOCTOR_BAD, "remove or rename the file that stands in the outlet"},
    {"ledger", DOCTOR_WARN, "wait: spoold reads its journal"},
    {"worker", DOCTOR_BAD, "see the log, and: spoolctl status"},
    {"antivirus", DOCTOR_BAD, "see: spoolctl av status"},
    {"signatures", DOCTOR_WARN, "see: spoolctl av status; fetch signatures: spoolctl av update"},
    {"unexamined", DOCTOR_WARN, "see: spoolctl queue --held"},
    {"dns", DOCTOR_WARN, "see: spoolctl dns; messages are judged without the DNS meanwhile"},
    {"dns_list", DOCTOR_WARN, "see: spoolctl dns; its hits do not count until it passes its self test"},
    {"reload", DOCTOR_BAD, "mend the file, see: spoold --check-config; then send SIGHUP again"},
    {"attack", DOCTOR_BAD, "keep the log and the message for an analysis, then restart spoold"},
};

static void say_alarm(struct doctor *d, const json_t *alarm)
{
    const char *kind = text_of(alarm, "kind");

    if (strcmp(kind, "frozen") == 0)
        return; /* said already */
    for (size_t i = 0; i < sizeof alarms / sizeof *alarms; i++) {
        if (strcmp(kind, alarms[i].kind) == 0) {
            ctl_doctor_say(d, alarms[i].level, "alarm", alarms[i].cure, "alarm: %s", text_of(alarm, "text"));
            return;
        }
    }
    ctl_doctor_say(d, DOCTOR_BAD, "alarm", "see the log", "alarm: %s", text_of(alarm, "text"));
}

static void check_alarms(struct doctor *d)
{
    const json_t *list = json_object_get(d->status, "alarms");

    if (!d->status)
        return;
    for (size_t i = 0; i < json_array_size(list); i++)
        say_alarm(d, json_array_get(list, i));
    if (!json_array_size(list))
        ctl_doctor_say(d, DOCTOR_OK, "alarm", NULL, "no alarm is raised");
}

static void check_root(struct doctor *d)
{
    struct stat st;

    d->root = open(d->c->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (d->root < 0 || fstat(d->root, &st) < 0)
        ctl_doctor_say(d, DOCTOR_BAD, "root",
                       errno == ENOENT ? "start spoold once with these settings, it makes its folders"
                                       : "run this as root or as spoold's user, or correct paths.root",
                       "paths.root %s cannot be opened: %s", d->c->root, strerror(errno));
    else if (st.st_mode & 022 && !(st.st_mode & 01000))
        ctl_doctor_say(d, DOCTOR_BAD, "root", "take that right away: chmod go-w",
                       "others may rename the folders in %s (mode %04o)", d->c->root, st.st_mode & 07777);
    else
        ctl_doctor_say(d, DOCTOR_OK, "root", NULL, "paths.root is %s", d->c->root);
}

int ctl_doctor(const struct config *c, bool json)
{
    static ctl_doctor_check *const checks[] = {
        check_config,        check_root,           check_running,          check_frozen,
        check_alarms,        ctl_doctor_folders,   ctl_doctor_file_system, ctl_doctor_room,
        ctl_doctor_sandbox,  ctl_doctor_users,     ctl_doctor_signatures,  ctl_doctor_clock,
        ctl_doctor_deposits, ctl_doctor_leftovers, ctl_doctor_spooldrop,
    };
    struct doctor d = {.c = c, .json = json, .root = -1};

    ctl_print_init(&d.print, stdout);
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        checks[i](&d);
    if (d.root >= 0)
        close(d.root);
    json_decref(d.status);
    return d.bad ? EXIT_FINDING : EXIT_OK;
}

int ctl_doctor_config(const struct buf *complaints, bool json)
{
    struct doctor d = {.json = json, .root = -1};
    struct view rest = buf_view(complaints);

    ctl_print_init(&d.print, stdout);
    while (rest.n) {
        const char *newline = memchr(rest.p, '\n', rest.n);
        size_t n = newline ? (size_t)(newline - rest.p) : rest.n;

        ctl_doctor_say(&d, DOCTOR_BAD, "config", "correct it; spoold does not start with it", "%.*s", (int)n,
                       rest.p);
        n += newline != NULL;
        rest = (struct view){rest.p + n, rest.n - n};
    }
    return EXIT_FINDING;
}
