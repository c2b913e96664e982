/*
 * store.c - see store.h. The only place where the two threads meet.
 *
 * `given` and `done` are the two hand-over points, each guarded by the lock;
 * between them the tasks belong to the thread alone.
 */
#include "spoold/store.h"

#include "common/log.h"
#include "common/xalloc.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct store {
    struct depot *depot;
    bool threaded;
    int event;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct task_list given, done; /* guarded */
    bool stop;                    /* guarded */
    bool busy;                    /* loop thread: submitted, not yet collected */
    int64_t since;
    uint64_t batches;
};

static void publish_done(struct store *s, struct task_list *batch)
{
    uint64_t one = 1;

    pthread_mutex_lock(&s->lock);
    task_list_move(&s->done, batch);
    pthread_mutex_unlock(&s->lock);
    if (write(s->event, &one, sizeof one) < 0)
        log_warn("the store cannot wake the loop");
}

static void *store_main(void *arg)
{
    struct store *s = arg;
    struct task_list batch;

    for (;;) {
        pthread_mutex_lock(&s->lock);
        while (!s->given.first && !s->stop)
            pthread_cond_wait(&s->work, &s->lock);
        task_list_move(&batch, &s->given);
        pthread_mutex_unlock(&s->lock);
        if (!batch.first)
            return NULL;
        depot_run(s->depot, &batch);
        publish_done(s, &batch);
    }
}

/* Signals are the loop's: the thread starts with all of them blocked. */
static void start_thread(struct store *s)
{
    sigset_t all, old;
    int err;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    err = pthread_create(&s->thread, NULL, store_main, s);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (err)
        fatalx("the store thread cannot be started: %s", strerror(err));
}

struct store *store_start(struct depot *d, bool threaded)
{
    struct store *s = xcalloc(1, sizeof *s);

    s->depot = d;
    s->threaded = threaded;
    task_list_init(&s->given);
    task_list_init(&s->done);
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->work, NULL);
    s->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (s->event < 0)
        fatal("eventfd");
    if (threaded)
        start_thread(s);
    return s;
}

void store_stop(struct store **sp)
{
    struct store *s = *sp;

    if (s->threaded) {
        pthread_mutex_lock(&s->lock);
        s->stop = true;
        pthread_cond_signal(&s->work);
        pthread_mutex_unlock(&s->lock);
        pthread_join(s->thread, NULL);
    }
    close(s->event);
    free(s);
    *sp = NULL;
}

int store_fd(const struct store *s)
{
    return s->event;
}

bool store_idle(const struct store *s)
{
    return !s->busy;
}

uint64_t store_batches(const struct store *s)
{
    return s->batches;
}

int64_t store_busy_ms(const struct store *s)
{
    return s->busy ? depot_mono_ms() - s->since : 0;
}

void store_submit(struct store *s, struct task_list *batch)
{
    s->busy = true;
    s->since = depot_mono_ms();
    s->batches++;
    if (!s->threaded) {
        struct task_list mine;

        task_list_move(&mine, batch);
        depot_run(s->depot, &mine);
        publish_done(s, &mine);
        return;
    }
    pthread_mutex_lock(&s->lock);
    task_list_move(&s->given, batch);
    pthread_cond_signal(&s->work);
    pthread_mutex_unlock(&s->lock);
}

bool store_collect(struct store *s, struct task_list *to)
{
    uint64_t count;

    if (read(s->event, &count, sizeof count) < 0 && errno != EAGAIN)
        log_warn("the store's event cannot be read");
    pthread_mutex_lock(&s->lock);
    task_list_move(to, &s->done);
    pthread_mutex_unlock(&s->lock);
    if (!to->first)
        return false;
    s->busy = false;
    return true;
}
