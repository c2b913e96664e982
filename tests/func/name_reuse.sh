#!/bin/bash
# The same NAME used again and again, at once when the former is gone from the intake: every message arrives
# with its own content and envelope under a name of its own.
. "$(dirname "$0")/lib.bash"
make_spool
start_spoold
total=40
for n in $(seq $total); do
    rcpt=r$n@example.net
    deposit same "Subject: $n\n\nmessage $n\n"
    wait_until 5 "number $n is taken" has 0 "$root/incoming/same.*"
done
wait_until 10 "all are delivered" has $total "$root/outgoing/same~*.hdr"
for h in "$root"/outgoing/same~*.hdr; do
    n=$(sed -n '3s/^r\([0-9]*\)@.*/\1/p' "$h")
    cmp -s <(without_trace "${h%.hdr}.eml") <(printf 'Subject: %d\n\nmessage %d\n' "$n" "$n") || fail "mixed: ${h##*/}"
done
[ "$(sed -n 3p "$root"/outgoing/*.hdr -s | sort -u | wc -l)" = $total ] || fail "one is missing, one stands twice"
# While the first is held, a second of its NAME passes by.
stop_spoold
deposit held "$body"
run_once --hold-all
deposit held "Subject: second\n\nsecond\n"
start_spoold
wait_until 5 "the second is delivered" eval 'grep -lq ^second "$root"/outgoing/held~*.eml'
