#!/bin/bash
# With max_in_flight = 4 never more than four messages are in proc at one time, and a backlog of 200 is worked off.
. "$(dirname "$0")/lib.bash"
settings=(spool.max_in_flight=4)
make_spool
for n in {1..200}; do deposit "d$n" "$body"; done
most=0
start_spoold
while ! has 200 "$root/outgoing/*.hdr"; do
    n=$(find "$root/proc" -name '*.hdr.[cw]*' 2> /dev/null | wc -l)
    [ "$n" -le "$most" ] || most=$n
    kill -0 "$pid" || fail "spoold died"
    [ $SECONDS -lt 30 ] || fail "$(count "$root/outgoing/*.hdr") of 200 after 30 s"
done
[ $most -le 4 ] || fail "$most messages were in proc at one time"
stop_spoold
[ "$(grep -c event=claimed "$log")" = 200 ] && [ "$(event_ids delivered | wc -l)" = 200 ] || fail "the journal has $(event_ids delivered | wc -l)"
expect_empty "$root/incoming" "$root/proc" "$root/quarantine"
