#!/bin/bash
# spoolctl metrics: each line is one of the text format of Prometheus, each family has its help and type before it
# and stands in one piece, and the numbers are those of what happened.
. "$(dirname "$0")/lib.bash"
need_fates
make_spool
start_spoold
deposit good "$body"
deposit bad "$body" 'x-spoold-test: q-virus'
wait_delivered good
wait_until 5 "one is quarantined" quarantined virus bad
wait_until 5 "the counts are up to date" eval 'spoolctl metrics | grep -qx "spoold_messages_total{event=\"accepted\"} 2"'
spoolctl metrics > "$dir/metrics" || fail "exit code $?"
awk '
function bad(why) { print FNR ": " why ": " $0; failed = 1 }
/^# HELP / { if ($3 in help) bad("a second help"); if (NF < 4) bad("no help"); help[$3] = 1; next }
/^# TYPE / {
    if (!($3 in help)) bad("type without help"); if ($4 != "gauge" && $4 != "counter") bad("type")
    if ($4 == "counter" && $3 !~ /_total$/) bad("a counter not called _total")
    if ($3 in type) bad("a family in two pieces"); type[$3] = $4; at = $3; next
}
/^[a-z_]+({[a-z_]+="[^"\\]*"})? -?[0-9]+$/ {
    name = $1; sub(/{.*/, "", name); n++
    if (name != at) bad("not in its family"); if (name !~ /^spoold_/) bad("a strange name")
    if ($1 in seen) bad("twice"); seen[$1] = 1; next
}
{ bad("no line of the format") }
END { if (n < 40) { print "only " n " series"; failed = 1 }; exit failed }' "$dir/metrics" > "$dir/said" || fail "$(cat "$dir/said")"
for line in 'spoold_messages_total{event="delivered"} 1' 'spoold_messages_total{event="quarantined"} 1' 'spoold_messages_total{event="released"} 0' \
    'spoold_quarantined_total{class="virus"} 1' 'spoold_quarantined_total{class="spam"} 0' 'spoold_copies_total 1' 'spoold_held 0' \
    'spoold_intake_open 1' 'spoold_frozen 0' 'spoold_alarm{kind="frozen"} 0' 'spoold_alarm{kind="unsafe_filesystem"} 1' \
    'spoold_worker_deaths_total{role="rewrite"} 0'; do
    [[ $line == *unsafe* ]] && ! grep -q UNSAFE <(spoolctl status) && continue
    grep -qxF "$line" "$dir/metrics" || fail "this is not there: $line"
done
grep -q example "$dir/metrics" && fail "an address is shown"
spoolctl --json metrics | grep -vE '^\{"v":1,.*\}$' && fail "that is no JSON line"
stop_spoold
