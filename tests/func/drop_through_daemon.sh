#!/bin/bash
# spooldrop to outlet: the content byte for byte, the envelope with sender, recipients and the client's data,
# the null sender, and forty at one time.
. "$(dirname "$0")/lib.bash"
make_spool
start_spoold
printf 'Subject: x\r\n\r\n.\r\n\0\377 no newline' > "$dir/message"
spooldrop -f a@example.org --ip 192.0.2.1 --helo mail.example.org --envid e1 -- b@example.net c@example.net < "$dir/message" || fail "exit code $?"
wait_until 5 "it is delivered" has 1 "$root/outgoing/*.hdr"
out=$(echo "$root"/outgoing/*.hdr)
cmp -s <(without_trace "${out%.hdr}.eml") "$dir/message" || fail "the message was changed"
[ "$(sed -n 1,5p "$out")" = $'Written\na@example.org\nb@example.net,c@example.net\nconnectedip: 192.0.2.1\nhelo: mail.example.org' ] || fail "envelope: $(cat "$out")"
rm "$root"/outgoing/*
text | spooldrop -f '' b@example.net || fail "null sender: exit code $?"
wait_until 5 "the one from the null sender is delivered" has 1 "$root/outgoing/*.hdr"
[ -z "$(sed -n 2p "$root"/outgoing/*.hdr | tr -d '<>')" ] || fail "the null sender became $(sed -n 2p "$root"/outgoing/*.hdr)"
rm "$root"/outgoing/*
for n in {1..40}; do
    printf 'Subject: %d\n\n' "$n" | spooldrop -f a@example.org "r$n@example.net" || echo "$n: $?" >> "$dir/refused" &
done
wait_until 20 "all forty are delivered" has 40 "$root/outgoing/*.hdr"
[ ! -e "$dir/refused" ] || fail "refused: $(cat "$dir/refused")"
for h in "$root"/outgoing/*.hdr; do
    [ "r$(sed -n 's/^Subject: //p' "${h%.hdr}.eml")@example.net" = "$(sed -n 3p "$h")" ] || fail "mixed: ${h##*/}"
done
stop_spoold
[ "$(event_ids delivered | wc -l)" = 42 ] || fail "journal: $(event_ids delivered | wc -l)"
