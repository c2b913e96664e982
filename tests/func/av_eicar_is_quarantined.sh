#!/bin/bash
# EICAR, raw, in a ZIP and in a MIME part, goes to quarantine/virus byte for byte and never to the outlet; a clean mail
# goes out and says so. On a machine without signatures all of it says TEST SIGNATURES ONLY.
. "$(dirname "$0")/lib.bash"
need zip
av=on
make_spool
start_spoold
wait_until 20 "the scanner serves" av_serves
{ printf 'Subject: raw\n\n'; eicar; } > "$dir/raw"
eicar > "$dir/e.com" && (cd "$dir" && zip -q e.zip e.com)
attach "$dir/e.com" e.com > "$dir/mime"
attach "$dir/e.zip" e.zip > "$dir/zip"
printf 'X-Spoold-Virus: clean\nSubject: forged\n\nhello\n' > "$dir/clean"
for k in raw mime zip clean; do deposit_file $k "$dir/$k"; done
for k in raw mime zip; do
    wait_until 10 "$k is in quarantine" quarantined virus $k
    at=$(only "$root/quarantine/virus/$k" .hdr)
    cmp -s "$dir/$k" "$at.eml" || fail "$k: its bytes were changed"
    grep -q '"reason":"virus: Spoold.Test.EICAR' "$at.json" || fail "$k: $(cat "$at.json")"
    grep -q '"warning":"TEST SIGNATURES ONLY"' "$at.json" || fail "$k: $(cat "$at.json")"
    grep -q '"sha256":"'"$(sha256sum < "$dir/$k" | cut -c 1-64)"'"' "$at.json" || fail "$k: the record is not bound to its bytes"
done
wait_delivered clean
at=$(only "$root/outgoing/clean" .hdr)
[ "$(grep -c '^X-Spoold-Virus:' "$at.eml")" = 1 ] && grep -q '^X-Spoold-Virus: clean; TEST SIGNATURES ONLY$' "$at.eml" || fail "the header: $(head -n 5 "$at.eml")"
has 1 "$root/outgoing/*.hdr" || fail "something else was delivered"
expect_log 'event=examined state=infected.*TEST SIGNATURES ONLY'
spoolctl status | grep -q 'TEST SIGNATURES ONLY' || fail "status does not say it: $(spoolctl status)"
grep -h '"event":"accepted"' "$root"/state/journal/*.jsonl | grep -q '"record":{.*"virus":{"state":"clean".*TEST SIGNATURES ONLY' || fail "the journal does not say it"
expect_empty "$root/proc" "$root/incoming"
expect_balanced
stop_spoold
