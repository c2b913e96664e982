#!/bin/bash
# A message that is held longer than spool.max_hold goes to quarantine/failed with both reasons; with --hold-all it
# stays held for as long as it takes.
. "$(dirname "$0")/lib.bash"
need_fates
settings=(spool.hold_first=100ms spool.hold_longest=1s spool.max_hold=1s spool.rescan=300ms)
make_spool
start_spoold
deposit slow "$body" "x-spoold-test: hold:9"
wait_until 10 "it is in quarantine/failed" has 1 "$root/quarantine/failed/slow~*.json"
grep -q 'the test asked for it; it was held longer than spool.max_hold' "$root"/quarantine/failed/slow~*.json ||
    fail "the reason is not named: $(cat "$root"/quarantine/failed/slow~*.json)"
stop_spoold
start_spoold --hold-all
deposit kept "$body"
wait_until 5 "it is held" has 1 "$root/proc/kept~*.hdr.h0"
sleep 1.5
has 1 "$root/proc/kept~*.eml" || fail "--hold-all let it go"
stop_spoold
start_spoold
wait_delivered kept
stop_spoold
