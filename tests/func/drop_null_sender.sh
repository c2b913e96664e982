#!/bin/bash
# The null reverse-path, as -f "" or as -f "<>", becomes an empty second line.
set -u
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/incoming"
for sender in "" "<>"; do
    echo hello | "$BUILD/spooldrop" -o paths.root="$dir" -f "$sender" b@example.net || exit 1
    [ "$(sed -n '2p' "$dir"/incoming/*.hdr)" = "" ] || exit 1
    [ "$(sed -n '3p' "$dir"/incoming/*.hdr)" = "b@example.net" ] || exit 1
    rm "$dir"/incoming/*
done
