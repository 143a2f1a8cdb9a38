/* The workers: decode, run the chain, encode; and the rejects that come of it. */
#include "engine/flow_run.h"

#include "base/clock.h"
#include "validate/validate.h"

/* ---- what workers and the writer share: pieces and rejects ---------------------------------- */

static void output_free(void *p) {
    output *o = p;
    if (!o) return;
    weir_batch_free(o->piece.batch);
    weir_free(o);
}

/* Frees an output with its encoded part, which only the sink can free. */
void flow_output_drop(flow_run *r, output *o) {
    if (!o) return;
    const weir_sink_ops *ops = r->flow->config.sinks[o->sink].connector->sink;
    if (o->piece.encoded && ops->piece_free) ops->piece_free(o->piece.encoded);
    o->piece.encoded = NULL;
    output_free(o);
}

/* Hands a piece to the writer: through the gather from a worker, at once from the writer itself. */
static weir_status send(worker *w, output *o, weir_error *err) {
    flow_run *r = w->run;
    if (w == &r->front) return flow_write_output(r, o, err);
    weir_message m = {.kind = WEIR_MESSAGE_DATA,
                      .ticket = w->ticket,
                      .more = true,
                      .bytes = o->piece.bytes,
                      .data = o};
    weir_status status = weir_exchange_push(r->pieces, w->number, 0, &m, err);
    if (status != WEIR_OK) flow_output_drop(r, o);
    return status;
}

/* Makes a piece of batch (taken over) for a sink: encoded where the sink has an encoder.  *out NULL
 * when nothing was left to write. */
static weir_status make_piece(worker *w, uint32_t sink, weir_batch *batch, output **out,
                              weir_error *err) {
    *out = NULL;
    const weir_sink_ops *ops = w->run->flow->config.sinks[sink].connector->sink;
    output *o = weir_alloc_zero(1, sizeof *o);
    if (!o) {
        weir_batch_free(batch);
        return weir_error_nomem(err);
    }
    o->sink = sink;
    o->piece.batch = batch;
    if (ops->encode) {
        weir_status status = ops->encode(w->encoders[sink], &w->ctx, batch, &o->piece, err);
        if (status != WEIR_OK) {
            flow_output_drop(w->run, o);
            return status;
        }
    }
    *out = o;
    return WEIR_OK;
}

/* The alive rows of b over the same columns. */
static weir_status share(const weir_batch *b, weir_batch **out, weir_error *err) {
    weir_batch *copy = NULL;
    weir_status status = weir_batch_new(b->schema, b->length, &copy, err);
    if (status != WEIR_OK) return status;
    if (b->selection) {
        size_t bytes = ((size_t)b->n_selected + 1) * sizeof *copy->selection;
        copy->selection = weir_alloc_zero(1, bytes);
        if (!copy->selection) {
            weir_batch_free(copy);
            return weir_error_nomem(err);
        }
        memcpy(copy->selection, b->selection, b->n_selected * sizeof *copy->selection);
        copy->n_selected = b->n_selected;
    }
    for (uint32_t c = 0; c < b->schema->n_fields; c++)
        copy->columns[c] = weir_column_retain(b->columns[c]);
    *out = copy;
    return WEIR_OK;
}

/* Sends reject records (batch taken over) to every reject sink. */
weir_status flow_emit_rejects(void *context, weir_batch *batch, weir_error *err) {
    worker *w = context;
    flow_run *r = w->run;
    weir_status status = WEIR_OK;
    atomic_fetch_add(&r->rows_rejected, batch->n_selected);
    for (uint32_t s = (uint32_t)r->flow->config.n_targets;
         status == WEIR_OK && s < r->flow->config.n_sinks; s++) {
        weir_batch *mine = batch;
        if (s + 1 < r->flow->config.n_sinks) { /* each sink may keep the batch: share the columns */
            status = share(batch, &mine, err);
            if (status != WEIR_OK) break;
        } else {
            batch = NULL;
        }
        output *o;
        uint32_t rows = mine->n_selected;
        status = make_piece(w, s, mine, &o, err);
        if (status != WEIR_OK) break;
        o->piece.rows = rows;
        if (o->piece.encoded) {
            weir_batch_free(o->piece.batch);
            o->piece.batch = NULL;
        }
        status = send(w, o, err);
    }
    weir_batch_free(batch);
    return status;
}

