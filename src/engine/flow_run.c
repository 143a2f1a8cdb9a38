/* Starting and stopping the threads of a flow, their accounts and barriers. */
#include "engine/flow_run.h"

#include "base/clock.h"

void flow_fail(flow_run *r, const weir_error *err) {
    pthread_mutex_lock(&r->lock);
    if (!r->failed) {
        r->failed = true;
        r->error = *err;
        /* whatever broke its promise to say why: the run has failed */
        if (err->status == WEIR_OK)
            (void)weir_error_set(&r->error, WEIR_INTERNAL,
                                 "a part of the flow failed without a reason");
    }
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
    weir_exchange_stop(r->packets);
    weir_exchange_stop(r->pieces);
}

weir_status flow_cancelled(const flow_run *r, weir_error *err) {
    if (!weir_cancel_requested(r->flow->env->cancel)) return WEIR_OK;
    return weir_error_set(err, WEIR_CANCELLED, "stopped on request");
}

/* ---- accounts and barriers ----------------------------------------------------------------- */

weir_status flow_account_new(const weir_flow *f, weir_account *a, weir_error *err) {
    memset(a, 0, sizeof *a);
    size_t targets = f->config.n_targets ? f->config.n_targets : 1;
    a->operators = weir_alloc_zero(f->n_operators + 1 + targets, sizeof *a->operators);
    if (!a->operators) return weir_error_nomem(err);
    a->n_operators = f->n_operators + 1 + targets;
    a->n_loads = targets;
    a->operators[0].name = "read";
    for (size_t i = 0; i < f->n_operators; i++)
        a->operators[i + 1].name = f->operators[i].kind->name;
    for (size_t t = 0; t < targets; t++)
        a->operators[f->n_operators + 1 + t].name =
            targets == 1 ? "load" : f->config.sinks[t].load_name;
    return WEIR_OK;
}

void flow_account_zero(weir_account *a) {
    for (size_t i = 0; i < a->n_operators; i++) {
        const char *name = a->operators[i].name;
        a->operators[i] = (weir_operator_account){.name = name};
    }
    weir_account kept = {
        .n_operators = a->n_operators, .operators = a->operators, .n_loads = a->n_loads};
    *a = kept;
}

static void barrier_free(barrier *b, uint32_t workers) {
    if (!b) return;
    for (uint32_t i = 0; b->handles && i < workers; i++) weir_buf_clear(&b->handles[i]);
    weir_free(b->handles);
    weir_free(b->account.operators);
    weir_buf_clear(&b->position);
    pthread_mutex_destroy(&b->lock);
    weir_free(b);
}

weir_status flow_barrier_new(flow_run *r, bool last, barrier **out, weir_error *err) {
    barrier *b = weir_alloc_zero(1, sizeof *b);
    if (!b) return weir_error_nomem(err);
    pthread_mutex_init(&b->lock, NULL);
    b->last = last;
    weir_status status = flow_account_new(r->flow, &b->account, err);
    if (status == WEIR_OK && !(b->handles = weir_alloc_zero(r->n_workers, sizeof *b->handles)))
        status = weir_error_nomem(err);
    const weir_source_ops *source = r->flow->config.source->source;
    if (status == WEIR_OK && source->position)
        status = source->position(r->flow->source, &b->position, err);
    if (status != WEIR_OK) {
        barrier_free(b, r->n_workers);
        return status;
    }
    pthread_mutex_lock(&r->lock);
    b->next = r->barriers;
    r->barriers = b;
    pthread_mutex_unlock(&r->lock);
    *out = b;
    return WEIR_OK;
}

/* The epoch of a barrier is over; nobody else knows it any more. */
void flow_barrier_done(flow_run *r, barrier *b) {
    pthread_mutex_lock(&r->lock);
    barrier **at = &r->barriers;
    while (*at != b) at = &(*at)->next;
    *at = b->next;
    pthread_mutex_unlock(&r->lock);
    barrier_free(b, r->n_workers);
}

/* ---- the whole ----------------------------------------------------------------------------- */

static const char *split_name(const void *splits, uint32_t split) {
    const weir_splits *s = splits;
    return split < s->n ? s->items[split].name : "";
}

