#!/bin/bash
# SIGHUP does not end spoold: it reads its settings again and looks at its folders at once.
# SIGPIPE and SIGIO do not end it either.
. "$(dirname "$0")/lib.bash"
settings=(spool.rescan=1h)
make_spool
start_spoold
for s in HUP PIPE IO HUP; do
    kill -$s "$pid"
    sleep 0.05
    kill -0 "$pid" 2> /dev/null || fail "SIG$s ended it"
done
expect_log 'event=reloaded'
deposit after "$body"
wait_delivered after
stop_spoold
