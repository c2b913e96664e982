/*
 * test_av_magic.c - unit tests of workers/av/av_magic.c: formats that are objected to, and what looks like
 * them.
 *
 * Run by `make check`. Each format stands beside a case that differs in the one
 * thing that tells it. Bytes are given in memory of their very size, so that a
 * sanitizer sees each read beyond them.
 */
#include "tests/unit/av_world.h"

#include "workers/av/av_magic.h"

struct magic_case {
    const char *says;
    struct view bytes;
    size_t at, n; /* they stand there in a file of n zeros; 0: they are the file */
    const char *unknown, *encrypted;
};

#define SIGNED  "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
#define DATA    "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"
#define DIGESTS "\x31\x0d\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01"
#define OPEN    "\x30\x80" SIGNED "\xa0\x80\x30\x80\x02\x01\x01"
#define LOCKED  "E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e\0"
#define OLE2    "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
#define PGP     "-----BEGIN PGP MESSAGE-----\n"
#define CMS     "signed data (CMS)"
#define SEALED  "encrypted data (CMS)"
#define OFFICE  "an encrypted document"
#define MAIL    "a message encrypted by PGP"

static const struct magic_case cases[] = {
    {"nothing", {NULL, 0}, 0, 0, NULL, NULL},
    {"zeros", VIEW(""), 0, 2000, NULL, NULL},
    {"a Debian package", VIEW("!<arch>\ndebian-binary"), 0, 0, "ar (also of Debian packages)", NULL},
    {"the legacy format of LZ4", VIEW("\x02\x21\x4c\x18...."), 0, 0, "LZ4 (legacy)", NULL},
    {"RPM", VIEW("\xed\xab\xee\xdb\3\0"), 0, 0, "RPM", NULL},
    {"a snappy stream", VIEW("\xff\x06\0\0sNaPpY...."), 0, 0, "snappy", NULL},
    {"a mark that is cut off", VIEW("\xff\x06\0\0sNaPp"), 0, 0, NULL, NULL},
    {"VDI", VIEW("\x7f\x10\xda\xbe"), 64, 600, "VDI", NULL},
    {"its mark in another place", VIEW("\x7f\x10\xda\xbe"), 65, 600, NULL, NULL},

    {"LZMA with another dictionary than most", VIEW("\x00\0\0\x18\0\xff\xff\xff\xff\xff\xff\xff\xff\0"), 0, 0,
     "LZMA", NULL},
    {"with a size", VIEW("\x6c\0\x10\0\0\x44\0\0\0\0\0\0\0\0"), 0, 0, "LZMA", NULL},
    {"with the largest properties", VIEW("\xe0\0\x10\0\0\x44\0\0\0\0\0\0\0\0"), 0, 0, "LZMA", NULL},
    {"with properties beyond", VIEW("\xe1\0\x10\0\0\x44\0\0\0\0\0\0\0\0"), 0, 0, NULL, NULL},
    {"with a dictionary of no such size", VIEW("\x6c\0\x14\0\0\x44\0\0\0\0\0\0\0\0"), 0, 0, NULL, NULL},
    {"with one too small", VIEW("\x6c\0\x08\0\0\x44\0\0\0\0\0\0\0\0"), 0, 0, NULL, NULL},
    {"with the size 0", VIEW("\x6c\0\x10\0\0\0\0\0\0\0\0\0\0\0"), 0, 0, NULL, NULL},
    {"with a size beyond 2^38", VIEW("\x6c\0\x10\0\0\0\0\0\0\x40\0\0\0\0"), 0, 0, NULL, NULL},
    {"the header alone", VIEW("\x6c\0\x10\0\0\x44\0\0\0\0\0\0\0"), 0, 0, NULL, NULL},

    {"ext", VIEW("\x53\xef\1\0\1\0"), 1080, 4096, "an image of a disk (ext)", NULL},
    {"ext with errors that nobody has", VIEW("\x53\xef\1\0\4\0"), 1080, 4096, NULL, NULL},
    {"ext, cut off", VIEW("\x53\xef\1\0\1"), 1080, 1085, NULL, NULL},
    {"a disk of fixed size", VIEW("conectix\0\0\0\2"), 4096, 4608, "VHD", NULL},
    {"its footer in another place", VIEW("conectix\0\0\0\2"), 4096, 4609, NULL, NULL},

    {"a signature with its content",
     VIEW("\x30\x50" SIGNED "\xa0\x43\x30\x41\x02\x01\x01" DIGESTS "\x30\x12" DATA "\xa0\x05\x04\x03hey...."),
     0, 0, CMS, NULL},
    {"a signature beside its message",
     VIEW("\x30\x50" SIGNED "\xa0\x43\x30\x41\x02\x01\x01" DIGESTS "\x30\x0b" DATA "\xa0\x05...."), 0, 0,
     NULL, NULL},
    {"lengths of three bytes",
     VIEW("\x30\x82\1\0" SIGNED "\xa0\x82\1\0\x30\x81\x90\x02\x01\x01" DIGESTS "\x30\x0b" DATA "...."), 0, 0,
     NULL, NULL},
    {"open lengths, with content", VIEW(OPEN DIGESTS "\x30\x80" DATA "\xa0\x80\x24\x80"), 0, 0, CMS, NULL},
    {"open lengths, without", VIEW(OPEN DIGESTS "\x30\x80" DATA "\0\0...."), 0, 0, NULL, NULL},
    {"the list of digests open, too", VIEW(OPEN "\x31\x80\x30\x02\x05\0\0\0\x30\x80" DATA "\0\0"), 0, 0, NULL,
     NULL},
    {"certificates alone, no digests", VIEW(OPEN "\x31\0\x30\x0b" DATA "\xa0\x80"), 0, 0, NULL, NULL},
    {"cut off before that can be told", VIEW(OPEN DIGESTS "\x30"), 0, 0, CMS, NULL},
    {"a length of five bytes", VIEW("\x30\x80" SIGNED "\xa0\x85\0\0\0\0\5"), 0, 0, CMS, NULL},
    {"compressed data", VIEW("\x30\x80\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x09\xa0"), 0, 0,
     "compressed data (CMS)", NULL},
    {"enveloped data", VIEW("\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03\xa0\x80"), 0, 0, NULL,
     SEALED},
    {"enveloped data by its length", VIEW("\x30\x82\1\1\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03"), 0, 0,
     NULL, SEALED},
    {"authenticated and enveloped", VIEW("\x30\x80\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17\xa0"),
     0, 0, NULL, SEALED},
    {"plain data", VIEW("\x30\x80" DATA "\xa0\x80"), 0, 0, NULL, NULL},
    {"a key", VIEW("\x30\x82\1\1\x02\x01\x00\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"), 0, 0,
     NULL, NULL},

    {"PGP", VIEW(PGP), 0, 0, NULL, MAIL},
    {"PGP behind a header", VIEW("Subject: x\r\n\r\n" PGP), 0, 0, NULL, MAIL},
    {"PGP, quoted", VIEW("> " PGP), 0, 0, NULL, NULL},
    {"PGP, quoted and then not", VIEW("> " PGP PGP), 0, 0, NULL, MAIL},
    {"a signature of PGP", VIEW("-----BEGIN PGP SIGNED MESSAGE-----\n"), 0, 0, NULL, NULL},
    {"OpenDocument", VIEW("<a><manifest:encryption-data b='c'/></a>"), 0, 0, NULL, OFFICE},
    {"a large file with these words", VIEW("manifest:encryption-data"), 9, 4u << 20, NULL, NULL},
    {"Office", VIEW(OLE2 "..." LOCKED), 0, 0, NULL, OFFICE},
    {"Office without a key", VIEW(OLE2 "..."), 0, 0, NULL, NULL},
};

