/*
 * ctl_whatif.c - see ctl_whatif.h: the journal's days go through whatif.c, and a terminal is told how far.
 *
 * Runs as root or the user of spoold, who alone may read the journal. Trusts the folder's owner; lines count
 * when their CRC fits (journal_read.c), kept configurations are loaded like any other file of settings.
 */
#include "tools/ctl_whatif.h"

#include "common/json.h"
#include "common/log.h"
#include "common/xalloc.h"
#include "tools/ctl_kept.h"
#include "tools/ctl_record.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define DAY_MS      86400000
#define LOOK_EVERY  1024 /* lines, between two looks at the clock */
#define PROGRESS_MS 200

struct reading {
    struct journal_reader *journal;
    int state; /* descriptor of the state folder */
    struct whatif *whatif;
    bool terminal;
    int64_t began_ms, said_ms;
    uint64_t lines;
};

static int64_t now_ms(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

static int usage(struct buf *why, const char *what)
{
    buf_addf(why, "%s; see spoolctl --help", what);
    return EXIT_USAGE_64;
}

static bool take_number(const char *text, unsigned least, unsigned most, unsigned *to)
{
    const size_t n = strspn(text, "0123456789");

    if (!n || n > 7 || text[n])
        return false;
    *to = (unsigned)strtoul(text, NULL, 10);
    return *to >= least && *to <= most;
}

int ctl_whatif_parse(struct ctl_words words, struct ctl_whatif *o, struct buf *why)
{
    for (size_t i = 0; i < words.n; i++) {
        const char *word = words.word[i], *value = i + 1 < words.n ? words.word[i + 1] : "";

        if (strcmp(word, "--days") == 0) {
            if (!take_number(value, 1, CTL_WHATIF_DAYS_MAX, &o->days))
                return usage(why, "--days takes a whole number from 1 to 3650");
            i++;
        } else if (strcmp(word, "--list") == 0) {
            if (!take_number(value, 0, CTL_WHATIF_LIST_MAX, &o->list))
                return usage(why, "--list takes a whole number from 0 to 10000");
            i++;
        } else if (word[0] == '-' || o->file) {
            return usage(why, "whatif takes one file of settings, --days N and --list N");
        } else {
            o->file = word;
        }
    }
    return o->file && *o->file ? 0 : usage(why, "whatif needs the file of settings that is to be tried");
}

static struct config *load_kept(void *arg, const char *hash)
{
    const struct reading *r = arg;
    struct buf why = {0};
    struct config *c = ctl_kept_load(r->state, hash, &why);

    buf_free(&why); /* counted as not kept */
    return c;
}

/* --- going through the journal -------------------------------------------------------------------------- */

static void show_progress(struct reading *r, const struct journal_place *at)
{
    const int64_t now = now_ms(CLOCK_MONOTONIC);

    if (now - r->said_ms < PROGRESS_MS)
        return;
    r->said_ms = now;
    fprintf(stderr, "\r%s: %llu messages ", at->day, (unsigned long long)whatif_figures(r->whatif)->messages);
    fflush(stderr);
}

/* 0, or the errno of a file that could not be read; the others are read all the same. */
static int read_lines(struct reading *r)
{
    struct journal_place at;
    struct event e;
    int got, err = 0;

    while ((got = journal_reader_next(r->journal, &e, &at)) != 0) {
        if (got < 0) {
            err = err ? err : errno;
            continue;
        }
        whatif_take(r->whatif, &e);
        if (r->terminal && ++r->lines % LOOK_EVERY == 0)
            show_progress(r, &at);
    }
    whatif_end(r->whatif);
    if (r->terminal && r->said_ms != r->began_ms)
        fputs("\r\033[K", stderr);
    return err;
}

static int refuse(struct buf *why, const char *what, const struct config *c, int err)
{
    buf_addf(why, "%s of %s/%s cannot be read: %s%s", what, c->root, c->state, strerror(err),
             err == EACCES ? ". Run this as root or as spoold's user" : "");
    return EXIT_TEMP_75;
}

static int go_through(struct reading *r, const struct config *c, int journal, int64_t since, struct buf *why)
{
    struct journal_place from = {.offset = 0};
    char time[32];
    int err;

    json_time_text(time, since);
    memcpy(from.day, time, 10);
    r->journal = journal_reader_open(journal, &from);
    err = r->journal ? read_lines(r) : errno;
    return err ? refuse(why, "the journal", c, err) : 0;
}

int ctl_whatif_run(const struct config *c, const struct config *now, const struct ctl_whatif *o,
                   struct ctl_whatif_done *to, struct buf *why)
{
    struct reading r = {.state = ctl_record_open_folder(c, c->state, ""), .terminal = isatty(STDERR_FILENO)};
    const int64_t since = now_ms(CLOCK_REALTIME) - o->days * (int64_t)DAY_MS;
    const struct whatif_options options = {now, since, o->list, load_kept, &r};
    int journal, rc;

    *to = (struct ctl_whatif_done){.whatif = NULL};
    journal = r.state < 0 ? -1 : ctl_record_open_folder(c, c->state, "journal");
    if (journal < 0) {
        rc = refuse(why, "the journal", c, errno);
        goto out;
    }
    r.began_ms = r.said_ms = now_ms(CLOCK_MONOTONIC);
    r.whatif = to->whatif = whatif_new(&options);
    rc = go_through(&r, c, journal, since, why);
    to->seconds = (double)(now_ms(CLOCK_MONOTONIC) - r.began_ms) / 1000;
    to->damaged = r.journal ? journal_reader_damaged(r.journal) : 0;
    journal_reader_close(&r.journal);
    if (rc)
        ctl_whatif_close(to);
out:
    if (journal >= 0)
        close(journal);
    if (r.state >= 0)
        close(r.state);
    return rc;
}

void ctl_whatif_close(struct ctl_whatif_done *d)
{
    if (d->whatif)
        whatif_free(&d->whatif);
}

int ctl_whatif(const struct config *c, const struct ctl_whatif *o, const char *const *override, size_t n,
               struct buf *why)
{
    struct config_errors errs = {0};
    struct config *now = config_load(o->file, override, n, &errs);
    struct ctl_whatif_done done;
    int rc = EXIT_CONFIG_100;

    buf_add_view(why, buf_view(&errs.text));
    buf_free(&errs.text);
    if (now)
        rc = ctl_whatif_run(c, now, o, &done, why);
    if (!rc) {
        ctl_whatif_print(stdout, o, &done);
        ctl_whatif_close(&done);
    }
    config_free(&now);
    return rc;
}
