/*
 * mail_limits.h - every bound of the mail parser, by name.
 *
 * Included by workers/mail/ and its tests. A mail that goes beyond one of them is
 * not refused: what is within is read, and the mail is marked with the limit (common/oddity.h),
 * so that it counts as not examined to its end. The bounds keep time linear in the
 * size of the message and memory independent of what it says about itself.
 */
#ifndef WORKERS_MAIL_LIMITS_H
#define WORKERS_MAIL_LIMITS_H

#define MAIL_DEPTH_MAX     32           /* multiparts and messages in each other; the message itself is 0 */
#define MAIL_PARTS_MAX     1000         /* of one message, in all its readings */
#define MAIL_ENTITIES_MAX  4000         /* headers that are read, in all readings */
#define MAIL_FIELDS_MAX    1000         /* of one header */
#define MAIL_HEADER_MAX    (256u << 10) /* bytes of one header */
#define MAIL_LINE_MAX      (64u << 10)  /* bytes of one line of a header */
#define MAIL_BODY_LINE_MAX (16u << 20)  /* bytes of one line of a body */
#define MAIL_PARAMS_MAX    100          /* of one Content-Type or Content-Disposition */
#define MAIL_VALUE_MAX     4096         /* bytes of one parameter, put together from its pieces */
#define MAIL_BOUNDARY_MAX  1000         /* bytes; RFC 2046 allows 70 */
#define MAIL_WAYS_MAX      8            /* different readings of one thing: a boundary, a type, an encoding */
#define MAIL_MEMORY_MAX    (64u << 20)  /* bytes of what is remembered of one message */
#define MAIL_WORK_MAX      16   /* times that the bytes of a message may be gone through for boundaries */
#define MAIL_ADDRESSES_MAX 1000 /* of one field */
#define MAIL_RECEIVED_MAX  100  /* fields of the chain that are read */
#define MAIL_URLS_MAX      1000 /* of one message */
#define MAIL_URL_MAX       2048 /* bytes of one */
#define MAIL_TEXT_MAX      (4u << 20) /* bytes of text made of one part, UTF-8 */
#define MAIL_INSIDE_MAX    100        /* files written into the text of one part: uuencode and its like */

#endif
