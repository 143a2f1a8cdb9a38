#include "engine/run.h"

#include <sched.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "engine/journal.h"
#include "engine/plan.h"
#include "text/hash.h"
#include "text/json.h"

uint32_t weir_default_threads(void) {
    cpu_set_t set;
    uint32_t n = 1;
    if (sched_getaffinity(0, sizeof set, &set) == 0) n = (uint32_t)CPU_COUNT(&set);
    FILE *f = fopen("/sys/fs/cgroup/cpu.max", "re"); /* "200000 100000", or "max 100000" */
    unsigned long long quota = 0, period = 0;
    if (f && fscanf(f, "%llu %llu", &quota, &period) == 2 && period) {
        uint32_t limit = (uint32_t)((quota + period - 1) / period);
        if (limit && limit < n) n = limit;
    }
    if (f) fclose(f);
    return n ? n : 1;
}

int weir_run_exit_code(const weir_run_result *r) {
    switch (r->status) {
    case WEIR_RUN_OK:
    case WEIR_RUN_SKIPPED: return 0;
    case WEIR_RUN_LIMIT: return 3;
    case WEIR_RUN_PARTIAL: return 4;
    case WEIR_RUN_CANCELLED: return 130;
    default: return r->error.status == WEIR_USAGE ? 2 : 1;
    }
}

/* ---- identity ------------------------------------------------------------------------------ */

static uint64_t hash_node(const weir_node *n, uint64_t h) {
    if (!n) return h;
    h = weir_hash_combine(h, (uint64_t)n->kind + 1);
    if (n->kind == WEIR_NODE_SCALAR) return weir_hash_bytes(n->text, n->text_size, h);
    for (size_t i = 0; i < n->n; i++) {
        if (n->kind == WEIR_NODE_MAP) h = hash_node(n->keys[i], h);
        h = hash_node(n->items[i], h);
    }
    return h;
}

/* ---- history ------------------------------------------------------------------------------- */

static weir_status put_step(const weir_step_env *e, const char *run_id, const weir_step *step,
                            const weir_step_result *r, weir_error *err) {
    const weir_account *a = &r->account;
    weir_state_operator *ops = weir_alloc_zero(a->n_operators + 1, sizeof *ops);
    if (!ops) return weir_error_nomem(err);
    for (size_t i = 0; i < a->n_operators; i++) {
        const weir_operator_account *o = &a->operators[i];
        ops[i] = (weir_state_operator){o->name,     o->in,       o->created, o->out,
                                       o->rejected, o->filtered, o->absorbed};
    }
    char error[1024] = "";
    if (r->error.status != WEIR_OK) weir_error_format(&r->error, error, sizeof error);
    weir_state_step s = {.step = step->name,
                         .source = step->flow.source.type,
                         .sink = step->flow.sink.type,
                         .status = r->status,
                         .started_us = r->started_us,
                         .duration_us = r->duration_us,
                         .attempts = r->attempts,
                         .rows_in = a->rows_read,
                         .inserted = a->loaded.inserted,
                         .updated = a->loaded.updated,
                         .unchanged = a->loaded.unchanged,
                         .stale = a->loaded.stale,
                         .rejected = a->rows_rejected,
                         .filtered = a->rows_filtered,
                         .absorbed = a->rows_absorbed,
                         .bytes_in = a->bytes_read,
                         .bytes_out = a->loaded.bytes,
                         .warnings = a->warnings,
                         .files = a->splits,
                         .files_skipped = a->splits_skipped,
                         .error = error,
                         .n_operators = a->n_operators,
                         .operators = ops};
    weir_status status = weir_state_step_put(e->state, run_id, &s, err);
    weir_free(ops);
    return status;
}

/* ---- resuming an interrupted run ----------------------------------------------------------- */

/* One run in the state went on with another's work when the process had died: what those runs had
 * finished is not done twice. */
typedef struct resume {
    size_t n;
    const char *runs[64]; /* newest first */
} resume;

