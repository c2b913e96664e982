#!/bin/bash
# The disk fills up: intake stops below the reserve, spooldrop says "later" (75), what was accepted is neither
# lost nor sent twice, and all of it goes on by itself when there is room again.
. "$(dirname "$0")/lib.bash"
own_mounts
small_disk size=16m
settings=(spool.reserve=1M spool.reserve_inodes=10 spool.hold_first=200ms spool.hold_longest=1s spool.rescan=500ms)
make_spool
start_spoold
head -c 100000 /dev/zero | tr '\0' 'x' > "$dir/message"
sent=0
drop() { spooldrop -f a@example.org r$1@example.net < "$dir/message" > "$dir/said" 2>&1; }
drop 0 && sent=1 || fail "the first message was refused: $(cat "$dir/said")"
# Not while it is in work: its original would free more room than the filler leaves out.
wait_until 5 "the first message is out" has 1 "$root/outgoing/*.hdr"
wait_until 5 "nothing is in work" has 0 "$root/proc/*"
free=$(df -k --output=avail "$root" | tail -n 1)
head -c $(((free - 960) * 1024)) /dev/zero > "$root/filler"
wait_until 5 "the intake is stopped" test -e "$root/incoming/.stopped"
rc=0
drop x || rc=$?
[ $rc = 75 ] || fail "spooldrop: exit code $rc: $(cat "$dir/said")"
expect_log 'event=alarm alarm=no_room'
# Deposits that ask nobody go on until there is no byte left.
for n in {1..30}; do
    cp "$dir/message" "$root/incoming/d$n.em_" 2> /dev/null || break
    printf 'Written\na@example.org\nr%d@example.net\n\n' "$n" > "$root/incoming/d$n.hd_" 2> /dev/null || break
    [ "$(stat -c %s "$root/incoming/d$n.hd_")" -gt 30 ] || break
    chmod 644 "$root/incoming/d$n".*
    mv "$root/incoming/d$n.em_" "$root/incoming/d$n.eml" && mv "$root/incoming/d$n.hd_" "$root/incoming/d$n.hdr"
    sent=$((sent + 1))
done
[ $sent -gt 5 ] || fail "only $sent deposits"
rm -f "$root"/incoming/*_
dd if=/dev/zero of="$root/filler2" bs=4096 2> /dev/null
sleep 0.3
kill -0 "$pid" || fail "spoold died"
rm "$root/filler" "$root/filler2"
wait_until 10 "all $sent are delivered" has $sent "$root/outgoing/*.hdr"
wait_until 5 "spooldrop is let in again" drop last
wait_until 5 "the last one is delivered" has $((sent + 1)) "$root/outgoing/*.hdr"
for f in "$root"/outgoing/*.eml; do
    cmp -s <(without_trace "$f") "$dir/message" || fail "${f##*/} is not whole"
done
expect_log 'event=alarm_over alarm=no_room'
stop_spoold
expect_empty "$root/proc" "$root/quarantine"
[ "$(event_ids delivered | wc -l)" = $((sent + 1)) ] || fail "journal: $(event_ids delivered | wc -l) of $((sent + 1))"
