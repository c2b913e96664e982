/*
 * test_av_guard.c - the guard stands between libclamav and libc, counts what fails and nothing else.
 *
 * Run by "make check". What libclamav makes of such failures is in
 * test_av_sabotage.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "workers/av/av_canary.h"
#include "workers/av/av_examine.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED true
#else
#define SANITIZED false
#endif

/* So large that nobody has it; not known when compiling. */
static volatile size_t huge = PTRDIFF_MAX;
static void *volatile nothing;
static char dir[] = "/tmp/spoold-guard.XXXXXX";
static char inside[100], missing[100];

/* What libclamav and the libraries below it import: `nm -D --undefined-only`. */
static void libraries_find_the_guard_before_libc(void **state)
{
    static const char *const names[] = {
        "open64",   "open",       "openat64", "mkdir",       "opendir",       "read",       "pread64",
        "write",    "pwrite64",   "writev",   "ftruncate64", "fopen64",       "fopen",      "fdopen",
        "fwrite",   "fputs",      "fputc",    "putc",        "__fprintf_chk", "fprintf",    "__vfprintf_chk",
        "fflush",   "fclose",     "mmap64",   "mmap",        "dup",           "iconv_open", "openat",
        "__open_2", "__open64_2", "creat",    "mkstemp64",   "mkdtemp",       "mremap",     "vfprintf",
    };
    static const char *const memory[] = {"malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc"};
    void *(*own)(void) = (void *(*)(void))(uintptr_t)av_guard_load;
    Dl_info program, found;

    (void)state;
    assert_int_not_equal(dladdr((void *)(uintptr_t)own, &program), 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_int_not_equal(dladdr(dlsym(RTLD_DEFAULT, names[i]), &found), 0);
        if (found.dli_fbase != program.dli_fbase)
            fail_msg("%s is called past the guard", names[i]);
    }
    for (size_t i = 0; i < sizeof memory / sizeof *memory && !SANITIZED; i++) {
        assert_int_not_equal(dladdr(dlsym(RTLD_DEFAULT, memory[i]), &found), 0);
        if (found.dli_fbase != program.dli_fbase)
            fail_msg("%s is called past the guard", memory[i]);
    }
}

/* ---- calls that fail, and calls that only seem to ---- */

static void open_nothing(void)
{
    assert_int_equal(open(missing, O_RDONLY), -1);
    assert_null(fopen(missing, "r"));
    assert_null(opendir(missing));
}

static void open_folder_for_writing(void)
{
    assert_int_equal(open(dir, O_WRONLY), -1);
}

static void make_file_nowhere(void)
{
    char path[200];

    snprintf(path, sizeof path, "%s/there", missing);
    assert_int_equal(open(path, O_WRONLY | O_CREAT, 0600), -1);
}

static void make_stream_nowhere(void)
{
    char path[200];

    snprintf(path, sizeof path, "%s/there", missing);
    assert_null(fopen(path, "wb"));
}

static void make_folder_twice(void)
{
    assert_int_equal(mkdir(dir, 0700), -1);
}

static void read_nothing_yet(void)
{
    char c;
    int ends[2];

    assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
    assert_int_equal(read(ends[0], &c, 1), -1);
    close(ends[0]);
    close(ends[1]);
}

static void read_folder(void)
{
    char c;
    int fd = open(dir, O_RDONLY | O_CLOEXEC);

    assert_int_equal(pread(fd, &c, 1, 0), -1);
    close(fd);
}

static void write_full(void)
{
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

    assert_int_equal(write(fd, "x", 1), -1);
    close(fd);
}

static void writev_full(void)
{
    struct iovec v = {(void *)(uintptr_t) "x", 1};
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

    assert_int_equal(writev(fd, &v, 1), -1);
    close(fd);
}

/* Noticed where the buffer is written. */
static void close_full(void)
{
    FILE *f = fopen("/dev/full", "w");

    assert_non_null(f);
    assert_true(fputs("x", f) >= 0);
    assert_int_equal(fclose(f), EOF);
}

static void print_full(void)
{
    FILE *f = fopen("/dev/full", "w");

    assert_non_null(f);
    setvbuf(f, NULL, _IONBF, 0);
    assert_true(fprintf(f, "%d", (int)huge) < 0);
    fclose(f);
}

