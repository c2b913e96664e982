#!/bin/bash
# Started with its standard descriptors closed, or with SIGCHLD ignored, spoold works as always: no file of its own
# becomes a standard error into which others write, and no worker ends unseen.
. "$(dirname "$0")/lib.bash"
make_spool
deposit one "$body"
run spoold --once 0<&- 1>&- 2>&- || fail "with closed descriptors: exit code $?"
delivered one || fail "with closed descriptors it was not delivered"
prefix=(env --ignore-signal=CHLD)
start_spoold
prefix=()
wait_until 10 "the worker serves" grep -q event=worker_ready "$log"
first=$(pgrep -P "$(pgrep -P "$pid")")
kill -HUP "$pid"
wait_until 10 "the next generation serves" hits 2 event=worker_ready "$log"
wait_until 10 "the former loader is gone, also from the table of processes" eval '[ ! -e "/proc/$first" ]'
deposit two "$body"
wait_delivered two
expect_balanced
stop_spoold
grep -aq "event=" "$root"/state/ledger/* && fail "log lines in the ledger"
true
