#!/bin/bash
# Mail goes in by Postfix's SMTP, through spoold, and back into a Postfix of its own by SMTP, to a maildir: none lost,
# none twice, bodies identical, envelope facts carried; with the second server down it waits; a loop ends in quarantine.
# The configuration is that of docs/postfix.md. MESSAGES=N takes N mails of the corpus (80).
. "$(dirname "$0")/lib.bash"
. "$here/postfix.bash"
corpus=${SPOOLD_CORPUS:-$here/../../../shared/corpus}/mail/sa-public-dev.tar.xz
[ -e "$corpus" ] || skip "there is no corpus"
make_spool
start_spoold
start_postfix
python3 "$here/../interop/round_trip.py" send "$corpus" "127.0.0.1:$in" "${MESSAGES:-80}" > "$dir/sent" || fail "sending failed: $(tail -n 2 "$dir/sent")"
wait_until $((20 + ${MESSAGES:-80} / 5)) "all are in the maildir; there are $(arrived); $(tail -n 2 "$dir/maillog")" has_arrived "${MESSAGES:-80}"
sleep 0.5
python3 "$here/../interop/round_trip.py" compare "$corpus" "$dir/mail/box/new" "${MESSAGES:-80}" || fail "the mails differ"
grep -h '"event":"accepted"' "$root"/state/journal/*.jsonl | grep -q '"client":"127.0.0.1"' || fail "the client's address was not carried"
wait_until 5 "the outlet is empty" eval '[ -z "$(files_in "$root/outgoing")" ]'
# A loop set up on purpose: the second smtpd hands everything to spoold again.
reconfigure '/-o content_filter=$/d'
sleep 0.3
python3 "$here/../interop/round_trip.py" send "$corpus" "127.0.0.1:$in" 1 > "$dir/sent" || fail "the mail that is to loop was not taken"
wait_until 15 "the loop ends in quarantine" has 1 "$root/quarantine/policy/*.hdr"
grep -q 'a mail loop' "$root"/quarantine/policy/*.json || fail "another reason: $(cat "$root"/quarantine/policy/*.json)"
expect_balanced
stop_spoold
