/*
 * base.c - makes and takes apart BASE; see base.h and protocol.md section 2.
 *
 * Called by the supervisor for every deposit and by recovery for every file
 * name in proc, outgoing and quarantine. Pure functions: no file is touched.
 * Must never put out a byte that is not in [0-9A-Za-z._~-] nor a name that
 * starts with a dot or a dash. Trusts the struct stat (it comes from fstat)
 * and the intake name (the configuration checked it); trusts no file name.
 */
#include "spoold/base.h"

#define TIME_LEN    13
#define NS_PER_S    1000000000
#define STAMP_BITS  (5 * BASE_STAMP_LEN)
#define INTAKE_MAIN VIEW("main")

/* Crockford's letters in lower case: ascending in ASCII, so that names sort by time. */
static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";

static void put_base32(char *to, size_t n, uint64_t value)
{
    while (n--) {
        to[n] = alphabet[value & 31];
        value >>= 5;
    }
}

/* -1 when a byte is outside the alphabet or the number does not fit 64 bits. */
static int get_base32(uint64_t *value, struct view v)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < v.n; i++) {
        const char *at = memchr(alphabet, v.p[i], sizeof alphabet - 1);

        if (!at || sum >> 59)
            return -1;
        sum = sum << 5 | (uint64_t)(at - alphabet);
    }
    *value = sum;
    return 0;
}

static int64_t time_of_stat(const struct stat *st)
{
    int64_t ns = 0;

    /* A depositor may set any mtime; one beyond the years 1677..2262 is as good as the end of the range. */
    if (__builtin_mul_overflow((int64_t)st->st_mtim.tv_sec, (int64_t)NS_PER_S, &ns) ||
        __builtin_add_overflow(ns, (int64_t)st->st_mtim.tv_nsec, &ns))
        return st->st_mtim.tv_sec < 0 ? INT64_MIN : INT64_MAX;
    return ns;
}

/* Unsigned order is the signed order once the sign bit is flipped: times before 1970 sort first. */
static uint64_t time_to_sortable(int64_t ns)
{
    return (uint64_t)ns ^ (UINT64_C(1) << 63);
}

/* The finalizer of splitmix64: a bijection in which each bit of input flips half of the output. */
static uint64_t mix64(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

void base_stamp(char to[BASE_STAMP_LEN], const struct stat *st)
{
    uint64_t h = mix64((uint64_t)st->st_ino);

    /* One after the other, not added up: equal sums must not make equal stamps. */
    h = mix64(h ^ (uint64_t)st->st_size);
    h = mix64(h ^ (uint64_t)st->st_mtim.tv_sec);
    h = mix64(h ^ (uint64_t)st->st_mtim.tv_nsec);
    /* put_base32() takes the low 30 bits; the others are folded in first. */
    h ^= h >> STAMP_BITS ^ h >> 2 * STAMP_BITS;
    put_base32(to, BASE_STAMP_LEN, h);
}

/* By hand, not isalnum(3): file names must not depend on a locale. */
static bool is_clean_byte(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' ||
           c == '_' || c == '-';
}

static char clean_byte(char c, size_t at)
{
    if (!is_clean_byte(c) || (at == 0 && (c == '.' || c == '-')))
        return '_';
    return c;
}

/* Cut at a byte, not at a character: all bytes beyond ASCII have become _ anyway. */
static size_t clean_length(struct view name)
{
    return name.n < BASE_CLEAN_MAX ? name.n : BASE_CLEAN_MAX;
}

static bool is_clean(struct view v)
{
    for (size_t i = 0; i < v.n; i++) {
        if (clean_byte(v.p[i], i) != v.p[i])
            return false;
    }
    return v.n >= 1 && v.n <= BASE_CLEAN_MAX;
}

/* The same rule as for section names in the configuration. */
static bool is_intake(struct view v)
{
    for (size_t i = 0; i < v.n; i++) {
        char c = v.p[i];

        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && c != '-')
            return false;
    }
    return v.n >= 1 && v.n <= BASE_INTAKE_MAX;
}

static void add(struct base *b, const char *p, size_t n)
{
    memcpy(b->s + b->len, p, n);
    b->len = (uint8_t)(b->len + n);
}

