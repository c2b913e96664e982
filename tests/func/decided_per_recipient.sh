#!/bin/bash
# One message, recipients with different profiles: equal outcomes share a copy, some are quarantined or discarded,
# the record says for whom what was decided and why, and the books balance.
. "$(dirname "$0")/lib.bash"
antispam=on
mkdir "$dir/lists"
printf 'cheap 12 contains cheap\n' > "$dir/lists/body"
printf '%s\n' 'example.net lax' 'strict.example.org strict' 'boss@strict.example.org lax' 'gone.example.org gone' > "$dir/lists/domains"
settings=("paths.lists=$dir/lists" lists.body_rules=@lists/body lists.domains=@lists/domains dns.enable=no
    'profile lax.low.action=deliver' 'profile strict.low.action=quarantine' 'profile gone.low.action=discard')
make_spool

rcpt=a@example.org,b@example.net,c@strict.example.org,boss@strict.example.org,d@gone.example.org,e@example.com
deposit some 'Subject: cheap\n\ncheap things\n' 'connectedip: 192.0.2.1\n'
rcpt=d@gone.example.org
deposit none 'Subject: cheap\n\ncheap things\n' 'connectedip: 192.0.2.1\n'
rcpt=c@strict.example.org
deposit good 'Subject: dear\n\ndear things\n' 'connectedip: 192.0.2.1\n'
run_once

line3() { sed -n 3p "$1"; }
a=$(only "$root/outgoing/some" .hdr) || fail "some: $(ls "$root"/outgoing "$root"/quarantine/*)"
[ "$(line3 "$a.hdr")" = a@example.org,e@example.com ] || fail "copy 1 is for $(line3 "$a.hdr")"
[ "$(line3 "$a.2.hdr")" = b@example.net,boss@strict.example.org ] || fail "copy 2 is for $(line3 "$a.2.hdr")"
has 0 "$a.3.hdr" || fail "there is a third copy"
q=$(only "$root/quarantine/spam/some" .json) || fail "nothing in quarantine/spam"
grep -q '"recipients":\["c@strict.example.org","d@gone.example.org"\]' "$q.json" || fail "record: $(cat "$q.json")"
grep -q '"reason":"weight [0-9.]* is level low: \[profile strict\] low.action quarantine (-o profile strict.low.action=quarantine); for those who discard it quarantined with the others"' "$q.json" ||
    fail "reason: $(cat "$q.json")"
for d in '"to":"1,6","weight":[0-9.]*,"level":"low","action":"header","why":"level","threshold":[0-9.]*,"section":"level low","key":"action","line":"default","copy":1' \
    '"to":"3","weight":[0-9.]*,"level":"low","action":"quarantine"' \
    '"to":"5","weight":[0-9.]*,"level":"low","action":"discard","why":"level",.*"profile":"gone"'; do
    grep -q "$d" "$q.json" || fail "no $d in $(cat "$q.json")"
    grep '"event":"accepted","id":"some~' "$root"/state/journal/*.jsonl | grep -q "$d" || fail "no $d in the journal"
done
[ "$(events discarded none)" = 1 ] || fail "none: not discarded"
has 0 "$root/outgoing/none*" "$root/quarantine/*/none*" || fail "none: something of it stands somewhere"
only "$root/outgoing/good" .hdr > /dev/null || fail "good: not sent"
expect_empty "$root/incoming" "$root/proc" "$root/quarantine/failed" "$root/quarantine/policy"
start_spoold
spoolctl audit > "$dir/audit" || fail "the books do not balance: $(cat "$dir/audit")"
stop_spoold
