/*
 * deposit.c - see deposit.h.
 *
 * One table row per message. The rows cover every fate, both line ends, an
 * mbox line, a name that must be made harmless and a content of several writes.
 */
#include "tests/crash/deposit_part.h"

#include <stdio.h>
#include <unistd.h>

#define BIG_LINES 2000 /* about 100 kB: more than any single write */

static const struct deposit_row rows[] = {
    {"d01", "d01", "send", 1, false, false, false, DEPOSIT_DELIVERED, DEPOSIT_DELIVERED, 1, false},
    {"d02", "d02", "split", 4, false, false, false, DEPOSIT_DELIVERED, DEPOSIT_DELIVERED, 2, false},
    {"d03", "d03", "q-virus", 2, true, false, false, DEPOSIT_QUARANTINED, DEPOSIT_QUARANTINED, 1, false},
    {"d04", "d04", "sendq", 3, false, false, false, DEPOSIT_DELIVERED, DEPOSIT_QUARANTINED, 1, false},
    {"d05", "d05", "drop", 2, false, false, false, DEPOSIT_DROPPED, DEPOSIT_DROPPED, 1, false},
    {"d06", "d06", "senddrop", 3, true, false, false, DEPOSIT_DELIVERED, DEPOSIT_DROPPED, 1, false},
    {"d07", "d07", "hold:2", 1, false, false, false, DEPOSIT_DELIVERED, DEPOSIT_DELIVERED, 1, false},
    {"d08 odd", "d08_odd", "send", 2, true, false, false, DEPOSIT_DELIVERED, DEPOSIT_DELIVERED, 1, false},
    {"d09", "d09", "send", 1, false, true, false, DEPOSIT_DELIVERED, DEPOSIT_DELIVERED, 1, false},
    {"d10", "d10", "split", 3, false, false, true, DEPOSIT_DELIVERED, DEPOSIT_DELIVERED, 2, false},
    {"d11", "d11", NULL, 2, false, false, false, DEPOSIT_QUARANTINED, DEPOSIT_QUARANTINED, 1, true},
    {"d12", "d12", NULL, 1, true, false, true, DEPOSIT_QUARANTINED, DEPOSIT_QUARANTINED, 1, true},
};
#define ROWS_N (sizeof(rows) / sizeof(rows[0]))

static void fill_recipients(struct deposit *d, const struct deposit_row *r)
{
    d->rcpt_n = r->rcpt_n;
    for (size_t i = 0; i < d->rcpt_n; i++) {
        snprintf(d->rcpt[i], sizeof(d->rcpt[i]), "rcpt%zu-%s@example.org", i + 1, d->tag);
        d->end[i] = i == 0 ? r->first : r->rest;
        if (d->end[i] == DEPOSIT_DELIVERED)
            d->copy[i] = 1 + (unsigned)i % r->copies;
    }
}

static void write_content(struct deposit *d, const struct deposit_row *r)
{
    const char *nl = r->crlf ? "\r\n" : "\n";
    struct buf *b = &d->eml;

    if (r->mbox)
        buf_addf(b, "From sender@example.net Sun Mar  1 10:00:00 2026%s", nl);
    d->mbox_n = b->n;
    buf_addf(b, "Received: from client.example.net (192.0.2.7)%s\tby mx.example.net with ESMTP; %s", nl,
             "Sun, 1 Mar 2026 10:00:00 +0000");
    buf_addf(b, "%sFrom: sender@example.net%sTo: %s%sSubject: test %s%s", nl, nl, d->rcpt[0], nl, d->tag, nl);
    buf_addf(b, "Message-ID: <%s@example.net>%s%s", d->tag, nl, nl);
    for (int i = 0; i < (r->big ? BIG_LINES : 3); i++)
        buf_addf(b, "line %d of the message with %s%s", i, d->tag, nl);
    if (r->virus) /* in two pieces, so that no scanner takes this file for it */
        buf_addf(b, "X5O!P%%@AP[4\\PZX54(P^)7CC)7}$EICAR-%s%s", "STANDARD-ANTIVIRUS-TEST-FILE!$H+H*", nl);
    buf_addf(b, ".%sthe end of %s%s", nl, d->tag, nl);
}

