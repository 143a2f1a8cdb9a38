/* Epochs: begin -> intent -> decided -> committed -> done | undone.  Every change checks the lease
 * inside its transaction, so that a run that lost it can decide nothing. */
#include "state/state_sqlite.h"

#include <stdio.h>

/* Finished epochs kept a step: enough to look at, bounded for endless flows. */
#define EPOCHS_KEPT 1000

static weir_epoch_state state_of(const unsigned char *text) {
    for (int i = WEIR_EPOCH_BEGUN; text && i <= WEIR_EPOCH_UNDONE; i++)
        if (strcmp((const char *)text, weir_epoch_state_name((weir_epoch_state)i)) == 0)
            return (weir_epoch_state)i;
    return WEIR_EPOCH_UNDONE;
}

static weir_status current(weir_lease *l, const char *step, uint64_t number, weir_epoch_state *out,
                           weir_error *err) {
    weir_statedb *d = weir_statedb_of(l->state);
    sqlite3_stmt *stmt = NULL;
    bool row = false;
    weir_status status = weir_statedb_bind(
        d, &stmt, err, "select state from epochs where pipeline = ? and step = ? and number = ?",
        "ttu", l->pipeline, step, number);
    if (status == WEIR_OK) status = weir_statedb_step(d, stmt, &row, err);
    if (status != WEIR_OK) return status;
    if (!row)
        return weir_error_set(err, WEIR_INTERNAL, "pipeline %s step %s has no epoch %llu",
                              l->pipeline, step, (unsigned long long)number);
    *out = state_of(sqlite3_column_text(stmt, 0));
    sqlite3_reset(stmt);
    return WEIR_OK;
}

weir_status weir_statedb_epoch_begin(weir_lease *l, const char *step, uint64_t *number,
                                     weir_error *err) {
    weir_statedb *d = weir_statedb_of(l->state);
    weir_status status = weir_statedb_begin(d, true, err);
    if (status != WEIR_OK) return status;
    int64_t open = 0, next = 0;
    bool unfinished = false;
    WEIR_TRY(weir_statedb_fence(l, err));
    WEIR_TRY(weir_statedb_number(d, &open, &unfinished, err,
                                 "select number from epochs where pipeline = ? and step = ? and"
                                 " state not in ('done', 'undone') limit 1",
                                 "tt", l->pipeline, step));
    if (unfinished) {
        status =
            weir_error_set(err, WEIR_INTERNAL, "epoch %lld of pipeline %s step %s is not finished",
                           (long long)open, l->pipeline, step);
        goto out;
    }
    WEIR_TRY(weir_statedb_number(
        d, &next, NULL, err,
        "select coalesce(max(number), 0) + 1 from epochs where pipeline = ? and step = ?", "tt",
        l->pipeline, step));
    WEIR_TRY(weir_statedb_run(
        d, err,
        "insert into epochs(pipeline, step, number, state, run_id, fence, begun, changed)"
        " values(?1, ?2, ?3, 'begun', ?4, ?5, ?6, ?6)",
        "ttitui", l->pipeline, step, next, l->run_id, l->fence, weir_statedb_now(0)));
out:
    status = weir_statedb_end(d, status, err);
    if (status == WEIR_OK) *number = (uint64_t)next;
    return status;
}

/* ---- intent -------------------------------------------------------------------------------- */

static weir_status put_positions(weir_lease *l, const char *step, uint64_t number,
                                 const weir_state_position *positions, size_t n, weir_error *err) {
    weir_statedb *d = weir_statedb_of(l->state);
    weir_status status = WEIR_OK;
    for (size_t i = 0; i < n && status == WEIR_OK; i++)
        status = weir_statedb_run(
            d, err, "insert or replace into pending_positions values(?, ?, ?, ?, ?, ?)", "ttutbt",
            l->pipeline, step, number, positions[i].fingerprint, &positions[i].bytes,
            positions[i].text);
    return status;
}

