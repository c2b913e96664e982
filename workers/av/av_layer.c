/*
 * av_layer.c - see av_layer.h. Two tables: magic numbers without an unpacker, archives that must have
 * members.
 *
 * libclamav 1.4 knows the types of the second table and unpacks them as far as it
 * can; a method of compression or a filter that it does not know gives no layer,
 * no warning and "clean". What stands in the first table it takes for data. It
 * must never say that something is fine: it only finds reasons against.
 */
#include "workers/av/av_layer.h"

#include <stdio.h>
#include <string.h>

#define ANYWHERE SIZE_MAX

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
    {0, {"LZIP\x01", 5}, "lzip", false},
    {0, {"\x5d\0\0", 3}, "LZMA", false},
    {0, {"\x89LZO\0\r\n", 7}, "lzop", false},
    {0, {"LRZI\0", 5}, "lrzip", false},
    {0, {"\x1f\x9d", 2}, "compress", false},
    {0, {"\x1f\x1e", 2}, "pack", false},
    {0, {"BZ3v1", 5}, "bzip3", false},
    {20, {"\xdc\xa7\xc4\xfd", 4}, "ZOO", false},
    {0, {"StuffIt (c)", 11}, "StuffIt", false},
    {10, {"rLau", 4}, "StuffIt", false},
    {0, {"7kSt", 4}, "ZPAQ", false},
    {0, {"UHA\x06", 4}, "UHARC", false},
    {0, {"MSWIM\0\0\0", 8}, "WIM", false},
    {0, {"vhdxfile", 8}, "VHDX", false},
    {0, {"conectix\0\0", 10}, "VHD", false},
    {0, {"KDMV", 4}, "VMDK", false},
    {0, {"QFI\xfb", 4}, "QCOW", false},
    {0, {"hsqs", 4}, "squashfs", false},
};

/*
 * Smaller ones are passed over: libclamav gives no layer for a member of less than MEMBER_LEAST bytes, in
 * which there is room for nothing. What packs one file only has no method of compression that libclamav does
 * not know.
 */
struct container {
    const char *type, *name;
    size_t least;
};
#define MEMBER_LEAST 6 /* bytes */
#define CUT_SLACK    65536

static const struct container containers[] = {
    {"CL_TYPE_7Z", "7-Zip", 33}, /* an empty one has 32 bytes */
    {"CL_TYPE_RAR", "RAR", 0},     {"CL_TYPE_ARJ", "ARJ", 0},   {"CL_TYPE_ALZ", "ALZ", 0},
    {"CL_TYPE_EGG", "EGG", 0},     {"CL_TYPE_MSCAB", "CAB", 0}, {"CL_TYPE_LHA_LZH", "LHA", 0},
    {"CL_TYPE_MSSZDD", "SZDD", 0}, {"CL_TYPE_GZ", "gzip", 100}, {"CL_TYPE_BZ", "bzip2", 100},
    {"CL_TYPE_XZ", "xz", 100},
};

bool av_layer_is_worse(enum antivirus_why a, enum antivirus_why than)
{
    static const unsigned char rank[ANTIVIRUS_WHY__MAX] = {
        [ANTIVIRUS_ENCRYPTED] = 1, [ANTIVIRUS_NO_UNPACKER] = 2, [ANTIVIRUS_LIMIT] = 3,
        [ANTIVIRUS_AMBIGUOUS] = 4, [ANTIVIRUS_BYTES] = 5,       [ANTIVIRUS_ENGINE] = 6,
        [ANTIVIRUS_RESOURCE] = 7,
    };

    return rank[a] > rank[than];
}

static void object(struct av_layers *l, enum antivirus_why why, const char *before, const char *text)
{
    if (!av_layer_is_worse(why, l->why))
        return;
    l->why = why;
    snprintf(l->text, sizeof l->text, "%s%s", before, text);
}

static bool has_magic(struct view file, const struct magic *m)
{
    if (file.n < m->bytes.n)
        return false;
    if (m->at == ANYWHERE)
        return memmem(file.p, file.n, m->bytes.p, m->bytes.n) != NULL;
    return file.n >= m->at + m->bytes.n && memcmp(file.p + m->at, m->bytes.p, m->bytes.n) == 0;
}

static void look_for_unknown(struct av_layers *l, const struct av_layer_rules *rules, struct view file)
{
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
        if (!(magics[i].rar && rules->rar) && has_magic(file, &magics[i])) {
            object(l, ANTIVIRUS_NO_UNPACKER, "no unpacker for ", magics[i].name);
            return;
        }
}

