/*
 * msg.c - see msg.h. Memory and names of one message; no system calls but close(2).
 */
#include "spoold/msg.h"

#include "common/xalloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const step_names[MSG_STEP__MAX] = {
    [MSG_STEP_ADMIT] = "admit",     [MSG_STEP_OFFER] = "offer",     [MSG_STEP_WINDOW] = "window",
    [MSG_STEP_GATE] = "gate",       [MSG_STEP_LOCK] = "lock",       [MSG_STEP_DECIDE] = "decide",
    [MSG_STEP_EXAMINE] = "examine", [MSG_STEP_JUDGE] = "judge",     [MSG_STEP_CREATE] = "create",
    [MSG_STEP_REWRITE] = "rewrite", [MSG_STEP_PREPARE] = "prepare", [MSG_STEP_COMMIT] = "commit",
    [MSG_STEP_RESUME] = "resume",   [MSG_STEP_CONTENT] = "content", [MSG_STEP_ENVELOPE] = "envelope",
    [MSG_STEP_RECORD] = "record",   [MSG_STEP_UNLINK] = "unlink",   [MSG_STEP_FINISH] = "finish",
    [MSG_STEP_HOLD] = "hold",       [MSG_STEP_HELD] = "held",       [MSG_STEP_GONE] = "gone",
};

const char *msg_step_name(enum msg_step s)
{
    return step_names[s];
}

struct msg *msg_new(const struct base *b)
{
    struct msg *m = xcalloc(1, sizeof *m);

    m->base = *b;
    m->eml = -1;
    for (size_t i = 0; i < MSG_COPIES_MAX; i++)
        m->out[i] = -1;
    return m;
}

void msg_clear_decision(struct msg *m)
{
    for (size_t i = 0; i < m->copy_n; i++) {
        free(m->copy[i].rcpt);
        free(m->copy[i].redirect);
        buf_free(&m->copy[i].marks);
    }
    free(m->rest.rcpt);
    decide_free(&m->decided);
    buf_free(&m->decisions);
    m->by = DECIDE_BY_NOTHING;
    memset(m->copy, 0, sizeof m->copy);
    m->rest = (struct msg_copy){0};
    m->copy_n = 0;
}

void msg_close_outs(struct msg *m)
{
    for (size_t i = 0; i < MSG_COPIES_MAX; i++) {
        if (m->out[i] >= 0)
            close(m->out[i]);
        m->out[i] = -1;
    }
}

void msg_free(struct msg **m)
{
    if (!*m)
        return;
    msg_clear_decision(*m);
    msg_close_outs(*m);
    buf_free(&(*m)->edits);
    parts_free(&(*m)->parts);
    judging_free(&(*m)->spam);
    envelope_free(&(*m)->env);
    free((char *)(uintptr_t)(*m)->name.p);
    if ((*m)->eml >= 0)
        close((*m)->eml);
    free(*m);
    *m = NULL;
}

const char *msg_file(const struct msg *m, char *to, const char *suffix)
{
    snprintf(to, MSG_NAME_MAX, "%s%s", m->base.s, suffix);
    return to;
}

const char *msg_out_file(const struct msg *m, char *to, unsigned k, const char *suffix)
{
    snprintf(to, MSG_NAME_MAX, "%s.%u%s", m->base.s, k, suffix);
    return to;
}

const char *msg_outlet_file(const struct msg *m, char *to, unsigned k, const char *suffix)
{
    return k == 1 ? msg_file(m, to, suffix) : msg_out_file(m, to, k, suffix);
}

static void copy_add(struct msg_copy *c, size_t rcpt, size_t room)
{
    if (!c->rcpt)
        c->rcpt = xcalloc(room, sizeof *c->rcpt);
    c->rcpt[c->rcpt_n++] = rcpt;
}

void msg_add_copy_all(struct msg *m)
{
    struct msg_copy *c = &m->copy[m->copy_n++];

    for (size_t i = 0; i < m->env.rcpt_n; i++)
        copy_add(c, i, m->env.rcpt_n);
}

void msg_fill_rest(struct msg *m)
{
    char *taken = xcalloc(m->env.rcpt_n, 1);

    for (size_t c = 0; c < m->copy_n; c++)
        for (size_t i = 0; i < m->copy[c].rcpt_n; i++)
            taken[m->copy[c].rcpt[i]] = 1;
    for (size_t i = 0; i < m->env.rcpt_n; i++)
        if (!taken[i])
            copy_add(&m->rest, i, m->env.rcpt_n);
    free(taken);
}

uint64_t msg_size(const struct msg *m)
{
    return (uint64_t)m->eml_stat.st_size;
}

void msg_set_reason(struct msg *m, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(m->reason, sizeof m->reason, fmt, ap);
    va_end(ap);
}
