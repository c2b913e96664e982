#!/bin/bash
# explain says why a message became what it became: a table of checks with the lines of the settings, what was
# decided for whom, and where it waits, why; with and without a running spoold, from the journal and from the
# quarantine. check says the same before.
. "$(dirname "$0")/lib.bash"
antispam=on
mkdir "$dir/lists"
printf '%s\n' 'cheap 12 contains cheap' 'thing 1.5 contains thing' > "$dir/lists/body"
printf '%s\n' 'strict.example.org strict' 'net.example.org lax' > "$dir/lists/domains"
settings=("paths.lists=$dir/lists" lists.body_rules=@lists/body lists.domains=@lists/domains dns.enable=no
    site.hostname=m.example.org 'profile strict.low.action=quarantine' 'profile lax.low.action=deliver')
make_spool

says() { grep -Eq -- "$1" "$dir/said" || fail "explain does not say '$1': $(cat "$dir/said")"; }
# explain EXIT-CODE WORDS...
explain() {
    local rc=0 wanted=$1
    shift
    spoolctl explain "$@" > "$dir/said" 2> "$dir/complaint" || rc=$?
    [ $rc = "$wanted" ] || fail "explain $*: exit code $rc: $(cat "$dir/complaint")"
    ! grep -q '.\{101\}' "$dir/said" || fail "a line is wider than 100 columns: $(cat "$dir/said")"
}
table() {
    says '^from +a@example\.org$'
    says '^client +192\.0\.2\.1$'
    says '^decided by +the settings of its recipients'
    says '^CHECK +RESULT +WEIGHT +WHY +SET BY$'
    says '^body:cheap +hit +12 +cheap +'
    says '^body:thing +hit +1\.5 +thing +'
    says '^total +13\.5 +level low, from 10 on$'
    says '^[0-9]+ other checks found nothing$'
    says '^for +b@strict\.example\.org$'
    says '^  action +quarantine: weight 13\.5 is level low \(from 10 on\)$'
    says '^  set by +\[profile strict\] low\.action \(-o profile strict\.low\.action=quarantine\)$'
    says '^for +a@example\.org, d@example\.org$'
    says '^  set by +\[level low\] action \(default\)$'
    says '^  copy +2$'
    [ "$(grep -n '^body:cheap' "$dir/said" | cut -d: -f1)" -lt "$(grep -n '^body:thing' "$dir/said" | cut -d: -f1)" ] ||
        fail "the heavier one is not first"
}

rcpt=a@example.org,b@strict.example.org,c@net.example.org,d@example.org
deposit some 'Subject: x\n\ncheap things\n' 'connectedip: 192.0.2.1\n'
cp "$root/incoming/some.eml" "$root/incoming/some.hdr" "$dir"
run_once
q=$(only "$root/quarantine/spam/some" .json) || fail "it is not in quarantine"
id=${q##*/}
explain 0 some
table
explain 0 "${id: -25}"
table
explain 0 "$id" --verbose
says '^null_sender +miss +0'
spoolctl --json explain "$id" > "$dir/said"
for part in '"v":1,' '"class":"spam"' '"by":"recipients","fate":"quarantine"' '"rcpt":\["a@example.org","d@example.org"\]' \
    '"rcpt":\["b@strict.example.org"\]'; do
    says "$part"
done
[ "$(wc -l < "$dir/said")" = 1 ] || fail "not one line of JSON"

# The journal goes with its day, the entry stays.
mv "$root/state/journal" "$dir/journal"
mkdir "$root/state/journal"
explain 0 "$id"
says '^body:cheap +hit +12'
says '^for +a@example\.org, d@example\.org$'
rm -r "$root/state/journal"
mv "$dir/journal" "$root/state/journal"
explain 1 nosuch
grep -q 'no message is known by that name' "$dir/complaint" || fail "complaint: $(cat "$dir/complaint")"
explain 64

# Who may not read the journal is told so.
if [ "$(id -u)" = 0 ] && command -v setpriv > /dev/null; then
    chmod 755 "$root"
    rc=0
    setpriv --reuid=65534 --regid=65534 --clear-groups "$bin/spoolctl" -o "paths.root=$root" explain "$id" 2> "$dir/complaint" || rc=$?
    [ $rc = 75 ] && grep -q 'is for root and the user of spoold' "$dir/complaint" || fail "a stranger: $rc, $(cat "$dir/complaint")"
fi

# What is held says why.
start_spoold --hold-all
deposit kept 'Subject: x\n\ncheap things\n' 'connectedip: 192.0.2.1\n'
is_held() { spoolctl queue --held | grep -q hold-all; }
wait_until 10 "it is held" is_held
explain 0 kept
says '^now +held$'
says '^held because +spoold was started with --hold-all$'
says '^next try +20'
says '^decision +nothing is decided yet'
spoolctl show "$id" > "$dir/said"
says '^    quarantine for b@strict\.example\.org: weight 13\.5 is level low'
stop_spoold

# The same without the daemon, before it is dropped.
spoolctl check --hdr "$dir/some.hdr" "$dir/some.eml" > "$dir/said" || fail "check: $?"
says '^body:cheap +hit +12 +cheap +'
says '^for +b@strict\.example\.org$'
spoolctl check --json -f a@example.org --ip 192.0.2.1 -r b@strict.example.org -r c@net.example.org "$dir/some.eml" > "$dir/said"
says '"recipients":\[\{"rcpt":"b@strict.example.org","weight":13.5,"level":"low","action":"quarantine"\},'
says '\{"rcpt":"c@net.example.org","weight":13.5,"level":"low","action":"deliver","copy":1\}\],"level":"low","action":"quarantine"'
says '"edits":\[\{"op":"remove","name":"X-Spam-\*"\}'
says '\{"op":"add","name":"X-Spam-Score","value":"13.5"\}'
says '"config":"[0-9a-f]{32}"'
