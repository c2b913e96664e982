/*
 * facts_json.c - see facts.h: facts as JSON, in decision records and in files for `spoolctl check --facts`.
 *
 * The supervisor writes them; reading is for tools and tests only (jansson allocates, and goes as deep as the
 * text does within its own limit). Bytes of TXT are written as U+0000-U+00FF, one character a byte, also
 * where they would be UTF-8: so there is one way to read them back. A file is trusted no more than what
 * worker-dns says: every fact goes through facts_add().
 */
#include "common/facts.h"

#include <errno.h>
#include <jansson.h>
#include <time.h>

#define MS_PER_SECOND 1000
#define SHOWN_MAX     80 /* bytes of a key in an error */

/* --- writing ------------------------------------------------------------ */

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

static void add_bytes(struct buf *to, struct view v)
{
    static const char hex[] = "0123456789abcdef";

    for (size_t i = 0, run = 0; i < v.n; i += run) {
        unsigned char c = (unsigned char)v.p[i];

        for (run = 0; i + run < v.n && is_plain((unsigned char)v.p[i + run]);)
            run++;
        buf_add(to, v.p + i, run);
        if (run)
            continue;
        run = 1;
        if (c == '"' || c == '\\')
            buf_add(to, (char[2]){'\\', (char)c}, 2);
        else
            buf_add(to, (char[6]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, 6);
    }
}

static void add_answers(struct json *j, const struct fact *f)
{
    json_add_text(j, "answers", VIEW("["));
    for (unsigned i = 0; i < f->answer_n; i++) {
        buf_add_str(j->out, i ? ",\"" : "\"");
        add_bytes(j->out, f->answer[i]);
        buf_add_char(j->out, '"');
    }
    buf_add_char(j->out, ']');
}

/* What is preset when it is read is not written: every message has dozens of them. */
static void add_fact(struct buf *to, const struct fact *f)
{
    struct json j = {.out = to};

    buf_add_char(to, '"');
    buf_add_str(to, fact_type_name(f->type));
    buf_add_char(to, ' ');
    add_bytes(to, f->name);
    buf_add_str(to, "\":{");
    if (f->rcode == FACT_NOERROR)
        add_answers(&j, f);
    else
        json_add_str(&j, "rcode", fact_rcode_name(f->rcode));
    if (f->ttl)
        json_add_int(&j, "ttl", f->ttl);
    if (f->at)
        json_add_time(&j, "at", f->at);
    buf_add_char(to, '}');
}

void facts_add_json(struct json *j, const struct facts *f, int64_t now)
{
    json_begin_object(j, "facts");
    json_add_str(j, "default", f->otherwise == FACTS_NXDOMAIN ? "nxdomain" : "missing");
    json_begin_object(j, "dns");
    for (unsigned i = 0; i < f->n; i++) {
        if (i)
            buf_add_char(j->out, ',');
        add_fact(j->out, facts_at(f, i));
    }
    json_end_object(j);
    json_add_time(j, "now", now);
    json_end_object(j);
}

/* --- reading ------------------------------------------------------------ */

/* `n` digits at *p; -1: there are none. */
static int take_digits(const char **p, unsigned n)
{
    int v = 0;

    for (; n > 0; n--, (*p)++) {
        if (**p < '0' || **p > '9')
            return -1;
        v = v * 10 + (**p - '0');
    }
    return v;
}

static bool take_mark(const char **p, const char *any)
{
    return **p && strchr(any, **p) && (*p)++;
}

static bool take_field(const char **p, unsigned digits, int least, int most, int *v)
{
    *v = take_digits(p, digits);
    return *v >= least && *v <= most;
}

/* Milliseconds; further digits are read over. */
static bool take_fraction(const char **p, int *ms)
{
    int unit = 100;

    *ms = 0;
    if (!take_mark(p, "."))
        return true;
    if (**p < '0' || **p > '9')
        return false;
    for (; **p >= '0' && **p <= '9'; (*p)++, unit /= 10)
        *ms += (**p - '0') * unit;
    return true;
}

static bool take_zone(const char **p, int *seconds)
{
    bool minus = **p == '-';
    int hours, minutes;

    *seconds = 0;
    if (take_mark(p, "Zz"))
        return true;
    if (!take_mark(p, "+-") || !take_field(p, 2, 0, 23, &hours) || !take_mark(p, ":") ||
        !take_field(p, 2, 0, 59, &minutes))
        return false;
    *seconds = (hours * 60 + minutes) * (minus ? -60 : 60);
    return true;
}

/* RFC 3339. Unix ms, or -1: it is none, or before 1970. */
static int64_t read_time(const char *p)
{
    struct tm tm = {0};
    int year, month, day, zone, ms;
    int64_t at;

    if (!take_field(&p, 4, 1970, 9999, &year) || !take_mark(&p, "-") || !take_field(&p, 2, 1, 12, &month) ||
        !take_mark(&p, "-") || !take_field(&p, 2, 1, 31, &day) || !take_mark(&p, "Tt ") ||
        !take_field(&p, 2, 0, 23, &tm.tm_hour) || !take_mark(&p, ":") ||
        !take_field(&p, 2, 0, 59, &tm.tm_min) || !take_mark(&p, ":") ||
        !take_field(&p, 2, 0, 59, &tm.tm_sec) || !take_fraction(&p, &ms) || !take_zone(&p, &zone) || *p)
        return -1;
    tm.tm_year = year - 1900;
    tm.tm_mon = month - 1;
    tm.tm_mday = day;
    at = (timegm(&tm) - zone) * MS_PER_SECOND + ms;
    /* The 31st of a short month has become a day of the next one. */
    return tm.tm_mday == day && at >= 0 ? at : -1;
}

/* NULL: no string, or one with a NUL in it. */
static const char *word_of(const json_t *value)
{
    const char *s = json_string_value(value);

    return s && strlen(s) == json_string_length(value) ? s : NULL;
}

/* A file that is being read, and the reason why it cannot be. */
struct reader {
    struct facts *facts;
    struct buf *why;
    const char *key; /* of the fact */
};

static int fail(struct reader *r, const char *what)
{
    buf_clear(r->why);
    if (r->key) {
        buf_add_str(r->why, "\"");
        for (size_t i = 0; i < SHOWN_MAX && r->key[i]; i++)
            buf_add_char(r->why, r->key[i] >= ' ' && r->key[i] <= '~' ? r->key[i] : '?');
        buf_add_str(r->why, "\": ");
    }
    buf_add_str(r->why, what);
    return -1;
}

/* Each character one byte; false where one is beyond U+00FF. */
static bool add_characters(struct buf *to, const json_t *text)
{
    const char *s = json_string_value(text);
    size_t n = json_string_length(text);

    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];

        /* jansson lets UTF-8 through only: after C2 or C3 there is one more byte, and none of two below. */
        if (c > 0xc3)
            return false;
        if (c >= 0xc2)
            c = (unsigned char)(c << 6 | ((unsigned char)s[++i] & 0x3f));
        buf_add_char(to, (char)c);
    }
    return true;
}

