/*
 * test_smtp_mail.c - unit tests of workers/deliver/smtp_mail.c: one transaction, and what is noted of it.
 *
 * Run by `make check`. Each case is a whole conversation with a server in a thread;
 * its notes, the telling words and what the server heard are compared.
 */
#include "tests/unit/smtp_world.h"

#define PIPE    "250-PIPELINING\r\n"
#define MESSAGE VIEW("Subject: a\n\nb\n")
#define BODY    "Subject: a\r\n\r\nb\r\n"
#define QUEUED  "0 d 250 2.0.0 Ok: queued as 4711\n7 d 250 2.0.0 Ok: queued as 4711\n"
#define LHLO(ext)                                                                                            \
    {"(connect)", "220 ready\r\n", false},                                                                   \
    {                                                                                                        \
        "LHLO", "250-test\r\n" ext "250 HELP\r\n", false                                                     \
    }

static const struct {
    const char *behaviour;
    uint32_t flags;
    struct world_rule rule[WORLD_MAX];
    const char *notes, *said;
    const char *heard; /* a part of it; NULL: all is the same to us */
    unsigned messages;
} cases[] = {
    {"a message is taken for both",
     0,
     {WORLD_HELLO(""), WORLD_REST},
     QUEUED,
     "250 2.0.0 Ok: queued as 4711",
     "EHLO mx.example.org\nMAIL FROM:<a@example.org>\nRCPT TO:<b@example.org>\nRCPT TO:<c@example.net>\n"
     "DATA\nQUIT\n",
     1},
    {"the same in one go",
     0,
     {WORLD_HELLO(PIPE), WORLD_REST},
     QUEUED,
     "250 2.0.0 Ok: queued as 4711",
     "RCPT TO:<c@example.net>\nDATA\nQUIT\n",
     1},
    {"what is offered is used",
     DELIVER_8BIT | DELIVER_RET_FULL,
     {WORLD_HELLO("250-SIZE 1000\r\n250-8BITMIME\r\n250-DSN\r\n"), WORLD_REST},
     QUEUED,
     "250 2.0.0 Ok: queued as 4711",
     "MAIL FROM:<a@example.org> SIZE=17 BODY=8BITMIME RET=FULL\nRCPT TO:<b@example.org>\n"
     "RCPT TO:<c@example.net> NOTIFY=NEVER\n",
     1},
    {"one recipient is refused for good",
     0,
     {{"RCPT TO:<b", "550-5.1.1 no\r\n550 5.1.1 such user\r\n", false}, WORLD_HELLO(""), WORLD_REST},
     "0 f 550 5.1.1 no 5.1.1 such user\n7 d 250 2.0.0 Ok: queued as 4711\n",
     "250 2.0.0 Ok: queued as 4711",
     NULL,
     1},
    {"one for now, in one go",
     0,
     {{"RCPT TO:<c", "450 4.2.0 later\r\n", false}, WORLD_HELLO(PIPE), WORLD_REST},
     "7 t 450 4.2.0 later\n0 d 250 2.0.0 Ok: queued as 4711\n",
     "250 2.0.0 Ok: queued as 4711",
     NULL,
     1},
    {"552 for a recipient means too many of them",
     0,
     {{"RCPT TO:<c", "552 too many\r\n", false}, WORLD_HELLO(""), WORLD_REST},
     "7 t 552 too many\n0 d 250 2.0.0 Ok: queued as 4711\n",
     "250 2.0.0 Ok: queued as 4711",
     NULL,
     1},
    {"251 and 252 are acceptance",
     0,
     {{"RCPT TO:<b", "251 will forward\r\n", false},
      {"RCPT", "252 cannot verify\r\n", false},
      WORLD_HELLO(""),
      WORLD_REST},
     QUEUED,
     "250 2.0.0 Ok: queued as 4711",
     NULL,
     1},
    {"all are refused: no DATA",
     0,
     {{"RCPT", "550 no\r\n", false}, WORLD_HELLO(""), WORLD_REST},
     "0 f 550 no\n7 f 550 no\n",
     "550 no",
     "RCPT TO:<c@example.net>\nQUIT\n",
     0},
    {"all are refused in one go, and so is DATA",
     0,
     {{"RCPT", "550 no\r\n", false},
      {"DATA", "554 no valid recipients\r\n", false},
      WORLD_HELLO(PIPE),
      WORLD_REST},
     "0 f 550 no\n7 f 550 no\n",
     "550 no",
     "DATA\nQUIT\n",
     0},
    {"all are refused in one go, and DATA is not: a lone dot, and its answer says nothing",
     0,
     {{"RCPT", "550 no\r\n", false}, WORLD_HELLO(PIPE), WORLD_REST},
     "0 f 550 no\n7 f 550 no\n",
     "550 no",
     "DATA\nQUIT\n",
     1},
    {"the sender is refused",
     0,
     {{"MAIL", "553 5.1.8 who\r\n", false}, WORLD_HELLO(""), WORLD_REST},
     "0 f 553 5.1.8 who\n7 f 553 5.1.8 who\n",
     "553 5.1.8 who",
     "MAIL FROM:<a@example.org>\nQUIT\n",
     0},
    {"the sender is refused for now",
     0,
     {{"MAIL", "451 greylisted\r\n", false}, WORLD_HELLO(""), WORLD_REST},
     "0 t 451 greylisted\n7 t 451 greylisted\n",
     "451 greylisted",
     NULL,
     0},
    {"a login is wanted: that can be set right",
     0,
     {{"MAIL", "530 5.7.0 log in\r\n", false}, WORLD_HELLO(""), WORLD_REST},
     "0 t 530 5.7.0 log in\n7 t 530 5.7.0 log in\n",
     "530 5.7.0 log in",
     NULL,
     0},
    {"the sender is refused in one go: the other replies say nothing",
     0,
     {{"MAIL", "553 who\r\n", false},
      {"RCPT", "503 MAIL first\r\n", false},
      {"DATA", "503 RCPT first\r\n", false},
      WORLD_HELLO(PIPE),
      WORLD_REST},
     "0 f 553 who\n7 f 553 who\n",
     "553 who",
     "DATA\nQUIT\n",
     0},
    {"the sender is refused, the message wanted: no dot, no QUIT",
     0,
     {{"MAIL", "553 who\r\n", false}, WORLD_HELLO(PIPE), WORLD_REST},
     "0 f 553 who\n7 f 553 who\n",
     "553 who",
     NULL,
     0},
    {"DATA is refused",
     0,
     {{"DATA", "451 no disk\r\n", false}, WORLD_HELLO(""), WORLD_REST},
     "0 t 451 no disk\n7 t 451 no disk\n",
     "451 no disk",
     NULL,
     0},
    {"DATA is refused for whoever is left",
     0,
     {{"RCPT TO:<b", "450 b\r\n", false}, {"DATA", "554 no\r\n", false}, WORLD_HELLO(PIPE), WORLD_REST},
     "0 t 450 b\n7 f 554 no\n",
     "554 no",
     NULL,
     0},
    {"the message is refused",
     0,
     {{".", "554 5.6.0 spam\r\n", false}, WORLD_HELLO(""), WORLD_REST},
     "0 f 554 5.6.0 spam\n7 f 554 5.6.0 spam\n",
     "554 5.6.0 spam",
     NULL,
     1},
    {"the message is refused for now",
     0,
     {{".", "452 4.3.1 full\r\n", false}, WORLD_HELLO(""), WORLD_REST},
     "0 t 452 4.3.1 full\n7 t 452 4.3.1 full\n",
     "452 4.3.1 full",
     NULL,
     1},
    {"the server closes after the dot: nobody knows, no note",
     0,
     {{".", WORLD_CLOSE, false}, WORLD_HELLO(""), WORLD_REST},
     "",
     "the server closed the connection after the end of the message",
     NULL,
     1},
    {"half a reply after the dot is none",
     0,
     {{".", "250 O|", false}, WORLD_HELLO(""), WORLD_REST},
     "",
     "the server closed the connection after the end of the message",
     NULL,
     1},
    {"a 3xx after the dot is no answer",
     0,
     {{".", "354 more\r\n", false}, WORLD_HELLO(""), WORLD_REST},
     "",
     "the server does not speak SMTP after the end of the message",
     NULL,
     1},
    {"the server closes after MAIL FROM",
     0,
     {{"MAIL", WORLD_CLOSE, false}, WORLD_HELLO(""), WORLD_REST},
     "",
     "the server closed the connection after MAIL FROM",
     NULL,
     0},
    {"421 to a recipient ends it; others stay without a note",
     0,
     {{"RCPT TO:<b", "421 4.3.2 closing\r\n|", false}, WORLD_HELLO(""), WORLD_REST},
     "0 t 421 4.3.2 closing\n",
     "421 4.3.2 closing",
     NULL,
     0},
    {"the server closes after one recipient was refused",
     0,
     {{"RCPT TO:<b", "550 no\r\n", false}, {"RCPT TO:<c", WORLD_CLOSE, false}, WORLD_HELLO(""), WORLD_REST},
     "0 f 550 no\n",
     "the server closed the connection after RCPT TO",
     NULL,
     0},
    {"a 3xx to a recipient is nonsense",
     0,
     {{"RCPT", "354 go\r\n", false}, WORLD_HELLO(""), WORLD_REST},
     "",
     "the server does not speak SMTP after RCPT TO",
     NULL,
     0},
    {"a 250 to DATA is nonsense",
     0,
     {{"DATA", "250 Ok\r\n", false}, WORLD_HELLO(""), WORLD_REST},
     "",
     "the server does not speak SMTP after DATA",
     NULL,
     0},
    {"longer than the server takes: not even tried",
     0,
     {WORLD_HELLO("250-SIZE 16\r\n"), WORLD_REST},
     "0 f 552 5.3.4 the message has 17 bytes, the server takes 16 at most\n"
     "7 f 552 5.3.4 the message has 17 bytes, the server takes 16 at most\n",
     "5.3.4 the message has 17 bytes, the server takes 16 at most",
     "EHLO mx.example.org\nQUIT\n",
     0},
    {"just as long as the server takes",
     0,
     {WORLD_HELLO("250-SIZE 17\r\n"), WORLD_REST},
     QUEUED,
     "250 2.0.0 Ok: queued as 4711",
     "SIZE=17\n",
     1},
    {"SMTPUTF8 is not offered",
     DELIVER_UTF8,
     {WORLD_HELLO(""), WORLD_REST},
     "0 f 550 5.6.7 the server does not offer SMTPUTF8, which this message needs\n"
     "7 f 550 5.6.7 the server does not offer SMTPUTF8, which this message needs\n",
     "5.6.7 the server does not offer SMTPUTF8, which this message needs",
     "EHLO mx.example.org\nQUIT\n",
     0},
    {"SMTPUTF8 is",
     DELIVER_UTF8,
     {WORLD_HELLO("250-SMTPUTF8\r\n"), WORLD_REST},
     QUEUED,
     "250 2.0.0 Ok: queued as 4711",
     "MAIL FROM:<a@example.org> SMTPUTF8\n",
     1},
    {"LMTP: a reply for each",
     DELIVER_LMTP,
     {LHLO(PIPE), {".", "250 2.1.5 b\r\n552 5.2.2 full\r\n", false}, WORLD_REST},
     "0 d 250 2.1.5 b\n7 f 552 5.2.2 full\n",
     "552 5.2.2 full",
     "LHLO mx.example.org\n",
     1},
    {"LMTP: for those that were accepted only",
     DELIVER_LMTP,
     {{"RCPT TO:<b", "450 b\r\n", false}, {".", "250 c\r\n", false}, LHLO(""), WORLD_REST},
     "0 t 450 b\n7 d 250 c\n",
     "250 c",
     NULL,
     1},
    {"LMTP: who had no reply has no note",
     DELIVER_LMTP,
     {LHLO(""), {".", "250 b\r\n|", false}, WORLD_REST},
     "0 d 250 b\n",
     "the server closed the connection after the end of the message",
     NULL,
     1},
};

