/*
 * rewrite_value.c - see rewrite_value.h. Called by rewrite_field.c only.
 *
 * The two names are read differently, for what is forged and what is to be seen are opposites. A forged field
 * goes where any reader could find its name: control bytes are looked through as in all names that are
 * removed, and a value that cannot be decided, for lack of room or of an end, goes as well. A subject is one
 * only where all readers find it: right at the begin of a line behind a LF, with blanks at most before its
 * colon; else the text would stand in a field that nobody shows, and the one that is shown would be without
 * it.
 */
#include "workers/rewrite_value.h"

#include "workers/rewrite_ar.h"
#include "workers/rewrite_owed.h"
#include "workers/rewrite_subject.h"

enum { NAME_SUBJECT, NAME_AR, NAME__MAX };
static const struct view names[NAME__MAX] = {
    [NAME_SUBJECT] = {"subject", 7},
    [NAME_AR] = {"authentication-results", 22},
};

static struct view eol_of(const struct rewrite_field *f)
{
    return f->crlf ? VIEW("\r\n") : VIEW("\n");
}

void rewrite_value_begin(struct rewrite_field *f)
{
    bool behind_lf = f->before.lf || !f->before.cr; /* what will stand before it, fields that go left out */

    f->name_n = 0;
    f->names = f->edits->ar.n ? 1u << NAME_AR : 0;
    if (f->edits->subject.n && !f->subject_done && behind_lf)
        f->names |= 1u << NAME_SUBJECT;
}

void rewrite_value_doubt(struct rewrite_field *f)
{
    f->names &= ~(1u << NAME_SUBJECT);
}

static void hold(struct rewrite_field *f)
{
    f->value_n = 0;
    f->fate = REWRITE_OPEN;
    f->place = REWRITE_VALUE;
}

/* Which of them has been read to its end; NAME__MAX: none. */
static unsigned complete(const struct rewrite_field *f)
{
    for (unsigned k = 0; k < NAME__MAX; k++)
        if ((f->names & (1u << k)) && f->name_n == names[k].n)
            return k;
    return NAME__MAX;
}

bool rewrite_value_name(struct rewrite_field *f, char c)
{
    if (!f->names)
        return false;
    if (complete(f) != NAME__MAX && (c == ':' || c == ' ' || c == '\t')) {
        hold(f);
        return true;
    }
    for (unsigned k = 0; k < NAME__MAX; k++)
        if (f->name_n >= names[k].n || names[k].p[f->name_n] != rewrite_edit_lower(c))
            f->names &= ~(1u << k);
    f->name_n++;
    return false;
}

bool rewrite_value_name_end(struct rewrite_field *f)
{
    if (complete(f) != NAME_AR)
        return false;
    hold(f);
    return true;
}

size_t rewrite_value_add(struct rewrite_field *f, struct view v)
{
    size_t room = sizeof f->value - f->value_n, n = v.n < room ? v.n : room;

    memcpy(f->value + f->value_n, v.p, n);
    f->value_n += n;
    if (n < v.n)
        rewrite_value_close(f, false);
    return n;
}

bool rewrite_value_fold(struct rewrite_field *f)
{
    if (f->eol.cr + 1 > sizeof f->value - f->value_n)
        return false;
    memset(f->value + f->value_n, '\r', (size_t)f->eol.cr);
    f->value_n += (size_t)f->eol.cr;
    f->value[f->value_n++] = '\n';
    return true;
}

static void put_subject(struct rewrite_field *f, struct view v)
{
    struct view text = f->edits->subject, value;
    size_t colon = 0;

    while (colon < v.n && (v.p[colon] == ' ' || v.p[colon] == '\t'))
        colon++;
    if (colon == v.n || v.p[colon] != ':') {
        rewrite_out_add(f->out, v);
        return;
    }
    f->subject_done = true;
    value = (struct view){v.p + colon + 1, v.n - colon - 1};
    rewrite_out_add(f->out, (struct view){v.p, colon + 1});
    if (!rewrite_subject_has(value, text))
        rewrite_subject_put(text, value, f->crlf, f->out);
    rewrite_out_add(f->out, value);
}

void rewrite_value_close(struct rewrite_field *f, bool whole)
{
    struct view v = {f->value, f->value_n};

    f->place = REWRITE_REST;
    if (complete(f) == NAME_AR && rewrite_ar_read(v, whole, f->edits->ar) != REWRITE_AR_OTHER) {
        rewrite_owed_drop(f);
        return;
    }
    f->fate = REWRITE_KEEP;
    rewrite_owed_put_held(f);
    if (complete(f) == NAME_SUBJECT)
        put_subject(f, v);
    else
        rewrite_out_add(f->out, v);
}

void rewrite_value_close_line(struct rewrite_field *f, bool whole)
{
    rewrite_value_close(f, whole);
    if (f->fate != REWRITE_DROP)
        f->before = f->eol;
    f->place = REWRITE_LINE;
}

/* Behind a CR alone it goes on for some readers and not for others, and the mbox line ends with any LF. */
void rewrite_value_line(struct rewrite_field *f)
{
    f->place = REWRITE_LINE;
    if (!f->eol.lf || f->mbox)
        rewrite_value_close_line(f, f->eol.lf);
}

void rewrite_value_missing(struct rewrite_field *f)
{
    if (!f->edits->subject.n || f->subject_done)
        return;
    f->subject_done = true;
    rewrite_out_add(f->out, VIEW("Subject:"));
    rewrite_subject_put(f->edits->subject, (struct view){0}, f->crlf, f->out);
    rewrite_out_add(f->out, eol_of(f));
}

void rewrite_value_missing_end(struct rewrite_field *f, bool open)
{
    bool bare = f->before.cr && !f->before.lf;

    if (!f->edits->subject.n || f->subject_done)
        return;
    rewrite_owed_put_before(f);
    if (open)
        rewrite_out_add(f->out, eol_of(f));
    else if (bare)
        rewrite_out_add(f->out, VIEW("\n"));
    rewrite_value_missing(f);
}
