/*
 * fs.c - see fs.h. Called at start and once a second by the space check; trusts the kernel's own tables.
 */
#include "spoold/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Magic numbers that Debian 12's <linux/magic.h> does not name. */
#define FS_MAGIC_ZFS   0x2fc12fc1
#define FS_MAGIC_CIFS  0xff534d42
#define FS_MAGIC_SMB2  0xfe534d42
#define FS_MAGIC_EXFAT 0x2011bab0
#define FS_MAGIC_NTFS3 0x7366746e
#define FS_MAGIC_FUSE  0x65735546

static const struct fs_row {
    unsigned long magic;
    const char *type;
    enum spool_model model;
    const char *why;
} rows[] = {
    {EXT4_SUPER_MAGIC, "ext4", SPOOL_MODEL_A, ""},
    {XFS_SUPER_MAGIC, "xfs", SPOOL_MODEL_A, ""},
    {BTRFS_SUPER_MAGIC, "btrfs", SPOOL_MODEL_B, ""},
    {F2FS_SUPER_MAGIC, "f2fs", SPOOL_MODEL_B, ""},
    {FS_MAGIC_ZFS, "zfs", SPOOL_MODEL_B, ""},
    {OVERLAYFS_SUPER_MAGIC, "overlay", SPOOL_MODEL_B, ""},
    {TMPFS_MAGIC, "tmpfs", SPOOL_MODEL_C, "it lives in memory: a power failure takes every message"},
    {RAMFS_MAGIC, "ramfs", SPOOL_MODEL_C, "it lives in memory: a power failure takes every message"},
    {MSDOS_SUPER_MAGIC, "fat", SPOOL_MODEL_C,
     "it has no journal: a rename can lose the file in both folders"},
    {FS_MAGIC_EXFAT, "exfat", SPOOL_MODEL_C, "it has no journal: a rename can lose the file in both folders"},
    {FS_MAGIC_NTFS3, "ntfs3", SPOOL_MODEL_C, "its renames are not known to survive a power failure"},
    {NFS_SUPER_MAGIC, "nfs", SPOOL_MODEL_C, "a network file system can repeat or lose a rename"},
    {FS_MAGIC_CIFS, "cifs", SPOOL_MODEL_C, "a network file system can repeat or lose a rename"},
    {FS_MAGIC_SMB2, "smb3", SPOOL_MODEL_C, "a network file system can repeat or lose a rename"},
    {SMB_SUPER_MAGIC, "smb", SPOOL_MODEL_C, "a network file system can repeat or lose a rename"},
    {V9FS_MAGIC, "9p", SPOOL_MODEL_C, "a network file system can repeat or lose a rename"},
    {FS_MAGIC_FUSE, "fuse", SPOOL_MODEL_C, "what a FUSE program does at a power failure is not known"},
};

/* First line of a small kernel file; "" when it cannot be read. */
static void read_line(const char *path, char *to, size_t size)
{
    FILE *f = fopen(path, "re");

    to[0] = '\0';
    if (!f)
        return;
    if (!fgets(to, (int)size, f))
        to[0] = '\0';
    to[strcspn(to, "\n")] = '\0';
    fclose(f);
}

/* Whether a kernel file has this line. */
static bool has_line(const char *path, const char *wanted)
{
    char line[256];
    bool found = false;
    FILE *f = fopen(path, "re");

    while (f && !found && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = '\0';
        found = strcmp(line, wanted) == 0;
    }
    if (f)
        fclose(f);
    return found;
}

/* ext2, ext3 and ext4 share one magic number; the kernel names the journal's thread for those that have one.
 */
static void probe_ext(dev_t dev, struct fs_info *info)
{
    char path[128], link[256], line[64];
    const char *name;
    ssize_t n;

    snprintf(path, sizeof path, "/sys/dev/block/%u:%u", major(dev), minor(dev));
    n = readlink(path, link, sizeof link - 1);
    link[n > 0 ? n : 0] = '\0';
    name = strrchr(link, '/');
    snprintf(path, sizeof path, "/sys/fs/ext4/%.64s/journal_task", name ? name + 1 : "?");
    read_line(path, line, sizeof line);
    info->journal = line[0] && strcmp(line, "<none>") != 0;
    snprintf(path, sizeof path, "/proc/fs/ext4/%.64s/options", name ? name + 1 : "?");
    if (info->journal && has_line(path, "fast_commit"))
        info->model = SPOOL_MODEL_B;
    if (!info->journal) {
        info->model = SPOOL_MODEL_C;
        snprintf(info->why, sizeof info->why,
                 "it has no journal: a rename can lose the file in both folders");
    }
}

void fs_probe(int fd, struct fs_info *info)
{
    struct statfs sfs;
    struct stat st;

    *info =
        (struct fs_info){.type = "unknown", .model = SPOOL_MODEL_C, .why = "its kind is not known to spoold"};
    if (fstatfs(fd, &sfs) < 0 || fstat(fd, &st) < 0)
        return;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if ((unsigned long)sfs.f_type != rows[i].magic)
            continue;
        snprintf(info->type, sizeof info->type, "%s", rows[i].type);
        snprintf(info->why, sizeof info->why, "%s", rows[i].why);
        info->model = rows[i].model;
        info->journal = info->model != SPOOL_MODEL_C;
    }
    if ((unsigned long)sfs.f_type == EXT4_SUPER_MAGIC)
        probe_ext(st.st_dev, info);
}

int fs_room(int fd, struct fs_room *room)
{
    struct statvfs v;

    if (fstatvfs(fd, &v) < 0)
        return -1;
    room->free_bytes = (uint64_t)v.f_bavail * v.f_frsize;
    room->free_inodes = v.f_files ? (uint64_t)v.f_favail : UINT64_MAX;
    return 0;
}
