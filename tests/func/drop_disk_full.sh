#!/bin/bash
# A full disk is temporary: exit 75, the reason is said, and nothing is left behind.
set -u
[ "$(id -u)" = 0 ] || { echo "needs root to mount a small tmpfs" >&2; exit 77; }
if [ "${1:-}" != inside ]; then
    unshare --mount true 2> /dev/null || { echo "mount namespaces are not allowed here" >&2; exit 77; }
    exec unshare --mount bash "$0" inside
fi
dir=$(mktemp -d) || exit 1
trap 'umount "$dir" 2> /dev/null; rmdir "$dir"' EXIT
mount -t tmpfs -o size=256k none "$dir" || exit 77
mkdir "$dir/incoming"
rc=0
said=$(head -c 1000000 /dev/zero | "$BUILD/spooldrop" -o paths.root="$dir" -f a@example.org b@example.net 2>&1) || rc=$?
[ $rc = 75 ] || { echo "exit code $rc: $said" >&2; exit 1; }
[[ $said == *"No space left"* ]] || { echo "said: $said" >&2; exit 1; }
[ -z "$(ls -A "$dir/incoming")" ] || { ls -lA "$dir/incoming" >&2; exit 1; }
# With room again the next message goes through.
echo hello | "$BUILD/spooldrop" -o paths.root="$dir" -f a@example.org b@example.net
