# The jobs: for each, what weir runs, what the peer runs, and a comparison of what they wrote.  Sourced
# by run.  A `*_command_*` sets the array `command`; a `compare_*` prints both sides and fails when
# they differ.
declare -A title peer
jobs=(csv_rules csv_sqlite ndjson_csv)
million() { awk -v n="$1" 'BEGIN { if (n % 1000000 == 0) printf "%d million", n / 1000000; else print n }'; }

# The sum of the hashes of all rows, in any order, after each field has been read as its type.
digest() { # digest CSV SELECT-LIST
    "${duck[@]}" -p "SELECT count(*), sum(hash($2)::HUGEINT) FROM read_csv('$1', header=true, all_varchar=true, delim=',', quote='\"', escape='\"', max_line_size=10000000)"
}
compare_lines() { # compare_lines WEIR PEER
    printf 'weir  %s\npeer  %s\n' "$1" "$2"
    [ -n "$1" ] && [ "$1" = "$2" ]
}
fields="order_id::BIGINT, customer_id::INTEGER, email, country, amount::DECIMAL(10,2), quantity::INTEGER, status, created_at::TIMESTAMP, updated_at::TIMESTAMP, coalesce(note, '')"

# ---- CSV -> cast, derive, validate -> CSV, and the rejects ---------------------------------------------
title[csv_rules]="CSV → cast, derive, validate → CSV and rejects, $(million "$BENCH_ROWS") rows"
peer[csv_rules]="DuckDB, temporary table"
weir_clean_csv_rules() { rm -rf "$BENCH_OUT/state" "$BENCH_OUT"/weir_rules*; }
weir_command_csv_rules() { command=("$WEIR" run "$BENCH/pipelines/csv_rules.yaml"); }
peer_clean_csv_rules() { rm -f "$BENCH_OUT"/duck_rules*; }
# One scan into a temporary table: DuckDB's fastest way to both outputs with a reason for each reject.
peer_command_csv_rules() {
    local read="read_csv('$BENCH_DATA/orders_$BENCH_ROWS.csv', header=true, auto_detect=false, delim=',', quote='\"', escape='\"', new_line='\\n', columns={'order_id':'VARCHAR','customer_id':'VARCHAR','email':'VARCHAR','country':'VARCHAR','amount':'VARCHAR','quantity':'VARCHAR','status':'VARCHAR','created_at':'VARCHAR','updated_at':'VARCHAR','note':'VARCHAR'})"
    local typed="SELECT TRY_CAST(order_id AS BIGINT) AS order_id, TRY_CAST(customer_id AS INTEGER) AS customer_id, email, upper(country) AS country, TRY_CAST(amount AS DECIMAL(10,2)) AS amt, CAST(amt*100 AS BIGINT) AS amount_cents, TRY_CAST(quantity AS INTEGER) AS quantity, status, TRY_CAST(created_at AS TIMESTAMP) AS cts, TRY_CAST(updated_at AS TIMESTAMP) AS uts, note, amount, created_at, updated_at,
        CASE WHEN email IS NULL OR email = '' THEN 'email: required'
             WHEN NOT regexp_full_match(email, '[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\\.[A-Za-z]{2,}') THEN 'email: pattern'
             WHEN amt IS NULL THEN 'amount: not a number'
             WHEN amt NOT BETWEEN 0 AND 10000 THEN 'amount: range'
             WHEN status NOT IN ('pending','paid','shipped','delivered','cancelled') THEN 'status: set'
             WHEN cts IS NULL OR uts IS NULL THEN 'date: bad' END AS reason FROM $read"
    command=("${duck[@]}" "SET preserve_insertion_order=false" "CREATE TEMP TABLE t AS $typed"
        "COPY (SELECT order_id,customer_id,email,country,amt AS amount,amount_cents,quantity,status,cts AS created_at,uts AS updated_at,note FROM t WHERE reason IS NULL) TO '$BENCH_OUT/duck_rules.csv' (FORMAT csv, HEADER)"
        "COPY (SELECT order_id,customer_id,email,country,amount,quantity,status,created_at,updated_at,note,reason FROM t WHERE reason IS NOT NULL) TO '$BENCH_OUT/duck_rules_rejects.csv' (FORMAT csv, HEADER)")
}
compare_csv_rules() {
    local weir peer good="$fields, amount_cents::BIGINT"
    weir="$(digest "$BENCH_OUT/weir_rules.csv" "$good")"
    weir+=" $(digest "$BENCH_OUT/weir_rules_rejects.csv" "split_part(raw, ',', 1)::BIGINT")"
    peer="$(digest "$BENCH_OUT/duck_rules.csv" "$good")"
    peer+=" $(digest "$BENCH_OUT/duck_rules_rejects.csv" "order_id::BIGINT")"
    compare_lines "$weir" "$peer"
}

