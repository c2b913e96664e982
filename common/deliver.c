/*
 * deliver.c - see deliver.h. Packs and reads the order for worker-deliver and the notes that come back.
 *
 * Called by the supervisor (order out, notes in) and by worker-deliver (order in,
 * notes out). Both ends hold every word against the same rules: what stands in
 * an order ends up in commands of SMTP, what stands in a note decides whether a
 * message is sent again. Nothing is repaired: what breaks a rule is refused as a
 * whole. Pure: no files, no clock.
 */
#include "common/deliver.h"

#include <errno.h>

#define ORDER_MARK  0x31564c44u /* "DLV1" */
#define NOTE_DIGITS 5           /* of an index; DELIVER_INDEX_MAX has as many */
#define CODE_LEAST  200
#define CODE_MOST   599

static void pack_number(struct buf *to, uint32_t n)
{
    const unsigned char b[4] = {(unsigned char)n, (unsigned char)(n >> 8), (unsigned char)(n >> 16),
                                (unsigned char)(n >> 24)};

    buf_add(to, b, sizeof b);
}

static void pack_view(struct buf *to, struct view v)
{
    pack_number(to, (uint32_t)v.n);
    buf_add_view(to, v);
}

void deliver_pack(const struct deliver_order *o, struct buf *to)
{
    pack_number(to, ORDER_MARK);
    pack_number(to, o->flags);
    pack_number(to, o->tls);
    pack_number(to, o->timeout_ms);
    pack_view(to, o->helo);
    pack_view(to, o->tls_name);
    pack_view(to, o->user);
    pack_view(to, o->password);
    pack_view(to, o->sender);
    pack_view(to, o->envid);
    pack_number(to, (uint32_t)o->rcpt_n);
    for (size_t i = 0; i < o->rcpt_n; i++) {
        pack_number(to, o->rcpt[i].index);
        pack_view(to, o->rcpt[i].address);
        pack_view(to, o->rcpt[i].notify);
    }
}

static bool take_number(struct view *rest, uint32_t *n)
{
    const unsigned char *p = (const unsigned char *)rest->p;

    if (rest->n < 4)
        return false;
    *n = p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    rest->p += 4;
    rest->n -= 4;
    return true;
}

static bool is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7f;
}

/* A line end in one of them would be a command of its own. */
static bool take_view(struct view *rest, struct view *v)
{
    uint32_t n;

    if (!take_number(rest, &n) || n > rest->n)
        return false;
    *v = (struct view){rest->p, n};
    rest->p += n;
    rest->n -= n;
    for (size_t i = 0; i < v->n; i++)
        if (is_control(v->p[i]))
            return false;
    return true;
}

/* One word of a command: printable ASCII without blanks. */
static bool is_word(struct view v)
{
    for (size_t i = 0; i < v.n; i++)
        if (v.p[i] < '!' || v.p[i] > '~')
            return false;
    return true;
}

/* It stands between < and >, which nothing in it may end; outside of quotes a blank would begin a parameter.
 */
bool deliver_is_address(struct view v)
{
    bool quoted = false;

    for (size_t i = 0; i < v.n; i++) {
        char c = v.p[i];

        if (c == '<' || c == '>' || (c == ' ' && !quoted))
            return false;
        if (c == '\\' && quoted && i + 1 < v.n && v.p[i + 1] != '<' && v.p[i + 1] != '>')
            i++;
        else if (c == '"')
            quoted = !quoted;
    }
    return !quoted;
}

static bool take_head(struct view *rest, struct deliver_order *o)
{
    uint32_t mark;

    return take_number(rest, &mark) && mark == ORDER_MARK && take_number(rest, &o->flags) &&
           take_number(rest, &o->tls) && take_number(rest, &o->timeout_ms) && take_view(rest, &o->helo) &&
           take_view(rest, &o->tls_name) && take_view(rest, &o->user) && take_view(rest, &o->password) &&
           take_view(rest, &o->sender) && take_view(rest, &o->envid);
}

