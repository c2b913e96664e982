#!/bin/bash
# While the virus scanner is missing: messages that were offered to other programs are held and counted as well, a message
# keeps the attempts that it was charged with, and time in which spoold was off does not count against anybody.
. "$(dirname "$0")/lib.bash"
need_fates
av=on settings=(spool.external_stage=yes spool.external_window=0 spool.max_held=5 spool.hold_first=60s spool.hold_longest=60s spool.max_hold=60s)
mkdir "$dir/bin" && cp "$TESTBUILD"/{spoold,spoold-launcher,worker-rewrite} "$dir/bin/" && ln -s "$TESTBUILD/spoolctl" "$TESTBUILD/spooldrop" "$dir/bin/"
bin=$dir/bin
make_spool
start_spoold # without worker-av
for i in {1..4}; do deposit "m$i" "$body"; done
held() { [ "$(spoolctl --json status | grep -o '"held":[0-9]*')" = "\"held\":$1" ]; }
wait_until 30 "they are held" held 4
[ "$(event_ids accepted | wc -l)" = 4 ] || fail "they are not written down"
for i in {5..9}; do deposit "m$i" "$body"; done
wait_until 30 "with too many held no more are taken" eval 'spoolctl status | grep -q "too many messages are held"'
stop_spoold
# As if spoold had been off for long.
cp "$TESTBUILD/worker-av" "$dir/bin/"
settings=(spool.external_stage=yes spool.external_window=0 spool.hold_first=10ms spool.hold_longest=1s spool.max_hold=1s)
sleep 1.2
start_spoold
wait_until 30 "all are delivered" has 9 "$root/outgoing/*.hdr"
has 0 "$root/quarantine/failed/*.hdr" || fail "some were given up"
expect_balanced
stop_spoold
