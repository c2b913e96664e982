/*
 * test_flow_examine.c - unit tests of spoold/flow_examine.c: what the virus scanner's answers lead to.
 *
 * Run by `make check`. The scanner is a function of the test, whose answers are
 * the cases; worker processes are tested with the pool and by tests/func.
 */
#include "tests/unit/loop_world.h"

#include <sys/mman.h>

#define AMBIGUOUS  (1ull << ODDITY_BOUNDARIES | 1ull << ODDITY_TYPES | 1ull << ODDITY_AROUND)
#define EVERYTHING ((1ull << ODDITY__MAX) - 2)

static const struct examine_case {
    const char *says;
    const char *setting; /* one more; NULL */
    enum pool_end end;
    uint32_t status, state, why;
    const char *finding;
    int size;         /* added to the size of the message */
    bool other_bytes; /* the hash is of others than worker-rewrite meets */
    bool test_only;
    const char *proc, *outgoing, *class;
    const char *found; /* in the output's header, in the record, or in the reason of the hold */
} cases[] = {
    {"clean is passed on and says so", NULL, POOL_DONE, WIRE_OK, ANTIVIRUS_CLEAN, 0, "", 0, false, false, "",
     "@.eml @.hdr", NULL, "X-Spoold-Virus: clean\n"},
    {"test signatures are named in the header", NULL, POOL_DONE, WIRE_OK, ANTIVIRUS_CLEAN, 0, "", 0, false,
     true, "", "@.eml @.hdr", NULL, "X-Spoold-Virus: clean; TEST SIGNATURES ONLY\n"},
    {"and in the record", NULL, POOL_DONE, WIRE_OK, ANTIVIRUS_INFECTED, 0, "Some.Virus", 0, false, true, "",
     "", "virus", "\"warning\":\"TEST SIGNATURES ONLY\""},
    {"infected goes to quarantine/virus", NULL, POOL_DONE, WIRE_OK, ANTIVIRUS_INFECTED, 0, "Some.Virus", 0,
     false, false, "", "", "virus", "\"virus\":{\"state\":\"infected\",\"name\":\"Some.Virus\""},
    {"or is deleted where that was asked for", "antivirus.virus_action=delete", POOL_DONE, WIRE_OK,
     ANTIVIRUS_INFECTED, 0, "Some.Virus", 0, false, false, "", "", NULL, NULL},
    {"encrypted is tagged", NULL, POOL_DONE, WIRE_OK, ANTIVIRUS_UNEXAMINED, ANTIVIRUS_ENCRYPTED, "a zip", 0,
     false, false, "", "@.eml @.hdr", NULL, "X-Spoold-Virus: unexamined; encrypted\n"},
    {"no unpacker is tagged", NULL, POOL_DONE, WIRE_OK, ANTIVIRUS_UNEXAMINED, ANTIVIRUS_NO_UNPACKER, "a rar",
     0, false, false, "", "@.eml @.hdr", NULL, "X-Spoold-Virus: unexamined; no-unpacker\n"},
    {"a limit goes to quarantine/policy", NULL, POOL_DONE, WIRE_OK, ANTIVIRUS_UNEXAMINED, ANTIVIRUS_LIMIT,
     "too deep", 0, false, false, "", "", "policy", "examined for viruses (limit): too deep"},
    {"ambiguous too", NULL, POOL_DONE, WIRE_OK, ANTIVIRUS_UNEXAMINED, ANTIVIRUS_AMBIGUOUS, "two ways", 0,
     false, false, "", "", "policy", "\"why\":\"ambiguous\",\"detail\":\"two ways\""},
    {"encrypted to quarantine where that was asked for", "antivirus.encrypted_action=quarantine", POOL_DONE,
     WIRE_OK, ANTIVIRUS_UNEXAMINED, ANTIVIRUS_ENCRYPTED, "a zip", 0, false, false, "", "", "policy",
     "(encrypted)"},
    {"a limit is tagged where that was asked for", "antivirus.limit_action=tag", POOL_DONE, WIRE_OK,
     ANTIVIRUS_UNEXAMINED, ANTIVIRUS_LIMIT, "", 0, false, false, "", "@.eml @.hdr", NULL,
     "X-Spoold-Virus: unexamined; limit\n"},
    {"trouble of the engine holds", NULL, POOL_DONE, WIRE_OK, ANTIVIRUS_UNEXAMINED, ANTIVIRUS_ENGINE,
     "it warned", 0, false, false, "@.eml @.hdr.h0", "", NULL, "(engine): it warned"},
    {"no room for it holds", NULL, POOL_DONE, WIRE_OK, ANTIVIRUS_UNEXAMINED, ANTIVIRUS_RESOURCE,
     "fwrite failed", 0, false, false, "@.eml @.hdr.h0", "", NULL, "(resource): fwrite failed"},
    {"a read error holds", NULL, POOL_DONE, WIRE_IO, 0, 0, "", 0, false, false, "@.eml @.hdr.h0", "", NULL,
     "could not read"},
    {"a refusal holds", NULL, POOL_DONE, WIRE_REFUSED, 0, 0, "", 0, false, false, "@.eml @.hdr.h0", "", NULL,
     "refused"},
    {"no worker holds", NULL, POOL_NO_WORKER, 0, 0, 0, "", 0, false, false, "@.eml @.hdr.h0", "", NULL,
     "waits for the virus scanner"},
    {"called off holds", NULL, POOL_CANCELLED, 0, 0, 0, "", 0, false, false, "@.eml @.hdr.h0", "", NULL,
     "waits for the virus scanner"},
    {"each death is charged; the last one is poison", NULL, POOL_CHARGED, 0, 0, 0, "", 0, false, false, "",
     "", "poison", "\"worker\":\"av\""},
    {"another size is a lie", NULL, POOL_DONE, WIRE_OK, ANTIVIRUS_CLEAN, 0, "", 1, false, false, "", "",
     "poison", "not the message that was given"},
    {"other bytes than those that are passed on are a lie", NULL, POOL_DONE, WIRE_OK, ANTIVIRUS_CLEAN, 0, "",
     0, true, false, "", "", "poison", "not the message that was given"},
    {"switched off: passed on without a word", "antivirus.clamav=no", POOL_DONE, WIRE_OK, ANTIVIRUS_INFECTED,
     0, "Some.Virus", 0, false, false, "", "@.eml @.hdr", NULL, "X-Spoold-Id: "},
};

