#!/bin/bash
# A pair passes through with every byte of its content, one trace field added at its start (behind a byte
# order mark and an mbox line), line ends kept, the .hdr unchanged, under the name NAME~ID.
. "$(dirname "$0")/lib.bash"
make_spool
hdr='connectedip: 192.0.2.1\nX-Unknown:  kept as it is \nhelo: mail.example.org\n'
deposit plain 'Subject: a\n\nbody\n.\n\0\0377 no newline' "$hdr"
deposit crlf 'Subject: a\r\n\r\nbody\r\n.\r\n'
deposit mbox 'From a@example.org Sun Mar  1 10:00:00 2026\nSubject: a\n\nFrom here on\n'
deposit bom '\0357\0273\0277Subject: a\n\nbody\n'
deposit headless 'no header at all'
deposit empty_body 'Subject: only a header\n'
deposit traced 'Received: by h with spoold id old;\n\tdate\nSubject: a\n\nb\n'
for f in "$root"/incoming/*.*[lr]; do cp "$f" "$dir/"; done
run_once
for n in plain crlf mbox bom headless empty_body traced; do
    expect_delivered $n "$dir/$n.eml"
    at=$(only "$root/outgoing/$n" .hdr) || fail "$n"
    cmp -s "$at.hdr" "$dir/$n.hdr" || fail "$n: the .hdr was changed"
    [[ ${at##*/} =~ ^$n~[0-9a-z]{25}$ ]] || fail "$n: name ${at##*/}"
    [ "$(stat -c %a "$at.eml" "$at.hdr" | sort -u)" = 640 ] || fail "$n: modes $(stat -c %a "$at.eml" "$at.hdr")"
    trace=$(grep -a -A 1 -m 1 'with spoold id' "$at.eml" | tr -d '\r')
    grep -aq "X-Spoold-Id: ${at##*/}" "$at.eml" || fail "$n: no X-Spoold-Id"
    [[ $trace =~ Received:\ by\ [^\ ]+\ with\ spoold\ id\ ${at##*/}\;$'\n\t'[A-Z][a-z]{2},\ [0-9]+\ [A-Z][a-z]{2}\ [0-9:\ ]+\ \+0000$ ]] ||
        fail "$n: trace field: $trace"
done
[ "$(head -c 3 "$root"/outgoing/bom~*.eml)" = $'\xef\xbb\xbf' ] || fail "bom: not at the start any more"
[ "$(head -n 1 "$root"/outgoing/mbox~*.eml)" = "$(head -n 1 "$dir/mbox.eml")" ] || fail "mbox: line 1 is another"
[ "$(sed -n '1,3{/\r$/!p}' "$root"/outgoing/crlf~*.eml)" = "" ] || fail "crlf: the trace field ends in LF"
expect_empty "$root/incoming" "$root/proc" "$root/quarantine/failed"
[ "$(events accepted)" = 7 ] && [ "$(events delivered)" = 7 ] || fail "journal: $(cat "$root"/state/journal/*)"
