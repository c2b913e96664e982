/*
 * spoolctl.c - asks the running spoold, and prints what it says.
 *
 * Only options and dispatch: ctl_request.c builds the question, ctl_link.c
 * carries it, ctl_print.c and ctl_table.c print the answer. It reads the
 * configuration to find the socket and nothing else: never the spool, never the
 * ledger. Strings in answers come from mail and are escaped on their way out.
 */
#include "common/log.h"
#include "common/xalloc.h"
#include "spoold/config.h"
#include "tools/ctl_link.h"
#include "tools/ctl_print.h"
#include "tools/ctl_request.h"
#include "tools/ctl_text.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef SPOOLD_CONFIG
#define SPOOLD_CONFIG "/etc/spoold/spoold.ini"
#endif

struct verb {
    const char *name, *usage;
    ctl_request_fn *build;
    ctl_print_fn *print;
    const char *nothing; /* said when all is well and there was no line */
};

static const struct verb verbs[] = {
    {"status", "status", ctl_request_none, ctl_print_status, ""},
    {"queue", "queue [--held] [--limit N]", ctl_request_queue, ctl_table_queue, "No message is in work."},
    {"show", "show ID", ctl_request_id, ctl_print_show, ""},
    {"history", "history [--sender A] [--recipient A] [--name N] [--id PREFIX] [--limit N]",
     ctl_request_history, ctl_table_history, "No such message."},
    {"audit", "audit", ctl_request_none, ctl_print_audit, ""},
};

struct arguments {
    const char *config;
    const char **override; /* owned array of borrowed strings */
    size_t override_n;
    bool json, help;
    const struct verb *verb;
    struct ctl_words words; /* .word owned array of borrowed strings */
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

static int find_verb(struct arguments *a, const char *name, struct buf *why)
{
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(verbs[i].name, name) == 0)
            a->verb = &verbs[i];
    if (a->verb)
        return 0;
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

/* --json is taken after the verb too, where people add it to a line they typed before. */
static void take_words(struct arguments *a, int argc, char **argv)
{
    char **words = xcalloc((size_t)argc + 1, sizeof *words);

    for (int i = optind + 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            a->json = true;
        else
            words[a->words.n++] = argv[i];
    }
    a->words.word = words;
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
    rc = find_verb(a, argv[optind], why);
    if (!rc)
        take_words(a, argc, argv);
    return rc;
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

    if (!file && !(stat(SPOOLD_CONFIG, &st) < 0 && errno == ENOENT))
        file = SPOOLD_CONFIG;
    c = config_load(file, a->override, a->override_n, &errs);
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
    if (!rc && !a->json && !answer.print.rows && *a->verb->nothing)
        printf("%s\n", a->verb->nothing);
    return rc;
}

static int run(const struct arguments *a, struct buf *why)
{
    struct buf request = {0};
    struct config *c = NULL;
    int rc = EXIT_USAGE_64;

    if (ctl_request_add_word(&request, NULL, a->verb->name) == 0)
        rc = a->verb->build(a->words, &request, why);
    if (rc)
        goto out;
    c = load_config(a, why);
    rc = c ? ask(a, c, &request, why) : EXIT_CONFIG_100;
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
    free((void *)a.words.word);
    buf_free(&why);
    return rc;
}
