/*
 * av_scan.c - see av_scan.h. Lists of a fixed size: what does not fit is counted, not kept.
 *
 * Called by av_engine_scan.c only. Must never let a name of a virus give way to one of a
 * heuristic, some of which are none, and never print a byte that is not printable
 * ASCII: names and warnings go to logs and headers.
 */
#include "workers/av/av_scan.h"

#include <string.h>

/* Printable ASCII, without the end of the line. */
void av_scan_copy_words(char to[AV_NAME_MAX], const char *from)
{
    size_t n = 0;

    for (; from && from[n] && n < AV_NAME_MAX - 1; n++)
        to[n] = from[n] >= ' ' && from[n] <= '~' ? from[n] : '?';
    while (n && (from[n - 1] == '\n' || from[n - 1] == ' '))
        n--;
    to[n] = '\0';
}

/* Each different warning once; the last place is for whatever comes last. */
void av_scan_add_warning(struct av_scan *scan, const char *words)
{
    char text[AV_NAME_MAX];

    av_scan_copy_words(text, words);
    for (unsigned i = 0; i < scan->warnings && i < AV_WARNINGS_MAX; i++)
        if (strcmp(scan->warning[i], text) == 0)
            return;
    if (scan->warnings < AV_WARNINGS_MAX)
        memcpy(scan->warning[scan->warnings], text, sizeof text);
    scan->warnings++;
}

void av_scan_add_name(struct av_scan *scan, const char *name)
{
    char text[AV_NAME_MAX];
    unsigned n = scan->names < AV_NAMES_MAX ? scan->names : AV_NAMES_MAX;

    av_scan_copy_words(text, name);
    for (unsigned i = 0; i < n; i++)
        if (strcmp(scan->name[i], text) == 0)
            return;
    /* When there is no room the last one gives way, but never to a heuristic: some of these are no virus. */
    if (n < AV_NAMES_MAX || strncmp(text, "Heuristics.", 11) != 0)
        memcpy(scan->name[n < AV_NAMES_MAX ? n : n - 1], text, sizeof text);
    scan->names++;
}

void av_scan_object(struct av_scan *scan, enum antivirus_why why, const char *text)
{
    if (!antivirus_is_worse(why, scan->layer_why))
        return;
    scan->layer_why = why;
    av_scan_copy_words(scan->layer_text, text);
}

bool av_scan_has_name(const struct av_scan *scan, const char *begin)
{
    for (unsigned i = 0; i < scan->names && i < AV_NAMES_MAX; i++)
        if (strncmp(scan->name[i], begin, strlen(begin)) == 0)
            return true;
    return false;
}

bool av_scan_has_virus(const struct av_scan *scan)
{
    for (unsigned i = 0; i < scan->names && i < AV_NAMES_MAX; i++)
        if (strncmp(scan->name[i], "Heuristics.", 11) != 0)
            return true;
    return false;
}
