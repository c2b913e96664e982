/*
 * fuzz_mail_type.c - any bytes as a Content-Type, a Content-Disposition and a Content-Transfer-Encoding.
 *
 * Built with libFuzzer or with a plain main that feeds files. Values are different, within their
 * bounds and the same whoever asks for fewer of them; a value that keeps to a narrow grammar, written down
 * here once more, is not odd and has one boundary.
 */
#include "tests/fuzz/fuzz_must.h"

#include "workers/mail/mail_encoding.h"
#include "workers/mail/mail_type.h"

#define INPUT_MAX 20000

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

static struct view take_word(struct view *v)
{
    struct view word = *v;

    while (v->n && is_word(v->p[0]))
        v->p++, v->n--;
    word.n -= v->n;
    return word;
}

static bool take(struct view *v, char c)
{
    if (v->n == 0 || v->p[0] != c)
        return false;
    v->p++, v->n--;
    return true;
}

/* word/word; word=word; ... with "boundary" once, in `boundary`. */
static bool is_narrow(struct view v, struct view *boundary)
{
    unsigned boundaries = 0, params = 0;

    if (!take_word(&v).n || !take(&v, '/') || !take_word(&v).n)
        return false;
    for (; v.n; params++) {
        struct view name, value;

        if (!take(&v, ';'))
            return false;
        take(&v, ' ');
        name = take_word(&v);
        if (!name.n || !take(&v, '='))
            return false;
        value = take_word(&v);
        if (!value.n)
            return false;
        if (view_equal(name, VIEW("boundary")))
            *boundary = value, boundaries++;
    }
    return boundaries == 1 && params <= MAIL_PARAMS_MAX;
}

static bool is_within(struct view v, struct view all)
{
    return v.n == 0 || (v.p >= all.p && v.p + v.n <= all.p + all.n);
}

static void check_values(struct mail_arena *a, const struct mail_type *t, struct view name)
{
    struct view all[MAIL_WAYS_MAX], first[1];
    unsigned n = mail_type_values(a, t, name, all, MAIL_WAYS_MAX);
    struct view text;

    MUST(n <= MAIL_WAYS_MAX + 1);
    for (unsigned i = 0; i < n && i < MAIL_WAYS_MAX; i++) {
        MUST(all[i].n <= MAIL_VALUE_MAX);
        for (unsigned j = 0; j < i; j++)
            MUST(!view_equal(all[i], all[j]));
    }
    MUST(mail_type_values(a, t, name, first, 1) == (n > 1 ? 2 : n));
    MUST(n == 0 || view_equal(first[0], all[0]));
    text = mail_type_text(a, t, name, NULL);
    MUST(text.n == 0 || charset_is_utf8(text));
    MUST(mail_type_strict(t, name).n <= t->value.n);
}

static void check_type(struct mail_arena *a, struct view in)
{
    struct mail_type t;
    struct view wanted = {0}, got[1];

    mail_type_parse(a, in, &t);
    MUST(t.n <= MAIL_PARAMS_MAX + 16);
    MUST(is_within(t.type, t.value) && is_within(t.subtype, t.value));
    MUST(t.subtype.n || t.odd);
    for (unsigned i = 0; i < t.n; i++) {
        MUST(t.param[i].name.n > 0);
        MUST(t.param[i].quoted == (t.param[i].raw.n && t.param[i].raw.p[0] == '"'));
        MUST(!t.param[i].hidden || t.odd);
    }
    check_values(a, &t, VIEW("boundary"));
    check_values(a, &t, VIEW("name"));
    if (is_narrow(in, &wanted)) {
        MUST(!t.odd && !t.over && mail_type_values(a, &t, VIEW("boundary"), got, 1) == 1);
        MUST(view_equal(got[0], wanted));
    }
}

static void check_encoding(struct view in)
{
    enum mail_encoding e[MAIL_ENCODING__MAX];
    bool unknown, none = false;
    unsigned n = mail_encoding_find(in, e, &unknown);

    MUST(n >= 1 && n <= MAIL_ENCODING__MAX);
    for (unsigned i = 0; i < n; i++) {
        MUST(e[i] < MAIL_ENCODING__MAX);
        none = none || e[i] == MAIL_ENCODING_NONE;
        for (unsigned j = 0; j < i; j++)
            MUST(e[i] != e[j]);
    }
    /* Where readers differ, some take the bytes as they stand. */
    MUST(n == 1 || none);
    MUST(!unknown || (n == 1 && none));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mail_arena arena = {0};
    struct view in = {(const char *)data, size};

    if (size > INPUT_MAX)
        return 0;
    check_type(&arena, in);
    check_encoding(in);
    mail_arena_free(&arena);
    return 0;
}
