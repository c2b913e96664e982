#!/bin/bash
# 200 hostile file names: newlines, quotes, shell words, leading dashes and dots, bytes that are no UTF-8, up to
# 255 bytes. Each message is delivered under a harmless name or clearly reported; nothing is executed.
. "$(dirname "$0")/lib.bash"
make_spool
canary=$dir/canary
long=$(printf 'x%.0s' {1..300})
names=()
for i in {1..20}; do
    names+=("-rf$i" "--help=$i" ".hidden$i" "..$i" "a b $i" $'new\nline'"$i" $'\r\t\x1b[31m'"$i" "\$(touch \$canary)$i"
        "\`touch canary\`;touch canary;#$i" "'\"$i" $'\xff\xfe\x80'"$i" "%s%n%d$i" "*?[$i]" "event=delivered id=$i" "~$i~")
done
for n in 100 160 161 162 200 240 243 244 245 246 247 248 249 250 251; do names+=("${long:0:n}" $'\xc3\xa4'"${long:2:n-2}"); done
n=0
for name in "${names[@]}"; do
    text > "$root/incoming/$name.eml" || fail "the name $name cannot be made"
    printf 'Written\na@example.org\nr%d@example.net\n\n' $n > "$root/incoming/$name.hdr"
    n=$((n + 1))
done
[ $n -ge 200 ] || fail "only $n names"
chmod 644 "$root"/incoming/*.eml "$root"/incoming/*.hdr "$root"/incoming/.*.eml "$root"/incoming/.*.hdr
sorted() { find "$root/$1" -name '*.hdr' -exec sed -n 's/^r\([0-9]*\)@example.net$/\1/p' {} + | sort -n; }
run_once
diff <(seq 0 $((n - 1))) <(cat <(sorted outgoing) <(sorted incoming) | sort -n) > "$dir/diff" || fail "lost or twice: $(cat "$dir/diff")"
left=$(sorted incoming | wc -l)
[ "$(grep -c event=deposit_problem "$log")" = "$left" ] || fail "$left are left in the intake, but $(grep -c event=deposit_problem "$log") reported"
[ "$left" -le 10 ] || fail "$left of $n names were refused"
bad=$(find "$root/outgoing" "$root/quarantine" -type f | sed 's|.*/||' | grep -vE '^[0-9A-Za-z_][0-9A-Za-z._-]{0,159}~[0-9a-z]{25}\.(eml|hdr)$')
[ -z "$bad" ] || fail "published under: $bad"
[ "$(events accepted)" = $((n - left)) ] && [ "$(events delivered)" = $((n - left)) ] || fail "journal: $(events accepted) accepted, $(events delivered) delivered of $n"
grep -vE '^[0-9-]{10}T[0-9:.]{12}Z spoold: [ -~]*$' "$log" && fail "that is no log line"
[ "$(grep -c ' event=delivered$' "$log")" = $((n - left)) ] || fail "$(grep -c ' event=delivered$' "$log") lines say delivered"
[ ! -e "$canary" ] && [ -z "$(find "$dir" -name canary)" ] || fail "something was executed"
expect_empty "$root/proc"
