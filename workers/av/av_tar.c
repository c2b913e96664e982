/*
 * av_tar.c - see av_tar.h. POSIX.1-2017 "pax Interchange Format", "ustar Interchange Format"; GNU tar manual,
 * "Basic Tar Format" and "Storing Sparse Files".
 *
 * Called for each layer that libclamav hands out. It must never take a size for
 * true before it is compared with the file, and never pass what programs that
 * unpack could read in two ways: what libclamav would read differently from any
 * of them is objected to by name. The count of members is only a second net: a
 * header that is made for it, hidden in the content of a member, could fill it.
 */
#include "workers/av/av_tar.h"

#include <stdarg.h>
#include <stdio.h>

enum {
    BLOCK = 512,
    NAME_SIZE = 100,
    SIZE_AT = 124,
    SIZE_SIZE = 12,
    SUM_AT = 148,
    SUM_SIZE = 8,
    TYPE_AT = 156,
    MAGIC_AT = 257,
    MAGIC_SIZE = 5,
    /* Of type 'S': does a block with more of the map follow? In the header, in such a block. */
    MORE_AT = 482,
    MORE_AGAIN_AT = 504,
    LAYERLESS_MAX = 5,   /* bytes: libclamav makes no layer of so little */
    PAX_LENGTH_MAX = 10, /* digits of the length of a record */
    PAX_SIZE_MAX = 18,   /* digits of a size, so that it fits */
};

/* What a header of its type stands for. Whatever is not in the table is a file, as POSIX asks for. */
enum kind {
    KIND_FILE,
    KIND_EMPTY,  /* a link, a folder, a device: no content follows */
    KIND_NAME,   /* the content is a long name of the next member */
    KIND_PAX,    /* the content is what else is to be said of the next member */
    KIND_GLOBAL, /* of all members that follow */
    KIND_SPARSE,
    KIND_PART,    /* the rest of a file, from the part of the archive before this one */
    KIND_TWOFOLD, /* a file to some programs, to others and to libclamav something to pass over */
};
static const struct {
    char type;
    enum kind kind;
} kinds[] = {
    {'1', KIND_EMPTY},   {'2', KIND_EMPTY},   {'3', KIND_EMPTY},   {'4', KIND_EMPTY},   {'5', KIND_EMPTY},
    {'6', KIND_EMPTY},   {'V', KIND_EMPTY},   {'K', KIND_NAME},    {'L', KIND_NAME},    {'x', KIND_PAX},
    {'g', KIND_GLOBAL},  {'S', KIND_SPARSE},  {'M', KIND_PART},    {'A', KIND_TWOFOLD}, {'E', KIND_TWOFOLD},
    {'I', KIND_TWOFOLD}, {'N', KIND_TWOFOLD}, {'X', KIND_TWOFOLD},
};

/* A size in pax records: it goes before that of the header, except in libclamav. */
struct told {
    bool is;
    uint64_t size; /* UINT64_MAX: no number */
};
struct look {
    struct view file;
    struct av_tar_report *r;
    size_t at;       /* of the next header */
    uint64_t number; /* of the member, from 1 */
    bool ustar;      /* the first header says so */
    struct told next, all;
};
struct header {
    const char *p;
    enum kind kind;
    uint64_t size;
};

/* Keeps the worse one, of two alike the first. */
__attribute__((format(printf, 3, 4))) static void tar_object(struct look *k, enum antivirus_why why,
                                                             const char *fmt, ...)
{
    va_list ap;

    if (!antivirus_is_worse(why, k->r->why))
        return;
    k->r->why = why;
    va_start(ap, fmt);
    vsnprintf(k->r->text, sizeof k->r->text, fmt, ap);
    va_end(ap);
}

/* ---- numbers ---- */

static bool tar_is_blank(char c)
{
    return c == ' ' || c == '\0';
}

static bool tar_is_octal(char c)
{
    return c >= '0' && c <= '7';
}

/* As every program writes it, and reads it alike: blanks, octal digits, blanks or NULs to the end. */
static bool tar_read_octal(const char *p, size_t n, uint64_t *v)
{
    size_t i = 0;

    *v = 0;
    while (i < n && p[i] == ' ')
        i++;
    if (i == n || !tar_is_octal(p[i]))
        return false;
    for (; i < n && tar_is_octal(p[i]); i++)
        *v = *v << 3 | (uint64_t)(p[i] - '0');
    while (i < n && tar_is_blank(p[i]))
        i++;
    return i == n;
}

