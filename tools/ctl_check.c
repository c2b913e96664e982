/*
 * ctl_check.c - see ctl_check.h: options, files, the order of the lines, and the exit code.
 *
 * Called by spoolctl.c with the configuration. Opens messages and never reads
 * them, except to put what comes through a pipe into memory, as bytes without
 * meaning. The one thing that is parsed here is the envelope of --hdr, by the
 * parser that spoold itself uses. Nothing is written, moved or remembered.
 */
#include "tools/ctl_check.h"

#include "common/envelope.h"
#include "common/log.h"
#include "common/xalloc.h"
#include "tools/ctl_check_decide.h"
#include "tools/ctl_text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIVE_AT_ONCE        32       /* messages in work where the DNS may be asked */
#define PIECE               65536    /* bytes at a time from a pipe */
#define CTL_CHECK_FACTS_MAX 16777216 /* bytes of a file of facts */

static int usage(struct buf *why, const char *what, const char *word)
{
    buf_addf(why, "%s%s%s; see spoolctl --help", what, *word ? ": " : "", word);
    return EXIT_USAGE_64;
}

static bool take_flag(struct ctl_check_options *o, const char *word)
{
    const struct {
        const char *name;
        bool *on;
    } flags[] = {{"--json", &o->json},
                 {"--no-av", &o->no_av},
                 {"--no-antispam", &o->no_antispam},
                 {"--verbose", &o->verbose}};

    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (strcmp(word, flags[i].name) == 0)
            return *flags[i].on = true;
    return false;
}

/* Where its value goes; NULL: there is no such option. */
static const char **value_of(struct ctl_check_options *o, const char *word, const char **what)
{
    const struct {
        const char *name, *what;
        const char **value;
    } values[] = {{"--hdr", "a file", &o->hdr},     {"--facts", "a file", &o->facts},
                  {"-f", "an address", &o->sender}, {"--ip", "an address", &o->ip},
                  {"--helo", "a name", &o->helo},   {"--auth", "a name", &o->auth}};

    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        *what = values[i].what;
        if (strcmp(word, values[i].name) == 0)
            return values[i].value;
    }
    return NULL;
}

static size_t take_dns(struct ctl_check_options *o, const char *value, struct buf *why)
{
    if (!value || (strcmp(value, "live") != 0 && strcmp(value, "none") != 0))
        return usage(why, "--dns takes live or none", ""), 0;
    o->dns = strcmp(value, "live") == 0 ? CTL_CHECK_LIVE : CTL_CHECK_NO_DNS;
    return 2;
}

static size_t take_rcpt(struct ctl_check_options *o, const char *value, struct buf *why)
{
    if (!value)
        return usage(why, "an address is missing after", "-r"), 0;
    o->rcpt = xrealloc(o->rcpt, o->rcpt_n + 1, sizeof *o->rcpt);
    o->rcpt[o->rcpt_n++] = view_of(value);
    return 2;
}

/* `value`: the word behind it, or NULL. Answers how many words were used, 0 with the reason. */
static size_t take_option(struct ctl_check_options *o, const char *word, const char *value, struct buf *why)
{
    const char *what, **to = value_of(o, word, &what);
    struct buf text = {0};

    if (take_flag(o, word))
        return 1;
    if (strcmp(word, "--dns") == 0)
        return take_dns(o, value, why);
    if (strcmp(word, "-r") == 0)
        return take_rcpt(o, value, why);
    if (to && value)
        return *to = value, 2;
    if (to) {
        buf_addf(&text, "%s is missing after", what);
        usage(why, text.p, word);
        buf_free(&text);
    } else if (strcmp(word, "--via-daemon") == 0) {
        usage(why, "this version examines files without the daemon only; leave out", word);
    } else {
        usage(why, "unknown option of check", word);
    }
    return 0;
}

static int check_words(const struct ctl_check_options *o, struct buf *why)
{
    if (!o->file_n)
        return usage(why, "check takes the names of messages, or - for standard input", "");
    if (o->facts && o->dns == CTL_CHECK_LIVE)
        return usage(why, "--facts stands in for the DNS; leave out --dns live", "");
    if (o->hdr && (o->sender || o->ip || o->helo || o->auth || o->rcpt_n))
        return usage(why, "--hdr has the envelope; leave out -f, -r, --ip, --helo, --auth", "");
    return 0;
}

int ctl_check_parse(struct ctl_check_options *o, struct ctl_words words, struct buf *why)
{
    bool names_only = false;

    o->file = xcalloc(words.n + 1, sizeof *o->file);
    for (size_t i = 0, used; i < words.n; i += used) {
        const char *word = words.word[i];

        used = 1;
        if (names_only || word[0] != '-' || !word[1])
            o->file[o->file_n++] = word;
        else if (strcmp(word, "--") == 0)
            names_only = true;
        else if (!(used = take_option(o, word, i + 1 < words.n ? words.word[i + 1] : NULL, why)))
            return EXIT_USAGE_64;
    }
    return check_words(o, why);
}

void ctl_check_options_free(struct ctl_check_options *o)
{
    free(o->file);
    free(o->rcpt);
    *o = (struct ctl_check_options){0};
}

