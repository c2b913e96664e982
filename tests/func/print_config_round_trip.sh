#!/bin/bash
# What --print-config prints is a complete configuration: read back it gives the same again, and settings given
# with -o and in the file show up in it.
. "$(dirname "$0")/lib.bash"
ini=$dir/a.ini
cat > "$ini" <<'END'
[paths]
root = "/srv/spool with blank"
[site]
hostname = "mx;1.example.org"
[spool]
rescan = 1500ms
max_bytes_in_flight = 3M
store_inline = on
[intake main]
ready = quiet:3s
[intake second]
path = in2
outlet = out2
END
"$bin/spoold" -c "$ini" -o spool.max_attempts=5 --print-config > "$dir/b.ini" || fail "exit code $?"
"$bin/spoold" -c "$dir/b.ini" --check-config > "$dir/said" 2>&1 || fail "its own output is refused: $(cat "$dir/said")"
"$bin/spoold" -c "$dir/b.ini" --print-config > "$dir/c.ini" || fail "exit code $?"
diff -u "$dir/b.ini" "$dir/c.ini" > "$dir/diff" || fail "the second time it is another: $(cat "$dir/diff")"
for line in 'root = "\?/srv/spool with blank"\?' 'hostname = "mx;1.example.org"' 'rescan = 1500ms' 'max_bytes_in_flight = 3M' \
    'store_inline = yes' 'ready = quiet:3s' '\[intake second\]' 'path = in2' 'max_attempts = 5'; do
    grep -q "^$line$" "$dir/b.ini" || fail "not in the output: $line"
done
"$bin/spoold" --print-config > "$dir/d.ini" && diff -u "$here/../../etc/spoold.ini" "$dir/d.ini" > "$dir/diff" ||
    fail "etc/spoold.ini is not what --print-config says: $(head -n 20 "$dir/diff")"
