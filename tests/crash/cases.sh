# The loads that are interrupted.  Each has a function that lays out its folder with an undisturbed
# first state, and a pipeline.yaml whose run is the one that is killed; a file `verb` has the words that stand before it
# when it is no run.  Sourced by run.sh.

cases="file_replace file_set file_partitions file_each_run sqlite_append sqlite_upsert sqlite_replace sqlite_evolve incremental cursor
    route route_databases route_replay"

# orders FROM TO: records, of which every 13th is wrong, with quoted line ends among them.
orders() {
    awk -v from="$1" -v to="$2" 'BEGIN {
        print "id,day,name,amount"
        for (i = from; i <= to; i++)
            printf "%d,2024-01-0%d,%s,%s\n", i, i % 7 + 1,
                i % 11 ? "name " i : "\"two\nlines, " i "\"", i % 13 ? i / 4 : "wrong " i
    }'
}

# flow SINK...: the pipeline file; the source and the rules are the same everywhere.
flow() {
    cat <<END
name: crash
connections:
  db: { type: sqlite, path: db.sqlite }
source:
  path: ${source:-in.csv}
  chunk: 2KiB
  columns: { id: int64!, day: date, amount: "decimal(12,2)" }
${more-}
transform:
  - set: { double: amount * 2 }
  - validate: [ { field: amount, max: ${max:-100000} } ]
rejects: { path: rejects.csv, max_ratio: 50% }
limits: { threads: 2, memory: 64MiB }
sink:
$(printf '  %s\n' "$@")
END
}

lay_out() { # lay_out CASE ROWS: in the current folder
    local rows=$2 source more max
    orders 1 "$rows" >in.csv
    case $1 in
    file_replace)
        echo "what was there before" >out.csv
        flow "path: out.csv" "mode: replace" >pipeline.yaml
        ;;
    file_partitions) flow "path: out/part.csv" "partition_by: [day]" "file_size: 2KiB" >pipeline.yaml ;;
    file_set)
        # Of an earlier run: these go.  The last one is not the sink's: it stays.
        mkdir -p out/day=2024-01-01 out/day=2023-12-31
        for file in 01-01/part-00900 01-01/part-00901 01-01/part; do
            echo "what was there before" >out/day=2024-$file.csv
        done
        echo "what was there before" | tee out/day=2023-12-31/part-00000.csv >out/part.csv
        flow "path: out/part.csv" "partition_by: [day]" "file_size: 2KiB" "mode: replace" >pipeline.yaml
        ;;
    file_each_run) flow 'path: "out/{run_id}.csv.gz"' >pipeline.yaml ;;
    sqlite_append | sqlite_upsert | sqlite_replace)
        sqlite3 db.sqlite "create table t(id integer primary key, day text, name text, amount text, double text);
                           create index by_name on t(name);
                           insert into t values (-1, null, 'before', null, null), (7, null, 'old', '1.00', null)"
        [ "$1" = sqlite_append ] && sqlite3 db.sqlite 'delete from t where id = 7'
        flow "connection: db" "table: t" "mode: ${1#sqlite_}" \
            "$([ "$1" = sqlite_upsert ] && echo 'key: [id]')" >pipeline.yaml
        ;;
    sqlite_evolve)
        # Two columns are added by the load that is killed.
        sqlite3 db.sqlite "create table t(id integer primary key, note text, double text);
                           insert into t values (-1, 'before', null)"
        flow "connection: db" "table: t" "drift: { new_columns: evolve }" >pipeline.yaml
        ;;
    incremental)
        mkdir in
        orders 1 40 >in/a.csv
        source='in/*.csv' more='  incremental: { by: files }'
        flow "connection: db" "table: t" "mode: append" >pipeline.yaml
        timeout 60 "$WEIR" run pipeline.yaml -q || return 1
        rm in.csv
        orders 1000 $((1000 + rows / 2)) >in/b.csv
        orders 5000 $((5000 + rows / 2)) >in/c.csv
        ;;
    route)
        # Two files and a database: one of the files was there before.
        mkdir out
        echo "what was there before" >out/odd.csv
        sqlite3 db.sqlite "create table t(id integer primary key, day text, name text, amount text, double text)"
        flow "connection: db" "table: t" "mode: append" | sed '/^sink:/,$d' >pipeline.yaml
        cat >>pipeline.yaml <<END
route:
  - { name: some, when: "id % 3 = 0", sink: { path: out/some.ndjson } }
  - { name: table, when: "id % 3 = 1", sink: { connection: db, table: t, mode: append } }
  - { name: odd, sink: { path: out/odd.csv, mode: replace } }
END
        ;;
    route_databases)
        # Two transactions that die with the process, and a file. Both refuse some records.
        mkdir out
        for db in db two; do
            sqlite3 $db.sqlite "create table t(id integer primary key, day text, name text, amount text, double text, check (id % 7 > 0))"
        done
        flow "connection: db" "table: t" "mode: append" | sed '/^sink:/,$d' >pipeline.yaml
        cat >>pipeline.yaml <<END
route:
  - { name: file, when: "id % 3 = 0", sink: { path: out/some.ndjson } }
  - { name: one, when: "id % 3 = 1", sink: { connection: db, table: t, mode: append } }
  - { name: two, sink: { type: sqlite, path: two.sqlite, table: t, mode: append } }
