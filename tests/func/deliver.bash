# deliver.bash - for tests of the hand-over to a mail server: the strict server of tests/interop as the other side.
# Sourced after lib.bash.
# shellcheck shell=bash disable=SC2034,SC2154
need python3
sink=$dir/sink
start_sink() {
    rm -f "$sink/port"
    mkdir -p "$sink"
    python3 "$here/../interop/smtp_sink.py" "$sink" "$@" > "$dir/sink.log" 2>&1 &
    sink_pid=$!
    daemons+=("$sink_pid")
    wait_until 10 "the server listens" test -s "$sink/port"
    port=$(cat "$sink/port")
}
stop_sink() { kill "$sink_pid"; wait "$sink_pid" 2> /dev/null; }
taken() { count "$sink/*.env"; }
has_taken() { [ "$(taken)" -ge "$1" ]; }
# One of the server's messages: its content or its envelope, where the envelope holds the words $1.
sink_file() { local f; f=$(grep -l -- "$1" "$sink"/*.env | head -n 1); echo "${f%.env}.$2"; }
no_violations() { [ ! -s "$sink/violations" ] || fail "the server complains: $(head -n 3 "$sink/violations")"; }
deliver_settings() {
    settings+=("intake main.deliver=${1:-smtp}:127.0.0.1:$port" deliver.tls=no deliver.retry_first=200ms
        deliver.retry_longest=1s deliver.timeout=5s spool.rescan=300ms)
}
