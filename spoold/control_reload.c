/*
 * control_reload.c - see control_reload.h. Loop thread, called by control_server.c.
 *
 * "look" tells which file, folder and overrides are read, so that spoolctl can read the same and try it
 * before; the order carries the hash of what was tried, and its answer comes when the settings are in force
 * or refused. Whoever may ask is root or our own user; it must never wait for a disk.
 */
#include "spoold/control_reload.h"

#include "common/json.h"
#include "common/log.h"
#include "common/xalloc.h"
#include "spoold/config_kept.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The folder's name as it is now; "" where it has none that can be entered. */
static void add_folder(struct json *j, int fd)
{
    char link[32], path[PATH_MAX];
    ssize_t n;

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    n = readlink(link, path, sizeof path);
    json_add_view(j, "folder", n > 0 && (size_t)n < sizeof path ? (struct view){path, (size_t)n} : VIEW("."));
}

static int answer_look(struct spoold *s, struct buf *out)
{
    const struct reload_source *from = &s->source;
    struct view *override = xcalloc(from->override_n + 1, sizeof *override);
    struct json j;

    for (size_t i = 0; i < from->override_n; i++)
        override[i] = view_of(from->override[i]);
    json_open(&j, out);
    json_add_str(&j, "file", from->file);
    add_folder(&j, from->cwd);
    json_add_views(&j, "override", override, from->override_n);
    json_add_str(&j, "whatif_on_reload", s->cfg->whatif_on_reload);
    json_add_int(&j, "whatif_days", s->cfg->whatif_days);
    json_add_str(&j, "config", config_kept_hash(s->cfg));
    json_close(&j);
    buf_add_char(out, '\n');
    free(override);
    return EXIT_OK;
}

int control_reload(struct spoold *s, const struct control_request *r, struct buf *out, const char **message)
{
    const struct view hash = control_argument(r, "config");

    if (r->n == 2 && view_equal(r->word[1], VIEW("look")))
        return answer_look(s, out);
    if (r->n != (hash.p ? 2u : 1u)) {
        *message = "reload takes one word or none: look, or config=HASH";
        return EXIT_USAGE_64;
    }
    if (s->stopping) {
        *message = "spoold is stopping";
        return EXIT_TEMP_75;
    }
    reload_order(s, control_ticket(s), hash);
    s->scan_due = s->look_due = 0; /* as at SIGHUP */
    return CONTROL_LATER;
}
