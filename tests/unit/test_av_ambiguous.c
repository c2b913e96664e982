/*
 * test_av_ambiguous.c - unit tests of workers/av/av_mail.c: a file that only some readers of mail see is
 * found.
 *
 * Run by `make check`, with the real libclamav and spoold's own test signatures, over the messages of
 * mail_cases_ambiguous.h and mail_cases_honest.h; what the parser alone makes of them, test_mail_cases.c
 * asks.
 */
#include "tests/unit/av_world.h"

#include "tests/unit/mail_cases_honest.h"
#include "tests/unit/zip_world.h"

struct payload_bytes {
    struct buf raw, zip;
    struct mail_payload payload;
};

static void make_virus(struct payload_bytes *p)
{
    *p = (struct payload_bytes){0};
    av_canary_make(AV_CANARY_RAW, &p->raw);
    av_canary_make(AV_CANARY_ZIP, &p->zip);
    p->payload = (struct mail_payload){buf_view(&p->raw), buf_view(&p->zip)};
    assert_int_equal(p->raw.p[0], 'X');
}

static void make_harmless(struct payload_bytes *p)
{
    const struct zip_member member = {.name = "a.txt",
                                      .data = VIEW("some words"),
                                      .crc = (uint32_t)crc32(0, (const Bytef *)"some words", 10)};

    *p = (struct payload_bytes){0};
    buf_add_str(&p->raw, "X-marks-the-place-where-nothing-is-hidden,-and-nothing-is-found,-ok.");
    zip_make(&p->zip, &member, 1);
    p->payload = (struct mail_payload){buf_view(&p->raw), buf_view(&p->zip)};
    assert_int_equal(p->raw.n, 68);
}

static void free_payload(struct payload_bytes *p)
{
    buf_free(&p->raw);
    buf_free(&p->zip);
}

static void examine(struct av_world *w, const struct mail_case *c, const struct mail_payload *p,
                    struct av_answer *a)
{
    struct buf mail = {0};

    mail_case_make(&mail, c->mail, p);
    av_mail_examine(w->mail, buf_view(&mail), NULL, a);
    buf_free(&mail);
}

static void what_some_reader_finds_is_found(void **state)
{
    struct payload_bytes virus;
    struct av_world w;
    unsigned missed = 0;

    (void)state;
    make_virus(&virus);
    world_open(&w, 0);
    for (size_t i = 0; i < MAIL_AMBIGUOUS; i++) {
        const struct mail_case *c = &mail_ambiguous[i];
        struct av_answer a;

        examine(&w, c, &virus.payload, &a);
        if (a.state == ANTIVIRUS_INFECTED || (c->unexamined && a.state == ANTIVIRUS_UNEXAMINED))
            continue;
        missed++;
        print_error("%s: %s%s%s\n", c->says, antivirus_state_name(a.state), a.text[0] ? ", " : "", a.text);
    }
    world_close(&w);
    free_payload(&virus);
    if (missed)
        fail_msg("%u of %zu messages: not found", missed, MAIL_AMBIGUOUS);
}

static void nothing_is_found_where_nothing_is(void **state)
{
    struct payload_bytes harmless;
    struct av_world w;

    (void)state;
    make_harmless(&harmless);
    world_open(&w, 0);
    for (size_t i = 0; i < MAIL_AMBIGUOUS; i++) {
        struct av_answer a;

        examine(&w, &mail_ambiguous[i], &harmless.payload, &a);
        if (a.state == ANTIVIRUS_INFECTED)
            fail_msg("%s: %s", mail_ambiguous[i].says, a.text);
    }
    world_close(&w);
    free_payload(&harmless);
}

static void honest_mail_is_clean(void **state)
{
    struct payload_bytes harmless;
    struct av_world w;
    unsigned wrong = 0;

    (void)state;
    make_harmless(&harmless);
    world_open(&w, 0);
    for (size_t i = 0; i < MAIL_HONEST; i++) {
        struct av_answer a;

        examine(&w, &mail_honest[i], &harmless.payload, &a);
        if (a.state == ANTIVIRUS_CLEAN)
            continue;
        wrong++;
        print_error("%s: %s, %s\n", mail_honest[i].says, antivirus_state_name(a.state), a.text);
    }
    world_close(&w);
    free_payload(&harmless);
    if (wrong)
        fail_msg("%u of %zu honest messages: not clean", wrong, MAIL_HONEST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_some_reader_finds_is_found),
        cmocka_unit_test(nothing_is_found_where_nothing_is),
        cmocka_unit_test(honest_mail_is_clean),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
