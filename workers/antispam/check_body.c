/*
 * check_body.c - the check `body`: own rules for subject and text (R041), as results "body:NAME".
 *
 * What its reader sees comes first: the subject, then the text of each text part; then the markup of those
 * that are HTML, so that a long one does not use up the room of the text. Where there is not room for all,
 * each text has its share of it. Only hits are told, and rules that could not be looked for to the end. What
 * the rules write is described in rules.h; the bytes are hostile.
 */
#include "workers/antispam/check.h"
#include "workers/antispam/fold.h"
#include "workers/antispam/rules.h"

static void *open_body(const struct settings *s, struct buf *why)
{
    return rules_open(s, "body_rules", RULE_BODY, why);
}

static void close_body(void *state)
{
    rules_close(state);
}

/* What is looked at in this pass; of markup only that of HTML. */
static struct view pass_text(const struct judge_text *t, bool markup)
{
    if (!markup)
        return t->text;
    return t->html ? t->raw : (struct view){NULL, 0};
}

/* So many bytes of each text that there is room for all: the short ones are whole, and a long one in front
 * hides none behind it. */
static size_t share_of(const struct judge_mail *m, bool markup, size_t room)
{
    size_t share = 0;

    for (size_t step = RULES_TEXT_MAX; step; step /= 2) {
        size_t sum = 0;

        for (unsigned i = 0; i < m->text_n; i++) {
            size_t n = pass_text(&m->text[i], markup).n;

            sum += n < share + step ? n : share + step;
        }
        if (sum <= room)
            share += step;
    }
    return share;
}

/* Were texts cut? */
static bool look_texts(struct judge *j, struct rules *rules, bool markup)
{
    const size_t share = share_of(j->mail, markup, rules_room(rules));
    const struct view field = {NULL, 0};
    bool cut = false;

    for (unsigned i = 0; i < j->mail->text_n; i++) {
        const struct judge_text *t = &j->mail->text[i];
        struct view v = pass_text(t, markup);

        cut = cut || v.n > share;
        v = fold_cut(v, share);
        if (!markup)
            rules_look_seen(rules, field, v);
        else if (t->html)
            rules_look(rules, field, v);
    }
    return cut;
}

static bool look(struct judge *j, struct rules *rules)
{
    bool cut;

    rules_look_seen(rules, (struct view){NULL, 0}, judge_mail_subject(j));
    judge_mail_texts(j);
    cut = look_texts(j, rules, false);
    cut = look_texts(j, rules, true) || cut;
    return cut || rules_cut(rules);
}

static void say_limits(struct judge *j, const struct rules *rules, bool cut)
{
    if (rules_unlooked(rules))
        judge_say(j, CHECK_body, VIEW(""), RESULT_unusable,
                  "%u rules were not looked for: all rules together took more than %d s",
                  rules_unlooked(rules), (int)(RULES_TIME_MAX / 1000000000));
    if (cut)
        judge_say(j, CHECK_body, VIEW("text-cut"), RESULT_skipped,
                  "only the first %zu bytes of text were looked at", RULES_TEXT_MAX);
    else if (j->mail->text_cut)
        judge_say(j, CHECK_body, VIEW("text-cut"), RESULT_skipped,
                  "only the first bytes of a large text part were looked at");
}

static void judge_body(struct judge *j, void *state)
{
    struct rules *rules = state;
    struct rules_finding f;
    uint32_t at = 0;
    bool cut;

    if (rules_count(rules) == 0 || !j->mail)
        return;
    rules_begin(rules);
    cut = look(j, rules);
    while (rules_next(rules, &at, &f))
        judge_say(j, CHECK_body, f.name,
                  f.hit && !judge_is_suspended(j, "body", f.name) ? RESULT_hit : RESULT_unusable, "%.*s",
                  (int)f.detail.n, f.detail.p);
    say_limits(j, rules, cut);
}

const struct check_ops check_body = {.open = open_body, .close = close_body, .judge = judge_body};
