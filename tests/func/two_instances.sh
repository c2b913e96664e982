#!/bin/bash
# A second spoold on the same folders is refused with exit code 100 and names the holder, and the first works
# on; so is one whose own root has an intake that another spoold works on.
. "$(dirname "$0")/lib.bash"
make_spool
start_spoold
first=$pid
rc=0
run spoold --once > "$dir/said" 2>&1 || rc=$?
[ $rc = 100 ] || fail "exit code $rc: $(cat "$dir/said")"
grep -q "another spoold works here.*pid $first on .*stop it, or use another paths.root" "$dir/said" || fail "said: $(cat "$dir/said")"
mkdir "$dir/other"
rc=0
"$bin/spoold" -o paths.root="$dir/other" -o spool.unsafe_filesystem=yes -o "intake main.path=$root/incoming" --once \
    > "$dir/said" 2>&1 || rc=$?
[ $rc = 100 ] || fail "shared intake: exit code $rc: $(cat "$dir/said")"
grep -q "another spoold works here" "$dir/said" || fail "shared intake: said: $(cat "$dir/said")"
deposit after "$body"
wait_delivered after
# A lock that a killed one left behind does not matter.
kill_spoold
start_spoold
