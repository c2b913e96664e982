/*
 * rewrite_field.c - see rewrite_field.h. Called by rewrite.c; every byte is a stranger's.
 *
 * How it reads, so that no common mail reader finds a field that was to be removed:
 * - A line ends at LF, with any CRs before it, and also at CRs alone. The header section ends at the first
 *   line that is empty (LF or CRLF behind a LF) and at nothing else: not at blanks only, not at CR CR, not at
 *   CR CR LF, not at a line without a colon. Everything behind it is the body and is copied as it is.
 * - A field is a line and those after it that begin with a blank or tab. Its name is compared without case,
 * NUL, other control bytes and bytes above 0x7f in it and before it are looked through (some readers delete
 * what they cannot decode); no colon is asked for. Before a name CRs, and where no field comes before it also
 * blanks are looked through.
 * - Of the line ends before and behind a removed field the one that more readers know stays (CRLF, LF, CR):
 *   else the line after it would run into the one before it for some of them, and so could the body.
 * - A field of a name in rewrite_value.c is held until it is decided; what those mean is said there.
 * - Where fields are put at the top, a first line that begins with a blank becomes part of the last of them;
 *   who asks for them puts one there whose value may grow (the trace field).
 */
#include "workers/rewrite_field.h"

#include "workers/rewrite_owed.h"
#include "workers/rewrite_value.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_control(char c)
{
    unsigned char u = (unsigned char)c;

    return (u < 0x20 && u != '\t' && u != '\r' && u != '\n') || u >= 0x7f;
}

static bool is_eol(char c)
{
    return c == '\r' || c == '\n';
}

/* Bytes of a byte order mark are taken one by one: any others of them are no part of a prefix either. */
static bool is_lead(char c)
{
    return is_blank(c) || is_control(c);
}

static void hold_lead(struct rewrite_field *f, char c, uint64_t count)
{
    if (rewrite_owed_hold(f, c, count, REWRITE_LEAD_RUNS))
        return;
    f->flooded = true;
    rewrite_owed_put_held(f);
    rewrite_owed_hold(f, c, count, REWRITE_LEAD_RUNS);
}

/* ---- the ends of lines ---- */

static void begin_header(struct rewrite_field *f)
{
    rewrite_owed_put_before(f);
    rewrite_edit_prepend(f->edits, f->crlf, f->out);
    f->mbox = false;
    f->top = !f->edits->prepends;
    f->fate = REWRITE_KEEP;
    f->place = REWRITE_LINE;
}

/* A line without a name ends. */
static void end_nameless(struct rewrite_field *f)
{
    if (f->from == REWRITE_LINE && f->eol.cr <= 1) {
        rewrite_owed_put_before(f);
        rewrite_value_missing(f);
        rewrite_owed_put_eol(f, &f->eol);
        f->place = REWRITE_BODY;
        return;
    }
    f->place = REWRITE_LINE;
    rewrite_owed_put_held(f);
    f->before = f->eol;
}

static void end_line(struct rewrite_field *f)
{
    bool nameless = f->from == REWRITE_LINE || f->from == REWRITE_LEAD;

    if (nameless && !f->eol.lf) {
        /* CRs with no line before them that they could end: some readers trim them off the name. */
        hold_lead(f, '\r', f->eol.cr);
        f->place = REWRITE_LEAD;
        return;
    }
    if (nameless) {
        end_nameless(f);
    } else if (f->from == REWRITE_VALUE) {
        rewrite_value_line(f);
    } else {
        if (f->fate != REWRITE_DROP)
            f->before = f->eol;
        f->place = REWRITE_LINE;
    }
    if (f->mbox && f->eol.lf) {
        rewrite_owed_settle(f);
        begin_header(f);
    }
}

static void begin_end(struct rewrite_field *f)
{
    f->from = f->place;
    f->eol = (struct rewrite_eol){0};
    f->place = REWRITE_END;
}

/* ---- one step per place: takes some of the bytes, or none and changes the place ---- */

static size_t step_end(struct rewrite_field *f, struct view v)
{
    size_t i = 0;

    while (i < v.n && v.p[i] == '\r')
        i++;
    f->eol.cr += i;
    if (i == v.n)
        return i;
    f->eol.lf = v.p[i] == '\n';
    end_line(f);
    return i + f->eol.lf;
}

static size_t step_line(struct rewrite_field *f, struct view v)
{
    if (f->fate == REWRITE_OPEN) {
        if (is_blank(v.p[0]) && !f->top && rewrite_value_fold(f)) {
            f->place = REWRITE_VALUE;
            return 0;
        }
        rewrite_value_close_line(f, !is_blank(v.p[0]));
    }
    if (is_blank(v.p[0]) && (!f->top || f->fate == REWRITE_DROP)) {
        if (f->fate == REWRITE_KEEP)
            rewrite_owed_put_before(f);
        f->place = REWRITE_REST;
        return 0;
    }
    rewrite_owed_settle(f);
    rewrite_hop_begin(&f->hop);
    f->walk = rewrite_edit_walk(f->edits);
    rewrite_value_begin(f);
    f->blank_lead = f->flooded = false;
    if (is_eol(v.p[0]))
        begin_end(f);
    else
        f->place = REWRITE_LEAD;
    return 0;
}

