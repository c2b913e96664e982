/*
 * charset.h - character sets of mail, opened before the lock-down.
 *
 * iconv_open(3) of the C library opens a module when a charset is used first, which
 * a locked-down worker may not do. Opened in the loader, they stay for its children.
 */
#ifndef WORKERS_CHARSET_H
#define WORKERS_CHARSET_H

struct charset_set;

/* Opens each charset of the table to UTF-8; one that this machine does not have is passed over. Owned by the
 * caller. */
struct charset_set *charset_open_all(void);
/* How many of them this machine has. */
unsigned charset_count(const struct charset_set *set);
/* Closes and frees them; NULL stays NULL. */
void charset_close_all(struct charset_set **set);

#endif
