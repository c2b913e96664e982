#!/bin/bash
# A worker that was taken over lies, floods, hangs and dies, each time over a message that asks for it, among
# good ones. spoold stays up and answers, the good ones go out, what cannot be served ends in quarantine/poison
# with its original bytes, nothing leaks, the books balance.
. "$(dirname "$0")/lib.bash"
[ -x "$BUILD/hostile/worker-rewrite" ] || skip "needs $BUILD/hostile/worker-rewrite: make unit"
mkdir "$dir/bin" && cp "$BUILD"/{spoold,spoold-launcher,spoolctl} "$BUILD/hostile/worker-rewrite" "$dir/bin" || fail "no copies"
bin=$dir/bin # where spoold looks for its workers first
settings=(workers.children=4 workers.deadline=300ms spool.max_attempts=3 spool.hold_first=50ms spool.rescan=300ms)

# The answer holds; what came beside it is the worker's own affair. late-write: a worker that keeps the descriptor
# of its output can add to that one message, as it could before it answered; no other is touched.
harmless=(two-results late-write crumb-garbage crumb-resize)
deadly=(wrong-version wrong-length cut-short one-byte unknown-type foreign-job three-fds fifty-fds log-fds
    hello-again job-back ready spawned need log-flood huge-text forged-line
    lying-out-size lying-in-size lying-status no-output
    asleep burn exit-0 exit-1 segv sigsys grandchild eat-memory close-link crumb-blames crumb-innocent)

fds() { local f=("/proc/$pid/fd"/*); echo ${#f[@]}; }
left() { find /proc -maxdepth 2 -path "/proc/[0-9]*/exe" -lname "$dir/bin/*" 2> /dev/null; }
nothing_left() { [ -z "$(left)" ]; }
poisoned() { local f=("$root/quarantine/poison/$1"~*.json); [ -e "${f[0]}" ]; }
answers() { kill -0 "$pid" 2> /dev/null && timeout 3 "$bin/spoolctl" -o "paths.root=$root" status > "$dir/status" 2>&1; }
settled() {
    answers || fail "spoold is gone, or does not answer: $(cat "$dir/status")"
    [ "$(count "$root/outgoing/*.hdr")" -ge "$1" ] && [ "$(count "$root/quarantine/poison/*.json")" -ge "$2" ]
}

make_spool
start_spoold
text > "$dir/body"
deposit first "$body"
wait_delivered first
before=$(fds)

for act in "${harmless[@]}" "${deadly[@]}"; do
    deposit "good-1-$act" "$body"
    deposit "bad-$act" "X-Hostile: $act\n$body"
    deposit "good-2-$act" "$body"
    deposit "good-3-$act" "$body"
done
all=$((${#harmless[@]} + ${#deadly[@]}))
out=$((1 + 3 * all + ${#harmless[@]}))
until_s=$((SECONDS + 50))
until settled "$out" "${#deadly[@]}"; do
    [ $SECONDS -lt $until_s ] || break
    sleep 0.2
done

for act in "${harmless[@]}" "${deadly[@]}"; do
    for n in 1 2 3; do expect_delivered "good-$n-$act" "$dir/body"; done
done
for act in "${harmless[@]}"; do delivered "bad-$act" || fail "bad-$act is not delivered"; done
for act in "${deadly[@]}"; do
    poisoned "bad-$act" || fail "bad-$act is not in quarantine/poison"
    at=$(only "$root/quarantine/poison/bad-$act" .json) || fail "bad-$act"
    printf '%b' "X-Hostile: $act\n$body" | cmp -s - "$at.eml" || fail "bad-$act: not the original bytes"
    has 0 "$root/outgoing/bad-$act*" || fail "bad-$act: also sent"
done
expect_log 'event=attack'
! grep -q '^[^=]*event=sent id=forged' "$log" || fail "a worker forged a line of the log"

# Workers may still be waiting to be replaced: fewer descriptors are no leak, more are.
wait_until 10 "spoold has no more descriptors open than before ($before)" eval '[ "$(fds)" -le "$before" ]'
deposit last "$body"
wait_delivered last
expect_empty "$root/incoming" "$root/proc"
expect_balanced
stop_spoold
wait_until 15 "no process of a worker is left" nothing_left
