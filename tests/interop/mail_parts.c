/*
 * mail_parts.c - what a reader of mail sees: for each file named on standard input one line of JSON.
 *
 * Linked with either reader of mail_reader.h; tests/interop/mail_compare.py compares what they print:
 * {"file": "...", "oddities": ["..."], "leaves": [{"type", "encoding", "name", "bytes", "sha256", "crlf"}]}.
 * A leaf is a part that is neither multipart nor message, of the usual reading (--all: of every reading), in
 * the order of the message; crlf is the sum of its bytes with each line end as CRLF.
 */
#include "common/buf.h"
#include "common/json.h"
#include "common/oddity.h"
#include "tests/interop/mail_reader.h"

#include <err.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FILE_MAX_BYTES (1u << 30)

static void add_sum(struct json *j, const char *key, struct view bytes)
{
    unsigned char sum[SHA256_DIGEST_LENGTH];
    char hex[2 * sizeof sum + 1];

    SHA256((const unsigned char *)(bytes.p ? bytes.p : ""), bytes.n, sum);
    for (size_t i = 0; i < sizeof sum; i++)
        snprintf(hex + 2 * i, 3, "%02x", sum[i]);
    json_add_str(j, key, hex);
}

/* With each line end as CRLF. */
static void add_crlf(struct json *j, struct view bytes)
{
    struct buf b = {0};

    for (size_t i = 0; i < bytes.n; i++) {
        if (bytes.p[i] == '\n' && (i == 0 || bytes.p[i - 1] != '\r'))
            buf_add_char(&b, '\r');
        buf_add_char(&b, bytes.p[i]);
    }
    add_sum(j, "crlf", buf_view(&b));
    buf_free(&b);
}

static void add_leaf(void *with, const struct mail_reader_leaf *leaf)
{
    struct buf *to = with, one = {0};
    struct json j;

    json_open(&j, &one);
    json_add_view(&j, "type", leaf->type);
    json_add_view(&j, "encoding", leaf->encoding);
    json_add_view(&j, "name", leaf->name);
    json_add_int(&j, "bytes", (int64_t)leaf->bytes.n);
    add_sum(&j, "sha256", leaf->bytes);
    add_crlf(&j, leaf->bytes);
    json_close(&j);
    buf_addf(to, "%s%s", to->n ? "," : "", one.p);
    buf_free(&one);
}

static void print_file(const char *path, struct view message, bool all)
{
    struct buf leaves = {0}, line = {0}, odd = {0}, list = {0};
    uint64_t set = mail_reader_read(message, all, add_leaf, &leaves);
    struct json j;

    for (unsigned o = 1; o < ODDITY__MAX; o++)
        if (set & 1ull << o)
            buf_addf(&odd, "%s\"%s\"", odd.n ? "," : "", oddity_name(o));
    json_open(&j, &line);
    json_add_str(&j, "file", path);
    buf_addf(&list, "[%s]", odd.n ? odd.p : "");
    json_add_text(&j, "oddities", buf_view(&list));
    buf_clear(&list);
    buf_addf(&list, "[%s]", leaves.n ? leaves.p : "");
    json_add_text(&j, "leaves", buf_view(&list));
    json_close(&j);
    puts(line.p);
    buf_free(&leaves);
    buf_free(&line);
    buf_free(&odd);
    buf_free(&list);
}

int main(int argc, char **argv)
{
    const bool all = argc > 1 && strcmp(argv[1], "--all") == 0;
    struct buf message = {0};
    char *path = NULL;
    size_t cap = 0;
    ssize_t n;

    while ((n = getline(&path, &cap, stdin)) > 0) {
        int fd;

        if (path[n - 1] == '\n')
            path[n - 1] = '\0';
        fd = open(path, O_RDONLY | O_CLOEXEC);
        buf_clear(&message);
        if (fd < 0 || buf_read_fd(&message, fd, FILE_MAX_BYTES) < 0)
            err(1, "%s", path);
        close(fd);
        print_file(path, buf_view(&message), all);
    }
    free(path);
    buf_free(&message);
    return fflush(stdout) == 0 ? 0 : 1;
}