static void each_reply_decides_for_whom_it_speaks(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world_server w = {0};
        struct world_result r;

        memcpy(w.rule, cases[i].rule, sizeof w.rule);
        world_hold(&w, (struct deliver_order){.flags = cases[i].flags, .sender = VIEW("a@example.org")},
                   MESSAGE, &r);
        if (strcmp(r.notes, cases[i].notes) != 0 || strcmp(r.said, cases[i].said) != 0 ||
            r.messages != cases[i].messages || (cases[i].heard && !strstr(r.heard, cases[i].heard)))
            fail_msg("%s:\nnotes: %s\nsaid: %s\nheard: %s\nmessages: %u", cases[i].behaviour, r.notes, r.said,
                     r.heard, r.messages);
        /* Whole or not at all, and no command in it. */
        if ((r.done || r.body.n) &&
            (r.body.n != strlen(BODY) || memcmp(r.body.p, BODY, r.body.n) != 0 || r.sent != 14))
            fail_msg("%s: another message came: %.*s", cases[i].behaviour, (int)r.body.n, r.body.p);
        buf_free(&r.body);
    }
}

/* The reader here is as strict as a server may be, and smp_data's test says the rest. */
static void nothing_in_a_message_makes_a_second_one(void **state)
{
    static const struct view between[] = {VIEW("\n.\n"),   VIEW("\r.\r"),   VIEW("\r\n.\n"),  VIEW("\n.\r\n"),
                                          VIEW("\r.\r\n"), VIEW("\r\n.\r"), VIEW("\r\n.\r\n")};

    (void)state;
    for (size_t i = 0; i < sizeof between / sizeof *between; i++) {
        struct world_server w = {.rule = {WORLD_HELLO(PIPE), WORLD_REST}};
        struct buf message = {0};
        struct world_result r;

        buf_add_str(&message, "Subject: a\r\n\r\nb");
        buf_add_view(&message, between[i]);
        buf_add_str(&message,
                    "MAIL FROM:<x@example.org>\r\nRCPT TO:<y@example.org>\r\nDATA\r\nSubject: forged\r\n");
        world_hold(&w, (struct deliver_order){.sender = VIEW("a@example.org")}, buf_view(&message), &r);
        assert_int_equal(r.messages, 1);
        assert_int_equal(r.done, 2);
        assert_null(strstr(r.heard, "x@example.org"));
        buf_free(&r.body);
        buf_free(&message);
    }
}

