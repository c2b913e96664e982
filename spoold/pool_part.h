/*
 * pool_part.h - what the files of the pool ask of each other; nobody else includes it.
 *
 * pool.c has the links and the turn, pool_generation.c, pool_reload.c and
 * pool_loader.c the loaders, pool_child.c, pool_deadline.c and pool_death.c the
 * children, pool_job.c, pool_list.c and pool_result.c the jobs, pool_role.c what differs from role
 * to role, pool_status.c what is shown.
 */
#ifndef SPOOLD_POOL_PART_H
#define SPOOLD_POOL_PART_H

#include "spoold/pool_state.h"

/* pool.c */
/* Makes a pair: this end is `l`'s and watched, the other is returned. -1 with errno. */
int pool_link_open(struct pool *p, struct pool_link *l);
void pool_link_close(struct pool *p, struct pool_link *l);
/* Takes at most `max` packets. */
void pool_link_read(struct pool *p, struct pool_link *l, unsigned max);
/* Something is to be done that no link announces. */
void pool_kick(struct pool *p);
/* No worker can be started any more; every job ends. */
void pool_lose(struct pool *p, const char *why);
/* 0, 2 s, 4 s ... 60 s for the first, second, third ... death in a row. */
int64_t pool_backoff(unsigned deaths);
/* Counts one more; true when that is more than `max` in a minute. */
bool pool_says_flood(struct pool_says *says, int64_t now, unsigned max);

/* pool_generation.c */
void pool_generation_start(struct pool *p, struct pool_role *r);
/* Closes its link and has it ended, by the launcher if it must be at once; nothing is said about it. */
void pool_generation_end(struct pool *p, struct pool_generation *g, bool at_once);
/* It is no good (any more): ended with all its children; jobs are lost, not charged. */
void pool_generation_discard(struct pool *p, struct pool_generation *g, const char *why);
/* Tells the administrator; later words about the same one replace earlier ones. */
void pool_generation_blame(struct pool *p, const struct pool_generation *g, const char *why);
/* One more of its children said HELLO: it takes over when it is complete, or when nothing serves. */
void pool_generation_arrived(struct pool *p, struct pool_generation *g);
/* At least one of its children serves or waits for a job. */
bool pool_generation_lives(const struct pool_generation *g);
/* It serves, the others drain. */
void pool_generation_promote(struct pool *p, struct pool_generation *g);
struct pool_generation *pool_generation_find(struct pool *p, uint64_t id);
/* It begins no job any more; idle children end, busy ones finish. */
void pool_generation_drain(struct pool *p, struct pool_generation *g);
/* LOADING or READY. */
bool pool_generation_is_coming(const struct pool_generation *g);
/* How many loaders of this role have not ended yet. */
unsigned pool_generation_count(const struct pool_role *r);
/* When no other role is blamed for the same alarm. */
void pool_generation_clear_alarm(struct pool *p, enum role role);
/* What is due, of this role's generations and their children. */
void pool_generation_run(struct pool *p, struct pool_role *r);
int64_t pool_generation_due(const struct pool_role *r);
void pool_generation_sweep(struct pool_role *r);
/* Without a word to anybody: the links end. */
void pool_generation_drop_all(struct pool *p, struct pool_role *r);

/* pool_reload.c */
/* Whether the settings, or who opened the pool, want this role now. */
bool pool_reload_wants(const struct pool *p, enum role role);
/* Starts the new one when the old ones have ended. */
void pool_reload_run(struct pool *p, struct pool_role *r);
/* That is due. */
bool pool_reload_is_due(const struct pool *p, const struct pool_role *r);
/* This generation serves; it did not come to that. */
void pool_reload_done(struct pool *p, const struct pool_generation *g);
void pool_reload_failed(struct pool_role *r);

/* pool_loader.c */
void pool_loader_packet(struct pool *p, struct pool_generation *g, const struct wire_packet *w);
/* Its link ended; `fault`: a packet that is none. */
void pool_loader_gone(struct pool *p, struct pool_generation *g, const char *fault);
/* What the launcher says of it. */
void pool_loader_exited(struct pool *p, struct pool_generation *g, const struct wire_exited *e);

/* pool_child.c */
struct pool_child *pool_child_new(struct pool_generation *g, bool alone);
void pool_child_packet(struct pool *p, struct pool_child *c, const struct wire_packet *w);
void pool_child_gone(struct pool *p, struct pool_child *c, const char *fault);
void pool_child_spawn(struct pool *p, struct pool_child *c);
/* What the loader says of it; NULL, or what is wrong with that. */
const char *pool_child_spawned(struct pool *p, struct pool_child *c, uint32_t pid);
/* Ends it for a reason. */
void pool_child_kill(struct pool *p, struct pool_child *c, enum pool_verdict v, const char *cause);
/* It broke a rule. */
void pool_child_breach(struct pool *p, struct pool_child *c, const char *rule);
/* Ends one that has no job that was begun; one that waits for it goes back to the queue. */
void pool_child_retire(struct pool *p, struct pool_child *c);
void pool_child_run(struct pool *p, struct pool_child *c);
/* A job was sent to it, was taken off it. */
void pool_child_busy(struct pool *p, struct pool_child *c, struct pool_job *job);
void pool_child_rest(struct pool *p, struct pool_child *c);
bool pool_child_is_alive(const struct pool_child *c);

