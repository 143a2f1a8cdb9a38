/* The threads of a flow.
 *
 *   reader   reads packets, numbers them with tickets, waits for budget
 *   workers  decode, run the chain, encode; what comes of a ticket goes to the gather in its order
 *   writer   the calling thread: writes pieces in ticket order, ends epochs
 *
 * The first error stops both exchanges; everyone then returns, and the error is the run's.
 */
#include "engine/flow_private.h"

#include "base/clock.h"
#include "base/fault.h"
#include "validate/validate.h"

/* One piece for one sink on its way to the writer. */
typedef struct output {
    uint32_t sink;
    weir_piece piece;
} output;

/* The end of an epoch; travels with the barrier (or the end) through all workers. */
typedef struct barrier {
    struct barrier *next; /* in the run's list, which owns it */
    pthread_mutex_t lock;
    bool last;
    weir_buf position;
    weir_account account; /* workers add theirs */
    weir_buf *handles;    /* of writers on workers, one each */
} barrier;

typedef struct worker {
    struct flow_run *run;
    uint32_t number;
    pthread_t thread;
    bool started;
    weir_arena scratch;
    weir_ctx ctx;
    weir_chain *chain;
    void *decoder;
    void *encoders[WEIR_FLOW_SINKS];
    void *writer; /* sinks with many writers */
    uint64_t ticket;
    weir_account account;
} worker;

typedef struct flow_run {
    weir_flow *flow;
    const weir_flow_hooks *hooks;
    uint32_t n_workers;
    worker *workers;
    bool many_writers;
    weir_exchange *packets, *pieces;
    weir_chain_rejects rejects;
    pthread_t reader;
    bool reader_started;
    /* shared, under lock */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    weir_error error;
    bool failed;
    uint64_t tickets_done, epochs_open;
    uint64_t warnings; /* the writer's: those of ended epochs */
    barrier *barriers;
    _Atomic uint64_t rows_read, bytes_read, rows_rejected, rows_filtered;
    weir_phases reader_phases; /* written by the reader, read after it has ended */
    /* the writer's own */
    worker front; /* its scratch, encoders for rejects found while writing */
    void *writers[WEIR_FLOW_SINKS];
    weir_account *total;
    int64_t last_progress_us;
    uint64_t rows_loaded;
} flow_run;

static void fail(flow_run *r, const weir_error *err) {
    pthread_mutex_lock(&r->lock);
    if (!r->failed) {
        r->failed = true;
        r->error = *err;
    }
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
    weir_exchange_stop(r->packets);
    weir_exchange_stop(r->pieces);
}

static weir_status cancelled(const flow_run *r, weir_error *err) {
    if (!weir_cancel_requested(r->flow->env->cancel)) return WEIR_OK;
    return weir_error_set(err, WEIR_CANCELLED, "stopped on request");
}

/* ---- accounts and barriers ----------------------------------------------------------------- */

static weir_status account_new(const weir_flow *f, weir_account *a, weir_error *err) {
    memset(a, 0, sizeof *a);
    a->operators = weir_alloc_zero(f->n_operators + 2, sizeof *a->operators);
    if (!a->operators) return weir_error_nomem(err);
    a->n_operators = f->n_operators + 2;
    a->operators[0].name = "read";
    for (size_t i = 0; i < f->n_operators; i++)
        a->operators[i + 1].name = f->operators[i].kind->name;
    a->operators[f->n_operators + 1].name = "load";
    return WEIR_OK;
}

