#!/bin/bash
# A depositor plants things under the names of spoold's own marks, .running and .stopped: a pipe, a folder, a file.
# spoold does not wait for them, puts its own mark in their place, and spooldrop believes only spoold's.
. "$(dirname "$0")/lib.bash"
settings=(spool.rescan=300ms)
make_spool
for name in .running .stopped; do
    rm -rf "$root/incoming/"{.running,.stopped}
    mkfifo "$root/incoming/$name"
    start_spoold
    stop_spoold
    rm -rf "$root/incoming/"{.running,.stopped}
    mkdir "$root/incoming/$name"
    start_spoold
    stop_spoold
done
start_spoold
rm -f "$root/incoming/.running"
mkfifo "$root/incoming/.stopped"
text | spooldrop -f a@example.org b@example.net > "$dir/said" 2>&1 || fail "a planted pipe stops deposits: $(cat "$dir/said")"
if [ "$(id -u)" = 0 ]; then
    rm -f "$root/incoming/.stopped"
    touch "$root/incoming/.stopped"
    chown 12345 "$root/incoming/.stopped"
    text | spooldrop -f a@example.org b@example.net > "$dir/said" 2>&1 || fail "a forged mark stops deposits: $(cat "$dir/said")"
fi
wait_until 5 "the mark is right again" is_running
stop_spoold
