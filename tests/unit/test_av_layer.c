/*
 * test_av_layer.c - unit tests of workers/av/av_layer.c: what is said against a layer, and what is not.
 *
 * Run by `make check`. No engine is needed: layers are given as libclamav's
 * callbacks give them. What a ZIP archive holds is tested in test_av_zip.c.
 */
#include "tests/unit/av_world.h"

#include "tests/unit/zip_world.h"
#include "workers/av/av_layer.h"

static const struct av_layer_rules all = {{100 * MIB, 400 * MIB, 10000}, true, true, true, false};

struct layer_case {
    const char *says;
    struct view bytes;
    enum antivirus_why why;
};

#define OLE2    "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
#define PACKAGE "E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e\0"

static void bytes_are_looked_at(void **state)
{
    static const struct layer_case cases[] = {
        {"plain text", VIEW("hello, world\n"), ANTIVIRUS_EXAMINED},
        {"nothing at all", {NULL, 0}, ANTIVIRUS_EXAMINED},
        {"a RAR archive", VIEW("Rar!\x1a\x07\x01\0...."), ANTIVIRUS_NO_UNPACKER},
        {"a RAR archive behind a program", VIEW("MZ......Rar!\x1a\x07\0..."), ANTIVIRUS_NO_UNPACKER},
        {"the word Rar! alone", VIEW("Rar! he said"), ANTIVIRUS_EXAMINED},
        {"a RAR mark that is cut off", VIEW("...Rar!\x1a"), ANTIVIRUS_EXAMINED},
        {"an ACE archive", VIEW("1234567**ACE**."), ANTIVIRUS_NO_UNPACKER},
        {"an ACE mark in another place", VIEW("123456**ACE**.."), ANTIVIRUS_EXAMINED},
        {"zstd", VIEW("\x28\xb5\x2f\xfd...."), ANTIVIRUS_NO_UNPACKER},
        {"zstd behind a frame to skip", VIEW("\x50\x2a\x4d\x18...."), ANTIVIRUS_NO_UNPACKER},
        {"a disk image in the VHDX format", VIEW("vhdxfile"), ANTIVIRUS_NO_UNPACKER},
        {"WIM", VIEW("MSWIM\0\0\0...."), ANTIVIRUS_NO_UNPACKER},
        {"an OLE2 document", VIEW(OLE2 "......"), ANTIVIRUS_EXAMINED},
        {"an OLE2 document with an encrypted one", VIEW(OLE2 "...." PACKAGE), ANTIVIRUS_ENCRYPTED},
        {"the name of that stream elsewhere", VIEW("...." PACKAGE), ANTIVIRUS_EXAMINED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct av_layers l = {0};
        struct av_layer layer = {"CL_TYPE_BINARY_DATA", 1, cases[i].bytes};

        av_layer_see(&l, &all, &layer);
        av_layer_end(&l, false);
        if (l.why != cases[i].why || l.count != 1 || (l.text[0] != '\0') != (l.why != 0))
            fail_msg("%s: %s (%s)", cases[i].says, antivirus_why_name(l.why), l.text);
    }
}

/* One step: "Z0" a 7-Zip layer at level 0 of 200 bytes, "t1" a text layer of 20 bytes, "g1" gzip of 20 bytes,
 * "+20 " a member of 20 bytes is announced. */
static void step(struct av_layers *l, const struct av_layer_rules *rules, const char **at)
{
    static const char bytes[200];
    struct av_layer layer = {"CL_TYPE_TEXT_ASCII", 0, {bytes, 20}};
    char what = *(*at)++;
    char *end;
    unsigned long n = strtoul(*at, &end, 10);

    *at = *end == ' ' ? end + 1 : end;
    layer.level = (uint32_t)n;
    if (what == 'Z')
        layer.type = "CL_TYPE_7Z", layer.bytes.n = sizeof bytes;
    else if (what == 'g')
        layer.type = "CL_TYPE_GZ";
    if (what == '+')
        av_layer_announce(l, rules, "CL_TYPE_7Z", n);
    else
        av_layer_see(l, rules, &layer);
}

struct member_case {
    const char *says, *steps;
    bool barren;
};

static const struct member_case members[] = {
    {"a text", "t0", false},
    {"an archive with one member that came", "Z0 +20 t1", false},
    {"an archive of a type that announces nothing", "Z0 t1", false},
    {"an archive from which nothing came", "Z0", true},
    {"an archive in a message from which nothing came", "t0 Z1 t1", true},
    {"an archive whose only member did not come", "Z0 +20", true},
    {"an archive whose second member did not come", "Z0 +20 t1 +20", true},
    {"an archive whose first member did not come", "Z0 +20 +20 t1", true},
    {"a member that is shorter than the archive says", "Z0 +21 t1", true},
    {"a member too small to become a layer", "Z0 +5", false},
    {"such a member after one that came", "Z0 +20 t1 +3", false},
    {"an archive in an archive", "Z0 +200 Z1 +20 t2 +20 t1", false},
    {"a file of the same size stands in for a member that did not come (not noticed)", "Z0 +200 Z1 +20 t1",
     false},
    {"the inner one of two gave nothing, sizes differ", "Z0 +200 Z1 +30 t1", true},
    {"an empty gzip file", "t0 g1 t1", false},
};

static void archives_must_give_what_they_announce(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        struct av_layers l = {0}, encrypted;
        const char *at = members[i].steps;

        while (*at)
            step(&l, &all, &at);
        encrypted = l;
        av_layer_end(&l, false);
        if ((l.why == ANTIVIRUS_NO_UNPACKER) != members[i].barren)
            fail_msg("%s: %s", members[i].says, l.text);
        av_layer_end(&encrypted, true);
        assert_int_equal(encrypted.why, ANTIVIRUS_EXAMINED);
    }
}