static int read_all(const char *file, size_t max, struct buf *to, struct buf *why)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY), rc = 0;

    if (fd < 0 || buf_read_fd(to, fd, max) < 0) {
        buf_addf(why, "%s cannot be read: %s", file, strerror(errno));
        rc = EXIT_DATA_65;
    }
    if (fd >= 0)
        close(fd);
    return rc;
}

static void add_key(struct buf *to, const char *key, const char *value)
{
    if (value)
        buf_addf(to, "%s: %s\n", key, value);
}

/* Of --hdr, or of the words in its place; `e` is empty where there are none. */
static int read_envelope(const struct ctl_check_options *o, struct envelope *e, struct buf *why)
{
    struct envelope_error err = {0};
    struct buf raw = {0};
    int rc = 0;

    if (o->hdr)
        rc = read_all(o->hdr, ENVELOPE_SIZE_MAX, &raw, why);
    else if (o->sender || o->ip || o->helo || o->auth)
        buf_addf(&raw, "Written\n<%s>\npostmaster\n", o->sender ? o->sender : "");
    else
        return 0;
    if (!o->hdr) {
        add_key(&raw, "connectedip", o->ip);
        add_key(&raw, "helo", o->helo);
        add_key(&raw, "auth", o->auth);
        for (size_t i = 0; i < o->rcpt_n; i++)
            add_key(&raw, "recipient", o->rcpt[i].p);
        buf_add_char(&raw, '\n');
    }
    if (rc == 0 && envelope_parse(e, &raw, &err) < 0) {
        buf_addf(why, "%s:%u: %s", o->hdr ? o->hdr : "-f, --ip, --helo, --auth", err.lineno, err.what);
        rc = EXIT_DATA_65;
    }
    buf_free(&raw);
    return rc;
}

void ctl_check_unexamined(struct ctl_check_verdict *v, enum antivirus_why why, const char *text)
{
    *v = (struct ctl_check_verdict){.state = ANTIVIRUS_UNEXAMINED, .why = why};
    snprintf(v->text, sizeof v->text, "%s", text);
}

int ctl_check_code(const struct ctl_check_verdict *v)
{
    if (v->state == ANTIVIRUS_INFECTED)
        return EXIT_FINDING;
    if (v->state == ANTIVIRUS_UNEXAMINED)
        return antivirus_is_transient(v->why) ? EXIT_TEMP_75 : EXIT_FINDING;
    return EXIT_OK;
}

int ctl_check_strictest(int a, int b)
{
    if (a == EXIT_FINDING || b == EXIT_FINDING)
        return EXIT_FINDING;
    return a ? a : b;
}

static void end_file(struct ctl_check_file *f, enum antivirus_why why, const char *text)
{
    if (f->fd >= 0)
        close(f->fd);
    f->fd = -1;
    f->ended = true;
    ctl_check_unexamined(&f->verdict, why, text);
}

/* All that comes, up to one byte more than `max`. 0 or -1 with errno. */
static int copy_bytes(int from, int to, uint64_t max)
{
    char piece[PIECE];
    uint64_t sum = 0;

    while (sum <= max) {
        uint64_t left = max + 1 - sum;
        ssize_t n = read(from, piece, left < sizeof piece ? (size_t)left : sizeof piece);
        struct buf b = {.p = piece, .n = n > 0 ? (size_t)n : 0};

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 || (n > 0 && buf_write_fd(&b, to) < 0))
            return -1;
        if (n == 0)
            break;
        sum += (uint64_t)n;
    }
    return 0;
}

/* A worker gets a descriptor that it can read anew and not write to: a copy in memory. -1 with errno. */
static int spool_in_memory(int from, uint64_t max)
{
    char path[40];
    int memory = memfd_create("message", MFD_CLOEXEC), fd = -1, err;

    if (memory >= 0 && copy_bytes(from, memory, max) == 0) {
        snprintf(path, sizeof path, "/proc/self/fd/%d", memory);
        fd = open(path, O_RDONLY | O_CLOEXEC);
    }
    err = errno;
    if (memory >= 0)
        close(memory);
    errno = err;
    return fd;
}

/* In the place of `fd`: a plain file as it is, anything else in memory. -1 with errno. */
static int settle_file(int fd, uint64_t max)
{
    struct stat st;
    int copy, err;

    if (fd < 0 || (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)))
        return fd;
    copy = spool_in_memory(fd, max);
    err = errno;
    close(fd);
    errno = err;
    return copy;
}

