/*
 * mail_url_host.c - the host of an address: undoes what browsers undo (WHATWG URL, 3.5), and what people
 * undo.
 *
 * Called by mail_url.c and mail_url_find.c. A number is an IPv4 address in each notation
 * that inet_aton(3) takes. No IDNA: a name in other scripts stays as it stands. Pure; the bytes are hostile.
 */
#include "workers/mail/mail_url_part.h"

#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>

static int hex(char c)
{
    return c >= '0' && c <= '9'                     ? c - '0'
           : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
                                                    : -1;
}

static bool begins(struct view v, struct view with)
{
    return v.n >= with.n && view_equal_nocase((struct view){v.p, with.n}, with);
}

static const struct view dots[] = {VIEW("[.]"),   VIEW("(.)"),   VIEW("{.}"),
                                   VIEW("[dot]"), VIEW("(dot)"), VIEW("{dot}")};

size_t mail_url_host_dot(struct view v)
{
    for (size_t i = 0; i < sizeof dots / sizeof *dots; i++) {
        if (begins(v, dots[i]))
            return dots[i].n;
    }
    return 0;
}

/* Characters that a browser takes for others in a host, or for nothing (UTS 46). */
static const struct {
    struct view from;
    const char *to;
} mapped[] = {
    {VIEW("\xe3\x80\x82"), "."}, {VIEW("\xef\xbc\x8e"), "."}, {VIEW("\xef\xbd\xa1"), "."},
    {VIEW("\xc2\xad"), ""},      {VIEW("\xe2\x80\x8b"), ""},  {VIEW("\xe2\x80\x8c"), ""},
    {VIEW("\xe2\x80\x8d"), ""},  {VIEW("\xe2\x81\xa0"), ""},  {VIEW("\xef\xbb\xbf"), ""},
};

static bool put(struct mail_url_host *to, char c)
{
    if (to->n >= MAIL_URL_HOST_MAX + 1)
        return false;
    to->name[to->n++] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    return true;
}

/* At a byte that is not ASCII. Answers how many were taken. */
static size_t put_mapped(struct mail_url_host *to, struct view v)
{
    for (size_t i = 0; i < sizeof mapped / sizeof *mapped; i++) {
        if (!begins(v, mapped[i].from))
            continue;
        to->flags |= MAIL_URL_OBFUSCATED;
        if (*mapped[i].to)
            put(to, *mapped[i].to);
        return mapped[i].from.n;
    }
    /* U+FF01 to U+FF5E are ASCII in full width. */
    if (v.n >= 3 && v.p[0] == '\xef' && (v.p[1] == '\xbc' || v.p[1] == '\xbd')) {
        unsigned code = ((unsigned)v.p[1] & 3) << 6 | ((unsigned)v.p[2] & 0x3f);

        if (code >= 1 && code <= 0x5e) {
            to->flags |= MAIL_URL_OBFUSCATED;
            put(to, (char)(code + 0x20));
            return 3;
        }
    }
    put(to, v.p[0]);
    return 1;
}

/* Percent signs first: what they stand for may be one of the characters above. */
static size_t decode(struct view in, char to[MAIL_URL_MAX], unsigned *flags)
{
    size_t n = 0;

    for (size_t i = 0; i < in.n && n < MAIL_URL_MAX; i++) {
        int high = i + 2 < in.n && in.p[i] == '%' ? hex(in.p[i + 1]) : -1;
        int low = high >= 0 ? hex(in.p[i + 2]) : -1;

        if (low >= 0) {
            to[n++] = (char)(high << 4 | low);
            *flags |= MAIL_URL_OBFUSCATED;
            i += 2;
        } else {
            to[n++] = in.p[i];
        }
    }
    return n;
}

static bool is_host_byte(char c)
{
    return (unsigned char)c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
}

