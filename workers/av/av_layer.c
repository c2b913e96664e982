/*
 * av_layer.c - see av_layer.h. What each layer is asked, and two ways to count what came out of an archive.
 *
 * libclamav 1.4 knows the types in `containers` and unpacks them as far as it can; a
 * method of compression or a filter that it does not know gives no layer, no warning
 * and "clean". ZIP and tar archives have a duty: their own directory tells how many
 * layers must come. It must never say that something is fine: it only finds reasons
 * against.
 */
#include "workers/av/av_layer.h"

#include "workers/av/av_magic.h"
#include "workers/av/av_tar.h"

#include <stdio.h>
#include <string.h>

/*
 * Smaller ones are passed over: libclamav gives no layer for a member of less than AV_LAYER_LEAST bytes, in
 * which there is room for nothing. What packs one file only has no method of compression that libclamav does
 * not know.
 */
struct container {
    const char *type, *name;
    size_t least;
};
#define CUT_SLACK 65536

static const struct container containers[] = {
    {"CL_TYPE_7Z", "7-Zip", 33}, /* an empty one has 32 bytes */
    {"CL_TYPE_RAR", "RAR", 0},     {"CL_TYPE_ARJ", "ARJ", 0},   {"CL_TYPE_ALZ", "ALZ", 0},
    {"CL_TYPE_EGG", "EGG", 0},     {"CL_TYPE_MSCAB", "CAB", 0}, {"CL_TYPE_LHA_LZH", "LHA", 0},
    {"CL_TYPE_MSSZDD", "SZDD", 0}, {"CL_TYPE_GZ", "gzip", 100}, {"CL_TYPE_BZ", "bzip2", 100},
    {"CL_TYPE_XZ", "xz", 100},
};

static void object(struct av_layers *l, enum antivirus_why why, const char *before, const char *text)
{
    if (!antivirus_is_worse(why, l->why))
        return;
    l->why = why;
    snprintf(l->text, sizeof l->text, "%s%s", before, text);
}

static bool is_type(const struct av_layer *layer, const char *type)
{
    return strcmp(layer->type, type) == 0;
}

static void look_for_unknown(struct av_layers *l, const struct av_layer_rules *rules,
                             const struct av_layer *layer)
{
    const char *name = av_magic_unknown(layer->bytes, rules->rar);

    if (!name && is_type(layer, "CL_TYPE_BZ") && av_magic_bzip2_goes_on(layer->bytes))
        name = "bzip2 in several streams";
    if (name)
        object(l, ANTIVIRUS_NO_UNPACKER, "no unpacker for ", name);
}

static void look_for_encrypted(struct av_layers *l, struct view file)
{
    const char *name = av_magic_encrypted(file);

    if (name)
        object(l, ANTIVIRUS_ENCRYPTED, "", name);
}

/* What libclamav cuts off at file_size it leaves that long, or shorter by what it unpacks at a time. */
static void look_for_cut(struct av_layers *l, const struct av_layer_rules *rules,
                         const struct av_layer *layer)
{
    if (layer->level > 0 && layer->bytes.n + CUT_SLACK > rules->zip.file_size)
        object(l, ANTIVIRUS_LIMIT, "", "a file in it was cut off at antivirus.file_size");
}

static void close_archive(struct av_layers *l, uint32_t level)
{
    struct av_duty *zip = &l->zip[level], *tar = &l->tar[level];

    if (zip->unseen)
        object(l, ANTIVIRUS_AMBIGUOUS, "",
               "ZIP archive: it stands behind other bytes, and the sizes of members behind them");
    else if (zip->came < zip->due)
        object(l, ANTIVIRUS_AMBIGUOUS, "", "ZIP archive: a member is broken and was passed over");
    if (tar->came < tar->due)
        object(l, ANTIVIRUS_AMBIGUOUS, "", "tar archive: a member was passed over");
    *zip = *tar = (struct av_duty){0};
}

/* Whoever opens a layer at this level has left all archives from here on. */
static void close_archives(struct av_layers *l, uint32_t level)
{
    while (l->deepest > level)
        close_archive(l, --l->deepest);
}

static void open_archive(struct av_layers *l, struct av_duty *at, uint32_t level, const struct av_duty *duty)
{
    *at = *duty;
    l->deepest = level + 1;
}

