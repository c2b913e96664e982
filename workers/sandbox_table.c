/*
 * sandbox_table.c - see sandbox_table.h. THE table of rights: nothing is allowed that does not stand here.
 *
 * A new right needs a reason that names who uses it. What all roles need (take a
 * job, read, compute, write, answer) is in `base`; a role adds rows of its own.
 * Left out of the base on purpose: read(2), lseek(2), dup(2), ioctl(2) and the locks
 * and leases of fcntl(2), because offset, flags and locks of a descriptor are shared
 * with everybody who holds it; madvise(2) and mprotect(2), which malloc(3) of a
 * process with one thread does not use; every call that takes a path. A role with
 * a scratch folder has such calls for its own files only: by number (sandbox_places.c),
 * and paths are Landlock's matter.
 */
#include "workers/sandbox_table.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define ANY                                                                                                  \
    {                                                                                                        \
        {                                                                                                    \
            0                                                                                                \
        }                                                                                                    \
    }
#define IS(n, v)                                                                                             \
    {                                                                                                        \
        {                                                                                                    \
            SANDBOX_MASKED, n, UINT64_MAX, v                                                                 \
        }                                                                                                    \
    }
#define BITS(n, m, v)                                                                                        \
    {                                                                                                        \
        {                                                                                                    \
            SANDBOX_MASKED, n, m, v                                                                          \
        }                                                                                                    \
    }
#define BOTH(n, m, v, k, l, w)                                                                               \
    {                                                                                                        \
        {SANDBOX_MASKED, n, m, v},                                                                           \
        {                                                                                                    \
            SANDBOX_MASKED, k, l, w                                                                          \
        }                                                                                                    \
    }

static const struct sandbox_rule base[] = {
    {"pread64", ANY, "the message and the blob of a job"},
    {"write", ANY, "the output of a job"},
    {"writev", ANY, "the output of a job, several pieces at once"},
    {"recvmsg", ANY, "a job and its descriptors come over the link"},
    {"sendmsg", BITS(2, MSG_FASTOPEN, 0),
     "the answer, and what is said to a mail server; both are connected, an address in it counts for "
     "nothing, "
     "and it may not connect (MSG_FASTOPEN)"},
    {"poll", ANY, "waits for the link"},
    {"ppoll", ANY, "poll(3) of machines that have no poll"},
    {"close", ANY, "the descriptors of a job"},
    {"fcntl", IS(1, F_GET_SEALS), "a blob is used only when it is sealed"},
    {"brk", ANY, "malloc of small blocks"},
    {"mmap", BOTH(2, PROT_EXEC, 0, 3, MAP_ANONYMOUS, MAP_ANONYMOUS),
     "malloc of large blocks; files are not mapped"},
    {"mremap", ANY, "realloc of large blocks; keeps the protection"},
    {"munmap", ANY, "free of large blocks"},
    {"getrandom", ANY, "malloc and libcrypto seed themselves"},
    {"futex", IS(1, FUTEX_WAKE_PRIVATE), "pthread_once of libcrypto wakes even where nobody waits"},
    {"futex", IS(1, FUTEX_WAIT_PRIVATE), "the locks of libc and libcrypto"},
    {"clock_gettime", BITS(0, ~15ULL, 0),
     "the clock where the vDSO cannot answer; not that of other processes"},
    {"getrusage", ANY, "RESULT says what a job cost"},
    {"getpid", ANY, "HELLO, and abort(3)"},
    {"gettid", ANY, "abort(3)"},
    {"tgkill", {{SANDBOX_SELF, 0, 0, 0}}, "abort(3): a broken invariant ends as SIGABRT, not as an attack"},
    {"rt_sigreturn", ANY, "leaves a signal handler: trace mode"},
    {"restart_syscall", ANY, "the kernel goes on with poll after a stop"},
    {"exit", ANY, "the end of a thread; there is one"},
    {"exit_group", ANY, "the end: the link is gone"},
};

