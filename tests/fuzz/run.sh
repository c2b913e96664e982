#!/bin/bash
# run.sh BUILD SECONDS - runs every fuzz target for so many seconds from its seeds; says runs and coverage.
# The corpus grows in build/fuzz/corpus, never in the tree. Exit 1 on the first crash, whose input is kept there.
# Whole mails are also seeded with the torture messages of SPOOLD_CORPUS, where they are.
set -u
cd "$(dirname "$0")/../.." || exit 1
build=${1:?usage: tests/fuzz/run.sh BUILD SECONDS} seconds=${2:-20} failed=0
torture=${SPOOLD_CORPUS:-../shared/corpus}/mime/mime-dev.tar.xz
mkdir -p "$build/corpus/mail"
[ ! -r "$torture" ] || [ -d "$build/torture" ] || { mkdir "$build/torture" && tar -xJf "$torture" -C "$build/torture" --strip-components 1 --wildcards 'msg/*'; }
for target in "$build"/fuzz/fuzz_*; do
    case $target in *.d) continue ;; esac
    name=${target##*/fuzz_}
    corpus=$build/corpus/$name
    mkdir -p "$corpus"
    seeds=(tests/fuzz/seeds/"$name")
    [ "$name" != mail ] || [ ! -d "$build/torture" ] || seeds+=("$build/torture")
    ASAN_OPTIONS=detect_leaks=1 "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
        -artifact_prefix="$corpus/crash-" "$corpus" "${seeds[@]}" > "$build/$name.log" 2>&1 || failed=1
    runs=$(sed -n 's/^stat::number_of_executed_units: //p' "$build/$name.log")
    cover=$(grep -o 'cov: [0-9]*' "$build/$name.log" | tail -n 1)
    [ -n "${runs:-}" ] && ! grep -q '^SUMMARY' "$build/$name.log" || { echo "FAILED $name: see $build/$name.log"; failed=1; }
    echo "fuzz $name: ${runs:-0} runs, ${cover:-no coverage}"
done
exit $failed