static bool check_head(const struct deliver_order *o)
{
    return !(o->flags & ~(uint32_t)DELIVER__FLAGS) && o->tls < DELIVER_TLS__MAX && o->helo.n > 0 &&
           is_word(o->helo) && is_word(o->tls_name) && is_word(o->envid) && deliver_is_address(o->sender);
}

static bool take_rcpt(struct view *rest, struct deliver_rcpt *r)
{
    return take_number(rest, &r->index) && take_view(rest, &r->address) && take_view(rest, &r->notify) &&
           r->index <= DELIVER_INDEX_MAX && r->address.n > 0 && deliver_is_address(r->address) &&
           is_word(r->notify);
}

static bool take_order(struct view rest, struct deliver_order *o, struct deliver_rcpt rcpt[DELIVER_RCPT_MAX])
{
    uint32_t n;

    if (rest.n > DELIVER_ORDER_MAX || !take_head(&rest, o) || !check_head(o) || !take_number(&rest, &n) ||
        n == 0 || n > DELIVER_RCPT_MAX)
        return false;
    for (uint32_t i = 0; i < n; i++)
        if (!take_rcpt(&rest, &rcpt[i]))
            return false;
    o->rcpt = rcpt;
    o->rcpt_n = n;
    return rest.n == 0;
}

int deliver_unpack(struct view bytes, struct deliver_order *o, struct deliver_rcpt rcpt[DELIVER_RCPT_MAX])
{
    *o = (struct deliver_order){0};
    if (take_order(bytes, o, rcpt))
        return 0;
    *o = (struct deliver_order){0};
    errno = EINVAL;
    return -1;
}

void deliver_note_add(struct buf *to, const struct deliver_note *n)
{
    size_t most = n->text.n < DELIVER_TEXT_MAX ? n->text.n : DELIVER_TEXT_MAX;

    buf_addf(to, "%u %c %u ", n->index, (char)n->fate, n->code);
    for (size_t i = 0; i < most; i++)
        buf_add_char(to, n->text.p[i] >= ' ' && n->text.p[i] <= '~' ? n->text.p[i] : '?');
    buf_add_char(to, '\n');
}

/* A number without needless zeros and the blank behind it: what deliver_note_add() writes. */
static bool take_digits(struct view *line, size_t digits, uint32_t *n)
{
    size_t i = 0;

    *n = 0;
    while (i < line->n && i < digits && line->p[i] >= '0' && line->p[i] <= '9')
        *n = *n * 10 + (uint32_t)(line->p[i++] - '0');
    if (i == 0 || i == line->n || line->p[i] != ' ' || (i > 1 && line->p[0] == '0'))
        return false;
    line->p += i + 1;
    line->n -= i + 1;
    return true;
}

static bool take_fate(struct view *line, enum deliver_fate *fate)
{
    if (line->n < 2 || line->p[1] != ' ')
        return false;
    if (line->p[0] != DELIVER_DONE && line->p[0] != DELIVER_FAILED && line->p[0] != DELIVER_LATER)
        return false;
    *fate = (enum deliver_fate)line->p[0];
    line->p += 2;
    line->n -= 2;
    return true;
}

static bool check_text(struct view v)
{
    for (size_t i = 0; i < v.n; i++)
        if (v.p[i] < ' ' || v.p[i] > '~')
            return false;
    return v.n <= DELIVER_TEXT_MAX;
}

int deliver_note_next(struct view *rest, struct deliver_note *n)
{
    const char *end = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;
    struct view line;
    uint32_t code;

    if (!end)
        return 0;
    line = (struct view){rest->p, (size_t)(end - rest->p)};
    rest->p += line.n + 1;
    rest->n -= line.n + 1;
    if (!take_digits(&line, NOTE_DIGITS, &n->index) || n->index > DELIVER_INDEX_MAX ||
        !take_fate(&line, &n->fate) || !take_digits(&line, 3, &code) ||
        (code != 0 && (code < CODE_LEAST || code > CODE_MOST)) || !check_text(line))
        return -1;
    n->code = code;
    n->text = line;
    return 1;
}
