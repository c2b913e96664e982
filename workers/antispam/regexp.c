/*
 * regexp.c - see regexp.h: the only file of the workers that includes <pcre2.h>.
 *
 * PCRE2 is asked about some hundred or thousand places at a time, so that the clock is looked at between;
 * how many they are changes nothing in the result (common/rule.c refuses expressions that could tell). The
 * expressions are the administrator's; the text is hostile, and whoever wrote it may know them.
 */
#define PCRE2_CODE_UNIT_WIDTH 8

#include "workers/antispam/regexp.h"

#include "common/xalloc.h"

#include <err.h>
#include <pcre2.h>
#include <stdlib.h>
#include <time.h>

/* spoold/rule_check.c compiles with the same ones. */
#define COMPILE                                                                                              \
    (PCRE2_UTF | PCRE2_CASELESS | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C | PCRE2_USE_OFFSET_LIMIT)
#define PLACES_FIRST 128    /* of the first call */
#define CALL_FAST    250000 /* ns: a call that took less is followed by one of twice the places */
#define CALL_BRIEF   50000  /* ns: a call that took less by the clock on the wall is charged by that one */

struct regexp {
    pcre2_code *code;
    bool jit;
};
struct regexp_desk {
    pcre2_match_context *context;
    pcre2_match_data *match;
    pcre2_jit_stack *stack;
    int64_t last;    /* the processor's time, ns */
    int64_t wall;    /* the clock on the wall, ns, as of the latest call */
    int64_t charged; /* since `last`, by the wall */
};
/* A piece of the text for PCRE2, and where in it a match may begin. */
struct piece {
    struct view text;
    uint32_t options;
    size_t from, to; /* offsets; `to` is the last one that is allowed */
};