/* The latest runs of the pipeline, as long as they were interrupted and of the same file. */
static weir_status find_interrupted(weir_state *state, const char *pipeline,
                                    const char *fingerprint, weir_arena *arena, resume *out,
                                    weir_error *err) {
    weir_state_filter filter = {.pipeline = pipeline, .newest_first = true, .limit = 64};
    weir_state_result found = {0};
    weir_status status = weir_state_query(state, WEIR_STATE_RUNS, &filter, NULL, &found, err);
    bool more = true;
    for (size_t i = 0; status == WEIR_OK && more && i < found.n; i++) {
        const weir_batch *b = found.batches[i];
        for (uint32_t r = 0; more && r < b->length; r++) {
            more = weir_slice_is(weir_state_text(b, "status", r), "interrupted") &&
                   weir_slice_is(weir_state_text(b, "fingerprint", r), fingerprint) &&
                   out->n < sizeof out->runs / sizeof *out->runs;
            if (!more) break;
            weir_slice id = weir_state_text(b, "run_id", r);
            char *copy = weir_arena_strndup(arena, id.data, id.size);
            if (!copy)
                status = weir_error_nomem(err), more = false;
            else
                out->runs[out->n++] = copy;
        }
    }
    weir_state_result_clear(&found);
    return status;
}

static weir_status any_row(weir_state *state, weir_state_what what, const weir_state_filter *filter,
                           bool *out, weir_error *err) {
    weir_state_result found = {0};
    weir_status status = weir_state_query(state, what, filter, NULL, &found, err);
    *out = status == WEIR_OK && found.rows > 0;
    weir_state_result_clear(&found);
    return status;
}

/* Whether the run says that the step ended well, and how. */
static weir_status ended_well(weir_state *state, const char *pipeline, const char *step,
                              const char *run_id, bool *yes, weir_run_status *how,
                              weir_error *err) {
    static const weir_run_status good[] = {WEIR_RUN_OK, WEIR_RUN_PARTIAL};
    *yes = false;
    for (size_t k = 0; k < 2 && !*yes; k++) {
        weir_state_filter f = {.pipeline = pipeline,
                               .step = step,
                               .run_id = run_id,
                               .status = weir_run_status_name(good[k])};
        weir_status status = any_row(state, WEIR_STATE_STEPS, &f, yes, err);
        if (status != WEIR_OK) return status;
        *how = good[k];
    }
    return WEIR_OK;
}

/* Puts the step of a run that ended between its epoch's commit and the step's: the epoch has kept
 * the figures. */
static weir_status put_missing_step(const weir_step_env *e, const char *run_id, const weir_batch *b,
                                    uint32_t row, weir_error *err) {
    weir_slice name = weir_state_text(b, "step", row), bytes = weir_state_text(b, "account", row);
    bool there = false;
    weir_run_status how;
    weir_step_result r = {.attempts = 1, .started_us = weir_clock_wall_us()};
    char step[256];
    snprintf(step, sizeof step, "%.*s", (int)name.size, name.data);
    size_t number = weir_pipeline_find_step(e->pipeline, step);
    if (number == SIZE_MAX || bytes.size == 0) return WEIR_OK;
    weir_status status;
    WEIR_TRY(ended_well(e->state, e->pipeline->name, step, run_id, &there, &how, err));
    if (there) goto out;
    WEIR_TRY(weir_coordinator_account(bytes, &r.account, err));
    r.status = r.account.splits_skipped ? WEIR_RUN_PARTIAL : WEIR_RUN_OK;
    status = put_step(e, run_id, &e->pipeline->steps[number], &r, err);
out:
    return status;
}

static weir_status put_missing_steps(const weir_step_env *e, const resume *before,
                                     weir_error *err) {
    weir_status status = WEIR_OK;
    for (size_t i = 0; status == WEIR_OK && i < before->n; i++) {
        weir_state_filter filter = {
            .pipeline = e->pipeline->name, .run_id = before->runs[i], .status = "done"};
        weir_state_result done = {0};
        status = weir_state_query(e->state, WEIR_STATE_EPOCHS, &filter, NULL, &done, err);
        for (size_t k = 0; k < done.n; k++)
            for (uint32_t row = 0; status == WEIR_OK && row < done.batches[k]->length; row++)
                status = put_missing_step(e, before->runs[i], done.batches[k], row, err);
        weir_state_result_clear(&done);
    }
    return status;
}

