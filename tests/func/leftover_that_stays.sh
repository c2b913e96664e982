#!/bin/bash
# An output of an attempt that ended cannot be removed (here: somebody made a folder of its name): spoold says so,
# starts all the same, and other mail flows.
. "$(dirname "$0")/lib.bash"
settings=(spool.rescan=300ms)
make_spool
start_spoold --hold-all
deposit held "$body"
wait_until 5 "it is held" has 1 "$root/proc/held~*.hdr.h0"
stop_spoold
base=$(echo "$root"/proc/held~*.eml)
mkdir "${base%.eml}.1.eml.out"
start_spoold --hold-all
wait_until 5 "it is said" grep -q 'event=repair_failed' "$log"
stop_spoold
start_spoold
deposit after "$body"
wait_delivered after
stop_spoold
