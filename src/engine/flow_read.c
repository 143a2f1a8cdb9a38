/* The reader: packets of all splits in order, numbered, within the budget. */
#include "engine/flow_run.h"

#include "base/clock.h"

typedef struct reading {
    flow_run *run;
    uint64_t ticket;
    uint64_t rows, bytes; /* since the last barrier; rows only of finished batches */
    int64_t since_us;
    uint64_t epochs;
    bool cut;          /* the last chunk began a record that is too long: its rest is dropped */
    uint64_t position; /* behind the last chunk, in its split */
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
    return flow_cancelled(r, err);
}

static weir_status push_barrier(reading *g, bool last, weir_error *err) {
    barrier *b = NULL;
    weir_status status = flow_barrier_new(g->run, last, &b, err);
    if (status != WEIR_OK) return status;
    weir_message m = {
        .kind = last ? WEIR_MESSAGE_END : WEIR_MESSAGE_BARRIER, .ticket = g->ticket++, .data = b};
    status = weir_exchange_push(g->run->packets, 0, 0, &m, err);
    g->rows = g->bytes = 0;
    g->since_us = weir_clock_monotonic_us();
    g->epochs++;
    return status;
}

/* Bytes that were read up to `to` of the split but not handed out. */
static void count_dropped(reading *g, uint64_t to) {
    if (!g->cut || to <= g->position) return;
    g->run->bytes_dropped += to - g->position;
    atomic_fetch_add(&g->run->bytes_read, to - g->position);
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
    if (!p->batch) {
        count_dropped(g, p->chunk.first_byte);
        g->position = p->chunk.first_byte + bytes;
        g->cut = p->chunk.flags & WEIR_CHUNK_TOO_LONG;
    }
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
    /* What a decoder keeps for its file is charged, too. */
    weir_status status = wait_for_budget(g, err);
    if (status != WEIR_OK) return status;
    status = source->split_begin(f->source, split, number, err);
    bool ours = true; /* the fault is the split's, not the run's */
    g->cut = false;
    while (status == WEIR_OK && !*stop) {
        ours = false;
        if ((status = wait_for_budget(g, err)) != WEIR_OK) break;
        *stop = atomic_load(&r->limit_reached);
        if (*stop) break;
        weir_packet packet = {0};
        weir_read_result result = WEIR_READ_END;
        ours = true;
        uint64_t t0 = flow_cpu_ns();
        if ((status = source->read(f->source, &packet, &result, err)) != WEIR_OK) break;
        r->reader_phases.cut += flow_cpu_ns() - t0;
        ours = false;
        if (result == WEIR_READ_END) {
            count_dropped(g, split->size_bytes); /* of what is not compressed */
            break;
        }
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

void *flow_reader_main(void *arg) {
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
    if (status != WEIR_OK) flow_fail(r, &err);
    return NULL;
}
