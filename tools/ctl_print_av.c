/*
 * ctl_print_av.c - see ctl_print.h: the answer to "av status", and the same in short for status.
 *
 * Called once per line of the answer. Members that are missing, empty or zero
 * leave their row out, so that a spoold that has loaded nothing yet shows what is
 * wrong and not a table of zeros. Strings are escaped like all others: folder
 * and trouble hold what stands in a configuration and in files.
 */
#include "tools/ctl_print.h"

#include "tools/ctl_text.h"

#define HOUR_S 3600
#define DAY_S  86400

/* Said in capitals wherever it holds: an administrator must not take the one for the other. */
#define TEST_ONLY "TEST SIGNATURES ONLY: nothing but the EICAR test file is found"

static int64_t number(const json_t *o, const char *key)
{
    return (int64_t)json_integer_value(json_object_get(o, key));
}

static bool is_test(const json_t *o)
{
    return json_is_true(json_object_get(o, "test_only"));
}

/* In the largest unit that is not zero, as the settings take it. */
static void add_age(struct buf *b, int64_t s)
{
    if (s >= 2 * DAY_S)
        buf_addf(b, "%lld days", (long long)(s / DAY_S));
    else if (s >= 2 * HOUR_S)
        buf_addf(b, "%lld hours", (long long)(s / HOUR_S));
    else
        buf_addf(b, "%lld minutes", (long long)(s < 0 ? 0 : s / 60));
}

static void row_state(struct buf *b, const json_t *o)
{
    ctl_print_add_member(b, o, "state");
}

static void row_engine(struct buf *b, const json_t *o)
{
    const json_t *engine = json_object_get(o, "engine");

    if (json_string_length(engine))
        ctl_print_add_part(b, "ClamAV ", o, "engine");
}

static void row_signatures(struct buf *b, const json_t *o)
{
    if (number(o, "signatures") <= 0)
        return;
    ctl_print_add_member(b, o, "signatures");
    if (number(o, "version") > 0)
        ctl_print_add_part(b, ", version ", o, "version");
    if (number(o, "files") > 0 && !is_test(o))
        ctl_print_add_part(b, ", files ", o, "files");
}

static void row_built(struct buf *b, const json_t *o)
{
    if (!ctl_print_add_time(b, "", o, "built"))
        return;
    buf_add_str(b, " UTC");
    if (json_is_integer(json_object_get(o, "age_s"))) {
        buf_add_str(b, ", ");
        add_age(b, number(o, "age_s"));
        buf_add_str(b, " ago");
    }
}

static void row_generation(struct buf *b, const json_t *o)
{
    if (number(o, "generation") > 0)
        ctl_print_add_member(b, o, "generation");
}

/* The loader's, which all children share. */
static void row_memory(struct buf *b, const json_t *o)
{
    if (number(o, "memory_kb") > 0)
        ctl_text_add_size(b, number(o, "memory_kb") * 1024);
}

static void row_folder(struct buf *b, const json_t *o)
{
    ctl_print_add_member(b, o, "folder");
}

static void row_reload(struct buf *b, const json_t *o)
{
    if (ctl_print_add_member(b, o, "reload_mode") && number(o, "last_reload_ms") > 0) {
        ctl_print_add_part(b, ", the last one took ", o, "last_reload_ms");
        buf_add_str(b, " ms");
    }
}

static void row_trouble(struct buf *b, const json_t *o)
{
    ctl_print_add_member(b, o, "trouble");
}

static void print_test_only(struct ctl_print *p, const char *label)
{
    struct buf text = {0};

    buf_add_str(&text, TEST_ONLY);
    ctl_print_row(p, CTL_PRINT_RED, label, &text);
    buf_free(&text);
}

static void print_status(struct ctl_print *p, const json_t *o)
{
    static const struct {
        const char *label;
        void (*add)(struct buf *b, const json_t *o);
        enum ctl_print_colour colour;
    } rows[] = {{"state", row_state, CTL_PRINT_PLAIN},       {"trouble", row_trouble, CTL_PRINT_YELLOW},
                {"engine", row_engine, CTL_PRINT_PLAIN},     {"signatures", row_signatures, CTL_PRINT_PLAIN},
                {"built", row_built, CTL_PRINT_PLAIN},       {"generation", row_generation, CTL_PRINT_PLAIN},
                {"memory", row_memory, CTL_PRINT_PLAIN},     {"folder", row_folder, CTL_PRINT_PLAIN},
                {"reload mode", row_reload, CTL_PRINT_PLAIN}};

    if (is_test(o))
        print_test_only(p, "ALARM");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf value = {0};

        rows[i].add(&value, o);
        if (value.n)
            ctl_print_row(p, rows[i].colour, rows[i].label, &value);
        buf_free(&value);
    }
}

void ctl_print_av(struct ctl_print *p, const json_t *line)
{
    const json_t *o = json_object_get(line, "antivirus");
    struct buf text = {0};

    if (json_is_object(o)) {
        print_status(p, o);
    } else if (json_is_true(json_object_get(line, "asked"))) {
        buf_add_str(&text, "A reload was asked for; see spoolctl av status.");
        ctl_print_line(p, CTL_PRINT_PLAIN, &text);
    }
    buf_free(&text);
}

void ctl_print_av_brief(struct ctl_print *p, const json_t *antivirus)
{
    struct buf text = {0}, built = {0};

    ctl_print_add_member(&text, antivirus, "state");
    ctl_print_add_part(&text, ": ", antivirus, "trouble");
    if (number(antivirus, "signatures") > 0)
        ctl_print_add_part(&text, ", signatures ", antivirus, "signatures");
    row_built(&built, antivirus);
    if (built.n)
        buf_addf(&text, ", built %s", built.p);
    if (text.n)
        ctl_print_row(p, CTL_PRINT_PLAIN, "antivirus", &text);
    if (is_test(antivirus))
        print_test_only(p, "");
    buf_free(&text);
    buf_free(&built);
}
