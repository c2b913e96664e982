/*
 * mark.c - see mark.h: X-Spam-* fields and the text in front of the subject.
 *
 * Called by flow_rewrite.c, in the loop, for each copy of a message; it makes edits and changes no mail
 * itself. Numbers and words of tables stand as they are; names and details of results are the worker's and
 * become ASCII that can neither end a comment nor look like an encoded word.
 */
#include "spoold/mark.h"

#include "common/edit.h"
#include "common/utf8.h"
#include "spoold/config.h"
#include "spoold/verdict.h"
#include "spoold/weigh.h"

#define MARK_COLUMNS    77  /* one less than RFC 5322 likes: a comma or semicolon may follow */
#define MARK_STARS_MAX  50  /* of X-Spam-Level */
#define MARK_TESTS_MAX  60  /* results in X-Spam-Status; the record has all */
#define MARK_DETAIL_MAX 120 /* bytes of one description */

/* As in antispam.header_log_level. */
enum { LOG_NONE, LOG_SCORE, LOG_TESTS, LOG_DESCRIPTIONS };

void mark_add_word(struct mark_value *v, struct view word, bool join)
{
    size_t blank = v->text.n && !join;

    if (v->text.n && v->column + blank + word.n > MARK_COLUMNS) {
        buf_add_str(&v->text, "\n\t");
        v->column = 8;
    } else if (blank) {
        buf_add_char(&v->text, ' ');
        v->column++;
    }
    buf_add_view(&v->text, word);
    v->column += word.n;
}

static struct mark_value begin(struct view name)
{
    return (struct mark_value){.column = name.n + 2};
}

/* Puts the field at the top and frees the value. */
static int end(struct buf *edits, struct view name, struct mark_value *v)
{
    int rc = edit_pack(edits, EDIT_PREPEND, name, buf_view(&v->text));

    buf_free(&v->text);
    return rc;
}

static int add_text(struct buf *edits, struct view name, struct view text)
{
    return edit_pack(edits, EDIT_PREPEND, name, text);
}

static int add_auth(struct buf *edits, const struct antispam_verdict *verdict, struct view id)
{
    struct view name = VIEW("Authentication-Results");
    struct mark_value v = begin(name);

    mark_add_auth(&v, verdict, id);
    return end(edits, name, &v);
}

static int add_level(struct buf *edits, int64_t weight)
{
    char stars[MARK_STARS_MAX];
    int64_t n = weight / 1000;

    n = n < 0 ? 0 : n > MARK_STARS_MAX ? MARK_STARS_MAX : n;
    memset(stars, '*', sizeof stars);
    return add_text(edits, VIEW("X-Spam-Level"), (struct view){stars, (size_t)n});
}

static int add_score(struct buf *edits, int64_t weight)
{
    struct buf text = {0};
    int rc;

    verdict_add_weight(&text, weight);
    rc = add_text(edits, VIEW("X-Spam-Score"), buf_view(&text));
    buf_free(&text);
    return rc;
}

static bool is_of_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("._:-", c));
}

/* "spf=fail:8" */
static void add_test(struct mark_value *v, const struct antispam_result *r, int64_t weight, bool first)
{
    struct buf word = {0};

    buf_add_str(&word, first ? "tests=" : "");
    antispam_add_name(&word, r);
    for (size_t i = first ? sizeof "tests=" - 1 : 0; i < word.n; i++)
        if (!is_of_name(word.p[i]))
            word.p[i] = '?';
    buf_addf(&word, "=%s:", check_result_name(r->result));
    verdict_add_weight(&word, weight);
    mark_add_word(v, buf_view(&word), !first);
    buf_free(&word);
}

static void add_described(struct buf *to, struct view piece)
{
    for (size_t i = 0; i < piece.n; i++) {
        char c = piece.p[i];

        if (c == '(' || c == ')' || c == '\\')
            buf_add_char(to, '\\');
        buf_add_char(to, c < ' ' || c > '~' || (c == '?' && i && piece.p[i - 1] == '=') ? '.' : c);
    }
}

