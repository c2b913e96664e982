/*
 * recover.c - the state table of protocol.md section 4, one row each, and the names that it is read from.
 *
 * Pure functions over file names: no disk, no clock, no memory of what this
 * process did. The rows stand in the order in which they are asked; their
 * numbers are those of the protocol. Rows 13 and 14 (.keep, .pass) are not
 * there: spoold never publishes an inode that a depositor can hold open, so it
 * never makes those states, and meeting one is row 0.
 */
#include "spoold/recover.h"

#include "spoold/negative.h"

#include <stdio.h>

static bool any_outs(const struct recover_found *f)
{
    return f->outs_eml || f->outs_hdr || f->json_out;
}

static bool any_release(const struct recover_found *f)
{
    return f->release_eml || f->release_hdr;
}

static bool is_twofold(const struct recover_found *f, bool stage)
{
    (void)stage;
    return f->envelopes > 1;
}

static bool is_send(const struct recover_found *f, bool stage)
{
    (void)stage;
    return f->state == RECOVER_SEND ||
           (NEGATIVE("trust-outs") && f->state == RECOVER_WORK && f->outs_eml && f->outs_hdr);
}

static bool is_quarantine(const struct recover_found *f, bool stage)
{
    (void)stage;
    return f->state == RECOVER_QUARANTINE;
}

static bool is_drop(const struct recover_found *f, bool stage)
{
    (void)stage;
    return f->state == RECOVER_DROP;
}

static bool is_release_done(const struct recover_found *f, bool stage)
{
    (void)stage;
    return f->state == RECOVER_NONE && !f->eml && any_release(f) && f->released;
}

static bool is_release_undone(const struct recover_found *f, bool stage)
{
    (void)stage;
    return f->state == RECOVER_NONE && !f->eml && any_release(f);
}

/* Both halves there and both stamps wrong is a spool that was copied or restored: new inodes, the same
 * messages. */
static bool is_foreign_half(const struct recover_found *f, bool stage)
{
    (void)stage;
    return !NEGATIVE("no-stamps") &&
           ((f->state == RECOVER_CLAIMED && f->eml && f->eml_stamp_ok != f->hdr_stamp_ok) ||
            (f->state == RECOVER_NONE && f->eml && !stage && !f->eml_stamp_ok));
}

static bool is_claimed(const struct recover_found *f, bool stage)
{
    (void)stage;
    return f->state == RECOVER_CLAIMED && f->eml;
}

static bool is_offered(const struct recover_found *f, bool stage)
{
    (void)stage;
    return f->state == RECOVER_OFFERED && f->eml;
}

static bool is_work(const struct recover_found *f, bool stage)
{
    (void)stage;
    return f->state == RECOVER_WORK && f->eml;
}

static bool is_held(const struct recover_found *f, bool stage)
{
    (void)stage;
    return f->state == RECOVER_HELD && f->eml;
}

static bool is_torn_content(const struct recover_found *f, bool stage)
{
    (void)stage;
    return (f->state == RECOVER_CLAIMED || f->state == RECOVER_WORK) && !f->eml && f->peer[0];
}

static bool is_lone_envelope(const struct recover_found *f, bool stage)
{
    return (f->state == RECOVER_CLAIMED || f->state == RECOVER_WORK || f->state == RECOVER_HELD ||
            (f->state == RECOVER_OFFERED && !stage)) &&
           !f->eml;
}

static bool is_torn_envelope(const struct recover_found *f, bool stage)
{
    (void)stage;
    return f->state == RECOVER_NONE && f->eml && f->peer[0];
}

static bool is_taken_outside(const struct recover_found *f, bool stage)
{
    return stage && f->state == RECOVER_NONE && f->eml;
}

static bool is_lone_content(const struct recover_found *f, bool stage)
{
    (void)stage;
    return f->state == RECOVER_NONE && f->eml;
}

