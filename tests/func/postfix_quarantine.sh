#!/bin/bash
# EICAR by Postfix's SMTP ends in quarantine/virus; released, it arrives in the maildir byte for byte, with its envelope.
# With the second server gone mail waits in the outlet and is delivered when it is back; with spoold gone it waits in
# Postfix's queue.
. "$(dirname "$0")/lib.bash"
. "$here/postfix.bash"
av=on
make_spool
start_spoold
start_postfix
wait_until 20 "the scanner serves" av_serves
cat > "$dir/send.py" << 'PY'
import smtplib, sys
with smtplib.SMTP("127.0.0.1", int(sys.argv[1]), local_hostname="client.example.org", timeout=30) as s:
    s.sendmail(sys.argv[2], sys.argv[3:], sys.stdin.buffer.read().replace(b"\n", b"\r\n"))
PY
send() { python3 "$dir/send.py" "$in" "$@" || fail "Postfix did not take it"; }
{ printf 'Subject: bad\n\n'; eicar; printf '\n'; } > "$dir/bad"
send a@example.com ann@example.org bob@example.net < "$dir/bad"
wait_until 15 "it is in quarantine" has 1 "$root/quarantine/virus/*.hdr"
id=$(basename "$root"/quarantine/virus/*.hdr .hdr)
[ "$(arrived)" = 0 ] || fail "the virus arrived"
spoolctl quarantine release "$id" > "$dir/out" || fail "release: $(cat "$dir/out")"
wait_until 6 "both have it; there are $(arrived); $(tail -n 3 "$dir/maillog")" has_arrived 2
cat "$dir"/mail/box/new/* > "$dir/got"
grep -q '^X-Original-To: ann@example.org' "$dir/got" && grep -q '^X-Original-To: bob@example.net' "$dir/got" || fail "recipients: $(grep -i '^x-orig' "$dir/got")"
[ "$(grep -c '^Return-Path: <a@example.com>' "$dir/got")" = 2 ] || fail "sender: $(grep -i '^return' "$dir/got")"
for f in "$dir"/mail/box/new/*; do
    tail -n 3 "$f" | cmp -s - "$dir/bad" || fail "other bytes: $(cat "$f")"
done
! grep -q X-Spoold "$dir/got" || fail "the released message is not the original"
rc=0
spoolctl quarantine release "$id" > "$dir/out" 2>&1 || rc=$?
[ $rc = 1 ] && grep -q "already released" "$dir/out" || fail "a second release: $rc, $(cat "$dir/out")"
[ "$(grep -c . <<< "$(events released "$id")")" = 1 ] || fail "journal"

reconfigure "s/^127.0.0.1:$back/127.0.0.1:$((in - 1))/" # nobody listens there any more
wait_until 10 "the second smtpd is gone" eval '! (exec 3<> /dev/tcp/127.0.0.1/$back) 2> /dev/null'
printf 'Subject: later\n\nlater\n' | send a@example.com ann@example.org
wait_until 15 "it waits in the outlet" has 1 "$root/outgoing/*.hdr"
wait_until 5 "status says why" eval 'spoolctl status | grep -q "cannot be reached"'
expect_balanced
reconfigure "s/^127.0.0.1:$((in - 1))/127.0.0.1:$back/"
wait_until 15 "it is delivered" has_arrived 3
stop_spoold
printf 'Subject: much later\n\nlater\n' | send a@example.com ann@example.org
sleep 0.5
[ "$(arrived)" = 3 ] || fail "it arrived without spoold"
start_spoold
wait_until 20 "Postfix tries again" has_arrived 4
wait_until 5 "the outlet is empty" eval '[ -z "$(files_in "$root/outgoing")" ]'
expect_balanced
stop_spoold