/* A comment behind the test, word by word. */
static void add_description(struct mark_value *v, struct view detail)
{
    struct view rest = view_trim(utf8_cut(detail, MARK_DETAIL_MAX));
    bool first = true;

    while (rest.n) {
        const char *blank = memchr(rest.p, ' ', rest.n);
        size_t n = blank ? (size_t)(blank - rest.p) : rest.n;
        struct buf word = {0};

        buf_add_str(&word, first ? "(" : "");
        add_described(&word, (struct view){rest.p, n});
        rest = view_trim((struct view){rest.p + n, rest.n - n});
        buf_add_str(&word, rest.n ? "" : ")");
        mark_add_word(v, buf_view(&word), false);
        buf_free(&word);
        first = false;
    }
}

static void add_comma(struct mark_value *v)
{
    buf_add_char(&v->text, ',');
    v->column++;
}

/* Those that weigh something. */
static void add_tests(struct mark_value *v, const struct mark *m)
{
    const struct antispam_verdict *verdict = m->verdict;
    unsigned told = 0;

    for (unsigned i = 0; i < verdict->n && told <= MARK_TESTS_MAX; i++) {
        const struct antispam_result *r = &verdict->result[i];
        const int64_t weight = weigh_weight(m->cfg, m->policy, r);

        if (!weight)
            continue;
        if (told)
            add_comma(v);
        if (told++ == MARK_TESTS_MAX) {
            mark_add_word(v, VIEW("..."), true);
            continue;
        }
        add_test(v, r, weight, told == 1);
        if (m->cfg->antispam_header_log_level == LOG_DESCRIPTIONS)
            add_description(v, r->detail);
    }
    if (!told)
        mark_add_word(v, VIEW("tests=none"), false);
}

static void add_number(struct mark_value *v, const char *name, int64_t weight)
{
    struct buf word = {0};

    buf_addf(&word, "%s=", name);
    verdict_add_weight(&word, weight);
    mark_add_word(v, buf_view(&word), false);
    buf_free(&word);
}

/* Mail programs file by it. So it says what was decided: from a blacklisted client it is spam whatever it
 * weighs, and whoever is whitelisted or trusted is never filed under junk by these fields. */
static bool is_spam(const struct decide_outcome *o)
{
    const bool freed = o->section && strcmp(o->section, "lists") == 0;

    return !freed && (o->level >= DECIDE_LOW || o->action != DECIDE_DELIVER);
}

static int add_status(struct buf *edits, const struct mark *m)
{
    const struct decide_outcome *o = m->outcome;
    struct view name = VIEW("X-Spam-Status");
    struct mark_value v = begin(name);

    mark_add_word(&v, is_spam(o) ? VIEW("Yes,") : VIEW("No,"), true);
    add_number(&v, "score", o->weight);
    add_number(&v, "required", m->policy->level[DECIDE_LOW].threshold);
    if (m->cfg->antispam_header_log_level >= LOG_TESTS)
        add_tests(&v, m);
    return end(edits, name, &v);
}

static int add_spam(struct buf *edits, const struct mark *m)
{
    const struct decide_outcome *o = m->outcome;

    if (add_text(edits, VIEW("X-Spam-Flag"), is_spam(o) ? VIEW("YES") : VIEW("NO")) < 0 ||
        add_level(edits, o->weight) < 0)
        return -1;
    if (m->cfg->antispam_header_log_level == LOG_NONE)
        return 0;
    if (add_score(edits, o->weight) < 0)
        return -1;
    return add_status(edits, m);
}

/* A text that no edit takes is cut and made harmless: for that no mail may be lost. */
static int add_subject(struct buf *edits, struct view text)
{
    struct buf clean = {0};
    int rc = 0;

    antispam_add_harmless(&clean, view_trim(text), EDIT_SUBJECT_MAX);
    if (view_trim(buf_view(&clean)).n)
        rc = edit_pack(edits, EDIT_SUBJECT, (struct view){NULL, 0}, buf_view(&clean));
    buf_free(&clean);
    return rc;
}

int mark_add_edits(struct buf *edits, const struct mark *m)
{
    const struct view none = {NULL, 0}, id = view_of(m->authserv_id);

    if (edit_pack(edits, EDIT_REMOVE_PREFIX, VIEW("X-Spam-"), none) < 0 ||
        (edit_is_id(id) && edit_pack(edits, EDIT_REMOVE_AR, none, id) < 0))
        return -1;
    if (!m->verdict)
        return 0;
    if ((edit_is_id(id) && add_auth(edits, m->verdict, id) < 0) || add_spam(edits, m) < 0)
        return -1;
    return m->outcome->action == DECIDE_TAG ? add_subject(edits, m->outcome->text) : 0;
}