static int64_t clock_now(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

struct regexp_desk *regexp_desk_open(void)
{
    struct regexp_desk *d = xcalloc(1, sizeof *d);

    d->context = pcre2_match_context_create(NULL);
    d->match = pcre2_match_data_create(1, NULL);
    /* As large as it gets from the begin: it never has to grow in a child. */
    d->stack = pcre2_jit_stack_create(REGEXP_STACK_BYTES, REGEXP_STACK_BYTES, NULL);
    if (!d->context || !d->match || !d->stack)
        errx(1, "out of memory for regular expressions");
    pcre2_set_match_limit(d->context, REGEXP_STEPS_MAX);
    pcre2_set_depth_limit(d->context, REGEXP_STEPS_MAX);
    pcre2_set_heap_limit(d->context, REGEXP_HEAP_MAX);
    pcre2_jit_stack_assign(d->context, NULL, d->stack);
    return d;
}

void regexp_desk_close(struct regexp_desk *d)
{
    if (!d)
        return;
    pcre2_match_data_free(d->match);
    pcre2_match_context_free(d->context);
    pcre2_jit_stack_free(d->stack);
    free(d);
}

void regexp_desk_start(struct regexp_desk *d)
{
    d->last = clock_now(CLOCK_THREAD_CPUTIME_ID);
    d->wall = clock_now(CLOCK_MONOTONIC);
    d->charged = 0;
}

static pcre2_code *compile(struct view pattern, struct buf *why)
{
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    PCRE2_UCHAR text[256];
    PCRE2_SIZE at = 0;
    pcre2_code *code;
    int err = 0;

    if (!context)
        errx(1, "out of memory for regular expressions");
    pcre2_set_newline(context, PCRE2_NEWLINE_ANYCRLF); /* mail has CRLF, and decoded text what it likes */
    code = pcre2_compile((PCRE2_SPTR)pattern.p, pattern.n, COMPILE, &err, &at, context);
    pcre2_compile_context_free(context);
    if (!code) {
        pcre2_get_error_message(err, text, sizeof text);
        buf_addf(why, "the regular expression is wrong at its byte %zu: %s", at + 1, (const char *)text);
    }
    return code;
}

struct regexp *regexp_open(struct view pattern, bool jit, struct buf *why)
{
    pcre2_code *code = compile(pattern, why);
    struct regexp *r;

    if (!code)
        return NULL;
    r = xcalloc(1, sizeof *r);
    r->code = code;
    r->jit = jit && pcre2_jit_compile(code, PCRE2_JIT_COMPLETE) == 0;
    return r;
}

void regexp_close(struct regexp *r)
{
    if (!r)
        return;
    pcre2_code_free(r->code);
    free(r);
}

bool regexp_is_compiled(const struct regexp *r)
{
    return r->jit;
}

static enum regexp_result result_of(int rc)
{
    if (rc >= 0)
        return REGEXP_MATCH;
    if (rc == PCRE2_ERROR_NOMATCH)
        return REGEXP_NONE;
    /* Whatever else it may answer, it could not be told whether there is a match. */
    return rc == PCRE2_ERROR_MATCHLIMIT || rc == PCRE2_ERROR_DEPTHLIMIT ? REGEXP_STEPS : REGEXP_STACK;
}

/* Steps to where a character begins. */
static size_t forward(struct view text, size_t at)
{
    while (at < text.n && ((unsigned char)text.p[at] & 0xc0) == 0x80)
        at++;
    return at < text.n ? at : text.n;
}

/* What PCRE2 gets to see for matches that begin from `from` on. */
static struct piece cut_piece(struct view text, size_t from)
{
    size_t begin = from > REGEXP_BACK ? forward(text, from - REGEXP_BACK) : 0;
    size_t next = forward(text, from + REGEXP_PIECE);
    size_t end = forward(text, next + REGEXP_AHEAD);
    struct piece p = {.text = {text.p + begin, end - begin}, .from = from - begin};

    p.to = next < text.n ? next - begin - 1 : text.n - begin;
    p.options = (begin ? PCRE2_NOTBOL : 0u) | (end < text.n ? PCRE2_NOTEOL : 0u);
    return p;
}

static int call(const struct regexp *r, struct regexp_desk *d, const struct piece *p, size_t last)
{
    PCRE2_SPTR text = (PCRE2_SPTR)p->text.p;

    pcre2_set_offset_limit(d->context, last);
    if (r->jit)
        return pcre2_jit_match(r->code, text, p->text.n, p->from, p->options, d->match, d->context);
    return pcre2_match(r->code, text, p->text.n, p->from, p->options | PCRE2_NO_UTF_CHECK, d->match,
                       d->context);
}

/*
 * The processor's time costs a system call, and most expressions less than that: a call that was brief by the
 * wall, which never says less, is charged so. The next longer one is charged what is missing of the true
 * time.
 */
static int64_t take_time(struct regexp_desk *d, int64_t *left)
{
    int64_t wall = clock_now(CLOCK_MONOTONIC), took = wall - d->wall, now;

    d->wall = wall;
    if (took < CALL_BRIEF) {
        d->charged += took;
    } else {
        now = clock_now(CLOCK_THREAD_CPUTIME_ID);
        took = now - d->last > d->charged ? now - d->last - d->charged : 0;
        d->last = now;
        d->charged = 0;
    }
    *left -= took;
    return took;
}

static enum regexp_result find_in_piece(const struct regexp *r, struct regexp_desk *d, struct piece *p,
                                        size_t *places, int64_t *left)
{
    while (p->from <= p->to) {
        size_t next = forward(p->text, p->from + *places);
        size_t last = next >= p->to ? p->to : next - 1;
        enum regexp_result result = result_of(call(r, d, p, last));
        int64_t took = take_time(d, left);

        if (result != REGEXP_NONE)
            return result;
        if (*left <= 0)
            return REGEXP_TIME;
        if (took < CALL_FAST && *places < REGEXP_PIECE)
            *places *= 2;
        else if (took > CALL_FAST * 2 && *places > 1)
            *places /= 2;
        p->from = last + 1;
    }
    return REGEXP_NONE;
}

enum regexp_result regexp_find(const struct regexp *r, struct regexp_desk *d, struct view text, int64_t *left,
                               struct view *match)
{
    enum regexp_result result = *left > 0 ? REGEXP_NONE : REGEXP_TIME;
    size_t places = PLACES_FIRST;

    if (!text.p)
        text.p = "";
    for (size_t from = 0; result == REGEXP_NONE;) {
        struct piece p = cut_piece(text, from);
        const char *begin = p.text.p;

        result = find_in_piece(r, d, &p, &places, left);
        if (result == REGEXP_MATCH) {
            const PCRE2_SIZE *at = pcre2_get_ovector_pointer(d->match);

            *match = (struct view){begin + at[0], at[1] > at[0] ? at[1] - at[0] : 0};
        }
        from = (size_t)(begin - text.p) + p.to + 1;
        if (from > text.n)
            break;
    }
    return result;
}

const char *regexp_result_name(enum regexp_result result)
{
    static const char *const names[] = {
        [REGEXP_NONE] = "no match",
        [REGEXP_MATCH] = "match",
        [REGEXP_STEPS] = "the regular expression took too many steps",
        [REGEXP_STACK] = "the regular expression took too much memory",
        [REGEXP_TIME] = "the regular expression took too much time",
    };

    return names[result];
}
