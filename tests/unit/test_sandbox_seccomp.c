/*
 * test_sandbox_seccomp.c - call by call: what works in the sandbox, what answers ENOSYS, what ends the
 * process.
 *
 * Run by "make check". Each case is a child of its own in the sandbox of
 * worker-rewrite; exit code 0 = as the case says. The files it works on were
 * made before the lock-down.
 */
#include "sandbox_world.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <openssl/evp.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>

#define MB (1 << 20)

struct files {
    int message; /* a memfd with a few bytes */
    int link[2];
    EVP_MD_CTX *digest;
    EVP_MD *sha256;
};

static int reads_and_writes(const struct files *f)
{
    char bytes[10];
    struct iovec two[] = {{(char[]){"a"}, 1}, {(char[]){"b"}, 1}};

    return pread(f->message, bytes, sizeof bytes, 0) == 7 && write(f->message, "x", 1) == 1 &&
                   writev(f->message, two, 2) == 2
               ? 0
               : 1;
}

static int talks_over_the_link(const struct files *f)
{
    struct pollfd pf = {.fd = f->link[1], .events = POLLIN};
    char byte = 0;
    struct iovec out = {(char[]){"x"}, 1}, in = {&byte, 1};
    struct msghdr send = {.msg_iov = &out, .msg_iovlen = 1}, take = {.msg_iov = &in, .msg_iovlen = 1};

    return sendmsg(f->link[0], &send, MSG_NOSIGNAL) == 1 && poll(&pf, 1, 1000) == 1 &&
                   recvmsg(f->link[1], &take, MSG_CMSG_CLOEXEC) == 1 && byte == 'x'
               ? 0
               : 1;
}

static int takes_and_frees_memory(const struct files *f)
{
    char *big = NULL;

    (void)f;
    for (size_t n = 1000; n <= 40 * MB; n *= 3) {
        char *more = realloc(big, n);

        if (!more)
            return 1;
        big = more;
        memset(big, 'x', n);
    }
    free(big);
    return 0;
}

static int stays_below_its_memory(const struct files *f)
{
    void *volatile p = malloc((size_t)300 * MB); /* volatile: it must not be left out by the compiler */

    (void)f;
    if (!p)
        return errno == ENOMEM ? 0 : 1;
    free(p);
    return 2;
}

static int hashes(const struct files *f)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    for (int i = 0; i < 3; i++)
        if (EVP_DigestInit_ex2(f->digest, f->sha256, NULL) != 1 ||
            EVP_DigestUpdate(f->digest, "abc", 3) != 1 || EVP_DigestFinal_ex(f->digest, sum, &n) != 1)
            return 1;
    return n == 32 && sum[0] == 0xba && sum[31] == 0xad ? 0 : 1;
}

static int measures(const struct files *f)
{
    struct rusage used;
    struct timespec now;

    return getrusage(RUSAGE_SELF, &used) == 0 && clock_gettime(CLOCK_MONOTONIC, &now) == 0 && getpid() > 0 &&
                   syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now) == 0 &&
                   fcntl(f->message, F_GET_SEALS) >= 0
               ? 0
               : 1;
}

static int an_output_ends_at_its_limit(const struct files *f)
{
    static char block[WORLD_FILE_MAX];

    /* The offset stands at 7: the bytes up to the limit are written, then none. */
    return write(f->message, block, sizeof block) == WORLD_FILE_MAX - 7 &&
                   write(f->message, block, 1) == -1 && errno == EFBIG
               ? 0
               : 1;
}

static int enosys(long rc)
{
    return rc == -1 && errno == ENOSYS ? 0 : 1;
}

static int unknown(const struct files *f)
{
    (void)f;
    return enosys(syscall(SYS_getppid));
}

static int unknown_number(const struct files *f)
{
    (void)f;
    return enosys(syscall(1000));
}

static int lock(const struct files *f)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

    return enosys(fcntl(f->message, F_SETLK, &whole));
}

static int seek(const struct files *f)
{
    return enosys(lseek(f->message, 0, SEEK_SET));
}

static int read_on(const struct files *f)
{
    char byte;

    return enosys(read(f->message, &byte, 1));
}

static int stat_path(const struct files *f)
{
    struct stat st;

    (void)f;
    return enosys(fstatat(AT_FDCWD, "/", &st, 0));
}

static int map_file(const struct files *f)
{
    return enosys(mmap(NULL, 4096, PROT_READ, MAP_SHARED, f->message, 0) == MAP_FAILED ? -1 : 0);
}

