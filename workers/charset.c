/*
 * charset.c - see charset.h. A table of names and a handle for each.
 *
 * Called by loaders while they load, so before there is anything hostile. Adding a
 * charset is a name in the table.
 */
#include "workers/charset.h"

#include "common/xalloc.h"

#include <iconv.h>
#include <stdint.h>
#include <stdlib.h>

static const char *const names[] = {
    "UTF-8",        "UTF-16BE",     "UTF-16LE",     "UTF-16",       "UTF-32BE",     "UTF-32LE",
    "UTF-32",       "UCS-2",        "UCS-4",        "UTF-7",        "US-ASCII",     "ISO-8859-1",
    "ISO-8859-2",   "ISO-8859-3",   "ISO-8859-4",   "ISO-8859-5",   "ISO-8859-6",   "ISO-8859-7",
    "ISO-8859-8",   "ISO-8859-9",   "ISO-8859-10",  "ISO-8859-13",  "ISO-8859-14",  "ISO-8859-15",
    "ISO-8859-16",  "WINDOWS-1250", "WINDOWS-1251", "WINDOWS-1252", "WINDOWS-1253", "WINDOWS-1254",
    "WINDOWS-1255", "WINDOWS-1256", "WINDOWS-1257", "WINDOWS-1258", "WINDOWS-874",  "KOI8-R",
    "KOI8-U",       "CP437",        "CP850",        "CP852",        "CP866",        "CP932",
    "CP936",        "CP949",        "CP950",        "MACINTOSH",    "SHIFT_JIS",    "EUC-JP",
    "ISO-2022-JP",  "EUC-KR",       "ISO-2022-KR",  "UHC",          "GB2312",       "GBK",
    "GB18030",      "BIG5",         "BIG5-HKSCS",   "EUC-TW",       "TIS-620",      "VISCII",
};
#define CHARSETS (sizeof names / sizeof *names)
#define NONE     ((iconv_t)(intptr_t)-1)

struct charset_set {
    iconv_t handle[CHARSETS];
};

struct charset_set *charset_open_all(void)
{
    struct charset_set *set = xcalloc(1, sizeof *set);

    for (size_t i = 0; i < CHARSETS; i++)
        set->handle[i] = iconv_open("UTF-8", names[i]);
    return set;
}

unsigned charset_count(const struct charset_set *set)
{
    unsigned n = 0;

    for (size_t i = 0; i < CHARSETS; i++)
        n += set->handle[i] != NONE;
    return n;
}

void charset_close_all(struct charset_set **set)
{
    struct charset_set *old = *set;

    *set = NULL;
    for (size_t i = 0; old && i < CHARSETS; i++)
        if (old->handle[i] != NONE)
            iconv_close(old->handle[i]);
    free(old);
}
