#include "engine/chain.h"

#include "engine/flow_private.h"

/* Operators that need no more: what they have no use for must leave no trace, so rejects from above
 * them are held until it is known which rows were needed. */
struct weir_chain {
    size_t stopper; /* number of the last operator that may have enough, n = none */
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
    c->stopper = n;
    for (size_t i = 0; i < n; i++)
        if (operators[i].kind->enough) c->stopper = i;
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

/* One batch on its way through the chain. */
typedef struct held held;
typedef struct passage {
    weir_chain *chain;
    weir_ctx *ctx;
    const weir_chain_out *out;
    weir_account *account;
    uint64_t before_ns; /* where the time of the operator that runs counts from */
    held *held, **held_end;
} passage;

/* Reject records that wait for the operators behind to say whether they are needed. */
struct held {
    held *next;
    size_t from; /* the operator they left at */
    weir_batch *rejects;
    weir_place *places; /* one a row */
};

static void held_free(held *h) {
    while (h) {
        held *next = h->next;
        weir_batch_free(h->rejects);
        weir_free(h->places);
        weir_free(h);
        h = next;
    }
}

/* Keeps rejects (taken over) of b's failed rows, which are still in its selection. */
static weir_status hold(passage *p, size_t from, const weir_batch *b, weir_batch *rejects,
                        weir_error *err) {
    held *h = weir_alloc_zero(1, sizeof *h);
    if (h) h->places = weir_alloc_zero((size_t)rejects->length + 1, sizeof *h->places);
    if (!h || !h->places) {
        weir_batch_free(rejects);
        held_free(h);
        return weir_error_nomem(err);
    }
    h->from = from;
    h->rejects = rejects;
    uint32_t n = 0;
    for (uint32_t k = 0; k < b->n_selected && n < rejects->length; k++) {
        uint32_t row = weir_batch_row(b, k);
        if (weir_failures_bad(b->failures, row)) h->places[n++] = weir_place_of(b, row);
    }
    *p->held_end = h;
    p->held_end = &h->next;
    return WEIR_OK;
}

/* Of rejects that were held: what stands behind the last row that was needed counts as filtered. */
static weir_status let_go(passage *p, held *h, weir_error *err) {
    const weir_chain *c = p->chain;
    uint64_t *keep = weir_alloc_zero(weir_bit_words(h->rejects->length) + 1, sizeof *keep);
    if (!keep) return weir_error_nomem(err);
    uint32_t n = h->rejects->length;
    for (uint32_t i = 0; i < n; i++) weir_bit_set(keep, i);
    for (size_t o = h->from + 1; o <= c->stopper && o < c->n; o++) {
        const weir_operator *op = &c->operators[o];
        weir_place last;
        if (!op->kind->enough || !op->kind->enough(op, &last)) continue;
        for (uint32_t i = 0; i < n; i++)
            if (weir_place_compare(&h->places[i], &last) > 0) weir_bit_clear(keep, i);
    }
    weir_status status = weir_batch_keep(h->rejects, keep, err);
    weir_free(keep);
    if (status != WEIR_OK) return status;
    uint64_t gone = n - h->rejects->n_selected;
    weir_operator_account *a = &p->account->operators[h->from + 1];
    a->rejected -= gone;
    a->filtered += gone;
    p->account->rows_rejected -= gone;
    p->account->rows_filtered += gone;
    if (h->rejects->n_selected == 0) return WEIR_OK;
    weir_batch *given = h->rejects;
    h->rejects = NULL;
    return p->out->emit(p->out->context, given, err);
}

static weir_status release_held(passage *p, weir_error *err) {
    weir_status status = WEIR_OK;
    for (held *h = p->held; h && status == WEIR_OK; h = h->next) status = let_go(p, h, err);
    return status;
}

/* Failed rows leave at operator `at` (n: at the load): their records are emitted, the batch goes on
 * without them. */
static weir_status leave(passage *p, size_t at, weir_batch *b, weir_error *err) {
    if (!b->failures || b->failures->n == 0) return WEIR_OK;
    weir_chain *c = p->chain;
    weir_status status = WEIR_OK;
    weir_batch *rejects = NULL;
    uint64_t dropped = 0;
    if (c->rejects) {
        weir_reject_context context = c->rejects->context;
        WEIR_TRY(
            weir_reject_build(&context, b, NULL, NULL, c->rejects->schema, p->ctx, &rejects, err));
    }
    uint32_t made = rejects ? rejects->length : 0;
    weir_batch *given = rejects;
    rejects = NULL;
    bool holds = given && c->stopper < c->n && at < c->stopper;
    if (holds) WEIR_TRY(hold(p, at, b, given, err));
    if (holds) given = NULL;
    rejects = given;
    WEIR_TRY(weir_reject_drop(b, &dropped, err));
    if (c->rejects && made != dropped) {
        status =
            weir_error_set(err, WEIR_INTERNAL, "%llu rows left but %u reject records were made",
                           (unsigned long long)dropped, made);
        goto out;
    }
    p->account->operators[at + 1].rejected += dropped;
    p->account->rows_rejected += dropped;
    if (rejects) {
        rejects = NULL;
        status = p->out->emit(p->out->context, given, err);
    }
out:
    weir_batch_free(rejects);
    return status;
}

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

/* How often the rows of a routed batch are loaded; counts what each sink gets. */
static uint64_t count_routes(passage *p, const weir_batch *b) {
    weir_operator_account *loads = &p->account->operators[p->chain->n + 1];
    uint64_t copies = 0;
    for (uint32_t k = 0; k < b->n_selected; k++)
        for (uint32_t bits = b->routes[weir_batch_row(b, k)]; bits; bits &= bits - 1) {
            loads[__builtin_ctz(bits)].in++;
            copies++;
        }
    return copies;
}

static weir_status refuse_whole(weir_batch *b, weir_error *err);

static weir_status process(passage *p, size_t i, weir_batch *b, weir_error *err) {
    weir_chain *c = p->chain;
    const weir_operator *op = &c->operators[i];
    weir_operator_account *a = &p->account->operators[i + 1];
    uint32_t before = b->n_selected;
    weir_status status = WEIR_OK;
    if (p->out->turn && op->kind->ordered && op->kind->ordered(op))
        status = p->out->turn(p->out->context, err);
    if (status == WEIR_OK && (op->kind->flags & WEIR_OP_ROUTES)) status = refuse_whole(b, err);
    if (status == WEIR_OK) status = op->kind->process(op, c->locals[i], p->ctx, b, err);
    if (status != WEIR_OK) return status;
    uint32_t gone = before - b->n_selected;
    if (gone && !(op->kind->flags & WEIR_OP_FILTERS))
        return weir_error_set(err, WEIR_INTERNAL, "%s lost %u rows", op->kind->name, gone);
    a->filtered += gone;
    p->account->rows_filtered += gone;
    if (op->kind->flags & WEIR_OP_VALIDATES) status = leave(p, i, b, err);
    uint64_t out = b->n_selected;
    if (b->routes && status == WEIR_OK) {
        out = count_routes(p, b);
        a->created += out - b->n_selected;
        p->account->rows_created += out - b->n_selected;
    }
    a->out += out;
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

/* A record that only one target of a route was to have once more, in a flow that has no route:
 * others of its targets have taken it already. */
static weir_status refuse_routed(weir_batch *b, weir_error *err) {
    if (!b->origin.wanted_route) return WEIR_OK;
    for (uint32_t k = 0; k < b->n_selected; k++) {
        uint32_t row = weir_batch_row(b, k);
        const char *route = weir_batch_wanted_route(b, row);
        if (!route || weir_failures_bad(b->failures, row)) continue;
        weir_failures *f = NULL;
        weir_status status = weir_batch_failures(b, &f, err);
        if (status == WEIR_OK)
            status = weir_failures_add(f, row, "load", "", "route", err,
                                       "was for route %s; the flow has no route now", route);
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
    if (!b->routes) {
        p->account->operators[c->n + 1].in += b->n_selected;
        WEIR_TRY(refuse_whole(b, err));
        WEIR_TRY(refuse_routed(b, err));
    }
    WEIR_TRY(leave(p, c->n, b, err));
    weir_batch *given = b;
    b = NULL;
    status = p->out->done(p->out->context, p->ctx, given, err);
out:
    weir_batch_free(b);
    return status;
}

bool weir_chain_ordered(const weir_operator *operators, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (operators[i].kind->ordered && operators[i].kind->ordered(&operators[i])) return true;
    return false;
}

bool weir_chain_enough(const weir_chain *c) {
    weir_place ignored;
    for (size_t i = 0; i < c->n; i++) {
        const weir_operator *op = &c->operators[i];
        if (op->kind->enough && op->kind->enough(op, &ignored)) return true;
    }
    return false;
}

/* A batch that nobody needs any more counts as filtered by the operator that has enough. */
static void pass_over(passage *p, uint32_t rows) {
    const weir_chain *c = p->chain;
    weir_place ignored;
    for (size_t i = 0; i < c->n; i++) {
        weir_operator_account *a = &p->account->operators[i + 1];
        const weir_operator *op = &c->operators[i];
        bool here = op->kind->enough && op->kind->enough(op, &ignored);
        a->in += rows;
        if (here)
            a->filtered += rows;
        else
            a->out += rows;
        if (here) break;
    }
    p->account->rows_filtered += rows;
}

weir_status weir_chain_process(weir_chain *c, weir_ctx *ctx, weir_batch *b,
                               const weir_chain_out *out, weir_account *account, weir_error *err) {
    weir_status status = WEIR_OK;
    passage p = {c, ctx, out, account, flow_cpu_ns(), NULL, NULL};
    p.held_end = &p.held;
    account->operators[0].in += b->n_selected + (uint64_t)b->passed_over;
    account->operators[0].out += b->n_selected;
    account->operators[0].filtered += b->passed_over;
    account->rows_filtered += b->passed_over;
    account->rows_read += b->n_selected + (uint64_t)b->passed_over;
    if (!b->origin.raw) status = weir_batch_keep_as_read(b, err);
    if (status == WEIR_OK && out->observe) status = out->observe(out->context, -1, b, err);
    if (status == WEIR_OK && c->stopper < c->n && out->turn) status = out->turn(out->context, err);
    bool needed = status == WEIR_OK && !weir_chain_enough(c);
    if (needed) {
        status = run_from(&p, 0, b, err);
        if (status == WEIR_OK) status = release_held(&p, err);
    } else {
        if (status == WEIR_OK) pass_over(&p, b->n_selected);
        weir_batch_free(b);
    }
    held_free(p.held);
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
