/*
 * av_engine.c - see av_engine.h. Settings, signatures and callbacks of libclamav 1.4; nothing of it is seen
 * outside.
 *
 * The loader calls open, settle and load, each child settle and scan. What libclamav
 * says during a scan comes through callbacks with the scan as their context; what it
 * says while it loads has no context, so that is kept in `heard`. Must never call a
 * message clean: it collects, av_examine.c judges. The bytes of a message and all
 * words about them are hostile; the signatures are trusted as far as libclamav checks
 * them, and bytecode only when it is signed.
 */
#include "workers/av/av_engine.h"

#include "common/xalloc.h"
#include "workers/av/av_again.h"
#include "workers/av/av_canary.h"
#include "workers/av/av_guard.h"
#include "workers/av/av_layer.h"
#include "workers/charset.h"

#include <clamav.h>
#include <dirent.h>
#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

struct av_engine {
    struct cl_engine *cl;
    unsigned without;
    unsigned load_flags;
    struct cl_scan_options options;
    struct av_layer_rules rules;
    uint32_t scan_time_ms;
    struct charset_set *charsets; /* owned */
};

/* One scan, as the callbacks get it. */
struct course {
    const struct av_engine *engine;
    struct av_scan *scan;
    struct av_layers layers;
    struct av_again again;
    unsigned mails; /* read by libclamav before the first scan */
    unsigned how;   /* AV_AGAIN_*: what is scanned once more; 0: the message as it is */
    bool blind;     /* as a mail, which it hardly is: only names count */
};

/* What libclamav said outside of a scan: the first error tells most, the last one names the file. */
static struct {
    char first[AV_NAME_MAX], last[AV_NAME_MAX];
    bool broken; /* something of libclamav could not be used */
} heard;

static void hear(enum cl_msg severity, const char *words)
{
    heard.broken = true;
    if (severity != CL_MSG_ERROR)
        return;
    av_scan_copy_words(heard.last, words);
    if (!heard.first[0])
        memcpy(heard.first, heard.last, sizeof heard.first);
}

static void on_message(enum cl_msg severity, const char *line, const char *words, void *context)
{
    struct course *course = context;

    (void)line;
    if (severity < CL_MSG_WARN)
        return;
    if (course)
        av_scan_add_warning(course->scan, words);
    else
        hear(severity, words);
}

static void on_virus(int fd, const char *name, void *context)
{
    struct course *course = context;

    (void)fd;
    if (course && name)
        av_scan_add_name(course->scan, name);
}

static void take_layer(struct course *course, const struct av_layer *layer)
{
    bool ignored = strcmp(layer->type, "CL_TYPE_IGNORED") == 0, first = layer->level == 0 && !course->how;

    if (!course->how)
        av_again_see(&course->again, layer->type, layer->level, av_guard_mails() - course->mails);
    if (ignored && layer->level > 0)
        av_again_keep(&course->again, layer->bytes, AV_AGAIN_DATA | AV_AGAIN_MAIL);
    course->scan->layers += first || (layer->level > 0 && !course->blind);
    /* As a mail the message was looked at already; behind a NUL byte archives in it are others than before.
     */
    if (!course->blind && (layer->level > 0 || course->how != AV_AGAIN_MAIL))
        av_layer_see(&course->layers, &course->engine->rules, layer);
}

/* The type is clcb_file_inspection's. */
static cl_error_t on_layer(int fd, const char *type, const char **ancestors, size_t above, const char *name,
                           size_t size, const char *bytes, uint32_t level, uint32_t attributes, void *context)
{
    struct av_layer layer = {type ? type : "", level, {bytes, bytes ? size : 0}};

    (void)fd, (void)ancestors, (void)above, (void)name, (void)attributes;
    if (context)
        take_layer(context, &layer);
    return CL_CLEAN;
}

