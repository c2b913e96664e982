#!/bin/bash
# --print-config --for ADDRESS: each value for that recipient with file, line and profile; what is no address is 64.
. "$(dirname "$0")/lib.bash"
mkdir "$dir/lists"
ini=$dir/a.ini
printf '[profile strict]\nlow.threshold = 5\n[lists]\ndomains = @lists/domains\n' > "$ini"
echo '.example.org strict' > "$dir/lists/domains"
out=$("$bin/spoold" -c "$ini" -o 'level low.action=junk' --print-config --for boss@sub.example.org) || fail "exit code $?: $out"
for line in '# What is in force for boss@sub.example.org: \[profile strict\] of the domain' "level low.threshold = 5  *$ini:2 \[profile strict\]" \
    'level low.action = junk  *-o level low.action=junk' 'spool.max_held = [0-9]*  *default'; do
    grep -qx "$line" <<< "$out" || fail "not in the output: $line"
done
for bad in example.org '' @example.org 'a b@example.org'; do
    rc=0
    out=$("$bin/spoold" -c "$ini" --print-config --for "$bad" 2>&1) || rc=$?
    [ $rc = 64 ] && [[ $out == *"no address; accepted: user@example.org"* ]] || fail "--for '$bad': exit code $rc: $out"
done
rc=0
out=$("$bin/spoold" --for a@example.org 2>&1) || rc=$?
[ $rc = 64 ] && [[ $out == *"--for goes with --print-config"* ]] || fail "--for alone: exit code $rc: $out"
