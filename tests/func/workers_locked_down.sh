#!/bin/bash
# What of the sandbox applies is what the kernel says of the processes: as root and as a plain user.
. "$(dirname "$0")/lib.bash"
av=on
settings+=(antivirus.children=2 antivirus.scan_size=10M antivirus.file_size=5M)
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
    # The files of all its children at once, and what the loader needs: (2 + 1) * 10 MB + 64 MB.
    said=$(spoolctl --json status)
    if [[ $said =~ \"sandbox\":\[[^]]*\"scratch\" ]]; then
        spoolctl status | grep -q 'scratch folder of its own' || fail "status does not say scratch: $(spoolctl status)"
        for l in $loaders; do
            size=$(sed -n 's/.* \/tmp .* - tmpfs spoold-scratch .*size=\([0-9a-z]*\).*/\1/p' "/proc/$l/mountinfo")
            case $(readlink "/proc/$l/exe") in
                */worker-av) [ "$size" = 96256k ] || fail "the scratch folder of worker-av has $size" ;;
                *) [ -z "$size" ] || fail "a worker without files has a scratch folder of $size" ;;
            esac
        done
    elif [[ ! $said =~ \"missing\":\[[^]]*\"scratch\" ]]; then
        fail "nobody says what became of the scratch folder: $said"
    fi
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