/* Why whole families end the process. */
#define PROGRAM  "starts a program: no role does, and that is what an attacker does first"
#define PROCESS  "makes a process or thread: a role has one"
#define STRANGER "reaches into another process"
#define PRIVS    "changes whose rights it works with"
#define PATHS    "opens a path: a role gets descriptors"
#define NETWORK  "speaks to somebody else than spoold"
#define MOUNTS   "changes the tree of files or how it is seen"
#define SPACES   "leaves its namespaces"
#define KERNEL   "changes the kernel or the machine"
#define SURFACE  "kernel code that is known for holes and that no role needs"
#define MEMORY   "makes memory executable: no role makes code"
#define CAGE     "changes the sandbox itself"

static const struct sandbox_rule hostile[] = {
    {"execve", ANY, PROGRAM},
    {"execveat", ANY, PROGRAM},
    {"memfd_create", ANY, "a file without a name is how programs are brought along"},
    {"memfd_secret", ANY, SURFACE},
    {"fork", ANY, PROCESS},
    {"vfork", ANY, PROCESS},
    {"clone", ANY, PROCESS},
    {"clone3", ANY, PROCESS},
    {"ptrace", ANY, STRANGER},
    {"process_vm_readv", ANY, STRANGER},
    {"process_vm_writev", ANY, STRANGER},
    {"process_madvise", ANY, STRANGER},
    {"process_mrelease", ANY, STRANGER},
    {"kcmp", ANY, STRANGER},
    {"kill", ANY, STRANGER},
    {"tkill", ANY, STRANGER},
    {"tgkill", {{SANDBOX_NOT_SELF, 0, 0, 0}}, STRANGER},
    {"rt_sigqueueinfo", ANY, STRANGER},
    {"rt_tgsigqueueinfo", ANY, STRANGER},
    {"pidfd_open", ANY, STRANGER},
    {"pidfd_getfd", ANY, STRANGER},
    {"pidfd_send_signal", ANY, STRANGER},
    {"setuid", ANY, PRIVS},
    {"setgid", ANY, PRIVS},
    {"setreuid", ANY, PRIVS},
    {"setregid", ANY, PRIVS},
    {"setresuid", ANY, PRIVS},
    {"setresgid", ANY, PRIVS},
    {"setfsuid", ANY, PRIVS},
    {"setfsgid", ANY, PRIVS},
    {"setgroups", ANY, PRIVS},
    {"capset", ANY, PRIVS},
    {"keyctl", ANY, PRIVS},
    {"add_key", ANY, PRIVS},
    {"request_key", ANY, PRIVS},
    {"open", ANY, PATHS},
    {"openat", ANY, PATHS},
    {"openat2", ANY, PATHS},
    {"creat", ANY, PATHS},
    {"open_by_handle_at", ANY, PATHS},
    {"socket", ANY, NETWORK},
    {"connect", ANY, NETWORK},
    {"bind", ANY, NETWORK},
    {"listen", ANY, NETWORK},
    {"accept", ANY, NETWORK},
    {"accept4", ANY, NETWORK},
    {"sendto", {{SANDBOX_NOT, 4, 0, 0}}, NETWORK},
    {"mount", ANY, MOUNTS},
    {"umount2", ANY, MOUNTS},
    {"pivot_root", ANY, MOUNTS},
    {"chroot", ANY, MOUNTS},
    {"fsopen", ANY, MOUNTS},
    {"fsconfig", ANY, MOUNTS},
    {"fsmount", ANY, MOUNTS},
    {"fspick", ANY, MOUNTS},
    {"move_mount", ANY, MOUNTS},
    {"open_tree", ANY, MOUNTS},
    {"mount_setattr", ANY, MOUNTS},
    {"unshare", ANY, SPACES},
    {"setns", ANY, SPACES},
    {"kexec_load", ANY, KERNEL},
    {"kexec_file_load", ANY, KERNEL},
    {"init_module", ANY, KERNEL},
    {"finit_module", ANY, KERNEL},
    {"delete_module", ANY, KERNEL},
    {"reboot", ANY, KERNEL},
    {"swapon", ANY, KERNEL},
    {"swapoff", ANY, KERNEL},
    {"acct", ANY, KERNEL},
    {"quotactl", ANY, KERNEL},
    {"quotactl_fd", ANY, KERNEL},
    {"syslog", ANY, KERNEL},
    {"settimeofday", ANY, KERNEL},
    {"clock_settime", ANY, KERNEL},
    {"clock_adjtime", ANY, KERNEL},
    {"adjtimex", ANY, KERNEL},
    {"sethostname", ANY, KERNEL},
    {"setdomainname", ANY, KERNEL},
    {"iopl", ANY, KERNEL},
    {"ioperm", ANY, KERNEL},
    {"bpf", ANY, SURFACE},
    {"io_uring_setup", ANY, SURFACE},
    {"io_uring_enter", ANY, SURFACE},
    {"io_uring_register", ANY, SURFACE},
    {"userfaultfd", ANY, SURFACE},
    {"perf_event_open", ANY, SURFACE},
    {"modify_ldt", ANY, SURFACE},
    {"vmsplice", ANY, SURFACE},
    {"fanotify_init", ANY, SURFACE},
    {"mmap", BITS(2, PROT_EXEC, PROT_EXEC), MEMORY},
    {"mprotect", BITS(2, PROT_EXEC, PROT_EXEC), MEMORY},
    {"pkey_mprotect", ANY, MEMORY},
    {"remap_file_pages", ANY, MEMORY},
    {"personality", ANY, "turns off address randomisation, or makes every page executable"},
    {"seccomp", ANY, CAGE},
    {"prctl", ANY, CAGE},
    {"landlock_create_ruleset", ANY, CAGE},
    {"landlock_add_rule", ANY, CAGE},
    {"landlock_restrict_self", ANY, CAGE},
};

