/*
 * deliver_store.c - the disk's side of a delivery: its pair, its notes, its end.
 *
 * Store thread, one task for each step of a delivery. The order is what makes it
 * right: notes are written by the worker as each reply comes and are flushed before
 * they are believed; the journal's line is durable before the pair goes, and the
 * notes go last, so that whatever is killed when, nobody who has the message gets it
 * again. What was refused for good goes to quarantine/failed by renames, envelope
 * last, like every entry there (protocol.md section 3).
 */
#include "spoold/deliver_part.h"

#include "common/envelope_redirect.h"
#include "common/json.h"
#include "common/log.h"
#include "common/xalloc.h"
#include "spoold/carry.h"
#include "spoold/flow.h"
#include "spoold/negative.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOTES_PIECE  65536                   /* bytes read at a time */
#define NOTE_ROOM    (DELIVER_TEXT_MAX + 24) /* of one line */
#define PASSWORD_MAX 255
#define TRY_MARK     '#' /* a line of ours in the notes: a try is over */

static const char *file_of(const struct deliver_item *i, char *to, const char *suffix)
{
    snprintf(to, MSG_NAME_MAX, "%s%s", i->stem, suffix);
    return to;
}

static int fail(struct deliver_item *i, int err, const char *what)
{
    i->err = err ? err : EIO;
    i->err_what = what;
    return -1;
}