/* Rows that the encoder or the target refused leave here; how many, in *left. */
weir_status flow_leave_at_load(worker *w, uint32_t sink, weir_batch *b, weir_account *account,
                               weir_error *err) {
    if (!b || !b->failures || b->failures->n == 0) return WEIR_OK;
    flow_run *r = w->run;
    weir_batch *rejects = NULL;
    uint64_t dropped = 0;
    weir_reject_context context = r->rejects.context;
    context.load_name = r->flow->config.sinks[sink].load_name;
    context.route = r->flow->config.sinks[sink].route;
    weir_status status = weir_reject_build(&context, b, b->schema, b->columns, r->rejects.schema,
                                           &w->ctx, &rejects, err);
    if (status == WEIR_OK) status = weir_reject_drop(b, &dropped, err);
    account->operators[r->flow->n_operators + 1 + sink].rejected += dropped;
    account->rows_rejected += dropped;
    if (status == WEIR_OK && rejects) return flow_emit_rejects(w, rejects, err);
    weir_batch_free(rejects);
    return status;
}

static void count_loaded(worker *w, uint32_t sink, uint64_t rows) {
    w->account.operators[w->run->flow->n_operators + 1 + sink].out += rows;
    w->account.rows_loaded += rows;
}

/* ---- workers ------------------------------------------------------------------------------- */

/* The rows of a piece, on the worker's own writer; the piece is freed. */
static weir_status write_here(worker *w, output *o, weir_error *err) {
    uint64_t t0 = flow_cpu_ns();
    const weir_sink_ops *ops = w->run->flow->config.sinks[0].connector->sink;
    weir_status status = ops->write(w->writer, &w->ctx, &o->piece, err);
    w->account.phases.write += flow_cpu_ns() - t0;
    if (status == WEIR_OK) status = flow_leave_at_load(w, 0, o->piece.batch, &w->account, err);
    if (status == WEIR_OK)
        count_loaded(w, 0, o->piece.batch ? o->piece.batch->n_selected : o->piece.rows);
    flow_output_drop(w->run, o);
    return status;
}

/* The good rows of a batch (taken over) go to a sink. */
static weir_status load(worker *w, uint32_t sink, weir_batch *batch, weir_error *err) {
    flow_run *r = w->run;
    bool settled = !r->flow->sinks[sink]; /* has them from before a crash */
    if (batch->n_selected == 0 || settled) {
        count_loaded(w, sink, batch->n_selected);
        weir_batch_free(batch);
        return WEIR_OK;
    }
    uint64_t t0 = flow_cpu_ns();
    output *o;
    weir_status status = make_piece(w, sink, batch, &o, err);
    if (status != WEIR_OK) return status;
    w->account.phases.encode += flow_cpu_ns() - t0;
    status = flow_leave_at_load(w, sink, o->piece.batch, &w->account, err);
    if (status != WEIR_OK) {
        flow_output_drop(r, o);
        return status;
    }
    o->piece.rows = o->piece.batch->n_selected;
    if (o->piece.encoded) {
        weir_batch_free(o->piece.batch);
        o->piece.batch = NULL;
    } else {
        o->piece.bytes = weir_batch_bytes(o->piece.batch);
    }
    if (r->many_writers) return write_here(w, o, err);
    count_loaded(w, sink, o->piece.rows);
    return send(w, o, err);
}

