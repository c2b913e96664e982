#!/bin/bash
# Under --sandbox=trace a system call that is not in a role's table is named in the log. A third of the corpus's mails (all of them in
# make check-long), torture messages and antivirus samples name none; a worker of each role that makes one on purpose is noticed.
. "$(dirname "$0")/lib.bash"
need_fates
make_spool
av=on
start_spoold --sandbox=trace
wait_until 20 "the scanner serves" av_serves
deposit odd "$body" 'x-spoold-test: syscall\n'
wait_delivered odd
deposit odder "$body" 'x-spoold-test: av-syscall\n'
wait_delivered odder
grep -Eq 'event=worker_says role=av .*system call [a-z_0-9]+ .*is not in the table' "$log" || fail "the call of role av was not named: $(tail -n 3 "$log")"
grep -Eq 'event=worker_says role=rewrite .*system call [a-z_0-9]+ .*is not in the table' "$log" || fail "the call was not named: $(tail -n 3 "$log")"
stop_spoold
mv "$log" "$dir/log.control" && : > "$log"
corpus=${SPOOLD_CORPUS:-$here/../../../shared/corpus}
[ -r "$corpus/mail/sa-public-dev.tar.xz" ] || skip "there is no corpus; name its folder in SPOOLD_CORPUS"
need tar xz
mkdir "$dir/mail"
tar -xJf "$corpus/mail/sa-public-dev.tar.xz" -C "$dir/mail" --transform='s,.*/,,' --wildcards '*.eml'
[ -n "${SPOOLD_LONG:-}" ] || find "$dir/mail" -name '*.eml' | sort | awk 'NR % 3' | xargs rm
[ ! -r "$corpus/mime/mime-dev.tar.xz" ] || tar -xJf "$corpus/mime/mime-dev.tar.xz" -C "$dir/mail" --transform='s,.*/,mime-,' --wildcards '*.eml'
tar -xJf "$corpus/av/samples.tar.xz" -C "$dir/mail" --transform='s,.*/,av-,' --wildcards '*/*' && for f in "$dir"/mail/av-*; do mv "$f" "$f.eml"; done
signatures=$corpus/av/sigdb
n=$(find "$dir/mail" -name '*.eml' | wc -l)
start_spoold --sandbox=trace
find "$dir/mail" -name '*.eml' -exec chmod 644 {} + -exec cp -pt "$root/incoming" {} +
find "$dir/mail" -name '*.eml' -printf '%f\n' | sed 's/\.eml$//' | while read -r f; do
    printf 'Written\na@example.org\nb@example.net\n\n' > "$dir/h" && chmod 644 "$dir/h" && mv "$dir/h" "$root/incoming/$f.hdr"
done
wait_until 50 "all $n are delivered" eval '[ "$(find "$root/outgoing" "$root/quarantine" -name "*.hdr" | wc -l)" = $((n + 2)) ]'
expect_no_log 'is not in the table'
expect_no_log 'event=held'
[ "$(count "$root/quarantine/virus/*.hdr")" -ge 50 ] || fail "only $(count "$root/quarantine/virus/*.hdr") infected ones"
expect_balanced
stop_spoold
