#!/bin/bash
# Many at once: each message gets a name of its own, none is lost or mixed, and
# what stood in the folder before stays as it was.
set -u
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/incoming"
echo theirs > "$dir/incoming/other.eml"
echo theirs > "$dir/incoming/other.hdr"
pids=()
for i in {1..40}; do
    echo "message $i" | "$BUILD/spooldrop" -o paths.root="$dir" -f a@example.org "r$i@example.net" &
    pids+=($!)
done
for pid in "${pids[@]}"; do
    wait "$pid" || { echo "exit code $?" >&2; exit 1; }
done
[ "$(cat "$dir"/incoming/other.*)" = $'theirs\ntheirs' ] || exit 1
rm "$dir"/incoming/other.*
[ "$(find "$dir/incoming" -type f | wc -l)" = 80 ] || { ls "$dir/incoming" >&2; exit 1; }
for hdr in "$dir"/incoming/*.hdr; do
    i=$(sed -n '3s/^r\([0-9]*\)@.*/\1/p' "$hdr")
    [ "$(cat "${hdr%.hdr}.eml")" = "message $i" ] || { echo "$hdr has another message" >&2; exit 1; }
done
[ "$(sort -u "$dir"/incoming/*.eml | wc -l)" = 40 ]
