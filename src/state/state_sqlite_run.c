/* Runs, steps, quality, events, documents, small values; pruning and checking. */
#include "state/state_sqlite.h"

#include <stdio.h>
#include <unistd.h>

weir_status weir_statedb_run_exists(weir_state *s, const char *id, bool *exists, weir_error *err) {
    weir_statedb *d = weir_statedb_of(s);
    weir_status status = weir_statedb_begin(d, false, err);
    if (status != WEIR_OK) return status;
    int64_t one;
    status = weir_statedb_number(d, &one, exists, err, "select 1 from runs where id = ?", "t", id);
    return weir_statedb_end(d, status, err);
}

weir_status weir_statedb_run_begin(weir_state *s, const weir_state_run *run, weir_error *err) {
    weir_statedb *d = weir_statedb_of(s);
    char host[256] = "";
    if (!run->host && gethostname(host, sizeof host - 1) != 0) host[0] = '\0';
    weir_status status = weir_statedb_begin(d, true, err);
    if (status != WEIR_OK) return status;
    int64_t one;
    bool exists = false;
    WEIR_TRY(weir_statedb_number(d, &one, &exists, err, "select 1 from runs where id = ?", "t",
                                 run->id));
    if (exists) {
        status = weir_error_set(err, WEIR_INTERNAL, "there is a run %s already", run->id);
        goto out;
    }
    WEIR_TRY(weir_statedb_run(
        d, err,
        "insert into runs(id, pipeline, file, fingerprint, version, trigger, host, pid,"
        " started, status) values(?, ?, ?, ?, ?, ?, ?, ?, ?, 'running')",
        "tttttttii", run->id, run->pipeline, run->file, run->fingerprint, run->version,
        run->trigger, run->host ? run->host : host, run->pid ? run->pid : (int64_t)getpid(),
        weir_statedb_now(run->started_us)));
out:
    return weir_statedb_end(d, status, err);
}

weir_status weir_statedb_run_end(weir_state *s, const char *id, weir_run_status run_status,
                                 int exit_code, const char *error, weir_error *err) {
    weir_statedb *d = weir_statedb_of(s);
    weir_status status = weir_statedb_begin(d, true, err);
    if (status != WEIR_OK) return status;
    status = weir_statedb_run(
        d, err,
        "update runs set status = ?, exit_code = ?, error = ?, ended = ? where id = ? and"
        " status in ('running', 'interrupted') and ended is null",
        "titit", weir_run_status_name(run_status), (int64_t)exit_code, error, weir_statedb_now(0),
        id);
    return weir_statedb_end(d, status, err);
}

/* Writing what belongs to a run that is not there is a fault of the caller, with a clear message.
 */
static weir_status need_run(weir_statedb *d, const char *run_id, weir_error *err) {
    int64_t one;
    bool exists = false;
    weir_status status =
        weir_statedb_number(d, &one, &exists, err, "select 1 from runs where id = ?", "t", run_id);
    if (status != WEIR_OK || exists) return status;
    return weir_error_set(err, WEIR_INTERNAL, "there is no run %s in the state", run_id);
}

weir_status weir_statedb_step_put(weir_state *s, const char *run_id, const weir_state_step *p,
                                  weir_error *err) {
    weir_statedb *d = weir_statedb_of(s);
    weir_status status = weir_statedb_begin(d, true, err);
    if (status != WEIR_OK) return status;
    WEIR_TRY(need_run(d, run_id, err));
    WEIR_TRY(weir_statedb_run(
        d, err,
        "insert or replace into steps(run_id, step, source, sink, status, started, duration_us, "
        "attempts,"
        " rows_in, created, inserted, updated, unchanged, stale, rejected, filtered, absorbed, "
        "bytes_in,"
        " bytes_out, warnings, files, files_skipped, error)"
        " values(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        "tttttiiuuuuuuuuuuuuuuut", run_id, p->step, p->source, p->sink,
        weir_run_status_name(p->status), weir_statedb_now(p->started_us), p->duration_us,
        p->attempts, p->rows_in, p->created, p->inserted, p->updated, p->unchanged, p->stale,
        p->rejected, p->filtered, p->absorbed, p->bytes_in, p->bytes_out, p->warnings, p->files,
        p->files_skipped, p->error));
    WEIR_TRY(weir_statedb_run(d, err, "delete from operators where run_id = ? and step = ?", "tt",
                              run_id, p->step));
    for (size_t i = 0; i < p->n_operators; i++) {
        const weir_state_operator *o = &p->operators[i];
        WEIR_TRY(weir_statedb_run(d, err,
                                  "insert into operators values(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                                  "ttutuuuuuu", run_id, p->step, (uint64_t)i, o->name, o->in,
                                  o->created, o->out, o->rejected, o->filtered, o->absorbed));
    }
out:
    return weir_statedb_end(d, status, err);
}

