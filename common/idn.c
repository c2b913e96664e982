/*
 * idn.c - see idn.h: libidn2 for what is not ASCII, and nothing but letters made small for what is.
 *
 * In workers, and in the supervisor for recipients only. libidn2 takes a text with a NUL at its end, so what
 * holds one is refused first.
 */
#include "common/idn.h"

#include <idn2.h>

static bool is_ascii(struct view v)
{
    for (size_t i = 0; i < v.n; i++)
        if ((unsigned char)v.p[i] >= 0x80)
            return false;
    return true;
}

size_t idn_to_name(struct view domain, char to[FACTS_NAME_MAX + 1])
{
    char copy[IDN_MAX + 1], *ascii = NULL;
    size_t n = 0;

    if (is_ascii(domain))
        return fact_name_clean(domain, to);
    if (domain.n > IDN_MAX || memchr(domain.p, '\0', domain.n))
        return 0;
    memcpy(copy, domain.p, domain.n);
    copy[domain.n] = '\0';
    if (idn2_to_ascii_8z(copy, &ascii, IDN2_NONTRANSITIONAL) == IDN2_OK)
        n = fact_name_clean(view_of(ascii), to);
    idn2_free(ascii);
    return n;
}

size_t idn_fold(char *all, size_t at, size_t n, size_t room)
{
    char name[FACTS_NAME_MAX + 1];
    size_t length;

    at += at < n && all[at] == '.';
    if (is_ascii((struct view){all + at, n - at}))
        return n;
    length = idn_to_name((struct view){all + at, n - at}, name);
    if (!length || length > room - at)
        return n;
    memcpy(all + at, name, length);
    return at + length;
}
