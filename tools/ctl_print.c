/*
 * ctl_print.c - see ctl_print.h: status, show and audit.
 *
 * Rows are tables of label and function; a row whose function adds nothing is
 * left out. Colour only says again what the words say, so nothing is lost
 * without it.
 */
#include "tools/ctl_print.h"

#include "tools/ctl_text.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LABEL_WIDTH 15
#define EVENT_WIDTH 12

/* TERM counts because a terminal that cannot do colour shows the codes as rubbish between the words. */
void ctl_print_init(struct ctl_print *p, FILE *to)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    struct winsize size = {0};

    *p = (struct ctl_print){.to = to};
    if (!isatty(fileno(to)))
        return;
    p->width = ioctl(fileno(to), TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
    p->colour = (!no_color || !*no_color) && term && strcmp(term, "dumb") != 0;
}

/* The codes are written here and nowhere else: text that came through ctl_text cannot hold one. */
void ctl_print_line(struct ctl_print *p, enum ctl_print_colour colour, const struct buf *text)
{
    static const char *const code[] = {"", "\033[1m", "\033[1;31m", "\033[32m", "\033[33m"};
    bool on = p->colour && colour != CTL_PRINT_PLAIN;

    fputs(on ? code[colour] : "", p->to);
    if (text->n)
        fwrite(text->p, 1, text->n, p->to);
    fputs(on ? "\033[0m\n" : "\n", p->to);
    p->rows++;
}

/* Objects and real numbers are left out: no member that is printed has them, so they are of a later version.
 */
static void add_scalar(struct buf *b, const json_t *value, bool raw)
{
    if (json_is_string(value))
        ctl_text_add(b, (struct view){json_string_value(value), json_string_length(value)}, raw);
    else if (json_is_integer(value))
        buf_addf(b, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_boolean(value))
        buf_add_str(b, json_is_true(value) ? "yes" : "no");
}

void ctl_print_add_value(struct buf *b, const json_t *value, bool raw)
{
    if (!json_is_array(value)) {
        add_scalar(b, value, raw);
        return;
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        buf_add_str(b, i ? ", " : "");
        add_scalar(b, json_array_get(value, i), raw);
    }
}

struct view ctl_print_string(const json_t *o, const char *key)
{
    const json_t *s = json_object_get(o, key);

    return (struct view){json_is_string(s) ? json_string_value(s) : "", json_string_length(s)};
}

/* "raw" stands once per object, by common/json.h, and is good for all its strings. */
bool ctl_print_add_member(struct buf *b, const json_t *o, const char *key)
{
    size_t before = b->n;

    ctl_print_add_value(b, json_object_get(o, key), json_is_true(json_object_get(o, "raw")));
    return b->n > before;
}

/* Built apart first: an empty reason must not leave a lone ": " behind. */
bool ctl_print_add_part(struct buf *b, const char *before, const json_t *o, const char *key)
{
    struct buf value = {0};
    bool any = ctl_print_add_member(&value, o, key);

    if (any) {
        buf_add_str(b, before);
        buf_add_view(b, buf_view(&value));
    }
    buf_free(&value);
    return any;
}

/* false for null too: "next" of a message that is in work. */
bool ctl_print_add_time(struct buf *b, const char *before, const json_t *o, const char *key)
{
    const json_t *value = json_object_get(o, key);

    if (!json_is_string(value) || json_string_length(value) == 0)
        return false;
    buf_add_str(b, before);
    ctl_text_add_time(b, (struct view){json_string_value(value), json_string_length(value)});
    return true;
}

void ctl_print_row(struct ctl_print *p, enum ctl_print_colour colour, const char *label,
                   const struct buf *value)
{
    struct buf line = {0};

    ctl_text_add_cell(&line, view_of(label), LABEL_WIDTH, false);
    if (ctl_text_width(view_of(label)) >= LABEL_WIDTH)
        buf_add_char(&line, ' ');
    buf_add_view(&line, buf_view(value));
    ctl_print_line(p, colour, &line);
    buf_free(&line);
}

/*
 * The rows of status. Each takes the whole object, so that a row may be made of
 * members that stand in different places; order and labels are in the table below.
 */
static void row_state(struct buf *b, const json_t *o)
{
    ctl_print_add_member(b, o, "state");
    ctl_print_add_part(b, ": ", o, "reason");
}

static void row_version(struct buf *b, const json_t *o)
{
    ctl_print_add_member(b, o, "version");
    ctl_print_add_part(b, ", process ", o, "pid");
    if (ctl_print_add_time(b, ", since ", o, "since"))
        buf_add_str(b, " UTC");
}

