/*
 * ctl_replay.c - see ctl_replay.h.
 *
 * One message by its record (ctl_record.h), or all of the journal (whatif_gather.h). Each is decided again
 * under the settings that its record names; the last ones are kept loaded, for they change seldom. Text of
 * mail goes out through ctl_text or common/json.h.
 */
#include "tools/ctl_replay.h"

#include "common/json.h"
#include "common/log.h"
#include "common/xalloc.h"
#include "spoold/replay.h"
#include "spoold/verdict.h"
#include "spoold/whatif_gather.h"
#include "tools/ctl_kept.h"
#include "tools/ctl_record.h"
#include "tools/ctl_text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define DIFFERENT_SHOWN 20   /* of all decisions; for people */
#define LINE_SHOWN      1500 /* bytes of one difference */
#define DAYS_MAX        3650
#define REASONS_MAX     16

/* What was found out of one message. */
enum outcome { SAME, DIFFERENT, UNKNOWN };
struct answer {
    enum outcome outcome;
    struct buf text; /* UNKNOWN: why; DIFFERENT: a line for each difference; SAME: what was decided */
};

struct replaying {
    const struct config *c;
    bool json;
    int state;           /* descriptor of the folder */
    struct config *then; /* the settings of the last record */
    char *hash;          /* their name; NULL: none yet */
    struct buf trouble;  /* why they could not be loaded */
    struct replay_record record;
    uint64_t n[3]; /* by enum outcome */
    struct {
        char *text;
        uint64_t n;
    } reason[REASONS_MAX];
};

static int usage(struct buf *why, const char *what)
{
    buf_addf(why, "%s; see spoolctl --help", what);
    return EXIT_USAGE_64;
}

static bool take_days(const char *text, unsigned *to)
{
    const size_t n = text ? strspn(text, "0123456789") : 0;

    if (!n || n > 4 || text[n])
        return false;
    *to = (unsigned)strtoul(text, NULL, 10);
    return *to >= 1 && *to <= DAYS_MAX;
}

int ctl_replay_parse(struct ctl_words words, struct ctl_replay *o, struct buf *why)
{
    for (size_t i = 0; i < words.n; i++) {
        const char *word = words.word[i];

        if (strcmp(word, "--all") == 0)
            o->all = true;
        else if (strcmp(word, "--full") == 0)
            o->full = true;
        else if (strcmp(word, "--days") == 0 &&
                 !take_days(i + 1 < words.n ? words.word[++i] : NULL, &o->days))
            return usage(why, "--days takes a whole number from 1 to 3650");
        else if (strcmp(word, "--days") == 0 || (word[0] != '-' && !o->word))
            o->word = word[0] == '-' ? o->word : word;
        else if (word[0] == '-' || o->file)
            return usage(why, "replay takes one message, --full with a FILE or without, or --all, --days N");
        else
            o->file = word;
    }
    if (o->all == (o->word != NULL))
        return usage(why, "replay takes one message, or --all");
    if (o->all && o->full)
        return usage(why, "--full is for one message");
    if (o->file && !o->full)
        return usage(why, "a FILE is for --full");
    return o->days && !o->all ? usage(why, "--days is for --all") : 0;
}

/* --- one record ------------------------------------------------------------------------------------------
 */

static const struct config *settings_of(struct replaying *p, struct view hash)
{
    char *name;

    if (p->hash && view_equal(view_of(p->hash), hash))
        return p->then;
    name = xstrndup(hash.p, hash.n);
    config_free(&p->then);
    free(p->hash);
    p->hash = name;
    buf_clear(&p->trouble);
    p->then = ctl_kept_load(p->state, name, &p->trouble);
    return p->then;
}

/* The profiles that decided are found by addresses. */
static bool lacks_addresses(const struct config *then, const struct replay_record *r)
{
    return then->recipients && r->decisions.n && (!r->rcpt_n || then->log_addresses != LOG_ADDRESSES_FULL);
}

static void say_decision(struct buf *to, const struct replay_record *r)
{
    buf_add_view(to, r->fate);
    if (r->class.n) {
        buf_add_char(to, '/');
        buf_add_view(to, r->class);
    }
    buf_addf(to, " by %s", decide_by_name(r->by));
    if (r->weight.n) {
        buf_add_str(to, ", weight ");
        buf_add_view(to, r->weight);
    }
}

