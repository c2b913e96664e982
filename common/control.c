/*
 * control.c - takes a control request apart. Linked by spoold and spoolctl.
 *
 * The bytes come from a local user who passed the credential check and may
 * still be anything: bounded, length-counted, no copies.
 */
#include "common/control.h"

static bool word_is_clean(struct view w)
{
    for (size_t i = 0; i < w.n; i++) {
        unsigned char c = (unsigned char)w.p[i];

        if (c < 0x20 || c == 0x7f)
            return false;
    }
    return true;
}

int control_parse_request(struct control_request *r, struct view packet)
{
    size_t at = 0;

    *r = (struct control_request){0};
    if (packet.n == 0 || packet.n > CONTROL_REQUEST_MAX || packet.p[packet.n - 1] != '\0')
        return -1;
    while (at < packet.n) {
        const char *end = memchr(packet.p + at, '\0', packet.n - at);
        struct view w = {packet.p + at, (size_t)(end - packet.p) - at};

        if (r->n == CONTROL_WORDS_MAX || !word_is_clean(w))
            return -1;
        r->word[r->n++] = w;
        at += w.n + 1;
    }
    return r->word[0].n ? 0 : -1;
}

struct view control_argument(const struct control_request *r, const char *key)
{
    size_t len = strlen(key);

    for (size_t i = 1; i < r->n; i++) {
        struct view w = r->word[i];

        if (w.n > len && w.p[len] == '=' && memcmp(w.p, key, len) == 0)
            return (struct view){w.p + len + 1, w.n - len - 1};
    }
    return (struct view){NULL, 0};
}
