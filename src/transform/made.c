#include "transform/made.h"

static bool quoted(weir_buf *out, const char *text, char quote) {
    bool ok = weir_buf_add(out, &quote, 1);
    for (; ok && *text; text++)
        ok = (*text != quote || weir_buf_add(out, &quote, 1)) && weir_buf_add(out, text, 1);
    return ok && weir_buf_add(out, &quote, 1);
}
bool weir_made_name(weir_buf *out, const char *name) {
    return quoted(out, name, '"');
}
bool weir_made_text(weir_buf *out, const char *text) {
    return quoted(out, text, '\'');
}

static void clear(weir_made *made) {
    for (uint32_t i = 0; made && i < made->n; i++) {
        weir_program_free(made->columns[i].program);
        made->columns[i].program = NULL;
    }
}

static weir_status bind_one(weir_made_column *c, const weir_bind *bind, weir_operator *op,
                            weir_error *err) {
    const weir_expr *expr = NULL;
    weir_status status = weir_expr_parse(c->text, bind->arena, &expr, err);
    if (status == WEIR_OK)
        status = weir_expr_bind_known(expr, bind, op->in, NULL, &c->program, err);
    if (status != WEIR_OK || !c->program) return status;
    const uint64_t *reads = weir_program_reads(c->program);
    for (size_t w = 0; w < weir_bit_words(op->in->n_fields); w++) op->reads[w] |= reads[w];
    return WEIR_OK;
}

weir_status weir_made_bind(weir_made *made, const weir_bind *bind, weir_operator *op,
                           const weir_node *node, const char *key, weir_error *err) {
    weir_status status = WEIR_OK;
    bool known = true, wrong = false;
    weir_field *fields = weir_arena_zero(bind->arena, made->n + 1u, sizeof *fields);
    made->target = weir_arena_zero(bind->arena, made->n + 1u, sizeof *made->target);
    if (!op->reads) op->reads = weir_transform_reads(bind, op->in);
    if (!fields || !made->target || !op->reads) return weir_error_nomem(err);
    for (uint32_t i = 0; i < made->n; i++) {
        weir_made_column *c = &made->columns[i];
        weir_error fault = {0};
        fields[i].name = c->name;
        status = bind_one(c, bind, op, &fault);
        if (status == WEIR_USAGE) {
            wrong = true;
            weir_diags_error(bind->diags, node ? weir_bind_item(node, i) : bind->node, key,
                             fault.hint[0] ? fault.hint : NULL, "%s", fault.message);
            continue;
        }
        if (status != WEIR_OK) {
            if (err) *err = fault;
            goto out;
        }
        if (c->program)
            fields[i].type = weir_program_type(c->program);
        else
            known = false;
    }
    status = weir_places_bind(bind, op, fields, made->n, key, made->target, err);
    if (status == WEIR_OK && wrong) status = weir_bind_failed(bind, err);
    if (status == WEIR_OK && known) op->state = made;
out:
    if (!op->state) clear(made);
    return status;
}

void weir_made_free(weir_operator *op) {
    clear(op->state);
    op->state = NULL;
}

void weir_made_local_free(const weir_operator *op, void *local) {
    const weir_made *made = op->state;
    weir_expr_local **locals = local;
    for (uint32_t i = 0; locals && i < made->n; i++)
        weir_program_local_free(made->columns[i].program, locals[i]);
    weir_free(locals);
}

weir_status weir_made_local_new(const weir_operator *op, weir_ctx *ctx, void **local,
                                weir_error *err) {
    const weir_made *made = op->state;
    weir_expr_local **locals = weir_alloc_zero(made->n + 1u, sizeof *locals);
    if (!locals) return weir_error_nomem(err);
    for (uint32_t i = 0; i < made->n; i++) {
        weir_status status = weir_program_local_new(made->columns[i].program, ctx, &locals[i], err);
        if (status == WEIR_OK) continue;
        weir_made_local_free(op, locals);
        return status;
    }
    *local = locals;
    return WEIR_OK;
}

weir_status weir_made_process(const weir_operator *op, void *local, weir_ctx *ctx,
                              weir_batch *batch, weir_error *err) {
    const weir_made *made = op->state;
    weir_expr_local **locals = local;
    weir_status status = WEIR_OK;
    weir_column **columns = weir_alloc_zero(made->n + 1u, sizeof *columns);
    if (!columns) return weir_error_nomem(err);
    for (uint32_t i = 0; i < made->n; i++) {
        const weir_made_column *c = &made->columns[i];
        weir_blame blame = {.stage = made->stage, .field = c->name, .rule = made->stage};
        if (weir_program_can_fail(c->program))
            WEIR_TRY(weir_batch_failures(batch, &blame.failures, err));
        WEIR_TRY(weir_program_eval(c->program, locals[i], ctx, batch, weir_rows_of(batch), &blame,
                                   &columns[i], err));
    }
    WEIR_TRY(weir_places_put(op, batch, made->target, made->n, columns, err));
    for (uint32_t i = 0; i < made->n; i++) columns[i] = NULL;
out:
    for (uint32_t i = 0; i < made->n; i++) weir_column_release(columns[i]);
    weir_free(columns);
    return status;
}
