#!/bin/bash
# An address or value that could forge an envelope line, no recipient and an empty
# message are refused for good: exit 65, a reason, nothing left in the folder.
set -u
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/incoming"

# refused WANTED-CODE MESSAGE ARGUMENT...
refused() {
    local wanted=$1 message=$2 rc=0
    shift 2
    printf '%s' "$message" | "$BUILD/spooldrop" -o paths.root="$dir" "$@" 2> "$dir/said" || rc=$?
    if [ $rc != "$wanted" ] || ! [ -s "$dir/said" ] || [ -n "$(ls -A "$dir/incoming")" ]; then
        printf 'code %s, wanted %s, for:' $rc "$wanted" >&2
        printf ' %q' "$@" >&2
        exit 1
    fi
    if LC_ALL=C grep -q $'[^ -~]' "$dir/said"; then
        echo "a complaint has bytes that a terminal should not get" >&2
        exit 1
    fi
}

long=$(printf 'a%.0s' {1..1025})
for bad in $'b@example.net\nc@example.net' $'b\r@example.net' $'b\033[2J@example.net' 'b@example.net,c@example.net' \
    'b @example.net' 'b<@example.net' 'b>@example.net' "$long"; do
    refused 65 hello -f a@example.org -- "$bad"
    refused 65 hello -f "$bad" -- b@example.net
    refused 65 hello -f a@example.org -- d@example.net "$bad"
done
refused 65 hello -f a@example.org -- ""
refused 65 hello -f a@example.org -- "<>"
refused 65 hello -f a@example.org
refused 65 hello -f a@example.org --helo $'x\nauth: root' b@example.net
refused 65 "" -f a@example.org b@example.net
refused 64 hello b@example.net
refused 64 hello -f a@example.org --body 9bit b@example.net
refused 64 hello -f a@example.org b@example.net -c /etc/passwd
refused 64 hello -f a@example.org --unknown b@example.net
exit 0
