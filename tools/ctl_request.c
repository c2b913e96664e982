/*
 * ctl_request.c - see ctl_request.h. Pure; called once per run.
 *
 * Options of a verb are rows: the word a person types, the key that spoold is
 * told, and whether a value follows. A limit is checked here because it is the
 * only number. Nothing typed is trusted to be free of control characters.
 */
#include "tools/ctl_request.h"

#include "common/control.h"
#include "common/log.h"

#define LIMIT_DIGITS_MAX 7

/* The same rule as control_parse_request(): refusing here gives a better complaint than spoold can. */
int ctl_request_add_word(struct buf *request, const char *key, const char *value)
{
    for (const char *p = value; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return -1;
    if (key)
        buf_addf(request, "%s=", key);
    buf_add(request, value, strlen(value) + 1);
    return request->n > CONTROL_REQUEST_MAX ? -1 : 0;
}

static int usage(struct buf *why, const char *what, const char *word)
{
    buf_addf(why, "%s '%s'; see spoolctl --help", what, word);
    return EXIT_USAGE_64;
}

/* No leading zero, no sign, no blank: strtol would take them all. */
static bool is_limit(const char *s)
{
    size_t n = strspn(s, "0123456789");

    return n > 0 && n <= LIMIT_DIGITS_MAX && s[n] == '\0' && s[0] != '0';
}

static int add_flag(const struct ctl_flag *f, const char *value, struct buf *request, struct buf *why)
{
    if (strcmp(f->key, "limit") == 0 && !is_limit(value))
        return usage(why, "--limit takes a whole number from 1 to 9999999, not", value);
    if (ctl_request_add_word(request, f->key, value) < 0)
        return usage(why, "too long, or with control characters: the value of", f->typed);
    return 0;
}

/* An option may be repeated; spoold takes the first. */
int ctl_request_flags(const struct ctl_flag *flags, struct ctl_words w, struct buf *request, struct buf *why)
{
    for (size_t i = 0; i < w.n; i++) {
        const struct ctl_flag *f = flags;
        int rc = 0;

        while (f->typed && strcmp(f->typed, w.word[i]) != 0)
            f++;
        if (!f->typed)
            return usage(why, "unknown option", w.word[i]);
        if (!f->fixed && ++i == w.n)
            return usage(why, "a value is missing after", f->typed);
        rc = add_flag(f, f->fixed ? f->fixed : w.word[i], request, why);
        if (rc)
            return rc;
    }
    return 0;
}

int ctl_request_none(struct ctl_words words, struct buf *request, struct buf *why)
{
    static const struct ctl_flag flags[] = {{NULL, NULL, NULL}};

    return ctl_request_flags(flags, words, request, why);
}

int ctl_request_queue(struct ctl_words words, struct buf *request, struct buf *why)
{
    static const struct ctl_flag flags[] = {
        {"--held", "held", "yes"}, {"--limit", "limit", NULL}, {"limit", "limit", NULL},
        {"LIMIT", "limit", NULL},  {NULL, NULL, NULL},
    };

    return ctl_request_flags(flags, words, request, why);
}

int ctl_request_history(struct ctl_words words, struct buf *request, struct buf *why)
{
    static const struct ctl_flag flags[] = {
        {"--sender", "sender", NULL}, {"--recipient", "recipient", NULL}, {"--name", "name", NULL},
        {"--id", "id", NULL},         {"--limit", "limit", NULL},         {NULL, NULL, NULL},
    };

    return ctl_request_flags(flags, words, request, why);
}

int ctl_request_id(struct ctl_words words, struct buf *request, struct buf *why)
{
    if (words.n != 1 || words.word[0][0] == '\0') {
        buf_add_str(why, "exactly one ID is wanted: a whole id, its last 25 characters, or the dropped name");
        return EXIT_USAGE_64;
    }
    if (ctl_request_add_word(request, NULL, words.word[0]) < 0)
        return usage(why, "an ID has no control characters and is shorter than", words.word[0]);
    return 0;
}

int ctl_request_show(struct ctl_words words, bool *parts, struct buf *request, struct buf *why)
{
    char *id = NULL;
    struct ctl_words one = {&id, 0};

    for (size_t i = 0; i < words.n; i++) {
        if (strcmp(words.word[i], "--parts") == 0) {
            *parts = true;
            continue;
        }
        id = words.word[i];
        one.n++;
    }
    if (ctl_request_add_word(request, NULL, "show") < 0)
        return EXIT_USAGE_64;
    return ctl_request_id(one, request, why);
}