static void write_envelope(struct deposit *d, const struct deposit_row *r)
{
    const char *nl = r->crlf ? "\r\n" : "\n";
    struct buf *b = &d->hdr;

    buf_addf(b, "Written%s<bounce-%s@example.net>%s", nl, d->tag, nl);
    d->line3 = b->n;
    for (size_t i = 0; i < d->rcpt_n; i++)
        buf_addf(b, "%s%s", i ? "," : "", d->rcpt[i]);
    buf_add_str(b, nl);
    d->line4 = b->n;
    if (r->fate)
        buf_addf(b, "x-spoold-test: %s%s", r->fate, nl);
    buf_addf(b, "connectedip: 192.0.2.7%s%s", nl, nl);
}

struct deposit *deposit_begin(struct deposit_set *s, const struct deposit_row *r, unsigned generation,
                              size_t number)
{
    struct deposit *d = &s->d[s->n++];

    *d = (struct deposit){.ruined = false};
    snprintf(d->name, sizeof(d->name), "%s", r->name);
    snprintf(d->clean, sizeof(d->clean), "%s", r->clean);
    snprintf(d->tag, sizeof(d->tag), "tag%02zug%ux", number, generation);
    return d;
}

void deposit_write(struct deposit *d, const struct deposit_row *r)
{
    write_content(d, r);
    write_envelope(d, r);
}

void deposit_add_all(struct deposit_set *s, unsigned generation, bool viruses)
{
    for (size_t i = 0; i < ROWS_N && s->n < DEPOSIT_MAX; i++) {
        struct deposit *d;

        if (rows[i].virus && !viruses)
            continue;
        d = deposit_begin(s, &rows[i], generation, i + 1);
        d->examined = viruses;
        fill_recipients(d, &rows[i]);
        deposit_write(d, &rows[i]);
    }
}

void deposit_free(struct deposit_set *s)
{
    for (size_t i = 0; i < s->n; i++) {
        buf_free(&s->d[i].eml);
        buf_free(&s->d[i].hdr);
    }
    s->n = 0;
}

static void put_half(const struct buf *bytes, const struct disk_path *path, bool *put)
{
    if (*put || disk_exists(path->s))
        return;
    disk_write(path->s, buf_view(bytes));
    *put = true;
}

/*
 * The most careless depositor that is still allowed: it looks only at the name it is about
 * to make. So after half a claim the new content stands beside the old envelope.
 */
void deposit_put(struct deposit_set *s, const char *root)
{
    for (size_t i = 0; i < s->n; i++) {
        struct deposit *d = &s->d[i];
        struct disk_path eml = disk_path("%s/incoming/%s.eml", root, d->name);
        struct disk_path hdr = disk_path("%s/incoming/%s.hdr", root, d->name);

        put_half(&d->eml, &eml, &d->eml_put);
        if (d->eml_put)
            put_half(&d->hdr, &hdr, &d->hdr_put);
    }
}

static void overwrite_one(struct deposit *old, struct deposit *new, const char *root)
{
    struct disk_path eml = disk_path("%s/incoming/%s.eml", root, old->name);
    struct disk_path hdr = disk_path("%s/incoming/%s.hdr", root, old->name);

    if (disk_exists(eml.s) || !disk_exists(hdr.s))
        return;
    put_half(&new->eml, &eml, &new->eml_put);
    (void)unlink(hdr.s);
    put_half(&new->hdr, &hdr, &new->hdr_put);
    old->ruined = true;
}

void deposit_overwrite(struct deposit_set *s, const char *root)
{
    for (size_t i = 0; i < s->n; i++)
        for (size_t k = i + 1; k < s->n; k++)
            if (strcmp(s->d[i].name, s->d[k].name) == 0)
                overwrite_one(&s->d[i], &s->d[k], root);
}

bool deposit_all_put(const struct deposit_set *s)
{
    for (size_t i = 0; i < s->n; i++)
        if (!s->d[i].hdr_put)
            return false;
    return true;
}

size_t deposit_count_end(const struct deposit *d, enum deposit_end end)
{
    size_t n = 0;

    for (size_t i = 0; i < d->rcpt_n; i++)
        n += d->end[i] == end;
    return n;
}

