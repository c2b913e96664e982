/*
 * av_zip.c - see av_zip.h. APPNOTE.TXT 6.3.10: 4.3.7 local header, 4.3.12 directory, 4.3.16 end record.
 *
 * Called for each layer that libclamav hands out. It must never unpack anything,
 * and never take a figure of the file for true before it is compared with the
 * size of the file. What is asked of an archive is only this: that there is one
 * way to read it, and that libclamav 1.4 reads it that way and to its end.
 * Where it stands in doubt an archive is objected to, not passed.
 */
#include "workers/av/av_zip.h"

#include "workers/av/av_magic.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    END_SIZE = 22,     /* the end record without its comment */
    END_FAR = 65557,   /* with the longest comment */
    ENTRY_SIZE = 46,   /* of the directory, without name, extra field and comment */
    LOCAL_SIZE = 30,   /* the same before the data */
    LOCATOR_SIZE = 20, /* of zip64, right before the end record */
    END64_SIZE = 56,
    ZIP64_EXTRA = 0x0001,
    FLAG_ENCRYPTED = 1,
    FLAG_STREAMED = 8, /* sizes stand behind the data, the local header has none */
    FLAG_MASKED = 1 << 13,
    METHOD_BZIP2 = 12,
    /* libclamav lets this pass as well: honest archives with one byte too many were seen. */
    OVERLAP_MAX = 2,
    LAYERLESS_MAX = 5,  /* bytes: libclamav makes no layer of so little */
    LITTLE_PACKED = 64, /* as much as any method makes of that */
};
#define SIG_LOCAL     0x04034b50u
#define SIG_ENTRY     0x02014b50u
#define SIG_END       0x06054b50u
#define SIG_END64     0x06064b50u
#define SIG_LOCATOR   0x07064b50u
#define SIG_SPANNED   0x08074b50u /* also before the sizes of a streamed member */
#define SIG_SINGLE    0x30304b50u /* instead of it, when all fitted into one part */
#define SIG_SIGNATURE 0x05054b50u /* of the directory, after its last entry */
#define SATURATED     0xffffffffu /* the true figure stands in a zip64 field */

struct extent {
    uint64_t from, to;
};
struct look {
    struct view file;
    const struct av_zip_limits *l;
    struct av_zip_report *r;
    size_t end;                  /* where the end record stands */
    uint64_t base;               /* added to all offsets: bytes that were put before the archive */
    uint64_t first;              /* the directory */
    uint64_t stop;               /* behind its last entry; 0: it was not walked to its end */
    uint64_t bytes;              /* of all members, unpacked */
    uint64_t streamed, searched; /* members; bytes of members */
    struct extent *at;           /* of each member that was looked at */
    size_t at_n, at_max;
    bool ordered;
};
struct entry {
    uint64_t number; /* from 1 */
    uint32_t flags, method, packed, size, name, offset;
    uint32_t disk;
    uint64_t size64;
};

/* What libclamav 1.4 unpacks, by experiment: stored, implode, deflate, deflate64, bzip2. */
static const unsigned char unpacked_methods[] = {0, 6, 8, 9, 12};

