#!/bin/bash
# Delete, expiry by class, keep_released, and purge by address: an entry goes with a line in the journal, the rest stays.
. "$(dirname "$0")/lib.bash"
need_fates
make_spool
q=$root/quarantine
deposit one "$body" 'x-spoold-test: q-virus\n'
deposit two "$body" 'x-spoold-test: q-virus\n'
rcpt=Gone@example.net,bob@example.net deposit three "$body" 'x-spoold-test: q-virus\n'
rcpt=gone@example.net deposit four "$body" 'x-spoold-test: q-virus\n'
run_once
has 4 "$q/virus/*.hdr" && mv "$q"/virus/t* "$q"/virus/four* "$q/spam" || fail "not all are in quarantine: $(ls "$q"/*)"
start_spoold
said 0 quarantine release four
said 64 purge
said 64 purge --address ""
said 0 purge --address GONE@example.net
[[ $out == *"2 deleted"* ]] || fail "purge: $out"
has 0 "$q/spam/three*" "$q/spam/four*" || fail "left: $(ls "$q/spam")"
said 0 purge --address gone@example.net
[[ $out == *"0 deleted"* ]] || fail "purged twice: $out"
said 0 quarantine list
[ "$(wc -l <<< "$out")" = 3 ] || fail "list: $out"
expect_balanced
stop_spoold
settings=(quarantine.expire_virus=1s)
start_spoold
wait_until 5 "the entry of class virus is over" has 0 "$q/virus/*"
has 3 "$q/spam/two*" || fail "another class expired too"
said 0 show one
[[ $out == *deleted* && $out == *"expire_virus is over"* ]] || fail "show: $out"
expect_balanced
stop_spoold
settings=(quarantine.keep_released=0)
start_spoold
said 0 quarantine release two
wait_until 5 "the released entry is over" has 0 "$q/spam/*"
said 0 --json audit
[[ $out == *'"quarantined":4,'*'"released":2,"deleted":2,'*'"balanced":true'* ]] || fail "audit: $out"
stop_spoold
