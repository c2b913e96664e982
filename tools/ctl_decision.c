/*
 * ctl_decision.c - see ctl_decision.h: the recipients of a decision, and what became of their mail.
 *
 * Elements of "decisions" name recipients by their positions in the envelope, or, in the record of a
 * quarantine entry, by address as well. Pure but for what is printed.
 */
#include "tools/ctl_decision.h"

#include "common/utf8.h"
#include "common/positions.h"
#include "tools/ctl_text.h"

#define LABEL_WIDTH 15 /* as in ctl_print_row() */
#define NARROWEST   60
#define RCPT_SHOWN  10
#define RCPT_BRIEF  3

size_t ctl_decision_width(const struct ctl_print *p)
{
    if (!p->width || p->width > CTL_DECISION_WIDTH)
        return CTL_DECISION_WIDTH;
    return p->width < NARROWEST ? NARROWEST : p->width;
}

bool ctl_decision_add_number(struct buf *to, const json_t *n)
{
    if (!json_is_number(n))
        return false;
    buf_addf(to, "%.15g", json_number_value(n));
    return true;
}

void ctl_decision_print_row(struct ctl_print *p, enum ctl_print_colour colour, const char *label,
                            const struct buf *text)
{
    struct view rest = buf_view(text);
    size_t width = ctl_decision_width(p) - LABEL_WIDTH;

    do {
        struct view part = ctl_text_take_line(&rest, width);
        struct buf line = {0};

        buf_add_view(&line, part);
        ctl_print_row(p, colour, label, &line);
        buf_free(&line);
        label = "";
    } while (rest.n);
}

/* --- recipients --------------------------------------------------------------------- */

struct listing {
    struct buf *to;
    size_t most, n;
    bool known; /* each address so far has bytes */
};

static void list_one(struct listing *l, struct view address, bool raw)
{
    l->known = l->known && address.n;
    if (l->n++ >= l->most)
        return;
    buf_add_str(l->to, l->n > 1 ? ", " : "");
    ctl_text_add(l->to, address, raw);
}

/* Those who are not shown are counted, not looked at: a damaged record may name a million, over and over. */
static void list_positions(struct listing *l, const struct ctl_decision *d, struct view to)
{
    size_t first, last;

    while (l->n < POSITIONS_MAX && positions_take(&to, &first, &last)) {
        l->known = l->known && last <= d->rcpt_n;
        for (; first <= last && l->known && l->n < l->most; first++)
            list_one(l, d->rcpt[first - 1], false);
        l->n += last - first + 1;
    }
}

void ctl_decision_add_rcpt(struct buf *to, const struct ctl_decision *d, const json_t *element, size_t most)
{
    const bool raw = json_is_true(json_object_get(d->record, "raw"));
    const json_t *rcpt = json_object_get(element, "rcpt");
    const struct view positions = ctl_print_string(element, "to");
    struct listing l = {.to = to, .most = most, .known = true};
    const size_t before = to->n;

    for (size_t i = 0; i < json_array_size(rcpt); i++) {
        const json_t *one = json_array_get(rcpt, i);

        list_one(&l, (struct view){json_string_value(one), json_string_length(one)}, raw);
    }
    if (!l.n)
        list_positions(&l, d, positions);
    if (json_integer_value(json_object_get(element, "rcpt_more")) > 0)
        l.n += (size_t)json_integer_value(json_object_get(element, "rcpt_more"));
    if (d->rcpt_n == 1 && !d->rcpt[0].n) { /* check without recipients; a record without addresses */
        to->n = before;
        buf_add_str(to, "any recipient");
    } else if (!l.known && positions.n) {
        to->n = before;
        buf_add_str(to, "recipient ");
        ctl_text_add(to, positions, false);
    } else if (!l.known || !l.n) {
        buf_add_str(to, "any recipient");
    } else if (l.n > most) {
        buf_addf(to, " and %zu more", l.n - most);
    }
}

static bool is_utf8(struct view v)
{
    uint32_t c = 0;
    size_t n = 1;

    for (; v.n && n; v = (struct view){v.p + n, v.n - n})
        if (!(n = utf8_decode(v, &c)))
            return false;
    return true;
}

