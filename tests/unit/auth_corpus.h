/*
 * auth_corpus.h - messages and zones of the corpus (SPOOLD_CORPUS) for the tests of dkim and dmarc.
 *
 * Included by test_check_dkim_corpus.c and test_auth_agreement.c, behind auth_world.h. The messages are
 * unpacked below /tmp and removed at the end. Where there is no corpus the tests are skipped.
 */
#ifndef TESTS_UNIT_AUTH_CORPUS_H
#define TESTS_UNIT_AUTH_CORPUS_H

#include "auth_world.h"

#include <fcntl.h>
#include <jansson.h>
#include <unistd.h>

#define AUTH_MESSAGE_MAX (4u << 20)

static inline char *auth_corpus_path(const char *name)
{
    const char *base = getenv("SPOOLD_CORPUS");

    return xasprintf("%s/%s", base ? base : "../shared/corpus", name);
}

/* NULL: there is no corpus. The caller drops it. */
static inline json_t *auth_corpus_load(const char *name)
{
    char *path = auth_corpus_path(name);
    json_error_t error;
    json_t *j = json_load_file(path, 0, &error);

    if (!j && access(path, R_OK) == 0)
        fail_msg("%s:%d: %s", path, error.line, error.text);
    free(path);
    return j;
}

static inline void auth_corpus_unpack(const char *name, char dir[64])
{
    char *path = auth_corpus_path(name), *cmd;

    snprintf(dir, 64, "/tmp/spoold-auth-XXXXXX");
    assert_non_null(mkdtemp(dir));
    cmd = xasprintf("tar -xJf '%s' -C %s", path, dir);
    assert_int_equal(system(cmd), 0);
    free(cmd);
    free(path);
}

static inline void auth_corpus_remove(const char *dir)
{
    char *cmd = xasprintf("rm -rf %s", dir);

    assert_int_equal(system(cmd), 0);
    free(cmd);
}

static inline void auth_corpus_read(const char *dir, const char *name, struct buf *to)
{
    char *path = xasprintf("%s/%s", dir, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || buf_read_fd(to, fd, AUTH_MESSAGE_MAX) < 0)
        fail_msg("cannot read %s", path);
    close(fd);
    free(path);
}

static inline const char *auth_text(json_t *of, const char *key)
{
    const char *s = json_string_value(json_object_get(of, key));

    return s ? s : "";
}

/* --- a zone: name -> list of records ------------------------------------- */

static inline enum fact_rcode auth_zone_rcode(const char *word)
{
    return strcmp(word, "TIMEOUT") == 0    ? FACT_TIMEOUT
           : strcmp(word, "SERVFAIL") == 0 ? FACT_SERVFAIL
           : strcmp(word, "NXDOMAIN") == 0 ? FACT_NXDOMAIN
                                           : FACT_NOERROR;
}

static inline void auth_zone_record(json_t *record, enum fact_type type, struct buf *to)
{
    json_t *piece;
    size_t i;

    if (type == FACT_MX)
        buf_addf(to, "%d ", (int)json_integer_value(json_object_get(record, "pref")));
    buf_add_str(to, auth_text(record, "data"));
    json_array_foreach(json_object_get(record, "strings"), i, piece)
        buf_add(to, json_string_value(piece), json_string_length(piece));
}

/* Adds what the zone says of one name; records that no fact can be ("AAA" as an address) are left out. */
static inline void auth_zone_add(struct auth_world *w, json_t *zone, enum fact_type type, struct view name)
{
    struct buf text[FACTS_ANSWERS_MAX] = {0};
    struct view answer[FACTS_ANSWERS_MAX];
    struct fact f = {.type = type, .name = name, .answer = answer, .at = 1}, alias = {.type = FACT_CNAME};
    char key[FACTS_NAME_MAX + 1];
    json_t *records, *record;
    struct view target;
    size_t i;

    snprintf(key, sizeof key, "%.*s", (int)name.n, name.p);
    records = json_object_get(zone, key);
    f.rcode = records ? FACT_NOERROR : FACT_NXDOMAIN;
    json_array_foreach(records, i, record)
    {
        const char *is = auth_text(record, "type");

        if (strcmp(is, "CNAME") == 0) {
            target = view_of(auth_text(record, "data"));
            alias.name = name;
            alias.answer = &target;
            alias.answer_n = 1;
        }
        if (strcmp(is, fact_type_name(type)) != 0)
            continue;
        if (auth_text(record, "rcode")[0]) {
            f.rcode = auth_zone_rcode(auth_text(record, "rcode"));
        } else if (f.answer_n < FACTS_ANSWERS_MAX && strcmp(auth_text(record, "data"), "AAA") != 0) {
            auth_zone_record(record, type, &text[f.answer_n]);
            answer[f.answer_n] = buf_view(&text[f.answer_n]);
            f.answer_n++;
        }
    }
    if (f.rcode != FACT_NOERROR)
        f.answer_n = 0;
    if (alias.answer_n && !f.answer_n)
        assert_int_equal(facts_add(&w->facts, &alias), 0);
    else if (facts_add(&w->facts, &f) < 0)
        fail_msg("%s %s cannot be a fact", fact_type_name(type), key);
    for (i = 0; i < FACTS_ANSWERS_MAX; i++)
        buf_free(&text[i]);
}

/* Makes facts of all needs; how many there were. */
static inline unsigned auth_zone_fill(struct auth_world *w, json_t *zone)
{
    unsigned n = w->a.needs.n;

    for (unsigned i = 0; i < n; i++)
        auth_zone_add(w, zone, w->a.needs.need[i].type, w->a.needs.need[i].name);
    needs_clear(&w->a.needs);
    return n;
}

#endif
