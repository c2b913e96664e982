#!/bin/bash
# Without an engine that has proved itself nothing passes: mail is taken in and held, an alarm says why, and it goes on by
# itself when the engine is there. Signatures that do not find EICAR are such a case.
. "$(dirname "$0")/lib.bash"
av=on settings=(spool.hold_first=60s)
mkdir "$signatures" && printf 'Other:0:*:41424344454647484950\n' > "$signatures/other.ndb"
make_spool
start_spoold
for i in {1..5}; do deposit "m$i" "$body"; done
{ printf 'Subject: raw\n\n'; eicar; } > "$dir/raw"
deposit_file raw "$dir/raw"
wait_until 20 "the alarm is raised" eval 'spoolctl status | grep -q "ALARM.*EICAR"'
wait_until 20 "all are held" eval '[ "$(spoolctl --json status | grep -o "\"held\":[0-9]*")" = "\"held\":6" ]'
[ "$(events accepted)" = 6 ] || fail "they are not written down"
spoolctl queue --held | grep -q 'waits for the virus scanner' || fail "the reason is not shown: $(spoolctl queue --held)"
has 0 "$root/outgoing/*.hdr" || fail "something passed unexamined"
deposit later "$body"
wait_until 20 "the intake goes on" eval '[ "$(events accepted later)" = 1 ]'
put_signatures
wait_until 30 "all are delivered" has 6 "$root/outgoing/*.hdr"
wait_until 5 "the infected one is in quarantine" quarantined virus raw
wait_until 5 "the alarm is over" eval '! spoolctl status | grep -q "ALARM.*worker-av"'
[ "$(cat "$root"/proc/*.hdr.* 2> /dev/null | wc -l)" = 0 ] || fail "some are left in proc"
expect_balanced
stop_spoold
