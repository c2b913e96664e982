/*
 * check_header.c - the check `header`: own rules for header fields (R040), as results "header:NAME".
 *
 * Each field of the message's header is looked at twice: as its reader sees it, with encoded words decoded,
 * and, where that is something else, as it stands. Only hits are told, and rules that could not be looked for
 * to the end. What the rules write is described in rules.h; the bytes are hostile.
 */
#include "workers/antispam/check.h"
#include "workers/antispam/rules.h"
#include "workers/mail/mail_word.h"

static void *open_header(const struct settings *s, struct buf *why)
{
    return rules_open(s, "header_rules", RULE_HEADER, why);
}

static void close_header(void *state)
{
    rules_close(state);
}

static void look(struct judge *j, struct rules *rules, const struct mail_field *f)
{
    struct view raw = mail_header_unfold(j->arena, f->value);
    struct view decoded = mail_word_decode(j->arena, j->mail->set, f->value);

    rules_look_seen(rules, f->name, decoded);
    if (!view_equal(raw, decoded))
        rules_look(rules, f->name, raw);
}

static void judge_header(struct judge *j, void *state)
{
    struct rules *rules = state;
    struct rules_finding f;
    uint32_t at = 0;

    if (rules_count(rules) == 0 || !j->mail)
        return;
    rules_begin(rules);
    for (size_t i = 0; i < j->mail->header->n; i++)
        look(j, rules, &j->mail->header->field[i]);
    while (rules_next(rules, &at, &f))
        judge_say(j, CHECK_header, f.name,
                  f.hit && !judge_is_suspended(j, "header", f.name) ? RESULT_hit : RESULT_unusable, "%.*s",
                  (int)f.detail.n, f.detail.p);
    if (rules_unlooked(rules))
        judge_say(j, CHECK_header, VIEW(""), RESULT_unusable,
                  "%u rules were not looked for: all rules together took more than %d s",
                  rules_unlooked(rules), (int)(RULES_TIME_MAX / 1000000000));
    if (rules_cut(rules))
        judge_say(j, CHECK_header, VIEW("text-cut"), RESULT_skipped,
                  "only the first %zu bytes were looked at", RULES_TEXT_MAX);
}

const struct check_ops check_header = {.open = open_header, .close = close_header, .judge = judge_header};
