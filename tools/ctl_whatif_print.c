/*
 * ctl_whatif_print.c - what ctl_whatif.c found out, for people and as JSON.
 *
 * Ids, senders and the words of settings may hold bytes of anybody: they are escaped on their way to a
 * terminal (ctl_text.h) and into JSON (common/json.h). Changes nothing.
 */
#include "common/json.h"
#include "spoold/verdict.h"
#include "spoold/whatif_old.h"
#include "tools/ctl_text.h"
#include "tools/ctl_whatif.h"

#include <inttypes.h>

#define REASONS_SHOWN 20 /* for people; all of them are in the JSON */

static void say(FILE *to, const struct buf *text)
{
    fwrite(text->p, 1, text->n, to);
    fputc('\n', to);
}

/* "   12   1.0 %  changed" */
static void add_count(struct buf *b, uint64_t n, uint64_t all, const char *what)
{
    buf_addf(b, "%9" PRIu64 "  %5.1f %%  %s", n, all ? 100.0 * (double)n / (double)all : 0.0, what);
}

static void say_counts(FILE *to, const struct whatif_figures *f)
{
    struct buf b = {0};

    add_count(&b, f->changed, f->messages, "changed");
    say(to, &b);
    buf_clear(&b);
    add_count(&b, f->unchanged, f->messages, "unchanged");
    if (f->reweighed)
        buf_addf(&b, ", %" PRIu64 " of them with another weight", f->reweighed);
    say(to, &b);
    buf_clear(&b);
    add_count(&b, f->unknown, f->messages, "cannot be told");
    say(to, &b);
    buf_free(&b);
}

static void add_weights(struct buf *b, const struct whatif_example *e)
{
    verdict_add_weight(b, e->then);
    buf_add_str(b, " -> ");
    verdict_add_weight(b, e->now);
    if (e->most != e->now) {
        buf_add_str(b, " to ");
        verdict_add_weight(b, e->most);
    }
}

static void say_example(FILE *to, const struct whatif_example *e)
{
    struct buf b = {0};

    buf_add_str(&b, "             ");
    ctl_text_add(&b, ctl_text_short_id(base_view(&e->id)), false);
    buf_add_str(&b, "  <");
    ctl_text_add(&b, view_of(e->from), false);
    buf_add_str(&b, ">  weight ");
    add_weights(&b, e);
    buf_add_str(&b, "\n               ");
    ctl_text_add(&b, view_of(e->setting), false);
    say(to, &b);
    buf_free(&b);
}

static void say_groups(FILE *to, const struct whatif_figures *f)
{
    struct buf b = {0};

    if (f->group_n)
        fputs("Changes, a message once in each kind:\n", to);
    for (size_t i = 0; i < f->group_n; i++) {
        const struct whatif_group *g = &f->group[i];

        buf_clear(&b);
        buf_addf(&b, "%9" PRIu64 "  ", g->n);
        whatif_add_change(g, &b);
        say(to, &b);
        for (size_t k = 0; k < g->example_n; k++)
            say_example(to, &g->example[k]);
    }
    buf_free(&b);
}

static void say_reasons(FILE *to, const struct whatif_figures *f)
{
    struct buf b = {0};

    if (f->reason_n)
        fputs("Why it cannot be told:\n", to);
    for (size_t i = 0; i < f->reason_n && i < REASONS_SHOWN; i++) {
        buf_clear(&b);
        buf_addf(&b, "%9" PRIu64 "  ", f->reason[i].n);
        ctl_text_add(&b, view_of(f->reason[i].text), false);
        say(to, &b);
    }
    if (f->reason_n > REASONS_SHOWN)
        fprintf(to, "           and %zu more reasons\n", f->reason_n - REASONS_SHOWN);
    buf_free(&b);
}

static void say_notes(FILE *to, const struct whatif_figures *f, uint64_t damaged)
{
    struct buf b = {0};

    for (size_t i = 0; i < f->notes.n; i++) {
        if (i + 1 < f->notes.n && f->notes.p[i] == '\n')
            buf_add_str(&b, ", ");
        else if (f->notes.p[i] != '\n')
            buf_add_char(&b, f->notes.p[i]);
    }
    if (b.n)
        fprintf(to, "Not taken into account, although it differs: %s\n", b.p);
    if (f->not_kept)
        fprintf(to,
                "Of %" PRIu64
                " messages the settings of that time are not kept: what else differs is not known\n",
                f->not_kept);
    if (damaged)
        fprintf(to, "%" PRIu64 " damaged lines of the journal were passed over\n", damaged);
    buf_free(&b);
}

