#include "transform/route.h"

#include "expr/expr.h"
#include "transform/kinds.h"

typedef struct route_state {
    size_t n;
    const weir_route *routes;
    weir_program **programs; /* NULL: the rest */
    uint32_t rest;           /* bit of the route without a condition; 0 = none */
    bool all;
    int unmatched;
} route_state;

static const weir_option options[] = {{.name = "route",
                                       .type = WEIR_OPT_NODE,
                                       .flags = WEIR_OPT_REQUIRED,
                                       .help = "sinks by condition",
                                       .since = "0.2"},
                                      {0}};

static void route_free(weir_operator *op) {
    route_state *s = op->state;
    for (size_t i = 0; s && i < s->n; i++) weir_program_free(s->programs[i]);
    op->state = NULL;
}

static weir_status bind_one(const weir_route *r, const weir_bind *bind, weir_operator *op,
                            weir_program **out, bool *known, weir_error *err) {
    const weir_expr *expr = NULL;
    weir_status status = weir_expr_parse(r->when.text, bind->arena, &expr, err);
    if (status == WEIR_OK)
        status = weir_expr_bind_known(expr, bind, op->in, weir_type_of(WEIR_BOOL), out, err);
    if (status == WEIR_USAGE) {
        weir_bind_expr_fault(bind, &r->when, "when", err);
        return WEIR_OK; /* the others are looked at, too */
    }
    if (status != WEIR_OK) return status;
    if (!*out) {
        *known = false;
        return WEIR_OK;
    }
    const uint64_t *reads = weir_program_reads(*out);
    for (size_t i = 0; i < weir_bit_words(op->in->n_fields); i++) op->reads[i] |= reads[i];
    return WEIR_OK;
}

static weir_status route_bind(const void *config, const weir_bind *bind, weir_operator *op,
                              weir_error *err) {
    const weir_route_config *c = config;
    size_t faults = bind->diags->n_errors;
    bool known = true;
    weir_status status = WEIR_OK;
    route_state *s = weir_arena_zero(bind->arena, 1, sizeof *s);
    op->reads = weir_transform_reads(bind, op->in);
    if (s) s->programs = weir_arena_zero(bind->arena, c->n + 1, sizeof(weir_program *));
    if (!s || !s->programs || !op->reads) return weir_error_nomem(err);
    s->routes = c->routes;
    s->all = c->all;
    s->unmatched = c->unmatched;
    op->state = s;
    for (; s->n < c->n; s->n++) {
        if (c->routes[s->n].when.text)
            WEIR_TRY(bind_one(&c->routes[s->n], bind, op, &s->programs[s->n], &known, err));
        else
            s->rest = 1u << s->n;
    }
    if (bind->diags->n_errors > faults) WEIR_TRY(weir_bind_failed(bind, err));
    op->out = weir_schema_retain(op->in);
    return WEIR_OK;
out:
    route_free(op);
    return status;
}

static void route_local_free(const weir_operator *op, void *local) {
    const route_state *s = op->state;
    weir_expr_local **locals = local;
    for (size_t i = 0; locals && i < s->n; i++)
        if (locals[i]) weir_program_local_free(s->programs[i], locals[i]);
    weir_free(locals);
}

static weir_status route_local_new(const weir_operator *op, weir_ctx *ctx, void **local,
                                   weir_error *err) {
    const route_state *s = op->state;
    weir_expr_local **locals = weir_alloc_zero(s->n + 1, sizeof *locals);
    if (!locals) return weir_error_nomem(err);
    for (size_t i = 0; i < s->n; i++) {
        if (!s->programs[i]) continue;
        weir_status status = weir_program_local_new(s->programs[i], ctx, &locals[i], err);
        if (status != WEIR_OK) {
            route_local_free(op, locals);
            return status;
        }
    }
    *local = locals;
    return WEIR_OK;
}

/* Rows that have not found their sink yet. */
typedef struct open_rows {
    uint16_t *rows;
    uint32_t n;
} open_rows;

/* Asks one condition of the open rows. Rows that failed stay open no longer. */
static weir_status ask(const route_state *s, size_t i, weir_expr_local *local, weir_ctx *ctx,
                       weir_batch *b, open_rows *open, uint64_t *mask, weir_error *err) {
    weir_column *predicate = NULL;
    weir_rows rows = {open->rows, open->n, b->length};
    weir_blame blame = {.stage = "route", .field = ""};
    weir_status status = WEIR_OK;
    uint32_t left = 0;
    if (open->n == 0) return WEIR_OK;
    if (weir_program_can_fail(s->programs[i]))
        WEIR_TRY(weir_batch_failures(b, &blame.failures, err));
    WEIR_TRY(weir_program_eval(s->programs[i], local, ctx, b, rows, &blame, &predicate, err));
    weir_filter_mask(predicate, rows, mask);
    for (uint32_t k = 0; k < open->n; k++) {
        uint16_t row = open->rows[k];
        if (weir_failures_bad(b->failures, row)) continue;
        bool takes = weir_bit_get(mask, row);
        if (takes) b->routes[row] |= 1u << i;
        if (!takes || s->all) open->rows[left++] = row;
    }
    open->n = left;
out:
    weir_column_release(predicate);
    return status;
}