/* Reads the record; the settings of then, or NULL with the answer. */
static const struct config *read_record(struct replaying *p, struct view record, struct answer *a)
{
    const char *fault = record.n ? replay_read(record, &p->record) : "there is no record of its decision";
    const struct config *then = NULL;

    if (!fault && !p->record.config.n)
        fault = "its record names no settings: nothing of them has decided";
    if (!fault && !(then = settings_of(p, p->record.config)))
        fault = p->trouble.p;
    if (!fault && lacks_addresses(then, &p->record))
        fault = "profiles were in force, and the journal keeps no addresses";
    if (!fault)
        return then;
    a->outcome = UNKNOWN;
    buf_add_str(&a->text, fault);
    return NULL;
}

static void replay_one(struct replaying *p, struct view record, struct answer *a)
{
    const struct config *then = read_record(p, record, a);
    struct replay_again again;
    const char *not_compared;

    if (!then)
        return;
    not_compared = replay_not_compared(&p->record);
    replay_decide(&p->record, then, 0, &again);
    a->outcome = !replay_is_same(&p->record, &again, &a->text) ? DIFFERENT : not_compared ? UNKNOWN : SAME;
    if (a->outcome == UNKNOWN)
        buf_add_str(&a->text, not_compared);
    if (a->outcome == SAME)
        say_decision(&a->text, &p->record);
    replay_free_again(&again);
}

/* --- what is said ----------------------------------------------------------------------------------------
 */

static const char *const words[] = {
    [SAME] = "the same", [DIFFERENT] = "DIFFERENT", [UNKNOWN] = "cannot be told"};

static void say_lines(struct buf *to, struct view text)
{
    while (text.n) {
        const char *end = memchr(text.p, '\n', text.n);
        struct view line = {text.p, end ? (size_t)(end - text.p) : text.n};
        const size_t used = line.n + (end ? 1 : 0);

        buf_add_str(to, "    ");
        ctl_text_add(to, (struct view){line.p, line.n < LINE_SHOWN ? line.n : LINE_SHOWN}, false);
        buf_add_str(to, line.n > LINE_SHOWN ? " ...\n" : "\n");
        text = (struct view){text.p + used, text.n - used};
    }
}

static void say_answer(const struct replaying *p, const char *id, const struct answer *a)
{
    static const char *const members[] = {[SAME] = "decision", [DIFFERENT] = "difference", [UNKNOWN] = "why"};
    struct buf b = {0};

    if (p->json) {
        struct json j;

        json_open(&j, &b);
        json_add_str(&j, "id", id);
        if (a->outcome == UNKNOWN)
            json_add_str(&j, "same", NULL);
        else
            json_add_bool(&j, "same", a->outcome == SAME);
        json_add_str(&j, "config", p->hash);
        json_add_view(&j, members[a->outcome], buf_view(&a->text));
        json_close(&j);
        buf_add_char(&b, '\n');
    } else {
        ctl_text_add(&b, view_of(id), false);
        buf_addf(&b, ": %s%s\n", words[a->outcome], a->outcome == DIFFERENT ? ", as recorded -> now:" : "");
        say_lines(&b, buf_view(&a->text));
    }
    fwrite(b.p, 1, b.n, stdout);
    buf_free(&b);
}

static int code_of(const struct replaying *p)
{
    return p->n[DIFFERENT] || p->n[UNKNOWN] ? EXIT_FINDING : EXIT_OK;
}

/* --- one message -----------------------------------------------------------------------------------------
 */

/* The decision is the same; are the results? */
static int make_checks_again(struct replaying *p, const struct ctl_replay *o, const struct ctl_record *found,
                             struct answer *a, struct buf *why)
{
    const int fd =
        o->file ? open(o->file, O_RDONLY | O_CLOEXEC | O_NOCTTY) : ctl_record_open_message(p->c, found->id);
    const struct config *then;
    struct buf difference = {0};
    int rc;

    if (fd < 0) {
        buf_addf(why, "%s: %s",
                 o->file ? o->file : "spoold does not have the message any more; name a FILE of it",
                 strerror(errno));
        return o->file ? EXIT_DATA_65 : EXIT_FINDING;
    }
    then = settings_of(p, p->record.judged_by);
    rc = then ? ctl_replay_full(then, found, &p->record, fd, &difference, why) : EXIT_FINDING;
    if (!then)
        buf_add_view(why, buf_view(&p->trouble));
    close(fd);
    if (rc == 0 && difference.n) {
        a->outcome = DIFFERENT;
        buf_clear(&a->text);
        buf_add_view(&a->text, buf_view(&difference));
    }
    buf_free(&difference);
    return rc;
}

