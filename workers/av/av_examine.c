/*
 * av_examine.c - see av_examine.h. Judging is pure: from what was collected to an answer, by tables.
 *
 * A name wins over everything: a virus that was found stays found, whatever else
 * failed. Then the worst objection counts; those that may be over the next time come
 * first, because the next try may find what this one missed. It must never give
 * "clean" where one of the sources has an objection.
 */
#include "workers/av/av_examine.h"

#include "workers/av/av_layer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Names that libclamav gives to what it did not examine. */
static const struct {
    const char *begin;
    enum antivirus_why why;
} weak_names[] = {
    {"Heuristics.Limits.", ANTIVIRUS_LIMIT},
    {"Heuristics.XZ.DicSizeLimit", ANTIVIRUS_LIMIT},
    {"Heuristics.Encrypted.", ANTIVIRUS_ENCRYPTED},
};

/*
 * Warnings and errors that libclamav 1.4 can give for the sake of what is in a message; all others are
 * trouble of the engine. The first row that fits counts: what speaks of memory or files stands first, so that
 * a full disk is never taken for a broken document. "": anywhere in the text.
 */
static const struct {
    const char *begin, *within;
    enum antivirus_why why;
} known_warnings[] = {
    {"", "too large to scan", ANTIVIRUS_LIMIT}, /* one piece of memory beyond what it allows itself */
    {"", "emory", ANTIVIRUS_RESOURCE},
    {"", "alloc", ANTIVIRUS_RESOURCE},
    {"", "temporary", ANTIVIRUS_RESOURCE},
    {"", "an't create", ANTIVIRUS_RESOURCE},
    {"", "ailed to create", ANTIVIRUS_RESOURCE},
    {"", "an't write", ANTIVIRUS_RESOURCE},
    {"", "ailed to write", ANTIVIRUS_RESOURCE},
    {"", "write failed", ANTIVIRUS_RESOURCE},
    {"", "unlink failure", ANTIVIRUS_RESOURCE},
    {"", "t remove nested directory", ANTIVIRUS_RESOURCE},
    /* Pictures: only their form is checked there, their bytes are searched all the same. Cut off ones are
       common in mail. */
    {"GIF: ", "", ANTIVIRUS_EXAMINED},
    {"JPEG: ", "", ANTIVIRUS_EXAMINED},
    {"PNG: ", "", ANTIVIRUS_EXAMINED},
    {"cli_parsetiff: ", "", ANTIVIRUS_EXAMINED},
    {"cli_scanicon: ", "", ANTIVIRUS_EXAMINED},
    {"Partial message received", "", ANTIVIRUS_AMBIGUOUS},
    {"Attempt to send Content-type message/external-body", "", ANTIVIRUS_AMBIGUOUS},
    {"cli_codepage_to_utf8: ", "", ANTIVIRUS_AMBIGUOUS},
    {"utf16 length is not", "", ANTIVIRUS_AMBIGUOUS},
    {"cli_tnef: file truncated", "", ANTIVIRUS_AMBIGUOUS},
    {"Corrupt TNEF header", "", ANTIVIRUS_AMBIGUOUS},
    {"TNEF - unknown level", "", ANTIVIRUS_AMBIGUOUS},
    {"SWF: ", "", ANTIVIRUS_AMBIGUOUS},
    {"cli_scanswf: ", "", ANTIVIRUS_AMBIGUOUS},
    {"HWP", "", ANTIVIRUS_AMBIGUOUS},
    {"vba_readdir_new: ", "", ANTIVIRUS_AMBIGUOUS},
    {"pdf_", "", ANTIVIRUS_AMBIGUOUS},
    {"check_state[msxml]", "", ANTIVIRUS_AMBIGUOUS},
    {"", "encountered issue in parsing", ANTIVIRUS_AMBIGUOUS},
    {"msxml_parse_element: failed to decode", "", ANTIVIRUS_AMBIGUOUS},
    {"scan_mso_stream: declared", "", ANTIVIRUS_AMBIGUOUS},
    {"ole2_convert_utf: could not locate", "", ANTIVIRUS_AMBIGUOUS},
    {"ole2: Invalid key length", "", ANTIVIRUS_AMBIGUOUS},
    {"cli_scanebr: detected", "", ANTIVIRUS_AMBIGUOUS},
    {"cli_scangpt: ", "", ANTIVIRUS_AMBIGUOUS},
    {"extractFile: ", "", ANTIVIRUS_AMBIGUOUS},
    {"parseFileEntryDescriptor: ", "", ANTIVIRUS_AMBIGUOUS},
    {"dmg_stripe_", "", ANTIVIRUS_AMBIGUOUS},
    {"hfsplus_walk_catalog: simple cycle", "", ANTIVIRUS_AMBIGUOUS},
    {"ishield: got multiple", "", ANTIVIRUS_AMBIGUOUS},
    {"Apparent end to EGG archive", "", ANTIVIRUS_AMBIGUOUS},
    {"", "Split archive.", ANTIVIRUS_NO_UNPACKER},
    {"", "decompression not yet supported", ANTIVIRUS_NO_UNPACKER},
    {"Binhex messages not supported", "", ANTIVIRUS_NO_UNPACKER},
    {"Unsupported RFC2047 encoding", "", ANTIVIRUS_NO_UNPACKER},
    {"Unsupported message format", "", ANTIVIRUS_NO_UNPACKER},
    {"UnRAR support unavailable", "", ANTIVIRUS_NO_UNPACKER},
    {"cli_egg_", "", ANTIVIRUS_AMBIGUOUS},
    {"egg_parse_", "", ANTIVIRUS_AMBIGUOUS},
    {"cli_scanxz: decompress file size exceeds", "", ANTIVIRUS_LIMIT},
    {"cli_scanxz: ", "", ANTIVIRUS_AMBIGUOUS},
    {"messageToText: ", "", ANTIVIRUS_AMBIGUOUS},
    {"dmg_handle_mish: mish block", "", ANTIVIRUS_LIMIT},
};

