/* The validate operator: runs the checks and does what on_fail says. */
#include "text/utf8.h"
#include "validate/check.h"

#define REASON_MAX_BYTES 2000

typedef struct validate_local {
    uint64_t *bad; /* room for a batch of the largest size */
    weir_buf reason;
    weir_expr_local *locals[]; /* one a check; NULL where it is no expression */
} validate_local;

void weir_validate_local_free(const weir_operator *op, void *p) {
    const validate_state *state = op->state;
    validate_local *local = p;
    if (!local) return;
    for (size_t i = 0; i < state->n; i++)
        if (local->locals[i]) weir_program_local_free(state->checks[i].program, local->locals[i]);
    weir_buf_clear(&local->reason);
    weir_free(local->bad);
    weir_free(local);
}

weir_status weir_validate_local_new(const weir_operator *op, weir_ctx *ctx, void **out,
                                    weir_error *err) {
    const validate_state *state = op->state;
    weir_status status = WEIR_OK;
    validate_local *local =
        weir_alloc_zero(1, sizeof *local + (state->n + 1) * sizeof *local->locals);
    if (!local) return weir_error_nomem(err);
    local->bad = weir_alloc_zero(weir_bit_words(WEIR_BATCH_MAX_ROWS) + 1, sizeof *local->bad);
    if (!local->bad) WEIR_TRY(weir_error_nomem(err));
    for (size_t i = 0; i < state->n; i++)
        if (state->checks[i].program)
            WEIR_TRY(weir_program_local_new(state->checks[i].program, ctx, &local->locals[i], err));
    *out = local;
    return WEIR_OK;
out:
    weir_validate_local_free(op, local);
    return status;
}

/* ---- on_fail ------------------------------------------------------------------------------- */

static weir_status make_reason(validate_local *local, const check_run *run, uint32_t row,
                               weir_error *err) {
    local->reason.size = 0;
    return weir_check_reason(run, row, &local->reason) ? WEIR_OK : weir_error_nomem(err);
}

/* The sentence is finished: formatting it once more would cost as much again. */
static weir_status add_failure(weir_failures *f, const validate_local *local, const check_run *run,
                               uint32_t row, weir_error *err) {
    size_t n = local->reason.size < REASON_MAX_BYTES
                   ? local->reason.size
                   : weir_utf8_clip(local->reason.data, local->reason.size, REASON_MAX_BYTES);
    const char *reason = weir_arena_strndup(&f->arena, local->reason.data, n);
    if (reason)
        return weir_failures_put(f, row, "validate", run->c->name, run->c->rule, reason, err);
    /* Out of memory, or the batch has no room for more reasons: it knows which. */
    return weir_failures_add(f, row, "validate", run->c->name, run->c->rule, err, "%.*s", (int)n,
                             local->reason.data);
}

static weir_status reject(validate_local *local, const check_run *run, weir_error *err) {
    weir_failures *f = NULL;
    weir_status status = weir_batch_failures(run->batch, &f, err);
    for (uint32_t k = 0; status == WEIR_OK && k < run->rows.n; k++) {
        uint32_t row = weir_rows_at(&run->rows, k);
        if (!weir_bit_get(run->bad, row)) continue;
        status = make_reason(local, run, row, err);
        if (status == WEIR_OK) status = add_failure(f, local, run, row, err);
    }
    return status;
}

/* The first bad record in order of rows ends the run; the caller knows what the split is called. */
static weir_status fail_run(validate_local *local, const check_run *run, weir_error *err) {
    uint32_t k = 0;
    while (k < run->rows.n && !weir_bit_get(run->bad, weir_rows_at(&run->rows, k))) k++;
    if (k == run->rows.n) return WEIR_OK;
    uint32_t row = weir_rows_at(&run->rows, k);
    weir_status status = make_reason(local, run, row, err);
    if (status != WEIR_OK) return status;
    uint64_t line = weir_batch_line(run->batch, row);
    if (line)
        weir_error_set(err, WEIR_DATA, "%.*s", (int)local->reason.size, local->reason.data);
    else
        weir_error_set(err, WEIR_DATA, "row %llu: %.*s",
                       (unsigned long long)weir_batch_row_number(run->batch, row) + 1,
                       (int)local->reason.size, local->reason.data);
    weir_error_hint(err, "rule %s says on_fail: fail; on_fail: reject sets such records aside",
                    run->c->rule);
    weir_error_at(err, NULL, (int64_t)line, 0);
    if (err) err->byte = (int64_t)weir_batch_byte(run->batch, row);
    return WEIR_DATA;
}