static void account_zero(weir_account *a) {
    for (size_t i = 0; i < a->n_operators; i++) {
        const char *name = a->operators[i].name;
        a->operators[i] = (weir_operator_account){.name = name};
    }
    weir_account kept = {.n_operators = a->n_operators, .operators = a->operators};
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

static weir_status barrier_new(flow_run *r, bool last, barrier **out, weir_error *err) {
    barrier *b = weir_alloc_zero(1, sizeof *b);
    if (!b) return weir_error_nomem(err);
    pthread_mutex_init(&b->lock, NULL);
    b->last = last;
    weir_status status = account_new(r->flow, &b->account, err);
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
static void barrier_done(flow_run *r, barrier *b) {
    pthread_mutex_lock(&r->lock);
    barrier **at = &r->barriers;
    while (*at != b) at = &(*at)->next;
    *at = b->next;
    pthread_mutex_unlock(&r->lock);
    barrier_free(b, r->n_workers);
}

/* ---- reader -------------------------------------------------------------------------------- */

typedef struct reading {
    flow_run *run;
    uint64_t ticket;
    uint64_t rows, bytes; /* since the last barrier; rows only of finished batches */
    int64_t since_us;
    uint64_t epochs;
} reading;

/* Waits until the work in flight leaves room for one packet more.  Only sources wait: what is in
 * flight can always be finished, so this cannot become a deadlock. */
static weir_status wait_for_budget(reading *g, weir_error *err) {
    flow_run *r = g->run;
    weir_ledger *ledger = r->flow->env->ledger;
    uint64_t max_tickets = r->n_workers * 4u + 4;
    pthread_mutex_lock(&r->lock);
    while (!r->failed) {
        uint64_t in_flight = g->ticket - r->tickets_done;
        bool full = ledger && ledger->limit_bytes &&
                    atomic_load(&ledger->used_bytes) > ledger->limit_bytes / 2;
        if (in_flight == 0 || (in_flight < max_tickets && !full)) break;
        pthread_cond_wait(&r->changed, &r->lock);
    }
    bool failed = r->failed;
    pthread_mutex_unlock(&r->lock);
    if (failed) return weir_error_set(err, WEIR_CANCELLED, "the flow is being stopped");
    return cancelled(r, err);
}

static weir_status push_barrier(reading *g, bool last, weir_error *err) {
    barrier *b = NULL;
    weir_status status = barrier_new(g->run, last, &b, err);
    if (status != WEIR_OK) return status;
    weir_message m = {
        .kind = last ? WEIR_MESSAGE_END : WEIR_MESSAGE_BARRIER, .ticket = g->ticket++, .data = b};
    status = weir_exchange_push(g->run->packets, 0, 0, &m, err);
    g->rows = g->bytes = 0;
    g->since_us = weir_clock_monotonic_us();
    g->epochs++;
    return status;
}

static weir_status push_packet(reading *g, weir_packet *packet, weir_error *err) {
    weir_packet *p = weir_alloc(sizeof *p);
    if (!p) {
        weir_packet_clear(packet);
        return weir_error_nomem(err);
    }
    *p = *packet;
    size_t bytes = p->batch ? weir_batch_bytes(p->batch) : p->chunk.end - p->chunk.begin;
    if (p->batch) g->rows += p->batch->n_selected;
    g->bytes += bytes;
    atomic_fetch_add(&g->run->bytes_read, bytes);
    weir_message m = {.kind = WEIR_MESSAGE_DATA, .ticket = g->ticket, .bytes = bytes, .data = p};
    weir_status status = weir_exchange_push(g->run->packets, 0, 0, &m, err);
    if (status != WEIR_OK) {
        weir_packet_clear(p);
        weir_free(p);
        return status;
    }
    g->ticket++;
    return WEIR_OK;
}

static bool epoch_is_full(const reading *g) {
    const weir_flow_config *c = &g->run->flow->config;
    if (!(c->source->caps & WEIR_CAP_UNBOUNDED)) return false;
    if (g->rows == 0 && g->bytes == 0) return false;
    return (c->epoch_rows && g->rows >= c->epoch_rows) ||
           (c->epoch_bytes && g->bytes >= c->epoch_bytes) ||
           (c->epoch_us && weir_clock_monotonic_us() - g->since_us >= c->epoch_us);
}

/* Reads one split to its end; *stop when an endless source has made its last epoch. */
static weir_status read_split(reading *g, uint32_t number, bool *stop, weir_error *err) {
    flow_run *r = g->run;
    weir_flow *f = r->flow;
    const weir_source_ops *source = f->config.source->source;
    const weir_split *split = &f->splits.items[number];
    weir_status status = source->split_begin(f->source, split, number, err);
    bool ours = true; /* the fault is the split's, not the run's */
    while (status == WEIR_OK && !*stop) {
        ours = false;
        if ((status = wait_for_budget(g, err)) != WEIR_OK) break;
        weir_packet packet = {0};
        weir_read_result result = WEIR_READ_END;
        ours = true;
        uint64_t t0 = flow_cpu_ns();
        if ((status = source->read(f->source, &packet, &result, err)) != WEIR_OK) break;
        r->reader_phases.cut += flow_cpu_ns() - t0;
        ours = false;
        if (result == WEIR_READ_END) break;
        if (result == WEIR_READ_PACKET) {
            packet.chunk.split = number;
            if (packet.batch) packet.batch->origin.split = number;
            if ((status = push_packet(g, &packet, err)) != WEIR_OK) break;
        }
        if (epoch_is_full(g)) {
            *stop = f->config.max_epochs && g->epochs + 1 >= f->config.max_epochs;
            if (!*stop && (status = push_barrier(g, false, err)) != WEIR_OK) break;
        }
    }
    weir_error end_error = {0};
    weir_status end = source->split_end(f->source, status != WEIR_OK || *stop, &end_error);
    if (status == WEIR_OK && end != WEIR_OK) {
        ours = true;
        status = end;
        if (err) *err = end_error;
    }
    if (status != WEIR_OK && ours && status != WEIR_CANCELLED) {
        pthread_mutex_lock(&r->lock);
        if (!r->failed) f->failed_split = number;
        pthread_mutex_unlock(&r->lock);
    }
    return status;
}

static void *reader_main(void *arg) {
    flow_run *r = arg;
    weir_error err = {0};
    weir_status status = WEIR_OK;
    reading g = {.run = r, .since_us = weir_clock_monotonic_us()};
    bool stop = false;
    for (uint32_t i = 0; status == WEIR_OK && !stop && i < r->flow->splits.n; i++) {
        status = read_split(&g, i, &stop, &err);
        if (status != WEIR_OK && !err.source[0])
            weir_error_at(&err, r->flow->splits.items[i].name, 0, 0);
    }
    if (status == WEIR_OK) status = push_barrier(&g, true, &err);
    if (status != WEIR_OK) fail(r, &err);
    return NULL;
}

/* ---- what workers and the writer share: pieces and rejects ---------------------------------- */

static void output_free(void *p) {
    output *o = p;
    if (!o) return;
    weir_batch_free(o->piece.batch);
    weir_free(o);
}

/* Frees an output with its encoded part, which only the sink can free. */
static void output_drop(flow_run *r, output *o) {
    if (!o) return;
    const weir_sink_ops *ops = r->flow->config.sinks[o->sink].connector->sink;
    if (o->piece.encoded && ops->piece_free) ops->piece_free(o->piece.encoded);
    o->piece.encoded = NULL;
    output_free(o);
}

static weir_status write_output(flow_run *r, output *o, weir_error *err);

/* Hands a piece to the writer: through the gather from a worker, at once from the writer itself. */
static weir_status send(worker *w, output *o, weir_error *err) {
    flow_run *r = w->run;
    if (w == &r->front) return write_output(r, o, err);
    weir_message m = {.kind = WEIR_MESSAGE_DATA,
                      .ticket = w->ticket,
                      .more = true,
                      .bytes = o->piece.bytes,
                      .data = o};
    weir_status status = weir_exchange_push(r->pieces, w->number, 0, &m, err);
    if (status != WEIR_OK) output_drop(r, o);
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
            output_drop(w->run, o);
            return status;
        }
    }
    *out = o;
    return WEIR_OK;
}