static void row_root(struct buf *b, const json_t *o)
{
    ctl_print_add_member(b, o, "root");
}

static void row_in_work(struct buf *b, const json_t *o)
{
    const json_t *bytes = json_object_get(o, "in_flight_bytes");

    if (!ctl_print_add_member(b, o, "in_flight"))
        return;
    if (json_is_integer(bytes)) {
        buf_add_str(b, ", size ");
        ctl_text_add_size(b, json_integer_value(bytes));
    }
}

static void row_held(struct buf *b, const json_t *o)
{
    ctl_print_add_member(b, o, "held");
}

static void row_disk(struct buf *b, const json_t *o)
{
    const json_t *fs = json_object_get(o, "filesystem"), *journal = json_object_get(fs, "journal");

    ctl_print_add_member(b, fs, "type");
    if (json_is_boolean(journal))
        buf_add_str(b, json_is_true(journal) ? ", with journal" : ", without journal");
    ctl_print_add_part(b, ", model ", fs, "model");
}

/* In capitals because a disk that does not answer is what a person looks for first, alarm or not. */
static void row_store(struct buf *b, const json_t *o)
{
    const json_t *store = json_object_get(o, "store");

    if (!json_is_object(store))
        return;
    buf_add_str(b, json_is_true(json_object_get(store, "stalled")) ? "STALLED" : "answers");
    ctl_print_add_part(b, ", waiting ", store, "queue");
    if (ctl_print_add_part(b, ", oldest ", store, "oldest_ms"))
        buf_add_str(b, " ms");
    ctl_print_add_part(b, ", batches ", store, "batches");
    ctl_print_add_part(b, ", messages ", store, "messages");
}

static void row_ledger(struct buf *b, const json_t *o)
{
    const json_t *behind = json_object_get(json_object_get(o, "ledger"), "catching_up");

    if (json_is_boolean(behind))
        buf_add_str(b, json_is_true(behind) ? "catching up with the journal" : "up to date");
}

/* Left out at zero: the row is only there to say that the log is not the whole story. */
static void row_dropped(struct buf *b, const json_t *o)
{
    if (json_integer_value(json_object_get(o, "log_dropped")) > 0)
        ctl_print_add_member(b, o, "log_dropped");
}

/* One row each and first: whoever looks at status wants to know whether there is something to do. */
static void print_alarms(struct ctl_print *p, const json_t *o)
{
    const json_t *alarms = json_object_get(o, "alarms");

    for (size_t i = 0; i < json_array_size(alarms); i++) {
        const json_t *alarm = json_array_get(alarms, i);
        struct buf text = {0};

        ctl_print_add_member(&text, alarm, "text");
        if (ctl_print_add_time(&text, " (since ", alarm, "since"))
            buf_add_str(&text, " UTC)");
        ctl_print_row(p, CTL_PRINT_RED, "ALARM", &text);
        buf_free(&text);
    }
}

static void print_counts(struct ctl_print *p, const json_t *counts)
{
    static const char *const keys[] = {"accepted", "delivered", "quarantined", "discarded",
                                       "released", "deleted",   "copies"};

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct buf value = {0};

        if (ctl_print_add_member(&value, counts, keys[i]))
            ctl_print_row(p, CTL_PRINT_PLAIN, keys[i], &value);
        buf_free(&value);
    }
}

/* Names have up to 24 bytes, labels 15: a long one gets its own line form instead of shifting all the others.
 */
static void print_intakes(struct ctl_print *p, const json_t *intakes)
{
    for (size_t i = 0; i < json_array_size(intakes); i++) {
        const json_t *in = json_array_get(intakes, i);
        struct buf label = {0}, text = {0};

        ctl_print_add_part(&label, "intake ", in, "name");
        buf_add_str(&label, " ");
        ctl_print_add_member(&text, in, "path");
        ctl_print_add_part(&text, " -> ", in, "outlet");
        ctl_print_add_part(&text, ", codec ", in, "codec");
        ctl_print_add_part(&text, ", ready ", in, "ready");
        if (ctl_text_width(buf_view(&label)) > LABEL_WIDTH) {
            buf_add_view(&label, buf_view(&text));
            ctl_print_line(p, CTL_PRINT_PLAIN, &label);
        } else {
            ctl_print_row(p, CTL_PRINT_PLAIN, label.p, &text);
        }
        buf_free(&label);
        buf_free(&text);
    }
}

