/*
 * deliver_address.c - reads "smtp:ADDRESS:PORT" and its like.
 *
 * Called when settings are checked and when deliveries begin. Pure: names of hosts
 * are not looked up, since that would make the mail wait for a name server; an
 * address is asked for instead, or localhost.
 */
#include "spoold/deliver.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#define ACCEPTED                                                                                             \
    "smtp:ADDRESS:PORT or lmtp:ADDRESS:PORT with an IP address (IPv6 in brackets) or localhost, smtp:/PATH " \
    "or lmtp:/PATH for a socket"

static bool take_prefix(struct view *v, const char *prefix)
{
    size_t n = strlen(prefix);

    if (v->n < n || memcmp(v->p, prefix, n) != 0)
        return false;
    *v = (struct view){v->p + n, v->n - n};
    return true;
}

static int parse_path(struct view path, struct deliver_address *a)
{
    struct sockaddr_un *un = (struct sockaddr_un *)&a->to;

    if (path.n >= sizeof un->sun_path)
        return -1;
    un->sun_family = AF_UNIX;
    memcpy(un->sun_path, path.p, path.n);
    a->n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path.n + 1);
    a->near = true;
    return 0;
}

static int parse_port(struct view v, in_port_t *port)
{
    unsigned long n = 0;

    if (v.n == 0 || v.n > 5)
        return -1;
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] < '0' || v.p[i] > '9')
            return -1;
        n = n * 10 + (unsigned long)(v.p[i] - '0');
    }
    *port = htons((uint16_t)n);
    return n >= 1 && n <= 65535 ? 0 : -1;
}

static int parse_ipv4(const char *text, in_port_t port, struct deliver_address *a)
{
    struct sockaddr_in *in = (struct sockaddr_in *)&a->to;

    if (inet_pton(AF_INET, text, &in->sin_addr) != 1)
        return -1;
    in->sin_family = AF_INET;
    in->sin_port = port;
    a->n = sizeof *in;
    a->near = ntohl(in->sin_addr.s_addr) >> 24 == 127;
    return 0;
}

static int parse_ipv6(const char *text, in_port_t port, struct deliver_address *a)
{
    struct sockaddr_in6 *in = (struct sockaddr_in6 *)&a->to;

    if (inet_pton(AF_INET6, text, &in->sin6_addr) != 1)
        return -1;
    in->sin6_family = AF_INET6;
    in->sin6_port = port;
    a->n = sizeof *in;
    a->near = IN6_IS_ADDR_LOOPBACK(&in->sin6_addr);
    return 0;
}

static int parse_host(struct view v, struct deliver_address *a)
{
    const char *colon = v.n ? memrchr(v.p, ':', v.n) : NULL;
    char host[INET6_ADDRSTRLEN + 2];
    size_t n = colon ? (size_t)(colon - v.p) : 0;
    in_port_t port;

    if (!colon || n == 0 || n >= sizeof host || parse_port((struct view){colon + 1, v.n - n - 1}, &port) < 0)
        return -1;
    memcpy(host, v.p, n);
    host[n] = '\0';
    if (strcmp(host, "localhost") == 0)
        return parse_ipv4("127.0.0.1", port, a);
    if (host[0] != '[' || host[n - 1] != ']')
        return parse_ipv4(host, port, a);
    host[n - 1] = '\0';
    return parse_ipv6(host + 1, port, a);
}

int deliver_address_parse(struct view text, struct deliver_address *a, const char **why)
{
    struct view rest = text;

    memset(a, 0, sizeof *a);
    *why = ACCEPTED;
    a->lmtp = take_prefix(&rest, "lmtp:");
    if (!a->lmtp && !take_prefix(&rest, "smtp:"))
        return -1;
    if (memchr(rest.n ? rest.p : "", '\0', rest.n))
        return -1;
    return rest.n && rest.p[0] == '/' ? parse_path(rest, a) : parse_host(rest, a);
}

bool deliver_is_on(const struct config *cfg, size_t intake)
{
    return intake < cfg->intake_n && cfg->intake[intake].deliver && cfg->intake[intake].deliver[0];
}
