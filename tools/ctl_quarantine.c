/*
 * ctl_quarantine.c - see ctl_quarantine.h.
 *
 * spoold hands over the first bytes of a message and never looks into them; they
 * are split into header fields and text here, in a process that has no rights
 * over the spool. Each line goes out through ctl_text, so no control character
 * of a message reaches a terminal. Lines are bounded, the text is cut.
 */
#include "tools/ctl_quarantine.h"

#include "common/log.h"
#include "tools/ctl_link.h"
#include "tools/ctl_text.h"

#include <limits.h>
#include <stdlib.h>
#include <time.h>

#define SHOW_LINES    40      /* of the text */
#define SHOW_LINE_MAX 500     /* bytes of one line that are shown */
#define SHOW_MAX      1048576 /* bytes of a message that are taken from spoold */
#define WAIT_MAX_S    86400

/* --- words -------------------------------------------------------------------- */

static int usage(struct buf *why, const char *what, const char *word)
{
    buf_addf(why, "%s '%s'; see spoolctl --help", what, word);
    return EXIT_USAGE_64;
}

/* Digits only, at most `most`. -1 else. */
static int64_t digits(const char *s, size_t n, int64_t most)
{
    int64_t v = 0;

    for (size_t i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9')
            return -1;
        v = v * 10 + (s[i] - '0');
        if (v > most)
            return -1;
    }
    return n ? v : -1;
}

static int64_t time_ago(const char *text, int64_t now_ms)
{
    static const struct {
        char unit;
        int64_t ms;
    } units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', 86400000}};
    size_t n = strlen(text);
    int64_t v = n > 1 ? digits(text, n - 1, 1000000) : -1;

    for (size_t i = 0; v >= 0 && i < sizeof units / sizeof *units; i++)
        if (text[n - 1] == units[i].unit)
            return now_ms > v * units[i].ms ? now_ms - v * units[i].ms : 0;
    return -1;
}

int64_t ctl_quarantine_time(const char *text, int64_t now_ms)
{
    static const char *const forms[] = {"%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S",
                                        "%Y-%m-%dT%H:%M"};

    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct tm tm = {.tm_mday = 1};
        const char *end = strptime(text, forms[i], &tm);

        if (end && !*end && tm.tm_year >= 70)
            return (int64_t)timegm(&tm) * 1000;
    }
    return time_ago(text, now_ms);
}

/* The value of --since becomes a number here, so that spoold reads no dates. */
static int add_since(struct ctl_words *w, size_t at, struct buf *request, struct buf *why)
{
    char number[24];
    int64_t ms = at + 1 < w->n ? ctl_quarantine_time(w->word[at + 1], (int64_t)time(NULL) * 1000) : -1;

    if (ms < 0)
        return usage(why,
                     "--since takes a date (2026-01-02, 2026-01-02T03:04:05Z) or a time back (12h, 7d), not",
                     at + 1 < w->n ? w->word[at + 1] : "");
    snprintf(number, sizeof number, "%lld", (long long)ms);
    ctl_request_add_word(request, "since", number);
    return 0;
}

int ctl_quarantine_list(struct ctl_words words, struct buf *request, struct buf *why)
{
    static const struct ctl_flag flags[] = {
        {"--class", "class", NULL}, {"--to", "to", NULL},       {"--from", "from", NULL},
        {"--name", "name", NULL},   {"--limit", "limit", NULL}, {NULL, NULL, NULL},
    };
    int rc = 0;

    for (size_t i = 0; !rc && i < words.n; i += 2) {
        struct ctl_words pair = {words.word + i, words.n - i < 2 ? words.n - i : 2};

        rc = strcmp(words.word[i], "--since") == 0 ? add_since(&words, i, request, why)
                                                   : ctl_request_flags(flags, pair, request, why);
    }
    return rc;
}

int ctl_quarantine_purge(struct ctl_words words, struct buf *request, struct buf *why)
{
    static const struct ctl_flag flags[] = {{"--address", "address", NULL}, {NULL, NULL, NULL}};

    if (words.n != 2 || !*words.word[1]) {
        buf_add_str(why, "purge takes --address ADDRESS, once");
        return EXIT_USAGE_64;
    }
    return ctl_request_flags(flags, words, request, why);
}