static uint32_t zip_16(const struct look *k, uint64_t at)
{
    const unsigned char *p = (const unsigned char *)k->file.p + at;

    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static uint32_t zip_32(const struct look *k, uint64_t at)
{
    return zip_16(k, at) | zip_16(k, at + 2) << 16;
}

static uint64_t zip_64(const struct look *k, uint64_t at)
{
    return zip_32(k, at) | (uint64_t)zip_32(k, at + 4) << 32;
}

/* Do n bytes stand there, with this signature at their head? */
static bool zip_has(const struct look *k, uint64_t at, uint64_t n, uint32_t sig)
{
    return at <= k->file.n && n <= k->file.n - at && zip_32(k, at) == sig;
}

/* Keeps the worst one, of two alike the first. */
__attribute__((format(printf, 3, 4))) static void zip_object(struct look *k, enum antivirus_why why,
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

/* ---- where the directory is ---- */

static bool zip_starts_as_one(const struct look *k)
{
    return zip_has(k, 0, LOCAL_SIZE, SIG_LOCAL) || zip_has(k, 0, 4 + LOCAL_SIZE, SIG_SPANNED);
}

/* Does the directory begin there? An empty one has no entry to be known by. */
static bool zip_is_directory(const struct look *k, uint64_t at, uint64_t entries)
{
    return at <= k->end && (entries == 0 ? at == k->end : zip_has(k, at, ENTRY_SIZE, SIG_ENTRY));
}

/* Takes the end record at `end` for the true one when a directory stands where it says, counted from the
 * beginning of the file or, when something was put before the archive, from the record itself. */
static bool zip_try_end(struct look *k, size_t end)
{
    uint64_t entries = zip_16(k, end + 10), size = zip_32(k, end + 12), offset = zip_32(k, end + 16);

    k->end = end;
    k->base = 0;
    k->first = offset;
    if (zip_is_directory(k, offset, entries))
        return true;
    /* Behind other bytes an empty one would hide the one before it. */
    if (size > end || end - size < offset || entries == 0)
        return false;
    k->first = end - size;
    k->base = k->first - offset;
    return zip_is_directory(k, k->first, entries);
}

/* zip64's record is further ahead of the end record than the directory's own size tells. */
static bool zip_try_end64(struct look *k, size_t end)
{
    uint64_t at;

    if (end < LOCATOR_SIZE + END64_SIZE || !zip_has(k, end - LOCATOR_SIZE, LOCATOR_SIZE, SIG_LOCATOR))
        return false;
    at = end - LOCATOR_SIZE - END64_SIZE;
    if (!zip_has(k, at, END64_SIZE, SIG_END64))
        return false;
    k->end = end;
    k->base = 0;
    k->first = zip_64(k, at + 48);
    return zip_is_directory(k, k->first, zip_64(k, at + 32));
}

static bool zip_is_end(struct look *k, size_t end)
{
    return zip_has(k, end, END_SIZE, SIG_END) && (zip_try_end(k, end) || zip_try_end64(k, end));
}

#define NOWHERE SIZE_MAX

/* The last end record that holds between `least` and the end. */
static size_t zip_search(struct look *k, size_t least)
{
    size_t stop = k->file.n - END_SIZE + 1; /* of the places where one can begin */

    while (stop > least) {
        const char *p = memrchr(k->file.p + least, 'P', stop - least);

        if (!p)
            return NOWHERE;
        stop = (size_t)(p - k->file.p);
        if (zip_is_end(k, stop))
            return stop;
    }
    return NOWHERE;
}

/* Another one before it, in whose comment it stands, would be as good. Some programs look for it in all of
 * the file: where it does not begin as an archive, that is asked of these bytes, too. */
static bool zip_find_end(struct look *k)
{
    size_t least = k->file.n > END_FAR ? k->file.n - END_FAR : 0, at = NOWHERE;
    struct look other = *k;

    if (k->file.n >= END_SIZE)
        at = zip_search(k, least);
    if (at == NOWHERE && least && !zip_starts_as_one(k))
        at = zip_search(k, 0);
    if (at == NOWHERE)
        return false;
    least = at > END_FAR ? at - END_FAR : 0;
    for (size_t i = at; i-- > least;)
        if (zip_has(&other, i, END_SIZE, SIG_END) && at - i >= END_SIZE &&
            at - i < END_SIZE + zip_16(&other, i + 20) && zip_is_end(&other, i))
            zip_object(k, ANTIVIRUS_AMBIGUOUS, "it has two end records, one in the comment of the other");
    return true;
}

/* ---- the end record ---- */

/* zip64's record beside an ordinary one has to say the same; one in its place is passed over by libclamav. */
static void zip_check_end64(struct look *k)
{
    uint64_t at;

    if (k->end < LOCATOR_SIZE || !zip_has(k, k->end - LOCATOR_SIZE, LOCATOR_SIZE, SIG_LOCATOR))
        return;
    zip_object(k, ANTIVIRUS_NO_UNPACKER, "its directory is in the zip64 format");
    at = zip_64(k, k->end - LOCATOR_SIZE + 8);
    if (at > k->file.n || !zip_has(k, at + k->base, END64_SIZE, SIG_END64))
        zip_object(k, ANTIVIRUS_AMBIGUOUS, "the zip64 end record is not where it should be");
    else if (zip_64(k, at + k->base + 48) + k->base != k->first)
        zip_object(k, ANTIVIRUS_AMBIGUOUS, "its two end records name different directories");
}

static void zip_check_end(struct look *k)
{
    uint64_t disk = zip_16(k, k->end + 4), disk_first = zip_16(k, k->end + 6);
    uint64_t here = zip_16(k, k->end + 8), all = zip_16(k, k->end + 10);

    if (zip_16(k, k->end + 20) > k->file.n - k->end - END_SIZE)
        zip_object(k, ANTIVIRUS_AMBIGUOUS, "its comment goes beyond the end of the file");
    if (here != all || (disk | disk_first) % 0xffff)
        zip_object(k, ANTIVIRUS_AMBIGUOUS, "it is a part of an archive in several parts");
    zip_check_end64(k);
}

/* ---- members ---- */

static bool zip_is_unpacked(uint32_t method)
{
    return method <= 0xff && memchr(unpacked_methods, (int)method, sizeof unpacked_methods);
}

/* The first figure of a zip64 field: the size unpacked, which comes first where it is asked for. */
static uint64_t zip_size64(const struct look *k, uint64_t extra, uint64_t n)
{
    while (n >= 4) {
        uint64_t id = zip_16(k, extra), has = zip_16(k, extra + 2);

        if (id == ZIP64_EXTRA && has >= 8 && n - 4 >= 8)
            return zip_64(k, extra + 4);
        if (has > n - 4)
            return SATURATED;
        extra += 4 + has;
        n -= 4 + has;
    }
    return SATURATED;
}

/* One of the directory: its length, or 0 when there is none. */
static uint64_t zip_read_entry(const struct look *k, uint64_t at, struct entry *e)
{
    uint64_t extra, tail;

    if (at + ENTRY_SIZE > k->end || !zip_has(k, at, ENTRY_SIZE, SIG_ENTRY))
        return 0;
    *e = (struct entry){
        .flags = zip_16(k, at + 8),
        .method = zip_16(k, at + 10),
        .packed = zip_32(k, at + 20),
        .size = zip_32(k, at + 24),
        .name = zip_16(k, at + 28),
        .disk = zip_16(k, at + 34),
        .offset = zip_32(k, at + 42),
    };
    extra = zip_16(k, at + 30);
    tail = e->name + extra + zip_16(k, at + 32);
    if (tail > k->end - at - ENTRY_SIZE)
        return 0;
    e->size64 = e->size == SATURATED ? zip_size64(k, at + ENTRY_SIZE + e->name, extra) : e->size;
    return ENTRY_SIZE + tail;
}

static void zip_check_size(struct look *k, const struct entry *e)
{
    uint64_t size = e->size64;

    if (e->method == 0 && e->packed > size)
        size = e->packed;
    k->bytes = size > UINT64_MAX - k->bytes ? UINT64_MAX : k->bytes + size;
    if (size > k->l->file_size)
        zip_object(k, ANTIVIRUS_LIMIT, "member %llu is %llu bytes long", (unsigned long long)e->number,
                   (unsigned long long)size);
    if (k->bytes > k->l->scan_size)
        zip_object(k, ANTIVIRUS_LIMIT, "its members are more than %llu bytes long",
                   (unsigned long long)k->l->scan_size);
}

static void zip_check_entry(struct look *k, const struct entry *e)
{
    unsigned long long n = e->number;

    zip_check_size(k, e);
    k->r->layers += e->size64 > LAYERLESS_MAX;
    if (e->flags & (FLAG_ENCRYPTED | FLAG_MASKED) || e->method == 99)
        zip_object(k, ANTIVIRUS_ENCRYPTED, "member %llu is encrypted", n);
    else if ((e->size || e->packed) && !zip_is_unpacked(e->method))
        zip_object(k, ANTIVIRUS_NO_UNPACKER, "member %llu is compressed by method %u", n, e->method);
    else if (e->method == 0 && e->packed != e->size)
        zip_object(k, ANTIVIRUS_AMBIGUOUS, "member %llu is stored in another size than it has", n);
    else if (e->size64 <= LAYERLESS_MAX && e->packed > LITTLE_PACKED)
        zip_object(k, ANTIVIRUS_AMBIGUOUS, "member %llu is much longer packed than it says to be", n);
    if (e->packed == SATURATED || e->size == SATURATED || e->offset == SATURATED)
        zip_object(k, ANTIVIRUS_NO_UNPACKER, "member %llu is in the zip64 format", n);
    if (e->disk % 0xffff)
        zip_object(k, ANTIVIRUS_AMBIGUOUS, "member %llu is on another disk", n);
}

/* What stands before the data may say the same, or nothing when sizes follow the data. */
static bool zip_is_same(const struct look *k, uint64_t at, const struct entry *e)
{
    uint32_t flags = zip_16(k, at + 6), packed = zip_32(k, at + 18), size = zip_32(k, at + 22);

    return zip_16(k, at + 8) == e->method && zip_16(k, at + 26) == e->name &&
           ((flags & FLAG_STREAMED) || (packed == e->packed && size == e->size));
}

/* The sizes that libclamav goes by are those before the data. */
static bool zip_is_saturated(const struct look *k, uint64_t at)
{
    return !(zip_16(k, at + 6) & FLAG_STREAMED) &&
           (zip_32(k, at + 18) == SATURATED || zip_32(k, at + 22) == SATURATED);
}

static void zip_add_extent(struct look *k, uint64_t from, uint64_t to)
{
    if (k->at_n && k->at[k->at_n - 1].from > from)
        k->ordered = false;
    if (k->at_n < k->at_max)
        k->at[k->at_n++] = (struct extent){from, to};
}

/* No byte is searched twice for the sake of members that overlap: those are objected to anyway. */
static void zip_check_bzip2(struct look *k, const struct entry *e, uint64_t to)
{
    if (e->packed == SATURATED || e->packed > k->file.n - k->searched)
        return;
    k->searched += e->packed;
    if (av_magic_bzip2_goes_on((struct view){k->file.p + to - e->packed, e->packed}))
        zip_object(k, ANTIVIRUS_NO_UNPACKER, "member %llu is bzip2 in several streams",
                   (unsigned long long)e->number);
}

static void zip_check_local(struct look *k, const struct entry *e)
{
    unsigned long long n = e->number;
    uint64_t at = k->base + e->offset, to;

    if (e->offset == SATURATED)
        return;
    if (at + LOCAL_SIZE > k->first || !zip_has(k, at, LOCAL_SIZE, SIG_LOCAL)) {
        zip_object(k, ANTIVIRUS_AMBIGUOUS, "member %llu is not where the directory says", n);
        return;
    }
    to = at + LOCAL_SIZE + zip_16(k, at + 26) + zip_16(k, at + 28) + e->packed;
    if (zip_16(k, at + 6) & (FLAG_ENCRYPTED | FLAG_MASKED))
        zip_object(k, ANTIVIRUS_ENCRYPTED, "member %llu is encrypted", n);
    if (zip_is_saturated(k, at))
        zip_object(k, ANTIVIRUS_NO_UNPACKER, "member %llu is in the zip64 format", n);
    else if (!zip_is_same(k, at, e))
        zip_object(k, ANTIVIRUS_AMBIGUOUS, "member %llu says other things of itself than the directory", n);
    if (e->packed != SATURATED && to > k->first + OVERLAP_MAX)
        zip_object(k, ANTIVIRUS_AMBIGUOUS, "member %llu goes beyond the directory", n);
    else if (e->method == METHOD_BZIP2)
        zip_check_bzip2(k, e, to);
    /* Without a directory to go by libclamav cannot tell where these end; see zip_check_base(). */
    k->streamed += e->packed && (zip_16(k, at + 6) & FLAG_STREAMED);
    zip_add_extent(k, at, to);
}

/* ---- all of it ---- */

static int zip_compare_extents(const void *a, const void *b)
{
    const struct extent *x = a, *y = b;

    return (x->from > y->from) - (x->from < y->from);
}

/* Programs that read an archive from its beginning find such a member; libclamav and most others do not. */
static bool zip_is_hidden(const struct look *k, uint64_t from, uint64_t to)
{
    return from < to && to <= k->first && to - from >= LOCAL_SIZE &&
           memmem(k->file.p + from, (size_t)(to - from), "PK\3\4", 4);
}

/* Was every member of the directory found? Else what seems to be a gap may be one of them. */
static bool zip_is_listed(const struct look *k)
{
    return k->stop && k->at_n == k->r->members;
}

/* Between the members, and between the last one and the directory. */
static void zip_check_gaps(struct look *k)
{
    if (!k->ordered)
        qsort(k->at, k->at_n, sizeof k->at[0], zip_compare_extents);
    for (size_t i = 0; i < k->at_n; i++) {
        uint64_t end = k->at[i].to, next = i + 1 < k->at_n ? k->at[i + 1].from : k->first;

        if (next + OVERLAP_MAX < end)
            zip_object(k, ANTIVIRUS_LIMIT, "its members overlap");
        if (zip_is_listed(k) && zip_is_hidden(k, end, next))
            zip_object(k, ANTIVIRUS_AMBIGUOUS, "there is a member that the directory does not name");
    }
}

/* Archives of several parts that became one begin with a mark of that. */
static bool zip_is_prefix(const struct look *k, uint64_t first)
{
    return first != 4 || !(zip_has(k, 0, 4, SIG_SPANNED) || zip_has(k, 0, 4, SIG_SINGLE));
}

/* What stands before the first member. libclamav looks for members behind other bytes by their headers;
 * without their sizes in vain. */
static void zip_check_base(struct look *k)
{
    uint64_t first = k->at_n ? k->at[0].from : k->first;

    if (first > 4 && zip_starts_as_one(k) && zip_is_listed(k))
        zip_object(k, ANTIVIRUS_AMBIGUOUS, "it begins with a member that the directory does not name");
    k->r->unseen = first && k->streamed && zip_is_prefix(k, first);
}

static void zip_check_count(struct look *k)
{
    uint64_t told = zip_16(k, k->end + 10), size = zip_32(k, k->end + 12);

    if ((k->r->members & 0xffff) != told && told != 0xffff)
        zip_object(k, ANTIVIRUS_AMBIGUOUS, "it has %llu members, and says %llu",
                   (unsigned long long)k->r->members, (unsigned long long)told);
    if (k->stop - k->first != size && size != SATURATED && !zip_has(k, k->stop, 6, SIG_SIGNATURE))
        zip_object(k, ANTIVIRUS_AMBIGUOUS, "its directory has another length than it says");
}

/* Each member once, in the order of the directory; more than the limit are not looked at. */
static void zip_walk(struct look *k)
{
    uint64_t at = k->first, n;
    struct entry e;

    while ((n = zip_read_entry(k, at, &e))) {
        if (k->r->members >= k->l->files) {
            zip_object(k, ANTIVIRUS_LIMIT, "it has more than %u members", k->l->files);
            return;
        }
        e.number = ++k->r->members;
        zip_check_entry(k, &e);
        zip_check_local(k, &e);
        at += n;
    }
    k->stop = at;
    zip_check_count(k);
}

void av_zip_check(struct view file, const struct av_zip_limits *l, struct av_zip_report *r)
{
    struct look k = {.file = file, .l = l, .r = r, .ordered = true};

    *r = (struct av_zip_report){.why = ANTIVIRUS_EXAMINED};
    if (!zip_find_end(&k)) {
        r->is_zip = zip_starts_as_one(&k);
        if (r->is_zip)
            zip_object(&k, ANTIVIRUS_AMBIGUOUS, "it has no directory at its end");
        return;
    }
    r->is_zip = true;
    k.at_max = (k.end - k.first) / ENTRY_SIZE;
    if (k.at_max > l->files)
        k.at_max = l->files;
    /* Not xcalloc(): a shortage is noticed by the guard, and is no reason to die. */
    k.at = calloc(k.at_max + 1, sizeof *k.at);
    if (!k.at) {
        zip_object(&k, ANTIVIRUS_LIMIT, "there is no memory for a list of its members");
        return;
    }
    zip_check_end(&k);
    zip_walk(&k);
    zip_check_gaps(&k);
    zip_check_base(&k);
    r->directory = (struct view){file.p + k.first, k.stop > k.first ? k.stop - k.first : 0};
    free(k.at);
}
