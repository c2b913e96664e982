#!/bin/bash
# make install: every program, manual page and folder that the unit names is there, systemd's own check of the unit
# says nothing, users and folders come out as spoold makes them, and spoold runs with the unit's capabilities.
. "$(dirname "$0")/lib.bash"
cd "$here/../.." || fail "no source folder"
read -r sysconf libexec < "$BUILD/paths" # the ones that are compiled in: others would build it anew
to=$dir/image/usr/local
make_it() { make -s B="$BUILD" DESTDIR="$dir/image" PREFIX=/usr/local SYSCONF="$sysconf" LIBEXEC="$libexec" -o all "$1"; }
make_it install > "$dir/said" 2>&1 || fail "make install: $(tail -n 3 "$dir/said")"
unit=$to/lib/systemd/system/spoold.service
[ -s "$unit" ] || fail "there is no unit"
sed -i "s|/usr/local/|$to/|" "$unit"
for path in $(sed -n 's/^Exec[A-Za-z]*=\([^ ]*\).*/\1/p' "$unit"); do [ -x "$path" ] || fail "the unit names $path, which is not there"; done
for page in $(sed -n 's/^Documentation=//p' "$unit"); do
    page=${page#man:} section=${page##*(}
    [ -e "$to/share/man/man${section%)}/${page%(*}.${section%)}" ] || fail "there is no manual page $page"
done
for file in sbin/spoold sbin/spoolctl bin/spooldrop lib/sysusers.d/spoold.conf lib/tmpfiles.d/spoold.conf share/bash-completion/completions/spoolctl; do
    [ -s "$to/$file" ] || fail "$file is not installed"
done
[ -x "$dir/image$libexec/spoold-launcher" ] || fail "the launcher is not installed"
if command -v systemd-analyze > /dev/null; then
    systemd-analyze verify --man=no "$unit" > "$dir/said" 2>&1 || fail "systemd-analyze: $(cat "$dir/said")"
    grep -v 'not a regular file\|/lib/systemd/system/[^s]' "$dir/said" | grep spoold && fail "systemd-analyze is not quiet"
fi
bash -n "$to/share/bash-completion/completions/spoolctl" || fail "the completion is no shell text"
completes() { # LINE WANTED-WORD
    bash -c '. "$1"; read -ra COMP_WORDS <<< "$2"; [ "${2% }" = "$2" ] || COMP_WORDS+=(""); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _spoolctl; printf "%s\n" "${COMPREPLY[@]}"' \
        x "$to/share/bash-completion/completions/spoolctl" "$1" | grep -qx -- "$2" || fail "\"$1\" is not completed by $2"
}
completes "spoolctl fr" freeze
completes "spoolctl -o paths.root=$root " doctor
completes "spoolctl queue --h" --held
completes "spoolctl retry " all
if [ "$(id -u)" = 0 ] && command -v systemd-sysusers > /dev/null && command -v systemd-tmpfiles > /dev/null; then
    mkdir -p "$dir/other/etc" "$dir/other/usr/lib/sysusers.d" "$dir/other/usr/lib/tmpfiles.d"
    cp "$to/lib/sysusers.d/spoold.conf" "$dir/other/usr/lib/sysusers.d/" && cp "$to/lib/tmpfiles.d/spoold.conf" "$dir/other/usr/lib/tmpfiles.d/"
    systemd-sysusers --root="$dir/other" > "$dir/said" 2>&1 || fail "sysusers: $(cat "$dir/said")"
    systemd-tmpfiles --root="$dir/other" --create > "$dir/said" 2>&1 || fail "tmpfiles: $(cat "$dir/said")"
    grep -q '^spoold-av:' "$dir/other/etc/passwd" && grep -q '^spooldrop:' "$dir/other/etc/group" || fail "users are missing"
    make_spool
    for folder in incoming outgoing proc quarantine/virus state/ledger .; do
        [ "$(stat -c %a "$root/$folder")" = "$(stat -c %a "$dir/other/var/spool/spoold/$folder")" ] || fail "$folder: spoold makes another mode than tmpfiles"
    done
fi
if [ "$(id -u)" = 0 ] && command -v setpriv > /dev/null; then
    caps=$(sed -n 's/^CapabilityBoundingSet=//p' "$unit" | tr 'A-Z ' 'a-z,' | sed 's/cap_/+/g')
    prefix=(setpriv --bounding-set "-all,$caps" --no-new-privs)
    start_spoold
    deposit x "$body"
    wait_delivered x
    prefix=()
    spoolctl status > "$dir/said"
    grep -q 'user of its own, no network' "$dir/said" && ! grep -q MISSING "$dir/said" || fail "the sandbox lacks something: $(cat "$dir/said")"
    stop_spoold
fi
make_it uninstall > "$dir/said" 2>&1 || fail "make uninstall: $(tail -n 3 "$dir/said")"
rm -rf "$dir/image$sysconf"
[ -z "$(find "$dir/image" ! -type d)" ] || fail "left behind: $(find "$dir/image" ! -type d)"
