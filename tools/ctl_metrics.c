/*
 * ctl_metrics.c - spoold's numbers in the text format of Prometheus (version 0.0.4).
 *
 * Called through the verb table of spoolctl.c with the two lines of the verb
 * "metrics". Each family is a row: name, help, type, and where its value stands.
 * A number that is not there is left out, never written as 0. Label values are
 * words of spoold's own, escaped all the same; names and addresses of mail are
 * never shown here.
 */
#include "tools/ctl_print.h"

#include <stdint.h>

#define FAMILY_PATH_MAX 3

struct family {
    const char *name, *help, *type;
    const char *path[FAMILY_PATH_MAX];
};

/* Numbers and yes or no that stand by themselves. */
static const struct family plain[] = {
    {"spoold_start_time_seconds", "When spoold was started, in seconds since 1970.", "gauge", {"started_s"}},
    {"spoold_intake_open", "Whether new messages are taken.", "gauge", {"open"}},
    {"spoold_frozen", "Whether an administrator has frozen spoold.", "gauge", {"frozen"}},
    {"spoold_in_flight", "Messages in work.", "gauge", {"in_flight"}},
    {"spoold_in_flight_bytes", "Bytes of the messages in work.", "gauge", {"in_flight_bytes"}},
    {"spoold_held", "Messages on hold.", "gauge", {"held"}},
    {"spoold_offered", "Messages offered to other programs.", "gauge", {"offered"}},
    {"spoold_waiting", "Messages that wait for a worker, for room, or after an error.", "gauge", {"resting"}},
    {"spoold_store_stalled", "Whether the disk does not answer.", "gauge", {"store", "stalled"}},
    {"spoold_store_queue", "Pieces of work that wait for the disk.", "gauge", {"store", "queue"}},
    {"spoold_store_oldest_milliseconds",
     "Age of the work that the disk does now.",
     "gauge",
     {"store", "oldest_ms"}},
    {"spoold_store_batches_total",
     "Batches of work done on the disk since the start.",
     "counter",
     {"store", "batches"}},
    {"spoold_ledger_catching_up",
     "Whether the ledger lags behind the journal, so that counts are too low.",
     "gauge",
     {"ledger", "catching_up"}},
    {"spoold_copies_total", "Delivered copies since the ledger began.", "counter", {"counts", "copies"}},
    {"spoold_log_lines_lost_total",
     "Log lines that nobody took, since the start.",
     "counter",
     {"log_dropped"}},
    {"spoold_antivirus_generation", "Generation of the virus scanner.", "gauge", {"antivirus", "generation"}},
    {"spoold_antivirus_signatures",
     "Virus signatures that are loaded.",
     "gauge",
     {"antivirus", "signatures"}},
    {"spoold_antivirus_signature_age_seconds",
     "Age of the virus signatures.",
     "gauge",
     {"antivirus", "age_s"}},
    {"spoold_antivirus_test_signatures",
     "Whether only test signatures are loaded.",
     "gauge",
     {"antivirus", "test_only"}},
    {"spoold_dns_serving", "Whether the DNS can be asked.", "gauge", {"dns", "serving"}},
    {"spoold_dns_open", "Questions to the DNS without an answer yet.", "gauge", {"dns", "open"}},
    {"spoold_dns_questions_total", "Questions to the DNS since the start.", "counter", {"dns", "asked"}},
    {"spoold_dns_unasked_total",
     "Questions that were answered without the DNS, for want of a worker or of time.",
     "counter",
     {"dns", "here"}},
};

/* One series per member of an object. */
static const struct {
    struct family f;
    const char *label;
    const char *without; /* a member that has a family of its own */
} grouped[] = {
    {{"spoold_messages_total",
      "Messages by what happened to them, since the ledger began.",
      "counter",
      {"counts"}},
     "event",
     "copies"},
    {{"spoold_quarantined_total",
      "Messages that were quarantined, since the ledger began.",
      "counter",
      {"quarantined"}},
     "class",
     ""},
    {{"spoold_dns_answers_total", "Answers of the DNS since the start.", "counter", {"dns", "answers"}},
     "rcode",
     ""},
    {{"spoold_alarm", "Whether the alarm is raised.", "gauge", {"alarm"}}, "kind", ""},
};