/* As the most forgiving of them reads it: with signs and the like between, anything behind it, or in base
 * 256. */
static uint64_t tar_read_any(const char *p, size_t n)
{
    static const char overlooked[] = " \t\n\v\f\r+-_oO";
    uint64_t v = 0;
    size_t i = 0;

    if ((unsigned char)p[0] == 0x80) {
        for (i = 1; i < n; i++)
            v = v << 8 | (unsigned char)p[i];
        return v;
    }
    /* One string with its NUL: a program of unknown vintage put one before the number. */
    while (i < n && memchr(overlooked, p[i], sizeof overlooked))
        i++;
    for (; i < n && (tar_is_octal(p[i]) || (p[i] && strchr("_oO", p[i]))); i++) {
        if (tar_is_octal(p[i]))
            v = v << 3 | (uint64_t)(p[i] - '0');
    }
    return v;
}

static bool tar_is_zero(const char *p)
{
    static const char zero[BLOCK];

    return memcmp(p, zero, BLOCK) == 0;
}

/* Old programs took bytes for signed ones; libclamav lets either sum pass, as do the others. */
static bool tar_sums_up(const char *p, uint64_t told)
{
    int64_t plain = SUM_SIZE * ' ', with_sign = SUM_SIZE * ' ';

    if (told > (uint64_t)BLOCK * UINT8_MAX)
        return false;
    for (size_t i = 0; i < BLOCK; i++) {
        if (i >= SUM_AT && i < SUM_AT + SUM_SIZE)
            continue;
        plain += (unsigned char)p[i];
        with_sign += (signed char)p[i];
    }
    return (int64_t)told == plain || (int64_t)told == with_sign;
}

static bool tar_is_header(const char *p)
{
    uint64_t told;

    return tar_read_octal(p + SUM_AT, SUM_SIZE, &told) && tar_sums_up(p, told);
}

/* Would any program take it for one? Then it is an archive, if perhaps one to object to. Bytes that are
 * none have small sums of signed bytes, and a digit at that place, too often. */
static bool tar_is_nearly_header(const char *p)
{
    uint64_t told = tar_read_any(p + SUM_AT, SUM_SIZE);

    return (told >= SUM_SIZE * ' ' && tar_sums_up(p, told)) || tar_is_header(p);
}

/* As POSIX and GNU tar write it: for libclamav and GNU tar that is enough, whatever the sum. */
static bool tar_is_marked(const char *p)
{
    p += MAGIC_AT;
    return memcmp(p, "ustar", MAGIC_SIZE + 1) == 0 || memcmp(p, "ustar  ", MAGIC_SIZE + 3) == 0;
}

/* ---- pax records ---- */

static uint64_t tar_read_decimal(struct view v)
{
    uint64_t n = 0;

    if (v.n == 0 || v.n > PAX_SIZE_MAX)
        return UINT64_MAX;
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] < '0' || v.p[i] > '9')
            return UINT64_MAX;
        n = n * 10 + (uint64_t)(v.p[i] - '0');
    }
    return n;
}

/* What of a record matters here: it changes which bytes of the archive the file is made of. */
static void tar_take_record(struct look *k, struct told *told, struct view key, struct view value)
{
    static const struct {
        struct view head;
        enum antivirus_why why;
        const char *text;
    } keys[] = {
        {VIEW("GNU.sparse."), ANTIVIRUS_NO_UNPACKER, "a sparse file"},
        {VIEW("SCHILY.realsize"), ANTIVIRUS_NO_UNPACKER, "a sparse file"},
        {VIEW("SUN.holesdata"), ANTIVIRUS_NO_UNPACKER, "a sparse file"},
        {VIEW("GNU.volume.offset"), ANTIVIRUS_AMBIGUOUS, "a part of a file, others are in other archives"},
    };

    if (view_equal(key, VIEW("size")))
        *told = (struct told){.is = true, .size = tar_read_decimal(value)};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (key.n >= keys[i].head.n && memcmp(key.p, keys[i].head.p, keys[i].head.n) == 0)
            tar_object(k, keys[i].why, "member %llu is %s", (unsigned long long)k->number + 1, keys[i].text);
    }
}

