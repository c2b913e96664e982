/*
 * dnslist.c - see dnslist.h.
 *
 * A wrong answer here lists the whole Internet or nobody: an answer from outside 127.0.0.0/8 is what a zone
 * says that has been sold, or a server that invents answers for names that do not exist.
 */
#include "common/dnslist.h"

#include "common/facts.h"

#define PLACE "KEY"

/* Where the label KEY stands in the zone; NULL: nowhere. */
static const char *find_place(struct view zone)
{
    const size_t n = sizeof PLACE - 1;

    for (size_t i = 0; i + n <= zone.n; i++)
        if (memcmp(zone.p + i, PLACE, n) == 0 && (i == 0 || zone.p[i - 1] == '.') &&
            (i + n == zone.n || zone.p[i + n] == '.'))
            return zone.p + i;
    return NULL;
}

size_t dnslist_suffix(struct view zone, struct view key, char *to)
{
    char whole[2 * FACTS_NAME_MAX + 4];
    const char *place;
    size_t n = 0, front;

    if (zone.n == 0 || zone.n > FACTS_NAME_MAX + 1 || key.n > FACTS_NAME_MAX)
        return 0;
    place = key.n ? find_place(zone) : NULL;
    front = place ? (size_t)(place - zone.p) : 0;
    memcpy(whole, zone.p, front);
    n = front;
    if (key.n) {
        memcpy(whole + n, key.p, key.n);
        n += key.n;
    }
    if (key.n && !place)
        whole[n++] = '.';
    if (place)
        front += sizeof PLACE - 1;
    memcpy(whole + n, zone.p + front, zone.n - front);
    return fact_name_clean((struct view){whole, n + zone.n - front}, to);
}

bool dnslist_read_code(struct view answer, uint32_t *code)
{
    uint32_t octet = 0, value = 0;
    unsigned dots = 0, digits = 0;

    for (size_t i = 0; i < answer.n; i++) {
        const char c = answer.p[i];

        if (c == '.' && digits && dots < 3) {
            value = value << 8 | octet;
            octet = digits = 0;
            dots++;
        } else if (c >= '0' && c <= '9' && digits < 3) {
            octet = octet * 10 + (uint32_t)(c - '0');
            digits++;
        } else {
            return false;
        }
        if (octet > 255)
            return false;
    }
    *code = value << 8 | octet;
    return dots == 3 && digits;
}

bool dnslist_is_code(uint32_t code)
{
    return code >> 24 == 0x7f && code >> 8 != 0x7fffff;
}
