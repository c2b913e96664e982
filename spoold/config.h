/*
 * config.h - the settings of one instance, read once, never changed afterwards.
 *
 * A reload builds a new struct; who holds the old one finishes with it.
 * The fields come from config_table.h.
 */
#ifndef SPOOLD_CONFIG_H
#define SPOOLD_CONFIG_H

#include "common/buf.h"

#include <stdint.h>
#include <stdio.h>

#define CONFIG_INTAKE_MAX    16
#define CONFIG_LINE_MAX      1000    /* bytes of one line; iniparser refuses more than 1,023 */
#define CONFIG_FILE_MAX      1048576 /* bytes of one file */
#define CONFIG_INCLUDE_MAX   64      /* files named by include = */
#define CONFIG_ERRORS_MAX    100     /* reported; the rest is only counted */
#define CONFIG_LIST_LINE_MAX 65536   /* bytes of one list entry */
#define CONFIG_NAME_MAX      24      /* bytes of NAME in [intake NAME] */

enum config_ready_kind { CONFIG_READY_RENAME, CONFIG_READY_LEASE, CONFIG_READY_QUIET };
struct config_ready {
    enum config_ready_kind kind;
    int64_t quiet_ms;
};

#define CONFIG_TYPE_STR   char *
#define CONFIG_TYPE_PATH  char *
#define CONFIG_TYPE_BOOL  bool
#define CONFIG_TYPE_INT   int64_t
#define CONFIG_TYPE_SIZE  int64_t
#define CONFIG_TYPE_TIME  int64_t
#define CONFIG_TYPE_ENUM  int
#define CONFIG_TYPE_READY struct config_ready

struct config_intake {
    char *name; /* [a-z0-9-], at most 24 bytes */
#define OPT(...)
#define OPT_INTAKE(key, TYPE, field, ...) CONFIG_TYPE_##TYPE field;
#include "spoold/config_table.h"
#undef OPT
#undef OPT_INTAKE
};

struct config {
#define OPT(section, key, TYPE, field, ...) CONFIG_TYPE_##TYPE field;
#define OPT_INTAKE(...)
#include "spoold/config_table.h"
#undef OPT
#undef OPT_INTAKE
    /* Without any [intake] section there is one, "main", with the defaults. */
    struct config_intake intake[CONFIG_INTAKE_MAX];
    size_t intake_n;
    char *file; /* the file that was read, or NULL: defaults only */
};

/* One complaint: "FILE:LINE: what; accepted: ...". */
struct config_errors {
    struct buf text; /* owned: one complaint a line */
    unsigned n;
};

/*
 * Reads the defaults, then `path` (NULL: none), its includes, then the overrides
 * ("section.key=value", for a named section "intake main.path=value").
 * Every mistake of every file is reported, not just the first one.
 * NULL when there was any; the caller frees errs->text in both cases.
 */
struct config *config_load(const char *path, const char *const *override, size_t override_n,
                           struct config_errors *errs);
void config_free(struct config **c);

enum config_format { CONFIG_FORMAT_INI, CONFIG_FORMAT_MAN };
/* The effective values as a commented INI file that config_load accepts, or the option part of spoold.ini(5).
 */
void config_print(const struct config *c, enum config_format format, FILE *to);

/*
 * A list file: one entry a line, # comments (at the start of a line or after a blank), blank lines skipped,
 * CRLF accepted. `fn` gets each entry trimmed, with its line number, and answers NULL or what is wrong with
 * it. 0, or -1 when anything was wrong.
 */
int config_list_read(const char *path, const char *(*fn)(struct view entry, unsigned lineno, void *arg),
                     void *arg, struct config_errors *errs);
/* The same over bytes, for tests and fuzzing; `name` stands in messages. */
int config_list_parse(const char *name, struct view text, const char *(*fn)(struct view, unsigned, void *),
                      void *arg, struct config_errors *errs);

/*
 * Strict pass over one file's bytes, syntax only. Calls fn per setting, and per section header with an empty
 * key; `include` is the one setting with an empty section. What follows a broken header is not handed on.
 * 0, or -1 when there was any mistake.
 */
struct config_setting {
    struct view section, name, key,
        value; /* name: of a named section, else empty; value: without its quotes */
    unsigned lineno;
};
int config_ini_parse(const char *file, struct view text,
                     void (*fn)(const struct config_setting *s, void *arg), void *arg,
                     struct config_errors *errs);
/* What is wrong with the bytes of a line ("holds a NUL byte"), or NULL. */
const char *config_ini_text_fault(struct view text);
/* Whether this may be the NAME of [intake NAME]: 1 to CONFIG_NAME_MAX of a-z, 0-9 and -. */
bool config_ini_name_ok(struct view name);
/* Adds a value as it must stand in a file, in quotes where needed. -1: there is no way to write it. */
int config_ini_quote(struct view text, struct buf *to);

/* Adds one complaint; `file` may be NULL and `lineno` 0. Control bytes are escaped: a complaint stays one
 * line. */
__attribute__((format(printf, 4, 5))) void config_error(struct config_errors *errs, const char *file,
                                                        unsigned lineno, const char *fmt, ...);

/* Where a setting was made; `file` is NULL for a default, `lineno` 0 for an override. */
struct config_place {
    const char *file;
    unsigned lineno;
};
/* What only shows when all settings are known: folders that must differ, times that must grow. Complains in
 * errs. */
void config_check(const struct config *c,
                  struct config_place (*where)(const char *section, const char *name, const char *key,
                                               void *arg),
                  void *arg, struct config_errors *errs);

#endif
