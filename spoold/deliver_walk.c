/*
 * deliver_walk.c - walks through an outlet, a slice at a time.
 *
 * Store thread, asked by deliver_list.c. Names only: whose they are and what stands
 * in them is looked at when a delivery is opened.
 */
#include "spoold/deliver_part.h"

#include "common/xalloc.h"
#include "spoold/depot.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define LIST_SLICE 1000 /* names read in one run */

/* "BASE.hdr", "BASE.2.hdr", "BASE.r.hdr"; notes without an envelope are the rest of an end. */
static void list_add(struct deliver_list *l, struct view name)
{
    static const struct view ends[] = {{".hdr", 4}, {DELIVER_NOTES, sizeof DELIVER_NOTES - 1}};

    for (size_t e = 0; e < 2; e++) {
        if (!view_ends_with(name, ends[e]) || name.n - ends[e].n > DELIVER_STEM_MAX)
            continue;
        l->stem = xrealloc(l->stem, l->n + 1, sizeof *l->stem);
        l->stem[l->n++] = xstrndup(name.p, name.n - ends[e].n);
        return;
    }
}

void deliver_store_list(struct task *t, struct depot *d)
{
    struct deliver_list *l = (struct deliver_list *)t;
    const struct dirent *e = NULL;

    if (!l->dir) {
        int fd = openat(d->spool.outlet[l->intake].fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        l->dir = fd >= 0 ? fdopendir(fd) : NULL;
        if (!l->dir && fd >= 0)
            close(fd);
    }
    for (unsigned n = 0; l->dir && n < LIST_SLICE && (e = readdir(l->dir)); n++)
        list_add(l, view_of(e->d_name));
    l->end = !l->dir || !e;
    if (l->end && l->dir) {
        closedir(l->dir);
        l->dir = NULL;
    }
}

void deliver_store_list_free(struct deliver_list *l)
{
    while (l->n)
        free(l->stem[--l->n]);
    free(l->stem);
    if (l->dir)
        closedir(l->dir);
    *l = (struct deliver_list){0};
}
