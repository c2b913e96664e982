#!/bin/bash
# spoolctl tail: the last lines of the past, then each new event once, over a restart of spoold, until Ctrl-C, which
# is no error. --json prints the lines of the journal as they stand there.
. "$(dirname "$0")/lib.bash"
make_spool
for n in 1 2 3; do deposit "past$n" "$body"; done
run_once
start_spoold
follow() { # FILE ARGUMENTS... -> $tail
    local to=$1
    shift
    execute=exec spoolctl "$@" > "$to" 2>> "$log" &
    tail=$!
    daemons+=("$tail")
}
end_tail() {
    local rc=0
    kill -INT "$1" && wait "$1" || rc=$?
    [ $rc = 0 ] || fail "tail ended with exit code $rc"
}
follow "$dir/text" tail -n 2; text=$tail
follow "$dir/json" tail -n 0 --json; json=$tail
wait_until 5 "the past is shown" eval '[ "$(grep -c "example" "$dir/text")" = 2 ]'
sleep 0.6
deposit new1 "$body"
wait_until 5 "new1 is shown" eval '[ "$(grep -c new1 "$dir/json")" = 2 ]'
stop_spoold
start_spoold
deposit new2 "$body"
wait_until 5 "new2 is shown" eval '[ "$(grep -c new2 "$dir/json")" = 2 ]'
wait_until 5 "and for people" eval '[ "$(grep -c "example" "$dir/text")" = 6 ]'
end_tail "$text"
end_tail "$json"
cat "$root"/state/journal/*.jsonl | grep new > "$dir/wanted"
cmp "$dir/json" "$dir/wanted" || fail "the lines differ from those of the journal"
grep -q 'WHAT' "$dir/text" && grep -q ' accepted$' "$dir/text" && grep -q ' delivered$' "$dir/text" || fail "text: $(cat "$dir/text")"
rc=0
spoolctl tail -n many 2> /dev/null || rc=$?
[ $rc = 64 ] || fail "-n many: exit code $rc"
stop_spoold
rc=0
spoolctl tail 2> /dev/null || rc=$?
[ $rc = 75 ] || fail "without spoold: exit code $rc"
