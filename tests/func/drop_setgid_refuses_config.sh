#!/bin/bash
# Installed setgid, spooldrop takes neither -c nor -o from a user who is not root.
set -u
[ "$(id -u)" = 0 ] || { echo "needs root to install a setgid program" >&2; exit 77; }
grep -q __asan_init "$BUILD/spooldrop" && { echo "AddressSanitizer cannot run without core dumps" >&2; exit 77; }
command -v setpriv > /dev/null || { echo "needs setpriv" >&2; exit 77; }
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
chmod 755 "$dir"
mkdir -m 3777 "$dir/incoming"
cp "$BUILD/spooldrop" "$dir/spooldrop"
chgrp 65532 "$dir/spooldrop" && chmod 2755 "$dir/spooldrop" || exit 77
user=(setpriv --reuid=65533 --regid=65533 --clear-groups)
"${user[@]}" true || exit 77
"${user[@]}" test -x "$dir/spooldrop" || { echo "$dir cannot be reached by other users" >&2; exit 77; }
findmnt -no OPTIONS -T "$dir" | grep -qw nosuid && { echo "$dir is mounted nosuid" >&2; exit 77; }

for option in "-c $dir/spoold.ini" "-o paths.root=$dir"; do
    rc=0
    # shellcheck disable=SC2086 # two words
    said=$(echo hello | "${user[@]}" "$dir/spooldrop" $option -f a@example.org b@example.net 2>&1) || rc=$?
    [ $rc = 64 ] || { echo "$option: exit code $rc: $said" >&2; exit 1; }
    [[ $said == *setgid* ]] || { echo "$option: said: $said" >&2; exit 1; }
    [ -z "$(ls -A "$dir/incoming")" ] || { ls -lA "$dir/incoming" >&2; exit 1; }
done
# root may, and without the setgid bit everybody may.
echo hello | "$dir/spooldrop" -o paths.root="$dir" -f a@example.org b@example.net || exit 1
chmod 755 "$dir/spooldrop"
echo hello | "${user[@]}" "$dir/spooldrop" -o paths.root="$dir" -f a@example.org b@example.net
