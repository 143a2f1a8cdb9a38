#include "engine/scan.h"

typedef struct scan {
    const weir_source_ops *ops;
    void *source;
    void *decoder;
    weir_arena scratch;
    weir_ctx ctx;
    weir_scan_each each;
    void *context;
    bool stop;
} scan;

static weir_status give(scan *s, weir_batch *b, weir_error *err) {
    weir_status status = s->each(s->context, &s->ctx, b, &s->stop, err);
    weir_arena_reset(&s->scratch);
    return status;
}

static weir_status scan_packet(scan *s, weir_packet *p, weir_error *err) {
    if (p->batch) {
        weir_batch *b = p->batch;
        p->batch = NULL;
        return give(s, b, err);
    }
    weir_status status = s->ops->decode_begin(s->decoder, p, err);
    while (status == WEIR_OK && !s->stop) {
        weir_batch *b = NULL;
        status = s->ops->decode_next(s->decoder, &s->ctx, &b, err);
        if (status != WEIR_OK || !b) break;
        status = give(s, b, err);
    }
    return status;
}

static weir_status scan_split(scan *s, const weir_split *split, uint32_t number, weir_error *err) {
    weir_status status = s->ops->split_begin(s->source, split, number, err);
    bool ended = false;
    while (status == WEIR_OK && !s->stop) {
        weir_packet p = {0};
        weir_read_result result = WEIR_READ_END;
        status = s->ops->read(s->source, &p, &result, err);
        ended = result == WEIR_READ_END;
        if (status != WEIR_OK || ended) break;
        p.chunk.split = number;
        if (p.batch) p.batch->origin.split = number;
        if (result == WEIR_READ_PACKET) status = scan_packet(s, &p, err);
        weir_packet_clear(&p);
        if (status == WEIR_OK && weir_cancel_requested(s->ctx.cancel))
            status = weir_error_set(err, WEIR_CANCELLED, "stopped on request");
    }
    weir_error second = {0};
    weir_status end = s->ops->split_end(s->source, status != WEIR_OK || !ended, &second);
    if (status == WEIR_OK && end != WEIR_OK && err) *err = second;
    if (status == WEIR_OK) status = end;
    if (status != WEIR_OK && err && !err->source[0]) weir_error_at(err, split->name, 0, 0);
    return status;
}

weir_status weir_scan(const weir_source_ops *ops, void *source, const weir_splits *splits,
                      weir_schema *schema, const weir_env *env, weir_scan_each each, void *context,
                      weir_error *err) {
    scan s = {.ops = ops, .source = source, .each = each, .context = context};
    s.ctx = (weir_ctx){
        .ledger = env->ledger, .scratch = &s.scratch, .cancel = env->cancel, .now_us = env->now_us};
    weir_status status = WEIR_OK;
    if (ops->decoder_new) WEIR_TRY(ops->decoder_new(source, schema, &s.ctx, &s.decoder, err));
    for (uint32_t i = 0; i < splits->n && !s.stop; i++)
        WEIR_TRY(scan_split(&s, &splits->items[i], i, err));
out:
    if (s.decoder) ops->decoder_free(s.decoder);
    weir_arena_clear(&s.scratch);
    return status;
}
