#!/bin/bash
# Holds the program to its budget: the high-water mark of resident memory is at most `memory` and
# 10 %, whatever the data look like.  Not under a sanitizer, which has memory of its own.
#
# The long form (soak) reads 10 million rows; MEMORY_ROWS chooses another number.
set -u
: "${WEIR_ROOT:=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}"
: "${WEIR_BUILD:=$WEIR_ROOT/build}" "${WEIR:=$WEIR_BUILD/weir}"
export LC_ALL=C.UTF-8
case ${WEIR_TEST_LEVEL:-short} in soak) rows=10000000 ;; *) rows=1000000 ;; esac
rows=${MEMORY_ROWS:-$rows}
peak=$WEIR_BUILD/tests/memory/peak
if grep -q 'CMAKE_BUILD_TYPE:[A-Z]*=Release' "$WEIR_BUILD/CMakeCache.txt" 2>/dev/null; then :; else
    echo "skip memory: only a release build is measured"
    exit
fi
[ -x "$peak" ] || { echo "not ok memory: there is no $peak; build the target tests"; exit 1; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# held NAME MIB ROWS [PIPELINE]: runs it; at most MIB * 1.1 of memory, and ROWS loaded.
held() {
    local name=$1 mib=$2 want=$3 file=${4:-pipeline.yaml} code kib loaded
    read -r code kib < <(${under-} "$peak" out "$WEIR" run "$file" -o json)
    loaded=$(sed -nE 's/.*"loaded":([0-9]+),.*/\1/p' "${summary:-out}" | tail -n 1)
    if [ "$code" != 0 ]; then
        echo "not ok $name: exit code $code: $(tail -n 1 out.err)"
    elif [ "${loaded:-0}" != "$want" ]; then
        echo "not ok $name: ${loaded:-0} rows loaded instead of $want"
    elif [ "$kib" -gt $((mib * 1024 * 11 / 10)) ]; then
        echo "not ok $name: $kib KiB with memory: ${mib}MiB"
    else
        echo "ok $name: $((kib / 1024)) MiB with memory: ${mib}MiB"
    fi
    rm -rf .weir out out.err
}

orders() { # ROWS: of about 130 bytes
    awk -v n="$1" 'BEGIN {
        print "order_id,email,amount,status,created_at,country,note,discount,items,ref"
        for (i = 1; i <= n; i++)
            printf "%d,User%d@example.com,%d.%02d,%s,2024-%02d-%02dT10:%02d:00Z,%s,%s,%s,%d,%08x-%04x\n",
                i, i % 100000, i % 9000, i % 100, i % 3 ? "paid" : "new", i % 12 + 1, i % 28 + 1, i % 60,
                i % 5 ? "de" : "at", i % 7 ? "some text of usual length" : "\"a, quoted \"\"text\"\"\"",
                i % 2 ? "0.1" : "", i % 9, i * 2654435761 % 4294967296, i % 65536
    }'
}
rules() { # SINK...
    cat <<END
name: memory
source:
  path: ${source:-in.csv}
  columns: { order_id: int64!, amount: "decimal(10,2)", created_at: timestamptz, discount: float64, items: int32 }
transform:
  - set: { email: lower(trim(email)), cents: cast(amount * 100 as int64) }
  - validate: [ { field: email, pattern: '^[^@\s]+@[^@\s]+$' }, { field: items, max: 7 } ]
rejects: { max_ratio: 50% }
limits: { memory: ${memory:-128MiB}, threads: ${threads:-2} }
sink: { $* }
END
}

orders "$rows" >in.csv
good=$((rows - rows / 9)) # items = 8
rules 'path: loaded.csv, mode: replace' >pipeline.yaml
held "$rows rows" 128 $good

# In a cgroup that has no more, where one can be made (version 1 or 2).
under=
for root in /sys/fs/cgroup/memory /sys/fs/cgroup; do
    group=$root/weir-test-$$
    mkdir "$group" 2>/dev/null || continue
    for limit in memory.limit_in_bytes memory.max; do
        [ -f "$group/$limit" ] && echo $((141 << 20)) >"$group/$limit" 2>/dev/null && under=$group
    done
    [ -n "$under" ] && break
    rmdir "$group"
done
if [ -n "$under" ]; then
    group=$under
    printf '#!/bin/sh\necho $$ >%s/cgroup.procs || exit 99\nexec "$@"\n' "$group" >enter
    chmod +x enter
    under=./enter
    held "$rows rows in a cgroup of 141 MiB" 128 $good
    rmdir "$group" 2>/dev/null
else
    echo "skip a cgroup of 141 MiB: none can be made here"
fi
unset under

threads=7 memory=48MiB rules 'path: loaded.csv, mode: replace' >pipeline.yaml
held "$rows rows, 7 threads" 48 $good
rm -f loaded.csv

