/*
 * test_av_sabotage.c - whatever is taken from the engine, nothing that was not examined is called clean.
 *
 * Run by "make check". reliability.md, R6: each case breaks one thing under
 * libclamav, in a process of its own and without a sandbox, and has EICAR in a
 * ZIP archive and in a message examined. The controls leave one proof out and
 * show that some case is then called clean, so that each of these tests can fail.
 */
#include "sabotage_world.h"

#include "workers/av/av_examine.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY 65534
/* Exit codes. */
#define IMPOSSIBLE 77
#define UNREADY    78 /* before anything was broken */

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED true
#else
#define SANITIZED false
#endif

/* What is examined: both with EICAR somewhere in it. */
enum which { IN_ZIP, IN_MIME, WHICH__MAX };

struct sabotage {
    const char *what;
    int (*damage)(const char *scratch, unsigned turn); /* 0, or -1 where it cannot be done */
    void (*make)(struct buf *to);                      /* an archive; NULL: EICAR in one, and the canary */
    const char *call;                                  /* fails at the turn-th time */
    int err;
    unsigned turns;                  /* variants of the damage */
    bool as_root, unsanitized, mail; /* mail: `make` makes the message itself */
};
/* Written by the child; what it did not come to stays NOT_ASKED. */
struct outcome {
    struct av_answer answer[WHICH__MAX];
};

/* Everything of this test lies in it. */
static char world[] = "/tmp/spoold-sabotage.XXXXXX";

static void make_message(const struct sabotage *s, enum which which, struct buf *to)
{
    struct buf zip = {0};

    if (which == IN_MIME && !s->make) {
        av_canary_make(AV_CANARY_MIME, to);
        return;
    }
    (s->make ? s->make : make_plain)(&zip);
    if (which == IN_ZIP || s->mail)
        buf_add_view(to, buf_view(&zip));
    else
        make_mime(to, &zip);
    buf_free(&zip);
}

/* ---- what is taken from the engine ---- */

static int remove_scratch(const char *scratch, unsigned turn)
{
    (void)turn;
    return rmdir(scratch);
}

/* Root may write everywhere. */
static int make_read_only(const char *scratch, unsigned turn)
{
    (void)turn;
    if (getuid() == 0 && (chmod(world, 0711) < 0 || chown(scratch, NOBODY, NOBODY) < 0 ||
                          setresuid(NOBODY, NOBODY, NOBODY) < 0))
        return -1;
    return chmod(scratch, 0500);
}

static int mount_scratch(const char *scratch, const char *options)
{
    return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0
               ? mount("tmpfs", scratch, "tmpfs", 0, options)
               : -1;
}

/* With 0, 1, ... pages left. */
static int fill_disk(const char *scratch, unsigned turn)
{
    char name[200], page[4096] = "";
    int fd;

    if (mount_scratch(scratch, "size=64k") < 0)
        return -1;
    snprintf(name, sizeof name, "%s/filler", scratch);
    fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    for (unsigned i = turn - 1; i < 16; i++) {
        if (write(fd, page, sizeof page) < 0)
            return -1;
    }
    return close(fd);
}

/* The folder itself takes one. */
static int take_inodes(const char *scratch, unsigned turn)
{
    char options[60];

    snprintf(options, sizeof options, "size=1m,nr_inodes=%u", turn);
    return mount_scratch(scratch, options);
}

static int limit_files(const char *scratch, unsigned turn)
{
    int free_one = dup(STDIN_FILENO);
    struct rlimit most = {(rlim_t)free_one + turn - 1, (rlim_t)free_one + turn - 1};

    (void)scratch;
    return close(free_one) < 0 ? -1 : setrlimit(RLIMIT_NOFILE, &most);
}

/* Everything is taken but 4, 8, ... KB. */
static int limit_memory(const char *scratch, unsigned turn)
{
    static const struct rlimit none = {MB, MB};
    static void *taken[1 << 14];
    unsigned n = 0;

    (void)scratch;
    if (setrlimit(RLIMIT_AS, &none) < 0)
        return -1;
    for (size_t size = 4096; size >= 16; size /= 4) {
        while (n < sizeof taken / sizeof *taken && (taken[n] = malloc(size)))
            n++;
    }
    for (unsigned i = 0; i < turn && i < n; i++)
        free(taken[i]);
    return 0;
}

