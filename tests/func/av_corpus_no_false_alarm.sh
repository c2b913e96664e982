#!/bin/bash
# 3,064 real mails and 635 torture messages go through the scanner: no false alarm, the one EICAR among them is found, what
# is encrypted, wrapped or a part only is not called clean (all real mails are), and nothing is held.
. "$(dirname "$0")/lib.bash"
corpus=${SPOOLD_CORPUS:-$here/../../../shared/corpus}/mail/sa-public-dev.tar.xz
[ -r "$corpus" ] || skip "there is no corpus; name its folder in SPOOLD_CORPUS"
need tar xz
av=on
signatures=${corpus%/mail/*}/av/sigdb
make_spool
mkdir "$dir/mail"
tar -xJf "$corpus" -C "$dir/mail" --transform='s,.*/,,' --wildcards '*.eml' || fail "the corpus cannot be unpacked"
tar -xJf "${corpus%/mail/*}/mime/mime-dev.tar.xz" -C "$dir/mail" --transform='s,.*/,mime-,' --wildcards '*.eml' || fail "the torture messages cannot be unpacked"
start_spoold
cd "$dir/mail" || fail "no corpus"
for f in *.eml; do printf 'Written\na@example.org\nb@example.net\n\n' > "${f%.eml}.hdr"; done
chmod 644 ./*.eml && mv ./*.eml "$root/incoming/" && mv ./*.hdr "$root/incoming/"
wait_until 50 "all are done" eval '[ $(($(find "$root/outgoing" -name "*.hdr" | wc -l) + $(find "$root/quarantine" -name "*.hdr" | wc -l))) = 3699 ]'
[ "$(count "$root/quarantine/virus/*.hdr")" = 1 ] && has 1 "$root/quarantine/virus/mime-rspamd-messages-broken_richtext*.hdr" || fail "quarantine/virus: $(ls "$root/quarantine/virus")"
grep -hL '"why":"ambiguous"' "$root"/quarantine/policy/*.json > "$dir/other"
[ ! -s "$dir/other" ] || fail "quarantine/policy: $(cat "$dir/other")"
n=$(count "$root/quarantine/policy/*.hdr")
[ "$n" -le 5 ] || fail "$n in quarantine/policy: $(cat "$root"/quarantine/policy/*.json | head -n 9)"
expect_no_log 'event=held'
# What is encrypted by PGP or S/MIME, or wrapped into a signature, is not called clean; all of that is among the torture messages.
grep -La '^X-Spoold-Virus: clean' "$root"/outgoing/*.eml > "$dir/tagged"
[ "$(wc -l < "$dir/tagged")" -le 20 ] && ! grep -qv '/mime-' "$dir/tagged" || fail "not clean: $(grep -v /mime- "$dir/tagged" | head -n 3)"
[ "$(xargs grep -La '^X-Spoold-Virus: unexamined; \(encrypted\|no-unpacker\)' < "$dir/tagged" | wc -l)" = 0 ] || fail "tagged for another reason"
expect_empty "$root/incoming" "$root/proc"
expect_balanced
stop_spoold
