/* The program: binding from outside, questions, evaluation from outside. */
#include "expr/bind.h"

static const weir_blame quiet = {NULL, "expression", "", NULL, false};

weir_status weir_expr_bind(const weir_expr *expr, weir_schema *schema, const weir_type *want,
                           weir_arena *arena, weir_program **out, weir_error *err) {
    weir_status status = WEIR_OK;
    weir_bound *root = NULL;
    weir_program *p = weir_arena_zero(arena, 1, sizeof *p);
    if (!p) return weir_error_nomem(err);
    p->schema = weir_schema_retain(schema);
    p->text = expr->source;
    weir_binder b = {p, schema, arena};
    p->reads = weir_arena_zero(arena, weir_bit_words(schema->n_fields) + 1, sizeof *p->reads);
    if (!p->reads) WEIR_TRY(weir_error_nomem(err));
    WEIR_TRY(weir_bind_expr(&b, expr, &root, err));
    if (want) WEIR_TRY(weir_bind_convert(&b, &root, want, err));
    p->root = root;
    *out = p;
    p = NULL;
out:
    weir_program_free(p);
    return status;
}

weir_status weir_expr_compile(const char *text, weir_schema *schema, const weir_type *want,
                              weir_arena *arena, weir_program **out, weir_error *err) {
    const weir_expr *e = NULL;
    weir_status status = weir_expr_parse(text, arena, &e, err);
    return status == WEIR_OK ? weir_expr_bind(e, schema, want, arena, out, err) : status;
}

void weir_program_free(weir_program *p) {
    if (!p) return;
    for (weir_owned *o = p->owned; o; o = o->next) o->release(o->object);
    p->owned = NULL;
    weir_schema_release(p->schema);
    p->schema = NULL;
}

const weir_type *weir_program_type(const weir_program *p) {
    return p->root->type;
}
const char *weir_program_text(const weir_program *p) {
    return p->text;
}
const uint64_t *weir_program_reads(const weir_program *p) {
    return p->reads;
}
int weir_program_column(const weir_program *p) {
    return p->root->kind == WEIR_B_COLUMN ? (int)p->root->index : -1;
}
bool weir_program_can_fail(const weir_program *p) {
    return p->root->can_fail;
}
bool weir_program_volatile(const weir_program *p) {
    return p->root->is_volatile;
}
bool weir_program_constant(const weir_program *p, const weir_column **value) {
    if (p->root->kind != WEIR_B_CONST) return false;
    if (value) *value = p->root->constant;
    return true;
}

weir_status weir_program_local_new(const weir_program *p, weir_ctx *ctx, weir_expr_local **out,
                                   weir_error *err) {
    (void)ctx;
    weir_expr_local *l = weir_alloc_zero(1, sizeof *l);
    if (!l) return weir_error_nomem(err);
    l->n_constants = p->n_constants;
    l->constants = weir_alloc_zero(p->n_constants, sizeof *l->constants);
    if (!l->constants) {
        weir_free(l);
        return weir_error_nomem(err);
    }
    *out = l;
    return WEIR_OK;
}

void weir_program_local_free(const weir_program *p, weir_expr_local *local) {
    (void)p;
    if (!local) return;
    for (uint32_t i = 0; i < local->n_constants; i++) weir_column_release(local->constants[i]);
    weir_free(local->constants);
    weir_free(local);
}

weir_status weir_program_eval(const weir_program *p, weir_expr_local *local, weir_ctx *ctx,
                              const weir_batch *batch, weir_rows rows, const weir_blame *blame,
                              weir_column **out, weir_error *err) {
    if (weir_cancel_requested(ctx->cancel)) return weir_error_set(err, WEIR_CANCELLED, "cancelled");
    weir_column **slots = NULL;
    if (p->n_slots) {
        slots = weir_arena_zero(ctx->scratch, p->n_slots, sizeof *slots);
        if (!slots) return weir_error_nomem(err);
    }
    weir_eval e = {local, ctx, ctx->scratch, batch, blame ? blame : &quiet, slots};
    return weir_eval_node(&e, p->root, rows, out, err);
}
