#!/bin/bash
# The route of a program that writes NAME.eml under its final name, closes it, and then creates NAME.hdr in one
# write: the message is whole and delivered once.
. "$(dirname "$0")/lib.bash"
make_spool
in=$root/incoming
start_spoold
for n in {1..50}; do
    { printf 'Subject: %d\n\n' "$n"; seq 1 $((n * 100)); } > "$dir/m$n"
    cat "$dir/m$n" > "$in/m$n.eml"
    chmod 644 "$in/m$n.eml"
    (umask 022; printf 'Written\na@example.org\nr%d@example.net\n\n' "$n" > "$in/m$n.hdr")
done
wait_until 10 "all 50 are delivered" has 50 "$root/outgoing/*.hdr"
for n in {1..50}; do
    expect_delivered "m$n" "$dir/m$n"
    grep -q "^r$n@example.net$" "$root"/outgoing/m"$n"~*.hdr || fail "m$n has another's envelope"
done
stop_spoold
expect_empty "$in" "$root/proc" "$root/quarantine"
