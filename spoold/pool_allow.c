/*
 * pool_allow.c - the words of workers.allow_less.
 *
 * Called by config_check.c, so that a wrong word is an error of the file it
 * stands in, and by the pool for each new generation. Only parts that are
 * required otherwise have a word: what is best effort anyway needs none.
 */
#include "spoold/pool.h"

static const struct {
    struct view word;
    uint32_t bit;
} words_known[] = {
    {{"seccomp", 7}, SANDBOX_SECCOMP},
    {{"rlimits", 7}, SANDBOX_RLIMITS},
    {{"no_new_privs", 12}, SANDBOX_NO_NEW_PRIVS},
    {{"landlock", 8}, SANDBOX_LANDLOCK}, /* of roles that may open files */
};

static uint32_t find_bit(struct view word)
{
    for (size_t i = 0; i < sizeof words_known / sizeof *words_known; i++)
        if (view_equal(word, words_known[i].word))
            return words_known[i].bit;
    return 0;
}

const char *pool_allow_less(struct view words, uint32_t *bits)
{
    *bits = 0;
    for (words = view_trim(words); words.n; words = view_trim(words)) {
        struct view word = {words.p, 0};
        uint32_t bit;

        while (word.n < words.n && word.p[word.n] != ' ' && word.p[word.n] != '\t')
            word.n++;
        bit = find_bit(word);
        if (!bit)
            return "seccomp, rlimits, no_new_privs, landlock, separated by blanks";
        *bits |= bit;
        words.p += word.n, words.n -= word.n;
    }
    return NULL;
}
