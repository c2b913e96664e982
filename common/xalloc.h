/*
 * xalloc.h - memory or death: out of memory is fatal here, so no caller checks.
 *
 * spoold's queue is on disk and start is recovery, so dying is safe at any
 * point; going on without memory is not.
 */
#ifndef COMMON_XALLOC_H
#define COMMON_XALLOC_H

#include <stddef.h>

/* All return memory that the caller owns and frees with free(); never NULL. */
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *p, size_t count, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
__attribute__((format(printf, 1, 2))) char *xasprintf(const char *fmt, ...);

#endif