/* More commands than the two sockets hold, and a server that answers each before it reads the next. */
static void a_hundred_recipients_go_at_once(void **state)
{
    static char address[DELIVER_RCPT_MAX][2048];
    struct deliver_rcpt rcpt[DELIVER_RCPT_MAX];
    struct world_server w = {.rule = {{"RCPT", "250 2.1.5 Ok: this one is welcome as well\r\n", false},
                                      WORLD_HELLO(PIPE),
                                      WORLD_REST}};
    struct world_result r;

    (void)state;
    for (unsigned i = 0; i < DELIVER_RCPT_MAX; i++) {
        memset(address[i], 'x', sizeof address[i]);
        rcpt[i] = (struct deliver_rcpt){i, {address[i], sizeof address[i]}, {NULL, 0}};
    }
    world_hold(&w, (struct deliver_order){.rcpt = rcpt, .rcpt_n = DELIVER_RCPT_MAX}, MESSAGE, &r);
    assert_int_equal(r.done, DELIVER_RCPT_MAX);
    assert_int_equal(r.messages, 1);
    buf_free(&r.body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_reply_decides_for_whom_it_speaks),
        cmocka_unit_test(nothing_in_a_message_makes_a_second_one),
        cmocka_unit_test(a_hundred_recipients_go_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
