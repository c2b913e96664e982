#!/bin/bash
# 3,064 real messages, many of them malformed, and 635 torture messages go through the running daemon: each is delivered once with every
# byte of its content, and the books balance, also when the ledger is lost and built again.
. "$(dirname "$0")/lib.bash"
corpus=${SPOOLD_CORPUS:-$here/../../../shared/corpus}/mail/sa-public-dev.tar.xz
[ -r "$corpus" ] || skip "there is no corpus; name its folder in SPOOLD_CORPUS"
need tar xz
settings=(spool.max_in_flight=256)
make_spool
mkdir "$dir/mail" "$dir/hdr" "$dir/back"
tar -xJf "$corpus" -C "$dir/mail" --transform='s,.*/,,' --wildcards '*.eml' || fail "the corpus cannot be unpacked"
tar -xJf "${corpus%/mail/*}/mime/mime-dev.tar.xz" -C "$dir/mail" --transform='s,.*/,mime-,' --wildcards '*.eml' || fail "the torture messages cannot be unpacked"
cd "$dir/mail" || fail "no corpus"
n=$(find . -name '*.eml' | wc -l)
[ "$n" = 3699 ] || fail "$n messages instead of 3699"
# The sender is that of the mbox line or the Return-Path; each recipient is unique.
find . -name '*.eml' -printf '%f\n' | sort | xargs awk -v to="$dir/hdr/" '
    function put() {
        if (name == "") return
        hdr = to name ".hdr"
        printf "Written\n%s\n%s@example.net\nhelo: mail.example.org\n\n", sender, name > hdr
        close(hdr)
    }
    FNR == 1 { put(); name = substr(FILENAME, 1, length(FILENAME) - 4); sender = "" }
    FNR == 1 && /^From [^ ,<>]+@[^ ,<>]+ / { sender = $2 }
    sender == "" && /^Return-Path: *<[^<> ,]+@[^<> ,]+>/ { sender = $0; sub(/^[^<]*</, "", sender); sub(/>.*/, "", sender) }
    /^\r?$/ { nextfile }
    END { put() }' 2> "$dir/awk" || fail "awk: $(cat "$dir/awk")"
[ "$(find "$dir/hdr" -name '*.hdr' | wc -l)" = "$n" ] || fail "not all envelopes were made"
start_spoold
find . -name '*.eml' -exec cp -t "$root/incoming" {} +
(cd "$root/incoming" && find . -name '*.eml' -exec chmod 644 {} + && find "$dir/hdr" -name '*.hdr' -exec chmod 644 {} + -exec mv -t . {} + 2> /dev/null)
wait_until 40 "all $n are delivered" eval '[ "$(find "$root/outgoing" -name "*.hdr" | wc -l)" = "$n" ]'
expect_empty "$root/incoming" "$root/proc" "$root/quarantine"
find "$root/outgoing" -name '*.hdr' -exec awk 'FNR == 3 { name = FILENAME; sub(/.*\//, "", name); sub(/~[^~]*$/, "", name)
    if ($0 != name "@example.net") print FILENAME ": the envelope is of " $0 }' {} + > "$dir/mixed"
[ ! -s "$dir/mixed" ] || fail "mixed: $(head -n 3 "$dir/mixed")"
cp -t "$dir/back" "$root"/outgoing/*.eml
(cd "$dir/back" && sed -s -i -E "$trace_script" ./*.eml && cksum ./*.eml | sed 's/~.\{25\}\.eml$/.eml/' | sort) > "$dir/came_out"
cksum ./*.eml | sort > "$dir/went_in"
cmp -s "$dir/went_in" "$dir/came_out" || fail "some differ, the first are: $(diff "$dir/went_in" "$dir/came_out" | head -n 6)"
[ "$(event_ids delivered | wc -l)" = "$n" ] && [ "$(event_ids accepted | wc -l)" = "$n" ] || fail "journal: $(event_ids delivered | wc -l)"
expect_balanced
stop_spoold
rm -r "$root/state/ledger"
start_spoold
wait_until 15 "the books balance after the ledger was lost" eval "spoolctl --json audit"
spoolctl --json audit | grep -q "\"accepted\":$n,\"delivered\":$n," || fail "other figures after the ledger was lost: $(spoolctl --json audit)"
