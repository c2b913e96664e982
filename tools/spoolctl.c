/*
 * spoolctl.c - asks the running spoold, and prints what it says.
 *
 * Only options and dispatch: ctl_request.c builds the question, ctl_link.c
 * carries it, ctl_print.c and ctl_table.c print the answer. Some verbs do their
 * work themselves: ctl_av.c runs freshclam, ctl_check.c examines files, ctl_tail.c asks
 * again and again, ctl_doctor.c looks at what is there, ctl_explain.c and ctl_whatif.c
 * read the journal, ctl_reload.c asks that before it gives the order. None opens
 * the ledger. Strings in answers come from mail and are escaped on
 * their way out.
 */
#include "common/log.h"
#include "common/xalloc.h"
#include "spoold/config.h"
#include "tools/ctl_av.h"
#include "tools/ctl_check.h"
#include "tools/ctl_doctor.h"
#include "tools/ctl_explain.h"
#include "tools/ctl_link.h"
#include "tools/ctl_print.h"
#include "tools/ctl_quarantine.h"
#include "tools/ctl_reload.h"
#include "tools/ctl_replay.h"
#include "tools/ctl_request.h"
#include "tools/ctl_tail.h"
#include "tools/ctl_text.h"
#include "tools/ctl_whatif.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef SPOOLD_CONFIG
#define SPOOLD_CONFIG "/etc/spoold/spoold.ini"
#endif

struct arguments;

struct verb {
    const char *name;
    const char *word; /* the second word of a verb that has several; else NULL */
    const char *usage;
    ctl_request_fn *build;
    ctl_print_fn *print;
    const char *nothing; /* said when all is well and there was no line */
    /* In the place of a request. Without `build` it is called first with c NULL, to look at the words only.
     */
    int (*work)(const struct arguments *a, const struct config *c, struct buf *why);
};

static int work_update(const struct arguments *a, const struct config *c, struct buf *why)
{
    (void)a;
    return ctl_av_update(c, why);
}

static int work_check(const struct arguments *a, const struct config *c, struct buf *why);

static int work_tail(const struct arguments *a, const struct config *c, struct buf *why);
static int work_doctor(const struct arguments *a, const struct config *c, struct buf *why);

static int work_show(const struct arguments *a, const struct config *c, struct buf *why);
static int work_explain(const struct arguments *a, const struct config *c, struct buf *why);
static int work_show_entry(const struct arguments *a, const struct config *c, struct buf *why);
static int work_release(const struct arguments *a, const struct config *c, struct buf *why);

static int work_whatif(const struct arguments *a, const struct config *c, struct buf *why);
static int work_replay(const struct arguments *a, const struct config *c, struct buf *why);
static int work_reload(const struct arguments *a, const struct config *c, struct buf *why);

static const struct verb verbs[] = {
    {"status", NULL, "status", ctl_request_none, ctl_print_status, "", NULL},
    {"queue", NULL, "queue [--held] [--limit N]", ctl_request_queue, ctl_table_queue,
     "No message is in work.", NULL},
    {"show", NULL, "show ID [--parts]", NULL, ctl_print_show, "", work_show},
    {"explain", NULL, "explain ID [--verbose]", NULL, NULL, "", work_explain},
    {"history", NULL, "history [--sender A] [--recipient A] [--name N] [--id PREFIX] [--limit N]",
     ctl_request_history, ctl_table_history, "No such message.", NULL},
    {"audit", NULL, "audit", ctl_request_none, ctl_print_audit, "", NULL},
    {"quarantine", "list",
     "quarantine list [--class C] [--since T] [--to A] [--from A] [--name N] [--limit N]",
     ctl_quarantine_list, ctl_table_quarantine, "No such entry.", NULL},
    {"quarantine", "show", "quarantine show ID", NULL, NULL, "", work_show_entry},
    {"quarantine", "release", "quarantine release ID [--rcpt A]... [--wait S]", NULL, ctl_quarantine_print,
     "", work_release},
    {"quarantine", "delete", "quarantine delete ID", ctl_request_id, ctl_quarantine_print, "", NULL},
    {"purge", NULL, "purge --address A", ctl_quarantine_purge, ctl_quarantine_print, "", NULL},
    {"av", "status", "av status", ctl_request_none, ctl_print_av, "", NULL},
    {"av", "reload", "av reload", ctl_request_none, ctl_print_av, "", NULL},
    {"av", "update", "av update", ctl_request_none, NULL, "", work_update},
    {"dns", "flush", "dns flush", ctl_request_none, ctl_print_dns, "", NULL},
    {"dns", NULL, "dns", ctl_request_none, ctl_print_dns, "", NULL},
    {"tail", NULL, "tail [-n N]", NULL, NULL, "", work_tail},
    {"hold", NULL, "hold ID", ctl_request_id, ctl_print_told, "", NULL},
    {"unhold", NULL, "unhold ID", ctl_request_id, ctl_print_told, "", NULL},
    {"retry", NULL, "retry ID|all", ctl_request_id, ctl_print_told, "", NULL},
    {"freeze", NULL, "freeze", ctl_request_none, ctl_print_told, "", NULL},
    {"thaw", NULL, "thaw", ctl_request_none, ctl_print_told, "", NULL},
    {"replay", NULL, "replay ID [--full [FILE]] | replay --all [--days N]", NULL, NULL, "", work_replay},
    {"whatif", NULL, "whatif INI [--days N] [--list N]", NULL, NULL, "", work_whatif},
    {"reload", NULL, "reload [--force]", NULL, NULL, "", work_reload},
    {"doctor", NULL, "doctor", NULL, NULL, "", work_doctor},
    {"metrics", NULL, "metrics", ctl_request_none, ctl_print_metrics, "", NULL},
    {"check", NULL,
     "check [--hdr FILE | -f SENDER -r RCPT --ip A --helo H --auth U]\n                      [--facts FILE | "
     "--dns "
     "live|none] [--no-av] [--no-antispam] [--verbose] MESSAGE...",
     NULL, NULL, "", work_check},
};