static int take_wait(const char *value, unsigned *wait_ms, struct buf *why)
{
    int64_t s = value ? digits(value, strlen(value), WAIT_MAX_S) : -1;

    if (s < 0)
        return usage(why, "--wait takes a whole number of seconds up to 86400, not", value ? value : "");
    *wait_ms = (unsigned)s * 1000;
    return 0;
}

int ctl_quarantine_release(struct ctl_words words, struct buf *request, unsigned *wait_ms, struct buf *why)
{
    static const struct ctl_flag flags[] = {{"--rcpt", "rcpt", NULL}, {NULL, NULL, NULL}};
    struct ctl_words id = {words.word, words.n ? 1 : 0};
    int rc = ctl_request_add_word(request, NULL, "quarantine-release");

    rc = rc < 0 ? EXIT_USAGE_64 : ctl_request_id(id, request, why);
    for (size_t i = 1; !rc && i < words.n; i += 2) {
        struct ctl_words pair = {words.word + i, words.n - i < 2 ? words.n - i : 2};

        if (strcmp(words.word[i], "--wait") == 0)
            rc = take_wait(pair.n == 2 ? pair.word[1] : NULL, wait_ms, why);
        else
            rc = ctl_request_flags(flags, pair, request, why);
    }
    return rc;
}

/* --- one line for what was done ------------------------------------------------- */

void ctl_quarantine_print(struct ctl_print *p, const json_t *line)
{
    struct buf text = {0};

    if (!json_object_get(line, "event")) { /* entries among which the id does not choose */
        ctl_table_quarantine(p, line);
        return;
    }
    ctl_print_add_member(&text, line, "event");
    ctl_print_add_part(&text, " ", line, "id");
    ctl_print_add_part(&text, ", recipients ", line, "recipients");
    if (json_integer_value(json_object_get(line, "left")) > 0)
        ctl_print_add_part(&text, ", still held for ", line, "left");
    ctl_print_add_part(&text, ", outlet ", line, "file");
    ctl_print_line(p, CTL_PRINT_PLAIN, &text);
    buf_free(&text);
}

/* --- show ------------------------------------------------------------------------- */

struct shown {
    struct ctl_print print;
    bool json;
    struct buf hdr, eml;
};

/* Takes the next line off, without its end. */
static struct view take_line(struct view *rest)
{
    const char *nl = memchr(rest->p, '\n', rest->n);
    struct view line = {rest->p, nl ? (size_t)(nl - rest->p) : rest->n};

    rest->p += line.n + (nl ? 1 : 0);
    rest->n -= line.n + (nl ? 1 : 0);
    if (line.n && line.p[line.n - 1] == '\r')
        line.n--;
    return line;
}

static void print_line(struct ctl_print *p, const char *before, struct view line)
{
    struct buf text = {0};

    buf_add_str(&text, before);
    ctl_text_add(&text, (struct view){line.p, line.n < SHOW_LINE_MAX ? line.n : SHOW_LINE_MAX}, false);
    if (line.n > SHOW_LINE_MAX)
        buf_addf(&text, " (%zu bytes more)", line.n - SHOW_LINE_MAX);
    ctl_print_line(p, CTL_PRINT_PLAIN, &text);
    buf_free(&text);
}

static void print_title(struct ctl_print *p, const char *title)
{
    struct buf text = {0};

    ctl_print_line(p, CTL_PRINT_PLAIN, &text);
    buf_add_str(&text, title);
    ctl_print_line(p, CTL_PRINT_BOLD, &text);
    buf_free(&text);
}

void ctl_quarantine_print_hdr(struct ctl_print *p, struct view hdr)
{
    print_title(p, "Envelope");
    while (hdr.n)
        print_line(p, "  ", take_line(&hdr));
}

void ctl_quarantine_print_eml(struct ctl_print *p, struct view eml, size_t lines)
{
    bool header = true;
    size_t n = 0;

    print_title(p, "Header");
    while (eml.n && header) {
        struct view line = take_line(&eml);

        header = line.n > 0;
        if (header)
            print_line(p, "  ", line);
    }
    print_title(p, "Text, as it stands");
    for (; eml.n && n < lines; n++)
        print_line(p, "  ", take_line(&eml));
    if (eml.n)
        print_title(p, "(more follows)");
}

