/* The frame around a kernel: nulls, poison, constants, dictionaries, failures. */
#include "expr/bound.h"

#include <stdarg.h>
#include <stdio.h>
#include "column/kernel.h"

/* ---- for kernels --------------------------------------------------------------------------- */

weir_status weir_call_null(weir_call *call, weir_column *out, uint32_t row, weir_error *err) {
    if (weir_type_is_view(out->type)) memset((weir_view *)out->values + row, 0, sizeof(weir_view));
    return weir_column_set_null(out, row, false, call->ledger, err);
}

weir_status weir_call_fail(weir_call *call, weir_column *out, uint32_t row, weir_error *err,
                           const char *fmt, ...) {
    weir_failures *f = call->blame->failures;
    if (weir_type_is_view(out->type)) memset((weir_view *)out->values + row, 0, sizeof(weir_view));
    weir_status status = weir_column_set_null(out, row, f != NULL, call->ledger, err);
    if (status != WEIR_OK || !f) return status;
    char message[400];
    va_list args;
    va_start(args, fmt);
    vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    weir_slice piece = {"", 0};
    if (!call->blame->bare) piece = weir_expr_piece(call->node->at);
    return weir_failures_add(f, row, call->blame->stage, call->blame->field,
                             call->blame->rule ? call->blame->rule : "expression", err, "%s%s%.*s",
                             message, piece.size ? " in " : "", (int)piece.size, piece.data);
}

weir_status weir_text_room(weir_text_out *t, size_t max_bytes, char **room, weir_error *err) {
    if (max_bytes < 16) max_bytes = 16;
    if (!t->block || t->block->capacity - t->block->size < max_bytes) {
        size_t first = (size_t)t->out->length * 24, capacity = t->block ? 256 * 1024 : first;
        if (capacity < 4096) capacity = 4096;
        if (capacity > 1024 * 1024) capacity = 1024 * 1024;
        if (capacity < max_bytes) capacity = max_bytes;
        weir_block *block = NULL;
        weir_status status = weir_block_new(t->ledger, capacity, &block, err);
        if (status != WEIR_OK) return status;
        status = weir_column_add_block(t->out, block, &t->block_index, err);
        weir_block_release(block); /* out holds it */
        if (status != WEIR_OK) return status;
        t->block = block;
    }
    *room = (char *)t->block->data + t->block->size;
    return WEIR_OK;
}

weir_status weir_text_put(weir_text_out *t, uint32_t row, const char *p, size_t n,
                          weir_error *err) {
    if (n <= 12) {
        ((weir_view *)t->out->values)[row] = weir_view_make((const uint8_t *)p, (uint32_t)n, 0, 0);
        return WEIR_OK;
    }
    char *room = NULL;
    weir_status status = weir_text_room(t, n, &room, err);
    if (status != WEIR_OK) return status;
    memcpy(room, p, n);
    weir_text_commit(t, row, n);
    return WEIR_OK;
}