/* What no condition took. */
static weir_status rest_of(const route_state *s, weir_batch *b, const open_rows *open,
                           weir_error *err) {
    weir_status status = WEIR_OK;
    for (uint32_t k = 0; status == WEIR_OK && k < open->n; k++) {
        uint16_t row = open->rows[k];
        weir_failures *f = NULL;
        if (b->routes[row]) continue;
        b->routes[row] = s->rest;
        if (s->rest || s->unmatched != WEIR_UNMATCHED_REJECT) continue;
        status = weir_batch_failures(b, &f, err);
        if (status == WEIR_OK)
            status = weir_failures_put(f, row, "route", "", "unmatched",
                                       "no route takes the record", err);
    }
    return status;
}

/* A record that one target refused comes again for the sake of that one: the others whose condition
 * holds have it.  When that one does not take it any more, it is not loaded at all. */
static weir_status only_wanted(const route_state *s, weir_batch *b, weir_error *err) {
    weir_status status = WEIR_OK;
    if (!b->origin.wanted_route) return WEIR_OK;
    for (uint32_t k = 0; status == WEIR_OK && k < b->n_selected; k++) {
        uint32_t row = weir_batch_row(b, k);
        const char *name = weir_batch_wanted_route(b, row);
        weir_failures *f = NULL;
        size_t i = 0;
        if (!name || weir_failures_bad(b->failures, row)) continue;
        while (i < s->n && strcmp(s->routes[i].name, name) != 0) i++;
        b->routes[row] &= i < s->n ? 1u << i : 0;
        if (b->routes[row]) continue;
        status = weir_batch_failures(b, &f, err);
        if (status == WEIR_OK)
            status = weir_failures_add(f, row, "route", "", "route", err,
                                       i < s->n ? "was for route %s, which does not take it now"
                                                : "was for route %s, which is gone",
                                       name);
    }
    return status;
}

static weir_status route_process(const weir_operator *op, void *local, weir_ctx *ctx, weir_batch *b,
                                 weir_error *err) {
    const route_state *s = op->state;
    weir_expr_local **locals = local;
    weir_status status = WEIR_OK;
    size_t words = weir_bit_words(b->length) + 1;
    open_rows open = {weir_alloc(((size_t)b->n_selected + 1) * sizeof *open.rows), 0};
    uint64_t *mask = weir_alloc_zero(words, sizeof *mask);
    weir_free(b->routes);
    b->routes = weir_alloc_zero((size_t)b->length + 1, sizeof *b->routes);
    if (!open.rows || !mask || !b->routes) WEIR_TRY(weir_error_nomem(err));
    for (uint32_t k = 0; k < b->n_selected; k++) {
        uint32_t row = weir_batch_row(b, k);
        if (!weir_failures_bad(b->failures, row)) open.rows[open.n++] = (uint16_t)row;
    }
    for (size_t i = 0; i < s->n; i++)
        if (s->programs[i]) WEIR_TRY(ask(s, i, locals[i], ctx, b, &open, mask, err));
    WEIR_TRY(rest_of(s, b, &open, err));
    WEIR_TRY(only_wanted(s, b, err));
    memset(mask, 0, words * sizeof *mask);
    for (uint32_t k = 0; k < b->n_selected; k++) {
        uint32_t row = weir_batch_row(b, k);
        if (b->routes[row] || weir_failures_bad(b->failures, row)) weir_bit_set(mask, row);
    }
    status = weir_batch_keep(b, mask, err);
out:
    weir_free(open.rows);
    weir_free(mask);
    return status;
}

const weir_operator_kind weir_transform_route = {
    .name = "route",
    .summary = "chooses the sinks of each row",
    .options = options,
    .config_size = sizeof(weir_route_config),
    .flags = WEIR_OP_FILTERS | WEIR_OP_VALIDATES | WEIR_OP_CAN_FAIL | WEIR_OP_ROUTES,
    .bind = route_bind,
    .free = route_free,
    .local_new = route_local_new,
    .local_free = route_local_free,
    .process = route_process,
};
