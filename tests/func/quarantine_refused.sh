#!/bin/bash
# Where spoold hands over by SMTP: a release reaches the server byte for byte at once; what the server refuses is an entry
# of class failed that can be released and deleted in its turn, and the books balance all the way.
. "$(dirname "$0")/lib.bash"
. "$here/deliver.bash"
need_fates
start_sink
deliver_settings
settings+=(spool.rescan=30s)
make_spool
start_spoold
rcpt='b@example.net,c@example.net' deposit virus "$body" 'x-spoold-test: q-virus\n'
rcpt='never@example.net' deposit none "$body"
wait_until 10 "the refused one is in quarantine" quarantined failed none
wait_until 10 "the other one is, too" quarantined virus virus
spoolctl quarantine release virus --rcpt c@example.net > /dev/null || fail "release in part"
wait_until 3 "the server has it" has_taken 1
f=$(sink_file c@example.net env) && grep -q '"to": \["c@example.net"\]' "$f" || fail "envelope: $(cat "$f")"
[ "$(tr -d '\r' < "${f%.env}.eml")" = "$(text)" ] || fail "other bytes: $(cat -A "${f%.env}.eml")"
id=$(only "$root/quarantine/failed/none" .hdr) && id=${id##*/}
spoolctl quarantine release none > /dev/null || fail "release of a refused one"
wait_until 10 "it was refused again" test -e "$root/quarantine/failed/$id.r.hdr"
wait_until 5 "the outlet is empty" eval '[ -z "$(files_in "$root/outgoing")" ]'
out=$(spoolctl quarantine list --class failed)
[[ $out == *"${id: -25}.r"*held* && $out == *"${id: -25}  "*released* ]] || fail "list: $out"
spoolctl quarantine release "$id.r" > /dev/null || fail "release of what was refused twice"
wait_until 10 "it was refused a third time" test -e "$root/quarantine/failed/$id.r.r.hdr"
expect_balanced
for n in "$id" "$id.r" "$id.r.r"; do
    wait_until 5 "$n can be deleted" spoolctl quarantine delete "$n"
done
has 0 "$root/quarantine/failed/none*" || fail "left: $(ls "$root/quarantine/failed")"
expect_empty "$root/proc" "$root/incoming"
expect_balanced
no_violations
stop_spoold
