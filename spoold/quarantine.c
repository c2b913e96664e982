/*
 * quarantine.c - see quarantine.h: what the names in quarantine/CLASS mean.
 *
 * Called by the quarantine verbs, release.c and quarantine_expire.c, all in the
 * store thread. Never changes anything. File names are taken apart by a strict
 * grammar; what does not fit it is nobody's entry and is left alone.
 */
#include "spoold/quarantine.h"

#include "common/log.h"
#include "spoold/recover.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static const char *const suffixes[QUARANTINE_PART__MAX] = {
    [QUARANTINE_HDR] = ".hdr",           [QUARANTINE_HDR_REL] = ".hdr.rel",
    [QUARANTINE_HDR_PART] = ".hdr.part", [QUARANTINE_HDR_DEL] = ".hdr.del",
    [QUARANTINE_EML] = ".eml",           [QUARANTINE_JSON] = ".json",
    [QUARANTINE_JSON_REL] = ".json.rel",
};

/* The states in the order in which they win, each by the file that makes it. */
static const struct {
    enum quarantine_part part;
    enum quarantine_state state;
    const char *name;
} states[] = {
    {QUARANTINE_HDR_DEL, QUARANTINE_DELETING, "deleting"},
    {QUARANTINE_HDR_PART, QUARANTINE_RELEASING, "releasing"},
    {QUARANTINE_HDR, QUARANTINE_HELD, "held"},
    {QUARANTINE_HDR_REL, QUARANTINE_RELEASED, "released"},
    {QUARANTINE_EML, QUARANTINE_HALF, "half"},
};
#define STATES_N (sizeof states / sizeof *states)

/* "2", "16", "r", "r2": what stands between two dots of a tag. */
static bool is_tag_word(struct view v)
{
    bool release = v.n && v.p[0] == 'r';
    size_t digits = v.n - release;

    if (!v.n || digits > (release ? 3 : 2) || (!release && !digits))
        return false;
    for (size_t i = release; i < v.n; i++)
        if (v.p[i] < '0' || v.p[i] > '9')
            return false;
    return !digits || v.p[release] != '0';
}

static bool is_tag(struct view v)
{
    if (v.n > QUARANTINE_TAG_MAX)
        return false;
    while (v.n) {
        const char *dot = v.n > 1 ? memchr(v.p + 1, '.', v.n - 1) : NULL;
        size_t n = dot ? (size_t)(dot - v.p) : v.n;

        if (v.p[0] != '.' || !is_tag_word((struct view){v.p + 1, n - 1}))
            return false;
        v.p += n;
        v.n -= n;
    }
    return true;
}

int quarantine_parse_entry(struct quarantine_entry *e, struct view name)
{
    const char *tilde = name.n ? memrchr(name.p, '~', name.n) : NULL;
    size_t n = tilde ? (size_t)(tilde - name.p) + 1 + BASE_ID_LEN : 0;
    struct view tag = {name.p + n, name.n - n};

    if (!tilde || n > name.n || base_parse(&e->base, (struct view){name.p, n}) < 0 || !is_tag(tag))
        return -1;
    memcpy(e->tag, tag.p, tag.n);
    e->tag[tag.n] = '\0';
    return 0;
}

int quarantine_parse_name(struct quarantine_entry *e, enum quarantine_part *part, struct view name)
{
    for (int p = 0; p < QUARANTINE_PART__MAX; p++) {
        struct view suffix = view_of(suffixes[p]);

        if (!view_ends_with(name, suffix))
            continue;
        *part = (enum quarantine_part)p;
        return quarantine_parse_entry(e, (struct view){name.p, name.n - suffix.n});
    }
    return -1;
}

const char *quarantine_file(const struct quarantine_entry *e, char *to, enum quarantine_part part)
{
    snprintf(to, MSG_NAME_MAX, "%s%s%s", e->base.s, e->tag, suffixes[part]);
    return to;
}

const char *quarantine_name(const struct quarantine_entry *e, char *to)
{
    snprintf(to, MSG_NAME_MAX, "%s%s", e->base.s, e->tag);
    return to;
}