/* All answers into `bytes`, how many of them each is into `answer`. */
static int read_answers(struct reader *r, const json_t *list, struct buf *bytes, struct view *answer)
{
    size_t n = json_array_size(list), i = 0, at = 0;

    if (list && !json_is_array(list))
        return fail(r, "\"answers\" is no array");
    if (n > FACTS_ANSWERS_MAX)
        return fail(r, "too many answers");
    for (i = 0; i < n; i++) {
        const json_t *text = json_array_get(list, i);

        at = bytes->n;
        if (!json_is_string(text))
            return fail(r, "an answer is no string");
        if (!add_characters(bytes, text))
            return fail(r, "a character of an answer is beyond U+00FF");
        answer[i].n = bytes->n - at;
    }
    for (i = 0, at = 0; i < n; at += answer[i++].n)
        answer[i].p = bytes->n ? bytes->p + at : "";
    return (int)n;
}

static int read_numbers(struct reader *r, const json_t *entry, struct fact *f)
{
    const json_t *rcode = json_object_get(entry, "rcode"), *ttl = json_object_get(entry, "ttl");
    const json_t *at = json_object_get(entry, "at");
    const char *word = word_of(rcode), *time = word_of(at);
    json_int_t seconds = json_integer_value(ttl);

    if (rcode && (!word || (f->rcode = fact_rcode_find(view_of(word))) == FACT_RCODE__MAX))
        return fail(r, "\"rcode\" is none of NOERROR, NXDOMAIN, SERVFAIL, TIMEOUT");
    if (ttl && (!json_is_integer(ttl) || seconds < 0 || seconds > INT32_MAX))
        return fail(r, "\"ttl\" is no number of seconds");
    f->ttl = (uint32_t)seconds;
    if (at && (!time || (f->at = read_time(time)) < 0))
        return fail(r, "\"at\" is no time of RFC 3339");
    return 0;
}