/* Members come one level deeper; those of an archive behind other bytes two, for the layer between them,
 * from the first member to the end of the file, is shown to nobody. */
static void count_member(struct av_layers *l, uint32_t level)
{
    close_archives(l, level);
    if (level >= 1 && level <= l->deepest) {
        l->zip[level - 1].came += !l->zip[level - 1].embedded;
        l->tar[level - 1].came++;
    }
    if (level >= 2 && level - 2 < l->deepest)
        l->zip[level - 2].came += l->zip[level - 2].embedded;
}

/* FNV-1a of 64 bits: tells two archives apart, no more is asked of it. */
static uint64_t make_mark(struct view directory)
{
    uint64_t mark = 0xcbf29ce484222325u;

    for (size_t i = 0; i < directory.n; i++)
        mark = (mark ^ (unsigned char)directory.p[i]) * 0x100000001b3u;
    return mark;
}

/* The end of a file is also the end of what is stored last in it: its own layer has the duty then. */
static void hand_over(struct av_layers *l, uint32_t level, uint64_t mark)
{
    for (uint32_t i = 0; i < level && i < l->deepest; i++)
        if (l->zip[i].embedded && l->zip[i].mark == mark)
            l->zip[i] = (struct av_duty){0};
}

/* Types that libclamav opens as a ZIP archive. */
static bool is_zip_type(const struct av_layer *layer)
{
    return is_type(layer, "CL_TYPE_ZIP") || strncmp(layer->type, "CL_TYPE_OOXML_", 14) == 0;
}

static void look_for_zip(struct av_layers *l, const struct av_layer_rules *rules,
                         const struct av_layer *layer)
{
    struct av_zip_report r = {0};
    struct av_duty duty;
    uint64_t mark;

    av_zip_check(layer->bytes, &rules->zip, &r);
    if (!r.is_zip || (r.why == ANTIVIRUS_ENCRYPTED && !rules->encrypted))
        return;
    if (r.why != ANTIVIRUS_EXAMINED) {
        object(l, r.why, "ZIP archive: ", r.text);
        return;
    }
    mark = make_mark(r.directory);
    hand_over(l, layer->level, mark);
    /* Nothing comes out of what libclamav ignores; av_engine_scan.c has it scanned again behind a NUL byte.
     */
    if (layer->level >= AV_LAYER_LEVELS || is_type(layer, "CL_TYPE_IGNORED"))
        return;
    duty = (struct av_duty){
        .due = r.layers, .mark = mark, .embedded = !is_zip_type(layer), .unseen = r.unseen && r.layers};
    open_archive(l, &l->zip[layer->level], layer->level, &duty);
}

static void look_for_tar(struct av_layers *l, const struct av_layer *layer)
{
    struct av_tar_report r = {0};

    av_tar_check(layer->bytes, &r);
    if (!r.is_tar)
        return;
    if (r.why != ANTIVIRUS_EXAMINED)
        object(l, r.why, "tar archive: ", r.text);
    else if (layer->level < AV_LAYER_LEVELS)
        open_archive(l, &l->tar[layer->level], layer->level, &(struct av_duty){.due = r.members});
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
    l->member = size >= AV_LAYER_LEAST ? c->name : NULL;
    l->member_size = size;
}

void av_layer_see(struct av_layers *l, const struct av_layer_rules *rules, const struct av_layer *layer)
{
    l->count++;
    if (rules->unpackers) {
        follow(l, layer);
        look_for_unknown(l, rules, layer);
    }
    if (rules->encrypted)
        look_for_encrypted(l, layer->bytes);
    if (rules->zips) {
        count_member(l, layer->level);
        look_for_zip(l, rules, layer);
        look_for_tar(l, layer);
        look_for_cut(l, rules, layer);
    }
}

void av_layer_end(struct av_layers *l, bool encrypted)
{
    close_archives(l, 0);
    if (l->waiting || l->member)
        note_barren(l, l->waiting ? l->waiting : l->member);
    if (l->barren && !encrypted)
        object(l, ANTIVIRUS_NO_UNPACKER, "not everything could be unpacked from an archive: ", l->barren);
}