/* The rows of a batch that go to one of several sinks, over the same columns. */
static weir_status part_for(const weir_batch *b, uint32_t sink, weir_batch **out, weir_error *err) {
    weir_batch *part = NULL;
    *out = NULL;
    weir_status status = weir_batch_new(b->schema, b->length, &part, err);
    if (status != WEIR_OK) return status;
    part->selection = weir_alloc(((size_t)b->n_selected + 1) * sizeof *part->selection);
    part->row_kind = b->row_kind ? weir_alloc((size_t)b->length + 1) : NULL;
    if (!part->selection || (b->row_kind && !part->row_kind)) {
        weir_batch_free(part);
        return weir_error_nomem(err);
    }
    if (b->row_kind) memcpy(part->row_kind, b->row_kind, b->length);
    part->n_selected = 0;
    for (uint32_t k = 0; k < b->n_selected; k++) {
        uint32_t row = weir_batch_row(b, k);
        if (b->routes[row] >> sink & 1) part->selection[part->n_selected++] = (uint16_t)row;
    }
    for (uint32_t c = 0; c < b->schema->n_fields; c++)
        part->columns[c] = weir_column_retain(b->columns[c]);
    part->origin = weir_origin_share(&b->origin);
    *out = part;
    return WEIR_OK;
}

/* The good rows of a batch (taken over) go to their sinks. */
static weir_status load_routed(worker *w, weir_batch *batch, weir_error *err) {
    weir_status status = WEIR_OK;
    uint32_t used = 0;
    for (uint32_t k = 0; k < batch->n_selected; k++)
        used |= batch->routes[weir_batch_row(batch, k)];
    for (; used && status == WEIR_OK; used &= used - 1) {
        uint32_t sink = (uint32_t)__builtin_ctz(used);
        weir_batch *part = NULL;
        status = part_for(batch, sink, &part, err);
        if (status == WEIR_OK) status = load(w, sink, part, err);
    }
    weir_batch_free(batch);
    return status;
}

/* Cuts a batch to what the limit of rows leaves; the only worker there is then reads in order. */
static weir_status apply_limit(flow_run *r, weir_batch *batch, weir_error *err) {
    uint64_t limit = r->flow->config.limit_rows, read = atomic_load(&r->rows_read);
    if (limit == 0) return WEIR_OK;
    weir_status status = weir_batch_head(batch, limit - read, err);
    if (status == WEIR_OK && read + batch->n_selected >= limit)
        atomic_store(&r->limit_reached, true);
    return status;
}

static weir_status load_piece(void *context, weir_ctx *ctx, weir_batch *batch, weir_error *err) {
    (void)ctx;
    weir_status status = flow_cancelled(((worker *)context)->run, err);
    if (status == WEIR_OK && batch->routes) return load_routed(context, batch, err);
    if (status == WEIR_OK) return load(context, 0, batch, err);
    weir_batch_free(batch);
    return status;
}

/* Waits until all tickets below the worker's have gone through the chain. A worker has one ticket
 * at a time and takes them in order, so somebody is always at work on the lowest: this ends. */
static weir_status take_turn(void *context, weir_error *err) {
    worker *w = context;
    flow_run *r = w->run;
    if (w->has_turn || !r->ordered) return WEIR_OK;
    pthread_mutex_lock(&r->lock);
    while (!r->failed && r->turn < w->ticket) pthread_cond_wait(&r->changed, &r->lock);
    bool failed = r->failed;
    pthread_mutex_unlock(&r->lock);
    if (failed) return weir_error_set(err, WEIR_CANCELLED, "the flow is being stopped");
    w->has_turn = true;
    return WEIR_OK;
}

/* The worker's ticket has gone through the chain; a barrier does so once, whoever comes first. */
static weir_status end_turn(worker *w, weir_error *err) {
    flow_run *r = w->run;
    if (!r->ordered) return WEIR_OK;
    weir_status status = take_turn(w, err);
    if (status != WEIR_OK) return status;
    if (weir_chain_enough(w->chain)) atomic_store(&r->limit_reached, true);
    pthread_mutex_lock(&r->lock);
    if (r->turn == w->ticket) r->turn++;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
    w->has_turn = false;
    return WEIR_OK;
}

