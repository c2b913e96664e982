#!/bin/bash
# A journal line cut off by a crash, and one with flipped bits, are skipped and never believed; what follows
# goes to a line of its own and the other history is kept.
. "$(dirname "$0")/lib.bash"
make_spool
for n in {1..5}; do deposit "d$n" "$body"; done
run_once
journal=$(echo "$root"/state/journal/*.jsonl)
lines=$(wc -l < "$journal")
[ "$lines" = 10 ] || fail "$lines lines for 5 messages"
tail -n 1 "$journal" | sed 's/"event":"delivered"/"event":"discarded"/' >> "$journal" # a checksum that does not fit
head -n 1 "$journal" | head -c 60 >> "$journal"
deposit after "$body"
rm -r "$root/state/ledger"
start_spoold
wait_delivered after
wait_until 10 "the books balance" spoolctl audit
spoolctl --json audit | grep -q '"accepted":6,"delivered":6,"quarantined":0,"discarded":0,' || fail "$(spoolctl --json audit)"
[ "$(spoolctl --json history | grep -c '"id":')" = 6 ] || fail "history: $(spoolctl --json history)"
stop_spoold
grep -q '^{"v":1,.*"event":"accepted","id":"after~.*}$' "$root"/state/journal/*.jsonl || fail "the new line is not one of its own"
