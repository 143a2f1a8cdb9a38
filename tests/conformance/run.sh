#!/bin/bash
# Every connector and format through one suite, and the files from the wild.  README.md has the parts.
#
#   tests/conformance/run.sh [PART...]      types unnest carry expected files threads
#
# CONFORMANCE_SEED: first seed of the generated texts (default: of the clock; it is printed).
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
: "${WEIR_ROOT:=$(cd "$here/../.." && pwd)}" "${WEIR_BUILD:=$WEIR_ROOT/build}"
: "${WEIR:=$WEIR_BUILD/weir}" "${WEIR_CORPUS:=$WEIR_ROOT/../shared/corpus}"
export WEIR WEIR_ROOT WEIR_CORPUS WEIR_JOBS=${JOBS:-2} LC_ALL=C.UTF-8 TZ=UTC
programs=$WEIR_BUILD/tests/conformance
parts=${*:-types unnest carry expected files threads}

# Thousands of small runs: in memory where there is room, since no case is about what a disk keeps.
if [ -z "${TMPDIR-}" ] && [ "$(df -Pk /dev/shm 2>/dev/null | awk 'END { print $4 + 0 }')" -gt 262144 ] &&
    [ -w /dev/shm ]; then
    export TMPDIR=/dev/shm
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# Built with a sanitizer the program takes more time, and its memory says nothing.
sanitized=
grep -qs '^WEIR_SANITIZE:[A-Z]*=.' "$WEIR_BUILD/CMakeCache.txt" && sanitized=1
if [ -n "$sanitized" ]; then
    export WEIR_MEMORY_KIB=0 WEIR_TIMEOUT_S=60
else
    export WEIR_MEMORY_KIB=$((256 * 1024)) WEIR_TIMEOUT_S=20
fi

driver() { # NAME ARGUMENTS...: a program of this folder
    local name=$1 code
    shift
    if [ ! -x "$programs/$name" ]; then
        echo "not ok $name: it is not built; make tests"
        return
    fi
    "$programs/$name" "$@"
    code=$?
    [ $code = 0 ] || echo "not ok $name: ended with exit code $code"
}

# Files below the corpus's folders, in the order of their names, to `driver $1 $2 ...`.
each_file() {
    local folders=()
    while [ "$1" != -- ]; do folders+=("$WEIR_CORPUS/$1"); shift; done
    shift
    find "${folders[@]}" -path '*/csv*/json/*' -prune -o -type f -print0 | sort -z >"$work/list"
    # Of the long list a sanitized short run takes every third file: each part of the code is
    # reached, and the unsanitized run takes all.
    if [ -n "$sanitized" ] && [ "${WEIR_TEST_LEVEL:-short}" != soak ] && [ "$1" = check_files ]; then
        awk 'BEGIN { RS = ORS = "\0" } NR % 3 == 0' "$work/list" >"$work/third"
        mv "$work/third" "$work/list"
    fi
    mapfile -d '' files <"$work/list"
    if [ ${#files[@]} -lt 20 ]; then
        echo "not ok $1: only ${#files[@]} files in ${folders[*]}"
        return
    fi
    driver "$@" "${files[@]}"
}

has_corpus() { # NAME
    [ -d "$WEIR_CORPUS/csv" ] && [ -d "$WEIR_CORPUS/json" ] && return 0
    echo "skip $1: no corpus"
    return 1
}

for part in $parts; do
    mkdir -p "$work/$part"
    case $part in
    types) "$here/roundtrip.sh" ;;
    unnest) "$here/unnest.sh" ;;
    carry) "$here/carry.sh" ;;
    expected)
        has_corpus expected &&
            each_file csv/csv-spectrum csv/csv-test-data json/JSONTestSuite json/jsonchecker -- \
                check_expected "$work/$part" "$here/decided.txt"
        ;;
    files)
        for kind in csv json; do
            mkdir -p "$work/$part/$kind"
            has_corpus "files/$kind" && each_file "$kind" -- check_files "$work/$part/$kind" "$kind"
        done
        ;;
    threads)
        count=300
        [ -n "$sanitized" ] && count=100
        [ "${WEIR_TEST_LEVEL:-short}" = soak ] && count=$((count * 50))
        seed=${CONFORMANCE_SEED:-$(date +%s)}
        echo "CONFORMANCE_SEED=$seed"
        driver check_threads "$work/$part" "$seed" "$count"
        ;;
    *)
        echo "not ok $part: there is no such part"
        ;;
    esac
done
exit 0
