/*
 * pool_role.c - what differs from role to role: where its settings stand, how long it may take, what it may
 * answer.
 *
 * Called by the other files of the pool; a role is one row of the table. A RESULT
 * comes from a process that has read a hostile message: an answer that contradicts
 * itself is a breach and never guessed about. Knows nothing of generations, changes
 * nothing.
 */
#include "spoold/pool_part.h"

#include "common/antispam.h"
#include "common/antivirus.h"
#include "common/deliver.h"
#include "spoold/deliver.h"

#include <stddef.h>

#define NONE       SIZE_MAX
#define MB         1048576
#define SCRATCH_MB 64        /* for what the loader and the canaries need */
#define LAYERS_MAX 100000000 /* far above antivirus.files; what is normalized counts as well */

static const char *rewrite_fault(const struct wire_result *r, const char *finding)
{
    (void)finding;
    if (r->own_hops > r->hops)
        return "RESULT: numbers that cannot be";
    if (r->status == WIRE_OK && (r->hops > r->in_size || r->removed > r->in_size))
        return "RESULT: numbers that cannot be";
    return NULL;
}

static const char *av_fault(const struct wire_result *r, const char *finding)
{
    const bool unexamined = r->state == ANTIVIRUS_UNEXAMINED;

    if (r->state >= ANTIVIRUS_STATE__MAX || r->why >= ANTIVIRUS_WHY__MAX || r->layers > LAYERS_MAX)
        return "RESULT: numbers that cannot be";
    if (r->status != WIRE_OK)
        return NULL;
    if (r->state == ANTIVIRUS_NOT_ASKED || unexamined != (r->why != ANTIVIRUS_EXAMINED))
        return "RESULT: an answer that contradicts itself";
    if (r->state == ANTIVIRUS_CLEAN && r->layers == 0)
        return "RESULT: clean, and it looked into nothing";
    if (r->state == ANTIVIRUS_INFECTED && !finding[0])
        return "RESULT: infected, and it does not say by what";
    return NULL;
}

static bool always(const struct config *cfg)
{
    return cfg != NULL;
}

static bool clamav_is_on(const struct config *cfg)
{
    return cfg->clamav;
}

static bool any_deliver_is_on(const struct config *cfg)
{
    for (size_t i = 0; i < cfg->intake_n; i++)
        if (deliver_is_on(cfg, i))
            return true;
    return false;
}

static const char *deliver_fault(const struct wire_result *r, const char *finding)
{
    (void)finding;
    if (r->done > DELIVER_RCPT_MAX || r->failed > DELIVER_RCPT_MAX || r->later > DELIVER_RCPT_MAX)
        return "RESULT: numbers that cannot be";
    return NULL;
}

static bool antispam_is_on(const struct config *cfg)
{
    return cfg->antispam;
}

static bool dns_is_on(const struct config *cfg)
{
    return cfg->antispam && cfg->dns;
}

static const char *antispam_fault(const struct wire_result *r, const char *finding)
{
    (void)finding;
    if (r->kind > ANTISPAM_VERDICT || r->needs > NEEDS_MAX || r->results > ANTISPAM_CHECKS_MAX)
        return "RESULT: numbers that cannot be";
    return r->status == WIRE_OK && !r->out_size ? "RESULT: it is done, and gives no answer" : NULL;
}

/* What it has to say goes over its socket. */
static const char *dns_fault(const struct wire_result *r, const char *finding)
{
    (void)finding;
    return r->out_size || r->in_size ? "RESULT: numbers that cannot be" : NULL;
}

static const char wait_for_it[] = "messages wait until one starts", go_by[] = "messages go by it meanwhile";

