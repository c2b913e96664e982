/*
 * ledger.c - see ledger.h and ledger_store.h. The only file that knows Berkeley DB.
 *
 * Store thread only. Tables: meta (how far the journal is read, counters), rows
 * (BASE), keys (addresses), holds. Every error of the library passes fail(),
 * which only notes it; the environment is closed, moved aside and opened anew
 * in one place, ledger_store_recover(). Nothing here may end the process or
 * stop mail, nor wait: there is one locker, as long as the open transaction is
 * used for everything. Trusts its directory to be private, but no byte in it:
 * pages and logs carry checksums, every table the environment's identity, and
 * the log's length is proved by ledger_proof.c ahead of each recovery.
 */
#include "spoold/ledger_store.h"

#include "common/log.h"
#include "common/xalloc.h"

#include <db.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define CACHE_BYTES  (8U << 20)
#define LOG_FILE_MAX (1U << 20) /* recovery fills the last one up with zeros, also on a nearly full disk */
#define LOG_BUFFER   (128U << 10)
#define LOCKS_MAX                                                                                            \
    20000 /* a slice touches fewer pages; a transaction that needs more is left to the catch-up */
#define CHECKPOINT_KB  4096 /* about what the logs take of the disk and a recovery has to write */
#define CHECKPOINT_MIN 1

static const char *const table_names[LEDGER_TABLE__MAX] = {"meta.db", "rows.db", "keys.db", "holds.db"};

struct ledger_store {
    DB_ENV *env;
    DB *db[LEDGER_TABLE__MAX];
    DB_TXN *txn;
    int panic; /* why the library gave the environment up; all it says afterwards is "run recovery" */
};

/* --- trouble ------------------------------------------------------------ */

static enum ledger_trouble trouble_of(int rc)
{
    static const int is_short[] = {ENOSPC, EDQUOT, ENOMEM, EMFILE, ENFILE, EFBIG, EROFS, EACCES, EPERM};

    for (size_t i = 0; i < sizeof is_short / sizeof *is_short; i++) {
        if (rc == is_short[i])
            return LEDGER_SHORT;
    }
    return LEDGER_DAMAGED;
}

/* Notes the first trouble; what follows from it says nothing new. */
static int fail(struct ledger *l, int rc, const char *doing)
{
    if (l->trouble == LEDGER_WELL) {
        if (rc == DB_RUNRECOVERY && l->store->panic)
            rc = l->store->panic;
        l->trouble = trouble_of(rc);
        log_warnx("ledger: %s failed (%s); mail flows on, look-ups do not answer until it is mended", doing,
                  db_strerror(rc));
    }
    errno = rc > 0 ? rc : EIO;
    return -1;
}

int ledger_store_distrust(struct ledger *l, const char *doing)
{
    return fail(l, DB_PAGE_NOTFOUND, doing);
}

static void report(const DB_ENV *env, const char *prefix, const char *text)
{
    (void)env, (void)prefix;
    log_warnx("ledger: %s", text);
}

static void note_panic(DB_ENV *env, u_int32_t event, void *info)
{
    struct ledger_store *s = env->app_private;

    if (event == DB_EVENT_PANIC && info && !s->panic)
        memcpy(&s->panic, info, sizeof s->panic);
}

/* --- verbs -------------------------------------------------------------- */

static DBT dbt_of(struct view v)
{
    DBT t = {0};

    memcpy(&t.data, &v.p, sizeof t.data); /* Berkeley DB's input is not const */
    t.size = (u_int32_t)v.n;
    return t;
}

int ledger_store_get(struct ledger *l, enum ledger_table t, struct view key, struct ledger_packed *to)
{
    DBT k = dbt_of(key), d = {.data = to->p, .ulen = sizeof to->p, .flags = DB_DBT_USERMEM};
    int rc = 0;

    if (l->trouble)
        return -1;
    rc = l->store->db[t]->get(l->store->db[t], l->store->txn, &k, &d, 0);
    if (rc == DB_NOTFOUND)
        return 0;
    if (rc)
        return fail(l, rc, table_names[t]);
    to->n = d.size;
    return 1;
}

int ledger_store_put(struct ledger *l, enum ledger_table t, struct view key, struct view data)
{
    DBT k = dbt_of(key), d = dbt_of(data);
    int rc = 0;

    if (l->trouble)
        return -1;
    rc = l->store->db[t]->put(l->store->db[t], l->store->txn, &k, &d, 0);
    return rc ? fail(l, rc, table_names[t]) : 0;
}

int ledger_store_del(struct ledger *l, enum ledger_table t, struct view key)
{
    DBT k = dbt_of(key);
    int rc = 0;

    if (l->trouble)
        return -1;
    rc = l->store->db[t]->del(l->store->db[t], l->store->txn, &k, 0);
    return rc && rc != DB_NOTFOUND ? fail(l, rc, table_names[t]) : 0;
}

