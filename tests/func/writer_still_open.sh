#!/bin/bash
# A depositor that still has the .eml open for writing after both names stand there (no rename at the end) is
# waited for where spoold can know it (a lease): the message is taken when it is closed, and then whole.
. "$(dirname "$0")/lib.bash"
settings=(spool.rescan=200ms "intake main.ready=lease")
make_spool
chown --reference="$root/incoming" "$dir" 2> /dev/null # a lease is given to the owner of a file only
in=$root/incoming
mine() { chown --reference="$in" "$in/slow.$1" 2> /dev/null; chmod 644 "$in/slow.$1"; }
start_spoold
exec 5> "$in/slow.eml"
mine eml
printf 'Subject: x\n\n' >&5
printf 'Written\na@example.org\nb@example.net\n\n' > "$in/slow.hdr"
mine hdr
deposit quick "$body"
for f in eml hdr; do chown --reference="$in" "$in/quick.$f" 2> /dev/null; done
wait_delivered quick
for i in {1..10}; do
    echo "line $i" >&5
    sleep 0.05
    [ -e "$in/slow.hdr" ] || fail "it was taken while it is being written"
done
exec 5>&-
{ printf 'Subject: x\n\n'; printf 'line %d\n' {1..10}; } > "$dir/whole"
wait_delivered slow
expect_delivered slow "$dir/whole"
