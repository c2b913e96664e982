#!/bin/bash
# replay makes a decision again under the settings of then, whatever they are now; with --full the checks, too, by the facts of the record
# and the bytes of the message, where spoold has them or a copy is given; what it cannot tell it says.
. "$(dirname "$0")/lib.bash"
. "$(dirname "$0")/dns.bash"
antispam=on
dns_zone example.org <<END
@ TXT "v=spf1 ip4:192.0.2.1 -all"
END
dns_zone 2.0.192.in-addr.arpa <<END
9 PTR mail.example.org.
END
dns_start
mkdir "$dir/lists"
echo 'cheap 12 contains cheap' > "$dir/lists/body"
echo 'strict.example.org strict' > "$dir/lists/domains"
settings+=("paths.lists=$dir/lists" lists.body_rules=@lists/body lists.domains=@lists/domains 'profile strict.low.action=quarantine' 'profile strict.medium.action=quarantine')
make_spool
replay() {
    local rc=0 wanted=$1
    shift
    spoolctl replay "$@" > "$dir/said" 2> "$dir/complaint" || rc=$?
    [ $rc = "$wanted" ] || fail "replay $*: exit code $rc: $(cat "$dir/said" "$dir/complaint")"
}
says() { grep -Eq -- "$1" "$dir/said" "$dir/complaint" || fail "replay does not say '$1': $(cat "$dir/said" "$dir/complaint")"; }

rcpt=a@strict.example.org
deposit kept 'From: ann@example.org\nSubject: x\n\ncheap things\n' 'connectedip: 192.0.2.1\nhelo: mail.example.org\n'
rcpt=a@example.org
deposit gone 'From: ann@example.org\nSubject: y\n\nother things\n' 'connectedip: 192.0.2.9\n'
cp "$root/incoming/gone.eml" "$dir/gone.eml"
run_once
replay 0 kept
says ': the same$'
says 'quarantine/spam by recipients, weight'
replay 0 gone
says 'send by recipients'
grep -q '"name":"spf","result":"pass"' "$root"/state/journal/*.jsonl || fail "no fact was got"
replay 0 kept --full
says ': the same$'
replay 1 gone --full
says 'does not have the message any more; name a FILE'
replay 0 gone --full "$dir/gone.eml"
echo x >> "$dir/gone.eml"
replay 1 gone --full "$dir/gone.eml"
says 'not the bytes that were judged then'
# Other facts in the record: other results.
q=$(only "$root/quarantine/spam/kept" .json) || fail "it is not in quarantine"
day=$(find "$root/state/journal" -name '*.jsonl')
change_record "$day" '"name":"kept"' 'v=spf1 ip4:192.0.2.1 -all' 'v=spf1 ip4:192.0.2.7 -all'
replay 0 kept
replay 1 kept --full
says '^ +spf: pass -> fail$'
# The settings of now do not matter: those of then are kept.
settings+=(level\ low.threshold=1 'level low.action=discard' body.enable=no)
replay 0 kept
replay 0 --all
says '^2 decisions: 2 the same, 0 different, 0 cannot be told$'
spoolctl --json replay gone | grep -q '"same":true,"config":"[0-9a-f]\{32\}"' || fail "JSON: $(spoolctl --json replay gone)"
rm "$root"/state/config/*.ini
replay 1 kept
says 'the settings of then are not kept'
replay 1 --all
says '^ +2  cannot be told: the settings of then are not kept'
replay 1 nobody
replay 64
says 'one message, or --all'
replay 64 --all --full
