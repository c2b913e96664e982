/*
 * ctl_explain.c - see ctl_explain.h: who it is about, why it waits, and then the decision (ctl_decision.h).
 *
 * The record comes from files (ctl_record.h); spoold is asked only whether the message is here now, and why
 * it is held. Where it does not run, that part is missing. Text of mail goes out through ctl_text.
 */
#include "tools/ctl_explain.h"

#include "common/json.h"
#include "common/log.h"
#include "tools/ctl_decision.h"
#include "tools/ctl_link.h"
#include "tools/ctl_text.h"

int ctl_explain_parse(struct ctl_words words, struct ctl_explain *e, struct buf *why)
{
    char *id = NULL;
    struct ctl_words one = {&id, 0};
    struct buf request = {0};
    int rc;

    for (size_t i = 0; i < words.n; i++) {
        if (strcmp(words.word[i], "--verbose") == 0) {
            e->verbose = true;
            continue;
        }
        id = words.word[i];
        one.n++;
    }
    rc = ctl_request_id(one, &request, why);
    e->word = id;
    buf_free(&request);
    return rc;
}

/* --- what spoold knows of it now ------------------------------------------------------ */

static void see_head(struct view line, const json_t *object, void *arg)
{
    json_t **head = arg;

    (void)line;
    if (!*head && json_is_string(json_object_get(object, "state")) && !json_object_get(object, "event"))
        *head = json_deep_copy(object);
}

/* NULL where it does not run: what is recorded can be told all the same. */
static json_t *ask_head(const struct config *c, const char *id)
{
    struct ctl_link l = {.fd = -1};
    struct buf request = {0}, why = {0};
    json_t *head = NULL;

    if (ctl_request_add_word(&request, NULL, "show") == 0 && ctl_request_add_word(&request, NULL, id) == 0 &&
        ctl_link_open(&l, c->root, c->state, &why) == 0 && ctl_link_send(&l, &request, &why) == 0)
        ctl_link_receive(&l, see_head, &head, &why);
    ctl_link_close(&l);
    buf_free(&request);
    buf_free(&why);
    return head;
}

static bool is_state(const json_t *head, const char *state)
{
    const char *s = json_string_value(json_object_get(head, "state"));

    return s && strcmp(s, state) == 0;
}

/* --- for people -------------------------------------------------------------------------- */

static void print_row(struct ctl_print *p, enum ctl_print_colour colour, const char *label, struct buf *text)
{
    if (text->n)
        ctl_decision_print_row(p, colour, label, text);
    buf_clear(text);
}

static void add_time(struct buf *to, int64_t ms)
{
    char text[32];
    size_t n = json_time_text(text, ms);

    ctl_text_add_time(to, (struct view){text, n});
    buf_add_str(to, " UTC");
}

static void add_rcpt(struct buf *to, const struct ctl_record *r)
{
    if (r->rcpt_n != 1 || !r->rcpt[0].n)
        buf_addf(to, "%zu recipients", r->rcpt_n);
    else
        ctl_text_add(to, r->rcpt[0], false);
}

static void print_message(struct ctl_print *p, const struct ctl_record *r)
{
    struct buf text = {0};

    ctl_text_add(&text, view_of(r->id), false);
    print_row(p, CTL_PRINT_BOLD, "id", &text);
    ctl_text_add(&text, r->name, false);
    print_row(p, CTL_PRINT_PLAIN, "name", &text);
    if (r->at_ms)
        add_time(&text, r->at_ms);
    print_row(p, CTL_PRINT_PLAIN, "since", &text);
    if (r->has_from)
        ctl_text_add(&text, r->from.n ? r->from : VIEW("<>"), false);
    print_row(p, CTL_PRINT_PLAIN, "from", &text);
    if (r->rcpt_n)
        add_rcpt(&text, r);
    print_row(p, CTL_PRINT_PLAIN, "to", &text);
    if (r->size)
        ctl_text_add_size(&text, (int64_t)r->size);
    print_row(p, CTL_PRINT_PLAIN, "size", &text);
    buf_free(&text);
}

