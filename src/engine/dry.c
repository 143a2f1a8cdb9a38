#include "engine/dry.h"

#include "engine/coordinator.h"

static weir_status begin(void *sink, const weir_epoch *epoch, weir_error *err) {
    (void)sink;
    (void)epoch;
    (void)err;
    return WEIR_OK;
}

static weir_status writer_new(void *sink, uint32_t number, weir_ctx *ctx, void **writer,
                              weir_error *err) {
    (void)number;
    (void)ctx;
    (void)err;
    *writer = sink; /* anything that is not NULL */
    return WEIR_OK;
}

static weir_status write_nothing(void *writer, weir_ctx *ctx, weir_piece *piece, weir_error *err) {
    (void)writer;
    (void)ctx;
    (void)piece;
    (void)err;
    return WEIR_OK;
}

static weir_status prepare(void *writer, weir_buf *handle, weir_error *err) {
    (void)writer;
    (void)handle;
    (void)err;
    return WEIR_OK;
}

static void writer_free(void *writer) {
    (void)writer;
}

weir_status weir_dry_sinks(weir_flow_config *config, weir_arena *arena, weir_error *err) {
    for (size_t i = 0; i < config->n_sinks; i++) {
        const weir_connector *real = config->sinks[i].connector;
        weir_connector *dry = weir_arena_zero(arena, 1, sizeof *dry);
        weir_sink_ops *ops = weir_arena_zero(arena, 1, sizeof *ops);
        if (!dry || !ops) return weir_error_nomem(err);
        *dry = *real;
        *ops = *real->sink;
        ops->begin = begin;
        ops->writer_new = writer_new;
        ops->write = write_nothing;
        ops->prepare = prepare;
        ops->writer_free = writer_free;
        ops->commit = NULL; /* never called: the hooks commit nothing */
        ops->abort = NULL;
        ops->recover = NULL;
        ops->discard = NULL;
        dry->sink = ops;
        config->sinks[i].connector = dry;
    }
    return WEIR_OK;
}

static weir_status commit(void *context, weir_flow *f, const weir_flow_epoch *epoch,
                          weir_error *err) {
    (void)f;
    return weir_coordinator_limits(context, epoch->account, err);
}

weir_flow_hooks weir_dry_hooks(const weir_flow_config *config) {
    return (weir_flow_hooks){.commit = commit, .context = (void *)(uintptr_t)config};
}