/* Drops what an earlier intent of the epoch left pending. */
static weir_status drop_pending(weir_lease *l, const char *step, uint64_t number, bool handles,
                                weir_error *err) {
    weir_statedb *d = weir_statedb_of(l->state);
    weir_status status = WEIR_OK;
#define DROP(table)                                                                                \
    WEIR_TRY(weir_statedb_run(                                                                     \
        d, err, "delete from " table " where pipeline = ? and step = ? and number = ?", "ttu",     \
        l->pipeline, step, number))
    if (handles) DROP("epoch_handles");
    DROP("pending_positions");
    DROP("pending_files");
    DROP("pending_rejects");
#undef DROP
out:
    return status;
}

static weir_status put_intent(weir_lease *l, const char *step, uint64_t number,
                              const weir_state_intent *in, weir_error *err) {
    weir_statedb *d = weir_statedb_of(l->state);
    weir_status status = WEIR_OK;
    WEIR_TRY(drop_pending(l, step, number, true, err));
    for (size_t i = 0; i < in->n_handles; i++)
        WEIR_TRY(weir_statedb_run(d, err, "insert into epoch_handles values(?, ?, ?, ?, ?, ?)",
                                  "ttuutb", l->pipeline, step, number, (uint64_t)i,
                                  in->handles[i].sink, &in->handles[i].bytes));
    WEIR_TRY(put_positions(l, step, number, in->positions, in->n_positions, err));
    for (size_t i = 0; i < in->n_files; i++) {
        const weir_state_file *f = &in->files[i];
        WEIR_TRY(weir_statedb_run(
            d, err, "insert or replace into pending_files values(?, ?, ?, ?, ?, ?, ?, ?)",
            "ttutuitu", l->pipeline, step, number, f->path, f->size_bytes, f->mtime_ns, f->hash,
            f->rows));
    }
    for (size_t i = 0; i < in->n_rejects; i++) {
        const weir_state_reject *r = &in->rejects[i];
        WEIR_TRY(weir_statedb_run(
            d, err, "insert or replace into pending_rejects values(?, ?, ?, ?, ?, ?, ?)", "ttuttut",
            l->pipeline, step, number, r->path, r->format, r->rows, r->source));
    }
out:
    return status;
}

weir_status weir_statedb_epoch_intent(weir_lease *l, const char *step, uint64_t number,
                                      const weir_state_intent *intent, weir_error *err) {
    weir_statedb *d = weir_statedb_of(l->state);
    weir_status status = weir_statedb_begin(d, true, err);
    if (status != WEIR_OK) return status;
    weir_epoch_state from;
    WEIR_TRY(weir_statedb_fence(l, err));
    WEIR_TRY(current(l, step, number, &from, err));
    if (from > WEIR_EPOCH_DECIDED) {
        status = weir_error_set(
            err, WEIR_INTERNAL, "epoch %llu of pipeline %s step %s is %s and takes no intent",
            (unsigned long long)number, l->pipeline, step, weir_epoch_state_name(from));
        goto out;
    }
    WEIR_TRY(put_intent(l, step, number, intent, err));
    /* A decision that was made stands: behind it the epoch can only go forward or be undone, and it
     * stays its own run's, whose name is in its paths. */
    WEIR_TRY(weir_statedb_run(
        d, err,
        "update epochs set state = case state when 'decided' then 'decided' else 'intent' end,"
        " run_id = case state when 'decided' then run_id else ? end,"
        " splits = ?, account = ?, fence = ?, changed = ?"
        " where pipeline = ? and step = ? and number = ?",
        "tbbuittu", l->run_id, &intent->splits, &intent->account, l->fence, weir_statedb_now(0),
        l->pipeline, step, number));
out:
    return weir_statedb_end(d, status, err);
}

/* ---- moves --------------------------------------------------------------------------------- */

static bool may_move(weir_epoch_state from, weir_epoch_state to) {
    if (from == to) return true;
    switch (to) {
    case WEIR_EPOCH_DECIDED: return from == WEIR_EPOCH_INTENT;
    case WEIR_EPOCH_COMMITTED: return from == WEIR_EPOCH_DECIDED;
    case WEIR_EPOCH_DONE: return from == WEIR_EPOCH_DECIDED || from == WEIR_EPOCH_COMMITTED;
    case WEIR_EPOCH_UNDONE: return from <= WEIR_EPOCH_DECIDED;
    default: return false;
    }
}

