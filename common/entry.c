/*
 * entry.c - see entry.h: networks by inet_pton(3), names by hand.
 *
 * Called for each entry of a list, at start and reload. It trusts nothing in the text, but the worst that an
 * entry can do is to be refused.
 */
#include "common/entry.h"

#include <arpa/inet.h>

#define NETWORK_FORMS                                                                                        \
    "accepted: 192.0.2.1, 192.0.2.0/24, 192.0.2.1-192.0.2.9, 2001:db8::1, 2001:db8::/32, "                   \
    "2001:db8::1-2001:db8::9"
#define SENDER_FORMS                                                                                         \
    "accepted: user@example.org, example.org or @example.org (the domain), .example.org (the domain and "    \
    "all below it)"
#define DOMAIN_FORMS "accepted: example.org, or .example.org (the domain and all below it)"

static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};

/* One address; is_ip4 where it is written so, or as ::ffff:192.0.2.1. */
static bool read_address(struct view text, unsigned char to[16], bool *is_ip4)
{
    char z[INET6_ADDRSTRLEN];

    if (text.n == 0 || text.n >= sizeof z || memchr(text.p, 0, text.n))
        return false;
    memcpy(z, text.p, text.n);
    z[text.n] = 0;
    memcpy(to, mapped, sizeof mapped);
    if (inet_pton(AF_INET, z, to + sizeof mapped) != 1 && inet_pton(AF_INET6, z, to) != 1)
        return false;
    *is_ip4 = memcmp(to, mapped, sizeof mapped) == 0;
    return true;
}

/* 0 to 128; -1: no number. */
static int read_bits(struct view text)
{
    int n = 0;

    if (text.n == 0 || text.n > 3)
        return -1;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return -1;
        n = n * 10 + (text.p[i] - '0');
    }
    return n <= 128 ? n : -1;
}

static const char *read_range(struct view from, struct view to, struct entry_network *net)
{
    bool first, last;

    if (!read_address(view_trim(from), net->first, &first) || !read_address(view_trim(to), net->last, &last))
        return "this is no range of addresses; " NETWORK_FORMS;
    if (first != last)
        return "the range begins in IPv4 and ends in IPv6, or the other way round; " NETWORK_FORMS;
    if (memcmp(net->first, net->last, sizeof net->first) > 0)
        return "the range ends before it begins; " NETWORK_FORMS;
    net->is_ip4 = first;
    return NULL;
}

static const char *read_cidr(struct view address, struct view length, struct entry_network *net)
{
    bool dotted = address.n && !memchr(address.p, ':', address.n);
    int bits = read_bits(length);

    if (!read_address(address, net->first, &net->is_ip4))
        return "this is no address; " NETWORK_FORMS;
    if (bits < 0 || (dotted && bits > 32))
        return "this is no length of a network; accepted: 0 to 32 behind an IPv4 address, 0 to 128 behind "
               "IPv6";
    bits += dotted ? 96 : 0;
    memcpy(net->last, net->first, sizeof net->last);
    for (int i = bits; i < 128; i++) {
        unsigned char bit = (unsigned char)(0x80 >> i % 8);

        if (net->first[i / 8] & bit)
            return "the address has bits beyond the length of its network, so one of both is wrong; "
                   "accepted: "
                   "192.0.2.0/24, not 192.0.2.1/24";
        net->last[i / 8] |= bit;
    }
    return NULL;
}

const char *entry_parse_network(struct view text, struct entry_network *to)
{
    const char *slash = text.n ? memchr(text.p, '/', text.n) : NULL;
    const char *dash = text.n ? memchr(text.p, '-', text.n) : NULL;
    const char *mark = slash ? slash : dash;
    struct view left = {text.p, mark ? (size_t)(mark - text.p) : text.n}, right = {0};

    *to = (struct entry_network){0};
    if (!mark) {
        if (!read_address(text, to->first, &to->is_ip4))
            return "this is no address; " NETWORK_FORMS;
        memcpy(to->last, to->first, sizeof to->last);
        return NULL;
    }
    right = (struct view){mark + 1, text.n - left.n - 1};
    return slash ? read_cidr(left, right, to) : read_range(left, right, to);
}

const char *entry_check_network(struct view text)
{
    struct entry_network net;

    return entry_parse_network(text, &net);
}

/* Any byte of UTF-8 beyond ASCII may stand in a name: internationalised mail (RFC 6531) has such domains. */
static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || (unsigned char)c >= 0x80;
}

static bool is_domain(struct view name)
{
    size_t label = 0;

    if (name.n && name.p[name.n - 1] == '.')
        name.n--;
    if (name.n == 0 || name.n > 253)
        return false;
    for (size_t i = 0; i <= name.n; i++) {
        if (i == name.n || name.p[i] == '.') {
            if (label == 0 || label > 63)
                return false;
            label = 0;
        } else if (is_name_byte(name.p[i])) {
            label++;
        } else {
            return false;
        }
    }
    return true;
}

/* "[192.0.2.1]", "[IPv6:2001:db8::1]" (RFC 5321, 4.1.3) */
static bool is_literal(struct view name)
{
    unsigned char ip[16];
    bool is_ip4;

    if (name.n < 2 || name.p[0] != '[' || name.p[name.n - 1] != ']')
        return false;
    name.p++;
    name.n -= 2;
    if (name.n > 5 && view_equal_nocase((struct view){name.p, 5}, VIEW("IPv6:"))) {
        name.p += 5;
        name.n -= 5;
    }
    return read_address(name, ip, &is_ip4);
}

static bool is_local(struct view local)
{
    for (size_t i = 0; i < local.n; i++)
        if ((unsigned char)local.p[i] <= ' ' || local.p[i] == 0x7f || local.p[i] == '<' || local.p[i] == '>')
            return false;
    return local.n > 0;
}

const char *entry_check_domain(struct view text)
{
    if (text.n && (text.p[0] == '.' || text.p[0] == '@')) {
        text.p++;
        text.n--;
    }
    if (text.n && memchr(text.p, '@', text.n))
        return "this is an address, and a domain is wanted; " DOMAIN_FORMS;
    return is_domain(text) ? NULL : "this is no domain; " DOMAIN_FORMS;
}

const char *entry_check_sender(struct view text)
{
    const char *at = text.n ? memrchr(text.p, '@', text.n) : NULL;
    struct view local, domain;

    if (text.n && memchr(text.p, '*', text.n))
        return "\"*\" cannot be used; " SENDER_FORMS;
    if (!at || at == text.p)
        return entry_check_domain(text) ? "this is no sender; " SENDER_FORMS : NULL;
    local = (struct view){text.p, (size_t)(at - text.p)};
    domain = (struct view){at + 1, text.n - local.n - 1};
    if (text.n > ENTRY_SENDER_MAX || !is_local(local) || !(is_domain(domain) || is_literal(domain)))
        return "this is no address of a sender; " SENDER_FORMS;
    return NULL;
}
