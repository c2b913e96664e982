# postfix.bash - a Postfix of the test's own on loopback, before and behind spoold, as docs/postfix.md says.
# Sourced after lib.bash. $in is the port where mail goes in, $back the one where spoold hands it back; mails end in
# $dir/mail/box/new. start_postfix after make_spool.
# shellcheck shell=bash disable=SC2034,SC2154
need_root "a Postfix is started"
need python3 postfix
id postfix > /dev/null 2>&1 || skip "there is no user postfix"
in=$((20000 + RANDOM % 20000)) back=$((40001 + RANDOM % 20000))
settings+=("intake main.deliver=smtp:127.0.0.1:$back" deliver.tls=no deliver.retry_first=300ms deliver.retry_longest=1s
    spool.rescan=500ms "spool.drop_group=nogroup")
conf=$dir/etc queue=$dir/queue
stop_postfix() { [ -s "$queue/pid/master.pid" ] && postfix -c "$conf" stop > /dev/null 2>&1; }
trap 'stop_postfix; clean_up' EXIT
mkdir -p "$conf" "$queue" "$dir/data" "$dir/mail" && chown postfix "$dir/data" "$dir/mail" || fail "folders"
block() { sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/p" "$here/../../docs/postfix.md" | sed '1d;$d'; }
drop="$bin/spooldrop -o paths.root=$root -o antivirus.clamav=no"
cat > "$conf/main.cf" << CF
compatibility_level = 3.6
queue_directory = $queue
data_directory = $dir/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
myhostname = mx.example.org
mydestination =
alias_maps =
local_recipient_maps =
disable_dns_lookups = yes
smtp_dns_support_level = disabled
local_header_rewrite_clients =
smtpd_peername_lookup = no
in_flow_delay = 0
smtpd_client_connection_count_limit = 0
maillog_file = $dir/maillog
maillog_file_prefixes = $dir
virtual_transport = virtual
virtual_mailbox_domains = example.org example.net
virtual_mailbox_base = $dir/mail
virtual_mailbox_maps = static:box/
virtual_uid_maps = static:$(id -u postfix)
virtual_gid_maps = static:$(id -g postfix)
queue_run_delay = 2s
minimal_backoff_time = 2s
maximal_backoff_time = 3s
$(block main.cf)
CF
cat > "$conf/master.cf" << CF
127.0.0.1:$in inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 2 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
$(block master.cf | sed "s|/usr/local/bin/spooldrop|$drop|; s|^127.0.0.1:10026|127.0.0.1:$back|; s|user=nobody:spooldrop|user=nobody:nogroup|")
CF

start_postfix() {
    chgrp nogroup "$root/incoming"
    postfix -c "$conf" start > "$dir/postfix.out" 2>&1 || fail "Postfix does not start: $(tail -n 3 "$dir/postfix.out" "$dir/maillog" 2> /dev/null)"
    wait_until 15 "Postfix listens" bash -c "exec 3<> /dev/tcp/127.0.0.1/$in"
}
# reconfigure SED-SCRIPT: changes master.cf.
reconfigure() { sed -i "$1" "$conf/master.cf" && postfix -c "$conf" reload > /dev/null 2>&1; }
arrived() { count "$dir/mail/box/new/*"; }
has_arrived() { [ "$(arrived)" -ge "$1" ]; }
