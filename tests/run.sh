#!/bin/bash
# run.sh BUILD short|long|unit - runs the tests and says what came out.
#
# unit: the unit tests. short: also the functional tests, lint and the crash sweeps with a few thousand points.
# long: the same sweeps with more than ten thousand points each way, and 440 power cuts.
# Prints one line for each test that failed or was skipped and each sweep's figures; the very last line is
# "N passed, N failed, N skipped". Exit code 1 when any failed. A test: exit 0 passed, 77 skipped, else failed.
set -u
cd "$(dirname "$0")/.." || exit 1
BUILD=$(realpath "${1:?usage: tests/run.sh BUILD short|long|unit}") || exit 1
mode=${2:-short}
export BUILD TESTBUILD=${TESTBUILD:-$BUILD/test}
[ "$mode" != long ] || export SPOOLD_LONG=1
out=$(mktemp -d) || exit 1
limit=60 slots=3
trap 'rm -rf "$out"' EXIT
trap 'kill $(jobs -p) 2> /dev/null; exit 1' HUP INT TERM

# Each test leaves one file: passed, failed and skipped as three numbers.
note() { echo "$2 $3 $4" > "$out/$1.result"; }

# What a test said, on one line.
reason() { tail -n 12 "$1" | tr '\n' ' ' | cut -c 1-700; }

unit_test() {
    local name=${1##*/} rc=0 passed failed skipped
    timeout -k 5 "$limit" "$1" > "$out/$name.out" 2>&1 || rc=$?
    passed=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' "$out/$name.out" | awk '{n += $1} END {print n + 0}')
    failed=$(grep -c '^\[  FAILED  \] [a-z]' "$out/$name.out")
    skipped=$(grep -c '^\[  SKIPPED \] [a-z]' "$out/$name.out")
    grep '^\[  FAILED  \] [a-z]' "$out/$name.out" | sed "s/^.\{13\}/FAILED $name: /" | sort -u
    [ $rc = 0 ] || [ "$failed" -gt 0 ] || { failed=1; echo "FAILED $name: exit code $rc: $(reason "$out/$name.out")"; }
    [ "$rc" = 0 ] || grep -E '^\[ *(ERROR|LINE) *\]' "$out/$name.out" | head -n 6
    [ $((passed + failed + skipped)) -gt 0 ] || { failed=1; echo "FAILED $name: it ran no test"; }
    note "$name" "$passed" "$failed" "$skipped"
}

plain_test() {
    local name=$1 rc=0
    shift
    timeout -k 5 "$limit" "$@" > "$out/$name.out" 2>&1 < /dev/null || rc=$?
    case $rc in
    0) note "$name" 1 0 0 ;;
    77) note "$name" 0 0 1; echo "skipped $name: $(reason "$out/$name.out")" ;;
    124 | 137) note "$name" 0 1 0; echo "FAILED $name: not finished within $limit s: $(reason "$out/$name.out")" ;;
    *) note "$name" 0 1 0; echo "FAILED $name: $(reason "$out/$name.out")" ;;
    esac
}

sweep_test() {
    local name=$1 figures
    shift
    limit=900 plain_test "$name" "$TESTBUILD/sweep" --spoold "$TESTBUILD/spoold" --jobs 2 "$@"
    figures=$(grep -E '^sweep: ([0-9]+ points|order of)' "$out/$name.out" | tail -n 1)
    echo "$name: ${figures:-no figures}"
}

power_test() {
    local name=$1
    shift
    limit=1800 plain_test "$name" "$TESTBUILD/power" --bin "$BUILD" "$@"
    grep '^power:' "$out/$name.out"
}

# kill -9 while messages are handed over to a mail server: see tests/interop/deliver_kills.py.
deliver_test() {
    local name=$1
    shift
    limit=1800 plain_test "$name" python3 tests/interop/deliver_kills.py "$TESTBUILD" "$@"
    echo "$name: $(grep '^sweep:' "$out/$name.out" | tail -n 1)"
}

# At most $slots at one time.
start() {
    while [ "$(jobs -rp | wc -l)" -ge $slots ]; do wait -n; done
    "$@" &
}

