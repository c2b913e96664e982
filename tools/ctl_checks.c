/*
 * ctl_checks.c - what the antispam stage found, for people: below the events of `show`.
 *
 * Called by ctl_print_show() for each line of an answer, and at its end. The record may stand with any event;
 * the last one counts, since after a crash a message may be decided anew. Names and details come from a
 * stranger's mail: every string goes through ctl_text. Trusts no member to be there.
 */
#include "tools/ctl_print.h"

#include "common/xalloc.h"
#include "tools/ctl_decision.h"
#include "tools/ctl_text.h"

#include <stdlib.h>

#define NAME_WIDTH   20
#define RESULT_WIDTH 10

static void add_number(struct buf *to, const json_t *n)
{
    buf_addf(to, "%.10g", json_number_value(n));
}

/* What weighs nothing and says nothing would hide the rest. */
static bool is_dull(const json_t *check)
{
    const struct view result = ctl_print_string(check, "result");

    return json_number_value(json_object_get(check, "weight")) == 0 &&
           (view_equal(result, VIEW("miss")) || view_equal(result, VIEW("none")) ||
            view_equal(result, VIEW("skipped")));
}

static void print_check(struct ctl_print *p, const json_t *check)
{
    const bool weighs = json_number_value(json_object_get(check, "weight")) != 0;
    struct buf text = {0};

    buf_add_str(&text, "    ");
    ctl_text_add_cell(&text, ctl_print_string(check, "name"), NAME_WIDTH, false);
    buf_add_char(&text, ' ');
    ctl_text_add_cell(&text, ctl_print_string(check, "result"), RESULT_WIDTH, false);
    buf_add_char(&text, ' ');
    add_number(&text, json_object_get(check, "weight"));
    buf_add_str(&text, "  ");
    ctl_text_add(&text, ctl_print_string(check, "detail"), false);
    if (weighs) {
        buf_add_str(&text, "  (");
        ctl_text_add(&text, ctl_print_string(check, "line"), false);
        buf_add_char(&text, ')');
    }
    ctl_print_line(p, CTL_PRINT_PLAIN, &text);
    buf_free(&text);
}

static void print_checks(struct ctl_print *p, const json_t *record)
{
    const json_t *weight = json_object_get(record, "weight"), *checks = json_object_get(record, "checks");
    struct buf text = {0};

    if (!json_is_number(weight))
        return;
    buf_add_str(&text, "  weight ");
    add_number(&text, weight);
    ctl_print_line(p, CTL_PRINT_PLAIN, &text);
    buf_free(&text);
    for (size_t i = 0; i < json_array_size(checks); i++)
        if (!is_dull(json_array_get(checks, i)))
            print_check(p, json_array_get(checks, i));
}

/* "to" of a decision counts the recipients of the event "accepted". */
static void print_decided(struct ctl_print *p, const json_t *record, const json_t *accepted)
{
    const json_t *to = json_object_get(accepted, "to");
    const bool raw = json_is_true(json_object_get(accepted, "raw"));
    const size_t n = json_array_size(to);
    struct buf *text = xcalloc(n + 1, sizeof *text);
    struct view *rcpt = xcalloc(n + 1, sizeof *rcpt);
    const struct ctl_decision d = {.record = record, .rcpt = rcpt, .rcpt_n = n};

    for (size_t i = 0; i < n; i++) {
        ctl_decision_add_bytes(&text[i], json_array_get(to, i), raw);
        rcpt[i] = buf_view(&text[i]);
    }
    ctl_decision_print_brief(p, &d);
    for (size_t i = 0; i < n; i++)
        buf_free(&text[i]);
    free(text);
    free(rcpt);
}

void ctl_checks_see(struct ctl_print *p, const json_t *event)
{
    const char *kind = json_string_value(json_object_get(event, "event"));
    json_t *record = json_object_get(event, "record");

    if (kind && strcmp(kind, "accepted") == 0) {
        json_decref(p->accepted);
        p->accepted = json_copy((json_t *)(uintptr_t)event);
    }
    if (!json_object_size(record))
        return;
    json_decref(p->record);
    p->record = json_incref(record);
}

void ctl_checks_end(struct ctl_print *p)
{
    if (p->record) {
        print_checks(p, p->record);
        print_decided(p, p->record, p->accepted);
    }
    json_decref(p->record);
    json_decref(p->accepted);
    p->record = p->accepted = NULL;
}