/* The same, with a list of one part. */
static const struct {
    struct examine_case as;
    uint64_t odd;
} listed[] = {
    {{"parts stand in the record", NULL, POOL_DONE, WIRE_OK, ANTIVIRUS_INFECTED, 0, "Some.Virus", 0, false,
      false, "", "", "virus", "\"parts\":[{\"type\":\"text/plain\",\"name\":\"a name\",\"size\":7,"},
     1ull << ODDITY_AROUND},
    {{"and what is odd", NULL, POOL_DONE, WIRE_OK, ANTIVIRUS_INFECTED, 0, "Some.Virus", 0, false, false, "",
      "", "virus", "\"oddities\":[\"types\",\"boundaries\",\"around\"],\"ambiguous\":true"},
     AMBIGUOUS},
    {{"clean and ambiguous is passed on and says so", NULL, POOL_DONE, WIRE_OK, ANTIVIRUS_CLEAN, 0, "", 0,
      false, true, "", "@.eml @.hdr", NULL,
      "X-Spoold-Virus: clean; ambiguous (types, boundaries); TEST SIGNATURES ONLY\n"},
     AMBIGUOUS},
    {{"all there is to be ambiguous fits into the line", NULL, POOL_DONE, WIRE_OK, ANTIVIRUS_CLEAN, 0, "", 0,
      false, false, "", "@.eml @.hdr", NULL, "partial, cut-off)\n"},
     EVERYTHING},
    {{"what is odd only is not told there", NULL, POOL_DONE, WIRE_OK, ANTIVIRUS_CLEAN, 0, "", 0, false, false,
      "", "@.eml @.hdr", NULL, "X-Spoold-Virus: clean\n"},
     1ull << ODDITY_AROUND | 1ull << ODDITY_PARTS_MAX},
    {{"unexamined and ambiguous says both", NULL, POOL_DONE, WIRE_OK, ANTIVIRUS_UNEXAMINED,
      ANTIVIRUS_ENCRYPTED, "", 0, false, false, "", "@.eml @.hdr", NULL,
      "X-Spoold-Virus: unexamined; encrypted; ambiguous (types, boundaries)\n"},
     AMBIGUOUS},
    {{"unexamined because it is ambiguous says it once", "antivirus.ambiguous_action=tag", POOL_DONE, WIRE_OK,
      ANTIVIRUS_UNEXAMINED, ANTIVIRUS_AMBIGUOUS, "", 0, false, false, "", "@.eml @.hdr", NULL,
      "X-Spoold-Virus: unexamined; ambiguous (types, boundaries)\n"},
     AMBIGUOUS},
    {{"ambiguous goes to quarantine where that was asked for", "mime.ambiguous_action=quarantine", POOL_DONE,
      WIRE_OK, ANTIVIRUS_CLEAN, 0, "", 0, false, false, "", "", "policy",
      "mime.ambiguous_action: mail readers take it in different ways: types, boundaries\""},
     AMBIGUOUS},
    {{"what is odd only does not", "mime.ambiguous_action=quarantine", POOL_DONE, WIRE_OK, ANTIVIRUS_CLEAN, 0,
      "", 0, false, false, "", "@.eml @.hdr", NULL, "X-Spoold-Virus: clean\n"},
     1ull << ODDITY_AROUND},
    {{"an encrypted archive does not spare it that", "mime.ambiguous_action=quarantine", POOL_DONE, WIRE_OK,
      ANTIVIRUS_UNEXAMINED, ANTIVIRUS_ENCRYPTED, "", 0, false, false, "", "", "policy",
      "mime.ambiguous_action"},
     AMBIGUOUS},
    {{"a virus comes first", "mime.ambiguous_action=quarantine", POOL_DONE, WIRE_OK, ANTIVIRUS_INFECTED, 0,
      "A", 0, false, false, "", "", "virus", "\"reason\":\"virus: A\""},
     AMBIGUOUS},
    {{"trouble holds as ever", "mime.ambiguous_action=quarantine", POOL_DONE, WIRE_OK, ANTIVIRUS_UNEXAMINED,
      ANTIVIRUS_ENGINE, "it warned", 0, false, false, "@.eml @.hdr.h0", "", NULL, "(engine): it warned"},
     AMBIGUOUS},
    {{"the list of a lie is no list", NULL, POOL_DONE, WIRE_OK, ANTIVIRUS_CLEAN, 0, "", 1, false, false, "",
      "", "poison", "\"virus\":{\"state\":\"not asked\"},\"crash\""},
     AMBIGUOUS},
};

