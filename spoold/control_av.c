/*
 * control_av.c - see control_av.h. Loop thread, called by control_server.c.
 *
 * Only words and refusals: what is loaded and how stands in antivirus.c. Must
 * never wait, neither for a disk nor for a worker. A spoold that examines nothing
 * says so and does not pretend to have done what was asked.
 */
#include "spoold/control_av.h"

#include "common/json.h"
#include "common/log.h"
#include "spoold/antivirus.h"

static int answer_status(struct spoold *s, struct buf *out, const char **message)
{
    struct json j;

    (void)message;
    json_open(&j, out);
    antivirus_add_status(s, &j);
    json_close(&j);
    buf_add_char(out, '\n');
    return EXIT_OK;
}

static int answer_reload(struct spoold *s, struct buf *out, const char **message)
{
    struct json j;

    if (!s->cfg->clamav) {
        *message = "the virus scanner is switched off (antivirus.clamav = no)";
        return EXIT_FINDING;
    }
    if (s->stopping) {
        *message = "spoold is stopping";
        return EXIT_TEMP_75;
    }
    antivirus_reload(s);
    json_open(&j, out);
    json_add_bool(&j, "asked", true);
    json_close(&j);
    buf_add_char(out, '\n');
    return EXIT_OK;
}

int control_av(struct spoold *s, const struct control_request *r, struct buf *out, const char **message)
{
    static const struct {
        const char *word;
        int (*answer)(struct spoold *s, struct buf *out, const char **message);
    } words[] = {{"status", answer_status}, {"reload", answer_reload}};

    /* Only tests, and a spoold that does the workers' part itself, are without. */
    if (!s->pool) {
        *message = "this spoold has no workers";
        return EXIT_TEMP_75;
    }
    for (size_t i = 0; r->n == 2 && i < sizeof words / sizeof *words; i++)
        if (view_equal(r->word[1], view_of(words[i].word)))
            return words[i].answer(s, out, message);
    *message = "av takes one word: status or reload";
    return EXIT_USAGE_64;
}
