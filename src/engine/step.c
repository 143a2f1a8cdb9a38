#include "engine/step.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/dry.h"
#include "engine/journal.h"
#include "engine/memo.h"
#include "engine/plan.h"
#include "format/infer.h"
#include "reject/reject.h"
#include "text/json.h"
#include "text/hash.h"

/* ---- config -------------------------------------------------------------------------------- */

/* Whether rows that come once more change nothing, in every target. */
static bool merges(const weir_flow_spec *f) {
    bool all = f->sink.request.mode == WEIR_MODE_UPSERT;
    for (size_t i = 0; i < f->n_routes; i++)
        all = all && f->routes[i].request.mode == WEIR_MODE_UPSERT;
    return all;
}

/* The sink, or those of a route and the operator that chooses among them. */
static weir_status add_targets(const weir_step *step, weir_arena *arena, weir_flow_operator *ops,
                               weir_flow_config *out, weir_error *err) {
    const weir_flow_spec *f = &step->flow;
    out->n_targets = f->n_routes ? f->n_routes : 1;
    if (f->n_routes == 0) {
        out->sinks[out->n_sinks++] = (weir_flow_sink){.connector = f->sink.connector,
                                                      .request = f->sink.request,
                                                      .name = "sink",
                                                      .node = f->sink.node};
        return WEIR_OK;
    }
    ops[out->n_operators++] = (weir_flow_operator){
        .kind = &weir_transform_route, .config = &f->route, .node = f->route_node};
    for (size_t i = 0; i < f->n_routes; i++) {
        const weir_sink_spec *s = &f->routes[i];
        const char *name = weir_arena_printf(arena, "route.%s", f->route.routes[i].name);
        const char *load = weir_arena_printf(arena, "load %s", f->route.routes[i].name);
        if (!name || !load) return weir_error_nomem(err);
        out->sinks[out->n_sinks++] =
            (weir_flow_sink){.connector = s->connector,
                             .request = s->request,
                             .name = name,
                             .load_name = load,
                             .route = f->route.all ? f->route.routes[i].name : NULL,
                             .node = s->node};
    }
    return WEIR_OK;
}

weir_status weir_step_config(const weir_step *step, weir_arena *arena,
                             const weir_flow_sink *reject_store, weir_flow_config *out,
                             weir_error *err) {
    const weir_flow_spec *f = &step->flow;
    weir_flow_operator *ops = weir_arena_zero(arena, f->n_operators + 2, sizeof *ops);
    if (!ops) return weir_error_nomem(err);
    for (size_t i = 0; i < f->n_operators; i++) {
        const weir_operator_spec *op = &f->operators[i];
        ops[i] = (weir_flow_operator){.kind = op->kind, .config = op->config, .node = op->node};
        if (op->input)
            ops[i].input =
                (weir_flow_input){op->input_name, op->input->connector, op->input->request};
    }
    const weir_incremental_spec *by = &f->source.incremental;
    weir_cursor_request *cursor = NULL;
    if (by->by == WEIR_INCREMENTAL_CURSOR) {
        if (!(cursor = weir_arena_zero(arena, 1, sizeof *cursor))) return weir_error_nomem(err);
        *cursor = (weir_cursor_request){.column = by->column,
                                        .key = by->key,
                                        .lag_us = by->lag_us,
                                        .start = by->start,
                                        .nulls = (weir_cursor_nulls)by->nulls,
                                        .merges = merges(f)};
    }
    *out = (weir_flow_config){.source = f->source.connector,
                              .source_request = f->source.request,
                              .n_operators = f->n_operators,
                              .operators = ops,
                              .max_ratio = f->rejects.max_ratio,
                              .max_rows = f->rejects.max_rows,
                              .empty_ok = f->source.on_empty_ok};
    out->source_request.cursor = cursor;
    weir_status status = add_targets(step, arena, ops, out, err);
    if (status != WEIR_OK) return status;
    if (!reject_store) return WEIR_OK;
    out->sinks[out->n_sinks++] = *reject_store;
    if (f->rejects.has_sink)
        out->sinks[out->n_sinks++] = (weir_flow_sink){.connector = f->rejects.sink.connector,
                                                      .request = f->rejects.sink.request,
                                                      .name = "rejects",
                                                      .node = f->rejects.sink.node};
    return WEIR_OK;
}

