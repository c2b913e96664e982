#!/bin/bash
# The depositor takes away all rights of a message after it was claimed: it goes to quarantine/failed as it stands,
# the reason is named, nothing is tried for ever, and other mail flows on.
. "$(dirname "$0")/lib.bash"
need_root "the depositor and spoold are two users"
settings=(spool.hold_first=50ms spool.rescan=300ms)
make_spool
start_spoold --hold-all
deposit shut "$body"
wait_until 5 "it is claimed and held" has 1 "$root/proc/shut~*.hdr.h0"
stop_spoold
chmod 0 "$root"/proc/shut~*
start_spoold
deposit after "$body"
wait_delivered after
wait_until 10 "it is in quarantine" has 3 "$root/quarantine/failed/shut~*"
grep -q 'Permission denied' "$root"/quarantine/failed/shut~*.json || fail "the reason is not named"
expect_empty "$root/proc"
expect_balanced
stop_spoold
