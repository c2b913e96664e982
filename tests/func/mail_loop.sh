#!/bin/bash
# A message that comes back again and again ends in quarantine/policy: at its fourth pass through this host, or with
# more Received: fields than spool.max_hops.
. "$(dirname "$0")/lib.bash"
settings=(spool.max_hops=20)
make_spool
start_spoold
deposit round 'Subject: a\n\nbody\n'
for pass in 1 2 3; do
    wait_delivered round
    at=$(only "$root/outgoing/round" .hdr) || fail "pass $pass"
    cp "$at.eml" "$dir/round.eml" && rm "$at.eml" "$at.hdr"
    cp "$dir/round.eml" "$root/incoming/round.em_" && chmod 644 "$root/incoming/round.em_" && mv "$root/incoming/round.em_" "$root/incoming/round.eml"
    printf 'Written\na@example.org\nb@example.net\n\n' > "$root/incoming/round.hd_" && chmod 644 "$root/incoming/round.hd_" &&
        mv "$root/incoming/round.hd_" "$root/incoming/round.hdr"
done
wait_until 5 "the fourth pass is stopped" has 1 "$root/quarantine/policy/round~*.hdr"
grep -q 'a mail loop: it passed spoold on this host 3 times' "$root"/quarantine/policy/round~*.json || fail "reason: $(cat "$root"/quarantine/policy/*.json)"
cmp -s "$root"/quarantine/policy/round~*.eml "$dir/round.eml" || fail "the bytes were changed"
[ "$(grep -c '^X-Spoold-Id' "$dir/round.eml")" = 1 ] || fail "our own fields pile up"
deposit hops "$(for i in {1..21}; do printf 'Received: from %d\\n' "$i"; done)\nbody\n"
wait_until 5 "21 hops are too many" has 1 "$root/quarantine/policy/hops~*.hdr"
deposit few "$(for i in {1..20}; do printf 'received: from %d\\n' "$i"; done)\nbody\n"
wait_delivered few
has 0 "$root/outgoing/hops*" "$root/outgoing/round*" || fail "a message of a loop went out"
expect_balanced
stop_spoold
