/*
 * mail_reader_ours.c - see mail_reader.h. Reads with workers/mail/.
 *
 * Like worker-av it keeps the memory of one message for the next. Text around the parts of a
 * multipart, and files that are written into a text, are told in the reading of all things only: other
 * readers do not call them parts.
 */
#include "tests/interop/mail_reader.h"

#include "workers/mail/mail.h"
#include "workers/mail/mail_leaf.h"

#define SIZE_MAX_DECODED (400ull << 20)

const char mail_reader_name[] = "spoold";
const bool mail_reader_has_readings = true;

struct told {
    struct mail *mail;
    const struct mail_part *part;
    mail_reader_fn *leaf;
    void *with;
};

static void tell(const struct told *t, struct view bytes)
{
    struct mail_reader_leaf leaf = {.type = mail_part_type(t->mail, t->part),
                                    .encoding = view_of(mail_encoding_name(t->part->encoding)),
                                    .name = mail_part_name(t->mail, t->part, NULL),
                                    .bytes = bytes};

    t->leaf(t->with, &leaf);
}

static uint64_t read_part(const struct told *t, bool all)
{
    /* Its buffers serve one message after the other, as in a worker. */
    static struct mail_leaf leaf;
    struct mail_content c;

    mail_leaf_open(&leaf, t->part->body, t->part->encoding);
    while (mail_leaf_next(&leaf, &c)) {
        if (t->leaf)
            tell(t, c.bytes);
        if (!all)
            break;
    }
    return leaf.met;
}

uint64_t mail_reader_read(struct view message, bool all, mail_reader_fn *leaf, void *with)
{
    static struct mail m;
    struct told t = {.mail = &m, .leaf = leaf, .with = with};
    uint64_t odd;

    mail_open(&m, message, SIZE_MAX_DECODED);
    odd = m.odd;
    for (unsigned i = 0; i < m.n; i++) {
        bool is_leaf = m.part[i].kind == MAIL_KIND_LEAF || (all && m.part[i].kind == MAIL_KIND_AROUND);

        if (!is_leaf || (m.part[i].other && !all))
            continue;
        t.part = &m.part[i];
        odd |= read_part(&t, all);
    }
    mail_close(&m);
    return odd;
}