/* The type is clcb_meta's. Encrypted members have a name of their own at the end of the scan. */
static cl_error_t on_member(const char *type, unsigned long packed, const char *name, unsigned long size,
                            int encrypted, unsigned position, void *context)
{
    struct course *course = context;

    (void)packed, (void)name, (void)position;
    if (course && type && !encrypted && !course->blind)
        av_layer_announce(&course->layers, &course->engine->rules, type, size);
    return CL_CLEAN;
}

static int find_rar(struct dl_phdr_info *info, size_t size, void *found)
{
    (void)size;
    if (info->dlpi_name && strstr(info->dlpi_name, "libclamunrar_iface"))
        *(bool *)found = true;
    return 0;
}

/* cl_init() loads the unpacker for RAR where it is installed (Debian has it in non-free), and is silent when
 * it is not; it warns when it is there and does not fit. */
static bool can_unpack_rar(void)
{
    bool found = false;

    dl_iterate_phdr(find_rar, &found);
    return found && !heard.broken;
}

/*
 * Limits that libclamav keeps in silence: what is larger is not searched for embedded programs, not
 * normalized (HTML, scripts: signatures match the normalized text), not recognized as a document in an
 * archive, not searched with regular expressions; further partitions are passed over. All of them are as
 * large as the largest file that is examined at all, which it does not pass over in silence. PCRE_MATCH_LIMIT
 * stays: it bounds the time of one expression.
 */
