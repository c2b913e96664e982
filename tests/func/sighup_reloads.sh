#!/bin/bash
# SIGHUP puts changed settings in force; a file with mistakes, or with a change that needs a restart, is refused as
# a whole with the reason in the log, and mail flows on under the old settings.
. "$(dirname "$0")/lib.bash"
make_spool
printf '[spool]\nrescan = 1h\n' > "$dir/spoold.ini"
start_spoold -c "$dir/spoold.ini"
printf '[spool]\nrescan = 1h\nmax_attempts = many\n' > "$dir/spoold.ini"
kill -HUP "$pid"
wait_until 5 "the mistake is named" grep -Eq 'event=reload_mistake .*spoold.ini:3:.*max_attempts' "$log"
expect_log 'event=reload_refused'
printf '[paths]\nproc = elsewhere\n' > "$dir/spoold.ini"
kill -HUP "$pid"
wait_until 5 "the fixed setting is named" grep -q 'event=reload_refused paths.proc cannot change' "$log"
deposit one "$body"
wait_delivered one
printf '[log]\nlevel = warn\n' > "$dir/spoold.ini"
kill -HUP "$pid"
sleep 0.3 # a reload to level warn says nothing that could be waited for
ln -s /nowhere "$dir/trap" && mv "$dir/trap" "$root/incoming/trap.hdr" # its report names the folder, which must outlive the old settings
wait_until 5 "the trap is reported" grep -q 'folder=incoming name="trap"' "$log"
deposit two "$body"
wait_delivered two
grep -q "id=two.*event=delivered" "$log" && fail "log.level = warn is not in force"
stop_spoold
