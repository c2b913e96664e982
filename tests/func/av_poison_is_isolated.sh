#!/bin/bash
# Messages that crash, hang, exhaust or misuse the virus scanner, among 100 good ones: each is in quarantine/poison after
# three attempts with its crash bundle; every good one is examined and delivered; the engine need not be loaded again.
. "$(dirname "$0")/lib.bash"
need_fates
av=on settings=(antivirus.timeout=100ms antivirus.children=3)
kinds="crash memory exec exit lie hang"
make_spool
start_spoold
wait_until 20 "the scanner serves" av_serves
for i in {1..100}; do
    deposit "good$i" "$body"
    [ $((i % 16)) = 1 ] && { k=$(echo $kinds | cut -d ' ' -f $((i / 16 + 1))); [ -z "$k" ] || deposit "poison-$k" "Subject: $k\n\nbody of $k\n" "x-spoold-test: av-$k\n"; }
done
wait_until 30 "all good ones are delivered" eval 'has 100 "$root/outgoing/good*.hdr"'
wait_until 40 "all bad ones are isolated" eval 'has 6 "$root/quarantine/poison/*.hdr"'
for k in $kinds; do
    at=$(only "$root/quarantine/poison/poison-$k" .hdr) || fail "$k is not in quarantine/poison"
    printf 'Subject: %s\n\nbody of %s\n' $k $k | cmp -s - "$at.eml" || fail "$k: the bytes were changed"
    grep -q '"crash":{"worker":"av","cause":"[^"]\+"' "$at.json" || fail "$k: crash bundle: $(cat "$at.json")"
    n=$(grep -c "id=poison-$k~.* event=worker_lost" "$log")
    [ "$n" = 3 ] || fail "$k: $n attempts"
done
has 100 "$root/outgoing/*.hdr" || fail "a bad one was delivered"
[ "$(grep -l '^X-Spoold-Virus: clean' "$root"/outgoing/*.eml | wc -l)" = 100 ] || fail "some are not examined"
[ "$(av_generation)" = 1 ] || fail "the engine was loaded again"
expect_log 'event=attack role=av'
[ "$(grep -o 'id=good[0-9]*~[^ ]* event=worker_lost' "$log" | sort | uniq -d)" = "" ] || fail "a good message was charged twice"
expect_empty "$root/proc" "$root/incoming"
expect_balanced
stop_spoold