static weir_status set_null(const check_run *run, weir_error *err) {
    weir_column **place = &run->batch->columns[run->c->field], *out = NULL;
    weir_status status = weir_with_nulls(*place, run->bad, run->rows, run->ctx, &out, err);
    if (status != WEIR_OK) return status;
    weir_column_release(*place);
    *place = out;
    return WEIR_OK;
}

static uint32_t count_bad(const check_run *run) {
    uint32_t n = 0;
    for (uint32_t k = 0; k < run->rows.n; k++)
        n += weir_bit_get(run->bad, weir_rows_at(&run->rows, k));
    return n;
}

static weir_status act(validate_local *local, check *c, const check_run *run, weir_error *err) {
    uint32_t n = count_bad(run);
    if (n == 0) return WEIR_OK;
    atomic_fetch_add_explicit(&c->failed, n, memory_order_relaxed);
    switch (c->on_fail) {
    case WEIR_ON_FAIL_WARN: return WEIR_OK;
    case WEIR_ON_FAIL_NULL: return set_null(run, err);
    case WEIR_ON_FAIL_FAIL: return fail_run(local, run, err);
    default: return reject(local, run, err);
    }
}

/* The schema differs only where a "never null" falls away. */
static weir_status adopt_schema(const weir_operator *op, weir_batch *batch, weir_error *err) {
    if (op->out == op->in || batch->schema == op->out) return WEIR_OK;
    uint32_t n = batch->schema->n_fields;
    weir_column **columns = weir_alloc_zero((size_t)n + 1, sizeof *columns);
    if (!columns) return weir_error_nomem(err);
    for (uint32_t i = 0; i < n; i++) columns[i] = weir_column_retain(batch->columns[i]);
    weir_status status = weir_batch_replace(batch, op->out, columns, err);
    for (uint32_t i = 0; status != WEIR_OK && i < n; i++) weir_column_release(columns[i]);
    weir_free(columns);
    return status;
}

weir_status weir_validate_process(const weir_operator *op, void *p, weir_ctx *ctx,
                                  weir_batch *batch, weir_error *err) {
    const validate_state *state = op->state;
    validate_local *local = p;
    for (size_t i = 0; i < state->n; i++) {
        check_run run = {.c = &state->checks[i],
                         .local = local->locals[i],
                         .ctx = ctx,
                         .batch = batch,
                         .rows = weir_rows_of(batch),
                         .bad = local->bad};
        weir_status status = weir_check_run(&run, err);
        if (status == WEIR_OK && run.any) status = act(local, &state->checks[i], &run, err);
        weir_failures_free(run.found);
        if (status != WEIR_OK) return status;
    }
    return adopt_schema(op, batch, err);
}

/* ---- the kind and its counters --------------------------------------------------------------- */

size_t weir_validate_n_checks(const weir_operator *op) {
    return op->kind == &weir_validate_kind && op->state ? ((const validate_state *)op->state)->n
                                                        : 0;
}

weir_check_count weir_validate_count(const weir_operator *op, size_t i) {
    weir_check_count count = {.field = "", .rule = ""};
    if (i >= weir_validate_n_checks(op)) return count;
    check *c = &((validate_state *)op->state)->checks[i];
    count.field = c->name;
    count.rule = c->rule;
    count.on_fail = c->on_fail;
    count.failed = atomic_load_explicit(&c->failed, memory_order_relaxed);
    return count;
}

uint64_t weir_validate_warnings(const weir_operator *op) {
    uint64_t n = 0;
    for (size_t i = 0; i < weir_validate_n_checks(op); i++) {
        weir_check_count c = weir_validate_count(op, i);
        if (c.on_fail == WEIR_ON_FAIL_WARN) n += c.failed;
    }
    return n;
}
