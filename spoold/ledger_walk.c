/*
 * ledger_walk.c - the ledger's lists: by BASE, sender, recipient and NAME.
 *
 * Called by the store thread for spoolctl's questions. There is no table for
 * NAME: a BASE begins with the NAME made harmless, so the rows themselves are
 * walked, downwards because the newest ID is the greatest; a row that was
 * deposited under another NAME of the same harmless form is passed over.
 * Never writes, and never looks at more than WALK_LOOK_MAX rows in one call.
 * Trusts no record: what makes no sense is damage.
 */
#include "spoold/ledger_store.h"

#define WALK_LOOK_MAX 20000

struct walk {
    struct ledger *l;
    enum ledger_index index;
    struct view name; /* BY_NAME: exactly this one */
    struct view prefix;
    struct base *resume;
    unsigned max, looked;
    int given;
    int (*fn)(const struct ledger_row *row, void *arg);
    void *arg;
};

static bool by_address(enum ledger_index index)
{
    return index == LEDGER_BY_SENDER || index == LEDGER_BY_RCPT;
}

/* Into `s` the row that the record stands for. 1, 0 when it is not wanted, -1 damaged. */
static int walk_row(struct walk *w, struct view key, struct view data, struct ledger_stored *s)
{
    struct base id = {.len = 0};
    int64_t ms = 0;

    if (by_address(w->index)) {
        /* An address may hold a NUL, and then another one may look like its beginning. */
        if (key.n != w->prefix.n + LEDGER_KEY_TAIL)
            return 0;
        if (ledger_row_unkey(key, data, &id, &ms) < 0)
            return ledger_store_distrust(w->l, "reading a key");
        return ledger_index_get(w->l, base_view(&id), s);
    }
    if (ledger_row_unpack(data, key, s) < 0)
        return ledger_store_distrust(w->l, "reading a row");
    return w->index == LEDGER_BY_ID || ledger_row_has_name(s, w->name);
}

static enum ledger_scan walk_see(struct view key, struct view data, void *arg)
{
    struct walk *w = arg;
    struct ledger_stored s = {.copy_bits = 0};
    int rc = 0;

    if (key.n < w->prefix.n || (w->prefix.n && memcmp(key.p, w->prefix.p, w->prefix.n) != 0)) {
        w->resume->s[0] = '\0';
        return LEDGER_SCAN_STOP;
    }
    rc = walk_row(w, key, data, &s);
    if (rc < 0)
        return LEDGER_SCAN_STOP;
    if (rc == 1 && strcmp(s.row.id.s, w->resume->s) == 0)
        return LEDGER_SCAN_ON;
    /* Keys whose row is forgotten leave an empty base here: only older ones follow, so that is the end. */
    w->looked++;
    if (rc == 1 || w->looked >= WALK_LOOK_MAX)
        *w->resume = s.row.id;
    if (rc == 1 && (++w->given, w->fn(&s.row, w->arg)))
        return LEDGER_SCAN_STOP;
    return (unsigned)w->given >= w->max || w->looked >= WALK_LOOK_MAX ? LEDGER_SCAN_STOP : LEDGER_SCAN_ON;
}

/* The prefix of the keys that are walked. Returns its length. */
static size_t walk_prefix(const struct walk *w, struct view key, char to[LEDGER_KEY_MAX])
{
    struct base any = {.len = 0};
    struct stat none = {0};

    if (by_address(w->index))
        return ledger_row_key_prefix(to, w->index, key);
    if (w->index == LEDGER_BY_NAME) {
        base_make(&any, key, NULL, &none, &none);
        key = base_clean(&any);
    }
    if (key.n > LEDGER_KEY_MAX - 1)
        key.n = LEDGER_KEY_MAX - 1; /* longer than any BASE: nothing begins with it */
    if (key.n)
        memcpy(to, key.p, key.n);
    if (w->index == LEDGER_BY_NAME)
        to[key.n++] = '~';
    return key.n;
}

/* Where to begin; 0 when the row to go on from is gone, and with it all that would follow. */
static int walk_from(struct walk *w, char from[LEDGER_KEY_MAX], size_t *n)
{
    struct view resume = view_of(w->resume->s);
    struct ledger_stored s = {.copy_bits = 0};
    int rc = 1;

    memcpy(from, w->prefix.p, w->prefix.n);
    *n = w->prefix.n;
    if (!resume.n) {
        /* Names are walked downwards: ahead of the first key that is too great. */
        if (w->index == LEDGER_BY_NAME)
            from[*n - 1] = '~' + 1;
        return 1;
    }
    if (by_address(w->index)) {
        rc = ledger_index_get(w->l, resume, &s);
        if (rc == 1)
            *n = ledger_row_key_tail(from, *n, s.row.accepted_ms, &s.row.id);
        return rc;
    }
    memcpy(from, resume.p, resume.n);
    *n = resume.n;
    return 1;
}

int ledger_walk(struct ledger *l, struct ledger_find what, struct base *resume,
                int (*fn)(const struct ledger_row *row, void *arg), void *arg)
{
    char prefix[LEDGER_KEY_MAX], from[LEDGER_KEY_MAX];
    struct walk w = {.l = l,
                     .index = what.index,
                     .name = what.key,
                     .resume = resume,
                     .max = what.max,
                     .fn = fn,
                     .arg = arg};
    size_t n = 0;
    int rc = 0;

    if (what.max == 0)
        return 0;
    w.prefix = (struct view){prefix, walk_prefix(&w, what.key, prefix)};
    rc = walk_from(&w, from, &n);
    if (rc == 1)
        rc = ledger_store_scan(l, by_address(what.index) ? LEDGER_KEYS : LEDGER_ROWS, (struct view){from, n},
                               what.index == LEDGER_BY_NAME ? -1 : 1, (struct ledger_scanner){walk_see, &w});
    else if (rc == 0)
        rc = 1;
    if (rc == 1)
        resume->s[0] = '\0';
    return rc < 0 ? -1 : w.given;
}
