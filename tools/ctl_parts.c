/*
 * ctl_parts.c - the parts of a message for people: `show --parts`, and below `quarantine show`.
 *
 * Called once per line of an answer. The list stands in the decision record, which is in the journal's line
 * for each copy of the message; one of them is enough. Types and names are what a
 * stranger wrote into a mail: every string goes through ctl_text. Trusts no member to be there.
 */
#include "tools/ctl_print.h"

#include "common/oddity.h"
#include "tools/ctl_text.h"

/* In words where this version knows the name, else the name. */
static void add_oddity(struct buf *b, const json_t *name)
{
    struct view v = {json_string_value(name), json_string_length(name)};

    for (unsigned o = ODDITY_NONE + 1; v.n && o < ODDITY__MAX; o++) {
        if (!view_equal(v, view_of(oddity_name(o))))
            continue;
        buf_add_str(b, oddity_grade(o) == ODDITY_AMBIGUOUS ? "ambiguous: " : "");
        buf_add_str(b, oddity_grade(o) == ODDITY_LIMIT ? "limit: " : "");
        buf_add_str(b, oddity_text(o));
        return;
    }
    ctl_text_add(b, v, false);
}

static void print_oddities(struct ctl_print *p, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct buf text = {0};

        add_oddity(&text, json_array_get(list, i));
        ctl_print_row(p, CTL_PRINT_YELLOW, i ? "" : "form", &text);
        buf_free(&text);
    }
}

static void print_more(struct ctl_print *p, const json_t *more)
{
    struct buf text = {0};

    if (json_integer_value(more) <= 0)
        return;
    buf_addf(&text, "(%" JSON_INTEGER_FORMAT " more)", json_integer_value(more));
    ctl_print_line(p, CTL_PRINT_PLAIN, &text);
    buf_free(&text);
}

void ctl_parts_print(struct ctl_print *p, const json_t *o)
{
    const json_t *list = json_object_get(o, "parts");

    if (json_array_size(list) && !p->parts) {
        p->parts = true;
        ctl_table_part(p, NULL);
    }
    for (size_t i = 0; i < json_array_size(list); i++)
        ctl_table_part(p, json_array_get(list, i));
    print_more(p, json_object_get(o, "parts_more"));
    print_oddities(p, json_object_get(o, "oddities"));
}

void ctl_parts_show(struct ctl_print *p, const json_t *line)
{
    const json_t *record = json_object_get(line, "record");

    if (p->parts || !json_is_array(json_object_get(record, "parts")))
        return;
    ctl_parts_print(p, record);
    p->parts = true;
}
