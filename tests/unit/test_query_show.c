/*
 * test_query_show.c - whether show finds the message that was meant, and tells all of it.
 *
 * The journal's lines must come through unchanged, so they are compared with the
 * file. Other messages stand between the lines of the one that is asked for.
 */
#include "tests/unit/query_world.h"

static struct base accept_one(struct world *w, const char *name)
{
    struct base b = world_base(w, name);

    world_say(w, EVENT_ACCEPTED, &b);
    return b;
}

static struct answer ask_for(struct world *w, const char *id)
{
    char words[400];

    snprintf(words, sizeof words, "show|%s", id);
    return world_ask(w, words);
}

static void says_the_state(void **state)
{
    static const struct {
        const char *says, *proc;
        unsigned events;
        const char *wanted;
    } cases[] = {
        {"just claimed", ".hdr.c", 0, "claimed"},
        {"offered", ".hdr", 0, "offered"},
        {"at the second attempt", ".hdr.w2", 1, "in work (attempt 2)"},
        {"held", ".hdr.h1", 1, "held"},
        {"to be sent", ".hdr.send", 1, "decided: send"},
        {"to be discarded", ".hdr.drop", 1, "decided: discard"},
        {"to be quarantined", ".hdr.q-virus", 1, "decided: quarantine virus"},
        {"with a suffix of somebody else", ".hdr.mine", 1, "with another program"},
        {"proc knows better than the ledger", ".hdr.send", 3, "decided: send"},
        {"the content alone says nothing", ".eml", 1, "accepted"},
        {"the content alone, and no row", ".eml", 0, "unknown"},
        {"accepted", NULL, 1, "accepted"},
        {"delivered", NULL, 3, "delivered"},
        {"quarantined", NULL, 5, "quarantined"},
        {"discarded", NULL, 9, "discarded"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world *w = world_open(NULL);
        struct base b = world_base(w, "mail"), other = world_base(w, "mail");
        struct answer a = {.code = -1};

        print_message("%s\n", cases[i].says);
        world_put(w, "proc", &other, ".hdr.h9");
        for (unsigned k = 0; k < EVENT_KIND__MAX; k++)
            if (cases[i].events & 1U << k)
                world_say(w, (enum event_kind)k, &b);
        if (cases[i].proc)
            world_put(w, "proc", &b, cases[i].proc);
        world_settle(w);
        a = ask_for(w, b.s);
        assert_int_equal(a.code, 0);
        assert_string_equal(answer_str(&a, 0, "id"), b.s);
        assert_string_equal(answer_str(&a, 0, "state"), cases[i].wanted);
        assert_int_equal(json_array_size(a.line), 1 + __builtin_popcount(cases[i].events));
        answer_free(&a);
        world_close(&w);
    }
}

static void finds_by_any_form_of_the_id(void **state)
{
    struct world *w = world_open(NULL);
    struct base old = accept_one(w, "mail"), mid = accept_one(w, "other"), newest = accept_one(w, "mail");
    struct base gone = world_base(w, "x"),
                odd = world_base(w, gone.s); /* dropped under a name that looks like an id */
    struct event e = world_event(w, EVENT_ACCEPTED, &odd);
    const struct {
        const char *says, *ask;
        const struct base *wanted;
    } cases[] = {
        {"a whole id", old.s, &old},
        {"its last 25 characters", mid.s + mid.len - BASE_ID_LEN, &mid},
        {"those of the first of two of one name", old.s + old.len - BASE_ID_LEN, &old},
        {"a NAME: the newest of that name", "mail", &newest},
        {"another NAME", "other", &mid},
        {"a NAME that looks like an id", gone.s, &odd},
        {"the beginning of a NAME is not enough", "mai", NULL},
        {"24 characters are not enough", mid.s + mid.len - BASE_ID_LEN + 1, NULL},
        {"25 characters that nobody has", gone.s + gone.len - BASE_ID_LEN, NULL},
    };

    (void)state;
    e.name = view_of(gone.s);
    world_record(w, &e);
    world_settle(w);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer a = ask_for(w, cases[i].ask);

        print_message("%s\n", cases[i].says);
        assert_int_equal(a.code, cases[i].wanted ? 0 : 1);
        assert_string_equal(answer_str(&a, 0, "id"), cases[i].wanted ? cases[i].wanted->s : "");
        if (!cases[i].wanted)
            assert_string_equal(a.message, "no message is known by that name");
        answer_free(&a);
    }
    world_close(&w);
}

