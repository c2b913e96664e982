#!/bin/bash
# reload_mode = drain: the old signatures go first. Messages that come meanwhile are taken in, held, not lost, not passed
# on unexamined; afterwards they go on by themselves. The time that it took is told.
. "$(dirname "$0")/lib.bash"
av=on settings=(antivirus.reload_mode=drain)
put_signatures
make_spool
start_spoold
wait_until 20 "the scanner serves" av_serves
first=$(av_generation)
for i in {1..300}; do
    deposit "m$i" "$body"
    [ $((i % 100)) = 50 ] && { spoolctl av reload > /dev/null || fail "av reload is refused"; }
done
wait_until 30 "all are delivered" has 300 "$root/outgoing/*.hdr"
wait_until 20 "a new generation serves" eval '[ "$(av_generation)" -gt $first ] && av_serves'
[ "$(grep -l '^X-Spoold-Virus: clean' "$root"/outgoing/*.eml | wc -l)" = 300 ] || fail "some are not examined"
expect_log 'event=worker_reloaded role=av .*mode=drain ms=[0-9]'
spoolctl --json av status | grep -q '"last_reload_ms":[1-9]' || fail "the time is not told: $(spoolctl --json av status)"
wait_until 5 "one loader of the role is left" eval '[ "$(pgrep -c -P "$(pgrep -P "$pid")")" = 2 ]'
expect_balanced
stop_spoold
