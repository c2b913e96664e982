#!/bin/bash
# Each fate ends where it belongs: copies in the outlet, originals with their record in quarantine, a journal
# line for what is discarded, and a held message is sent when its time has come.
. "$(dirname "$0")/lib.bash"
need_fates
settings=(spool.hold_first=10ms)
make_spool
rcpt=r1@example.org,r2@example.org,r3@example.org
text > "$dir/body"
for fate in send split q-virus sendq drop senddrop hold:2; do
    deposit "${fate//:/}" "$body" "x-spoold-test: $fate\nhelo: h\n"
done
cp "$root/incoming/q-virus.hdr" "$dir/q-virus.hdr"
run_once

line3() { sed -n 3p "$root"/outgoing/$1.hdr; }
expect_delivered send "$dir/body"
[ "$(line3 'send~*')" = "$rcpt" ] || fail "send: recipients $(line3 'send~*')"

a=$(only "$root/outgoing/split" .hdr) || fail split
[ -e "$a.2.eml" ] && [ -e "$a.2.hdr" ] || fail "split: no second copy"
[ "$(line3 'split~?????????????????????????')" = r1@example.org,r3@example.org ] || fail "split: copy 1: $(cat "$a.hdr")"
[ "$(sed -n 3p "$a.2.hdr")" = r2@example.org ] || fail "split: copy 2: $(cat "$a.2.hdr")"
cmp -s <(without_trace "$a.2.eml") "$dir/body" || fail "split: copy 2 has other bytes"
grep -q '^helo: h' "$a.2.hdr" || fail "split: copy 2 lost its key lines"

q=$(only "$root/quarantine/virus/q-virus" .hdr) || fail q-virus
cmp "$q.eml" "$dir/body" || fail "q-virus: not the original bytes"
cmp "$q.hdr" "$dir/q-virus.hdr" || fail "q-virus: not the original envelope"
grep -q '"class":"virus","reason":"the test asked for it","from":"a@example.org","recipients":\["r1@example.org","r2@example.org","r3@example.org"\]' \
    "$q.json" || fail "q-virus: record $(cat "$q.json")"
has 0 "$root/outgoing/q-virus*" || fail "q-virus: also sent"

q=$(only "$root/quarantine/virus/sendq" .hdr) || fail sendq
[ "$(line3 'sendq~*')" = r1@example.org ] || fail "sendq: copy to $(line3 'sendq~*')"
grep -q '"recipients":\["r2@example.org","r3@example.org"\]' "$q.json" || fail "sendq: record $(cat "$q.json")"

has 0 "$root/outgoing/drop*" "$root/quarantine/*/drop*" || fail "drop: something of it stands somewhere"
grep '"event":"discarded","id":"drop~' "$root"/state/journal/*.jsonl | grep -q '"to":\["r1@example.org","r2' || fail "drop: no journal line"
[ "$(line3 'senddrop~*')" = r1@example.org ] || fail "senddrop: copy to $(line3 'senddrop~*')"
[ "$(events discarded senddrop)" = 1 ] || fail "senddrop: no journal line for the others"

expect_delivered hold2 "$dir/body"
[ "$(grep -c 'id=hold2~.* event=held' "$log")" = 2 ] || fail "hold: it was not held twice"
expect_empty "$root/incoming" "$root/proc" "$root/quarantine/failed"