static void fwrite_full(void)
{
    FILE *f = fopen("/dev/full", "w");

    assert_non_null(f);
    setvbuf(f, NULL, _IONBF, 0);
    assert_int_equal(fwrite("ab", 1, 2, f), 0);
    fclose(f);
}

static void shrink_nothing(void)
{
    assert_int_equal(ftruncate(-1, 0), -1);
}

static void map_too_much(void)
{
    assert_true(mmap(NULL, huge, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
}

static void map_code(void)
{
    assert_true(mmap(NULL, huge, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
}

static void allocate_too_much(void)
{
    assert_null(malloc(huge));
}

static void callocate_too_much(void)
{
    assert_null(calloc(huge, 4));
}

static void grow_too_much(void)
{
    assert_null(realloc(nothing, huge));
}

static void align_too_much(void)
{
    void *p = NULL;

    errno = 5;
    assert_int_equal(posix_memalign(&p, 64, huge), ENOMEM);
    assert_int_equal(errno, 5);
}

static void use_memory(void)
{
    char *p = malloc(10);
    void *q = NULL;

    p = realloc(p, 100000);
    p[99999] = 1;
    assert_int_equal(posix_memalign(&q, 4096, 100), 0);
    assert_int_equal((uintptr_t)q % 4096, 0);
    free(q);
    free(p);
}

static void convert_from_nowhere(void)
{
    assert_true(iconv_open("UTF-8", "no-such-charset") == (iconv_t)-1);
}

static void make_and_remove(void)
{
    int fd = open(inside, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    struct stat st;
    char c = 0;

    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_mode & 0700, 0600);
    assert_int_equal(pwrite(fd, "abc", 3, 2), 3);
    assert_int_equal(pread(fd, &c, 1, 4), 1);
    assert_int_equal(c, 'c');
    assert_int_equal(ftruncate(fd, 1), 0);
    close(fd);
    assert_int_equal(unlink(inside), 0);
}

static const struct {
    const char *what;
    void (*run)(void);
    const char *call; /* NULL: no failure */
    int err;
    bool memory;
} cases[] = {
    {"looking for what is not there is normal", open_nothing, NULL, 0, false},
    {"a file that is opened for writing in vain", open_folder_for_writing, "open", EISDIR, false},
    {"a file that cannot be made", make_file_nowhere, "open", ENOENT, false},
    {"a stream that cannot be made", make_stream_nowhere, "fopen", ENOENT, false},
    {"a folder that cannot be made", make_folder_twice, "mkdir", EEXIST, false},
    {"nothing to read yet is normal", read_nothing_yet, NULL, 0, false},
    {"a read that fails", read_folder, "pread", EISDIR, false},
    {"a write that fails", write_full, "write", ENOSPC, false},
    {"a gathered write that fails", writev_full, "writev", ENOSPC, false},
    {"a write that fails when closing", close_full, "fclose", ENOSPC, false},
    {"printing to a full disk", print_full, "vfprintf", ENOSPC, false},
    {"fwrite to a full disk", fwrite_full, "fwrite", ENOSPC, false},
    {"a length that cannot be set", shrink_nothing, "ftruncate", EBADF, false},
    {"a map without room", map_too_much, "mmap", ENOMEM, false},
    {"memory for code is refused by the sandbox", map_code, NULL, 0, false},
    {"malloc without memory", allocate_too_much, "malloc", ENOMEM, true},
    {"calloc without memory", callocate_too_much, "calloc", ENOMEM, true},
    {"realloc without memory", grow_too_much, "realloc", ENOMEM, true},
    {"posix_memalign without memory", align_too_much, "memalign", ENOMEM, true},
    {"memory as always", use_memory, NULL, 0, true},
    {"an unknown charset is normal", convert_from_nowhere, NULL, 0, false},
    {"a file that is made, written, read and cut", make_and_remove, NULL, 0, false},
};

static void failures_count_and_nothing_else(void **state)
{
    struct av_guard_report r;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (cases[i].memory && SANITIZED)
            continue;
        av_guard_begin();
        cases[i].run();
        av_guard_end(&r);
        if (!cases[i].call != !r.failures || (cases[i].call && strcmp(cases[i].call, r.call) != 0) ||
            r.err != cases[i].err)
            fail_msg("%s: %u failures, %s, %s", cases[i].what, r.failures, r.call ? r.call : "none",
                     strerror(r.err));
    }
}

static void outside_of_a_scan_nothing_counts(void **state)
{
    struct av_guard_report r;

    (void)state;
    av_guard_begin();
    write_full();
    av_guard_end(&r);
    assert_int_equal(r.failures, 1);
    write_full();
    av_guard_begin();
    av_guard_end(&r);
    assert_int_equal(r.failures, 0);
}

static void the_first_failure_is_kept_and_all_are_counted(void **state)
{
    struct av_guard_report r;

    (void)state;
    av_guard_begin();
    make_folder_twice();
    write_full();
    write_full();
    av_guard_end(&r);
    assert_int_equal(r.failures, 3);
    assert_string_equal(r.call, "mkdir");
    assert_int_equal(r.err, EEXIST);
}

static void the_nth_call_can_be_broken(void **state)
{
    struct av_guard_report r;
    int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

    (void)state;
    av_guard_break("write", 2, EDQUOT);
    assert_int_equal(write(fd, "x", 1), 1);
    for (int again = 0; again < 2; again++) {
        av_guard_begin();
        assert_int_equal(write(fd, "x", 1), 1);
        errno = 0;
        assert_int_equal(write(fd, "x", 1), -1);
        assert_int_equal(errno, EDQUOT);
        assert_int_equal(write(fd, "x", 1), 1);
        av_guard_end(&r);
        assert_int_equal(r.failures, 1);
    }
    av_guard_break(NULL, 0, 0);
    av_guard_begin();
    for (int i = 0; i < 3; i++)
        assert_int_equal(write(fd, "x", 1), 1);
    av_guard_end(&r);
    assert_int_equal(r.failures, 0);
    close(fd);
}

static void success_leaves_errno_alone(void **state)
{
    int fd;

    (void)state;
    errno = 42;
    fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    assert_int_equal(write(fd, "x", 1), 1);
    assert_int_equal(errno, 42);
    close(fd);
}

/* The write of a message's part goes through libclamav's own call of fwrite, in its library. */
static void a_call_of_libclamav_comes_through_here(void **state)
{
    static const struct antivirus_settings settings = {
        .scan_time_ms = 60000, .recursion = 10, .files = 1000, .scan_size = 1 << 26, .file_size = 1 << 24};
    struct buf why = {0}, mime = {0};
    struct wire_loaded loaded = {0};
    struct av_engine *e = av_engine_open(&settings, 0, &why);
    struct av_order order;
    struct av_answer a;
    unsigned resource = 0;

    (void)state;
    assert_non_null(e);
    assert_int_equal(av_canary_write_signatures(dir), 0);
    assert_int_equal(av_engine_load(e, dir, &loaded, &why), 0);
    assert_int_equal(av_engine_settle(e, dir), 0);
    av_canary_make(AV_CANARY_MIME, &mime);
    order = (struct av_order){.bytes = buf_view(&mime)};
    av_examine(e, &order, &a);
    assert_int_equal(a.state, ANTIVIRUS_INFECTED);
    for (unsigned n = 1; n <= 8; n++) {
        av_guard_break("fwrite", n, ENOSPC);
        av_examine(e, &order, &a);
        assert_int_not_equal(a.state, ANTIVIRUS_CLEAN);
        resource += a.state == ANTIVIRUS_UNEXAMINED && a.why == ANTIVIRUS_RESOURCE;
    }
    av_guard_break(NULL, 0, 0);
    assert_true(resource > 0);
    buf_free(&mime);
    buf_free(&why);
    av_engine_free(&e);
}

static int make_dir(void **state)
{
    (void)state;
    if (!mkdtemp(dir) || av_guard_load() < 0)
        return -1;
    snprintf(inside, sizeof inside, "%s/file", dir);
    snprintf(missing, sizeof missing, "%s/missing", dir);
    return 0;
}

static int remove_dir(void **state)
{
    char path[100];

    (void)state;
    snprintf(path, sizeof path, "%s/spoold-test.ndb", dir);
    unlink(path);
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(libraries_find_the_guard_before_libc),
        cmocka_unit_test(failures_count_and_nothing_else),
        cmocka_unit_test(outside_of_a_scan_nothing_counts),
        cmocka_unit_test(the_first_failure_is_kept_and_all_are_counted),
        cmocka_unit_test(the_nth_call_can_be_broken),
        cmocka_unit_test(success_leaves_errno_alone),
        cmocka_unit_test(a_call_of_libclamav_comes_through_here),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