/* "30 mtime=1700000000.123456789\n": its length with all of it, or 0 when it is none. */
static size_t tar_read_record(struct view v, struct view *key, struct view *value)
{
    size_t n = 0, i = 0;
    const char *equals;

    for (; i < v.n && i < PAX_LENGTH_MAX && v.p[i] >= '0' && v.p[i] <= '9'; i++)
        n = n * 10 + (size_t)(v.p[i] - '0');
    if (i == 0 || i >= v.n || v.p[i] != ' ' || n > v.n || n < i + 3 || v.p[n - 1] != '\n')
        return 0;
    i++;
    equals = memchr(v.p + i, '=', n - 1 - i);
    if (!equals)
        return 0;
    *key = (struct view){v.p + i, (size_t)(equals - v.p) - i};
    *value = (struct view){equals + 1, (size_t)(v.p + n - 1 - equals) - 1};
    return n;
}

static void tar_read_records(struct look *k, struct told *told, struct view v)
{
    struct view key, value;
    size_t n;

    while (v.n && (n = tar_read_record(v, &key, &value))) {
        /* Of two sizes that differ some programs take the first, some the last. */
        if (told->is && view_equal(key, VIEW("size")) && told->size != tar_read_decimal(value))
            tar_object(k, ANTIVIRUS_AMBIGUOUS, "member %llu has two sizes",
                       (unsigned long long)k->number + 1);
        tar_take_record(k, told, key, value);
        v.p += n;
        v.n -= n;
    }
    if (v.n)
        tar_object(k, ANTIVIRUS_AMBIGUOUS, "what stands before member %llu is not in the pax format",
                   (unsigned long long)k->number + 1);
}

/* ---- headers ---- */

static enum kind tar_find_kind(char type)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i].type == type)
            return kinds[i].kind;
    }
    return KIND_FILE;
}

static bool tar_is_member(const struct header *h)
{
    return h->kind != KIND_NAME && h->kind != KIND_PAX && h->kind != KIND_GLOBAL;
}

/* Devices and folders of old programs have blanks there. */
static bool tar_read_size(const struct header *h, uint64_t *size)
{
    const char *p = h->p + SIZE_AT;
    size_t i = 0;

    if (tar_read_octal(p, SIZE_SIZE, size))
        return true;
    while (i < SIZE_SIZE && tar_is_blank(p[i]))
        i++;
    *size = 0;
    return i == SIZE_SIZE && h->kind == KIND_EMPTY;
}

/* Programs that unpack go by this, libclamav by the header. */
static bool tar_is_contradicted(const struct look *k, const struct header *h)
{
    const struct told *t = k->next.is ? &k->next : &k->all;

    return t->is && h->kind != KIND_PAX && h->kind != KIND_GLOBAL && t->size != h->size;
}

/* Old programs wrote a folder as a file of this name; with content it is the one or the other. */
static bool tar_is_named_folder(const struct header *h)
{
    size_t n = strnlen(h->p, NAME_SIZE);

    return (h->p[TYPE_AT] == '0' || h->p[TYPE_AT] == '\0') && n && h->p[n - 1] == '/';
}

/* Why libclamav reads on from somewhere else than others after this header; NULL: it does not. */
static const char *tar_find_fault(const struct look *k, struct header *h)
{
    if (k->ustar && memcmp(h->p + MAGIC_AT, "ustar", MAGIC_SIZE) != 0)
        return "is not in the format of those before it";
    if ((unsigned char)h->p[SIZE_AT] & 0x80)
        return "has its size in base 256";
    if (!tar_read_size(h, &h->size))
        return "has no size";
    if (tar_is_contradicted(k, h))
        return "has two sizes";
    if (h->kind == KIND_EMPTY && h->size)
        return "has no content, but a size";
    if (!tar_is_member(h) && h->size == 0)
        return "has an empty header of its own before it";
    if (h->size && tar_is_named_folder(h))
        return "has content, and the name of a folder";
    return NULL;
}