static const struct examine_case *now;
static uint64_t now_odd; /* 0: no list */
static unsigned asked;

static void scanner(const struct pool_job *job, struct pool_outcome *o)
{
    struct wire_result read = {0};
    int out = memfd_create("out", MFD_CLOEXEC);

    asked++;
    assert_int_equal(job->role, ROLE_AV);
    assert_int_equal(job->out, -1);
    assert_int_equal(inline_rewrite(job->message, out, (struct view){NULL, 0}, &read), 0);
    close(out);
    *o = (struct pool_outcome){.end = now->end, .generation = 1};
    o->result = (struct wire_result){.status = now->status, .state = now->state, .why = now->why};
    o->result.in_size = job->size + (uint64_t)now->size;
    memcpy(o->result.sha256, read.sha256, sizeof read.sha256);
    o->result.sha256[0] ^= now->other_bytes;
    o->loaded = (struct wire_loaded){.flags = now->test_only ? WIRE_LOADED_TEST : 0, .engine = "1.4.6"};
    job->list->odd = now_odd;
    if (now_odd)
        parts_add(job->list, &(struct parts_item){.size = 7}, VIEW("text/plain"), VIEW("a name"));
    snprintf(o->finding, sizeof o->finding, "%s", now->finding);
    snprintf(o->cause, sizeof o->cause, "%s", now->end == POOL_CHARGED ? "it died" : "");
}