static void what_is_switched_off_is_not_looked_at(void **state)
{
    static const struct av_layer_rules none = {{1, 1, 1}, false, false, false, false};
    struct av_layer_rules rar = all;
    struct av_layer layer = {"CL_TYPE_7Z", 0, VIEW(OLE2 "Rar!\x1a\x07\x01\0" PACKAGE)};
    struct av_layers l = {0};

    (void)state;
    av_layer_see(&l, &none, &layer);
    av_layer_announce(&l, &none, "CL_TYPE_7Z", 1000);
    av_layer_end(&l, false);
    assert_int_equal(l.why, ANTIVIRUS_EXAMINED);
    rar.rar = true;
    rar.encrypted = false;
    layer.type = "CL_TYPE_RARSFX";
    av_layer_see(&l, &rar, &layer);
    av_layer_end(&l, false);
    assert_int_equal(l.why, ANTIVIRUS_EXAMINED);
    assert_int_equal(l.count, 2);
}

static void the_worst_of_several_layers_counts(void **state)
{
    struct av_layers l = {0};
    struct av_layer rar = {"x", 1, VIEW("Rar!\x1a\x07\0")}, locked = {"x", 1, VIEW(OLE2 PACKAGE)};

    (void)state;
    av_layer_see(&l, &all, &locked);
    av_layer_see(&l, &all, &rar);
    av_layer_see(&l, &all, &locked);
    assert_int_equal(l.why, ANTIVIRUS_NO_UNPACKER);
    assert_string_equal(l.text, "no unpacker for RAR");
}

/* A digit: a text layer at that level; a letter and a digit: an archive of two members there, see archives[].
 */