static const struct sandbox_limit limits[] = {
    {RLIMIT_FSIZE, SANDBOX_FILE_MAX, false, "FSIZE", "an output ends where the largest message could"},
    {RLIMIT_CORE, 0, false, "CORE", "mail does not lie about in core files"},
    {RLIMIT_NPROC, 0, false, "NPROC",
     "no process, no thread (not held against root: there seccomp stands alone)"},
    {RLIMIT_NOFILE, 16, false, "NOFILE", "link, null and the four descriptors of a packet, with room"},
    {RLIMIT_MSGQUEUE, 0, false, "MSGQUEUE", "no POSIX message queue"},
    {RLIMIT_MEMLOCK, 0, false, "MEMLOCK", "no page is pinned"},
};

/* Roles: their own rights and limits, by the number of the role. */
static const struct sandbox_limit rewrite_limits[] = {
    {RLIMIT_AS, (rlim_t)256 << 20, false, "AS",
     "libraries and stack 30 MB, buffers constant, a blob 1 MB: a multiple of it"},
};

/* worker-deliver has the base only: its socket came connected, and TLS is made in memory. */
static const struct sandbox_limit deliver_limits[] = {
    {RLIMIT_AS, (rlim_t)256 << 20, false, "AS",
     "libraries, authorities and stack 40 MB, an order 1 MB, a message in pieces of 64 kB"},
};

/* Sockets of one family and kind, with the protocol that goes with it: not MPTCP, SCTP, UDP-Lite, ICMP. */
#define SOCKET(family, kind, why)                                                                            \
    {                                                                                                        \
        "socket",                                                                                            \
            {{SANDBOX_MASKED, 0, UINT64_MAX, family},                                                        \
             {SANDBOX_MASKED, 1, ~(uint64_t)(SOCK_NONBLOCK | SOCK_CLOEXEC), kind},                           \
             {SANDBOX_MASKED, 2, UINT64_MAX, 0}},                                                            \
            why                                                                                              \
    }

