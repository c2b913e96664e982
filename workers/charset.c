/*
 * charset.c - see charset.h. A table of names and a handle for each; a table of other names for them.
 *
 * Called by loaders while they load, and by the mail parser for text. Adding a
 * charset is a name in the table. Names are compared by their letters and digits alone, so "utf8", "UTF-8"
 * and "utf_8" are one. It must never open a file once charset_open_all() is through, and trusts nothing that
 * iconv(3) is given: a byte that it does not get past is passed over here.
 */
#include "workers/charset.h"

#include "common/xalloc.h"

#include <errno.h>
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

/*
 * Looked at before the names above: what mail calls a set, and what it is read as. Old sets are
 * read as the one of a vendor that has all of its characters and more, because that is what is written under
 * their names.
 */
static const struct {
    const char *name, *aliases; /* separated by blanks */
} others[] = {
    {"WINDOWS-1252", "ascii us-ascii us ansi_x3.4-1968 ansi_x3.4-1986 iso646-us iso_646.irv:1991 646 "
                     "csascii iso-8859-1 8859-1 latin1 l1 iso_8859-1:1987 iso-ir-100 csisolatin1 "
                     "cp819 ibm819 ansi x-ansi"},
    {"UTF-8", "utf unicode-1-1-utf-8 x-unicode20utf8 utf8mb4 cp65001"},
    {"UTF-7", "unicode-1-1-utf-7 csunicode11utf7 unicode-2-0-utf-7 x-unicode-2-0-utf-7 "
              "cp65000"},
    {"UTF-16", "unicode csunicode"},
    {"UCS-2", "iso-10646-ucs-2"},
    {"UTF-16BE", "unicodefffe"},
    {"UTF-16LE", "unicodefeff"},
    {"UCS-4", "iso-10646-ucs-4"},
    {"ISO-8859-2", "latin2 l2 iso_8859-2:1987 csisolatin2"},
    {"ISO-8859-3", "latin3"},
    {"ISO-8859-4", "latin4"},
    {"ISO-8859-5", "cyrillic csisolatincyrillic"},
    {"ISO-8859-6", "arabic"},
    {"ISO-8859-7", "greek iso_8859-7:1987"},
    {"ISO-8859-8", "hebrew iso-8859-8-i iso-8859-8-e logical"},
    {"WINDOWS-1254", "iso-8859-9 latin5 l5 iso_8859-9:1989"},
    {"ISO-8859-10", "latin6"},
    {"WINDOWS-874", "iso-8859-11 tis-620 tis-620-2533 dos-874"},
    {"ISO-8859-13", "latin7"},
    {"ISO-8859-14", "latin8"},
    {"ISO-8859-15", "latin9 latin0 l9"},
    {"ISO-8859-16", "latin10"},
    {"KOI8-R", "koi koi8 cskoi8r"},
    {"KOI8-U", "koi8-ru"},
    {"CP437", "ibm437"},
    {"CP850", "ibm850"},
    {"CP852", "ibm852"},
    {"CP866", "ibm866 dos-866 csibm866"},
    {"MACINTOSH", "mac x-mac-roman macroman csmacintosh"},
    {"CP932", "shift_jis x-sjis sjis ms_kanji windows-31j csshiftjis x-ms-cp932 ms932"},
    {"EUC-JP", "ujis x-euc-jp x-euc cseucpkdfmtjapanese"},
    {"ISO-2022-JP", "jis csiso2022jp cp50220 cp50221"},
    {"UHC", "euc-kr x-euc-kr cseuckr ks_c_5601-1987 ks_c_5601-1989 ks_c_5601 korean cp949 "
            "ms949 windows-949 csksc56011987"},
    {"ISO-2022-KR", "csiso2022kr"},
    {"GB18030", "gb2312 gb_2312-80 x-gb2312 euc-cn x-euc-cn gbk x-gbk cp936 ms936 windows-936 "
                "csgb2312 chinese"},
    {"BIG5-HKSCS", "big5 x-x-big5 x-big5 csbig5 cn-big5 big5-eten cp950 windows-950"},
    {"EUC-TW", "x-euc-tw"},
};