size_t deposit_field_size(struct view v, struct view name)
{
    size_t n = 0;

    if (v.n < name.n || strncasecmp(v.p, name.p, name.n) != 0)
        return 0;
    do {
        const char *nl = memchr(v.p + n, '\n', v.n - n);

        if (!nl)
            return 0;
        n = (size_t)(nl - v.p) + 1;
    } while (n < v.n && (v.p[n] == ' ' || v.p[n] == '\t'));
    return n;
}

/* Takes our field about viruses off, where there is to be one; false when it does not say "clean". */
static bool take_virus(const struct deposit *d, struct view *eml)
{
    static const struct view clean = {"X-Spoold-Virus: clean", 21};
    size_t n = deposit_field_size(*eml, VIEW("X-Spoold-Virus:"));

    if ((n > 0) != d->examined || (n && memcmp(eml->p, clean.p, clean.n) != 0))
        return false;
    *eml = (struct view){eml->p + n, eml->n - n};
    return true;
}

static bool is_published(const struct deposit *d, struct view eml)
{
    struct view rest = {d->eml.p + d->mbox_n, d->eml.n - d->mbox_n};
    size_t trace, own;

    if (eml.n < d->mbox_n || memcmp(eml.p, d->eml.p, d->mbox_n) != 0)
        return false;
    eml.p += d->mbox_n;
    eml.n -= d->mbox_n;
    own = deposit_field_size(eml, VIEW("X-Spoold-Id:"));
    eml = (struct view){eml.p + own, eml.n - own};
    if (!take_virus(d, &eml))
        return false;
    if (!deposit_take_spam(&eml, d->judged))
        return false;
    trace = deposit_field_size(eml, VIEW("Received:"));
    eml = (struct view){eml.p + trace, eml.n - trace};
    return trace > 0 && own > 0 && (view_equal(eml, rest) || (d->judged && deposit_is_tagged(eml, rest)));
}

int deposit_find_published(const struct deposit_set *s, struct view eml)
{
    for (size_t i = 0; i < s->n; i++)
        if (is_published(&s->d[i], eml))
            return (int)i;
    return -1;
}

int deposit_find_original(const struct deposit_set *s, struct view eml)
{
    for (size_t i = 0; i < s->n; i++)
        if (view_equal(buf_view(&s->d[i].eml), eml))
            return (int)i;
    return -1;
}

/* Takes a recipient and one comma off the front of line 3. */
static bool cut_recipient(struct view *line, const char *rcpt)
{
    size_t n = strlen(rcpt);

    if (line->n < n || memcmp(line->p, rcpt, n) != 0)
        return false;
    if (line->n > n && line->p[n] != ',')
        return false;
    if (line->n == n + 1)
        return false;
    n += line->n > n;
    line->p += n;
    line->n -= n;
    return true;
}

static bool is_envelope(const struct deposit *d, struct view hdr, bool served[DEPOSIT_RCPT_MAX])
{
    size_t tail = d->hdr.n - d->line4, crlf = d->hdr.p[d->line4 - 2] == '\r' ? 2 : 1, n = 0;
    struct view line = {NULL, 0};

    tail += crlf; /* the end of line 3 is the same in every copy */
    if (hdr.n < d->line3 + tail || memcmp(hdr.p, d->hdr.p, d->line3) != 0)
        return false;
    if (memcmp(hdr.p + hdr.n - tail, d->hdr.p + d->hdr.n - tail, tail) != 0)
        return false;
    line = (struct view){hdr.p + d->line3, hdr.n - tail - d->line3};
    for (size_t i = 0; i < d->rcpt_n; i++) {
        served[i] = cut_recipient(&line, d->rcpt[i]);
        n += served[i];
    }
    return line.n == 0 && n > 0;
}

int deposit_find_envelope(const struct deposit_set *s, struct view hdr, bool served[DEPOSIT_RCPT_MAX])
{
    for (size_t i = 0; i < s->n; i++)
        if (is_envelope(&s->d[i], hdr, served) || deposit_is_redirected(&s->d[i], hdr, served))
            return (int)i;
    return -1;
}

int deposit_find_tag(const struct deposit_set *s, struct view bytes)
{
    for (size_t i = 0; i < s->n; i++)
        if (bytes.n && memmem(bytes.p, bytes.n, s->d[i].tag, strlen(s->d[i].tag)))
            return (int)i;
    return -1;
}
