#!/bin/bash
# spooldrop writes exactly NAME.eml with the bytes it was given and NAME.hdr with
# the envelope, both 0640 under any umask, and exits 0.
set -u
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
fail() { echo "$*" >&2; exit 1; }

mkdir "$dir/incoming"
printf 'Subject: x\r\n\r\n.\n\0\377 no newline' > "$dir/message"
umask 077
"$BUILD/spooldrop" -o paths.root="$dir" -f a@example.org --ip 192.0.2.1 --helo mail.example.org --auth joe \
    --body 8BITMIME --smtputf8 --envid e1 --notify failure,delay --ret hdrs --protocol ESMTP \
    -- b@example.net c@example.net < "$dir/message" || fail "exit code $?"

cd "$dir/incoming" || exit 1
files=(*)
[ ${#files[@]} = 2 ] || fail "files: ${files[*]}"
name=${files[0]%.eml}
[ "${files[0]}" = "$name.eml" ] && [ "${files[1]}" = "$name.hdr" ] || fail "files: ${files[*]}"
[[ $name =~ ^[0-9A-Za-z._-]+$ ]] || fail "name $name"
cmp "$name.eml" ../message || fail "the message was altered"
[ "$(stat -c %a "$name.eml" "$name.hdr" | sort -u)" = 640 ] || fail "modes"
sed 's/^\(received-at: \)[0-9]*-[0-9]*-[0-9]*T[0-9]*:[0-9]*:[0-9]*Z$/\1TIME/' "$name.hdr" > ../got
cat > ../wanted <<'END'
Written
a@example.org
b@example.net,c@example.net
connectedip: 192.0.2.1
helo: mail.example.org
auth: joe
body: 8bitmime
smtputf8: yes
envid: e1
ret: hdrs
notify: FAILURE,DELAY
protocol: ESMTP
received-at: TIME

END
diff -u ../wanted ../got >&2 || fail "the envelope differs"