static const struct members_case {
    const char *says, *steps;
    enum antivirus_why why;
} members_cases[] = {
    {"all members came", "z1 2 2", ANTIVIRUS_EXAMINED},
    {"the last one is missing", "z1 2", ANTIVIRUS_AMBIGUOUS},
    {"all are missing", "z0", ANTIVIRUS_AMBIGUOUS},
    {"one is missing, and another file follows the archive", "z1 2 1 1", ANTIVIRUS_AMBIGUOUS},
    {"files in members are no members", "z0 1 2 2", ANTIVIRUS_AMBIGUOUS},
    {"more than announced is nobody's harm", "z0 1 1 1", ANTIVIRUS_EXAMINED},
    {"an archive in an archive is one member", "z0 z1 2 2 1", ANTIVIRUS_EXAMINED},
    {"and lacks one itself", "z0 z1 2 1", ANTIVIRUS_AMBIGUOUS},
    {"two archives beside each other", "1 z1 2 2 z1 2 2", ANTIVIRUS_EXAMINED},
    {"the second one lacks one", "1 z1 2 2 z1 2", ANTIVIRUS_AMBIGUOUS},
    {"an archive with a reason of its own keeps that", "y0", ANTIVIRUS_ENCRYPTED},
    {"a document is an archive", "o0 1 1", ANTIVIRUS_EXAMINED},
    {"of which one is missing", "o0 1", ANTIVIRUS_AMBIGUOUS},
    {"behind other bytes members come two levels deeper", "e0 2 2", ANTIVIRUS_EXAMINED},
    {"one of these is missing", "e0 2", ANTIVIRUS_AMBIGUOUS},
    {"others come one level deeper", "e0 1 1", ANTIVIRUS_AMBIGUOUS},
    {"it comes as a layer of its own, and that has the duty", "e0 z1 2 2", ANTIVIRUS_EXAMINED},
    {"which it does not fulfil", "e0 z1 2", ANTIVIRUS_AMBIGUOUS},
    {"deep in another", "e0 1 z2 3 3", ANTIVIRUS_EXAMINED},
    {"another archive is not the same", "e0 x1 2", ANTIVIRUS_AMBIGUOUS},
    {"what is ignored gives nothing", "i0", ANTIVIRUS_EXAMINED},
    {"members that libclamav does not find behind other bytes", "u0 2 2", ANTIVIRUS_AMBIGUOUS},
    {"unless they come from a layer of their own", "u0 s1 2 2", ANTIVIRUS_EXAMINED},
    {"a tar archive", "t0 1 1", ANTIVIRUS_EXAMINED},
    {"a tar archive of which one is missing", "t0 1", ANTIVIRUS_AMBIGUOUS},
    {"a tar archive in a ZIP archive", "z0 t1 2 2 1", ANTIVIRUS_EXAMINED},
    {"the same, the tar archive lacks one", "z0 t1 2 1", ANTIVIRUS_AMBIGUOUS},
    {"a tar archive of a size in base 256", "b0 1", ANTIVIRUS_AMBIGUOUS},
};

struct archives {
    char letter;
    const char *type;
    struct buf bytes;
};

/* A header of POSIX.1-2017 and the ten bytes of its file. */
static void add_tar_member(struct buf *to, const char *name)
{
    unsigned char h[1024] = {0};
    unsigned sum = 0;

    memcpy(h, name, strlen(name));
    memcpy(h + 100, "0000644", 7);
    memcpy(h + 124, "00000000012", 11);
    memcpy(h + 136, "00000000000", 11);
    memcpy(h + 148, "        ", 8);
    h[156] = '0';
    memcpy(h + 257,
           "ustar\0"
           "00",
           8);
    for (size_t i = 0; i < 512; i++)
        sum += h[i];
    snprintf((char *)h + 148, 8, "%06o", sum);
    memcpy(h + 512, "ten bytes.", 10);
    buf_add(to, h, sizeof h);
}

static void make_tar(struct buf *to)
{
    static const char end[1024];

    add_tar_member(to, "a");
    add_tar_member(to, "b");
    buf_add(to, end, sizeof end);
}

static void make_archives(struct archives a[])
{
    const struct zip_member m[] = {{.name = "a", .data = VIEW("ten bytes."), .crc = 1},
                                   {.name = "b", .data = VIEW("ten bytes!"), .crc = 2}};
    struct zip_member locked[] = {m[0], m[1]}, streamed[] = {m[0], m[1]};

    locked[1].flags = 1;
    streamed[0].streamed = true;
    for (; a->letter; a++) {
        if (strchr("eiu", a->letter))
            buf_add_str(&a->bytes, "ID3...");
        if (strchr("tb", a->letter))
            make_tar(&a->bytes);
        else if (a->letter == 'x')
            zip_make(&a->bytes, m, 1);
        else
            zip_make(&a->bytes, a->letter == 'y' ? locked : strchr("su", a->letter) ? streamed : m, 2);
        if (a->letter == 'b') {
            /* 0x80 instead of the first octal digit, and the sum that follows. */
            a->bytes.p[124] = (char)0x80;
            a->bytes.p[152] = (char)(a->bytes.p[152] + 2);
            assert_true(a->bytes.p[152] <= '7');
        }
    }
}

