/*
 * judge.c - see judge.h.
 *
 * Files of deposits that were never accepted may stay in the intake (spooldrop(1) says so) or go to
 * quarantine/failed as a half; they are cleared away here, as an administrator would, and never count as
 * found. Marks (names with a dot in front) are not looked at.
 */
#include "tests/power/judge.h"

#include "tests/crash/line.h"

#include <stdio.h>
#include <unistd.h>

#define AUDIT_TRIES  200 /* of 50 ms: the index may still be made anew */
#define AUDIT_STEP   50000
#define PATH(b, ...) disk_path("%.400s/%.600s", (b)->root.s, disk_path(__VA_ARGS__).s)

static bool has_name(const struct bench *b, const char *dir, const char *suffix)
{
    struct disk_list l = {0};
    struct disk_path stem;
    bool found = false;

    disk_list(&l, PATH(b, "%s", dir).s);
    for (size_t i = 0; i < l.n; i++)
        found |= l.name[i][0] != '.' && (!*suffix || disk_cut_suffix(&stem, l.name[i], suffix));
    disk_list_free(&l);
    return found;
}

static bool has_deposit(const struct bench *b)
{
    struct disk_list l = {0};
    struct disk_path stem;
    bool found = false;

    disk_list(&l, PATH(b, "incoming").s);
    for (size_t i = 0; i < l.n; i++)
        found |=
            disk_cut_suffix(&stem, l.name[i], ".hdr") && disk_exists(PATH(b, "incoming/%s.eml", stem.s).s);
    disk_list_free(&l);
    return found;
}

bool judge_is_settled(const struct bench *b)
{
    return !has_deposit(b) && !has_name(b, "proc", "") && !has_name(b, "outgoing", ".hdr");
}

void judge_audit(struct mail_set *s, const struct bench *b)
{
    static const char *const words[] = {"--json", "audit", NULL};
    struct buf said = {0};
    int rc = -1;

    for (int i = 0; i < AUDIT_TRIES; i++) {
        buf_clear(&said);
        rc = program_ask(b, &said, words);
        if (said.n && strstr(said.p, "\"complete\":true"))
            break;
        usleep(AUDIT_STEP);
    }
    if (rc != 0 || !said.n || !strstr(said.p, "\"balanced\":true"))
        mail_say(s, MAIL_BOOKS, "audit, exit code %d: %.*s", rc, (int)said.n, said.n ? said.p : "");
    buf_free(&said);
}

static void note_parked(struct mail_set *s, const struct bench *b, const char *class, const char *name)
{
    struct buf eml = {0};
    struct disk_path stem;
    struct mail *m;

    if (!disk_cut_suffix(&stem, name, ".eml") ||
        disk_read(&eml, PATH(b, "quarantine/%s/%s", class, name).s) < 0)
        goto out;
    m = mail_find(s, buf_view(&eml));
    if (m && view_equal(buf_view(&eml), buf_view(&m->bytes)) &&
        disk_exists(PATH(b, "quarantine/%s/%s.hdr", class, stem.s).s))
        m->parked = true;
out:
    buf_free(&eml);
}

static void look_at_quarantine(struct mail_set *s, const struct bench *b)
{
    struct disk_list classes = {0}, l = {0};

    disk_list(&classes, PATH(b, "quarantine").s);
    for (size_t c = 0; c < classes.n; c++) {
        disk_list(&l, PATH(b, "quarantine/%s", classes.name[c]).s);
        for (size_t i = 0; i < l.n; i++)
            note_parked(s, b, classes.name[c], l.name[i]);
        disk_list_free(&l);
    }
    disk_list_free(&classes);
}

void judge_lost(struct mail_set *s, const struct bench *b, size_t first, struct judge_sum *sum)
{
    look_at_quarantine(s, b);
    for (size_t i = first; i < s->n; i++) {
        const struct mail *m = &s->m[i];

        sum->accepted += m->accepted;
        sum->late += m->late;
        sum->late_lost += m->late && !m->takes && !m->parked;
        sum->repeats += m->takes > 1 ? m->takes - 1 : 0;
        sum->again += m->again;
        sum->parked += m->parked;
        if (!m->accepted || m->takes > 0 || m->parked)
            continue;
        sum->lost++;
        mail_say(s, MAIL_LOST, "message %u (%zu bytes) was accepted and is nowhere", m->number, m->bytes.n);
    }
}

/* Two fates of one message. */
static void check_fates(struct mail_set *s, size_t first)
{
    for (size_t i = first; i < s->n; i++)
        if (s->m[i].parked && s->m[i].takes)
            mail_say(s, MAIL_TWICE, "message %u is delivered and in quarantine", s->m[i].number);
}

static void read_line(struct mail_set *s, struct view text)
{
    struct line_event e;
    struct mail *m;

    if (!line_parse(&e, text) || !view_equal(e.event, VIEW("delivered")))
        return;
    m = mail_find_base(s, e.id);
    if (m)
        m->told = true;
    else
        mail_say(s, MAIL_BOOKS, "the journal says delivered, but %.*s was never seen", (int)e.id.n, e.id.p);
}

/* Each delivery has its line, and each line was a delivery. */
static void check_journal(struct mail_set *s, const struct bench *b)
{
    struct disk_list l = {0};
    struct disk_path stem;
    struct buf text = {0};
    struct view rest, line;

    disk_list(&l, PATH(b, "state/journal").s);
    for (size_t i = 0; i < l.n; i++)
        if (disk_cut_suffix(&stem, l.name[i], ".jsonl"))
            (void)disk_read(&text, PATH(b, "state/journal/%s", l.name[i]).s);
    rest = buf_view(&text);
    while (line_next(&rest, &line))
        read_line(s, line);
    for (size_t i = 0; i < s->n; i++)
        if (s->m[i].takes && !s->m[i].told)
            mail_say(s, MAIL_BOOKS, "message %u: %s was delivered, the journal has no line of it",
                     s->m[i].number, s->m[i].base.s);
    disk_list_free(&l);
    buf_free(&text);
}

static void check_outgoing(struct mail_set *s, const struct bench *b)
{
    struct disk_list l = {0};

    disk_list(&l, PATH(b, "outgoing").s);
    for (size_t i = 0; i < l.n; i++)
        mail_say(s, MAIL_HALF, "left over: outgoing/%s", l.name[i]);
    disk_list_free(&l);
}

static void check_proc(struct mail_set *s, const struct bench *b)
{
    struct disk_list l = {0};

    disk_list(&l, PATH(b, "proc").s);
    for (size_t i = 0; i < l.n; i++)
        if (l.name[i][0] != '.')
            mail_say(s, MAIL_STUCK, "left over: proc/%s", l.name[i]);
    disk_list_free(&l);
}

static void clear_intake(const struct bench *b)
{
    struct disk_list l = {0};

    disk_list(&l, PATH(b, "incoming").s);
    for (size_t i = 0; i < l.n; i++)
        if (l.name[i][0] != '.')
            (void)unlink(PATH(b, "incoming/%s", l.name[i]).s);
    disk_list_free(&l);
}

void judge_all(struct mail_set *s, const struct bench *b, size_t first, struct judge_sum *sum)
{
    judge_lost(s, b, first, sum);
    check_fates(s, first);
    check_journal(s, b);
    check_outgoing(s, b);
    check_proc(s, b);
    clear_intake(b);
}
