/*
 * av_magic.c - see av_magic.h. A table of marks, and a few formats that need a second look.
 *
 * What stands here libclamav 1.4 searches as it is, but does not unpack: it calls
 * it clean whatever is in it. Marks are from the formats' own documents; LZMA-alone
 * has none, so it is known the way xz(1) knows it. Pure functions; must never read
 * beyond the view, and never follow a length that was not compared with it.
 */
#include "workers/av/av_magic.h"

#include <stdint.h>
#include <string.h>

#define ANYWHERE  SIZE_MAX
#define ODF_MAX   (4u << 20) /* bytes: a manifest is shorter */
#define MARK_SIZE 2          /* of a boot sector, at its end */

struct magic {
    size_t at;
    struct view bytes;
    const char *name;
    bool rar;
};

/* RAR stands behind other bytes, too: a self-extracting archive is a program with an archive behind it. */
static const struct magic magics[] = {
    {ANYWHERE, {"Rar!\x1a\x07", 6}, "RAR", true},
    {0, {"RE~^", 4}, "RAR 1", false},
    {7, {"**ACE**", 7}, "ACE", false},
    {0, {"\x28\xb5\x2f\xfd", 4}, "zstd", false},
    {1, {"\x2a\x4d\x18", 3}, "zstd or LZ4", false}, /* a frame to skip, others follow */
    {0, {"\x04\x22\x4d\x18", 4}, "LZ4", false},
    {0, {"\x02\x21\x4c\x18", 4}, "LZ4 (legacy)", false},
    {0, {"LZIP\x01", 5}, "lzip", false},
    {0, {"\x5d\0\0", 3}, "LZMA", false},
    {0, {"\x89LZO\0\r\n", 7}, "lzop", false},
    {0, {"LRZI\0", 5}, "lrzip", false},
    {0, {"RZIP\2", 5}, "rzip", false},
    {0, {"\xff\x06\0\0sNaPpY", 10}, "snappy", false},
    {0, {"\x1f\x9d", 2}, "compress", false},
    {0, {"\x1f\x1e", 2}, "pack", false},
    {0, {"BZ3v1", 5}, "bzip3", false},
    {20, {"\xdc\xa7\xc4\xfd", 4}, "ZOO", false},
    {0, {"StuffIt (c)", 11}, "StuffIt", false},
    {10, {"rLau", 4}, "StuffIt", false},
    {0, {"7kSt", 4}, "ZPAQ", false},
    {0, {"zPQ\1", 4}, "ZPAQ", false},
    {0, {"UHA\x06", 4}, "UHARC", false},
    {0, {"!<arch>\n", 8}, "ar (also of Debian packages)", false},
    {0, {"\xed\xab\xee\xdb", 4}, "RPM", false},
    {0, {"MSWIM\0\0\0", 8}, "WIM", false},
    {0, {"vhdxfile", 8}, "VHDX", false},
    {0, {"conectix\0\0", 10}, "VHD", false},
    {0, {"KDMV", 4}, "VMDK", false},
    {0, {"QFI\xfb", 4}, "QCOW", false},
    {64, {"\x7f\x10\xda\xbe", 4}, "VDI", false},
    {0, {"hsqs", 4}, "squashfs", false},
    {0, {"\x45\x3d\xcd\x28", 4}, "cramfs", false},
};

static bool stands_at(struct view file, size_t at, const void *bytes, size_t n)
{
    return file.n >= n && at <= file.n - n && memcmp(file.p + at, bytes, n) == 0;
}

static bool has_magic(struct view file, const struct magic *m)
{
    if (m->at == ANYWHERE)
        return file.n >= m->bytes.n && memmem(file.p, file.n, m->bytes.p, m->bytes.n) != NULL;
    return stands_at(file, m->at, m->bytes.p, m->bytes.n);
}

/* n <= 8 bytes from below; 0 beyond the end. */
static uint64_t number_at(struct view file, size_t at, unsigned n)
{
    uint64_t sum = 0;

    while (at + n <= file.n && n--)
        sum = sum << 8 | (unsigned char)file.p[at + n];
    return sum;
}

/* ---- formats without one mark ---- */

/* The test of xz(1): properties, a dictionary of 2^n or 2^n + 2^(n-1) bytes, a size that somebody may have.
 */
static bool is_lzma(struct view file)
{
    uint64_t dictionary = number_at(file, 1, 4), size = number_at(file, 5, 8), top = dictionary;

    if (file.n < 14 || (unsigned char)file.p[0] > 224 || dictionary < 4096)
        return false;
    while (top & (top - 1))
        top &= top - 1; /* the highest bit is left */
    if (dictionary != UINT32_MAX && dictionary != top && dictionary != top + top / 2)
        return false;
    return size == UINT64_MAX || (size > 0 && size < UINT64_C(1) << 38);
}

/* File systems on a whole disk or in a partition that libclamav took out of one. */
static bool is_boot_sector(struct view file)
{
    static const struct magic names[] = {
        {54, {"FAT12   ", 8}, NULL, false}, {54, {"FAT16   ", 8}, NULL, false},
        {54, {"FAT     ", 8}, NULL, false}, {82, {"FAT32   ", 8}, NULL, false},
        {3, {"NTFS    ", 8}, NULL, false},  {3, {"EXFAT   ", 8}, NULL, false},
    };

    if (!stands_at(file, 512 - MARK_SIZE, "\x55\xaa", MARK_SIZE))
        return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (has_magic(file, &names[i]))
            return true;
    return false;
}

/* The superblock at 1024: magic, state (a few flags), behaviour on errors (1 to 3), blocks of up to 64 KB. */
static bool is_ext(struct view file)
{
    uint64_t errors = number_at(file, 1084, 2);

    return stands_at(file, 1080, "\x53\xef", 2) && number_at(file, 1082, 2) < 8 && errors >= 1 &&
           errors <= 3 && number_at(file, 1048, 4) <= 6;
}

