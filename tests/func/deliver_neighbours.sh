#!/bin/bash
# One recipient that cannot be said in SMTP does not take the others with it; a server that is slow, or gone with many
# messages waiting, leaves the other intake's server its share; what is too old at a server that is gone is given up
# all at once; what others put into an outlet is left alone.
. "$(dirname "$0")/lib.bash"
. "$here/deliver.bash"
start_sink
deliver_settings
python3 - "$dir/slow" << 'PY' &
import socket, sys, threading, time
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen(100)
open(sys.argv[1] + ".tmp", "w").write(str(s.getsockname()[1]))
import os
os.rename(sys.argv[1] + ".tmp", sys.argv[1])
kept = []
while True:
    c, _ = s.accept()
    kept.append(c)      # it never says a word
PY
daemons+=($!)
wait_until 5 "the slow server listens" test -s "$dir/slow"
settings+=("intake slow.path=in_slow" "intake slow.outlet=out_slow" "intake slow.deliver=smtp:127.0.0.1:$(cat "$dir/slow")"
    "intake gone.path=in_gone" "intake gone.outlet=out_gone" "intake gone.deliver=smtp:127.0.0.1:1" deliver.timeout=30s)
make_spool
for i in {1..12}; do
    deposit s$i "$body" "" "$root/in_slow"
    deposit g$i "$body" "" "$root/in_gone"
done
start_spoold
wait_until 10 "all are in their outlets" eval 'has 12 "$root/out_gone/*.hdr" && has 12 "$root/out_slow/*.hdr"'
rcpt='a b@example.net,good@example.net' deposit odd "$body"
deposit fast "$body"
wait_until 5 "the good server gets its own" has_taken 2
wait_until 3 "the odd recipient is in quarantine" has 1 "$root/quarantine/failed/odd~*.hdr"
grep -q 'cannot be said in SMTP' "$root"/quarantine/failed/odd~*.json && ! grep -q good@ "$root"/quarantine/failed/odd~*.json ||
    fail "odd: $(cat "$root"/quarantine/failed/odd~*.json)"
expect_balanced
[ "$(stat -c %a "$root/outgoing")" = 2750 ] || fail "others may write into an outlet that spoold hands over itself: $(stat -c %a "$root/outgoing")"
if [ "$(id -u)" = 0 ]; then
    evil=$(basename "$root"/out_gone/g1~*.hdr .hdr) && evil=$root/outgoing/evil${evil#g1~gone}
    printf 'Subject: evil\n\nevil\n' > "$evil.eml"
    printf 'Written\na@example.org\nevil@example.net\n\n' > "$evil.hdr"
    wait_until 5 "it is reported" eval 'grep -q "is not spoold.s" "$log"'
    ! grep -q evil "$sink"/*.env || fail "a stranger's message was handed over"
    rm "$root"/outgoing/evil*
fi
kill "$pid"; wait "$pid"; pid="" # the slow ones are called off
settings+=(deliver.lifetime=1s)
start_spoold
wait_until 6 "all of the gone server's are given up" has 12 "$root/quarantine/failed/g*.hdr"
expect_balanced
kill "$pid"; wait "$pid"; pid=""
no_violations
