/*
 * fuzz_mail_word.c - any bytes as a value with encoded words, and as text in any charset.
 *
 * Built with libFuzzer or with a plain main that feeds files. The first line is the name of a
 * charset, the rest is the text. What comes out is UTF-8, within its bound, and the same at every time;
 * with a smaller bound it is the beginning of it.
 */
#include "tests/fuzz/fuzz_must.h"

#include "workers/mail/mail_word.h"

#define INPUT_MAX 20000

/* Opened once, as by a loader. */
static struct charset_set *open_set(void)
{
    static struct charset_set *set;

    if (!set)
        set = charset_open_all();
    return set;
}

static void check_charset(struct charset_set *set, struct view name, struct view in)
{
    size_t max = 4 * in.n + 4, half = in.n / 2;
    struct buf all = {0}, again = {0}, less = {0};
    bool known = charset_decode(set, name, in, max, &all);

    MUST(known == charset_is_known(set, name) && (known || all.n == 0));
    MUST(all.n <= max && charset_is_utf8(buf_view(&all)));
    MUST(charset_decode(set, name, in, max, &again) == known);
    MUST(view_equal(buf_view(&all), buf_view(&again)));
    MUST(charset_decode(set, name, in, half, &less) == known);
    MUST(less.n <= half && less.n <= all.n && (less.n == 0 || memcmp(less.p, all.p, less.n) == 0));
    MUST(!known || less.n + 4 > (half < all.n ? half : all.n));
    buf_clear(&all);
    charset_guess(in, max, &all);
    MUST(charset_is_utf8(buf_view(&all)) && all.n >= in.n);
    buf_free(&all);
    buf_free(&again);
    buf_free(&less);
}

static void check_word(struct charset_set *set, struct view in)
{
    struct mail_arena arena = {0};
    struct view text = mail_word_decode(&arena, set, in), bytes = mail_word_bytes(&arena, in);

    MUST(text.n == 0 || charset_is_utf8(text));
    MUST(text.n <= 4 * in.n + 4 && bytes.n <= in.n);
    if (!mail_word_is_encoded(in)) {
        MUST(view_equal(bytes, in) && (in.n == 0 || bytes.p == in.p));
        MUST(text.n == 0 || (!memchr(text.p, '\r', text.n) && !memchr(text.p, '\n', text.n)));
    } else {
        MUST(bytes.n < in.n);
    }
    mail_arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view in = {(const char *)data, size}, name = in;
    struct charset_set *set = open_set();
    const char *lf = size ? memchr(in.p, '\n', size) : NULL;

    if (!lf || size > INPUT_MAX)
        return 0;
    name.n = (size_t)(lf - in.p);
    in = (struct view){lf + 1, size - name.n - 1};
    check_charset(set, name, in);
    check_word(set, in);
    check_word(NULL, in);
    return 0;
}