struct arguments {
    const char *config;
    const char **override; /* owned array of borrowed strings */
    size_t override_n;
    bool json, help;
    const struct verb *verb;
    char **all;             /* owned array of borrowed strings */
    struct ctl_words words; /* of it, those behind the verb */
};

struct answer {
    const struct arguments *a;
    struct ctl_print print;
};

/* Made from the table, so that a verb cannot be forgotten. */
static void print_usage(FILE *to)
{
    fputs("usage: spoolctl [-c INI] [-o section.key=value]... [--json] VERB\n", to);
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        fprintf(to, "       spoolctl %s\n", verbs[i].usage);
    fputs("ID: a whole id, its last 25 characters, or the name of the dropped file. See spoolctl(8).\n", to);
}

/* `why` may hold lines of several complaints; each line is escaped by itself. */
static void say(const struct buf *why)
{
    struct view rest = buf_view(why);

    while (rest.n) {
        const char *newline = memchr(rest.p, '\n', rest.n);
        struct view line = {rest.p, newline ? (size_t)(newline - rest.p) : rest.n};
        struct buf text = {0};

        ctl_text_add(&text, line, false);
        fprintf(stderr, "spoolctl: %s\n", text.p ? text.p : "");
        buf_free(&text);
        rest.p += line.n + (newline ? 1 : 0);
        rest.n -= line.n + (newline ? 1 : 0);
    }
}

/* 64 with the words that would have been right; `a->words` loses a second word that belongs to the verb. */
static int find_verb(struct arguments *a, const char *name, struct buf *why)
{
    const char *comma = "";

    for (size_t i = 0; i < sizeof verbs / sizeof *verbs && !a->verb; i++)
        if (strcmp(verbs[i].name, name) == 0 &&
            (!verbs[i].word || (a->words.n && strcmp(verbs[i].word, a->words.word[0]) == 0)))
            a->verb = &verbs[i];
    if (a->verb) {
        a->words.word += a->verb->word ? 1 : 0;
        a->words.n -= a->verb->word ? 1 : 0;
        return 0;
    }
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(verbs[i].name, name) != 0)
            continue;
        buf_addf(why, "%s%s", *comma ? comma : "that verb stands with a second word: ", verbs[i].usage);
        comma = ", ";
    }
    if (!*comma)
        buf_addf(why, "unknown verb '%s'; see spoolctl --help", name);
    return EXIT_USAGE_64;
}

static int take_option(struct arguments *a, int option, const char *value, struct buf *why)
{
    switch (option) {
    case 'c':
        a->config = value;
        return 0;
    case 'o':
        a->override[a->override_n++] = value;
        return 0;
    case 'j':
        a->json = true;
        return 0;
    case 'h':
        a->help = true;
        return 0;
    default:
        buf_add_str(why, "unknown option, or a value is missing; see spoolctl --help");
        return EXIT_USAGE_64;
    }
}

