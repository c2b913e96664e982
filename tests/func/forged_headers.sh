#!/bin/bash
# Fields that pretend to be spoold's are gone from what is published, in whatever spelling; nothing else is.
. "$(dirname "$0")/lib.bash"
make_spool
deposit plain 'Subject: a\nX-Spoold-Id: forged\nTo: b\n\nbody\n'
deposit kept 'Subject: a\nTo: b\n\nX-Spoold-Id: this is text\n'
deposit spelled 'x-sPOOLD-status : clean\r\n\tand more\r\nSubject: a\r\nX-SPOOLD-Virus:\r\n none\r\n\r\nbody\r\n'
deposit folded 'Subject: a\n X-Spoold-Id: this belongs to the subject\nX-Spoold-Level: 0\n  X-Spoold-Id: x\n\nbody\n'
deposit early 'X-Spoold-Id: forged\nTo: b\n'
deposit many "$(for i in {1..500}; do printf 'X-Spoold-%d: %d\\n' "$i" "$i"; done)Subject: a\n\nbody\n"
run_once
publishes() {
    local at
    at=$(only "$root/outgoing/$1" .hdr) || fail "$1 is not delivered"
    cmp -s <(without_trace "$at.eml") <(printf '%b' "$2") || fail "$1: $(without_trace "$at.eml" | head -c 300)"
    [ "$(sed '/^\r*$/q' "$at.eml" | grep -aic '^X-Spoold-')" = 1 ] || fail "$1: $(head -n 20 "$at.eml")"
}
publishes plain 'Subject: a\nTo: b\n\nbody\n'
publishes kept 'Subject: a\nTo: b\n\nX-Spoold-Id: this is text\n'
publishes spelled 'Subject: a\r\n\r\nbody\r\n'
publishes folded 'Subject: a\n X-Spoold-Id: this belongs to the subject\n\nbody\n'
publishes early 'To: b\n'
publishes many 'Subject: a\n\nbody\n'