/* ---- the work of one step ------------------------------------------------------------------ */

typedef struct work {
    const weir_step_env *env;
    const weir_step *step;
    weir_arena *arena;
    weir_step_result *result;
    weir_flow_config config;
    weir_coordinator coordinator;
    weir_ledger ledger;
    weir_cancel cancel; /* of the attempt: the run's, or its own deadline */
    weir_env flow_env;
    weir_step_memo memo;
    weir_splits skipped;    /* files left out by on_file_error: skip */
    char *unreadable;       /* the file whose columns could not be found, in the arena */
    uint64_t loaded_before; /* splits that the ledger has */
    weir_error wanted_error;
    weir_buf source_text; /* weir_reject_describe_source */
} work;

/* Copies a stop of the run, or a passed deadline, to the attempt. */
typedef struct watchdog {
    work *w;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop, started;
} watchdog;

static void *watch(void *arg) {
    watchdog *d = arg;
    pthread_mutex_lock(&d->lock);
    while (!d->stop) {
        struct timespec t;
        clock_gettime(CLOCK_REALTIME, &t);
        t.tv_nsec += 20 * 1000 * 1000;
        if (t.tv_nsec >= 1000000000) t.tv_nsec -= 1000000000, t.tv_sec++;
        pthread_cond_timedwait(&d->wake, &d->lock, &t);
        int stop = atomic_load(&d->w->env->cancel->requested);
        int64_t deadline = atomic_load(&d->w->cancel.deadline_us);
        if (!stop && deadline && weir_clock_monotonic_us() > deadline) stop = -1;
        if (stop) atomic_store(&d->w->cancel.requested, stop);
    }
    pthread_mutex_unlock(&d->lock);
    return NULL;
}

static void watchdog_start(watchdog *d, work *w) {
    *d = (watchdog){.w = w, .lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};
    d->started = pthread_create(&d->thread, NULL, watch, d) == 0;
}

static void watchdog_stop(watchdog *d) {
    if (!d->started) return;
    pthread_mutex_lock(&d->lock);
    d->stop = true;
    pthread_cond_signal(&d->wake);
    pthread_mutex_unlock(&d->lock);
    pthread_join(d->thread, NULL);
}

static bool in_skipped(const work *w, const char *name) {
    for (size_t i = 0; i < w->skipped.n; i++)
        if (strcmp(w->skipped.items[i].name, name) == 0) return true;
    return false;
}

/* incremental: { by: files }: what the ledger has in this very form is not read again. */
static bool split_wanted(void *context, const weir_split *split) {
    work *w = context;
    if (in_skipped(w, split->name)) return false;
    if (w->step->flow.source.incremental.by != WEIR_INCREMENTAL_FILES) return true;
    if (!w->env->state || w->env->full_refresh) return true;
    weir_state_file file = {0};
    bool found = false;
    weir_error err = {0};
    weir_status status = weir_state_file_get(w->env->state, w->env->pipeline->name, w->step->name,
                                             split->name, w->arena, &file, &found, &err);
    if (status != WEIR_OK) { /* better to stop than to load a file twice */
        w->wanted_error = err;
        return false;
    }
    bool wanted =
        !found || file.size_bytes != split->size_bytes || file.mtime_ns != split->mtime_ns;
    w->loaded_before += !wanted;
    return wanted;
}

static void split_failed(void *context, const weir_split *split) {
    work *w = context;
    w->unreadable = weir_arena_strdup(w->arena, split->name);
}

