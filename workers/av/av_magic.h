/*
 * av_magic.h - formats that libclamav takes for plain data: known by their first bytes, objected to by name.
 *
 * Called by av_layer.c for each layer. Pure: bytes in, the name of the format or
 * NULL out; nothing is kept. The bytes are hostile; they are compared and searched,
 * and read further only where a format is not told by one mark (CMS, LZMA), within
 * `file` only. It never says that something is fine.
 */
#ifndef WORKERS_AV_MAGIC_H
#define WORKERS_AV_MAGIC_H

#include "common/view.h"

#include <stdbool.h>

/* An archive, a disk image or a wrapping that libclamav does not open: a constant, or NULL. `rar`: it can
 * unpack RAR. */
const char *av_magic_unknown(struct view file, bool rar);
/* What nobody can open without a key: "an encrypted document", or NULL. */
const char *av_magic_encrypted(struct view file);

/* Does another stream follow the first one of a bzip2 file? libclamav unpacks the first one only. Here, for
 * av_zip.c needs nothing else of this. */
static inline bool av_magic_bzip2_goes_on(struct view file)
{
    static const char block[] = "1AY&SY", end[] = "\x17\x72\x45\x38\x50\x90";
    const char *p = file.p, *stop = file.p + file.n;

    while (stop - p > 10 && (p = memmem(p + 1, (size_t)(stop - p) - 1, "BZh", 3)) && stop - p >= 10)
        if (p[3] >= '1' && p[3] <= '9' && (memcmp(p + 4, block, 6) == 0 || memcmp(p + 4, end, 6) == 0))
            return true;
    return false;
}

#endif