static int scan_start(DBC *c, DBT *k, DBT *d, int step)
{
    int rc = c->get(c, k, d, DB_SET_RANGE);

    if (step > 0)
        return rc;
    if (rc == DB_NOTFOUND)
        return c->get(c, k, d, DB_LAST);
    return rc ? rc : c->get(c, k, d, DB_PREV);
}

static int scan_all(DBC *c, DBT *k, int step, struct ledger_scanner by)
{
    DBT d = {0};
    int rc = scan_start(c, k, &d, step);

    for (; rc == 0; rc = c->get(c, k, &d, step > 0 ? DB_NEXT : DB_PREV)) {
        struct view key = {k->data, k->size}, data = {d.data, d.size};
        enum ledger_scan say = LEDGER_SCAN_ON;

        if (view_equal(key, LEDGER_IDENTITY_KEY))
            continue;
        say = by.see(key, data, by.arg);
        if (say == LEDGER_SCAN_STOP)
            return 0;
        if (say == LEDGER_SCAN_DELETE && (rc = c->del(c, 0)) != 0)
            return rc;
    }
    return rc;
}

int ledger_store_scan(struct ledger *l, enum ledger_table t, struct view from, int step,
                      struct ledger_scanner by)
{
    DBT k = dbt_of(from);
    DBC *c = NULL;
    int rc = 0, rc_close = 0;

    if (l->trouble)
        return -1;
    rc = l->store->db[t]->cursor(l->store->db[t], l->store->txn, &c, 0);
    if (rc)
        return fail(l, rc, table_names[t]);
    rc = scan_all(c, &k, step, by);
    rc_close = c->close(c);
    if (rc && rc != DB_NOTFOUND)
        return fail(l, rc, table_names[t]);
    if (rc_close)
        return fail(l, rc_close, table_names[t]);
    return l->trouble ? -1 : rc == DB_NOTFOUND;
}

/* --- transactions ------------------------------------------------------- */

bool ledger_store_in_txn(const struct ledger *l)
{
    return l->store->txn != NULL;
}

int ledger_begin(struct ledger *l)
{
    int rc = 0;

    if (l->trouble || l->store->txn)
        return -1;
    rc = l->store->env->txn_begin(l->store->env, NULL, &l->store->txn, 0);
    if (rc) {
        l->store->txn = NULL;
        return fail(l, rc, "beginning a transaction");
    }
    l->kept = l->head;
    l->touched = false;
    return 0;
}

void ledger_abort(struct ledger *l)
{
    DB_TXN *txn = l->store->txn;
    int rc = 0;

    if (!txn)
        return;
    l->store->txn = NULL;
    l->head = l->kept;
    rc = txn->abort(txn);
    if (rc)
        fail(l, rc, "undoing a transaction");
}

static int put_head(struct ledger *l)
{
    struct ledger_packed p;

    ledger_row_pack_head(&l->head, &p);
    return ledger_store_put(l, LEDGER_META, LEDGER_HEAD_KEY, (struct view){(char *)p.p, p.n});
}

int ledger_commit(struct ledger *l)
{
    DB_TXN *txn = l->store->txn;
    int rc = 0;

    if (!txn)
        return -1;
    if (l->trouble || (l->touched && put_head(l) < 0)) {
        ledger_abort(l);
        return -1;
    }
    l->store->txn = NULL;
    rc = txn->commit(txn, DB_TXN_WRITE_NOSYNC);
    if (rc) {
        l->head = l->kept;
        return fail(l, rc, "committing a transaction");
    }
    return 0;
}

void ledger_store_checkpoint(struct ledger *l)
{
    DB_ENV *env = l->store->env;
    int rc = l->trouble ? 0 : env->txn_checkpoint(env, CHECKPOINT_KB, CHECKPOINT_MIN, 0);

    if (rc)
        fail(l, rc, "the checkpoint");
}

/* --- the environment ---------------------------------------------------- */

/* Where the next record would stand, everything ahead of it being on the disk. */
static int log_end(DB_ENV *env, struct ledger_place *end)
{
    DB_LOG_STAT *stat = NULL;
    int rc = env->log_flush(env, NULL);

    if (rc == 0)
        rc = env->log_stat(env, &stat, 0);
    if (rc)
        return rc;
    *end = (struct ledger_place){stat->st_cur_file, stat->st_cur_offset};
    free(stat);
    return 0;
}

static void close_env(struct ledger *l)
{
    struct ledger_store *s = l->store;
    DB_ENV *env = s->env;
    struct ledger_place end = {0};

    journal_reader_close(&l->reader);
    ledger_abort(l);
    if (env && l->trouble == LEDGER_WELL)
        env->txn_checkpoint(env, 0, 0, DB_FORCE);
    for (unsigned t = 0; t < LEDGER_TABLE__MAX; t++) {
        if (s->db[t])
            s->db[t]->close(s->db[t], l->trouble == LEDGER_WELL ? 0 : DB_NOSYNC);
        s->db[t] = NULL;
    }
    if (env && l->trouble == LEDGER_WELL && s->panic == 0 && log_end(env, &end) == 0)
        ledger_proof_leave(l->dirfd, end);
    if (env)
        env->close(env, 0);
    s->env = NULL;
}

