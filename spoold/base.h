/*
 * base.h - BASE, the one name by which a message is known everywhere
 * (file names, log id=, journal, ledger; protocol.md section 2).
 *
 *     BASE = CLEAN ["~" INTAKE] "~" ID      ID = T(13) E(6) H(6), sortable base32
 *
 * CLEAN is the dropped NAME made harmless; INTAKE names the intake unless it is
 * "main", so that the outlet is known from disk alone; T is the time of the
 * claim. E and H are the stamps by which the two halves of a torn claim find each other again.
 * Pure functions; file names are hostile input.
 */
#ifndef SPOOLD_BASE_H
#define SPOOLD_BASE_H

#include "common/view.h"

#include <stdint.h>
#include <sys/stat.h>

#define BASE_CLEAN_MAX  160
#define BASE_INTAKE_MAX 24
#define BASE_ID_LEN     25
#define BASE_STAMP_LEN  6
#define BASE_MAX        (BASE_CLEAN_MAX + 1 + BASE_INTAKE_MAX + 1 + BASE_ID_LEN)

struct base {
    char s[BASE_MAX + 1]; /* NUL-terminated; only [0-9A-Za-z._~-] */
    uint8_t len;
    uint8_t clean_len;
    uint8_t intake_len; /* 0 = intake "main" */
};

/* The stamp of one file: base32 of a hash of (ino, size, mtime), no NUL. */
void base_stamp(char to[BASE_STAMP_LEN], const struct stat *st);
/* `name` is the deposit's name without suffix, any bytes; `intake` NULL or "main" for the main intake. */
void base_make(struct base *b, struct view name, const char *intake, const struct stat *eml,
               const struct stat *hdr);
/*
 * Puts this time into T. A claim does it with the time of day: inode, size and
 * mtime are the depositor's to choose, so they alone would let two messages have
 * one BASE.
 */
void base_set_time(struct base *b, int64_t ns);
/* Parses from the right. 0, or -1 when `s` is no BASE (such a pair was put there by hand). */
int base_parse(struct base *b, struct view s);
struct view base_view(const struct base *b);
struct view base_clean(const struct base *b);
/* Intake name; empty for "main". */
struct view base_intake(const struct base *b);
/* Stamps inside the BASE; `which` is 'E' (.eml) or 'H' (.hdr). */
bool base_stamp_matches(const struct base *b, char which, const struct stat *st);
/* Whether `name` could have given this BASE's CLEAN; for finding the other half of a torn claim. */
bool base_name_matches(const struct base *b, struct view name);
/* The BASE_ID_LEN bytes at its end. */
struct view base_id(const struct base *b);
/* T in ns since 1970: when the message was claimed. */
int64_t base_time_ns(const struct base *b);

#endif
