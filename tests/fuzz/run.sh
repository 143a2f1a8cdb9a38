#!/bin/bash
# Runs each fuzz target over its kept inputs: tests/fuzz/corpus/NAME/* for fuzz_NAME.c.  What once
# crashed a target is kept there, so it is tried by every build.
set -u
cd "$WEIR_ROOT/tests/fuzz" || exit 1
for source in fuzz_*.c; do
    [ -e "$source" ] || { echo "skip fuzz: no fuzz target yet"; exit 0; }
    name=${source%.c}
    program=$WEIR_BUILD/tests/fuzz/$name
    [ -x "$program" ] || { echo "not ok $name: not built"; continue; }
    for input in corpus/"${name#fuzz_}"/*; do
        [ -f "$input" ] || { echo "not ok $name: no input in tests/fuzz/corpus/${name#fuzz_}"; continue; }
        if out=$(timeout 60 "$program" "$input" 2>&1); then
            echo "ok $name: ${input##*/}"
        else
            echo "not ok $name: ${input##*/}: exit code $?"
            tail -n 20 <<<"$out"
        fi
    done
done
