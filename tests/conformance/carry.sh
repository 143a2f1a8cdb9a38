#!/bin/bash
# Each type through the operators that copy values: map (as the value that is taken, and as the key), fill, and route.
#
#   tests/conformance/carry.sh
#
# The rows of types/NAME.csv (or .ndjson) become NDJSON, each with a number of its own. What comes out must be the very
# texts that went in, with one thread and with seven.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
: "${WEIR_ROOT:=$(cd "$here/../.." && pwd)}" "${WEIR:=$WEIR_ROOT/build/weir}"
export LC_ALL=C.UTF-8 TZ=UTC
types=$here/types
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

weir() { timeout --kill-after=5 60 "$WEIR" "$@"; }

names() { sed -E 's/^([a-z0-9_]+): .*/\1/' "$types/$1.columns" | paste -sd, ; }
# columns of the type file, none of them required, and the row's number
columns() { echo 'grp: int64'; sed -E 's/^([a-z0-9_]+): (.*[^!])!?$/\1: "\2"/' "$types/$1.columns"; }

pipeline() { # NAME PATH: its transform and sinks come from standard input
    printf 'name: %s\nlimits: { threads: %s }\nsource:\n  path: %s\n  chunk: 1KiB\n  columns:\n' "$1" "$threads" "$2"
    columns "$case" | sed 's/^/    /'
    cat
}

run() { # NAME: what stands in NAME.yaml
    weir run -q "$1.yaml" >log 2>&1 || { echo "not ok $name: $1: $(tail -n 1 log)"; return 1; }
}

same() { # WANTED GOT WHAT
    cmp -s "$1" "$2" && return
    echo "not ok $name: $3: other values come out"
    diff -a "$1" "$2" | head -n 10
    return 1
}

# Values as keys: a column is looked up in a file of its own values. Equal values have one row there.
as_key() { # COLUMN TYPE
    local column=$1
    case $2 in json | map* ) return ;; esac # have no equality
    printf 'name: keys\nsource:\n  path: lines.ndjson\n  columns: { grp: int64, %s: "%s" }\ntransform:\n' "$column" "$2"
    printf '  - map: { field: %s, from: { path: lines.ndjson, columns: { grp: int64, %s: "%s" } }, take: grp, to: found, duplicates: first }\n' "$column" "$column" "$2"
    printf '  - map: { field: found, from: { path: lines.ndjson, columns: { grp: int64, %s: "%s" } }, key: grp, take: %s, to: back, missing: "null" }\n' "$column" "$2" "$column"
    printf '  - select: [grp, back]\n  - rename: { back: %s }\nsink: { path: keys.out, format: ndjson, mode: replace, order: keep }\n' "$column"
}

one() { # CASE THREADS
    case=$1 threads=$2 name="carry/$1/$2"
    local kind=csv names column type
    names=$(names "$case")
    [ -f "$types/$case.ndjson" ] && kind=ndjson
    {
        printf 'name: rows\nsource:\n  path: %s\n  columns:\n' "$types/$case.$kind"
        sed -E 's/^([a-z0-9_]+): (.*)$/    \1: "\2"/' "$types/$case.columns"
        printf 'sink: { path: rows.ndjson, order: keep }\n'
    } >rows.yaml
    run rows || return
    # lines.ndjson: 40 times all rows; halves.ndjson: behind each row one that has its number alone
    awk '{ row[NR] = substr($0, 2) }
        END {
            for (i = 0; i < 40 * NR; i++) {
                line = "{\"grp\":" i "," row[i % NR + 1]
                print line > "lines.ndjson"; print line > "halves.ndjson"; print "{\"grp\":" i "}" > "halves.ndjson"
                print line > "filled"; print line > "filled"
                print line > (i % 3 ? "two.want" : "one.want")
            }
        }' rows.ndjson
    pipeline map lines.ndjson >map.yaml <<END
transform:
  - select: [grp]
  - map: { field: grp, from: { path: lines.ndjson, columns: { $(columns "$case" | paste -sd, | sed 's/,\([a-z0-9_]*: "\)/, \1/g') } }, take: [$names] }
sink: { path: map.ndjson, order: keep }
END
    pipeline fill halves.ndjson >fill.yaml <<END
transform: [ { fill: { field: [$names], method: forward, by: [grp] } } ]
sink: { path: fill.ndjson, order: keep }
END
    pipeline route lines.ndjson >route.yaml <<END
route:
  - { name: one, when: grp % 3 = 0, sink: { path: one.ndjson, order: keep } }
  - { name: two, sink: { path: two.ndjson, order: keep } }
END
    run map && same lines.ndjson map.ndjson map || return
    run fill && same filled fill.ndjson fill || return
    run route && same one.want one.ndjson route && same two.want two.ndjson route || return
    while IFS=: read -r column type; do
        type=$(sed 's/^ "//; s/"$//' <<<"$type")
        [ "$column" != grp ] || continue
        as_key "$column" "$type" >keys.yaml
        [ -s keys.yaml ] || continue
        printf 'name: only\nsource:\n  path: lines.ndjson\n  columns: { grp: int64, %s: "%s" }\ntransform: [ { select: [grp, %s] } ]\nsink: { path: only.out, format: ndjson, mode: replace, order: keep }\n' \
            "$column" "$type" "$column" >only.yaml
        run keys && run only || return
        sed -i 's/:-0}/:0}/' only.out keys.out # are equal, so that the first of them is found
        same only.out keys.out "$column as a key" || return
    done < <(columns "$case")
    echo "ok $name"
}

number=0
for file in "$types"/*.columns; do
    case=$(basename "$file" .columns)
    # special: NaN and infinity, which JSON does not have (roundtrip.sh shows what becomes of them)
    case $case in *.csv | special) continue ;; esac
    for threads in 1 7; do
        mkdir "$work/$((++number))" && cd "$work/$number" || exit 1
        one "$case" "$threads"
    done
done