static const struct sabotage cases[] = {
    {.what = "no temporary folder", .damage = remove_scratch},
    {.what = "a temporary folder that is read-only", .damage = make_read_only},
    {.what = "a full disk", .make = make_mail_in_zip, .damage = fill_disk, .turns = 4, .as_root = true},
    {.what = "a disk without inodes",
     .make = make_mail_in_zip,
     .damage = take_inodes,
     .turns = 5,
     .as_root = true},
    {.what = "few descriptors", .make = make_mail_in_zip, .damage = limit_files, .turns = 6},
    {.what = "little memory", .damage = limit_memory, .turns = 8, .unsanitized = true},
    {.what = "mkdir fails", .make = make_mail_in_zip, .call = "mkdir", .err = ENOSPC, .turns = 4},
    {.what = "open fails", .make = make_mail_in_zip, .call = "open", .err = EMFILE, .turns = 6},
    {.what = "write fails", .make = make_mail_in_zip, .call = "write", .err = ENOSPC, .turns = 6},
    {.what = "fwrite fails", .make = make_mail_in_zip, .call = "fwrite", .err = ENOSPC, .turns = 4},
    {.what = "fopen fails", .make = make_mail_in_zip, .call = "fopen", .err = EMFILE, .turns = 3},
    {.what = "fdopen fails", .make = make_mail_in_zip, .call = "fdopen", .err = EMFILE, .turns = 3},
    {.what = "fclose fails", .make = make_mail_in_zip, .call = "fclose", .err = ENOSPC, .turns = 3},
    {.what = "mmap fails", .call = "mmap", .err = ENOMEM, .turns = 4},
    {.what = "reading fails", .call = "pread", .err = EIO, .turns = 4},
    {.what = "malloc fails",
     .make = make_mail_in_zip,
     .call = "malloc",
     .err = ENOMEM,
     .turns = 60,
     .unsanitized = true},
    {.what = "calloc fails", .call = "calloc", .err = ENOMEM, .turns = 30, .unsanitized = true},
    {.what = "a bomb: 600 MB before EICAR", .make = make_bomb},
    {.what = "30 archives in each other", .make = make_deep},
    {.what = "30 cpio archives in each other", .make = make_cpios},
    {.what = "more members than allowed", .make = make_many},
    {.what = "the zip64 format", .make = make_zip64},
    {.what = "a member longer than allowed", .make = make_too_long},
    {.what = "an encrypted archive", .make = make_encrypted},
    {.what = "a method that nobody can unpack", .make = make_lzma},
    {.what = "an archive of RAR", .make = make_rar},
    {.what = "a part of a message", .make = make_partial, .mail = true},
    {.what = "a part of a message, in an archive", .make = make_partial_in_zip},
};
#define CASES (sizeof cases / sizeof *cases)

/* ---- one engine in one process ---- */

static void make_folder(char path[64])
{
    snprintf(path, 64, "%s/XXXXXX", world);
    assert_non_null(mkdtemp(path));
}

static void remove_folder(const char *path)
{
    pid_t pid = fork();

    if (pid == 0) {
        execl("/bin/rm", "rm", "-rf", path, (char *)NULL);
        _exit(1);
    }
    waitpid(pid, NULL, 0);
}

/* The signatures are ours, or one that finds something else. NULL when they were refused. */
static struct av_engine *open_engine(const char *dir, unsigned without, struct buf *why)
{
    static const struct antivirus_settings settings = {.scan_time_ms = 60000,
                                                       .recursion = RECURSION,
                                                       .files = FILES,
                                                       .scan_size = 16 * FILE_SIZE,
                                                       .file_size = FILE_SIZE};
    struct av_engine *e = av_engine_open(&settings, without, why);
    struct wire_loaded loaded = {0};

    if (e && av_engine_load(e, dir, &loaded, why) < 0)
        av_engine_free(&e);
    return e;
}

