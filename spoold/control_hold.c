/*
 * control_hold.c - see control_hold.h. Loop thread.
 *
 * An ID is looked for among the messages that are here (the roster): a whole
 * BASE, its last 25 characters, or the dropped name as far as BASE shows it. A
 * name that several have is refused, for nobody should hold the wrong one. What
 * is not here was never, or is decided; which of them is the ledger's to say
 * (spoolctl show).
 */
#include "spoold/control_hold.h"

#include "common/json.h"
#include "common/log.h"
#include "spoold/deliver.h"
#include "spoold/hold.h"

static const char no_such[] =
    "no message with that ID is in work or held here; what is decided already is told "
    "by: spoolctl show ID";

struct search {
    struct view word;
    struct roster_entry *found;
    size_t n;
};

static void look_at(struct roster_entry *e, void *arg)
{
    struct search *q = arg;
    bool tail = q->word.n == BASE_ID_LEN && view_ends_with(base_view(&e->base), q->word);

    if (!tail && !view_equal(base_view(&e->base), q->word) && !base_name_matches(&e->base, q->word))
        return;
    q->found = e;
    q->n++;
}

/* An exit code with its message; 0 and the entry. */
static int find_entry(struct spoold *s, const struct control_request *r, struct roster_entry **e,
                      const char **message)
{
    struct search q = {.word = r->n == 2 ? r->word[1] : VIEW("")};
    struct base b;

    if (!q.word.n) {
        *message = "exactly one ID is wanted: a whole id, its last 25 characters, or the dropped name";
        return EXIT_USAGE_64;
    }
    *e = base_parse(&b, q.word) == 0 ? roster_find(&s->roster, &b) : NULL;
    if (*e)
        return EXIT_OK;
    roster_each(&s->roster, look_at, &q);
    *e = q.found;
    if (q.n == 1)
        return EXIT_OK;
    *message = q.n ? "several messages have that name; take the ID from: spoolctl queue" : no_such;
    return EXIT_FINDING;
}

static void add_text(struct buf *out, const char *key, int64_t n, int64_t kept, const char *text)
{
    struct json j;

    json_open(&j, out);
    json_add_int(&j, key, n);
    json_add_int(&j, "kept", kept);
    json_add_str(&j, "text", text);
    json_close(&j);
    buf_add_char(out, '\n');
}

int control_hold(struct spoold *s, const struct control_request *r, struct buf *out, const char **message)
{
    struct roster_entry *e = NULL;
    int rc = find_entry(s, r, &e, message);

    (void)out;
    if (rc)
        return rc;
    if (s->stopping) {
        *message = "spoold is stopping";
        return EXIT_TEMP_75;
    }
    if (e->state == ROSTER_HELD) {
        hold_keep(s, e, control_ticket(s));
    } else if (hold_want(s, &e->base, control_ticket(s)) < 0) {
        *message = "too many messages in work are to be held already; wait a moment";
        return EXIT_TEMP_75;
    } else if (e->state == ROSTER_OFFERED) {
        roster_set_due(&s->roster, e, 0); /* not left to other programs any longer */
    }
    return CONTROL_LATER;
}

int control_unhold(struct spoold *s, const struct control_request *r, struct buf *out, const char **message)
{
    struct roster_entry *e = NULL;
    int rc = find_entry(s, r, &e, message);

    if (rc)
        return rc;
    if (roster_is_kept(e)) {
        hold_release(s, e, control_ticket(s));
        return CONTROL_LATER;
    }
    if (hold_forget(s, &e->base)) {
        add_text(out, "released", 1, 0, "the order to hold it is taken back; it was not held yet");
        return EXIT_OK;
    }
    *message = e->state == ROSTER_HELD
                   ? "no administrator holds it; the reason is another one (spoolctl queue). To try it now: "
                     "spoolctl retry ID"
                   : "it is not held: it is in work";
    return EXIT_FINDING;
}

struct retry {
    struct roster *roster;
    int64_t tried, kept;
};

static void retry_one(struct roster_entry *e, void *arg)
{
    struct retry *t = arg;

    if (roster_is_kept(e)) {
        t->kept++;
    } else if (e->state == ROSTER_HELD) {
        roster_set_due(t->roster, e, 0);
        t->tried++;
    }
}

static const char *why_not(const struct spoold *s)
{
    if (s->stopping)
        return "spoold is stopping";
    return s->frozen ? "spoold is frozen, so no attempt begins; end that with: spoolctl thaw" : NULL;
}

/* What they will wait for again. */
static void add_trouble(struct buf *text, const struct spoold *s)
{
    const char *why = spoold_worker_trouble(s);

    if (why)
        buf_addf(text, "; no attempt can begin yet: %s", why);
}

static int retry_all(struct spoold *s, struct buf *out)
{
    struct retry t = {.roster = &s->roster};
    struct buf text = {0};

    roster_each(&s->roster, retry_one, &t);
    t.tried += deliver_retry_all(s->deliver);
    buf_addf(&text, "tried now: %lld; kept back, because an administrator holds them: %lld",
             (long long)t.tried, (long long)t.kept);
    add_trouble(&text, s);
    add_text(out, "tried", t.tried, t.kept, text.p);
    buf_free(&text);
    return EXIT_OK;
}

int control_retry(struct spoold *s, const struct control_request *r, struct buf *out, const char **message)
{
    struct roster_entry *e = NULL;
    struct buf text = {0};
    bool all = r->n == 2 && view_equal(r->word[1], VIEW("all"));
    int rc = all ? EXIT_OK : find_entry(s, r, &e, message);

    if (rc)
        return rc;
    *message = why_not(s);
    if (*message)
        return EXIT_TEMP_75;
    if (all)
        return retry_all(s, out);
    if (roster_is_kept(e)) {
        *message = "an administrator holds it; let it go with: spoolctl unhold ID";
        return EXIT_FINDING;
    }
    if (e->state != ROSTER_HELD) {
        *message = "it is not held: it is in work";
        return EXIT_FINDING;
    }
    roster_set_due(&s->roster, e, 0);
    buf_add_str(&text, "it is tried now");
    add_trouble(&text, s);
    add_text(out, "tried", 1, 0, text.p);
    buf_free(&text);
    return EXIT_OK;
}
