#!/bin/bash
# No byte is left while messages are in work: they are held or wait, nothing half written is published, and
# after a restart with room all are delivered once.
. "$(dirname "$0")/lib.bash"
own_mounts
small_disk size=16m
settings=(spool.reserve=0 spool.hold_first=100ms spool.hold_longest=1s)
make_spool
head -c 50000 /dev/zero | tr '\0' 'y' > "$dir/message"
for n in {1..20}; do
    deposit "d$n" ""
    cp "$dir/message" "$root/incoming/d$n.eml"
done
dd if=/dev/zero of="$root/filler" bs=4096 2> /dev/null
truncate -s -65536 "$root/filler"
start_spoold
sleep 1
for h in "$root"/outgoing/*.hdr; do
    [ ! -e "$h" ] || [ "$(stat -c %s "${h%.hdr}.eml")" -gt 50000 ] || fail "published, but not whole: $h"
done
kill -0 "$pid" || fail "spoold died"
kill_spoold
rm "$root/filler"
start_spoold
wait_until 20 "all are delivered" has 20 "$root/outgoing/*.hdr"
stop_spoold
for f in "$root"/outgoing/*.eml; do
    cmp -s <(without_trace "$f") "$dir/message" || fail "${f##*/} is not whole"
done
expect_empty "$root/incoming" "$root/proc" "$root/quarantine"
