/*
 * spooldrop.c - the command by which an MTA, a gateway or a script hands one message to spoold.
 *
 * Only options, rights and the order of the steps; drop_envelope.c and
 * drop_spool.c do the work. It may be installed setgid like postdrop(1): then
 * the caller is hostile, so the environment, inherited descriptors and every
 * option that names a file are refused before anything else is looked at.
 * Exit code 0 is a promise: the message is on disk.
 */
#include "common/log.h"
#include "common/xalloc.h"
#include "spoold/config.h"
#include "tools/drop_envelope.h"
#include "tools/drop_spool.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifndef SPOOLD_CONFIG
#define SPOOLD_CONFIG "/etc/spoold/spoold.ini"
#endif

#define OPTION_KEY 256 /* + enum drop_key */

static const char usage[] =
    "usage: spooldrop [-c INI] [-o section.key=value]... [-i INTAKE] -f SENDER\n"
    "                 [--ip A] [--helo H] [--auth U] [--body 7bit|8bitmime|auto] [--smtputf8]\n"
    "                 [--envid E] [--notify N] [--ret full|hdrs] [--protocol P]\n"
    "                 [--] RECIPIENT... < message\n"
    "-f \"\" is the null sender. Put -- before the recipients when others choose them.\n"
    "See spooldrop(1).\n";

struct arguments {
    const char *config;
    const char **override; /* owned array of borrowed strings */
    size_t override_n;
    const char *intake;
    bool help, body_auto;
    struct drop_envelope envelope;
};

/* The last line of defence for a terminal: whatever a message was made of, only printable ASCII gets out. */
static void say(const struct buf *why)
{
    struct buf line = {0};

    buf_add_str(&line, "spooldrop: ");
    for (size_t i = 0; i < why->n; i++) {
        unsigned char c = (unsigned char)why->p[i];

        if ((c >= 0x20 && c <= 0x7e) || c == '\n')
            buf_add_char(&line, (char)c);
        else
            buf_addf(&line, "\\x%02x", c);
    }
    if (line.p[line.n - 1] != '\n')
        buf_add_char(&line, '\n');
    (void)buf_write_fd(&line, STDERR_FILENO);
    buf_free(&line);
}

/* A file that were opened as 2 would get our complaints as its content. */
static void fill_stdio(void)
{
    int fd = open("/dev/null", O_RDWR);

    while (fd >= 0 && fd <= STDERR_FILENO)
        fd = open("/dev/null", O_RDWR);
    if (fd >= 0)
        close(fd);
}

/* Whether the program runs with rights that its caller does not have; if so it forgets what the caller gave
 * it. */
static bool drop_inheritance(void)
{
    struct rlimit none = {0, 0};

    if (getuid() == geteuid() && getgid() == getegid())
        return false;
    clearenv();
    close_range(3, ~0U, 0);
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0);
    return true;
}

/* Refused by name when privileged: a user who is told why asks the administrator, not the debugger. */
static int take_option(struct arguments *a, int option, const char *value, bool privileged, struct buf *why)
{
    if (option == OPTION_KEY + DROP_KEY_BODY && strcmp(value, "auto") == 0) {
        a->body_auto = true;
        return 0;
    }
    if (option >= OPTION_KEY && option < OPTION_KEY + DROP_KEY__MAX) {
        a->envelope.value[option - OPTION_KEY] = value ? value : "yes";
        return 0;
    }
    if ((option == 'c' || option == 'o') && privileged && getuid() != 0) {
        buf_addf(
            why,
            "-%c is refused: spooldrop is installed setgid here, so only root may choose the configuration",
            option);
        return EXIT_USAGE_64;
    }
    switch (option) {
    case 'c':
        a->config = value;
        return 0;
    case 'o':
        a->override[a->override_n++] = value;
        return 0;
    case 'i':
        a->intake = value;
        return 0;
    case 'f':
        a->envelope.sender = value;
        return 0;
    case 'h':
        a->help = true;
        return 0;
    default:
        buf_addf(why, "unknown option, or a value is missing\n%s", usage);
        return EXIT_USAGE_64;
    }
}

/* A "recipient" such as -c is a mistake or an attack unless -- says that the caller meant it. */
static int take_recipients(struct arguments *a, int argc, char **argv, struct buf *why)
{
    bool marked = optind > 1 && strcmp(argv[optind - 1], "--") == 0;

    a->envelope.rcpt = (const char *const *)(argv + optind);
    a->envelope.rcpt_n = (size_t)(argc - optind);
    if (!a->envelope.sender && !a->help) {
        buf_addf(why, "-f SENDER is missing\n%s", usage);
        return EXIT_USAGE_64;
    }
    for (int i = optind; i < argc && !marked; i++) {
        if (argv[i][0] != '-')
            continue;
        buf_addf(why,
                 "an option stands after a recipient; put options first, and -- before a recipient such as ");
        drop_envelope_add_quoted(why, argv[i]);
        return EXIT_USAGE_64;
    }
    return 0;
}

