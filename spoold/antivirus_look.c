/*
 * antivirus_look.c - what stands in the folder of the signatures: the part of antivirus.c that may wait for a
 * disk.
 *
 * Store thread; at start, before that runs, the main thread. Reads names, sizes
 * and times only: what is in the files is for worker-av, in its own process. The
 * folder belongs to whoever runs freshclam, and may be on a slow or broken disk.
 */
#include "spoold/antivirus_part.h"

#include "common/view.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define FNV_START UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

/* What cl_load(3) takes out of a folder; the rest (freshclam's own notes, half downloads) is not looked at.
 */
static bool is_signatures(const char *name)
{
    static const char *const suffixes[] = {
        ".cvd", ".cld", ".cud", ".ndb", ".ndu", ".hdb",  ".hdu", ".hsb",  ".hsu",  ".mdb", ".mdu", ".msb",
        ".msu", ".ldb", ".ldu", ".idb", ".fp",  ".sfp",  ".ign", ".ign2", ".pdb",  ".wdb", ".gdb", ".cbc",
        ".cdb", ".cat", ".crb", ".ftm", ".cfg", ".info", ".yar", ".yara", ".pwdb", ".imp",
    };

    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
        if (view_ends_with(view_of(name), view_of(suffixes[i])))
            return true;
    return false;
}

static uint64_t mix(uint64_t h, const void *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        h = (h ^ ((const unsigned char *)p)[i]) * FNV_PRIME;
    return h;
}

/* Of one file; added up, so that the order of the folder plays no part. */
static uint64_t print_of(const char *name, const struct stat *st)
{
    uint64_t h = mix(FNV_START, name, strlen(name));

    h = mix(h, &st->st_size, sizeof st->st_size);
    h = mix(h, &st->st_mtim.tv_sec, sizeof st->st_mtim.tv_sec);
    h = mix(h, &st->st_mtim.tv_nsec, sizeof st->st_mtim.tv_nsec);
    return mix(h, &st->st_ino, sizeof st->st_ino);
}

static void look_at(struct antivirus_look *l, int dir, const char *name)
{
    struct stat st;

    if (!is_signatures(name) || fstatat(dir, name, &st, 0) < 0 || !S_ISREG(st.st_mode))
        return;
    l->files++;
    l->print += print_of(name, &st);
    if (st.st_mtim.tv_sec > l->newest_s)
        l->newest_s = st.st_mtim.tv_sec;
}

static int open_folder(const struct depot *d, const struct config *cfg)
{
    int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

    return openat(cfg->av_signatures[0] == '/' ? AT_FDCWD : d->root_dir, cfg->av_signatures, flags);
}

/*
 * Once there were real signatures, the test set must never take their place unasked: a folder that is gone
 * for a moment would let viruses pass as clean. The mark lies in the state folder, for the time after a
 * restart.
 */
static void note_real(const struct depot *d, struct antivirus_look *l)
{
    int fd = openat(d->state_dir, ANTIVIRUS_MARK,
                    O_WRONLY | (l->files ? O_CREAT : 0) | O_NOFOLLOW | O_CLOEXEC, 0600);

    l->real_before = fd >= 0;
    if (fd >= 0)
        close(fd);
}

int antivirus_look(const struct depot *d, const struct config *cfg, struct antivirus_look *l)
{
    int dir = open_folder(d, cfg), copy = dir < 0 ? -1 : openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *names = copy < 0 ? NULL : fdopendir(copy);
    const struct dirent *e;

    *l = (struct antivirus_look){.readable = names != NULL, .err = names ? 0 : errno};
    while (names && (e = readdir(names)))
        look_at(l, dir, e->d_name);
    note_real(d, l);
    if (names)
        closedir(names);
    else if (copy >= 0)
        close(copy);
    return dir;
}