/* A disk of fixed size has nothing but a footer. */
static bool is_fixed_vhd(struct view file)
{
    return file.n > 512 && stands_at(file, file.n - 512, "conectix\0\0\0", 11);
}

/* ---- CMS (RFC 5652), in BER: lengths may be left open ---- */

struct cms {
    struct view content; /* what follows the type */
    const char *name;
    bool sealed; /* nobody can open it without a key */
    bool detachable;
};

/* Steps into the element at the head of v, if it has this tag; v is left behind it, or, when its length is
 * open, where its content begins. */
static bool enter(struct view *v, unsigned char tag, struct view *in, bool *open)
{
    size_t head = 2, n, more;

    if (v->n < 2 || (unsigned char)v->p[0] != tag)
        return false;
    n = (unsigned char)v->p[1];
    *open = n == 0x80;
    if (n > 0x80) {
        more = n - 0x80;
        n = 0;
        if (more > 4 || more > v->n - 2)
            return false;
        for (; more; more--)
            n = n << 8 | (unsigned char)v->p[head++];
    }
    if (*open || n > v->n - head)
        n = v->n - head;
    *in = (struct view){v->p + head, n};
    *v = *open ? *in : (struct view){v->p + head + n, v->n - head - n};
    return true;
}

static bool skip(struct view *v, unsigned char tag)
{
    struct view in;
    bool open;

    return enter(v, tag, &in, &open) && !open;
}

static bool skip_set(struct view *v)
{
    struct view in;
    bool open;

    if (!enter(v, 0x31, &in, &open))
        return false;
    while (open && skip(v, 0x30))
        ;
    if (!open)
        return true;
    if (!stands_at(*v, 0, "\0\0", 2))
        return false;
    *v = (struct view){v->p + 2, v->n - 2};
    return true;
}

static bool find_cms(struct view file, struct cms *c)
{
    static const struct {
        struct view oid;
        const char *name;
        bool sealed, detachable;
    } types[] = {
        {{"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", 11}, "signed data (CMS)", false, true},
        {{"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03", 11}, "encrypted data (CMS)", true, false},
        {{"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x04", 11}, "encrypted data (CMS)", true, false},
        {{"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x05", 11}, "digested data (CMS)", false, false},
        {{"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x06", 11}, "encrypted data (CMS)", true, false},
        {{"\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x02", 13}, "signed data (CMS)", false, false},
        {{"\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x09", 13}, "compressed data (CMS)", false, false},
        {{"\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17", 13}, "encrypted data (CMS)", true, false},
    };
    struct view in;
    bool open;

    if (!enter(&file, 0x30, &in, &open))
        return false;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (stands_at(in, 0, types[i].oid.p, types[i].oid.n)) {
            *c = (struct cms){{in.p + types[i].oid.n, in.n - types[i].oid.n},
                              types[i].name,
                              types[i].sealed,
                              types[i].detachable};
            return true;
        }
    return false;
}

/* A signature beside its message, or certificates alone: the type of the content, and no content. What cannot
 * be read to there has some. */
static bool is_detached(struct view v)
{
    struct view in = v, info;
    bool open;

    if (!enter(&v, 0xa0, &in, &open) || !enter(&in, 0x30, &v, &open))
        return false;
    if (!skip(&v, 0x02) || !skip_set(&v) || !enter(&v, 0x30, &info, &open) || !skip(&info, 0x06))
        return false;
    return open ? stands_at(info, 0, "\0\0", 2) : info.n == 0;
}

/* ---- encrypted ---- */

/* Office 2007 and later: an OLE2 file with one stream of this name (UTF-16). */
static bool is_locked_office(struct view file)
{
    static const char name[] = "E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e\0";

    return stands_at(file, 0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8) &&
           memmem(file.p, file.n, name, sizeof name - 1);
}

/* The manifest of an OpenDocument file. */
static bool is_locked_odf(struct view file)
{
    static const char word[] = "manifest:encryption-data";

    return file.n && file.n < ODF_MAX && memmem(file.p, file.n, word, sizeof word - 1);
}

/* At the beginning of a line: one that is quoted or spoken of is no message. */
static bool is_pgp(struct view file)
{
    static const char line[] = "-----BEGIN PGP MESSAGE-----";
    const char *p = file.p, *end = file.p + file.n;

    while (p && p < end && (p = memmem(p, (size_t)(end - p), line, sizeof line - 1))) {
        if (p == file.p || p[-1] == '\n' || p[-1] == '\r')
            return true;
        p += sizeof line - 1;
    }
    return false;
}

const char *av_magic_encrypted(struct view file)
{
    struct cms c;

    if (is_locked_office(file) || is_locked_odf(file))
        return "an encrypted document";
    if (is_pgp(file))
        return "a message encrypted by PGP";
    return find_cms(file, &c) && c.sealed ? c.name : NULL;
}

const char *av_magic_unknown(struct view file, bool rar)
{
    static const struct {
        bool (*is)(struct view file);
        const char *name;
    } looks[] = {
        {is_lzma, "LZMA"},
        {is_boot_sector, "an image of a disk"},
        {is_ext, "an image of a disk (ext)"},
        {is_fixed_vhd, "VHD"},
    };
    struct cms c;

    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
        if (!(magics[i].rar && rar) && has_magic(file, &magics[i]))
            return magics[i].name;
    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++)
        if (looks[i].is(file))
            return looks[i].name;
    if (find_cms(file, &c) && !c.sealed && !(c.detachable && is_detached(c.content)))
        return c.name;
    return NULL;
}
