# The core cases of the fault suite.  lay_out CASE lays one out in the current folder, with the first
# state where it has one; `command` is what is run then.  Sourced by run.sh.

cases="tiny csv gzip_to_zstd_parts packed_xz packed_zip rotated json_array ndjson_nested sqlite_append sqlite_upsert sqlite_replace
    sqlite_evolve sqlite_source incremental unnest_route replay copy_infer preview status check_wrong inline_tests map_input"

# orders FROM TO: records, of which every 13th is wrong, with quoted line ends among them.
orders() {
    awk -v from="$1" -v to="$2" 'BEGIN {
        print "id,day,name,amount,status"
        for (i = from; i <= to; i++)
            printf "%d,2024-01-0%d,%s,%s,%s\n", i, i % 4 + 1, i % 11 ? "name " i : "\"two\nlines, " i "\"",
                i % 13 ? i / 4 : "wrong " i, i % 17 ? "paid" : "test"
    }'
}

# flow SINK...: the pipeline file; the operators are the same everywhere.
flow() {
    cat <<END
name: faults
connections:
  db: { type: sqlite, path: db.sqlite }
source:
  path: ${source:-in.csv}
  chunk: 2KiB
  columns: { id: int64!, day: date, amount: "decimal(12,2)" }
${more-}
transform:
  - set: { double: amount * 2, name: upper(trim(name)) }
  - filter: status <> 'test'
  - validate:
      - { field: amount, max: ${max:-100000} }
      - { field: name, pattern: '^[A-Z]' }
rejects: { path: rejects.csv, max_ratio: 50% }
limits: { threads: 2, memory: 64MiB }
sink:
$(printf '  %s\n' "$@")
END
}

table() {
    sqlite3 db.sqlite "create table t(id integer primary key, day text, name text, amount text, status text, double text);
        create index by_name on t(name); insert into t(id, name) values (-1, 'before')"
}

# lay_out CASE: sets command, the words behind the program's name; also_ends, the text with which the
# run after a fault may say that nothing is left to do.
lay_out() {
    local source more max
    command=(run pipeline.yaml -q) also_ends=
    case $1 in
    tiny)
        orders 1 20 >in.csv
        echo "what was there before" >out.csv
        flow "path: out.csv" "mode: replace" >pipeline.yaml
        ;;
    unnest_route)
        # Lists of orders, one row each, filled and limited, into two files and a table.
        orders 1 90 | awk -F, 'NR > 1 && NF == 5 {
            printf "%s{\"id\":%s,\"day\":\"%s\",\"name\":\"%s\",\"amount\":\"%s\",\"status\":\"%s\"}", n++ % 5 ? "," : "{\"l\":[", $1, $2, $3, $4, $5
            if (n % 5 == 0) print "]}" } END { if (n % 5) print "]}" }' >in.ndjson
        table
        source=in.ndjson
        flow x: | sed -e '/^sink:/,$d' -e 's/^  columns: .*/  columns: { l: "list<struct<id int64, day date, name string, amount string, status string>>" }/' \
            -e 's/^transform:/&\n  - unnest: { field: l, fields: true }\n  - fill: { field: day, method: forward }\n  - cast: { amount: "decimal(12,2)" }\n  - limit: 80/' >pipeline.yaml
        cat >>pipeline.yaml <<END
route:
  - { name: some, when: "id % 3 = 0", sink: { path: some.ndjson } }
  - { name: table, when: "id % 3 = 1", sink: { connection: db, table: t, mode: append } }
  - { name: rest, sink: { path: rest.csv } }
END
        ;;
    csv)
        orders 1 1000 >in.csv
        flow "path: out.csv.gz" >pipeline.yaml
        ;;
    gzip_to_zstd_parts)
        orders 1 200 | gzip -n >in.csv.gz
        source=in.csv.gz
        flow "path: out/part.csv.zst" "partition_by: [day]" >pipeline.yaml
        ;;
    packed_xz | packed_zip)
        # Members with headers of their own; the file of an archive that has two.
        orders 1 60 >a.csv && orders 61 90 >b.csv
        python3 -c '
