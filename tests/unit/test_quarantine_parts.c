/*
 * test_quarantine_parts.c - unit tests of spoold/quarantine_parts.c: a list of parts goes out whole, in lines
 * that fit, and what is no list does not.
 *
 * Run by `make check`. Asked through the verb, as spoolctl asks.
 */
#include "tests/unit/release_world.h"

#define START "{\"v\":1,\"from\":\"a@example.org\",\"recipients\":[]"

/* The entry "x" with this record; the answer of show. */
static struct answer show(struct world *w, const char *record)
{
    struct quarantine_entry e = release_world_entry(w, "x", NULL);

    depot_world_put(w, "quarantine/virus", &e.base, ".json", record);
    return world_ask(w, "quarantine-show|x");
}

static const json_t *member(const struct answer *a, size_t line, const char *key)
{
    return json_object_get(json_array_get(a->line, line), key);
}

static void a_short_list_is_one_line_and_one_about_the_form(void **state)
{
    struct world *w = depot_world_plain();
    struct answer a =
        show(w, START ",\"sha256\":\"00\",\"parts\":[{\"type\":\"a/b\",\"name\":\"],}{\"},{\"type\":"
                      "\"c/d\"}],\"parts_more\":7,\"oddities\":[\"types\"],\"ambiguous\":true}\n");

    (void)state;
    assert_int_equal(a.code, 0);
    assert_string_equal(answer_str(&a, 1, "sha256"), "00");
    assert_int_equal(json_array_size(member(&a, 2, "parts")), 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(member(&a, 2, "parts"), 0), "name")),
                        "],}{");
    assert_int_equal(answer_int(&a, 3, "parts_more"), 7);
    assert_int_equal(json_array_size(member(&a, 3, "oddities")), 1);
    assert_true(json_is_true(member(&a, 3, "ambiguous")));
    assert_non_null(member(&a, 4, "hdr"));
    answer_free(&a);
    depot_world_close(&w);
}

static void without_a_list_there_is_no_line(void **state)
{
    static const char *const cases[] = {START "}\n", START ",\"ambiguous\":true,\"oddities\":[\"types\"]}\n"};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world *w = depot_world_plain();
        struct answer a = show(w, cases[i]);

        assert_non_null(member(&a, 2, "hdr"));
        answer_free(&a);
        depot_world_close(&w);
    }
}

/* world_ask() fails where a line is too long for a packet. */
static void a_long_list_is_several_lines(void **state)
{
    enum { N = 100 };
    struct world *w = depot_world_plain();
    struct buf record = {0};
    struct answer a;
    int64_t next = 0;
    size_t line = 2;

    (void)state;
    buf_add_str(&record, START ",\"parts\":[");
    for (int i = 0; i < N; i++)
        buf_addf(&record, "%s{\"size\":%d,\"name\":\"%0*d\"}", i ? "," : "", i, 850, 0);
    buf_add_str(&record, "]}\n");
    a = show(w, record.p);
    for (; member(&a, line, "parts"); line++)
        for (size_t i = 0; i < json_array_size(member(&a, line, "parts")); i++)
            assert_int_equal(
                json_integer_value(json_object_get(json_array_get(member(&a, line, "parts"), i), "size")),
                next++);
    assert_int_equal(next, N);
    assert_true(line > 4);
    assert_true(json_is_false(member(&a, line, "ambiguous")));
    answer_free(&a);
    buf_free(&record);
    depot_world_close(&w);
}

static void what_is_no_item_ends_the_list(void **state)
{
    static const struct {
        const char *says, *list;
        size_t n;
    } cases[] = {
        {"an empty list", "", 0},
        {"no object", "1,{}", 0},
        {"no object behind one", "{},1,{}", 1},
        {"a blank", "{}, {}", 1},
        {"a line feed in an item", "{},{\n},{}", 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world *w = depot_world_plain();
        struct buf record = {0};
        struct answer a;

        print_message("%s\n", cases[i].says);
        buf_addf(&record, START ",\"parts\":[%s],\"oddities\":[\"a\",\n\"b\"]}\n", cases[i].list);
        a = show(w, record.p);
        assert_int_equal(json_array_size(member(&a, 2, "parts")), cases[i].n);
        assert_true(json_is_false(member(&a, cases[i].n ? 3 : 2, "ambiguous")));
        assert_null(member(&a, cases[i].n ? 3 : 2, "oddities"));
        answer_free(&a);
        buf_free(&record);
        depot_world_close(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_short_list_is_one_line_and_one_about_the_form),
        cmocka_unit_test(without_a_list_there_is_no_line),
        cmocka_unit_test(a_long_list_is_several_lines),
        cmocka_unit_test(what_is_no_item_ends_the_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