static int examine_both(const struct sabotage *s, unsigned turn, unsigned without, struct outcome *o)
{
    char scratch[64], signatures[64];
    struct buf message[WHICH__MAX] = {0}, why = {0};
    struct av_engine *e;
    struct av_mail *mail;

    make_folder(scratch);
    make_folder(signatures);
    assert_int_equal(av_canary_write_signatures(signatures), 0);
    for (int i = 0; i < WHICH__MAX; i++)
        make_message(s, (enum which)i, &message[i]);
    e = open_engine(signatures, without, &why);
    remove_folder(signatures);
    if (!e || !(mail = av_mail_open(e)) || av_guard_load() < 0 || av_engine_settle(e, scratch) < 0)
        return UNREADY;
    if (s->damage && s->damage(scratch, turn) < 0)
        return IMPOSSIBLE;
    if (s->call)
        av_guard_break(s->call, turn, s->err);
    for (int i = 0; i < WHICH__MAX; i++)
        av_mail_examine(mail, buf_view(&message[i]), NULL, &o->answer[i]);
    return 0;
}

/* cmocka goes on after a crash, here it has to be the end. */
static void end_by_signals(void)
{
    static const int deadly[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
    static const struct rlimit none = {0, 0};

    for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++)
        signal(deadly[i], SIG_DFL);
    setrlimit(RLIMIT_CORE, &none);
    alarm(60);
}