void ctl_check_open(struct ctl_check_file *f, uint64_t max)
{
    bool standard = strcmp(f->name, "-") == 0;
    int fd =
        standard ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : open(f->name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct stat st;

    /* Standard input may be a file that was opened for writing, or is read already: never as it is. */
    if (standard && fd >= 0) {
        f->fd = spool_in_memory(fd, max);
        close(fd);
    } else {
        f->fd = settle_file(fd, max);
    }
    if (f->fd < 0 || fstat(f->fd, &st) < 0) {
        end_file(f, ANTIVIRUS_BYTES, strerror(errno));
        return;
    }
    f->size = (uint64_t)st.st_size;
    if (f->size > max)
        end_file(f, ANTIVIRUS_LIMIT, "larger than spool.max_message_size");
}

struct check {
    const struct ctl_check_options *o;
    const struct config *c;
    const struct ctl_check_about *about;
    struct ctl_print print;
    struct ctl_check_worker *worker; /* NULL: nobody is asked */
    struct ctl_check_file *file;
    size_t begun, printed, at_once; /* files */
    int rc;
};

static void begin_next(struct check *k)
{
    struct ctl_check_file *f = &k->file[k->begun];

    *f = (struct ctl_check_file){.name = k->o->file[k->begun], .fd = -1};
    k->begun++;
    ctl_check_open(f, (uint64_t)k->c->max_message_size);
    if (f->ended)
        return;
    if (k->worker)
        ctl_check_worker_submit(k->worker, f);
    else
        f->ended = true; /* its verdict stays "not asked" */
}

static void print_next(struct check *k)
{
    struct ctl_check_file *f = &k->file[k->printed++];
    struct wire_loaded engine = {0};
    struct buf line = {0};

    if (k->worker)
        ctl_check_worker_engine(k->worker, &engine);
    if (!f->judged) /* else it is decided about while the verdict is there */
        ctl_check_decide(k->c, k->about, f, NULL);
    ctl_check_print(&line, f, &engine, k->o->json);
    fwrite(line.p, 1, line.n, stdout);
    if (!k->o->json && k->about->antispam) /* else the first line says it all */
        ctl_check_print_decision(&k->print, f, k->about);
    fflush(stdout);
    k->rc = ctl_check_strictest(k->rc, ctl_check_code(&f->verdict));
    if (f->fd >= 0)
        close(f->fd);
    f->fd = -1;
    parts_free(&f->parts);
    buf_free(&f->spam);
    buf_free(&f->told);
    ctl_check_decided_free(&f->decided);
    buf_free(&line);
}

/* A few files at a time, printed in the order in which they were named. */
static void examine_all(struct check *k)
{
    while (k->printed < k->o->file_n) {
        while (k->begun < k->o->file_n && k->begun - k->printed < k->at_once)
            begin_next(k);
        if (k->file[k->printed].ended)
            print_next(k);
        else
            ctl_check_worker_turn(k->worker);
    }
}

static void say_test_only(const struct config *c)
{
    struct buf folder = {0};

    ctl_text_add(&folder, view_of(c->av_signatures), false);
    fprintf(stderr,
            "spoolctl: TEST SIGNATURES ONLY: %s holds none, so nothing but the EICAR test file is found; see "
            "spoolctl av update\n",
            folder.p ? folder.p : "");
    buf_free(&folder);
}

/* Who is asked, and about what; `k->worker` stays NULL where nobody is. */
static int open_workers(struct check *k, struct ctl_check_about *about, struct buf *why)
{
    k->about = about;
    if (!about->av && !about->antispam)
        return 0;
    k->worker = ctl_check_worker_open(k->c, (unsigned)k->at_once, about, why);
    if (!k->worker)
        return EXIT_CONFIG_100;
    if (about->av && ctl_check_worker_is_test(k->worker))
        say_test_only(k->c);
    return 0;
}

/* Those that wait for the DNS keep no worker busy. */
static size_t most_at_once(const struct config *c, const struct ctl_check_about *about)
{
    size_t n = (size_t)(c->av_children > c->antispam_children ? c->av_children : c->antispam_children);

    return about->dns == CTL_CHECK_LIVE && n < LIVE_AT_ONCE ? LIVE_AT_ONCE : n;
}

int ctl_check(const struct config *c, const struct ctl_check_options *o, struct buf *why)
{
    struct check k = {.o = o, .c = c, .at_once = o->file_n};
    struct envelope env = {0};
    struct buf facts = {0};
    struct ctl_check_about about = {.env = o->hdr || o->sender || o->ip || o->helo || o->auth ? &env : NULL,
                                    .dns = o->dns,
                                    .av = c->clamav && !o->no_av,
                                    .antispam = c->antispam && !o->no_antispam,
                                    .verbose = o->verbose};
    int rc = read_envelope(o, &env, why);

    about.rcpt = o->hdr ? env.rcpt : o->rcpt;
    about.rcpt_n = o->hdr ? env.rcpt_n : o->rcpt_n;
    ctl_print_init(&k.print, stdout);
    if (rc == 0 && o->facts)
        rc = read_all(o->facts, CTL_CHECK_FACTS_MAX, &facts, why);
    if (o->facts)
        about.facts = facts.n ? buf_view(&facts) : VIEW("");
    if (k.at_once > most_at_once(c, &about))
        k.at_once = most_at_once(c, &about);
    if (rc == 0)
        rc = open_workers(&k, &about, why);
    if (rc == 0) {
        k.file = xcalloc(o->file_n, sizeof *k.file);
        examine_all(&k);
        free(k.file);
        rc = k.rc;
    }
    if (k.worker)
        ctl_check_worker_close(&k.worker);
    envelope_free(&env);
    buf_free(&facts);
    return rc;
}
