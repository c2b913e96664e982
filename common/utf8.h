/*
 * utf8.h - characters of UTF-8 (RFC 3629), one by one.
 *
 * Used wherever hostile bytes are shown or cut. Pure; surrogates and overlong forms
 * are no characters.
 */
#ifndef COMMON_UTF8_H
#define COMMON_UTF8_H

#include "common/view.h"

#include <stdint.h>

/* Bytes of the character at the start of `v`, and the character; 0: there is none. */
size_t utf8_decode(struct view v, uint32_t *c);
/* At most `max` bytes of it, not cut within a character. */
struct view utf8_cut(struct view v, size_t max);

#endif
