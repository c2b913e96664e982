/*
 * test_flow_rewrite.c - unit tests of spoold/flow_rewrite.c: what is asked of the worker, and what its
 * answers lead to.
 *
 * Run by `make check`. The worker is a function of the test, whose answers are
 * the cases; those of a worker process that dies are tested with the pool.
 */
#include "tests/unit/loop_world.h"

#include "common/edit.h"

/* What the present case's worker answers, after doing its work. */
static struct wire_result answer;
static unsigned asked;

static int worker(int in, int out, struct view edits, struct wire_result *r)
{
    uint64_t size = answer.in_size;

    asked++;
    if (inline_rewrite(in, out, edits, r) < 0)
        return -1;
    r->status = answer.status;
    r->err = answer.err;
    r->hops = answer.hops;
    r->own_hops = answer.own_hops;
    r->in_size = size ? size : r->in_size;
    if (asked > 1 && answer.removed)
        r->sha256[0] ^= 1;
    return 0;
}

static const struct answer_case {
    const char *says;
    struct wire_result answer;
    const char *proc, *outgoing, *class, *reason;
} cases[] = {
    {"a good answer is published", {.status = WIRE_OK}, "", "@.eml @.hdr", NULL, NULL},
    {"hops at the limit pass", {.hops = 5, .own_hops = 2}, "", "@.eml @.hdr", NULL, NULL},
    {"one hop more is a loop", {.hops = 6}, "", "", "policy", "6 Received: fields"},
    {"three passes here are a loop", {.hops = 3, .own_hops = 3}, "", "", "policy", "this host 3 times"},
    {"a full disk holds", {.status = WIRE_IO, .err = ENOSPC}, "@.eml @.hdr.h0", "", NULL, "No space left"},
    {"a read error holds", {.status = WIRE_IO, .err = EIO}, "@.eml @.hdr.h0", "", NULL, "Input/output"},
    {"a refusal is no attempt's fault", {.status = WIRE_REFUSED, .err = EINVAL}, "", "", "failed", "anew"},
    {"another size of the same bytes is a lie",
     {.in_size = 3},
     "",
     "",
     "poison",
     "RESULT: not the message that was given"},
};

static void the_answer_decides(void **state)
{
    static const char *const setting[] = {"spool.max_hops=5"};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct answer_case *c = &cases[i];
        struct bench k = bench_open_claimed(setting, 1);
        struct roster_entry *e;
        char dir[64];

        answer = c->answer;
        asked = 0;
        k.s->rewrite_inline = worker;
        flow_start(k.s, k.m);
        loop_world_run_out(k.s);
        print_message("%s\n", c->says);
        depot_world_expect(k.w, "proc", &k.b, c->proc);
        depot_world_expect(k.w, "outgoing", &k.b, c->outgoing);
        if (c->class) {
            char *json;

            snprintf(dir, sizeof dir, "quarantine/%s", c->class);
            depot_world_expect(k.w, dir, &k.b, "@.eml @.hdr @.json");
            json = depot_world_read(k.w, dir, &k.b, ".json");
            assert_non_null(strstr(json, c->reason));
            free(json);
        } else if (c->reason) {
            e = roster_find(&k.s->roster, &k.b);
            assert_non_null(e);
            assert_true(e->state == ROSTER_HELD && e->attempt == 0);
            assert_non_null(strstr(e->reason, c->reason));
            assert_int_equal(k.s->alarms.since_ms[ALARM_DISK_ERROR], 0); /* a worker's word raises none */
        }
        bench_close(&k);
    }
}

static void the_edits_name_our_fields_and_drop_forged_ones(void **state)
{
    static const struct {
        enum edit_op op;
        struct view name, value;
    } wanted[] = {
        {EDIT_REMOVE_PREFIX, VIEW("X-Spoold-"), {NULL, 0}},
        {EDIT_COUNT_OWN, {NULL, 0}, VIEW("mx.example.org")},
        {EDIT_PREPEND, VIEW("X-Spoold-Id"), {NULL, 0}},
        {EDIT_REMOVE_PREFIX, VIEW("X-Spam-"), {NULL, 0}}, /* it was not judged */
        {EDIT_REMOVE_AR, {NULL, 0}, VIEW("mx.example.org")},
        {EDIT_PREPEND, VIEW("Received"), {NULL, 0}},
    };
    struct bench k = bench_open_claimed(NULL, 0);
    struct edit e;
    struct view rest;

    (void)state;
    k.s->rewrite_inline = worker;
    answer = (struct wire_result){.status = WIRE_IO, .err = ENOSPC};
    flow_start(k.s, k.m);
    loop_world_turn(k.s); /* lock */
    loop_world_turn(k.s); /* create; the job was done, the message is on its way into the hold */
    rest = buf_view(&k.m->edits);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        assert_int_equal(edit_unpack(&rest, &e), 1);
        assert_int_equal(e.op, wanted[i].op);
        assert_true(view_equal(e.name, wanted[i].name));
        assert_true(e.op == EDIT_PREPEND || view_equal(e.value, wanted[i].value));
        if (i == 2)
            assert_true(view_equal(e.value, base_view(&k.b)));
    }
    assert_int_equal(edit_unpack(&rest, &e), 0);
    loop_world_run_out(k.s);
    bench_close(&k);
}

static void the_published_message_is_the_original_behind_our_fields(void **state)
{
    struct bench k = bench_open_claimed(NULL, 0);
    char *text, wanted[600];

    (void)state;
    flow_start(k.s, k.m);
    loop_world_run_out(k.s);
    text = depot_world_read(k.w, "outgoing", &k.b, ".eml");
    snprintf(wanted, sizeof wanted, "X-Spoold-Id: %s\nReceived: by mx.example.org with spoold id %s;\n\t",
             k.b.s, k.b.s);
    assert_ptr_equal(strstr(text, wanted), text);
    snprintf(wanted, sizeof wanted, " +0000\n%s", DEPOT_WORLD_EML);
    assert_non_null(strstr(text, wanted));
    assert_string_equal(strstr(text, wanted) + strlen(wanted), "");
    free(text);
    bench_close(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_answer_decides),
        cmocka_unit_test(the_edits_name_our_fields_and_drop_forged_ones),
        cmocka_unit_test(the_published_message_is_the_original_behind_our_fields),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
