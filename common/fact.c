/*
 * fact.c - see facts.h: names that can be asked, answers that can be, and the words for types and results.
 *
 * Called for every name that a check looks up, and for every answer that comes from worker-dns or is read
 * from a file: names and answers are those of strangers. Pure, without memory of its own; a name has one form
 * only, so that equal names are equal bytes. It must never make two different names equal.
 */
#include "common/facts.h"

#include <arpa/inet.h>

#define LABEL_MAX   63
#define ADDRESS_MAX (INET6_ADDRSTRLEN - 1)
#define PREF_DIGITS 5
#define PREF_MAX    65535

static const char *const types[FACT_TYPE__MAX] = {
    [FACT_A] = "A",     [FACT_AAAA] = "AAAA", [FACT_MX] = "MX",
    [FACT_TXT] = "TXT", [FACT_PTR] = "PTR",   [FACT_CNAME] = "CNAME",
};
static const char *const rcodes[FACT_RCODE__MAX] = {
    [FACT_NOERROR] = "NOERROR",
    [FACT_NXDOMAIN] = "NXDOMAIN",
    [FACT_SERVFAIL] = "SERVFAIL",
    [FACT_TIMEOUT] = "TIMEOUT",
};

static unsigned find_word(const char *const *words, unsigned n, struct view name)
{
    unsigned i = 0;

    while (i < n && !view_equal(view_of(words[i]), name))
        i++;
    return i;
}

const char *fact_type_name(unsigned type)
{
    return type < FACT_TYPE__MAX ? types[type] : NULL;
}

enum fact_type fact_type_find(struct view name)
{
    return (enum fact_type)find_word(types, FACT_TYPE__MAX, name);
}

const char *fact_rcode_name(unsigned rcode)
{
    return rcode < FACT_RCODE__MAX ? rcodes[rcode] : NULL;
}

enum fact_rcode fact_rcode_find(struct view name)
{
    return (enum fact_rcode)find_word(rcodes, FACT_RCODE__MAX, name);
}

size_t fact_name_clean(struct view name, char *to)
{
    return memchr(name.n ? name.p : "", ' ', name.n) ? 0 : fact_question_clean(name, to);
}

size_t fact_question_clean(struct view name, char *to)
{
    size_t label = 0;

    if (name.n && name.p[name.n - 1] == '.')
        name.n--;
    /* A blank within a label is odd, and macros of SPF lead to such names. */
    if (!name.n || name.n > FACTS_NAME_MAX || name.p[0] == ' ' || name.p[name.n - 1] == ' ')
        return 0;
    for (size_t i = 0; i < name.n; i++) {
        unsigned char c = (unsigned char)name.p[i];

        if (c < ' ' || c >= 0x7f || (c == '.' ? label == 0 : label == LABEL_MAX))
            return 0;
        label = c == '.' ? 0 : label + 1;
        to[i] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
    }
    to[name.n] = '\0';
    return label ? name.n : 0;
}

static bool is_address(int family, struct view v)
{
    char text[ADDRESS_MAX + 1];
    unsigned char bytes[16];

    if (v.n > ADDRESS_MAX || memchr(v.p ? v.p : "", '\0', v.n))
        return false;
    if (v.n)
        memcpy(text, v.p, v.n);
    text[v.n] = '\0';
    return inet_pton(family, text, bytes) == 1;
}

static bool clean_name(struct view name, char *room, struct view *clean)
{
    *clean = (struct view){room, fact_name_clean(name, room)};
    return clean->n != 0;
}

/* "10 mail.example.com", or "0 ." where there is none (RFC 7505). One form of a number only. */
static bool clean_mx(struct view answer, char *room, struct view *clean)
{
    struct view name;
    unsigned pref = 0;
    size_t i = 0;

    while (i < answer.n && i < PREF_DIGITS && answer.p[i] >= '0' && answer.p[i] <= '9')
        pref = pref * 10 + (unsigned)(answer.p[i++] - '0');
    if (!i || i == answer.n || answer.p[i] != ' ' || pref > PREF_MAX || (i > 1 && answer.p[0] == '0'))
        return false;
    i++;
    memcpy(room, answer.p, i);
    name = (struct view){answer.p + i, answer.n - i};
    if (view_equal(name, VIEW(".")))
        room[i] = '.';
    else if (!clean_name(name, room + i, &name))
        return false;
    *clean = (struct view){room, i + name.n};
    return true;
}

bool fact_answer_clean(enum fact_type type, struct view answer, char *room, struct view *clean)
{
    *clean = answer;
    switch (type) {
    case FACT_A:
        return is_address(AF_INET, answer);
    case FACT_AAAA:
        return is_address(AF_INET6, answer);
    case FACT_MX:
        return clean_mx(answer, room, clean);
    case FACT_TXT:
        return answer.n <= FACTS_ANSWER_MAX;
    case FACT_PTR:
    case FACT_CNAME:
        return clean_name(answer, room, clean);
    default:
        return false;
    }
}

/* FNV-1a. Names that are made to meet in one place cost a walk over FACTS_MAX rows at most. */
uint32_t fact_hash(enum fact_type type, struct view clean)
{
    uint32_t h = 2166136261u ^ (uint32_t)type;

    for (size_t i = 0; i < clean.n; i++)
        h = (h ^ (unsigned char)clean.p[i]) * 16777619u;
    return h ^ h >> 15;
}
