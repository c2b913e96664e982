/*
 * main.c - starts spoold: options, configuration, root's work, then the loop.
 */
#include "common/log.h"
#include "common/xalloc.h"
#include "spoold/config_kept.h"
#include "spoold/control_freeze.h"
#include "spoold/control_server.h"
#include "spoold/deliver.h"
#include "spoold/kept.h"
#include "spoold/launch.h"
#include "spoold/loop.h"
#include "spoold/negative.h"
#include "spoold/listtest.h"
#include "spoold/resolver.h"
#include "spoold/role_settings.h"
#include "spoold/root.h"
#include "spoold/watch.h"

#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#ifndef SPOOLD_CONFIG
#define SPOOLD_CONFIG "/etc/spoold/spoold.ini"
#endif

#define MAIN_OVERRIDES_MAX 64
#define MAIN_FILES_OTHER   512 /* descriptors besides those of messages: folders, ledger, clients */
#define MAIN_FILES_MESSAGE 6   /* and for one message, while it is prepared; two more wait for the DNS */
#define MAIN_FILES_SPLIT   36  /* the same with as many copies as there can be */

struct options {
    const char *file;
    const char *override[MAIN_OVERRIDES_MAX];
    size_t override_n;
    const char *print_for; /* the settings of this recipient */
    bool check, print, man, once, hold_all, trace;
};

static const char usage_text[] =
    "usage: spoold [-c FILE] [-o section.key=value]... [--once] [--hold-all]\n"
    "       spoold --check-config | --print-config [--for ADDRESS] [-c FILE] [-o section.key=value]...\n"
    "\n"
    "  -c, --config FILE     settings; default " SPOOLD_CONFIG " where that file exists\n"
    "  -o, --option S.K=V    one setting that wins over the file\n"
    "      --check-config    say what is wrong with the settings and stop\n"
    "      --print-config    print every setting with its effective value and stop\n"
    "      --for ADDRESS     ... as it is for this recipient, and where it was written\n"
    "      --once            work off what is there, then stop\n"
    "      --hold-all        take messages in, but hold every one of them\n"
    "      --sandbox=trace   name each system call that a worker's sandbox does not know\n"
    "      --version\n"
    "See spoold(8) and spoold.ini(5).\n";

enum {
    OPT_CHECK = 256,
    OPT_PRINT,
    OPT_FOR,
    OPT_MAN,
    OPT_ONCE,
    OPT_HOLD_ALL,
    OPT_SANDBOX,
    OPT_VERSION,
    OPT_HELP
};

static const struct option long_options[] = {
    {"config", required_argument, NULL, 'c'},
    {"option", required_argument, NULL, 'o'},
    {"check-config", no_argument, NULL, OPT_CHECK},
    {"print-config", no_argument, NULL, OPT_PRINT},
    {"for", required_argument, NULL, OPT_FOR},
    {"print-man", no_argument, NULL, OPT_MAN},
    {"once", no_argument, NULL, OPT_ONCE},
    {"hold-all", no_argument, NULL, OPT_HOLD_ALL},
    {"sandbox", required_argument, NULL, OPT_SANDBOX},
    {"version", no_argument, NULL, OPT_VERSION},
    {"help", no_argument, NULL, OPT_HELP},
    {0},
};

static void usage(FILE *to, int code)
{
    fputs(usage_text, to);
    exit(code);
}

static void add_override(struct options *o, const char *text)
{
    if (o->override_n == MAIN_OVERRIDES_MAX)
        fatalx_code(EXIT_USAGE_64, "more than %d -o options", MAIN_OVERRIDES_MAX);
    o->override[o->override_n++] = text;
}

