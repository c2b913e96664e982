#!/bin/bash
# A damaged ledger (bits flipped, cut off, emptied, file after file) never stops mail: spoold starts within five
# seconds, sends, and the books balance in the end.
. "$(dirname "$0")/lib.bash"
make_spool
for n in {1..30}; do deposit "d$n" "$body"; done
run_once
cp -a "$root/state/ledger" "$dir/ledger"
n=30
flip() { # FILE OFFSET
    local old
    old=$(od -An -tu1 -j "$2" -N 1 "$1")
    printf "\\x$(printf %x $((${old:-0} ^ 255)))" | dd of="$1" bs=1 seek="$2" conv=notrunc 2> /dev/null
}
tried=0
again() {
    local began=${EPOCHREALTIME/./}
    n=$((n + 1)) tried=$((tried + 1))
    : > "$log"
    deposit "d$n" "$body"
    start_spoold
    [ $(((${EPOCHREALTIME/./} - began) / 1000)) -le 5000 ] || fail "$1: the start took $(((${EPOCHREALTIME/./} - began) / 1000)) ms"
    wait_delivered "d$n"
    wait_until 5 "the books balance after: $1" spoolctl audit
    spoolctl --json audit | grep -q "\"accepted\":$n,\"delivered\":$n," || fail "$1: $(spoolctl --json audit)"
    stop_spoold
}
for f in "$dir"/ledger/*; do
    name=${f##*/}
    size=$(stat -c %s "$f")
    [ "$size" -gt 100 ] || continue
    file=$root/state/ledger/$name
    [ -e "$file" ] || continue
    flip "$file" 12 && again "$name: a flipped byte in its head"
    [ -e "$file" ] && flip "$file" $(($(stat -c %s "$file") / 2)) && again "$name: a flipped byte in its middle"
    [ -e "$file" ] && truncate -s $(($(stat -c %s "$file") / 2)) "$file" && again "$name: cut in half"
    [ -e "$file" ] && : > "$file" && again "$name: emptied"
done
head -c 8192 /dev/urandom > "$root/state/ledger/rows.db" && again "rows.db: noise"
[ $tried -ge 9 ] || fail "only $tried damages were tried"