END
        ;;
    route_replay)
        # Records go to several targets; of some one target had them and another did not. They are replayed.
        mkdir out
        for db in one two; do
            sqlite3 $db.sqlite "create table t(id integer primary key, name text, amount text, check (id % 5 > 0))"
        done
        cat >pipeline.yaml <<END
name: crash
source: { path: in.csv, chunk: 2KiB, columns: { id: int64!, day: date } }
rejects: { max_ratio: 90% }
limits: { threads: 2, memory: 64MiB }
transform:
  - select: [id, name, amount]
route:
  all: true
  unmatched: drop
  to:
    - { name: file, when: "id % 2 = 0", sink: { path: "out/{run_id}.ndjson" } }
    - { name: one, when: "id % 3 > 0", sink: { type: sqlite, path: one.sqlite, table: t } }
    - { name: two, when: "id % 4 > 0", sink: { type: sqlite, path: two.sqlite, table: t } }
END
        timeout 60 "$WEIR" run pipeline.yaml -q || return 1
        # They take half of them now. What the first one refused must not be lost when the second one commits later.
        for db in one two; do
            sqlite3 $db.sqlite "create table u(id integer primary key, name text, amount text, check (id % 10 > 0))" \
                "insert into u select * from t" "drop table t" "alter table u rename to t"
        done
        echo rejects replay >verb
        ;;
    cursor)
        # Many rows share a time, the last one of the first run among them.
        times() { # FROM TO: rows of which five have one time
            awk -v from="$1" -v to="$2" 'BEGIN { for (i = from; i <= to; i++)
                printf "insert into orders values (%d, %s, strftime(\"%%Y-%%m-%%d %%H:%%M:%%S\", %d, \"unixepoch\"));\n",
                    i, i % 13 ? i / 4 : "\"wrong " i "\"", 1700000000 + int(i / 5) }' | sed "s/\"/'/g"
        }
        { echo 'begin; create table orders(id integer primary key, amount, day text);'
          times 1 42; echo 'commit;'; } | sqlite3 shop.sqlite
        source=shop.sqlite
        flow "connection: db" "table: t" "mode: append" |
            sed -e 's/^  path: shop.sqlite/  { type: sqlite, path: shop.sqlite, table: orders, incremental: { by: cursor, column: day, key: [id] },/' \
                -e '/^  chunk:/d' -e 's/^  columns: .*/    columns: { amount: "decimal(12,2)" } }/' >pipeline.yaml
        timeout 60 "$WEIR" run pipeline.yaml -q || return 1
        { echo 'begin;'; times 43 $((43 + rows))
          echo 'update orders set amount = 99 where id = 42; commit;'; } | sqlite3 shop.sqlite
        ;;
    esac
}

# The values of the target.
show_target() {
    if [ -d out ]; then
        find out -type f | sed -E 's/[0-9]{8}-[0-9]{6}-[0-9a-f]{4}/RUN/' | sort
        find out -type f | sort | while read -r file; do
            case $file in *.gz) gzip -dc "$file" ;; *) cat "$file" ;; esac
        done
    fi
    [ -f out.csv ] && cat out.csv
    # What a target refused before a crash comes first when the rest is read again.
    [ -f rejects.csv ] && cut -d, -f2- rejects.csv | sort
    [ -f one.sqlite ] && sqlite3 one.sqlite 'select * from t order by id; select count(*) from _weir_commits'
    [ -f two.sqlite ] && sqlite3 two.sqlite 'select * from t order by id; select count(*) from _weir_commits'
    [ -f db.sqlite ] && sqlite3 db.sqlite 'pragma integrity_check; select * from t order by id, double'
}

# What must be the same as after an undisturbed run: values of the target, rejects, state.
show() {
    echo "== left over"
    find . -name '*.tmp' -o -name '*-journal' -o -name '*-wal'
    echo "== target"
    show_target
    if [ -f db.sqlite ]; then
        sqlite3 db.sqlite 'select type, name, tbl_name from sqlite_master order by name;
            select count(*) from _weir_commits'
    fi
    echo "== rejects"
    "$WEIR" rejects list pipeline.yaml -o json | sed -E 's/.*"step":"([^"]*)","rows":([0-9]*),"state":"([^"]*)".*/\1 \2 \3/' | sort
    # Sets of one second have no order, nor have their ids.
    find .weir/rejects -type f -exec cut -d, -f2- {} + | sort
    find .weir/rejects -type f | wc -l
    echo "== state"
    "$WEIR" status pipeline.yaml | grep unfinished
    sqlite3 .weir/state.db "
        select path, size_bytes, rows from files order by path;
        select step, fingerprint, text, hex(bytes) from positions;
        select step, sum(rows_in), sum(inserted), sum(updated), sum(unchanged), sum(stale), sum(rejected),
               sum(filtered), sum(files) from steps where status = 'ok' group by step;
        select state, count(*) from epochs where state <> 'undone' group by state;
        select pipeline, count(*) from runs where status = 'ok' group by pipeline;
        select 'bad run', status from runs where status not in ('ok', 'interrupted', 'failed');
        pragma integrity_check; pragma foreign_key_check;
        select name from (select 'pending' as name, count(*) as n from pending_files union all
            select 'pending', count(*) from pending_rejects) where n > 0"
}