static int set_limits(struct cl_engine *cl, const struct antivirus_settings *s)
{
    const struct {
        enum cl_engine_field field;
        long long number;
    } rows[] = {
        {CL_ENGINE_MAX_SCANTIME, s->scan_time_ms},
        {CL_ENGINE_MAX_SCANSIZE, (long long)s->scan_size},
        {CL_ENGINE_MAX_FILESIZE, (long long)s->file_size},
        {CL_ENGINE_MAX_RECURSION, s->recursion},
        {CL_ENGINE_MAX_FILES, s->files},
        {CL_ENGINE_MAX_EMBEDDEDPE, (long long)s->file_size},
        {CL_ENGINE_MAX_HTMLNORMALIZE, (long long)s->file_size},
        {CL_ENGINE_MAX_HTMLNOTAGS, (long long)s->file_size},
        {CL_ENGINE_MAX_SCRIPTNORMALIZE, (long long)s->file_size},
        {CL_ENGINE_MAX_ZIPTYPERCG, (long long)s->file_size},
        {CL_ENGINE_PCRE_MAX_FILESIZE, (long long)s->file_size},
        {CL_ENGINE_MAX_PARTITIONS, s->files},
        {CL_ENGINE_BYTECODE_TIMEOUT, s->scan_time_ms},
        {CL_ENGINE_BYTECODE_SECURITY, CL_BYTECODE_TRUST_SIGNED},
        /* It remembers clean files by MD5: a collision, or a file that was cut off once, were clean for good.
         */
        {CL_ENGINE_DISABLE_CACHE, 1},
        {CL_ENGINE_DISABLE_PE_STATS, 1},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (cl_engine_set_num(cl, rows[i].field, rows[i].number) != CL_SUCCESS)
            return -1;
    return 0;
}

static const struct {
    uint32_t flag, heuristics;
} switches[] = {
    {ANTIVIRUS_MACROS, CL_SCAN_HEURISTIC_MACROS},
    {ANTIVIRUS_PHISHING, CL_SCAN_HEURISTIC_PHISHING_SSL_MISMATCH | CL_SCAN_HEURISTIC_PHISHING_CLOAK},
    {ANTIVIRUS_BROKEN, CL_SCAN_HEURISTIC_BROKEN},
    {ANTIVIRUS_BROKEN_MEDIA, CL_SCAN_HEURISTIC_BROKEN_MEDIA},
};

static void set_options(struct av_engine *e, const struct antivirus_settings *s)
{
    e->options.general = CL_SCAN_GENERAL_HEURISTICS;
    e->options.parse = ~0u;
    if (!(e->without & AV_WITHOUT_LIMITS))
        e->options.heuristic |= CL_SCAN_HEURISTIC_EXCEEDS_MAX;
    if (!(e->without & AV_WITHOUT_ENCRYPTED))
        e->options.heuristic |= CL_SCAN_HEURISTIC_ENCRYPTED_ARCHIVE | CL_SCAN_HEURISTIC_ENCRYPTED_DOC;
    for (size_t i = 0; i < sizeof switches / sizeof *switches; i++)
        if (s->flags & switches[i].flag)
            e->options.heuristic |= switches[i].heuristics;
    e->load_flags = CL_DB_STDOPT | (s->flags & ANTIVIRUS_PUA ? CL_DB_PUA : 0);
    e->rules = (struct av_layer_rules){.zip = {s->file_size, s->scan_size, s->files},
                                       .zips = !(e->without & AV_WITHOUT_ZIP),
                                       .unpackers = !(e->without & AV_WITHOUT_UNPACKER),
                                       .encrypted = !(e->without & AV_WITHOUT_ENCRYPTED),
                                       .rar = can_unpack_rar()};
}

struct av_engine *av_engine_open(const struct antivirus_settings *s, unsigned without, struct buf *why)
{
    struct av_engine *e = xcalloc(1, sizeof *e);

    memset(&heard, 0, sizeof heard);
    e->without = without;
    cl_set_clcb_msg(on_message);
    if (cl_init(CL_INIT_DEFAULT) != CL_SUCCESS || !(e->cl = cl_engine_new()) || set_limits(e->cl, s) < 0) {
        buf_addf(why, "libclamav does not start: %s", heard.last[0] ? heard.last : "no reason given");
        av_engine_free(&e);
        return NULL;
    }
    set_options(e, s);
    e->scan_time_ms = s->scan_time_ms;
    cl_engine_set_clcb_virus_found(e->cl, on_virus);
    cl_engine_set_clcb_file_inspection(e->cl, on_layer);
    cl_engine_set_clcb_meta(e->cl, on_member);
    return e;
}

/* Official sets say their age and version themselves. */
static void see_head(const char *path, struct wire_loaded *loaded)
{
    struct cl_cvd *head = cl_cvdhead(path);

    if (head && head->stime > loaded->built) {
        loaded->built = head->stime;
        loaded->version = head->version;
    }
    if (head)
        cl_cvdfree(head);
}

static void see_file(const char *path, struct wire_loaded *loaded, time_t *newest)
{
    struct stat st;

    if (view_ends_with(view_of(path), VIEW(".cvd")) || view_ends_with(view_of(path), VIEW(".cld")))
        see_head(path, loaded);
    else if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_mtime > *newest)
        *newest = st.st_mtime;
}

static void date_signatures(const char *dir, struct wire_loaded *loaded)
{
    DIR *d = opendir(dir);
    struct buf path = {0};
    struct dirent *de;
    time_t newest = 0;

    while (d && (de = readdir(d))) {
        buf_clear(&path);
        buf_addf(&path, "%s/%s", dir, de->d_name);
        see_file(path.p, loaded, &newest);
    }
    if (loaded->built == 0)
        loaded->built = newest;
    if (d)
        closedir(d);
    buf_free(&path);
}

/* Everything that libclamav and the libraries below it open at first use: the time zone, OpenSSL's settings,
 * charsets. */
static void warm_up(struct av_engine *e)
{
    struct buf message = {0};
    struct av_scan scan;
    time_t now = time(NULL);
    struct tm tm;

    /* Without TZ each call looks whether that file is another one by now. */
    setenv("TZ", ":/etc/localtime", 0);
    localtime_r(&now, &tm);
    if (!e->charsets)
        e->charsets = charset_open_all();
    av_canary_make(AV_CANARY_CLEAN, &message);
    av_engine_scan(e, buf_view(&message), &scan);
    buf_free(&message);
}

