#!/bin/bash
# The intake may be -wx for the dropping group: messages go in durably (syncfs
# stands in for the folder's fsync) although the folder cannot be listed.
set -u
[ "$(id -u)" = 0 ] || { echo "needs root to change user" >&2; exit 77; }
command -v setpriv > /dev/null || { echo "needs setpriv" >&2; exit 77; }
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
chmod 755 "$dir"
cp "$BUILD/spooldrop" "$dir/spooldrop"
mkdir "$dir/incoming"
chgrp 65532 "$dir/incoming" && chmod 3730 "$dir/incoming" || exit 77
user=(setpriv --reuid=65533 --regid=65532 --clear-groups)
"${user[@]}" test -x "$dir/spooldrop" || { echo "$dir cannot be reached by other users" >&2; exit 77; }
"${user[@]}" ls "$dir/incoming" > /dev/null 2>&1 && { echo "the folder can be listed" >&2; exit 1; }

echo hello | "${user[@]}" "$dir/spooldrop" -o paths.root="$dir" -f a@example.org b@example.net || exit 1
[ "$(cat "$dir"/incoming/*.eml)" = hello ] || exit 1
[ "$(stat -c %g:%a "$dir"/incoming/* | sort -u)" = 65532:640 ] || { ls -ln "$dir/incoming" >&2; exit 1; }
# Somebody outside the group is told so, and may try again.
rc=0
setpriv --reuid=65533 --regid=65533 --clear-groups "$dir/spooldrop" -o paths.root="$dir" -f a@example.org \
    b@example.net 2> "$dir/said" <<< hello || rc=$?
[ $rc = 75 ] && grep -q group "$dir/said" || { echo "exit code $rc: $(cat "$dir/said")" >&2; exit 1; }
