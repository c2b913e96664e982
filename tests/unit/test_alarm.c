/*
 * test_alarm.c - unit tests of spoold/alarm.c: logged once, shown while it lasts, logged again when over.
 *
 * Run by `make check`. The log goes to a pipe in place of standard error; each
 * case counts the lines that came out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "spoold/alarm.h"

#include <fcntl.h>
#include <unistd.h>

struct tap {
    int pipe[2], saved;
};

static void tap_open(struct tap *t)
{
    assert_int_equal(pipe2(t->pipe, O_CLOEXEC | O_NONBLOCK), 0);
    t->saved = dup(STDERR_FILENO);
    dup2(t->pipe[1], STDERR_FILENO);
}

/* Number of lines with `text` that were logged meanwhile. */
static unsigned tap_close(struct tap *t, const char *text)
{
    static char got[16384];
    ssize_t n = read(t->pipe[0], got, sizeof got - 1);
    unsigned hits = 0;

    dup2(t->saved, STDERR_FILENO);
    close(t->saved);
    close(t->pipe[0]);
    close(t->pipe[1]);
    got[n > 0 ? n : 0] = '\0';
    for (const char *p = got; (p = strstr(p, text)); p++)
        hits++;
    return hits;
}

static void an_alarm_is_logged_once_while_it_lasts(void **state)
{
    struct alarms a = {0};
    struct tap t;

    (void)state;
    tap_open(&t);
    for (int i = 0; i < 5; i++)
        alarm_raise(&a, ALARM_NO_ROOM, "only %d MB", i);
    assert_int_equal(tap_close(&t, "event=alarm alarm=no_room only 0 MB\n"), 1);
    assert_true(a.since_ms[ALARM_NO_ROOM] > 0);
    assert_string_equal(a.text[ALARM_NO_ROOM], "only 4 MB"); /* status shows the newest words */
}

static void its_end_is_logged_once(void **state)
{
    struct alarms a = {0};
    struct tap t;

    (void)state;
    tap_open(&t);
    alarm_clear(&a, ALARM_STORE_STALLED);
    alarm_raise(&a, ALARM_STORE_STALLED, "x");
    alarm_clear(&a, ALARM_STORE_STALLED);
    alarm_clear(&a, ALARM_STORE_STALLED);
    assert_int_equal(tap_close(&t, "event=alarm_over alarm=store_stalled\n"), 1);
    assert_true(a.since_ms[ALARM_STORE_STALLED] == 0);
}

static void kinds_do_not_mix(void **state)
{
    struct alarms a = {0};
    struct tap t;

    (void)state;
    tap_open(&t);
    for (int k = 0; k < ALARM_KIND__MAX; k++)
        alarm_raise(&a, (enum alarm_kind)k, "kind %d", k);
    alarm_clear(&a, ALARM_DISK_ERROR);
    assert_int_equal(tap_close(&t, "event=alarm alarm="), ALARM_KIND__MAX);
    for (int k = 0; k < ALARM_KIND__MAX; k++)
        assert_int_equal(a.since_ms[k] == 0, k == ALARM_DISK_ERROR);
}

static void a_long_text_is_cut(void **state)
{
    struct alarms a = {0};
    char longer[1000];
    struct tap t;

    (void)state;
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    tap_open(&t);
    alarm_raise(&a, ALARM_LEDGER, "%s", longer);
    assert_int_equal(tap_close(&t, "\n"), 1);
    assert_int_equal(strlen(a.text[ALARM_LEDGER]), sizeof a.text[ALARM_LEDGER] - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_alarm_is_logged_once_while_it_lasts),
        cmocka_unit_test(its_end_is_logged_once),
        cmocka_unit_test(kinds_do_not_mix),
        cmocka_unit_test(a_long_text_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