static void print_text(FILE *to, const struct ctl_whatif *o, const struct ctl_whatif_done *d)
{
    const struct whatif_figures *f = whatif_figures(d->whatif);
    struct buf b = {0};

    ctl_text_add(&b, view_of(o->file), false);
    buf_addf(&b, ": what it would do with the mail of the last %u day%s", o->days, o->days == 1 ? "" : "s");
    say(to, &b);
    say_counts(to, f);
    say_groups(to, f);
    say_reasons(to, f);
    say_notes(to, f, d->damaged);
    fprintf(to, "%" PRIu64 " messages in %.2f s (%.0f/s)\n", f->messages, d->seconds,
            d->seconds > 0 ? (double)f->messages / d->seconds : 0.0);
    buf_free(&b);
}

/* --- JSON ----------------------------------------------------------------------------------------------- */

static void add_word(struct json *j, const char *key, unsigned word)
{
    struct buf text = {0};

    whatif_old_add_word(word, &text);
    json_add_view(j, key, buf_view(&text));
    buf_free(&text);
}

static void add_example(struct buf *to, const struct whatif_example *e)
{
    struct json j = {.out = to};

    buf_add_char(to, '{');
    json_add_view(&j, "id", base_view(&e->id));
    json_add_str(&j, "from", e->from);
    verdict_add_weight_member(&j, "weight", e->then);
    verdict_add_weight_member(&j, "new_weight", e->now);
    if (e->most != e->now)
        verdict_add_weight_member(&j, "new_weight_most", e->most);
    json_add_str(&j, "setting", e->setting);
    if (j.raw)
        json_add_bool(&j, "raw", true);
    buf_add_char(to, '}');
}

static void add_group(struct buf *to, const struct whatif_group *g)
{
    struct json j = {.out = to};
    struct buf examples = {0};

    buf_add_char(to, '{');
    add_word(&j, "from", g->from);
    add_word(&j, "to", g->to);
    json_add_int(&j, "count", (int64_t)g->n);
    buf_add_char(&examples, '[');
    for (size_t i = 0; i < g->example_n; i++) {
        buf_add_str(&examples, i ? "," : "");
        add_example(&examples, &g->example[i]);
    }
    buf_add_char(&examples, ']');
    json_add_text(&j, "messages", buf_view(&examples));
    buf_add_char(to, '}');
    buf_free(&examples);
}

static void add_groups(struct json *j, const struct whatif_figures *f)
{
    struct buf text = {0};

    buf_add_char(&text, '[');
    for (size_t i = 0; i < f->group_n; i++) {
        buf_add_str(&text, i ? "," : "");
        add_group(&text, &f->group[i]);
    }
    buf_add_char(&text, ']');
    json_add_text(j, "changes", buf_view(&text));
    buf_free(&text);
}

static void add_reasons(struct json *j, const struct whatif_figures *f)
{
    struct buf text = {0};

    buf_add_char(&text, '[');
    for (size_t i = 0; i < f->reason_n; i++) {
        struct json one = {.out = &text};

        buf_add_str(&text, i ? ",{" : "{");
        json_add_str(&one, "why", f->reason[i].text);
        json_add_int(&one, "count", (int64_t)f->reason[i].n);
        buf_add_char(&text, '}');
    }
    buf_add_char(&text, ']');
    json_add_text(j, "reasons", buf_view(&text));
    buf_free(&text);
}

static void add_notes(struct json *j, const struct whatif_figures *f)
{
    struct buf text = {0};
    const char *comma = "";

    buf_add_char(&text, '[');
    for (size_t at = 0; at < f->notes.n;) {
        const size_t n = strcspn(f->notes.p + at, "\n");

        buf_addf(&text, "%s\"%.*s\"", comma, (int)n, f->notes.p + at);
        comma = ",";
        at += n + 1;
    }
    buf_add_char(&text, ']');
    json_add_text(j, "not_taken_into_account", buf_view(&text));
    buf_free(&text);
}

static void print_json(FILE *to, const struct ctl_whatif *o, const struct ctl_whatif_done *d)
{
    const struct whatif_figures *f = whatif_figures(d->whatif);
    struct buf text = {0};
    struct json j;

    json_open(&j, &text);
    json_add_str(&j, "file", o->file);
    json_add_int(&j, "days", o->days);
    json_add_int(&j, "messages", (int64_t)f->messages);
    json_add_int(&j, "changed", (int64_t)f->changed);
    json_add_int(&j, "unchanged", (int64_t)f->unchanged);
    json_add_int(&j, "reweighed", (int64_t)f->reweighed);
    json_add_int(&j, "unknown", (int64_t)f->unknown);
    json_add_int(&j, "not_kept", (int64_t)f->not_kept);
    json_add_int(&j, "damaged", (int64_t)d->damaged);
    json_add_int(&j, "ms", (int64_t)(d->seconds * 1000));
    add_groups(&j, f);
    add_reasons(&j, f);
    add_notes(&j, f);
    json_close(&j);
    say(to, &text);
    buf_free(&text);
}

void ctl_whatif_print(FILE *to, const struct ctl_whatif *o, const struct ctl_whatif_done *d)
{
    if (o->json)
        print_json(to, o, d);
    else
        print_text(to, o, d);
}