# ---- CSV -> SQLite ------------------------------------------------------------------------------------
title[csv_sqlite]="CSV → SQLite table without index, $(million "$BENCH_SMALL") rows"
peer[csv_sqlite]="sqlite3 .import, journal off"
weir_clean_csv_sqlite() { rm -rf "$BENCH_OUT/state" "$BENCH_OUT"/weir.sqlite*; }
weir_command_csv_sqlite() { command=("$WEIR" run "$BENCH/pipelines/csv_sqlite.yaml"); }
peer_clean_csv_sqlite() { rm -f "$BENCH_OUT"/peer.sqlite*; }
peer_command_csv_sqlite() {
    command=(sqlite3 "$BENCH_OUT/peer.sqlite" 'pragma journal_mode=off'
        'create table o(order_id integer, customer_id integer, email text, country text, amount numeric, quantity integer, status text, created_at text, updated_at text, note text)'
        ".import --csv --skip 1 $BENCH_DATA/clean_$BENCH_SMALL.csv o")
}
compare_csv_sqlite() {
    # Two digits each way: the amount is exact text in weir's table and a number in the peer's.
    local query="select count(*), sum(order_id), sum(customer_id), sum(length(email)), sum(length(country)), sum(cast(round(amount*100) as integer)), sum(quantity), sum(length(status)), min(substr(created_at,1,10)), max(substr(updated_at,1,10)), sum(length(coalesce(note,''))), count(distinct email) from o"
    compare_lines "$(sqlite3 "$BENCH_OUT/weir.sqlite" "$query")" "$(sqlite3 "$BENCH_OUT/peer.sqlite" "$query")"
}

# ---- NDJSON -> CSV ------------------------------------------------------------------------------------
title[ndjson_csv]="NDJSON → CSV, $(million "$BENCH_SMALL") rows"
peer[ndjson_csv]="DuckDB, explicit types"
weir_clean_ndjson_csv() { rm -rf "$BENCH_OUT/state" "$BENCH_OUT"/weir_ndjson*; }
weir_command_ndjson_csv() { command=("$WEIR" run "$BENCH/pipelines/ndjson_csv.yaml"); }
peer_clean_ndjson_csv() { rm -f "$BENCH_OUT"/duck_ndjson*; }
peer_command_ndjson_csv() {
    command=("${duck[@]}" "SET preserve_insertion_order=false"
        "COPY (SELECT * FROM read_json('$BENCH_DATA/clean_$BENCH_SMALL.ndjson', format='newline_delimited', columns={'order_id':'BIGINT','customer_id':'INTEGER','email':'VARCHAR','country':'VARCHAR','amount':'DECIMAL(10,2)','quantity':'INTEGER','status':'VARCHAR','created_at':'TIMESTAMP','updated_at':'TIMESTAMP','note':'VARCHAR'})) TO '$BENCH_OUT/duck_ndjson.csv' (FORMAT csv, HEADER)")
}
compare_ndjson_csv() {
    compare_lines "$(digest "$BENCH_OUT/weir_ndjson.csv" "$fields")" "$(digest "$BENCH_OUT/duck_ndjson.csv" "$fields")"
}
