#!/bin/bash
# The antivirus samples of the corpus by `spoolctl check`: verdicts as the corpus expects of libclamav, no infected one
# clean where encryption, a limit or a missing unpacker was the reason, no clean twin infected; the exit code tells.
. "$(dirname "$0")/lib.bash"
corpus=${SPOOLD_CORPUS:-$here/../../../shared/corpus}/av
[ -r "$corpus/samples.tar.xz" ] || skip "there is no corpus; name its folder in SPOOLD_CORPUS"
need tar xz python3
av=on signatures=$corpus/sigdb
tar -xJf "$corpus/samples.tar.xz" -C "$dir" || fail "the samples cannot be unpacked"
cd "$dir" || exit 1
spoolctl check --json gen/* clam/* > "$dir/said" 2> "$dir/err"
[ $? = 1 ] || fail "exit code: there are findings ($(cat "$dir/err"))"
[ ! -s "$dir/err" ] || fail "something was said: $(cat "$dir/err")"
python3 - "$corpus/expected.tsv" "$dir/said" << 'END' || fail "verdicts"
import csv, json, sys
said = {}
for line in open(sys.argv[2]):
    o = json.loads(line)
    assert o["v"] == 1 and len(o["sha256"]) == 64, line
    said[o["file"]] = (o["virus"], o["sha256"])
# libclamav's mail parser passes over these; ours finds two, and says of the last that it is cut off.
bad = n = 0
for row in csv.DictReader(open(sys.argv[1]), delimiter="\t"):
    name, truth, expected = row["file"], row["truth"], row["libclamav_alert_encrypted_and_exceeds_max"] or row["libclamav_default"]
    if name not in said:
        if not name.startswith("phish/"):
            print("not examined:", name); bad += 1
        continue
    n += 1
    virus, digest = said[name]
    why = None
    if digest != row["sha256"]:
        why = "other bytes"
    elif expected.startswith("Heuristics.Encrypted"):
        if virus["state"] != "unexamined" or virus["why"] != "encrypted": why = "is encrypted"
    elif expected.startswith("Heuristics.Limits"):
        if virus["state"] != "unexamined" or virus["why"] != "limit": why = "is beyond a limit"
    elif expected != "-":
        if virus["state"] != "infected" or virus["name"].removesuffix(".UNOFFICIAL") != expected.removesuffix(".UNOFFICIAL"): why = "expected " + expected
    elif truth.startswith("clean"):
        if virus["state"] == "infected": why = "a false alarm"
    elif virus["state"] == "clean":
        why = "infected and called clean"
    if why:
        print(name + ":", why, virus); bad += 1
print(n, "samples,", bad, "wrong")
sys.exit(bad > 0 or n < 100)
END
mkdir "$dir/clean" && printf 'Subject: hello\n\nhello\n' > "$dir/clean/a"
spoolctl check clean/a > "$dir/out" 2>&1 || fail "exit code of a clean one: $(cat "$dir/out")"
[ "$(cat "$dir/out")" = "clean/a: clean" ] || fail "$(cat "$dir/out")"
eicar | spoolctl check - > "$dir/out" 2>&1
[ $? = 1 ] && grep -q ': infected: Eicar-Test-Signature' "$dir/out" || fail "standard input: $(cat "$dir/out")"
spoolctl check nothing > "$dir/out" 2>&1 && fail "a file that is not there is no success"
pgrep -f "$dir" > /dev/null && fail "processes are left: $(pgrep -af "$dir")"
true
