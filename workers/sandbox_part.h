/*
 * sandbox_part.h - the layers of the sandbox, as sandbox.c puts them on; for sandbox*.c and their tests only.
 *
 * Each function changes the calling process for good. All return 0, or -1 with
 * errno and, where it takes `why`, with the reason in plain words in there.
 */
#ifndef WORKERS_SANDBOX_PART_H
#define WORKERS_SANDBOX_PART_H

#include "workers/landlock_abi.h"
#include "workers/sandbox.h"

#include <sys/stat.h>

/* The filter of the role. Needs no_new_privs (or CAP_SYS_ADMIN). With `trap` unknown calls raise SIGSYS. */
int sandbox_seccomp_apply(enum role role, bool trap, struct buf *why);

/*
 * The handler that a filter with `trap`, or with stand-ins, needs: answers what the role has a stand-in for;
 * names each other call once on `link` (-1: does not), then answers ENOSYS. It has a stack of its own.
 */
int sandbox_trace_open(enum role role, int link);

/* Answers newfstatat(2) without it: by fstat(2) of the descriptor, or of what openat(2) gives. 0 or -errno.
 */
long sandbox_stat_answer(int at, const char *path, struct stat *to, int flags);

/* The Landlock ABI of this kernel, 0 = it has none or it is turned off. */
unsigned sandbox_landlock_abi(void);
/* What is to be handled under this ABI; returns the size of the struct that such a kernel knows. */
size_t sandbox_landlock_ruleset(unsigned abi, struct landlock_abi_ruleset *to);
/* Refuses everything that this ABI can refuse, but for files and folders below `scratch` (-1: none) and, with
 * `network`, for connecting by TCP; waiting for connections is refused all the same. */
int sandbox_landlock_apply(unsigned abi, int scratch, bool network);

#endif
