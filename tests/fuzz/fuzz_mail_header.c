/*
 * fuzz_mail_header.c - any bytes as the header of a message or of a part.
 *
 * Built with libFuzzer or with a plain main that feeds files. The first byte says whether CR alone ends a
 * line. Header, the line between and body cover the input exactly; fields lie in it in their order; what is
 * told to be met is there, looked for in the simplest way; and without a reason to differ the three splits
 * agree.
 */
#include "tests/fuzz/fuzz_must.h"

#include "workers/mail/mail_header.h"
#include "workers/mail/mail_limits.h"

#define INPUT_MAX (600u << 10)

static bool is_in(struct view inner, struct view outer)
{
    return inner.p >= outer.p && inner.p + inner.n <= outer.p + outer.n;
}

static bool is_one_of(char c, const char *of)
{
    return c && strchr(of, c);
}

static struct view between(const struct mail_header *h)
{
    const char *end = h->block.p + h->block.n;

    return (struct view){end, (size_t)(h->body.p - end)};
}

/* Blanks where they may be, then one line end at most. */
static void check_between(struct view v, bool bare_cr, enum mail_split split)
{
    while (split == MAIL_SPLIT_BLANKS && v.n && is_one_of(v.p[0], " \t"))
        v.p++, v.n--;
    MUST(v.n == 0 || view_equal(v, VIEW("\n")) || view_equal(v, VIEW("\r\n")) ||
         (bare_cr && view_equal(v, VIEW("\r"))));
}

static void check_cover(struct view in, const struct mail_header *h, bool bare_cr, enum mail_split split)
{
    bool bare = false;

    MUST(h->block.p == in.p && h->body.p >= h->block.p + h->block.n);
    MUST(h->body.p + h->body.n == in.p + in.n);
    MUST(h->block.n <= MAIL_HEADER_MAX);
    check_between(between(h), bare_cr, split);
    MUST(((h->odd & MAIL_HEADER_NO_END) != 0) == (h->block.n == in.n));
    for (size_t i = 0; i < h->block.n; i++) {
        MUST(in.p[i] || (h->odd & MAIL_HEADER_NUL));
        bare |= in.p[i] == '\r' && (i + 1 == in.n || in.p[i + 1] != '\n');
    }
    MUST(!bare || (h->odd & MAIL_HEADER_BARE_CR));
    /* It is whole lines. */
    if (h->block.n && h->body.n + between(h).n) {
        char last = in.p[h->block.n - 1];

        MUST(last == '\n' || (bare_cr && last == '\r' && h->body.p[0 - (ptrdiff_t)between(h).n] != '\n'));
    }
}

static void check_field(const struct mail_field *f, bool blank_colon)
{
    const char *end = f->name.p + f->name.n;

    MUST(f->name.n > 0 && f->name.p == f->whole.p);
    MUST(is_in(f->name, f->whole) && is_in(f->value, f->whole) && f->value.p > end);
    for (size_t i = 0; i < f->name.n; i++)
        MUST(f->name.p[i] > ' ' && f->name.p[i] < 0x7f && f->name.p[i] != ':');
    MUST(mail_header_is_field(f->whole) || (blank_colon && is_one_of(*end, " \t")));
    /* Between name and value: blanks, one colon, blanks and line ends. Behind the value: those. */
    while (is_one_of(*end, " \t"))
        end++;
    MUST(*end++ == ':');
    for (; end < f->value.p; end++)
        MUST(is_one_of(*end, " \t\r\n"));
    for (end += f->value.n; end < f->whole.p + f->whole.n; end++)
        MUST(is_one_of(*end, " \t\r\n"));
    if (f->value.n) {
        MUST(!is_one_of(f->value.p[0], " \t\r\n"));
        MUST(!is_one_of(f->value.p[f->value.n - 1], " \t\r\n"));
    }
}

static void check_fields(const struct mail_header *h)
{
    struct view left = h->block;

    MUST(h->n <= MAIL_FIELDS_MAX && h->field);
    for (size_t i = 0; i < h->n; i++) {
        const struct mail_field *f = &h->field[i], *found;

        check_field(f, h->odd & MAIL_HEADER_BLANK_COLON);
        MUST(is_in(f->whole, left));
        left.n -= (size_t)(f->whole.p + f->whole.n - left.p);
        left.p = f->whole.p + f->whole.n;
        found = mail_header_find(h, f->name, 0);
        MUST(found && found <= f && view_equal_nocase(found->name, f->name));
    }
}

/* Nothing but line ends is lost, and none is left before a blank that was one in the value. */
static void check_unfold(struct mail_arena *a, struct view value)
{
    struct view got = mail_header_unfold(a, value);
    size_t at = 0;

    MUST(got.n < value.n || (got.n == value.n && got.p == value.p));
    for (size_t i = 0; i < value.n; i++) {
        if (at < got.n && got.p[at] == value.p[i] &&
            !(value.p[i] == '\n' && i + 1 < value.n && is_one_of(value.p[i + 1], " \t")))
            at++;
        else
            MUST(is_one_of(value.p[i], "\r\n"));
    }
}

static void check_same(const struct mail_header *a, const struct mail_header *b)
{
    MUST(a->odd == b->odd && a->n == b->n && a->block.n == b->block.n && a->body.p == b->body.p);
    for (size_t i = 0; i < a->n; i++) {
        MUST(a->field[i].whole.p == b->field[i].whole.p && a->field[i].whole.n == b->field[i].whole.n);
        MUST(a->field[i].value.p == b->field[i].value.p && a->field[i].value.n == b->field[i].value.n);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum mail_split splits[] = {MAIL_SPLIT_USUAL, MAIL_SPLIT_SKIP, MAIL_SPLIT_BLANKS};
    struct mail_arena arena = {0};
    struct mail_header h[3];
    struct view in;
    bool bare_cr;

    if (size < 1 || size > INPUT_MAX)
        return 0;
    bare_cr = data[0] & 1;
    in = (struct view){(const char *)data + 1, size - 1};
    for (int i = 0; i < 3; i++) {
        mail_header_parse(&arena, in, bare_cr, splits[i], &h[i]);
        check_cover(in, &h[i], bare_cr, splits[i]);
        check_fields(&h[i]);
    }
    for (size_t i = 0; i < h[1].n; i++)
        check_unfold(&arena, h[1].field[i].value);
    check_unfold(&arena, in);
    MUST(h[2].block.n <= h[0].block.n && h[0].block.n <= h[1].block.n);
    if (!(h[0].odd & (MAIL_HEADER_NO_FIELD | MAIL_HEADER_BLANKS))) {
        check_same(&h[0], &h[1]);
        check_same(&h[0], &h[2]);
    }
    mail_arena_free(&arena);
    return 0;
}
