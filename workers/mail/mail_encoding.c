/*
 * mail_encoding.c - see mail_encoding.h. One look for a value that is as it should be; all others are
 * searched for the names of encodings, wherever they stand in it.
 *
 * Called by mail_shape.c for each Content-Transfer-Encoding. Readers compare the whole
 * value, its first word, its beginning, or what is left of it without quotes, comments and blanks: where a
 * name is in it, somebody decodes; where anything else is in it, too, somebody does not. The bytes are
 * hostile.
 */
#include "workers/mail/mail_encoding.h"

#include "common/buf.h"
#include "workers/mail/mail_type_part.h"
#include "workers/mail/mail_word.h"

static const char *const names[MAIL_ENCODING__MAX] = {"none", "base64", "quoted-printable", "uuencode"};

const char *mail_encoding_name(unsigned encoding)
{
    return encoding < MAIL_ENCODING__MAX ? names[encoding] : "?";
}

static const struct {
    struct view name;
    enum mail_encoding encoding;
} known[] = {
    {VIEW("7bit"), MAIL_ENCODING_NONE},     {VIEW("8bit"), MAIL_ENCODING_NONE},
    {VIEW("base64"), MAIL_ENCODING_BASE64}, {VIEW("quoted-printable"), MAIL_ENCODING_QP},
    {VIEW("binary"), MAIL_ENCODING_NONE},   {VIEW("7-bit"), MAIL_ENCODING_NONE},
    {VIEW("8-bit"), MAIL_ENCODING_NONE},    {VIEW("7bits"), MAIL_ENCODING_NONE},
    {VIEW("8bits"), MAIL_ENCODING_NONE},    {VIEW("x-uuencode"), MAIL_ENCODING_UU},
    {VIEW("uuencode"), MAIL_ENCODING_UU},   {VIEW("x-uue"), MAIL_ENCODING_UU},
    {VIEW("uue"), MAIL_ENCODING_UU},        {VIEW("x-uu"), MAIL_ENCODING_UU},
};

/* What is searched for among the letters and digits of a value. */
static const struct {
    struct view letters;
    enum mail_encoding encoding;
} within[] = {
    {VIEW("base64"), MAIL_ENCODING_BASE64},
    {VIEW("quotedprintable"), MAIL_ENCODING_QP},
    {VIEW("uue"), MAIL_ENCODING_UU},
};

static unsigned add(enum mail_encoding to[MAIL_ENCODING__MAX], unsigned n, enum mail_encoding e)
{
    for (unsigned i = 0; i < n; i++)
        if (to[i] == e)
            return n;
    to[n] = e;
    return n + 1;
}

static bool find_known(struct view name, enum mail_encoding *e)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (view_equal_nocase(name, known[i].name)) {
            *e = known[i].encoding;
            return true;
        }
    return false;
}

/* Blanks and a ";" may follow. A comment may, too; but there are readers who know none. */
static bool is_nothing(struct view v)
{
    size_t at = mail_type_skip_space(v, 0);

    if (at < v.n && v.p[at] == ';')
        at = mail_type_skip_space(v, at + 1);
    return at == v.n;
}

static void add_letters(struct view v, struct buf *to)
{
    buf_reserve(to, v.n);
    for (size_t i = 0; i < v.n; i++) {
        char c = v.p[i];

        if (c >= 'A' && c <= 'Z')
            c |= 0x20;
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            to->p[to->n++] = c;
    }
}

/* Each encoding that is named in it, in any disguise. */
static unsigned search(struct view v, enum mail_encoding to[MAIL_ENCODING__MAX], unsigned n)
{
    struct mail_arena arena = {0};
    struct buf letters = {0};

    add_letters(v, &letters);
    if (mail_word_is_encoded(v))
        add_letters(mail_word_bytes(&arena, v), &letters);
    for (size_t i = 0; letters.n && i < sizeof within / sizeof *within; i++)
        if (memmem(letters.p, letters.n, within[i].letters.p, within[i].letters.n))
            n = add(to, n, within[i].encoding);
    buf_free(&letters);
    mail_arena_free(&arena);
    return n;
}

unsigned mail_encoding_find(struct view value, enum mail_encoding to[MAIL_ENCODING__MAX], bool *unknown)
{
    enum mail_encoding e = MAIL_ENCODING_NONE;
    struct view first, rest;
    unsigned n = 0;
    size_t at, end;
    bool is_known;

    *unknown = false;
    at = mail_type_skip_space(value, 0);
    for (end = at; end < value.n && mail_type_is_token(value.p[end]); end++)
        ;
    first = (struct view){at == value.n ? "" : value.p + at, end - at};
    rest = (struct view){end == value.n ? "" : value.p + end, value.n - end};
    is_known = find_known(first, &e);
    if (is_known ? is_nothing(rest) : value.n == at) {
        to[0] = e;
        return 1;
    }
    n = add(to, n, e);
    n = add(to, n, MAIL_ENCODING_NONE);
    n = search(value, to, n);
    *unknown = n == 1 && !is_known;
    return n;
}
