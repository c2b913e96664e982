/*
 * test_facts_json.c - unit tests of common/facts_json.c: what is written is read back, and a file that cannot
 * be read says in plain words why.
 *
 * Run by `make check`.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/facts.h"

#include <jansson.h>
#include <stdlib.h>

#define NOW 1767323045678 /* 2026-01-02T03:04:05.678Z */

static void add(struct facts *f, const struct fact *fact)
{
    assert_int_equal(facts_add(f, fact), 0);
}

static void fill(struct facts *f)
{
    struct view text[] = {VIEW("v=spf1 -all"), VIEW("\"\\\0\x1f\x7f\x80\xff\xc3\xa9"), VIEW("")};
    struct view server[] = {VIEW("10 mail.example.org")};

    f->otherwise = FACTS_NXDOMAIN;
    add(f, &(struct fact){.type = FACT_TXT,
                          .name = VIEW("example.org"),
                          .answer = text,
                          .answer_n = 3,
                          .ttl = 300,
                          .at = NOW});
    add(f, &(struct fact){.type = FACT_MX, .name = VIEW("\"a\\b.example"), .answer = server, .answer_n = 1});
    add(f, &(struct fact){.type = FACT_A, .rcode = FACT_TIMEOUT, .name = VIEW("y.example.org")});
    add(f, &(struct fact){.type = FACT_AAAA, .name = VIEW("y.example.org")});
}

static void write_json(struct buf *to, const struct facts *f)
{
    struct json j = {.out = to};

    buf_add_char(to, '{');
    json_add_bool(&j, "before", true);
    facts_add_json(&j, f, NOW);
    json_add_bool(&j, "behind", true);
    buf_add_char(to, '}');
    assert_false(j.raw);
}

static void facts_are_written_as_the_format_says(void **state)
{
    static const char wanted[] = "{\"before\":true,\"facts\":{\"default\":\"nxdomain\",\"dns\":{"
                                 "\"TXT example.org\":{\"answers\":[\"v=spf1 -all\","
                                 "\"\\\"\\\\\\u0000\\u001f\\u007f\\u0080\\u00ff\\u00c3\\u00a9\",\"\"],"
                                 "\"ttl\":300,\"at\":\"2026-01-02T03:04:05.678Z\"},"
                                 "\"MX \\\"a\\\\b.example\":{\"answers\":[\"10 mail.example.org\"]},"
                                 "\"A y.example.org\":{\"rcode\":\"TIMEOUT\"},"
                                 "\"AAAA y.example.org\":{\"answers\":[]}},"
                                 "\"now\":\"2026-01-02T03:04:05.678Z\"},\"behind\":true}";
    struct facts f = {0};
    struct buf out = {0};

    (void)state;
    fill(&f);
    write_json(&out, &f);
    assert_string_equal(out.p, wanted);
    facts_free(&f);
    buf_clear(&out);
    f.otherwise = FACTS_MISSING;
    write_json(&out, &f);
    assert_string_equal(out.p, "{\"before\":true,\"facts\":{\"default\":\"missing\",\"dns\":{},"
                               "\"now\":\"2026-01-02T03:04:05.678Z\"},\"behind\":true}");
    buf_free(&out);
}

static void what_is_written_is_read_back(void **state)
{
    struct facts f = {0}, again = {0};
    struct buf out = {0}, why = {0}, packed = {0}, packed_again = {0};
    struct view object;
    int64_t now = 0;

    (void)state;
    fill(&f);
    write_json(&out, &f);
    object = (struct view){strchr(out.p + 1, '{'), 0};
    object.n = (size_t)(strstr(out.p, ",\"behind\"") - object.p);
    assert_int_equal(facts_read_json(&again, object, &now, &why), 0);
    assert_true(now == NOW);
    facts_pack(&packed, &f);
    facts_pack(&packed_again, &again);
    assert_int_equal(packed.n, packed_again.n);
    assert_memory_equal(packed.p, packed_again.p, packed.n);
    facts_free(&f);
    facts_free(&again);
    buf_free(&out);
    buf_free(&why);
    buf_free(&packed);
    buf_free(&packed_again);
}

