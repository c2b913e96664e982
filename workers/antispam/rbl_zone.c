/*
 * rbl_zone.c - see rbl_zone.h: names to ask, and answers.
 *
 * In worker-antispam only. rbl_settings.c reads the settings. Answers are hostile; their order is chance, so
 * what is said of them is sorted.
 */
#include "workers/antispam/rbl_zone.h"

#include "common/dnslist.h"

#define CODES_MAX FACTS_ANSWERS_MAX
#define TEXT_FULL ANTISPAM_DETAIL_MAX /* bytes; more would be cut off anyway */

size_t rbl_zone_question(const struct rbl_zone *z, struct view front, char *to)
{
    const size_t suffix_n = strlen(z->suffix), n = front.n + suffix_n;

    if (front.n == 0 || n > FACTS_NAME_MAX)
        return 0;
    memcpy(to, front.p, front.n);
    memcpy(to + front.n, z->suffix, suffix_n);
    to[n] = '\0';
    return n;
}

/* Different codes of an answer, the smallest first. */
struct codes {
    uint32_t code[CODES_MAX];
    unsigned n;
    bool unusable;
    struct view stranger; /* the answer that makes it so */
};

static void add_code(struct codes *c, uint32_t code)
{
    unsigned at = c->n;

    while (at > 0 && c->code[at - 1] > code)
        at--;
    if (c->n == CODES_MAX || (at > 0 && c->code[at - 1] == code))
        return;
    memmove(c->code + at + 1, c->code + at, (c->n - at) * sizeof *c->code);
    c->code[at] = code;
    c->n++;
}

/* Spamhaus DBL, and who follows it, says so of an address: there is no domain that this would be the code of.
 */
#define CODE_NO_ADDRESSES 0x7f0001ffu

static void read_codes(const struct rbl_zone *z, const struct fact *f, struct codes *c)
{
    *c = (struct codes){0};
    for (unsigned i = 0; i < f->answer_n; i++) {
        uint32_t code = 0;

        if (!dnslist_read_code(f->answer[i], &code) || !dnslist_is_code(code)) {
            c->unusable = true;
            c->stranger = f->answer[i];
            return;
        }
        if (!z->domains || code != CODE_NO_ADDRESSES)
            add_code(c, code);
    }
}

static bool is_in(const struct rbl_result *r, uint32_t code, bool bitmap)
{
    if (bitmap)
        return code & 0xff & r->first;
    return r->first <= (code & r->mask) && (code & r->mask) <= r->last;
}

/* Leaves those that hit; answers how often. A bitmap has as many hits in one code as results meet it. */
static unsigned keep_hits(const struct rbl_zone *z, struct codes *c)
{
    unsigned kept = 0, met = 0;

    for (unsigned r = 0; r < z->result_n; r++) {
        bool any = false;

        for (unsigned i = 0; i < c->n && !any; i++)
            any = is_in(&z->result[r], c->code[i], z->bitmap);
        met += any;
    }
    for (unsigned i = 0; i < c->n; i++) {
        bool any = false;

        for (unsigned r = 0; r < z->result_n && !any; r++)
            any = is_in(&z->result[r], c->code[i], z->bitmap);
        if (any)
            c->code[kept++] = c->code[i];
    }
    c->n = kept;
    return z->bitmap ? met : kept;
}

static void add_codes_text(struct buf *to, const struct codes *c)
{
    for (unsigned i = 0; i < c->n; i++)
        buf_addf(to, "%s%u.%u.%u.%u", i ? ", " : "", c->code[i] >> 24, c->code[i] >> 16 & 255,
                 c->code[i] >> 8 & 255, c->code[i] & 255);
}

/* A hit is one, whatever else was not found out; what is not known must not pass for a miss. */
static bool is_told_before(enum check_result new, enum check_result old)
{
    static const unsigned char rank[RESULT__MAX] = {[RESULT_miss] = 0,
                                                    [RESULT_unusable] = 1,
                                                    [RESULT_temperror] = 2,
                                                    [RESULT_unknown] = 3,
                                                    [RESULT_hit] = 4};

    return rank[new] > rank[old];
}

/* Is this result the one to tell? Then the text is made for it. */
static bool begin(struct rbl_finding *to, enum check_result r)
{
    const bool same = to->any && r == RESULT_hit && to->result == RESULT_hit;

    if (to->any && !same && !is_told_before(r, to->result))
        return false;
    if (same) {
        if (to->text.n > TEXT_FULL)
            return false;
        buf_add_str(&to->text, "; ");
    } else {
        buf_clear(&to->text);
    }
    to->any = true;
    to->result = r;
    return true;
}

static void say(struct rbl_finding *to, enum check_result r, const struct rbl_zone *z, struct view subject,
                const char *words)
{
    if (begin(to, r))
        buf_addf(&to->text, "%.*s %s %s", (int)subject.n, subject.p, words, z->zone);
}

static void add_answer(const struct rbl_zone *z, const struct fact *f, struct view subject,
                       struct rbl_finding *to)
{
    struct codes c;
    unsigned met;

    read_codes(z, f, &c);
    if (c.unusable) {
        say(to, RESULT_unusable, z, subject, "cannot be asked about:");
        if (to->result == RESULT_unusable && to->text.n < TEXT_FULL)
            buf_addf(&to->text, " answers %.*s", (int)c.stranger.n, c.stranger.p);
        return;
    }
    met = keep_hits(z, &c);
    if (met == 0) {
        say(to, RESULT_miss, z, subject, "is not listed by");
        return;
    }
    to->count += met;
    if (begin(to, RESULT_hit)) {
        buf_addf(&to->text, "%.*s is listed by %s: ", (int)subject.n, subject.p, z->zone);
        add_codes_text(&to->text, &c);
    }
}

void rbl_zone_add_fact(const struct rbl_zone *z, const struct fact *f, struct view subject,
                       struct rbl_finding *to)
{
    if (!f)
        say(to, RESULT_unknown, z, subject, "was not asked about:");
    else if (f->rcode == FACT_TIMEOUT)
        say(to, RESULT_temperror, z, subject, "was asked about without an answer:");
    else if (f->rcode == FACT_SERVFAIL)
        say(to, RESULT_temperror, z, subject, "was asked about, and the server failed:");
    else
        add_answer(z, f, subject, to);
}

/* A name that is too long to be asked about is too long to be listed. */
static bool look_up(struct judge *j, const struct rbl_zone *z, struct view front, const struct fact **f)
{
    char name[FACTS_NAME_MAX + 1];
    const size_t n = rbl_zone_question(z, front, name);

    *f = n ? judge_fact(j, FACT_A, (struct view){name, n}) : NULL;
    return n > 0;
}

void rbl_zone_ask(struct judge *j, const struct rbl_zone *z, struct view front)
{
    const struct fact *f;

    look_up(j, z, front, &f);
}

void rbl_zone_add(struct judge *j, const struct rbl_zone *z, struct view front, struct view subject,
                  struct rbl_finding *to)
{
    const struct fact *f;

    if (look_up(j, z, front, &f))
        rbl_zone_add_fact(z, f, subject, to);
}