static bool begins_with(const char *s, const char *begin)
{
    return strncmp(s, begin, strlen(begin)) == 0;
}

/* ANTIVIRUS_EXAMINED: no weak name but a virus. */
static enum antivirus_why find_weak_name(const char *name)
{
    for (size_t i = 0; i < sizeof weak_names / sizeof *weak_names; i++)
        if (begins_with(name, weak_names[i].begin))
            return weak_names[i].why;
    return ANTIVIRUS_EXAMINED;
}

static enum antivirus_why find_warning(const char *text)
{
    for (size_t i = 0; i < sizeof known_warnings / sizeof *known_warnings; i++)
        if (begins_with(text, known_warnings[i].begin) && strstr(text, known_warnings[i].within))
            return known_warnings[i].why;
    return ANTIVIRUS_ENGINE;
}

/* Takes an objection when it is worse than those before. */
__attribute__((format(printf, 3, 4))) static void object(struct av_answer *a, enum antivirus_why why,
                                                         const char *fmt, ...)
{
    va_list ap;

    if (!antivirus_is_worse(why, a->why))
        return;
    a->state = ANTIVIRUS_UNEXAMINED;
    a->why = why;
    va_start(ap, fmt);
    vsnprintf(a->text, sizeof a->text, fmt, ap);
    va_end(ap);
}

static bool find_virus(const struct av_scan *scan, struct av_answer *a)
{
    unsigned n = scan->names < AV_NAMES_MAX ? scan->names : AV_NAMES_MAX;
    const char *name = scan->code_virus && n == 0 ? "a virus without a name" : NULL;

    for (unsigned i = 0; i < n && !name; i++)
        if (find_weak_name(scan->name[i]) == ANTIVIRUS_EXAMINED)
            name = scan->name[i];
    if (!name)
        return false;
    a->state = ANTIVIRUS_INFECTED;
    snprintf(a->text, sizeof a->text, "%s", name);
    return true;
}

static void judge_guard(const struct av_guard_report *g, struct av_answer *a)
{
    const char *err = strerrordesc_np(g->err);

    if (g->failures)
        object(a, ANTIVIRUS_RESOURCE, "%s failed: %s", g->call ? g->call : "a call", err ? err : "error");
}

static void judge_warnings(const struct av_scan *scan, struct av_answer *a)
{
    for (unsigned i = 0; i < scan->warnings && i < AV_WARNINGS_MAX; i++)
        object(a, find_warning(scan->warning[i]), "the engine warned: %s", scan->warning[i]);
    if (scan->warnings > AV_WARNINGS_MAX)
        object(a, ANTIVIRUS_ENGINE, "the engine gave %u different warnings", scan->warnings);
}

static void judge_code(const struct av_scan *scan, struct av_answer *a)
{
    enum antivirus_why why = scan->code_why;

    if (scan->code_clean || scan->code_virus)
        return;
    object(a, why == ANTIVIRUS_EXAMINED ? ANTIVIRUS_ENGINE : why, "the engine ended with: %s",
           scan->code_text ? scan->code_text : "no answer");
}

void av_examine_judge(const struct av_scan *scan, const struct av_guard_report *guard, unsigned without,
                      struct av_answer *a)
{
    *a = (struct av_answer){.state = ANTIVIRUS_CLEAN, .layers = scan->layers};
    if (find_virus(scan, a))
        return;
    if (!(without & AV_WITHOUT_GUARD))
        judge_guard(guard, a);
    if (!(without & AV_WITHOUT_WARNINGS))
        judge_warnings(scan, a);
    judge_code(scan, a);
    for (unsigned i = 0; i < scan->names && i < AV_NAMES_MAX; i++)
        object(a, find_weak_name(scan->name[i]), "%s", scan->name[i]);
    object(a, scan->layer_why, "%s", scan->layer_text);
}

void av_examine(struct av_engine *e, const struct av_order *order, struct av_answer *a)
{
    struct av_guard_report guard = {0};
    struct av_scan scan;

    av_guard_begin();
    av_engine_scan(e, order, &scan);
    av_guard_end(&guard);
    av_examine_judge(&scan, &guard, av_engine_without(e), a);
}

void av_examine_join(struct av_answer *all, const struct av_answer *one)
{
    uint32_t layers = all->layers + one->layers;
    bool worse = one->state == ANTIVIRUS_INFECTED ||
                 (one->state == ANTIVIRUS_UNEXAMINED && antivirus_is_worse(one->why, all->why));

    if (worse && all->state != ANTIVIRUS_INFECTED)
        *all = *one;
    all->layers = layers;
}

void av_examine_object(struct av_answer *a, enum antivirus_why why, const char *text)
{
    if (a->state != ANTIVIRUS_INFECTED)
        object(a, why, "%s", text);
}
