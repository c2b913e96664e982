/*
 * antivirus_words.c - see common/antivirus.h. Linked by the supervisor and worker-av; pure.
 *
 * Numbers of both ends are looked up here: one that came over a wire is never an
 * index before it was compared with the table. The settings are the supervisor's,
 * on the same machine and of the same build, so they travel as they are.
 */
#include "common/antivirus.h"

#include <errno.h>
#include <string.h>

static const char *const states[] = {"not asked", "clean", "infected", "unexamined"};

static const struct {
    const char *name;
    bool transient;
    unsigned rank; /* the worst reason is the one that is told */
} whys[] = {
    [ANTIVIRUS_EXAMINED] = {"", false, 0},
    [ANTIVIRUS_ENCRYPTED] = {"encrypted", false, 1},
    [ANTIVIRUS_NO_UNPACKER] = {"no-unpacker", false, 2},
    [ANTIVIRUS_LIMIT] = {"limit", false, 3},
    [ANTIVIRUS_AMBIGUOUS] = {"ambiguous", false, 4},
    [ANTIVIRUS_ENGINE] = {"engine", true, 6},
    [ANTIVIRUS_RESOURCE] = {"resource", true, 7},
    [ANTIVIRUS_BYTES] = {"unreadable", true, 5},
};

_Static_assert(sizeof states / sizeof *states == ANTIVIRUS_STATE__MAX, "one name per state");
_Static_assert(sizeof whys / sizeof *whys == ANTIVIRUS_WHY__MAX, "one row per reason");

const char *antivirus_state_name(uint32_t state)
{
    return state < ANTIVIRUS_STATE__MAX ? states[state] : "?";
}

const char *antivirus_why_name(uint32_t why)
{
    return why < ANTIVIRUS_WHY__MAX ? whys[why].name : "?";
}

bool antivirus_is_transient(uint32_t why)
{
    return why < ANTIVIRUS_WHY__MAX && whys[why].transient;
}

bool antivirus_is_worse(enum antivirus_why why, enum antivirus_why than)
{
    return whys[why].rank > whys[than].rank;
}

void antivirus_pack(struct buf *to, const struct antivirus_settings *s)
{
    buf_add(to, s, sizeof *s);
}

int antivirus_unpack(struct view bytes, struct antivirus_settings *s)
{
    if (bytes.n == sizeof *s) {
        memcpy(s, bytes.p, sizeof *s);
        if (!(s->flags & ~(uint32_t)ANTIVIRUS__FLAGS) && s->scan_time_ms && s->recursion && s->files &&
            s->scan_size && s->file_size)
            return 0;
    }
    errno = EINVAL;
    return -1;
}