/* --json is taken after the verb too, where people add it to a line they typed before; not behind a "--". */
static void take_words(struct arguments *a, int argc, char **argv)
{
    bool names_only = false;

    a->all = xcalloc((size_t)argc + 1, sizeof *a->all);
    for (int i = optind + 1; i < argc; i++) {
        names_only |= strcmp(argv[i], "--") == 0;
        if (!names_only && strcmp(argv[i], "--json") == 0)
            a->json = true;
        else
            a->all[a->words.n++] = argv[i];
    }
    a->words.word = a->all;
}

static int parse_arguments(struct arguments *a, int argc, char **argv, struct buf *why)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    int option = 0, rc = 0;

    opterr = 0;
    a->override = xcalloc((size_t)argc + 1, sizeof *a->override);
    while (!rc && (option = getopt_long(argc, argv, "+c:o:h", options, NULL)) != -1)
        rc = take_option(a, option, optarg, why);
    if (rc || a->help)
        return rc;
    if (optind == argc) {
        buf_add_str(why, "a verb is missing; see spoolctl --help");
        return EXIT_USAGE_64;
    }
    take_words(a, argc, argv);
    return find_verb(a, argv[optind], why);
}

/* Written out as it came: programs compare and hash these lines. */
static void take_line(struct view line, const json_t *object, void *arg)
{
    struct answer *answer = arg;

    if (answer->a->json) {
        fwrite(line.p, 1, line.n, stdout);
        fputc('\n', stdout);
        answer->print.rows++;
    } else {
        answer->a->verb->print(&answer->print, object);
    }
}

/* No file at the usual place means the defaults, as for spoold itself. */
static struct config *load_config(const struct arguments *a, struct buf *why)
{
    struct config_errors errs = {0};
    struct config *c = NULL;
    struct stat st;
    const char *file = a->config;
    struct config *(*load)(const char *, const char *const *, size_t, struct config_errors *);

    if (!file && !(stat(SPOOLD_CONFIG, &st) < 0 && errno == ENOENT))
        file = SPOOLD_CONFIG;
    /* Only what judges mail, or looks for mistakes, needs the lists, which need not be readable to all. */
    load =
        a->verb->work == work_check || a->verb->work == work_doctor ? config_load : config_load_without_files;
    c = load(file, a->override, a->override_n, &errs);
    buf_add_view(why, buf_view(&errs.text));
    buf_free(&errs.text);
    return c;
}

/* The same options again: with others spoold would look after another folder. */
static void advise_start(const struct arguments *a, struct buf *why)
{
    buf_add_str(why, ". Start it with: spoold");
    if (a->config)
        buf_addf(why, " -c %s", a->config);
    for (size_t i = 0; i < a->override_n; i++)
        buf_addf(why, " -o %s", a->override[i]);
}

static int ask(const struct arguments *a, const struct config *c, const struct buf *request, struct buf *why)
{
    struct answer answer = {.a = a};
    struct ctl_link l = {.fd = -1};
    int rc = ctl_link_open(&l, c->root, c->state, why);

    if (rc) {
        if (l.absent)
            advise_start(a, why);
        return rc;
    }
    ctl_print_init(&answer.print, stdout);
    rc = ctl_link_send(&l, request, why);
    if (!rc)
        rc = ctl_link_receive(&l, take_line, &answer, why);
    ctl_link_close(&l);
    ctl_checks_end(&answer.print);
    if (!rc && !a->json && !answer.print.rows && *a->verb->nothing)
        printf("%s\n", a->verb->nothing);
    return rc;
}

/* A wrong option is complained about before a wrong configuration. */
static int work_check(const struct arguments *a, const struct config *c, struct buf *why)
{
    struct ctl_check_options o = {.json = a->json};
    int rc = ctl_check_parse(&o, a->words, why);

    if (!rc && c)
        rc = ctl_check(c, &o, why);
    ctl_check_options_free(&o);
    return rc;
}

static int work_tail(const struct arguments *a, const struct config *c, struct buf *why)
{
    unsigned lines = 0;
    int rc = ctl_tail_parse(a->words, &lines, why);

    return rc || !c ? rc : ctl_tail(c, lines, a->json, why);
}

static int work_doctor(const struct arguments *a, const struct config *c, struct buf *why)
{
    if (a->words.n) {
        buf_add_str(why, "doctor takes no words");
        return EXIT_USAGE_64;
    }
    return c ? ctl_doctor(c, a->json) : 0;
}

static int work_replay(const struct arguments *a, const struct config *c, struct buf *why)
{
    struct ctl_replay o = {.all = false};
    int rc = ctl_replay_parse(a->words, &o, why);

    return rc || !c ? rc : ctl_replay(c, &o, a->json, why);
}

