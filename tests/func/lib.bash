# lib.bash - what the functional tests share: a scratch spool, spoold as a child, deposits, expectations.
# Sourced by tests/func/*.sh; run.sh sets BUILD and TESTBUILD. Every wait has a deadline and ends
# as soon as the condition holds. Nothing is written outside $dir; daemons and mounts end with the test.
# shellcheck shell=bash disable=SC2034 # variables are for the tests that source this
set -u
export LC_ALL=C
unset NOTIFY_SOCKET WATCHDOG_USEC JOURNAL_STREAM
BUILD=${BUILD:?set BUILD to the directory of the binaries}
TESTBUILD=${TESTBUILD:-$BUILD/test}
[ -x "$BUILD/spoold" ] || { echo "there is no $BUILD/spoold: make build" >&2; exit 1; }
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=$BUILD      # a test of a fate sets bin=$TESTBUILD
settings=()     # more settings, section.key=value
prefix=()       # put before spoold: strace, setpriv
execute=""      # "exec" where the process is to be spoold itself
antispam=""     # "on" where messages are judged
av=""           # "on" where viruses are looked for, with the signatures in $signatures (none: test signatures)
mounts=()
daemons=()
pid=""
dir=$(mktemp -d) && chmod 755 "$dir" || exit 1
root=$dir/spool
log=$dir/log
signatures=$dir/signatures

clean_up() {
    local m p
    for p in "${daemons[@]}"; do
        kill -9 "$p" 2> /dev/null && wait "$p" 2> /dev/null
    done
    for m in "${mounts[@]}"; do umount "$m" 2> /dev/null || umount -l "$m" 2> /dev/null; done
    rm -rf "$dir"
}
trap clean_up EXIT
trap 'exit 1' HUP INT TERM

fail() {
    echo "$*" >&2
    [ -s "$log" ] && { echo "last lines of spoold's log:"; tail -n 8 "$log"; } >&2
    exit 1
}
skip() { echo "$*" >&2; exit 77; }
need_root() { [ "$(id -u)" = 0 ] || skip "needs root: $*"; }
need() { local c; for c; do command -v "$c" > /dev/null || skip "needs $c"; done; }
need_fates() { bin=$TESTBUILD; [ -x "$bin/spoold" ] || skip "needs the test build: make test-build"; }

# A small tmpfs as $root, with these mount options; the whole test runs in a mount namespace of its own.
small_disk() {
    mkdir -p "$root"
    mount -t tmpfs -o "$1" none "$root" 2> /dev/null || skip "mount is not allowed here"
    mounts+=("$root")
}
# An ext4 of 64 MB in the file $dir/image as $root; words for mkfs.ext4 are given.
ext4_disk() {
    need mkfs.ext4 losetup
    mkdir -p "$root"
    truncate -s 64M "$dir/image" && mkfs.ext4 -q -F "$@" "$dir/image" > /dev/null 2>&1 || skip "mkfs.ext4 $* does not work here"
    mount -o loop "$dir/image" "$root" 2> /dev/null || skip "no loop device can be mounted here"
    mounts+=("$root")
}
own_mounts() {
    need_root "a small file system is mounted"
    [ "${OWN_MOUNTS:-}" = yes ] && return
    unshare --mount true 2> /dev/null || skip "mount namespaces are not allowed here"
    rm -rf "$dir"
    OWN_MOUNTS=yes exec unshare --mount bash "$0"
}

# wait_until SECONDS "what is waited for" COMMAND...
wait_until() {
    local until=$((${EPOCHREALTIME/./} + $1 * 1000000)) what=$2
    shift 2
    until "$@" > /dev/null 2>&1; do
        [ "${EPOCHREALTIME/./}" -lt $until ] || fail "within its time this did not happen: $what"
        sleep 0.02
    done
}

# Runs a program of the build with the settings of this test.
run() {
    local program=$1 s opts=(-o "paths.root=$root")
    shift
    [ "$program" = spoold ] && opts+=(-o spool.unsafe_filesystem=yes)
    if [ -n "$av" ]; then opts+=(-o "antivirus.signatures=$signatures"); else opts+=(-o antivirus.clamav=no); fi
    [ -n "$antispam" ] || opts+=(-o antispam.enable=no)
    for s in "${settings[@]}"; do opts+=(-o "$s"); done
    $execute "${prefix[@]}" "$bin/$program" "${opts[@]}" "$@"
}
spoolctl() { local prefix=(); run spoolctl "$@"; }
spooldrop() { local prefix=(); run spooldrop "$@"; }

