#!/bin/bash
# A burst of messages that all crash their worker does not hold up the good ones behind it.
. "$(dirname "$0")/lib.bash"
need_fates
settings=(workers.children=2)
make_spool
for n in {1..20}; do deposit "bad$n" "$body" 'x-spoold-test: crash\n'; done
deposit good "$body"
start_spoold
wait_delivered good "$root/outgoing" 30
for n in {1..5}; do deposit "more$n" "$body"; done
wait_until 10 "later ones are not held up either" eval 'has 5 "$root/outgoing/more*.hdr"'
wait_until 50 "all bad ones are isolated" eval 'has 20 "$root/quarantine/poison/*.hdr"'
expect_balanced
stop_spoold
