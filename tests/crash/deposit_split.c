/*
 * deposit_split.c - messages that are not the same for all of their recipients.
 *
 * Each recipient's domain has a profile with an action of its own. What must become of whom is read from one
 * letter each in the table below, by rules that stand here and nowhere else: in order of their first
 * recipient, equal ones share a copy; all that are not sent share the stricter fate.
 */
#include "tests/crash/deposit_part.h"

#include <stdio.h>

#define TEXT   "[SPAM?] "
#define ID_LEN 25
#define KEY    "x-spoold-redirected: "

static const struct letter {
    char c;
    const char *domain;
    enum deposit_end end;
    enum deposit_form form;
} letters[] = {
    {'p', "example.org", DEPOSIT_DELIVERED, DEPOSIT_PLAIN},
    {'t', "tag.example.org", DEPOSIT_DELIVERED, DEPOSIT_TAGGED},
    {'r', "away.example.org", DEPOSIT_DELIVERED, DEPOSIT_REDIRECTED},
    {'q', "keep.example.org", DEPOSIT_QUARANTINED, DEPOSIT_PLAIN},
    {'d', "drop.example.org", DEPOSIT_DROPPED, DEPOSIT_PLAIN},
};

const char deposit_domains[] = "tag.example.org tag\naway.example.org away\nkeep.example.org keep\n"
                               "drop.example.org drop\n";
const char *const deposit_settings[] = {"lists.domains=@lists/domains",
                                        "headers.weight_hit=" DEPOSIT_WEIGHT,
                                        "profile tag.low.action=tag",
                                        "profile away.low.action=redirect",
                                        "profile keep.low.action=quarantine",
                                        "profile drop.low.action=discard",
                                        "profile away.low.redirect=" DEPOSIT_AWAY,
                                        NULL};

static const struct split {
    struct deposit_row row;
    const char *wants; /* a letter for each recipient */
} splits[] = {
    {{.name = "s01", .clean = "s01"}, "ptpqt"},
    {{.name = "s02", .clean = "s02", .crlf = true}, "tdpdp"},
    {{.name = "s03", .clean = "s03"}, "rprtp"},
    {{.name = "s04", .clean = "s04"}, "rqd"},
    {{.name = "s05", .clean = "s05", .crlf = true}, "rr"},
    {{.name = "s06", .clean = "s06", .mbox = true}, "drtqpr"},
    {{.name = "s07", .clean = "s07", .big = true}, "dpr"},
    {{.name = "s08", .clean = "s08"}, "pp"},
};

static const struct letter *letter_of(char c)
{
    const struct letter *l = letters;

    while (l->c != c)
        l++;
    return l;
}

/* The copy that has this form already; 0 = none. */
static unsigned copy_of(const struct deposit *d, size_t n, enum deposit_form form)
{
    for (size_t i = 0; i < n; i++)
        if (d->end[i] == DEPOSIT_DELIVERED && d->form[i] == form)
            return d->copy[i];
    return 0;
}

static void fill(struct deposit *d, const struct split *s)
{
    unsigned copies = 0;

    for (size_t i = 0; s->wants[i]; i++) {
        const struct letter *l = letter_of(s->wants[i]);

        snprintf(d->rcpt[i], sizeof(d->rcpt[i]), "rcpt%zu-%s@%s", i + 1, d->tag, l->domain);
        d->end[i] = l->end == DEPOSIT_DROPPED && strchr(s->wants, 'q') ? DEPOSIT_QUARANTINED : l->end;
        d->form[i] = l->form;
        d->rcpt_n = i + 1;
        if (l->end != DEPOSIT_DELIVERED)
            continue;
        d->copy[i] = copy_of(d, i, l->form);
        if (!d->copy[i])
            d->copy[i] = ++copies;
    }
}

void deposit_add_split(struct deposit_set *s, unsigned generation, bool by_key)
{
    for (size_t i = 0; i < sizeof(splits) / sizeof(splits[0]) && s->n < DEPOSIT_MAX; i++) {
        struct deposit_row row = splits[i].row;
        struct deposit *d = deposit_begin(s, &row, generation, i + 1);

        d->judged = true;
        fill(d, &splits[i]);
        row.fate = by_key ? "judged" : NULL;
        deposit_write(d, &row);
    }
}