/* Whether one of the interrupted runs had finished the step. */
static weir_status finished_before(weir_state *state, const char *pipeline, const resume *before,
                                   weir_step_result *r, bool *finished, weir_error *err) {
    *finished = false;
    for (size_t i = 0; i < before->n && !*finished; i++) {
        weir_status status =
            ended_well(state, pipeline, r->step, before->runs[i], finished, &r->status, err);
        if (status != WEIR_OK) return status;
        if (*finished) r->completed_run = before->runs[i];
    }
    return WEIR_OK;
}

/* ---- the run ------------------------------------------------------------------------------- */

static bool chosen(const weir_run_request *q, size_t step) {
    for (size_t i = 0; i < q->n_steps; i++)
        if (q->steps[i] == step) return true;
    return q->n_steps == 0;
}

static bool needs_failed(const weir_step *step, const weir_pipeline *p, const weir_run_result *r) {
    for (size_t i = 0; i < step->n_needs; i++)
        for (size_t k = 0; k < r->n_steps; k++) {
            if (strcmp(r->steps[k].step, p->steps[step->needs[i]].name) != 0) continue;
            weir_run_status s = r->steps[k].status;
            if (s != WEIR_RUN_OK && s != WEIR_RUN_PARTIAL) return true;
        }
    return false;
}

/* The run's status is that of its worst step. */
static void take_status(weir_run_result *r, const weir_step_result *s) {
    static const int weight[WEIR_RUN_STATUS_COUNT] = {
        [WEIR_RUN_OK] = 0,    [WEIR_RUN_SKIPPED] = 0, [WEIR_RUN_PARTIAL] = 1,
        [WEIR_RUN_LIMIT] = 2, [WEIR_RUN_FAILED] = 3,  [WEIR_RUN_CANCELLED] = 4};
    if (weight[s->status] <= weight[r->status]) return;
    r->status = s->status;
    r->error = s->error;
}

/* What became of a step, for the journal. */
static void note_step(weir_journal *j, const weir_step_result *r) {
    const weir_account *a = &r->account;
    const struct {
        const char *name;
        uint64_t value;
    } figures[] = {{"read", a->rows_read},         {"loaded", a->rows_loaded},
                   {"rejected", a->rows_rejected}, {"filtered", a->rows_filtered},
                   {"warnings", a->warnings},      {"files_skipped", a->splits_skipped},
                   {"attempts", r->attempts},      {"duration_us", (uint64_t)r->duration_us}};
    weir_buf fields = {0};
    weir_json_writer w = {.out = &fields};
    char text[1024];
    if (!j) return;
    weir_json_open(&w, '{');
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        weir_json_key(&w, figures[i].name);
        weir_json_write_uint(&w, figures[i].value);
    }
    weir_json_close(&w, '}');
    if (r->reject_path)
        weir_journal_add(j, WEIR_LOG_WARN, NULL, "%llu record%s rejected: %s",
                         (unsigned long long)a->rows_rejected,
                         a->rows_rejected == 1 ? " was" : "s were", r->reject_path);
    if (a->unread[0]) weir_journal_add(j, WEIR_LOG_WARN, NULL, "%s", a->unread);
    if (r->error.status != WEIR_OK)
        weir_journal_add(j, WEIR_LOG_ERROR, NULL, "%s",
                         weir_error_format(&r->error, text, sizeof text));
    weir_journal_add(j, WEIR_LOG_INFO, w.failed ? NULL : weir_buf_cstr(&fields), "step ended: %s%s",
                     weir_run_status_name(r->status),
                     r->nothing_new ? ", nothing new to read" : "");
    weir_buf_clear(&fields);
}

/* A dry run cannot try what reads the output of another step: nothing was written. */
static void excuse_untried(const weir_step_env *e, const weir_step *step, weir_arena *arena,
                           weir_step_result *r) {
    bool io = r->error.status == WEIR_IO || r->error.status == WEIR_DATA;
    if (r->status != WEIR_RUN_FAILED || !io || r->plan || !weir_plan_is_fed(e->pipeline, step))
        return;
    r->untried = weir_arena_strdup(arena, r->error.message);
    r->status = WEIR_RUN_SKIPPED;
    r->error = (weir_error){0};
}