static const struct {
    bool (*wanted)(const struct config *cfg);
    /* Where in struct config; NONE: one child, nothing but deadline_extra_ms. scratch: bytes of one child */
    size_t children, deadline, scratch;
    int64_t deadline_extra_ms;
    int64_t loading_ms;
    enum alarm_kind alarm;
    unsigned jobs_max;
    const char *late, *drained, *without;
    const char *(*fault)(const struct wire_result *r, const char *finding);
} rows[ROLE__MAX] = {
    [ROLE_REWRITE] = {always, offsetof(struct config, worker_children),
                      offsetof(struct config, worker_deadline), NONE, 0, 60000, ALARM_WORKER, 0,
                      "it took longer than workers.deadline", "it is loading again", wait_for_it,
                      rewrite_fault},
    /* The engine ends by itself at its timeout; only one that hangs is ended. Signatures are many: a set of
     * 8 million takes 20 s on a good machine, and minutes on a poor one. */
    [ROLE_AV] = {clamav_is_on, offsetof(struct config, av_children), offsetof(struct config, av_timeout),
                 offsetof(struct config, av_scan_size), 5000, 900000, ALARM_ANTIVIRUS, 5000,
                 "it went on long after antivirus.timeout", "it is loading new signatures", wait_for_it,
                 av_fault},
    /* A server may take 10 minutes for an answer; each wait is limited by the worker itself. */
    [ROLE_DELIVER] = {any_deliver_is_on, offsetof(struct config, deliver_children),
                      offsetof(struct config, deliver_timeout), NONE, 600000, 60000, ALARM_WORKER, 5000,
                      "it held a server's line for too long", "it is loading again", wait_for_it,
                      deliver_fault},
    /* All its questions are those of one job, which has no end (pool.h). */
    [ROLE_DNS] = {dns_is_on, NONE, NONE, NONE, 0, 60000, ALARM_DNS, 0, "it took too long",
                  "it is loading again", go_by, dns_fault},
    /* A round computes only, what it needs is there. */
    [ROLE_ANTISPAM] = {antispam_is_on, offsetof(struct config, antispam_children), NONE, NONE, 30000, 60000,
                       ALARM_WORKER, 5000, "it took longer than 30 s", "it is loading again", go_by,
                       antispam_fault},
};

static const void *field(const struct config *cfg, size_t at)
{
    return (const char *)cfg + at;
}

bool pool_role_is_wanted(const struct config *cfg, enum role role)
{
    return rows[role].wanted(cfg);
}

int64_t pool_role_children(const struct config *cfg, enum role role)
{
    return rows[role].children == NONE ? 1 : *(const int64_t *)field(cfg, rows[role].children);
}

int64_t pool_role_deadline(const struct config *cfg, enum role role)
{
    const size_t at = rows[role].deadline;

    return (at == NONE ? 0 : *(const int64_t *)field(cfg, at)) + rows[role].deadline_extra_ms;
}

/* One child more than there are: the one that is tried alone. Else children would starve each other. */
uint32_t pool_role_scratch_mb(const struct config *cfg, enum role role)
{
    int64_t each, all;

    if (rows[role].scratch == NONE)
        return 0;
    each = *(const int64_t *)field(cfg, rows[role].scratch);
    all = ((pool_role_children(cfg, role) + 1) * each + MB - 1) / MB + SCRATCH_MB;
    return (uint32_t)(all > ROLE_SCRATCH_MB_MAX ? ROLE_SCRATCH_MB_MAX : all);
}

int64_t pool_role_loading_ms(enum role role)
{
    return rows[role].loading_ms;
}

enum alarm_kind pool_role_alarm(enum role role)
{
    return rows[role].alarm;
}

const char *pool_role_late(enum role role)
{
    return rows[role].late;
}

const char *pool_role_drained(enum role role)
{
    return rows[role].drained;
}

const char *pool_role_without(enum role role)
{
    return rows[role].without;
}

uint32_t pool_role_required(enum role role, uint32_t allow_less)
{
    return role_find((uint32_t)role)->required & ~allow_less;
}

const char *pool_role_fault(enum role role, const struct wire_result *r, const char *finding)
{
    return rows[role].fault(r, finding);
}

unsigned pool_role_jobs_max(enum role role)
{
    return rows[role].jobs_max;
}

bool pool_role_is_tainted(enum role role, const struct wire_result *r)
{
    return role == ROLE_AV && r->status == WIRE_OK && antivirus_is_transient(r->why);
}
