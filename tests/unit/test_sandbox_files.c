/*
 * test_sandbox_files.c - call by call: what a role with a scratch folder may do, and that it stays in there.
 *
 * Run by "make check". Each case is a child in the sandbox of worker-av, with
 * descriptors and a scratch folder as the runtime gives them; exit code 0 = as the
 * case says. What all roles have is in test_sandbox_seccomp.c.
 */
#include "sandbox_world.h"
#include "workers/sandbox_table.h"
#include "workers/scratch.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define MB ((size_t)1 << 20)

static struct scratch own;
static char folder[SCRATCH_PATH_MAX];

static const char *in(const char *name)
{
    static char path[SCRATCH_PATH_MAX + 40];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int refused(long rc, int err)
{
    return rc == -1 && errno == err ? 0 : 1;
}

static int works_as_libclamav_does(void)
{
    char line[10] = "";
    struct stat st;
    struct dirent *e;
    FILE *f;
    DIR *d;
    int fd, n = 0;

    if (mkdir(in("scan"), 0700) < 0)
        return 1;
    fd = open(in("scan/part"), O_RDWR | O_CREAT | O_EXCL | O_TRUNC, 0600);
    if (fd < SANDBOX_OWN_FD || write(fd, "part", 4) != 4 || lseek(fd, 1, SEEK_SET) != 1 ||
        read(fd, line, 3) != 3 || fstat(fd, &st) < 0 || st.st_size != 4)
        return 2;
    f = fdopen(fd, "r+");
    if (!f || fseek(f, 0, SEEK_SET) < 0 || !fgets(line, sizeof line, f) || fclose(f) != 0)
        return 3;
    if (stat(in("scan"), &st) < 0 || !S_ISDIR(st.st_mode) || lstat(in("scan/part"), &st) < 0)
        return 4;
    d = opendir(in("scan"));
    while (d && (e = readdir(d)))
        n++;
    if (n != 3)
        return 5;
    rewinddir(d);
    closedir(d);
    return unlink(in("scan/part")) == 0 && rmdir(in("scan")) == 0 ? 0 : 6;
}

static int chmod_is_known_and_refused(void)
{
    return refused(chmod(folder, 0700), ENOSYS);
}

static int reads_nothing_outside(void)
{
    return refused(open("/etc/passwd", O_RDONLY | O_CLOEXEC), EACCES);
}

static int looks_at_nothing_outside(void)
{
    struct stat st;

    return refused(stat("/etc/passwd", &st), EACCES) + refused(stat("/no such file", &st), ENOENT);
}

static int makes_nothing_outside(void)
{
    return refused(open("/tmp/escaped", O_WRONLY | O_CREAT | O_CLOEXEC, 0600), EACCES) +
           refused(mkdir("/tmp/escaped", 0700), EACCES);
}

static int no_path_without_its_file(void)
{
    return refused(open("/etc/passwd", O_PATH | O_CLOEXEC), ENOSYS) +
           refused(open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600), ENOSYS);
}

static int folders_are_private(void)
{
    return refused(mkdir(in("wide"), 0755), ENOSYS);
}

static int message_keeps_its_offset(void)
{
    char byte;

    return refused(lseek(SANDBOX_MESSAGE_FD, 1, SEEK_SET), ENOSYS) +
           refused(read(SANDBOX_MESSAGE_FD, &byte, 1), ENOSYS) +
           refused(syscall(SYS_lseek, (1L << 32) + SANDBOX_MESSAGE_FD, 1, SEEK_SET), ENOSYS) +
           (pread(SANDBOX_MESSAGE_FD, &byte, 1, 0) == 1 ? 0 : 1);
}