static void parse_one(struct options *o, int opt)
{
    switch (opt) {
    case 'c':
        o->file = optarg;
        break;
    case 'o':
        add_override(o, optarg);
        break;
    case OPT_CHECK:
        o->check = true;
        break;
    case OPT_PRINT:
        o->print = true;
        break;
    case OPT_FOR:
        o->print_for = optarg;
        break;
    case OPT_MAN:
        o->man = true;
        break;
    case OPT_ONCE:
        o->once = true;
        break;
    case OPT_HOLD_ALL:
        o->hold_all = true;
        break;
    case OPT_SANDBOX:
        if (strcmp(optarg, "trace") != 0)
            fatalx_code(EXIT_USAGE_64, "--sandbox=%s is not known; accepted: trace", optarg);
        o->trace = true;
        break;
    case OPT_VERSION:
        printf("spoold %s\n", SPOOLD_VERSION);
        exit(EXIT_OK);
    case OPT_HELP:
        usage(stdout, EXIT_OK);
        break;
    default:
        usage(stderr, EXIT_USAGE_64);
    }
}

static void parse_options(struct options *o, int argc, char **argv)
{
    int opt;

    while ((opt = getopt_long(argc, argv, "c:o:", long_options, NULL)) != -1)
        parse_one(o, opt);
    if (optind < argc)
        usage(stderr, EXIT_USAGE_64);
    if (o->print_for && !o->print)
        fatalx_code(EXIT_USAGE_64, "--for goes with --print-config");
    if (!o->file && access(SPOOLD_CONFIG, F_OK) == 0)
        o->file = SPOOLD_CONFIG;
}

static struct config *load(const struct options *o)
{
    struct config_errors errs = {0};
    struct config *c = config_load(o->file, o->override, o->override_n, &errs);

    if (!c) {
        fprintf(stderr, "%.*s", (int)errs.text.n, errs.text.n ? errs.text.p : "");
        fprintf(stderr, "spoold: %u mistake%s in the settings; nothing was started\n", errs.n,
                errs.n == 1 ? "" : "s");
        exit(EXIT_CONFIG_100);
    }
    buf_free(&errs.text);
    return c;
}

/* What is asked of the settings alone. */
static void show(const struct options *o, const struct config *cfg)
{
    if (o->check)
        printf("the settings are in order%s%s\n", o->file ? ": " : "", o->file ? o->file : " (defaults)");
    else if (o->print_for && config_print_for(cfg, view_of(o->print_for), stdout) < 0)
        fatalx_code(EXIT_USAGE_64, "--for %s: this is no address; accepted: user@example.org", o->print_for);
    else if (!o->print_for)
        config_print(cfg, o->man ? CONFIG_FORMAT_MAN : CONFIG_FORMAT_INI, stdout);
}

/* Index by log.target: auto, stderr, syslog, journald. */
static void start_log(const struct config *c)
{
    static const enum log_target targets[] = {LOG_TARGET_STDERR, LOG_TARGET_STDERR, LOG_TARGET_SYSLOG,
                                              LOG_TARGET_JOURNALD};
    enum log_target t = targets[c->log_target];

    if (c->log_target == 0 && getenv("JOURNAL_STREAM"))
        t = LOG_TARGET_JOURNALD;
    log_init("spoold", t, (enum log_level)c->log_level);
}

static void raise_limits(const struct config *c)
{
    rlim_t wanted = MAIN_FILES_OTHER + MAIN_FILES_MESSAGE * (rlim_t)c->max_in_flight;
    rlim_t best = MAIN_FILES_OTHER + MAIN_FILES_SPLIT * (rlim_t)c->max_in_flight;
    struct rlimit r;

    if (getrlimit(RLIMIT_NOFILE, &r) < 0 || r.rlim_cur >= best)
        return;
    r.rlim_cur = r.rlim_max < best ? r.rlim_max : best;
    if (setrlimit(RLIMIT_NOFILE, &r) < 0 || r.rlim_cur < wanted)
        log_warnx(
            "only %llu files may be open at a time, %llu are wanted for spool.max_in_flight; raise the limit "
            "(LimitNOFILE=, ulimit -n) or lower the setting",
            (unsigned long long)r.rlim_cur, (unsigned long long)wanted);
}

/* The launcher is started first of all: it keeps the rights that spoold gives up. */
static int start_launcher(struct spoold *s)
{
    s->rewrite_inline = NEGATIVE_INLINE;
    s->depot.ask = NEGATIVE_ASK;
    return s->rewrite_inline ? -1 : launch_start();
}