static int add_read(struct reader *r, const struct fact *f)
{
    char name[FACTS_NAME_MAX + 1];

    if (!fact_question_clean(f->name, name))
        return fail(r, "this name cannot be asked");
    if (facts_get(r->facts, f->type, f->name))
        return fail(r, "is there twice");
    if (f->rcode != FACT_NOERROR && f->answer_n)
        return fail(r, "answers, but an rcode that has none");
    if (facts_add(r->facts, f) == 0)
        return 0;
    return fail(r, errno == EMSGSIZE ? "too many facts, or too long"
                                     : "no fact of this type has such an answer");
}

/* A word that is mistyped would make another fact of it. */
static int check_members(struct reader *r, json_t *entry)
{
    static const char *const known[] = {"rcode", "answers", "ttl", "at"};
    const char *key;
    json_t *value;

    json_object_foreach(entry, key, value)
    {
        bool found = false;

        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            found |= strcmp(key, known[i]) == 0;
        if (!found)
            return fail(r, "has another member than rcode, answers, ttl, at");
    }
    return 0;
}

static int read_fact(struct reader *r, json_t *entry)
{
    struct view answer[FACTS_ANSWERS_MAX];
    struct fact f = {.answer = answer};
    const char *blank = strchr(r->key, ' ');
    struct buf bytes = {0};
    int n = -1;

    f.type = blank ? fact_type_find((struct view){r->key, (size_t)(blank - r->key)}) : FACT_TYPE__MAX;
    if (f.type == FACT_TYPE__MAX)
        return fail(r, "is not \"TYPE name\", TYPE one of A AAAA MX TXT PTR CNAME");
    if (!json_is_object(entry))
        return fail(r, "is no object");
    if (check_members(r, entry) < 0)
        return -1;
    f.name = view_of(blank + 1);
    if (read_numbers(r, entry, &f) == 0)
        n = read_answers(r, json_object_get(entry, "answers"), &bytes, answer);
    f.answer_n = n > 0 ? (unsigned)n : 0;
    if (n >= 0)
        n = add_read(r, &f);
    buf_free(&bytes);
    return n;
}

static int read_members(struct reader *r, json_t *root, int64_t *now)
{
    const json_t *otherwise = json_object_get(root, "default"), *at = json_object_get(root, "now");
    const char *word = word_of(otherwise), *time = word_of(at);
    int64_t ms = time ? read_time(time) : -1;

    if (!json_is_object(root))
        return fail(r, "facts are an object of JSON");
    if (otherwise && (!word || (strcmp(word, "nxdomain") != 0 && strcmp(word, "missing") != 0)))
        return fail(r, "\"default\" is neither \"nxdomain\" nor \"missing\"");
    if (at && ms < 0)
        return fail(r, "\"now\" is no time of RFC 3339");
    if (word)
        r->facts->otherwise = strcmp(word, "nxdomain") == 0 ? FACTS_NXDOMAIN : FACTS_MISSING;
    if (at)
        *now = ms;
    return 0;
}

int facts_read_json(struct facts *f, struct view text, int64_t *now, struct buf *why)
{
    struct reader r = {.facts = f, .why = why};
    json_error_t error;
    json_t *root = json_loadb(text.n ? text.p : "", text.n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    json_t *facts = json_object_get(root, "facts"), *dns, *entry = NULL;
    int rc = 0;

    if (!facts)
        facts = root; /* else it is a record, or a line of spoolctl check */
    dns = json_object_get(facts, "dns");

    if (!root) {
        buf_clear(why);
        buf_addf(why, "line %d: no JSON", error.line);
        return -1;
    }
    rc = read_members(&r, facts, now);
    if (rc == 0 && !dns && !json_object_get(facts, "default"))
        rc = fail(&r, "there is neither \"dns\" nor \"default\"");
    if (rc == 0 && dns && !json_is_object(dns))
        rc = fail(&r, "\"dns\" is no object");
    json_object_foreach(dns, r.key, entry) if (rc == 0) rc = read_fact(&r, entry);
    json_decref(root);
    return rc;
}