/* One decoded batch (taken over) through the chain. */
static weir_status work_batch(worker *w, weir_batch *batch, weir_error *err) {
    flow_run *r = w->run;
    weir_chain_out out = {
        .done = load_piece, .emit = flow_emit_rejects, .turn = take_turn, .context = w};
    weir_status status = apply_limit(r, batch, err);
    atomic_fetch_add(&r->rows_read, batch->n_selected);
    uint64_t filtered = w->account.rows_filtered;
    if (!batch->origin.source && batch->origin.split < r->flow->splits.n)
        batch->origin.source = r->flow->splits.items[batch->origin.split].name;
    if (status == WEIR_OK) status = flow_cancelled(r, err);
    if (status == WEIR_OK) status = weir_trail_see(r->trail, batch, err);
    if (status == WEIR_OK)
        status = weir_chain_process(w->chain, &w->ctx, batch, &out, &w->account, err);
    else
        weir_batch_free(batch);
    atomic_fetch_add(&r->rows_filtered, w->account.rows_filtered - filtered);
    weir_arena_reset(&w->scratch);
    return status;
}

static weir_status work_packet(worker *w, weir_packet *p, weir_error *err) {
    const weir_source_ops *source = w->run->flow->config.source->source;
    weir_status status = WEIR_OK;
    if (atomic_load(&w->run->limit_reached)) return WEIR_OK;
    w->account.bytes_read += p->batch ? weir_batch_bytes(p->batch) : p->chunk.end - p->chunk.begin;
    if (p->batch) {
        weir_batch *batch = p->batch;
        p->batch = NULL;
        return work_batch(w, batch, err);
    }
    uint64_t t0 = flow_cpu_ns();
    WEIR_TRY(source->decode_begin(w->decoder, p, err));
    for (;;) {
        weir_batch *batch = NULL;
        WEIR_TRY(source->decode_next(w->decoder, &w->ctx, &batch, err));
        w->account.phases.parse += flow_cpu_ns() - t0;
        if (!batch) break;
        WEIR_TRY(work_batch(w, batch, err));
        if (atomic_load(&w->run->limit_reached)) break;
        t0 = flow_cpu_ns();
    }
out:
    if (status != WEIR_OK && err && !err->source[0] && p->chunk.split < w->run->flow->splits.n)
        weir_error_at(err, w->run->flow->splits.items[p->chunk.split].name, err->line, err->column);
    return status;
}

/* A worker's part of an epoch's end: its writer prepared, its figures handed over. */
static weir_status work_barrier(worker *w, barrier *b, uint64_t ticket, weir_message_kind kind,
                                weir_error *err) {
    flow_run *r = w->run;
    weir_status status = WEIR_OK;
    if (r->many_writers) {
        const weir_sink_ops *ops = r->flow->config.sinks[0].connector->sink;
        status = ops->prepare(w->writer, &b->handles[w->number], err);
        ops->writer_free(w->writer);
        w->writer = NULL;
        if (status != WEIR_OK) return status;
    }
    pthread_mutex_lock(&b->lock);
    weir_account_add(&b->account, &w->account);
    pthread_mutex_unlock(&b->lock);
    flow_account_zero(&w->account);
    pthread_mutex_lock(&r->lock);
    uint64_t open = r->epochs_open;
    pthread_mutex_unlock(&r->lock);
    weir_message m = {.kind = kind, .ticket = ticket, .data = b};
    status = weir_exchange_push(r->pieces, w->number, 0, &m, err);
    if (status != WEIR_OK || !r->many_writers || kind == WEIR_MESSAGE_END) return status;
    /* the next epoch's writer exists only after this one has been committed */
    pthread_mutex_lock(&r->lock);
    while (!r->failed && r->epochs_open == open) pthread_cond_wait(&r->changed, &r->lock);
    bool failed = r->failed;
    pthread_mutex_unlock(&r->lock);
    if (failed) return weir_error_set(err, WEIR_CANCELLED, "the flow is being stopped");
    return r->flow->config.sinks[0].connector->sink->writer_new(r->flow->sinks[0], w->number,
                                                                &w->ctx, &w->writer, err);
}

