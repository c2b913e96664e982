#!/bin/bash
# Envelopes at their limits go through: 45,000 recipients, long addresses of odd bytes, a huge key. The journal takes
# them in several lines that count once, and the books balance.
. "$(dirname "$0")/lib.bash"
make_spool
start_spoold
text > "$dir/body"
drop_raw() { cp "$dir/body" "$root/incoming/$1.eml"; mv "$dir/$1.hdr" "$root/incoming/$1.hdr"; }
{ echo Written; echo a@example.org; seq -s, -f 'user%.0f@department.example.net' 45000; echo; } > "$dir/many.hdr"
{ echo Written; echo a@example.org; for n in {1..250}; do printf '%0900d%d@example.net,' 0 "$n" | tr 0 '\377'; done; printf 'z@example.net\n\n'; } > "$dir/odd.hdr"
{ echo Written; echo a@example.org; echo b@example.net; printf 'connectedip: '; head -c 1100000 /dev/zero | tr '\0' 1; printf '\n\n'; } > "$dir/key.hdr"
mkdir "$dir/keep" && cp "$dir"/*.hdr "$dir/keep"
for n in many odd key; do drop_raw $n; done
for n in many odd key; do
    wait_until 20 "$n is delivered" has 1 "$root/outgoing/$n~*.hdr"
    cmp "$dir/keep/$n.hdr" "$root"/outgoing/$n~*.hdr || fail "$n: the envelope was changed"
done
wait_until 5 "the books are closed" has 0 "$root/proc/*"
[ "$(event_ids accepted | wc -l)" = 3 ] || fail "accepted: $(event_ids accepted | wc -l)"
expect_balanced
wait_until 5 "three are counted as delivered" eval 'spoolctl --json status | grep -q "\"delivered\":3,"'
stop_spoold
