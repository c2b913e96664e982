/*
 * antivirus.h - keeps the signatures of worker-av fresh, and says how the engine stands.
 *
 * Loop thread; the folder is looked at by the store (it may wait for a disk). A
 * change there, an order of the administrator or the time (antivirus.recheck)
 * leads to a new generation of workers; the old one serves until the new one has
 * proved itself. A folder that changes while it is looked at is looked at again.
 */
#ifndef SPOOLD_ANTIVIRUS_H
#define SPOOLD_ANTIVIRUS_H

#include "spoold/pool.h"

#define ANTIVIRUS_CALM_MS 60000 /* without a message that could not be examined: it is over */

struct antivirus_settings;
struct config;
struct json;
struct spoold;

/* What the store saw in the folder. */
struct antivirus_look {
    bool readable;    /* the folder could be opened */
    bool real_before; /* this spool has worked with real signatures before */
    unsigned files;   /* of signatures */
    uint64_t print;   /* of names, sizes, times and inodes; another one = another set */
    int64_t newest_s; /* Unix time of the newest file */
    int err;
};

struct antivirus {
    struct antivirus_look seen; /* the last look */
    uint64_t loaded_print;      /* of the set that the newest generation was asked to load */
    bool looking, again;        /* again: something happened since this look began */
    unsigned epoch;             /* of the settings: an older look counts for nothing */
    bool outage;                /* the alarm says that nothing is examined */
    bool force;                 /* load even what is the same: an order */
    int dir;                    /* of the folder as last seen, -1 = none; for the next LOAD */
    int64_t due;                /* monotonic: next look */
    int64_t retry_due;          /* monotonic: the set that did not load is tried again; 0 = none failed */
    unsigned settle;            /* looks in a row that saw a change going on */
    int64_t unexamined_ms;      /* monotonic: the last message that could not be examined; 0 = none */
};

/* At start, before the pool: looks at the folder by itself (nothing waits yet). */
void antivirus_open(struct spoold *s);
void antivirus_close(struct spoold *s);
/* The settings as worker-av takes them. */
void antivirus_settings_of(const struct config *c, struct antivirus_settings *to);
/* For struct pool_options. */
void antivirus_load(struct spoold *s, enum role role, struct buf *settings, int *dir);
/* What a look with new settings found, with the descriptor of the folder, which it takes over. */
void antivirus_replace(struct spoold *s, int dir, const struct antivirus_look *found);
/* Something changed in the folder (inotify). */
void antivirus_changed(struct spoold *s);
/* An order: look, and load a new generation whether or not anything changed. */
void antivirus_reload(struct spoold *s);
/* What is due; returns when to be called again at the latest, monotonic ms. */
int64_t antivirus_run(struct spoold *s, int64_t now);
/* By settings and free memory. */
enum pool_reload antivirus_mode(const struct spoold *s);
/* NULL when messages are examined (or are not to be); else why not, in plain words. */
const char *antivirus_trouble(const struct spoold *s);
/* Its worker is on its way, and nothing has failed yet. */
bool antivirus_is_coming(const struct spoold *s);
/* And for how long, ms; 0 when they are. */
int64_t antivirus_down_ms(const struct spoold *s);
/* A message could not be examined, for a reason that may pass: tells the administrator. */
void antivirus_failed(struct spoold *s, const char *id, const char *words);
/* Adds
 * "antivirus":{"state","engine","signatures","version","built","age_s","generation","memory_kb","test_only",
 * "folder","files","reload_mode","last_reload_ms","trouble"}. */
void antivirus_add_status(const struct spoold *s, struct json *j);

#endif
