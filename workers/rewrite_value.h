/*
 * rewrite_value.h - fields whose value decides: Authentication-Results of this host, and the first subject.
 *
 * The part of the field scanner that looks at values. Such a field is held from the end of its name on, until
 * it ends or there is no room for more; then it is kept, dropped or gets its text. Nothing else of a header
 * is ever held. The state is in struct rewrite_field.
 */
#ifndef WORKERS_REWRITE_VALUE_H
#define WORKERS_REWRITE_VALUE_H

#include "workers/rewrite_field.h"

/* A line begins: which of the two it may become. */
void rewrite_value_begin(struct rewrite_field *f);
/* Something stands before the name, or a control byte in it. */
void rewrite_value_doubt(struct rewrite_field *f);
/* The next byte of the name. True: it was complete before that byte, and is held from here on. */
bool rewrite_value_name(struct rewrite_field *f, char c);
/* The same for the end of the line. */
bool rewrite_value_name_end(struct rewrite_field *f);
/* Bytes of the value within one line; answers how many were taken. Fewer: it is decided now. */
size_t rewrite_value_add(struct rewrite_field *f, struct view v);
/* The line f->eol has ended: decided now, or held until it is seen what the next one begins with. */
void rewrite_value_line(struct rewrite_field *f);
/* The next line begins with a blank. False: there is no room. */
bool rewrite_value_fold(struct rewrite_field *f);
/* At the line end behind it: nothing follows that belongs to it (`whole`), or nothing more is held. */
void rewrite_value_close_line(struct rewrite_field *f, bool whole);
/* The same within a line. */
void rewrite_value_close(struct rewrite_field *f, bool whole);
/* Writes the subject that was not there, where a field may begin. */
void rewrite_value_missing(struct rewrite_field *f);
/* The same at the end of a message that ends within its header. `open`: within a line. */
void rewrite_value_missing_end(struct rewrite_field *f, bool open);

#endif