static void add_clean(struct base *b, struct view name)
{
    size_t n = clean_length(name);

    for (size_t i = 0; i < n; i++)
        b->s[i] = clean_byte(name.p[i], i);
    if (n == 0)
        b->s[n++] = '_';
    b->len = b->clean_len = (uint8_t)n;
}

void base_make(struct base *b, struct view name, const char *intake, const struct stat *eml,
               const struct stat *hdr)
{
    struct view in = view_of(intake);
    char id[BASE_ID_LEN];

    *b = (struct base){0};
    add_clean(b, name);
    /* A name that the configuration should have refused is left out rather than spoiling the alphabet. */
    if (is_intake(in) && !view_equal(in, INTAKE_MAIN)) {
        add(b, "~", 1);
        add(b, in.p, in.n);
        b->intake_len = (uint8_t)in.n;
    }
    put_base32(id, TIME_LEN, time_to_sortable(time_of_stat(hdr)));
    base_stamp(id + TIME_LEN, eml);
    base_stamp(id + TIME_LEN + BASE_STAMP_LEN, hdr);
    add(b, "~", 1);
    add(b, id, sizeof id);
}

void base_set_time(struct base *b, int64_t ns)
{
    put_base32(b->s + b->len - BASE_ID_LEN, TIME_LEN, time_to_sortable(ns));
}

static int check_id(struct view id)
{
    struct view time = {id.p, TIME_LEN};
    struct view stamps = {id.p + TIME_LEN, BASE_ID_LEN - TIME_LEN};
    uint64_t ignored = 0;

    return get_base32(&ignored, time) < 0 || get_base32(&ignored, stamps) < 0 ? -1 : 0;
}

int base_parse(struct base *b, struct view s)
{
    struct view clean = s, intake = {NULL, 0};
    const char *tilde = NULL;

    *b = (struct base){0};
    if (s.n < 1 + 1 + BASE_ID_LEN || s.n > BASE_MAX || s.p[s.n - BASE_ID_LEN - 1] != '~' ||
        check_id((struct view){s.p + s.n - BASE_ID_LEN, BASE_ID_LEN}) < 0)
        return -1;
    clean.n -= 1 + BASE_ID_LEN;
    tilde = memrchr(clean.p, '~', clean.n);
    if (tilde) {
        intake = (struct view){tilde + 1, (size_t)(clean.p + clean.n - tilde - 1)};
        clean.n = (size_t)(tilde - clean.p);
        /* "~main" is never written: one message must not have two names. */
        if (!is_intake(intake) || view_equal(intake, INTAKE_MAIN))
            return -1;
    }
    if (!is_clean(clean))
        return -1;
    add(b, s.p, s.n);
    b->clean_len = (uint8_t)clean.n;
    b->intake_len = (uint8_t)intake.n;
    return 0;
}

struct view base_view(const struct base *b)
{
    return (struct view){b->s, b->len};
}

struct view base_clean(const struct base *b)
{
    return (struct view){b->s, b->clean_len};
}

struct view base_intake(const struct base *b)
{
    return (struct view){b->s + b->clean_len + (b->intake_len ? 1 : 0), b->intake_len};
}

bool base_stamp_matches(const struct base *b, char which, const struct stat *st)
{
    /* Counted from the right: CLEAN and INTAKE have any length. */
    size_t from_end = which == 'E' ? 2 * BASE_STAMP_LEN : BASE_STAMP_LEN;
    char stamp[BASE_STAMP_LEN];

    if (b->len < BASE_ID_LEN || (which != 'E' && which != 'H'))
        return false;
    base_stamp(stamp, st);
    return memcmp(b->s + b->len - from_end, stamp, sizeof stamp) == 0;
}

bool base_name_matches(const struct base *b, struct view name)
{
    struct base other = {0};

    /* Cleaning is not reversible, so the question is asked the other way round. */
    add_clean(&other, name);
    return view_equal(base_clean(b), base_clean(&other));
}

int64_t base_time_ns(const struct base *b)
{
    uint64_t sortable = 0;

    if (b->len < BASE_ID_LEN ||
        get_base32(&sortable, (struct view){b->s + b->len - BASE_ID_LEN, TIME_LEN}) < 0)
        return 0;
    return (int64_t)(sortable ^ (UINT64_C(1) << 63));
}

struct view base_id(const struct base *b)
{
    return (struct view){b->s + b->len - BASE_ID_LEN, BASE_ID_LEN};
}