/* What was pending takes effect.  It belongs to the run that wrote it, which may have died before
 * the run that finishes it: the epoch knows. */
static weir_status apply(weir_lease *l, const char *step, uint64_t number, int64_t now,
                         weir_error *err) {
    weir_statedb *d = weir_statedb_of(l->state);
    weir_status status = WEIR_OK;
#define OF_EPOCH(table)                                                                            \
    " from " table " p join epochs e using(pipeline, step, number)"                                \
    " where p.pipeline = ?1 and p.step = ?2 and p.number = ?3"
    WEIR_TRY(weir_statedb_run(
        d, err,
        "insert or replace into positions(pipeline, step, fingerprint, bytes, text, epoch, run_id,"
        " updated) select p.pipeline, p.step, p.fingerprint, p.bytes, p.text, p.number, e.run_id, "
        "?4" OF_EPOCH("pending_positions"),
        "ttui", l->pipeline, step, number, now));
    WEIR_TRY(weir_statedb_run(d, err,
                              "insert or replace into files(pipeline, step, path, size_bytes, "
                              "mtime_ns, hash, rows, epoch,"
                              " run_id, loaded) select p.pipeline, p.step, p.path, p.size_bytes, "
                              "p.mtime_ns, p.hash, p.rows,"
                              " p.number, e.run_id, ?4" OF_EPOCH("pending_files"),
                              "ttui", l->pipeline, step, number, now));
    WEIR_TRY(weir_statedb_run(
        d, err,
        "insert or replace into rejects(run_id, step, epoch, path, pipeline, format, rows, source,"
        " state, changed) select e.run_id, p.step, p.number, p.path, p.pipeline, p.format, p.rows,"
        " p.source, 'open', ?4" OF_EPOCH("pending_rejects"),
        "ttui", l->pipeline, step, number, now));
#undef OF_EPOCH
out:
    return status;
}

static weir_status finish(weir_lease *l, const char *step, uint64_t number, weir_epoch_state to,
                          int64_t now, const weir_slice *account, weir_error *err) {
    weir_statedb *d = weir_statedb_of(l->state);
    weir_status status = WEIR_OK;
    if (to == WEIR_EPOCH_DONE) WEIR_TRY(apply(l, step, number, now, err));
    WEIR_TRY(drop_pending(l, step, number, true, err));
    WEIR_TRY(weir_statedb_run(d, err,
                              "update epochs set splits = null, account = ?"
                              " where pipeline = ? and step = ? and number = ?",
                              "bttu", account, l->pipeline, step, number));
    WEIR_TRY(
        weir_statedb_run(d, err,
                         "delete from epochs where pipeline = ? and step = ? and number < ? and"
                         " state in ('done', 'undone')",
                         "tti", l->pipeline, step, weir_statedb_signed(number) - EPOCHS_KEPT));
out:
    return status;
}

weir_status weir_statedb_epoch_move(weir_lease *l, const char *step, uint64_t number,
                                    weir_epoch_state to, const weir_state_position *positions,
                                    size_t n, weir_slice account, weir_error *err) {
    weir_statedb *d = weir_statedb_of(l->state);
    weir_status status = weir_statedb_begin(d, true, err);
    if (status != WEIR_OK) return status;
    weir_epoch_state from;
    int64_t now = weir_statedb_now(0);
    WEIR_TRY(weir_statedb_fence(l, err));
    WEIR_TRY(current(l, step, number, &from, err));
    if (!may_move(from, to)) {
        status = weir_error_set(err, WEIR_INTERNAL,
                                "epoch %llu of pipeline %s step %s is %s and cannot become %s",
                                (unsigned long long)number, l->pipeline, step,
                                weir_epoch_state_name(from), weir_epoch_state_name(to));
        goto out;
    }
    if (n > 0) {
        WEIR_TRY(weir_statedb_run(
            d, err, "delete from pending_positions where pipeline = ? and step = ? and number = ?",
            "ttu", l->pipeline, step, number));
        WEIR_TRY(put_positions(l, step, number, positions, n, err));
    }
    if (from == to) goto out;
    WEIR_TRY(weir_statedb_run(d, err,
                              "update epochs set state = ?, fence = ?, changed = ?"
                              " where pipeline = ? and step = ? and number = ?",
                              "tuittu", weir_epoch_state_name(to), l->fence, now, l->pipeline, step,
                              number));
    if (to == WEIR_EPOCH_DONE || to == WEIR_EPOCH_UNDONE)
        WEIR_TRY(finish(l, step, number, to, now, &account, err));
out:
    return weir_statedb_end(d, status, err);
}

