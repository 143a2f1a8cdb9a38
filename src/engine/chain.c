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

/* Failed rows leave: their records are emitted, the batch goes on without them. */
static weir_status leave(weir_chain *c, weir_ctx *ctx, weir_batch *b, const weir_chain_out *out,
                         weir_operator_account *account, weir_account *total, weir_error *err) {
    if (!b->failures || b->failures->n == 0) return WEIR_OK;
    weir_status status = WEIR_OK;
    weir_batch *rejects = NULL;
    uint64_t dropped = 0;
    if (c->rejects) {
        weir_reject_context context = c->rejects->context;
        WEIR_TRY(
            weir_reject_build(&context, b, NULL, NULL, c->rejects->schema, ctx, &rejects, err));
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

/* One batch on its way through the chain. */
typedef struct passage {
    weir_chain *chain;
    weir_ctx *ctx;
    const weir_chain_out *out;
    weir_account *account;
    uint64_t before_ns; /* where the time of the operator that runs counts from */
} passage;

/* What is behind an operator that gives pieces. */
typedef struct branch {
    passage *passage;
    size_t from; /* the next operator */
    weir_operator_account *account;
} branch;

static weir_status run_from(passage *p, size_t from, weir_batch *b, weir_error *err);

/* Counts the time since the last call to the phase of an operator. */
static void take_time(passage *p, const weir_operator_kind *kind) {
    uint64_t now = flow_cpu_ns();
    if (kind->flags & WEIR_OP_VALIDATES)
        p->account->phases.validate += now - p->before_ns;
    else
        p->account->phases.transform += now - p->before_ns;
    p->before_ns = now;
}

static weir_status give_piece(void *context, weir_batch *piece, weir_error *err) {
    branch *at = context;
    passage *p = at->passage;
    at->account->out += piece->n_selected;
    take_time(p, p->chain->operators[at->from - 1].kind);
    weir_status status = WEIR_OK;
    if (p->out->observe) status = p->out->observe(p->out->context, (int)at->from - 1, piece, err);
    if (status == WEIR_OK)
        status = run_from(p, at->from, piece, err);
    else
        weir_batch_free(piece);
    if (p->ctx->scratch) weir_arena_reset(p->ctx->scratch);
    p->before_ns = flow_cpu_ns();
    return status;
}

/* Operator i makes several batches of b; they go all the way before the next one is made. */
static weir_status expand(passage *p, size_t i, const weir_batch *b, weir_error *err) {
    const weir_operator *op = &p->chain->operators[i];
    branch at = {p, i + 1, &p->account->operators[i + 1]};
    weir_pieces pieces = {.give = give_piece, .context = &at};
    weir_status status = op->kind->expand(op, p->chain->locals[i], p->ctx, b, &pieces, err);
    at.account->created += pieces.created;
    at.account->filtered += pieces.filtered;
    p->account->rows_created += pieces.created;
    p->account->rows_filtered += pieces.filtered;
    take_time(p, op->kind);
    return status;
}

static weir_status process(passage *p, size_t i, weir_batch *b, weir_error *err) {
    weir_chain *c = p->chain;
    const weir_operator *op = &c->operators[i];
    weir_operator_account *a = &p->account->operators[i + 1];
    uint32_t before = b->n_selected;
    weir_status status = op->kind->process(op, c->locals[i], p->ctx, b, err);
    if (status != WEIR_OK) return status;
    uint32_t gone = before - b->n_selected;
    if (gone && !(op->kind->flags & WEIR_OP_FILTERS))
        return weir_error_set(err, WEIR_INTERNAL, "%s lost %u rows", op->kind->name, gone);
    a->filtered += gone;
    p->account->rows_filtered += gone;
    if (op->kind->flags & WEIR_OP_VALIDATES)
        status = leave(c, p->ctx, b, p->out, a, p->account, err);
    a->out += b->n_selected;
    take_time(p, op->kind);
    return status;
}

/* A record that was to come again for the sake of one item, in a pipeline that makes no items of
 * it: loading it as a whole would load the other items twice. */
static weir_status refuse_whole(weir_batch *b, weir_error *err) {
    const weir_origin *o = &b->origin;
    if (o->wanted_levels <= o->levels) return WEIR_OK;
    for (uint32_t k = 0; k < b->n_selected; k++) {
        uint32_t row = weir_batch_row(b, k);
        uint32_t item = o->wanted[(size_t)weir_batch_record(b, row) * o->wanted_levels + o->levels];
        if (item == 0 || weir_failures_bad(b->failures, row)) continue;
        weir_failures *f = NULL;
        weir_status status = weir_batch_failures(b, &f, err);
        if (status == WEIR_OK)
            status = weir_failures_put(f, row, "load", "", "item",
                                       "its address names one item of the record, and the "
                                       "pipeline unnests it no more",
                                       err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

/* Takes b over. */
static weir_status run_from(passage *p, size_t from, weir_batch *b, weir_error *err) {
    weir_status status = WEIR_OK;
    weir_chain *c = p->chain;
    for (size_t i = from; i < c->n; i++) {
        p->account->operators[i + 1].in += b->n_selected;
        if (c->operators[i].kind->expand) {
            status = expand(p, i, b, err);
            goto out;
        }
        WEIR_TRY(process(p, i, b, err));
        if (p->out->observe) WEIR_TRY(p->out->observe(p->out->context, (int)i, b, err));
    }
    weir_operator_account *load = &p->account->operators[c->n + 1];
    load->in += b->n_selected;
    WEIR_TRY(refuse_whole(b, err));
    WEIR_TRY(leave(c, p->ctx, b, p->out, load, p->account, err));
    weir_batch *given = b;
    b = NULL;
    status = p->out->done(p->out->context, p->ctx, given, err);
out:
    weir_batch_free(b);
    return status;
}

weir_status weir_chain_process(weir_chain *c, weir_ctx *ctx, weir_batch *b,
                               const weir_chain_out *out, weir_account *account, weir_error *err) {
    weir_status status = WEIR_OK;
    passage p = {c, ctx, out, account, flow_cpu_ns()};
    account->operators[0].in += b->n_selected;
    account->operators[0].out += b->n_selected;
    account->rows_read += b->n_selected;
    if (!b->origin.raw) status = weir_batch_keep_as_read(b, err);
    if (status == WEIR_OK && out->observe) status = out->observe(out->context, -1, b, err);
    if (status == WEIR_OK) return run_from(&p, 0, b, err);
    weir_batch_free(b);
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
