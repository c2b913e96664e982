#!/bin/bash
# antivirus.virus_action = delete: an infected message is removed, with a line in the journal that names the virus.
. "$(dirname "$0")/lib.bash"
av=on settings=(antivirus.virus_action=delete)
make_spool
start_spoold
{ printf 'Subject: raw\n\n'; eicar; } > "$dir/raw"
deposit_file raw "$dir/raw"
deposit good "$body"
wait_delivered good "$root/outgoing" 20
wait_until 10 "it is discarded" eval '[ "$(events discarded raw~)" = 1 ]'
grep -h '"event":"discarded"' "$root"/state/journal/*.jsonl | grep -q '"reason":"virus: [^"]*EICAR[^"]*; deleted, as antivirus.virus_action says"' || fail "the journal does not say why"
expect_empty "$root/proc" "$root/incoming" "$root/quarantine"
has 1 "$root/outgoing/*.hdr" || fail "something else was delivered"
expect_balanced
stop_spoold