/* An encrypted document of Office 2007 and later is an OLE2 file with one stream of this name (UTF-16). */
static void look_for_encrypted(struct av_layers *l, struct view file)
{
    static const struct view ole2 = {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8};
    static const char name[] = "E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e\0";

    if (file.n >= ole2.n && memcmp(file.p, ole2.p, ole2.n) == 0 &&
        memmem(file.p, file.n, name, sizeof name - 1))
        object(l, ANTIVIRUS_ENCRYPTED, "", "an encrypted document");
}

/* What libclamav cuts off at file_size it leaves that long, or shorter by what it unpacks at a time. */
static void look_for_cut(struct av_layers *l, const struct av_layer_rules *rules,
                         const struct av_layer *layer)
{
    if (layer->level > 0 && layer->bytes.n + CUT_SLACK > rules->zip.file_size)
        object(l, ANTIVIRUS_LIMIT, "", "a file in it was cut off at antivirus.file_size");
}

/* Whoever opens a layer at this level has left all archives from here on. */
static void close_zips(struct av_layers *l, uint32_t level)
{
    while (l->deepest > level) {
        uint32_t i = --l->deepest;

        if (l->zip[i].came < l->zip[i].due)
            object(l, ANTIVIRUS_AMBIGUOUS, "", "ZIP archive: a member is broken and was passed over");
        l->zip[i].due = l->zip[i].came = 0;
    }
}

/* A member with a broken stream gives no layer and no word. Archives behind other bytes are layers of their
 * own. */
static void open_zip(struct av_layers *l, const struct av_layer *layer, uint64_t due)
{
    uint32_t level = layer->level;

    if (level >= AV_LAYER_LEVELS || strcmp(layer->type, "CL_TYPE_ZIP") != 0)
        return;
    l->zip[level].due = due;
    l->zip[level].came = 0;
    l->deepest = level + 1;
}

static void count_member(struct av_layers *l, uint32_t level)
{
    close_zips(l, level);
    if (level > 0 && level <= l->deepest)
        l->zip[level - 1].came++;
}

static void look_for_zip(struct av_layers *l, const struct av_layer_rules *rules,
                         const struct av_layer *layer)
{
    struct av_zip_report r = {0};

    count_member(l, layer->level);
    av_zip_check(layer->bytes, &rules->zip, &r);
    if (r.is_zip && r.why == ANTIVIRUS_EXAMINED) /* else it has its reason already */
        open_zip(l, layer, r.layers);
    if (r.why == ANTIVIRUS_ENCRYPTED && !rules->encrypted)
        return;
    if (r.is_zip && r.why != ANTIVIRUS_EXAMINED)
        object(l, r.why, "ZIP archive: ", r.text);
}

static const struct container *find_container(const char *type)
{
    for (size_t i = 0; i < sizeof containers / sizeof *containers; i++)
        if (strcmp(type, containers[i].type) == 0)
            return &containers[i];
    return NULL;
}

static void note_barren(struct av_layers *l, const char *name)
{
    if (!l->barren)
        l->barren = name;
}

/* The first member of an archive comes right after it, one level deeper. */
static void follow(struct av_layers *l, const struct av_layer *layer)
{
    const struct container *c = find_container(layer->type);

    if (l->waiting && layer->level <= l->waiting_level)
        note_barren(l, l->waiting);
    l->waiting = c && layer->bytes.n >= c->least ? c->name : NULL;
    l->waiting_level = layer->level;
    if (l->member && layer->bytes.n != l->member_size)
        note_barren(l, l->member);
    l->member = NULL;
}

void av_layer_announce(struct av_layers *l, const struct av_layer_rules *rules, const char *type,
                       uint64_t size)
{
    const struct container *c = find_container(type);

    if (!rules->unpackers || !c)
        return;
    l->waiting = NULL;
    if (l->member)
        note_barren(l, l->member);
    l->member = size >= MEMBER_LEAST ? c->name : NULL;
    l->member_size = size;
}

void av_layer_see(struct av_layers *l, const struct av_layer_rules *rules, const struct av_layer *layer)
{
    l->count++;
    if (rules->unpackers) {
        follow(l, layer);
        look_for_unknown(l, rules, layer->bytes);
    }
    if (rules->encrypted)
        look_for_encrypted(l, layer->bytes);
    if (rules->zips) {
        look_for_zip(l, rules, layer);
        look_for_cut(l, rules, layer);
    }
}

void av_layer_end(struct av_layers *l, bool encrypted)
{
    close_zips(l, 0);
    if (l->waiting || l->member)
        note_barren(l, l->waiting ? l->waiting : l->member);
    if (l->barren && !encrypted)
        object(l, ANTIVIRUS_NO_UNPACKER, "not everything could be unpacked from an archive: ", l->barren);
}