/* incremental: { by: cursor }: goes on where the last run of this very extract ended. */
static weir_status resume(void *context, const weir_source_ops *ops, void *source,
                          weir_error *err) {
    work *w = context;
    weir_buf name = {0};
    weir_state_position position = {0};
    const char *other = NULL;
    bool found = false;
    weir_status status;
    WEIR_TRY(ops->identify(source, &name, err));
    w->coordinator.extract = weir_arena_strdup(w->arena, weir_buf_cstr(&name));
    if (!w->coordinator.extract) {
        status = weir_error_nomem(err);
        goto out;
    }
    if (w->env->full_refresh || !w->env->state) goto out; /* from its start */
    WEIR_TRY(weir_state_position_get(w->env->state, w->env->pipeline->name, w->step->name,
                                     w->coordinator.extract, w->arena, &position, &found, &other,
                                     err));
    if (found) {
        WEIR_TRY(ops->restore(source, position.bytes, err));
    } else if (other) {
        status = weir_error_set(err, WEIR_USAGE,
                                "step %s reads something else than its position is of: it was %s, "
                                "now it is %s",
                                w->step->name, other, w->coordinator.extract);
        weir_error_hint(err, "run with --full-refresh to read all of it, or undo the change");
    }
out:
    weir_buf_clear(&name);
    return status;
}

static void progress(void *context, const weir_account *sofar) {
    work *w = context;
    w->env->progress(w->env->progress_context, w->step->name, sofar);
}

/* --full-refresh loads anew what an incremental step has appended: with replace, where the target
 * has that.  Other modes end in the same rows when everything is read once more. */
static void refresh_mode(work *w) {
    bool incremental = w->step->flow.source.incremental.by != WEIR_INCREMENTAL_NONE;
    for (size_t i = 0; incremental && i < w->config.n_targets; i++) {
        weir_flow_sink *sink = &w->config.sinks[i];
        if (sink->request.mode == WEIR_MODE_APPEND &&
            (sink->connector->modes & 1u << WEIR_MODE_REPLACE))
            sink->request.mode = WEIR_MODE_REPLACE;
    }
}

static weir_status work_init(work *w, weir_error *err) {
    const weir_step_env *e = w->env;
    weir_flow_sink store = {0};
    const char *path = NULL, *format = NULL;
    weir_status status;
    WEIR_TRY(e->reject_sink(e->reject_context, w->arena, e->run_id, w->step->name, &store, &path,
                            &format, err));
    WEIR_TRY(weir_step_config(w->step, w->arena, &store, &w->config, err));
    w->config.settled = w->coordinator.settled;
    w->config.split_wanted = split_wanted;
    w->config.split_failed = split_failed;
    w->config.split_context = w;
    w->config.limit_rows = e->limit_rows;
    if (e->full_refresh) refresh_mode(w);
    if (e->dry) WEIR_TRY(weir_dry_sinks(&w->config, w->arena, err));
    if (w->config.source_request.cursor) {
        w->config.resume = resume;
        w->config.resume_context = w;
    }
    if (e->progress) {
        w->config.progress = progress;
        w->config.progress_context = w;
    }
    /* a quarter of the budget is the program itself, SQLite's cache, stacks and what malloc keeps
     */
    weir_ledger_init(&w->ledger, w->step->name, e->memory_bytes / 4 * 3, NULL);
    w->flow_env = (weir_env){.folder = e->pipeline->folder,
                             .pipeline = e->pipeline->name,
                             .step = w->step->name,
                             .run_id = e->run_id,
                             .arena = w->arena,
                             .ledger = &w->ledger,
                             .cancel = &w->cancel,
                             .now_us = weir_clock_wall_us(),
                             .threads = e->threads,
                             .memory_bytes = e->memory_bytes,
                             .look_only = e->look_only,
                             .memo = weir_step_memo_init(&w->memo, e, w->step, w->arena)};
    w->coordinator = (weir_coordinator){.config = &w->config,
                                        .env = &w->flow_env,
                                        .lease = e->lease,
                                        .step = w->step->name,
                                        .ledger_files = w->step->flow.source.incremental.by ==
                                                            WEIR_INCREMENTAL_FILES &&
                                                        !e->limit_rows,
                                        .no_position = e->limit_rows != 0,
                                        .reject_path = path,
                                        .reject_format = format,
                                        .reject_source = ""};
out:
    return status;
}

/* ---- attempts ------------------------------------------------------------------------------ */

static void take_account(work *w, const weir_account *a) {
    weir_step_result *r = w->result;
    weir_operator_account *copy = weir_arena_zero(w->arena, a->n_operators + 1, sizeof *copy);
    r->account = *a;
    r->account.operators = copy;
    if (copy && a->n_operators)
        memcpy(copy, a->operators, a->n_operators * sizeof *copy);
    else
        r->account.n_operators = 0;
    r->account.loaded = w->coordinator.loaded;
    r->account.splits_skipped = w->skipped.n;
}

