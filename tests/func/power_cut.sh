#!/bin/bash
# The power goes while mail flows, on ext4 and xfs: what spooldrop accepted is delivered afterwards, byte for byte, and the
# books balance. Without fsync it must be lost, or the cuts prove nothing. The long form is in tests/run.sh (make check-long).
. "$(dirname "$0")/lib.bash"
[ -x "$TESTBUILD/power" ] || skip "needs the test build: make test-build"
ran=0
cuts() {
    local rc=0
    "$TESTBUILD/power" --bin "$BUILD" "$@" 2>&1 || rc=$?
    [ $rc = 0 ] || [ $rc = 77 ] || fail "power $*: exit code $rc"
    [ $rc = 77 ] || ran=$((ran + 1))
}
for fs in ext4 xfs; do
    cuts --fs $fs --cuts 5
    cuts --fs $fs --cuts 2 --control "$TESTBUILD/no_fsync.so"
done
[ $ran -gt 0 ] || skip "no file system can be cut here, see above"
