/*
 * mark_auth.c - see mark.h: the value of our Authentication-Results field (RFC 8601).
 *
 * Called by mark.c. What the checks say to their results ("smtp.mailfrom=example.org header.b=\"a/b\"") is
 * taken apart and written anew: a property is "type.name=value" with one of the four types of the RFC, its
 * value a token, an address of tokens, else a quoted string; what is none of that is left out. So nothing of
 * it can be taken for another property, a comment, or a result of a method.
 */
#include "spoold/mark.h"

#include "common/edit.h"

/* Properties of one result that are written; a check names five at most. */
#define AUTH_PROPS_MAX 8

#define BIT(result) (1u << RESULT_##result)
static const struct {
    enum check check;
    const char *method;
    unsigned results; /* those that the registry knows for the method */
} methods[] = {
    {CHECK_spf, "spf",
     BIT(pass) | BIT(fail) | BIT(softfail) | BIT(neutral) | BIT(none) | BIT(policy) | BIT(permerror) |
         BIT(temperror)},
    {CHECK_dkim, "dkim",
     BIT(pass) | BIT(fail) | BIT(neutral) | BIT(none) | BIT(policy) | BIT(permerror) | BIT(temperror)},
    {CHECK_dmarc, "dmarc", BIT(pass) | BIT(fail) | BIT(none) | BIT(permerror) | BIT(temperror)},
    {CHECK_iprev, "iprev", BIT(pass) | BIT(fail) | BIT(none) | BIT(permerror) | BIT(temperror)},
};

static bool is_keyword(struct view v)
{
    for (size_t i = 0; i < v.n; i++) {
        char c = v.p[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && c != '-')
            return false;
    }
    return v.n > 0 && v.p[0] != '-' && v.p[v.n - 1] != '-';
}

static bool is_property(struct view key)
{
    static const struct view types[] = {VIEW("smtp."), VIEW("header."), VIEW("body."), VIEW("policy.")};

    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (key.n > types[i].n && memcmp(key.p, types[i].p, types[i].n) == 0)
            return is_keyword((struct view){key.p + types[i].n, key.n - types[i].n});
    return false;
}

/* A token, or local@domain of them. */
static bool is_plain(struct view v)
{
    const char *at = v.n ? memchr(v.p, '@', v.n) : NULL;
    size_t local = at ? (size_t)(at - v.p) : 0;

    if (!at)
        return edit_is_id(v);
    return edit_is_id((struct view){v.p, local}) && edit_is_id((struct view){at + 1, v.n - local - 1});
}

static bool is_printable(struct view v)
{
    for (size_t i = 0; i < v.n; i++)
        if (v.p[i] < ' ' || v.p[i] > '~')
            return false;
    return v.n > 0;
}

static void add_value(struct buf *to, struct view v)
{
    if (is_plain(v)) {
        buf_add_view(to, v);
        return;
    }
    buf_add_char(to, '"');
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] == '"' || v.p[i] == '\\')
            buf_add_char(to, '\\');
        buf_add_char(to, v.p[i]);
    }
    buf_add_char(to, '"');
}

/* What is in quotes, behind the first of them. False: they have no end. */
static bool take_quoted(struct view *rest, struct buf *value)
{
    while (rest->n && rest->p[0] != '"') {
        if (rest->p[0] == '\\' && rest->n > 1)
            rest->p++, rest->n--;
        buf_add_char(value, rest->p[0]);
        rest->p++, rest->n--;
    }
    if (!rest->n)
        return false;
    rest->p++, rest->n--;
    return true;
}

static struct view take_until(struct view *rest, const char *ends)
{
    struct view got = {rest->p, 0};

    while (got.n < rest->n && (!rest->p[got.n] || !strchr(ends, rest->p[got.n])))
        got.n++;
    *rest = (struct view){rest->p + got.n, rest->n - got.n};
    return got;
}

/* The next one, "" where it does not fit. False: there are no more. */
static bool take_property(struct view *rest, struct buf *word)
{
    struct buf value = {0};
    struct view key;
    bool whole = true;

    buf_clear(word);
    *rest = view_trim(*rest);
    if (!rest->n)
        return false;
    key = take_until(rest, "= ");
    if (rest->n && rest->p[0] == '=')
        rest->p++, rest->n--;
    if (rest->n && rest->p[0] == '"') {
        rest->p++, rest->n--;
        whole = take_quoted(rest, &value);
    } else {
        buf_add_view(&value, take_until(rest, " "));
    }
    if (whole && is_property(key) && is_printable(buf_view(&value))) {
        buf_add_view(word, key);
        buf_add_char(word, '=');
        add_value(word, buf_view(&value));
    }
    buf_free(&value);
    return true;
}

static void add_properties(struct mark_value *v, struct view props)
{
    struct buf word = {0};

    for (unsigned i = 0; i < AUTH_PROPS_MAX && take_property(&props, &word); i++)
        if (word.n)
            mark_add_word(v, buf_view(&word), false);
    buf_free(&word);
}

/* Where the address has no name the registry has no "none" but "permerror" (RFC 8601, 2.7.3). */
static enum check_result as_registered(const struct antispam_result *r)
{
    return r->check == CHECK_iprev && r->result == RESULT_none ? RESULT_permerror : r->result;
}

static bool add_method(struct mark_value *v, size_t k, const struct antispam_result *r)
{
    struct buf word = {0};

    if (r->check != methods[k].check || r->result >= RESULT__MAX || !(methods[k].results & (1u << r->result)))
        return false;
    buf_addf(&word, ";\n\t%s=%s", methods[k].method, check_result_name(as_registered(r)));
    buf_add_view(&v->text, buf_view(&word));
    v->column = 8 + word.n - 3;
    buf_free(&word);
    add_properties(v, r->props);
    return true;
}

void mark_add_auth(struct mark_value *v, const struct antispam_verdict *verdict, struct view authserv_id)
{
    bool any = false;

    mark_add_word(v, authserv_id, true);
    for (size_t k = 0; k < sizeof methods / sizeof *methods; k++)
        for (unsigned i = 0; i < verdict->n; i++)
            if (add_method(v, k, &verdict->result[i])) {
                any = true;
                break; /* one result each: these checks have one */
            }
    if (!any)
        buf_add_str(&v->text, "; none");
}
