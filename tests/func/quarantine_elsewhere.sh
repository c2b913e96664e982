#!/bin/bash
# Quarantine on a file system of its own: release in part, release and delete work there as well.
. "$(dirname "$0")/lib.bash"
need_fates
own_mounts
make_spool
mount -t tmpfs -o size=4m,mode=755 none "$root/quarantine" 2> /dev/null || skip "mount is not allowed here"
mounts+=("$root/quarantine")
chown --reference="$root/proc" "$root/quarantine"
rcpt=ann@example.net,bob@example.net
deposit m "$body" 'x-spoold-test: q-virus\n'
deposit n "$body" 'x-spoold-test: q-virus\n'
run_once
text > "$dir/body"
start_spoold
at=$(only "$root/quarantine/virus/m" .hdr) && id=${at##*/} || fail "no entry"
spoolctl quarantine release m --rcpt bob@example.net > /dev/null || fail "release in part"
spoolctl quarantine release m > /dev/null || fail "release"
spoolctl quarantine delete n > /dev/null || fail "delete"
cmp "$root/outgoing/$id.r.eml" "$dir/body" && cmp "$root/outgoing/$id.r2.eml" "$dir/body" || fail "other bytes"
[ "$(sed -n 3p "$root/outgoing/$id.r.hdr") $(sed -n 3p "$root/outgoing/$id.r2.hdr")" = "bob@example.net ann@example.net" ] || fail "envelopes"
has 0 "$root/quarantine/virus/n*" || fail "not deleted"
expect_empty "$root/proc"
expect_balanced
stop_spoold
