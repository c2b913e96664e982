#!/bin/bash
# Without a worker nothing passes and nothing is lost: messages wait, an alarm says why, and when the worker is there
# again they go on. A launcher that dies ends spoold in an orderly way.
. "$(dirname "$0")/lib.bash"
mkdir "$dir/bin" && cp "$BUILD/spoold" "$BUILD/spoold-launcher" "$dir/bin/" && ln -s "$BUILD/spoolctl" "$BUILD/spooldrop" "$dir/bin/"
make_spool
bin=$dir/bin
start_spoold
deposit one "$body"
wait_until 10 "the alarm is raised" eval 'spoolctl status | grep -q "ALARM.*worker"'
grep -q 'event=worker_failed role=rewrite' "$log" || fail "the log does not name the worker"
has 0 "$root/outgoing/*.hdr" || fail "it was passed on without its worker"
has 1 "$root/incoming/one.hdr" "$root/proc/one*.hdr*" || fail "the message is lost"
cp "$BUILD/worker-rewrite" "$dir/bin/worker-rewrite"
wait_delivered one "$root/outgoing" 20
wait_until 5 "the alarm is over" eval '! spoolctl status | grep -q "ALARM.*worker"'
deposit two "$body"
wait_delivered two
expect_balanced
pkill -9 -P "$pid" -f spoold-launcher || fail "there is no launcher to kill"
for _ in {1..250}; do kill -0 "$pid" 2> /dev/null || break; sleep 0.02; done
wait "$pid"
[ $? = 75 ] || fail "exit code after the launcher's death"
pgrep -f "$dir/bin/" > /dev/null && fail "workers are left behind: $(pgrep -af "$dir/bin/")"
true
