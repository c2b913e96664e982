#!/bin/bash
# The file system turns read-only under a running spoold, as after an I/O error: it stays up, raises an alarm
# and answers, spooldrop says "later", and after a repair and restart every message is delivered once.
. "$(dirname "$0")/lib.bash"
own_mounts
ext4_disk
settings=(spool.reserve=0 spool.reserve_inodes=0 spool.hold_first=100ms spool.hold_longest=1s spool.rescan=200ms)
make_spool
text > "$dir/body"
start_spoold
deposit before "$body"
wait_delivered before
for n in {1..20}; do deposit "d$n" "$body"; done
sync -f "$root"
mount -o remount,abort "$root" 2> /dev/null
wait_until 5 "the file system is read-only" eval '! touch "$root/x"' || skip "ext4 cannot be made read-only here"
sleep 1
kill -0 "$pid" || fail "spoold died"
spoolctl status > "$dir/status" 2>&1 || fail "status does not answer: $(cat "$dir/status")"
rc=0
text | spooldrop -f a@example.org b@example.net > "$dir/said" 2>&1 || rc=$?
[ $rc = 75 ] || fail "spooldrop: exit code $rc: $(cat "$dir/said")"
kill_spoold
umount "$root" || fail "umount"
e2fsck -fy "$dir/image" > "$dir/fsck" 2>&1 || [ $? = 1 ] || fail "fsck: $(cat "$dir/fsck")"
mount -o loop "$dir/image" "$root" || fail "mount again"
start_spoold
deposit after "$body"
wait_until 15 "all are delivered" has 22 "$root/outgoing/*.hdr"
for n in before d{1..20} after; do expect_delivered "$n" "$dir/body"; done
stop_spoold
expect_empty "$root/incoming" "$root/proc" "$root/quarantine"
[ "$(event_ids delivered | wc -l)" = 22 ] || fail "journal: $(event_ids delivered | wc -l) of 22"
