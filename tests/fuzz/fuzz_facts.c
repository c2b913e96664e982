/*
 * fuzz_facts.c - any bytes as packed facts and needs, and any bytes as names and answers of them.
 *
 * Built with libFuzzer or with a plain main that feeds files. What is taken packs into the same bytes
 * again, is found by its name, and keeps the limits; what was added can always be packed and read back.
 */
#include "tests/fuzz/fuzz_must.h"

#include "common/facts.h"

static void look_at(const struct facts *f)
{
    char room[FACT_ROOM];
    struct view clean;

    MUST(f->n <= FACTS_MAX && f->packed <= FACTS_PACKED_MAX);
    for (unsigned i = 0; i < f->n; i++) {
        const struct fact *fact = facts_at(f, i);

        MUST(facts_get(f, fact->type, fact->name) == fact);
        MUST(facts_find(f, fact->type, fact->name) == fact);
        MUST(fact_question_clean(fact->name, room) == fact->name.n);
        MUST(fact->rcode == FACT_NOERROR || fact->answer_n == 0);
        MUST(fact->answer_n <= FACTS_ANSWERS_MAX && fact->ttl <= INT32_MAX && fact->at >= 0);
        for (unsigned k = 0; k < fact->answer_n; k++) {
            MUST(fact_answer_clean(fact->type, fact->answer[k], room, &clean));
            MUST(view_equal(clean, fact->answer[k]));
        }
        /* Through aliases or not, there is an end. */
        facts_find(f, FACT_A, fact->name);
    }
}

static void must_pack_as(const struct facts *f, struct view bytes)
{
    struct buf again = {0};

    facts_pack(&again, f);
    MUST(view_equal(buf_view(&again), bytes));
    buf_free(&again);
}

static void as_facts(struct view bytes)
{
    struct facts f = {0}, again = {0};
    struct buf packed = {0};

    if (facts_unpack(bytes, &f) == 0) {
        look_at(&f);
        must_pack_as(&f, bytes);
    }
    /* Also what was taken of bytes that are no facts is whole. */
    facts_pack(&packed, &f);
    MUST(facts_unpack(buf_view(&packed), &again) == 0 && again.n == f.n);
    buf_free(&packed);
    facts_free(&f);
    facts_free(&again);
}

static void as_one(struct view bytes)
{
    struct view answer[FACTS_ANSWERS_MAX];
    struct buf again = {0};
    struct fact fact;
    size_t n = facts_unpack_one(bytes, &fact, answer);

    MUST(n <= bytes.n);
    if (n) {
        facts_pack_one(&again, &fact);
        MUST(view_equal(buf_view(&again), (struct view){bytes.p, n}));
    }
    buf_free(&again);
}

static void as_needs(struct view bytes)
{
    struct needs n = {0};
    struct buf again = {0};

    if (needs_unpack(bytes, &n) == 0) {
        needs_pack(&again, &n);
        MUST(view_equal(buf_view(&again), bytes));
        MUST(n.n <= NEEDS_MAX);
    } else {
        MUST(!n.need && !n.n);
    }
    needs_free(&n);
    buf_free(&again);
}

static struct view take(struct view *rest, size_t n)
{
    struct view v = {rest->p, n < rest->n ? n : rest->n};

    *rest = (struct view){rest->p + v.n, rest->n - v.n};
    return v;
}

/* Type and rcode, length of the name, number of answers, their lengths. */
static void made_of(struct view bytes)
{
    struct view answer[16];
    struct facts f = {0}, again = {0};
    struct buf packed = {0};

    while (bytes.n >= 3) {
        const unsigned char *p = (const unsigned char *)take(&bytes, 3).p;
        struct fact fact = {.type = p[0] & 7, .rcode = p[0] >> 5, .ttl = p[0], .answer = answer};

        fact.name = take(&bytes, p[1]);
        for (unsigned n = p[2] & 15; n > 0 && bytes.n; n--)
            answer[fact.answer_n++] = take(&bytes, (unsigned char)take(&bytes, 1).p[0]);
        facts_add(&f, &fact);
    }
    look_at(&f);
    facts_pack(&packed, &f);
    MUST(facts_unpack(buf_view(&packed), &again) == 0);
    must_pack_as(&again, buf_view(&packed));
    buf_free(&packed);
    facts_free(&f);
    facts_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view bytes = {(const char *)data, size};

    as_facts(bytes);
    as_one(bytes);
    as_needs(bytes);
    made_of(bytes);
    return 0;
}