weir_status weir_statedb_quality_add(weir_state *s, const char *run_id,
                                     const weir_state_quality *items, size_t n, weir_error *err) {
    weir_statedb *d = weir_statedb_of(s);
    weir_status status = weir_statedb_begin(d, true, err);
    if (status != WEIR_OK) return status;
    WEIR_TRY(need_run(d, run_id, err));
    for (size_t i = 0; i < n; i++) {
        const weir_state_quality *q = &items[i];
        /* SQLite stores NaN as null, and so is a metric without a value. */
        WEIR_TRY(weir_statedb_run(
            d, err,
            "insert or replace into quality(run_id, step, metric, value, threshold,"
            " severity, passed, at) values(?1, ?2, ?3, case when ?5 then ?4 end, ?6, ?7, ?8, ?9)",
            "tttdittii", run_id, q->step, q->metric, q->value, (int64_t)q->has_value, q->threshold,
            q->severity, (int64_t)q->passed, weir_statedb_now(0)));
    }
out:
    return weir_statedb_end(d, status, err);
}

weir_status weir_statedb_events_add(weir_state *s, const char *run_id,
                                    const weir_state_event *items, size_t n, weir_error *err) {
    weir_statedb *d = weir_statedb_of(s);
    static const weir_state_event cut = {.level = "warn",
                                         .text = "later events of this run were not kept"};
    weir_status status = weir_statedb_begin(d, true, err);
    if (status != WEIR_OK) return status;
    int64_t last = 0;
    WEIR_TRY(need_run(d, run_id, err));
    WEIR_TRY(weir_statedb_number(d, &last, NULL, err,
                                 "select coalesce(max(seq), 0) from events where run_id = ?", "t",
                                 run_id));
    for (size_t i = 0; i < n && last <= WEIR_STATE_EVENTS_PER_RUN; i++) {
        const weir_state_event *e = last == WEIR_STATE_EVENTS_PER_RUN ? &cut : &items[i];
        last++;
        WEIR_TRY(weir_statedb_run(d, err,
                                  "insert into events(run_id, seq, at, level, step, text, fields) "
                                  "values(?, ?, ?, ?, ?, ?, ?)",
                                  "tiitttt", run_id, last, weir_statedb_now(e->at_us), e->level,
                                  e->step, e->text, e->fields));
    }
out:
    return weir_statedb_end(d, status, err);
}

weir_status weir_statedb_document_put(weir_state *s, const char *run_id, const char *step,
                                      const char *kind, const char *text, weir_error *err) {
    weir_statedb *d = weir_statedb_of(s);
    weir_status status = weir_statedb_begin(d, true, err);
    if (status != WEIR_OK) return status;
    WEIR_TRY(need_run(d, run_id, err));
    WEIR_TRY(weir_statedb_run(
        d, err, "insert or replace into documents(run_id, step, kind, text) values(?, ?, ?, ?)",
        "tttt", run_id, step, kind, text));
out:
    return weir_statedb_end(d, status, err);
}

/* ---- small values -------------------------------------------------------------------------- */

weir_status weir_statedb_value_put(weir_state *s, const char *space, const char *key,
                                   weir_slice bytes, weir_error *err) {
    weir_statedb *d = weir_statedb_of(s);
    weir_status status = weir_statedb_begin(d, true, err);
    if (status != WEIR_OK) return status;
    status = weir_statedb_run(
        d, err,
        "insert or replace into small_values(space, key, bytes, changed) values(?, ?, ?, ?)",
        "ttbi", space, key, &bytes, weir_statedb_now(0));
    return weir_statedb_end(d, status, err);
}