/* Plans the step: *out is the opened flow, text (may be NULL) its description. */
static weir_status open_plan(work *w, const weir_splits *frozen, weir_buf *text, weir_flow **out,
                             weir_error *err) {
    const weir_step_env *e = w->env;
    w->loaded_before = 0;
    weir_status status = weir_flow_open(&w->config, &w->flow_env, frozen, e->diags, out, err);
    if (status == WEIR_OK && w->wanted_error.status != WEIR_OK) {
        *err = w->wanted_error;
        return err->status;
    }
    if (status != WEIR_OK || !text) return status;
    return weir_plan_describe(e->pipeline, w->step, &w->config, *out, w->flow_env.run_id,
                              w->loaded_before, text, err);
}

/* What is about to be read, for the journal. */
static void note_plan(work *w) {
    static const char *const kept[] = {"connector", "format",        "splits",
                                       "bytes",     "loaded_before", "dialect"};
    weir_arena scratch = {0};
    const weir_json *root = NULL;
    weir_error ignored = {0};
    weir_buf fields = {0};
    weir_json_writer f = {.out = &fields};
    if (w->env->journal && weir_json_parse(w->result->plan, strlen(w->result->plan), NULL, &scratch,
                                           &root, &ignored) == WEIR_OK) {
        const weir_json *source = weir_json_get(root, "source");
        const weir_json *names = weir_json_get(source, "names");
        const char *first = weir_json_string(weir_json_get(weir_json_at(names, 0), "name"));
        weir_json_open(&f, '{');
        for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
            const weir_json *v = weir_json_get(source, kept[i]);
            if (v) weir_json_key(&f, kept[i]);
            if (v && v->kind == WEIR_JSON_NUMBER)
                weir_json_write_raw(&f, v->text.data, v->text.size);
            else if (v)
                weir_json_write_string_n(&f, v->text.data, v->text.size);
        }
        weir_json_close(&f, '}');
        weir_journal_add(w->env->journal, WEIR_LOG_INFO, f.failed ? NULL : weir_buf_cstr(&fields),
                         "reads %s%s", first ? first : "nothing",
                         weir_json_at(names, 1) ? " and more" : "");
    }
    weir_buf_clear(&fields);
    weir_arena_clear(&scratch);
}

/* Keeps what is about to be done: with the result, and in the run's history. */
static weir_status keep_plan(work *w, weir_buf *text, weir_error *err) {
    const weir_step_env *e = w->env;
    w->result->plan = weir_arena_strndup(w->arena, text->data, text->size);
    if (!w->result->plan) return weir_error_nomem(err);
    if (e->dry || !e->state) return WEIR_OK;
    note_plan(w);
    return weir_state_document_put(e->state, e->run_id, w->step->name, "plan", w->result->plan,
                                   err);
}

/* Opens and runs the flow once; frozen: an epoch that is read again.  *failed: the split to blame.
 */
static weir_status run_once(work *w, const weir_splits *frozen, char **failed, weir_error *err) {
    weir_flow *f = NULL;
    weir_account total = {0};
    weir_buf text = {0};
    w->unreadable = NULL;
    weir_status status = open_plan(w, frozen, frozen ? NULL : &text, &f, err);
    if (status == WEIR_OK && !frozen) status = keep_plan(w, &text, err);
    if (status != WEIR_OK) {
        *failed = w->unreadable;
        goto out;
    }
    if (weir_flow_is_empty(f)) {
        w->result->nothing_new = true;
        goto out;
    }
    w->source_text.size = 0;
    const weir_source_ops *ops = w->config.source->source;
    const weir_found *found = ops->found ? ops->found(weir_flow_source_object(f)) : NULL;
    if (!weir_reject_describe_source(weir_flow_full_schema(f), w->config.source_request.metadata,
                                     found ? &found->columns : NULL, found ? found->dialect : NULL,
                                     &w->source_text)) {
        status = weir_error_nomem(err);
        goto out;
    }
    w->coordinator.reject_source = weir_buf_cstr(&w->source_text);
    weir_flow_hooks hooks =
        w->env->dry ? weir_dry_hooks(&w->config) : weir_coordinator_hooks(&w->coordinator);
    status = weir_flow_run(f, &hooks, &total, err);
    take_account(w, &total);
    weir_free(total.operators);
    if (status != WEIR_OK) {
        int64_t bad = weir_flow_failed_split(f);
        if (bad >= 0 && !frozen)
            *failed = weir_arena_strdup(w->arena, weir_flow_splits(f)->items[bad].name);
        weir_error second = {0};
        if (!w->env->dry && weir_coordinator_abort(&w->coordinator, f, &second) != WEIR_OK)
            weir_error_context(err, "undoing the epoch: %s", second.message);
    }
out:
    weir_buf_clear(&text);
    weir_flow_close(f);
    return status;
}