/* Code points up to U+00FF, one for each byte: the bytes again. */
static void add_bytes(struct buf *to, const json_t *text)
{
    const char *s = json_string_value(text);
    size_t n = json_string_length(text);

    for (size_t i = 0; i < n && to->n < SHOW_MAX; i++) {
        unsigned char c = (unsigned char)s[i];

        if (c >= 0xc0 && i + 1 < n)
            c = (unsigned char)((c & 0x03) << 6 | ((unsigned char)s[++i] & 0x3f));
        buf_add_char(to, (char)c);
    }
}

static void print_member(struct ctl_print *p, const json_t *o, const char *label, const char *key)
{
    struct buf value = {0};

    if (strcmp(key, "at") == 0 ? ctl_print_add_time(&value, "", o, key)
                               : ctl_print_add_member(&value, o, key))
        ctl_print_row(p, strcmp(key, "id") == 0 ? CTL_PRINT_BOLD : CTL_PRINT_PLAIN, label, &value);
    buf_free(&value);
}

static void print_virus(struct ctl_print *p, const json_t *virus)
{
    struct buf value = {0};

    ctl_print_add_member(&value, virus, "state");
    ctl_print_add_part(&value, ": ", virus, "name");
    ctl_print_add_part(&value, ": ", virus, "why");
    ctl_print_add_part(&value, ", ", virus, "detail");
    ctl_print_add_part(&value, ", ClamAV ", virus, "engine");
    ctl_print_add_part(&value, ", ", virus, "warning");
    if (value.n)
        ctl_print_row(p, CTL_PRINT_PLAIN, "virus", &value);
    buf_free(&value);
}

static void print_record(struct ctl_print *p, const json_t *o)
{
    static const char *const rows[][2] = {
        {"id", "id"},          {"name", "name"},         {"class", "class"},     {"state", "state"},
        {"since (UTC)", "at"}, {"from", "from"},         {"held for", "to"},     {"size", "size"},
        {"reason", "reason"},  {"releases", "releases"}, {"trouble", "trouble"}, {"sha256", "sha256"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        print_member(p, o, rows[i][0], rows[i][1]);
    print_virus(p, json_object_get(o, "virus"));
}

/* Below the record, an empty line between them. */
static void print_parts(struct ctl_print *p, const json_t *o)
{
    const struct buf nothing = {0};

    if (json_is_array(json_object_get(o, "parts")) && !p->parts)
        ctl_print_line(p, CTL_PRINT_PLAIN, &nothing);
    ctl_parts_print(p, o);
}

static void see_line(struct view line, const json_t *object, void *arg)
{
    struct shown *s = arg;

    if (s->json) {
        fwrite(line.p, 1, line.n, stdout);
        fputc('\n', stdout);
    } else if (json_is_string(json_object_get(object, "hdr"))) {
        add_bytes(&s->hdr, json_object_get(object, "hdr"));
    } else if (json_is_string(json_object_get(object, "eml"))) {
        add_bytes(&s->eml, json_object_get(object, "eml"));
    } else {
        print_record(&s->print, object);
        print_parts(&s->print, object);
    }
}

int ctl_quarantine_show_check(const struct ctl_quarantine_show *show, struct buf *why)
{
    struct buf request = {0};
    int rc = ctl_request_id(show->words, &request, why);

    buf_free(&request);
    return rc;
}

int ctl_quarantine_show(const struct ctl_quarantine_show *show, const struct config *c, struct buf *why)
{
    struct shown s = {.json = show->json};
    struct ctl_link l = {.fd = -1};
    struct buf request = {0};
    int rc = ctl_request_add_word(&request, NULL, "quarantine-show");

    ctl_print_init(&s.print, stdout);
    rc = rc < 0 ? EXIT_USAGE_64 : ctl_request_id(show->words, &request, why);
    if (!rc)
        rc = ctl_link_open(&l, c->root, c->state, why);
    if (!rc)
        rc = ctl_link_send(&l, &request, why);
    if (!rc)
        rc = ctl_link_receive(&l, see_line, &s, why);
    ctl_link_close(&l);
    if (!rc && s.hdr.n)
        ctl_quarantine_print_hdr(&s.print, buf_view(&s.hdr));
    if (!rc && s.eml.n)
        ctl_quarantine_print_eml(&s.print, buf_view(&s.eml), SHOW_LINES);
    buf_free(&s.hdr);
    buf_free(&s.eml);
    buf_free(&request);
    return rc;
}
