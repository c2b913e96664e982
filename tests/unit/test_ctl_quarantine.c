/*
 * test_ctl_quarantine.c - unit tests of tools/ctl_quarantine.c: words, times, and how a hostile message is
 * shown.
 *
 * Run by `make check`. No control character of a message may come out, whatever it holds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tools/ctl_quarantine.h"

#include <stdlib.h>

static void reads_times(void **state)
{
    static const struct {
        const char *text;
        int64_t wanted;
    } cases[] = {
        {"2026-01-02", INT64_C(1767312000000)},
        {"2026-01-02T03:04:05Z", INT64_C(1767323045000)},
        {"2026-01-02 03:04:05", INT64_C(1767323045000)},
        {"90s", 910000},
        {"10m", 400000},
        {"1h", 0},
        {"7d", 0},
        {"", -1},
        {"h", -1},
        {"-1h", -1},
        {"1w", -1},
        {"10", -1},
        {"2026-13-02", -1},
        {"2026-01-02x", -1},
        {"99999999d", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        print_message("%s\n", cases[i].text);
        assert_int_equal(ctl_quarantine_time(cases[i].text, 1000000), cases[i].wanted);
    }
}

/* Words parted by blanks; the request comes back with '|' for NUL. */
static int build(ctl_request_fn *fn, const char *line, char *out, size_t size)
{
    struct buf request = {0}, why = {0};
    char text[200], *word[20], *save = NULL;
    struct ctl_words w = {word, 0};
    int rc;

    snprintf(text, sizeof text, "%s", line);
    for (char *p = strtok_r(text, " ", &save); p; p = strtok_r(NULL, " ", &save))
        word[w.n++] = p;
    rc = fn(w, &request, &why);
    for (size_t i = 0; i < request.n; i++)
        request.p[i] = request.p[i] ? request.p[i] : '|';
    snprintf(out, size, "%.*s", (int)request.n, request.p ? request.p : "");
    buf_free(&request);
    buf_free(&why);
    return rc;
}

static unsigned wait_ms;

static int release(struct ctl_words words, struct buf *request, struct buf *why)
{
    wait_ms = 0;
    return ctl_quarantine_release(words, request, &wait_ms, why);
}

static void builds_requests(void **state)
{
    static const struct {
        ctl_request_fn *fn;
        const char *line;
        int rc;
        const char *wanted;
        unsigned wait_ms;
    } cases[] = {
        {ctl_quarantine_list, "", 0, "", 0},
        {ctl_quarantine_list, "--class virus --to a@example.org", 0, "class=virus|to=a@example.org|", 0},
        {ctl_quarantine_list, "--since 2026-01-02 --limit 5", 0, "since=1767312000000|limit=5|", 0},
        {ctl_quarantine_list, "--since", 64, NULL, 0},
        {ctl_quarantine_list, "--since soon", 64, NULL, 0},
        {ctl_quarantine_list, "--limit 0", 64, NULL, 0},
        {ctl_quarantine_list, "--class", 64, NULL, 0},
        {ctl_quarantine_list, "x", 64, NULL, 0},
        {ctl_quarantine_purge, "--address a@example.org", 0, "address=a@example.org|", 0},
        {ctl_quarantine_purge, "", 64, NULL, 0},
        {ctl_quarantine_purge, "a@example.org", 64, NULL, 0},
        {ctl_quarantine_purge, "--address a@example.org --address b@example.org", 64, NULL, 0},
        {release, "x", 0, "quarantine-release|x|", 0},
        {release, "x --rcpt a@b --wait 3 --rcpt c@d", 0, "quarantine-release|x|rcpt=a@b|rcpt=c@d|", 3000},
        {release, "", 64, NULL, 0},
        {release, "x --wait", 64, NULL, 0},
        {release, "x --wait 1h", 64, NULL, 0},
        {release, "x --rcpt", 64, NULL, 0},
        {release, "x y", 64, NULL, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char got[300];

        print_message("%s\n", cases[i].line);
        wait_ms = 0;
        assert_int_equal(build(cases[i].fn, cases[i].line, got, sizeof got), cases[i].rc);
        if (cases[i].rc)
            continue;
        assert_string_equal(got, cases[i].wanted);
        assert_int_equal(wait_ms, cases[i].wait_ms);
    }
}

static char *shown(struct view eml, size_t lines)
{
    char *text = NULL;
    size_t n = 0;
    struct ctl_print p = {.to = open_memstream(&text, &n)};

    assert_non_null(p.to);
    ctl_quarantine_print_eml(&p, eml, lines);
    fclose(p.to);
    return text;
}

static void no_control_character_comes_out(void **state)
{
    char eml[1000];
    char *text;

    (void)state;
    for (size_t i = 0; i < sizeof eml; i++)
        eml[i] = (char)(i % 256);
    text = shown((struct view){eml, sizeof eml}, 100);
    for (const char *s = text; *s; s++)
        assert_true(*s == '\n' || (unsigned char)*s >= 0x20);
    assert_null(strchr(text, 0x7f));
    free(text);
    text = shown(VIEW("Subject: \033[2J\r\nA: 1\n B\n\ntext \x9b"
                      "31m\nlast\n"),
                 1);
    assert_string_equal(text, "\nHeader\n  Subject: \\x1b[2J\n  A: 1\n   B\n\nText, as it stands\n  text "
                              "\\x9b31m\n\n(more follows)\n");
    free(text);
}

static void long_lines_are_cut(void **state)
{
    char eml[2000];
    char *text;

    (void)state;
    memset(eml, 'x', sizeof eml);
    text = shown((struct view){eml, sizeof eml}, 10);
    assert_non_null(strstr(text, "x (1500 bytes more)\n"));
    assert_true(strlen(text) < 700);
    free(text);
    text = shown((struct view){"", 0}, 10);
    assert_string_equal(text, "\nHeader\n\nText, as it stands\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_times),
        cmocka_unit_test(builds_requests),
        cmocka_unit_test(no_control_character_comes_out),
        cmocka_unit_test(long_lines_are_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