/* worker-dns sends with the base's sendmsg(2). It may be talked to by whom it connected to, never wait for
 * connections. What it connects to is not seen here: a socket of another family it cannot have, and those
 * that it was given are connected for good (EISCONN). */
static const struct sandbox_rule dns_rights[] = {
    SOCKET(AF_INET, SOCK_DGRAM, "a question to a name server"),
    SOCKET(AF_INET6, SOCK_DGRAM, "a question to a name server by IPv6"),
    SOCKET(AF_INET, SOCK_STREAM, "a question whose answer is too long for UDP"),
    SOCKET(AF_INET6, SOCK_STREAM, "the same by IPv6"),
    {"connect", IS(2, sizeof(struct sockaddr_in)), "only the server that was asked can answer"},
    {"connect", IS(2, sizeof(struct sockaddr_in6)), "the same by IPv6"},
};

static const struct sandbox_limit dns_limits[] = {
    {RLIMIT_AS, (rlim_t)512 << 20, false, "AS",
     "libraries and stack 30 MB, the cache 64 MB at most, channels 20 MB, 20000 open questions"},
    {RLIMIT_NOFILE, 512, false, "NOFILE", "a socket for each channel, and what every child has"},
};

/* worker-antispam has the base only: PCRE2 has made its code before the lock-down. */
static const struct sandbox_limit antispam_limits[] = {
    {RLIMIT_AS, (rlim_t)512 << 20, false, "AS",
     "libraries, rules and lists, and a message with its texts decoded: a multiple of it"},
};

/* The numbers from SANDBOX_OWN_FD up to the limit of 64, in three masks; upper halves must be zero. */
#define OWN_FILES(call, why)                                                                                 \
    {call, BITS(0, ~7ULL, 8), why}, {call, BITS(0, ~15ULL, 16), why},                                        \
    {                                                                                                        \
        call, BITS(0, ~31ULL, 32), why                                                                       \
    }
#define OWN_FILES_ONE(call, n, v, why)                                                                       \
    {call, BOTH(0, ~7ULL, 8, n, UINT64_MAX, v), why}, {call, BOTH(0, ~15ULL, 16, n, UINT64_MAX, v), why},    \
    {                                                                                                        \
        call, BOTH(0, ~31ULL, 32, n, UINT64_MAX, v), why                                                     \
    }
_Static_assert(SANDBOX_OWN_FD == 8, "OWN_FILES begins there");
/* No O_PATH, which Landlock does not look at, no O_TMPFILE, nothing that reaches a device. */
#define OPEN_FLAGS                                                                                           \
    ((uint64_t)(O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC | O_NONBLOCK | O_CLOEXEC | O_DIRECTORY | O_NOFOLLOW))
#define HALF 0xffffffff /* of a descriptor's argument: the kernel looks at no more */
#define HERE ((uint32_t)AT_FDCWD)

static const struct sandbox_rule av_rights[] = {
    {"openat", BOTH(0, HALF, HERE, 2, ~OPEN_FLAGS, 0),
     "libclamav's temporary files; where they lie is Landlock's"},
    {"fstat", ANY, "libclamav maps a file in pieces and needs its size"},
    OWN_FILES("read", "stdio on temporary files"),
    OWN_FILES("lseek", "temporary files are written, then read from their beginning"),
    OWN_FILES("getdents64", "libclamav scans and removes what it unpacked into a folder"),
    OWN_FILES_ONE("fcntl", 1, F_GETFL, "fdopen(3) of a temporary file"),
#ifdef SYS_mkdir
    {"mkdir", BITS(1, ~0700ULL, 0), "one folder for each archive or message"},
    {"rmdir", ANY, "and away with it"},
    {"unlink", ANY, "temporary files go when they were scanned"},
#else
    {"mkdirat", BOTH(0, HALF, HERE, 2, ~0700ULL, 0), "one folder for each archive or message"},
    {"unlinkat", BITS(0, HALF, HERE), "temporary files and folders go when they were scanned"},
#endif
};