static bool has_file(const struct spool_dir *dir, const struct deliver_item *i, const char *suffix)
{
    char name[MSG_NAME_MAX];

    return faccessat(dir->fd, file_of(i, name, suffix), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* --- the notes ---------------------------------------------------------- */

static void take_note(struct deliver_item *i, const struct deliver_note *n)
{
    if (n->index >= i->env.rcpt_n || i->fate[n->index] == DELIVER_DONE)
        return;
    i->fate[n->index] = (char)n->fate;
    snprintf(n->fate == DELIVER_DONE ? i->words : i->refusal, sizeof i->words, "%.*s", (int)n->text.n,
             n->text.n ? n->text.p : "");
}

static void count_fates(struct deliver_item *i)
{
    i->done = i->failed = i->left = 0;
    for (size_t k = 0; k < i->env.rcpt_n; k++) {
        i->done += i->fate[k] == DELIVER_DONE;
        i->failed += i->fate[k] == DELIVER_FAILED;
        i->left += i->fate[k] != DELIVER_DONE && i->fate[k] != DELIVER_FAILED;
    }
}

/* Whole lines; what is left over is the begin of the next one. */
static void parse_notes(struct deliver_item *i, struct view *rest)
{
    struct deliver_note n;
    int got;

    do {
        bool mark = rest->n > 1 && rest->p[0] == TRY_MARK;
        int64_t at = mark ? strtoll(rest->p + 1, NULL, 10) : 0;

        got = deliver_note_next(rest, &n);
        if (got > 0)
            take_note(i, &n);
        else if (got < 0 && mark) {
            i->tries++;
            i->tried_ms = at;
        }
    } while (got);
}

/* All of it, from the beginning, piece by piece: there is no limit to what days of tries leave. */
static int read_notes(struct deliver_item *i)
{
    struct buf b = {0};
    off_t at = 0;
    ssize_t n;

    i->tries = 0;
    for (;;) {
        struct view rest;

        buf_reserve(&b, NOTES_PIECE + 1);
        n = pread(i->notes, b.p + b.n, NOTES_PIECE, at);
        if (n <= 0)
            break;
        at += n;
        b.n += (size_t)n;
        b.p[b.n] = '\0';
        rest = buf_view(&b);
        parse_notes(i, &rest);
        if (rest.n > 2 * NOTE_ROOM)
            rest.n = 0; /* no line of ours */
        memmove(b.p, rest.p, rest.n);
        b.n = rest.n;
    }
    buf_free(&b);
    count_fates(i);
    return n < 0 ? fail(i, errno, "its notes cannot be read") : 0;
}

/* --- open --------------------------------------------------------------- */

/* A note that was cut off by a crash must not swallow the next one. */
static int end_line(struct deliver_item *i)
{
    off_t end = lseek(i->notes, 0, SEEK_END);
    char last = '\n';

    if (end > 0 && pread(i->notes, &last, 1, end - 1) != 1)
        return fail(i, errno, "its notes cannot be read");
    return last == '\n' || write(i->notes, "\n", 1) == 1 ? 0 : fail(i, errno, "its notes cannot be written");
}

/*
 * A message must not be sent where it could not be noted that it was: room for an answer to each recipient
 * that is left. File systems that cannot reserve are tried all the same; a note that fails ends that try for
 * long.
 */
static int reserve_notes(struct deliver_item *i)
{
    off_t end = lseek(i->notes, 0, SEEK_END);

    if (!i->left ||
        fallocate(i->notes, FALLOC_FL_KEEP_SIZE, end, (off_t)(64 + (uint64_t)i->left * NOTE_ROOM)) == 0 ||
        errno == EOPNOTSUPP)
        return 0;
    return fail(i, errno, "there is no room for its notes");
}

/* An address that no command can hold is refused here, so that the others of its transaction are not. */
static int refuse_unsayable(struct deliver_item *i)
{
    bool sender = deliver_is_address(i->env.sender);
    struct buf b = {0};
    int rc = 0;

    for (size_t k = 0; k < i->env.rcpt_n; k++) {
        struct deliver_note n = {(uint32_t)k, DELIVER_FAILED, 553,
                                 sender ? VIEW("5.1.3 this address cannot be said in SMTP")
                                        : VIEW("5.1.7 the sender's address cannot be said in SMTP")};

        if (i->fate[k] == DELIVER_DONE || i->fate[k] == DELIVER_FAILED ||
            (sender && deliver_is_address(i->env.rcpt[k])))
            continue;
        deliver_note_add(&b, &n);
        take_note(i, &n);
    }
    if (b.n && (buf_write_fd(&b, i->notes) < 0 || spool_flush_now(i->notes) < 0))
        rc = fail(i, errno, "its notes cannot be written");
    buf_free(&b);
    count_fates(i);
    return rc;
}

/* Ours, and nobody else's by another name: the folder may have belonged to other programs before. */
static bool is_ours(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1 && st.st_uid == geteuid();
}

static int open_notes(struct depot *d, struct deliver_item *i)
{
    struct spool_dir *out = &d->spool.outlet[i->intake];
    char name[MSG_NAME_MAX];

    file_of(i, name, DELIVER_NOTES);
    i->notes = openat(out->fd, name, O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (i->notes < 0 && errno == ENOENT) {
        int fd = spool_create(&d->spool, out, name);

        if (fd < 0)
            return fail(i, errno, "its notes cannot be created");
        close(fd);
        i->notes = openat(out->fd, name, O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    }
    if (i->notes < 0)
        return fail(i, errno, "its notes cannot be opened");
    if (!is_ours(i->notes))
        return fail(i, EPERM, "its notes are not spoold's");
    if (NEGATIVE("no-notes") && ftruncate(i->notes, 0) < 0)
        return fail(i, errno, "its notes cannot be emptied");
    if (end_line(i) < 0 || read_notes(i) < 0 || refuse_unsayable(i) < 0)
        return -1;
    return reserve_notes(i);
}

/* The first line of the file that the settings name. */
static int read_password(const struct depot *d, struct deliver_item *i)
{
    const char *file = d->cfg->deliver_password_file;
    char line[PASSWORD_MAX + 1] = "";
    ssize_t n;
    int fd;

    if (!d->cfg->deliver_user[0] || !file[0])
        return 0;
    fd = openat(d->root_dir, file, O_RDONLY | O_CLOEXEC);
    n = fd >= 0 ? read(fd, line, PASSWORD_MAX) : -1;
    if (fd >= 0)
        close(fd);
    i->bad_settings = n < 0;
    if (n < 0)
        return fail(i, errno, "deliver.password_file cannot be read");
    line[strcspn(line, "\r\n")] = '\0';
    i->password = xstrdup(line);
    explicit_bzero(line, sizeof line);
    return 0;
}

/* The content, or where it went before a crash. False: there is none, and that is told. */
static bool open_content(struct depot *d, struct deliver_item *i)
{
    char name[MSG_NAME_MAX];
    struct stat st;

    file_of(i, name, ".eml");
    i->eml = openat(d->spool.outlet[i->intake].fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    i->moved = i->eml < 0 && errno == ENOENT && has_file(&d->spool.class[SPOOL_CLASS_FAILED], i, ".eml");
    i->expired = i->moved; /* so it was for all that is left */
    if (i->moved && fstatat(d->spool.class[SPOOL_CLASS_FAILED].fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return fail(i, errno, "its content cannot be found"), false;
    if (!i->moved && (i->eml < 0 || fstat(i->eml, &st) < 0))
        return fail(i, errno, "its content cannot be opened"), false;
    if (!i->moved && !is_ours(i->eml))
        return fail(i, EPERM, "its content is not spoold's"), false;
    i->size = (uint64_t)st.st_size;
    return true;
}

static int step_open(struct depot *d, struct deliver_item *i)
{
    struct spool_dir *out = &d->spool.outlet[i->intake];
    struct envelope_error wrong;
    char name[MSG_NAME_MAX];
    struct stat st;

    if (fstatat(out->fd, file_of(i, name, ".hdr"), &st, AT_SYMLINK_NOFOLLOW) < 0) {
        i->gone = true; /* the envelope goes first: what else stands there is the rest of an end */
        i->left_over = faccessat(out->fd, file_of(i, name, DELIVER_NOTES), F_OK, AT_SYMLINK_NOFOLLOW) == 0 &&
                       fstatat(out->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
                       st.st_uid == geteuid() && st.st_size > 0;
        return 0;
    }
    if (!S_ISREG(st.st_mode) || st.st_nlink != 1 || st.st_uid != geteuid())
        return fail(i, EPERM, "its envelope is not spoold's");
    i->born_ms = (int64_t)st.st_mtim.tv_sec * 1000;
    if (!open_content(d, i))
        return -1;
    if (flow_read_envelope(out, file_of(i, name, ".hdr"), &i->env, &wrong) != 0 || !i->env.rcpt_n)
        return fail(i, EBADMSG, "its envelope cannot be read");
    i->fate = xcalloc(i->env.rcpt_n, 1);
    return read_password(d, i) < 0 ? -1 : open_notes(d, i);
}

/* A conversation is over. A line of the worker that was cut off by its end ends here. */
static int step_note(struct depot *d, struct deliver_item *i)
{
    char mark[32];
    int n = snprintf(mark, sizeof mark, "\n%c %lld\n", TRY_MARK, (long long)depot_wall_ms());

    (void)d;
    if (write(i->notes, mark, (size_t)n) != n || spool_flush_now(i->notes) < 0)
        return fail(i, errno, "its notes cannot be written");
    return read_notes(i);
}

/* --- the end ------------------------------------------------------------ */

static bool is_failed(const struct deliver_item *i, size_t k)
{
    return i->fate[k] == DELIVER_FAILED || (i->expired && i->fate[k] != DELIVER_DONE);
}

/* Those that were delivered, or those that were not; the caller frees the array. */
static struct view *pick(const struct deliver_item *i, bool failed, size_t *n)
{
    struct view *v = xcalloc(i->env.rcpt_n ? i->env.rcpt_n : 1, sizeof *v);

    *n = 0;
    for (size_t k = 0; k < i->env.rcpt_n; k++)
        if (is_failed(i, k) == failed)
            v[(*n)++] = i->env.rcpt[k];
    return v;
}

static const char *why_failed(const struct deliver_item *i)
{
    return i->refusal[0] ? i->refusal : i->words;
}

/* In the books stand those whom the message was for, also where another address has it instead. */
static int record(struct depot *d, struct deliver_item *i, bool failed)
{
    struct event e = {.kind = failed ? EVENT_QUARANTINED : EVENT_DELIVERED,
                      .at_ms = depot_wall_ms(),
                      .id = i->base,
                      .copy = i->copy,
                      .sender = i->env.sender,
                      .class = failed ? VIEW("failed") : (struct view){NULL, 0},
                      .size = i->size};
    struct view *rcpt = pick(i, failed, &e.rcpt_n), *replaced = NULL;
    const size_t redirected = envelope_redirect_read(&i->env, base_id(&i->base), &replaced);
    struct buf reason = {0};
    int rc = 0;

    if (redirected)
        buf_addf(&reason, "redirected to %.*s: ", (int)i->env.rcpt[0].n, i->env.rcpt[0].p);
    buf_add_str(&reason, failed ? why_failed(i) : i->words);
    e.reason = buf_view(&reason);
    e.rcpt = redirected ? replaced : rcpt;
    if (e.rcpt_n) {
        e.rcpt_n = redirected ? redirected : e.rcpt_n;
        rc = flow_record_event(d, &e) < 0 ? fail(i, errno, "the journal cannot be written") : 0;
    }
    buf_free(&reason);
    free(replaced);
    free(rcpt);
    return rc;
}

/* The recipients are those of the envelope beside it: a release goes to them. */
static void make_json(const struct deliver_item *i, struct buf *to)
{
    size_t n;
    struct view *rcpt = pick(i, true, &n), *replaced = NULL;
    const size_t redirected = envelope_redirect_read(&i->env, base_id(&i->base), &replaced);
    struct json j;

    json_open(&j, to);
    json_add_view(&j, "id", base_view(&i->base));
    json_add_int(&j, "copy", i->copy);
    json_add_time(&j, "at", depot_wall_ms());
    json_add_str(&j, "class", "failed");
    json_add_str(&j, "reason", why_failed(i));
    json_add_view(&j, "from", i->env.sender);
    json_add_views(&j, "recipients", rcpt, n);
    if (redirected)
        json_add_views(&j, "redirected_from", replaced, redirected);
    json_add_int(&j, "size", (int64_t)i->size);
    json_close(&j);
    buf_add_char(to, '\n');
    free(replaced);
    free(rcpt);
}

static int move_content(struct depot *d, struct deliver_item *i)
{
    struct spool_dir *failed = &d->spool.class[SPOOL_CLASS_FAILED];
    char name[MSG_NAME_MAX];
    struct buf text = {0};
    int rc;

    make_json(i, &text);
    rc = carry_put(&d->spool, failed, file_of(i, name, ".json"), &text);
    buf_free(&text);
    if (rc == 0)
        rc = carry_out(&d->spool, &d->spool.outlet[i->intake], file_of(i, name, ".eml"), failed, name);
    return rc < 0 ? fail(i, errno, "it cannot be moved to quarantine/failed") : 0;
}

static unsigned failures(const struct deliver_item *i)
{
    return i->failed + (i->expired ? i->left : 0);
}

static int step_record(struct depot *d, struct deliver_item *i)
{
    if (record(d, i, false) < 0 || record(d, i, true) < 0)
        return -1;
    spool_wait_journal(&d->spool, &i->err);
    if (!failures(i))
        return 0;
    i->moved = true;
    if (move_content(d, i) < 0)
        return -1;
    spool_wait_dirs(&d->spool, &i->err);
    return 0;
}

static int step_remove(struct depot *d, struct deliver_item *i)
{
    struct spool_dir *out = &d->spool.outlet[i->intake];
    char name[MSG_NAME_MAX];
    int rc = 0;

    if (i->moved)
        rc = has_file(out, i, ".hdr") ? carry_out(&d->spool, out, file_of(i, name, ".hdr"),
                                                  &d->spool.class[SPOOL_CLASS_FAILED], name)
                                      : 0;
    else if (spool_remove(&d->spool, out, file_of(i, name, ".hdr")) < 0 ||
             spool_remove(&d->spool, out, file_of(i, name, ".eml")) < 0)
        rc = -1;
    if (rc < 0)
        return fail(i, errno, "it cannot be removed from the outlet");
    /* Its notes must not go before its envelope, whatever a power failure does. */
    if (d->spool.model == SPOOL_MODEL_B || i->moved)
        spool_wait_dirs(&d->spool, &i->err);
    return 0;
}

static int step_forget(struct depot *d, struct deliver_item *i)
{
    char name[MSG_NAME_MAX];

    deliver_store_shut(i);
    if (spool_remove(&d->spool, &d->spool.outlet[i->intake], file_of(i, name, DELIVER_NOTES)) < 0)
        return fail(i, errno, "its notes cannot be removed");
    return 0;
}

void deliver_store_run(struct task *t, struct depot *d)
{
    static int (*const steps[DELIVER_STEP__MAX])(struct depot *, struct deliver_item *) = {
        [DELIVER_STEP_OPEN] = step_open,     [DELIVER_STEP_NOTE] = step_note,
        [DELIVER_STEP_RECORD] = step_record, [DELIVER_STEP_REMOVE] = step_remove,
        [DELIVER_STEP_FORGET] = step_forget,
    };
    struct deliver_item *i = (struct deliver_item *)t;

    i->err = 0;
    steps[i->step](d, i);
}

void deliver_store_shut(struct deliver_item *i)
{
    int *const fds[] = {&i->eml, &i->notes, &i->peer};

    for (size_t k = 0; k < sizeof fds / sizeof *fds; k++) {
        if (*fds[k] >= 0)
            close(*fds[k]);
        *fds[k] = -1;
    }
    envelope_free(&i->env);
    i->env = (struct envelope){0};
    free(i->fate);
    i->fate = NULL;
    if (i->order.p)
        explicit_bzero(i->order.p, i->order.n); /* a password may be in it */
    buf_free(&i->order);
    if (i->password)
        explicit_bzero(i->password, strlen(i->password));
    free(i->password);
    free(i->rcpt);
    i->password = NULL;
    i->rcpt = NULL;
}
