/*
 * test_av_again.c - unit tests of workers/av/av_again.c: copies with something before them, and their limits.
 *
 * Run by `make check`. What libclamav finds in them is tested in test_av_engine.c.
 */
#include "tests/unit/av_world.h"

#include "workers/av/av_again.h"

static void bytes_come_back_behind_what_is_asked(void **state)
{
    struct av_again a = {.most = 100};
    char layer[] = "ID3 and more";

    (void)state;
    av_again_keep(&a, (struct view){layer, 12}, AV_AGAIN_DATA | AV_AGAIN_MAIL);
    memset(layer, 'x', 12); /* a layer is gone when its callback ends */
    for (int i = 0; i < 2; i++) {
        assert_true(view_equal(av_again_as_mail(&a, 0), VIEW("Received: by spoold\r\nID3 and more")));
        assert_true(view_equal(av_again_as_data(&a, 0), VIEW("\0ID3 and more")));
    }
    assert_int_equal(a.item[0].how, AV_AGAIN_DATA | AV_AGAIN_MAIL);
    assert_false(a.over);
    av_again_free(&a);
    assert_int_equal(a.n, 0);
}

static void copies_are_limited(void **state)
{
    struct av_again a = {.most = 100};

    (void)state;
    av_again_keep(&a, (struct view){NULL, 0}, AV_AGAIN_DATA);
    assert_int_equal(a.n, 0);
    for (unsigned i = 0; i < AV_AGAIN_MAX; i++)
        av_again_keep(&a, VIEW("1"), AV_AGAIN_DATA);
    assert_int_equal(a.n, AV_AGAIN_MAX);
    assert_false(a.over);
    av_again_keep(&a, VIEW("1"), AV_AGAIN_DATA);
    assert_true(a.over);
    av_again_keep_whole(&a, VIEW("the message"), AV_AGAIN_MAIL);
    assert_int_equal(a.n, AV_AGAIN_MAX + 1);
    av_again_free(&a);
}

static void bytes_are_limited(void **state)
{
    struct av_again a = {.most = 10};

    (void)state;
    av_again_keep_whole(&a, VIEW("the message is longer"), AV_AGAIN_MAIL);
    av_again_keep(&a, VIEW("123456"), AV_AGAIN_DATA);
    assert_false(a.over);
    av_again_keep(&a, VIEW("12345"), AV_AGAIN_DATA);
    assert_true(a.over);
    assert_int_equal(a.n, 2);
    av_again_keep(&a, VIEW("1234"), AV_AGAIN_DATA);
    assert_int_equal(a.n, 3);
    av_again_free(&a);
}

static void a_mail_with_parts_is_known_by_its_lines(void **state)
{
    static const struct {
        const char *says;
        struct view bytes;
        bool parts;
    } cases[] = {
        {"nothing", {NULL, 0}, false},
        {"a text", VIEW("hello\nworld\n"), false},
        {"a type", VIEW("ID3: x\r\nContent-Type: text/plain\r\n"), true},
        {"an encoding, in other letters", VIEW("ID3: x\ncontent-transfer-encoding: base64\n"), true},
        {"in the first line", VIEW("Content-Type: a/b"), true},
        {"in the middle of a line", VIEW("the Content-Type: a/b\n"), false},
        {"cut off", VIEW("x\nContent-"), false},
        {"uuencode", VIEW("x\r\n\r\nbegin 644 a.exe\r\n"), true},
        {"a word that begins so", VIEW("x\nbeginning\n"), false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (av_again_has_parts(cases[i].bytes) != cases[i].parts)
            fail_msg("%s", cases[i].says);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_come_back_behind_what_is_asked),
        cmocka_unit_test(copies_are_limited),
        cmocka_unit_test(bytes_are_limited),
        cmocka_unit_test(a_mail_with_parts_is_known_by_its_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
