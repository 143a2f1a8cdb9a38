/* Positions, the ledger of files, the index of reject sets. */
#include "state/state_sqlite.h"

weir_status weir_statedb_position_get(weir_state *s, const char *pipeline, const char *step,
                                      const char *fingerprint, weir_arena *arena,
                                      weir_state_position *out, bool *found, const char **other,
                                      weir_error *err) {
    weir_statedb *d = weir_statedb_of(s);
    sqlite3_stmt *stmt = NULL;
    bool row = false;
    weir_state_position p = {0};
    const char *another = NULL;
    weir_status status = weir_statedb_begin(d, false, err);
    if (status != WEIR_OK) return status;
    WEIR_TRY(
        weir_statedb_bind(d, &stmt, err,
                          "select fingerprint, bytes, text, epoch, run_id, updated from positions"
                          " where pipeline = ? and step = ? and fingerprint = ?",
                          "ttt", pipeline, step, fingerprint));
    WEIR_TRY(weir_statedb_step(d, stmt, &row, err));
    if (row) {
        p.fingerprint = weir_statedb_text(stmt, 0, arena);
        p.text = weir_statedb_text(stmt, 2, arena);
        p.epoch = (uint64_t)sqlite3_column_int64(stmt, 3);
        p.run_id = weir_statedb_text(stmt, 4, arena);
        p.updated_us = sqlite3_column_int64(stmt, 5);
        if (!p.fingerprint || !p.text || !p.run_id || !weir_statedb_bytes(stmt, 1, arena, &p.bytes))
            status = weir_error_nomem(err);
    } else if (other) {
        bool some = false;
        WEIR_TRY(
            weir_statedb_bind(d, &stmt, err,
                              "select fingerprint from positions where pipeline = ? and step = ?"
                              " order by updated desc, epoch desc limit 1",
                              "tt", pipeline, step));
        WEIR_TRY(weir_statedb_step(d, stmt, &some, err));
        if (some && !(another = weir_statedb_text(stmt, 0, arena))) status = weir_error_nomem(err);
    }
out:
    status = weir_statedb_end(d, status, err);
    if (status != WEIR_OK) return status;
    if (row) *out = p;
    *found = row;
    if (other) *other = another;
    return WEIR_OK;
}

weir_status weir_statedb_position_set(weir_lease *l, const char *step,
                                      const weir_state_position *position, weir_error *err) {
    weir_statedb *d = weir_statedb_of(l->state);
    weir_status status = weir_statedb_begin(d, true, err);
    if (status != WEIR_OK) return status;
    WEIR_TRY(weir_statedb_fence(l, err));
    WEIR_TRY(weir_statedb_run(d, err,
                              "insert or replace into positions values(?, ?, ?, ?, ?, 0, ?, ?)",
                              "tttbtti", l->pipeline, step, position->fingerprint, &position->bytes,
                              position->text, l->run_id, weir_statedb_now(0)));
out:
    return weir_statedb_end(d, status, err);
}

weir_status weir_statedb_step_reset(weir_lease *l, const char *step, weir_error *err) {
    weir_statedb *d = weir_statedb_of(l->state);
    weir_status status = weir_statedb_begin(d, true, err);
    if (status != WEIR_OK) return status;
    WEIR_TRY(weir_statedb_fence(l, err));
    WEIR_TRY(weir_statedb_run(
        d, err, "delete from positions where pipeline = ?1 and (?2 is null or step = ?2)", "tn",
        l->pipeline, step));
    WEIR_TRY(weir_statedb_run(d, err,
                              "delete from files where pipeline = ?1 and (?2 is null or step = ?2)",
                              "tn", l->pipeline, step));
    WEIR_TRY(weir_statedb_run(d, err,
                              "delete from small_values where space = 'inference' and"
                              " iif(?2 is null, substr(key, 1, length(?1) + 1) = ?1 || char(10),"
                              " key = ?1 || char(10) || ?2)",
                              "tn", l->pipeline, step));
out:
    return weir_statedb_end(d, status, err);
}

