/*
 * oracle.c - see oracle.h: the checks of the four directories and of the books.
 *
 * Entries whose name begins with a dot are marks of the program and not looked at.
 * The journal is checked in oracle_journal.c, pairs in outgoing in oracle_pair.c.
 */
#include "tests/crash/oracle.h"

#include "tests/crash/oracle_part.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const kind_names[] = {"lost", "twice", "half", "mixed", "torn", "other"};
_Static_assert(sizeof(kind_names) / sizeof(kind_names[0]) == ORACLE_KIND__MAX, "a name for every kind");

const char *oracle_kind_name(enum oracle_kind k)
{
    return kind_names[k];
}

void oracle_init(struct oracle *o, const struct deposit_set *set, const char *root, bool lenient)
{
    *o = (struct oracle){.set = set, .root = root, .lenient = lenient};
}

void oracle_fini(struct oracle *o)
{
    disk_list_free(&o->taken);
    buf_free(&o->say);
}

void oracle_say(struct oracle *o, enum oracle_kind k, const char *fmt, ...)
{
    char text[512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    o->found[k]++;
    buf_addf(&o->say, "    %s: %s\n", kind_names[k], text);
}

unsigned oracle_total(const struct oracle *o)
{
    unsigned n = 0;

    for (int k = 0; k < ORACLE_KIND__MAX; k++)
        n += o->found[k];
    return n;
}

void oracle_note_base(struct oracle *o, int i, const char *base)
{
    struct oracle_seen *s = &o->seen[i];
    const struct deposit *d = &o->set->d[i];
    size_t n = strlen(d->clean);

    if (strncmp(base, d->clean, n) != 0 || base[n] != '~')
        oracle_say(o, ORACLE_OTHER, "%s stands under the name %s", d->tag, base);
    if (s->base[0] == '\0')
        snprintf(s->base, sizeof(s->base), "%s", base);
    else if (strcmp(s->base, base) != 0)
        oracle_say(o, ORACLE_TWICE, "%s has two ids, %s and %s", d->tag, s->base, base);
}

/* Whatever is left in a directory that must be empty. */
static void check_empty(struct oracle *o, const char *dir)
{
    struct disk_list l = {0};

    disk_list(&l, disk_path("%s/%s", o->root, dir).s);
    for (size_t i = 0; i < l.n; i++)
        if (l.name[i][0] != '.')
            oracle_say(o, ORACLE_OTHER, "left over: %s/%s", dir, l.name[i]);
    disk_list_free(&l);
}

/* Those whom a release would reach: nobody who has it already, and nobody else is missing. */
static void check_held(struct oracle *o, const struct deposit *d, struct view record)
{
    static const char name[] = "\"recipients\":[";
    const char *at = memmem(record.p, record.n, name, sizeof(name) - 1);
    const char *end = at ? memchr(at, ']', record.n - (size_t)(at - record.p)) : NULL;

    for (size_t r = 0; r < d->rcpt_n && end; r++) {
        bool held = memmem(at, (size_t)(end - at), d->rcpt[r], strlen(d->rcpt[r])) != NULL;

        if (held != (d->end[r] == DEPOSIT_QUARANTINED))
            oracle_say(o, held ? ORACLE_TWICE : ORACLE_LOST, "the record in quarantine %s %s",
                       held ? "holds" : "does not hold", d->rcpt[r]);
    }
}

static void check_json(struct oracle *o, int i, const char *path)
{
    const struct deposit *d = &o->set->d[i];
    struct buf b = {0};

    if (disk_read(&b, path) < 0 || b.n < 2 || b.p[0] != '{' || !memchr(b.p + b.n - 2, '}', 2))
        oracle_say(o, ORACLE_TORN, "%s: the decision record is not whole: %s", d->tag, path);
    for (size_t r = 0; r < d->rcpt_n && b.n; r++)
        if (d->end[r] == DEPOSIT_QUARANTINED && !memmem(b.p, b.n, d->rcpt[r], strlen(d->rcpt[r])))
            oracle_say(o, ORACLE_OTHER, "%s: the decision record does not name %s", d->tag, d->rcpt[r]);
    check_held(o, d, buf_view(&b));
    buf_free(&b);
}

/* An entry of the class that the fate says; `stem` is its path without suffix. */
static void check_entry(struct oracle *o, const char *base, const char *stem)
{
    struct buf eml = {0}, hdr = {0};
    bool served[DEPOSIT_RCPT_MAX] = {false};
    int i, e;

    (void)disk_read(&eml, disk_path("%s.eml", stem).s);
    (void)disk_read(&hdr, disk_path("%s.hdr", stem).s);
    i = deposit_find_original(o->set, buf_view(&eml));
    e = deposit_find_envelope(o->set, buf_view(&hdr), served);
    if (i < 0 || e < 0)
        oracle_say(o, ORACLE_TORN, "quarantine entry %s has not the deposited bytes", base);
    else if (i != e)
        oracle_say(o, ORACLE_MIXED, "quarantine entry %s: %s in the envelope of %s", base, o->set->d[i].tag,
                   o->set->d[e].tag);
    else if (!view_equal(buf_view(&hdr), buf_view(&o->set->d[i].hdr)))
        oracle_say(o, ORACLE_OTHER, "quarantine entry %s has not the original envelope", base);
    if (i >= 0) {
        o->seen[i].quarantined++;
        oracle_note_base(o, i, base);
        check_json(o, i, disk_path("%s.json", stem).s);
    }
    buf_free(&eml);
    buf_free(&hdr);
}

/* An entry of another class: right only after an error, or when the envelope was destroyed by its depositor.
 */
static void check_parked(struct oracle *o, const char *class, const char *base, const char *stem)
{
    struct buf eml = {0};
    int i;

    (void)disk_read(&eml, disk_path("%s.eml", stem).s);
    i = deposit_find_original(o->set, buf_view(&eml));
    if (i < 0)
        oracle_say(o, ORACLE_TORN, "quarantine/%s/%s has not the deposited bytes", class, base);
    else
        o->seen[i].parked++;
    if (i >= 0 && !o->lenient && !o->set->d[i].ruined)
        oracle_say(o, ORACLE_OTHER, "%s was moved to quarantine/%s as %s", o->set->d[i].tag, class, base);
    buf_free(&eml);
}

static bool entry_is_complete(const char *stem)
{
    return disk_exists(disk_path("%s.eml", stem).s) && disk_exists(disk_path("%s.hdr", stem).s) &&
           disk_exists(disk_path("%s.json", stem).s);
}

/* Nothing is under way any more: each file must belong to an entry. */
static void check_final_file(struct oracle *o, const char *class, const char *base, const char *stem)
{
    if (strcmp(class, "failed") == 0) /* only its content has to be there */
        check_parked(o, class, base, stem);
    else if (!entry_is_complete(stem))
        oracle_say(o, ORACLE_HALF, "quarantine/%s/%s is incomplete", class, base);
    else if (strcmp(class, "virus") == 0 || strcmp(class, "spam") == 0)
        check_entry(o, base, stem);
    else
        check_parked(o, class, base, stem);
}

/* `end` is false while a settle may still be under way: then an entry without .hdr is none yet. */
static void check_class(struct oracle *o, const char *class, bool end)
{
    struct disk_path dir = disk_path("%s/quarantine/%s", o->root, class), base, stem;
    struct disk_list l = {0};

    disk_list(&l, dir.s);
    for (size_t i = 0; i < l.n; i++) {
        if (l.name[i][0] == '.')
            continue;
        if (strcmp(class, "failed") == 0 && strcmp(l.name[i], "stray") == 0) {
            if (end)
                check_empty(o, "quarantine/failed/stray");
            continue;
        }
        if (!disk_cut_suffix(&base, l.name[i], ".hdr") && !disk_cut_suffix(&base, l.name[i], ".eml")) {
            if (end && !disk_cut_suffix(&base, l.name[i], ".json"))
                oracle_say(o, ORACLE_OTHER, "left over: quarantine/%s/%s", class, l.name[i]);
            continue;
        }
        stem = disk_path("%.500s/%.500s", dir.s, base.s);
        if (!end && disk_cut_suffix(&base, l.name[i], ".hdr") && !entry_is_complete(stem.s))
            oracle_say(o, ORACLE_HALF, "quarantine/%s/%s has an envelope but is incomplete", class, base.s);
        /* Once for each entry: the .hdr counts only where it is alone. */
        if (end &&
            (disk_cut_suffix(&base, l.name[i], ".eml") || !disk_exists(disk_path("%.900s.eml", stem.s).s)))
            check_final_file(o, class, base.s, stem.s);
    }
    disk_list_free(&l);
}

static void check_quarantine(struct oracle *o, bool end)
{
    struct disk_list classes = {0};

    disk_list(&classes, disk_path("%s/quarantine", o->root).s);
    for (size_t i = 0; i < classes.n; i++)
        if (classes.name[i][0] != '.')
            check_class(o, classes.name[i], end);
    disk_list_free(&classes);
}

static void check_recipient(struct oracle *o, size_t i, size_t r)
{
    const struct deposit *d = &o->set->d[i];
    unsigned n = o->seen[i].served[r];
    bool due = d->end[r] == DEPOSIT_DELIVERED;

    if (due && n == 0)
        oracle_say(o, ORACLE_LOST, "%s was never delivered", d->rcpt[r]);
    else if (n > 1)
        oracle_say(o, ORACLE_TWICE, "%s was delivered %u times", d->rcpt[r], n);
    else if (!due && n > 0)
        oracle_say(o, ORACLE_OTHER, "%s was delivered and should not have been", d->rcpt[r]);
}

static void check_account(struct oracle *o, size_t i)
{
    const struct deposit *d = &o->set->d[i];
    const struct oracle_seen *s = &o->seen[i];
    unsigned due = deposit_count_end(d, DEPOSIT_QUARANTINED) > 0;

    if (d->ruined && !s->parked)
        oracle_say(o, ORACLE_LOST, "the content of %s is nowhere", d->tag);
    if (d->ruined || (o->lenient && s->parked)) {
        o->parked++;
        for (size_t r = 0; r < d->rcpt_n; r++)
            if (s->served[r])
                oracle_say(o, ORACLE_OTHER, "%s was delivered and parked as well", d->rcpt[r]);
        return;
    }
    for (size_t r = 0; r < d->rcpt_n; r++)
        check_recipient(o, i, r);
    if (s->quarantined < due)
        oracle_say(o, ORACLE_LOST, "%s is not in quarantine", d->tag);
    else if (s->quarantined > due)
        oracle_say(o, due ? ORACLE_TWICE : ORACLE_OTHER, "%s is %u times in quarantine", d->tag,
                   s->quarantined);
}

void oracle_check_standing(struct oracle *o)
{
    oracle_check_outgoing(o);
    check_quarantine(o, false);
    oracle_check_claims(o);
}

void oracle_check_end(struct oracle *o)
{
    oracle_check_standing(o);
    oracle_take_outgoing(o, ORACLE_TAKE_WHOLE);
    check_empty(o, "proc");
    check_empty(o, "incoming");
    check_empty(o, "outgoing");
    check_quarantine(o, true);
    for (size_t i = 0; i < o->set->n; i++)
        check_account(o, i);
    oracle_check_discards(o);
    oracle_check_books(o);
}
