#!/bin/bash
# The ledger may be lost at any time: mail flows, held messages are still held and then sent, and it is built
# again from the journal until the books balance.
. "$(dirname "$0")/lib.bash"
make_spool
for n in {1..50}; do deposit "d$n" "$body"; done
run_once
deposit held "$body"
run_once --hold-all
rm -r "$root/state/ledger"
: > "$log"
deposit after "$body"
start_spoold --hold-all
wait_until 10 "the books balance" spoolctl audit
wait_until 10 "both are held" eval 'spoolctl --json audit | grep -q "\"accepted\":52,\"delivered\":50,\"quarantined\":0,\"discarded\":0,\"in_outlet\":0,\"held\":2,"' ||
    fail "$(spoolctl --json audit)"
spoolctl --json history --name d7 | grep -q '"id":"d7~' || fail "history does not know d7"
stop_spoold
rm -r "$root/state/ledger"
settings=(spool.hold_first=10ms)
run_once # the next try is not known: at once
wait_until 1 "the held ones are sent" has 52 "$root/outgoing/*.hdr"