import lzma, zipfile
a, b = open("a.csv", "rb").read(), open("b.csv", "rb").read()
open("in.csv.xz", "wb").write(lzma.compress(a, preset=0) + lzma.compress(b, preset=0))
with zipfile.ZipFile("in.csv.zip", "w", zipfile.ZIP_DEFLATED) as z:
    z.writestr("notes.txt", "x"); z.writestr("d/in.csv", a + b.split(b"\n", 1)[1])' || return 1
        rm a.csv b.csv
        source=in.csv.xz
        [ "$1" = packed_xz ] || { source=in.csv.zip && more="  member: in.csv"; }
        flow "path: out.csv" "mode: replace" >pipeline.yaml
        ;;
    json_array)
        # Arrays: what stands in front of, between and behind the records is written apart from them.
        orders 1 120 >in.csv
        flow "path: out.json.gz" "file_size: 2KiB" >pipeline.yaml
        ;;
    rotated)
        orders 1 700 >in.csv
        timeout 60 "$WEIR" copy in.csv in.csv.zst --max-ratio 50% -q || return 1
        rm -rf in.csv .weir
        source=in.csv.zst
        flow "path: out/part.csv" "file_size: 2KiB" "mode: replace" >pipeline.yaml
        ;;
    ndjson_nested)
        awk 'BEGIN {
            for (i = 1; i <= 200; i++)
                printf "{\"id\":%s,\"who\":{\"name\":\"n\\u00e4me %d\",\"tags\":[\"a\",\"b%d\"]},\"deep\":{\"x\":[1,[%d,{}]]},\"amount\":%d.5}\n",
                    i % 13 ? i : "\"none\"", i, i, i, i
        }' >in.ndjson
        cat >pipeline.yaml <<END
name: faults
source:
  path: in.ndjson
  chunk: 2KiB
  columns: { id: int64!, who: "struct<name string, tags list<string>>", deep: json, amount: "decimal(12,2)" }
transform:
  - set: { double: amount * 2 }
  - filter: id % 17 <> 0
rejects: { path: rejects.csv, max_ratio: 50% }
limits: { threads: 2, memory: 64MiB }
sink: { path: out.csv }
END
        ;;
    sqlite_evolve)
        orders 1 40 >in.csv
        sqlite3 db.sqlite "create table t(id integer primary key, day text, status integer, double text);
            insert into t(id) values (-1)"
        flow "connection: db" "table: t" "drift: { new_columns: evolve, type_change: drop }" >pipeline.yaml
        ;;
    sqlite_append | sqlite_upsert | sqlite_replace)
        orders 1 200 >in.csv
        table
        case $1 in
        *append) flow "connection: db" "table: t" "mode: append" >pipeline.yaml ;;
        *replace) flow "connection: db" "table: t" "mode: replace" >pipeline.yaml ;;
        *upsert)
            sqlite3 db.sqlite "insert into t values (7, '2030-01-01', 'newer', '1.00', null, null),
                (8, '2020-01-01', 'older', '1.00', null, null)"
            flow "connection: db" "table: t" "mode: upsert" "key: [id]" "version: day" >pipeline.yaml
            ;;
        esac
        ;;
    sqlite_source)
        table
        sqlite3 db.sqlite "with recursive n(i) as (select 1 union all select i + 1 from n where i < 200)
            insert into t select i, '2024-01-0' || (i % 4 + 1), 'name ' || i,
                iif(i % 13, i / 4.0, 'wrong ' || i), iif(i % 17, 'paid', 'test'), null from n"
        cat >pipeline.yaml <<END
name: faults
connections:
  db: { type: sqlite, path: db.sqlite }
source:
  connection: db
  query: select id, day, name, amount, status from t where id > 0
  columns: { id: int64!, day: date, amount: "decimal(12,2)" }
transform:
  - set: { double: amount * 2 }
  - filter: status <> 'test'
rejects: { path: rejects.csv, max_ratio: 50% }
limits: { threads: 2, memory: 64MiB }
sink: { path: out.ndjson }
END
        ;;
    map_input)
        orders 1 200 >in.csv
        table
        sqlite3 db.sqlite "with recursive n(i) as (select 1 union all select i + 1 from n where i < 300)
            insert into t(id, name) select i, 'a name that is longer than twelve bytes ' || i from n"
        { echo status,label; echo paid,Paid; echo test,Test; } >labels.csv
        cat >pipeline.yaml <<END
name: faults
connections:
  db: { type: sqlite, path: db.sqlite }
inputs:
  people: { connection: db, query: "select id, name as who from t" }
source: { path: in.csv, chunk: 2KiB, columns: { id: int64!, amount: "decimal(12,2)" } }
transform:
  - map: { field: id, input: people, take: who, missing: "null" }
  - map: { field: status, from: labels.csv, take: label }
  - split: { field: name, by: " ", into: [first, second] }
  - parse: { field: label, as: query, into: parameters }
  - hash: { fields: [first, id], into: key }
