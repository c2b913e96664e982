#!/bin/bash
# EICAR to quarantine, list, show, release: byte for byte in the outlet with its envelope, once; a second release says so.
# What the sender wrote never reaches the terminal as it stands.
. "$(dirname "$0")/lib.bash"
av=on
make_spool
start_spoold
wait_until 20 "the scanner serves" av_serves
{ printf 'From: a@example.org\nSubject: \033[31mred\033]0;title\007 \xe9\nX-Long: %0600d\n\n' 7; eicar; printf '\n\033c text\r\n'; } > "$dir/mail"
rcpt=ann@example.net,bob@example.net
deposit_file bad "$dir/mail" 'connectedip: 192.0.2.1\nnotify: bob@example.net=NEVER\n'
wait_until 10 "it is in quarantine" quarantined virus bad
id=$(only "$root/quarantine/virus/bad" .hdr) && id=${id##*/}
cp "$root/quarantine/virus/$id.hdr" "$dir/hdr"

no_control() { ! grep -qP '[\x00-\x08\x0b-\x1f\x7f]' <<< "$out" || fail "control characters in: $(cat -v <<< "$out")"; }

said 0 quarantine list
holds "${id: -25}" virus ann@example.net +1 held "virus: Spoold.Test.EICAR"
no_control
said 0 quarantine list --json --class virus --since 1d --to BOB@example.net --from a@example.org --name bad --limit 5
holds "\"id\":\"$id\"" '"state":"held"' '"virus_name":"Spoold.Test.EICAR'
for filter in "--class spam" "--since 2999-01-01" "--to carl@example.net" "--from x@example.org" "--name other"; do
    # shellcheck disable=SC2086 # words
    said 0 quarantine list $filter
    [ "$out" = "No such entry." ] || fail "$filter: $out"
done
said 64 quarantine list --class nonsense
said 64 quarantine list --since yesterday
said 64 quarantine
said 0 quarantine show "${id: -25}"
holds "id" "$id" "sha256" "$(sha256sum < "$dir/mail" | cut -c 1-64)" 'Subject: \x1b[31mred\x1b]0;title\x07' 'connectedip: 192.0.2.1' 'bytes more' '\x1bc text'
no_control
said 0 quarantine show --json bad
holds '{"v":1,"eml":"From: a@example.org\u000aSubject: \u001b[31mred'
said 1 quarantine show no_such_entry

said 64 quarantine release
said 64 quarantine release bad --wait x
said 1 quarantine release bad --rcpt carl@example.net
holds "not any more, held for carl@example.net"
said 0 quarantine release "${id: -8}" --wait 2
holds "released $id" "recipients 2"
cmp "$root/outgoing/$id.r.eml" "$dir/mail" || fail "not the original bytes"
cmp "$root/outgoing/$id.r.hdr" "$dir/hdr" || fail "not the original envelope"
has 2 "$root/outgoing/*" || fail "something else in the outlet: $(ls "$root/outgoing")"
said 1 quarantine release bad
holds "already released"
has 2 "$root/outgoing/*" || fail "released twice: $(ls "$root/outgoing")"
said 0 quarantine list
holds released
said 0 show bad
holds released "outgoing/$id.r.eml" "$id.hdr.rel"
said 0 history
holds released
[ "$(events released "$id")" = 1 ] || fail "the journal: $(cat "$root"/state/journal/*.jsonl)"
grep -h '"event":"released"' "$root"/state/journal/*.jsonl | grep -q '"to":\["ann@example.net","bob@example.net"\]' || fail "the line does not name them"
expect_empty "$root/proc" "$root/incoming"
expect_balanced
said 0 quarantine delete bad
said 1 quarantine delete bad
expect_empty "$root/quarantine"
said 0 show "$id"
holds released deleted
expect_balanced
stop_spoold
