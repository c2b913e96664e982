/*
 * rules.c - see rules.h: looking for the rules of a list in the texts of a message.
 *
 * Called by check_header.c and check_body.c, in a child. It writes only what is marked as memory of the child
 * in rules_part.h. Each rule is told once: by its first hit, or by the first limit of its own that it met;
 * those that the limit of all of them ended are counted only. The texts are hostile.
 */
#include "workers/antispam/excerpt.h"
#include "workers/antispam/fold.h"
#include "workers/antispam/rules_part.h"
#include "workers/charset.h"

#include "common/utf8.h"

unsigned rules_count(const struct rules *r)
{
    return r->n;
}

bool rules_cut(const struct rules *r)
{
    return r->cut;
}

size_t rules_room(const struct rules *r)
{
    return r->room;
}

unsigned rules_unlooked(const struct rules *r)
{
    unsigned n = 0;

    for (uint32_t i = 0; i < r->n; i++)
        n += r->row[i].found == RULES_NO_TIME;
    return n;
}

void rules_begin(struct rules *r)
{
    for (uint32_t i = 0; i < r->n; i++) {
        r->row[i].found = RULES_NOT_YET;
        r->row[i].left = REGEXP_TIME_MAX;
    }
    buf_clear(&r->said);
    r->room = RULES_TEXT_MAX;
    r->left = RULES_TIME_MAX;
    r->cut = false;
}

static bool is_meant(const struct rules *r, const struct rules_row *row)
{
    return row->found == RULES_NOT_YET && (row->field.n == 0 || view_equal(row->field, VIEW("*")) ||
                                           view_equal_nocase(row->field, r->field));
}

static void say(struct rules *r, struct rules_row *row, enum rules_found found, struct view detail)
{
    size_t begin = r->said.n;

    row->found = found;
    if (r->field.n) {
        excerpt_add(&r->said, r->field, RULES_EXCERPT_MAX / 2);
        buf_add_str(&r->said, ": ");
    }
    excerpt_add(&r->said, detail, RULES_EXCERPT_MAX - (r->said.n - begin));
    row->detail = (uint32_t)begin;
    row->detail_n = (uint32_t)(r->said.n - begin);
}

static void on_literal(void *arg, uint32_t i, size_t end)
{
    struct rules *r = arg;
    struct rules_row *row = &r->row[r->row_of[i]];

    if (!is_meant(r, row))
        return;
    if (row->type == RULE_WILDCARD)
        r->wanted[r->wanted_n++] = r->row_of[i];
    else
        say(r, row, RULES_HIT, (struct view){r->text.p + end - row->pattern.n, row->pattern.n});
}

/* Charged by its size, not by the clock: its time is known before. */
static void look_wildcard(struct rules *r, struct rules_row *row)
{
    struct view line;

    r->left -= (int64_t)(r->text.n * (1 + row->pattern.n / 64) * 2);
    if (r->left < 0) {
        row->found = RULES_NO_TIME;
        return;
    }
    line = wildcard_find(row->wildcard, r->text);
    if (line.p)
        say(r, row, RULES_HIT, line);
}

/* An empty match says nothing: the rest of its line does. */
static struct view shown_match(struct view text, struct view match)
{
    const char *end;

    if (match.n)
        return match;
    match.n = text.n - (size_t)(match.p - text.p);
    end = match.n ? memchr(match.p, '\n', match.n) : NULL;
    if (end)
        match.n = (size_t)(end - match.p);
    return match;
}

static void look_regexp(struct rules *r, struct rules_row *row)
{
    int64_t left = row->left < r->left ? row->left : r->left, before = left;
    struct view match = {0};
    enum regexp_result result;

    if (row->strikes >= RULES_STRIKES_MAX) {
        say(r, row, RULES_LIMIT, VIEW("suspended in this process: a limit was met three times"));
        return;
    }
    result = regexp_find(row->regexp, r->desk, r->text, &left, &match);
    row->left -= before - left;
    r->left -= before - left;
    if (result == REGEXP_MATCH)
        say(r, row, RULES_HIT, shown_match(r->text, match));
    else if (result == REGEXP_TIME && row->left > 0)
        row->found = RULES_NO_TIME;
    else if (result != REGEXP_NONE) {
        row->strikes++;
        say(r, row, RULES_LIMIT, view_of(regexp_result_name(result)));
    }
}

/* As much as there is room for, as valid UTF-8. */
static struct view take_text(struct rules *r, struct view text)
{
    if (text.n > r->room) {
        text = fold_cut(text, r->room);
        r->cut = true;
    }
    if (!charset_is_utf8(text)) {
        buf_clear(&r->clean);
        charset_guess(text, r->room, &r->clean);
        text = buf_view(&r->clean);
    }
    r->room -= text.n;
    return text;
}

/* In r->text. */
static void look_all(struct rules *r)
{
    bool started = false;

    r->wanted_n = 0;
    literals_find(r->literals, r->text, on_literal, r);
    for (uint32_t i = 0; i < r->wanted_n; i++)
        look_wildcard(r, &r->row[r->wanted[i]]);
    for (uint32_t i = 0; i < r->regex_n; i++) {
        struct rules_row *row = &r->row[r->regex[i]];

        if (!is_meant(r, row))
            continue;
        if (!started)
            regexp_desk_start(r->desk);
        started = true;
        look_regexp(r, row);
    }
}

void rules_look(struct rules *r, struct view field, struct view text)
{
    if (r->n == 0)
        return;
    if (!text.p)
        text = VIEW("");
    r->field = field;
    r->text = take_text(r, text);
    look_all(r);
}

void rules_look_seen(struct rules *r, struct view field, struct view text)
{
    rules_look(r, field, text);
    if (r->n == 0 || !fold_is_needed(r->text))
        return;
    buf_clear(&r->folded);
    buf_add(&r->folded, "", 0);
    fold_add(&r->folded, r->text);
    r->text = buf_view(&r->folded);
    look_all(r);
}

bool rules_next(const struct rules *r, uint32_t *at, struct rules_finding *f)
{
    while (*at < r->n) {
        const struct rules_row *row = &r->row[(*at)++];

        if (row->found == RULES_NOT_YET || row->found == RULES_NO_TIME)
            continue;
        *f = (struct rules_finding){
            row->name, row->found == RULES_HIT, {r->said.p + row->detail, row->detail_n}};
        return true;
    }
    return false;
}