/* The newest one came through another intake, whose ids sort elsewhere. */
static void finds_the_newest_of_all_intakes(void **state)
{
    static const char *const intakes[] = {"alpha", NULL, "zeta"};

    (void)state;
    for (size_t last = 0; last < 3; last++) {
        struct world *w = world_open(NULL);
        struct base b[3] = {{.len = 0}};
        struct stat st = {.st_ino = 7};
        struct answer a = {.code = -1};

        for (size_t i = 1; i <= 3; i++) {
            size_t k = (last + i) % 3;

            base_make(&b[k], VIEW("mail"), intakes[k], &st, &st);
            world_say(w, EVENT_ACCEPTED, &b[k]);
        }
        world_settle(w);
        a = ask_for(w, "mail");
        assert_string_equal(answer_str(&a, 0, "id"), b[last].s);
        answer_free(&a);
        world_close(&w);
    }
}

static bool has_place(const struct answer *a, const char *dir, const struct base *b, const char *suffix)
{
    const json_t *places = json_object_get(json_array_get(a->line, 0), "places");
    char wanted[600];
    bool found = false;

    snprintf(wanted, sizeof wanted, "%s/%s%s", dir, b->s, suffix);
    for (size_t i = 0; i < json_array_size(places); i++)
        found |= strcmp(json_string_value(json_array_get(places, i)), wanted) == 0;
    return found;
}

static void names_the_places(void **state)
{
    static const char *const places[][2] = {
        {"proc", ".hdr.w1"},
        {"proc", ".eml"},
        {"proc", ".2.eml.out"},
        {"quarantine/virus", ".eml"},
        {"quarantine/spam", ".hdr"},
        {"quarantine/failed", ".json"},
        {"quarantine/policy", ".hdr.rel"},
        {"outgoing", ".eml"},
        {"outgoing", ".2.hdr"},
        {"outgoing", ".r.eml"},
    };
    struct world *w = world_open(NULL);
    struct base b = accept_one(w, "mail"), other = accept_one(w, "mail");
    struct answer a = {.code = -1};
    size_t n = sizeof places / sizeof *places;

    (void)state;
    for (size_t i = 0; i < n; i++)
        world_put(w, places[i][0], &b, places[i][1]);
    world_put(w, "outgoing", &other, ".hdr");
    world_settle(w);
    a = ask_for(w, b.s);
    assert_int_equal(json_array_size(json_object_get(json_array_get(a.line, 0), "places")), n);
    for (size_t i = 0; i < n; i++)
        assert_true(has_place(&a, places[i][0], &b, places[i][1]));
    answer_free(&a);
    world_close(&w);
}