static int replay_message(struct replaying *p, const struct ctl_replay *o, struct buf *why)
{
    struct ctl_record found = {.id = NULL};
    struct answer a = {.outcome = UNKNOWN};
    int rc = ctl_record_find(p->c, o->word, &found, why);

    if (rc == 0) {
        p->record = (struct replay_record){.rcpt = found.rcpt, .rcpt_n = found.rcpt_n, .size = found.size};
        replay_one(p, buf_view(&found.json), &a);
        if (o->full && a.outcome == SAME)
            rc = make_checks_again(p, o, &found, &a, why);
    }
    if (rc == 0) {
        p->n[a.outcome]++;
        say_answer(p, found.id, &a);
        rc = code_of(p);
    }
    buf_free(&a.text);
    ctl_record_free(&found);
    return rc;
}

/* --- all of them -----------------------------------------------------------------------------------------
 */

static void count_reason(struct replaying *p, const char *text)
{
    size_t i = 0;

    while (i + 1 < REASONS_MAX && p->reason[i].text && strcmp(p->reason[i].text, text) != 0)
        i++;
    if (!p->reason[i].text)
        p->reason[i].text = xstrdup(i + 1 < REASONS_MAX ? text : "other reasons");
    p->reason[i].n++;
}

static void take_message(const struct whatif_message *m, void *arg)
{
    struct replaying *p = arg;
    struct answer a = {.outcome = UNKNOWN};

    p->record.rcpt = m->rcpt;
    p->record.rcpt_n = m->rcpt_n;
    p->record.size = m->size;
    replay_one(p, m->record, &a);
    if (++p->n[a.outcome] <= DIFFERENT_SHOWN && a.outcome == DIFFERENT)
        say_answer(p, m->id.s, &a);
    if (a.outcome == UNKNOWN)
        count_reason(p, a.text.p);
    buf_free(&a.text);
}

static void say_all(const struct replaying *p)
{
    const uint64_t all = p->n[SAME] + p->n[DIFFERENT] + p->n[UNKNOWN];

    if (p->json) {
        printf("{\"v\":1,\"decisions\":%" PRIu64 ",\"same\":%" PRIu64 ",\"different\":%" PRIu64
               ",\"unknown\":%" PRIu64 "}\n",
               all, p->n[SAME], p->n[DIFFERENT], p->n[UNKNOWN]);
        return;
    }
    for (size_t i = 0; i < REASONS_MAX && p->reason[i].text; i++)
        printf("%9" PRIu64 "  cannot be told: %s\n", p->reason[i].n, p->reason[i].text);
    printf("%" PRIu64 " decisions: %" PRIu64 " the same, %" PRIu64 " different, %" PRIu64 " cannot be told\n",
           all, p->n[SAME], p->n[DIFFERENT], p->n[UNKNOWN]);
}

static struct journal_reader *open_journal(const struct ctl_replay *o, int journal)
{
    struct journal_place from = {.offset = 0};
    char text[32];

    if (!o->days)
        return journal_reader_open(journal, NULL);
    json_time_text(text, ((int64_t)time(NULL) - (int64_t)(o->days - 1) * 86400) * 1000);
    memcpy(from.day, text, 10);
    return journal_reader_open(journal, &from);
}

static int replay_all(struct replaying *p, const struct ctl_replay *o, struct buf *why)
{
    const int journal = ctl_record_open_folder(p->c, p->c->state, "journal");
    struct journal_reader *r = journal < 0 ? NULL : open_journal(o, journal);
    struct whatif_gather *g = whatif_gather_new(take_message, p);
    struct journal_place at;
    struct event e;
    int got = r ? 1 : -1, err = r ? 0 : errno;

    while (r && (got = journal_reader_next(r, &e, &at)) != 0) {
        if (got < 0)
            err = errno;
        else
            whatif_gather_take(g, &e);
    }
    whatif_gather_end(&g);
    journal_reader_close(&r);
    if (journal >= 0)
        close(journal);
    if (err) {
        buf_addf(why, "the journal cannot be read: %s", strerror(err));
        return EXIT_TEMP_75;
    }
    say_all(p);
    return code_of(p);
}

int ctl_replay(const struct config *c, const struct ctl_replay *o, bool json, struct buf *why)
{
    struct replaying p = {.c = c, .json = json, .state = ctl_record_open_folder(c, c->state, "")};
    int rc;

    if (p.state < 0) {
        buf_addf(why, "%s/%s cannot be read: %s%s", c->root, c->state, strerror(errno),
                 errno == EACCES ? ". Run this as root or as spoold's user" : "");
        return EXIT_TEMP_75;
    }
    rc = o->all ? replay_all(&p, o, why) : replay_message(&p, o, why);
    for (size_t i = 0; i < REASONS_MAX; i++)
        free(p.reason[i].text);
    replay_free_record(&p.record);
    config_free(&p.then);
    free(p.hash);
    buf_free(&p.trouble);
    close(p.state);
    return rc;
}