static bool has(const struct spool_dir *dir, const char *name)
{
    return faccessat(dir->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

bool quarantine_has(const struct depot *d, const struct quarantine_entry *e, enum quarantine_part part)
{
    char name[MSG_NAME_MAX];

    return has(&d->spool.class[e->class], quarantine_file(e, name, part));
}

enum quarantine_state quarantine_state(const struct depot *d, const struct quarantine_entry *e)
{
    for (size_t i = 0; i < STATES_N; i++)
        if (quarantine_has(d, e, states[i].part))
            return states[i].state;
    return QUARANTINE_NONE;
}

const char *quarantine_state_name(enum quarantine_state s)
{
    for (size_t i = 0; i < STATES_N; i++)
        if (states[i].state == s)
            return states[i].name;
    return "gone";
}

enum quarantine_part quarantine_envelope(enum quarantine_state s)
{
    for (size_t i = 0; i < STATES_N; i++)
        if (states[i].state == s)
            return states[i].part;
    return QUARANTINE_EML;
}

/* What the last steps of a settle leave for a moment; an entry on another file system stands in both places
 * then. */
static bool in_proc(const struct depot *d, const struct quarantine_entry *e)
{
    char q[16 + SPOOL_CLASS_LEN], name[MSG_NAME_MAX];
    const char *const suffix[] = {".eml", ".json.out", q};

    snprintf(q, sizeof q, ".hdr.q-%s", spool_class_name(e->class));
    for (size_t i = 0; i < sizeof suffix / sizeof *suffix; i++) {
        snprintf(name, sizeof name, "%s%s", e->base.s, suffix[i]);
        if (has(&d->spool.proc, name))
            return true;
    }
    return false;
}

/* What an outlet refused comes from there into the class failed, its envelope last. */
static bool in_outlet(const struct depot *d, const struct quarantine_entry *e)
{
    size_t intake = recover_intake(d->cfg, &e->base);
    char name[MSG_NAME_MAX];

    return e->class == SPOOL_CLASS_FAILED && intake != SIZE_MAX && *d->cfg->intake[intake].deliver &&
           has(&d->spool.outlet[intake], quarantine_file(e, name, QUARANTINE_HDR));
}

bool quarantine_in_work(const struct depot *d, const struct quarantine_entry *e)
{
    return in_proc(d, e) || in_outlet(d, e);
}

bool quarantine_is_lead(const struct depot *d, const struct quarantine_entry *e, enum quarantine_part part)
{
    enum quarantine_state s = part <= QUARANTINE_EML ? quarantine_state(d, e) : QUARANTINE_NONE;

    return s != QUARANTINE_NONE && quarantine_envelope(s) == part;
}

bool quarantine_is_meant(const struct quarantine_entry *e, struct view word)
{
    char name[MSG_NAME_MAX];
    struct view whole = view_of(quarantine_name(e, name));

    if (word.n >= QUARANTINE_TAIL_MIN && word.n <= BASE_ID_LEN + strlen(e->tag) &&
        (view_ends_with(base_view(&e->base), word) || view_ends_with(whole, word)))
        return true;
    return view_equal(whole, word) || view_equal(base_view(&e->base), word) ||
           (word.n && !memchr(word.p, '~', word.n) && base_name_matches(&e->base, word));
}

void quarantine_walk_begin(struct quarantine_walk *w, int class)
{
    *w = (struct quarantine_walk){.class = class < 0 ? 0 : class,
                                  .last = class < 0 ? SPOOL_CLASS__MAX - 1 : class};
}

/* A folder that cannot be read is passed over with a line in the log: the others can still be looked at. */
static DIR *open_class(const struct spool_dir *dir)
{
    int fd = openat(dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *open = fd >= 0 ? fdopendir(fd) : NULL;

    if (!open) {
        log_warn("event=look_failed folder=%s", dir->label);
        if (fd >= 0)
            close(fd);
    }
    return open;
}

int quarantine_walk_next(struct quarantine_walk *w, const struct depot *d, unsigned *budget,
                         struct quarantine_entry *e, enum quarantine_part *part)
{
    while (w->class <= w->last) {
        const struct dirent *file = NULL;

        if (!*budget)
            return -1;
        (*budget)--;
        if (!w->dir)
            w->dir = open_class(&d->spool.class[w->class]);
        file = w->dir ? readdir(w->dir) : NULL;
        if (!file) {
            quarantine_walk_end(w);
            w->class ++;
            continue;
        }
        e->class = (enum spool_class)w->class;
        if (quarantine_parse_name(e, part, view_of(file->d_name)) == 0)
            return 1;
    }
    return 0;
}

void quarantine_walk_end(struct quarantine_walk *w)
{
    if (w->dir)
        closedir(w->dir);
    w->dir = NULL;
}