/* With on_file_error: skip, a bad file is left out and the epoch done again without it: nothing of
 * the bad file may stay loaded. */
static weir_status run_skipping(work *w, weir_error *err) {
    for (;;) {
        char *failed = NULL;
        weir_status status = run_once(w, NULL, &failed, err);
        bool skip = status != WEIR_OK && status != WEIR_CANCELLED && failed &&
                    w->step->flow.source.request.on_file_error == WEIR_FAULT_SKIP;
        if (!skip) return status;
        char text[1024];
        weir_log_warn("%s: skipped: %s", failed, weir_error_format(err, text, sizeof text));
        weir_split split = {.name = failed};
        status = weir_splits_add(&w->skipped, &split, err);
        if (status != WEIR_OK) return status;
        w->coordinator.splits_skipped = w->skipped.n;
        w->coordinator.loaded = (weir_load_counts){0};
    }
}

/* Waits before another attempt: exponential with full jitter, ended by a stop of the run. */
static bool wait_before_retry(work *w, uint64_t attempt) {
    int64_t base = w->step->backoff_us > 0 ? w->step->backoff_us : 1000000;
    int64_t most = base << (attempt < 6 ? attempt : 6);
    uint64_t seed = (uint64_t)weir_clock_monotonic_us();
    int64_t wait = (int64_t)(weir_hash_word(seed, attempt) % (uint64_t)(most + 1));
    int64_t until = weir_clock_monotonic_us() + wait;
    while (weir_clock_monotonic_us() < until) {
        if (weir_cancel_requested(w->env->cancel)) return false;
        weir_clock_sleep_us(20000);
    }
    return true;
}

static weir_status run_attempts(work *w, weir_error *err) {
    for (uint64_t attempt = 1;; attempt++) {
        w->result->attempts = attempt;
        atomic_store(&w->cancel.requested, 0);
        atomic_store(&w->cancel.deadline_us,
                     w->step->timeout_us ? weir_clock_monotonic_us() + w->step->timeout_us : 0);
        watchdog dog;
        watchdog_start(&dog, w);
        weir_status status = run_skipping(w, err);
        watchdog_stop(&dog);
        /* a failure, not a stop that somebody asked for; who waits may see the deadline before the
         * watchdog does */
        if (status == WEIR_CANCELLED && w->step->timeout_us &&
            !weir_cancel_requested(w->env->cancel)) {
            status = weir_error_set(err, WEIR_IO, "step %s was stopped after its timeout",
                                    w->step->name);
            weir_error_hint(err, "raise timeout, or find out what it waited for");
            err->retriable = true;
        }
        bool again = status != WEIR_OK && err->retriable && !w->coordinator.decided &&
                     (int64_t)attempt <= w->step->retries && !weir_cancel_requested(w->env->cancel);
        if (!again) return status;
        char text[1024];
        weir_log_warn("step %s, attempt %llu: %s", w->step->name, (unsigned long long)attempt,
                      weir_error_format(err, text, sizeof text));
        if (!wait_before_retry(w, attempt)) return status;
        *err = (weir_error){0};
    }
}

/* ---- recovery ------------------------------------------------------------------------------ */

