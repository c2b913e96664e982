/*
 * mail_date.c - date-time of RFC 5322, 3.3, and its obsolete forms (4.3).
 *
 * Called for Received and Date fields. Tokens of mail_token.c in the order of the grammar, then a count of
 * days. No libc calendar and no time zone of this machine have a say in it. It trusts nothing in the bytes.
 */
#include "workers/mail/mail_date.h"

#include "workers/mail/mail_token.h"

struct date {
    struct mail_tokens tokens;
    struct view word; /* the token at hand; empty: the end */
};

static void advance(struct date *d)
{
    struct mail_token t;

    d->word = mail_token_next(&d->tokens, &t) ? t.whole : (struct view){0};
}

/* A number of `min` to `max` digits, which is passed over; -1: it is none. */
static long take_number(struct date *d, size_t min, size_t max)
{
    long n = 0;

    if (d->word.n < min || d->word.n > max)
        return -1;
    for (size_t i = 0; i < d->word.n; i++) {
        if (d->word.p[i] < '0' || d->word.p[i] > '9')
            return -1;
        n = n * 10 + (d->word.p[i] - '0');
    }
    advance(d);
    return n;
}

static bool take_mark(struct date *d, const char *mark)
{
    if (!view_equal_nocase(d->word, view_of(mark)))
        return false;
    advance(d);
    return true;
}

/* 1 to 12; 0: none. */
static unsigned take_month(struct date *d)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

    for (unsigned i = 0; i < sizeof months / sizeof *months; i++)
        if (take_mark(d, months[i]))
            return i + 1;
    return 0;
}

/* Years of two and three digits: RFC 5322, 4.3. */
static long take_year(struct date *d)
{
    size_t digits = d->word.n;
    long year = take_number(d, 2, 4);

    if (year < 0 || digits == 4)
        return year;
    return year + (digits == 2 && year < 50 ? 2000 : 1900);
}

/* Seconds east of Greenwich. Of letters only those of North America mean something (RFC 5322, 4.3). */
static bool take_zone(struct date *d, long *seconds)
{
    static const struct {
        const char *name;
        int hours;
    } zones[] = {{"EDT", -4}, {"EST", -5}, {"CDT", -5}, {"CST", -6},
                 {"MDT", -6}, {"MST", -7}, {"PDT", -7}, {"PST", -8}};
    struct view w = d->word;
    long n;

    *seconds = 0;
    if (w.n == 5 && (w.p[0] == '+' || w.p[0] == '-')) {
        d->word = (struct view){w.p + 1, 4};
        n = take_number(d, 4, 4);
        *seconds = (n / 100 * 60 + n % 100) * 60 * (w.p[0] == '-' ? -1 : 1);
        return n >= 0 && n % 100 < 60;
    }
    for (size_t i = 0; i < sizeof zones / sizeof *zones; i++)
        if (view_equal_nocase(w, view_of(zones[i].name)))
            *seconds = zones[i].hours * 3600L;
    for (size_t i = 0; i < w.n; i++)
        if ((w.p[i] | 0x20) < 'a' || (w.p[i] | 0x20) > 'z')
            return false;
    return w.n > 0;
}

/* Days from 1970-01-01 in the Gregorian calendar. Counted from March, so that a leap day is a year's last. */
static int64_t days_of(long year, unsigned month, long day)
{
    long y = month <= 2 ? year - 1 : year;
    long from_march = month <= 2 ? (long)month + 9 : (long)month - 3;

    return (int64_t)y * 365 + y / 4 - y / 100 + y / 400 + (153 * from_march + 2) / 5 + day - 1 - 719468;
}

static bool is_day(long year, unsigned month, long day)
{
    unsigned after = month == 12 ? 1 : month + 1;

    return day >= 1 && days_of(year, month, day) < days_of(month == 12 ? year + 1 : year, after, 1);
}

int64_t mail_date_parse(struct view text)
{
    struct date d = {.tokens = {.rest = text, .specials = ",:", .comments = true, .plain_quotes = true}};
    long day, year, hour, minute, second = 0, zone;
    unsigned month;

    advance(&d);
    if (d.word.n && (d.word.p[0] < '0' || d.word.p[0] > '9')) {
        advance(&d);
        if (!take_mark(&d, ","))
            return 0;
    }
    day = take_number(&d, 1, 2);
    month = take_month(&d);
    year = take_year(&d);
    if (!month || year < 1900 || !is_day(year, month, day))
        return 0;
    hour = take_number(&d, 1, 2);
    if (hour < 0 || hour > 23 || !take_mark(&d, ":"))
        return 0;
    minute = take_number(&d, 1, 2);
    if (take_mark(&d, ":"))
        second = take_number(&d, 1, 2);
    if (minute < 0 || minute > 59 || second < 0 || second > 60 || !take_zone(&d, &zone))
        return 0;
    return days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - zone;
}