/* "0300", "0xc0", "192". False: no number, or too large for any. */
static bool take_number(struct view label, uint64_t *value)
{
    unsigned base = 10;

    *value = 0;
    if (begins(label, VIEW("0x"))) {
        base = 16;
        label.p += 2, label.n -= 2;
    } else if (label.n > 1 && label.p[0] == '0') {
        base = 8;
    } else if (label.n == 0) {
        return false;
    }
    for (size_t i = 0; i < label.n; i++) {
        int digit = hex(label.p[i]);

        if (digit < 0 || (unsigned)digit >= base)
            return false;
        *value = *value * base + (unsigned)digit;
        if (*value > UINT32_MAX)
            return false;
    }
    return true;
}

static struct view last_label(struct view host)
{
    struct view label = host;

    for (size_t i = host.n; i-- > 0;) {
        if (host.p[i] == '.') {
            label = (struct view){host.p + i + 1, host.n - i - 1};
            break;
        }
    }
    return label;
}

static bool is_number(struct view label)
{
    uint64_t value;
    size_t digits = 0;

    while (digits < label.n && label.p[digits] >= '0' && label.p[digits] <= '9')
        digits++;
    return label.n && (digits == label.n || take_number(label, &value));
}

/* One to four numbers; the last one fills what is left. */
static bool read_ipv4(struct view host, uint32_t *address)
{
    uint64_t value = 0, all = 0;
    unsigned parts = 0;

    for (size_t from = 0, at = 0; at <= host.n; at++) {
        if (at < host.n && host.p[at] != '.')
            continue;
        if (parts++ && value > 255)
            return false;
        if (parts > 4 || !take_number((struct view){host.p + from, at - from}, &value))
            return false;
        all = at < host.n ? all << 8 | (value & 255) : all;
        from = at + 1;
    }
    if (value >> (8 * (5 - parts)))
        return false;
    *address = (uint32_t)((parts > 1 ? all << (8 * (5 - parts)) : 0) | value);
    return true;
}

static bool make_ipv4(struct mail_url_host *h)
{
    struct view host = {h->name, h->n};
    uint32_t a;
    char text[16];
    int n;

    if (!read_ipv4(host, &a))
        return false;
    n = snprintf(text, sizeof text, "%u.%u.%u.%u", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255);
    if (!view_equal(host, (struct view){text, (size_t)n}))
        h->flags |= MAIL_URL_OBFUSCATED;
    h->flags |= MAIL_URL_ADDRESS;
    h->n = (size_t)n;
    memcpy(h->name, text, h->n);
    return true;
}

static bool make_ipv6(struct view in, struct mail_url_host *to)
{
    for (size_t i = 0; i < in.n; i++) {
        bool edge = (i == 0 && in.p[i] == '[') || (i + 1 == in.n && in.p[i] == ']');

        if ((!edge && hex(in.p[i]) < 0 && in.p[i] != ':' && in.p[i] != '.') || !put(to, in.p[i]))
            return false;
    }
    to->flags |= MAIL_URL_ADDRESS;
    return in.p[in.n - 1] == ']' && in.n <= 47;
}

static bool is_valid(const struct mail_url_host *h)
{
    if (h->n == 0 || h->n > MAIL_URL_HOST_MAX || h->name[0] == '.')
        return false;
    for (size_t i = 0; i < h->n; i++) {
        if (!is_host_byte(h->name[i]) || (h->name[i] == '.' && i && h->name[i - 1] == '.'))
            return false;
    }
    return true;
}

bool mail_url_host(struct view in, struct mail_url_host *to)
{
    char bytes[MAIL_URL_MAX];
    struct view v = {bytes, 0};

    *to = (struct mail_url_host){0};
    if (in.n > 3 && in.p[0] == '[' && memchr(in.p, ':', in.n))
        return make_ipv6(in, to);
    v.n = decode(in, bytes, &to->flags);
    while (v.n && to->n <= MAIL_URL_HOST_MAX) {
        size_t n = (v.p[0] & 0x80) ? put_mapped(to, v) : mail_url_host_dot(v);

        if (n == 0) {
            put(to, v.p[0]);
            n = 1;
        } else if (!(v.p[0] & 0x80)) {
            to->flags |= MAIL_URL_OBFUSCATED;
            put(to, '.');
        }
        v.p += n;
        v.n -= n;
    }
    while (to->n && to->name[to->n - 1] == '.')
        to->n--;
    if (!is_valid(to))
        return false;
    return !is_number(last_label((struct view){to->name, to->n})) || make_ipv4(to);
}

