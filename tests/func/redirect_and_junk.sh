#!/bin/bash
# The action redirect: recipients with the same outcome share one copy to the other address, the books name those
# whom it was for, also where spoold hands it over itself; junk is filed by mail programs. Wrong addresses are told.
. "$(dirname "$0")/lib.bash"
antispam=on
mkdir "$dir/lists"
echo 192.0.2.66 > "$dir/lists/black"
printf 'cheap 12 contains cheap\n' > "$dir/lists/body"
printf '%s\n' 'away.example.org away' 'junk.example.org junk' 'gone.example.org gone' 'list.example.org black' > "$dir/lists/domains"
settings=("paths.lists=$dir/lists" lists.body_rules=@lists/body lists.domains=@lists/domains dns.enable=no
    lists.blacklist=@lists/black filter.blacklist_action=deliver 'profile black.filter.blacklist_action=junk'
    'profile away.low.action=redirect' 'profile away.low.redirect=post@example.net' 'profile junk.low.action=junk'
    'profile gone.low.action=discard')
make_spool

rcpt=a@away.example.org,b@example.org,c@away.example.org,d@gone.example.org,e@junk.example.org
deposit some 'Subject: cheap\n\ncheap things\n' 'connectedip: 192.0.2.1\nnotify: a@away.example.org=\nnotify: b@example.org=\n'
rcpt=f@list.example.org,g@example.org
deposit black 'Subject: dear\n\ndear things\n' 'connectedip: 192.0.2.66\n'
run_once

s=$(only "$root/outgoing/some" .hdr) || fail "some: $(ls "$root"/outgoing "$root"/quarantine/*)"
id=${s##*~}
printf 'Written\nsender@example.org\npost@example.net\nx-spoold-redirected: %s <a@away.example.org>,<c@away.example.org>\nconnectedip: 192.0.2.1\n\n' "$id" > "$dir/wanted"
sed -i "2s/.*/$(sed -n 2p "$s.hdr")/" "$dir/wanted"
cmp -s "$dir/wanted" "$s.hdr" || fail "the redirected envelope: $(cat "$s.hdr")"
grep -aq '^X-Spam-Flag: YES' "$s.eml" || fail "redirected without a mark: $(head "$s.eml")"
[ "$(sed -n 3p "$s.2.hdr") $(sed -n 3p "$s.3.hdr")" = 'b@example.org e@junk.example.org' ] || fail "copies: $(cat "$s".[23].hdr)"
grep -aq '^X-Spam-Flag: YES' "$s.3.eml" || fail "junk has no flag"
line=$(cat "$root"/state/journal/*.jsonl | grep '"event":"delivered","id":"some~' | grep redirected)
echo "$line" | grep -q '"to":\["a@away.example.org","c@away.example.org"\],.*"reason":"redirected to post@example.net"' || fail "the journal: $line"
[ "$(grep -c post@example.net <<< "$(cat "$root"/state/journal/*.jsonl | grep '"event":"delivered"')")" = 1 ] || fail "it stands in other lines"
b=$(only "$root/outgoing/black" .hdr) || fail black
grep -aq '^X-Spam-Flag: YES' "$b.eml" || fail "junk by the blacklist has no flag: $(head -20 "$b.eml")"
grep -aq '^X-Spam-Flag: NO' "$b.2.eml" || fail "the other copy has it, too: $(head -20 "$b.2.eml")"
expect_empty "$root/incoming" "$root/proc" "$root/quarantine/failed" "$root/quarantine/policy" "$root/quarantine/spam"
start_spoold
spoolctl audit > "$dir/audit" || fail "the books do not balance: $(cat "$dir/audit")"
stop_spoold

# A redirect without an address, or to what is none, is a mistake with its line.
for bad in 'low.action = redirect' 'low.redirect = example.org' 'low.redirect = a,b@example.org' 'filter.blocked_action = redirect'; do
    printf '[profile x]\n%s\n' "$bad" > "$dir/bad.ini"
    if "$BUILD/spoold" -c "$dir/bad.ini" --check-config > "$dir/said" 2>&1; then fail "accepted: $bad"; fi
    grep -q "bad.ini:2: .*redirect" "$dir/said" || fail "$bad: $(cat "$dir/said")"
done
