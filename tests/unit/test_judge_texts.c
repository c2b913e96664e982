/*
 * test_judge_texts.c - unit tests of the texts in workers/antispam/judge_mail.c: which, in which order, and
 * how much of them.
 *
 * Run by `make check`. Links tell how far a text was read, because all that was read is searched for them.
 */
#include "tests/unit/check_world.h"

#include "workers/mail/mail_html.h"

#define MULTI     "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
#define PART_MAX  ((size_t)8 << 20)
#define TEXT_MAX  ((size_t)1 << 20)
#define LINK      "\nhttp://late.example.org/\n"
#define PLAIN     "Content-Type: text/plain\r\n"
#define HTML_1252 "Content-Type: text/html; charset=windows-1252\r\n"

static void add_filled(struct buf *to, char c, size_t n)
{
    buf_reserve(to, n);
    memset(to->p + to->n, c, n);
    to->n += n;
}

static void read_texts(struct check_world *w, struct view message)
{
    check_message(w, message);
    judge_mail_texts(&w->j);
}

static void files_come_last(void **state)
{
    static const char *const wanted[] = {"inline", "last", "file", "named"};
    struct check_world w = {0};

    (void)state;
    check_open(&w, NULL, "");
    read_texts(&w, VIEW(MULTI "--b\r\nContent-Disposition: attachment\r\n\r\nfile\r\n"
                              "--b\r\nContent-Type: text/plain; name=a.txt\r\n\r\nnamed\r\n"
                              "--b\r\nContent-Disposition: inline\r\n\r\ninline\r\n"
                              "--b\r\n\r\nlast\r\n--b--\r\n"));
    assert_int_equal(w.j.mail->text_n, N(wanted));
    for (size_t i = 0; i < N(wanted); i++)
        assert_true(view_equal(w.j.mail->text[i].text, view_of(wanted[i])));
    assert_int_equal(w.j.mail->text[2].part, 1);
    assert_false(w.j.mail->text_cut);
    check_close(&w);
}

static void types_that_are_none_are_text(void **state)
{
    static const struct {
        struct view message;
        bool text;
    } cases[] = {
        {VIEW("Content-Type: texthtml\r\n\r\na"), true},   {VIEW("Content-Type: \r\n\r\na"), true},
        {VIEW("Content-Type: /html\r\n\r\na"), true},      {VIEW("Content-Type: text\r\n\r\na"), true},
        {VIEW("Content-Type: image/gif\r\n\r\na"), false}, {VIEW("Content-Type: x/y\r\n\r\na"), false},
    };

    (void)state;
    for (size_t i = 0; i < N(cases); i++) {
        struct check_world w = {0};

        check_open(&w, NULL, "");
        read_texts(&w, cases[i].message);
        if (w.j.mail->text_n != cases[i].text)
            fail_msg("case %zu", i);
        check_close(&w);
    }
}

/* HTML that is one comment: almost no text comes of it, so only the bytes that are read count. */
static void html_is_read_up_to_its_bound(void **state)
{
    static const char tail[] = "--> http://late.example.org";
    struct check_world w = {0};

    (void)state;
    check_open(&w, NULL, "");
    for (int off = -1; off <= 1; off++) {
        struct buf message = {0};

        buf_add_str(&message, HTML_1252 "\r\n<!--");
        add_filled(&message, '\x80', PART_MAX + (size_t)off - 4 - (sizeof tail - 1));
        buf_add_str(&message, tail);
        read_texts(&w, buf_view(&message));
        assert_int_equal(w.j.mail->urls.n, 1);
        assert_int_equal(view_equal(w.j.mail->urls.url[0].host, VIEW("late.example.org")), off <= 0);
        buf_free(&message);
    }
    check_close(&w);
}

static void text_is_kept_up_to_its_bound(void **state)
{
    struct check_world w = {0};

    (void)state;
    check_open(&w, NULL, "");
    for (int off = -1; off <= 1; off++) {
        struct buf message = {0};

        buf_add_str(&message, PLAIN "\r\n");
        add_filled(&message, 'a', TEXT_MAX + (size_t)off);
        read_texts(&w, buf_view(&message));
        assert_int_equal(w.j.mail->text[0].text.n, TEXT_MAX + (size_t)(off < 0 ? off : 0));
        assert_int_equal(w.j.mail->text_cut, off > 0);
        buf_free(&message);
    }
    check_close(&w);
}

/* 90 MB of bytes that become more: memory has an end, and the last part is read. */
static void large_parts_cost_bounded_memory(void **state)
{
    struct check_world w = {0};
    struct buf message = {0};
    size_t sum = 0;

    (void)state;
    buf_add_str(&message, MULTI);
    for (unsigned i = 0; i < 30; i++) {
        buf_add_str(&message, "--b\r\n" PLAIN "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
        for (size_t n = 0; n < (3u << 20); n += 4096) {
            add_filled(&message, '\x80', 4094);
            buf_add_str(&message, "\r\n");
        }
    }
    buf_add_str(&message, "--b\r\n\r\nshort" LINK "\r\n--b--\r\n");
    check_open(&w, NULL, "");
    read_texts(&w, buf_view(&message));
    assert_int_equal(w.j.mail->text_n, 31);
    assert_true(w.j.mail->text_cut);
    for (unsigned i = 0; i < w.j.mail->text_n; i++)
        sum += w.j.mail->text[i].text.n;
    assert_true(sum <= (16u << 20));
    assert_true(w.a.arena.bytes <= (33u << 20));
    assert_memory_equal(w.j.mail->text[30].text.p, "short", 5);
    assert_int_equal(w.j.mail->urls.n, 1);
    check_close(&w);
    buf_free(&message);
}

static void small_parts_in_front_hide_none(void **state)
{
    struct check_world w = {0};
    struct buf message = {0};

    (void)state;
    buf_add_str(&message, MULTI);
    for (unsigned i = 0; i < 900; i++)
        buf_add_str(&message, "--b\r\n\r\npadding\r\n");
    buf_add_str(&message, "--b\r\n\r\nshort" LINK "\r\n--b--\r\n");
    check_open(&w, NULL, "");
    read_texts(&w, buf_view(&message));
    assert_int_equal(w.j.mail->text_n, 901);
    assert_int_equal(w.j.mail->urls.n, 1);
    assert_false(w.j.mail->text_cut);
    check_close(&w);
    buf_free(&message);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_come_last),
        cmocka_unit_test(types_that_are_none_are_text),
        cmocka_unit_test(html_is_read_up_to_its_bound),
        cmocka_unit_test(text_is_kept_up_to_its_bound),
        cmocka_unit_test(large_parts_cost_bounded_memory),
        cmocka_unit_test(small_parts_in_front_hide_none),
    };

    mail_html_load();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
