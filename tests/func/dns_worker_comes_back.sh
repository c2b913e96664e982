#!/bin/bash
# spoolctl dns shows servers, cache and lists of a running spoold; after a reload, a worker-dns that was killed,
# and one that hangs over a message, the DNS is asked again and mail has gone on.
. "$(dirname "$0")/lib.bash"
. "$(dirname "$0")/dns.bash"
antispam=on
need pgrep

dns_zone example.org <<END
@ TXT "v=spf1 ip4:192.0.2.1 -all"
END
dns_zone good.example.net <<END
2.0.0.127 A 127.0.0.2
END
dns_zone bad.example.net <<END
* A 127.0.0.2
END
dns_start
settings+=('rbl good.zone=good.example.net' 'rbl bad.zone=bad.example.net')

says() { out=$(spoolctl dns 2>&1) && [[ $out == *"$1"* ]]; }
# The one that serves: spoold's launcher has started its loader, and that has forked it.
children() { pgrep -d , -P "$1" ${2:+-x "$2"}; }
worker() { pgrep -n -P "$(children "$(children "$pid")" worker-dns)"; }
drop() { printf 'From: a@example.org\n\n%s\n' "$1" | spooldrop -f a@example.org --ip 192.0.2.1 -- b@example.net || fail "spooldrop: $?"; }
delivered() { [ "$(ls "$root"/outgoing/*.eml 2> /dev/null | wc -l)" = "$1" ]; }

start_spoold
wait_until 10 "the lists are tested" says "rbl:bad SUSPENDED"
holds "state          serving" "server         127.0.0.1:$dns_port, asked " "rbl:good usable" "cache          names "
said 0 dns flush
holds "forgotten"
said 64 dns now
drop one
wait_until 10 "a message is delivered" delivered 1

kill -HUP "$pid"
wait_until 10 "a new generation" eval '[[ $(spoolctl status) == *"worker dns     serving, generation 2"* ]]'
wait_until 10 "it serves after a reload" says "state          serving"
[[ $out != *"workers lost"* ]] || fail "a reload is no loss: $out"

kill -9 "$(worker)"
wait_until 10 "it is back after a kill" says "workers lost   1, for lies or silence 0"
wait_until 10 "it serves again" says "state          serving"
drop two
wait_until 10 "a message is delivered" delivered 2

kill -STOP "$(worker)"
drop three
wait_until 30 "one that hangs is ended" says "workers lost   2, for lies or silence 1"
wait_until 10 "it serves again" says "state          serving"
wait_until 20 "its message is delivered" delivered 3
[ "$(spoolctl metrics | grep -c '^spoold_dns_questions_total ')" = 1 ] || fail "no metrics"
stop_spoold
