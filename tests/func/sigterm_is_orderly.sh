#!/bin/bash
# SIGTERM: what is in work is finished or goes on hold with its attempt given back, the rest waits in its folder,
# exit code 0 within seconds; the next start goes on, and an attempt that was not one is not counted.
. "$(dirname "$0")/lib.bash"
settings=(spool.max_in_flight=4)
make_spool
for n in {1..300}; do deposit "d$n" "$body"; done
start_spoold
wait_until 10 "some are delivered" eval '[ "$(count "$root/outgoing/*.hdr")" -ge 5 ]'
began=$SECONDS
stop_spoold
[ $((SECONDS - began)) -lt 5 ] || fail "it took $((SECONDS - began)) s"
[ -e "$root/incoming/.running" ] || fail "the intake is marked as closed: deposits are welcome while spoold is down"
expect_log 'event=stopping signal=15'
expect_log 'event=stopped left_in_work=0'
held=$(count "$root/proc/*.hdr.h0")
[ "$(count "$root/proc/*")" = $((2 * held)) ] || fail "in proc is more than what was given back: $(ls "$root/proc")"
done_before=$(count "$root/outgoing/*.hdr")
[ $((done_before + held + $(count "$root/incoming/*.hdr"))) = 300 ] || fail "$done_before delivered, $held given back and $(count "$root/incoming/*.hdr") waiting are not 300"
rc=0
text | spooldrop -f a@example.org b@example.net 2> /dev/null || rc=$?
[ $rc = 0 ] || fail "spooldrop while it is stopped: exit code $rc"
settings=()
start_spoold
wait_until 15 "all are delivered" has 301 "$root/outgoing/*.hdr"
stop_spoold
[ "$(event_ids delivered | wc -l)" = 301 ] || fail "journal: $(event_ids delivered | wc -l) delivered"
# SIGINT is the same.
start_spoold
kill -INT "$pid"
rc=0
wait "$pid" || rc=$?
[ $rc = 0 ] || fail "SIGINT: exit code $rc"
