# Where things are.  Every place is a variable: set it before, or take the default.  Sourced, not run.
BENCH=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
: "${BENCH_WORK:=$BENCH/../build/bench}" # everything that is made
mkdir -p "$BENCH_WORK"
BENCH_WORK=$(cd "$BENCH_WORK" && pwd)
: "${BENCH_DATA:=$BENCH_WORK/data}"      # data sets
: "${BENCH_OUT:=$BENCH_WORK/out}"        # what the jobs write
: "${BENCH_BIN:=$BENCH_WORK/bin}"        # our small tools, compiled
: "${BENCH_PEERS:=$BENCH_WORK/peers}"    # the peers' libraries
: "${BENCH_ROWS:=10000000}"              # rows of the large jobs
: "${BENCH_SMALL:=1000000}"              # rows of the others
: "${BENCH_RUNS:=3}"                     # counted runs, after one that is not
: "${BENCH_THREADS:=$(nproc)}"
: "${BENCH_ONLY:=}"                      # a regular expression: only jobs whose name matches
: "${WEIR:=$BENCH/../build/weir}"
mkdir -p "$BENCH_DATA" "$BENCH_OUT" "$BENCH_BIN" "$BENCH_PEERS"
export BENCH BENCH_WORK BENCH_DATA BENCH_OUT BENCH_BIN BENCH_PEERS BENCH_ROWS BENCH_SMALL BENCH_THREADS WEIR
