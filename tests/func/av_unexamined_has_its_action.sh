#!/bin/bash
# What cannot be examined is never called clean: encrypted archives are tagged, what goes beyond a limit and what is
# ambiguous is quarantined with its reason, and the settings change that.
. "$(dirname "$0")/lib.bash"
need zip python3
av=on
make_spool
start_spoold
eicar > "$dir/e.com"
(cd "$dir" && zip -q -P secret enc.zip e.com && head -c 3000000 /dev/zero > zeros && zip -q big.zip zeros)
python3 - "$dir/lzma.zip" "$dir/e.com" << 'END'
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_LZMA) as z: z.write(sys.argv[2], 'e.com')
END
for k in enc lzma big; do attach "$dir/$k.zip" $k.zip > "$dir/$k"; done
printf 'Subject: part\nMIME-Version: 1.0\nContent-Type: message/partial; id="x@example.org"; number=1; total=2\n\nSubject: inner\n\nhello\n' > "$dir/partial"
one_round() {
    round=$1
    for k in enc lzma big partial; do deposit_file $1$k "$dir/$k"; done
    wait_until 20 "all four are done" eval '[ $(($(count "$root/outgoing/$round*.hdr") + $(count "$root/quarantine/*/$round*.hdr"))) = 4 ]'
}
tagged() { wait_delivered $1 && grep -q "^X-Spoold-Virus: unexamined; $2; TEST" "$(only "$root/outgoing/$1" .hdr).eml" || fail "$1 is not tagged $2"; }
kept() { quarantined policy $1 && grep -q "\"why\":\"$2\"" "$(only "$root/quarantine/policy/$1" .hdr).json" || fail "$1 is not in quarantine/policy because of $2"; }
one_round a
tagged aenc encrypted
tagged alzma no-unpacker
wait_delivered abig
grep -q '^X-Spoold-Virus: clean' "$(only "$root/outgoing/abig" .hdr).eml" || fail "what is within the limits is clean"
kept apartial ambiguous
stop_spoold
settings=(antivirus.encrypted_action=quarantine antivirus.no_unpacker_action=quarantine antivirus.file_size=1M antivirus.ambiguous_action=tag)
start_spoold
one_round b
kept benc encrypted
kept blzma no-unpacker
kept bbig limit
tagged bpartial 'ambiguous.*'
expect_balanced
stop_spoold
