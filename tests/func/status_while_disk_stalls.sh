#!/bin/bash
# While every flush hangs for seconds, spoolctl status answers at once and says so, the intake is closed, and
# when the disk answers again all is delivered: nothing is lost.
. "$(dirname "$0")/lib.bash"
need strace
settings=(spool.store_stall=500ms)
make_spool
start_spoold
strace -o /dev/null -p "$pid" -e trace=none 2> "$dir/strace" & probe=$!
sleep 0.2
kill "$probe" 2> /dev/null && wait "$probe"
grep -q 'not permitted\|not allowed' "$dir/strace" && skip "strace may not trace here"
strace -f -o /dev/null -p "$pid" -e trace=fsync,fdatasync,syncfs -e inject=fsync,fdatasync,syncfs:delay_enter=4000000 2> "$dir/strace" &
slow=$!
daemons+=("$slow")
wait_until 5 "strace is attached" grep -q attached "$dir/strace"
for n in {1..20}; do deposit "d$n" "$body"; done
wait_until 10 "status reports the stall" eval 'spoolctl --json status | grep -q "\"stalled\":true"'
for n in {1..15}; do
    began=${EPOCHREALTIME/./}
    spoolctl --json status > "$dir/status" 2>&1 || fail "status: $(cat "$dir/status")"
    echo $(((${EPOCHREALTIME/./} - began) / 1000))
done | sort -n > "$dir/times"
[ "$(sed -n 8p "$dir/times")" -le 100 ] || fail "status took, in ms: $(tr '\n' ' ' < "$dir/times")"
[ "$(tail -n 1 "$dir/times")" -le 1000 ] || fail "status took, in ms: $(tr '\n' ' ' < "$dir/times")"
spoolctl status | grep -qi 'disk has not answered' || fail "status does not say it: $(spoolctl status)"
expect_log 'event=alarm alarm=store_stalled'
kill "$slow" && wait "$slow"
wait_until 20 "all are delivered" has 20 "$root/outgoing/*.hdr"
wait_until 5 "the alarm is over" grep -q 'event=alarm_over alarm=store_stalled' "$log"
for n in {1..20}; do expect_delivered "d$n" <(text); done
wait_until 5 "the intake is open again" eval 'text | spooldrop -f a@example.org b@example.net'
wait_until 5 "the last one is delivered" has 21 "$root/outgoing/*.hdr"
stop_spoold