static int files_are_not_mapped(void)
{
    int fd = open(in("map"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    void *p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);

    return refused(p == MAP_FAILED ? -1 : 0, ENOSYS);
}

static int memory_ends_a_gigabyte_above(void)
{
    void *some = mmap(NULL, 900 * MB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    void *more = mmap(NULL, 200 * MB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return some != MAP_FAILED && more == MAP_FAILED && errno == ENOMEM ? 0 : 1;
}

static int descriptors_end_at_64(void)
{
    int fd, last = -1;

    while ((fd = open(in("many"), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) >= 0)
        last = fd;
    return errno == EMFILE && last == 63 && lseek(last, 0, SEEK_SET) == 0 ? 0 : 1;
}

static int a_file_ends_at_its_limit(void)
{
    static char block[WORLD_FILE_MAX + 1];
    int fd = open(in("large"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    return write(fd, block, sizeof block) == WORLD_FILE_MAX ? refused(write(fd, block, 1), EFBIG) : 1;
}

static int programs_are_not_started(void)
{
    char *const none[] = {NULL};

    return execve(in("program"), none, none);
}

static int links_are_not_made(void)
{
    return refused(symlink("/etc/passwd", in("link")), ENOSYS) +
           refused(link(in("many"), in("hard")), ENOSYS) + refused(rename(in("many"), in("x")), ENOSYS);
}

static const struct call {
    const char *behaviour;
    int (*run)(void);
    int signal; /* 0: exit code 0 */
} calls[] = {
    {"folders and files are made, read, listed and removed", works_as_libclamav_does, 0},
    {"chmod answers ENOSYS", chmod_is_known_and_refused, 0},
    {"a file outside is not read", reads_nothing_outside, 0},
    {"nor looked at", looks_at_nothing_outside, 0},
    {"nothing is made outside", makes_nothing_outside, 0},
    {"neither O_PATH nor O_TMPFILE", no_path_without_its_file, 0},
    {"a folder for others is not made", folders_are_private, 0},
    {"the message's offset is not moved", message_keeps_its_offset, 0},
    {"a file is not mapped", files_are_not_mapped, 0},
    {"memory: 1 GB on top of what is mapped", memory_ends_a_gigabyte_above, 0},
    {"64 descriptors, all of them its own", descriptors_end_at_64, 0},
    {"a temporary file ends at its limit", a_file_ends_at_its_limit, 0},
    {"links and other names are not made", links_are_not_made, 0},
    {"a program ends the process", programs_are_not_started, SIGSYS},
};

static int in_sandbox(const void *arg)
{
    const struct call *c = arg;
    struct sandbox_options o = world_options;
    struct sandbox_result r;
    struct buf why = {0};
    int message = memfd_create("message", MFD_CLOEXEC);

    signal(SIGXFSZ, SIG_IGN);
    o.scratch = scratch_make_child(&own, 1, folder);
    if (o.scratch < 0 || write(message, "message", 7) != 7 || fcntl(message, F_DUPFD, 20) != 20)
        return 100;
    if (sandbox_places_set(&o.scratch) < 0 || dup2(20, SANDBOX_MESSAGE_FD) < 0)
        return 101;
    if (sandbox_enter(ROLE_AV, &o, &r, &why) < 0 || !(r.applied & SANDBOX_LANDLOCK))
        return 102;
    return c->run();
}

static void run_calls(int (*run)(const void *))
{
    struct buf why = {0};
    char text[40];

    assert_int_equal(scratch_open(&own, "test", &why), 0);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        int status = world_child(run, &calls[i]);
        bool good =
            calls[i].signal ? WIFSIGNALED(status) && WTERMSIG(status) == calls[i].signal : status == 0;

        scratch_remove_child(&own, 1);
        if (!good)
            print_error("%s: %s\n", calls[i].behaviour, world_status(status, text, sizeof text));
        assert_true(good);
    }
    scratch_close(&own);
}

static void each_call_is_answered_as_the_table_says(void **state)
{
    (void)state;
    SKIP_UNDER_SANITIZER();
    run_calls(in_sandbox);
}

static int end_group(void **state)
{
    (void)state;
    scratch_close(&own);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_call_is_answered_as_the_table_says),
    };

    own.fd = -1;
    return cmocka_run_group_tests(tests, NULL, end_group);
}