weir_status weir_text_share(weir_call *call, weir_column *out, uint32_t i, uint32_t *first_block,
                            weir_error *err) {
    const weir_column *base = weir_column_base(call->args[i]);
    *first_block = out->n_blocks;
    for (uint32_t k = 0; k < base->n_blocks; k++) {
        weir_status status = weir_column_add_block(out, base->blocks[k], NULL, err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

/* ---- bitmaps ------------------------------------------------------------------------------- */

/* Joins one bitmap of an argument into out's: validity by and, poison by or. */
static void join_bits(uint64_t *to, const uint64_t *from, uint32_t length, bool constant,
                      bool is_or) {
    size_t words = weir_bit_words(length);
    if (constant) {
        bool set = from[0] & 1;
        if (set == is_or) memset(to, is_or ? 0xFF : 0x00, words * 8);
        return;
    }
    if (is_or)
        for (size_t i = 0; i < words; i++) to[i] |= from[i];
    else
        for (size_t i = 0; i < words; i++) to[i] &= from[i];
}

/* Gives out the validity and poison that follow from the arguments. */
static weir_status inherit(const weir_bound *b, const weir_column *const *args, weir_rows rows,
                           weir_ledger *ledger, weir_column *out, weir_error *err) {
    weir_status status = WEIR_OK;
    for (uint32_t i = 0; i < b->n; i++) {
        const weir_column *a = args[i];
        bool constant = a->encoding == WEIR_CONSTANT;
        bool nulls = !(b->kernel_flags & WEIR_K_NULLS);
        if (nulls && a->type->id == WEIR_NULL) {
            WEIR_TRY(weir_column_need_validity(out, ledger, err));
            memset(out->validity, 0, weir_bit_words(rows.length) * 8);
        } else if (nulls && a->validity) {
            WEIR_TRY(weir_column_need_validity(out, ledger, err));
            join_bits(out->validity, a->validity, rows.length, constant, false);
        }
        if (a->poison) {
            WEIR_TRY(weir_column_need_poison(out, ledger, err));
            join_bits(out->poison, a->poison, rows.length, constant, true);
        }
    }
    if (out->poison && (b->kernel_flags & WEIR_K_NULLS)) {
        WEIR_TRY(weir_column_need_validity(out, ledger, err));
        for (size_t i = 0; i < weir_bit_words(rows.length); i++)
            out->validity[i] &= ~out->poison[i];
    }
out:
    return status;
}

/* ---- the kernel on columns as they are ------------------------------------------------------- */

static weir_status run_kernel(weir_eval *e, const weir_bound *b, const weir_blame *blame,
                              const weir_column *const *args, weir_rows rows, weir_column **out,
                              weir_error *err) {
    weir_status status = WEIR_OK;
    weir_column *c = NULL;
    weir_rows active = rows;
    weir_ledger *ledger = e->ctx->ledger;
    if (b->kind == WEIR_B_CALL) {
        WEIR_TRY(weir_column_new(b->type, rows.length, ledger, &c, err));
        WEIR_TRY(inherit(b, args, rows, ledger, c, err));
        if (c->validity && !(b->kernel_flags & WEIR_K_DENSE))
            WEIR_TRY(weir_rows_where(e, rows, c->validity, false, &active, err));
        if (weir_type_is_view(b->type) && active.n < rows.length)
            memset(c->values, 0, (size_t)rows.length * sizeof(weir_view));
        weir_call call = {e, b, b->state, blame, ledger, active, rows, b->n, args};
        WEIR_TRY(b->kernel(&call, c, err));
    } else {
        /* The user's function makes the column; nulls and poison are put in afterwards. */
        weir_column *mask = NULL;
        status = weir_column_new(weir_type_of(WEIR_BOOL), rows.length, ledger, &mask, err);
        if (status == WEIR_OK) status = inherit(b, args, rows, ledger, mask, err);
        if (status == WEIR_OK && mask->validity)
            status = weir_rows_where(e, rows, mask->validity, false, &active, err);
        if (status == WEIR_OK)
            status = b->user->call(b->user->context, args, active, blame, e->ctx, &c, err);
        if (status == WEIR_OK && (!c || c->type != b->type || c->length != rows.length))
            status = weir_error_set(err, WEIR_INTERNAL, "function %s gave a wrong column",
                                    b->user->name);
        for (uint32_t k = 0; status == WEIR_OK && active.n < rows.n && k < rows.n; k++) {
            uint32_t row = weir_rows_at(&rows, k);
            if (!weir_bit_get(mask->validity, row))
                status = weir_column_set_null(
                    c, row, mask->poison && weir_bit_get(mask->poison, row), ledger, err);
        }
        weir_column_release(mask);
        if (status != WEIR_OK) goto out;
    }
    *out = c;
    c = NULL;
out:
    weir_column_release(c);
    return status;
}

/* ---- once per dictionary value, once for constants ------------------------------------------- */

/* What went wrong with single values is told to every row that has one. */
static weir_status spread_failures(weir_eval *e, const weir_failures *f, const weir_column *like,
                                   weir_rows rows, weir_error *err) {
    const weir_failure **of = weir_arena_zero(e->scratch, (size_t)f->rows + 1, sizeof *of);
    if (!of) return weir_error_nomem(err);
    for (size_t i = 0; i < f->n; i++)
        if (!of[f->items[i].row]) of[f->items[i].row] = &f->items[i];
    for (uint32_t k = 0; k < rows.n; k++) {
        uint32_t row = weir_rows_at(&rows, k);
        if (like && weir_column_is_null(like, row)) continue;
        const weir_failure *x = of[like ? (uint32_t)like->indices[row] : 0];
        if (!x) continue;
        weir_status status = weir_failures_add(e->blame->failures, row, x->stage, x->field, x->rule,
                                               err, "%s", x->reason);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

/* Expands values of a dictionary (or of one row) to rows; a text keeps the dictionary. */
static weir_status expand(weir_eval *e, weir_column *values, const weir_column *like,
                          weir_rows rows, weir_column **out, weir_error *err) {
    weir_status status = WEIR_OK;
    weir_ledger *ledger = e->ctx->ledger;
    weir_column *c = NULL;
    const weir_type *t = values->type;
    bool text = weir_type_is_view(t);
    uint64_t *validity = values->validity, *poison = values->poison;
    if (text) {
        /* Nulls are marked in the outer bitmaps only. */
        weir_column *entries = weir_column_retain(values);
        status = weir_column_dictionary(entries, rows.length, ledger, &c, err);
        if (status != WEIR_OK) {
            weir_column_release(entries);
            return status;
        }
        memcpy(c->indices, like->indices, (size_t)rows.length * sizeof *c->indices);
    } else {
        WEIR_TRY(weir_column_new(t, rows.length, ledger, &c, err));
        for (uint32_t k = 0; k < rows.n; k++) {
            uint32_t row = weir_rows_at(&rows, k);
            if (like->validity && !weir_bit_get(like->validity, row)) continue;
            uint32_t s = (uint32_t)like->indices[row];
            if (t->id == WEIR_BOOL) {
                if (weir_bit_get((const uint64_t *)values->values, s))
                    weir_bit_set((uint64_t *)c->values, row);
            } else {
                memcpy((char *)c->values + (size_t)row * t->width,
                       (const char *)values->values + (size_t)s * t->width, t->width);
            }
        }
    }
    if (like->validity) {
        WEIR_TRY(weir_column_need_validity(c, ledger, err));
        memcpy(c->validity, like->validity, weir_bit_words(rows.length) * 8);
    }
    if (like->poison) {
        WEIR_TRY(weir_column_need_poison(c, ledger, err));
        memcpy(c->poison, like->poison, weir_bit_words(rows.length) * 8);
    }
    for (uint32_t k = 0; validity && k < rows.n; k++) {
        uint32_t row = weir_rows_at(&rows, k);
        if (weir_column_is_null(c, row)) continue;
        uint32_t s = (uint32_t)like->indices[row];
        if (weir_bit_get(validity, s)) continue;
        WEIR_TRY(weir_column_set_null(c, row, poison && weir_bit_get(poison, s), ledger, err));
    }
    if (text && values->validity) { /* a dictionary has none, nor blocks that would pass for one */
        weir_block_release(values->validity_block);
        weir_block_release(values->poison_block);
        values->validity_block = values->poison_block = NULL;
        values->validity = values->poison = NULL;
    }
    *out = c;
    c = NULL;
out:
    weir_column_release(c);
    return status;
}

/* All arguments constant: one row, then as often as wanted. */
static weir_status repeat(weir_eval *e, const weir_column *one, weir_rows rows, weir_column **out,
                          weir_error *err) {
    const weir_type *t = one->type;
    weir_column *c = NULL;
    uint8_t truth = 0;
    const void *data = NULL;
    size_t size = 0;
    if (!weir_column_is_null(one, 0)) {
        if (weir_type_is_view(t)) {
            weir_slice s = weir_column_slice(one, 0);
            data = s.data;
            size = s.size;
        } else if (t->id == WEIR_BOOL) {
            truth = weir_bit_get((const uint64_t *)one->values, 0);
            data = &truth;
            size = 1;
        } else {
            data = one->values;
            size = t->width;
        }
    }
    weir_status status = weir_column_constant(t, rows.length, data, size, e->ctx->ledger, &c, err);
    if (status == WEIR_OK && one->poison && weir_bit_get(one->poison, 0))
        status = weir_column_set_null(c, 0, true, e->ctx->ledger, err);
    if (status != WEIR_OK) {
        weir_column_release(c);
        return status;
    }
    *out = c;
    return WEIR_OK;
}

/* The kernel over n values that stand for rows: a dictionary (like) or one row of constants. */
static weir_status run_over_values(weir_eval *e, const weir_bound *b,
                                   const weir_column *const *args, uint32_t n,
                                   const weir_column *like, weir_rows rows, weir_column **out,
                                   weir_error *err) {
    weir_status status = WEIR_OK;
    weir_failures *f = NULL;
    weir_column *values = NULL;
    weir_blame blame = *e->blame;
    if (blame.failures && (b->kernel_flags & WEIR_K_CAN_FAIL)) {
        WEIR_TRY(weir_failures_new(n, &f, err));
        blame.failures = f;
    }
    WEIR_TRY(run_kernel(e, b, &blame, args, (weir_rows){NULL, n, n}, &values, err));
    if (f && f->n) WEIR_TRY(spread_failures(e, f, like, rows, err));
    if (like)
        WEIR_TRY(expand(e, values, like, rows, out, err));
    else
        WEIR_TRY(repeat(e, values, rows, out, err));
out:
    weir_failures_free(f);
    weir_column_release(values);
    return status;
}

weir_status weir_eval_kernel(weir_eval *e, const weir_bound *b, const weir_column *const *args,
                             weir_rows rows, weir_column **out, weir_error *err) {
    weir_status status = WEIR_OK;
    uint32_t n_dictionary = 0, n_plain = 0, which = 0;
    bool null = false, poison = false;
    const weir_column **ready = NULL;
    weir_column **made = NULL;
    for (uint32_t i = 0; i < b->n; i++) {
        const weir_column *a = args[i];
        if (a->encoding == WEIR_DICTIONARY) n_dictionary++, which = i;
        if (a->encoding == WEIR_PLAIN && a->type->id != WEIR_NULL) n_plain++;
        null |=
            a->type->id == WEIR_NULL || (a->encoding == WEIR_CONSTANT && weir_column_is_null(a, 0));
        poison |= a->poison != NULL;
    }
    if (null && !poison && !(b->kernel_flags & WEIR_K_NULLS))
        return weir_column_constant(b->type, rows.length, NULL, 0, e->ctx->ledger, out, err);
    bool simple = !weir_type_is_nested(b->type) && !(b->kernel_flags & WEIR_K_VOLATILE) &&
                  !b->is_volatile && b->kind == WEIR_B_CALL;
    if (simple && b->n && !n_plain && !n_dictionary && rows.n > 0)
        return run_over_values(e, b, args, 1, NULL, rows, out, err);
    if (simple && !n_plain && n_dictionary == 1 && !(b->kernel_flags & WEIR_K_NULLS) &&
        args[which]->dictionary->length <= rows.n) {
        const weir_column *like = args[which];
        ready = weir_arena_alloc(e->scratch, b->n * sizeof *ready);
        if (!ready) return weir_error_nomem(err);
        memcpy(ready, args, b->n * sizeof *ready);
        ready[which] = like->dictionary;
        return run_over_values(e, b, ready, like->dictionary->length, like, rows, out, err);
    }
    /* Kernels for numbers read PLAIN and CONSTANT only. */
    bool flatten = false;
    for (uint32_t i = 0; i < b->n; i++)
        flatten |= args[i]->encoding == WEIR_DICTIONARY && !weir_type_is_view(args[i]->type);

    if (flatten) {
        ready = weir_arena_alloc(e->scratch, b->n * sizeof *ready);
        made = weir_arena_zero(e->scratch, b->n, sizeof *made);
        if (!ready || !made) return weir_error_nomem(err);
        for (uint32_t i = 0; i < b->n; i++) {
            ready[i] = args[i];
            if (args[i]->encoding != WEIR_DICTIONARY || weir_type_is_view(args[i]->type)) continue;
            WEIR_TRY(weir_decode_plain(args[i], e->ctx, &made[i], err));
            ready[i] = made[i];
        }
        args = ready;
    }
    WEIR_TRY(run_kernel(e, b, e->blame, args, rows, out, err));
out:
    for (uint32_t i = 0; made && i < b->n; i++) weir_column_release(made[i]);
    return status;
}