json_t *ctl_decision_text(struct view bytes, bool *raw)
{
    struct buf text = {0};
    json_t *value;

    if (is_utf8(bytes))
        return json_stringn(bytes.n ? bytes.p : "", bytes.n);
    *raw = true;
    for (size_t i = 0; i < bytes.n; i++) {
        const unsigned char b = (unsigned char)bytes.p[i];

        if (b >= 0x80)
            buf_add_char(&text, (char)(0xc0 | b >> 6));
        buf_add_char(&text, (char)(b >= 0x80 ? 0x80 | (b & 0x3f) : b));
    }
    value = json_stringn(text.p, text.n);
    buf_free(&text);
    return value;
}

void ctl_decision_add_bytes(struct buf *to, const json_t *string, bool raw)
{
    const char *s = json_is_string(string) ? json_string_value(string) : "";
    const size_t n = json_is_string(string) ? json_string_length(string) : 0;

    for (size_t i = 0; i < n; i++) {
        unsigned char b = (unsigned char)s[i];

        if (raw && (b == 0xc2 || b == 0xc3) && i + 1 < n)
            b = (unsigned char)((b & 0x03) << 6 | ((unsigned char)s[++i] & 0x3f));
        buf_add_char(to, (char)b);
    }
}

/* `left`: of all elements together, since nobody has two decisions. */
struct resolving {
    const struct view *rcpt;
    size_t n, left;
    bool raw;
};

static void resolve(json_t *element, struct resolving *r)
{
    struct view to = ctl_print_string(element, "to");
    json_t *list = json_array();
    size_t first, last;

    while (r->left && positions_take(&to, &first, &last))
        for (size_t at = first; at <= last && at <= r->n && r->left; at++, r->left--)
            json_array_append_new(list, ctl_decision_text(r->rcpt[at - 1], &r->raw));
    json_object_set_new(element, "rcpt", list);
}

void ctl_decision_resolve(json_t *record, const struct view *rcpt, size_t n)
{
    json_t *decisions = json_object_get(record, "decisions");
    struct resolving r = {rcpt, n, n, json_is_true(json_object_get(record, "raw"))};

    for (size_t i = 0; i < json_array_size(decisions); i++)
        if (json_is_object(json_array_get(decisions, i)) &&
            !json_object_get(json_array_get(decisions, i), "rcpt"))
            resolve(json_array_get(decisions, i), &r);
    if (r.raw)
        json_object_set_new(record, "raw", json_true());
}

/* --- outcomes ------------------------------------------------------------------------- */

static void add_level(struct buf *to, const json_t *e)
{
    buf_add_str(to, "weight ");
    if (!ctl_decision_add_number(to, json_object_get(e, "weight")))
        buf_add_str(to, "not known");
    buf_add_str(to, " is level ");
    ctl_text_add(to, ctl_print_string(e, "level"), false);
}

static void add_why(struct buf *to, const json_t *e)
{
    static const struct {
        struct view why;
        const char *text;
    } words[] = {{{"blacklist", 9}, "its client is in the blacklist"},
                 {{"blocked sender", 14}, "its sender is blocked"},
                 {{"whitelist", 9}, "its client is in the whitelist"},
                 {{"trusted sender", 14}, "its sender is trusted"}};
    const struct view why = ctl_print_string(e, "why");

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (view_equal(why, words[i].why))
            buf_addf(to, "%s, ", words[i].text);
    add_level(to, e);
    if (!json_is_number(json_object_get(e, "threshold")) ||
        (!view_equal(why, VIEW("level")) && !view_equal(why, VIEW("threshold"))))
        return;
    buf_add_str(to, view_equal(why, VIEW("level")) ? " (from " : " and reaches the threshold ");
    ctl_decision_add_number(to, json_object_get(e, "threshold"));
    buf_add_str(to, view_equal(why, VIEW("level")) ? " on)" : "");
}

/* "[level high] action", of a profile "[profile strict] high.action"; then where that stands. */
static void add_setting(struct buf *to, const json_t *e)
{
    const struct view section = ctl_print_string(e, "section"), profile = ctl_print_string(e, "profile"),
                      line = ctl_print_string(e, "line");
    const char *blank = section.n ? memchr(section.p, ' ', section.n) : NULL;
    struct view shorter =
        blank ? (struct view){blank + 1, (size_t)(section.p + section.n - blank) - 1} : section;

    if (profile.n) {
        buf_add_str(to, "[profile ");
        ctl_text_add(to, profile, false);
        buf_add_str(to, shorter.n ? "] " : "]");
        ctl_text_add(to, shorter, false);
        buf_add_str(to, section.n ? "." : "");
    } else if (section.n) {
        buf_add_str(to, "[");
        ctl_text_add(to, section, false);
        buf_add_str(to, "] ");
    }
    ctl_text_add(to, ctl_print_string(e, "key"), false);
    if (line.n) {
        buf_add_str(to, to->n ? " (" : "(");
        ctl_text_add(to, line, false);
        buf_add_char(to, ')');
    }
}

