/*
 * drop_envelope.c - see drop_envelope.h.
 *
 * The file format is that of spool-formats 2.1: status word, reverse-path, all
 * recipients on one line, "key: value" lines, an empty line. What would not
 * come back unchanged from spoold's envelope parser is refused here, with the
 * exit code that makes an MTA bounce (65) instead of trying for days (75).
 */
#include "tools/drop_envelope.h"

#include "common/envelope.h"
#include "common/log.h"

#define QUOTED_MAX 100 /* bytes of an address shown in a complaint */

void drop_envelope_add_quoted(struct buf *b, const char *s)
{
    size_t n = 0;

    buf_add_char(b, '\'');
    for (; s[n] && n < QUOTED_MAX; n++) {
        unsigned char c = (unsigned char)s[n];

        if (c >= 0x20 && c <= 0x7e)
            buf_add_char(b, (char)c);
        else
            buf_addf(b, "\\x%02x", c);
    }
    buf_add_str(b, s[n] ? "...'" : "'");
}

static bool is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7f;
}

static bool has_control(struct view v)
{
    for (size_t i = 0; i < v.n; i++)
        if (is_control(v.p[i]))
            return true;
    return false;
}

/* One of the words in `set` ("a|b"), in any case; answers it as `set` spells it, or p == NULL. */
static struct view find_word(const char *set, struct view word)
{
    while (word.n) {
        struct view w = {set, strcspn(set, "|")};

        if (view_equal_nocase(w, word))
            return w;
        if (set[w.n] == '\0')
            break;
        set += w.n + 1;
    }
    return (struct view){NULL, 0};
}

/* RFC 3461 section 4.1: NEVER stands alone, the others may be listed. */
static bool add_notify(struct view v, struct buf *out)
{
    struct view never = find_word("NEVER", v);

    if (never.p) {
        buf_add_view(out, never);
        return true;
    }
    for (size_t at = 0; at <= v.n;) {
        const char *comma = memchr(v.p + at, ',', v.n - at);
        size_t end = comma ? (size_t)(comma - v.p) : v.n;
        struct view w = find_word("SUCCESS|FAILURE|DELAY", (struct view){v.p + at, end - at});

        if (!w.p)
            return false;
        if (at)
            buf_add_char(out, ',');
        buf_add_view(out, w);
        at = end + 1;
    }
    return true;
}

static bool add_body(struct view v, struct buf *out)
{
    struct view w = find_word("7bit|8bitmime", v);

    buf_add_view(out, w);
    return w.p != NULL;
}

static bool add_ret(struct view v, struct buf *out)
{
    struct view w = find_word("full|hdrs", v);

    buf_add_view(out, w);
    return w.p != NULL;
}

static const struct {
    const char *key;
    const char *option;
    bool (*add)(struct view value, struct buf *out); /* NULL: any text */
    const char *accepted;
} key_table[DROP_KEY__MAX] = {
    [DROP_KEY_IP] = {"connectedip", "--ip", NULL, NULL},
    [DROP_KEY_HELO] = {"helo", "--helo", NULL, NULL},
    [DROP_KEY_AUTH] = {"auth", "--auth", NULL, NULL},
    [DROP_KEY_BODY] = {"body", "--body", add_body, "7bit or 8bitmime"},
    [DROP_KEY_SMTPUTF8] = {"smtputf8", "--smtputf8", NULL, NULL},
    [DROP_KEY_ENVID] = {"envid", "--envid", NULL, NULL},
    [DROP_KEY_RET] = {"ret", "--ret", add_ret, "full or hdrs"},
    [DROP_KEY_NOTIFY] = {"notify", "--notify", add_notify, "NEVER, or a list of SUCCESS,FAILURE,DELAY"},
    [DROP_KEY_PROTOCOL] = {"protocol", "--protocol", NULL, NULL},
};