static void see_step(struct av_layers *l, const struct archives *a, const char **at)
{
    struct av_layer layer = {"CL_TYPE_TEXT_ASCII", 0, VIEW("ten bytes.")};

    for (; **at >= 'a' && a->letter; a++)
        if (**at == a->letter) {
            layer.type = a->type;
            layer.bytes = buf_view(&a->bytes);
            ++*at;
            break;
        }
    layer.level = (uint32_t)(**at - '0');
    av_layer_see(l, &all, &layer);
}

static void archives_must_give_as_many_layers_as_they_have_members(void **state)
{
    struct archives a[] = {
        {'z', "CL_TYPE_ZIP", {0}},
        {'y', "CL_TYPE_ZIP", {0}},
        {'x', "CL_TYPE_ZIP", {0}},
        {'s', "CL_TYPE_ZIP", {0}},
        {'o', "CL_TYPE_OOXML_WORD", {0}},
        {'e', "CL_TYPE_MSEXE", {0}},
        {'u', "CL_TYPE_BINARY_DATA", {0}},
        {'i', "CL_TYPE_IGNORED", {0}},
        {'t', "CL_TYPE_POSIX_TAR", {0}},
        {'b', "CL_TYPE_POSIX_TAR", {0}},
        {0, NULL, {0}},
    };

    (void)state;
    make_archives(a);
    for (size_t i = 0; i < sizeof members_cases / sizeof *members_cases; i++) {
        struct av_layers l = {0};

        for (const char *at = members_cases[i].steps; *at; at++)
            if (*at != ' ')
                see_step(&l, a, &at);
        av_layer_end(&l, false);
        if (l.why != members_cases[i].why)
            fail_msg("%s: %d (%s)", members_cases[i].says, (int)l.why, l.text);
    }
    for (size_t i = 0; a[i].letter; i++)
        buf_free(&a[i].bytes);
}

static void a_second_bzip2_stream_has_no_unpacker(void **state)
{
    struct av_layer layer = {"CL_TYPE_BZ", 0, VIEW("BZh91AY&SY....BZh91AY&SY....")};
    struct av_layers l = {0}, other = {0};

    (void)state;
    av_layer_see(&l, &all, &layer);
    assert_int_equal(l.why, ANTIVIRUS_NO_UNPACKER);
    assert_string_equal(l.text, "no unpacker for bzip2 in several streams");
    layer.type = "CL_TYPE_BINARY_DATA";
    av_layer_see(&other, &all, &layer);
    assert_int_equal(other.why, ANTIVIRUS_EXAMINED);
}

static void what_was_cut_off_is_a_limit(void **state)
{
    struct av_layer_rules rules = all;
    struct av_layer layer = {"CL_TYPE_BINARY_DATA", 1, {xcalloc(1, MIB), MIB}};

    (void)state;
    for (int inside = 0; inside < 2; inside++) {
        for (int large = 0; large < 2; large++) {
            struct av_layers l = {0};

            rules.zip.file_size = large ? MIB : 2 * MIB;
            layer.level = (uint32_t)inside;
            av_layer_see(&l, &rules, &layer);
            av_layer_end(&l, false);
            assert_int_equal(l.why, inside && large ? ANTIVIRUS_LIMIT : ANTIVIRUS_EXAMINED);
        }
    }
    free((char *)(uintptr_t)layer.bytes.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_looked_at),
        cmocka_unit_test(archives_must_give_what_they_announce),
        cmocka_unit_test(what_is_switched_off_is_not_looked_at),
        cmocka_unit_test(the_worst_of_several_layers_counts),
        cmocka_unit_test(archives_must_give_as_many_layers_as_they_have_members),
        cmocka_unit_test(a_second_bzip2_stream_has_no_unpacker),
        cmocka_unit_test(what_was_cut_off_is_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
