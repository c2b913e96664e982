/*
 * av_engine.c - see av_engine.h. Settings and signatures of libclamav 1.4; nothing of it is seen outside.
 *
 * The loader calls open, settle and load, each child settle; scans are
 * av_engine_scan.c's. What libclamav says while it loads has no context, so that is kept in
 * `heard`. The signatures are trusted as far as libclamav checks them, and
 * bytecode only when it is signed.
 */
#include "workers/av/av_engine_part.h"

#include "common/xalloc.h"
#include "workers/av/av_canary.h"
#include "workers/charset.h"

#include <dirent.h>
#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

/* What libclamav said outside of a scan: the first error tells most, the last one names the file. */
static struct {
    char first[AV_NAME_MAX], last[AV_NAME_MAX];
    bool broken; /* something of libclamav could not be used */
} heard;

void av_engine_hear(enum cl_msg severity, const char *words)
{
    heard.broken = true;
    if (severity != CL_MSG_ERROR)
        return;
    av_scan_copy_words(heard.last, words);
    if (!heard.first[0])
        memcpy(heard.first, heard.last, sizeof heard.first);
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
    av_engine_listen(e);
    if (cl_init(CL_INIT_DEFAULT) != CL_SUCCESS || !(e->cl = cl_engine_new()) || set_limits(e->cl, s) < 0) {
        buf_addf(why, "libclamav does not start: %s", heard.last[0] ? heard.last : "no reason given");
        av_engine_free(&e);
        return NULL;
    }
    set_options(e, s);
    e->scan_time_ms = s->scan_time_ms;
    av_engine_listen(e);
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

static bool ends_with_any(const char *path, const char *const *ends, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (view_ends_with(view_of(path), view_of(ends[i])))
            return true;
    return false;
}

static void see_file(const char *path, struct wire_loaded *loaded, time_t *newest)
{
    static const char *const official[] = {".cvd", ".cld"};
    struct stat st;

    if (ends_with_any(path, official, sizeof official / sizeof *official))
        see_head(path, loaded);
    else if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_mtime > *newest)
        *newest = st.st_mtime;
}

/* Kinds of files that can hold signatures of links. */
static bool may_speak_of_links(const char *path)
{
    static const char *const kinds[] = {".pdb", ".gdb", ".wdb", ".cvd", ".cld", ".cud"};

    return ends_with_any(path, kinds, sizeof kinds / sizeof *kinds);
}

static void see_signatures(struct av_engine *e, const char *dir, struct wire_loaded *loaded)
{
    DIR *d = opendir(dir);
    struct buf path = {0};
    struct dirent *de;
    time_t newest = 0;

    while (d && (de = readdir(d))) {
        buf_clear(&path);
        buf_addf(&path, "%s/%s", dir, de->d_name);
        see_file(path.p, loaded, &newest);
        e->links |= may_speak_of_links(path.p);
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
    av_engine_scan(e, &(struct av_order){.bytes = buf_view(&message)}, &scan);
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
    see_signatures(e, dir, loaded);
    warm_up(e);
    return 0;
}

int av_engine_settle(struct av_engine *e, const char *scratch)
{
    return cl_engine_set_str(e->cl, CL_ENGINE_TMPDIR, scratch) == CL_SUCCESS ? 0 : -1;
}

unsigned av_engine_without(const struct av_engine *e)
{
    return e->without;
}

uint64_t av_engine_scan_size(const struct av_engine *e)
{
    return e->rules.zip.scan_size;
}

struct charset_set *av_engine_charsets(const struct av_engine *e)
{
    return e->charsets;
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
