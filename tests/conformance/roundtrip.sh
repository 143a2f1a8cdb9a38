#!/bin/bash
# Every type through every sink: what was written is read back with the declared types and must be
# the same, byte for byte.
#
#   tests/conformance/roundtrip.sh [TARGET...]
#
# types/NAME.csv (or .ndjson, for nested types) holds the values as weir writes them, NAME.columns
# their types; NAME.csv.columns those that flat targets (CSV, SQLite) can give back.  Each case goes into each target
# of the registry that the program itself lists (`weir help names`): a format or connector without
# targets here fails.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
: "${WEIR_ROOT:=$(cd "$here/../.." && pwd)}" "${WEIR:=$WEIR_ROOT/build/weir}"
export LC_ALL=C.UTF-8 TZ=UTC
types=$here/types
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

weir() { timeout --kill-after=5 60 "$WEIR" "$@"; }
registry() { weir help names | sed -n "s/^$1: *//p"; }

# Where a target cannot keep a value, the documents say what becomes of it: these rows are rejects.
# TARGET/CASE: ids, the rule, and the document.
lost() {
    case $1/$2 in
    sqlite*/special) echo "1 nan" ;;                            # docs/connectors/sqlite.md
    esac
}

# The columns of case $1 for format $2, as YAML below $3 blanks.
columns() {
    local file=$types/$1.columns
    case $2 in csv | tsv | sqlite) [ -f "$types/$1.csv.columns" ] && file=$types/$1.csv.columns ;; esac
    sed -E "s/^([a-z0-9_]+): (.*)$/$3\1: \"\2\"/" "$file"
}

# source CASE FORMAT TEXT: a source of these keys, with the types of the case
source_of() {
    printf '    source:\n%s\n      columns:\n' "$3"
    columns "$1" "$2" '        '
}

# A pipeline that writes the case into the target, and one that reads it back.  Targets are
# FORMAT, FORMAT.gz, FORMAT.zst, sqlite.MODE.
pipelines() { # CASE TARGET
    local case=$1 target=$2 mode format path column type kind=csv
    [ -f "$types/$case.ndjson" ] && kind=ndjson
    local back="    sink: { path: back.$kind, mode: replace, order: keep }"
    local from="      path: $types/$case.$kind"
    {
        printf 'name: write\nsteps:\n'
        case $target in
        sqlite.*)
            mode=${target#sqlite.}
            path="type: sqlite, path: t.db, table: t"
            # What stands in the table before must go, or be changed; but where rows are lost.
            if [ "$mode" != append ] && [ -z "$(lost "$target" "$case")" ]; then
                printf '  before:\n'
                source_of "$case" "$kind" "$from"
                printf '    transform:\n      - set:\n'
                while IFS=: read -r column type; do
                    [ "$column" = id ] || printf '          %s: "cast(null as%s)"\n' "$column" "$type"
                done <"$types/$case.columns"
                [ "$mode" = upsert ] || printf '          id: id + 1000\n'
                if [ "$mode" = upsert ]; then
                    printf '    sink: { %s, mode: upsert, key: [id] }\n' "$path"
                else
                    printf '    sink: { %s }\n' "$path"
                fi
                printf '  main:\n    needs: [before]\n'
            else
                printf '  main:\n'
            fi
            source_of "$case" "$kind" "$from"
            printf '    rejects: { max_ratio: 100%%, path: rejects.csv }\n'
            printf '    sink: { %s, mode: %s%s }\n' "$path" "$mode" \
                "$([ "$mode" = upsert ] && echo ', key: [id]')"
            ;;
        *)
            printf '  main:\n'
            source_of "$case" "$kind" "$from"
            printf '    rejects: { max_ratio: 100%%, path: rejects.csv }\n'
            printf '    sink: { path: t.%s, mode: replace, order: keep }\n' "$target"
            ;;
        esac
    } >write.yaml
    {
        printf 'name: back\nsteps:\n  main:\n'
        case $target in
        sqlite.*)
            source_of "$case" sqlite $'      type: sqlite\n      path: t.db\n      query: select * from t order by id'
            ;;
        *)
            format=${target%%.*}
            source_of "$case" "$format" "      path: t.$target"
            ;;
        esac
        printf '%s\n' "$back"
    } >back.yaml
}

one() { # CASE TARGET
    local case=$1 target=$2 kind=csv ids rule want found
    local name="roundtrip/$target/$case"
    [ -f "$types/$case.ndjson" ] && kind=ndjson
    pipelines "$case" "$target"
    if ! weir run -q write.yaml >log 2>&1; then
        echo "not ok $name: cannot be written: $(tail -n 1 log)"
        return
    fi
    if ! weir run -q back.yaml >log 2>&1; then
        echo "not ok $name: cannot be read back: $(tail -n 1 log)"
        return
    fi
    read -r -a lost <<<"$(lost "$target" "$case")"
    rule='' ids=''
    if [ ${#lost[@]} -gt 1 ]; then
        rule=${lost[-1]}
        ids=" ${lost[*]:0:${#lost[@]}-1} "
    fi
    # The rows that the target cannot keep, and no others, are rejects of that rule.
    want=$(for id in $ids; do echo "$id $rule"; done)
    found=$([ -f rejects.csv ] && awk -F, 'FNR == NR { id[FNR] = $1; next } FNR > 1 { print id[$5], $9 }' \
        "$types/$case.$kind" rejects.csv)
    if [ "$found" != "$want" ]; then
        echo "not ok $name: rejects [$(echo $found)], not [$(echo $want)]"
        [ -f rejects.csv ] && head -n 5 rejects.csv
        return
    fi
    awk -F, -v ids="$ids" 'NR == 1 || !index(ids, " " $1 " ")' "$types/$case.$kind" >want
    [ -z "$ids" ] && cp "$types/$case.$kind" want
    # SQLite keeps no sign of zero (docs/connectors/sqlite.md).
    case $target/$case in sqlite*/floats) sed -i 's/,-0/,0/g' want ;; esac
    if cmp -s want back.$kind; then
        echo "ok $name"
    else
        echo "not ok $name: other values come back"
        diff -a want back.$kind | head -n 20
    fi
}

targets=("$@")
if [ $# = 0 ]; then
    for format in $(registry formats); do
        case $format in
        csv | tsv | ndjson | json) targets+=("$format" "$format.gz" "$format.zst") ;;
        text | fixed | xml | xlsx | parquet) ;; # one column a line, or read only: their cases of tests/pipelines
        *) echo "not ok roundtrip/$format: the format has no target in tests/conformance/roundtrip.sh" ;;
        esac
    done
    for connector in $(registry connectors); do
        case $connector in
        file) ;;   # the formats above
        module) ;; # what a module keeps is its own affair; tests/unit/connect/test_module.c has the border
        sqlite)
            for mode in $(weir help sqlite | sed -n 's/(default)//; s/^load modes: *//p'); do
                targets+=("sqlite.$mode")
            done
            ;;
        *) echo "not ok roundtrip/$connector: the connector has no target in tests/conformance/roundtrip.sh" ;;
        esac
    done
    [ ${#targets[@]} -ge 16 ] || echo "not ok roundtrip: only ${#targets[@]} targets were found"
    printf '%s\n' "${targets[@]}" | xargs -n 1 -P "${JOBS:-2}" "$here/roundtrip.sh"
    exit 0
fi

number=0
for target in "${targets[@]}"; do
    for file in "$types"/*.columns; do
        case=$(basename "$file" .columns)
        case $case in *.csv) continue ;; esac
        mkdir "$work/$((++number))" && cd "$work/$number" || exit 1
        one "$case" "$target"
    done
done
