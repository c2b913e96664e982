/*
 * check_body.c - the check `body`: own rules for subject and text (R041), as results "body:NAME".
 *
 * What its reader sees comes first: the subject, then the text of each text part; then the markup of those
 * that are HTML, so that a long one does not use up the room of the text. Only hits are told, and rules that
 * could not be looked for to the end. What the rules write is described in rules.h; the bytes are hostile.
 */
#include "workers/antispam/check.h"
#include "workers/antispam/rules.h"

static void *open_body(const struct settings *s, struct buf *why)
{
    return rules_open(s, "body_rules", RULE_BODY, why);
}

static void close_body(void *state)
{
    rules_close(state);
}

static void look(struct judge *j, struct rules *rules)
{
    struct view field = {NULL, 0};

    rules_look(rules, field, judge_mail_subject(j));
    judge_mail_texts(j);
    for (unsigned i = 0; i < j->mail->text_n; i++)
        rules_look(rules, field, j->mail->text[i].text);
    for (unsigned i = 0; i < j->mail->text_n; i++)
        if (j->mail->text[i].html)
            rules_look(rules, field, j->mail->text[i].raw);
}

static void judge_body(struct judge *j, void *state)
{
    struct rules *rules = state;
    struct rules_finding f;
    uint32_t at = 0;

    if (rules_count(rules) == 0 || !j->mail)
        return;
    rules_begin(rules);
    look(j, rules);
    while (rules_next(rules, &at, &f))
        judge_say(j, CHECK_body, f.name,
                  f.hit && !judge_is_suspended(j, "body", f.name) ? RESULT_hit : RESULT_unusable, "%.*s",
                  (int)f.detail.n, f.detail.p);
    if (rules_cut(rules))
        judge_say(j, CHECK_body, VIEW("text-cut"), RESULT_skipped,
                  "only the first %zu bytes of text were looked at", RULES_TEXT_MAX);
}

const struct check_ops check_body = {.open = open_body, .close = close_body, .judge = judge_body};