/* What the parts of the sandbox mean to somebody who runs a mail server. */
static const char *sandbox_words(const char *part)
{
    static const char *const words[][2] = {
        {"uid", "user of its own"},
        {"net", "no network"},
        {"ipc", "no shared memory"},
        {"mount", "mounts of its own"},
        {"userns", "user namespace"},
        {"scratch", "scratch folder of its own"},
        {"no_new_privs", "no new rights"},
        {"rlimits", "limits"},
        {"landlock", "no files of others"},
        {"seccomp", "few system calls"},
        {"trace", "TRACING"},
    };

    for (size_t i = 0; part && i < sizeof words / sizeof *words; i++)
        if (strcmp(part, words[i][0]) == 0)
            return words[i][1];
    return part;
}

static void add_words(struct buf *b, const char *before, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        buf_add_str(b, i ? ", " : before);
        ctl_text_add(b, view_of(sandbox_words(json_string_value(json_array_get(list, i)))), false);
    }
}

static void print_row_text(struct ctl_print *p, const char *label, const char *text)
{
    struct buf b = {0};

    buf_add_str(&b, text);
    ctl_print_row(p, CTL_PRINT_PLAIN, label, &b);
    buf_free(&b);
}

/* How far the sandbox holds is told for each role: nobody should have to take it on trust. */
static void print_sandbox(struct ctl_print *p, const json_t *w)
{
    const json_t *escape = json_object_get(w, "escape"), *missing = json_object_get(w, "missing");
    struct buf text = {0};

    if (json_object_get(escape, "attempts") && !json_integer_value(json_object_get(escape, "attempts"))) {
        print_row_text(p, "  sandbox", "not known before the worker has started");
        return;
    }
    add_words(&text, "", json_object_get(w, "sandbox"));
    add_words(&text, "; MISSING: ", missing);
    if (ctl_print_add_part(&text, "; escape attempts refused: ", escape, "refused"))
        ctl_print_add_part(&text, " of ", escape, "attempts");
    if (text.n)
        ctl_print_row(p, json_array_size(missing) ? CTL_PRINT_YELLOW : CTL_PRINT_PLAIN, "  sandbox", &text);
    buf_free(&text);
}

static void print_workers(struct ctl_print *p, const json_t *workers)
{
    for (size_t i = 0; i < json_array_size(workers); i++) {
        const json_t *w = json_array_get(workers, i);
        struct buf label = {0}, text = {0};

        ctl_print_add_part(&label, "worker ", w, "role");
        ctl_print_add_member(&text, w, "state");
        ctl_print_add_part(&text, ", generation ", w, "generation");
        ctl_print_add_part(&text, ", processes ", w, "children");
        ctl_print_add_part(&text, ", busy ", w, "busy");
        ctl_print_add_part(&text, ", waiting ", w, "waiting");
        ctl_print_add_part(&text, ", jobs ", w, "jobs");
        ctl_print_add_part(&text, ", deaths ", w, "deaths");
        if (label.n)
            ctl_print_row(p, CTL_PRINT_PLAIN, label.p, &text);
        print_sandbox(p, w);
        buf_free(&label);
        buf_free(&text);
    }
}

void ctl_print_status(struct ctl_print *p, const json_t *line)
{
    static const struct {
        const char *label;
        void (*add)(struct buf *b, const json_t *o);
    } rows[] = {
        {"state", row_state},     {"version", row_version}, {"folder", row_root},
        {"in work", row_in_work}, {"held", row_held},       {"file system", row_disk},
        {"disk work", row_store}, {"ledger", row_ledger},   {"log lines lost", row_dropped},
    };
    const char *state = json_string_value(json_object_get(line, "state"));
    bool calm = !state || strcmp(state, "running") == 0;

    print_alarms(p, line);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf value = {0};

        rows[i].add(&value, line);
        if (value.n)
            ctl_print_row(p, i == 0 && !calm ? CTL_PRINT_YELLOW : CTL_PRINT_PLAIN, rows[i].label, &value);
        buf_free(&value);
    }
    print_counts(p, json_object_get(line, "counts"));
    print_intakes(p, json_object_get(line, "intakes"));
    print_workers(p, json_object_get(line, "workers"));
    ctl_print_av_brief(p, json_object_get(line, "antivirus"));
    ctl_print_deliver(p, json_object_get(line, "deliver"));
}

/* The answer to an order is a sentence. */
void ctl_print_told(struct ctl_print *p, const json_t *line)
{
    struct buf text = {0};

    if (ctl_print_add_member(&text, line, "text"))
        ctl_print_line(p, CTL_PRINT_PLAIN, &text);
    buf_free(&text);
}

