/* filter: rows for which the expression is true go on.  False and null count as filtered; a record
 * that has failed already, or fails here, stays until it leaves as a reject. */
#include "expr/expr.h"
#include "transform/kinds.h"

typedef struct filter_config {
    weir_opt_expr expr;
} filter_config;

typedef struct filter_state {
    weir_program *program;
} filter_state;

static const weir_option options[] = {{.name = "filter",
                                       .type = WEIR_OPT_EXPR,
                                       .flags = WEIR_OPT_REQUIRED,
                                       .offset = offsetof(filter_config, expr),
                                       .help = "rows for which this is true go on",
                                       .since = "0.1"},
                                      {0}};

static weir_status filter_bind(const void *config, const weir_bind *bind, weir_operator *op,
                               weir_error *err) {
    const weir_opt_expr *e = &((const filter_config *)config)->expr;
    filter_state *state = weir_arena_zero(bind->arena, 1, sizeof *state);
    op->reads = weir_transform_reads(bind, op->in);
    if (!state || !op->reads) return weir_error_nomem(err);
    const weir_expr *expr = NULL;
    weir_status status = weir_expr_parse(e->text, bind->arena, &expr, err);
    if (status == WEIR_OK)
        status =
            weir_expr_bind_known(expr, bind, op->in, weir_type_of(WEIR_BOOL), &state->program, err);
    if (status == WEIR_USAGE) {
        weir_bind_expr_fault(bind, e, "filter", err);
        return status;
    }
    if (status != WEIR_OK || !state->program) return status;
    memcpy(op->reads, weir_program_reads(state->program),
           weir_bit_words(op->in->n_fields) * sizeof *op->reads);
    op->state = state;
    return WEIR_OK;
}

static void filter_free(weir_operator *op) {
    filter_state *state = op->state;
    if (state) weir_program_free(state->program);
    op->state = NULL;
}

static weir_status filter_local_new(const weir_operator *op, weir_ctx *ctx, void **local,
                                    weir_error *err) {
    const filter_state *state = op->state;
    return weir_program_local_new(state->program, ctx, (weir_expr_local **)local, err);
}

static void filter_local_free(const weir_operator *op, void *local) {
    weir_program_local_free(((const filter_state *)op->state)->program, local);
}

static weir_status filter_process(const weir_operator *op, void *local, weir_ctx *ctx,
                                  weir_batch *batch, weir_error *err) {
    const filter_state *state = op->state;
    weir_column *predicate = NULL;
    weir_rows rows = weir_rows_of(batch);
    size_t words = weir_bit_words(batch->length);
    weir_blame blame = {.stage = "filter", .field = ""};
    weir_status status = WEIR_OK;
    uint64_t *mask = weir_alloc((words + 1) * sizeof *mask);
    if (!mask) return weir_error_nomem(err);
    if (weir_program_can_fail(state->program))
        WEIR_TRY(weir_batch_failures(batch, &blame.failures, err));
    WEIR_TRY(weir_program_eval(state->program, local, ctx, batch, rows, &blame, &predicate, err));
    weir_filter_mask(predicate, rows, mask);
    if (batch->failures && batch->failures->n)
        for (size_t w = 0; w < words; w++) mask[w] |= batch->failures->bad[w];
    WEIR_TRY(weir_batch_keep(batch, mask, err));
out:
    weir_column_release(predicate);
    weir_free(mask);
    return status;
}

const weir_operator_kind weir_transform_filter = {
    .name = "filter",
    .summary = "lets the rows pass for which an expression is true",
    .example = "- filter: status <> 'test' and amount > 0",
    .options = options,
    .config_size = sizeof(filter_config),
    .flags = WEIR_OP_FILTERS | WEIR_OP_CAN_FAIL,
    .bind = filter_bind,
    .free = filter_free,
    .local_new = filter_local_new,
    .local_free = filter_local_free,
    .process = filter_process,
};
