/*
 * ctl_print_dns.c - see ctl_print.h: the answer to "dns" and "dns flush".
 *
 * Called once per line of the answer. What stands in "worker" was written by
 * worker-dns, which reads strangers' packets: any member may be missing, of
 * another kind, or a lie, and all text is escaped. Names of servers and lists are keys of objects.
 */
#include "tools/ctl_print.h"

#include "tools/ctl_text.h"

#define OLD_MS 2000 /* numbers that are older are said to be */

static int64_t number(const json_t *o, const char *key)
{
    return (int64_t)json_integer_value(json_object_get(o, key));
}

static void row_state(struct buf *b, const json_t *line)
{
    const json_t *o = json_object_get(line, "dns");

    ctl_print_add_member(b, o, "state");
    ctl_print_add_part(b, ": ", o, "trouble");
}

static void row_questions(struct buf *b, const json_t *line)
{
    const json_t *o = json_object_get(line, "dns");

    ctl_print_add_member(b, o, "asked");
    ctl_print_add_part(b, ", without an answer yet ", o, "open");
}

static void row_answers(struct buf *b, const json_t *line)
{
    static const char *const words[] = {"NOERROR", "NXDOMAIN", "SERVFAIL", "TIMEOUT"};
    const json_t *o = json_object_get(line, "dns"), *answers = json_object_get(o, "answers");

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (ctl_print_add_part(b, b->n ? ", " : "", answers, words[i]))
            buf_addf(b, " %s", words[i]);
    }
    if (number(o, "here") > 0)
        ctl_print_add_part(b, "; of these without the DNS ", o, "here");
}

static void row_lost(struct buf *b, const json_t *line)
{
    const json_t *o = json_object_get(line, "dns");

    if (number(o, "lost") <= 0)
        return;
    ctl_print_add_member(b, o, "lost");
    ctl_print_add_part(b, ", for lies or silence ", o, "ended");
}

static void row_cache(struct buf *b, const json_t *line)
{
    const json_t *o = json_object_get(json_object_get(line, "worker"), "cache");

    ctl_print_add_part(b, "names ", o, "names");
    if (number(o, "bytes") > 0) {
        buf_add_str(b, ", size ");
        ctl_text_add_size(b, number(o, "bytes"));
    }
    ctl_print_add_part(b, ", hits ", o, "hits");
    ctl_print_add_part(b, ", misses ", o, "misses");
    ctl_print_add_part(b, ", evicted ", o, "evicted");
}

static void row_sent(struct buf *b, const json_t *line)
{
    const json_t *o = json_object_get(line, "worker");

    if (!ctl_print_add_member(b, o, "sent"))
        return;
    ctl_print_add_part(b, ", under way ", o, "open");
    ctl_print_add_part(b, ", waiting ", o, "waiting");
    ctl_print_add_part(b, ", merged ", o, "merged");
    ctl_print_add_part(b, ", by TCP ", o, "tcp");
    ctl_print_add_part(b, ", strange answers ", o, "strange");
}

static void row_age(struct buf *b, const json_t *line)
{
    if (number(line, "worker_age_ms") > OLD_MS)
        buf_addf(b, "its worker does not tell; the numbers below are %lld s old",
                 (long long)number(line, "worker_age_ms") / 1000);
}

static void add_name(struct buf *b, const char *name)
{
    ctl_text_add(b, view_of(name), false);
}

/* The colour of the row. */
static enum ctl_print_colour add_server(struct buf *b, const char *name, const json_t *o)
{
    const bool late = json_is_true(json_object_get(o, "late"));

    add_name(b, name);
    buf_add_str(b, late ? " LATE" : "");
    ctl_print_add_part(b, ", asked ", o, "asked");
    ctl_print_add_part(b, ", answers ", o, "answers");
    ctl_print_add_part(b, ", time-outs ", o, "timeouts");
    ctl_print_add_part(b, ", errors ", o, "errors");
    if (ctl_print_add_part(b, ", ", o, "average_ms"))
        buf_add_str(b, " ms on average");
    return late ? CTL_PRINT_YELLOW : CTL_PRINT_PLAIN;
}

static bool is_suspended(const json_t *o)
{
    const char *state = json_string_value(json_object_get(o, "state"));

    return state && strcmp(state, "suspended") == 0;
}

static enum ctl_print_colour add_list(struct buf *b, const char *name, const json_t *o)
{
    add_name(b, name);
    if (is_suspended(o))
        buf_add_str(b, " SUSPENDED");
    else
        ctl_print_add_part(b, " ", o, "state");
    if (ctl_print_add_time(b, " since ", o, "since"))
        buf_add_str(b, " UTC");
    ctl_print_add_part(b, ", zone ", o, "zone");
    if (ctl_print_add_time(b, ", tested ", o, "tested"))
        buf_add_str(b, " UTC");
    ctl_print_add_part(b, ": ", o, "why");
    return is_suspended(o) ? CTL_PRINT_YELLOW : CTL_PRINT_PLAIN;
}

/* A row for each member of an object. */
static void print_each(struct ctl_print *p, const char *label, const json_t *all,
                       enum ctl_print_colour (*add)(struct buf *b, const char *name, const json_t *o))
{
    json_t *o = (json_t *)(uintptr_t)all; /* jansson's iterators know no const */

    for (void *i = json_object_iter(o); i; i = json_object_iter_next(o, i)) {
        struct buf text = {0};
        enum ctl_print_colour colour = add(&text, json_object_iter_key(i), json_object_iter_value(i));

        ctl_print_row(p, colour, label, &text);
        buf_free(&text);
    }
}

static void print_status(struct ctl_print *p, const json_t *line)
{
    static const struct {
        const char *label;
        void (*add)(struct buf *b, const json_t *line);
        enum ctl_print_colour colour;
    } rows[] = {{"state", row_state, CTL_PRINT_PLAIN},      {"questions", row_questions, CTL_PRINT_PLAIN},
                {"answers", row_answers, CTL_PRINT_PLAIN},  {"workers lost", row_lost, CTL_PRINT_YELLOW},
                {"ATTENTION", row_age, CTL_PRINT_YELLOW},   {"cache", row_cache, CTL_PRINT_PLAIN},
                {"queries sent", row_sent, CTL_PRINT_PLAIN}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf value = {0};

        rows[i].add(&value, line);
        if (value.n)
            ctl_print_row(p, rows[i].colour, rows[i].label, &value);
        buf_free(&value);
    }
    print_each(p, "server", json_object_get(json_object_get(line, "worker"), "servers"), add_server);
    print_each(p, "list", json_object_get(line, "lists"), add_list);
}

void ctl_print_dns(struct ctl_print *p, const json_t *line)
{
    struct buf text = {0};

    if (json_is_object(json_object_get(line, "dns"))) {
        print_status(p, line);
    } else if (json_is_true(json_object_get(line, "flushed"))) {
        buf_add_str(&text, "What was remembered of the DNS is forgotten.");
        ctl_print_line(p, CTL_PRINT_PLAIN, &text);
    }
    buf_free(&text);
}
