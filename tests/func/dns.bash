# dns.bash - a real name server (nsd) on loopback with zones made by the test; sourced behind lib.bash.
# shellcheck shell=bash
dns_port=0

# dns_zone NAME < records: the body of a zone; SOA and NS are added.
dns_zone() {
    mkdir -p "$dir/dns"
    {
        echo "\$ORIGIN $1."
        echo "\$TTL 300"
        echo "@ SOA ns hostmaster 1 3600 600 86400 60"
        echo "@ NS ns"
        echo "ns A 127.0.0.1"
        cat
    } > "$dir/dns/$1.zone"
}

# Starts it with all zones that were made; $dns_port is where it listens.
dns_start() {
    local z
    need nsd
    dns_port=$((20000 + RANDOM % 20000))
    {
        printf 'server:\n ip-address: 127.0.0.1\n port: %s\n username: ""\n chroot: ""\n' "$dns_port"
        printf ' zonesdir: "%s/dns"\n database: ""\n pidfile: "%s/dns/pid"\n logfile: "%s/dns/log"\n' "$dir" "$dir" "$dir"
        printf ' xfrdfile: ""\n zonelistfile: "%s/dns/list"\n server-count: 1\n rrl-ratelimit: 0\nremote-control:\n control-enable: no\n' "$dir"
        for z in "$dir"/dns/*.zone; do
            z=${z##*/}
            printf 'zone:\n name: %s\n zonefile: %s\n' "${z%.zone}" "$z"
        done
    } > "$dir/dns/nsd.conf"
    nsd -d -c "$dir/dns/nsd.conf" > "$dir/dns/out" 2>&1 &
    dns_pid=$!
    daemons+=("$dns_pid")
    wait_until 10 "nsd answers" dns_answers
    settings+=("dns.servers=127.0.0.1:$dns_port")
}
# A query for its first zone's SOA: an answer of any kind shows that it is up.
dns_answers() {
    python3 - "$dns_port" << 'END'
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(0.3)
s.sendto(b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x01", ("127.0.0.1", int(sys.argv[1])))
s.recv(512)
END
}