static int explain(cl_error_t code, const char *what, struct buf *why)
{
    buf_addf(why, "%s: %s", what, cl_strerror(code));
    if (heard.first[0])
        buf_addf(why, " (%s", heard.first);
    if (heard.first[0] && strcmp(heard.first, heard.last) != 0)
        buf_addf(why, "; %s", heard.last);
    if (heard.first[0])
        buf_add_char(why, ')');
    return -1;
}

int av_engine_load(struct av_engine *e, const char *dir, struct wire_loaded *loaded, struct buf *why)
{
    unsigned count = 0;
    cl_error_t code;

    memset(&heard, 0, sizeof heard);
    code = cl_load(dir, e->cl, &count, e->load_flags);
    if (code != CL_SUCCESS)
        return explain(code, "the signatures cannot be loaded", why);
    if (count == 0) {
        buf_add_str(why, "there are no signatures in the folder; run freshclam");
        return -1;
    }
    code = cl_engine_compile(e->cl);
    if (code != CL_SUCCESS)
        return explain(code, "the signatures cannot be made ready", why);
    loaded->signatures = count;
    snprintf(loaded->engine, sizeof loaded->engine, "%s", cl_retver());
    date_signatures(dir, loaded);
    warm_up(e);
    return 0;
}

int av_engine_settle(struct av_engine *e, const char *scratch)
{
    return cl_engine_set_str(e->cl, CL_ENGINE_TMPDIR, scratch) == CL_SUCCESS ? 0 : -1;
}

/* Codes that are neither clean nor a virus; what does not stand here is trouble of the engine. */
static const struct {
    cl_error_t code;
    enum antivirus_why why;
} codes[] = {
    {CL_EMEM, ANTIVIRUS_RESOURCE},    {CL_EOPEN, ANTIVIRUS_RESOURCE},    {CL_ECREAT, ANTIVIRUS_RESOURCE},
    {CL_EUNLINK, ANTIVIRUS_RESOURCE}, {CL_ESTAT, ANTIVIRUS_RESOURCE},    {CL_EREAD, ANTIVIRUS_RESOURCE},
    {CL_ESEEK, ANTIVIRUS_RESOURCE},   {CL_EWRITE, ANTIVIRUS_RESOURCE},   {CL_EDUP, ANTIVIRUS_RESOURCE},
    {CL_EACCES, ANTIVIRUS_RESOURCE},  {CL_ETMPFILE, ANTIVIRUS_RESOURCE}, {CL_ETMPDIR, ANTIVIRUS_RESOURCE},
    {CL_EMAP, ANTIVIRUS_RESOURCE},    {CL_ETIMEOUT, ANTIVIRUS_LIMIT},    {CL_EMAXREC, ANTIVIRUS_LIMIT},
    {CL_EMAXSIZE, ANTIVIRUS_LIMIT},   {CL_EMAXFILES, ANTIVIRUS_LIMIT},   {CL_EFORMAT, ANTIVIRUS_AMBIGUOUS},
    {CL_EPARSE, ANTIVIRUS_AMBIGUOUS}, {CL_EUNPACK, ANTIVIRUS_AMBIGUOUS},
};

static void take_code(struct av_scan *to, cl_error_t code)
{
    to->code = (int)code;
    to->code_text = cl_strerror(code);
    to->code_clean = code == CL_CLEAN;
    to->code_virus = code == CL_VIRUS;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i].code == code)
            to->code_why = codes[i].why;
}

/* A code of a later scan counts when there was nothing before; names count always. */
static void scan_map(struct course *course, cl_fmap_t *map)
{
    struct cl_scan_options options = course->engine->options; /* libclamav changes them */
    unsigned long scanned = 0;
    const char *name = NULL;
    cl_error_t code = cl_scanmap_callback(map, NULL, &name, &scanned, course->engine->cl, &options, course);

    if (!course->how || course->scan->code_clean)
        take_code(course->scan, code);
    if (name)
        av_scan_add_name(course->scan, name);
}