static void print_row(struct ctl_print *p, const char *label, struct buf *text)
{
    if (text->n)
        ctl_decision_print_row(p, CTL_PRINT_PLAIN, label, text);
    buf_clear(text);
}

static bool is_kept_back(const json_t *e)
{
    const struct view action = ctl_print_string(e, "action");

    return view_equal(action, VIEW("quarantine")) || view_equal(action, VIEW("discard")) ||
           view_equal(action, VIEW("bounce"));
}

/* Results that a profile weighs in its own way, "spf fail 3 (spoold.ini:50)". */
static void add_weights(struct buf *to, const json_t *e)
{
    const json_t *list = json_object_get(e, "weights");

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *w = json_array_get(list, i);

        buf_add_str(to, i ? "; " : "");
        ctl_text_add(to, ctl_print_string(w, "name"), false);
        buf_add_char(to, ' ');
        ctl_text_add(to, ctl_print_string(w, "result"), false);
        buf_add_char(to, ' ');
        ctl_decision_add_number(to, json_object_get(w, "weight"));
        buf_add_str(to, " (");
        ctl_text_add(to, ctl_print_string(w, "line"), false);
        buf_add_char(to, ')');
    }
}

/* Those who get no copy have one fate: what is quarantined for one of them is for all. */
static bool is_quarantined_instead(const struct ctl_decision *d, const json_t *e)
{
    const struct view action = ctl_print_string(e, "action");

    return view_equal(ctl_print_string(d->record, "fate"), VIEW("quarantine")) &&
           !json_object_get(e, "copy") &&
           (view_equal(action, VIEW("discard")) || view_equal(action, VIEW("redirect")) ||
            view_equal(action, VIEW("bounce")));
}

static void print_outcome(struct ctl_print *p, const struct ctl_decision *d, const json_t *e)
{
    struct buf text = {0};

    ctl_decision_add_rcpt(&text, d, e, d->verbose ? SIZE_MAX : RCPT_SHOWN);
    ctl_decision_print_row(p, CTL_PRINT_BOLD, "for", &text);
    buf_clear(&text);
    ctl_text_add(&text, ctl_print_string(e, "action"), false);
    buf_add_str(&text, ": ");
    add_why(&text, e);
    buf_add_str(&text, is_quarantined_instead(d, e) ? "; quarantined instead" : "");
    ctl_decision_print_row(p, is_kept_back(e) ? CTL_PRINT_YELLOW : CTL_PRINT_PLAIN, "  action", &text);
    buf_clear(&text);
    add_setting(&text, e);
    print_row(p, "  set by", &text);
    add_weights(&text, e);
    print_row(p, "  own weights", &text);
    ctl_decision_add_number(&text, json_object_get(e, "copy"));
    print_row(p, "  copy", &text);
    ctl_text_add(&text, ctl_print_string(e, "text"), false);
    print_row(p, "  subject text", &text);
    ctl_text_add(&text, ctl_print_string(e, "redirect"), false);
    print_row(p, is_quarantined_instead(d, e) ? "  meant for" : "  redirected to", &text);
    buf_free(&text);
}

void ctl_decision_print_outcomes(struct ctl_print *p, const struct ctl_decision *d)
{
    const json_t *list = json_object_get(d->record, "decisions");

    for (size_t i = 0; i < json_array_size(list); i++)
        print_outcome(p, d, json_array_get(list, i));
}

void ctl_decision_print_brief(struct ctl_print *p, const struct ctl_decision *d)
{
    const json_t *list = json_object_get(d->record, "decisions");

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *e = json_array_get(list, i);
        struct buf text = {0}, setting = {0};

        buf_add_str(&text, "    ");
        ctl_text_add(&text, ctl_print_string(e, "action"), false);
        buf_add_str(&text, " for ");
        ctl_decision_add_rcpt(&text, d, e, RCPT_BRIEF);
        buf_add_str(&text, ": ");
        add_why(&text, e);
        add_setting(&setting, e);
        buf_add_str(&text, setting.n ? ", " : "");
        buf_add_view(&text, buf_view(&setting));
        ctl_print_line(p, CTL_PRINT_PLAIN, &text);
        buf_free(&setting);
        buf_free(&text);
    }
}