/* All endings of two letters that are given out (ISO 3166, with "eu", "uk", "su" and their like), by the
 * first letter. */
static const char *const countries[26] = {
    "cdefgilmoqrstuwxz",
    "abdefghijmnorstvwyz",
    "acdfghiklmnoruvwxyz",
    "ejkmoz",
    "cegrstu",
    "ijkmor",
    "abdefghilmnpqrstuwy",
    "kmnrtu",
    "delmnoqrst",
    "emop",
    "eghimnprwyz",
    "abcikrstuvy",
    "acdeghklmnopqrstuvwxyz",
    "acefgilopruz",
    "m",
    "aefghklmnrstwy",
    "a",
    "eosuw",
    "abcdeghijklmnorstuvxyz",
    "cdfghjklmnortvwz",
    "agksyz",
    "aceginu",
    "fs",
    "",
    "et",
    "amw",
};

/* The longer ones that mail names. Not those that are endings of files first ("zip", "mov"). In order. */
static const char *const generic[] = {
    "academy",     "accountant",  "accountants",   "actor",       "aero",       "africa",       "agency",
    "amsterdam",   "apartments",  "app",           "archi",       "army",       "arpa",         "art",
    "asia",        "associates",  "attorney",      "auction",     "audio",      "auto",         "autos",
    "baby",        "band",        "bank",          "bar",         "bargains",   "bayern",       "beauty",
    "beer",        "berlin",      "best",          "bet",         "bid",        "bike",         "bingo",
    "bio",         "biz",         "black",         "blog",        "blue",       "boats",        "bond",
    "boo",         "boutique",    "broker",        "build",       "builders",   "business",     "buzz",
    "cab",         "cafe",        "camera",        "camp",        "capital",    "car",          "cards",
    "care",        "careers",     "cars",          "casa",        "cash",       "casino",       "cat",
    "catering",    "center",      "ceo",           "cfd",         "charity",    "chat",         "cheap",
    "christmas",   "church",      "city",          "claims",      "cleaning",   "click",        "clinic",
    "clothing",    "cloud",       "club",          "coach",       "codes",      "coffee",       "college",
    "com",         "community",   "company",       "computer",    "condos",     "construction", "consulting",
    "contact",     "contractors", "cooking",       "cool",        "coop",       "country",      "coupons",
    "courses",     "credit",      "creditcard",    "cricket",     "cruises",    "cyou",         "dance",
    "date",        "dating",      "day",           "deals",       "degree",     "delivery",     "democrat",
    "dental",      "dentist",     "design",        "dev",         "diamonds",   "diet",         "digital",
    "direct",      "directory",   "discount",      "doctor",      "dog",        "domains",      "download",
    "earth",       "eco",         "edu",           "education",   "email",      "energy",       "engineer",
    "engineering", "enterprises", "equipment",     "estate",      "events",     "exchange",     "expert",
    "exposed",     "express",     "fail",          "faith",       "family",     "fan",          "fans",
    "farm",        "fashion",     "film",          "finance",     "financial",  "fish",         "fishing",
    "fit",         "fitness",     "flights",       "florist",     "flowers",    "football",     "forex",
    "forsale",     "foundation",  "fun",           "fund",        "furniture",  "futbol",       "fyi",
    "gallery",     "game",        "games",         "garden",      "gay",        "gdn",          "gift",
    "gifts",       "gives",       "glass",         "global",      "gmbh",       "gold",         "golf",
    "gov",         "graphics",    "gratis",        "green",       "gripe",      "group",        "guide",
    "guitars",     "guru",        "hair",          "hamburg",     "haus",       "health",       "healthcare",
    "help",        "hiphop",      "hiv",           "hockey",      "holdings",   "holiday",      "homes",
    "horse",       "hospital",    "host",          "hosting",     "house",      "how",          "icu",
    "immo",        "immobilien",  "inc",           "industries",  "info",       "ink",          "institute",
    "insure",      "int",         "international", "investments", "irish",      "jetzt",        "jewelry",
    "jobs",        "juegos",      "kaufen",        "kim",         "kitchen",    "kiwi",         "koeln",
    "land",        "lat",         "law",           "lawyer",      "lease",      "legal",        "lgbt",
    "life",        "lighting",    "limited",       "limo",        "link",       "live",         "llc",
    "loan",        "loans",       "lol",           "london",      "lotto",      "love",         "ltd",
    "luxe",        "luxury",      "maison",        "makeup",      "management", "market",       "marketing",
    "markets",     "mba",         "media",         "melbourne",   "memorial",   "men",          "miami",
    "mil",         "mobi",        "moda",          "moe",         "mom",        "money",        "monster",
    "mortgage",    "moscow",      "motorcycles",   "movie",       "museum",     "name",         "navy",
    "net",         "network",     "news",          "ninja",       "nrw",        "nyc",          "observer",
    "one",         "ong",         "onl",           "online",      "ooo",        "org",          "organic",
    "page",        "paris",       "partners",      "parts",       "party",      "pet",          "photo",
    "photography", "photos",      "physio",        "pics",        "pictures",   "pink",         "pizza",
    "place",       "plumbing",    "plus",          "poker",       "porn",       "post",         "press",
    "pro",         "productions", "promo",         "properties",  "property",   "protection",   "pub",
    "qpon",        "quest",       "racing",        "realtor",     "realty",     "recipes",      "red",
    "rehab",       "reise",       "reisen",        "ren",         "rent",       "rentals",      "repair",
    "report",      "republican",  "rest",          "restaurant",  "review",     "reviews",      "rich",
    "rip",         "rocks",       "rodeo",         "ruhr",        "run",        "sale",         "salon",
    "sarl",        "sbs",         "school",        "schule",      "science",    "security",     "services",
    "sex",         "sexy",        "shiksha",       "shoes",       "shop",       "shopping",     "show",
    "singles",     "site",        "ski",           "skin",        "soccer",     "social",       "software",
    "solar",       "solutions",   "space",         "srl",         "storage",    "store",        "stream",
    "studio",      "study",       "style",         "sucks",       "supplies",   "supply",       "support",
    "surf",        "surgery",     "swiss",         "sydney",      "systems",    "taipei",       "tattoo",
    "tax",         "taxi",        "team",          "tech",        "technology", "tel",          "tennis",
    "theater",     "tickets",     "tips",          "tires",       "tirol",      "today",        "tokyo",
    "tools",       "top",         "tours",         "town",        "toys",       "trade",        "trading",
    "training",    "travel",      "tube",          "university",  "uno",        "vacations",    "ventures",
    "vet",         "viajes",      "video",         "villas",      "vin",        "vip",          "vision",
    "vodka",       "vote",        "voting",        "voyage",      "wang",       "watch",        "webcam",
    "website",     "wedding",     "wien",          "wiki",        "win",        "wine",         "work",
    "works",       "world",       "wtf",           "xin",         "xxx",        "xyz",          "yachts",
    "yoga",        "zone",
};

static int compare(const void *key, const void *element)
{
    const struct view *label = key;
    const char *name = *(const char *const *)element;
    size_t n = strlen(name);
    int order = strncasecmp(label->p, name, label->n < n ? label->n : n);

    return order ? order : label->n < n ? -1 : label->n > n;
}

static bool is_generic(struct view label)
{
    return label.n > 2 && label.n < 20 &&
           (begins(label, VIEW("xn--")) ||
            bsearch(&label, generic, sizeof generic / sizeof *generic, sizeof *generic, compare));
}

bool mail_url_host_is_plausible(struct view host)
{
    struct view label = last_label(host);
    int first, second;

    if (label.n == host.n || label.n < 2)
        return false;
    /* "the end.So we" is a sentence. */
    if (label.p[0] >= 'A' && label.p[0] <= 'Z' && label.p[1] >= 'a' && !view_equal_nocase(label, VIEW("com")))
        return false;
    if (label.n > 2)
        return is_generic(label);
    first = (label.p[0] | 0x20) - 'a';
    second = label.p[1] | 0x20;
    return first >= 0 && first < 26 && second >= 'a' && second <= 'z' && strchr(countries[first], second);
}
