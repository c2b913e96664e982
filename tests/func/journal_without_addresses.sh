#!/bin/bash
# With journal.log_addresses = none or hash no address reaches the journal: neither of sender and recipients, nor the login, nor what
# a check or a rule quotes from the mail; the decision can be made again all the same.
. "$(dirname "$0")/lib.bash"
antispam=on
mkdir "$dir/lists"
printf 'quoted 1 regex From: .*\n' > "$dir/lists/header"
printf 'text 1 regex write to.*\n' > "$dir/lists/body"
printf 'ann.author@example.org\n' > "$dir/lists/blocked"
settings+=("paths.lists=$dir/lists" lists.header_rules=@lists/header lists.body_rules=@lists/body dns.enable=no antispam.skip_authenticated=no)
settings+=(lists.blocked_senders=@lists/blocked filter.blocked_action=tag)
make_spool
lines() { cat "$root"/state/journal/*.jsonl; }

for how in full hash none; do
    settings+=("journal.log_addresses=$how")
    rm -f "$root"/state/journal/*
    rcpt=rita.reader@example.net
    deposit "$how" 'From: "Ann Author" <ann.author@example.org>\nSubject: hi\n\nwrite to ann.author@example.org or \xc3\xa4nn@example.org\n' \
        'auth: login.name@example.org\nconnectedip: 192.0.2.1\nhelo: ann.author@example.org\n'
    sed -i 's/^a@example.org$/ann.author@example.org/' "$root/incoming/$how.hdr"
    cp "$root/incoming/$how.eml" "$dir/bytes.eml"
    run_once
    delivered "$how" || fail "$how: it is not delivered"
    if [ $how = full ]; then
        lines | grep -q 'login.name@example.org' || fail "the login is not recorded: $(lines)"
        lines | grep -q '"detail":"[^"]*ann.author@example.org' || fail "nothing quotes the address: $(lines)"
    else
        ! lines | grep -aE 'ann\.author|login\.name|rita\.reader|nn@example' || fail "$how: an address is in the journal"
        lines | grep -aq '"name":"header:quoted","result":"hit"' || fail "$how: no result: $(lines)"
        said 0 explain "$how"
        holds 'see journal.log_addresses' 'header:quoted'
        said 1 replay "$how" --full "$dir/bytes.eml"
        holds 'the journal keeps no addresses'
    fi
    said 0 replay "$how"
    holds 'the same'
    lines | grep -q '"direction":"outgoing"' || fail "$how: who has logged in is outgoing: $(lines)"
done