weir_status flow_encoders_new(worker *w, uint32_t first, weir_error *err) {
    const weir_flow_config *c = &w->run->flow->config;
    for (uint32_t s = first; s < c->n_sinks; s++) {
        const weir_sink_ops *ops = c->sinks[s].connector->sink;
        if (!ops->encoder_new || !w->run->flow->sinks[s]) continue;
        weir_status status =
            ops->encoder_new(w->run->flow->sinks[s], &w->ctx, &w->encoders[s], err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

void flow_encoders_free(worker *w) {
    const weir_flow_config *c = &w->run->flow->config;
    for (uint32_t s = 0; s < c->n_sinks; s++) {
        const weir_sink_ops *ops = c->sinks[s].connector->sink;
        if (w->encoders[s] && ops->encoder_free) ops->encoder_free(w->encoders[s]);
        w->encoders[s] = NULL;
    }
}

void flow_worker_init(worker *w, flow_run *r, uint32_t number) {
    const weir_env *env = r->flow->env;
    w->run = r;
    w->number = number;
    w->ctx = (weir_ctx){.ledger = env->ledger,
                        .scratch = &w->scratch,
                        .cancel = env->cancel,
                        .now_us = env->now_us,
                        .worker = number};
}

static weir_status worker_open(worker *w, weir_error *err) {
    weir_flow *f = w->run->flow;
    weir_status status = WEIR_OK;
    const weir_source_ops *source = f->config.source->source;
    const weir_sink_ops *sink = f->config.sinks[0].connector->sink;
    WEIR_TRY(flow_account_new(f, &w->account, err));
    if (source->decoder_new)
        WEIR_TRY(source->decoder_new(f->source, f->source_schema, &w->ctx, &w->decoder, err));
    WEIR_TRY(
        weir_chain_new(f->operators, f->n_operators, &w->run->rejects, &w->ctx, &w->chain, err));
    WEIR_TRY(flow_encoders_new(w, 0, err));
    if (w->run->many_writers)
        WEIR_TRY(sink->writer_new(f->sinks[0], w->number, &w->ctx, &w->writer, err));
out:
    return status;
}

void flow_worker_close(worker *w) {
    weir_flow *f = w->run->flow;
    if (w->decoder) f->config.source->source->decoder_free(w->decoder);
    if (w->writer) f->config.sinks[0].connector->sink->writer_free(w->writer);
    flow_encoders_free(w);
    weir_chain_free(w->chain);
    weir_free(w->account.operators);
    weir_arena_clear(&w->scratch);
}

void flow_packet_free(void *p) {
    weir_packet_clear(p);
    weir_free(p);
}

void *flow_worker_main(void *arg) {
    worker *w = arg;
    flow_run *r = w->run;
    weir_error err = {0};
    weir_status status = worker_open(w, &err);
    bool end = false;
    while (status == WEIR_OK && !end) {
        weir_message m;
        status = weir_exchange_pop(r->packets, w->number, &m, &err);
        if (status != WEIR_OK) break;
        if (m.kind == WEIR_MESSAGE_DATA) {
            w->ticket = m.ticket;
            status = work_packet(w, m.data, &err);
            flow_packet_free(m.data);
            if (status == WEIR_OK) status = end_turn(w, &err);
            weir_message closing = {.kind = WEIR_MESSAGE_DATA, .ticket = m.ticket};
            if (status == WEIR_OK)
                status = weir_exchange_push(r->pieces, w->number, 0, &closing, &err);
        } else {
            end = m.kind == WEIR_MESSAGE_END;
            w->ticket = m.ticket;
            status = end_turn(w, &err);
            if (status != WEIR_OK) break;
            if (end) status = weir_chain_finish(w->chain, &w->ctx, &err);
            if (status == WEIR_OK) status = work_barrier(w, m.data, m.ticket, m.kind, &err);
        }
    }
    if (status != WEIR_OK) flow_fail(r, &err);
    return NULL;
}
