/*
 * oracle_pair.c - the consumer: takes finished pairs out of outgoing and judges them.
 *
 * It acts on a .hdr only when the .eml stands beside it, and removes the .hdr
 * first, as the protocol asks of an MTA. What it took is remembered by name, so that
 * a journal line about it can be checked later.
 */
#include "tests/crash/oracle.h"

#include "tests/crash/oracle_part.h"

#include "common/xalloc.h"

#include <stdio.h>
#include <unistd.h>

#define ID_LEN 25 /* characters after the last tilde of a BASE */

/* BASE of the file name stem BASE or BASE.K; the copy's number K. */
static unsigned split_copy(struct disk_path *base, const char *stem)
{
    const char *tilde = strrchr(stem, '~');

    *base = disk_path("%s", stem);
    if (!tilde || strlen(tilde) <= ID_LEN + 2 || tilde[ID_LEN + 1] != '.')
        return 1;
    base->s[(size_t)(tilde - stem) + ID_LEN + 1] = '\0';
    return (unsigned)(tilde[ID_LEN + 2] - '0');
}

bool oracle_was_taken(const struct oracle *o, const char *name)
{
    for (size_t i = 0; i < o->taken.n; i++)
        if (strcmp(o->taken.name[i], name) == 0)
            return true;
    return false;
}

static void remember(struct oracle *o, const char *name)
{
    o->taken.name = xrealloc(o->taken.name, o->taken.n + 1, sizeof(*o->taken.name));
    o->taken.name[o->taken.n++] = xstrdup(name);
}

/* A copy must go to exactly the recipients that were dealt to it. */
static void book_copy(struct oracle *o, int i, const char *stem, const bool served[DEPOSIT_RCPT_MAX],
                      const char *fault)
{
    const struct deposit *d = &o->set->d[i];
    struct disk_path base;
    unsigned copy = split_copy(&base, stem);

    oracle_note_base(o, i, base.s);
    if (fault)
        oracle_say(o, ORACLE_OTHER, "outgoing/%s %s", stem, fault);
    for (size_t r = 0; r < d->rcpt_n; r++) {
        bool due = d->end[r] == DEPOSIT_DELIVERED && d->copy[r] == copy;

        o->seen[i].served[r] += served[r];
        if (due != served[r])
            oracle_say(o, ORACLE_OTHER, "outgoing/%s is %sfor %s", stem, due ? "not " : "", d->rcpt[r]);
    }
}

static void judge_pair(struct oracle *o, const char *stem, struct view eml, struct view hdr)
{
    bool served[DEPOSIT_RCPT_MAX] = {false};
    int i = deposit_find_published(o->set, eml), e = deposit_find_envelope(o->set, hdr, served);
    int tag = deposit_find_tag(o->set, eml);

    if (e >= 0 && tag >= 0 && tag != e)
        oracle_say(o, ORACLE_MIXED, "outgoing/%s: content %s, envelope %s", stem, o->set->d[tag].tag,
                   o->set->d[e].tag);
    else if (i < 0)
        oracle_say(o, ORACLE_TORN, "outgoing/%s.eml (%zu bytes) is no message of ours", stem, eml.n);
    else if (e < 0)
        oracle_say(o, ORACLE_TORN, "outgoing/%s.hdr (%zu bytes) is no envelope of ours", stem, hdr.n);
    else
        book_copy(o, i, stem, served, deposit_find_fault(&o->set->d[i], served, eml, hdr));
}

static void take_pair(struct oracle *o, const char *stem, enum oracle_take how)
{
    struct disk_path eml_path = disk_path("%s/outgoing/%s.eml", o->root, stem);
    struct disk_path hdr_path = disk_path("%s/outgoing/%s.hdr", o->root, stem);
    struct buf eml = {0}, hdr = {0};

    if (disk_read(&eml, eml_path.s) < 0 || disk_read(&hdr, hdr_path.s) < 0)
        goto out;
    judge_pair(o, stem, buf_view(&eml), buf_view(&hdr));
    remember(o, stem);
    (void)unlink(hdr_path.s);
    if (how == ORACLE_TAKE_WHOLE)
        (void)unlink(eml_path.s);
out:
    buf_free(&eml);
    buf_free(&hdr);
}

void oracle_take_outgoing(struct oracle *o, enum oracle_take how)
{
    struct disk_list l = {0};
    struct disk_path stem;

    if (how == ORACLE_TAKE_NOT)
        return;
    disk_list(&l, disk_path("%s/outgoing", o->root).s);
    for (size_t i = 0; i < l.n; i++)
        if (disk_cut_suffix(&stem, l.name[i], ".hdr"))
            take_pair(o, stem.s, how);
    /* The late half of a slow removal. */
    for (size_t i = 0; i < l.n && how == ORACLE_TAKE_WHOLE; i++)
        if (disk_cut_suffix(&stem, l.name[i], ".eml") && oracle_was_taken(o, stem.s))
            (void)unlink(disk_path("%s/outgoing/%s", o->root, l.name[i]).s);
    disk_list_free(&l);
}

static void check_lone_content(struct oracle *o, const char *name)
{
    struct buf b = {0};

    if (disk_read(&b, disk_path("%s/outgoing/%s", o->root, name).s) == 0 &&
        deposit_find_published(o->set, buf_view(&b)) < 0)
        oracle_say(o, ORACLE_TORN, "outgoing/%s (%zu bytes) is no message of ours", name, b.n);
    buf_free(&b);
}

void oracle_check_outgoing(struct oracle *o)
{
    struct disk_list l = {0};
    struct disk_path stem;

    disk_list(&l, disk_path("%s/outgoing", o->root).s);
    for (size_t i = 0; i < l.n; i++) {
        if (disk_cut_suffix(&stem, l.name[i], ".hdr")) {
            if (!disk_exists(disk_path("%s/outgoing/%s.eml", o->root, stem.s).s))
                oracle_say(o, ORACLE_HALF, "outgoing/%s has no content", l.name[i]);
        } else if (disk_cut_suffix(&stem, l.name[i], ".eml")) {
            /* Beside its .hdr it is judged when the pair is taken. */
            if (!disk_exists(disk_path("%s/outgoing/%s.hdr", o->root, stem.s).s))
                check_lone_content(o, l.name[i]);
        }
    }
    disk_list_free(&l);
}
