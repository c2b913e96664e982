/*
 * whatif_old.c - see whatif_old.h: a record's decisions are gone through once, without a tree of values.
 *
 * For ten thousand records a second and more. The form is that of decision_json.c; the CRC of the line has
 * been compared, but anything may stand in it: bounded, no recursion.
 */
#include "spoold/whatif_old.h"

#include "common/xalloc.h"
#include "spoold/decide_rest.h"
#include "spoold/journal_value.h"

#include <stdlib.h>

/* --- words ---------------------------------------------------------------------------------------------- */

static uint8_t word_of_class(struct view class)
{
    const int found = spool_class_find(class);

    return found < 0 ? DECIDE_QUARANTINE : (uint8_t)(WHATIF_CLASS + found);
}

static uint8_t word_of_all(struct view fate, struct view class)
{
    if (view_equal(fate, VIEW("send")))
        return DECIDE_DELIVER;
    if (view_equal(fate, VIEW("discard")))
        return DECIDE_DISCARD;
    return view_equal(fate, VIEW("hold")) ? WHATIF_HOLD : word_of_class(class);
}

/* What is not sent is quarantined or discarded together. */
static uint8_t word_of(enum decide_action action, struct view fate, struct view class)
{
    if (action == DECIDE_QUARANTINE || (action == DECIDE_DISCARD && !view_equal(fate, VIEW("discard"))))
        return word_of_class(class);
    return (uint8_t)action;
}

uint8_t whatif_old_word(const struct replay_again *a, size_t i)
{
    const struct view fate = view_of(replay_fate(a));
    const struct view class = a->rest ? view_of(spool_class_name(a->whole.class)) : VIEW("");

    if (i >= a->decided.n || a->decided.too_many)
        return word_of_all(fate, class);
    return word_of(a->decided.outcome[i].action, fate, class);
}

void whatif_old_add_word(unsigned word, struct buf *to)
{
    if (word < WHATIF_CLASS)
        buf_add_str(to, decide_action_name((enum decide_action)word));
    else if (word < WHATIF_HOLD)
        buf_addf(to, "quarantine/%s", spool_class_name((enum spool_class)(word - WHATIF_CLASS)));
    else
        buf_add_str(to, "hold");
}

/* --- the record ----------------------------------------------------------------------------------------- */

/* "-1.25" in thousandths; what is beyond the third digit is no weight of ours. */
static int64_t thousandths(struct view v)
{
    const bool minus = v.n && v.p[0] == '-';
    int64_t sum = 0, unit = 1000;
    bool point = false;

    for (size_t i = minus; i < v.n && unit; i++) {
        const int digit = v.p[i] - '0';

        if (v.p[i] == '.') {
            point = true;
            continue;
        }
        if (digit < 0 || digit > 9 || sum > INT64_MAX / 100)
            break;
        unit /= point ? 10 : 1;
        sum = point ? sum + digit * unit : sum * 10 + digit * 1000;
    }
    return minus ? -sum : sum;
}

struct deciding {
    struct journal_value at;
    struct whatif_old *o;
    const struct replay_record *r;
    struct view to, action; /* of the element in work */
    bool copy;
};

static int read_member(struct deciding *d)
{
    struct view key;

    if (journal_value_string(&d->at, &key) < 0 || !journal_value_take(&d->at, ':'))
        return -1;
    if (view_equal(key, VIEW("to")))
        return journal_value_string(&d->at, &d->to);
    if (view_equal(key, VIEW("action")))
        return journal_value_string(&d->at, &d->action);
    d->copy |= view_equal(key, VIEW("copy"));
    return journal_value_skip(&d->at);
}

static int read_element(struct deciding *d)
{
    d->to = d->action = VIEW("");
    d->copy = false;
    if (!journal_value_take(&d->at, '{'))
        return -1;
    do {
        if (read_member(d) < 0)
            return -1;
    } while (journal_value_take(&d->at, ','));
    return journal_value_take(&d->at, '}') ? 0 : -1;
}

/* Room for this many recipients; what is new is not told. */
static void reach(struct whatif_old *o, size_t n)
{
    if (n > o->cap) {
        o->cap = 2 * n;
        o->word = xrealloc(o->word, o->cap, 1);
    }
    if (n > o->n)
        memset(o->word + o->n, WHATIF_NONE, n - o->n);
    o->n = n > o->n ? n : o->n;
}

static bool take_number(struct view *v, size_t *n)
{
    const size_t before = v->n;

    *n = 0;
    while (v->n && v->p[0] >= '0' && v->p[0] <= '9' && *n <= WHATIF_RCPT_MAX) {
        *n = 10 * *n + (size_t)(v->p[0] - '0');
        v->p++, v->n--;
    }
    return v->n < before && *n >= 1 && *n <= WHATIF_RCPT_MAX;
}

static bool take_byte(struct view *v, char c)
{
    if (!v->n || v->p[0] != c)
        return false;
    v->p++, v->n--;
    return true;
}

/* "1-3,7" */
static int set_words(struct whatif_old *o, struct view to, uint8_t word)
{
    size_t first, last;

    do {
        if (!take_number(&to, &first))
            return -1;
        last = first;
        if (take_byte(&to, '-') && (!take_number(&to, &last) || last < first))
            return -1;
        reach(o, last);
        memset(o->word + first - 1, word, last - first + 1);
    } while (take_byte(&to, ','));
    return to.n ? -1 : 0;
}

/* Where there would have been too many copies, nobody got one, whatever his action was. */
static bool is_without(const struct deciding *d, enum decide_action action)
{
    const struct decide_outcome o = {.action = action};

    return decide_has_copy(&o) && !d->copy && view_equal(d->r->fate, VIEW("quarantine"));
}

static int set_element(const struct deciding *d)
{
    const struct replay_record *r = d->r;
    enum decide_action action = 0;

    while (action < DECIDE_ACTION__MAX && !view_equal(view_of(decide_action_name(action)), d->action))
        action++;
    if (action == DECIDE_ACTION__MAX)
        return -1;
    return set_words(d->o, d->to,
                     is_without(d, action) ? word_of_class(r->class) : word_of(action, r->fate, r->class));
}

static int read_decisions(struct whatif_old *o, const struct replay_record *r)
{
    const struct view text = r->decisions;
    struct deciding d = {.at = {text.p, text.p + text.n, &o->text}, .o = o, .r = r};

    buf_clear(&o->text);
    buf_reserve(&o->text, text.n);
    if (!journal_value_take(&d.at, '['))
        return -1;
    do {
        if (read_element(&d) < 0 || set_element(&d) < 0)
            return -1;
    } while (journal_value_take(&d.at, ','));
    return journal_value_take(&d.at, ']') ? 0 : -1;
}

/* Mail that was not judged has no decisions: all of it went one way. */
const char *whatif_old_read(struct whatif_old *o, const struct replay_record *r)
{
    o->n = 0;
    o->weight = thousandths(r->weight);
    if (r->decisions_cut)
        return "what was decided for its recipients had no room in the record";
    if (r->by != DECIDE_BY_RECIPIENTS || !r->decisions.n) {
        reach(o, r->rcpt_n ? r->rcpt_n : 1);
        memset(o->word, word_of_all(r->fate, r->class), o->n);
        return NULL;
    }
    if (read_decisions(o, r) < 0)
        return "its record cannot be read";
    reach(o, r->rcpt_n);
    return memchr(o->word, WHATIF_NONE, o->n) ? "its record does not tell of all recipients" : NULL;
}

void whatif_old_free(struct whatif_old *o)
{
    free(o->word);
    buf_free(&o->text);
    *o = (struct whatif_old){.n = 0};
}
