#!/bin/bash
# The route of an MTA that writes the envelope first (status Writing, no .eml yet), finishes it, and last of all
# renames NAME.em_ to NAME.eml: nothing is taken before that.
. "$(dirname "$0")/lib.bash"
settings=(spool.rescan=100ms)
make_spool
in=$root/incoming
start_spoold
printf 'Writing\na@example.org\nb@example.net\n\n' > "$in/early.hdr"
text > "$in/early.em_"
chmod 644 "$in"/early.*
sleep 0.3
has 2 "$in/early.*" || fail "taken while its status is Writing"
sed 's/^Writing/Written/' "$in/early.hdr" > "$dir/hdr" && cat "$dir/hdr" > "$in/early.hdr"
sleep 0.3
has 2 "$in/early.*" || fail "taken without .eml"
mv "$in/early.em_" "$in/early.eml"
wait_delivered early
expect_delivered early <(text)
[ "$(sed -n 1,3p "$root"/outgoing/early~*.hdr)" = $'Written\na@example.org\nb@example.net' ] || fail "its envelope: $(cat "$root"/outgoing/early~*.hdr)"
# Status last, after both names stand there.
deposit late "$body"
wait_delivered late
text > "$in/last.eml"
printf 'Writing\na@example.org\nb@example.net\n\n' > "$in/last.hdr"
chmod 644 "$in"/last.*
sleep 0.3
has 2 "$in/last.*" || fail "taken while its status is Writing"
printf Written | dd of="$in/last.hdr" conv=notrunc 2> /dev/null
wait_delivered last