# Works off what stands there, then ends.
run_once() {
    local rc=0
    run spoold --once "$@" >> "$log" 2>&1 || rc=$?
    [ $rc = 0 ] || fail "spoold --once ended with exit code $rc"
}
# The folders of a new spool.
make_spool() { run_once; : > "$log"; }

is_running() { [ -e "$root/incoming/.running" ] && [ ! -e "$root/incoming/.stopped" ] && [ -S "$root/state/control.sock" ]; }
launch_spoold() {
    rm -f "$root/incoming/.running" # left there by a spoold that was killed
    execute=exec run spoold "$@" >> "$log" 2>&1 &
    pid=$!
    daemons+=("$pid")
}
start_spoold() {
    launch_spoold "$@"
    wait_until 10 "spoold is up" eval 'is_running || ! kill -0 $pid'
    is_running || fail "spoold did not start"
}
stop_spoold() {
    local rc=0
    kill -TERM "$pid" && wait "$pid" || rc=$?
    pid=""
    [ $rc = 0 ] || fail "spoold ended with exit code $rc after SIGTERM"
}
kill_spoold() { kill -9 "$pid"; wait "$pid" 2> /dev/null; pid=""; }

# Puts the pair $1.eml, $1.hdr into folder $4 (incoming): content $2, key lines $3. The sender is a@example.org.
rcpt=b@example.net
deposit() {
    local to=${4:-$root/incoming}
    printf '%b' "$2" > "$to/$1.em_" && printf 'Written\na@example.org\n%s\n%b\n' "$rcpt" "${3:-}" > "$to/$1.hd_" &&
        chmod 644 "$to/$1.em_" "$to/$1.hd_" && mv "$to/$1.em_" "$to/$1.eml" && mv "$to/$1.hd_" "$to/$1.hdr" ||
        fail "the deposit $1 could not be made"
}
body='Subject: test\n\nline 1\n.\nlast line\n'
text() { printf '%b' "$body"; }

