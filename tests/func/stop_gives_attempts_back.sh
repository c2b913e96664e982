#!/bin/bash
# SIGTERM while a worker is at a message: the message goes on hold with its attempt given back, due at once, and
# nothing runs on; the next start delivers it.
. "$(dirname "$0")/lib.bash"
need_fates
settings=(workers.children=1 workers.deadline=60s)
make_spool
start_spoold
deposit slow "$body" 'x-spoold-test: sleep\n'
deposit waits "$body"
wait_until 5 "both are in work" eval 'has 2 "$root/proc/*.hdr.w1"'
sleep 0.2
loader=$(pgrep -P "$(pgrep -P "$pid")") && [ -n "$loader" ] || fail "no loader"
stop_spoold
has 2 "$root/proc/*.hdr.h0" || fail "not on hold with the attempt given back: $(ls "$root/proc")"
has 0 "$root/proc/*.out" || fail "outputs are left: $(ls "$root/proc")"
[ ! -e "/proc/$loader" ] || fail "a worker lives on"
rm "$root"/proc/slow~*.hdr.h0 && mv "$root"/proc/slow~*.eml "$dir/" # what always sleeps is of no further use
start_spoold
wait_delivered waits
grep -q 'id=waits.*event=decided' "$log" || fail "it was not decided again"
stop_spoold
