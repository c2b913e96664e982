#!/bin/bash
# Each class of mistake in the settings: exit code 100, file and line, what is wrong and what is accepted.
# Nothing is started or made.
. "$(dirname "$0")/lib.bash"
ini=$dir/spoold.ini
check() { # WANTED-PATTERN LINE CONTENT
    local rc=0 said
    printf '%b' "$3" > "$ini"
    said=$("$bin/spoold" -c "$ini" --check-config 2>&1) || rc=$?
    [ $rc = 100 ] || fail "$3: exit code $rc: $said"
    grep -qiE "^$ini:$2: .*$1" <<< "$said" || fail "$3: wanted line $2 and \"$1\", said: $said"
}
check "accepted: .*\[spool\]" 1 '[spol]\nreserve = 1M\n'
check "accepted: .*reserve_inodes" 2 '[spool]\nreserv = 1M\n'
check "twice|again|already" 3 '[spool]\nreserve = 1M\nreserve = 2M\n'
check "from 1 to 9" 2 '[spool]\nmax_attempts = 12\n'
check "from 1 to 9" 2 '[spool]\nmax_attempts = 3abc\n'
check "with k, M or G" 2 '[spool]\nreserve = much\n'
check "unit .ms, s, m, h, d" 2 '[spool]\nrescan = 30\n'
check "yes or no" 2 '[spool]\nstore_inline = maybe\n'
check "full, hash, none" 2 '[journal]\nlog_addresses = some\n'
check "rename, lease or quiet:TIME" 2 '[intake main]\nready = soon\n'
check "accepted: pair|one of pair" 2 '[intake main]\ncodec = mbox\n'
check "[;#]" 2 '[site]\nhostname = mail.example.org ; ours\n'
check "[;#]" 2 '[spool]\nrescan = 5s # often\n'
check "=" 2 '[spool]\nreserve 1M\n'
check "section" 1 'reserve = 1M\n'
# Mistakes in one run are all named.
printf '[spool]\nreserv = 1M\nrescan = x\n' > "$ini"
[ "$("$bin/spoold" -c "$ini" --check-config 2>&1 | grep -c "^$ini:[23]: ")" = 2 ] || fail "two mistakes: $("$bin/spoold" -c "$ini" --check-config 2>&1)"
said=$("$bin/spoold" -o spool.nothing=1 --check-config 2>&1) && fail "-o with an unknown key is accepted"
[[ $said == *"spool.nothing"* ]] || fail "-o: said: $said"
said=$("$bin/spoold" -c "$dir/absent.ini" --check-config 2>&1) && fail "a missing file is accepted"
[[ $said == *"absent.ini"*"No such file"* ]] || fail "missing file: said: $said"
printf '[paths]\nroot = %s\n[spool]\nrescan = x\n' "$root" > "$ini"
"$bin/spoold" -c "$ini" --once 2> /dev/null && fail "it was started"
[ ! -e "$root" ] || fail "folders were made in spite of the mistake"
printf '[spool]\nrescan = 5s\n[intake main]\nready = quiet:2s\n' > "$ini"
"$bin/spoold" -c "$ini" --check-config > /dev/null || fail "sound settings are refused"