static const char *words(const char *s)
{
    return s ? s : "nothing";
}

static void formats_are_known_by_their_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct magic_case *c = &cases[i];
        size_t n = c->n ? c->n : c->bytes.n;
        char *exact = calloc(1, n ? n : 1);
        const char *unknown, *encrypted;

        assert_non_null(exact);
        if (c->bytes.n)
            memcpy(exact + c->at, c->bytes.p, c->bytes.n);
        unknown = av_magic_unknown((struct view){exact, n}, false);
        encrypted = av_magic_encrypted((struct view){exact, n});
        if (strcmp(words(unknown), words(c->unknown)) != 0 ||
            strcmp(words(encrypted), words(c->encrypted)) != 0)
            fail_msg("%s: %s, %s", c->says, words(unknown), words(encrypted));
        free(exact);
    }
}

static void boot_sectors_are_disks(void **state)
{
    static const struct {
        const char *says, *name;
        size_t at;
        bool marked, is;
    } boots[] = {
        {"FAT12", "FAT12   ", 54, true, true},
        {"FAT16", "FAT16   ", 54, true, true},
        {"FAT32", "FAT32   ", 82, true, true},
        {"FAT32 where FAT16 stands", "FAT32   ", 54, true, false},
        {"NTFS", "NTFS    ", 3, true, true},
        {"exFAT", "EXFAT   ", 3, true, true},
        {"FAT16 without the mark", "FAT16   ", 54, false, false},
        {"a mark alone", "........", 54, true, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof boots / sizeof *boots; i++) {
        char sector[512] = {0};

        memcpy(sector + boots[i].at, boots[i].name, 8);
        if (boots[i].marked)
            memcpy(sector + 510, "\x55\xaa", 2);
        if (!av_magic_unknown((struct view){sector, sizeof sector}, false) == boots[i].is)
            fail_msg("%s", boots[i].says);
        assert_null(av_magic_unknown((struct view){sector, sizeof sector - 1}, false));
    }
}

static void rar_counts_where_there_is_no_unpacker(void **state)
{
    const struct view sfx = VIEW("MZ......Rar!\x1a\x07\0...");

    (void)state;
    assert_string_equal(av_magic_unknown(sfx, false), "RAR");
    assert_null(av_magic_unknown(sfx, true));
}

static void a_second_bzip2_stream_is_seen(void **state)
{
    static const struct {
        const char *says;
        struct view bytes;
        bool more;
    } streams[] = {
        {"nothing", {NULL, 0}, false},
        {"one stream", VIEW("BZh91AY&SY............"), false},
        {"one empty stream", VIEW("BZh9\x17\x72\x45\x38\x50\x90...."), false},
        {"two streams", VIEW("BZh91AY&SY............BZh11AY&SY"), true},
        {"an empty one and another", VIEW("BZh9\x17\x72\x45\x38\x50\x90....BZh91AY&SY"), true},
        {"an empty one at the end", VIEW("BZh91AY&SY....BZh9\x17\x72\x45\x38\x50\x90"), true},
        {"no such level", VIEW("BZh91AY&SY....BZh01AY&SY"), false},
        {"a head that is cut off", VIEW("BZh91AY&SY....BZh91AY&S"), false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++)
        if (av_magic_bzip2_goes_on(streams[i].bytes) != streams[i].more)
            fail_msg("%s", streams[i].says);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_are_known_by_their_bytes),
        cmocka_unit_test(boot_sectors_are_disks),
        cmocka_unit_test(rar_counts_where_there_is_no_unpacker),
        cmocka_unit_test(a_second_bzip2_stream_is_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
