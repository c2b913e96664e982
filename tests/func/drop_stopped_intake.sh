#!/bin/bash
# While spoold takes no messages (".stopped" in the folder) spooldrop says so and
# exits 75; a folder that is not there is temporary too.
set -u
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
drop() { echo hello | "$BUILD/spooldrop" -o paths.root="$dir" -f a@example.org b@example.net 2> "$dir/said"; }

rc=0
drop || rc=$?
[ $rc = 75 ] && grep -q 'start spoold' "$dir/said" || { echo "no folder: $rc $(cat "$dir/said")" >&2; exit 1; }
mkdir "$dir/incoming"
touch "$dir/incoming/.stopped"
rc=0
drop || rc=$?
[ $rc = 75 ] && grep -q 'not taking messages' "$dir/said" || { echo "stopped: $rc $(cat "$dir/said")" >&2; exit 1; }
[ "$(ls -A "$dir/incoming")" = .stopped ] || { ls -lA "$dir/incoming" >&2; exit 1; }
rm "$dir/incoming/.stopped"
drop
