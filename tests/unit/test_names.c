/*
 * test_names.c - unit tests of workers/antispam/names.c: which entry of a list fits a sender.
 *
 * Run by `make check`.
 */
#include "tests/unit/check_world.h"

#include "workers/antispam/names.h"

#include <stdio.h>
#include <time.h>

static struct names *open_names(const struct buf *bytes, struct buf *why)
{
    struct settings s;
    struct names *n;

    assert_int_equal(settings_open(&s, buf_view(bytes)), 0);
    n = names_open(&s, "l", why);
    settings_free(&s);
    return n;
}

static struct names *open_text(const char *entries, struct buf *why)
{
    struct buf bytes = {0};
    struct names *n;

    check_entries(&bytes, entries);
    n = open_names(&bytes, why);
    buf_free(&bytes);
    return n;
}

static uint32_t find(const struct names *n, struct view sender)
{
    const char *at = sender.n ? memrchr(sender.p, '@', sender.n) : NULL;
    struct view local = {sender.p, at ? (size_t)(at - sender.p) : 0};
    struct view domain = at ? (struct view){at + 1, sender.n - local.n - 1} : sender;

    return names_find(n, local, domain);
}

#define LIST                                                                                                 \
    "l user@example.org\nl example.org\nl @example.net\nl .example.com\nl mail.example.com\n"                \
    "l a@sub.example.com\nl User@Example.ORG\nl a@[192.0.2.1]\nl LAST.example.\nl .a.b.example\nl "          \
    "@@at.example\nl xn--bcher-kva.example\nl boss@b\xc3\xbc"                                                \
    "cher.example"

static const struct {
    struct view sender;
    int entry; /* -1: none */
} cases[] = {
    {VIEW("user@example.org"), 0},
    {VIEW("x@b\xc3\xbc"
          "cher.example"),
     10}, /* in the form that people see */
    {VIEW("x@B\xc3\x9c"
          "CHER.example"),
     10},
    {VIEW("boss@xn--bcher-kva.example"), 11},
    {VIEW("USER@EXAMPLE.org"), 0},
    {VIEW("user2@example.org"), 1},
    {VIEW("example.org"), 1},
    {VIEW("user@sub.example.org"), -1},
    {VIEW("x@example.net"), 2},
    {VIEW("x@a.example.net"), -1},
    {VIEW("x@example.com"), 3},
    {VIEW("x@a.b.example.com"), 3},
    {VIEW("x@notexample.com"), -1},
    {VIEW("x@mail.example.com"), 4},
    {VIEW("x@a.mail.example.com"), 3},
    {VIEW("a@sub.example.com"), 5},
    {VIEW("b@sub.example.com"), 3},
    {VIEW("a@[192.0.2.1]"), 6},
    {VIEW("b@[192.0.2.1]"), -1},
    {VIEW("x@last.example"), 7},
    {VIEW("x@c.a.b.example"), 8},
    {VIEW("x@b.example"), -1},
    {VIEW(""), -1},
    {VIEW("x@"), -1},
    {VIEW("x@org"), -1},
    {VIEW("x@com"), -1},
    {VIEW("x@.com"), -1},
    {VIEW("@@at.example"), 9},
    {VIEW("x@at.example"), -1},
    {VIEW("user@example.org\0"), -1},
    {VIEW("x@....."), -1},
};

static void the_closest_entry_is_found(void **state)
{
    struct buf why = {0};
    struct names *n = open_text(LIST, &why);

    (void)state;
    assert_non_null(n);
    for (size_t i = 0; i < N(cases); i++)
        if (find(n, cases[i].sender) != (uint32_t)cases[i].entry)
            fail_msg("%s: %d", cases[i].sender.p, (int)find(n, cases[i].sender));
    names_close(n);
}

static void an_entry_tells_its_place(void **state)
{
    struct buf b = {0};
    struct names *n = open_text("l a.example\nl @Example.org", &b);

    (void)state;
    names_say(n, find(n, VIEW("x@example.org")), &b);
    assert_string_equal(b.p, "Example.org, lists/l:2");
    buf_free(&b);
    names_close(n);
}

static void an_empty_list_holds_nothing(void **state)
{
    struct buf b = {0};
    struct names *n = open_text("m example.org", &b);

    (void)state;
    assert_true(names_is_empty(n));
    assert_int_equal(find(n, VIEW("x@example.org")), ENTRIES_NONE);
    names_close(n);
}

static void wrong_entries_name_their_place(void **state)
{
    struct buf why = {0};

    (void)state;
    assert_null(open_text("l example.org\nl *@example.org", &why));
    assert_non_null(strstr(why.p, "lists/l:2: \"*@example.org\": \"*\" cannot be used; accepted: "));
    buf_free(&why);
}

/* A domain of nothing but dots, or of many labels, costs one step for each of them at most. */
static void long_domains_end(void **state)
{
    struct buf b = {0}, domain = {0};
    struct names *n = open_text("l .example", &b);

    (void)state;
    for (unsigned i = 0; i < 100000; i++)
        buf_add_str(&domain, "a.");
    buf_add_str(&domain, "example");
    assert_int_equal(find(n, buf_view(&domain)), ENTRIES_NONE);
    assert_int_equal(find(n, (struct view){domain.p + domain.n - 253, 253}), 0);
    buf_free(&domain);
    names_close(n);
}

static void a_large_list_is_small_and_fast(void **state)
{
    enum { MANY = 100000 };
    struct buf bytes = {0}, why = {0};
    struct timespec begin, end;
    struct names *n;
    double ns;

    (void)state;
    for (uint32_t i = 0; i < MANY; i++) {
        char text[64];

        if (i % 2)
            snprintf(text, sizeof text, "user%u@example.org", i);
        else
            snprintf(text, sizeof text, "%ssub%u.example.net", i % 4 ? "." : "", i);
        check_entry(&bytes, "l", view_of(text), i + 1);
    }
    n = open_names(&bytes, &why);
    assert_non_null(n);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
    for (uint32_t i = 0; i < MANY; i++) {
        char text[64];

        snprintf(text, sizeof text, "user%u@%s%u.example.net", i, i % 4 == 2 ? "x.sub" : "sub", i);
        assert_int_equal(find(n, view_of(text)), i % 2 ? ENTRIES_NONE : i);
        snprintf(text, sizeof text, "user%u@example.org", i);
        assert_int_equal(find(n, view_of(text)), i % 2 ? i : ENTRIES_NONE);
    }
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
    ns = ((double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec)) / MANY / 2;
    print_message("%u entries: %.1f MB, %.0f ns a look-up and its test\n", MANY, (double)names_bytes(n) / 1e6,
                  ns);
    assert_true(names_bytes(n) < 20000000);
    names_close(n);
    buf_free(&bytes);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_closest_entry_is_found),
        cmocka_unit_test(an_entry_tells_its_place),
        cmocka_unit_test(an_empty_list_holds_nothing),
        cmocka_unit_test(wrong_entries_name_their_place),
        cmocka_unit_test(long_domains_end),
        cmocka_unit_test(a_large_list_is_small_and_fast),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