static weir_status run_step(const weir_step_env *e, const weir_step *step, const resume *before,
                            weir_arena *arena, weir_run_result *result, weir_error *err) {
    weir_step_result *r = &result->steps[result->n_steps];
    bool finished = false;
    weir_status status = WEIR_OK;
    *r = (weir_step_result){.step = step->name, .started_us = weir_clock_wall_us()};
    weir_journal_step(e->journal, step->name);
    bool incremental = step->flow.source.incremental.by != WEIR_INCREMENTAL_NONE;
    if (needs_failed(step, e->pipeline, result)) {
        r->status = WEIR_RUN_SKIPPED;
    } else {
        if (!incremental && !e->dry)
            WEIR_TRY(finished_before(e->state, e->pipeline->name, before, r, &finished, err));
        if (!finished) WEIR_TRY(weir_step_execute(e, step, arena, r, err));
    }
    if (e->dry) {
        excuse_untried(e, step, arena, r);
    } else {
        note_step(e->journal, r);
        weir_journal_flush(e->journal);
        weir_journal_step(e->journal, "");
        WEIR_TRY(put_step(e, e->run_id, step, r, err));
        if (r->completed_run)
            WEIR_TRY(put_missing_steps(e, &(resume){.n = 1, .runs = {r->completed_run}}, err));
    }
    weir_account_add(&r->account, &r->recovered);
    result->n_steps++;
    take_status(result, r);
    if (r->completed_run) result->resumed = r->completed_run;
out:
    return status;
}

static weir_status run_steps(const weir_step_env *e, const weir_run_request *q,
                             const resume *before, weir_arena *arena, weir_run_result *result,
                             weir_error *err) {
    const weir_pipeline *p = q->pipeline;
    for (size_t i = 0; i < p->n_steps; i++) {
        size_t number = p->order[i];
        if (!chosen(q, number)) continue;
        weir_status status = run_step(e, &p->steps[number], before, arena, result, err);
        if (status != WEIR_OK) return status;
        if (weir_cancel_requested(q->cancel)) break;
    }
    return WEIR_OK;
}

static weir_status begin_run(const weir_run_request *q, const char *fingerprint, weir_step_env *e,
                             resume *before, weir_arena *arena, weir_error *err) {
    const weir_pipeline *p = q->pipeline;
    weir_status status;
    WEIR_TRY(weir_state_lease_acquire(q->state, p->name, e->run_id, &e->lease, err));
    if (!q->full_refresh)
        WEIR_TRY(find_interrupted(q->state, p->name, fingerprint, arena, before, err));
    WEIR_TRY(put_missing_steps(e, before, err));
    weir_state_run run = {.id = e->run_id,
                          .pipeline = p->name,
                          .file = p->file,
                          .fingerprint = fingerprint,
                          .version = q->version,
                          .trigger = q->trigger};
    WEIR_TRY(weir_state_run_begin(q->state, &run, err));
    weir_fault_point("run-begun");
out:
    return status;
}

/* What a run is told apart by: its file, and whether it was of a part or of everything anew; only
 * a run of the same kind goes on with the work of another one. */
static void fingerprint_of(const weir_run_request *q, char *out, size_t size) {
    unsigned long long hash = hash_node(q->pipeline->root, 1);
    int n = snprintf(out, size, "%016llx%s", hash, q->full_refresh ? "-refresh" : "");
    if (q->limit_rows && n > 0 && (size_t)n < size)
        snprintf(out + n, size - (size_t)n, "-limit%llu", (unsigned long long)q->limit_rows);
}

static weir_step_env env_of(const weir_run_request *q, weir_diags *diags) {
    const weir_pipeline *p = q->pipeline;
    return (weir_step_env){
        .pipeline = p,
        .state = q->state,
        .cancel = q->cancel,
        .full_refresh = q->full_refresh,
        .dry = q->dry,
        .look_only = q->dry,
        .limit_rows = q->limit_rows,
        .memory_bytes = p->memory_bytes ? (size_t)p->memory_bytes : WEIR_DEFAULT_MEMORY_BYTES,
        .threads = p->threads > 0 ? (uint32_t)p->threads : weir_default_threads(),
        .reject_sink = q->reject_sink,
        .reject_read = q->reject_read,
        .reject_context = q->reject_context,
        .progress = q->progress,
        .progress_context = q->progress_context,
        .diags = diags};
}

