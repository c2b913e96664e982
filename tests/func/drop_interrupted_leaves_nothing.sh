#!/bin/bash
# Ended by a signal while the message still comes in: exit 75 and an empty folder.
set -u
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/incoming"
mkfifo "$dir/input"
for signal in TERM INT PIPE HUP; do
    exec 3<> "$dir/input"
    "$BUILD/spooldrop" -o paths.root="$dir" -f a@example.org b@example.net < "$dir/input" 3>&- 2> "$dir/said" &
    pid=$!
    echo "half a message" >&3
    for _ in {1..200}; do
        [ -s "$(echo "$dir"/incoming/*.em_)" ] && break
        sleep 0.02
    done
    [ -s "$(echo "$dir"/incoming/*.em_)" ] || { echo "no copy was begun" >&2; kill $pid; exit 1; }
    kill -s $signal $pid
    rc=0
    wait $pid || rc=$?
    exec 3>&-
    [ $rc = 75 ] || { echo "$signal: exit code $rc" >&2; exit 1; }
    [ -s "$dir/said" ] || { echo "$signal: nothing was said" >&2; exit 1; }
    [ -z "$(ls -A "$dir/incoming")" ] || { ls -lA "$dir/incoming" >&2; exit 1; }
done
