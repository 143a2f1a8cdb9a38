/* The calls of state.h: checks of arguments, then the store's function. */
#include "state/state.h"

#include <stdio.h>
#include <sys/random.h>
#include <time.h>

#include "base/clock.h"

static const char *const run_names[] = {"running", "ok",        "failed",      "limit",
                                        "partial", "cancelled", "interrupted", "skipped"};
static const char *const reject_names[] = {"open", "replayed", "discarded", "partly"};
static const char *const epoch_names[] = {"begun",     "intent", "decided",
                                          "committed", "done",   "undone"};

const char *weir_run_status_name(weir_run_status status) {
    return (unsigned)status < WEIR_RUN_STATUS_COUNT ? run_names[status] : "?";
}
const char *weir_reject_state_name(weir_reject_state state) {
    return (unsigned)state < 4 ? reject_names[state] : "?";
}
const char *weir_epoch_state_name(weir_epoch_state state) {
    return (unsigned)state < 6 ? epoch_names[state] : "?";
}

weir_slice weir_state_text(const weir_batch *b, const char *column, uint32_t row) {
    int c = weir_schema_find(b->schema, column, strlen(column));
    if (c < 0 || weir_column_is_null(b->columns[c], row)) return (weir_slice){"", 0};
    return weir_column_slice(b->columns[c], row);
}

void weir_state_epochs_clear(weir_state_epochs *e) {
    weir_arena_clear(&e->arena);
    *e = (weir_state_epochs){0};
}

void weir_state_result_clear(weir_state_result *r) {
    for (size_t i = 0; i < r->n; i++) weir_batch_free(r->batches[i]);
    weir_free(r->batches);
    weir_schema_release(r->schema);
    *r = (weir_state_result){0};
}

void weir_state_close(weir_state *s) {
    if (s) s->store->close(s);
}

/* A name that is a key must be there. */
static weir_status need(const char *value, const char *what, weir_error *err) {
    if (value && *value) return WEIR_OK;
    return weir_error_set(err, WEIR_INTERNAL, "the state was called without a %s", what);
}

/* ---- runs ---------------------------------------------------------------------------------- */

weir_status weir_state_run_id(weir_state *s, char id[WEIR_RUN_ID_SIZE], weir_error *err) {
    for (int attempt = 0; attempt < 100; attempt++) {
        char text[64];
        uint16_t random;
        struct tm t;
        time_t now = (time_t)(weir_clock_wall_us() / 1000000);
        if (!gmtime_r(&now, &t) || t.tm_year + 1900 > 9999 || t.tm_year + 1900 < 0)
            return weir_error_set(err, WEIR_IO, "the clock of this machine is not set");
        if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
            return weir_error_set(err, WEIR_IO, "the system gives no random numbers");
        int n = snprintf(text, sizeof text, "%04d%02d%02d-%02d%02d%02d-%04x", t.tm_year + 1900,
                         t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec, random);
        if (n < 0 || n >= WEIR_RUN_ID_SIZE)
            return weir_error_set(err, WEIR_INTERNAL, "a run id is too long");
        bool exists = false;
        weir_status status = s->store->run_exists(s, text, &exists, err);
        if (status != WEIR_OK) return status;
        if (!exists) {
            memcpy(id, text, (size_t)n + 1);
            return WEIR_OK;
        }
    }
    return weir_error_set(err, WEIR_INTERNAL, "no free run id was found");
}

weir_status weir_state_run_begin(weir_state *s, const weir_state_run *run, weir_error *err) {
    weir_status status = need(run->id, "run id", err);
    if (status == WEIR_OK) status = need(run->pipeline, "pipeline", err);
    return status == WEIR_OK ? s->store->run_begin(s, run, err) : status;
}

weir_status weir_state_run_end(weir_state *s, const char *id, weir_run_status run_status,
                               int exit_code, const char *error, weir_error *err) {
    weir_status status = need(id, "run id", err);
    return status == WEIR_OK ? s->store->run_end(s, id, run_status, exit_code, error, err) : status;
}

