#!/bin/bash
# No inode is left: the same as a full disk. Nothing is lost, and all goes on when there are inodes again.
. "$(dirname "$0")/lib.bash"
own_mounts
small_disk size=20m,nr_inodes=120
settings=(spool.reserve=0 spool.reserve_inodes=20 spool.hold_first=200ms spool.hold_longest=1s spool.rescan=500ms)
make_spool
text > "$dir/body"
start_spoold
for n in {1..5}; do deposit "d$n" "$body"; done
for n in {1..150}; do : 2> /dev/null > "$root/fill$n" || break; done 2> /dev/null
[ "$n" -lt 150 ] || fail "the inodes did not run out"
wait_until 5 "the intake is stopped" test -e "$root/incoming/.stopped"
rc=0
text | spooldrop -f a@example.org b@example.net > "$dir/said" 2>&1 || rc=$?
[ $rc = 75 ] || fail "spooldrop: exit code $rc: $(cat "$dir/said")"
sleep 0.3
kill -0 "$pid" || fail "spoold died"
rm "$root"/fill*
for n in {6..10}; do deposit "d$n" "$body"; done
wait_until 10 "all are delivered" has 10 "$root/outgoing/*.hdr"
for n in {1..10}; do expect_delivered "d$n" "$dir/body"; done
wait_until 5 "spooldrop is let in again" eval "text | spooldrop -f a@example.org b@example.net"
wait_until 5 "the last one is delivered" has 11 "$root/outgoing/*.hdr"
stop_spoold
expect_empty "$root/proc" "$root/quarantine"
