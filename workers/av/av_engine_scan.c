/*
 * av_engine_scan.c - see av_engine.h. One scan of libclamav, and what it says during it.
 *
 * Called by av_examine.c in a child. What libclamav says comes through callbacks with
 * the scan as their context. Must never call a message clean: it collects, av_examine.c
 * judges. The bytes of a message and all words about them are hostile.
 */
#include "workers/av/av_engine_part.h"

#include "workers/av/av_again.h"

#include <string.h>
#include <time.h>

/* One scan, as the callbacks get it. */
struct course {
    const struct av_engine *engine;
    struct av_scan *scan;
    struct av_layers layers;
    struct av_again again;
    enum av_how what;
    struct av_budget *budget;
    unsigned how; /* AV_AGAIN_*: what is scanned once more; 0: the bytes as they are */
    bool blind;   /* as a mail, which it hardly is: only names count */
};

static void on_message(enum cl_msg severity, const char *line, const char *words, void *context)
{
    struct course *course = context;

    (void)line;
    if (severity < CL_MSG_WARN)
        return;
    if (course)
        av_scan_add_warning(course->scan, words);
    else
        av_engine_hear(severity, words);
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

    if (ignored && first)
        course->again.whole = AV_AGAIN_DATA | AV_AGAIN_MAIL;
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

void av_engine_listen(struct av_engine *e)
{
    cl_set_clcb_msg(on_message);
    if (!e->cl)
        return;
    cl_engine_set_clcb_virus_found(e->cl, on_virus);
    cl_engine_set_clcb_file_inspection(e->cl, on_layer);
    cl_engine_set_clcb_meta(e->cl, on_member);
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
    cl_error_t code;

    if (course->what == AV_HOW_MESSAGE || course->what == AV_HOW_READ)
        options.parse &= ~(uint32_t)CL_SCAN_PARSE_MAIL;
    code = cl_scanmap_callback(map, NULL, &name, &scanned, course->engine->cl, &options, course);
    course->budget->bytes += (uint64_t)scanned * CL_COUNT_PRECISION;
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
    course->budget->bytes += bytes.n % CL_COUNT_PRECISION; /* what libclamav rounds off */
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

struct av_budget av_engine_budget(void)
{
    return (struct av_budget){.begun_ms = now_ms()};
}

/* Gives libclamav what is left for this message. False: nothing. */
static bool set_rest(const struct course *course)
{
    const struct av_budget *b = course->budget;
    const struct av_zip_limits *all = &course->engine->rules.zip;
    uint64_t time = course->engine->scan_time_ms, spent = now_ms() - b->begun_ms;
    struct cl_engine *cl = course->engine->cl;

    if ((time && spent >= time) || b->bytes >= all->scan_size || b->files >= all->files)
        return false;
    return (!time ||
            cl_engine_set_num(cl, CL_ENGINE_MAX_SCANTIME, (long long)(time - spent)) == CL_SUCCESS) &&
           cl_engine_set_num(cl, CL_ENGINE_MAX_SCANSIZE, (long long)(all->scan_size - b->bytes)) ==
               CL_SUCCESS &&
           cl_engine_set_num(cl, CL_ENGINE_MAX_FILES, (long long)(all->files - b->files)) == CL_SUCCESS;
}

static void scan_rest(struct course *course, struct view bytes)
{
    if (set_rest(course))
        scan_bytes(course, bytes);
    else
        av_scan_object(course->scan, ANTIVIRUS_LIMIT,
                       "there was no time to scan all of it, or there is too much in it");
}

static void scan_item(struct course *course, unsigned i, unsigned how)
{
    struct av_again *a = &course->again;
    struct view bytes;

    if (!(a->item[i].how & how) || av_scan_has_virus(course->scan))
        return;
    bytes = how == AV_AGAIN_DATA ? av_again_as_data(a, i) : av_again_as_mail(a, i);
    course->how = how;
    course->blind = how == AV_AGAIN_MAIL && !av_again_has_parts(bytes);
    scan_rest(course, bytes);
}

/*
 * libclamav goes by the first bytes. Some types it does not scan at all ("ID3" is music, and also the name of
 * a header field). What such scans find in turn is scanned again, too.
 */
static void scan_again(struct course *course, struct view bytes)
{
    struct av_again *a = &course->again;

    if (a->whole)
        av_again_keep_whole(a, bytes, a->whole);
    for (unsigned i = 0; i < a->n; i++) {
        scan_item(course, i, AV_AGAIN_DATA);
        scan_item(course, i, AV_AGAIN_MAIL);
    }
    if (a->over)
        av_scan_object(course->scan, ANTIVIRUS_LIMIT,
                       "there is too much in it that libclamav ignores by its type");
}

/* libclamav looks at links only where it reads a mail itself. */
static void scan_links(struct course *course, struct view html)
{
    struct av_again *a = &course->again;
    unsigned i = a->n;

    if (!course->engine->links || course->what != AV_HOW_HTML || av_scan_has_virus(course->scan))
        return;
    av_again_keep_whole(a, html, AV_AGAIN_HTML);
    course->how = AV_AGAIN_HTML;
    course->blind = true;
    if (i < a->n)
        scan_rest(course, av_again_as_html(a, i));
}

/* A message is scanned as a mail, whatever its first line is; with its type go signatures that are for mails.
 */
static void scan_first(struct course *course, struct view bytes)
{
    struct av_again *a = &course->again;

    if (course->what == AV_HOW_MESSAGE)
        av_again_keep_whole(a, bytes, 0);
    scan_rest(course, a->n ? av_again_as_mail(a, 0) : bytes);
}

void av_engine_scan(struct av_engine *e, const struct av_order *order, struct av_scan *to)
{
    struct av_budget own = av_engine_budget();
    struct course course = {.engine = e,
                            .scan = to,
                            .again.most = e->rules.zip.file_size,
                            .what = order->how,
                            .budget = order->budget ? order->budget : &own};

    *to = (struct av_scan){.code = -1, .code_text = "the message could not be given to libclamav"};
    if (order->bytes.n < AV_LAYER_LEAST) {
        take_code(to, CL_CLEAN);
        to->layers = 1;
        return;
    }
    scan_first(&course, order->bytes);
    if (to->scans == 0)
        to->code_why = ANTIVIRUS_LIMIT;
    if (!(e->without & AV_WITHOUT_AGAIN))
        scan_again(&course, order->bytes);
    scan_links(&course, order->bytes);
    course.budget->files += to->layers;
    av_again_free(&course.again);
}
