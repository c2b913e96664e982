/*
 * config.h - the settings of one instance, read once, never changed afterwards.
 *
 * A reload builds a new struct; who holds the old one finishes with it.
 * The fields come from config_table.h.
 */
#ifndef SPOOLD_CONFIG_H
#define SPOOLD_CONFIG_H

#include "common/buf.h"
#include "spoold/config_policy.h"

#include <stdint.h>
#include <stdio.h>

#define CONFIG_INTAKE_MAX    16
#define CONFIG_RBL_MAX       64
#define CONFIG_URIBL_MAX     64
#define CONFIG_PROFILE_MAX   1000
#define CONFIG_POLICY_MAX    4000    /* a profile of a user over each one of a domain */
#define CONFIG_LINE_MAX      1000    /* bytes of one line; iniparser refuses more than 1,023 */
#define CONFIG_FILE_MAX      1048576 /* bytes of one file */
#define CONFIG_INCLUDE_MAX   64      /* files named by include = */
#define CONFIG_ERRORS_MAX    100     /* reported; the rest is only counted */
#define CONFIG_LIST_LINE_MAX 65536   /* bytes of one list entry */
#define CONFIG_NAME_MAX      24      /* bytes of NAME in [intake NAME], [rbl NAME] ... */

enum config_ready_kind { CONFIG_READY_RENAME, CONFIG_READY_LEASE, CONFIG_READY_QUIET };
struct config_ready {
    enum config_ready_kind kind;
    int64_t quiet_ms;
};

/* Where a setting was made; `file` is NULL for a default, `lineno` 0 for an override. */
struct config_place {
    const char *file; /* memory of the struct config */
    unsigned lineno;
};

/* One entry of a list; for a rule `name_n` and `weight` say what its line begins with, else they are 0. */
struct config_entry {
    uint32_t at, n; /* in the list's bytes */
    uint32_t lineno;
    uint32_t name_n;
    int64_t weight;
};
/* The value "@lists/FILE" or words, and what stands there; config_entries.h reads it. */
struct config_list {
    char *text;       /* the value */
    const char *file; /* for complaints and records; NULL: the default */
    char *path;       /* of the list file, or NULL; `file` points to it where there is one */
    struct buf bytes;
    struct config_entry *entry;
    size_t n;
    uint32_t *by_name; /* of rules: their numbers, sorted by name */
};

#define CONFIG_TYPE_STR    char *
#define CONFIG_TYPE_PATH   char *
#define CONFIG_TYPE_BOOL   bool
#define CONFIG_TYPE_INT    int64_t
#define CONFIG_TYPE_SIZE   int64_t
#define CONFIG_TYPE_TIME   int64_t
#define CONFIG_TYPE_WEIGHT int64_t
#define CONFIG_TYPE_ENUM   int
#define CONFIG_TYPE_READY  struct config_ready
#define CONFIG_TYPE_LIST   struct config_list

/* What has sections with names: `name` is [a-z0-9-], at most CONFIG_NAME_MAX bytes, and stands first. */
struct config_intake {
    char *name;
#define OPT_INTAKE(key, TYPE, field, ...) CONFIG_TYPE_##TYPE field;
#include "spoold/config_table.h"
};
struct config_rbl {
    char *name;
#define OPT_RBL(key, TYPE, field, ...) CONFIG_TYPE_##TYPE field;
#include "spoold/config_table.h"
};
struct config_uribl {
    char *name;
#define OPT_URIBL(key, TYPE, field, ...) CONFIG_TYPE_##TYPE field;
#include "spoold/config_table.h"
};

struct config_kept;
struct config_set;
struct config_source;
struct decide_profiles;
struct direction;
struct config {
#define OPT(section, key, TYPE, field, ...) CONFIG_TYPE_##TYPE field;
#include "spoold/config_table.h"
    /* The options that are made of common/check_table.h; what has no option there stays false and 0. */
    bool check_on[CONFIG_CHECKS], check_smtp_in[CONFIG_CHECKS], check_smtp_out[CONFIG_CHECKS];
    struct config_policy policy;
    /* Without any [intake] section there is one, "main", with the defaults. */
    struct config_intake intake[CONFIG_INTAKE_MAX];
    struct config_rbl rbl[CONFIG_RBL_MAX];
    struct config_uribl uribl[CONFIG_URIBL_MAX];
    struct config_profile *profile; /* owned */
    size_t intake_n, rbl_n, uribl_n, profile_n;
    struct decide_profiles *recipients; /* who has which profile (decide_profile.h); NULL: nobody has one */
    struct direction *own;              /* site.networks (direction.h); NULL: none */
    struct config_set *set;             /* what was written, and where */
    struct config_kept *kept;           /* the text of it all (config_kept.h) */
    char *file;                         /* the file that was read, or NULL: defaults only */
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
/* The same without list files, which may be large and not for everybody to read: for tools that ask for
 * folders only. Lists in line are there. */
struct config *config_load_without_files(const char *path, const char *const *override, size_t override_n,
                                         struct config_errors *errs);
void config_free(struct config **c);

enum config_format { CONFIG_FORMAT_INI, CONFIG_FORMAT_MAN };
/* The effective values as a commented INI file that config_load accepts, or the option part of spoold.ini(5).
 */
void config_print(const struct config *c, enum config_format format, FILE *to);
/* Each setting as it is for this recipient, "section.key = value", with its place and profile. -1: `rcpt` is
 * no address. */
int config_print_for(const struct config *c, struct view rcpt, FILE *to);

/* Where an option got its value; `name` "" where the section has none. Without a value of its own a section
 * with a name answers its header. */
struct config_place config_where(const struct config *c, const char *section, const char *name,
                                 const char *key);
/* "spoold.ini:42", "-o spf.weight_fail=3" or "default". */
void config_place_add(struct config_place place, struct buf *to);
/* Its file as people know it; "" for a default or an override. */
const char *config_place_file(struct config_place place);

/*
 * A list file: one entry a line, # comments (at the start of a line or after a blank), blank lines skipped,
 * CRLF accepted. `fn` gets each entry trimmed, with its line number, and answers NULL or what is wrong with
 * it. 0, or -1 when anything was wrong.
 */
int config_list_read(struct config_source *from, const char *path,
                     const char *(*fn)(struct view entry, unsigned lineno, void *arg), void *arg,
                     struct config_errors *errs);
/* The same for entries that go on to the end of the line and may hold a #: comments have lines of their own.
 */
int config_list_read_lines(struct config_source *from, const char *path,
                           const char *(*fn)(struct view entry, unsigned lineno, void *arg), void *arg,
                           struct config_errors *errs);
/* The first one over bytes, for tests and fuzzing; `name` stands in messages. */
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
/* Whether this may be the NAME of a section: 1 to CONFIG_NAME_MAX of a-z, 0-9 and -. */
bool config_ini_name_ok(struct view name);
/* Adds a value as it must stand in a file, in quotes where needed. -1: there is no way to write it. */
int config_ini_quote(struct view text, struct buf *to);

/* Adds one complaint; `file` may be NULL and `lineno` 0. Control bytes are escaped: a complaint stays one
 * line. */
__attribute__((format(printf, 4, 5))) void config_error(struct config_errors *errs, const char *file,
                                                        unsigned lineno, const char *fmt, ...);

/* What only shows when all settings are known: folders that must differ, times that must grow. Complains in
 * errs. */
void config_check(const struct config *c, struct config_errors *errs);

#endif