/* The answer to "why was it held". */
static void print_now(struct ctl_print *p, const json_t *head)
{
    const bool held = is_state(head, "held");
    struct buf text = {0};

    ctl_print_add_member(&text, head, "state");
    print_row(p, held ? CTL_PRINT_YELLOW : CTL_PRINT_PLAIN, "now", &text);
    if (!held)
        goto out;
    ctl_print_add_member(&text, head, "reason");
    print_row(p, CTL_PRINT_YELLOW, "held because", &text);
    if (ctl_print_add_time(&text, "", head, "next"))
        buf_add_str(&text, " UTC; spoolctl retry tries it now");
    print_row(p, CTL_PRINT_PLAIN, "next try", &text);
out:
    buf_free(&text);
}

/* Where the record does not say what became of it, the last line of the journal does. */
static void print_end(struct ctl_print *p, const struct ctl_record *r)
{
    struct buf text = {0};

    ctl_text_add(&text, view_of(r->last), false);
    if (r->class.n) {
        buf_add_str(&text, " as ");
        ctl_text_add(&text, r->class, false);
    }
    print_row(p, CTL_PRINT_PLAIN, "fate", &text);
    ctl_text_add(&text, r->reason, false);
    print_row(p, CTL_PRINT_PLAIN, "reason", &text);
    buf_free(&text);
}

/* Where that is another one than the client that was judged, a gateway is between them. */
static void print_connected(struct ctl_print *p, const struct ctl_record *r, const json_t *record)
{
    const json_t *ip = json_object_get(json_object_get(record, "client"), "ip");
    struct buf text = {0};

    if (!json_is_string(ip) || !view_equal(view_of(json_string_value(ip)), r->client))
        ctl_text_add(&text, r->client, false);
    print_row(p, CTL_PRINT_PLAIN, "connected from", &text);
    buf_free(&text);
}

static void print_blank(struct ctl_print *p)
{
    const struct buf nothing = {0};

    ctl_print_line(p, CTL_PRINT_PLAIN, &nothing);
}

static void print_again(struct ctl_print *p, const struct ctl_record *r, const json_t *record)
{
    struct buf text = {0};

    if (!ctl_print_add_member(&text, record, "config"))
        return;
    buf_add_str(&text, "; to decide again by them: spoolctl replay ");
    ctl_text_add(&text, ctl_text_short_id(view_of(r->id)), false);
    print_row(p, CTL_PRINT_PLAIN, "settings", &text);
    buf_free(&text);
}

/* Of the whole record, below the head. */
static void print_decision(struct ctl_print *p, const struct ctl_record *r, const struct ctl_decision *d)
{
    ctl_decision_print_whole(p, d);
    if (!json_object_get(d->record, "fate"))
        print_end(p, r);
    ctl_decision_print_incomplete(p, d);
    if (json_array_size(json_object_get(d->record, "checks"))) {
        print_blank(p);
        ctl_decision_print_checks(p, d);
    }
    if (json_array_size(json_object_get(d->record, "decisions"))) {
        print_blank(p);
        ctl_decision_print_outcomes(p, d);
    }
    if (json_object_get(d->record, "config")) {
        print_blank(p);
        print_again(p, r, d->record);
    }
}

static void print_no_record(struct ctl_print *p, const struct ctl_record *r, const json_t *head)
{
    struct buf text = {0};

    if (strcmp(r->last, "accepted") != 0)
        print_end(p, r);
    if (is_state(head, "held") || !*r->last || strcmp(r->last, "accepted") == 0)
        buf_add_str(&text,
                    "nothing is decided yet: its checks are done when it is tried, after the virus scan");
    else
        buf_add_str(&text, "no record of the decision is left: the journal keeps its days for "
                           "journal.keep_history, a quarantine entry as long as it is there");
    print_row(p, CTL_PRINT_PLAIN, "decision", &text);
    buf_free(&text);
}

