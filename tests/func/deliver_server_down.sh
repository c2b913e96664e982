#!/bin/bash
# The server is down: messages wait in the outlet, status says why, nothing is lost over a restart and a kill; when it
# is back each one arrives once. A message older than deliver.lifetime goes to quarantine/failed.
. "$(dirname "$0")/lib.bash"
. "$here/deliver.bash"
start_sink
stop_sink
deliver_settings
make_spool
start_spoold
for i in 1 2 3 4 5 6 7 8; do deposit m$i "$body"; done
wait_until 10 "they wait in the outlet" has 8 "$root/outgoing/*.hdr"
wait_until 5 "status says so" eval 'spoolctl status | grep -q "cannot be reached"'
expect_balanced
kill_spoold
start_spoold
[ "$(events delivered)" = 0 ] || fail "delivered to nobody"
expect_balanced
start_sink --port "$port"
wait_until 20 "all are handed over" eval '[ "$(event_ids delivered | wc -l)" = 8 ]'
wait_until 10 "the outlet is empty" eval '[ -z "$(files_in "$root/outgoing")" ]'
[ "$(taken)" = 8 ] || fail "the server has $(taken) messages"
no_violations
expect_balanced
stop_spoold
stop_sink
settings+=(deliver.lifetime=1s)
start_spoold
deposit late "$body"
wait_until 15 "it is given up" has 1 "$root/quarantine/failed/late~*.hdr"
grep -q 'cannot be reached' "$root"/quarantine/failed/late~*.json || fail "no reason: $(cat "$root"/quarantine/failed/late~*.json)"
wait_until 5 "the outlet is empty" eval '[ -z "$(files_in "$root/outgoing")" ]'
expect_balanced
stop_spoold