weir_status weir_run_plan(const weir_run_request *q, weir_arena *arena, weir_diags *diags,
                          weir_buf *out, weir_error *err) {
    const weir_pipeline *p = q->pipeline;
    weir_step_env e = env_of(q, diags);
    weir_status status = WEIR_OK;
    bool any = false;
    e.run_id = WEIR_PLAN_RUN_ID;
    e.look_only = true;
    for (size_t i = 0; i < p->n_steps; i++) {
        const weir_step *step = &p->steps[p->order[i]];
        weir_error fault = {0};
        if (!chosen(q, p->order[i])) continue;
        if (any && !weir_buf_adds(out, ",")) return weir_error_nomem(err);
        any = true;
        size_t before = out->size;
        status = weir_step_plan(&e, step, arena, out, &fault);
        bool missing = status == WEIR_IO || status == WEIR_DATA;
        if (missing && weir_plan_is_fed(p, step)) {
            out->size = before;
            status = weir_plan_describe_later(p, step, fault.message, out, &fault);
        }
        if (status == WEIR_OK) continue;
        if (err) *err = fault;
        return status;
    }
    return WEIR_OK;
}

/* The steps without lease, history and commits. */
static weir_status run_dry(const weir_run_request *q, weir_step_env *e, weir_arena *arena,
                           weir_run_result *result, weir_error *err) {
    resume none = {0};
    int64_t begun = weir_clock_monotonic_us();
    snprintf(result->run_id, sizeof result->run_id, "%s", WEIR_PLAN_RUN_ID);
    weir_status status = run_steps(e, q, &none, arena, result, err);
    result->duration_us = weir_clock_monotonic_us() - begun;
    return status;
}

weir_status weir_run(const weir_run_request *q, weir_arena *arena, weir_diags *diags,
                     weir_run_result *result, weir_error *err) {
    const weir_pipeline *p = q->pipeline;
    int64_t begun = weir_clock_monotonic_us();
    char fingerprint[64];
    resume before = {0};
    bool in_state = false;
    weir_step_env e = {0};
    weir_status status;
    *result = (weir_run_result){.status = WEIR_RUN_OK};
    result->steps = weir_arena_zero(arena, p->n_steps + 1, sizeof *result->steps);
    if (!result->steps) return weir_error_nomem(err);
    fingerprint_of(q, fingerprint, sizeof fingerprint);
    e = env_of(q, diags);
    e.run_id = result->run_id;
    e.fingerprint = fingerprint;
    if (q->dry) return run_dry(q, &e, arena, result, err);
    WEIR_TRY(weir_state_run_id(q->state, result->run_id, err));
    WEIR_TRY(begin_run(q, fingerprint, &e, &before, arena, err));
    in_state = true;
    e.journal = weir_journal_open(q->state, result->run_id);
    weir_journal_add(e.journal, WEIR_LOG_INFO, NULL, "run of %s started (%s, weir %s)", p->file,
                     q->trigger, q->version);
    status = run_steps(&e, q, &before, arena, result, err);
    result->duration_us = weir_clock_monotonic_us() - begun;
    weir_fault_point("before-run-end");
out:
    if (in_state) {
        char text[1024] = "";
        weir_error second = {0};
        if (status != WEIR_OK) {
            /* A step's failure is in its result; this one is of the state itself.  What is
             * committed stays so: the next run goes on from here as behind a crash. */
            result->status = status == WEIR_CANCELLED ? WEIR_RUN_CANCELLED : WEIR_RUN_INTERRUPTED;
            if (err) result->error = *err;
        }
        if (result->error.status != WEIR_OK) weir_error_format(&result->error, text, sizeof text);
        if (status != WEIR_OK) weir_journal_add(e.journal, WEIR_LOG_ERROR, NULL, "%s", text);
        weir_journal_add(e.journal, WEIR_LOG_INFO, NULL, "run ended: %s",
                         weir_run_status_name(result->status));
        weir_journal_close(e.journal);
        weir_status ended = weir_state_run_end(q->state, result->run_id, result->status,
                                               weir_run_exit_code(result), text, &second);
        if (ended != WEIR_OK && status == WEIR_OK) {
            status = ended;
            if (err) *err = second;
        }
    }
    weir_state_lease_release(e.lease);
    return status;
}