# shellcheck disable=SC2068 # patterns are to be expanded here
# Number of files that match the patterns; give them quoted, so that they are looked up when it is asked.
count() { local IFS= f n=0; for f in $@; do [ -e "$f" ] || [ -L "$f" ] && n=$((n + 1)); done; echo $n; }
has() { [ "$(count "${@:2}")" = "$1" ]; }
hits() { local n; n=$(grep -c -- "$2" "$3"); [ "$n" -ge "$1" ]; }
# The full name (without suffix) of the only file that matches PATTERN*SUFFIX.
only() {
    local f=("$1"~?????????????????????????"$2")
    [ ${#f[@]} = 1 ] && [ -e "${f[0]}" ] || { echo "there is not exactly one ${1##*/}~ID$2 but: ${f[*]}" >&2; return 1; }
    echo "${f[0]%"$2"}"
}
delivered() { [ -e "$(only "${2:-$root/outgoing}/$1" .hdr 2> /dev/null).hdr" ]; }
wait_delivered() { wait_until "${3:-10}" "$1 is delivered" delivered "$1" "${2:-$root/outgoing}"; }

# The message without the fields that spoold put at its start.
own='X-Spoold-Id: [^ ]*$'
fields='[^\n]*\n(X-Spoold-Virus: [^\n]*\n)?Received: by [^\n]*\n[^\n]*\n'
trace_script="1{/^(\xef\xbb\xbf)?$own/{\$!N;\$!N;\$!N;\$!N;s/^(\xef\xbb\xbf)?$fields/\1/;b};}; 2{/^$own/{\$!N;\$!N;\$!N;\$!N;s/^$fields//}}"
without_trace() { sed -E "$trace_script" "$1"; }
# NAME is in the outlet once, with the bytes of FILE and the recipients that were given.
expect_delivered() {
    local name=$1 file=$2 outlet=${3:-$root/outgoing} at
    at=$(only "$outlet/$name" .hdr) || fail "$name is not delivered exactly once"
    [ -e "$at.eml" ] || fail "$name: its .hdr is published without the .eml"
    [ "$(grep -ac 'with spoold id' "$at.eml")" -ge 1 ] || fail "$name: no trace field"
    cmp -s <(without_trace "$at.eml") "$file" || fail "$name: the published message differs from the deposit"
}
# No file is left in the folders. A running spoold may still be clearing away.
files_in() { find "$@" -mindepth 1 ! -type d ! -name .running ! -name .stopped 2> /dev/null | head -n 3; }
expect_empty() {
    for _ in {1..100}; do
        [ -n "$(files_in "$@")" ] || return 0
        [ -n "$pid" ] || break
        sleep 0.05
    done
    fail "should be empty, but there is: $(files_in "$@")"
}
expect_log() { grep -q -- "$1" "$log" || fail "the log does not say: $1"; }
expect_no_log() { ! grep -- "$1" "$log" || fail "the log should not say: $1"; }
# Journal lines of an event, of one message when named.
events() { cat "$root"/state/journal/*.jsonl 2> /dev/null | grep "\"event\":\"$1\"" | grep -c "\"id\":\"${2:-}"; }
# Distinct messages, because a line may stand twice after a crash.
event_ids() { cat "$root"/state/journal/*.jsonl | grep -a "\"event\":\"$1\"" | sed 's/.*"id":"\([^"]*\)".*/\1/' | sort -u; }
expect_balanced() {
    local said rc=0
    said=$(spoolctl --json audit 2>&1) || rc=$?
    [ $rc = 0 ] && [[ $said == *'"balanced":true'* ]] || fail "the books do not balance (exit code $rc): $said"
}

# The EICAR test file; in two pieces, so that no scanner takes this file for it.
eicar() { printf '%s' 'X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-' 'STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'; }
# A mail with the file $1 attached as $2, on standard output.
attach() {
    printf 'From: a@example.org\nTo: b@example.net\nSubject: %s\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=bb\n\n--bb\nContent-Type: text/plain\n\nhello\n--bb\n' "$2"
    printf 'Content-Type: application/octet-stream; name="%s"\nContent-Transfer-Encoding: base64\n\n' "$2"
    base64 "$1"
    printf '\n--bb--\n'
}
# Deposits the file $2 as $1.
deposit_file() {
    local to=$root/incoming
    cp "$2" "$to/$1.em_" && printf 'Written\na@example.org\n%s\n%b\n' "$rcpt" "${3:-}" > "$to/$1.hd_" && chmod 644 "$to/$1.em_" "$to/$1.hd_" &&
        mv "$to/$1.em_" "$to/$1.eml" && mv "$to/$1.hd_" "$to/$1.hdr" || fail "the deposit $1 could not be made"
}
# A set of signatures that finds EICAR and the words $1; put there file by file as freshclam does.
put_signatures() {
    local hex
    mkdir -p "$signatures"
    hex=$(eicar | od -An -tx1 | tr -d ' \n')
    printf 'Test.Eicar:0:*:%s\n' "$hex" > "$signatures/eicar.tmp" && chmod 644 "$signatures/eicar.tmp" && mv "$signatures/eicar.tmp" "$signatures/eicar.ndb"
    [ -z "${1:-}" ] && return
    printf 'Test.Words:0:*:%s\n' "$(printf '%s' "$1" | od -An -tx1 | tr -d ' \n')" > "$signatures/words.tmp" && chmod 644 "$signatures/words.tmp" &&
        mv "$signatures/words.tmp" "$signatures/words.ndb"
}
av_generation() { spoolctl --json av status 2> /dev/null | grep -o '"generation":[0-9]*' | sed 's/.*://'; }
av_state() { spoolctl --json av status 2> /dev/null | grep -o '"state":"[a-z]*"' | head -n 1 | sed 's/.*:"//; s/"//'; }
av_serves() { [ "$(av_state)" = serving ]; }
quarantined() { [ -e "$(only "$root/quarantine/$1/$2" .hdr 2> /dev/null).hdr" ]; }

# said WANTED-EXIT-CODE ARGUMENTS... -> $out, what spoolctl said; holds WORDS...: all of these stand in it.
said() {
    local want=$1 rc=0
    shift
    out=$(spoolctl "$@" 2>&1) || rc=$?
    [ $rc = "$want" ] || fail "spoolctl $*: exit code $rc instead of $want: $out"
}
holds() { local w; for w; do [[ $out == *"$w"* ]] || fail "missing \"$w\" in: $out"; done; }

# change_record DAY LIKE FROM TO: in the first line of this day of the journal that has LIKE, FROM becomes TO, with the checksum that fits.
change_record() {
    python3 - "$@" << 'END' || fail "the journal cannot be changed"
import sys, zlib
day, like, old, new = (a.encode() for a in sys.argv[1:])
lines = open(day, "rb").read().splitlines(True)
for i, line in enumerate(lines):
    if like in line and old in line and b'"event":"accepted"' in line:
        body = line.replace(old, new).rstrip(b"\n")
        body = body[:body.rindex(b',"crc":"')]
        lines[i] = body + b',"crc":"%08x"}\n' % zlib.crc32(body)
        break
else:
    sys.exit(1)
open(day, "wb").write(b"".join(lines))
END
}
