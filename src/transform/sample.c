/* sample: a part of the rows, chosen by a hash of where the record stands: the same rows whatever
 * the number of threads and the size of chunks, and again at the next run over the same input. */
#include "text/hash.h"
#include "transform/kinds.h"

typedef struct sample_config {
    double ratio;
    int64_t seed;
} sample_config;

typedef struct sample_state {
    uint64_t bound; /* hashes below it are in the sample */
    bool all;
    uint64_t seed;
} sample_state;

static const weir_option fields[] = {{.name = "ratio",
                                      .type = WEIR_OPT_RATIO,
                                      .flags = WEIR_OPT_REQUIRED,
                                      .offset = offsetof(sample_config, ratio),
                                      .help = "how many of the rows, about: 10% or 0.1",
                                      .since = "0.2"},
                                     {.name = "seed",
                                      .type = WEIR_OPT_INT,
                                      .offset = offsetof(sample_config, seed),
                                      .fallback = "0",
                                      .help = "another number chooses other rows",
                                      .since = "0.2"},
                                     {0}};

static const weir_option options[] = {{.name = "sample",
                                       .type = WEIR_OPT_STRUCT,
                                       .flags = WEIR_OPT_REQUIRED | WEIR_OPT_SHORT,
                                       .fields = fields,
                                       .help = "a part of the rows, as in sample: 10%",
                                       .since = "0.2"},
                                      {0}};

static weir_status sample_bind(const void *config, const weir_bind *bind, weir_operator *op,
                               weir_error *err) {
    const sample_config *c = config;
    sample_state *state = weir_arena_zero(bind->arena, 1, sizeof *state);
    op->reads = weir_transform_reads(bind, op->in);
    if (!state || !op->reads) return weir_error_nomem(err);
    if (!(c->ratio > 0 && c->ratio <= 1)) {
        weir_diags_error(bind->diags, weir_bind_key(bind->node, "ratio"), "sample",
                         "write a part of all rows, such as 10%", "%s",
                         "must be above 0 and at most 100%");
        return weir_bind_failed(bind, err);
    }
    state->all = c->ratio >= 1;
    state->bound = state->all ? UINT64_MAX : (uint64_t)(c->ratio * 18446744073709551616.0);
    state->seed = (uint64_t)c->seed;
    op->out = weir_schema_retain(op->in);
    op->state = state;
    return WEIR_OK;
}

/* Where the row stands in its source: its first byte, its line where the source counts lines only,
 * its id, or its number.  *known false: a record that comes again and never had a byte or line. */
static uint64_t place(const weir_batch *b, uint32_t row, bool *known) {
    const weir_origin *o = &b->origin;
    *known = true;
    if (!o->raw) return o->row_id ? o->row_id[row] : weir_batch_row_number(b, row);
    if (weir_batch_has_byte(b, row)) return weir_batch_byte(b, row);
    uint64_t line = o->row_line ? weir_batch_line(b, row) : 0;
    *known = line != 0;
    return line;
}

static weir_status sample_process(const weir_operator *op, void *local, weir_ctx *ctx,
                                  weir_batch *batch, weir_error *err) {
    const sample_state *s = op->state;
    const weir_origin *o = &batch->origin;
    (void)local;
    (void)ctx;
    if (s->all) return WEIR_OK;
    uint64_t *keep = weir_alloc_zero(weir_bit_words(batch->length) + 1, sizeof *keep);
    if (!keep) return weir_error_nomem(err);
    uint64_t base = weir_hash_word(s->seed, 1);
    if (o->source) base = weir_hash_bytes(o->source, strlen(o->source), base);
    for (uint32_t k = 0; k < batch->n_selected; k++) {
        uint32_t row = weir_batch_row(batch, k);
        bool known = true;
        uint64_t hash = weir_hash_word(place(batch, row, &known), base);
        for (uint32_t l = 0; l < o->levels; l++)
            hash = weir_hash_word(o->items[(size_t)row * o->levels + l], hash);
        if (!known || hash < s->bound || weir_failures_bad(batch->failures, row))
            weir_bit_set(keep, row);
    }
    weir_status status = weir_batch_keep(batch, keep, err);
    weir_free(keep);
    return status;
}

const weir_operator_kind weir_transform_sample = {
    .name = "sample",
    .summary = "lets a part of the rows pass, chosen by where they stand",
    .example = "- sample: 10%",
    .options = options,
    .config_size = sizeof(sample_config),
    .flags = WEIR_OP_FILTERS,
    .bind = sample_bind,
    .process = sample_process,
};
