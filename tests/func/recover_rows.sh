#!/bin/bash
# Every state that a crash can leave in proc is taken up as protocol.md section 4 says, one or more fixtures per
# row; each is built by hand from a claimed message, and a second start changes nothing more.
. "$(dirname "$0")/lib.bash"
text > "$dir/body"
row="" case_no=0 failed=0

# A fresh spool with message m in proc: $b.eml and $b.hdr.h0; $in, $q and $o are the other folders.
claimed() {
    rm -rf "$root"
    settings=()
    make_spool
    deposit m "$body" "connectedip: 192.0.2.1\n"
    run_once --hold-all
    : > "$log"
    b=$(only "$root/proc/m" .eml) && [ -e "$b.hdr.h0" ] || fail "no held message: $(ls "$root/proc")"
    id=${b##*/} in=$root/incoming q=$root/quarantine o=$root/outgoing h=$b.hdr.h0
}
outs() { # outs K...: the finished copies that an attempt left
    local k
    for k; do
        { printf 'X-Spoold-Id: %s\nReceived: by h with spoold id %s;\n\tdate %s\n' "$id" "$id" "$k"; text; } > "$b.$k.eml.out"
        cp "$h" "$b.$k.hdr.out"
    done
}
json() { echo '{"v":1,"recipients":["b@example.net"]}' > "$b.json.out"; }
snapshot() { find "$root" -path "$root/state" -prune -o -type f ! -name .running ! -name .stopped -printf '%P %s\n' | sort; }

sent() { # proc is empty and the message published, exactly once
    expect_delivered m "$dir/body"
    expect_empty "$root/proc" "$in" "$q"
    [ "$(event_ids accepted)" = "$id" ] && [ "$(event_ids delivered)" = "$id" ] || wrong "journal: $(cat "$root"/state/journal/*)"
}
wrong() { fail "$row: $*; now there is: $(snapshot)"; }
there() { local f; for f; do [ -e "$f" ] || wrong "missing: ${f#"$root/"}"; done; }
gone() { local f; for f; do [ ! -e "$f" ] || wrong "still there: ${f#"$root/"}"; done; }
parked() { # SUFFIX: that half is in quarantine/failed with a reason
    there "$q/failed/$id$1" "$q/failed/$id.json"
    grep -q '"reason":"[a-z]' "$q/failed/$id.json" || wrong "record: $(cat "$q/failed/$id.json")"
    expect_log "id=$id event=parked"
    gone "$b.eml" "$b"*.hdr* "$o/$id.hdr"
}
alarmed() { expect_log 'event=alarm alarm=strange_state'; }
untouched() { [ "$(snapshot)" = "$before" ] || wrong "changed, before there was: $before"; }

play() {
    claimed
    eval "$1" || fail "$row: could not be built"
    before=$(snapshot)
    run_once
    eval "$2" || wrong "not as expected"
    before=$(snapshot)
    run_once
    untouched
}
# fixture "row N: what stands there" 'commands that build it' 'commands that check'
fixture() {
    row=$1 case_no=$((case_no + 1))
    (play "$2" "$3") || { echo "in $row" >&2; failed=$((failed + 1)); }
}

fixture "row 1: content in proc, its envelope still in the intake" 'mv $h $in/m.hdr' sent
fixture "row 2: content alone, envelope withdrawn" 'rm $h' 'parked .eml; cmp $q/failed/$id.eml $dir/body'
fixture "row 2: content alone, another envelope of that name in the intake" \
    'rm $h; printf "Written\n\nother@example.net\n\n" > $in/m.hdr' 'parked .eml; there $in/m.hdr'
fixture "row 3: an outside program holds the envelope elsewhere" 'mv $h $dir/taken; settings=(spool.external_stage=yes)' untouched
fixture "row 4: envelope .c in proc, content still in the intake" 'mv $h $b.hdr.c; mv $b.eml $in/m.eml' sent
fixture "row 4: envelope .w1 in proc, content still in the intake" 'mv $h $b.hdr.w1; mv $b.eml $in/m.eml' sent
for s in c w1 h0; do
    fixture "row 5: envelope .$s alone" 'mv $h $b.hdr.t; mv $b.hdr.t $b.hdr.$s; rm $b.eml' 'parked .hdr'
done
fixture "row 6: the content is another deposit's" \
    'mv $h $b.hdr.c; rm $b.eml; echo other > $dir/other; cp $dir/other $b.eml; printf "Written\n\nother@example.net\n\n" > $in/m.hdr' \
    'there $q/failed/$id.hdr; expect_delivered m $dir/other; [ "$(sed -n 3p $o/m~*.hdr)" = other@example.net ]; gone $o/$id.eml'
fixture "row 6: the envelope is another deposit's" \
    'rm $h; printf "Written\n\nother@example.net\n\n" > $b.hdr.c' \
    'there $q/failed/$id.eml; cmp $in/m.hdr <(printf "Written\n\nother@example.net\n\n"); gone $b.eml $b.hdr.c'
fixture "row 7: claimed, nothing done" 'mv $h $b.hdr.c' sent
fixture "row 7: claimed, rubbish outputs" 'outs 1 2; echo x > $b.1.eml.out; mv $h $b.hdr.c' sent
fixture "row 8: offered, stage on" 'mv $h $b.hdr; settings=(spool.external_stage=yes spool.external_window=10ms)' sent
fixture "row 8: offered, stage off by now" 'mv $h $b.hdr; settings=(spool.external_window=10ms)' sent
fixture "row 9: an outside program's own suffix" 'mv $h $b.hdr.busy; settings=(spool.external_stage=yes)' untouched
fixture "row 9: offered without content" 'mv $h $b.hdr; mv $b.eml $dir/taken; settings=(spool.external_stage=yes)' untouched
fixture "row 10: attempt 1 was interrupted, outputs half written" 'outs 1; echo x > $b.1.eml.out; mv $h $b.hdr.w1' sent
fixture "row 10: attempt 2 was interrupted" 'mv $h $b.hdr.w2' 'sent; expect_log "id=$id event=delivered"'
fixture "row 10: the last attempt was interrupted" 'outs 1; mv $h $b.hdr.w3' \
    'there $q/poison/$id.eml $q/poison/$id.hdr $q/poison/$id.json; gone $o/$id.hdr; expect_empty $root/proc; cmp $q/poison/$id.eml $dir/body'
fixture "row 11: held, rubbish outputs" 'outs 1; echo x > $b.1.eml.out; rm -r $root/state/ledger' sent
fixture "row 12: send, nothing published" 'outs 1; mv $h $b.hdr.send' sent
fixture "row 12: send, content published" 'outs 1; mv $h $b.hdr.send; mv $b.1.eml.out $o/$id.eml' sent
fixture "row 12: send, all published" 'outs 1; mv $h $b.hdr.send; mv $b.1.eml.out $o/$id.eml; mv $b.1.hdr.out $o/$id.hdr' sent
fixture "row 12: send, content unlinked" 'outs 1; mv $h $b.hdr.send; mv $b.1.eml.out $o/$id.eml; mv $b.1.hdr.out $o/$id.hdr; rm $b.eml' sent
fixture "row 12: send, taken by the consumer already" 'mv $h $b.hdr.send; rm $b.eml' 'expect_empty $root/proc $o $q; [ "$(event_ids delivered)" = $id ]'
fixture "row 12: send, second of two copies left" 'outs 1 2; mv $h $b.hdr.send; mv $b.1.eml.out $o/$id.eml; mv $b.1.hdr.out $o/$id.hdr' \
    'there $o/$id.eml $o/$id.hdr $o/$id.2.eml $o/$id.2.hdr; expect_empty $root/proc'
for s in keep pass; do
    fixture "row 13, 14: a suffix that this version does not make" 'mv $h $b.hdr.$s' 'untouched; alarmed'
done
quarantined='there $q/virus/$id.eml $q/virus/$id.hdr $q/virus/$id.json; cmp $q/virus/$id.eml $dir/body; expect_empty $root/proc; [ "$(event_ids quarantined)" = $id ]'
fixture "row 15: quarantine, nothing moved" 'json; mv $h $b.hdr.q-virus' "$quarantined; gone \$o/\$id.hdr"
fixture "row 15: quarantine, content moved" 'json; mv $h $b.hdr.q-virus; mv $b.eml $q/virus' "$quarantined"
fixture "row 15: quarantine, content and record moved" 'json; mv $h $b.hdr.q-virus; mv $b.eml $q/virus; mv $b.json.out $q/virus/$id.json' "$quarantined"
fixture "row 15: quarantine, a copy still to be published" 'json; outs 1; mv $h $b.hdr.q-virus' "$quarantined; there \$o/\$id.eml \$o/\$id.hdr"
fixture "row 16: discard, nothing done" 'mv $h $b.hdr.drop' 'expect_empty $root/proc $o $q; [ "$(event_ids discarded)" = $id ]'
fixture "row 16: discard, content unlinked" 'mv $h $b.hdr.drop; rm $b.eml' 'expect_empty $root/proc $o $q'
fixture "row 16: discard, a copy still to be published" 'outs 1; mv $h $b.hdr.drop' 'there $o/$id.eml $o/$id.hdr; expect_empty $root/proc; [ "$(event_ids discarded)" = $id ]'
entry='outs r; mv $h $q/virus/$id.hdr; mv $b.eml $q/virus; echo {} > $q/virus/$id.json'
fixture "row 17: a release that was not committed" "$entry" 'expect_empty $root/proc $o; there $q/virus/$id.hdr $q/virus/$id.eml'
fixture "row 18: a committed release" "$entry; mv \$q/virus/\$id.hdr \$q/virus/\$id.hdr.rel" \
    'there $o/$id.r.eml $o/$id.r.hdr; expect_empty $root/proc; cmp <(without_trace $o/$id.r.eml) $dir/body'
fixture "row 18: a committed release, content published" "$entry; mv \$q/virus/\$id.hdr \$q/virus/\$id.hdr.rel; mv \$b.r.eml.out \$o/\$id.r.eml" \
    'there $o/$id.r.eml $o/$id.r.hdr; expect_empty $root/proc'
fixture "row 19: outputs of an attempt that never was" 'outs 1; json; rm $h $b.eml' \
    'there $q/failed/stray/$id.1.eml.out $q/failed/stray/$id.1.hdr.out $q/failed/stray/$id.json.out; expect_empty $root/proc $o; expect_log "id=$id event=stray"'
fixture "row 20: two envelopes of one message" 'cp $h $b.hdr.c' 'untouched; alarmed'
fixture "row 20: decided twice" 'outs 1; cp $h $b.hdr.drop; mv $h $b.hdr.send' 'untouched; alarmed'
fixture "not listed: a file of proc that is none of ours" 'mv $h $b.hdr.c; echo x > $root/proc/notes.txt; echo x > $root/proc/$id.bak' \
    'expect_delivered m $dir/body; there $root/proc/notes.txt $root/proc/$id.bak; expect_log notes.txt'
[ $case_no = 43 ] || fail "$case_no fixtures were run"
[ $failed = 0 ]
