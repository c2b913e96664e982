/*
 * test_smtp_open.c - unit tests of workers/deliver/smtp_open.c: greeting, EHLO, STARTTLS, login.
 *
 * Run by `make check`. The server's certificate is made here; whom it is held
 * to be is compared with what the order asks for.
 */
#include "tests/unit/smtp_world.h"

#define MESSAGE     VIEW("a\n")
#define OK          "250 2.0.0 Ok: queued as 4711"
#define TLS         "250-STARTTLS\r\n"
#define BOTH(words) "0 t " words "\n7 t " words "\n"

static const struct {
    const char *behaviour;
    uint32_t flags, tls;
    const char *user;
    struct world_rule rule[WORLD_MAX];
    const char *notes; /* "": taken */
    const char *said;  /* its beginning */
    const char *heard; /* part of it */
} cases[] = {
    {"a server of today",
     0,
     DELIVER_TLS_NO,
     "",
     {WORLD_HELLO(""), WORLD_REST},
     "",
     OK,
     "EHLO mx.example.org\nMAIL"},
    {"a greeting of many lines",
     0,
     0,
     "",
     {{"(connect)", "220-hello\r\n220 there\r\n", false}, WORLD_HELLO(""), WORLD_REST},
     "",
     OK,
     NULL},
    {"a busy server",
     0,
     0,
     "",
     {{"(connect)", "421 4.3.2 busy\r\n|", false}},
     BOTH("421 4.3.2 busy"),
     "421 4.3.2 busy",
     NULL},
    {"a server that serves nobody is not for ever",
     0,
     0,
     "",
     {{"(connect)", "554 no SMTP\r\n|", false}},
     BOTH("554 no SMTP"),
     "554 no SMTP",
     NULL},
    {"nothing but the end",
     0,
     0,
     "",
     {{"(connect)", WORLD_CLOSE, false}},
     "(none)",
     "the server closed the connection after connect",
     NULL},
    {"another protocol",
     0,
     0,
     "",
     {{"(connect)", "SSH-2.0-OpenSSH\r\n", false}},
     "(none)",
     "the server does not speak SMTP after connect",
     NULL},
    {"a 3xx as a greeting",
     0,
     0,
     "",
     {{"(connect)", "354 go\r\n", false}},
     "(none)",
     "the server does not speak SMTP after connect",
     NULL},
    {"a server from before EHLO",
     0,
     0,
     "",
     {{"(connect)", "220 x\r\n", false},
      {"EHLO", "500 what\r\n", false},
      {"HELO", "250 x\r\n", false},
      WORLD_REST},
     "",
     OK,
     "EHLO mx.example.org\nHELO mx.example.org\nMAIL FROM:<a@example.org>\n"},
    {"neither EHLO nor HELO",
     0,
     0,
     "",
     {{"(connect)", "220 x\r\n", false}, {"EHLO", "502 no\r\n", false}, {"HELO", "550 no\r\n", false}},
     BOTH("550 no"),
     "550 no",
     NULL},
    {"EHLO for now not",
     0,
     0,
     "",
     {{"(connect)", "220 x\r\n", false}, {"EHLO", "451 no\r\n", false}},
     BOTH("451 no"),
     "451 no",
     NULL},
    {"LMTP has no HELO",
     DELIVER_LMTP,
     0,
     "",
     {{"(connect)", "220 x\r\n", false}, {"LHLO", "500 no\r\n", false}},
     BOTH("500 no"),
     "500 no",
     "LHLO mx.example.org\n"},
    {"TLS where it is offered",
     0,
     DELIVER_TLS_MAY,
     "",
     {WORLD_HELLO(TLS), {"STARTTLS", "220 go\r\n", false}, WORLD_REST},
     "",
     OK,
     "EHLO mx.example.org\nSTARTTLS\nEHLO mx.example.org\nMAIL"},
    {"TLS where it is not offered, by may",
     0,
     DELIVER_TLS_MAY,
     "",
     {WORLD_HELLO(""), WORLD_REST},
     "",
     OK,
     "EHLO mx.example.org\nMAIL"},
    {"TLS is offered and not wanted",
     0,
     DELIVER_TLS_NO,
     "",
     {WORLD_HELLO(TLS), WORLD_REST},
     "",
     OK,
     "EHLO mx.example.org\nMAIL"},
    {"TLS is offered and then refused, by may",
     0,
     DELIVER_TLS_MAY,
     "",
     {WORLD_HELLO(TLS), {"STARTTLS", "454 not now\r\n", false}, WORLD_REST},
     "",
     OK,
     "STARTTLS\nMAIL"},
    {"the same, by must",
     0,
     DELIVER_TLS_MUST,
     "",
     {WORLD_HELLO(TLS), {"STARTTLS", "454 not now\r\n", false}, WORLD_REST},
     BOTH("454 not now"),
     "454 not now",
     "STARTTLS\nQUIT\n"},
    {"TLS must be and is not offered",
     0,
     DELIVER_TLS_MUST,
     "",
     {WORLD_HELLO(""), WORLD_REST},
     BOTH("0 the server does not offer STARTTLS, which deliver.tls asks for"),
     "the server does not offer STARTTLS",
     "EHLO mx.example.org\nQUIT\n"},
    {"any certificate will do, by must",
     0,
     DELIVER_TLS_MUST,
     "",
     {WORLD_HELLO(TLS), {"STARTTLS", "220 go\r\n", false}, WORLD_REST},
     "",
     OK,
     NULL},
    {"a certificate that nobody vouches for, by verify",
     0,
     DELIVER_TLS_VERIFY,
     "",
     {WORLD_HELLO(TLS), {"STARTTLS", "220 go\r\n", false}, WORLD_REST},
     BOTH("0 the server's certificate does not hold: self-signed certificate"),
     "the server's certificate does not hold: self-signed certificate",
     "STARTTLS\n"},
    {"what is slipped in behind STARTTLS is not heard",
     0,
     DELIVER_TLS_MUST,
     "",
     {WORLD_HELLO(TLS), {"STARTTLS", "220 go\r\n250 slipped in\r\n550 as well\r\n", false}, WORLD_REST},
     "",
     OK,
     NULL},
    {"an offer from before TLS is void after it",
     0,
     DELIVER_TLS_MUST,
     "u",
     {{"EHLO", "250-x\r\n250 SIZE 1\r\n", true},
      {"(connect)", "220 x\r\n", false},
      {"EHLO", "250-x\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n", false},
      {"STARTTLS", "220 go\r\n", false},
      WORLD_REST},
     BOTH("0 the server offers neither AUTH PLAIN nor AUTH LOGIN"),
     "the server offers neither",
     NULL},
    {"AUTH PLAIN inside TLS",
     0,
     DELIVER_TLS_MUST,
     "tim",
     {WORLD_HELLO(TLS "250-AUTH LOGIN PLAIN\r\n"),
      {"STARTTLS", "220 go\r\n", false},
      {"AUTH PLAIN AHRpbQBzZWNyZXQ=", "235 in\r\n", true},
      WORLD_REST},
     "",
     OK,
     "AUTH PLAIN AHRpbQBzZWNyZXQ=\nMAIL"},
    {"AUTH LOGIN where there is no PLAIN, on this machine",
     DELIVER_NEAR,
     DELIVER_TLS_NO,
     "tim",
     {WORLD_HELLO("250-AUTH LOGIN\r\n"),
      {"AUTH LOGIN", "334 VXNlcm5hbWU6\r\n", false},
      {"dGlt", "334 UGFzc3dvcmQ6\r\n", false},
      {"c2VjcmV0", "235 in\r\n", false},
      WORLD_REST},
     "",
     OK,
     "AUTH LOGIN\ndGlt\nc2VjcmV0\nMAIL"},
    {"no password without TLS",
     0,
     DELIVER_TLS_MAY,
     "tim",
     {WORLD_HELLO("250-AUTH PLAIN\r\n"), WORLD_REST},
     BOTH("0 the server offers no TLS, and a password is not sent without"),
     "the server offers no TLS",
     "EHLO mx.example.org\nQUIT\n"},
    {"a wrong password is not the message's fault",
     DELIVER_NEAR,
     0,
     "tim",
     {WORLD_HELLO("250-AUTH PLAIN\r\n"), {"AUTH", "535 5.7.8 wrong\r\n", false}, WORLD_REST},
     BOTH("535 5.7.8 wrong"),
     "535 5.7.8 wrong",
     "QUIT\n"},
    {"a wrong name in AUTH LOGIN",
     DELIVER_NEAR,
     0,
     "tim",
     {WORLD_HELLO("250-AUTH LOGIN\r\n"),
      {"AUTH LOGIN", "334 \r\n", false},
      {"dGlt", "535 no\r\n", false},
      WORLD_REST},
     BOTH("535 no"),
     "535 no",
     "dGlt\nQUIT\n"},
};

