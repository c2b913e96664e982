#!/bin/sh
# run.sh - starts spoold in the foreground on ./spool with the sample configuration, and says how to try it.
set -eu
b=${1:-build}
cat <<EOT
drop a message:   printf 'Subject: hello\\n\\nHello.\\n' | $b/spooldrop -c etc/run.ini -f you@example.org friend@example.net
it will appear:   in spool/outgoing, as NAME~ID.eml and NAME~ID.hdr (one that may not pass: in spool/quarantine/CLASS)
look at it:       $b/spoolctl -c etc/run.ini status | queue | history | show ID | audit        stop spoold: Ctrl-C
EOT
exec "$b/spoold" -c etc/run.ini