/* Sends reject records (batch taken over) to every reject sink. */
static weir_status emit_rejects(void *context, weir_batch *batch, weir_error *err) {
    worker *w = context;
    flow_run *r = w->run;
    weir_status status = WEIR_OK;
    atomic_fetch_add(&r->rows_rejected, batch->n_selected);
    for (uint32_t s = 1; status == WEIR_OK && s < r->flow->config.n_sinks; s++) {
        weir_batch *mine = batch;
        if (s + 1 < r->flow->config.n_sinks) { /* each sink may keep the batch: share the columns */
            status = weir_batch_new(batch->schema, batch->length, &mine, err);
            if (status != WEIR_OK) break;
            for (uint32_t c = 0; c < batch->schema->n_fields; c++)
                mine->columns[c] = weir_column_retain(batch->columns[c]);
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
static weir_status leave_at_load(worker *w, weir_batch *b, weir_account *account, weir_error *err) {
    if (!b || !b->failures || b->failures->n == 0) return WEIR_OK;
    flow_run *r = w->run;
    weir_batch *rejects = NULL;
    uint64_t dropped = 0;
    weir_status status = weir_reject_build(&r->rejects.context, b, b->schema, b->columns,
                                           r->rejects.schema, &w->ctx, &rejects, err);
    if (status == WEIR_OK) status = weir_reject_drop(b, &dropped, err);
    account->operators[account->n_operators - 1].rejected += dropped;
    account->rows_rejected += dropped;
    if (status == WEIR_OK && rejects) return emit_rejects(w, rejects, err);
    weir_batch_free(rejects);
    return status;
}

static void count_loaded(weir_account *a, uint64_t rows) {
    a->operators[a->n_operators - 1].out += rows;
    a->rows_loaded += rows;
}

/* ---- workers ------------------------------------------------------------------------------- */

/* The good rows of a batch (taken over) go to the sink. */
static weir_status load(worker *w, weir_batch *batch, weir_error *err) {
    flow_run *r = w->run;
    if (batch->n_selected == 0) {
        weir_batch_free(batch);
        return WEIR_OK;
    }
    uint64_t t0 = flow_cpu_ns();
    output *o;
    weir_status status = make_piece(w, 0, batch, &o, err);
    if (status != WEIR_OK) return status;
    w->account.phases.encode += flow_cpu_ns() - t0;
    status = leave_at_load(w, o->piece.batch, &w->account, err);
    if (status != WEIR_OK) {
        output_drop(r, o);
        return status;
    }
    o->piece.rows = o->piece.batch->n_selected;
    if (o->piece.encoded) {
        weir_batch_free(o->piece.batch);
        o->piece.batch = NULL;
    } else {
        o->piece.bytes = weir_batch_bytes(o->piece.batch);
    }
    if (!r->many_writers) {
        count_loaded(&w->account, o->piece.rows);
        return send(w, o, err);
    }
    t0 = flow_cpu_ns();
    const weir_sink_ops *ops = r->flow->config.sinks[0].connector->sink;
    status = ops->write(w->writer, &w->ctx, &o->piece, err);
    w->account.phases.write += flow_cpu_ns() - t0;
    if (status == WEIR_OK) status = leave_at_load(w, o->piece.batch, &w->account, err);
    if (status == WEIR_OK)
        count_loaded(&w->account, o->piece.batch ? o->piece.batch->n_selected : o->piece.rows);
    output_drop(r, o);
    return status;
}

/* One decoded batch (taken over) through the chain. */
static weir_status work_batch(worker *w, weir_batch *batch, weir_error *err) {
    flow_run *r = w->run;
    weir_chain_out out = {.emit = emit_rejects, .context = w};
    atomic_fetch_add(&r->rows_read, batch->n_selected);
    uint64_t filtered = w->account.rows_filtered;
    weir_status status = cancelled(r, err);
    if (status == WEIR_OK)
        status = weir_chain_process(w->chain, &w->ctx, batch, &out, &w->account, err);
    atomic_fetch_add(&r->rows_filtered, w->account.rows_filtered - filtered);
    if (status == WEIR_OK)
        status = load(w, batch, err);
    else
        weir_batch_free(batch);
    weir_arena_reset(&w->scratch);
    return status;
}

static weir_status work_packet(worker *w, weir_packet *p, weir_error *err) {
    const weir_source_ops *source = w->run->flow->config.source->source;
    weir_status status = WEIR_OK;
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
    account_zero(&w->account);
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

static weir_status encoders_new(worker *w, uint32_t first, weir_error *err) {
    const weir_flow_config *c = &w->run->flow->config;
    for (uint32_t s = first; s < c->n_sinks; s++) {
        const weir_sink_ops *ops = c->sinks[s].connector->sink;
        if (!ops->encoder_new) continue;
        weir_status status =
            ops->encoder_new(w->run->flow->sinks[s], &w->ctx, &w->encoders[s], err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

static void encoders_free(worker *w) {
    const weir_flow_config *c = &w->run->flow->config;
    for (uint32_t s = 0; s < c->n_sinks; s++) {
        const weir_sink_ops *ops = c->sinks[s].connector->sink;
        if (w->encoders[s] && ops->encoder_free) ops->encoder_free(w->encoders[s]);
        w->encoders[s] = NULL;
    }
}

static void worker_init(worker *w, flow_run *r, uint32_t number) {
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
    WEIR_TRY(account_new(f, &w->account, err));
    if (source->decoder_new)
        WEIR_TRY(source->decoder_new(f->source, f->source_schema, &w->ctx, &w->decoder, err));
    WEIR_TRY(
        weir_chain_new(f->operators, f->n_operators, &w->run->rejects, &w->ctx, &w->chain, err));
    WEIR_TRY(encoders_new(w, 0, err));
    if (w->run->many_writers)
        WEIR_TRY(sink->writer_new(f->sinks[0], w->number, &w->ctx, &w->writer, err));
out:
    return status;
}

static void worker_close(worker *w) {
    weir_flow *f = w->run->flow;
    if (w->decoder) f->config.source->source->decoder_free(w->decoder);
    if (w->writer) f->config.sinks[0].connector->sink->writer_free(w->writer);
    encoders_free(w);
    weir_chain_free(w->chain);
    weir_free(w->account.operators);
    weir_arena_clear(&w->scratch);
}

static void packet_free(void *p) {
    weir_packet_clear(p);
    weir_free(p);
}

static void *worker_main(void *arg) {
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
            packet_free(m.data);
            weir_message closing = {.kind = WEIR_MESSAGE_DATA, .ticket = m.ticket};
            if (status == WEIR_OK)
                status = weir_exchange_push(r->pieces, w->number, 0, &closing, &err);
        } else {
            end = m.kind == WEIR_MESSAGE_END;
            if (end) status = weir_chain_finish(w->chain, &w->ctx, &err);
            if (status == WEIR_OK) status = work_barrier(w, m.data, m.ticket, m.kind, &err);
        }
    }
    if (status != WEIR_OK) fail(r, &err);
    return NULL;
}

/* ---- writer -------------------------------------------------------------------------------- */

/* Writes one piece (taken over); rows the target refuses become rejects. */
static weir_status write_output(flow_run *r, output *o, weir_error *err) {
    const weir_sink_ops *ops = r->flow->config.sinks[o->sink].connector->sink;
    uint64_t t0 = flow_cpu_ns();
    weir_status status = ops->write(r->writers[o->sink], &r->front.ctx, &o->piece, err);
    r->front.account.phases.write += flow_cpu_ns() - t0;
    weir_batch *b = o->piece.batch;
    if (status == WEIR_OK && b && b->failures && b->failures->n) {
        if (o->sink != 0) {
            status = weir_error_set(err, WEIR_IO, "a reject could not be written: %s",
                                    b->failures->items[0].reason);
        } else {
            uint32_t before = b->n_selected;
            status = leave_at_load(&r->front, b, &r->front.account, err);
            uint32_t lost = before - b->n_selected; /* counted as loaded by the worker */
            weir_account *a = &r->front.account;
            a->operators[a->n_operators - 1].out -= lost;
            a->rows_loaded -= lost;
        }
    }
    weir_arena_reset(&r->front.scratch);
    output_drop(r, o);
    return status;
}

static weir_status writers_new(flow_run *r, weir_error *err) {
    weir_flow *f = r->flow;
    for (uint32_t s = r->many_writers ? 1 : 0; s < f->config.n_sinks; s++) {
        weir_status status = f->config.sinks[s].connector->sink->writer_new(
            f->sinks[s], 0, &r->front.ctx, &r->writers[s], err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

static void writers_free(flow_run *r) {
    for (uint32_t s = 0; s < r->flow->config.n_sinks; s++) {
        if (r->writers[s]) r->flow->config.sinks[s].connector->sink->writer_free(r->writers[s]);
        r->writers[s] = NULL;
    }
}

/* Broken rules that only warn, since the epoch before. */
static uint64_t new_warnings(flow_run *r) {
    uint64_t all = 0, before = r->warnings;
    for (size_t i = 0; i < r->flow->n_operators; i++)
        all += weir_validate_warnings(&r->flow->operators[i]);
    r->warnings = all;
    return all - before;
}

/* Prepares all writers and lets the coordinator commit. */
static weir_status end_epoch(flow_run *r, barrier *b, weir_error *err) {
    weir_flow *f = r->flow;
    weir_status status = WEIR_OK;
    weir_buf own[WEIR_FLOW_SINKS] = {{0}};
    weir_slice slices[WEIR_FLOW_SINKS];
    weir_slice *many = NULL;
    weir_flow_epoch e = {.n_sinks = f->config.n_sinks, .last = b->last, .account = &b->account};
    weir_fault_point("before-prepare");
    for (uint32_t s = 0; s < f->config.n_sinks; s++) {
        if (!r->writers[s]) continue;
        WEIR_TRY(f->config.sinks[s].connector->sink->prepare(r->writers[s], &own[s], err));
        slices[s] = (weir_slice){own[s].data, own[s].size};
        e.sinks[s].handles = &slices[s];
        e.sinks[s].n = 1;
    }
    if (r->many_writers) {
        many = weir_alloc_zero(r->n_workers, sizeof *many);
        if (!many) {
            status = weir_error_nomem(err);
            goto out;
        }
        for (uint32_t i = 0; i < r->n_workers; i++)
            many[i] = (weir_slice){b->handles[i].data, b->handles[i].size};
        e.sinks[0].handles = many;
        e.sinks[0].n = r->n_workers;
    }
    e.position = (weir_slice){b->position.data, b->position.size};
    weir_account_add(&b->account, &r->front.account);
    account_zero(&r->front.account);
    b->account.splits = f->splits.n;
    b->account.warnings = new_warnings(r);
    if (b->last) b->account.phases.cut += r->reader_phases.cut;
    weir_account_add(r->total, &b->account);
    if (r->hooks->commit) status = r->hooks->commit(r->hooks->context, f, &e, err);
out:
    for (int s = 0; s < WEIR_FLOW_SINKS; s++) weir_buf_clear(&own[s]);
    weir_free(many);
    return status;
}

static weir_status begin_epoch(flow_run *r, weir_error *err) {
    weir_status status = WEIR_OK;
    if (r->hooks->begin) status = r->hooks->begin(r->hooks->context, r->flow, err);
    if (status == WEIR_OK) status = writers_new(r, err);
    pthread_mutex_lock(&r->lock);
    r->epochs_open++;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
    return status;
}

static void report_progress(flow_run *r) {
    const weir_flow_config *c = &r->flow->config;
    if (!c->progress) return;
    int64_t now = weir_clock_monotonic_us();
    if (now - r->last_progress_us < 100000) return;
    r->last_progress_us = now;
    weir_account a = {.rows_read = atomic_load(&r->rows_read),
                      .bytes_read = atomic_load(&r->bytes_read),
                      .rows_rejected = atomic_load(&r->rows_rejected),
                      .rows_filtered = atomic_load(&r->rows_filtered),
                      .splits = r->flow->splits.n};
    c->progress(c->progress_context, &a);
}

static void ticket_done(flow_run *r) {
    pthread_mutex_lock(&r->lock);
    r->tickets_done++;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
}

static weir_status writer_loop(flow_run *r, weir_error *err) {
    for (;;) {
        weir_message m;
        weir_status status = weir_exchange_pop(r->pieces, 0, &m, err);
        if (status != WEIR_OK) return status;
        if (m.kind == WEIR_MESSAGE_DATA) {
            if (m.data) status = write_output(r, m.data, err);
            if (!m.more) ticket_done(r);
            report_progress(r);
        } else {
            barrier *b = m.data;
            if (b->last) pthread_join(r->reader, NULL), r->reader_started = false;
            status = end_epoch(r, b, err);
            bool last = b->last;
            if (status == WEIR_OK) barrier_done(r, b);
            writers_free(r);
            if (last || status != WEIR_OK) return status;
            ticket_done(r);
            status = begin_epoch(r, err);
        }
        if (status != WEIR_OK) return status;
    }
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
    WEIR_TRY(weir_exchange_new(WEIR_EXCHANGE_FORWARD, 1, r->n_workers, bound, packet_free,
                               &r->packets, err));
    WEIR_TRY(
        weir_exchange_new(WEIR_EXCHANGE_GATHER, r->n_workers, 1, bound, NULL, &r->pieces, err));
    r->workers = weir_alloc_zero(r->n_workers, sizeof *r->workers);
    if (!r->workers) {
        status = weir_error_nomem(err);
        goto out;
    }
    worker_init(&r->front, r, r->n_workers);
    WEIR_TRY(account_new(f, &r->front.account, err));
    WEIR_TRY(encoders_new(&r->front, 1, err));
    WEIR_TRY(begin_epoch(r, err));
    for (uint32_t i = 0; i < r->n_workers; i++) {
        worker *w = &r->workers[i];
        worker_init(w, r, i);
        int code = pthread_create(&w->thread, NULL, worker_main, w);
        if (code) {
            status = weir_error_errno(err, code, "cannot start a worker thread");
            goto out;
        }
        w->started = true;
    }
    int code = pthread_create(&r->reader, NULL, reader_main, r);
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
        if (m.kind == WEIR_MESSAGE_DATA) output_drop(r, m.data);
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
        if (r->workers[i].run) worker_close(&r->workers[i]);
    }
    drain(r);
    writers_free(r);
    if (r->front.run) {
        encoders_free(&r->front);
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
    r.n_workers = f->env->threads ? f->env->threads : 1;
    r.many_writers =
        !(c->sinks[0].connector->caps & WEIR_CAP_SINGLE_WRITER) && !c->sinks[0].request.keep_order;
    r.rejects.schema = f->reject_schema;
    r.rejects.context = (weir_reject_context){.run_id = f->env->run_id,
                                              .step = f->env->step,
                                              .split_name = split_name,
                                              .splits = &f->splits};
    pthread_mutex_init(&r.lock, NULL);
    pthread_cond_init(&r.changed, NULL);
    f->failed_split = -1;
    weir_status status = account_new(f, total, &mine);
    if (status == WEIR_OK) status = run_start(&r, &mine);
    if (status == WEIR_OK) status = writer_loop(&r, &mine);
    pthread_mutex_lock(&r.lock);
    if (r.failed && status == WEIR_CANCELLED) { /* the cause, not its echo */
        mine = r.error;
        status = r.error.status;
    }
    pthread_mutex_unlock(&r.lock);
    run_stop(&r);
    if (status != WEIR_OK && err) *err = mine;
    return status;
}
