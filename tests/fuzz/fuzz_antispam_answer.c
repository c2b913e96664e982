/*
 * fuzz_antispam_answer.c - any bytes as an answer of worker-antispam, as an order for it, and as a client.
 *
 * Built with libFuzzer or with a plain main that feeds files. What is taken packs into the same bytes again
 * and holds nothing that may not be shown; what is refused leaves nothing. Any bytes as texts of a verdict
 * can be packed, and are taken.
 */
#include "tests/fuzz/fuzz_must.h"

#include "common/antispam.h"

static void must_be_harmless(struct view v, size_t max)
{
    MUST(v.n <= max && antispam_is_harmless(v));
    for (size_t i = 0; i < v.n; i++)
        MUST((unsigned char)v.p[i] >= 0x20 && v.p[i] != 0x7f);
}

static void look_at(const struct antispam_verdict *v)
{
    MUST(v->n <= ANTISPAM_CHECKS_MAX && v->client.via_n <= ANTISPAM_VIA_MAX);
    must_be_harmless(v->client.helo, ANTISPAM_HELO_MAX);
    must_be_harmless(v->client.ip, 45);
    must_be_harmless(v->from_domain, 255);
    for (unsigned i = 0; i < v->n; i++) {
        const struct antispam_result *r = &v->result[i];

        MUST(check_about(r->check) && check_result_name(r->result));
        MUST(r->count >= 1 && r->count <= ANTISPAM_COUNT_MAX);
        MUST(!r->name.n || check_about(r->check)->kind == CHECK_NAMED);
        must_be_harmless(r->name, ANTISPAM_NAME_MAX);
        must_be_harmless(r->detail, ANTISPAM_DETAIL_MAX);
        must_be_harmless(r->props, ANTISPAM_PROPS_MAX);
    }
}

static void as_answer(struct view bytes)
{
    struct antispam_answer a;
    struct buf again = {0};

    if (antispam_unpack_answer(bytes, &a) == 0) {
        look_at(&a.verdict);
        if (a.kind == ANTISPAM_NEEDS)
            antispam_pack_needs(&again, a.crumbs, &a.needs);
        else
            antispam_pack_verdict(&again, &a.verdict);
        MUST(view_equal(buf_view(&again), bytes));
    } else {
        MUST(!a.verdict.result && !a.needs.need && !a.crumbs.n);
    }
    antispam_free_answer(&a);
    buf_free(&again);
}

static void as_order(struct view bytes)
{
    struct antispam_order o;
    struct buf again = {0};

    if (antispam_unpack_order(bytes, &o) == 0) {
        MUST(o.rcpt_n <= ANTISPAM_RCPT_MAX && o.crumbs.n <= ANTISPAM_CRUMBS_MAX);
        antispam_pack_order(&again, &o);
        MUST(view_equal(buf_view(&again), bytes));
    } else {
        MUST(!o.owned_rcpt && !o.facts.row);
    }
    antispam_free_order(&o);
    buf_free(&again);
}

static void as_client(struct view bytes)
{
    struct antispam_client c;
    struct buf again = {0};

    if (antispam_unpack_client(bytes, &c) == 0) {
        antispam_pack_client(&again, &c);
        MUST(view_equal(buf_view(&again), bytes));
    }
    buf_free(&again);
}

static void made_of(struct view bytes)
{
    struct antispam_result r[2] = {{.check = CHECK_rbl}, {.check = CHECK_spf}};
    struct antispam_verdict v = {.result = r, .n = 2};
    struct antispam_answer a;
    struct buf packed = {0};
    size_t cut = bytes.n ? (unsigned char)bytes.p[0] : 0;
    struct view some = {bytes.p, cut < bytes.n ? cut : bytes.n};

    v.from_domain = v.client.helo = v.client.name = some;
    v.client.ip = v.client.via[0] = (struct view){some.p + some.n, bytes.n - some.n};
    v.client.via_n = 1;
    r[0].name = r[1].name = some;
    r[0].detail = r[0].props = r[1].detail = r[1].props = bytes;
    r[0].count = (uint32_t)bytes.n;
    antispam_pack_verdict(&packed, &v);
    MUST(antispam_unpack_answer(buf_view(&packed), &a) == 0);
    MUST(a.verdict.n == 2);
    look_at(&a.verdict);
    antispam_free_answer(&a);
    buf_free(&packed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view bytes = {(const char *)data, size};

    as_answer(bytes);
    as_order(bytes);
    as_client(bytes);
    made_of(bytes);
    return 0;
}
