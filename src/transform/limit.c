/* limit: the first rows in source order, of all or of each key.
 *
 * An ordered operator: it sees batches one at a time and in the order of the source, so the count
 * is one for all workers, and the result is the same for any number of them.  Rows that have failed
 * do not count; those before the last row that passes go on, to leave as rejects. What stands
 * behind it was not needed: it is filtered, failed or not, and reading stops.
 */
#include "transform/keys.h"

typedef struct limit_config {
    int64_t rows;
    weir_opt_strings by;
} limit_config;

typedef struct limit_state {
    uint64_t rows, passed;
    weir_place last; /* the last row that passed, when there are enough */
    size_t n_by;
    uint32_t *by;
    weir_keys *keys;
    uint64_t *counts; /* a key */
    size_t capacity;
} limit_state;

static const weir_option fields[] = {{.name = "rows",
                                      .type = WEIR_OPT_INT,
                                      .flags = WEIR_OPT_REQUIRED,
                                      .offset = offsetof(limit_config, rows),
                                      .min = 1,
                                      .max = INT64_MAX,
                                      .help = "so many rows pass, the first in source order",
                                      .since = "0.2"},
                                     {.name = "by",
                                      .type = WEIR_OPT_STRINGS,
                                      .offset = offsetof(limit_config, by),
                                      .help = "so many of each combination of these columns",
                                      .since = "0.2"},
                                     {0}};

static const weir_option options[] = {
    {.name = "limit",
     .type = WEIR_OPT_STRUCT,
     .flags = WEIR_OPT_REQUIRED | WEIR_OPT_SHORT,
     .fields = fields,
     .help = "the first rows, as in limit: 100 or limit: { rows: 3, by: [customer] }",
     .since = "0.2"},
    {0}};

static weir_status limit_bind(const void *config, const weir_bind *bind, weir_operator *op,
                              weir_error *err) {
    const limit_config *c = config;
    size_t faults = bind->diags->n_errors;
    bool known = true;
    limit_state *state = weir_arena_zero(bind->arena, 1, sizeof *state);
    op->reads = weir_transform_reads(bind, op->in);
    if (!state || !op->reads) return weir_error_nomem(err);
    state->rows = (uint64_t)c->rows;
    state->n_by = c->by.n;
    state->by = weir_arena_zero(bind->arena, c->by.n + 1, sizeof *state->by);
    if (!state->by) return weir_error_nomem(err);
    weir_transform_columns(bind, op, "by", &c->by, state->by, &known);
    if (bind->diags->n_errors > faults) return weir_bind_failed(bind, err);
    if (!known) return WEIR_OK;
    if (c->by.n) {
        weir_status status = weir_keys_new(&state->keys, err);
        if (status != WEIR_OK) return status;
    }
    op->out = weir_schema_retain(op->in);
    op->state = state;
    return WEIR_OK;
}

static void limit_free(weir_operator *op) {
    limit_state *state = op->state;
    if (!state) return;
    weir_keys_free(state->keys);
    weir_free(state->counts);
    op->state = NULL;
}

/* Whether the key of the row has rows left. */
static weir_status take_of_key(limit_state *s, const weir_batch *b, uint32_t row, bool *passes,
                               weir_error *err) {
    uint32_t number = 0;
    weir_status status = weir_keys_number(s->keys, b, s->by, s->n_by, row, "limit", &number, err);
    if (status != WEIR_OK) return status;
    if (number >= s->capacity) {
        size_t more = s->capacity ? s->capacity * 2 : 256;
        uint64_t *counts = weir_alloc_zero(more, sizeof *counts);
        if (!counts) return weir_error_nomem(err);
        if (s->capacity) memcpy(counts, s->counts, s->capacity * sizeof *counts);
        weir_free(s->counts);
        s->counts = counts;
        s->capacity = more;
    }
    *passes = s->counts[number] < s->rows;
    s->counts[number] += *passes;
    return WEIR_OK;
}

static weir_status limit_process(const weir_operator *op, void *local, weir_ctx *ctx,
                                 weir_batch *batch, weir_error *err) {
    limit_state *s = op->state;
    weir_status status = WEIR_OK;
    (void)local;
    (void)ctx;
    uint64_t *keep = weir_alloc_zero(weir_bit_words(batch->length) + 1, sizeof *keep);
    if (!keep) return weir_error_nomem(err);
    for (uint32_t k = 0; k < batch->n_selected; k++) {
        uint32_t row = weir_batch_row(batch, k);
        bool passes = true, failed = weir_failures_bad(batch->failures, row);
        if (!failed && s->keys) WEIR_TRY(take_of_key(s, batch, row, &passes, err));
        if (!s->keys && s->passed == s->rows) break;
        if (passes) weir_bit_set(keep, row);
        if (failed || s->keys) continue;
        if (++s->passed == s->rows) s->last = weir_place_of(batch, row);
    }
    status = weir_batch_keep(batch, keep, err);
out:
    weir_free(keep);
    return status;
}

static bool limit_enough(const weir_operator *op, weir_place *last) {
    const limit_state *s = op->state;
    if (s->keys || s->passed < s->rows) return false;
    *last = s->last;
    return true;
}

static bool limit_ordered(const weir_operator *op) {
    (void)op;
    return true;
}

const weir_operator_kind weir_transform_limit = {
    .name = "limit",
    .summary = "lets the first rows pass, of all or of each key",
    .example = "- limit: { rows: 3, by: [customer] }",
    .options = options,
    .config_size = sizeof(limit_config),
    .flags = WEIR_OP_FILTERS,
    .bind = limit_bind,
    .free = limit_free,
    .process = limit_process,
    .ordered = limit_ordered,
    .enough = limit_enough,
};
