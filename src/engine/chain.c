#include "engine/chain.h"

#include "engine/flow_private.h"

struct weir_chain {
    const weir_operator *operators;
    size_t n;
    void **locals;
    const weir_chain_rejects *rejects;
};

weir_status weir_chain_new(const weir_operator *operators, size_t n,
                           const weir_chain_rejects *rejects, weir_ctx *ctx, weir_chain **out,
                           weir_error *err) {
    weir_status status = WEIR_OK;
    weir_chain *c = weir_alloc_zero(1, sizeof *c);
    if (!c) return weir_error_nomem(err);
    c->operators = operators;
    c->n = n;
    c->rejects = rejects;
    c->locals = weir_alloc_zero(n ? n : 1, sizeof *c->locals);
    if (!c->locals) {
        status = weir_error_nomem(err);
        goto out;
    }
    for (size_t i = 0; i < n; i++) {
        const weir_operator *op = &operators[i];
        if (op->kind->local_new) WEIR_TRY(op->kind->local_new(op, ctx, &c->locals[i], err));
    }
    *out = c;
    return WEIR_OK;
out:
    weir_chain_free(c);
    return status;
}

void weir_chain_free(weir_chain *c) {
    if (!c) return;
    for (size_t i = 0; c->locals && i < c->n; i++) {
        const weir_operator *op = &c->operators[i];
        if (op->kind->local_free && c->locals[i]) op->kind->local_free(op, c->locals[i]);
    }
    weir_free(c->locals);
    weir_free(c);
}

/* The columns as the source gave them, kept for the raw form of records without raw bytes. */
typedef struct original {
    weir_schema *schema;
    weir_column **columns;
} original;

static weir_status original_keep(original *o, const weir_batch *b, weir_error *err) {
    if (b->origin.raw) return WEIR_OK;
    o->columns = weir_alloc_zero(b->schema->n_fields + 1u, sizeof *o->columns);
    if (!o->columns) return weir_error_nomem(err);
    o->schema = weir_schema_retain(b->schema);
    for (uint32_t i = 0; i < b->schema->n_fields; i++)
        o->columns[i] = weir_column_retain(b->columns[i]);
    return WEIR_OK;
}

static void original_clear(original *o) {
    for (uint32_t i = 0; o->columns && i < o->schema->n_fields; i++)
        weir_column_release(o->columns[i]);
    weir_free(o->columns);
    weir_schema_release(o->schema);
}

/* Failed rows leave: their records are emitted, the batch goes on without them. */
static weir_status leave(weir_chain *c, weir_ctx *ctx, weir_batch *b, const original *o,
                         const weir_chain_out *out, weir_operator_account *account,
                         weir_account *total, weir_error *err) {
    if (!b->failures || b->failures->n == 0) return WEIR_OK;
    weir_status status = WEIR_OK;
    weir_batch *rejects = NULL;
    uint64_t dropped = 0;
    if (c->rejects) {
        weir_reject_context context = c->rejects->context;
        WEIR_TRY(weir_reject_build(&context, b, o->schema, o->columns, c->rejects->schema, ctx,
                                   &rejects, err));
    }
    WEIR_TRY(weir_reject_drop(b, &dropped, err));
    if (rejects && rejects->length != dropped) {
        status =
            weir_error_set(err, WEIR_INTERNAL, "%llu rows left but %u reject records were made",
                           (unsigned long long)dropped, rejects->length);
        goto out;
    }
    account->rejected += dropped;
    total->rows_rejected += dropped;
    if (rejects) {
        weir_batch *given = rejects;
        rejects = NULL;
        status = out->emit(out->context, given, err);
    }
out:
    weir_batch_free(rejects);
    return status;
}

weir_status weir_chain_process(weir_chain *c, weir_ctx *ctx, weir_batch *b,
                               const weir_chain_out *out, weir_account *account, weir_error *err) {
    weir_status status = WEIR_OK;
    original o = {0};
    uint64_t before_ns = flow_cpu_ns();
    weir_operator_account *accounts = account->operators;
    accounts[0].in += b->n_selected;
    accounts[0].out += b->n_selected;
    account->rows_read += b->n_selected;
    WEIR_TRY(original_keep(&o, b, err));
    if (out->observe) WEIR_TRY(out->observe(out->context, -1, b, err));
    for (size_t i = 0; i < c->n; i++) {
        const weir_operator *op = &c->operators[i];
        weir_operator_account *a = &accounts[i + 1];
        uint32_t before = b->n_selected;
        a->in += before;
        WEIR_TRY(op->kind->process(op, c->locals[i], ctx, b, err));
        uint32_t gone = before - b->n_selected;
        if (gone && !(op->kind->flags & WEIR_OP_FILTERS)) {
            status = weir_error_set(err, WEIR_INTERNAL, "%s lost %u rows", op->kind->name, gone);
            goto out;
        }
        a->filtered += gone;
        account->rows_filtered += gone;
        if (op->kind->flags & WEIR_OP_VALIDATES)
            WEIR_TRY(leave(c, ctx, b, &o, out, a, account, err));
        a->out += b->n_selected;
        uint64_t now = flow_cpu_ns();
        if (op->kind->flags & WEIR_OP_VALIDATES)
            account->phases.validate += now - before_ns;
        else
            account->phases.transform += now - before_ns;
        before_ns = now;
        if (out->observe) WEIR_TRY(out->observe(out->context, (int)i, b, err));
    }
    weir_operator_account *load = &accounts[c->n + 1];
    load->in += b->n_selected;
    WEIR_TRY(leave(c, ctx, b, &o, out, load, account, err));
out:
    original_clear(&o);
    return status;
}

weir_status weir_chain_finish(weir_chain *c, weir_ctx *ctx, weir_error *err) {
    weir_status status = WEIR_OK;
    for (size_t i = 0; i < c->n; i++) {
        const weir_operator *op = &c->operators[i];
        if (op->kind->finish) WEIR_TRY(op->kind->finish(op, c->locals[i], ctx, err));
    }
out:
    return status;
}