weir_status weir_statedb_value_get(weir_state *s, const char *space, const char *key, weir_buf *out,
                                   bool *found, weir_error *err) {
    weir_statedb *d = weir_statedb_of(s);
    sqlite3_stmt *stmt = NULL;
    bool row = false;
    weir_status status = weir_statedb_begin(d, false, err);
    if (status != WEIR_OK) return status;
    WEIR_TRY(weir_statedb_bind(d, &stmt, err,
                               "select bytes from small_values where space = ? and key = ?", "tt",
                               space, key));
    WEIR_TRY(weir_statedb_step(d, stmt, &row, err));
    if (row) {
        const void *p = sqlite3_column_blob(stmt, 0);
        size_t n = (size_t)sqlite3_column_bytes(stmt, 0);
        if (n > 0 && (!p || !weir_buf_add(out, p, n))) status = weir_error_nomem(err);
    }
    if (status == WEIR_OK) *found = row;
out:
    return weir_statedb_end(d, status, err);
}

/* ---- care ---------------------------------------------------------------------------------- */

weir_status weir_statedb_prune(weir_state *s, int64_t before_us, uint64_t *runs, weir_error *err) {
    weir_statedb *d = weir_statedb_of(s);
    weir_status status = weir_statedb_begin(d, true, err);
    if (status != WEIR_OK) return status;
    int64_t n = 0;
    WEIR_TRY(weir_statedb_run(
        d, err,
        "delete from runs where coalesce(ended, started) < ? and status <> 'running' and not exists"
        " (select 1 from rejects j where j.run_id = runs.id and j.state in ('open', 'partly')) and "
        "not exists"
        " (select 1 from epochs e where e.run_id = runs.id and e.state not in ('done', 'undone'))",
        "i", before_us));
    n = sqlite3_changes64(d->db);
    WEIR_TRY(weir_statedb_run(
        d, err,
        "delete from rejects where changed < ? and state in ('replayed', 'discarded') and"
        " not exists (select 1 from runs where runs.id = rejects.run_id)",
        "i", before_us));
out:
    status = weir_statedb_end(d, status, err);
    if (status == WEIR_OK && runs) *runs = (uint64_t)n;
    return status;
}

static weir_status find(weir_statedb *d, weir_buf *out, const char *sql, weir_error *err) {
    sqlite3_stmt *stmt = NULL;
    bool row = true;
    weir_status status = weir_statedb_bind(d, &stmt, err, sql, "");
    while (status == WEIR_OK) {
        status = weir_statedb_step(d, stmt, &row, err);
        if (status != WEIR_OK || !row) break;
        const unsigned char *text = sqlite3_column_text(stmt, 0);
        if (!text || strcmp((const char *)text, "ok") == 0) continue;
        if (!weir_buf_adds(out, (const char *)text) || !weir_buf_add(out, "\n", 1))
            status = weir_error_nomem(err);
    }
    return status;
}

weir_status weir_statedb_check(weir_state *s, weir_buf *findings, weir_error *err) {
    static const char *const questions[] = {
        "pragma integrity_check(100)",
        "select 'row ' || coalesce(rowid, '?') || ' of ' || \"table\" || ' has lost its ' || parent"
        " from pragma_foreign_key_check",
        "select 'pipeline ' || pipeline || ' step ' || step || ': ' || count(*) || ' unfinished "
        "epochs'"
        " from epochs where state not in ('done', 'undone') group by pipeline, step having "
        "count(*) > 1",
        "select 'run ' || run_id || ' step ' || step || ' operator ' || operator || ': in + "
        "created is not"
        " out + rejected + filtered + absorbed' from operators where rows_in + created <>"
        " rows_out + rejected + filtered + absorbed and (run_id, step) in"
        " (select run_id, step from steps where status = 'ok')",
        "select 'pipeline ' || h.pipeline || ' step ' || h.step || ' epoch ' || h.number || ': a "
        "handle without"
        " its epoch' from epoch_handles h left join epochs e using(pipeline, step, number) where "
        "e.state is null"
        " or e.state in ('done', 'undone')",
        "select 'pipeline ' || p.pipeline || ' step ' || p.step || ': the position is of epoch ' "
        "|| p.epoch ||"
        " ', which was not committed' from positions p join epochs e on e.pipeline = p.pipeline and"
        " e.step = p.step and e.number = p.epoch where e.state <> 'done'",
    };
    weir_statedb *d = weir_statedb_of(s);
    weir_status status = weir_statedb_begin(d, false, err);
    if (status != WEIR_OK) return status;
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++)
        WEIR_TRY(find(d, findings, questions[i], err));
out:
    return weir_statedb_end(d, status, err);
}
