#!/bin/bash
# SIGHUP starts a new generation of workers while mail flows; one that cannot start is discarded with an alarm and
# the old one keeps serving.
. "$(dirname "$0")/lib.bash"
mkdir "$dir/bin" && cp "$BUILD/spoold" "$BUILD/spoold-launcher" "$BUILD/worker-rewrite" "$dir/bin/" && ln -s "$BUILD/spoolctl" "$BUILD/spooldrop" "$dir/bin/"
bin=$dir/bin
make_spool
start_spoold
generation() { spoolctl --json status | grep -o '"role":"rewrite","state":"[a-z ]*","generation":[0-9]*' | sed 's/.*://'; }
wait_until 5 "generation 1 serves" eval '[ "$(generation)" = 1 ]'
for i in {1..300}; do deposit "m$i" "$body"; [ $((i % 100)) = 50 ] && kill -HUP "$pid"; done
wait_until 20 "all are delivered" has 300 "$root/outgoing/*.hdr"
wait_until 10 "a new generation serves" eval '[ "$(generation)" -ge 2 ]'
wait_until 10 "the old loaders are gone" eval '[ "$(pgrep -c -P "$(pgrep -P "$pid")")" = 1 ]'
expect_no_log 'event=worker_lost'
before=$(generation)
mv "$dir/bin/worker-rewrite" "$dir/bin/away"
kill -HUP "$pid"
wait_until 10 "the new generation is given up" eval 'spoolctl status | grep -q "ALARM.*worker"'
[ "$(generation)" = "$before" ] || fail "generation $(generation) instead of $before"
deposit still "$body"
wait_delivered still
mv "$dir/bin/away" "$dir/bin/worker-rewrite"
kill -HUP "$pid"
wait_until 10 "the next one serves" eval '[ "$(generation)" -gt "$before" ]'
wait_until 5 "the alarm is over" eval '! spoolctl status | grep -q "ALARM.*worker"'
deposit last "$body"
wait_delivered last
expect_balanced
stop_spoold
