#!/bin/bash
# Where there is no room to note who has a message, it is not sent: it does not arrive again and again. With room it
# arrives once.
. "$(dirname "$0")/lib.bash"
own_mounts
. "$here/deliver.bash"
ext4_disk -O ^has_journal
start_sink
stop_sink
deliver_settings
settings+=(spool.reserve=0 spool.reserve_inodes=0)
make_spool
start_spoold
deposit one "$body"
wait_until 10 "it waits in the outlet" has 1 "$root/outgoing/*.hdr"
wait_until 10 "its notes were made" has 1 "$root/outgoing/*.sent"
dd if=/dev/zero of="$root/fill" bs=64k > /dev/null 2>&1
dd if=/dev/zero of="$root/fill2" bs=512 > /dev/null 2>&1
start_sink --port "$port"
sleep 3
[ "$(taken)" -le 1 ] || fail "it arrived $(taken) times"
was=$(taken)
rm "$root/fill" "$root/fill2"
wait_until 20 "it is delivered" eval '[ "$(events delivered)" -ge 1 ]'
[ "$(taken)" = 1 ] || fail "it arrived $(taken) times, $was of them on the full disk"
expect_balanced