weir_status weir_state_step_put(weir_state *s, const char *run_id, const weir_state_step *step,
                                weir_error *err) {
    weir_status status = need(run_id, "run id", err);
    if (status == WEIR_OK) status = need(step->step, "step", err);
    return status == WEIR_OK ? s->store->step_put(s, run_id, step, err) : status;
}

weir_status weir_state_quality_add(weir_state *s, const char *run_id,
                                   const weir_state_quality *items, size_t n, weir_error *err) {
    weir_status status = need(run_id, "run id", err);
    return status == WEIR_OK && n > 0 ? s->store->quality_add(s, run_id, items, n, err) : status;
}

weir_status weir_state_events_add(weir_state *s, const char *run_id, const weir_state_event *items,
                                  size_t n, weir_error *err) {
    weir_status status = need(run_id, "run id", err);
    return status == WEIR_OK && n > 0 ? s->store->events_add(s, run_id, items, n, err) : status;
}

weir_status weir_state_document_put(weir_state *s, const char *run_id, const char *step,
                                    const char *kind, const char *text, weir_error *err) {
    weir_status status = need(run_id, "run id", err);
    if (status == WEIR_OK) status = need(kind, "kind of document", err);
    return status == WEIR_OK ? s->store->document_put(s, run_id, step, kind, text, err) : status;
}

/* ---- leases -------------------------------------------------------------------------------- */

weir_status weir_state_lease_acquire(weir_state *s, const char *pipeline, const char *run_id,
                                     weir_lease **out, weir_error *err) {
    weir_status status = need(pipeline, "pipeline", err);
    if (status == WEIR_OK) status = need(run_id, "run id", err);
    return status == WEIR_OK ? s->store->lease_acquire(s, pipeline, run_id, out, err) : status;
}

weir_status weir_state_lease_renew(weir_lease *l, weir_error *err) {
    return l->state->store->lease_renew(l, err);
}

void weir_state_lease_release(weir_lease *l) {
    if (l) l->state->store->lease_release(l);
}

/* ---- epochs -------------------------------------------------------------------------------- */

weir_status weir_state_epoch_begin(weir_lease *l, const char *step, uint64_t *number,
                                   weir_error *err) {
    weir_status status = need(step, "step", err);
    return status == WEIR_OK ? l->state->store->epoch_begin(l, step, number, err) : status;
}

weir_status weir_state_epoch_intent(weir_lease *l, const char *step, uint64_t number,
                                    const weir_state_intent *intent, weir_error *err) {
    weir_status status = need(step, "step", err);
    return status == WEIR_OK ? l->state->store->epoch_intent(l, step, number, intent, err) : status;
}

static weir_status move(weir_lease *l, const char *step, uint64_t number, weir_epoch_state to,
                        const weir_state_position *positions, size_t n, weir_slice account,
                        weir_error *err) {
    weir_status status = need(step, "step", err);
    return status == WEIR_OK
               ? l->state->store->epoch_move(l, step, number, to, positions, n, account, err)
               : status;
}

weir_status weir_state_epoch_decide(weir_lease *l, const char *step, uint64_t number,
                                    const weir_state_position *positions, size_t n,
                                    weir_error *err) {
    return move(l, step, number, WEIR_EPOCH_DECIDED, positions, n, (weir_slice){0}, err);
}
weir_status weir_state_epoch_committed(weir_lease *l, const char *step, uint64_t number,
                                       weir_error *err) {
    return move(l, step, number, WEIR_EPOCH_COMMITTED, NULL, 0, (weir_slice){0}, err);
}
weir_status weir_state_epoch_done(weir_lease *l, const char *step, uint64_t number,
                                  weir_slice account, weir_error *err) {
    return move(l, step, number, WEIR_EPOCH_DONE, NULL, 0, account, err);
}
weir_status weir_state_epoch_undone(weir_lease *l, const char *step, uint64_t number,
                                    weir_error *err) {
    return move(l, step, number, WEIR_EPOCH_UNDONE, NULL, 0, (weir_slice){0}, err);
}

