/*
 * test_envelope_redirect.c - unit tests of common/envelope_redirect.c: what the envelope of a redirected copy
 * looks like, and whose copy it is when it is read again.
 *
 * Run by `make check`. Tables of envelopes; touches no file.
 */
#include "common/envelope_redirect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define ID       "0123456789abcdefghjkmnpqr"
#define OTHER_ID "0123456789abcdefghjkmnpqs"
#define HEAD     "Written\ns@example.org\n"
#define TO       "t@example.net"
#define KEY      "x-spoold-redirected: " ID " "

static void parse(struct envelope *e, struct view input)
{
    struct envelope_error err;
    struct buf raw = {0};

    buf_add_view(&raw, input);
    if (envelope_parse(e, &raw, &err) < 0)
        fail_msg("line %u: %s", err.lineno, err.what);
}

static void redirect(const struct envelope *e, const char *keep, struct buf *out)
{
    const struct envelope_redirect r = {.to = VIEW(TO), .id = VIEW(ID)};
    size_t index[8] = {0}, n = strlen(keep);

    for (size_t i = 0; i < n; i++)
        index[i] = (size_t)(keep[i] - '0');
    envelope_redirect_write(e, index, n, &r, out);
}

static const struct {
    const char *what;
    struct view input;
    const char *keep; /* one digit for each index */
    const char *want;
    const char *replaced; /* as it is read again, each followed by '|' */
} cases[] = {
    {"one of two", VIEW(HEAD "a@b,c@d\nk: v\n\n"), "1", HEAD TO "\n" KEY "<c@d>\nk: v\n\n", "c@d|"},
    {"all of them: the address stands once", VIEW(HEAD "a@b,c@d\n\n"), "01",
     HEAD TO "\n" KEY "<a@b>,<c@d>\n\n", "a@b|c@d|"},
    {"the same address twice", VIEW(HEAD "a@b,a@b\n\n"), "01", HEAD TO "\n" KEY "<a@b>,<a@b>\n\n",
     "a@b|a@b|"},
    {"CRLF and BOM", VIEW("\xef\xbb\xbfWritten\r\ns@b\r\na@b\r\nK: v\r\n\r\n"), "0",
     "\xef\xbb\xbfWritten\r\ns@b\r\n" TO "\r\n" KEY "<a@b>\r\nK: v\r\n\r\n", "a@b|"},
    {"line 3 ends the file", VIEW(HEAD "a@b"), "0", HEAD TO "\n" KEY "<a@b>\n", "a@b|"},
    {"keys about recipients go, of the others, too",
     VIEW(HEAD "a@b,c@d\nnotify: a@b=1\nx: y\nNotify: c@d=2\nORCPT: rfc822;a@b\n\n"), "0",
     HEAD TO "\n" KEY "<a@b>\nx: y\n\n", "a@b|"},
    {"that nobody wants notices stays", VIEW(HEAD "a@b\nnotify: NEVER\nnotify: SUCCESS\n\n"), "0",
     HEAD TO "\n" KEY "<a@b>\nnotify: NEVER\n\n", "a@b|"},
    {"recipient: lines would win over line 3", VIEW(HEAD "q@r\nrecipient: a@b\nk:v\nRecipient: c@d\n\n"),
     "10", HEAD TO "\n" KEY "<c@d>,<a@b>\nk:v\n\n", "c@d|a@b|"},
    {"recipient: as the last line of the file", VIEW(HEAD "\nk: v\nrecipient: a@b"), "0",
     HEAD TO "\n" KEY "<a@b>\nk: v\n", "a@b|"},
    {"a source route and quotes come back whole", VIEW(HEAD "<@a,@b:c@d>,\"x,>\\\"\"@y\n\n"), "01",
     HEAD TO "\n" KEY "<@a,@b:c@d>,<\"x,>\\\"\"@y>\n\n", "@a,@b:c@d|\"x,>\\\"\"@y|"},
    {"a line of another message is kept and means nothing",
     VIEW(HEAD "a@b\nx-spoold-redirected: " OTHER_ID " <z@z>\nx-spoold-redirected: z@z\n\n"), "0",
     HEAD TO "\n" KEY "<a@b>\nx-spoold-redirected: " OTHER_ID " <z@z>\nx-spoold-redirected: z@z\n\n", "a@b|"},
};

static void expect_replaced(const char *what, const struct envelope *e, const char *wanted)
{
    struct view *rcpt = NULL;
    struct buf got = {0};
    const size_t n = envelope_redirect_read(e, VIEW(ID), &rcpt);

    for (size_t i = 0; i < n; i++)
        buf_addf(&got, "%.*s|", (int)rcpt[i].n, rcpt[i].p);
    if (strcmp(got.p ? got.p : "", wanted) != 0)
        fail_msg("%s: it stands for \"%s\"", what, got.p ? got.p : "");
    buf_free(&got);
    free(rcpt);
}