static void run_case(size_t i, SSL_CTX *tls)
{
    struct world_server w = {.tls = tls};
    struct deliver_order o = {.flags = cases[i].flags,
                              .tls = cases[i].tls,
                              .tls_name = VIEW("mail.example.org"),
                              .sender = VIEW("a@example.org"),
                              .user = view_of(cases[i].user),
                              .password = VIEW("secret")};
    struct world_result r;
    bool taken = cases[i].notes[0] == '\0', none = cases[i].notes[0] == '(';

    memcpy(w.rule, cases[i].rule, sizeof w.rule);
    world_hold(&w, o, MESSAGE, &r);
    if ((taken ? r.done != 2 || r.messages != 1 : strcmp(r.notes, none ? "" : cases[i].notes) != 0) ||
        strncmp(r.said, cases[i].said, strlen(cases[i].said)) != 0 ||
        (cases[i].heard && !strstr(r.heard, cases[i].heard)))
        fail_msg("%s:\nnotes: %s\nsaid: %s\nheard: %s", cases[i].behaviour, r.notes, r.said, r.heard);
    buf_free(&r.body);
}

static void a_conversation_begins_as_asked_for(void **state)
{
    SSL_CTX *tls = world_tls("mail.example.org", NULL);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        run_case(i, tls);
    SSL_CTX_free(tls);
}