/* --- what comes out ------------------------------------------------------- */

static bool take_field(struct view *eml, struct view name)
{
    size_t n = deposit_field_size(*eml, name);

    *eml = (struct view){eml->p + n, eml->n - n};
    return n > 0;
}

bool deposit_take_spam(struct view *eml, bool spam)
{
    const struct view flag = spam ? VIEW("X-Spam-Flag: YES") : VIEW("X-Spam-Flag: NO");
    struct view v = *eml;

    take_field(&v, VIEW("Authentication-Results:"));
    if (v.n < flag.n || memcmp(v.p, flag.p, flag.n) != 0 || !take_field(&v, VIEW("X-Spam-Flag:")) ||
        !take_field(&v, VIEW("X-Spam-Level:")) || !take_field(&v, VIEW("X-Spam-Score:")) ||
        !take_field(&v, VIEW("X-Spam-Status:")))
        return !spam;
    *eml = v;
    return true;
}

static const char *subject_of(struct view v)
{
    static const char name[] = "\nSubject: ";
    const char *at = memmem(v.p, v.n, name, sizeof(name) - 1);

    return at ? at + sizeof(name) - 1 : NULL;
}

bool deposit_is_tagged(struct view eml, struct view plain)
{
    const char *at = subject_of(eml);
    const size_t text = sizeof(TEXT) - 1, before = at ? (size_t)(at - eml.p) : 0;

    return at && eml.n == plain.n + text && memcmp(eml.p, plain.p, before) == 0 &&
           memcmp(at, TEXT, text) == 0 && memcmp(at + text, plain.p + before, plain.n - before) == 0;
}

static bool take(struct view *v, const char *bytes, size_t n)
{
    if (v->n < n || memcmp(v->p, bytes, n) != 0)
        return false;
    *v = (struct view){v->p + n, v->n - n};
    return true;
}

static bool take_text(struct view *v, const char *text)
{
    return take(v, text, strlen(text));
}

/* "<a>,<b>" in the order of the deposit. */
static size_t take_replaced(const struct deposit *d, struct view *v, bool served[DEPOSIT_RCPT_MAX])
{
    size_t n = 0;

    for (size_t i = 0; i < d->rcpt_n; i++) {
        char item[80];
        struct view rest = *v;

        snprintf(item, sizeof(item), "%s<%s>", n ? "," : "", d->rcpt[i]);
        served[i] = take_text(&rest, item);
        if (served[i])
            *v = rest;
        n += served[i];
    }
    return n;
}

bool deposit_is_redirected(const struct deposit *d, struct view hdr, bool served[DEPOSIT_RCPT_MAX])
{
    const char *nl = d->hdr.p[d->line4 - 2] == '\r' ? "\r\n" : "\n";
    struct view v = hdr;

    if (!take(&v, d->hdr.p, d->line3) || !take_text(&v, DEPOSIT_AWAY) || !take_text(&v, nl) ||
        !take_text(&v, KEY) || v.n < ID_LEN)
        return false;
    v = (struct view){v.p + ID_LEN, v.n - ID_LEN};
    return take_text(&v, " ") && take_replaced(d, &v, served) > 0 && take_text(&v, nl) &&
           view_equal(v, (struct view){d->hdr.p + d->line4, d->hdr.n - d->line4});
}

const char *deposit_find_fault(const struct deposit *d, const bool served[DEPOSIT_RCPT_MAX], struct view eml,
                               struct view hdr)
{
    const bool away = memmem(hdr.p, hdr.n, DEPOSIT_AWAY, strlen(DEPOSIT_AWAY)) != NULL;
    const char *at = subject_of(eml);
    const bool tagged = at && strncmp(at, TEXT, sizeof(TEXT) - 1) == 0;

    for (size_t i = 0; i < d->rcpt_n; i++) {
        if (!served[i])
            continue;
        if (away != (d->form[i] == DEPOSIT_REDIRECTED))
            return away ? "is redirected" : "is not redirected";
        if (tagged != (d->form[i] == DEPOSIT_TAGGED))
            return tagged ? "has a text in its subject" : "has no text in its subject";
    }
    return NULL;
}
