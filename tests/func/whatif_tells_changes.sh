#!/bin/bash
# What other settings would have done: thresholds, actions, rules and profiles are tried on a dozen recorded
# decisions. What was never asked is not guessed, settings that results depend on are named, nothing is changed.
. "$(dirname "$0")/lib.bash"
antispam=on
mkdir "$dir/lists"
printf 'cheap 12 contains cheap\nodd 3 contains odd\n' > "$dir/lists/body"
printf '%s\n' 'strict.example.org strict' > "$dir/lists/domains"
cat > "$dir/spoold.ini" <<END
[paths]
lists = $dir/lists
[lists]
body_rules = @lists/body
[dns]
enable = no
END
start_spoold -c "$dir/spoold.ini"
drop() { deposit "$1" "Subject: $2\n\n$2 things\n" 'connectedip: 192.0.2.1\n'; }
for i in 1 2 3 4 5; do drop "good$i" dear; done
for i in 1 2 3 4; do drop "cheap$i" cheap; done
drop odd1 odd
rcpt=b@example.net,c@strict.example.org
drop two1 cheap
drop two2 dear
for i in good{1..5} cheap{1..4} odd1 two{1,2}; do wait_delivered "$i"; done

# try NEW-LINES [ARGUMENTS]: the settings in force with these lines behind them.
try() {
    local lines=$1
    shift
    { cat "$dir/spoold.ini"; printf '%b' "$lines"; } > "$dir/new.ini"
    said 0 whatif "$dir/new.ini" "$@"
}
counts() { holds "\"messages\":12,\"changed\":$1,\"unchanged\":$2,\"reweighed\":$3,\"unknown\":$4,"; }
before=$(cat "$root"/state/journal/*.jsonl | cksum)

try '' --json
counts 0 12 0 0
holds '"not_kept":0' '"changes":[]' '"not_taken_into_account":[]'

try '[level low]\naction = quarantine\n' --json # 12 + what is wrong with it
counts 5 7 0 0
holds '"from":"header","to":"quarantine/spam","count":5'
try '[level low]\naction = quarantine\n' --list 1
holds '5  ' 'header -> quarantine/spam' "[level low] action quarantine ($dir/new.ini:8)" '<a@example.org>' '12 messages in'
[ "$(grep -c '<a@example.org>' <<< "$out")" = 1 ] || fail "--list 1 shows: $out"

try '[level low]\nthreshold = 19.5\n' --json
counts 5 7 0 0
holds '"from":"header","to":"deliver","count":5' 'no level and no threshold is reached'

# A rule that weighs more, one with another pattern, and one that is new.
printf 'cheap 31 contains cheap\nodd 3 contains odd\n' > "$dir/lists/body2"
sed -i 's|@lists/body|@lists/body2|' "$dir/spoold.ini"
try '' --json
counts 5 7 0 0
holds '"to":"quarantine/spam","count":5'
printf 'cheap 12 contains cheap\nodd 40 wildcard o?d\n' > "$dir/lists/body2"
try '' --json
counts 0 0 0 12
holds '"why":"the rule body:odd had another pattern then","count":12'
printf 'cheap 12 contains cheap\nodd 3 contains odd\nnew 0.001 contains else\n' > "$dir/lists/body2"
try '' --json
counts 0 12 0 0
printf 'cheap 11 contains cheap\nodd 3 contains odd\n' > "$dir/lists/body2"
try '' --json
counts 0 12 5 0
sed -i 's|@lists/body2|@lists/body|' "$dir/spoold.ini"

# A profile for one recipient of two; a list that was never asked; settings that results depend on.
printf '[lists]\nbody_rules = @lists/body\ndomains = @lists/domains\n[dns]\nenable = no\n[paths]\nlists = %s\n[profile strict]\nlow.action = quarantine\n' "$dir/lists" > "$dir/new.ini"
said 0 whatif "$dir/new.ini" --json
counts 1 11 0 0
holds '"from":"header","to":"quarantine/spam","count":1' "[profile strict] low.action quarantine ($dir/new.ini:9)"
try '[rbl zen]\nzone = zen.example.net\nweight = 9\n[site]\nnetworks = 203.0.113.0/24\n' --json
holds '"why":"[rbl zen] was not asked then"' '"not_taken_into_account":["site.networks"]'
try '[antispam]\nenable = no\n' --json
counts 5 7 0 0

[ "$(cat "$root"/state/journal/*.jsonl | cksum)" = "$before" ] || fail "the journal was changed"
printf '[level low]\naction = nowhere\n' > "$dir/new.ini"
said 100 whatif "$dir/new.ini"
holds "$dir/new.ini:2: action"
said 64 whatif
said 64 whatif "$dir/new.ini" --days 0
stop_spoold
printf '[level low]\nthreshold = 19\n' > "$dir/new.ini"
said 0 whatif "$dir/new.ini" --days 1 # without spoold, too
holds '12 messages in'