/* The members of an event that a person wants, in reading order. */
static void add_event(struct buf *b, const json_t *o)
{
    static const char *const keys[] = {"name", "client", "from",   "to",    "step", "attempt",
                                       "size", "copy",   "copies", "class", "next", "reason"};

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const json_t *value = json_object_get(o, keys[i]);
        bool blank = json_is_string(value) && json_string_length(value) == 0;

        if (blank && strcmp(keys[i], "from") == 0)
            buf_add_str(b, "  from <>");
        else if (!blank && value && !json_is_null(value)) {
            buf_addf(b, "  %s ", keys[i]);
            ctl_print_add_member(b, o, keys[i]);
        }
    }
}

/* The places are paths below the root, so that they can be given to ls(1) as they are. */
static void print_head(struct ctl_print *p, const json_t *o)
{
    const json_t *places = json_object_get(o, "places");
    struct buf value = {0};

    ctl_print_add_member(&value, o, "id");
    ctl_print_row(p, CTL_PRINT_BOLD, "id", &value);
    buf_clear(&value);
    if (ctl_print_add_member(&value, o, "state"))
        ctl_print_row(p, CTL_PRINT_PLAIN, "state", &value);
    for (size_t i = 0; i < json_array_size(places); i++) {
        buf_clear(&value);
        ctl_print_add_value(&value, json_array_get(places, i), json_is_true(json_object_get(o, "raw")));
        ctl_print_row(p, CTL_PRINT_PLAIN, i ? "" : "on disk", &value);
    }
    buf_free(&value);
}

/* The first line of the answer describes the message, each other one an event; they come in order of time. */
void ctl_print_show(struct ctl_print *p, const json_t *line)
{
    struct buf text = {0}, event = {0};

    if (!json_object_get(line, "event")) {
        print_head(p, line);
        return;
    }
    if (!ctl_print_add_time(&text, "", line, "at"))
        ctl_text_add_cell(&text, VIEW(""), sizeof "2026-01-02 03:04:05" - 1, false);
    buf_add_str(&text, "  ");
    ctl_print_add_member(&event, line, "event");
    ctl_text_add_cell(&text, buf_view(&event), EVENT_WIDTH, false);
    add_event(&text, line);
    ctl_print_line(p, CTL_PRINT_PLAIN, &text);
    ctl_checks_see(p, line);
    buf_free(&event);
    buf_free(&text);
}

/* Whole ids, one a line: they are the input for `spoolctl show`. */
static void print_ids(struct ctl_print *p, const char *label, const json_t *o, const char *key)
{
    const json_t *ids = json_object_get(o, key);

    for (size_t i = 0; i < json_array_size(ids); i++) {
        struct buf value = {0};

        ctl_print_add_value(&value, json_array_get(ids, i), json_is_true(json_object_get(o, "raw")));
        ctl_print_row(p, CTL_PRINT_RED, label, &value);
        buf_free(&value);
    }
}

/* An incomplete journal makes both verdicts doubtful, so it is said after either. */
static void print_verdict(struct ctl_print *p, const json_t *o)
{
    const json_t *balanced = json_object_get(o, "balanced");
    struct buf text = {0};

    if (json_is_boolean(balanced)) {
        buf_add_str(&text, json_is_true(balanced) ? "The books balance."
                                                  : "The books do not balance; the ids are above.");
        ctl_print_line(p, json_is_true(balanced) ? CTL_PRINT_GREEN : CTL_PRINT_RED, &text);
    }
    buf_clear(&text);
    if (json_is_false(json_object_get(o, "complete"))) {
        buf_add_str(&text, "The journal could not be read as a whole, so this is not the last word.");
        ctl_print_line(p, CTL_PRINT_YELLOW, &text);
    }
    buf_free(&text);
}

/* The order is that of the sum: the first is what the others must add up to. */
void ctl_print_audit(struct ctl_print *p, const json_t *line)
{
    static const struct {
        const char *label, *key;
    } rows[] = {{"accepted", "accepted"},   {"delivered", "delivered"}, {"quarantined", "quarantined"},
                {"- released", "released"}, {"- deleted", "deleted"},   {"discarded", "discarded"},
                {"in outlet", "in_outlet"}, {"held", "held"},           {"in work", "in_work"}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf value = {0}, cell = {0};

        if (ctl_print_add_member(&value, line, rows[i].key)) {
            ctl_text_add_cell(&cell, buf_view(&value), 10, true);
            ctl_print_row(p, CTL_PRINT_PLAIN, rows[i].label, &cell);
        }
        buf_free(&value);
        buf_free(&cell);
    }
    print_ids(p, "missing", line, "missing");
    print_ids(p, "unknown", line, "unknown");
    print_verdict(p, line);
}
