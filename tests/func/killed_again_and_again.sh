#!/bin/bash
# spoold is killed eight times with hundreds of messages in work: none of them is taken for the reason. From its
# second attempt on a message goes alone, so that only the one that was in work can be charged once more.
. "$(dirname "$0")/lib.bash"
settings=(workers.children=4)
make_spool
for n in {1..400}; do deposit "d$n" "$body"; done
for kills in {1..8}; do
    : > "$log"
    start_spoold
    wait_until 10 "some are in work" grep -q event=decided "$log"
    kill_spoold
    has 400 "$root/outgoing/*.hdr" && break
done
[ "$kills" -ge 4 ] || fail "all were delivered after $kills kills: this shows nothing"
charged=$(find "$root/proc" -name '*.hdr.w[3-9]' -o -name '*.hdr.h[3-9]' | wc -l)
[ "$charged" -le 4 ] || fail "$charged messages were charged with three attempts"
start_spoold
wait_until 40 "all that are not suspected are delivered" eval '[ "$(find "$root/outgoing" "$root/quarantine/poison" -name "*.hdr" | wc -l)" = 400 ]'
poison=$(count "$root/quarantine/poison/*.hdr")
[ "$poison" -le 2 ] || fail "$poison messages are in quarantine/poison"
echo "kills: $kills, in quarantine/poison: $poison"
expect_empty "$root/proc" "$root/incoming"
expect_balanced
stop_spoold