/* The whole day's file, to compare lines with. */
static void read_journal(struct world *w, struct buf *text)
{
    char day[JOURNAL_DAY_LEN + 1], name[64];
    int fd = -1;

    assert_int_equal(journal_find_day(w->d.journal_dir, "", 1, JOURNAL_FIND_ANY, day), 1);
    snprintf(name, sizeof name, "%s.jsonl", day);
    fd = openat(w->d.journal_dir, name, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(buf_read_fd(text, fd, 64 << 20), 0);
    close(fd);
}

static void say_copy(struct world *w, enum event_kind kind, const struct base *b, unsigned copy)
{
    struct event e = world_event(w, kind, b);

    e.copy = copy;
    world_record(w, &e);
}

/* `show` answers in the order of the journal; what stands there twice after a crash is shown once. */
static void tells_every_event_once(void **state)
{
    static const char *const wanted[] = {"accepted",    "delivered", "delivered",
                                         "quarantined", "released",  "deleted"};
    struct world *w = world_open(NULL);
    struct base b = accept_one(w, "mail");
    struct answer a = {.code = -1};
    struct query *q = NULL;
    struct buf text = {.n = 0};

    (void)state;
    accept_one(w, "other");
    say_copy(w, EVENT_DELIVERED, &b, 1);
    say_copy(w, EVENT_DELIVERED, &b, 1);
    accept_one(w, "other");
    say_copy(w, EVENT_DELIVERED, &b, 2);
    say_copy(w, EVENT_QUARANTINED, &b, 0);
    say_copy(w, EVENT_QUARANTINED, &b, 0);
    accept_one(w, "other");
    say_copy(w, EVENT_RELEASED, &b, 1);
    say_copy(w, EVENT_DELETED, &b, 0);
    world_settle(w);
    q = world_query("show|mail");
    do {
        struct view rest = {NULL, 0};

        world_run(w, q);
        read_journal(w, &text);
        rest = buf_view(&q->out);
        for (const char *end; rest.n && (end = memchr(rest.p, '\n', rest.n)) != NULL;) {
            size_t n = (size_t)(end - rest.p) + 1;

            if (memmem(rest.p, n, "\"event\"", 7))
                assert_non_null(memmem(text.p, text.n, rest.p, n));
            rest = (struct view){rest.p + n, rest.n - n};
        }
        buf_free(&text);
    } while (q->more);
    query_free(q);
    a = ask_for(w, b.s);
    assert_int_equal(json_array_size(a.line), 1 + sizeof wanted / sizeof *wanted);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        assert_string_equal(answer_str(&a, i + 1, "event"), wanted[i]);
    answer_free(&a);
    world_close(&w);
}

/* No other kind of event is due that would make it look on. */
static void tells_of_all_copies(void **state)
{
    struct world *w = world_open(NULL);
    struct base b = accept_one(w, "mail");
    struct answer a = {.code = -1};

    (void)state;
    for (unsigned copy = 1; copy <= 3; copy++) {
        say_copy(w, EVENT_DELIVERED, &b, copy);
        accept_one(w, "other");
    }
    world_settle(w);
    a = ask_for(w, b.s);
    assert_int_equal(json_array_size(a.line), 5);
    assert_int_equal(answer_int(&a, 4, "copy"), 3);
    answer_free(&a);
    world_close(&w);
}

/* An object of so many bytes. */
static struct view record_of(size_t n, struct buf *to)
{
    buf_clear(to);
    buf_add_str(to, "{\"parts\":\"");
    while (to->n + 2 < n)
        buf_add_char(to, 'x');
    buf_add_str(to, "\"}");
    return buf_view(to);
}

static struct view record_with_facts(size_t n, struct buf *to)
{
    buf_clear(to);
    buf_add_str(to, "{\"kept\":\"all\",\"facts\":{\"x\":\"");
    while (to->n + 3 < n)
        buf_add_char(to, 'x');
    buf_add_str(to, "\"}}");
    return buf_view(to);
}

static void shortens_a_line_that_is_too_long(void **state)
{
    enum { MANY = 3000 };
    struct world *w = world_open(NULL);
    struct base b = world_base(w, "mail");
    struct event e = world_event(w, EVENT_ACCEPTED, &b);
    static struct view to[MANY];
    struct answer a = {.code = -1};
    struct buf record = {0};
    json_t *cut;

    (void)state;
    for (size_t i = 0; i < MANY; i++)
        to[i] = VIEW("someone@example.org");
    e.name = VIEW("mail");
    e.sender = VIEW("ann@example.net");
    e.rcpt = to;
    e.rcpt_n = MANY;
    world_record(w, &e);
    e.kind = EVENT_DELIVERED;
    e.copy = 1;
    e.record = record_of(22000, &record);
    world_record(w, &e);
    e.copy = 2;
    e.record = record_of(22001, &record);
    world_record(w, &e);
    e.copy = 3;
    e.record = record_with_facts(22001, &record);
    world_record(w, &e);
    world_settle(w);
    a = ask_for(w, b.s);
    assert_int_equal(a.code, 0);
    assert_true(json_is_object(json_object_get(json_array_get(a.line, 2), "record")));
    assert_int_equal(answer_int(&a, 3, "copy"), 2);
    assert_null(json_object_get(json_array_get(a.line, 3), "record"));
    /* Facts are what goes first. */
    cut = json_object_get(json_array_get(a.line, 4), "record");
    assert_true(json_is_true(json_object_get(cut, "facts_cut")));
    assert_string_equal(json_string_value(json_object_get(cut, "kept")), "all");
    assert_null(json_object_get(cut, "facts"));
    buf_free(&record);
    assert_string_equal(answer_str(&a, 1, "event"), "accepted");
    assert_string_equal(answer_str(&a, 1, "from"), "ann@example.net");
    assert_int_equal(answer_int(&a, 1, "to_count"), MANY);
    assert_null(json_object_get(json_array_get(a.line, 1), "to"));
    answer_free(&a);
    world_close(&w);
}

static void notes_what_is_not_found(void **state)
{
    static const struct {
        const char *says;
        unsigned between;
        bool removed, note;
    } cases[] = {
        {"the rest is within reach", 19000, false, false},
        {"the rest is too far away", 20500, false, true},
        {"the journal was removed", 0, true, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world *w = world_open(NULL);
        struct base b = accept_one(w, "mail"), other = world_base(w, "other");
        struct answer a = {.code = -1};
        size_t last = 0;

        print_message("%s\n", cases[i].says);
        say_copy(w, EVENT_QUARANTINED, &b, 0);
        for (unsigned n = 0; n < cases[i].between; n++) {
            say_copy(w, EVENT_DISCARDED, &other, 0);
            if (n % 1000 == 0)
                world_settle(w);
        }
        say_copy(w, EVENT_DELETED, &b, 0);
        world_settle(w);
        if (cases[i].removed) {
            char day[JOURNAL_DAY_LEN + 1], name[64];

            assert_int_equal(journal_find_day(w->d.journal_dir, "", 1, JOURNAL_FIND_ANY, day), 1);
            snprintf(name, sizeof name, "%s.jsonl", day);
            assert_int_equal(unlinkat(w->d.journal_dir, name, 0), 0);
        }
        a = ask_for(w, b.s);
        assert_int_equal(a.code, 0);
        last = json_array_size(a.line) - 1;
        assert_int_equal(answer_str(&a, last, "note")[0] != '\0', cases[i].note);
        assert_int_equal(last, cases[i].removed ? 1 : 3);
        answer_free(&a);
        world_close(&w);
    }
}

static void shows_why_a_message_is_held(void **state)
{
    struct world *w = world_open(NULL);
    struct base b = accept_one(w, "mail");
    struct ledger_hold h = {.id = b, .next_ms = WORLD_AT, .tries = 1, .reason = "no answer from DNS"};
    struct answer a = {.code = -1};

    (void)state;
    world_put(w, "proc", &b, ".hdr.h1");
    assert_int_equal(ledger_put_hold(w->d.ledger, &h), 0);
    world_settle(w);
    a = ask_for(w, b.s);
    assert_string_equal(answer_str(&a, 0, "reason"), "no answer from DNS");
    assert_string_equal(answer_str(&a, 0, "next"), "2026-01-02T03:04:05.678Z");
    answer_free(&a);
    world_close(&w);
}

static void answers_while_the_ledger_is_built(void **state)
{
    struct world *w = world_open(NULL);
    struct base gone = accept_one(w, "gone"), here = accept_one(w, "here");
    struct answer a = {.code = -1};

    (void)state;
    world_put(w, "proc", &here, ".hdr.h1");
    world_lose_ledger(w);
    a = ask_for(w, "gone");
    assert_int_equal(a.code, 75);
    answer_free(&a);
    a = ask_for(w, gone.s);
    assert_int_equal(a.code, 75);
    answer_free(&a);
    a = ask_for(w, here.s); /* proc is enough */
    assert_int_equal(a.code, 0);
    assert_string_equal(answer_str(&a, 0, "state"), "held");
    answer_free(&a);
    world_close(&w);
}

static void wants_exactly_one_id(void **state)
{
    static const char *const wrong[] = {"show", "show|", "show|a|b"};
    struct world *w = world_open(NULL);

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct answer a = world_ask(w, wrong[i]);

        assert_int_equal(a.code, 64);
        assert_int_equal(json_array_size(a.line), 0);
        answer_free(&a);
    }
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_the_state),
        cmocka_unit_test(finds_by_any_form_of_the_id),
        cmocka_unit_test(finds_the_newest_of_all_intakes),
        cmocka_unit_test(names_the_places),
        cmocka_unit_test(tells_every_event_once),
        cmocka_unit_test(tells_of_all_copies),
        cmocka_unit_test(shortens_a_line_that_is_too_long),
        cmocka_unit_test(notes_what_is_not_found),
        cmocka_unit_test(shows_why_a_message_is_held),
        cmocka_unit_test(answers_while_the_ledger_is_built),
        cmocka_unit_test(wants_exactly_one_id),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
