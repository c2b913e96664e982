#!/bin/bash
# What of the sandbox applies is what the kernel says of the processes: as root and as a plain user.
. "$(dirname "$0")/lib.bash"
av=on
make_spool
check() { # what must be in the status
    local said child word
    said=$(spoolctl --json status)
    for word in no_new_privs rlimits seccomp "$@"; do
        [[ $said =~ \"sandbox\":\[[^]]*\"$word\" ]] || fail "status does not name $word: $said"
    done
    [[ $said =~ \"escape\":\{\"attempts\":([0-9]+),\"refused\":([0-9]+)\} ]] || fail "no escape test: $said"
    [ "${BASH_REMATCH[1]}" -ge 20 ] && [ "${BASH_REMATCH[1]}" = "${BASH_REMATCH[2]}" ] || fail "escape test: ${BASH_REMATCH[0]}"
    launcher=$(pgrep -P "$pid") && loaders=$(pgrep -P "$launcher") && [ "$(echo $loaders | wc -w)" = 2 ] || fail "no launcher or loaders"
    loader=${loaders%%$'\n'*}
    [ "$(id -u)" != 0 ] || [ "$(stat -c %u $(printf '/proc/%s ' $loaders) | sort -u | wc -l)" = "$users" ] || fail "users of the workers"
    for child in $(for l in $loaders; do pgrep -P "$l"; done); do
        grep -q '^Seccomp:[[:space:]]2' "/proc/$child/status" || fail "no seccomp filter: $child"
        grep -q '^NoNewPrivs:[[:space:]]1' "/proc/$child/status" || fail "no no_new_privs: $child"
        grep -q '^CapEff:[[:space:]]0*$' "/proc/$child/status" || fail "capabilities: $(grep Cap "/proc/$child/status")"
        grep -Eq '^Max processes +0 ' "/proc/$child/limits" || fail "processes: $(grep processes "/proc/$child/limits")"
        [ "$(id -u)" != 0 ] || [ "$(find "/proc/$child/fd" -type l | wc -l)" -le 7 ] || fail "descriptors: $(ls -l "/proc/$child/fd")"
    done
    [ -n "$child" ] || fail "no serving process"
}
start_spoold
serving() { [ "$(spoolctl --json status | grep -o '"role":"[a-z]*","state":"serving"' | wc -l)" = 2 ]; }
wait_until 20 "the workers serve" serving
if [ "$(id -u)" = 0 ]; then
    users=2
    check uid
    [ "$(stat -c %u "/proc/$loader")" != 0 ] && [ "$(stat -c %u "/proc/$loader")" != "$(stat -c %u "/proc/$pid")" ] || fail "user of the worker"
    [ "$(awk '/^Uid:/ {print $2}' "/proc/$launcher/status")" = 0 ] || fail "user of the launcher"
else
    check
fi
stop_spoold
[ "$(id -u)" = 0 ] || exit 0
mkdir -m 777 "$dir/user" "$dir/user/bin" && root=$dir/user/spool
# That user need not be able to reach the build.
cp "$BUILD"/{spoold,spoold-launcher,worker-rewrite,worker-av,spoolctl,spooldrop} "$dir/user/bin/" && bin=$dir/user/bin || fail "no copies"
: > "$dir/log2"; chmod 666 "$dir/log2"; log=$dir/log2
prefix=(setpriv --reuid 65534 --regid 65534 --clear-groups)
start_spoold
wait_until 20 "the workers serve" serving
users=1
check
deposit one "$body"
wait_delivered one
stop_spoold
