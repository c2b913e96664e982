/*
 * test_mail_date.c - unit tests of workers/mail/mail_date.c: dates of mail as Unix seconds.
 *
 * Run by `make check`. What is no date of the grammar is 0, whatever its writer may have meant.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "workers/mail/mail_date.h"

static const struct {
    const char *behaviour;
    struct view in;
    int64_t when;
} cases[] = {
    {"a date", VIEW("Tue, 1 Jul 2003 10:52:37 +0200"), 1057049557},
    {"west of Greenwich", VIEW("Tue, 1 Jul 2003 10:52:37 -0330"), 1057069357},
    {"without its day", VIEW("01 Jul 2003 10:52:37 +0000"), 1057056757},
    {"without seconds", VIEW("1 Jul 2003 10:52 +0000"), 1057056720},
    {"folded", VIEW("\r\n Tue,\r\n\t1 Jul 2003 10:52:37\n +0000"), 1057056757},
    {"without blanks", VIEW("Tue,1 Jul 2003 10:52:37 +0000(UTC)"), 1057056757},
    {"comments anywhere", VIEW("Tue (a), 1 (b) Jul 2003 10:52 (c(d)):37 +0000 (e)"), 1057056757},
    {"whatever is behind it", VIEW("1 Jul 2003 10:52:37 +0000 (UTC) and more"), 1057056757},
    {"any case", VIEW("tue, 1 JUL 2003 10:52:37 gmt"), 1057056757},
    {"the zones of letters: UT", VIEW("1 Jul 2003 10:52:37 UT"), 1057056757},
    {"EST", VIEW("1 Jul 2003 10:52:37 EST"), 1057056757 + 5 * 3600},
    {"EDT", VIEW("1 Jul 2003 10:52:37 EDT"), 1057056757 + 4 * 3600},
    {"CST", VIEW("1 Jul 2003 10:52:37 CST"), 1057056757 + 6 * 3600},
    {"CDT", VIEW("1 Jul 2003 10:52:37 CDT"), 1057056757 + 5 * 3600},
    {"MST", VIEW("1 Jul 2003 10:52:37 MST"), 1057056757 + 7 * 3600},
    {"MDT", VIEW("1 Jul 2003 10:52:37 MDT"), 1057056757 + 6 * 3600},
    {"PST", VIEW("1 Jul 2003 10:52:37 PST"), 1057056757 + 8 * 3600},
    {"PDT", VIEW("1 Jul 2003 10:52:37 PDT"), 1057056757 + 7 * 3600},
    {"letters of the military mean nothing", VIEW("1 Jul 2003 10:52:37 A"), 1057056757},
    {"unknown ones neither", VIEW("1 Jul 2003 10:52:37 CEST"), 1057056757},
    {"a year of two digits", VIEW("1 Jul 03 10:52:37 +0000"), 1057056757},
    {"49 is 2049", VIEW("1 Jan 49 00:00:00 +0000"), 2493072000},
    {"50 is 1950", VIEW("1 Jan 50 00:00:00 +0000"), -631152000},
    {"a year of three digits", VIEW("1 Jul 103 10:52:37 +0000"), 1057056757},
    {"a leap day", VIEW("29 Feb 2000 00:00:00 +0000"), 951782400},
    {"the last second of a year", VIEW("31 Dec 2026 23:59:59 +0000"), 1798761599},
    {"a leap second", VIEW("31 Dec 2016 23:59:60 +0000"), 1483228800},
    {"a far year", VIEW("1 Jan 9999 00:00:00 +0000"), 253370764800},
    {"nothing", VIEW(""), 0},
    {"no leap day", VIEW("29 Feb 1900 00:00:00 +0000"), 0},
    {"day 0", VIEW("0 Jul 2003 10:52:37 +0000"), 0},
    {"day 31 of 30", VIEW("31 Jun 2003 10:52:37 +0000"), 0},
    {"an unknown month", VIEW("1 Juli 2003 10:52:37 +0000"), 0},
    {"a year before 1900", VIEW("1 Jul 0103 10:52:37 +0000"), 0},
    {"a year of one digit", VIEW("1 Jul 3 10:52:37 +0000"), 0},
    {"a year of five digits", VIEW("1 Jul 20031 10:52:37 +0000"), 0},
    {"hour 24", VIEW("1 Jul 2003 24:00:00 +0000"), 0},
    {"minute 60", VIEW("1 Jul 2003 10:60:00 +0000"), 0},
    {"second 61", VIEW("1 Jul 2003 10:52:61 +0000"), 0},
    {"a colon too many", VIEW("1 Jul 2003 10:52:37: +0000"), 0},
    {"no zone", VIEW("1 Jul 2003 10:52:37"), 0},
    {"a zone of three digits", VIEW("1 Jul 2003 10:52:37 +000"), 0},
    {"a zone with a colon", VIEW("1 Jul 2003 10:52:37 +02:00"), 0},
    {"60 minutes in a zone", VIEW("1 Jul 2003 10:52:37 +0060"), 0},
    {"a zone that is no number", VIEW("1 Jul 2003 10:52:37 +0a00"), 0},
    {"no comma behind the day", VIEW("Tue 1 Jul 2003 10:52:37 +0000"), 0},
    {"the form of ctime(3)", VIEW("Tue Jul  1 10:52:37 2003"), 0},
    {"the form of America", VIEW("Jul, 1 2003 10:52:37 AM +0000"), 0},
    {"half of a comment", VIEW("1 Jul 2003 (10:52:37 +0000"), 0},
    {"a NUL", VIEW("1 Jul\0 2003 10:52:37 +0000"), 0},
};

static void dates_are_seconds(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (mail_date_parse(cases[i].in) != cases[i].when)
            fail_msg("%s: %lld", cases[i].behaviour, (long long)mail_date_parse(cases[i].in));
}

static void every_day_is_the_calendars(void **state)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

    (void)state;
    for (time_t day = 1; day < 60000; day++) {
        time_t when = day * 86400;
        struct tm tm;
        char text[64];

        gmtime_r(&when, &tm);
        snprintf(text, sizeof text, "%d %s %d 00:00 +0000", tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900);
        assert_int_equal(mail_date_parse(view_of(text)), when);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_are_seconds),
        cmocka_unit_test(every_day_is_the_calendars),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
