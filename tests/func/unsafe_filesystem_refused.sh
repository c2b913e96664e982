#!/bin/bash
# A file system that can lose messages at a power failure is refused (exit 100) with its type, the reason and
# the way out; with a journal it is accepted without a word.
. "$(dirname "$0")/lib.bash"
own_mounts
start() { "$bin/spoold" -o paths.root="$root" -o spool.reserve=0 -o spool.reserve_inodes=0 "$@" --once > "$dir/said" 2>&1; }
refused() {
    local rc=0
    start || rc=$?
    [ $rc = 100 ] || fail "$1: exit code $rc: $(cat "$dir/said")"
    grep -q " is on $2: .*ext4, xfs.*spool.unsafe_filesystem = yes" "$dir/said" || fail "$1: said: $(cat "$dir/said")"
    start -o spool.unsafe_filesystem=yes || fail "$1: refused in spite of the option: $(cat "$dir/said")"
    grep -q 'event=unsafe_filesystem .*UNSAFE' "$dir/said" || fail "$1: accepted without a warning: $(cat "$dir/said")"
    umount "$root"
}
small_disk size=4m
refused "tmpfs" tmpfs
ext4_disk -O ^has_journal
refused "ext4 without journal" ext4
ext4_disk
start || fail "ext4 with journal: refused: $(cat "$dir/said")"
grep -qi unsafe "$dir/said" && fail "ext4 with journal: $(cat "$dir/said")"
exit 0
