#!/bin/bash
# The settings in force stand in state/config, private, durable before they are in force, under a hash that a list
# file alone changes. Where they cannot be written spoold does not start, and a reload is refused with an alarm.
. "$(dirname "$0")/lib.bash"
need strace
ini=$dir/spoold.ini
kept=$root/state/config
mkdir "$dir/lists"
echo '192.0.2.1' > "$dir/lists/black"
printf '[lists]\nblacklist = @lists/black\n' > "$ini"
hash_of() { grep -o "event=$1 .*config=[0-9a-f]*" "$log" | tail -n 1 | grep -o '[0-9a-f]*$'; }
reload() { # how often it was said before
    kill -HUP "$pid"
    wait_until 5 "$1" eval "[ \$(grep -c 'event=reload' '$log') -gt $2 ]"
}
start_spoold -c "$ini"
first=$(hash_of started)
[ ${#first} = 32 ] && [ "$(ls -A "$kept")" = "$first.ini" ] || fail "hash $first, state/config holds $(ls -A "$kept")"
[ "$(stat -c %a "$kept" "$kept/$first.ini" | tr '\n' ' ')" = "700 600 " ] || fail "modes: $(stat -c '%a %n' "$kept" "$kept"/*)"
[ "$(stat -c %U "$kept/$first.ini")" = "$(stat -c %U "$root/proc")" ] || fail "owner: $(stat -c %U "$kept/$first.ini")"
[ "$(sha256sum "$kept/$first.ini" | cut -c 1-32)" = "$first" ] || fail "the name is not the hash of the content"
grep -qx '192.0.2.1' "$kept/$first.ini" && grep -q "^#@ main [0-9]* $ini$" "$kept/$first.ini" || fail "it holds: $(cat "$kept/$first.ini")"

# The same again, and a list file that nobody names: no other hash. A changed list file: another one.
: > "$dir/lists/other"
reload "the same settings again" 0
[ "$(hash_of reloaded)" = "$first" ] || fail "the same settings got the hash $(hash_of reloaded)"
echo '192.0.2.2' >> "$dir/lists/black"
reload "a longer list" 1
second=$(hash_of reloaded)
[ -n "$second" ] && [ "$second" != "$first" ] || fail "the list changed, the hash is $second"
[ -e "$kept/$first.ini" ] && grep -qx '192.0.2.2' "$kept/$second.ini" || fail "state/config holds: $(ls "$kept")"

# A refused one leaves nothing behind.
printf '[lists]\nblacklist = @lists/black\n[paths]\nproc = elsewhere\n' > "$ini"
reload "a fixed setting" 2
has 2 "$kept/*" || fail "state/config holds: $(ls -A "$kept")"

# It cannot be written: the reload is refused, mail flows on under the old settings, and the next one is good again.
printf '[lists]\nblacklist = @lists/black\n[spool]\nmax_held = 77\n' > "$ini"
chmod 500 "$kept"
reload "an unwritable folder" 3
expect_log 'event=reload_refused state/config/[0-9a-f]*.ini cannot be written: Permission denied'
spoolctl status | grep -q 'ALARM.*state/config/.*cannot be written' || fail "no alarm: $(spoolctl status)"
deposit one "$body"
wait_delivered one
chmod 700 "$kept"
reload "a writable one" 4
has 3 "$kept/*" || fail "state/config holds: $(ls -A "$kept")"
wait_until 5 "the alarm is over" eval '! spoolctl status | grep -q "ALARM.*state/config"'
third=$(hash_of reloaded)
stop_spoold

# At the start, too. A damaged one is written again; the order is file, rename, folder.
rm "$kept/$third.ini" && mkdir "$kept/$third.ini"
run spoold -c "$ini" --once > "$dir/said" 2>&1
rc=$?
[ $rc = 75 ] && grep -q "state/config/$third.ini.* cannot be written: Is a directory" "$dir/said" || fail "exit code $rc: $(cat "$dir/said")"
rmdir "$kept/$third.ini"
head -c 50 "$kept/$first.ini" > "$kept/$third.ini"
chmod 666 "$kept/$third.ini"
prefix=(strace -f -y -o "$dir/trace" -e trace=fsync,renameat)
run_once -c "$ini"
[ "$(sha256sum "$kept/$third.ini" | cut -c 1-32)" = "$third" ] || fail "the damaged one is still damaged"
calls=$(grep -F "$kept" "$dir/trace" | grep -o '\(fsync\|renameat\)(.*= 0$' | sed "s/([0-9]*<[^>]*$third.tmp>.*/ file/; s/([0-9]*<[^>]*config>).*/ folder/; s/(.*//" | tr '\n' ' ')
[ "$calls" = "fsync file renameat fsync folder " ] || fail "calls: $calls, $(grep -F "$kept" "$dir/trace")"
