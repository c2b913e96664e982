/*
 * ctl_decision_whole.c - see ctl_decision.h: what decided about a message as a whole, in plain words.
 *
 * Rules are rows: the word of a record and what it means to somebody who runs a mail server. A word that is
 * not known here is of a later version and shown as it is.
 */
#include "tools/ctl_decision.h"

#include "tools/ctl_text.h"

#define FACTS_SHOWN 5 /* names that the DNS did not answer for */

static void add(struct buf *to, const char *before, struct view text, const char *behind)
{
    if (!text.n)
        return;
    buf_add_str(to, before);
    ctl_text_add(to, text, false);
    buf_add_str(to, behind);
}

static void print_row(struct ctl_print *p, enum ctl_print_colour colour, const char *label, struct buf *text)
{
    if (text->n)
        ctl_decision_print_row(p, colour, label, text);
    buf_free(text);
}

struct word {
    struct view word;
    const char *text;
};

static const struct word rules[] = {
    {{"recipients", 10}, "the settings of its recipients, as below"},
    {{"virus", 5}, "the virus scanner: a virus was found"},
    {{"unexamined", 10}, "the virus scanner: it could not be examined"},
    {{"ambiguous", 9}, "its form: mail readers take it in different ways"},
    {{"size", 4}, "its size: it is larger than spool.max_message_size"},
    {{"envelope", 8}, "its envelope: the .hdr cannot be used as it is"},
    {{"loop", 4}, "a mail loop: it has passed too many hosts, or this one too often"},
    {{"held", 4}, "time: it was held longer than spool.max_hold"},
    {{"worker", 6}, "the workers: none could get through it"},
    {{"test", 4}, "a test that asked for this fate"},
};
static const struct word fates[] = {
    {{"send", 4}, "sent on"},
    {{"quarantine", 10}, "quarantined"},
    {{"discard", 7}, "discarded"},
    {{"hold", 4}, "held, and tried again later"},
};

static void add_word(struct buf *to, const struct word *w, size_t n, struct view word)
{
    for (size_t i = 0; i < n; i++)
        if (view_equal(w[i].word, word)) {
            buf_add_str(to, w[i].text);
            return;
        }
    ctl_text_add(to, word, false);
}

static void print_client(struct ctl_print *p, const json_t *record)
{
    const json_t *client = json_object_get(record, "client"), *via = json_object_get(client, "via");
    const json_t *envelope = json_object_get(record, "envelope");
    struct buf text = {0};

    add(&text, "", ctl_print_string(client, "ip"), "");
    add(&text, text.n ? " (" : "(", ctl_print_string(client, "name"), ")");
    add(&text, text.n ? ", HELO " : "HELO ", ctl_print_string(client, "helo"), "");
    if (json_array_size(via)) {
        buf_add_str(&text, ", through gateway ");
        ctl_print_add_value(&text, via, false);
    }
    if (!json_object_get(client, "ip"))
        add(&text, "", ctl_print_string(envelope, "ip"), "");
    add(&text, text.n ? ", logged in as " : "logged in as ", ctl_print_string(envelope, "auth"), "");
    print_row(p, CTL_PRINT_PLAIN, "client", &text);
    add(&text, "", ctl_print_string(record, "direction"), "");
    print_row(p, CTL_PRINT_PLAIN, "direction", &text);
}

static void print_virus(struct ctl_print *p, const json_t *record)
{
    const json_t *virus = json_object_get(record, "virus");
    const struct view state = ctl_print_string(virus, "state");
    struct buf text = {0};

    add(&text, "", state, "");
    add(&text, ": ", ctl_print_string(virus, "name"), "");
    add(&text, ": ", ctl_print_string(virus, "why"), "");
    add(&text, ", ", ctl_print_string(virus, "detail"), "");
    add(&text, ", ", ctl_print_string(virus, "warning"), "");
    if (!view_equal(state, VIEW("not asked")))
        print_row(p, view_equal(state, VIEW("clean")) ? CTL_PRINT_PLAIN : CTL_PRINT_YELLOW, "virus scan",
                  &text);
    buf_free(&text);
}

static bool has_copies(const json_t *record)
{
    const json_t *list = json_object_get(record, "decisions");

    for (size_t i = 0; i < json_array_size(list); i++)
        if (json_object_get(json_array_get(list, i), "copy"))
            return true;
    return false;
}

static void print_rule(struct ctl_print *p, const json_t *record)
{
    const struct view by = ctl_print_string(record, "by"), fate = ctl_print_string(record, "fate");
    struct buf text = {0};

    if (by.n)
        add_word(&text, rules, sizeof rules / sizeof *rules, by);
    print_row(p, CTL_PRINT_BOLD, "decided by", &text);
    if (fate.n)
        add_word(&text, fates, sizeof fates / sizeof *fates, fate);
    add(&text, " as ", ctl_print_string(record, "class"), "");
    if (!view_equal(fate, VIEW("send")) && has_copies(record))
        buf_add_str(&text, " for some of its recipients, sent on to the others");
    print_row(p, view_equal(fate, VIEW("send")) ? CTL_PRINT_PLAIN : CTL_PRINT_YELLOW, "fate", &text);
    add(&text, "", ctl_print_string(record, "reason"), "");
    print_row(p, CTL_PRINT_PLAIN, "reason", &text);
}

void ctl_decision_print_whole(struct ctl_print *p, const struct ctl_decision *d)
{
    print_client(p, d->record);
    print_virus(p, d->record);
    print_rule(p, d->record);
}

/* Only what would have been an answer another time: that a name is not there is one. */
static bool is_unanswered(const json_t *fact)
{
    const struct view rcode = ctl_print_string(fact, "rcode");

    return view_equal(rcode, VIEW("TIMEOUT")) || view_equal(rcode, VIEW("SERVFAIL"));
}

static void add_unanswered(struct buf *to, const json_t *record)
{
    json_t *dns = json_object_get(json_object_get(record, "facts"), "dns"), *fact;
    const char *name;
    size_t n = 0;

    json_object_foreach(dns, name, fact)
    {
        if (!is_unanswered(fact) || n++ >= FACTS_SHOWN)
            continue;
        buf_add_str(to, n == 1 ? "the DNS did not answer: " : ", ");
        ctl_text_add(to, view_of(name), false);
        add(to, " (", ctl_print_string(fact, "rcode"), ")");
    }
    if (n > FACTS_SHOWN)
        buf_addf(to, " and %zu more", n - FACTS_SHOWN);
}

static void print_cut(struct ctl_print *p, const json_t *record, const char *key, const char *words)
{
    struct buf text = {0};

    if (json_is_true(json_object_get(record, key)))
        buf_add_str(&text, words);
    print_row(p, CTL_PRINT_PLAIN, "not kept", &text);
}

void ctl_decision_print_incomplete(struct ctl_print *p, const struct ctl_decision *d)
{
    const json_t *list = json_object_get(d->record, "incomplete");
    struct buf text = {0};

    for (size_t i = 0; i < json_array_size(list); i++) {
        ctl_print_add_value(&text, json_array_get(list, i), false);
        print_row(p, CTL_PRINT_YELLOW, "incomplete", &text);
    }
    add_unanswered(&text, d->record);
    print_row(p, CTL_PRINT_YELLOW, "not got", &text);
    print_cut(p, d->record, "checks_cut", "the checks: there were too many for the journal");
    print_cut(p, d->record, "decisions_cut", "what was decided for whom: there was too much for the journal");
    print_cut(p, d->record, "facts_cut", "the answers of the DNS: there were too many for the journal");
    print_cut(p, d->record, "facts_private", "the answers of the DNS: see journal.log_addresses");
}