rejects: { path: rejects.csv, max_ratio: 50% }
limits: { threads: 2, memory: 64MiB }
sink: { path: out.csv }
END
        ;;
    incremental)
        mkdir in
        orders 1 40 >in/a.csv
        table
        source='in/*.csv' more='  incremental: { by: files }'
        flow "connection: db" "table: t" "mode: append" >pipeline.yaml
        timeout 60 "$WEIR" run pipeline.yaml -q || return 1
        orders 1000 1100 >in/b.csv
        orders 5000 5100 >in/c.csv
        ;;
    replay)
        orders 1 60 | grep -v wrong >in.csv
        table
        max=10
        flow "connection: db" "table: t" "mode: upsert" "key: [id]" >pipeline.yaml
        timeout 60 "$WEIR" run pipeline.yaml -q || return 1
        # The maximum is mended: every record of the set passes now.
        max=100000
        flow "connection: db" "table: t" "mode: upsert" "key: [id]" >pipeline.yaml
        command=(rejects replay pipeline.yaml -q) also_ends="there are no open rejects"
        ;;
    copy_infer)
        orders 1 300 >in.csv
        command=(copy in.csv out.ndjson --threads 2 -q)
        ;;
    preview)
        orders 1 100 >in.csv
        flow "path: out.csv" >pipeline.yaml
        command=(preview pipeline.yaml)
        ;;
    status)
        orders 1 60 >in.csv
        flow "path: out.csv" >pipeline.yaml
        timeout 60 "$WEIR" run pipeline.yaml -q || return 1
        command=(status pipeline.yaml)
        ;;
    check_wrong)
        cat >pipeline.yaml <<'END'
name: faults
sources: { path: in.csv }
source:
  path: in.csv
  delimeter: ";"
  columns: { id: int65, amount: "decimal(10,2)" }
transform:
  - set: { total: round(price, 2) }
  - filtre: a > 1
  - validate: [ { field: amount, requird: true } ]
rejects: { max_ratio: much }
sink: { path: out.csv, mode: upsert }
END
        command=(check pipeline.yaml)
        ;;
    inline_tests)
        flow "path: out.csv" >pipeline.yaml
        cat >>pipeline.yaml <<'END'
tests:
  - name: an order
    input: [ { id: 1, day: "2024-01-01", name: " ann", amount: "10", status: paid } ]
    expect: { loaded: 1, rows: [ { id: 1, name: ANN, double: "20.00" } ] }
  - name: two rejects
    input: [ { id: 1, name: a, amount: "200000", status: paid }, { id: x, name: b, status: paid } ]
    expect: { loaded: 0, rejected: 2, rejects: [ { field: amount, rule: max } ] }
  - name: filtered
    input: [ { id: 1, name: a, status: test } ]
    expect: { loaded: 0, rows: [] }
  - name: this one is wrong
    input: [ { id: 1, name: a, status: paid } ]
    expect: { rows: [ { id: 1, name: b } ] }
END
        command=(test pipeline.yaml)
        ;;
    esac
}

unzstd=$(command -v zstd)

# The target in the current folder: a line for each file that can be seen, lines `db|...` for the
# database.
show_target() {
    local file files=()
    for file in out.* out/**/*.*; do
        case $file in
        *.tmp) ;;
        # The same data may be packed in more than one way.
        *.gz) echo "$(gzip -dc "$file" 2>&1 | cksum) $file" ;;
        *.zst) [ -z "$unzstd" ] && files+=("$file") || echo "$(zstd -dcq "$file" 2>&1 | cksum) $file" ;;
        *) files+=("$file") ;;
        esac
    done
    [ ${#files[@]} = 0 ] || cksum "${files[@]}"
    [ -f db.sqlite ] || return 0
    sqlite3 db.sqlite "select 'db', * from t order by id, double" \
        "select 'db', type, name, tbl_name from sqlite_master where name not like '\_weir%' escape '\'
             and tbl_name not like '\_weir%' escape '\' order by name" "select 'db', * from pragma_integrity_check"
}

# All that must be the same as after an undisturbed run.
show() {
    local left=(**/*.tmp db.sqlite-*)
    show_target
    printf 'left over: %s\n' "${left[@]}"
    [ ! -f rejects.csv ] || cut -d, -f2- rejects.csv
    left=(.weir/rejects/*/*)
    echo "reject files: ${#left[@]}"
    [ -f .weir/state.db ] || return 0
    sqlite3 .weir/state.db "
        select 'file', replace(path, rtrim(path, replace(path, '/', '')), ''), size_bytes, rows from files order by 2;
        select 'epoch', state, count(*) from epochs where state <> 'undone' group by state;
        select 'rejects', step, rows, state from rejects order by 2, 3, 4;
        select * from pragma_integrity_check; select * from pragma_foreign_key_check;
        select 'pending' from pending_files; select 'pending' from pending_rejects"
}