/* ---- reading back -------------------------------------------------------------------------- */

/* Rows of one table of an epoch, gathered into an array in the arena. */
typedef bool (*read_row)(sqlite3_stmt *stmt, weir_arena *arena, void *item);

static weir_status gather(weir_statedb *d, const weir_state_epoch *e, weir_arena *arena,
                          const char *count_sql, const char *sql, size_t item_size, read_row read,
                          void **items, size_t *n, weir_error *err) {
    int64_t rows = 0;
    sqlite3_stmt *stmt = NULL;
    weir_status status =
        weir_statedb_number(d, &rows, NULL, err, count_sql, "ttu", e->pipeline, e->step, e->number);
    if (status != WEIR_OK || rows == 0) return status;
    char *array = weir_arena_zero(arena, (size_t)rows, item_size);
    if (!array) return weir_error_nomem(err);
    status = weir_statedb_bind(d, &stmt, err, sql, "ttu", e->pipeline, e->step, e->number);
    for (int64_t i = 0; status == WEIR_OK; i++) {
        bool row;
        status = weir_statedb_step(d, stmt, &row, err);
        if (status != WEIR_OK || !row) break;
        if (i >= rows)
            return weir_error_set(err, WEIR_INTERNAL, "the state changed inside a transaction");
        if (!read(stmt, arena, array + (size_t)i * item_size)) return weir_error_nomem(err);
    }
    *items = array;
    *n = (size_t)rows;
    return status;
}

static bool read_handle(sqlite3_stmt *stmt, weir_arena *arena, void *item) {
    weir_state_handle *h = item;
    h->sink = weir_statedb_text(stmt, 0, arena);
    return h->sink && weir_statedb_bytes(stmt, 1, arena, &h->bytes);
}

static bool read_position(sqlite3_stmt *stmt, weir_arena *arena, void *item) {
    weir_state_position *p = item;
    p->fingerprint = weir_statedb_text(stmt, 0, arena);
    p->text = weir_statedb_text(stmt, 2, arena);
    return p->fingerprint && p->text && weir_statedb_bytes(stmt, 1, arena, &p->bytes);
}

static bool read_file(sqlite3_stmt *stmt, weir_arena *arena, void *item) {
    weir_state_file *f = item;
    f->path = weir_statedb_text(stmt, 0, arena);
    f->size_bytes = (uint64_t)sqlite3_column_int64(stmt, 1);
    f->mtime_ns = sqlite3_column_int64(stmt, 2);
    f->hash = weir_statedb_text(stmt, 3, arena);
    f->rows = (uint64_t)sqlite3_column_int64(stmt, 4);
    return f->path && f->hash;
}

static bool read_reject(sqlite3_stmt *stmt, weir_arena *arena, void *item) {
    weir_state_reject *r = item;
    r->path = weir_statedb_text(stmt, 0, arena);
    r->format = weir_statedb_text(stmt, 1, arena);
    r->rows = (uint64_t)sqlite3_column_int64(stmt, 2);
    r->source = weir_statedb_text(stmt, 3, arena);
    return r->path && r->format && r->source;
}