weir_status weir_state_epochs_unfinished(weir_state *s, const char *pipeline,
                                         weir_state_epochs *out, weir_error *err) {
    return s->store->epochs_unfinished(s, pipeline, out, err);
}

/* ---- positions, files, rejects, values ----------------------------------------------------- */

weir_status weir_state_position_get(weir_state *s, const char *pipeline, const char *step,
                                    const char *fingerprint, weir_arena *arena,
                                    weir_state_position *out, bool *found, const char **other,
                                    weir_error *err) {
    weir_status status = need(pipeline, "pipeline", err);
    if (status == WEIR_OK) status = need(step, "step", err);
    if (status != WEIR_OK) return status;
    return s->store->position_get(s, pipeline, step, fingerprint, arena, out, found, other, err);
}

weir_status weir_state_position_set(weir_lease *l, const char *step,
                                    const weir_state_position *position, weir_error *err) {
    weir_status status = need(step, "step", err);
    return status == WEIR_OK ? l->state->store->position_set(l, step, position, err) : status;
}

weir_status weir_state_step_reset(weir_lease *l, const char *step, weir_error *err) {
    return l->state->store->step_reset(l, step, err);
}

weir_status weir_state_files_set(weir_lease *l, const char *step, const weir_state_file *files,
                                 size_t n, weir_error *err) {
    weir_status status = need(step, "step", err);
    return status == WEIR_OK ? l->state->store->files_set(l, step, files, n, err) : status;
}

weir_status weir_state_file_get(weir_state *s, const char *pipeline, const char *step,
                                const char *path, weir_arena *arena, weir_state_file *out,
                                bool *found, weir_error *err) {
    weir_status status = need(pipeline, "pipeline", err);
    if (status == WEIR_OK) status = need(step, "step", err);
    return status == WEIR_OK ? s->store->file_get(s, pipeline, step, path, arena, out, found, err)
                             : status;
}

weir_status weir_state_reject_put(weir_state *s, const char *run_id, const char *step,
                                  uint64_t epoch, const weir_state_reject *reject,
                                  weir_error *err) {
    weir_status status = need(run_id, "run id", err);
    if (status == WEIR_OK) status = need(reject->path, "path of rejects", err);
    return status == WEIR_OK ? s->store->reject_put(s, run_id, step, epoch, reject, err) : status;
}

weir_status weir_state_reject_mark(weir_state *s, const char *run_id, const char *step,
                                   const char *path, weir_reject_state state, const char *by_run,
                                   uint64_t *marked, weir_error *err) {
    weir_status status = need(run_id, "run id", err);
    return status == WEIR_OK
               ? s->store->reject_mark(s, run_id, step, path, state, by_run, marked, err)
               : status;
}

weir_status weir_state_value_put(weir_state *s, const char *space, const char *key,
                                 weir_slice bytes, weir_error *err) {
    weir_status status = need(space, "space", err);
    return status == WEIR_OK ? s->store->value_put(s, space, key, bytes, err) : status;
}

weir_status weir_state_value_get(weir_state *s, const char *space, const char *key, weir_buf *out,
                                 bool *found, weir_error *err) {
    weir_status status = need(space, "space", err);
    return status == WEIR_OK ? s->store->value_get(s, space, key, out, found, err) : status;
}

/* ---- reading and care ---------------------------------------------------------------------- */

weir_status weir_state_query(weir_state *s, weir_state_what what, const weir_state_filter *filter,
                             weir_ledger *ledger, weir_state_result *out, weir_error *err) {
    static const weir_state_filter all = {0};
    if ((unsigned)what >= WEIR_STATE_WHAT_COUNT)
        return weir_error_set(err, WEIR_INTERNAL, "the state has no table %d", (int)what);
    return s->store->query(s, what, filter ? filter : &all, ledger, out, err);
}

weir_status weir_state_prune(weir_state *s, int64_t before_us, uint64_t *runs, weir_error *err) {
    return s->store->prune(s, before_us, runs, err);
}

weir_status weir_state_check(weir_state *s, weir_buf *findings, weir_error *err) {
    return s->store->check(s, findings, err);
}
