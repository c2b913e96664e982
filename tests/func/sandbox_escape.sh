#!/bin/bash
# No attempt to get out of a worker's sandbox succeeds, in any role, as root and as a plain user; without a
# sandbox the same attempts do succeed, so that "refused" means something.
. "$(dirname "$0")/lib.bash"
[ -x "$BUILD/escape" ] || fail "there is no $BUILD/escape: make build"
cp "$BUILD/escape" "$dir/escape" && chmod 755 "$dir/escape" || fail "the program cannot be copied" # a plain user must reach it
cd "$dir" || exit 1

# attempts WHO ROLE WORDS-BEFORE...
attempts() {
    local who=$1 role=$2 rc=0
    shift 2
    "$@" "$dir/escape" --role "$role" > "$dir/said" 2>&1 || rc=$?
    [ $rc = 0 ] || fail "role $role as $who, exit code $rc: $(grep -v '^refused' "$dir/said")"
    hits 24 '^refused ' "$dir/said" || fail "role $role as $who: too few attempts: $(cat "$dir/said")"
    # ENOSYS, SIGSYS: by the filter. EACCES: by Landlock, for a role with files. Any other answer came from behind them.
    # SIGSEGV: there is no 32-bit door here.
    local answers='ENOSYS|SIGSYS'
    [ "$role" != av ] || answers+='|EACCES'
    if grep '^refused ' "$dir/said" | grep -Ev " ($answers)\$|"'^refused descriptor_too_many EBADF$|^refused i386 SIGSEGV$|^refused open_signatures ENOENT$' > "$dir/odd"; then
        fail "role $role as $who: the filter let through: $(cat "$dir/odd")"
    fi
    hits 1 '^applied:.* no_new_privs rlimits .*seccomp' "$dir/said" || fail "role $role as $who: $(tail -n 2 "$dir/said")"
    echo "role $role as $who: $(tail -n 1 "$dir/said")"
}
# control WHO WORDS-BEFORE...
control() {
    local who=$1 rc=0
    shift
    "$@" "$dir/escape" --none > "$dir/said" 2>&1 || rc=$?
    [ $rc = 0 ] || fail "without a sandbox as $who, exit code $rc: $(grep -v '^succeeded' "$dir/said")"
    echo "without a sandbox as $who: $(tail -n 1 "$dir/said")"
    grep '^impossible' "$dir/said"
}

me=$(id -un 2> /dev/null || id -u)
plain=(setpriv --reuid 65534 --regid 65534 --clear-groups)
roles=$("$dir/escape" --roles) && [ -n "$roles" ] || fail "there are no roles"
for role in $roles; do
    attempts "$me" "$role"
    [ "$(id -u)" != 0 ] || attempts "a plain user" "$role" "${plain[@]}"
done
control "$me"
[ "$(id -u)" != 0 ] || control "a plain user" "${plain[@]}"