static void expect_found(struct bench *k, const struct examine_case *c)
{
    struct roster_entry *e = roster_find(&k->s->roster, &k->b);
    char dir[64], *text = NULL;

    if (c->class) {
        snprintf(dir, sizeof dir, "quarantine/%s", c->class);
        depot_world_expect(k->w, dir, &k->b, "@.eml @.hdr @.json");
        text = depot_world_read(k->w, dir, &k->b, ".json");
    } else if (c->outgoing[0]) {
        text = depot_world_read(k->w, "outgoing", &k->b, ".eml");
    } else if (c->proc[0]) {
        assert_non_null(e);
        assert_true(e->state == ROSTER_HELD && e->attempt == 0);
        text = xstrdup(e->reason);
    }
    if (c->found && (!text || !strstr(text, c->found)))
        fail_msg("%s: not there: %s, but %s", c->says, c->found, text ? text : "(nothing)");
    free(text);
}

static void expect_of(const struct examine_case *c, uint64_t odd)
{
    struct bench k = bench_open_claimed(&c->setting, c->setting ? 1 : 0);

    now = c;
    now_odd = odd;
    asked = 0;
    k.s->examine_inline = scanner;
    print_message("%s\n", now->says);
    flow_start(k.s, k.m);
    loop_world_run_out(k.s);
    assert_true((asked == 0) == (now->setting && strstr(now->setting, "clamav=no")));
    depot_world_expect(k.w, "proc", &k.b, now->proc);
    depot_world_expect(k.w, "outgoing", &k.b, now->outgoing);
    expect_found(&k, now);
    assert_int_equal(k.s->alarms.since_ms[ALARM_UNEXAMINED] != 0,
                     now->end == POOL_DONE && antivirus_is_transient(now->why));
    bench_close(&k);
}

static void the_answer_decides(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_of(&cases[i], 0);
}

static void the_list_of_parts_has_its_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof listed / sizeof *listed; i++)
        expect_of(&listed[i].as, listed[i].odd);
}

static void what_is_deleted_stands_in_the_journal(void **state)
{
    static const char *const setting[] = {"antivirus.virus_action=delete"};
    struct bench k = bench_open_claimed(setting, 1);
    struct journal_reader *r;
    struct journal_place place;
    struct event e;
    unsigned discarded = 0;

    (void)state;
    now = &cases[3];
    now_odd = 0;
    k.s->examine_inline = scanner;
    flow_start(k.s, k.m);
    loop_world_run_out(k.s);
    r = journal_reader_open(k.s->depot.journal_dir, NULL);
    while (journal_reader_next(r, &e, &place) == 1) {
        if (e.kind == EVENT_DISCARDED) {
            discarded++;
            assert_true(
                view_equal(e.reason, VIEW("virus: Some.Virus; deleted, as antivirus.virus_action says")));
        }
        if (e.kind != EVENT_ACCEPTED)
            continue;
        assert_non_null(memmem(e.record.p, e.record.n, "\"by\":\"virus\",\"fate\":\"discard\"", 29));
        assert_non_null(memmem(e.record.p, e.record.n, "\"name\":\"Some.Virus\"", 19));
        assert_non_null(memmem(e.record.p, e.record.n, "\"sha256\":\"", 10));
    }
    journal_reader_close(&r);
    assert_int_equal(discarded, 1);
    bench_close(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_answer_decides),
        cmocka_unit_test(the_list_of_parts_has_its_say),
        cmocka_unit_test(what_is_deleted_stands_in_the_journal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
