#!/bin/bash
# A broken .hdr goes to quarantine/failed with its message; the record names the line and what is wrong.
. "$(dirname "$0")/lib.bash"
make_spool
put() { # NAME LINE CONTENT
    text > "$root/incoming/$1.eml"
    printf '%b' "$3" > "$root/incoming/$1.hdr"
    chmod 644 "$root/incoming/$1".*
}
cases=(
    "no_recipient|line 3|Written\na@example.org\n\nhelo: h\n\n"
    "no_colon|line 5|Written\na@example.org\nb@example.net\nhelo: h\nno colon here\n\n"
    "nul|line 3|Written\na@example.org\nb@exa\0mple.net\n\n"
    "empty|line|"
)
for c in "${cases[@]}"; do
    IFS='|' read -r name _ content <<< "$c"
    put "$name" '' "$content"
done
deposit sound "$body"
touch -d '1 minute ago' "$root"/incoming/*
start_spoold
wait_until 10 "${#cases[@]} messages are in quarantine/failed" has ${#cases[@]} "$root/quarantine/failed/*.hdr"
wait_delivered sound
for c in "${cases[@]}"; do
    IFS='|' read -r name line _ <<< "$c"
    q=$(only "$root/quarantine/failed/$name" .json) || fail "$name"
    grep -q "\"reason\":\"[^\"]*$line" "$q.json" || fail "$name: the record does not name $line: $(cat "$q.json")"
    cmp -s "$q.eml" <(text) || fail "$name: not the original bytes"
    grep -q "id=$name~.*reason=\"[^\"]*$line" "$log" || fail "$name: the log does not name $line"
done
expect_empty "$root/incoming" "$root/proc"
