#!/bin/bash
# The depositor's half of the protocol: both files are flushed before either gets
# its final name, the .hdr comes last, then the folder is flushed.
set -u
command -v strace > /dev/null || { echo "needs strace" >&2; exit 77; }
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/incoming"
strace -o /dev/null true 2> /dev/null || { echo "strace may not trace here" >&2; exit 77; }
echo hello | ASAN_OPTIONS=detect_leaks=0 strace -y -o "$dir/trace" -e trace=fsync,renameat2,renameat \
    "$BUILD/spooldrop" -o paths.root="$dir" -f a@example.org b@example.net || exit 1
order=$(sed -n 's/^fsync(.*\.em_>) *= 0$/flush-eml/p
    s/^fsync(.*\.hd_>) *= 0$/flush-hdr/p
    s/^renameat2(.*\.em_".*\.eml", RENAME_NOREPLACE) *= 0$/rename-eml/p
    s/^renameat2(.*\.hd_".*\.hdr", RENAME_NOREPLACE) *= 0$/rename-hdr/p
    s/^fsync(.*incoming>) *= 0$/flush-folder/p' "$dir/trace" | paste -sd ' ')
[ "$order" = "flush-eml flush-hdr rename-eml rename-hdr flush-folder" ] || { cat "$dir/trace" >&2; exit 1; }
