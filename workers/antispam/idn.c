/*
 * idn.c - see idn.h: libidn2 for what is not ASCII, and nothing but letters made small for what is.
 *
 * In worker-antispam only. libidn2 takes a text with a NUL at its end, so what holds one is refused first.
 */
#include "workers/antispam/idn.h"

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