static int parse_arguments(struct arguments *a, int argc, char **argv, bool privileged, struct buf *why)
{
    static const struct option options[] = {
        {"ip", required_argument, NULL, OPTION_KEY + DROP_KEY_IP},
        {"helo", required_argument, NULL, OPTION_KEY + DROP_KEY_HELO},
        {"auth", required_argument, NULL, OPTION_KEY + DROP_KEY_AUTH},
        {"body", required_argument, NULL, OPTION_KEY + DROP_KEY_BODY},
        {"smtputf8", no_argument, NULL, OPTION_KEY + DROP_KEY_SMTPUTF8},
        {"envid", required_argument, NULL, OPTION_KEY + DROP_KEY_ENVID},
        {"ret", required_argument, NULL, OPTION_KEY + DROP_KEY_RET},
        {"notify", required_argument, NULL, OPTION_KEY + DROP_KEY_NOTIFY},
        {"protocol", required_argument, NULL, OPTION_KEY + DROP_KEY_PROTOCOL},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int option = 0;

    opterr = 0; /* getopt would print the caller's bytes as they are */
    a->override = xcalloc((size_t)argc + 1, sizeof *a->override);
    while ((option = getopt_long(argc, argv, "+c:o:i:f:h", options, NULL)) != -1) {
        int rc = take_option(a, option, optarg, privileged, why);

        if (rc)
            return rc;
    }
    return take_recipients(a, argc, argv, why);
}

/* No file at the usual place means the defaults; a file that cannot be looked at must not. */
static const char *config_file(const struct arguments *a)
{
    struct stat st;

    if (a->config)
        return a->config;
    return stat(SPOOLD_CONFIG, &st) < 0 && errno == ENOENT ? NULL : SPOOLD_CONFIG;
}

/* A relative root would mean the caller's working directory. */
static int load_config(const struct arguments *a, bool privileged, struct config **c, struct buf *why)
{
    struct config_errors errs = {0};

    *c = config_load_without_files(config_file(a), a->override, a->override_n, &errs);
    buf_add_view(why, buf_view(&errs.text));
    buf_free(&errs.text);
    if (!*c)
        return EXIT_CONFIG_100;
    if (privileged && (*c)->root[0] != '/') {
        buf_add_str(why, "paths.root must start with a slash where spooldrop is installed setgid");
        return EXIT_CONFIG_100;
    }
    return 0;
}

/* -i, else "main", else the only one. */
static int find_intake(const struct config *c, const char *name, const struct config_intake **found,
                       struct buf *why)
{
    for (size_t i = 0; i < c->intake_n; i++)
        if (strcmp(c->intake[i].name, name ? name : "main") == 0)
            *found = &c->intake[i];
    if (!*found && !name && c->intake_n == 1)
        *found = &c->intake[0];
    if (*found)
        return 0;
    if (name) {
        buf_add_str(why, "there is no intake ");
        drop_envelope_add_quoted(why, name);
    } else {
        buf_add_str(why, "there is no intake 'main'");
    }
    buf_add_str(why, "; choose one with -i:");
    for (size_t i = 0; i < c->intake_n; i++)
        buf_addf(why, " %s", c->intake[i].name);
    return EXIT_USAGE_64;
}

/* --body auto: known when all of it was read. */
static int pack_body(struct arguments *a, const struct drop_spool *s, struct buf *envelope, struct buf *why)
{
    a->envelope.value[DROP_KEY_BODY] = s->eight_bit ? "8bitmime" : "7bit";
    buf_clear(envelope);
    return drop_envelope_pack(&a->envelope, time(NULL), envelope, why);
}

static int deposit(const struct config *c, const struct config_intake *in, struct arguments *a,
                   struct buf *envelope, struct buf *why)
{
    struct drop_spool s;
    int rc = drop_spool_open(&s, c->root, in->path, why);

    if (!rc)
        rc = drop_spool_create(&s, why);
    if (!rc)
        rc = drop_spool_copy(&s, STDIN_FILENO, why);
    if (!rc && a->body_auto)
        rc = pack_body(a, &s, envelope, why);
    if (!rc)
        rc = drop_spool_publish(&s, envelope, why);
    drop_spool_close(&s);
    return rc;
}

static int run(struct arguments *a, bool privileged, struct buf *why)
{
    const struct config_intake *in = NULL;
    struct config *c = NULL;
    struct buf envelope = {0};
    int rc = drop_envelope_pack(&a->envelope, time(NULL), &envelope, why);

    if (rc)
        goto out;
    rc = load_config(a, privileged, &c, why);
    if (rc)
        goto out;
    rc = find_intake(c, a->intake, &in, why);
    if (!rc)
        rc = deposit(c, in, a, &envelope, why);
out:
    config_free(&c);
    buf_free(&envelope);
    return rc;
}

int main(int argc, char **argv)
{
    struct arguments a = {0};
    struct buf why = {0};
    bool privileged = false;
    int rc = 0;

    fill_stdio();
    privileged = drop_inheritance();
    rc = parse_arguments(&a, argc, argv, privileged, &why);
    if (!rc && a.help)
        rc = dprintf(STDOUT_FILENO, "%s", usage) < 0 ? EXIT_TEMP_75 : 0;
    else if (!rc)
        rc = run(&a, privileged, &why);
    if (rc)
        say(&why);
    free(a.override);
    buf_free(&why);
    return rc;
}