/* A name that is none leaves nothing to verify: it is not begun. */
static void verify_without_a_name_is_refused(void **state)
{
    struct world_server w = {.rule = {WORLD_HELLO(TLS), {"STARTTLS", "220 go\r\n", false}, WORLD_REST}};
    struct world_result r;

    (void)state;
    w.tls = world_tls("mail.example.org", NULL);
    world_hold(&w, (struct deliver_order){.tls = DELIVER_TLS_VERIFY}, MESSAGE, &r);
    assert_int_equal(r.later, 2);
    assert_int_equal(r.messages, 0);
    assert_non_null(strstr(r.said, "the name that the certificate must have"));
    SSL_CTX_free(w.tls);
    buf_free(&r.body);
}

/* One message of 3 MB through TLS, in records that do not fit the pieces. */
static void a_long_message_goes_through_tls(void **state)
{
    struct world_server w = {.rule = {WORLD_HELLO(TLS), {"STARTTLS", "220 go\r\n", false}, WORLD_REST}};
    struct buf message = {0};
    struct world_result r;

    (void)state;
    w.tls = world_tls("mail.example.org", NULL);
    while (message.n < 3000000)
        buf_add_str(&message, ".line of a message\n");
    world_hold(&w, (struct deliver_order){.tls = DELIVER_TLS_MUST, .timeout_ms = 20000}, buf_view(&message),
               &r);
    assert_int_equal(r.done, 2);
    assert_int_equal(r.sent, message.n);
    assert_int_equal(r.body.n, message.n + 2 * (message.n / 19));
    SSL_CTX_free(w.tls);
    buf_free(&message);
    buf_free(&r.body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_conversation_begins_as_asked_for),
        cmocka_unit_test(verify_without_a_name_is_refused),
        cmocka_unit_test(a_long_message_goes_through_tls),
    };

    return cmocka_run_group_tests(tests, world_tls_set_up, world_tls_tear_down);
}