static bool is_strangers(const struct recover_found *f, bool stage)
{
    return stage && (f->state == RECOVER_FOREIGN || f->state == RECOVER_OFFERED);
}

static bool is_stray(const struct recover_found *f, bool stage)
{
    (void)stage;
    return f->state == RECOVER_NONE && !f->eml && any_outs(f);
}

static bool is_anything(const struct recover_found *f, bool stage)
{
    (void)f;
    (void)stage;
    return true;
}

static const struct recover_row rows[] = {
    {20, is_twofold, RECOVER_ALARM, "two envelopes of one message"},
    {12, is_send, RECOVER_FINISH, "decided: send; what is left is published and the originals are removed"},
    {15, is_quarantine, RECOVER_FINISH, "decided: quarantine; what is here is still to be moved"},
    {16, is_drop, RECOVER_FINISH, "decided: discard; it is written down and removed"},
    {18, is_release_done, RECOVER_FINISH_RELEASE, "a committed release"},
    {17, is_release_undone, RECOVER_UNDO_RELEASE, "a release that was not committed"},
    {6, is_foreign_half, RECOVER_GIVE_BACK, "one half belongs to another deposit"},
    {7, is_claimed, RECOVER_START, "claimed, nothing done"},
    {8, is_offered, RECOVER_OFFER, "offered to other programs, or given back"},
    {10, is_work, RECOVER_REDO, "an attempt was interrupted; nothing of it is visible"},
    {11, is_held, RECOVER_HOLD, "held"},
    {4, is_torn_content, RECOVER_TAKE_CONTENT, "torn claim: the content is still in the intake"},
    {5, is_lone_envelope, RECOVER_PARK_ENVELOPE, "the content was withdrawn or replaced"},
    {1, is_torn_envelope, RECOVER_TAKE_ENVELOPE, "torn claim: the envelope is still in the intake"},
    {3, is_taken_outside, RECOVER_WAIT, "another program holds the envelope elsewhere"},
    {2, is_lone_content, RECOVER_PARK_CONTENT, "the depositor replaced or withdrew the envelope"},
    {9, is_strangers, RECOVER_WAIT, "another program is at it"},
    {19, is_stray, RECOVER_PARK_STRAY, "outputs of an attempt that never was"},
    {0, is_anything, RECOVER_ALARM, "a state that spoold does not make"},
};

const struct recover_row *recover_classify(const struct recover_found *f, bool stage)
{
    const struct recover_row *row = rows;

    while (!row->is(f, stage))
        row++;
    return row;
}

/* "wN" and "hN": one to three digits. */
static int parse_number(struct view v, unsigned *n)
{
    if (v.n < 2 || v.n > 4)
        return -1;
    *n = 0;
    for (size_t i = 1; i < v.n; i++) {
        if (v.p[i] < '0' || v.p[i] > '9')
            return -1;
        *n = *n * 10 + (unsigned)(v.p[i] - '0');
    }
    return 0;
}

static void parse_fate(struct recover_found *f, struct view v)
{
    int c = v.n > 2 ? spool_class_find((struct view){v.p + 2, v.n - 2}) : -1;

    f->state = RECOVER_FOREIGN;
    if (view_equal(v, VIEW("c")))
        f->state = RECOVER_CLAIMED;
    else if (view_equal(v, VIEW("send")) || (NEGATIVE("one-suffix") && view_equal(v, VIEW("done"))))
        f->state = RECOVER_SEND;
    else if (view_equal(v, VIEW("drop")))
        f->state = RECOVER_DROP;
    else if (v.n > 0 && v.p[0] == 'w' && parse_number(v, &f->n) == 0)
        f->state = RECOVER_WORK;
    else if (v.n > 0 && v.p[0] == 'h' && parse_number(v, &f->n) == 0)
        f->state = RECOVER_HELD;
    else if (v.n > 2 && memcmp(v.p, "q-", 2) == 0 && c >= 0) {
        f->state = RECOVER_QUARANTINE;
        f->class = (enum spool_class)c;
    }
}

