#!/bin/bash
# More happens in the intake than the kernel's event queue holds: events are lost, messages are not, and not
# only the slow regular look finds them.
. "$(dirname "$0")/lib.bash"
length=$(cat /proc/sys/fs/inotify/max_queued_events) || skip "no inotify"
[ "$length" -le 40000 ] || skip "an event queue of $length takes too long to fill"
settings=(spool.rescan=1h)
make_spool
start_spoold
total=500
kill -STOP "$pid"
for ((i = 0; i < length / 2 + 10; i++)); do # two names, because equal neighbours are merged
    : > "$root/incoming/a.tmp"
    : > "$root/incoming/b.tmp"
done
rm "$root"/incoming/?.tmp
for n in $(seq $total); do printf 'Subject: %d\n\n' "$n" > "$root/incoming/d$n.eml"; done
for n in $(seq $total); do printf 'Written\na@example.org\nb@example.net\n\n' > "$root/incoming/d$n.hdr"; done
chmod 644 "$root"/incoming/d*
kill -CONT "$pid"
wait_until 20 "all $total are delivered" has $total "$root/outgoing/*.hdr"
expect_log event=inotify_overflow
stop_spoold
[ "$(cat "$root"/outgoing/*.eml | grep '^Subject: ' | sort -u | wc -l)" = $total ] || fail "one is missing, one stands twice"
expect_empty "$root/incoming" "$root/proc" "$root/quarantine"
