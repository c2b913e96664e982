#!/bin/bash
# New loaders lie, flood, hang and die after each SIGHUP: the generation that works goes on serving, spoold stays
# up and answers, nothing leaks and nothing is lost; when a good loader can be had again, it takes over.
. "$(dirname "$0")/lib.bash"
[ -x "$BUILD/hostile/worker-rewrite" ] || skip "needs $BUILD/hostile/worker-rewrite: make unit"
mkdir "$dir/bin" && cp "$BUILD"/{spoold,spoold-launcher,spoolctl} "$BUILD/hostile/worker-rewrite" "$dir/bin" || fail "no copies"
bin=$dir/bin
settings=(workers.deadline=500ms spool.hold_first=50ms spool.rescan=300ms)
conf=$dir/bin/hostile.conf

fds() { local f=("/proc/$pid/fd"/*); echo ${#f[@]}; }
answers() { kill -0 "$pid" 2> /dev/null && timeout 3 "$bin/spoolctl" -o "paths.root=$root" status > "$dir/status" 2>&1; }
ready() { grep -c event=worker_ready "$log"; }

make_spool
start_spoold
text > "$dir/body"
deposit first "$body"
wait_delivered first
before=$(fds) replaced=0
for way in never-ready failed exits bad-numbers foreign-pid false-exited sends-fds floods ignores-spawn \
    ignores-retire second-ready; do
    echo "$way" > "$conf"
    kill -HUP "$pid"
    sleep 0.3
    deposit "while-$way" "$body"
    # One that passes its tests and lies afterwards has taken the place of the good one: a good one must be offered.
    for _ in {1..60}; do delivered "while-$way" && break; sleep 0.1; done
    delivered "while-$way" || { rm "$conf"; kill -HUP "$pid"; replaced=$((replaced + 1)); }
    wait_delivered "while-$way" "$root/outgoing" 10
    expect_delivered "while-$way" "$dir/body"
    answers || fail "$way: spoold is gone, or does not answer: $(cat "$dir/status")"
done
[ $replaced -le 2 ] || fail "$replaced of the hostile loaders took the place of the good one for good"
rm -f "$conf"
n=$(ready)
kill -HUP "$pid"
wait_until 15 "a good loader takes over" eval '[ "$(ready)" -gt "$n" ]'
deposit last "$body"
wait_delivered last
wait_until 20 "spoold has no more descriptors open than before ($before)" eval '[ "$(fds)" -le "$before" ]'
expect_empty "$root/incoming" "$root/proc" "$root/quarantine/poison"
expect_balanced
stop_spoold
