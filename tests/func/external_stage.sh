#!/bin/bash
# With external_stage on each message stands in proc as BASE.eml and BASE.hdr; a program of the group takes it
# by renaming the .hdr, changes either file, gives back .eml first and .hdr last, and that is what is delivered.
. "$(dirname "$0")/lib.bash"
settings=(spool.external_stage=yes spool.external_window=700ms spool.rescan=200ms)
make_spool
start_spoold
[ "$(stat -c %a "$root/proc")" = 2770 ] || fail "proc has mode $(stat -c %a "$root/proc")"
deposit plain "$body"
deposit edited "$body"
wait_until 5 "it is offered" has 1 "$root/proc/edited~?????????????????????????.hdr"
b=$(only "$root/proc/edited" .hdr) || fail "not offered"
[ -e "$b.eml" ] || fail "offered without its content"
mv "$b.hdr" "$dir/taken" || fail "it cannot be taken"
wait_delivered plain
sleep 1
[ -e "$b.eml" ] && ! delivered edited || fail "it was not waited for"
printf 'Subject: [seen] test\n\nother words\n' > "$dir/new"
cp "$dir/new" "$dir/new2" && chmod 644 "$dir/new2" && mv "$dir/new2" "$b.eml"
sed -i 's/^$/spamcheck: 5\n/' "$dir/taken" && chmod 644 "$dir/taken"
mv "$dir/taken" "$b.hdr"
wait_delivered edited
expect_delivered edited "$dir/new"
grep -q '^spamcheck: 5' "$root"/outgoing/edited~*.hdr || fail "its line in the .hdr is lost: $(cat "$root"/outgoing/edited~*.hdr)"
expect_delivered plain <(text)
# What is still outside at a restart is waited for, too.
deposit away "$body"
wait_until 5 "it is offered" has 1 "$root/proc/away~?????????????????????????.hdr"
b=$(only "$root/proc/away" .hdr) || fail "not offered"
mv "$b.hdr" "$dir/taken"
kill_spoold
start_spoold
sleep 0.5
[ -e "$b.eml" ] || fail "its content was touched while the envelope is outside"
mv "$dir/taken" "$b.hdr"
wait_delivered away
stop_spoold
expect_empty "$root/proc" "$root/quarantine"
settings=()
run_once
[ "$(stat -c %a "$root/proc")" = 700 ] || fail "without the stage proc has mode $(stat -c %a "$root/proc")"
