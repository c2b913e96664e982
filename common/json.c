/*
 * json.c - see json.h. Called for journal lines, decision records and answers
 * on the control socket, so it has to be quick: plain runs are copied whole.
 *
 * Must never write a byte that could end a line or a string early: everything
 * below 0x20 and every byte that is not UTF-8 leaves as \u00XX.
 * Trusts its caller for keys and for json_add_text(), never for strings.
 */
#include "common/json.h"

#include "common/utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#define TIME_MAX_MS INT64_C(253402300799999) /* the last millisecond of the year 9999 */

/* Only the two that need it get a short form; one form for the rest keeps readers simple. */
static void add_escape(struct buf *out, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    char text[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};

    if (c == '"' || c == '\\')
        buf_add(out, (char[2]){'\\', (char)c}, 2);
    else
        buf_add(out, text, sizeof text);
}

/* How many bytes from the start can be copied as they are. */
static size_t plain_run(struct view v)
{
    size_t i = 0;

    while (i < v.n) {
        unsigned char c = (unsigned char)v.p[i];
        size_t len = 1;
        uint32_t code;

        if (c < 0x20 || c == '"' || c == '\\')
            break;
        if (c >= 0x80 && (len = utf8_decode((struct view){v.p + i, v.n - i}, &code)) == 0)
            break;
        i += len;
    }
    return i;
}

/* The flag is set here for whatever object is open: json_close() tells it once, at the end. */
static void add_string(struct json *j, struct view v)
{
    buf_add_char(j->out, '"');
    while (v.n) {
        size_t run = plain_run(v);

        if (run) {
            buf_add(j->out, v.p, run);
            v.p += run, v.n -= run;
            continue;
        }
        if ((unsigned char)v.p[0] >= 0x80)
            j->raw = true;
        add_escape(j->out, (unsigned char)v.p[0]);
        v.p++, v.n--;
    }
    buf_add_char(j->out, '"');
}

/* Keys are constants of the program and need no escapes; written in one go because there are ten a line. */
static void add_key(struct json *j, const char *key)
{
    size_t n = strlen(key);
    char *to = NULL;

    buf_reserve(j->out, n + 4);
    to = j->out->p + j->out->n;
    if (j->comma)
        *to++ = ',';
    *to++ = '"';
    memcpy(to, key, n);
    memcpy(to + n, "\":", 3);
    j->out->n = (size_t)(to + n + 2 - j->out->p);
    j->comma = true;
}

void json_open(struct json *j, struct buf *out)
{
    *j = (struct json){.out = out, .comma = true};
    buf_add(out, "{\"v\":1", 6);
}

void json_close(struct json *j)
{
    if (j->raw)
        json_add_bool(j, "raw", true);
    buf_add_char(j->out, '}');
}

void json_add_view(struct json *j, const char *key, struct view v)
{
    add_key(j, key);
    add_string(j, v);
}

void json_add_str(struct json *j, const char *key, const char *s)
{
    add_key(j, key);
    if (s)
        add_string(j, view_of(s));
    else
        buf_add(j->out, "null", 4);
}

void json_add_int(struct json *j, const char *key, int64_t v)
{
    char text[24];
    int n = snprintf(text, sizeof text, "%" PRId64, v);

    add_key(j, key);
    buf_add(j->out, text, (size_t)n);
}

void json_add_bool(struct json *j, const char *key, bool v)
{
    add_key(j, key);
    buf_add_str(j->out, v ? "true" : "false");
}

void json_add_time(struct json *j, const char *key, int64_t ms)
{
    char text[32];

    json_add_view(j, key, (struct view){text, json_time_text(text, ms)});
}

void json_add_text(struct json *j, const char *key, struct view text)
{
    add_key(j, key);
    buf_add_view(j->out, text.n ? text : VIEW("null"));
}

void json_add_views(struct json *j, const char *key, const struct view *v, size_t n)
{
    add_key(j, key);
    buf_add_char(j->out, '[');
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_add_char(j->out, ',');
        add_string(j, v[i]);
    }
    buf_add_char(j->out, ']');
}

void json_begin_object(struct json *j, const char *key)
{
    add_key(j, key);
    buf_add_char(j->out, '{');
    j->comma = false;
}

void json_end_object(struct json *j)
{
    buf_add_char(j->out, '}');
    j->comma = true;
}

/* snprintf() would cost as much as the rest of a journal line. */
static char *put_number(char *to, unsigned v, unsigned digits)
{
    for (unsigned i = digits; i-- > 0; v /= 10)
        to[i] = (char)('0' + v % 10);
    return to + digits;
}

size_t json_time_text(char *to, int64_t ms)
{
    struct tm tm = {0};
    time_t s = 0;
    char *p = to;

    /* Four digits of year or nothing: a clock gone mad must not change the length of a time. */
    ms = ms < 0 ? 0 : ms > TIME_MAX_MS ? TIME_MAX_MS : ms;
    s = (time_t)(ms / 1000);
    gmtime_r(&s, &tm);
    p = put_number(p, (unsigned)tm.tm_year + 1900U, 4);
    *p++ = '-';
    p = put_number(p, (unsigned)tm.tm_mon + 1U, 2);
    *p++ = '-';
    p = put_number(p, (unsigned)tm.tm_mday, 2);
    *p++ = 'T';
    p = put_number(p, (unsigned)tm.tm_hour, 2);
    *p++ = ':';
    p = put_number(p, (unsigned)tm.tm_min, 2);
    *p++ = ':';
    p = put_number(p, (unsigned)tm.tm_sec, 2);
    *p++ = '.';
    p = put_number(p, (unsigned)(ms % 1000), 3);
    *p++ = 'Z';
    *p = '\0';
    return (size_t)(p - to);
}
