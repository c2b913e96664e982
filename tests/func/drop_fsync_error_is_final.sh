#!/bin/bash
# An fsync that fails is not tried again: exit 75 and nothing left, whichever of
# the three (message, envelope, folder) it is.
set -u
command -v strace > /dev/null || { echo "needs strace" >&2; exit 77; }
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/incoming"
strace -o /dev/null true 2> /dev/null || { echo "strace may not trace here" >&2; exit 77; }
for n in 1 2 3; do
    rc=0
    echo hello > "$dir/message"
    ASAN_OPTIONS=detect_leaks=0 strace -f -o "$dir/trace" -e trace=fsync,syncfs -e inject=fsync:error=EIO:when=$n \
        "$BUILD/spooldrop" -o paths.root="$dir" -f a@example.org b@example.net < "$dir/message" 2> "$dir/said" || rc=$?
    [ $rc = 75 ] || { echo "fsync $n: exit code $rc" >&2; exit 1; }
    grep -q 'Input/output error' "$dir/said" || { echo "fsync $n: said: $(cat "$dir/said")" >&2; exit 1; }
    [ "$(grep -c 'sync' "$dir/trace")" = $n ] || { cat "$dir/trace" >&2; exit 1; }
    [ -z "$(ls -A "$dir/incoming")" ] || { ls -lA "$dir/incoming" >&2; exit 1; }
done
