#!/bin/bash
# What stands in the outlet is handed over by SMTP: bytes with CRLF, envelope with all its parameters, each recipient
# by what the server says: taken, tried again, or quarantine/failed with the reason. The books balance.
. "$(dirname "$0")/lib.bash"
. "$here/deliver.bash"
start_sink
deliver_settings
make_spool
start_spoold
rcpt='b@example.net' deposit plain "$body" 'body: 8bitmime\nenvid: abc\nret: hdrs\nnotify: NEVER\n'
rcpt='b@example.net,never@example.net,c@example.net' deposit part "$body"
rcpt='once@example.net' deposit again "$body"
rcpt='mute@example.net' deposit mute "$body"
rcpt='never@example.org' deposit none "$body"
rcpt=$'jos\xc3\xa9@example.net' deposit utf8 "$body"
deposit odd 'Subject: a\rb\n\nbare\rCR\r\n.\n.\r\n\0\n..x\nend without a line end'
wait_until 20 "all are done" eval '[ "$(events delivered)" = 6 ] && [ "$(events quarantined)" = 2 ]'
wait_until 10 "the outlet is empty" eval '[ -z "$(files_in "$root/outgoing")" ]'
no_violations
[ "$(taken)" = 7 ] || fail "the server has $(taken) messages"
f=$(sink_file '"abc"\|ENVID=abc' env)
grep -q 'BODY=8BITMIME' "$f" && grep -q 'RET=HDRS' "$f" && grep -q 'NOTIFY=NEVER' "$f" || fail "parameters: $(cat "$f")"
e=${f%.env}.eml
[ "$(tr -d '\r' < "$e" | without_trace /dev/stdin)" = "$(text)" ] || fail "other bytes: $(cat -A "$e")"
grep -q SMTPUTF8 "$(sink_file 'jos' env)" || fail "no SMTPUTF8 for an address that is not ASCII: $(cat "$(sink_file jos env)")"
f=$(sink_file c@example.net env)
grep -q '"to": \["b@example.net", "c@example.net"\]' "$f" || fail "part: $(cat "$f")"
grep -q 'never@example.net' "$root"/quarantine/failed/part~*.json || fail "the refused recipient is not in quarantine"
! grep -q '"b@example.net"' "$root"/quarantine/failed/part~*.json || fail "a delivered one is in quarantine, too"
grep -q 'there is no such mailbox' "$root"/quarantine/failed/none~*.json || fail "no reason: $(cat "$root"/quarantine/failed/none~*.json)"
[ "$(count "$root/quarantine/failed/none~*.eml")" = 1 ] && [ "$(count "$root/quarantine/failed/none~*.hdr")" = 1 ] || fail "none: half an entry"
grep -q $'^\\.\r$' "$(grep -la 'bare CR' "$sink"/*.eml | head -n 1)" || fail "a line with a dot was lost: $(cat -A "$sink"/*.eml)"
expect_balanced
stop_spoold
expect_balanced_again() { start_spoold; expect_balanced; stop_spoold; }
expect_balanced_again