/* Control characters first: a value with a line feed must not get as far as a word list. */
static int add_key(enum drop_key k, struct view v, struct buf *out, struct buf *why)
{
    if (v.n > DROP_ENVELOPE_VALUE_MAX || has_control(v)) {
        buf_addf(why, "the value of %s is not usable: it has %s", key_table[k].option,
                 has_control(v) ? "control characters or a line break" : "more than 1024 bytes");
        return EXIT_DATA_65;
    }
    buf_addf(out, "%s: ", key_table[k].key);
    if (!key_table[k].add) {
        buf_add_view(out, v);
    } else if (!key_table[k].add(v, out)) {
        buf_addf(why, "%s takes %s, not ", key_table[k].option, key_table[k].accepted);
        drop_envelope_add_quoted(why, v.p);
        return EXIT_USAGE_64;
    }
    buf_add_char(out, '\n');
    return 0;
}

static int add_keys(const struct drop_envelope *e, struct buf *out, struct buf *why)
{
    for (enum drop_key k = 0; k < DROP_KEY__MAX; k++) {
        struct view v = view_trim(view_of(e->value[k]));
        int rc = v.n ? add_key(k, v, out, why) : 0;

        if (rc)
            return rc;
    }
    return 0;
}

/* NULL, or what is wrong with an address that has no brackets around it. */
static const char *address_fault(struct view a)
{
    if (a.n > ENVELOPE_ADDR_MAX)
        return "it has more than 1024 bytes";
    for (size_t i = 0; i < a.n; i++) {
        if (is_control(a.p[i]))
            return "it has a control character or a line break";
        if (a.p[i] == ',' || a.p[i] == ' ')
            return "it has a comma or a blank; give each recipient as an argument of its own";
        if (a.p[i] == '<' || a.p[i] == '>')
            return "it has an angle bracket inside; give the bare address";
    }
    return NULL;
}

/* One pair only: what is inside must be an address, and "<<>>" is none. */
static struct view without_brackets(const char *s)
{
    struct view a = view_of(s);

    if (a.n >= 2 && a.p[0] == '<' && a.p[a.n - 1] == '>')
        return (struct view){a.p + 1, a.n - 2};
    return a;
}

static int add_address(const char *what, const char *s, struct buf *out, struct buf *why)
{
    struct view a = without_brackets(s);
    const char *fault = address_fault(a);

    if (fault) {
        buf_addf(why, "the %s address ", what);
        drop_envelope_add_quoted(why, s);
        buf_addf(why, " cannot be used: %s", fault);
        return EXIT_DATA_65;
    }
    buf_add_view(out, a);
    return 0;
}

/* Repeats are kept: whoever handed them in may count the answers. */
static int add_recipients(const struct drop_envelope *e, struct buf *out, struct buf *why)
{
    size_t start = out->n;

    if (e->rcpt_n == 0 || e->rcpt_n > ENVELOPE_RCPT_MAX) {
        buf_add_str(why, e->rcpt_n ? "there are more than 50,000 recipients; send the message in parts"
                                   : "there is no recipient; give at least one address");
        return EXIT_DATA_65;
    }
    for (size_t i = 0; i < e->rcpt_n; i++) {
        int rc = 0;

        if (without_brackets(e->rcpt[i]).n == 0) {
            buf_add_str(why, "a recipient is empty; only the sender may be");
            return EXIT_DATA_65;
        }
        if (i)
            buf_add_char(out, ',');
        rc = add_address("recipient", e->rcpt[i], out, why);
        if (rc)
            return rc;
    }
    if (out->n - start < ENVELOPE_LINE_MAX)
        return 0;
    buf_add_str(why, "the recipients make more than 2 MB; send the message in parts");
    return EXIT_DATA_65;
}

int drop_envelope_pack(const struct drop_envelope *e, time_t received, struct buf *out, struct buf *why)
{
    char at[sizeof "2026-01-02T03:04:05Z"] = "";
    struct tm tm = {0};
    int rc = 0;

    buf_add_str(out, "Written\n");
    if ((rc = add_address("sender", e->sender, out, why)))
        return rc;
    buf_add_char(out, '\n');
    if ((rc = add_recipients(e, out, why)))
        return rc;
    buf_add_char(out, '\n');
    if ((rc = add_keys(e, out, why)))
        return rc;
    if (gmtime_r(&received, &tm) && strftime(at, sizeof at, "%Y-%m-%dT%H:%M:%SZ", &tm))
        buf_addf(out, "received-at: %s\n", at);
    buf_add_char(out, '\n');
    return 0;
}