static void prepare(struct spoold *s, const struct config *cfg)
{
    s->cfg = cfg;
    s->roster.next_due = INT64_MAX;
    task_list_init(&s->todo);
    task_list_init(&s->gate.lane);
    task_list_init(&s->gate.unserved);
    task_list_init(&s->gate.big);
    notify_open(&s->notify);
    root_prepare(&s->depot, cfg);
    depot_open(&s->depot, cfg);
    kept_open(&s->depot);
    snprintf(s->facts.fs_type, sizeof s->facts.fs_type, "%s", s->depot.spool.fs_type);
    s->facts.fs_journal = s->depot.spool.fs_journal;
    s->facts.model = s->depot.spool.model;
    if (s->facts.model == SPOOL_MODEL_C)
        alarm_raise(&s->alarms, ALARM_UNSAFE_FILESYSTEM,
                    "UNSAFE FILE SYSTEM (%s): a power failure can lose messages; for trying out only",
                    s->facts.fs_type);
    s->started_ms = depot_wall_ms();
    control_open(s);
    control_freeze_open(s);
    s->watch = watch_start(s);
    antivirus_open(s);
    s->deliver = deliver_open(s);
    s->store = store_start(&s->depot, !cfg->store_inline);
}

static void shut_down(struct spoold *s)
{
    if (s->pool) {
        pool_close(&s->pool);
        launch_wait();
    }
    if (s->listtest)
        listtest_close(&s->listtest);
    resolver_close(&s->resolver);
    store_stop(&s->store);
    /* While spoold is down, deposits are welcome: they wait on disk. */
    spool_mark_intakes(&s->depot.spool, s->no_room);
    deliver_close(&s->deliver);
    antivirus_close(s);
    watch_stop(&s->watch);
    control_close(s);
    intake_fini(s);
    depot_close(&s->depot);
    log_info("event=stopped left_in_work=%zu", s->roster.count[ROSTER_WORK]);
    roster_fini(&s->roster);
}

/* Whatever the starter left undone: a closed 0, 1 or 2 would become a file of ours into which others write.
 */
static void mend_inheritance(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
    signal(SIGCHLD, SIG_DFL);
}

/*
 * Of this process and all that it starts: who is woken waits until whoever runs has used up its time or
 * sleeps, instead of taking the processor away from it. A message goes through six processes, so that costs a
 * tenth less; each has the same share as ever. Where it may not be had, nothing else changes.
 */
static void work_in_batches(void)
{
    if (sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){0}) < 0)
        log_debug("the policy of the scheduler stays as it is");
}

int main(int argc, char **argv)
{
    struct options o = {0};
    struct pool_options workers;
    struct spoold *s;
    struct config *cfg;
    int rc;

    mend_inheritance();
    parse_options(&o, argc, argv);
    cfg = load(&o);
    if (o.check || o.print || o.man) {
        show(&o, cfg);
        config_free(&cfg);
        return EXIT_OK;
    }
    s = xcalloc(1, sizeof *s);
    start_log(cfg);
    raise_limits(cfg);
    work_in_batches();
    s->once = o.once;
    s->source =
        (struct reload_source){o.file, o.override, o.override_n, open(".", O_PATH | O_DIRECTORY | O_CLOEXEC)};
    s->hold_all = o.hold_all;
    workers =
        (struct pool_options){.launcher = start_launcher(s), .trace = o.trace, .load = role_settings_load};
    prepare(s, cfg);
    if (workers.launcher >= 0)
        s->pool = pool_open(s, &workers);
    if (s->pool)
        s->resolver = resolver_open(s);
    if (s->resolver)
        s->listtest = listtest_open(s);
    log_info("event=started version=%s pid=%ld root=%s filesystem=%s config=%s", SPOOLD_VERSION,
             (long)getpid(), cfg->root, s->facts.fs_type, config_kept_hash(cfg));
    notify_send(&s->notify, "READY=1");
    loop_run(s);
    cfg = (struct config *)(uintptr_t)s->cfg; /* a reload may have put another one in its place */
    shut_down(s);
    rc = s->failed_once ? EXIT_TEMP_75 : EXIT_OK;
    free(s);
    config_free(&cfg);
    return rc;
}
