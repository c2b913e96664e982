/*
 * test_mail_cases.c - unit tests of workers/mail/ as a whole: what only some readers see is seen, and told.
 *
 * Run by `make check`, over the messages of mail_cases_ambiguous.h and mail_cases_honest.h with a harmless
 * file in them; without libclamav, so that what the parser alone makes of them is asked. What worker-av says,
 * test_av_ambiguous.c asks.
 */
#include "tests/unit/mail_cases_honest.h"

#include "workers/mail/mail.h"
#include "workers/mail/mail_leaf.h"

#define SIZE_MAX_DECODED (1u << 20)
#define HIDDEN           "X-marks-the-place-where-something-is-hidden,-not-in-plain-sight,-ok."

struct seen {
    bool found, usual; /* in some content; in one that all readers see */
    bool raw;          /* in the bytes as they came */
    uint64_t odd;
};

static bool holds(struct view v, const struct mail_payload *p)
{
    return v.n && (memmem(v.p, v.n, p->raw.p, p->raw.n) || memmem(v.p, v.n, p->zip.p, p->zip.n));
}

static void look(struct view message, const struct mail_payload *p, struct seen *to)
{
    struct mail_leaf leaf = {0};
    struct mail_content c;
    struct mail m = {0};

    mail_open(&m, message, SIZE_MAX_DECODED);
    *to = (struct seen){.raw = holds(message, p), .odd = m.odd};
    for (unsigned i = 0; i < m.n; i++) {
        if (m.part[i].kind != MAIL_KIND_LEAF && m.part[i].kind != MAIL_KIND_AROUND)
            continue;
        mail_leaf_open(&leaf, m.part[i].body, m.part[i].encoding);
        while (mail_leaf_next(&leaf, &c)) {
            bool here = holds(c.bytes, p);

            to->found |= here;
            to->usual |= here && !m.part[i].other && c.odd == ODDITY_NONE;
        }
        to->odd |= leaf.met;
    }
    mail_leaf_free(&leaf);
    mail_close(&m);
    mail_free(&m);
}

static void see(const struct mail_case *c, struct seen *to)
{
    struct buf mail = {0}, zip = {0};
    struct mail_payload p = {.raw = VIEW(HIDDEN)};
    char *exact;

    assert_int_equal(p.raw.n, 68);
    buf_add(&zip, "PK\3\4", 4);
    for (char i = 0; i < 100; i++)
        buf_add_char(&zip, i);
    p.zip = buf_view(&zip);
    mail_case_make(&mail, c->mail, &p);
    /* A copy of its very size, so that a sanitizer sees each byte read beyond it. */
    exact = malloc(mail.n);
    assert_non_null(exact);
    memcpy(exact, mail.p, mail.n);
    look((struct view){exact, mail.n}, &p, to);
    free(exact);
    buf_free(&mail);
    buf_free(&zip);
}

static void names(uint64_t set, struct buf *to)
{
    buf_clear(to);
    for (unsigned o = 1; o < ODDITY__MAX; o++)
        if (set & 1ull << o)
            buf_addf(to, " %s", oddity_name(o));
}

static void what_some_reader_sees_is_seen(void **state)
{
    unsigned missed = 0;

    (void)state;
    for (size_t i = 0; i < MAIL_AMBIGUOUS; i++) {
        const struct mail_case *c = &mail_ambiguous[i];
        struct seen s;

        see(c, &s);
        if (s.raw)
            fail_msg("%s: the file stands in plain sight", c->says);
        if (s.found || c->within)
            continue;
        missed++;
        print_error("%s: not seen\n", c->says);
    }
    if (missed)
        fail_msg("%u of %zu messages: the file is not seen", missed, MAIL_AMBIGUOUS);
}

static void what_is_odd_is_told(void **state)
{
    struct buf got = {0}, wanted = {0};
    unsigned missed = 0;

    (void)state;
    for (size_t i = 0; i < MAIL_AMBIGUOUS + MAIL_HONEST; i++) {
        const struct mail_case *c =
            i < MAIL_AMBIGUOUS ? &mail_ambiguous[i] : &mail_honest[i - MAIL_AMBIGUOUS];
        struct seen s;

        see(c, &s);
        if ((s.odd & c->odd) == c->odd)
            continue;
        missed++;
        names(s.odd, &got);
        names(c->odd, &wanted);
        print_error("%s: told is%s, wanted is%s\n", c->says, got.n ? got.p : " nothing", wanted.p);
    }
    buf_free(&got);
    buf_free(&wanted);
    if (missed)
        fail_msg("%u messages: not told what is odd", missed);
}

/* A message is marked when the file in it is seen in another reading only. */
static void what_only_some_see_is_ambiguous(void **state)
{
    struct buf got = {0};
    unsigned wrong = 0;

    (void)state;
    for (size_t i = 0; i < MAIL_AMBIGUOUS; i++) {
        struct seen s;

        see(&mail_ambiguous[i], &s);
        if (!s.found || s.usual || oddity_of_grade(s.odd, ODDITY_AMBIGUOUS))
            continue;
        wrong++;
        names(s.odd, &got);
        print_error("%s: told is%s\n", mail_ambiguous[i].says, got.n ? got.p : " nothing");
    }
    buf_free(&got);
    if (wrong)
        fail_msg("%u messages: not marked as ambiguous", wrong);
}

static void honest_mail_is_not_ambiguous(void **state)
{
    struct buf got = {0};
    unsigned wrong = 0;

    (void)state;
    for (size_t i = 0; i < MAIL_HONEST; i++) {
        struct seen s;
        uint64_t odd;

        see(&mail_honest[i], &s);
        odd = oddity_of_grade(s.odd, ODDITY_AMBIGUOUS) | oddity_of_grade(s.odd, ODDITY_LIMIT);
        if (!odd)
            continue;
        wrong++;
        names(odd, &got);
        print_error("%s:%s\n", mail_honest[i].says, got.p);
    }
    buf_free(&got);
    if (wrong)
        fail_msg("%u of %zu honest messages: marked", wrong, MAIL_HONEST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_some_reader_sees_is_seen),
        cmocka_unit_test(what_is_odd_is_told),
        cmocka_unit_test(what_only_some_see_is_ambiguous),
        cmocka_unit_test(honest_mail_is_not_ambiguous),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
