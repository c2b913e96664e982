/*
 * av_pages.h - the memory of a loaded engine, in large pages.
 *
 * Called by the loader's load() once, before there are children. libclamav jumps about in hundreds of MiB,
 * for each byte of a message; with small pages most of that time goes to finding where a page is. Never
 * needed: a kernel that cannot do it (before 6.1, or set up without) leaves everything as it is. Must never
 * change what the memory holds.
 */
#ifndef WORKERS_AV_PAGES_H
#define WORKERS_AV_PAGES_H

#include <stddef.h>

/* Bytes that now lie in large pages. */
size_t av_pages_join(void);

#endif
