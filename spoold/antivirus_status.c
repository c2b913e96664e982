/*
 * antivirus_status.c - how the engine stands: for spoolctl, and for the choice between overlap and drain.
 *
 * Loop thread. What it reads of /proc are numbers of the kernel, which waits for
 * no disk; a number that cannot be had is shown as 0, never guessed.
 */
#include "spoold/antivirus_part.h"

#include "common/json.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PROC_TEXT 8192

static size_t read_proc(const char *path, char *to, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, to, size - 1);

    if (fd >= 0)
        close(fd);
    to[n > 0 ? n : 0] = '\0';
    return n > 0 ? (size_t)n : 0;
}

uint64_t antivirus_memory_kb(uint32_t pid)
{
    char path[40], text[PROC_TEXT];
    const char *resident;

    snprintf(path, sizeof path, "/proc/%u/statm", pid);
    if (!pid || !read_proc(path, text, sizeof text) || !(resident = strchr(text, ' ')))
        return 0;
    return strtoull(resident, NULL, 10) * ((uint64_t)sysconf(_SC_PAGESIZE) / 1024);
}

uint64_t antivirus_free_kb(void)
{
    char text[PROC_TEXT];
    const char *line = read_proc("/proc/meminfo", text, sizeof text) ? strstr(text, "MemAvailable:") : NULL;

    return line ? strtoull(line + strlen("MemAvailable:"), NULL, 10) : 0;
}

static const char *state_of(const struct spoold *s, const struct pool_about *a)
{
    if (!s->cfg->clamav)
        return "off";
    if (pool_is_draining(s->pool, ROLE_AV))
        return "reloading";
    return a->serving ? "serving" : "down";
}

/* What the administrator should know first; the alarms stand in `spoolctl status` as well. */
static const char *worst_of(const struct spoold *s)
{
    static const enum alarm_kind kinds[] = {ALARM_ANTIVIRUS, ALARM_SIGNATURES, ALARM_UNEXAMINED};
    const char *trouble = antivirus_trouble(s);

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && (!trouble || i == 0); i++)
        if (s->alarms.since_ms[kinds[i]])
            trouble = s->alarms.text[kinds[i]];
    return trouble ? trouble : "";
}

static void add_loaded(struct json *j, const struct pool_about *a)
{
    const struct wire_loaded *l = &a->loaded;

    json_add_str(j, "engine", l->engine);
    json_add_int(j, "signatures", (int64_t)l->signatures);
    json_add_int(j, "version", l->version);
    if (l->built) {
        json_add_time(j, "built", l->built * 1000);
        json_add_int(j, "age_s", depot_wall_ms() / 1000 - l->built);
    }
    json_add_bool(j, "test_only", l->flags & WIRE_LOADED_TEST);
}

void antivirus_add_status(const struct spoold *s, struct json *j)
{
    static const char *const modes[] = {"auto", "overlap", "drain"};
    struct pool_about a = {0};
    if (!s->pool)
        return;
    pool_get_about(s->pool, ROLE_AV, &a);
    json_begin_object(j, "antivirus");
    json_add_str(j, "state", state_of(s, &a));
    add_loaded(j, &a);
    json_add_int(j, "generation", (int64_t)a.generation);
    json_add_int(j, "memory_kb", (int64_t)antivirus_memory_kb(a.pid));
    json_add_str(j, "folder", s->cfg->av_signatures);
    json_add_int(j, "files", s->av.seen.files);
    json_add_str(j, "reload_mode", modes[s->cfg->av_reload_mode]);
    json_add_int(j, "last_reload_ms", a.reload_ms);
    json_add_str(j, "trouble", worst_of(s));
    json_end_object(j);
}
