/*
 * test_av_mail.c - unit tests of workers/av/av_mail.c: a message and what comes out of it, examined and
 * listed.
 *
 * Run by `make check`, with the real libclamav and spoold's own test signatures. What some readers see only
 * is test_av_ambiguous.c's.
 */
#include "tests/unit/av_world.h"

#include "workers/mail/mail_limits.h"

#include <openssl/evp.h>

static void add_base64(struct buf *to, struct view v)
{
    unsigned char *text = malloc(v.n * 2 + 8);

    assert_non_null(text);
    EVP_EncodeBlock(text, (const unsigned char *)v.p, (int)v.n);
    buf_addf(to, "%s\n", (char *)text);
    free(text);
}

static void contents_are_listed(void **state)
{
    struct parts list = {0};
    struct av_answer a;
    struct av_world w;
    struct buf mail = {0};

    (void)state;
    world_open(&w, 0);
    buf_add_str(&mail, "Content-Type: multipart/mixed; boundary=b; boundary=c\n\n--b\nContent-Type: "
                       "text/plain; name=a.txt\n\n"
                       "hello\n--b--\n--c\n\nother\n--c--\n");
    av_mail_examine(w.mail, buf_view(&mail), &list, &a);
    assert_int_equal(a.state, ANTIVIRUS_CLEAN);
    assert_true(a.layers >= 2);
    assert_true(parts_is_ambiguous(&list));
    assert_true(list.n >= 2);
    assert_string_equal(list.item[0].name, "a.txt");
    assert_string_equal(list.item[0].type, "text/plain");
    assert_int_equal(list.item[0].size, 5);
    assert_int_equal(list.item[0].flags, 0);
    assert_int_equal(list.item[list.n - 1].flags, PARTS_OTHER_READING);
    parts_free(&list);
    buf_free(&mail);
    world_close(&w);
}

static void a_list_goes_on_behind_a_virus(void **state)
{
    struct parts list = {0};
    struct buf mail = {0}, eicar = {0};
    struct av_answer a;
    struct av_world w;

    (void)state;
    world_open(&w, 0);
    av_canary_make(AV_CANARY_RAW, &eicar);
    buf_add_str(&mail,
                "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Transfer-Encoding: base64\n\n");
    add_base64(&mail, buf_view(&eicar));
    buf_add_str(&mail, "--b\n\nwords\n--b--\n");
    av_mail_examine(w.mail, buf_view(&mail), &list, &a);
    assert_int_equal(a.state, ANTIVIRUS_INFECTED);
    assert_int_equal(list.n, 2);
    assert_int_equal(list.item[0].size, eicar.n);
    assert_int_equal(list.item[1].size, 5);
    parts_free(&list);
    buf_free(&mail);
    buf_free(&eicar);
    world_close(&w);
}

/* An attached .eml: its own form may be one that libclamav misreads. */
static void a_mail_in_a_mail_is_read_by_us(void **state)
{
    struct buf mail = {0}, inner = {0}, eicar = {0};
    struct av_answer a;
    struct av_world w;

    (void)state;
    world_open(&w, 0);
    av_canary_make(AV_CANARY_RAW, &eicar);
    buf_add_str(&inner,
                "Subject: x\nContent-Type: multipart/mixed; boundary=b; boundary=c\n\n--b\n\nhello\n--b--\n"
                "--c\nContent-Transfer-Encoding: (x) base64 (y)\n\n");
    add_base64(&inner, buf_view(&eicar));
    buf_add_str(&mail,
                "Content-Type: application/octet-stream; name=x.eml\nContent-Transfer-Encoding: base64\n\n");
    add_base64(&mail, buf_view(&inner));
    av_mail_examine(w.mail, buf_view(&mail), NULL, &a);
    assert_int_equal(a.state, ANTIVIRUS_INFECTED);
    buf_free(&mail);
    buf_free(&inner);
    buf_free(&eicar);
    world_close(&w);
}

static void what_was_not_read_is_not_clean(void **state)
{
    static const char partial[] = "Content-Type: message/partial; number=2; total=3\n\nwords\n";
    /* The same as a file in base64. */
    static const char attached[] = "Content-Type: application/octet-stream; name=a.eml\n"
                                   "Content-Transfer-Encoding: base64\n\n"
                                   "Q29udGVudC1UeXBlOiBtZXNzYWdlL3BhcnRpYWw7IG51bWJlcj0yOyB0b3RhbD0zCgp3b3Jkcwo=\n";
    struct antivirus_settings s = world_settings(0);
    struct buf mail = {0};
    struct av_answer a;
    struct av_world w;

    (void)state;
    s.scan_size = MIB;
    world_open_with(&w, &s, 0);
    for (unsigned i = 0; i <= MAIL_FIELDS_MAX; i++)
        buf_add_str(&mail, "X: 1\n");
    av_mail_examine(w.mail, buf_view(&mail), NULL, &a);
    assert_int_equal(a.why, ANTIVIRUS_LIMIT);
    av_mail_examine(w.mail, (struct view){partial, sizeof partial - 1}, NULL, &a);
    assert_int_equal(a.why, ANTIVIRUS_AMBIGUOUS);
    av_mail_examine(w.mail, (struct view){attached, sizeof attached - 1}, NULL, &a);
    assert_int_equal(a.why, ANTIVIRUS_AMBIGUOUS);
    buf_clear(&mail);
    buf_add_str(&mail, "A: b\n\n");
    for (unsigned i = 0; i < 3 * MIB / 8; i++)
        buf_add_str(&mail, "1234567\n");
    av_mail_examine(w.mail, buf_view(&mail), NULL, &a);
    assert_int_equal(a.why, ANTIVIRUS_LIMIT);
    buf_free(&mail);
    world_close(&w);
}

static void many_messages_need_no_more_memory(void **state)
{
    struct buf mail = {0};
    struct av_answer a;
    struct av_world w;

    (void)state;
    world_open(&w, 0);
    av_canary_make(AV_CANARY_CLEAN, &mail);
    for (unsigned i = 0; i < 50; i++) {
        av_mail_examine(w.mail, buf_view(&mail), NULL, &a);
        assert_int_equal(a.state, ANTIVIRUS_CLEAN);
    }
    av_mail_examine(w.mail, VIEW(""), NULL, &a);
    assert_int_equal(a.state, ANTIVIRUS_CLEAN);
    assert_int_equal(a.layers > 0, true);
    buf_free(&mail);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contents_are_listed),
        cmocka_unit_test(a_list_goes_on_behind_a_virus),
        cmocka_unit_test(a_mail_in_a_mail_is_read_by_us),
        cmocka_unit_test(what_was_not_read_is_not_clean),
        cmocka_unit_test(many_messages_need_no_more_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
