#!/bin/bash
# Two intakes with an outlet each: what comes in at one goes out at its own, also after the ledger is lost,
# because the intake's name stands in the name of the message.
. "$(dirname "$0")/lib.bash"
cat > "$dir/spoold.ini" <<'END'
[intake main]
path = incoming
outlet = outgoing
[intake second]
path = in2
outlet = out2
END
launch() { run_once -c "$dir/spoold.ini" "$@"; }
launch
for n in 1 2 3; do
    deposit "same$n" "$body"
    deposit "same$n" "Subject: second\n\nsecond\n" "" "$root/in2"
done
launch
for n in 1 2 3; do
    expect_delivered "same$n" <(text)
    at=$(only "$root/out2/same$n~second" .hdr) || fail "same$n is not in the second outlet: $(ls "$root/out2")"
    cmp -s <(without_trace "$at.eml") <(printf 'Subject: second\n\nsecond\n') || fail "same$n: another's content in the second outlet"
done
has 3 "$root/outgoing/*.hdr" && has 3 "$root/out2/*.hdr" || fail "$(ls "$root/outgoing" "$root/out2")"
deposit held "$body" "" "$root/in2"
launch --hold-all
only "$root/proc/held~second" .hdr.h0 > /dev/null || fail "not held: $(ls "$root/proc")"
rm -r "$root/state/ledger"
launch
only "$root/out2/held~second" .hdr > /dev/null || fail "after the loss of the ledger it is not in the second outlet: $(ls "$root/out2")"
"$bin/spooldrop" -c "$dir/spoold.ini" -o paths.root="$root" -i second -f a@example.org b@example.net < <(text) || fail "spooldrop -i second"
launch
has 5 "$root/out2/*.hdr" || fail "spooldrop -i second: $(ls "$root/out2")"
# A message of an intake that is not configured any more stays, with an alarm.
deposit left "$body" "" "$root/in2"
launch --hold-all
: > "$log"
run_once
expect_log 'alarm=strange_state left~second.*intake that is not configured'
only "$root/proc/left~second" .eml > /dev/null || fail "it did not stay in proc"
