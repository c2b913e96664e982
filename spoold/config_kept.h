/*
 * config_kept.h - the settings as they were read, in one text, so that they can be loaded again later.
 *
 * config_load() keeps the bytes of the main file, of included files and list files, and the overrides. A
 * decision record names the settings by the text's hash; state/config/HASH.ini holds the text (kept.h).
 * What is not written there, the defaults, is as this version of spoold has it. The text costs memory as long
 * as the struct config: as much as all the files, so a list of 64 MB costs 64 MB besides its entries, and
 * twice that for a moment while it is read.
 */
#ifndef SPOOLD_CONFIG_KEPT_H
#define SPOOLD_CONFIG_KEPT_H

#include "spoold/config.h"

#define CONFIG_KEPT_HASH_LEN 32
#define CONFIG_KEPT_TEXT_MAX ((size_t)1 << 30) /* more than the longest one: ten lists, the files */

/* 32 hex digits: the first half of the text's SHA-256. "" for one of config_load_without_files(). */
const char *config_kept_hash(const struct config *c);
/* Good as long as the config. */
struct view config_kept_text(const struct config *c);
/* Of any text: `to` gets the digits and a NUL. */
void config_kept_hash_text(struct view text, char to[CONFIG_KEPT_HASH_LEN + 1]);

/*
 * The same settings with the same places from the text alone: no file is opened. NULL with complaints where
 * the text is damaged, or this version of spoold has other options; whether the hash is the one that was
 * asked for is the caller's to compare. `text` is not needed afterwards.
 */
struct config *config_kept_load(struct view text, struct config_errors *errs);

/* For config.c and config_build.c. Takes the bytes over. */
struct config_kept *config_kept_new(struct buf *text);
void config_kept_free(struct config_kept **k);

#endif