static void files_are_read_or_say_why_not(void **state)
{
    static const struct {
        const char *says, *text;
        int facts; /* -1: refused */
        const char *why;
    } cases[] = {
        {"nothing is known", "{\"dns\":{}}", 0, ""},
        {"no facts at all", "{}", -1, "there is neither \"dns\" nor \"default\""},
        {"unknown members of facts are ignored", "{\"x\":1,\"dns\":{\"A a\":{}}}", 1, ""},
        {"a mistyped member of a fact is not", "{\"dns\":{\"A a\":{\"data\":[]}}}", -1,
         "\"A a\": has another member than rcode, answers, ttl, at"},
        {"a record that has facts", "{\"v\":1,\"facts\":{\"dns\":{\"A a\":{}}}}", 1, ""},
        {"NOERROR without answers is preset", "{\"dns\":{\"A a\":{}}}", 1, ""},
        {"names become clean", "{\"dns\":{\"A A.Example.\":{\"answers\":[\"192.0.2.1\"]}}}", 1, ""},
        {"no JSON", "{\n\"dns\":", -1, "line 2: no JSON"},
        {"no object", "[]", -1, "facts are an object of JSON"},
        {"nothing at all", "", -1, "line 1: no JSON"},
        {"another default", "{\"default\":\"x\"}", -1, "\"default\" is neither \"nxdomain\" nor \"missing\""},
        {"a default that is no word", "{\"default\":1}", -1,
         "\"default\" is neither \"nxdomain\" nor \"missing\""},
        {"now is no number", "{\"now\":1}", -1, "\"now\" is no time of RFC 3339"},
        {"now with a NUL", "{\"now\":\"2026-01-02T03:04:05Z\\u0000\"}", -1, "\"now\" is no time of RFC 3339"},
        {"dns is no array", "{\"dns\":[]}", -1, "\"dns\" is no object"},
        {"a name alone", "{\"dns\":{\"example.org\":{}}}", -1,
         "\"example.org\": is not \"TYPE name\", TYPE one of A AAAA MX TXT PTR CNAME"},
        {"another type", "{\"dns\":{\"SPF a\":{}}}", -1,
         "\"SPF a\": is not \"TYPE name\", TYPE one of A AAAA MX TXT PTR CNAME"},
        {"a type in small letters", "{\"dns\":{\"a a\":{}}}", -1,
         "\"a a\": is not \"TYPE name\", TYPE one of A AAAA MX TXT PTR CNAME"},
        {"a name that cannot be asked", "{\"dns\":{\"A a b \":{}}}", -1,
         "\"A a b \": this name cannot be asked"},
        {"what is odd is not shown", "{\"dns\":{\"A \\u001b\\u00e9\":{}}}", -1,
         "\"A ???\": this name cannot be asked"},
        {"no object", "{\"dns\":{\"A a\":[]}}", -1, "\"A a\": is no object"},
        {"twice as written", "{\"dns\":{\"A a\":{},\"A a\":{}}}", -1, "line 1: no JSON"},
        {"twice, in another case", "{\"dns\":{\"A a\":{},\"A A.\":{}}}", -1, "\"A A.\": is there twice"},
        {"another rcode", "{\"dns\":{\"A a\":{\"rcode\":\"REFUSED\"}}}", -1,
         "\"A a\": \"rcode\" is none of NOERROR, NXDOMAIN, SERVFAIL, TIMEOUT"},
        {"an rcode that is no word", "{\"dns\":{\"A a\":{\"rcode\":3}}}", -1,
         "\"A a\": \"rcode\" is none of NOERROR, NXDOMAIN, SERVFAIL, TIMEOUT"},
        {"the last ttl", "{\"dns\":{\"A a\":{\"ttl\":2147483647}}}", 1, ""},
        {"a ttl behind it", "{\"dns\":{\"A a\":{\"ttl\":2147483648}}}", -1,
         "\"A a\": \"ttl\" is no number of seconds"},
        {"a ttl below zero", "{\"dns\":{\"A a\":{\"ttl\":-1}}}", -1,
         "\"A a\": \"ttl\" is no number of seconds"},
        {"half a second", "{\"dns\":{\"A a\":{\"ttl\":0.5}}}", -1,
         "\"A a\": \"ttl\" is no number of seconds"},
        {"at is no time", "{\"dns\":{\"A a\":{\"at\":\"now\"}}}", -1,
         "\"A a\": \"at\" is no time of RFC 3339"},
        {"answers are an array", "{\"dns\":{\"A a\":{\"answers\":\"192.0.2.1\"}}}", -1,
         "\"A a\": \"answers\" is no array"},
        {"an answer is a string", "{\"dns\":{\"A a\":{\"answers\":[1]}}}", -1,
         "\"A a\": an answer is no string"},
        {"an answer is of its type", "{\"dns\":{\"A a\":{\"answers\":[\"192.0.2.1\",\"x\"]}}}", -1,
         "\"A a\": no fact of this type has such an answer"},
        {"the last byte", "{\"dns\":{\"TXT a\":{\"answers\":[\"\\u00ff\"]}}}", 1, ""},
        {"a character behind it", "{\"dns\":{\"TXT a\":{\"answers\":[\"\\u0100\"]}}}", -1,
         "\"TXT a\": a character of an answer is beyond U+00FF"},
        {"a character far behind it", "{\"dns\":{\"TXT a\":{\"answers\":[\"\xf0\x9f\x98\x80\"]}}}", -1,
         "\"TXT a\": a character of an answer is beyond U+00FF"},
        {"answers of what is not there",
         "{\"dns\":{\"A a\":{\"rcode\":\"NXDOMAIN\",\"answers\":[\"192.0.2.1\"]}}}", -1,
         "\"A a\": answers, but an rcode that has none"},
        {"none of what is not there", "{\"dns\":{\"A a\":{\"rcode\":\"NXDOMAIN\",\"answers\":[]}}}", 1, ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct facts f = {0};
        struct buf why = {0};
        int64_t now = 7;
        int rc = facts_read_json(&f, view_of(cases[i].text), &now, &why);

        if (rc != (cases[i].facts < 0 ? -1 : 0) || (rc == 0 && (int)f.n != cases[i].facts) ||
            !view_equal(buf_view(&why), view_of(cases[i].why)) || now != 7)
            fail_msg("%s: %d, %u facts, %s", cases[i].says, rc, f.n, why.p ? why.p : "no reason");
        facts_free(&f);
        buf_free(&why);
    }
}

static void bytes_come_back_as_characters(void **state)
{
    static const char text[] =
        "{\"dns\":{\"TXT a\":{\"answers\":[\"x\\u0000\\u007f\\u0080\\u00bf\\u00c0\\u00ff\xc3\xa9\"]}}}";
    struct facts f = {0};
    struct buf why = {0};
    int64_t now = 0;

    (void)state;
    assert_int_equal(facts_read_json(&f, VIEW(text), &now, &why), 0);
    assert_int_equal(facts_at(&f, 0)->answer[0].n, 8);
    assert_memory_equal(facts_at(&f, 0)->answer[0].p, "x\0\x7f\x80\xbf\xc0\xff\xe9", 8);
    facts_free(&f);
    buf_free(&why);
}

static void what_a_file_does_not_say_stays(void **state)
{
    struct facts f = {.otherwise = FACTS_NXDOMAIN};
    struct buf why = {0};
    int64_t now = 0;

    (void)state;
    assert_int_equal(facts_read_json(&f, VIEW("{\"dns\":{}}"), &now, &why), 0);
    assert_int_equal(f.otherwise, FACTS_NXDOMAIN);
    assert_int_equal(facts_read_json(&f, VIEW("{\"default\":\"missing\"}"), &now, &why), 0);
    assert_int_equal(f.otherwise, FACTS_MISSING);
    assert_int_equal(facts_read_json(&f, VIEW("{\"default\":\"nxdomain\"}"), &now, &why), 0);
    assert_int_equal(f.otherwise, FACTS_NXDOMAIN);
    buf_free(&why);
}

static void times_are_read(void **state)
{
    static const struct {
        const char *text;
        int64_t ms; /* -1: none */
    } cases[] = {
        {"2026-01-02T03:04:05.678Z", NOW},
        {"2026-01-02T03:04:05Z", NOW - 678},
        {"2026-01-02t03:04:05z", NOW - 678},
        {"2026-01-02 03:04:05.6Z", NOW - 78},
        {"2026-01-02T03:04:05.678999999999Z", NOW},
        {"2026-01-02T04:34:05.678+01:30", NOW},
        {"2026-01-01T22:04:05.678-05:00", NOW},
        {"1970-01-01T00:00:00Z", 0},
        {"9999-12-31T23:59:59.999Z", INT64_C(253402300799999)},
        {"2024-02-29T00:00:00Z", INT64_C(1709164800000)},
        {"2023-02-29T00:00:00Z", -1},
        {"1969-12-31T23:59:59Z", -1},
        {"1970-01-01T00:00:00+00:01", -1},
        {"2026-13-02T03:04:05Z", -1},
        {"2026-00-02T03:04:05Z", -1},
        {"2026-01-00T03:04:05Z", -1},
        {"2026-01-32T03:04:05Z", -1},
        {"2026-01-02T24:04:05Z", -1},
        {"2026-01-02T03:60:05Z", -1},
        {"2026-01-02T03:04:60Z", -1},
        {"2026-01-02T03:04:05", -1},
        {"2026-01-02T03:04:05.Z", -1},
        {"2026-01-02T03:04:05+24:00", -1},
        {"2026-01-02T03:04:05+0100", -1},
        {"2026-01-02T03:04:05Z ", -1},
        {"2026-1-2T03:04:05Z", -1},
        {"2026-01-02", -1},
        {"", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct facts f = {0};
        struct buf text = {0}, why = {0};
        int64_t now = -1;

        buf_addf(&text, "{\"dns\":{},\"now\":\"%s\"}", cases[i].text);
        if (facts_read_json(&f, buf_view(&text), &now, &why) != (cases[i].ms < 0 ? -1 : 0) ||
            now != cases[i].ms)
            fail_msg("'%s': %lld", cases[i].text, (long long)now);
        buf_free(&text);
        buf_free(&why);
    }
}

/* "dns" with so many names, each with so many answers. */
static void write_many(struct buf *to, unsigned names, unsigned answers)
{
    buf_clear(to);
    buf_add_str(to, "{\"dns\":{");
    for (unsigned i = 0; i < names; i++) {
        buf_addf(to, "%s\"TXT n%u\":{\"answers\":[", i ? "," : "", i);
        for (unsigned k = 0; k < answers; k++)
            buf_add_str(to, k ? ",\"\"" : "\"\"");
        buf_add_str(to, "]}");
    }
    buf_add_str(to, "}}");
}

static void files_have_limits(void **state)
{
    static const struct {
        unsigned names, answers;
        const char *why;
    } cases[] = {{FACTS_MAX, 1, NULL},
                 {FACTS_MAX + 1, 1, "\"TXT n600\": too many facts, or too long"},
                 {1, FACTS_ANSWERS_MAX, NULL},
                 {1, FACTS_ANSWERS_MAX + 1, "\"TXT n0\": too many answers"}};
    struct buf text = {0}, why = {0};
    int64_t now = 0;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct facts f = {0};

        write_many(&text, cases[i].names, cases[i].answers);
        assert_int_equal(facts_read_json(&f, buf_view(&text), &now, &why), cases[i].why ? -1 : 0);
        if (cases[i].why)
            assert_string_equal(why.p, cases[i].why);
        facts_free(&f);
    }
    buf_free(&text);
    buf_free(&why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(facts_are_written_as_the_format_says),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(files_are_read_or_say_why_not),
        cmocka_unit_test(bytes_come_back_as_characters),
        cmocka_unit_test(what_a_file_does_not_say_stays),
        cmocka_unit_test(times_are_read),
        cmocka_unit_test(files_have_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