/* A sparse one has the rest of its map before its content. */
static void tar_skip_map(struct look *k, const struct header *h)
{
    bool more = h->p[MORE_AT];

    while (more && k->file.n - k->at >= BLOCK) {
        more = k->file.p[k->at + MORE_AGAIN_AT];
        k->at += BLOCK;
    }
}

static void tar_check_kind(struct look *k, const struct header *h)
{
    unsigned long long n = k->number;

    if (h->kind == KIND_SPARSE)
        tar_object(k, ANTIVIRUS_NO_UNPACKER, "member %llu is a sparse file", n);
    else if (h->kind == KIND_PART)
        tar_object(k, ANTIVIRUS_AMBIGUOUS, "member %llu is a part of a file, others are in other archives",
                   n);
    else if (h->kind == KIND_TWOFOLD)
        tar_object(k, ANTIVIRUS_AMBIGUOUS, "member %llu is of type %c, a file to some programs only", n,
                   h->p[TYPE_AT]);
    if (h->kind != KIND_EMPTY && h->size > LAYERLESS_MAX)
        k->r->members++;
}

/* What the content says; behind a member nothing said before counts any more. */
static void tar_take_content(struct look *k, const struct header *h)
{
    struct view content = {k->file.p + k->at, (size_t)h->size};

    if (h->kind == KIND_PAX)
        tar_read_records(k, &k->next, content);
    else if (h->kind == KIND_GLOBAL)
        tar_read_records(k, &k->all, content);
    else if (tar_is_member(h))
        k->next = (struct told){0};
}

/* One header with its content; false: the walk cannot go on. */
static bool tar_step(struct look *k)
{
    struct header h = {.p = k->file.p + k->at, .kind = tar_find_kind(k->file.p[k->at + TYPE_AT])};
    unsigned long long n = k->number + 1;
    const char *fault;
    uint64_t blocks;

    fault = tar_find_fault(k, &h);
    if (fault) {
        tar_object(k, ANTIVIRUS_AMBIGUOUS, "member %llu %s", n, fault);
        return false;
    }
    k->at += BLOCK;
    if (h.kind == KIND_SPARSE)
        tar_skip_map(k, &h);
    if (h.size > k->file.n - k->at) {
        tar_object(k, ANTIVIRUS_AMBIGUOUS, "member %llu goes beyond the end of the archive", n);
        return false;
    }
    if (tar_is_member(&h)) {
        k->number++;
        tar_check_kind(k, &h);
    }
    tar_take_content(k, &h);
    blocks = (h.size + BLOCK - 1) / BLOCK * BLOCK;
    k->at = blocks > k->file.n - k->at ? k->file.n : k->at + (size_t)blocks;
    return true;
}

/* ---- all of it ---- */

/* Some programs read on behind one block of zeros, or when they are asked to. */
static void tar_check_rest(struct look *k)
{
    for (size_t at = k->at; k->file.n - at >= BLOCK; at += BLOCK) {
        if (tar_is_nearly_header(k->file.p + at)) {
            tar_object(k, ANTIVIRUS_AMBIGUOUS, "more members stand behind its end");
            return;
        }
    }
}

static void tar_walk(struct look *k)
{
    while (k->file.n - k->at >= BLOCK) {
        const char *p = k->file.p + k->at;

        if (tar_is_zero(p)) {
            tar_check_rest(k);
            return;
        }
        /* Without a name at this place libclamav takes it for the end. */
        if (!tar_is_header(p) || p[0] == '\0') {
            tar_object(k, ANTIVIRUS_AMBIGUOUS, "the header of member %llu is not in order",
                       (unsigned long long)k->number + 1);
            return;
        }
        if (!tar_step(k))
            return;
    }
}

void av_tar_check(struct view file, struct av_tar_report *r)
{
    struct look k = {.file = file, .r = r};

    *r = (struct av_tar_report){.why = ANTIVIRUS_EXAMINED};
    if (file.n < BLOCK || !(tar_is_nearly_header(file.p) || tar_is_marked(file.p)))
        return;
    r->is_tar = true;
    k.ustar = memcmp(file.p + MAGIC_AT, "ustar", MAGIC_SIZE) == 0;
    tar_walk(&k);
}