static int futex_pi(const struct files *f)
{
    uint32_t word = 0;

    (void)f;
    return enosys(syscall(SYS_futex, &word, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
}

static int plain_send(const struct files *f)
{
    return enosys(send(f->link[0], "x", 1, MSG_NOSIGNAL));
}

static int addressed_send(const struct files *f)
{
    struct sockaddr to = {.sa_family = AF_UNIX};

    return (int)sendto(f->link[0], "x", 1, MSG_NOSIGNAL, &to, sizeof to);
}

static int aborts(const struct files *f)
{
    (void)f;
    abort();
}

static int signals_itself(const struct files *f)
{
    (void)f;
    return kill(getpid(), 0);
}

static int signals_init(const struct files *f)
{
    (void)f;
    return (int)syscall(SYS_tgkill, 1, 1, 0);
}

/* The kernel looks at the lower half only, the filter must not be taken in by the upper one. */
static int signals_init_in_disguise(const struct files *f)
{
    (void)f;
    return (int)syscall(SYS_tgkill, (1L << 32) + 1, 1, 0);
}

static int maps_code(const struct files *f)
{
    (void)f;
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED;
}

static int makes_code(const struct files *f)
{
    static char page[8192];
    uintptr_t at = ((uintptr_t)page + 4095) & ~(uintptr_t)4095;

    (void)f;
    return mprotect((void *)at, 4096, PROT_READ | PROT_EXEC);
}

static int opens(const struct files *f)
{
    (void)f;
    return open("/", O_RDONLY | O_CLOEXEC);
}

static const struct call {
    const char *behaviour;
    int (*run)(const struct files *f);
    int signal; /* 0: exit code 0 */
} calls[] = {
    {"message and output are read and written", reads_and_writes, 0},
    {"a packet goes over the link", talks_over_the_link, 0},
    {"memory is taken, moved and given back", takes_and_frees_memory, 0},
    {"memory has its limit", stays_below_its_memory, 0},
    {"libcrypto hashes", hashes, 0},
    {"size, seals, clock and cost are told", measures, 0},
    {"an output ends at its limit with EFBIG", an_output_ends_at_its_limit, 0},
    {"a call that stands nowhere answers ENOSYS", unknown, 0},
    {"a number that nobody knows answers ENOSYS", unknown_number, 0},
    {"a lock on the message answers ENOSYS", lock, 0},
    {"the shared offset cannot be moved", seek, 0},
    {"nor by reading on", read_on, 0},
    {"a path cannot be looked at", stat_path, 0},
    {"a file cannot be mapped", map_file, 0},
    {"a futex with priority inheritance answers ENOSYS", futex_pi, 0},
    {"send(2) without an address answers ENOSYS", plain_send, 0},
    {"a broken invariant ends as SIGABRT", aborts, SIGABRT},
    {"sendto(2) with an address is an attack", addressed_send, SIGSYS},
    {"kill(2) is an attack", signals_itself, SIGSYS},
    {"a signal to another process is an attack", signals_init, SIGSYS},
    {"and so it is with other bits in the upper half", signals_init_in_disguise, SIGSYS},
    {"executable memory is an attack", maps_code, SIGSYS},
    {"memory that becomes executable is an attack", makes_code, SIGSYS},
    {"open(2) is an attack", opens, SIGSYS},
};

static int in_sandbox(const void *arg)
{
    const struct call *c = arg;
    struct files f = {.message = memfd_create("message", MFD_CLOEXEC),
                      .digest = EVP_MD_CTX_new(),
                      .sha256 = EVP_MD_fetch(NULL, "SHA256", NULL)};
    struct sandbox_result r;
    struct buf why = {0};

    signal(SIGXFSZ, SIG_IGN);
    if (f.message < 0 || write(f.message, "message", 7) != 7 ||
        socketpair(AF_UNIX, SOCK_SEQPACKET, 0, f.link) < 0)
        return 100;
    if (sandbox_enter(ROLE_REWRITE, &world_options, &r, &why) < 0)
        return 101;
    return c->run(&f);
}

static void each_call_is_answered_as_the_table_says(void **state)
{
    char text[40];

    (void)state;
    SKIP_UNDER_SANITIZER();
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        int status = world_child(in_sandbox, &calls[i]);

        if (calls[i].signal ? !WIFSIGNALED(status) || WTERMSIG(status) != calls[i].signal : status != 0)
            fail_msg("%s: %s", calls[i].behaviour, world_status(status, text, sizeof text));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_call_is_answered_as_the_table_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
