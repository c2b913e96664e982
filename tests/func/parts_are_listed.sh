#!/bin/bash
# The parts of a message are told: by check, in the journal and in the record of a quarantine entry, with the SHA-256
# of their bytes; what mail readers take in different ways is tagged, or quarantined where that is set.
. "$(dirname "$0")/lib.bash"
need sha256sum
av=on
printf 'some bytes\n' > "$dir/file"
sum=$(sha256sum < "$dir/file") && sum=${sum%% *}
attach "$dir/file" notes.bin > "$dir/plain"
# Nothing of a name may act upon a terminal.
attach "$dir/file" $'a\x1b[2Jb.bin' > "$dir/hostile"
eicar > "$dir/e.com" && attach "$dir/e.com" e.com > "$dir/infected"
# One reader sees a text, the other one a multipart with a file.
sed 's/^MIME-Version: 1.0$/&\nContent-Type: text\/plain/' "$dir/plain" > "$dir/twice"
[ "$(grep -c '^Content-Type: ' "$dir/twice")" = 4 ] || fail "the message with two types is not as it should be"

make_spool
said 0 check "$dir/plain"
[[ $out == *"plain: clean" ]] || fail "check of a plain one: $out"
said 0 check --json "$dir/plain"
holds '"parts":[{' '"type":"text/plain"' '"type":"application/octet-stream","name":"notes.bin","size":11,"sha256":"'"$sum"'","reading":"all"' \
    '"ambiguous":false'
said 0 check "$dir/twice"
holds "twice: clean, ambiguous: " "several Content-Type fields"
said 0 check --json "$dir/twice"
holds '"sha256":"'"$sum"'","reading":"some"' '"oddities":["types"' '"ambiguous":true'
said 1 check --json "$dir/infected"
holds '"name":"e.com","size":68'

start_spoold
for k in plain hostile twice infected; do deposit_file $k "$dir/$k"; done
wait_delivered plain
wait_delivered hostile
wait_delivered twice
wait_until 10 "it is quarantined" quarantined virus infected
grep -q '^X-Spoold-Virus: clean; TEST' "$(only "$root/outgoing/plain" .hdr).eml" || fail "the plain one is not clean"
grep -q '^X-Spoold-Virus: clean; ambiguous (.*types.*); TEST' "$(only "$root/outgoing/twice" .hdr).eml" || fail "it is not tagged"
wait_until 5 "the counts are up to date" eval 'spoolctl --json status | grep -q "\"accepted\":4"'
said 0 show plain --parts
holds READING text/plain application/octet-stream 11 "${sum:0:16}  notes.bin"
[[ $out != *"${sum:0:17}"* && $out != *ambiguous* ]] || fail "show --parts: $out"
said 0 --json show --parts plain
holds '"event":"delivered"' "\"sha256\":\"$sum\""
said 0 show --parts hostile
holds 'application/octet-stream' .bin
[[ $out != *$'\x1b'* ]] || fail "a control character came out"
said 0 show --parts twice
holds some all notes.bin "ambiguous: several Content-Type fields"
said 0 show --parts infected
holds e.com
said 0 quarantine show infected
holds READING e.com "infected: "
said 1 show --parts nothing_of_that_name
said 64 show --parts
stop_spoold

settings=(mime.ambiguous_action=quarantine)
start_spoold
deposit_file again "$dir/twice"
deposit_file harmless "$dir/plain"
wait_delivered harmless
wait_until 10 "it is quarantined" quarantined policy again
said 0 quarantine show again
holds "mail readers take it in different ways: " types notes.bin "ambiguous: several Content-Type fields"
expect_balanced
stop_spoold