static int set_env(DB_ENV *env)
{
    bool failed = env->set_event_notify(env, note_panic) || env->set_cachesize(env, 0, CACHE_BYTES, 1) ||
                  env->set_lg_bsize(env, LOG_BUFFER) || env->set_lg_max(env, LOG_FILE_MAX) ||
                  env->set_lk_max_locks(env, LOCKS_MAX) || env->set_lk_max_objects(env, LOCKS_MAX) ||
                  env->log_set_config(env, DB_LOG_AUTO_REMOVE, 1) || env->set_tmp_dir(env, ".");

    env->set_errcall(env, report);
    return failed ? ENOMEM : 0;
}

static int open_env(struct ledger_store *s, u_int32_t flags)
{
    int rc = db_env_create(&s->env, 0);

    if (rc) {
        s->env = NULL;
        return rc;
    }
    s->panic = 0;
    s->env->app_private = s;
    rc = set_env(s->env);
    return rc ? rc : s->env->open(s->env, ".", flags | DB_CREATE | DB_PRIVATE | DB_INIT_LOG, 0600);
}

/* The log alone is opened for its end, because recovery makes a new one. */
static int check_log(struct ledger *l)
{
    struct ledger_store *s = l->store;
    struct ledger_place end = {0};
    int rc = open_env(s, 0);

    if (rc == 0)
        rc = log_end(s->env, &end);
    if (rc)
        return fail(l, rc, "reading the log");
    rc = s->env->close(s->env, 0);
    s->env = NULL;
    if (rc)
        return fail(l, rc, "closing the log");
    rc = ledger_proof_check(l->dirfd, end, table_names, LEDGER_TABLE__MAX);
    if (rc < 0)
        return fail(l, errno, "comparing the tables with the log");
    return rc ? ledger_store_distrust(l, "finding in the log what the tables hold") : 0;
}

static int open_table(struct ledger_store *s, enum ledger_table t)
{
    int rc = db_create(&s->db[t], s->env, 0);

    if (rc) {
        s->db[t] = NULL;
        return rc;
    }
    rc = s->db[t]->set_flags(s->db[t], DB_CHKSUM);
    return rc ? rc
              : s->db[t]->open(s->db[t], NULL, table_names[t], NULL, DB_BTREE, DB_CREATE | DB_AUTO_COMMIT,
                               0600);
}

static int open_all(struct ledger *l)
{
    int rc = 0;

    l->trouble = LEDGER_WELL;
    l->sweep = LEDGER_META;
    if (check_log(l) < 0)
        return -1;
    rc = open_env(l->store, DB_INIT_TXN | DB_INIT_MPOOL | DB_INIT_LOCK | DB_RECOVER);
    if (rc)
        return fail(l, rc, "opening the environment");
    for (unsigned t = 0; t < LEDGER_TABLE__MAX; t++) {
        rc = open_table(l->store, (enum ledger_table)t);
        if (rc)
            return fail(l, rc, table_names[t]);
    }
    return ledger_index_check(l);
}

/* --- life --------------------------------------------------------------- */

int ledger_store_recover(struct ledger *l, bool *aside)
{
    enum ledger_trouble was = l->trouble;

    close_env(l);
    if (was != LEDGER_DAMAGED) {
        if (open_all(l) == 0)
            return 0;
        /* A length that cannot be had is more often a damaged one than a full memory. */
        was = errno == ENOMEM ? LEDGER_DAMAGED : l->trouble;
        close_env(l);
    }
    l->trouble = was;
    if (was != LEDGER_DAMAGED || ledger_aside_move(l->dirfd) < 0)
        return -1;
    *aside = true;
    if (open_all(l) == 0)
        return 0;
    close_env(l);
    /* What was just made cannot be worth keeping aside: try again as it is. */
    l->trouble = LEDGER_SHORT;
    return -1;
}

struct ledger *ledger_open(int dirfd, int journal_dirfd, bool *rebuilt)
{
    struct stat a = {0}, b = {0};
    struct ledger *l = NULL;

    *rebuilt = false;
    if (fstat(dirfd, &a) < 0 || stat(".", &b) < 0)
        return NULL;
    if (a.st_dev != b.st_dev || a.st_ino != b.st_ino) {
        errno = EINVAL;
        return NULL;
    }
    if (faccessat(dirfd, ".", R_OK | W_OK | X_OK, AT_EACCESS) < 0)
        return NULL;
    l = xcalloc(1, sizeof *l);
    l->store = xcalloc(1, sizeof *l->store);
    l->dirfd = dirfd;
    l->journal_dirfd = journal_dirfd;
    ledger_store_recover(l, rebuilt);
    return l;
}

void ledger_close(struct ledger **l)
{
    if (!*l)
        return;
    close_env(*l);
    free((*l)->store);
    free(*l);
    *l = NULL;
}
