#!/bin/bash
# Signatures that are gone or unreadable for a while are never replaced by the test signatures: those in memory go on, an
# alarm says so; after a restart mail is held. While nothing is served spoold rests.
. "$(dirname "$0")/lib.bash"
av=on settings=(antivirus.reload_mode=drain spool.hold_first=60s)
put_signatures "the words"
make_spool
start_spoold
wait_until 20 "the scanner serves" av_serves
one() { deposit "$1" 'Subject: x\n\nthe words\n' && wait_until 10 "$1 is found" quarantined virus "$1"; }
one before
mv "$signatures" "$dir/away"
wait_until 20 "the alarm is raised" eval 'spoolctl status | grep -q "ALARM.*signatures.*No such file"'
one away
kill -HUP "$pid"
sleep 1
one hup
mkdir "$signatures" # a new one, empty
wait_until 20 "an empty one is told" eval 'spoolctl status | grep -q "ALARM.*signatures.*holds none any more"'
spoolctl av reload > /dev/null
sleep 1
one empty
[ "$(av_generation)" -le 2 ] || true
expect_no_log 'TEST SIGNATURES'
stop_spoold
start_spoold # there is nothing to load now
deposit later 'Subject: x\n\nthe words\n'
deposit clean "$body"
wait_until 30 "both are held" eval '[ "$(spoolctl --json status | grep -o "\"held\":[0-9]*")" = "\"held\":2" ]'
before=$(awk '{print $14 + $15}' "/proc/$pid/stat")
sleep 2
used=$(($(awk '{print $14 + $15}' "/proc/$pid/stat") - before))
[ "$used" -lt 60 ] || fail "spoold used $used hundredths of a second in 2 s of outage"
has 0 "$root/outgoing/*.hdr" || fail "something passed"
put_signatures "the words"
wait_until 30 "the virus is found" quarantined virus later
wait_delivered clean
expect_no_log 'TEST SIGNATURES'
expect_balanced
stop_spoold