static weir_status run_start(flow_run *r, weir_error *err) {
    weir_flow *f = r->flow;
    const weir_env *env = f->env;
    weir_status status = WEIR_OK;
    size_t bound = env->memory_bytes ? env->memory_bytes / 8 : (size_t)64 << 20;
    WEIR_TRY(weir_exchange_new(WEIR_EXCHANGE_FORWARD, 1, r->n_workers, bound, flow_packet_free,
                               &r->packets, err));
    WEIR_TRY(
        weir_exchange_new(WEIR_EXCHANGE_GATHER, r->n_workers, 1, bound, NULL, &r->pieces, err));
    r->workers = weir_alloc_zero(r->n_workers, sizeof *r->workers);
    if (!r->workers) {
        status = weir_error_nomem(err);
        goto out;
    }
    flow_worker_init(&r->front, r, r->n_workers);
    WEIR_TRY(flow_account_new(f, &r->front.account, err));
    WEIR_TRY(flow_encoders_new(&r->front, 1, err));
    WEIR_TRY(flow_begin_epoch(r, err));
    for (uint32_t i = 0; i < r->n_workers; i++) {
        worker *w = &r->workers[i];
        flow_worker_init(w, r, i);
        int code = pthread_create(&w->thread, NULL, flow_worker_main, w);
        if (code) {
            status = weir_error_errno(err, code, "cannot start a worker thread");
            goto out;
        }
        w->started = true;
    }
    int code = pthread_create(&r->reader, NULL, flow_reader_main, r);
    if (code)
        status = weir_error_errno(err, code, "cannot start the reader thread");
    else
        r->reader_started = true;
out:
    return status;
}

/* Frees what the gather still holds (encoded parts need their sink, so not by the exchange) and the
 * epochs that did not end. */
static void drain(flow_run *r) {
    weir_message m;
    if (!r->pieces) return;
    while (weir_exchange_drain(r->pieces, &m))
        if (m.kind == WEIR_MESSAGE_DATA) flow_output_drop(r, m.data);
    while (r->barriers) {
        barrier *b = r->barriers;
        r->barriers = b->next;
        barrier_free(b, r->n_workers);
    }
}

static void run_stop(flow_run *r) {
    weir_exchange_stop(r->packets);
    weir_exchange_stop(r->pieces);
    pthread_mutex_lock(&r->lock);
    r->failed = true;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
    if (r->reader_started) pthread_join(r->reader, NULL);
    for (uint32_t i = 0; r->workers && i < r->n_workers; i++) {
        if (r->workers[i].started) pthread_join(r->workers[i].thread, NULL);
        if (r->workers[i].run) flow_worker_close(&r->workers[i]);
    }
    drain(r);
    flow_writers_free(r);
    if (r->front.run) {
        flow_encoders_free(&r->front);
        weir_free(r->front.account.operators);
        weir_arena_clear(&r->front.scratch);
    }
    weir_exchange_free(r->packets);
    weir_exchange_free(r->pieces);
    weir_free(r->workers);
    pthread_mutex_destroy(&r->lock);
    pthread_cond_destroy(&r->changed);
}

weir_status weir_flow_run(weir_flow *f, const weir_flow_hooks *hooks, weir_account *total,
                          weir_error *err) {
    flow_run r = {.flow = f, .hooks = hooks, .total = total};
    weir_error mine = {0};
    const weir_flow_config *c = &f->config;
    r.n_workers = f->env->threads && !c->limit_rows ? f->env->threads : 1;
    r.many_writers = c->n_targets <= 1 && !(c->sinks[0].connector->caps & WEIR_CAP_SINGLE_WRITER) &&
                     !c->sinks[0].request.keep_order;
    r.ordered = weir_chain_ordered(f->operators, f->n_operators);
    r.rejects.schema = f->reject_schema;
    r.rejects.context = (weir_reject_context){.run_id = f->env->run_id,
                                              .step = f->env->step,
                                              .split_name = split_name,
                                              .splits = &f->splits};
    pthread_mutex_init(&r.lock, NULL);
    pthread_cond_init(&r.changed, NULL);
    f->failed_split = -1;
    weir_status status = flow_account_new(f, total, &mine);
    r.trail = weir_trail_new(f->splits.n);
    if (status == WEIR_OK && !r.trail) status = weir_error_nomem(&mine);
    if (status == WEIR_OK) status = run_start(&r, &mine);
    if (status == WEIR_OK) status = flow_writer_loop(&r, &mine);
    pthread_mutex_lock(&r.lock);
    if (r.failed && status == WEIR_CANCELLED) { /* the cause, not its echo */
        mine = r.error;
        status = r.error.status;
    }
    pthread_mutex_unlock(&r.lock);
    run_stop(&r);
    weir_trail_free(r.trail);
    total->bytes_read += r.bytes_dropped;
    if (status != WEIR_OK && err) *err = mine;
    return status;
}
