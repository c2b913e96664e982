/*
 * fuzz_control.c - control requests from a local user, any bytes.
 *
 * Run by libFuzzer or by a plain main that replays seeds. Asserts that what was
 * accepted is exactly the packet: words inside it, clean, each followed by its
 * NUL, nothing left over, and that an argument is found if and only if one of
 * the words says so. Looks only at what the header promises.
 */
#include "common/control.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_words(const struct control_request *r, struct view packet)
{
    const char *at = packet.p;

    require(r->n >= 1 && r->n <= CONTROL_WORDS_MAX && r->word[0].n > 0);
    for (size_t i = 0; i < r->n; i++) {
        require(r->word[i].p == at);
        require(r->word[i].n < (size_t)(packet.p + packet.n - at));
        for (size_t k = 0; k < r->word[i].n; k++)
            require((unsigned char)at[k] >= 0x20 && at[k] != 0x7f);
        at += r->word[i].n;
        require(*at++ == '\0');
    }
    require(at == packet.p + packet.n);
}

/* Every word that has an equals sign is found under its own key, as the first with that key. */
static void check_arguments(const struct control_request *r)
{
    for (size_t i = 1; i < r->n; i++) {
        char key[CONTROL_REQUEST_MAX];
        const char *equals = memchr(r->word[i].p, '=', r->word[i].n);
        size_t n = equals ? (size_t)(equals - r->word[i].p) : r->word[i].n;
        struct view got = {NULL, 0};

        memcpy(key, r->word[i].p, n);
        key[n] = '\0';
        got = control_argument(r, key);
        if (!equals && !got.p)
            continue;
        require(got.p != NULL);
        require(got.p > r->word[1].p && got.p[-1] == '=');
        require(memcmp(got.p - 1 - n, key, n) == 0);
        require(!equals || got.p <= equals + 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct control_request r;
    struct view packet = {(const char *)data, size};

    if (control_parse_request(&r, packet) != 0)
        return 0;
    require(size <= CONTROL_REQUEST_MAX);
    check_words(&r, packet);
    check_arguments(&r);
    return 0;
}
