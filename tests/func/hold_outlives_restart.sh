#!/bin/bash
# spoolctl hold, unhold, retry: what an administrator holds stays held through a retry and a restart, goes on at
# unhold, and is tried again when the ledger that knew of it is lost. Errors name what is wrong.
. "$(dirname "$0")/lib.bash"
make_spool
said() { # WANTED-EXIT-CODE WANTED-WORDS ARGUMENTS... -> $out
    local want=$1 words=$2 rc=0
    shift 2
    out=$(spoolctl "$@" 2>&1) || rc=$?
    [ $rc = "$want" ] || fail "spoolctl $*: exit code $rc instead of $want: $out"
    [[ $out == *"$words"* ]] || fail "spoolctl $*: \"$words\" is missing in: $out"
}
deposit kept "$body"
deposit other "$body"
start_spoold --hold-all
wait_until 5 "both are held" has 2 "$root/proc/*.hdr.h0"
kept=$(only "$root/proc/kept" .eml) && kept=${kept##*/} || fail "kept"
said 1 "no message with that ID" hold nosuch
said 64 "exactly one ID" hold
said 1 "no administrator holds it" unhold kept
said 0 "$kept is held until: spoolctl unhold" hold kept
said 0 '"kept":true' --json hold "${kept: -25}"
said 0 "held by the administrator" queue --held
[[ $(spoolctl --json queue --held | grep "$kept") != *'"next":"20'* ]] || fail "there is a time of the next try"
said 1 "unhold" retry kept
said 0 "tried now: 1; kept back, because an administrator holds them: 1" retry all
stop_spoold
start_spoold # no --hold-all: the other one goes on
said 0 "" retry all
wait_delivered other
said 0 "held by the administrator" queue --held
has 1 "$root/proc/$kept.hdr.h0" || fail "it did not stay on hold"
said 0 "it is tried now" unhold kept
wait_delivered kept
said 1 "no message with that ID" unhold kept
expect_balanced
# An order is one with the ledger: without that the message is tried again, which is the safe way to forget.
stop_spoold
deposit again "$body"
start_spoold --hold-all
wait_until 5 "it is held" has 1 "$root/proc/again*.hdr.h0"
said 0 "is held until" hold again
stop_spoold
rm -rf "$root/state/ledger"
start_spoold
wait_delivered again
expect_balanced
stop_spoold
# What other programs are offered is taken back from them.
settings=(spool.external_stage=yes spool.external_window=1h)
start_spoold
deposit offered "$body"
wait_until 5 "it is offered" has 1 "$root/proc/offered*.hdr"
said 0 "is held until" hold offered
has 1 "$root/proc/offered*.hdr.h0" || fail "the offered one is not held: $(ls "$root/proc")"
said 0 "" unhold offered
wait_delivered offered
stop_spoold
expect_empty "$root/proc"
