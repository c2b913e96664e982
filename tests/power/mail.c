/*
 * mail.c - see mail.h.
 *
 * Sizes are mixed on purpose: most messages are a block or so, some need many blocks, whose data is
 * written at another time than their names.
 */
#include "tests/power/mail.h"

#include "common/xalloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define SUBJECT      "\nSubject: power-"
#define NUMBER_LEN   8
#define HEADER_MAX   4096 /* the subject stands within that many bytes */
#define TRACE_MAX    2048 /* bytes of the fields that spoold puts in front */
#define LINES_BIG    3000 /* about 200 kB */
#define LINES_MIDDLE 400

static const char *const fault_names[] = {"lost", "torn", "twice", "half pair", "books", "stuck"};
_Static_assert(sizeof(fault_names) / sizeof(fault_names[0]) == MAIL_FAULT__MAX, "a name for every fault");

const char *mail_fault_name(enum mail_fault f)
{
    return fault_names[f];
}

void mail_say(struct mail_set *s, enum mail_fault f, const char *fmt, ...)
{
    char text[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    s->fault[f]++;
    buf_addf(&s->say, "    %s: %s\n", fault_names[f], text);
}

static unsigned lines_of(unsigned number)
{
    if (number % 50 == 7)
        return LINES_BIG;
    return number % 10 == 3 ? LINES_MIDDLE : 3 + number % 60;
}

struct mail *mail_add(struct mail_set *s)
{
    struct mail *m;

    s->m = xrealloc(s->m, s->n + 1, sizeof(*s->m));
    m = &s->m[s->n++];
    *m = (struct mail){.number = s->next++};
    buf_addf(&m->bytes, "From: s-%08u@example.org\nTo: r-%08u@example.net" SUBJECT "%08u\n\n", m->number,
             m->number, m->number);
    for (unsigned i = 0, n = lines_of(m->number); i < n; i++)
        buf_addf(&m->bytes, "power-%08u line %u: nothing of this may be missing afterwards\n", m->number, i);
    return m;
}

void mail_clear(struct mail_set *s)
{
    for (size_t i = 0; i < s->n; i++) {
        buf_free(&s->m[i].bytes);
        buf_free(&s->m[i].published);
    }
    s->n = 0;
}

void mail_free(struct mail_set *s)
{
    mail_clear(s);
    free(s->m);
    s->m = NULL;
    buf_free(&s->say);
}

struct mail *mail_find(const struct mail_set *s, struct view content)
{
    size_t n = content.n < HEADER_MAX ? content.n : HEADER_MAX;
    const char *at = n ? memmem(content.p, n, SUBJECT, strlen(SUBJECT)) : NULL;
    char digits[NUMBER_LEN + 1] = "";
    unsigned long number;

    if (!at || s->n == 0 || (size_t)(content.p + n - at) < strlen(SUBJECT) + NUMBER_LEN)
        return NULL;
    memcpy(digits, at + strlen(SUBJECT), NUMBER_LEN);
    number = strtoul(digits, NULL, 10);
    if (number < s->m[0].number || number - s->m[0].number >= s->n)
        return NULL;
    return &s->m[number - s->m[0].number];
}

struct mail *mail_find_base(const struct mail_set *s, struct view base)
{
    for (size_t i = 0; i < s->n; i++)
        if (view_equal(view_of(s->m[i].base.s), base))
            return &s->m[i];
    return NULL;
}

/* The original stands at the end, and before it only what spoold adds for this BASE. */
static bool content_is_whole(const struct mail *m, const char *base, struct view eml)
{
    struct disk_path first = disk_path("X-Spoold-Id: %s\n", base);
    size_t n = strlen(first.s);

    return eml.n > m->bytes.n && eml.n - m->bytes.n < TRACE_MAX && eml.n > n &&
           memcmp(eml.p, first.s, n) == 0 && view_ends_with(eml, buf_view(&m->bytes));
}

static bool envelope_is_whole(const struct mail *m, struct view hdr)
{
    char want[128];
    int n = snprintf(want, sizeof(want), "Written\ns-%08u@example.org\nr-%08u@example.net\n", m->number,
                     m->number);

    return hdr.n > (size_t)n && memcmp(hdr.p, want, (size_t)n) == 0 && view_ends_with(hdr, VIEW("\n\n"));
}

struct mail *mail_judge(struct mail_set *s, const char *base, struct view eml, struct view hdr)
{
    struct mail *m = mail_find(s, eml);

    if (!m)
        mail_say(s, MAIL_TORN, "%s.eml (%zu bytes) is no message of ours", base, eml.n);
    else if (!content_is_whole(m, base, eml))
        mail_say(s, MAIL_TORN, "%s.eml (%zu bytes) is not message %u as it was accepted", base, eml.n,
                 m->number);
    else if (!envelope_is_whole(m, hdr))
        mail_say(s, MAIL_TORN, "%s.hdr (%zu bytes) is not the envelope of message %u", base, hdr.n,
                 m->number);
    else
        return m;
    return NULL;
}