/* Landlock does not look at stat(2), so the kernel is never asked by path: what may be opened may be looked
 * at. */
static const struct sandbox_rule av_stand_ins[] = {
    {"newfstatat", ANY, "stat(3), lstat(3), and fstat(3) and opendir(3) of libc"},
};

static const struct sandbox_rule av_refused[] = {
#ifdef SYS_chmod
    {"chmod", ANY, "libclamav asks for 0700 of a folder that it made with 0700, and looks at no answer"},
#endif
    {"fchmodat", ANY, "chmod(3) of machines that have no chmod"},
};

static const struct sandbox_limit av_limits[] = {
    {RLIMIT_AS, (rlim_t)1 << 30, true, "AS",
     "the signatures are mapped already; a message, what is unpacked of it in memory, and the stack"},
    {RLIMIT_NOFILE, 64, false, "NOFILE", "a temporary file and a folder open for each layer of a message"},
};

static const struct {
    const struct sandbox_rule *right;
    size_t right_n;
    const struct sandbox_rule *stand_in;
    size_t stand_in_n;
    const struct sandbox_rule *refused;
    size_t refused_n;
    const struct sandbox_limit *limit;
    size_t limit_n;
} roles[ROLE__MAX] = {
    [ROLE_REWRITE] = {.limit = rewrite_limits, .limit_n = COUNT(rewrite_limits)}, /* nothing but the base */
    [ROLE_AV] = {av_rights, COUNT(av_rights), av_stand_ins, COUNT(av_stand_ins), av_refused,
                 COUNT(av_refused), av_limits, COUNT(av_limits)},
    [ROLE_DELIVER] = {.limit = deliver_limits, .limit_n = COUNT(deliver_limits)}, /* nothing but the base */
    [ROLE_DNS] = {.right = dns_rights,
                  .right_n = COUNT(dns_rights),
                  .limit = dns_limits,
                  .limit_n = COUNT(dns_limits)},
    [ROLE_ANTISPAM] = {.limit = antispam_limits,
                       .limit_n = COUNT(antispam_limits)}, /* nothing but the base */
};

const struct sandbox_rule *sandbox_table_right(enum role role, size_t i)
{
    if (i < COUNT(base))
        return &base[i];
    i -= COUNT(base);
    return role < ROLE__MAX && i < roles[role].right_n ? &roles[role].right[i] : NULL;
}

bool sandbox_table_has(enum role role, const char *call)
{
    const struct sandbox_rule *r;

    for (size_t i = 0; (r = sandbox_table_right(role, i)); i++)
        if (strcmp(r->call, call) == 0)
            return true;
    return false;
}

const struct sandbox_rule *sandbox_table_hostile(size_t i)
{
    return i < COUNT(hostile) ? &hostile[i] : NULL;
}

const struct sandbox_rule *sandbox_table_stand_in(enum role role, size_t i)
{
    return role < ROLE__MAX && i < roles[role].stand_in_n ? &roles[role].stand_in[i] : NULL;
}

const struct sandbox_rule *sandbox_table_refused(enum role role, size_t i)
{
    return role < ROLE__MAX && i < roles[role].refused_n ? &roles[role].refused[i] : NULL;
}

/* A limit of the base that the role has a row of its own for is the role's. */
static bool has_own(enum role role, int resource)
{
    for (size_t i = 0; role < ROLE__MAX && i < roles[role].limit_n; i++)
        if (roles[role].limit[i].resource == resource)
            return true;
    return false;
}

const struct sandbox_limit *sandbox_table_limit(enum role role, size_t i)
{
    for (size_t k = 0; k < COUNT(limits); k++)
        if (!has_own(role, limits[k].resource) && i-- == 0)
            return &limits[k];
    return role < ROLE__MAX && i < roles[role].limit_n ? &roles[role].limit[i] : NULL;
}