# A reader that is slower than the program; 128 MiB and more are to be written.
mkfifo slow
rules 'path: "-", format: csv' >pipeline.yaml
(exec timeout 120 bash -c 'while [ "$(head -c 4194304 | wc -c)" -gt 0 ]; do sleep 0.02; done') <slow &
read -r code kib < <(timeout 120 "$peak" slow "$WEIR" run pipeline.yaml -q)
wait
if [ "$code" != 0 ]; then
    echo "not ok slow sink: exit code $code: $(tail -n 1 slow.err)"
elif [ "$kib" -gt $((128 * 1024 * 11 / 10)) ]; then
    echo "not ok slow sink: $kib KiB"
else
    echo "ok slow sink: $((kib / 1024)) MiB with memory: 128MiB"
fi

head -n 200001 in.csv >some.csv
source=some.csv rules 'path: "parts/{ref}/x.csv", partition_by: [ref]' >/dev/null
cat >pipeline.yaml <<'END'
name: parts
source: { path: some.csv, columns: { order_id: int64! } }
transform: [ { set: { part: order_id % 1000 } } ]
limits: { memory: 128MiB, threads: 2 }
sink: { path: parts/x.csv, partition_by: [part] }
END
held "1,000 partitions" 128 200000
[ "$(find parts -name '*.csv' | wc -l)" = 1000 ] || echo "not ok 1,000 partitions: not as many files"
rm -rf parts

source=some.csv rules 'connection: db, table: t, mode: upsert, key: [order_id]' >pipeline.yaml
echo 'connections: { db: { type: sqlite, path: db.sqlite } }' >>pipeline.yaml
held "upsert into SQLite" 128 $((200000 - 200000 / 9))
rm -f in.csv some.csv db.sqlite

awk -v rows=$((rows / 50)) 'BEGIN {
    for (c = 0; c < 500; c++) printf "%sc%d", c ? "," : "", c
    print ""
    for (r = 0; r < rows; r++)
        for (c = 0; c < 500; c++)
            printf "%s%s", (c % 3 == 0 ? r * c : c % 3 == 1 ? "text " c : r / (c + 1)), c < 499 ? "," : "\n"
}' >wide.csv
cat >pipeline.yaml <<'END'
name: wide
source: { path: wide.csv }
limits: { memory: 128MiB, threads: 2 }
sink: { path: wide.ndjson }
END
held "500 columns" 128 $((rows / 50))
rm -f wide.*

# One field of 64 MiB, among small ones.
big() { # BEFORE AFTER
    printf '%s' "$1"
    head -c $((64 << 20)) /dev/zero | tr '\0' x
    printf '%s' "$2"
}
{ printf 'a,b\n1,small\n'; big '2,"' $'"\n'; printf '3,small\n'; } >big.csv
{ echo '{"a":1,"b":"small"}'; big '{"a":2,"b":"' $'"}\n'; echo '{"a":3,"b":"small"}'; } >big.ndjson
for from in csv ndjson; do
    for to in csv ndjson; do
        cat >pipeline.yaml <<END
name: big
source: { path: big.$from, max_record: 65MiB }
limits: { memory: 256MiB, threads: 2 }
sink: { path: out.$to, mode: replace }
END
        held "a field of 64 MiB, $from to $to" 256 3
        [ "$(tr -cd x <out.$to | wc -c)" = $((64 << 20)) ] || echo "not ok a field of 64 MiB, $from to $to: cut"
    done
done

# Hostile files, refused or not: a bomb takes no more than other files, and no more than a minute.
if command -v python3 >/dev/null && python3 "$WEIR_ROOT/tests/pipelines/hostile_inputs/make.py" &&
    python3 "$WEIR_ROOT/tests/pipelines/packed/make.py"; then
    most=0 worst= bad=0 n=0
    for file in *.xlsx *.xml *.json *.ndjson nul.csv head.csv commas.csv slip.csv \
        bomb.csv.* large.csv.lzma; do
        read -r code kib < <(timeout 60 "$peak" out "$WEIR" copy "$file" hostile.out --to-format ndjson -q)
        n=$((n + 1))
        [ "${kib:-0}" -gt $most ] && most=$kib worst=$file
        case ${code:-none} in 0 | 1 | 3) ;; *) bad=1 && echo "not ok hostile $file: exit code ${code:-none}" ;; esac
        if [ "${kib:-0}" -gt $((128 * 1024 * 11 / 10)) ]; then
            bad=1 && echo "not ok hostile $file: $kib KiB with memory: 128MiB"
        fi
        rm -rf .weir out out.err hostile.out
    done
    [ $bad = 1 ] || echo "ok $n hostile files: $((most / 1024)) MiB at most ($worst) with memory: 128MiB"
else
    echo "skip hostile files: no python3"
fi

# A budget that cannot hold the plan is refused at the start, with the number it needs.
sed -i 's/memory: [0-9]*MiB/memory: 2MiB/' pipeline.yaml
if "$WEIR" run pipeline.yaml -q >out 2>&1; then
    echo "not ok too small a budget: accepted"
elif grep -qE 'at least [0-9]+MiB of memory' out; then
    echo "ok too small a budget: $(cat out)"
else
    echo "not ok too small a budget: $(cat out)"
fi
