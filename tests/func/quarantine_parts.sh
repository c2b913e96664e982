#!/bin/bash
# A release to some of the recipients, then to the rest: each gets it exactly once. An entry of a message that went out
# in part is released to the others only. What a kill can leave of a release or deletion is mended at start.
. "$(dirname "$0")/lib.bash"
need_fates
make_spool
text > "$dir/body"
rcpt=ann@example.net,bob@example.net,carl@example.net
for m in parts half kill1 kill2 kill3 kill4; do deposit $m "$body" 'x-spoold-test: q-virus\n'; done
deposit split "$body" 'x-spoold-test: sendq\n'
run_once
q=$root/quarantine/virus o=$root/outgoing
rm -f "$o"/*
id_of() { local f; f=$(only "$q/$1" .eml) && echo "${f##*/}"; }
start_spoold
to() { sed -n 3p "$o/$1.hdr"; }

id=$(id_of parts)
said 0 quarantine release parts --rcpt BOB@example.net
holds "recipients 1" "still held for 2"
[ "$(to "$id.r")" = bob@example.net ] || fail "to: $(to "$id.r")"
said 0 quarantine list --name parts
holds held "parts released 1" "ann@example.net +1"
said 1 quarantine release parts --rcpt bob@example.net
said 0 show parts
holds "released in part"
expect_balanced
said 1 quarantine release parts --rcpt carl@example.net --rcpt nobody@example.net
said 0 quarantine release parts --rcpt carl@example.net
[ "$(to "$id.r2")" = carl@example.net ] || fail "to: $(to "$id.r2")"
said 0 quarantine release parts
[ "$(to "$id.r3")" = ann@example.net ] || fail "to: $(to "$id.r3")"
said 1 quarantine release parts
has 3 "$o/$id.r*.hdr" || fail "$(ls "$o")"
for n in "" 2 3; do cmp "$o/$id.r$n.eml" "$dir/body" || fail "part $n has other bytes"; done
[ -e "$q/$id.hdr.rel" ] && [ ! -e "$q/$id.json.rel" ] || fail "$(ls "$q")"
[ "$(cat "$root"/state/journal/*.jsonl | grep '"event":"released"' | grep -c "\"id\":\"$id\"")" = 3 ] || fail "journal"
said 0 show --json parts
[ "$(grep -c '"event":"released"' <<< "$out")" = 3 ] || fail "show: $out"
said 0 quarantine release split
[ "$(to "$(id_of split).r")" = bob@example.net,carl@example.net ] || fail "hole 19: $(to "$(id_of split).r")"

# The record is lost: only those who are named.
id=$(id_of half)
rm "$q/$id.json"
said 0 quarantine list --name half
holds "its record is missing"
said 1 quarantine release half
holds "name the recipients with --rcpt"
said 0 quarantine release half --rcpt ann@example.net
[ "$(to "$id.r")" = ann@example.net ] || fail "to: $(to "$id.r")"
said 0 quarantine release half
[ "$(to "$id.r2")" = bob@example.net,carl@example.net ] || fail "to: $(to "$id.r2")"
expect_balanced
stop_spoold
rm "$o"/*

# By hand, what a kill leaves: outputs and commit, commit alone, a new record without commit, a deletion.
outs() { cp "$q/$1.eml" "$root/proc/$1.r.eml.out"; printf 'Written\na@example.org\nann@example.net\n\n' > "$root/proc/$1.r.hdr.out"; }
rest() { sed 's/"ann@example.net",\(.*\)}/\1,"releases":1}/' "$q/$1.json" > "$q/$1.json.rel"; }
k1=$(id_of kill1) k2=$(id_of kill2) k3=$(id_of kill3) k4=$(id_of kill4)
outs "$k1" && rest "$k1" && mv "$q/$k1.hdr" "$q/$k1.hdr.part"
rest "$k2" && mv "$q/$k2.hdr" "$q/$k2.hdr.part"
outs "$k3" && rest "$k3"
mv "$q/$k4.hdr" "$q/$k4.hdr.del"
run_once
[ "$(to "$k1.r")" = ann@example.net ] && cmp "$o/$k1.r.eml" "$dir/body" || fail "the committed part was not published: $(ls "$o")"
for k in $k1 $k2; do
    [ -e "$q/$k.hdr" ] && ! grep -q '"recipients":\["ann@' "$q/$k.json" && grep -q '"recipients":\["bob@example.net","carl@example.net"\],.*"releases":1}' "$q/$k.json" ||
        fail "$k is not held for the rest: $(ls "$q") $(cat "$q/$k.json")"
done
[ -e "$q/$k3.hdr" ] && grep -q '"recipients":\["ann@' "$q/$k3.json" || fail "what was not committed counts: $(ls "$q")"
has 0 "$q/$k4*" "$q/*.rel.*" "$q/*.json.rel" "$q/*.part" || fail "left over: $(ls "$q")"
has 2 "$o/*" || fail "published too much: $(ls "$o")"
[ "$(events released "$k1")" = 1 ] && [ "$(events deleted "$k4")" = 1 ] || fail "journal"
expect_empty "$root/proc"