/* Windows-1252, 80 to 9f; the five places without a character are controls. */
static const uint16_t windows_1252[32] = {
    0x20ac, 0x81,   0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x8d,   0x017d, 0x8f,   0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d,   0x017e, 0x0178,
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

/* The next letter (lower case) or digit of a name, from *at on; 0: no more. */
static char next_sign(struct view name, size_t *at)
{
    while (*at < name.n) {
        char c = name.p[(*at)++];

        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            return c;
        if (c >= 'A' && c <= 'Z')
            return (char)(c | 0x20);
    }
    return '\0';
}

static bool is_name(struct view name, struct view known)
{
    size_t i = 0, j = 0;
    char a, b;

    do {
        a = next_sign(name, &i);
        b = next_sign(known, &j);
    } while (a == b && a);
    return a == b;
}

static bool is_one_of(struct view name, const char *list)
{
    while (*list) {
        size_t n = strcspn(list, " ");

        if (is_name(name, (struct view){list, n}))
            return true;
        list += n + (list[n] == ' ');
    }
    return false;
}

/* "cp1251", "x-cp1251" and "win-1251" are Windows' sets; so are others of that kind. */
static bool is_windows(struct view name, struct view known)
{
    struct view number = {known.p + known.n - 4, 4};

    if (known.n != 12 || memcmp(known.p, "WINDOWS-125", 11) != 0 || !view_ends_with(name, number))
        return false;
    name.n -= number.n;
    return is_one_of(name, "cp x-cp win x-windows ms microsoft-cp");
}

#define NAME_LEN_MAX 60

/* Place in `names`; CHARSETS: nobody's. */
static size_t find(struct view name)
{
    const char *wanted = NULL;

    if (name.n > NAME_LEN_MAX || is_name(name, VIEW("")))
        return CHARSETS;
    for (size_t i = 0; i < sizeof others / sizeof *others && !wanted; i++)
        if (is_one_of(name, others[i].aliases))
            wanted = others[i].name;
    for (size_t i = 0; i < CHARSETS; i++)
        if (wanted ? strcmp(wanted, names[i]) == 0
                   : is_name(name, view_of(names[i])) || is_windows(name, view_of(names[i])))
            return i;
    return CHARSETS;
}

/* Bytes of the character at the beginning; 0: not UTF-8. Shortest forms only, no surrogates. */
static size_t sequence(const unsigned char *p, size_t n)
{
    size_t len = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;

    if (len == 0 || len > n)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f))
        return 0;
    if ((p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return len;
}

/* Bytes at the beginning that are valid UTF-8; `ascii`: that are ASCII. Eight at a time where it can. */
static size_t span(struct view in, bool ascii)
{
    size_t i = 0, len;

    while (i < in.n) {
        uint64_t eight;

        while (i + sizeof eight <= in.n) {
            memcpy(&eight, in.p + i, sizeof eight);
            if (eight & 0x8080808080808080u)
                break;
            i += sizeof eight;
        }
        if (i == in.n)
            break;
        len = sequence((const unsigned char *)in.p + i, in.n - i);
        if (len == 0 || (ascii && len > 1))
            break;
        i += len;
    }
    return i;
}

bool charset_is_utf8(struct view in)
{
    return span(in, false) == in.n;
}

/* At most `max` bytes of valid UTF-8 `v`, no character in pieces. */
static size_t whole(struct view v, size_t max)
{
    if (v.n <= max)
        return v.n;
    while (max && ((unsigned char)v.p[max] & 0xc0) == 0x80)
        max--;
    return max;
}

static const struct view replacement = VIEW("\xef\xbf\xbd");

/* False: there is no room for more. */
static bool add_valid(struct view v, size_t *max, struct buf *to)
{
    size_t n = whole(v, *max);

    buf_add(to, v.p, n);
    *max -= n;
    return n == v.n;
}

static bool add_utf8(struct view in, size_t max, struct buf *to)
{
    while (in.n) {
        size_t n = span(in, false);

        if (!add_valid((struct view){in.p, n}, &max, to))
            return false;
        in.p += n, in.n -= n;
        if (in.n && !add_valid(replacement, &max, to))
            return false;
        if (in.n)
            in.p++, in.n--;
    }
    return true;
}

static void add_windows_1252(struct view in, size_t max, struct buf *to)
{
    while (in.n) {
        size_t n = span(in, true);
        char three[3];
        unsigned c;

        if (!add_valid((struct view){in.p, n}, &max, to) || n == in.n)
            return;
        c = (unsigned char)in.p[n];
        if (c < 0xa0)
            c = windows_1252[c - 0x80];
        three[0] = (char)(c < 0x800 ? 0xc0 | c >> 6 : 0xe0 | c >> 12);
        three[1] = (char)(0x80 | ((c < 0x800 ? c : c >> 6) & 0x3f));
        three[2] = (char)(0x80 | (c & 0x3f));
        if (!add_valid((struct view){three, c < 0x800 ? 2 : 3}, &max, to))
            return;
        in.p += n + 1, in.n -= n + 1;
    }
}

void charset_guess(struct view in, size_t max, struct buf *to)
{
    if (charset_is_utf8(in))
        add_utf8(in, max, to);
    else
        add_windows_1252(in, max, to);
}

#define ROOM 4096

/* One call; `in` NULL: what is held back for the end. What it wrote is added. Answers errno, 0: all is
 * through. */
static int step(iconv_t handle, struct view *in, size_t *max, struct buf *to)
{
    char out[ROOM], *o = out, *p = in ? (char *)(uintptr_t)in->p : NULL;
    size_t left = sizeof out, n = in ? in->n : 0, got;

    got = iconv(handle, in ? &p : NULL, in ? &n : NULL, &o, &left);
    got = got == (size_t)-1 ? (size_t)errno : 0;
    if (in)
        *in = (struct view){p, n};
    /* Not trusted to be what it should: the answer of this function is UTF-8 in any case. */
    left = to->n;
    if (add_utf8((struct view){out, (size_t)(o - out)}, *max, to))
        *max -= to->n - left;
    else
        *max = 0;
    return (int)got;
}

/* Bytes that a broken character is passed over with: what follows must not be read across two of them. */
static size_t unit(const char *name)
{
    return strncmp(name, "UTF-16", 6) == 0 || strcmp(name, "UCS-2") == 0   ? 2
           : strncmp(name, "UTF-32", 6) == 0 || strcmp(name, "UCS-4") == 0 ? 4
                                                                           : 1;
}

static void convert(iconv_t handle, size_t width, struct view in, size_t max, struct buf *to)
{
    iconv(handle, NULL, NULL, NULL, NULL);
    while (in.n && max >= 4) {
        size_t before = in.n, had = to->n;
        int e = step(handle, &in, &max, to);

        if (e == 0 || (e == E2BIG && (in.n != before || to->n != had)))
            continue;
        if (!add_valid(replacement, &max, to) || e == EINVAL)
            break;
        if (width > in.n)
            width = in.n;
        in.p += width, in.n -= width;
    }
    if (max >= 4)
        step(handle, NULL, &max, to);
    iconv(handle, NULL, NULL, NULL, NULL);
}

/* UTF-8 and Windows-1252 need no set. */
static bool is_built_in(size_t i)
{
    return i < CHARSETS && (strcmp(names[i], "UTF-8") == 0 || strcmp(names[i], "WINDOWS-1252") == 0);
}

bool charset_is_known(const struct charset_set *set, struct view name)
{
    size_t i = find(name);

    return is_built_in(i) || (i < CHARSETS && set && set->handle[i] != NONE);
}

bool charset_decode(struct charset_set *set, struct view name, struct view in, size_t max, struct buf *to)
{
    size_t i = find(name);

    if (is_built_in(i)) {
        if (names[i][0] == 'U')
            add_utf8(in, max, to);
        else
            add_windows_1252(in, max, to);
        return true;
    }
    if (i == CHARSETS || !set || set->handle[i] == NONE)
        return false;
    convert(set->handle[i], unit(names[i]), in, max, to);
    return true;
}
