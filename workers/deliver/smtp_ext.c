/*
 * smtp_ext.c - see smtp_ext.h: one table of keywords.
 *
 * An offer that is not understood to its end is no offer: a SIZE with a number
 * that cannot be read counts as SIZE without a limit, since the server
 * will say itself when a message is too long. It trusts nothing and keeps nothing.
 */
#include "workers/deliver/smtp_ext.h"

#include "workers/deliver/smtp_reply.h"

static void take_size(struct view rest, struct smtp_ext *e);
static void take_auth(struct view rest, struct smtp_ext *e);

static const struct {
    struct view word;
    uint32_t flag;
    void (*take)(struct view rest,
                 struct smtp_ext *e); /* what stands behind it; NULL = nothing of interest */
} keywords[] = {
    {VIEW("SIZE"), SMTP_EXT_SIZE, take_size},
    {VIEW("8BITMIME"), SMTP_EXT_8BITMIME, NULL},
    {VIEW("SMTPUTF8"), SMTP_EXT_SMTPUTF8, NULL},
    {VIEW("STARTTLS"), SMTP_EXT_STARTTLS, NULL},
    {VIEW("PIPELINING"), SMTP_EXT_PIPELINING, NULL},
    {VIEW("DSN"), SMTP_EXT_DSN, NULL},
    {VIEW("ENHANCEDSTATUSCODES"), SMTP_EXT_CODES, NULL},
    {VIEW("AUTH"), 0, take_auth},
};

static const struct {
    struct view word;
    uint32_t flag;
} mechanisms[] = {
    {VIEW("PLAIN"), SMTP_EXT_AUTH_PLAIN},
    {VIEW("LOGIN"), SMTP_EXT_AUTH_LOGIN},
};

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* "AUTH=LOGIN" is how some servers write it. */
static bool is_gap(char c)
{
    return c == ' ' || c == '\t' || c == '=';
}

/* The next word; empty at the end. */
static struct view take_word(struct view *rest)
{
    struct view word;
    size_t n = 0;

    while (rest->n && is_gap(rest->p[0]))
        rest->p++, rest->n--;
    while (n < rest->n && !is_gap(rest->p[n]))
        n++;
    word = (struct view){rest->p, n};
    rest->p += n;
    rest->n -= n;
    return word;
}

static void take_size(struct view rest, struct smtp_ext *e)
{
    struct view digits = take_word(&rest);
    uint64_t size = 0;

    e->size = 0;
    for (size_t i = 0; i < digits.n; i++) {
        if (digits.p[i] < '0' || digits.p[i] > '9' || size > UINT64_MAX / 10 - 1)
            return;
        size = size * 10 + (uint64_t)(digits.p[i] - '0');
    }
    e->size = size;
}

static void take_auth(struct view rest, struct smtp_ext *e)
{
    struct view word;

    while ((word = take_word(&rest)).n)
        for (size_t i = 0; i < COUNT(mechanisms); i++)
            if (view_equal_nocase(word, mechanisms[i].word))
                e->flags |= mechanisms[i].flag;
}

void smtp_ext_parse(struct view text, struct smtp_ext *e)
{
    struct view line;

    *e = (struct smtp_ext){0};
    smtp_reply_line(&text, &line);
    while (smtp_reply_line(&text, &line)) {
        struct view word = take_word(&line);

        for (size_t i = 0; i < COUNT(keywords); i++) {
            if (!view_equal_nocase(word, keywords[i].word))
                continue;
            e->flags |= keywords[i].flag;
            if (keywords[i].take)
                keywords[i].take(line, e);
        }
    }
}
