#!/bin/bash
# Compiles the small tools, fetches the peers, makes the data.  What is there already stays.
set -euo pipefail
. "$(dirname "$0")/env.sh"

# DuckDB: the newest library when this was written, with the header of an older release of the same
# stable interface.  Pinned by version and by sum.
library=@duckdb/node-bindings-linux-x64@1.5.6-r.1
library_sum=3f4962cdd266eab2b479a5b5a4a6d063d279b2954ae814ed00385d553b747633
header=duckdb@1.4.4
header_sum=cbe6a827284375c5a646b8f27dbd3a00808ce8738b5bbb49c190cb1e08540281

if [ "$(uname -m)" != x86_64 ]; then
    echo "bench: no DuckDB is pinned for $(uname -m); the comparison runs on x86_64" >&2
    exit 1
fi
check() { printf '%s  %s\n' "$2" "$1" | sha256sum --status -c - 2>/dev/null; }
if ! check "$BENCH_PEERS/libduckdb.so" $library_sum || ! check "$BENCH_PEERS/duckdb.h" $header_sum; then
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    (
        cd "$work"
        npm pack --silent $library $header >/dev/null
        tar -xzf duckdb-node-bindings-linux-x64-*.tgz --strip-components=1 package/libduckdb.so
        tar -xzf duckdb-1.4.4.tgz --strip-components=5 package/src/duckdb/src/include/duckdb.h
    )
    check "$work/libduckdb.so" $library_sum || { echo "bench: libduckdb.so is not the pinned file" >&2; exit 1; }
    check "$work/duckdb.h" $header_sum || { echo "bench: duckdb.h is not the pinned file" >&2; exit 1; }
    mv "$work/libduckdb.so" "$work/duckdb.h" "$BENCH_PEERS/"
fi

newer() { [ ! -x "$BENCH_BIN/$1" ] || [ "$2" -nt "$BENCH_BIN/$1" ]; }
compile() { # compile NAME SOURCE FLAGS...
    local name=$1 source=$2
    shift 2
    if newer "$name" "$source"; then gcc -std=gnu17 -O2 -Wall -Wextra -o "$BENCH_BIN/$name" "$source" "$@"; fi
}
compile gen_orders "$BENCH/gen/gen_orders.c"
compile measure "$BENCH/tools/measure.c"
compile ducksql "$BENCH/tools/ducksql.c" -Wno-deprecated-declarations -I"$BENCH_PEERS" -L"$BENCH_PEERS" -lduckdb \
    -Wl,-rpath,"$BENCH_PEERS"

# make_data NAME ROWS FORMATS OPTIONS...: written beside and renamed, so that half a file is never used.
make_data() {
    local path=$BENCH_DATA/$1_$2 rows=$2 formats=$3 csv=- json=
    shift 3
    case $formats in *csv*) [ -s "$path.csv" ] || csv=$path.csv.tmp ;; esac
    case $formats in *ndjson*) [ -s "$path.ndjson" ] || json=$path.ndjson.tmp ;; esac
    if [ "$csv" = - ] && [ -z "$json" ]; then return; fi
    "$BENCH_BIN/gen_orders" "$rows" "$csv" ${json:+"$json"} "$@" 2>/dev/null
    [ "$csv" = - ] || mv "$csv" "$path.csv"
    [ -z "$json" ] || mv "$json" "$path.ndjson"
}
make_data orders "$BENCH_ROWS" csv
make_data clean "$BENCH_SMALL" csv,ndjson --bad 0