weir_status weir_statedb_files_set(weir_lease *l, const char *step, const weir_state_file *files,
                                   size_t n, weir_error *err) {
    weir_statedb *d = weir_statedb_of(l->state);
    weir_status status = weir_statedb_begin(d, true, err);
    if (status != WEIR_OK) return status;
    WEIR_TRY(weir_statedb_fence(l, err));
    for (size_t i = 0; i < n; i++)
        WEIR_TRY(weir_statedb_run(d, err,
                                  "insert or replace into files(pipeline, step, path, size_bytes, "
                                  "mtime_ns, hash, rows, epoch, run_id, loaded)"
                                  " values(?, ?, ?, ?, ?, ?, ?, 0, ?, ?)",
                                  "tttuituti", l->pipeline, step, files[i].path,
                                  files[i].size_bytes, files[i].mtime_ns, files[i].hash,
                                  files[i].rows, l->run_id, weir_statedb_now(0)));
out:
    return weir_statedb_end(d, status, err);
}

weir_status weir_statedb_file_get(weir_state *s, const char *pipeline, const char *step,
                                  const char *path, weir_arena *arena, weir_state_file *out,
                                  bool *found, weir_error *err) {
    weir_statedb *d = weir_statedb_of(s);
    sqlite3_stmt *stmt = NULL;
    bool row = false;
    weir_state_file f = {0};
    weir_status status = weir_statedb_begin(d, false, err);
    if (status != WEIR_OK) return status;
    WEIR_TRY(weir_statedb_bind(
        d, &stmt, err,
        "select path, size_bytes, mtime_ns, hash, rows, epoch, run_id, loaded from files"
        " where pipeline = ? and step = ? and path = ?",
        "ttt", pipeline, step, path));
    WEIR_TRY(weir_statedb_step(d, stmt, &row, err));
    if (row) {
        f.path = weir_statedb_text(stmt, 0, arena);
        f.size_bytes = (uint64_t)sqlite3_column_int64(stmt, 1);
        f.mtime_ns = sqlite3_column_int64(stmt, 2);
        f.hash = weir_statedb_text(stmt, 3, arena);
        f.rows = (uint64_t)sqlite3_column_int64(stmt, 4);
        f.epoch = (uint64_t)sqlite3_column_int64(stmt, 5);
        f.run_id = weir_statedb_text(stmt, 6, arena);
        f.loaded_us = sqlite3_column_int64(stmt, 7);
        if (!f.path || !f.hash || !f.run_id) status = weir_error_nomem(err);
    }
out:
    status = weir_statedb_end(d, status, err);
    if (status != WEIR_OK) return status;
    if (row) *out = f;
    *found = row;
    return WEIR_OK;
}

weir_status weir_statedb_reject_put(weir_state *s, const char *run_id, const char *step,
                                    uint64_t epoch, const weir_state_reject *reject,
                                    weir_error *err) {
    weir_statedb *d = weir_statedb_of(s);
    weir_status status = weir_statedb_begin(d, true, err);
    if (status != WEIR_OK) return status;
    WEIR_TRY(weir_statedb_run(
        d, err,
        "insert or replace into rejects(run_id, step, epoch, path, pipeline, format, rows,"
        " source, state, changed) values(?1, ?2, ?3, ?4, coalesce((select pipeline from runs"
        " where id = ?1), ''), ?5, ?6, ?7, 'open', ?8)",
        "ttuttuti", run_id, step, epoch, reject->path, reject->format, reject->rows, reject->source,
        weir_statedb_now(0)));
out:
    return weir_statedb_end(d, status, err);
}

weir_status weir_statedb_reject_mark(weir_state *s, const char *run_id, const char *step,
                                     const char *path, weir_reject_state state, const char *by_run,
                                     uint64_t *marked, weir_error *err) {
    weir_statedb *d = weir_statedb_of(s);
    int64_t n = 0;
    weir_status status = weir_statedb_begin(d, true, err);
    if (status != WEIR_OK) return status;
    WEIR_TRY(weir_statedb_run(
        d, err,
        "update rejects set state = ?, replayed_by = ?, changed = ? where run_id = ?4 and"
        " (?5 is null or step = ?5) and (?6 is null or path = ?6)",
        "tnitnn", weir_reject_state_name(state), by_run, weir_statedb_now(0), run_id, step, path));
    n = sqlite3_changes64(d->db);
out:
    status = weir_statedb_end(d, status, err);
    if (status == WEIR_OK && marked) *marked = (uint64_t)n;
    return status;
}
