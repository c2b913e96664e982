#!/bin/bash
# Links, pipes, devices, folders and a sparse file of 1 TB planted in the intake are left alone (or parked
# unread) and named in the log, nothing behind them is touched, and sound messages pass by them.
. "$(dirname "$0")/lib.bash"
settings=(spool.rescan=200ms)
make_spool
in=$root/incoming
# plant NAME: the other half is a sound one
plant() {
    deposit "$1" "$body"
    rm "$in/$1.$2"
}
echo secret > "$dir/secret"
for half in eml hdr; do
    plant symlink_$half $half && ln -s "$dir/secret" "$in/symlink_$half.$half"
    plant dangling_$half $half && ln -s "$dir/nowhere" "$in/dangling_$half.$half"
    plant fifo_$half $half && mkfifo "$in/fifo_$half.$half"
    plant folder_$half $half && mkdir "$in/folder_$half.$half"
    plant hardlink_$half $half && printf 'Written\n\nb@example.net\n\n' > "$dir/target_$half" &&
        ln "$dir/target_$half" "$in/hardlink_$half.$half"
    [ "$(id -u)" = 0 ] && plant device_$half $half && { mknod "$in/device_$half.$half" c 1 5 || skip "mknod is not allowed"; }
done
planted=$(ls "$in" | sed -n 's/^\(symlink\|dangling\|fifo\|folder\|hardlink\|device\)_\(eml\|hdr\)\.\2$/\1_\2/p')
[ "$(wc -l <<< "$planted")" -ge 10 ] || fail "not planted: $planted"
deposit sparse "$body"
truncate -s 1T "$in/sparse.eml" 2> /dev/null || rm "$in"/sparse.*
deposit sound "$body"
listing() { (cd "$in" && stat -c '%n %F %i %s' *_eml.* *_hdr.*); }
before=$(listing)
start_spoold
wait_delivered sound
[ ! -e "$in/sparse.eml" ] || wait_until 5 "the sparse file is parked" has 1 "$root/quarantine/failed/sparse~*.hdr"
for name in $planted; do
    wait_until 10 "the log names $name" grep -q "event=deposit_problem folder=incoming name=\"$name\" .*\(is a\|hard links\)" "$log"
    [ "$(grep -c "name=\"$name\"" "$log")" = 1 ] || fail "$name is reported again and again"
done
deposit sound2 "$body"
wait_delivered sound2
stop_spoold
[ "$(listing)" = "$before" ] || fail "the planted files were touched: $(diff <(echo "$before") <(listing))"
[ "$(cat "$dir/secret")" = secret ] || fail "the file behind a link was changed"
has 2 "$root/outgoing/*.hdr" || fail "also sent: $(ls "$root/outgoing")"
expect_empty "$root/proc"