/* ".r", ".r2": the nth release of an entry; ".2.r": of that entry whose tag is ".2" (quarantine.h). */
static bool is_release(struct view v)
{
    const char *dot = v.n ? memrchr(v.p, '.', v.n) : NULL;
    size_t last = dot ? v.n - (size_t)(dot - v.p) : 0, n = 2;

    if (last < 2 || last > 5 || v.n >= sizeof((struct recover_found *)0)->release || dot[1] != 'r')
        return false;
    while (n < last && dot[n] >= '0' && dot[n] <= '9')
        n++;
    for (size_t i = 0; n == last && i + last < v.n; i++)
        if (v.p[i] != '.' && v.p[i] != 'r' && (v.p[i] < '0' || v.p[i] > '9'))
            return false;
    return n == last && v.p[0] == '.';
}

/* ".K.eml.out", ".K.hdr.out", ".r.eml.out", ".r2.hdr.out", ".json.out". */
static int parse_out(struct recover_found *f, struct view v)
{
    bool eml = view_ends_with(v, VIEW(".eml.out")), hdr = view_ends_with(v, VIEW(".hdr.out"));
    unsigned k;

    if (view_equal(v, VIEW(".json.out"))) {
        f->json_out = true;
        return 0;
    }
    if ((!eml && !hdr) || v.n < 10)
        return -1;
    v.n -= 8; /* ".K" is left */
    if (is_release(v)) {
        *(eml ? &f->release_eml : &f->release_hdr) = true;
        snprintf(f->release, sizeof f->release, "%.*s", (int)v.n, v.p);
        return 0;
    }
    if (parse_number(v, &k) < 0 || k < 1 || k > MSG_COPIES_MAX)
        return -1;
    *(eml ? &f->outs_eml : &f->outs_hdr) = 1u << (k - 1);
    return 0;
}

int recover_parse_name(struct recover_found *f, struct view name)
{
    const char *tilde = name.n ? memrchr(name.p, '~', name.n) : NULL;
    size_t base_n = tilde ? (size_t)(tilde - name.p) + 1 + BASE_ID_LEN : 0;
    struct view v = {name.p + base_n, name.n - base_n};

    *f = (struct recover_found){.eml_stamp_ok = true, .hdr_stamp_ok = true};
    if (!tilde || base_n >= name.n || base_parse(&f->base, (struct view){name.p, base_n}) < 0)
        return -1;
    if (view_equal(v, VIEW(".eml"))) {
        f->eml = true;
        return 0;
    }
    if (parse_out(f, v) == 0)
        return 0;
    if (v.n < 4 || memcmp(v.p, ".hdr", 4) != 0 || (v.n > 4 && v.p[4] != '.')) {
        f->unknown = true;
        return 0;
    }
    f->envelopes = 1;
    snprintf(f->suffix, sizeof f->suffix, "%.*s", (int)v.n, v.p);
    f->state = RECOVER_OFFERED;
    if (v.n > 4)
        parse_fate(f, (struct view){v.p + 5, v.n - 5});
    return 0;
}

void recover_merge(struct recover_found *f, const struct recover_found *one)
{
    if (one->envelopes) {
        f->envelopes++;
        f->state = one->state;
        f->n = one->n;
        f->class = one->class;
        memcpy(f->suffix, one->suffix, sizeof f->suffix);
    }
    f->eml |= one->eml;
    f->json_out |= one->json_out;
    if (!any_release(f))
        memcpy(f->release, one->release, sizeof f->release);
    if (strcmp(f->release, one->release) == 0) { /* another one has its turn with the next look */
        f->release_eml |= one->release_eml;
        f->release_hdr |= one->release_hdr;
    }
    f->unknown |= one->unknown;
    f->outs_eml |= one->outs_eml;
    f->outs_hdr |= one->outs_hdr;
}
