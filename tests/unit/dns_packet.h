/*
 * dns_packet.h - writes DNS messages for tests, right ones and wrong ones, byte by byte.
 *
 * Included by test_dns_*.c and test_role_dns.c. Nothing is checked: a test may want a message that lies.
 * Names are written in full; packet_pointer() writes a pointer to wherever a test wants.
 */
#ifndef TESTS_UNIT_DNS_PACKET_H
#define TESTS_UNIT_DNS_PACKET_H

#include "common/view.h"

#include <stdint.h>

#define PACKET_MAX      65535
#define PACKET_QUESTION 12 /* where the question's name stands */

enum {
    TYPE_A = 1,
    TYPE_NS = 2,
    TYPE_CNAME = 5,
    TYPE_SOA = 6,
    TYPE_PTR = 12,
    TYPE_MX = 15,
    TYPE_TXT = 16,
    TYPE_AAAA = 28
};
enum { SECTION_ANSWER = 6, SECTION_AUTHORITY = 8 };

struct packet_out {
    unsigned char p[PACKET_MAX];
    size_t n;
    size_t data; /* where the data of the record begins */
};

__attribute__((unused)) static void packet_byte(struct packet_out *k, unsigned v)
{
    if (k->n < PACKET_MAX)
        k->p[k->n++] = (unsigned char)v;
}

__attribute__((unused)) static void packet_number(struct packet_out *k, unsigned v)
{
    packet_byte(k, v >> 8);
    packet_byte(k, v & 0xff);
}

__attribute__((unused)) static void packet_long(struct packet_out *k, uint32_t v)
{
    packet_number(k, v >> 16);
    packet_number(k, v & 0xffff);
}

__attribute__((unused)) static void packet_bytes(struct packet_out *k, const void *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        packet_byte(k, ((const unsigned char *)p)[i]);
}

/* "a.example"; "" is the root. */
__attribute__((unused)) static void packet_name(struct packet_out *k, const char *name)
{
    while (*name) {
        size_t n = strcspn(name, ".");

        packet_byte(k, (unsigned)n);
        packet_bytes(k, name, n);
        name += n + (name[n] == '.');
    }
    packet_byte(k, 0);
}

__attribute__((unused)) static void packet_pointer(struct packet_out *k, size_t to)
{
    packet_number(k, 0xc000 | (unsigned)to);
}

/* Head and question; `rcode` and flags as they stand in the head: 0x8180 is an answer without an error. */
__attribute__((unused)) static void packet_begin(struct packet_out *k, unsigned flags, const char *name,
                                                 unsigned type)
{
    k->n = 0;
    packet_number(k, 0);
    packet_number(k, flags);
    packet_number(k, 1);
    packet_long(k, 0);
    packet_number(k, 0);
    packet_name(k, name);
    packet_number(k, type);
    packet_number(k, 1);
}

/* The same, to a question as it came. */
__attribute__((unused)) static void packet_begin_reply(struct packet_out *k, const unsigned char *q, size_t n,
                                                       unsigned flags)
{
    size_t end = PACKET_QUESTION;

    while (end < n && q[end])
        end += q[end] + 1u;
    k->n = 0;
    packet_bytes(k, q, end + 5 <= n ? end + 5 : n);
    k->p[2] = (unsigned char)(flags >> 8);
    k->p[3] = (unsigned char)flags;
    memset(k->p + 6, 0, 6);
}

__attribute__((unused)) static void packet_count(struct packet_out *k, unsigned section, unsigned more)
{
    unsigned n = (unsigned)(k->p[section] << 8 | k->p[section + 1]) + more;

    k->p[section] = (unsigned char)(n >> 8);
    k->p[section + 1] = (unsigned char)n;
}

/* `owner` NULL: the name of the question. Data follow, then packet_end(). */
__attribute__((unused)) static void packet_record(struct packet_out *k, unsigned section, const char *owner,
                                                  unsigned type, uint32_t ttl)
{
    packet_count(k, section, 1);
    if (owner)
        packet_name(k, owner);
    else
        packet_pointer(k, PACKET_QUESTION);
    packet_number(k, type);
    packet_number(k, 1);
    packet_long(k, ttl);
    packet_number(k, 0);
    k->data = k->n;
}

__attribute__((unused)) static void packet_end(struct packet_out *k)
{
    size_t n = k->n - k->data;

    k->p[k->data - 2] = (unsigned char)(n >> 8);
    k->p[k->data - 1] = (unsigned char)n;
}

__attribute__((unused)) static void packet_a(struct packet_out *k, const char *owner, uint32_t ttl,
                                             uint32_t ip)
{
    packet_record(k, SECTION_ANSWER, owner, TYPE_A, ttl);
    packet_long(k, ip);
    packet_end(k);
}

__attribute__((unused)) static void packet_target(struct packet_out *k, const char *owner, unsigned type,
                                                  uint32_t ttl, const char *target)
{
    packet_record(k, type == TYPE_NS ? SECTION_AUTHORITY : SECTION_ANSWER, owner, type, ttl);
    packet_name(k, target);
    packet_end(k);
}

__attribute__((unused)) static void packet_mx(struct packet_out *k, unsigned preference, const char *name)
{
    packet_record(k, SECTION_ANSWER, NULL, TYPE_MX, 300);
    packet_number(k, preference);
    packet_name(k, name);
    packet_end(k);
}

/* One string of at most 255 bytes. */
__attribute__((unused)) static void packet_text(struct packet_out *k, const char *text)
{
    packet_byte(k, (unsigned)strlen(text));
    packet_bytes(k, text, strlen(text));
}

__attribute__((unused)) static void packet_soa(struct packet_out *k, const char *owner, uint32_t ttl,
                                               uint32_t minimum)
{
    packet_record(k, SECTION_AUTHORITY, owner, TYPE_SOA, ttl);
    packet_name(k, "ns.example");
    packet_name(k, "admin.example");
    packet_long(k, 1);
    packet_long(k, 3600);
    packet_long(k, 600);
    packet_long(k, 86400);
    packet_long(k, minimum);
    packet_end(k);
}

__attribute__((unused)) static struct view packet_view(const struct packet_out *k)
{
    return (struct view){(const char *)k->p, k->n};
}

#endif