/* False where it cannot be done. */
static bool run_turn(const struct sabotage *s, unsigned turn, unsigned without, struct outcome *o)
{
    struct outcome *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status = 0;
    pid_t pid;

    assert_true(shared != MAP_FAILED);
    pid = fork();
    if (pid == 0) {
        end_by_signals();
        _exit(examine_both(s, turn, without, shared));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    *o = *shared;
    munmap(shared, sizeof *shared);
    assert_false(WIFEXITED(status) && WEXITSTATUS(status) == UNREADY);
    return !(WIFEXITED(status) && WEXITSTATUS(status) == IMPOSSIBLE);
}

/* Root of a whole system: in a chroot no mount can be kept to oneself. */
static bool may_mount(void)
{
    int status = 1;
    pid_t pid = fork();

    if (pid == 0)
        _exit(unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0);
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static bool is_possible(const struct sabotage *s)
{
    return !(s->as_root && !may_mount()) && !(s->unsanitized && SANITIZED);
}

/* How many answers are "clean" over all turns. */
static unsigned count_clean(const struct sabotage *s, unsigned without)
{
    unsigned clean = 0;
    struct outcome o;

    for (unsigned turn = 1; is_possible(s) && turn <= (s->turns ? s->turns : 1); turn++) {
        if (!run_turn(s, turn, without, &o))
            return clean;
        for (int i = 0; i < WHICH__MAX; i++)
            clean += o.answer[i].state == ANTIVIRUS_CLEAN;
    }
    return clean;
}

static void nothing_is_called_clean(void **state)
{
    (void)state;
    for (size_t i = 0; i < CASES; i++) {
        if (count_clean(&cases[i], 0))
            fail_msg("%s: EICAR was called clean", cases[i].what);
    }
}

/* Else all of the above would prove nothing. */
static void without_damage_both_are_infected(void **state)
{
    static const struct sabotage none = {.what = "nothing"};
    struct outcome o;

    (void)state;
    assert_true(run_turn(&none, 1, 0, &o));
    for (int i = 0; i < WHICH__MAX; i++)
        assert_int_equal(o.answer[i].state, ANTIVIRUS_INFECTED);
}

/* Two proofs are left out where each of them would notice alone. */
static void each_proof_is_needed(void **state)
{
    static const struct {
        unsigned without;
        const char *what;
    } controls[] = {
        {AV_WITHOUT_GUARD, "no temporary folder"},
        {AV_WITHOUT_GUARD, "a temporary folder that is read-only"},
        {AV_WITHOUT_GUARD, "a full disk"},
        {AV_WITHOUT_GUARD, "mkdir fails"},
        {AV_WITHOUT_GUARD | AV_WITHOUT_WARNINGS, "fwrite fails"},
        {AV_WITHOUT_GUARD | AV_WITHOUT_WARNINGS, "few descriptors"},
        {AV_WITHOUT_GUARD | AV_WITHOUT_WARNINGS, "malloc fails"},
        {AV_WITHOUT_WARNINGS, "a part of a message, in an archive"},
        {AV_WITHOUT_LIMITS, "30 cpio archives in each other"},
        {AV_WITHOUT_LIMITS | AV_WITHOUT_ZIP, "30 archives in each other"},
        {AV_WITHOUT_LIMITS | AV_WITHOUT_ZIP, "more members than allowed"},
        {AV_WITHOUT_ZIP, "a bomb: 600 MB before EICAR"},
        {AV_WITHOUT_ZIP, "a member longer than allowed"},
        {AV_WITHOUT_ZIP, "the zip64 format"},
        {AV_WITHOUT_ZIP, "a method that nobody can unpack"},
        {AV_WITHOUT_UNPACKER, "an archive of RAR"},
        {AV_WITHOUT_ENCRYPTED, "an encrypted archive"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof controls / sizeof *controls; i++) {
        const struct sabotage *s = cases;

        while (strcmp(s->what, controls[i].what) != 0)
            s++;
        if (is_possible(s) && !count_clean(s, controls[i].without))
            fail_msg("%s: without proofs %u nothing is called clean: they are not what notices", s->what,
                     controls[i].without);
    }
}

/* ---- the set of signatures ---- */

static void make_stale(const char *dir)
{
    static const char line[] = "Spoold.Test.Other:0:*:deadbeef0123456789abcdef\n";
    char path[200];
    int fd;

    snprintf(path, sizeof path, "%s/other.ndb", dir);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, line, sizeof line - 1), sizeof line - 1);
    close(fd);
}

/* 0: it would serve. */
static int refuse(bool stale, unsigned without)
{
    char signatures[64], scratch[64];
    struct buf why = {0};
    struct av_engine *e;
    int rc = 1;

    make_folder(signatures);
    make_folder(scratch);
    if (stale)
        make_stale(signatures);
    e = open_engine(signatures, without, &why);
    if (e && av_guard_load() == 0 && av_engine_settle(e, scratch) == 0)
        rc = av_canary_ask(e, av_mail_open(e), &why) < 0 ? 2 : 0;
    remove_folder(signatures);
    remove_folder(scratch);
    return why.n || rc == 0 ? rc : UNREADY;
}

static int ask_refused(bool stale, unsigned without)
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        end_by_signals();
        _exit(refuse(stale, without));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void no_signatures_are_refused(void **state)
{
    (void)state;
    assert_int_equal(ask_refused(false, 0), 1);
}

static void signatures_that_do_not_find_eicar_are_refused(void **state)
{
    (void)state;
    assert_int_equal(ask_refused(true, 0), 2);
    assert_int_equal(ask_refused(true, AV_WITHOUT_CANARY), 0);
}

/* ---- the end of the process ---- */

static int wait_here(const char *scratch, unsigned turn)
{
    (void)scratch, (void)turn;
    raise(SIGSTOP);
    return 0;
}

static void killed_in_the_middle_it_gives_no_answer(void **state)
{
    static const struct sabotage slow = {.damage = wait_here, .make = make_slow};
    struct outcome *o = mmap(NULL, sizeof *o, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status = 0;
    pid_t pid;

    (void)state;
    assert_true(o != MAP_FAILED);
    pid = fork();
    if (pid == 0) {
        end_by_signals();
        _exit(examine_both(&slow, 1, 0, o));
    }
    assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
    assert_true(WIFSTOPPED(status));
    kill(pid, SIGCONT);
    usleep(20000);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    for (int i = 0; i < WHICH__MAX; i++)
        assert_int_equal(o->answer[i].state, ANTIVIRUS_NOT_ASKED);
    munmap(o, sizeof *o);
}

/* All folders of a test lie in one, because those that were killed could not remove theirs. */
static int make_world(void **state)
{
    (void)state;
    return mkdtemp(world) ? 0 : -1;
}

static int remove_world(void **state)
{
    (void)state;
    remove_folder(world);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_damage_both_are_infected),
        cmocka_unit_test(nothing_is_called_clean),
        cmocka_unit_test(each_proof_is_needed),
        cmocka_unit_test(no_signatures_are_refused),
        cmocka_unit_test(signatures_that_do_not_find_eicar_are_refused),
        cmocka_unit_test(killed_in_the_middle_it_gives_no_answer),
    };

    return cmocka_run_group_tests(tests, make_world, remove_world);
}