# name, points in short, points in long, options. Points are spread evenly over the run, or random where --threaded.
# Not all points that are asked for exist, so a few more are asked for than are wanted.
point_sweeps='
errors_inline            90  9000 --errors EIO,ENOSPC,EMFILE,EROFS,EINTR,EDQUOT,EACCES
errors_threaded          80  4000 --errors EIO,ENOSPC,EROFS --threaded --seed 3
kills_inline            120  3000 --kills
kills_slow_mta           80  1500 --kills --mta slow
kills_reuse              65  2000 --kills --scenario reuse
kills_torn               65  2000 --kills --scenario torn
kills_overwrite          70  1000 --kills --scenario overwrite
kills_split              40  2000 --kills --scenario split --exits
kills_split_slow_mta     20  1500 --kills --scenario split --mta slow
kills_external_stage     80  1000 --kills --option spool.external_stage=yes --option spool.external_window=0
kills_threaded           65  2000 --kills --threaded --seed 1
kills_workers_all       20  2000 --kills --workers --seed 4
kills_workers_one       20  2000 --kills --workers --one --seed 5
kills_antispam            7   350 --kills --workers --option antispam.enable=yes --option dns.enable=no --timeout 60000 --seed 10
kills_split_antispam      7   350 --kills --scenario split --workers --option antispam.enable=yes --option dns.enable=no --timeout 60000 --seed 11
kills_av_all              7   350 --kills --workers --av --timeout 60000 --seed 6
kills_av_one              7   350 --kills --workers --av --timeout 60000 --one --seed 7
kills_av_reload           6   350 --kills --workers --av --timeout 60000 --one --reload --seed 8
kills_av_drain            6   350 --kills --workers --av --timeout 60000 --reload --option antivirus.reload_mode=drain --seed 9
kills_of_recovery       100  6000 --recover-kills --seed 2
kills_of_recovery_split  30  2000 --recover-kills --scenario split --seed 12
'
# What is wrong on purpose, and how it is looked for: each must be noticed. --skip: it shows late in the run.
controls='
hdr-first        --kills --skip 74
no-commit        --kills --max-points 300
one-suffix       --kills --max-points 300
unlink-hdr-first --kills --skip 74
no-audit         --kills --max-points 300
late-audit       --kills --skip 74
q-hdr-first      --kills --skip 74
trust-outs       --kills --max-points 300
delete-lone-eml  --kills --scenario overwrite --max-points 300
no-stamps        --kills --scenario overwrite --max-points 300
copy-loses-one   --kills --scenario split --max-points 300
copy-to-all      --kills --scenario split --max-points 300
no-plan          --kills --scenario split --skip 80
no-f0            --order
no-f1            --order
no-f3            --order
'
# A functional test that must fail when spoold is wrong in this way.
control_test() {
    local control=$1 t=$2
    SPOOLD_CONTROL=$control BUILD=$TESTBUILD timeout 60 bash "tests/func/$t.sh" > "$out/control_$control.out" 2>&1
    case $? in
    1) note "control_$control" 1 0 0 ;;
    77) note "control_$control" 0 0 1; echo "skipped control_$control: $(reason "$out/control_$control.out")" ;;
    *) note "control_$control" 0 1 0; echo "FAILED control_$control: $t.sh did not notice it" ;;
    esac
}

sweeps() {
    local name short long options points
    [ -x "$TESTBUILD/sweep" ] || { note sweeps 0 1 0; echo "FAILED sweeps: there is no $TESTBUILD/sweep"; return; }
    while read -r name short long options; do
        [ -n "$name" ] || continue
        [ "$mode" = long ] && points=$long || points=$short
        # shellcheck disable=SC2086 # options are words
        start sweep_test "sweep_$name" $options --max-points "$points"
    done <<< "$point_sweeps"
    while read -r name options; do
        [ -n "$name" ] || continue
        # shellcheck disable=SC2086
        start sweep_test "control_$name" $options --control "$name"
    done <<< "$controls"
    start sweep_test sweep_order --order
    start sweep_test sweep_release --release --max-points "$([ "$mode" = long ] && echo 2000 || echo 115)"
    start sweep_test control_release-after-publish --release --max-points 300 --control release-after-publish
    for name in ext4 xfs; do
        [ "$mode" = long ] || break # the short form is tests/func/power_cut.sh
        start power_test "power_$name" --fs "$name" --cuts 220
        start power_test "power_control_$name" --fs "$name" --cuts 10 --control "$TESTBUILD/no_fsync.so"
    done
    [ "$mode" = long ] && points=600 || points=20
    start deliver_test deliver_kills "$points"
    start deliver_test deliver_kills_one "$((points / 2))" --one
    start deliver_test control_no-notes 60 --control no-notes
    start control_test no-lease writer_still_open
    start control_test no-lane killed_again_and_again
}

began=$SECONDS
for t in "$BUILD"/unit/*; do
    [ -f "$t" ] && [ -x "$t" ] && start unit_test "$t"
done
if [ "$mode" != unit ]; then
    sweeps
    for t in tests/func/*.sh; do
        start plain_test "$(basename "$t" .sh)" bash "$t"
    done
    start plain_test lint bash tests/lint.sh
fi
wait
echo "$((SECONDS - began)) seconds"
cat "$out"/*.result 2> /dev/null | awk '{p += $1; f += $2; s += $3}
    END {printf "%d passed, %d failed, %d skipped\n", p, f, s; exit f > 0 || p == 0}'