static weir_status read_intent(weir_statedb *d, weir_state_epoch *e, weir_arena *arena,
                               weir_error *err) {
    weir_state_intent *in = &e->intent;
    void *handles = NULL, *positions = NULL, *files = NULL, *rejects = NULL;
    weir_status status = WEIR_OK;
#define OF_EPOCH " where pipeline = ? and step = ? and number = ? "
    WEIR_TRY(gather(d, e, arena, "select count(*) from epoch_handles" OF_EPOCH,
                    "select sink, bytes from epoch_handles" OF_EPOCH "order by ordinal",
                    sizeof(weir_state_handle), read_handle, &handles, &in->n_handles, err));
    WEIR_TRY(gather(d, e, arena, "select count(*) from pending_positions" OF_EPOCH,
                    "select fingerprint, bytes, text from pending_positions" OF_EPOCH
                    "order by fingerprint",
                    sizeof(weir_state_position), read_position, &positions, &in->n_positions, err));
    WEIR_TRY(gather(d, e, arena, "select count(*) from pending_files" OF_EPOCH,
                    "select path, size_bytes, mtime_ns, hash, rows from pending_files" OF_EPOCH
                    "order by path",
                    sizeof(weir_state_file), read_file, &files, &in->n_files, err));
    WEIR_TRY(gather(d, e, arena, "select count(*) from pending_rejects" OF_EPOCH,
                    "select path, format, rows, source from pending_rejects" OF_EPOCH
                    "order by path",
                    sizeof(weir_state_reject), read_reject, &rejects, &in->n_rejects, err));
#undef OF_EPOCH
    in->handles = handles;
    in->positions = positions;
    in->files = files;
    in->rejects = rejects;
out:
    return status;
}

static weir_status read_epochs(weir_statedb *d, const char *pipeline, weir_state_epochs *out,
                               weir_error *err) {
    weir_status status = WEIR_OK;
    sqlite3_stmt *stmt = NULL;
    int64_t rows = 0;
    bool row;
#define UNFINISHED                                                                                 \
    " from epochs where (?1 is null or pipeline = ?1) and state not in ('done', 'undone') "
    WEIR_TRY(weir_statedb_number(d, &rows, NULL, err, "select count(*)" UNFINISHED, "n", pipeline));
    if (rows == 0) return WEIR_OK;
    out->items = weir_arena_zero(&out->arena, (size_t)rows, sizeof *out->items);
    if (!out->items) return weir_error_nomem(err);
    WEIR_TRY(weir_statedb_bind(d, &stmt, err,
                               "select pipeline, step, number, state, run_id, fence, begun, "
                               "changed, splits, account" UNFINISHED
                               "order by pipeline, step, number",
                               "n", pipeline));
#undef UNFINISHED
    for (;;) {
        WEIR_TRY(weir_statedb_step(d, stmt, &row, err));
        if (!row || out->n == (size_t)rows) break;
        weir_state_epoch *e = &out->items[out->n++];
        e->pipeline = weir_statedb_text(stmt, 0, &out->arena);
        e->step = weir_statedb_text(stmt, 1, &out->arena);
        e->number = (uint64_t)sqlite3_column_int64(stmt, 2);
        e->state = state_of(sqlite3_column_text(stmt, 3));
        e->run_id = weir_statedb_text(stmt, 4, &out->arena);
        e->fence = (uint64_t)sqlite3_column_int64(stmt, 5);
        e->begun_us = sqlite3_column_int64(stmt, 6);
        e->changed_us = sqlite3_column_int64(stmt, 7);
        if (!e->pipeline || !e->step || !e->run_id ||
            !weir_statedb_bytes(stmt, 8, &out->arena, &e->intent.splits) ||
            !weir_statedb_bytes(stmt, 9, &out->arena, &e->intent.account))
            return weir_error_nomem(err);
    }
    for (size_t i = 0; i < out->n; i++) WEIR_TRY(read_intent(d, &out->items[i], &out->arena, err));
out:
    return status;
}

weir_status weir_statedb_epochs_unfinished(weir_state *s, const char *pipeline,
                                           weir_state_epochs *out, weir_error *err) {
    weir_statedb *d = weir_statedb_of(s);
    weir_state_epochs found = {0};
    weir_status status = weir_statedb_begin(d, false, err);
    if (status != WEIR_OK) return status;
    status = weir_statedb_end(d, read_epochs(d, pipeline, &found, err), err);
    if (status == WEIR_OK)
        *out = found;
    else
        weir_state_epochs_clear(&found);
    return status;
}
