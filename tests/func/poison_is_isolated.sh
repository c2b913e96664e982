#!/bin/bash
# Messages that crash, hang, exhaust or misuse their worker, among 1,000 good ones: each is in quarantine/poison
# after three attempts with its crash bundle, byte for byte; every good one is delivered within a minute and was
# charged with one attempt at most; the books balance.
. "$(dirname "$0")/lib.bash"
need_fates
kinds="crash hang sleep memory exec exit lie"
good=1000
settings=(workers.deadline=500ms workers.children=4)
make_spool
start_spoold
for ((i = 1; i <= good; i++)); do
    printf 'Subject: good %d\n\nbody %d\n' "$i" "$i" > "$root/incoming/good$i.em_"
    printf 'Written\na@example.org\nb@example.net\n\n' > "$root/incoming/good$i.hd_"
done
chmod 644 "$root"/incoming/*
bad=0
for f in "$root"/incoming/good*.em_; do
    n=${f%.em_}
    mv "$f" "$n.eml" && mv "$n.hd_" "$n.hdr"
    if ((++bad % 140 == 1)); then
        k=$(echo $kinds | cut -d ' ' -f $((bad / 140 + 1)))
        [ -n "$k" ] && deposit "poison-$k" "Subject: $k\n\nbody of $k\n" "x-spoold-test: $k\n"
    fi
done
wait_until 55 "all good ones are delivered" eval 'has $good "$root/outgoing/good*.hdr"'
wait_until 20 "all bad ones are isolated" eval 'has 7 "$root/quarantine/poison/*.hdr"'
for k in $kinds; do
    at=$(only "$root/quarantine/poison/poison-$k" .hdr) || fail "$k is not in quarantine/poison"
    printf 'Subject: %s\n\nbody of %s\n' $k $k | cmp -s - "$at.eml" || fail "$k: the bytes were changed"
    grep -q '"crash":{"worker":"rewrite","cause":"[^"]\+","signal":[0-9]\+,"phase":"[a-z]\+","generation":1,"pid":[0-9]\+,"attempts":3}' "$at.json" ||
        fail "$k: crash bundle: $(cat "$at.json")"
    n=$(grep -c "id=poison-$k~.* event=worker_lost" "$log")
    [ "$n" = 3 ] || fail "$k: $n attempts"
done
grep -q '"signal":11' "$root"/quarantine/poison/poison-crash~*.json || fail "crash: $(cat "$root"/quarantine/poison/poison-crash~*.json)"
grep -q '"signal":31' "$root"/quarantine/poison/poison-exec~*.json || fail "exec: $(cat "$root"/quarantine/poison/poison-exec~*.json)"
expect_log 'event=attack role=rewrite'
[ "$(grep -o 'id=good[0-9]*~[^ ]* event=worker_lost' "$log" | sort | uniq -d)" = "" ] || fail "a good message was charged twice"
expect_empty "$root/proc" "$root/incoming"
expect_balanced
stop_spoold
