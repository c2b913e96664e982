#!/bin/bash
# A file that spoold's user may not read stays in the intake and is reported with owner, mode and cure; it is
# taken as soon as it can be read.
. "$(dirname "$0")/lib.bash"
settings=(spool.rescan=200ms)
make_spool
deposit shut "$body"
chmod 000 "$root/incoming/shut.eml"
deposit sound "$body"
start_spoold
wait_delivered sound
wait_until 5 "it is reported" grep -q 'name="shut" .eml may not be read: owner [0-9]*, group [0-9]*, mode 0000; let user [1-9][0-9]* read it' "$log"
[ -e "$root/incoming/shut.eml" ] && [ -e "$root/incoming/shut.hdr" ] || fail "it did not stay in the intake"
chmod 644 "$root/incoming/shut.eml"
wait_delivered shut
[ "$(grep -c 'name="shut"' "$log")" = 1 ] || fail "it was reported more than once"
