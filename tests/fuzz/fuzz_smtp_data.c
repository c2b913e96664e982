/*
 * fuzz_smtp_data.c - any bytes as a message on its way behind DATA.
 *
 * Built with libFuzzer or with a plain main that feeds files. The first byte is the
 * size of the pieces. A small reader of its own looks at what goes out: the only line end is
 * CR LF, the only line of one dot is the last, and read back it is the message
 * that went in, with its line ends made right.
 */
#include "tests/fuzz/fuzz_must.h"

#include "tests/unit/smtp_encode.h"

#include <stdlib.h>

#define INPUT_MAX 20000

/* The same, said in the simplest way: without dots. */
static struct buf wanted(struct view in)
{
    struct buf b = {0};

    if (in.n >= 5 && memcmp(in.p, "From ", 5) == 0) {
        const char *lf = memchr(in.p, '\n', in.n);

        in = lf ? (struct view){lf + 1, in.n - (size_t)(lf + 1 - in.p)} : (struct view){in.p, 0};
    }
    for (size_t i = 0; i < in.n; i++) {
        bool pair = in.p[i] == '\r' && i + 1 < in.n && in.p[i + 1] == '\n';

        if (in.p[i] == '\n' || pair)
            buf_add(&b, "\r\n", 2);
        else
            buf_add_char(&b, in.p[i] == '\r' ? ' ' : in.p[i]);
        i += pair;
    }
    if (b.n && b.p[b.n - 1] != '\n')
        buf_add(&b, "\r\n", 2);
    return b;
}

/* What a server keeps of it; aborts where a line could be read in two ways. */
static struct buf read_back(struct view out)
{
    struct buf b = {0};
    size_t at = 0;

    while (at < out.n) {
        const char *lf = memchr(out.p + at, '\n', out.n - at);
        struct view line = {out.p + at, 0};

        MUST(lf && lf > out.p + at && lf[-1] == '\r');
        line.n = (size_t)(lf + 1 - line.p);
        at += line.n;
        MUST(!memchr(line.p, '\r', line.n - 2));
        if (line.n == 3 && line.p[0] == '.') {
            MUST(at == out.n);
            return b;
        }
        if (line.p[0] == '.') {
            MUST(line.p[1] == '.');
            line.p++, line.n--;
        }
        buf_add_view(&b, line);
    }
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf whole, pieces, back, right;
    uint64_t n, again;
    struct view in;

    if (size < 1 || size > INPUT_MAX)
        return 0;
    in = (struct view){(const char *)data + 1, size - 1};
    whole = smtp_encode(in, INPUT_MAX, &n);
    pieces = smtp_encode(in, 1u + data[0] % 64, &again);
    MUST(n == again && view_equal(buf_view(&whole), buf_view(&pieces)));
    back = read_back(buf_view(&whole));
    right = wanted(in);
    MUST(view_equal(buf_view(&back), buf_view(&right)) && back.n == n);
    MUST(whole.n <= 2 * in.n + 8);
    buf_free(&whole);
    buf_free(&pieces);
    buf_free(&back);
    buf_free(&right);
    return 0;
}
