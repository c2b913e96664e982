#!/bin/bash
# spoolctl reload waits for the outcome: in force, or each mistake with its place. With whatif_on_reload it first
# shows what would change, and refuses what changes too much; a new file cannot switch that off unseen, and a signal,
# which asks nobody, reloads nothing then.
. "$(dirname "$0")/lib.bash"
antispam=on
mkdir "$dir/lists"
printf 'cheap 12 contains cheap\n' > "$dir/lists/body"
# in_file LINES: what stands in the file now, behind what always does.
in_file() { printf '[paths]\nlists = lists\n[lists]\nbody_rules = @lists/body\n[dns]\nenable = no\n%b' "$1" > "$dir/spoold.ini"; }
in_file ''
cd "$dir" || exit 1
start_spoold -c spoold.ini # a relative name is meant from here
cd / || exit 1
for i in 1 2 3; do deposit "good$i" 'Subject: dear\n\ndear things\n' 'connectedip: 192.0.2.1\n'; done
deposit cheap 'Subject: cheap\n\ncheap things\n' 'connectedip: 192.0.2.1\n'
for i in good{1..3} cheap; do wait_delivered "$i"; done

in_file '[spool]\nmax_attempts = many\n'
said 100 reload
holds 'spoold.ini:8: max_attempts' 'nothing was reloaded'
in_file '[log]\nlevel = warn\n'
said 0 reload
[ "$out" = "in force" ] || fail "reload says: $out"
in_file '[spool]\nuser = somebody\n'
said 100 reload
holds 'spool.user cannot change while spoold runs'
said 64 reload now

# Switching it on asks already: one of four changes.
in_file '[spool]\nwhatif_on_reload = refuse:20%\n[level low]\naction = quarantine\n'
kill -HUP "$pid"
wait_until 5 "the signal is refused" grep -q 'event=reload_refused spool.whatif_on_reload = refuse:20%: use spoolctl reload' "$log"
said 1 reload
holds 'header -> quarantine/spam' 'more than 20 % of the messages would be treated in another way (1 of 4)' 'spoolctl reload --force'
in_file '[spool]\nwhatif_on_reload = refuse:25%\n[level low]\naction = quarantine\n'
said 0 reload
holds '1   25.0 %  changed' 'in force'
deposit cheaper 'Subject: cheap\n\ncheap things\n' 'connectedip: 192.0.2.1\n'
wait_until 10 "the new settings decide" quarantined spam cheaper

# Now in force: it counts whatever the new file says.
in_file '[level low]\naction = deliver\n'
said 1 reload
holds 'more than 25 % of the messages'
in_file '[level low]\naction = quarantine\n'
said 1 reload
holds 'the new settings weaken spool.whatif_on_reload, from refuse:25% to off'
said 0 reload --force
holds 'the new settings weaken' 'in force'
in_file '[level low]\naction = header\n[spool]\nwhatif_on_reload = warn\n'
said 0 --json reload
holds '"changed":' '"in_force":true,"config":"'
kill -HUP "$pid"
wait_until 5 "the log says that nobody was asked" grep -q 'event=reload_unasked' "$log"
# Who has just written a rule tries it at once: the workers must have it, too.
printf 'cheap 12 contains cheap\nbrandnew 25 contains brandnew\n' > "$dir/lists/body"
in_file '[level medium]\naction = quarantine\n'
said 0 reload --force
deposit brandnew 'Subject: brandnew\n\nx\n' 'connectedip: 192.0.2.1\n'
wait_until 10 "the new rule is looked for" quarantined spam brandnew
stop_spoold
said 75 reload
