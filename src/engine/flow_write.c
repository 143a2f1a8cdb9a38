/* The writer: pieces in the order of their tickets, and the ends of epochs. */
#include "engine/flow_run.h"

#include "base/clock.h"
#include "io/stream.h"
#include "base/fault.h"
#include "validate/validate.h"

/* Writes one piece (taken over); rows the target refuses become rejects. */
weir_status flow_write_output(flow_run *r, output *o, weir_error *err) {
    const weir_sink_ops *ops = r->flow->config.sinks[o->sink].connector->sink;
    uint64_t t0 = flow_cpu_ns();
    weir_status status = ops->write(r->writers[o->sink], &r->front.ctx, &o->piece, err);
    r->front.account.phases.write += flow_cpu_ns() - t0;
    weir_batch *b = o->piece.batch;
    if (status == WEIR_OK && b && b->failures && b->failures->n) {
        if (o->sink >= r->flow->config.n_targets) {
            status = weir_error_set(err, WEIR_IO, "a reject could not be written: %s",
                                    b->failures->items[0].reason);
        } else {
            uint32_t before = b->n_selected;
            status = flow_leave_at_load(&r->front, o->sink, b, &r->front.account, err);
            uint32_t lost = before - b->n_selected; /* counted as loaded by the worker */
            weir_account *a = &r->front.account;
            a->operators[r->flow->n_operators + 1 + o->sink].out -= lost;
            a->rows_loaded -= lost;
        }
    }
    weir_arena_reset(&r->front.scratch);
    flow_output_drop(r, o);
    return status;
}

static weir_status writers_new(flow_run *r, weir_error *err) {
    weir_flow *f = r->flow;
    for (uint32_t s = r->many_writers ? 1 : 0; s < f->config.n_sinks; s++) {
        if (!f->sinks[s]) continue; /* settled */
        weir_status status = f->config.sinks[s].connector->sink->writer_new(
            f->sinks[s], 0, &r->front.ctx, &r->writers[s], err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

void flow_writers_free(flow_run *r) {
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
    flow_account_zero(&r->front.account);
    b->account.splits = f->splits.n;
    b->account.warnings = new_warnings(r);
    if (b->last) b->account.phases.cut += r->reader_phases.cut;
    if (b->last && b->account.rows_rejected) weir_trail_tell(r->trail, &b->account);
    weir_account_add(r->total, &b->account);
    if (r->hooks->commit) status = r->hooks->commit(r->hooks->context, f, &e, err);
out:
    for (int s = 0; s < WEIR_FLOW_SINKS; s++) weir_buf_clear(&own[s]);
    weir_free(many);
    return status;
}

/* The settled sink that refused a record, by the stage of its reject; -1 = none. */
static int refused_by(const weir_flow *f, weir_slice stage) {
    for (size_t s = 0; s < f->config.n_targets; s++) {
        const char *load = f->config.sinks[s].load_name;
        if (!f->sinks[s] && load && weir_slice_is(stage, load)) return (int)s;
    }
    return -1;
}

/* Of the rejects that an epoch had before a crash: those of sinks that have committed are kept, for
 * these are not asked again. */
static weir_status keep_rejects(void *context, const weir_batch *b, weir_error *err) {
    flow_run *r = context;
    const weir_flow *f = r->flow;
    weir_account *a = &r->front.account;
    weir_batch *kept = NULL;
    weir_status status = WEIR_OK;
    uint64_t *bits = weir_alloc_zero(weir_bit_words(b->length) + 1, sizeof *bits);
    int stage = weir_schema_find(f->reject_schema, "stage", 5);
    if (!bits) return weir_error_nomem(err);
    if (b->schema->n_fields != f->reject_schema->n_fields)
        WEIR_TRY(weir_error_set(err, WEIR_DATA, "the rejects of the interrupted run are damaged"));
    for (uint32_t k = 0; k < b->n_selected; k++) {
        uint32_t row = weir_batch_row(b, k);
        int sink = refused_by(f, weir_column_slice(b->columns[stage], row));
        if (sink < 0) continue;
        weir_bit_set(bits, row);
        weir_operator_account *load = &a->operators[f->n_operators + 1 + (size_t)sink];
        load->out--; /* counted as loaded when the record comes again */
        load->rejected++;
        a->rows_loaded--;
        a->rows_rejected++;
    }
    WEIR_TRY(weir_batch_new(f->reject_schema, b->length, &kept, err));
    for (uint32_t c = 0; c < b->schema->n_fields; c++)
        kept->columns[c] = weir_column_retain(b->columns[c]);
    WEIR_TRY(weir_batch_keep(kept, bits, err));
    if (kept->n_selected) {
        status = flow_emit_rejects(&r->front, kept, err);
        kept = NULL;
    }
out:
    weir_batch_free(kept);
    weir_free(bits);
    return status;
}

weir_status flow_begin_epoch(flow_run *r, weir_error *err) {
    const weir_flow_config *c = &r->flow->config;
    weir_status status = WEIR_OK;
    if (r->hooks->begin) status = r->hooks->begin(r->hooks->context, r->flow, err);
    if (status == WEIR_OK) status = writers_new(r, err);
    if (status == WEIR_OK && c->rejects_before)
        status = c->rejects_before(c->rejects_context, keep_rejects, r, err);
    pthread_mutex_lock(&r->lock);
    r->epochs_open++;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
    return status;
}

/* Bytes of all splits; 0 where it is not known how many will be read of one: it has no size, or is
 * compressed. */
static uint64_t total_bytes(const weir_flow *f) {
    uint64_t total = 0;
    size_t stem;
    if (!(f->config.source->caps & WEIR_CAP_FORMATS)) return 0;
    for (size_t i = 0; i < f->splits.n; i++) {
        const weir_split *s = &f->splits.items[i];
        if (s->size_bytes == 0 || weir_codec_of_name(s->name, &stem) != WEIR_CODEC_NONE) return 0;
        total += s->size_bytes;
    }
    return total;
}

static void report_progress(flow_run *r) {
    const weir_flow_config *c = &r->flow->config;
    if (!c->progress) return;
    int64_t now = weir_clock_monotonic_us();
    if (now - r->last_progress_us < 100000) return;
    if (r->last_progress_us == 0) r->bytes_total = total_bytes(r->flow);
    r->last_progress_us = now;
    weir_account a = {.rows_read = atomic_load(&r->rows_read),
                      .bytes_read = atomic_load(&r->bytes_read),
                      .bytes_total = r->bytes_total,
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

weir_status flow_writer_loop(flow_run *r, weir_error *err) {
    for (;;) {
        weir_message m;
        weir_status status = weir_exchange_pop(r->pieces, 0, &m, err);
        if (status != WEIR_OK) return status;
        if (m.kind == WEIR_MESSAGE_DATA) {
            if (m.data) status = flow_write_output(r, m.data, err);
            if (!m.more) ticket_done(r);
            report_progress(r);
        } else {
            barrier *b = m.data;
            if (b->last) pthread_join(r->reader, NULL), r->reader_started = false;
            status = end_epoch(r, b, err);
            bool last = b->last;
            if (status == WEIR_OK) flow_barrier_done(r, b);
            flow_writers_free(r);
            if (last || status != WEIR_OK) return status;
            ticket_done(r);
            status = flow_begin_epoch(r, err);
        }
        if (status != WEIR_OK) return status;
    }
}