/* pool_death.c */
/* What the loader says of it; NULL, or what is wrong with that. */
const char *pool_death_exited(struct pool *p, struct pool_child *c, const struct wire_exited *e);
/* Its loader is gone: it is dead, whatever it does. */
void pool_death_drop(struct pool *p, struct pool_child *c);
/* Settles everything; `e` NULL: nobody knows how it ended. */
void pool_death_finish(struct pool *p, struct pool_child *c, const struct wire_exited *e);
/* An empty place again. What it was ended for stays readable until the next one is spawned. */
void pool_death_bury(struct pool *p, struct pool_child *c);
/* "it was ended by signal 11 (Segmentation fault)" */
void pool_death_fate(char *to, size_t size, int status);

/* pool_deadline.c */
void pool_deadline_start(struct pool *p, struct pool_child *c);
/* Tells a busy child to stop; it owes a RESULT then. */
void pool_deadline_cancel(struct pool *p, struct pool_child *c);
/* Ends a busy child whose time is up, or sets when to look again. */
void pool_deadline_judge(struct pool *p, struct pool_child *c);

/* pool_job.c */
void pool_job_queue(struct pool_role *r, struct pool_job *job);
/* To the front of the queue: it was not begun. */
void pool_job_return(struct pool_role *r, struct pool_job *job);
/* Hands waiting jobs out, or ends them where that is due. */
void pool_job_dispatch(struct pool *p, struct pool_role *r);
/* All that wait in the queue end as POOL_CANCELLED. */
void pool_job_cancel_all(struct pool *p, struct pool_role *r, const char *why);
/* When dispatch has something to do that no link announces. */
int64_t pool_job_due(const struct pool *p, const struct pool_role *r);
/* False: it could not be sent, and waits again. */
bool pool_job_begin(struct pool *p, struct pool_child *c, struct pool_job *job);
/* Notes how it ended; its owner gets it back when outcomes are delivered. */
void pool_job_end(struct pool *p, struct pool_job *job, const struct pool_outcome *o);
void pool_job_deliver(struct pool *p);
void pool_job_forget_notes(struct pool *p);

/* pool_list.c */
/* Memory of this size for what a child writes, the one from before where there is one. The answer is for the
 * child to write with, and stays the list's; -1 with errno. */
int pool_list_open(struct pool_list *l, size_t size);
/* A job is over; `used`: bytes, as the child says. */
void pool_list_rest(struct pool_list *l, uint64_t used);
/* NULL and the list, freed before, or which rule is broken. `size` is what the child says that it wrote; 0 =
 * no list. */
const char *pool_list_take(int room, uint64_t size, struct parts *to);
/* The same of an answer of at most `max` bytes: NULL and its bytes, in the place of what `to` held. */
const char *pool_list_read(int room, uint64_t size, size_t max, struct buf *to);
void pool_list_close(struct pool_list *l);

/* pool_result.c */
void pool_result_take(struct pool *p, struct pool_child *c, const struct wire_packet *w);
/* The job of a child that ended; `status` NULL: nobody knows how. True when it was the job that ended it. */
bool pool_result_settle(struct pool *p, struct pool_child *c, const int *status);
/* The phase of this child's job by its crumb page; 0 = it was not touched. */
uint32_t pool_result_phase(const struct pool_child *c);

/* pool_role.c: what differs from role to role. */
/* By the settings. */
bool pool_role_is_wanted(const struct config *cfg, enum role role);
int64_t pool_role_children(const struct config *cfg, enum role role);
int64_t pool_role_deadline(const struct config *cfg, enum role role);
/* Size of the scratch folder that all its children share, with room for the largest job of each; 0 = none. */
uint32_t pool_role_scratch_mb(const struct config *cfg, enum role role);
/* From LOAD to READY, ms. */
int64_t pool_role_loading_ms(enum role role);
enum alarm_kind pool_role_alarm(enum role role);
/* "it took longer than workers.deadline"; "it is loading new signatures" */
const char *pool_role_late(enum role role);
const char *pool_role_drained(enum role role);
/* What becomes of messages while none starts: "messages wait until one starts" */
const char *pool_role_without(enum role role);
/* Parts of the sandbox without which it must not serve. */
uint32_t pool_role_required(enum role role, uint32_t allow_less);
/* What is wrong with the numbers of a RESULT of this role, or NULL; what all roles have was checked.
 * `finding` are the words that came before it, "" = none. */
const char *pool_role_fault(enum role role, const struct wire_result *r, const char *finding);

/* After so many jobs a child is replaced; 0 = never. */
unsigned pool_role_jobs_max(enum role role);
/* A RESULT after which its child is replaced: trouble of its own, which may last. */
bool pool_role_is_tainted(enum role role, const struct wire_result *r);

/* pool_status.c */
/* A shared child of the current generation is alive. */
bool pool_status_served(const struct pool_role *r);
/* "uid,net,seccomp" of these bits. */
void pool_status_bits(struct buf *to, uint32_t bits, const char *quote);

#endif