static int work_whatif(const struct arguments *a, const struct config *c, struct buf *why)
{
    struct ctl_whatif o = {.days = CTL_WHATIF_DAYS, .list = CTL_WHATIF_LIST, .json = a->json};
    int rc = ctl_whatif_parse(a->words, &o, why);

    return rc || !c ? rc : ctl_whatif(c, &o, a->override, a->override_n, why);
}

static int work_reload(const struct arguments *a, const struct config *c, struct buf *why)
{
    bool force = false;
    int rc = ctl_reload_parse(a->words, &force, why);

    return rc || !c ? rc : ctl_reload(c, force, a->json, why);
}

/* With --parts the same answer is asked for, and other things of it are shown. */
static int work_show(const struct arguments *a, const struct config *c, struct buf *why)
{
    static const struct verb parts = {
        "show", NULL, "", NULL, ctl_parts_show, "No list of its parts is known.", NULL};
    struct arguments with = *a;
    struct buf request = {0};
    bool wanted = false;
    int rc = ctl_request_show(a->words, &wanted, &request, why);

    if (wanted)
        with.verb = &parts;
    if (!rc && c)
        rc = ask(&with, c, &request, why);
    buf_free(&request);
    return rc;
}

static int work_explain(const struct arguments *a, const struct config *c, struct buf *why)
{
    struct ctl_explain e = {.verbose = false};
    int rc = ctl_explain_parse(a->words, &e, why);

    return rc || !c ? rc : ctl_explain(c, &e, a->json, why);
}

static int work_show_entry(const struct arguments *a, const struct config *c, struct buf *why)
{
    struct ctl_quarantine_show show = {.words = a->words, .json = a->json};

    return c ? ctl_quarantine_show(&show, c, why) : ctl_quarantine_show_check(&show, why);
}

/* What is still in work now may be done in a moment: the question is asked again until its time is over. */
static int work_release(const struct arguments *a, const struct config *c, struct buf *why)
{
    struct buf request = {0};
    unsigned wait_ms = 0;
    int rc = ctl_quarantine_release(a->words, &request, &wait_ms, why);

    if (!rc && c) {
        rc = ask(a, c, &request, why);
        for (; rc == EXIT_TEMP_75 && wait_ms >= CTL_QUARANTINE_AGAIN_MS; wait_ms -= CTL_QUARANTINE_AGAIN_MS) {
            usleep(CTL_QUARANTINE_AGAIN_MS * 1000);
            buf_clear(why);
            rc = ask(a, c, &request, why);
        }
    }
    buf_free(&request);
    return rc;
}

/* The verbs of the quarantine are one word there; those of the virus scanner are two. */
static int add_verb(const struct verb *v, struct buf *request)
{
    char whole[64];

    if (v->word && strcmp(v->name, "quarantine") == 0) {
        snprintf(whole, sizeof whole, "%s-%s", v->name, v->word);
        return ctl_request_add_word(request, NULL, whole);
    }
    if (ctl_request_add_word(request, NULL, v->name) < 0)
        return -1;
    return v->word ? ctl_request_add_word(request, NULL, v->word) : 0;
}

static int build_request(const struct arguments *a, struct buf *request, struct buf *why)
{
    if (!a->verb->build)
        return a->verb->work(a, NULL, why);
    if (add_verb(a->verb, request) < 0)
        return EXIT_USAGE_64;
    return a->verb->build(a->words, request, why);
}

static int run(const struct arguments *a, struct buf *why)
{
    struct buf request = {0};
    struct config *c = NULL;
    int rc = build_request(a, &request, why);

    if (rc)
        goto out;
    c = load_config(a, why);
    if (!c && a->verb->work == work_doctor) {
        rc = ctl_doctor_config(why, a->json);
        buf_clear(why);
    } else if (!c) {
        rc = EXIT_CONFIG_100;
    } else {
        rc = a->verb->work ? a->verb->work(a, c, why) : ask(a, c, &request, why);
    }
out:
    config_free(&c);
    buf_free(&request);
    return rc;
}

int main(int argc, char **argv)
{
    struct arguments a = {0};
    struct buf why = {0};
    int rc = parse_arguments(&a, argc, argv, &why);

    if (!rc && a.help)
        print_usage(stdout);
    else if (!rc)
        rc = run(&a, &why);
    /* A full disk behind a redirection must not look like an empty answer. */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        buf_add_str(&why, "the answer cannot be written to standard output");
        rc = EXIT_TEMP_75;
    }
    say(&why);
    free(a.override);
    free(a.all);
    buf_free(&why);
    return rc;
}
