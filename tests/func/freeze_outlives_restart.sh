#!/bin/bash
# spoolctl freeze: the intake is stopped, spooldrop exits 75, a restart changes nothing, no attempt begins, status
# and doctor say it loudly; thaw ends it and what waited is delivered.
. "$(dirname "$0")/lib.bash"
make_spool
drop() { text | spooldrop -f a@example.org b@example.net 2> "$dir/said"; }
is_frozen() { [ -e "$root/incoming/.stopped" ] && [[ $(spoolctl status 2>&1) == *FROZEN* ]]; }
start_spoold
[[ $(spoolctl freeze) == frozen:* ]] || fail "freeze"
spoolctl freeze > /dev/null || fail "a second freeze"
wait_until 5 "the intake is stopped" is_frozen
has 1 "$root/state/frozen" || fail "there is no file state/frozen"
rc=0
drop || rc=$?
[ $rc = 75 ] || fail "spooldrop ended with $rc while spoold was frozen"
deposit waits "$body" # by another program, which asks nobody
rc=0
spoolctl retry all > "$dir/retry" 2>&1 || rc=$?
[ $rc = 75 ] && grep -q thaw "$dir/retry" || fail "retry while frozen: exit code $rc"
stop_spoold
launch_spoold
wait_until 10 "it is frozen after the restart" is_frozen
spoolctl doctor > "$dir/doctor"
grep -q '^\[warn\] spoold is FROZEN.* - .*thaw' "$dir/doctor" || fail "doctor does not say it: $(cat "$dir/doctor")"
spoolctl --json status | grep -q '"frozen":true' || fail "status --json"
spoolctl metrics | grep -qx 'spoold_frozen 1' || fail "metrics"
sleep 0.3
has 1 "$root/incoming/waits.hdr" || fail "a message was taken"
stop_spoold
# What stands in proc already is not begun either.
rm "$root/state/frozen"
start_spoold --hold-all
wait_until 5 "it is held" has 1 "$root/proc/waits*.hdr.h0"
spoolctl freeze > /dev/null || fail "freeze"
stop_spoold
launch_spoold
wait_until 10 "it is frozen" is_frozen
sleep 0.5
has 1 "$root/proc/waits*.hdr.h0" || fail "an attempt began: $(ls "$root/proc")"
[[ $(spoolctl thaw) == thawed:* ]] || fail "thaw"
wait_until 5 "the held one is tried" spoolctl retry all
wait_delivered waits
has 0 "$root/state/frozen" || fail "the file state/frozen is still there"
wait_until 5 "spooldrop is served again" drop
expect_balanced
stop_spoold
