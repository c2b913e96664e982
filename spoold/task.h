/*
 * task.h - a piece of work that goes from the loop to the store and back.
 *
 * The loop owns a task until it is submitted and again from done() on; between
 * the two the store owns it. Whatever a task needs or finds out is embedded
 * around it. Tasks come back in the order in which they were submitted.
 */
#ifndef SPOOLD_TASK_H
#define SPOOLD_TASK_H

struct depot;
struct spoold;

struct task {
    struct task *next;
    void (*run)(struct task *t, struct depot *d);   /* store thread: may wait for the disk */
    void (*done)(struct task *t, struct spoold *s); /* loop thread: must not */
};

/* A queue of tasks; the links are the tasks' own. */
struct task_list {
    struct task *first, **last;
    unsigned n;
};

static inline void task_list_init(struct task_list *l)
{
    l->first = 0;
    l->last = &l->first;
    l->n = 0;
}

static inline void task_list_add(struct task_list *l, struct task *t)
{
    t->next = 0;
    *l->last = t;
    l->last = &t->next;
    l->n++;
}

static inline struct task *task_list_take(struct task_list *l)
{
    struct task *t = l->first;

    if (t) {
        l->first = t->next;
        if (!l->first)
            l->last = &l->first;
        l->n--;
        t->next = 0;
    }
    return t;
}

/* Moves what is in `from` into the list `to`, which need not be initialised. */
static inline void task_list_move(struct task_list *to, struct task_list *from)
{
    task_list_init(to);
    if (from->first) {
        *to = *from;
        task_list_init(from);
    }
}

#endif