static void scan_bytes(struct course *course, struct view bytes)
{
    struct av_scan *to = course->scan;
    cl_fmap_t *map = cl_fmap_open_memory(bytes.p, bytes.n);

    if (!map) {
        to->code = -1;
        to->code_clean = false;
        to->code_why = ANTIVIRUS_RESOURCE;
        return;
    }
    memset(&course->layers, 0, sizeof course->layers);
    to->scans++;
    scan_map(course, map);
    cl_fmap_close(map);
    av_layer_end(&course->layers, av_scan_has_name(to, "Heuristics.Encrypted."));
    av_scan_object(to, course->layers.why, course->layers.text);
}

static uint64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Gives libclamav what is left of the time for this message. False: nothing. */
static bool set_time(const struct course *course, uint64_t begun)
{
    uint64_t all = course->engine->scan_time_ms, spent = now_ms() - begun;

    if (all == 0) /* as long as it takes */
        return true;
    return spent < all && cl_engine_set_num(course->engine->cl, CL_ENGINE_MAX_SCANTIME,
                                            (long long)(all - spent)) == CL_SUCCESS;
}

static void scan_item(struct course *course, unsigned i, unsigned how, uint64_t begun)
{
    struct av_again *a = &course->again;
    struct view bytes;

    if (!(a->item[i].how & how) || av_scan_has_virus(course->scan))
        return;
    if (!set_time(course, begun)) {
        av_scan_object(course->scan, ANTIVIRUS_LIMIT, "there was no time to scan all of it as another type");
        return;
    }
    bytes = how == AV_AGAIN_DATA ? av_again_as_data(a, i) : av_again_as_mail(a, i);
    course->how = how;
    course->blind = how == AV_AGAIN_MAIL && !av_again_has_parts(bytes);
    scan_bytes(course, bytes);
}

/*
 * libclamav goes by the first bytes. Some types it does not scan at all ("ID3" is music, and also the name of
 * a header field), and a message whose first line is of another type is no mail to it. What such scans
 * find in turn is scanned again, too. All together have the time of one scan.
 */
static void scan_again(struct course *course, struct view message, uint64_t begun)
{
    struct av_again *a = &course->again;

    unsigned how = av_again_of_message(a, av_guard_mails() - course->mails);

    if (how)
        av_again_keep_message(a, message, how);
    for (unsigned i = 0; i < a->n; i++) {
        scan_item(course, i, AV_AGAIN_DATA, begun);
        scan_item(course, i, AV_AGAIN_MAIL, begun);
    }
    if (a->over)
        av_scan_object(course->scan, ANTIVIRUS_LIMIT,
                       "there is too much in it that libclamav ignores by its type");
    cl_engine_set_num(course->engine->cl, CL_ENGINE_MAX_SCANTIME, course->engine->scan_time_ms);
}

void av_engine_scan(struct av_engine *e, struct view bytes, struct av_scan *to)
{
    struct course course = {
        .engine = e, .scan = to, .again.most = e->rules.zip.file_size, .mails = av_guard_mails()};
    uint64_t begun = now_ms();

    *to = (struct av_scan){.code = -1, .code_text = "the message could not be given to libclamav"};
    if (bytes.n < AV_LAYER_LEAST) {
        take_code(to, CL_CLEAN);
        to->layers = 1;
        return;
    }
    scan_bytes(&course, bytes);
    if (!(e->without & AV_WITHOUT_AGAIN))
        scan_again(&course, bytes, begun);
    av_again_free(&course.again);
}

unsigned av_engine_without(const struct av_engine *e)
{
    return e->without;
}

void av_engine_free(struct av_engine **e)
{
    struct av_engine *old = *e;

    *e = NULL;
    if (!old)
        return;
    charset_close_all(&old->charsets);
    if (old->cl)
        cl_engine_free(old->cl);
    free(old);
}