static void it_names_the_address_and_whom_it_stands_for(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct envelope e = {0}, again = {0};
        struct buf out = {0};

        parse(&e, cases[i].input);
        redirect(&e, cases[i].keep, &out);
        if (strcmp(out.p, cases[i].want) != 0)
            fail_msg("%s: \"%s\"", cases[i].what, out.p);
        parse(&again, buf_view(&out));
        assert_int_equal(again.rcpt_n, 1);
        assert_true(view_equal(again.rcpt[0], VIEW(TO)));
        expect_replaced(cases[i].what, &again, cases[i].replaced);
        expect_replaced(cases[i].what, &e, "");
        buf_free(&out);
        envelope_free(&e);
        envelope_free(&again);
    }
}

static void no_other_envelope_is_taken_for_one(void **state)
{
    static const struct view inputs[] = {
        VIEW(HEAD "a@b\n\n"),
        VIEW(HEAD "a@b\nx-spoold-redirected:\n\n"),
        VIEW(HEAD "a@b\nx-spoold-redirected: " ID "\n\n"),
        VIEW(HEAD "a@b\nx-spoold-redirected: " ID "<a@b>\n\n"),
        VIEW(HEAD "a@b\nx-spoold-redirect: " ID " <a@b>\n\n"),
    };

    (void)state;
    for (size_t i = 0; i < COUNT(inputs); i++) {
        struct envelope e = {0};
        struct view *rcpt = NULL;

        parse(&e, inputs[i]);
        assert_int_equal(envelope_redirect_read(&e, VIEW(ID), &rcpt), 0);
        assert_int_equal(envelope_redirect_read(&e, VIEW(""), &rcpt), 0);
        free(rcpt);
        envelope_free(&e);
    }
}

/* As many recipients as there can be: several lines, none too long, and read again in order. */
static void many_recipients_take_several_lines(void **state)
{
    const struct envelope_redirect r = {.to = VIEW(TO), .id = VIEW(ID)};
    struct envelope e = {0}, again = {0};
    size_t *index = calloc(ENVELOPE_RCPT_MAX, sizeof *index);
    struct buf raw = {0}, out = {0};
    struct view *rcpt = NULL;

    (void)state;
    buf_add_str(&raw, HEAD);
    for (size_t i = 0; i < ENVELOPE_RCPT_MAX; i++) {
        buf_addf(&raw, "%s%zu@example.org", i ? "," : "", i);
        index[i] = i;
    }
    buf_add_str(&raw, "\n\n");
    parse(&e, buf_view(&raw));
    envelope_redirect_write(&e, index, ENVELOPE_RCPT_MAX, &r, &out);
    parse(&again, buf_view(&out));
    assert_int_equal(again.rcpt_n, 1);
    assert_true(again.key_n > 5 && again.key_n < 20);
    assert_int_equal(envelope_redirect_read(&again, VIEW(ID), &rcpt), ENVELOPE_RCPT_MAX);
    for (size_t i = 0; i < ENVELOPE_RCPT_MAX; i++)
        assert_true(view_equal(rcpt[i], e.rcpt[i]));
    free(rcpt);
    free(index);
    buf_free(&raw);
    buf_free(&out);
    envelope_free(&e);
    envelope_free(&again);
}

/* Nobody could read an envelope of more: then it names the new address alone. */
static void an_envelope_at_its_limit_stays_one(void **state)
{
    (void)state;
    for (int more = 0; more < 2; more++) {
        struct envelope e = {0}, again = {0};
        struct buf raw = {0}, out = {0};

        buf_add_str(&raw, HEAD "a@b\n");
        for (size_t i = 0; i < ENVELOPE_KEYS_MAX - 1 + (size_t)more; i++)
            buf_add_str(&raw, "k:v\n");
        buf_add_str(&raw, "\n");
        parse(&e, buf_view(&raw));
        redirect(&e, "0", &out);
        parse(&again, buf_view(&out));
        expect_replaced("at the limit", &again, more ? "" : "a@b|");
        buf_free(&raw);
        buf_free(&out);
        envelope_free(&e);
        envelope_free(&again);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_names_the_address_and_whom_it_stands_for),
        cmocka_unit_test(no_other_envelope_is_taken_for_one),
        cmocka_unit_test(many_recipients_take_several_lines),
        cmocka_unit_test(an_envelope_at_its_limit_stays_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
