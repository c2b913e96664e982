/*
 * verdict.c - see verdict.h. Names, details and facts come from a worker that has read hostile bytes:
 * common/json.h escapes them; numbers were checked when the answer was unpacked.
 */
#include "spoold/verdict.h"

#include "spoold/config.h"
#include "spoold/journal.h"
#include "spoold/weigh.h"

#include <inttypes.h>
#include <stdlib.h>

#define PLACE_MAX 200 /* bytes of "line"; a longer place loses its beginning */

void verdict_add_weight(struct buf *to, int64_t weight)
{
    int64_t rest = llabs(weight) % 1000;
    unsigned digits = 3;

    buf_addf(to, "%s%" PRId64, weight < 0 ? "-" : "", (int64_t)llabs(weight) / 1000);
    if (!rest)
        return;
    while (rest % 10 == 0) {
        rest /= 10;
        digits--;
    }
    buf_addf(to, ".%0*" PRId64, (int)digits, rest);
}

struct view verdict_cut_place(struct view place)
{
    return place.n > PLACE_MAX ? (struct view){place.p + place.n - PLACE_MAX, PLACE_MAX} : place;
}

void verdict_add_weight_member(struct json *j, const char *key, int64_t weight)
{
    struct buf text = {0};

    verdict_add_weight(&text, weight);
    json_add_text(j, key, buf_view(&text));
    buf_free(&text);
}

static bool is_local(char c)
{
    return (unsigned char)c > ' ' && !strchr("\"<>()[],;:@", c);
}

/* Where the local part begins that ends the text; a quoted one at the first quote, since quotes may be in it.
 */
static size_t local_part(struct view text)
{
    const char *quote = text.n && text.p[text.n - 1] == '"' ? memchr(text.p, '"', text.n) : NULL;
    size_t i = quote ? (size_t)(quote - text.p) : text.n;

    while (i && is_local(text.p[i - 1]))
        i--;
    return i;
}

void verdict_add_nameless(struct buf *to, struct view text)
{
    const char *sign;

    while (text.n && (sign = memchr(text.p, '@', text.n))) {
        const size_t at = (size_t)(sign - text.p), begin = local_part((struct view){text.p, at});

        buf_add(to, text.p, begin);
        buf_add_str(to, begin < at ? "*@" : "@");
        text = (struct view){sign + 1, text.n - at - 1};
    }
    buf_add_view(to, text);
}

static void add_words(struct json *j, const char *key, struct view v, bool nameless)
{
    struct buf text = {0};

    if (nameless)
        verdict_add_nameless(&text, v);
    if (v.n)
        json_add_view(j, key, nameless ? buf_view(&text) : v);
    buf_free(&text);
}

static void add_client(struct json *j, const struct antispam_client *c, bool nameless)
{
    json_begin_object(j, "client");
    if (c->ip.n)
        json_add_view(j, "ip", c->ip);
    add_words(j, "helo", c->helo, nameless);
    if (c->name.n)
        json_add_view(j, "name", c->name);
    json_add_views(j, "via", c->via, c->via_n);
    json_end_object(j);
}

/* What rules find is the mail's own text, cut anywhere. */
static void add_found(struct json *j, const struct config *cfg, const struct antispam_result *r)
{
    const bool nameless = cfg->log_addresses != LOG_ADDRESSES_FULL;

    if (!nameless || (r->check != CHECK_header && r->check != CHECK_body))
        add_words(j, "detail", r->detail, nameless);
    if (r->count > 1)
        json_add_int(j, "count", r->count);
    add_words(j, "props", r->props, nameless);
}

static int64_t add_check(struct buf *to, const struct config *cfg, const struct antispam_result *r)
{
    struct json j = {.out = to};
    struct buf name = {0};
    struct weighed w;

    weigh_result(cfg, &cfg->policy, r, &w);
    antispam_add_name(&name, r);
    buf_add_char(to, '{');
    json_add_view(&j, "name", buf_view(&name));
    json_add_str(&j, "result", check_result_name(r->result));
    verdict_add_weight_member(&j, "weight", w.weight);
    add_found(&j, cfg, r);
    json_add_view(&j, "line", verdict_cut_place(w.place));
    buf_add_char(to, '}');
    buf_free(&name);
    return w.weight;
}

int64_t verdict_make_checks(const struct config *cfg, const struct antispam_verdict *v, struct buf *to)
{
    int64_t sum = 0;

    buf_add_char(to, '[');
    for (unsigned i = 0; i < v->n; i++) {
        if (i)
            buf_add_char(to, ',');
        sum += add_check(to, cfg, &v->result[i]);
    }
    buf_add_char(to, ']');
    return sum;
}

/* Last, so that what has no room for them can leave them out. */
static void add_facts(struct json *j, const struct verdict *v, size_t max)
{
    struct buf text = {0};
    struct json own = {.out = &text};
    const size_t key = sizeof "\"facts\":" - 1;

    facts_add_json(&own, v->facts, v->now); /* the member as it is: taken over when there is room */
    if (text.n <= max)
        json_add_text(j, "facts", (struct view){text.p + key, text.n - key});
    else
        json_add_bool(j, "facts_cut", true);
    buf_free(&text);
}

void verdict_add_json(struct json *j, const struct verdict *v, size_t max)
{
    const struct view missing = view_of(v->missing);

    if (v->given) {
        add_client(j, &v->given->client, v->nameless);
        if (v->checks.n <= max)
            json_add_text(j, "checks", v->checks);
        else
            json_add_bool(j, "checks_cut", true);
        verdict_add_weight_member(j, "weight", v->weight);
    }
    if (v->decisions.n && v->decisions.n <= max)
        json_add_text(j, "decisions", v->decisions);
    else if (v->decisions.n)
        json_add_bool(j, "decisions_cut", true);
    if (v->missing)
        json_add_views(j, "incomplete", &missing, 1);
    if (v->given && v->nameless)
        json_add_bool(j, "facts_private", true);
    else if (v->given) /* the clock is a fact, too */
        add_facts(j, v, max);
}
