/*
 * spf_part.h - what spf.c and spf_match.c share: one evaluation at work.
 *
 * spf.c walks through records, spf_match.c says of one mechanism whether it matches. Nobody else includes
 * this. All memory is on the stack of spf_check(); nothing is kept behind it.
 */
#ifndef WORKERS_ANTISPAM_SPF_PART_H
#define WORKERS_ANTISPAM_SPF_PART_H

#include "workers/antispam/spf.h"
#include "workers/antispam/spf_macro.h"
#include "workers/antispam/spf_record.h"

/* One record at work. An include puts one on the stack, a redirect takes the place of the one on top; each of
 * them is a look-up, so that there are never more than these. */
#define SPF_DEPTH_MAX (SPF_LOOKUPS_MAX + 1)
struct spf_frame {
    struct spf_record record;
    struct view terms;  /* that are left */
    struct spf_term by; /* the include that led here */
    bool redirected;
    size_t n;
    char domain[SPF_NAME_MAX + 1];
};
struct spf_run {
    const struct spf_question *q;
    const struct spf_source *source;
    struct spf_answer *a;
    struct spf_values values;
    bool blocked; /* something is not known: what follows is looked at for its needs only */
    unsigned depth;
    struct spf_frame frame[SPF_DEPTH_MAX];
    char client[SPF_NAME_MAX + 1]; /* %{p} */
    char why[300];
};

enum spf_step { SPF_NO_MATCH, SPF_MATCH, SPF_MISSING, SPF_TEMPERROR, SPF_PERMERROR };

/* What the DNS says. */
enum spf_said { SPF_SAID_DATA, SPF_SAID_NOTHING, SPF_SAID_ERROR, SPF_SAID_UNKNOWN, SPF_SAID_NO_NAME };
enum spf_said spf_ask(struct spf_run *run, enum fact_type type, struct view name, const struct fact **f);
/* Counts; false: one too many, and `why` says so. */
bool spf_count_lookup(struct spf_run *run);
bool spf_count_void(struct spf_run *run);
__attribute__((format(printf, 2, 3))) void spf_say_why(struct spf_run *run, const char *fmt, ...);

/* The name that a term is about; 0: there is none, it cannot match. False: %{p} needs facts. */
bool spf_target(struct spf_run *run, struct view spec, char *to, size_t *n);
/* Of a mechanism that is no include. */
enum spf_step spf_match(struct spf_run *run, const struct spf_term *t);
/* Readies %{p}. False: facts are missing. */
bool spf_find_client(struct spf_run *run);

#endif
