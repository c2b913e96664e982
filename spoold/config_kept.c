/*
 * config_kept.c - see config_kept.h.
 *
 * Called while settings are loaded (start, reload, tools), and by whoever decides again what was decided
 * under older ones. The text is read by config_source.c; here are its hash and its memory. Trusts nothing in
 * a text: it may be damaged.
 */
#include "spoold/config_kept.h"

#include "common/digest.h"
#include "common/xalloc.h"
#include "spoold/config_source.h"

#include <stdlib.h>

struct config_kept {
    struct buf text;
    char hash[CONFIG_KEPT_HASH_LEN + 1];
};

void config_kept_hash_text(struct view text, char to[CONFIG_KEPT_HASH_LEN + 1])
{
    static const char digit[] = "0123456789abcdef";
    unsigned char sum[DIGEST_SIZE];

    digest_sha256(text, sum);
    for (size_t i = 0; i < CONFIG_KEPT_HASH_LEN / 2; i++) {
        to[2 * i] = digit[sum[i] >> 4];
        to[2 * i + 1] = digit[sum[i] & 15];
    }
    to[CONFIG_KEPT_HASH_LEN] = '\0';
}

struct config_kept *config_kept_new(struct buf *text)
{
    struct config_kept *k = xcalloc(1, sizeof *k);

    /* It stays for long: without the room that it grew into. */
    text->p = xrealloc(text->p, text->n + 1, 1);
    text->cap = text->n + 1;
    k->text = *text;
    *text = (struct buf){0};
    config_kept_hash_text(buf_view(&k->text), k->hash);
    return k;
}

void config_kept_free(struct config_kept **k)
{
    if (!*k)
        return;
    buf_free(&(*k)->text);
    free(*k);
    *k = NULL;
}

const char *config_kept_hash(const struct config *c)
{
    return c->kept ? c->kept->hash : "";
}

struct view config_kept_text(const struct config *c)
{
    return c->kept ? buf_view(&c->kept->text) : VIEW("");
}

struct config *config_kept_load(struct view text, struct config_errors *errs)
{
    struct config_source *s = NULL;

    *errs = (struct config_errors){0};
    s = config_source_of_text(text, errs);
    return s ? config_load_source(s, true, errs) : NULL;
}