void ctl_explain_print(struct ctl_print *p, const struct ctl_record *r, const json_t *head, bool verbose)
{
    json_t *record = json_loadb(r->json.p ? r->json.p : "", r->json.n, JSON_ALLOW_NUL, NULL);
    const struct ctl_decision d = {
        .record = record, .rcpt = r->rcpt, .rcpt_n = r->rcpt_n, .verbose = verbose};

    print_message(p, r);
    print_connected(p, r, record);
    if (head)
        print_now(p, head);
    if (record)
        print_decision(p, r, &d);
    else
        print_no_record(p, r, head);
    json_decref(record);
}

/* --- for programs ------------------------------------------------------------------------ */

static json_t *list_of(const struct ctl_record *r, bool *raw)
{
    json_t *list = json_array();

    for (size_t i = 0; i < r->rcpt_n; i++)
        json_array_append_new(list, ctl_decision_text(r->rcpt[i], raw));
    return list;
}

static void set_text(json_t *o, const char *key, struct view text, bool *raw)
{
    if (text.n)
        json_object_set_new(o, key, ctl_decision_text(text, raw));
}

static json_t *message_json(const struct ctl_record *r, bool *raw)
{
    json_t *o = json_object();
    char at[32];

    json_object_set_new(o, "v", json_integer(1));
    json_object_set_new(o, "id", json_string(r->id));
    if (r->at_ms)
        json_object_set_new(o, "at", json_stringn(at, json_time_text(at, r->at_ms)));
    set_text(o, "name", r->name, raw);
    if (r->has_from)
        json_object_set_new(o, "from", ctl_decision_text(r->from, raw));
    json_object_set_new(o, "recipients", list_of(r, raw));
    json_object_set_new(o, "size", json_integer((json_int_t)r->size));
    set_text(o, "connected", r->client, raw);
    json_object_set_new(o, "last", json_string(r->last));
    set_text(o, "class", r->class, raw);
    set_text(o, "reason", r->reason, raw);
    json_object_set_new(o, "recorded", json_string(r->where));
    return o;
}

/* Members of the record count before those of the same name that the journal gave; an entry names those that
 * it is held for as its recipients, and is not the message. */
static void add_record(json_t *o, json_t *record)
{
    static const char *const ours[] = {"v", "id", "at", "from", "recipients", "size"};

    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        json_object_del(record, ours[i]);
    json_object_update(o, record);
}

json_t *ctl_explain_json(const struct ctl_record *r, const json_t *head)
{
    json_t *record = json_loadb(r->json.p ? r->json.p : "", r->json.n, JSON_ALLOW_NUL, NULL), *o;
    bool raw = false;

    o = message_json(r, &raw);
    if (record) {
        ctl_decision_resolve(record, r->rcpt, r->rcpt_n);
        add_record(o, record);
    }
    if (head)
        json_object_set_new(o, "now", json_deep_copy(head));
    if (raw)
        json_object_set_new(o, "raw", json_true());
    json_decref(record);
    return o;
}

static void write_json(const struct ctl_record *r, const json_t *head)
{
    json_t *o = ctl_explain_json(r, head);

    json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15));
    fputc('\n', stdout);
    json_decref(o);
}

int ctl_explain(const struct config *c, const struct ctl_explain *e, bool json, struct buf *why)
{
    struct ctl_record r;
    int rc = ctl_record_find(c, e->word, &r, why);
    json_t *head = rc ? NULL : ask_head(c, r.id);
    struct ctl_print p;

    if (!rc && json) {
        write_json(&r, head);
    } else if (!rc) {
        ctl_print_init(&p, stdout);
        ctl_explain_print(&p, &r, head, e->verbose);
    }
    json_decref(head);
    ctl_record_free(&r);
    return rc;
}
