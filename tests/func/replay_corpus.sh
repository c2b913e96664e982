#!/bin/bash
# Real messages are judged, with facts of a real name server, and decided by profiles; every decision made again from its record is the
# same byte for byte, and the books balance. 500 messages of the corpus; all 3,064 in make check-long.
. "$(dirname "$0")/lib.bash"
. "$(dirname "$0")/dns.bash"
corpus=${SPOOLD_CORPUS:-$here/../../../shared/corpus}/mail/sa-public-dev.tar.xz
[ -r "$corpus" ] || skip "there is no corpus; name its folder in SPOOLD_CORPUS"
need tar xz
antispam=on
most=500
[ -z "${SPOOLD_LONG:-}" ] || most=3064

for zone in com net org edu; do
    dns_zone $zone <<END
* TXT "v=spf1 ip4:192.0.2.0/25 -all"
* A 192.0.2.1
END
done
dns_zone 2.0.192.in-addr.arpa <<END
* PTR mail.example.org.
END
dns_zone bl.example <<END
2.0.0.127 A 127.0.0.2
*.2.0.192 A 127.0.0.2
END
dns_start
mkdir -p "$dir/etc/lists" "$dir/mail"
printf 'money 6 contains money\nfree 4.125 wildcard *free*\nclick 8 regex \\bclick\\s+here\\b\n' > "$dir/etc/lists/body"
printf 'shout 5 regex Subject: ^[A-Z !0-9]+$\n' > "$dir/etc/lists/header"
printf 'strict.example strict\nlax.example lax\nboss@strict.example lax\n' > "$dir/etc/lists/domains"
printf '192.0.2.200-192.0.2.210\n' > "$dir/etc/lists/black"
printf '[lists]\nbody_rules = @lists/body\nheader_rules = @lists/header\ndomains = @lists/domains\nblacklist = @lists/black\n' > "$dir/etc/spoold.ini"
printf '[profile strict]\nlow.action = quarantine\nspf.weight_fail = 12.5\n[profile lax]\nmedium.action = header\nhigh.action = discard\nfilter.incoming_threshold = 90\n' >> "$dir/etc/spoold.ini"
printf '[rbl test]\nzone = bl.example\nweight = 3\n' >> "$dir/etc/spoold.ini"
run() {
    local program=$1 s opts=(-c "$dir/etc/spoold.ini" -o "paths.root=$root" -o antivirus.clamav=no)
    shift
    [ "$program" = spoold ] && opts+=(-o spool.unsafe_filesystem=yes)
    for s in "${settings[@]}"; do opts+=(-o "$s"); done
    $execute "${prefix[@]}" "$bin/$program" "${opts[@]}" "$@"
}
make_spool
tar -xJf "$corpus" -C "$dir/mail" --transform='s,.*/,,' --wildcards '*.eml' || fail "the corpus cannot be unpacked"
cd "$dir/mail" || fail "no corpus"
find . -name '*.eml' -printf '%f\n' | sort | awk -v n="$most" 'NR * n / 3064 >= k + 1 { k++; print }' > "$dir/names"
n=$(wc -l < "$dir/names")
[ "$n" = "$most" ] || fail "$n messages instead of $most"
i=0
while read -r name; do
    i=$((i + 1))
    printf 'Written\nsender%s@example%s.com\na@example.net,b@strict.example,boss@strict.example,c@lax.example\nconnectedip: 192.0.2.%s\nhelo: mail.example.org\n%s\n' \
        "$i" $((i % 7)) $((i % 250 + 1)) "$([ $((i % 9)) != 0 ] || echo 'auth: somebody')" > "$dir/$i.hdr"
done < "$dir/names"
start_spoold
i=0
while read -r name; do
    i=$((i + 1))
    echo "$name $i"
done < "$dir/names" | while read -r name i; do
    mv "$name" "$root/incoming/$i.eml" && chmod 644 "$root/incoming/$i.eml" "$dir/$i.hdr" && mv "$dir/$i.hdr" "$root/incoming/$i.hdr"
done
# Each has a line for its end: some of its recipients have a copy, or the rest was quarantined or discarded.
is_done() { [ "$(grep -hoE '"event":"(delivered|quarantined|discarded)","id":"[^"]*"' "$root"/state/journal/*.jsonl | sort -u -t '"' -k 8,8 | wc -l)" -ge "$n" ]; }
wait_until 120 "all $n are through" is_done
wait_until 20 "proc is empty" eval '[ -z "$(ls "$root/proc")" ]'
expect_empty "$root/incoming" "$root/quarantine/failed" "$root/quarantine/poison"
expect_balanced
for action in '"action":"quarantine"' '"action":"discard"' '"action":"header"' '"action":"tag"' '"direction":"outgoing"' '"why":"blacklist"' \
    '"name":"rbl:test","result":"hit"' '"name":"spf","result":"fail"' '"name":"spf","result":"pass"' '"weights":\['; do
    [ "$(grep -hc "$action" "$root"/state/journal/*.jsonl)" -ge 5 ] || fail "hardly any $action"
done
spoolctl replay --all > "$dir/replay" || fail "replay: $(head -n 20 "$dir/replay")"
grep -q "^$n decisions: $n the same, 0 different, 0 cannot be told" "$dir/replay" || fail "replay: $(tail -n 3 "$dir/replay")"
# A record that was changed is noticed.
day=$(find "$root/state/journal" -name '*.jsonl' | tail -n 1)
change_record "$day" '"action":"tag"' '"action":"tag"' '"action":"header"'
spoolctl replay --all > "$dir/replay" && fail "a changed record is not noticed"
grep -q "^$n decisions: $((n - 1)) the same, 1 different" "$dir/replay" || fail "replay: $(tail -n 3 "$dir/replay")"
stop_spoold
