#!/bin/bash
# run.sh BUILD [N] - what the spool costs, beside the floor and, where it is installed, beside Postfix, in one run.
#
# Works on a loop-mounted journaled ext4 (root); otherwise in $TMPDIR, and then the figures mean little.
# CPU a message is the figure to trust; messages/s swing with everything else that the machine does.
set -u
cd "$(dirname "$0")/../.." || exit 1
build=$(realpath "${1:-build}") n=${2:-5000} size=6000
peers=$(realpath "${SPOOLD_BENCH:-../shared/bench}" 2> /dev/null)
work=$(mktemp -d) pid=
cleanup() {
    [ -z "$pid" ] || kill "$pid" 2> /dev/null
    wait
    cd /
    umount "$work/m" 2> /dev/null
    rm -rf "$work"
}
trap cleanup EXIT
mkdir "$work/m"
chmod 755 "$work"
if truncate -s 8G "$work/image" && mkfs.ext4 -q -F -N 2500000 "$work/image" 2> /dev/null && mount -o loop "$work/image" "$work/m" 2> /dev/null; then
    unsafe=no
else
    echo "note: no loop-mounted ext4 here (root is needed); measured in $work instead"
    unsafe=yes
fi
root=$work/m

start() {
    "${program:-$build/spoold}" -o "paths.root=$root/s" -o log.level=warn -o antivirus.clamav=no -o antispam.enable=no -o "spool.unsafe_filesystem=$unsafe" "$@" 2>> "$work/log" &
    pid=$!
    for _ in {1..100}; do [ -S "$root/s/state/control.sock" ] && return; sleep 0.05; done
    cat "$work/log"; exit 1
}
stop() { kill "$pid"; wait "$pid"; pid=; }
fresh() { rm -rf "${root:?}"/{s,stage,floor,floor-out}; }
median() { sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }

for pass in 1 2 3; do
    fresh
    "$build/feed" floor "$root" "$n" $size > "$work/floor.$pass"
    fresh
    start
    "$build/feed" drop "$root" "$n" $size "$pid" > "$work/spoold.$pass"
    memory=$(awk '/^Rss:/ {r = $2} /^Pss:/ {p = $2} END {print "RSS " int(r / 1024) " MB, PSS " int(p / 1024) " MB"}' "/proc/$pid/smaps_rollup")
    for p in $(pgrep -x worker-rewrite); do
        awk '/^Rss:/ {r = $2} /^Pss:/ {p = $2} /^Private_Dirty:/ {d = $2} END {print r, p, d}' "/proc/$p/smaps_rollup"
    done > "$work/workers"
    stop
    # The same without handing over: a test build does the worker's part in the supervisor itself.
    [ -x "$build/test/spoold" ] || continue
    fresh
    export SPOOLD_INLINE_WORKERS=1 program=$build/test/spoold
    start
    "$build/feed" drop "$root" "$n" $size "$pid" > "$work/inline.$pass"
    stop
    unset SPOOLD_INLINE_WORKERS program
done
of() { awk -v c="$2" '{print $c}' "$work/$1".[123] | median; }
printf '%-44s %10s %12s\n' "messages of $size bytes, $n a pass, median of 3" msgs/s "CPU us/msg"
printf '%-44s %10s %12s\n' "floor: write anew, syncfs for 32, rename" "$(of floor 1)" "$(of floor 2)"
printf '%-44s %10s %12s   %s\n' "spoold, rewritten by worker processes" "$(of spoold 1)" "$(of spoold 2)" "$memory"
[ ! -s "$work/inline.1" ] ||
    printf '%-44s %10s %12s\n' "spoold, rewritten in the supervisor (test build)" "$(of inline 1)" "$(of inline 2)"
[ ! -s "$work/inline.1" ] || awk -v a="$(of spoold 2)" -v b="$(of inline 2)" \
    'BEGIN {printf "handing a message over to a worker and back: CPU %.0f us\n", a - b}'
awk '{printf "worker-rewrite, %s: RSS %d kB, PSS %d kB, of its own %d kB\n", NR == 1 ? "loader" : "serving", $1, $2, $3}' "$work/workers"

if command -v smtp-source > /dev/null && command -v python3 > /dev/null && [ -f "$peers/bench_postfix.py" ]; then
    MSBENCH_DIR=$root/msbench MSBENCH_REPS=3 PYTHONPATH=$peers python3 -c "
import sys; sys.argv=['x','$n']
import bench_postfix as b
b.N=$n; b.run('smtpd -> queue -> discard, 8 sessions','discard')" > "$work/postfix" 2> "$work/postfix.err"
    sed -n 's/.*"through_per_s": \([0-9.]*\), "cpu_ms": \([0-9.]*\).*/\1 \2/p' "$work/postfix" | while read -r mps ms; do
        printf '%-44s %10.0f %12.0f\n' "Postfix, smtpd -> queue -> discard" "$mps" "$(awk "BEGIN {print 1000 * $ms}")"
        awk -v a="$(of spoold 2)" -v b="$ms" -v c="$(of spoold 1)" -v d="$mps" \
            'BEGIN {printf "spoold / Postfix: CPU %.2f (goal <= 0.25), messages/s %.1f (goal >= 4)\n", a / 1000 / b, c / d}'
    done
else
    echo "Postfix: not measured (needs postfix, python3 and the peers' harness in SPOOLD_BENCH)"
fi

backlog=${BACKLOG:-1000000}
[ "$backlog" -gt 0 ] || exit 0
fresh
start; stop
"$build/feed" fill "$root" $((backlog / 2)) 200
sync
from=$(date +%s%N)
start -o spool.reserve=0 -o spool.reserve_inodes=0
until ls "$root/s/outgoing" | grep -q -m 1 'hdr$'; do sleep 0.01; done
to=$(date +%s%N)
sleep 3
echo "backlog of $backlog files: first message out $(((to - from) / 1000000)) ms after start (goal <= 5000)," \
    "$(awk '/VmRSS/ {print int($2 / 1024) " MB RSS (goal <= 32)"}' "/proc/$pid/status")"
done0=$(ls "$root/s/outgoing" | wc -l); sleep 5; done1=$(ls "$root/s/outgoing" | wc -l)
echo "with that backlog: $(((done1 - done0) / 10)) messages/s"
stop
