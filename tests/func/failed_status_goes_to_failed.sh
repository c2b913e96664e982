#!/bin/bash
# A deposit that its depositor marked Failed is kept in quarantine/failed with the reason, never sent, never
# deleted; one that is still being written (Writing) stays where it is.
. "$(dirname "$0")/lib.bash"
make_spool
deposit ok "$body"
for status in Failed Writing Nonsense; do
    deposit $status "$body"
    sed -i "1s/.*/$status/" "$root/incoming/$status.hdr"
    touch -d '1 hour ago' "$root/incoming/$status.hdr"
done
start_spoold
wait_until 10 "two messages are in quarantine/failed" has 2 "$root/quarantine/failed/*.hdr"
stop_spoold
delivered ok || fail "the sound message was not sent"
has 1 "$root/outgoing/*.hdr" || fail "sent: $(ls "$root/outgoing")"
for status in Failed Nonsense; do
    q=$(only "$root/quarantine/failed/$status" .hdr) || fail $status
    cmp -s "$q.eml" <(text) || fail "$status: not the original bytes"
    [ "$(head -n 1 "$q.hdr")" = $status ] || fail "$status: not the original envelope"
done
grep -q '"reason":"the depositor marked it Failed"' "$root"/quarantine/failed/Failed~*.json ||
    grep -q '"reason":"line 1 of its .hdr is not Written but Failed"' "$root"/quarantine/failed/Failed~*.json ||
    fail "Failed: record $(cat "$root"/quarantine/failed/Failed~*.json)"
has 2 "$root/incoming/Writing.*" || fail "Writing: taken before it was finished"
[ "$(events quarantined)" = 2 ] || fail "journal: $(cat "$root"/state/journal/*)"
