/* Walking a bound expression over a batch. */
#include "expr/bound.h"

#include <stdio.h>

/* ---- rows ---------------------------------------------------------------------------------- */

weir_status weir_rows_where(weir_eval *e, weir_rows rows, const uint64_t *bits, bool flip,
                            weir_rows *out, weir_error *err) {
    if (!bits) {
        *out = rows;
        if (flip) out->n = 0;
        return WEIR_OK;
    }
    uint16_t *sel = weir_arena_alloc(e->scratch, ((size_t)rows.n + 4) * sizeof *sel);
    if (!sel) return weir_error_nomem(err);
    uint32_t n = 0;
    if (!rows.sel) {
        for (uint32_t base = 0; base < rows.n; base += 64) {
            uint64_t word = flip ? ~bits[base >> 6] : bits[base >> 6];
            if (rows.n - base < 64) word &= (1ull << (rows.n - base)) - 1;
            if (word == UINT64_MAX) {
                for (uint32_t j = 0; j < 64; j++) sel[n + j] = (uint16_t)(base + j);
                n += 64;
                continue;
            }
            for (; word; word &= word - 1)
                sel[n++] = (uint16_t)(base + (uint32_t)__builtin_ctzll(word));
        }
    } else {
        for (uint32_t k = 0; k < rows.n; k++) {
            uint32_t row = rows.sel[k];
            sel[n] = (uint16_t)row;
            n += weir_bit_get(bits, row) != flip;
        }
    }
    *out = (weir_rows){sel, n, rows.length};
    if (n == rows.n) *out = rows;
    return WEIR_OK;
}

/* ---- leaves -------------------------------------------------------------------------------- */

/* The constant at the batch's length; kept in local, since most batches are of one length. */
static weir_status eval_constant(weir_eval *e, const weir_bound *b, weir_rows rows,
                                 weir_column **out, weir_error *err) {
    const weir_column *c = b->constant;
    if (rows.length == 1 || c->type->id == WEIR_NULL) {
        if (rows.length == 1) {
            *out = weir_column_retain(b->constant);
            return WEIR_OK;
        }
        return weir_column_constant(c->type, rows.length, NULL, 0, NULL, out, err);
    }
    weir_column **kept =
        e->local && b->index < e->local->n_constants ? &e->local->constants[b->index] : NULL;
    if (kept && *kept && (*kept)->length == rows.length) {
        *out = weir_column_retain(*kept);
        return WEIR_OK;
    }
    const void *data = NULL;
    size_t size = 0;
    uint8_t truth;
    if (!weir_column_is_null(c, 0)) {
        if (weir_type_is_view(c->type)) {
            weir_slice s = weir_column_slice(c, 0);
            data = s.data;
            size = s.size;
        } else if (c->type->id == WEIR_BOOL) {
            truth = weir_bit_get((const uint64_t *)c->values, 0);
            data = &truth;
            size = 1;
        } else {
            data = c->values;
            size = c->type->width;
        }
    }
    weir_column *made = NULL;
    weir_status status = weir_column_constant(c->type, rows.length, data, size, NULL, &made, err);
    if (status != WEIR_OK) return status;
    if (kept) {
        weir_column_release(*kept);
        *kept = weir_column_retain(made);
    }
    *out = made;
    return WEIR_OK;
}

static weir_status eval_cast(weir_eval *e, const weir_bound *b, weir_rows rows, weir_column **out,
                             weir_error *err) {
    weir_column *in = NULL;
    weir_status status = weir_eval_node(e, b->args[0], rows, &in, err);
    if (status != WEIR_OK) return status;
    weir_blame blame = *e->blame;
    if (!blame.rule) blame.rule = "expression";
    status = weir_cast(in, b->type, rows, NULL, &blame, e->ctx, out, err);
    weir_column_release(in);
    return status;
}

static weir_status eval_let(weir_eval *e, const weir_bound *b, weir_rows rows, weir_column **out,
                            weir_error *err) {
    weir_column *value = NULL;
    weir_status status = weir_eval_node(e, b->args[0], rows, &value, err);
    if (status != WEIR_OK) return status;
    /* An inner evaluation may be under a smaller selection; the value holds for it too. */
    weir_column *outer = e->slots[b->index];
    e->slots[b->index] = value;
    status = weir_eval_node(e, b->args[1], rows, out, err);
    e->slots[b->index] = outer;
    weir_column_release(value);
    return status;
}

