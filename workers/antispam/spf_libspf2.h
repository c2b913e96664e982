/*
 * spf_libspf2.h - SPF by libspf2, behind the same face as spf.h: [spf] engine = libspf2.
 *
 * Called by check_spf.c where the settings say so, and by test_spf_libspf2.c, which compares it with our own
 * evaluator. Which of the two is the default, and why, stands in spf_libspf2.c. Must not be called before the
 * sandbox stands: the library is not trusted with strangers' records, only with those that our parser took.
 */
#ifndef WORKERS_ANTISPAM_SPF_LIBSPF2_H
#define WORKERS_ANTISPAM_SPF_LIBSPF2_H

#include "workers/antispam/spf.h"

/* Records over these limits, and senders, are answered by our own evaluator. */
#define SPF_LIBSPF2_TERM_MAX 255 /* bytes of a term, as it is given to the library */
#define SPF_LIBSPF2_ROOM     480 /* bytes of a record as it is compiled; from 512 on it says neutral to all */
#define SPF_LIBSPF2_NAME_MAX 64  /* bytes of a local part; RFC 5321, 4.5.3.1.1 */

/* As spf_check(), without explanations. */
void spf_libspf2_check(const struct spf_question *q, const struct spf_source *source, struct spf_answer *a);

#endif
