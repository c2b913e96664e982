#!/bin/bash
# With external_stage more messages wait for their window than may be in work: all of them go on when it is over. A
# message that was claimed but not offered when spoold was killed is offered after the restart.
. "$(dirname "$0")/lib.bash"
settings=(spool.external_stage=yes spool.external_window=200ms spool.max_in_flight=4)
make_spool
start_spoold
for n in {1..20}; do deposit "m$n" "$body"; done
wait_until 20 "all are delivered" has 20 "$root/outgoing/*.hdr"
stop_spoold
settings=(spool.external_stage=yes spool.external_window=1h)
start_spoold
deposit late "$body"
wait_until 5 "it is offered" has 1 "$root/proc/late~?????????????????????????.hdr"
kill_spoold
mv "$root"/proc/late~*.hdr "$(echo "$root"/proc/late~*.hdr).c"
start_spoold
wait_until 5 "it is offered again" has 1 "$root/proc/late~?????????????????????????.hdr"
has 20 "$root/outgoing/*.hdr" || fail "it was not offered but delivered"
stop_spoold