/* ---- calls --------------------------------------------------------------------------------- */

enum { ARGS_ON_STACK = 8 };

static weir_status eval_call(weir_eval *e, const weir_bound *b, weir_rows rows, weir_column **out,
                             weir_error *err) {
    weir_column *few[ARGS_ON_STACK] = {0};
    weir_column **args = few;
    weir_status status = WEIR_OK;
    uint32_t n = 0;
    if (b->n > ARGS_ON_STACK) {
        args = weir_arena_zero(e->scratch, b->n, sizeof *args);
        if (!args) return weir_error_nomem(err);
    }
    for (; n < b->n; n++) WEIR_TRY(weir_eval_node(e, b->args[n], rows, &args[n], err));
    WEIR_TRY(weir_eval_kernel(e, b, (const weir_column *const *)args, rows, out, err));
out:
    while (n > 0) weir_column_release(args[--n]);
    return status;
}

weir_status weir_eval_node(weir_eval *e, const weir_bound *b, weir_rows rows, weir_column **out,
                           weir_error *err) {
    switch (b->kind) {
    case WEIR_B_CONST: return eval_constant(e, b, rows, out, err);
    case WEIR_B_COLUMN:
        *out = weir_column_retain(e->batch->columns[b->index]);
        if (!*out) return weir_error_set(err, WEIR_INTERNAL, "column %u was not read", b->index);
        return WEIR_OK;
    case WEIR_B_REF: *out = weir_column_retain(e->slots[b->index]); return WEIR_OK;
    case WEIR_B_LET: return eval_let(e, b, rows, out, err);
    case WEIR_B_CAST: return eval_cast(e, b, rows, out, err);
    case WEIR_B_CALL:
    case WEIR_B_USER: return eval_call(e, b, rows, out, err);
    default: return weir_eval_logic(e, b, rows, out, err);
    }
}

/* ---- folding ------------------------------------------------------------------------------- */

weir_status weir_eval_fold(const weir_bound *b, uint32_t n_slots, weir_column **out, char *reason,
                           size_t reason_bytes, weir_error *err) {
    weir_status status = WEIR_OK;
    weir_arena scratch = {0};
    weir_failures *failures = NULL;
    weir_column *value = NULL, **slots = NULL;
    weir_ctx ctx = {.scratch = &scratch};
    weir_batch batch = {.length = 1, .n_selected = 1};
    weir_rows one = {NULL, 1, 1};
    WEIR_TRY(weir_failures_new(1, &failures, err));
    slots = weir_arena_zero(&scratch, n_slots ? n_slots : 1, sizeof *slots);
    if (!slots) WEIR_TRY(weir_error_nomem(err));
    weir_blame blame = {failures, "bind", "", NULL, false};
    weir_eval e = {NULL, &ctx, &scratch, &batch, &blame, slots};
    WEIR_TRY(weir_eval_node(&e, b, one, &value, err));
    if (failures->n > 0) {
        if (reason) snprintf(reason, reason_bytes, "%s", failures->items[0].reason);
    } else {
        const void *data = NULL;
        size_t size = 0;
        uint8_t truth = 0;
        if (!weir_column_is_null(value, 0)) {
            uint32_t slot = weir_column_slot(value, 0);
            const weir_column *base = weir_column_base(value);
            if (weir_type_is_view(value->type)) {
                weir_slice s = weir_column_slice(value, 0);
                data = s.data ? s.data : "";
                size = s.size;
            } else if (value->type->id == WEIR_BOOL) {
                truth = weir_bit_get((const uint64_t *)base->values, slot);
                data = &truth;
                size = 1;
            } else {
                size = value->type->width;
                data = (const char *)base->values + (size_t)slot * size;
            }
        }
        WEIR_TRY(weir_column_constant(b->type, 1, data, size, NULL, out, err));
    }
out:
    weir_column_release(value);
    weir_failures_free(failures);
    weir_arena_clear(&scratch);
    return status;
}
