#!/bin/bash
# New signatures are loaded by themselves while mail flows, a half-written set is not used and loaded when it is whole,
# and what fails to load leaves the old ones in service with an alarm.
. "$(dirname "$0")/lib.bash"
av=on settings=(antivirus.reload_mode=overlap)
put_signatures
make_spool
start_spoold
wait_until 20 "the scanner serves" av_serves
first=$(av_generation)
spoolctl av status | grep -q 'TEST SIGNATURES' && fail "these are no test signatures"
deposit before 'Subject: x\n\nthe new words\n'
wait_delivered before
for i in {1..200}; do
    deposit "m$i" "$body"
    [ $i = 50 ] && put_signatures "the new words"
done
wait_until 20 "the new set serves" eval '[ "$(av_generation)" -gt $first ]'
deposit after 'Subject: x\n\nthe new words\n'
wait_until 10 "it is found now" quarantined virus after
wait_until 20 "all others are delivered" has 201 "$root/outgoing/*.hdr"
expect_no_log 'event=held'
serving=$(av_generation)
printf 'Broken:0:*:4' > "$signatures/broken.ndb"
wait_until 20 "the alarm is raised" eval 'spoolctl status | grep -q "ALARM.*worker-av"'
[ "$(av_generation)" = "$serving" ] || fail "generation $(av_generation) serves instead of $serving"
deposit still 'Subject: x\n\nthe new words\n'
wait_until 10 "the old one still finds it" quarantined virus still
printf 'Broken:0:*:%s\n' "$(printf 'even newer words' | od -An -tx1 | tr -d ' \n')" > "$signatures/broken.ndb"
wait_until 20 "the whole set serves" eval '[ "$(av_generation)" -gt "$serving" ]'
wait_until 5 "the alarm is over" eval '! spoolctl status | grep -q "ALARM.*worker-av"'
deposit newer 'Subject: x\n\neven newer words\n'
wait_until 10 "they are found" quarantined virus newer
serving=$(av_generation)
spoolctl av reload > /dev/null || fail "av reload is refused"
wait_until 20 "an order loads the same set again" eval '[ "$(av_generation)" -gt "$serving" ]'
expect_balanced
stop_spoold