/* One series per role of worker. */
static const struct family workers[] = {
    {"spoold_worker_generation", "Generation that serves.", "gauge", {"generation"}},
    {"spoold_worker_children", "Worker processes.", "gauge", {"children"}},
    {"spoold_worker_busy", "Worker processes that have a message.", "gauge", {"busy"}},
    {"spoold_worker_waiting", "Messages that wait for a worker process.", "gauge", {"waiting"}},
    {"spoold_worker_jobs_total", "Messages given to workers since the start.", "counter", {"jobs"}},
    {"spoold_worker_deaths_total",
     "Worker processes that ended unasked since the start.",
     "counter",
     {"deaths"}},
};

static void head(struct ctl_print *p, const struct family *f)
{
    fprintf(p->to, "# HELP %s %s\n# TYPE %s %s\n", f->name, f->help, f->name, f->type);
}

static bool has_number(const json_t *value)
{
    return json_is_integer(value) || json_is_boolean(value);
}

static long long number(const json_t *value)
{
    return json_is_boolean(value) ? json_is_true(value) : (long long)json_integer_value(value);
}

/* Label values know three escapes; other control characters do not come from spoold. */
static void add_label(struct buf *b, const char *value)
{
    for (; value && *value; value++) {
        if (*value == '\n') {
            buf_add_str(b, "\\n");
            continue;
        }
        if (*value == '"' || *value == '\\')
            buf_add_char(b, '\\');
        buf_add_char(b, *value);
    }
}

static void series(struct ctl_print *p, const char *name, const char *label, const char *is, long long value)
{
    struct buf text = {0};

    buf_add_str(&text, "");
    add_label(&text, is);
    fprintf(p->to, "%s{%s=\"%s\"} %lld\n", name, label, text.p, value);
    buf_free(&text);
}

static const json_t *at_path(const json_t *o, const struct family *f)
{
    for (size_t i = 0; i < FAMILY_PATH_MAX && f->path[i]; i++)
        o = json_object_get(o, f->path[i]);
    return o;
}

static void print_group(struct ctl_print *p, size_t at, const json_t *o)
{
    const struct family *f = &grouped[at].f;
    const json_t *group = at_path(o, f), *value = NULL;
    const char *key = NULL;
    bool first = true;

    for (void *i = json_object_iter((json_t *)(uintptr_t)group); i;
         i = json_object_iter_next((json_t *)(uintptr_t)group, i)) {
        key = json_object_iter_key(i);
        value = json_object_iter_value(i);
        if (!has_number(value) || strcmp(key, grouped[at].without) == 0)
            continue;
        if (first)
            head(p, f);
        first = false;
        series(p, f->name, grouped[at].label, key, number(value));
    }
}

static void print_workers(struct ctl_print *p, const json_t *list)
{
    for (size_t i = 0; json_array_size(list) && i < sizeof workers / sizeof *workers; i++) {
        head(p, &workers[i]);
        for (size_t w = 0; w < json_array_size(list); w++) {
            const json_t *o = json_array_get(list, w), *value = at_path(o, &workers[i]);
            const char *role = json_string_value(json_object_get(o, "role"));

            if (role && has_number(value))
                series(p, workers[i].name, "role", role, number(value));
        }
    }
}

static void print_build(struct ctl_print *p, const char *version)
{
    static const struct family build = {"spoold_build_info", "The version of spoold.", "gauge", {NULL}};

    if (!version)
        return;
    head(p, &build);
    series(p, build.name, "version", version, 1);
}

void ctl_print_metrics(struct ctl_print *p, const json_t *line)
{
    print_build(p, json_string_value(json_object_get(line, "version")));
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        const json_t *value = at_path(line, &plain[i]);

        if (!has_number(value))
            continue;
        head(p, &plain[i]);
        fprintf(p->to, "%s %lld\n", plain[i].name, number(value));
    }
    for (size_t i = 0; i < sizeof grouped / sizeof *grouped; i++)
        print_group(p, i, line);
    print_workers(p, json_object_get(line, "workers"));
    p->rows++;
}
