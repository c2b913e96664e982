#!/bin/bash
# Big messages are examined one at a time and wait for each other, so that small ones find a scanner and room in flight,
# also when the big ones hang.
. "$(dirname "$0")/lib.bash"
need_fates
av=on settings=(antivirus.timeout=1s antivirus.big_message=64k spool.max_bytes_in_flight=1M)
make_spool
start_spoold
wait_until 20 "the scanner serves" av_serves
head -c 90000 /dev/zero | tr '\0' 'x' | fold -w 70 > "$dir/fill"
{ printf 'Subject: big\n\n'; cat "$dir/fill"; } > "$dir/big"
for i in {1..24}; do deposit_file "big$i" "$dir/big" 'x-spoold-test: av-hang\n'; done
sleep 0.5
for i in {1..5}; do deposit "small$i" "$body"; wait_delivered "small$i" "$root/outgoing" 3; done
has 0 "$root/outgoing/big*.hdr" || fail "a message that hangs was delivered"
kill_spoold