/* Where the rejects of a run of this step are. */
static weir_status find_rejects(const work *w, const char *run_id, const char **path,
                                weir_error *err) {
    const weir_step_env *e = w->env;
    weir_flow_sink store = {0};
    const char *format = NULL;
    return e->reject_sink(e->reject_context, w->arena, run_id, w->step->name, &store, path, &format,
                          err);
}

/* A run of a part (--limit) has a fingerprint that begins with the file's: what it loaded is not
 * the whole work of the step. */
static bool of_limited_run(const work *w, const char *run_id) {
    weir_state_filter filter = {.run_id = run_id, .limit = 1};
    weir_state_result found = {0};
    weir_error ignored = {0};
    bool yes = false;
    if (weir_state_query(w->env->state, WEIR_STATE_RUNS, &filter, NULL, &found, &ignored) ==
            WEIR_OK &&
        found.rows) {
        weir_slice text = weir_state_text(found.batches[0], "fingerprint", 0);
        yes = memmem(text.data, text.size, "-limit", 6) != NULL &&
              !weir_slice_is(text, w->env->fingerprint);
    }
    weir_state_result_clear(&found);
    return yes;
}

/* Whether the run went by the file as it is now. */
static weir_status same_file(const work *w, const char *run_id, bool *same, weir_error *err) {
    weir_state_filter filter = {.run_id = run_id, .limit = 1};
    weir_state_result found = {0};
    weir_status status =
        weir_state_query(w->env->state, WEIR_STATE_RUNS, &filter, NULL, &found, err);
    *same = status == WEIR_OK && found.rows &&
            weir_slice_is(weir_state_text(found.batches[0], "fingerprint", 0), w->env->fingerprint);
    weir_state_result_clear(&found);
    return status;
}

/* The rejects that the epoch had before the crash. */
static weir_status rejects_before(void *context,
                                  weir_status (*see)(void *to, const weir_batch *rejects,
                                                     weir_error *err),
                                  void *to, weir_error *err) {
    const work *w = context;
    if (!w->coordinator.rejects_before) return WEIR_OK;
    return w->env->reject_read(w->coordinator.owner_rejects, &w->flow_env, see, to, err);
}

/* Reads a decided epoch again that its target has lost; it stays the interrupted run's. */
static weir_status run_again(work *w, const weir_state_epoch *epoch, const weir_splits *splits,
                             bool *done, weir_error *err) {
    char *failed = NULL;
    watchdog dog;
    weir_coordinator *c = &w->coordinator;
    const char *own_path = c->reject_path;
    bool same = false;
    weir_status status = same_file(w, epoch->run_id, &same, err);
    if (status == WEIR_OK && !same) {
        weir_log_warn("step %s: run %s had decided to commit, but its target has nothing of it and "
                      "the pipeline file has changed since: undone, to be read anew",
                      w->step->name, epoch->run_id);
        return weir_coordinator_give_up(c, err);
    }
    if (status != WEIR_OK) return status;
    c->reject_path = c->owner_rejects;
    w->flow_env.run_id = epoch->run_id; /* it stands in paths and in rejects */
    w->config.rejects_before = rejects_before;
    w->config.rejects_context = w;
    watchdog_start(&dog, w);
    status = run_once(w, splits, &failed, err);
    watchdog_stop(&dog);
    w->flow_env.run_id = w->env->run_id;
    w->config.rejects_before = NULL;
    c->reject_path = own_path;
    c->rejects = 0;
    c->loaded = (weir_load_counts){0};
    if (status == WEIR_OK) {
        w->result->recovered = w->result->account;
        w->result->account = (weir_account){0};
    }
    if (status == WEIR_OK) {
        *done = true;
        return WEIR_OK;
    }
    if (status != WEIR_DATA && status != WEIR_IO) return status;
    /* the source cannot give the epoch any more, and no target has it: it never happened */
    char text[1024];
    weir_log_warn("step %s: the interrupted epoch cannot be read again and is undone: %s",
                  w->step->name, weir_error_format(err, text, sizeof text));
    *err = (weir_error){0};
    return weir_coordinator_give_up(&w->coordinator, err);
}