static void begin_name(struct rewrite_field *f)
{
    /* A first line that begins with a blank is no field, and what follows may be the next such line. */
    f->top = f->top && f->blank_lead;
    if (f->held_n || f->flooded)
        rewrite_value_doubt(f);
    f->place = REWRITE_NAME;
}

static size_t step_lead(struct rewrite_field *f, struct view v)
{
    size_t i = 0;

    for (; i < v.n && is_lead(v.p[i]); i++) {
        f->blank_lead |= is_blank(v.p[i]);
        hold_lead(f, v.p[i], 1);
    }
    if (i < v.n && is_eol(v.p[i]))
        begin_end(f);
    else if (i < v.n)
        begin_name(f);
    return i;
}

static void keep_name(struct rewrite_field *f)
{
    rewrite_owed_put_held(f);
    f->place = REWRITE_REST;
}

static size_t step_name(struct rewrite_field *f, struct view v)
{
    for (size_t i = 0; i < v.n; i++) {
        enum rewrite_match m = REWRITE_MAYBE;

        if (is_eol(v.p[i])) {
            if (!rewrite_value_name_end(f))
                keep_name(f);
            return i;
        }
        if (is_control(v.p[i]))
            rewrite_value_doubt(f);
        else if (rewrite_value_name(f, v.p[i]))
            return i;
        else
            m = rewrite_edit_step(f->edits, &f->walk, v.p[i]);
        if (m == REWRITE_MISS && !f->names) {
            keep_name(f);
            return i;
        }
        /* So many control bytes between letters that all agree so far: no honest program writes that. */
        if (m == REWRITE_HIT || !rewrite_owed_hold(f, v.p[i], 1, REWRITE_HELD_RUNS)) {
            rewrite_owed_drop(f);
            return i;
        }
        rewrite_hop_add(&f->hop, (struct view){v.p + i, 1});
    }
    return v.n;
}

static size_t step_value(struct rewrite_field *f, struct view v)
{
    size_t i = 0, n;

    while (i < v.n && !is_eol(v.p[i]))
        i++;
    n = rewrite_value_add(f, (struct view){v.p, i});
    if (n == i && i < v.n)
        begin_end(f);
    return n;
}

static size_t step_rest(struct rewrite_field *f, struct view v)
{
    size_t i = 0;

    while (i < v.n && !is_eol(v.p[i]))
        i++;
    if (f->hop.at != REWRITE_HOP_OFF)
        rewrite_hop_add(&f->hop, (struct view){v.p, i});
    if (f->fate == REWRITE_KEEP)
        rewrite_out_add(f->out, (struct view){v.p, i});
    if (i < v.n)
        begin_end(f);
    return i;
}

static size_t step_body(struct rewrite_field *f, struct view v)
{
    rewrite_out_flush(f->out, v);
    return v.n;
}

void rewrite_field_begin(struct rewrite_field *f, const struct rewrite_edits *e, struct rewrite_out *o,
                         const struct rewrite_start *start)
{
    /* Up to the runs: those are written before they are read, and clearing them would cost a small message.
     */
    memset(f, 0, offsetof(struct rewrite_field, held));
    f->edits = e;
    f->out = o;
    f->crlf = start->crlf;
    f->mbox = start->mbox;
    f->hop.host = e->host;
    f->place = REWRITE_REST;
    if (!f->mbox)
        begin_header(f);
}

void rewrite_field_add(struct rewrite_field *f, struct view v)
{
    static size_t (*const step[REWRITE_PLACE__MAX])(struct rewrite_field *, struct view) = {
        [REWRITE_LINE] = step_line,   [REWRITE_LEAD] = step_lead, [REWRITE_NAME] = step_name,
        [REWRITE_REST] = step_rest,   [REWRITE_END] = step_end,   [REWRITE_BODY] = step_body,
        [REWRITE_VALUE] = step_value,
    };

    while (v.n) {
        size_t n = step[f->place](f, v);

        v.p += n;
        v.n -= n;
    }
}

void rewrite_field_end(struct rewrite_field *f)
{
    if (f->place == REWRITE_END)
        end_line(f);
    if (f->place == REWRITE_LINE && f->fate == REWRITE_OPEN)
        rewrite_value_close_line(f, true);
    if (f->place == REWRITE_VALUE)
        rewrite_value_close(f, true);
    if (f->place == REWRITE_LINE)
        rewrite_owed_settle(f);
    if (f->place == REWRITE_LEAD || f->place == REWRITE_NAME)
        rewrite_owed_put_held(f);
    /* A line without a name is left as it is: its end could make it the empty line. */
    if (f->place != REWRITE_BODY && f->place != REWRITE_LEAD)
        rewrite_value_missing_end(f, f->place == REWRITE_NAME ||
                                         (f->place == REWRITE_REST && f->fate != REWRITE_DROP));
    rewrite_owed_put_before(f);
    rewrite_out_flush(f->out, (struct view){0});
}
