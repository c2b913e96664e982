#!/bin/bash
# spoolctl against a running spoold: status, queue, show, history and audit, for people and as JSON, and the
# exit codes: 0, 1 no such message, 64 wrong usage, 75 spoold is not running.
. "$(dirname "$0")/lib.bash"
make_spool
rcpt=ann@example.net,bob@example.net
for n in 1 2 3; do deposit "sent$n" "$body"; done
run_once
deposit kept "$body"
start_spoold --hold-all
wait_until 5 "it is held" has 1 "$root/proc/kept*.hdr.h0"
id=$(only "$root/proc/kept" .eml) && id=${id##*/} || fail "kept"
json_lines() { grep -vE '^\{"v":1,.*\}$' <<< "$out" && fail "that is no JSON line"; return 0; }

wait_until 5 "the counts are up to date" eval 'spoolctl --json status | grep -q "\"accepted\":4"'
said 0 status
holds running "$pid" UNSAFE
said 0 --json status
json_lines
holds '"state":"running"' "\"pid\":$pid" '"held":1' '"accepted":4' '"delivered":3'
said 0 queue
holds "${id: -25}" held "hold-all"
said 0 --json queue
json_lines
holds "\"id\":\"$id\"" '"state":"held"' '"next":"20'
said 0 queue --held
holds "${id: -25}"
for key in "$id" "${id: -25}" kept; do
    said 0 show "$key"
    holds "$id" held a@example.org
    said 0 --json show "$key"
    json_lines
    holds "\"id\":\"$id\"" "proc/$id.hdr.h0" '"event":"accepted"'
done
said 0 show sent2
holds delivered bob@example.net
said 1 show nothing_of_that_name
holds "no message is known"
said 0 history
holds "${id: -25}" delivered accepted ann@example.net
said 0 --json history --recipient bob@example.net
json_lines
[ "$(grep -c '"id":"\(sent\|kept\)' <<< "$out")" = 4 ] || fail "history by recipient: $out"
said 0 --json history --sender a@example.org --limit 2
[ "$(grep -c '"id":"' <<< "$out")" = 2 ] || fail "history with a limit: $out"
said 0 --json history --recipient nobody@example.net
[ "$(grep -c '"id":"' <<< "$out")" = 0 ] || fail "history of nobody: $out"
said 0 --json history --name sent3
[ "$(grep -c '"id":"sent3' <<< "$out")" = 1 ] || fail "history by name: $out"
said 0 audit
said 0 audit --json
holds '"accepted":4,"delivered":3,"quarantined":0,"discarded":0,"in_outlet":0,"held":1,' '"missing_count":0' '"balanced":true'
# A message that vanished is found out.
rm "$root/proc/$id".*
said 1 --json audit
holds '"balanced":false' "$id"
said 64 nonsense
said 64
stop_spoold
said 75 status
holds "not running"
