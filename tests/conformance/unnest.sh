#!/bin/bash
# Each type: NDJSON -> filter -> unnest -> rejects -> NDJSON, with equal values.
#
#   tests/conformance/unnest.sh
#
# The rows of types/NAME.csv (or .ndjson) become NDJSON; of these are made records that hold one row as a struct
# and all rows as a list of structs, some of them marked as not ok, and every third record marked to be left out. What comes
# out must be the very texts that went in; each item that is not ok is a reject with its number in the address and the whole
# record as its raw form; and a replay under a milder rule loads those items and no others.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
: "${WEIR_ROOT:=$(cd "$here/../.." && pwd)}" "${WEIR:=$WEIR_ROOT/build/weir}"
export LC_ALL=C.UTF-8 TZ=UTC
types=$here/types
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

weir() { timeout --kill-after=5 60 "$WEIR" "$@"; }

# columns CASE SEPARATOR: "a int64, b string" or lines of YAML
members() { sed -E 's/^([a-z0-9_]+): (.*[^!])!?$/\1 \2/' "$types/$1.columns" | paste -sd, | sed 's/,\([a-z0-9_]* \)/, \1/g'; }

# records of rows.ndjson, and what must come of them, by texts alone: nothing here reads a value
make() { # RECORDS WANTED LATER ADDRESSES
    awk -v records="$1" -v wanted="$2" -v later="$3" -v addresses="$4" '
        { row[NR] = $0; inner[NR] = substr($0, 2, length($0) - 2) }
        END {
            at = 0
            for (g = 1; g <= NR; g++) {
                keep = g % 3 != 0
                text = sprintf("{\"grp\":%d,\"keep\":%s,\"o\":%s,\"rows\":[", g, keep ? "true" : "false", row[g])
                for (k = 1; k <= NR; k++) {
                    ok = (g + k) % 4 != 0
                    text = text (k > 1 ? "," : "") sprintf("{\"ok\":%s,%s}", ok ? "true" : "false", inner[k])
                    line = sprintf("{\"grp\":%d,\"o\":%s,\"n\":%d,%s}", g, row[g], k, inner[k])
                    if (keep && ok) print line > wanted
                    if (keep && !ok) print line > later
                    if (keep && !ok) print "records.ndjson:" g ":" at "#" k > addresses
                }
                text = text "]}"
                print text > records
                at += length(text) + 1
            }
        }' rows.ndjson
}

one() { # CASE THREADS
    local case=$1 threads=$2 kind=csv name="unnest/$1/$2"
    [ -f "$types/$case.ndjson" ] && kind=ndjson
    {
        printf 'name: rows\nsource:\n  path: %s\n  columns:\n' "$types/$case.$kind"
        sed -E 's/^([a-z0-9_]+): (.*)$/    \1: "\2"/' "$types/$case.columns"
        printf 'sink: { path: rows.ndjson, order: keep }\n'
    } >rows.yaml
    weir run -q rows.yaml >log 2>&1 || { echo "not ok $name: the rows: $(tail -n 1 log)"; return; }
    # offsets in bytes, not characters
    LC_ALL=C make records.ndjson wanted later addresses
    cat >unnest.yaml <<END
weir: 1
name: unnest
source:
  path: records.ndjson
  columns:
    grp: int64
    keep: bool
    o: "struct<$(members "$case")>"
    rows: "list<struct<ok bool, $(members "$case")>>"
transform:
  - filter: keep
  - unnest: { field: rows, fields: true, index: n }
  - validate:
      - { check: ok, name: mark }
  - drop: [keep, ok]
rejects: { max_ratio: 100% }
limits: { threads: $threads }
sink: { path: "out-{run_id}.ndjson", order: keep }
END
    weir run -q unnest.yaml >log 2>&1 || { echo "not ok $name: $(tail -n 1 log)"; return; }
    cat out-*.ndjson >out
    if ! cmp -s wanted out; then
        echo "not ok $name: other values come out"
        diff -a wanted out | head -n 10
        return
    fi
    # through weir, so that the raw forms are read as they were written
    cat .weir/rejects/*/unnest.csv >rejects.csv
    printf 'name: look\nsource: { path: rejects.csv, infer: none }\ntransform: [ { select: [address, raw] } ]\nsink: { path: look.ndjson, order: keep }\n' >look.yaml
    weir run -q look.yaml >log 2>&1 || { echo "not ok $name: the rejects: $(tail -n 1 log)"; return; }
    sed -E 's/^\{"address":"([^"]*)".*/\1/' look.ndjson | diff -a addresses - >log ||
        { echo "not ok $name: other addresses"; head -n 5 log; return; }
    sed -E 's/^records.ndjson:([0-9]+):.*/\1/' addresses | while read -r line; do sed -n "${line}p" records.ndjson; done >raw.want
    sed -E 's/^\{"address":"[^"]*","raw":(.*)\}$/\1/' look.ndjson >raw.quoted
    # a JSON text of each record: quoted once more
    sed -E 's/[\\"]/\\&/g; s/^/"/; s/$/"/' raw.want | cmp -s - raw.quoted ||
        { echo "not ok $name: the raw form is not the record"; return; }
    sed -i '/validate:/d; /check: ok/d' unnest.yaml
    weir rejects replay -q unnest.yaml >log 2>&1 || { echo "not ok $name: replay: $(tail -n 1 log)"; return; }
    cat out-*.ndjson | sort >out
    cat wanted later | sort >all
    if cmp -s all out; then
        echo "ok $name"
    else
        echo "not ok $name: the replay loads something else"
        diff -a all out | head -n 10
    fi
}

number=0
for file in "$types"/*.columns; do
    case=$(basename "$file" .columns)
    case $case in *.csv) continue ;; esac
    for threads in 1 7; do
        mkdir "$work/$((++number))" && cd "$work/$number" || exit 1
        one "$case" "$threads"
    done
done