static weir_status recover_epoch(work *w, const weir_state_epoch *epoch, bool *done,
                                 weir_error *err) {
    weir_splits splits = {0};
    weir_account account = {0};
    weir_epoch_fate fate = WEIR_FATE_UNDONE;
    weir_status status = find_rejects(w, epoch->run_id, &w->coordinator.owner_rejects, err);
    if (status == WEIR_OK)
        status = weir_coordinator_recover(&w->coordinator, epoch, &fate, &splits, &account, err);
    if (status == WEIR_OK && fate == WEIR_FATE_DONE) {
        weir_account_add(&w->result->recovered, &account);
        *done = true;
    }
    if (status == WEIR_OK && fate == WEIR_FATE_AGAIN)
        status = run_again(w, epoch, &splits, done, err);
    if (status == WEIR_OK && *done && w->result->recovered.rows_rejected)
        status = find_rejects(w, epoch->run_id, &w->result->reject_path, err);
    if (status == WEIR_OK && *done && of_limited_run(w, epoch->run_id)) *done = false;
    if (status == WEIR_OK && *done) {
        w->result->completed_run = weir_arena_strdup(w->arena, epoch->run_id);
        weir_log_info("step %s: completed what run %s had decided", w->step->name, epoch->run_id);
    }
    weir_splits_clear(&splits);
    return status;
}

/* Settles what earlier runs left; *done when that was this step's whole work. */
static weir_status recover(work *w, bool *done, weir_error *err) {
    weir_state_epochs epochs = {0};
    weir_status status =
        weir_state_epochs_unfinished(w->env->state, w->env->pipeline->name, &epochs, err);
    for (size_t i = 0; status == WEIR_OK && i < epochs.n; i++)
        if (strcmp(epochs.items[i].step, w->step->name) == 0)
            status = recover_epoch(w, &epochs.items[i], done, err);
    weir_state_epochs_clear(&epochs);
    if (status != WEIR_OK) weir_error_context(err, "recovering an interrupted run");
    return status;
}

/* ---- the whole ----------------------------------------------------------------------------- */

static weir_run_status status_of(const work *w, weir_status status) {
    switch (status) {
    case WEIR_OK:
        return w->skipped.n || w->result->recovered.splits_skipped ? WEIR_RUN_PARTIAL : WEIR_RUN_OK;
    case WEIR_LIMIT: return WEIR_RUN_LIMIT;
    case WEIR_CANCELLED: return WEIR_RUN_CANCELLED;
    default: return WEIR_RUN_FAILED;
    }
}

weir_status weir_step_execute(const weir_step_env *env, const weir_step *step, weir_arena *arena,
                              weir_step_result *result, weir_error *err) {
    work w = {.env = env, .step = step, .arena = arena, .result = result};
    int64_t begun = weir_clock_monotonic_us();
    *result = (weir_step_result){.step = step->name, .started_us = weir_clock_wall_us()};
    bool done = false;
    weir_error fault = {0};
    weir_status status = work_init(&w, &fault);
    if (status == WEIR_OK && !env->dry) status = recover(&w, &done, &fault);
    /* an incremental step goes on with what is new; another one's work is done */
    bool more = !done || step->flow.source.incremental.by != WEIR_INCREMENTAL_NONE;
    if (status == WEIR_OK && more) status = run_attempts(&w, &fault);
    if (w.coordinator.rejects) result->reject_path = w.coordinator.reject_path;
    result->status = status_of(&w, status);
    result->error = fault;
    result->duration_us = weir_clock_monotonic_us() - begun;
    weir_splits_clear(&w.skipped);
    weir_buf_clear(&w.source_text);
    (void)err;
    return WEIR_OK;
}

weir_status weir_step_plan(const weir_step_env *env, const weir_step *step, weir_arena *arena,
                           weir_buf *out, weir_error *err) {
    weir_step_result result = {.step = step->name};
    work w = {.env = env, .step = step, .arena = arena, .result = &result};
    weir_flow *f = NULL;
    weir_error fault = {0};
    weir_status status = work_init(&w, &fault);
    atomic_store(&w.cancel.requested, atomic_load(&env->cancel->requested));
    if (status == WEIR_OK) status = open_plan(&w, NULL, out, &f, &fault);
    weir_flow_close(f);
    if (status != WEIR_OK && err) *err = fault;
    return status;
}
