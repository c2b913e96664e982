#!/bin/bash
# 25 ways in which name servers are slow or lie: no message waits longer than 20 s, none is lost, nothing
# crashes, and mail that needs none of them goes on as fast as beside honest ones (p99 at most twice that).
. "$(dirname "$0")/lib.bash"
antispam=on

need python3
python3 "$here/../interop/dns_liar.py" 0 --ready "$dir/port" &
daemons+=("$!")
wait_until 10 "the liar listens" test -s "$dir/port"
settings+=("dns.servers=127.0.0.1:$(cat "$dir/port")")
start_spoold

# mail DOMAIN: a message whose SPF, DMARC and names are of that domain.
n=0
mail() {
    n=$((n + 1))
    printf 'From: a@%s\nTo: b@example.net\nSubject: %s\nDate: Mon, 23 Nov 2026 03:00:00 +0000\n\nHello.\n' "$1" "$n" > "$dir/m.eml"
    spooldrop -f "a@$1" --ip 192.0.2.1 --helo "mx.$1" -- b@example.net < "$dir/m.eml" || fail "spooldrop: $?"
}
all_are_out() { [ "$(cat "$root"/state/journal/*.jsonl | grep -c '"event":"delivered"')" -ge "$n" ]; }
# Milliseconds from claimed to judged of the mails from domains that match $1, one number a line.
times() {
    python3 - "$log" "$1" << 'END'
import datetime, re, sys
taken = {}
for line in open(sys.argv[1], errors="replace"):
    event = re.search(r"^(\S+Z) .* ?id=(\S+) event=(claimed|judged)", line)
    if not event:
        continue
    at = datetime.datetime.fromisoformat(event[1].replace("Z", "+00:00")).timestamp() * 1000
    if event[3] == "claimed" and re.search(sys.argv[2], line):
        taken[event[2]] = at
    elif event[3] == "judged" and event[2] in taken:
        print(int(at - taken.pop(event[2])))
END
}
p99() { sort -n | awk '{ v[NR] = $1 } END { i = int(NR * 0.99 + 0.99); print v[i < 1 ? 1 : i] }'; }

for i in $(seq 1 30); do mail "h$i.b01.example.org"; done
wait_until 30 "honest mails are out" all_are_out
alone=$(times 'from=<a@h[0-9]+\.b01' | p99)
for b in $(seq -w 1 25); do
    mail "l.b$b.example.org"
    mail "m$b.b01.example.org"
done
for i in $(seq 1 20); do mail "n$i.b01.example.org"; done
wait_until 45 "all mails are out, whatever the servers did" all_are_out
beside=$(times 'from=<a@[mn][0-9]+\.b01' | p99)
longest=$(times 'from=<a@l\.b' | sort -n | tail -n 1)
echo "honest: p99 $alone ms alone, $beside ms beside liars; the longest of the liars $longest ms"
[ "$(times 'from=<a@l\.b' | wc -l)" = 25 ] || fail "not all were judged"
[ "$longest" -le 20500 ] || fail "a message waited $longest ms"
[ "$beside" -le $((2 * (alone > 150 ? alone : 150))) ] || fail "honest mail took $beside ms beside liars, $alone ms without"
grep -q 'event=worker_died' "$log" && fail "a worker died"
grep -h '"event":"accepted"' "$root"/state/journal/*.jsonl | grep -q '"result":"temperror"' || fail "nobody was too slow: the test tests nothing"
stop_spoold

# Many messages that nobody answers for: the few places for messages in work are not taken by them, and they go
# on after some seconds.
settings+=(spool.max_in_flight=8 dns.timeout=5s)
start_spoold
for i in $(seq 1 20); do mail "s$i.b04.example.org"; done # 8 in work and 16 that wait have room
for i in $(seq 1 5); do mail "o$i.b01.example.org"; done
others_are_judged() { [ "$(times 'from=<a@o[0-9]+\.b01' | wc -l)" = 5 ]; }
wait_until 5 "mail of others goes by those that wait" others_are_judged
wait_until 20 "all are out, the silent ones after some seconds" all_are_out
others=$(times 'from=<a@o[0-9]+\.b01' | sort -n | tail -n 1)
silent=$(times 'from=<a@s[0-9]+\.b04' | sort -n | tail -n 1)
echo "20 silent ones beside 8 places: $silent ms at most, others $others ms"
[ "$others" -le 2000 ] || fail "others had to wait: $others ms"
[ "$silent" -ge 2500 ] && [ "$silent" -le 12000 ] || fail "the silent ones waited $silent ms"
stop_spoold
