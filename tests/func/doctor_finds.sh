#!/bin/bash
# spoolctl doctor: each thing that is wrong is one line with its cure, with and without a running spoold; exit 1
# when something is bad.
. "$(dirname "$0")/lib.bash"
settings=(spool.deposit_alarm=1s spool.unsafe_filesystem=yes)
doctor() { # WANTED-EXIT-CODE -> $dir/said
    local want=$1 rc=0
    shift
    spoolctl doctor "$@" > "$dir/said" 2> "$dir/errors" || rc=$?
    [ $rc = "$want" ] || fail "doctor: exit code $rc instead of $want: $(cat "$dir/said" "$dir/errors")"
    [ -s "$dir/errors" ] && fail "doctor complains elsewhere: $(cat "$dir/errors")"
    grep -vE '^\[ok\] |^\[(warn|bad)\] .+ - .+$|^\{"v":1,"level":"(ok|warn|bad)","check":"[a-z]+","text":".+","cure":".*"\}$' "$dir/said" && fail "that is no finding"
    return 0
}
finds() { grep -qE -- "$1" "$dir/said" || fail "doctor does not find \"$1\": $(cat "$dir/said")"; }
doctor 1
finds '^\[bad\] paths.root .* cannot be opened'
make_spool
doctor 0
finds '^\[warn\] spoold is not running'
finds '^\[ok\] the clock says 20'
start_spoold
doctor 0
finds '^\[ok\] spoold .* runs'
finds 'nothing was left lying in intake folder incoming'
printf x > "$root/incoming/half.em_"
printf x > "$root/incoming/alone.hdr"
printf x > "$root/incoming/strange"$'\n'"name"
touch -d '1 hour ago' "$root"/incoming/*
doctor 0
finds '1 unfinished deposits .* half.em_ - '
finds '1 .hdr without .eml .* alone.hdr - '
finds '1 files that are no part of a pair.*strange\\x0aname - '
mkdir "$root/state/ledger/bad-20260102T030405" && printf x > "$root/quarantine/virus/x.tmp" && touch -d '1 hour ago' "$root/quarantine/virus/x.tmp"
chmod 755 "$root/proc"
printf '' > "$root/state/journal/2999-01-02.jsonl"
doctor 1
finds '^\[bad\] folder proc is open to every user'
finds '^\[bad\] the journal has lines of 2999-01-02'
finds '1 damaged ledgers were moved aside'
finds '1 unfinished files \(.tmp\) lie in quarantine'
doctor 1 --json
finds '"level":"bad","check":"clock"'
rm "$root/state/journal/2999-01-02.jsonl"
chmod 700 "$root/proc"
settings+=(spool.reserve=1024G spool.reserve_inodes=1000000000)
doctor 1
finds '^\[bad\] THE DISK IS FULL'
settings=(spool.max_held=nonsense)
doctor 1
finds '^\[bad\] .*max_held.*nonsense'
settings=()
stop_spoold
