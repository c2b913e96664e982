#!/bin/bash
# One record is one line of printable text, whatever a depositor writes into names and envelopes; the journal
# is one JSON object a line.
. "$(dirname "$0")/lib.bash"
settings=(spool.deposit_alarm=1s)
make_spool
evil=$'x\n2026-01-01T00:00:00.000Z spoold: id=forged event=delivered\r\x1b[2J'
text > "$root/incoming/$evil.eml"
printf 'Written\n<a\x1b[2J\xff"b@example.org>\nr\xc3\xa4@example.net\nhelo: x\\"y\n\n' > "$root/incoming/$evil.hdr"
ln -s x "$root/incoming/${evil/x/y}.hdr"
touch -d '1 hour ago' "$root/incoming/$evil.eml" "$root/incoming/$evil.hdr"
chmod 644 "$root/incoming/$evil".*
run_once
grep -vE '^[0-9-]{10}T[0-9:.]{12}Z spoold: [ -~]*$' "$log" && fail "that is no log line"
grep -q '^[^ ]* spoold: id=forged' "$log" && fail "a forged log line"
expect_log 'event=deposit_problem .*\\x0a'
has 1 "$root/outgoing/*.hdr" || has 1 "$root/quarantine/failed/*.hdr" || fail "the message is nowhere"
lines=$(cat "$root"/state/journal/*.jsonl | wc -l)
[ "$(grep -cE '^\{"v":1,[ -~]*\}$' "$root"/state/journal/*.jsonl)" = "$lines" ] || fail "journal: $(cat "$root"/state/journal/*)"
[ "$lines" = 2 ] || fail "journal: $lines lines for two events"
