/* Chunks of lines -> batches: records are taken in groups of up to 64, the format tells where their
 * values are, and the columns are converted one after the other with the means of csv. */
#include "format/lines.h"

#include "format/infer.h"
#include "text/utf8.h"

#define STAGE "read"
#define GROUP 64u
/* Bytes of columns and offsets of a batch, beyond which it has fewer rows. */
#define BATCH_BYTES ((size_t)16 << 20)
#define BATCH_MIN_ROWS 256u

/* What a chunk of any format of lines is read with. */
static const weir_csv_dialect no_quotes = {.delimiter = 0, .doubled = true};

struct weir_decoder {
    const weir_read_request *request;
    weir_csv_batch made; /* schema, targets, and the batch in the making */
    const char **names;  /* physical, of the targets */
    weir_arena arena;
    weir_layout *layout; /* that `source` of the targets belongs to; retained */
    const weir_line_layout *lines;
    weir_line_group group;
    weir_line_records records;
    uint32_t end, flags, lines_left; /* of the chunk */
    uint32_t passed_over;            /* records that the format dropped */
};

/* ---- groups -------------------------------------------------------------------------------- */

static void group_clear(weir_line_group *g) {
    weir_free(g->start);
    weir_free(g->stop);
    weir_free(g->aside);
    weir_block_release(g->side);
    memset(g, 0, sizeof *g);
}

static weir_status group_init(weir_line_group *g, uint32_t n_columns, weir_error *err) {
    group_clear(g);
    uint32_t n = n_columns ? n_columns : 1;
    g->n_columns = n_columns;
    g->start = weir_alloc_zero((size_t)n * GROUP, sizeof *g->start);
    g->stop = weir_alloc_zero((size_t)n * GROUP, sizeof *g->stop);
    g->aside = weir_alloc_zero(n, sizeof *g->aside);
    if (g->start && g->stop && g->aside) return WEIR_OK;
    group_clear(g);
    return weir_error_nomem(err);
}

weir_status weir_line_group_side(weir_line_group *g, size_t size, uint32_t *at, weir_error *err) {
    if (g->side && g->side->capacity - g->side->size >= size) {
        *at = (uint32_t)g->side->size;
        g->side->size += size;
        return WEIR_OK;
    }
    /* One block a group: a second one would leave the first one's values behind, so it takes them
     * along. */
    size_t used = g->side ? g->side->size : WEIR_LINES_FRONT;
    weir_block *block = NULL;
    if (used + size > UINT32_MAX / 4)
        return weir_error_set(err, WEIR_RESOURCE, "values of more than 1 GiB");
    weir_status status = weir_block_new(g->ledger, (used + size) * 2, &block, err);
    if (status != WEIR_OK) return status;
    if (g->side)
        memcpy(block->data, g->side->data, used);
    else
        memset(block->data, 0, used);
    block->size = used + size;
    weir_block_release(g->side);
    g->side = block;
    *at = (uint32_t)used;
    return WEIR_OK;
}

/* Takes up to n records and lets the format find their values; records to be dropped are gone. */
static weir_status group_fill(weir_line_group *g, const weir_line_layout *layout,
                              weir_line_records *records, uint32_t n, bool too_long,
                              const char *const *names, weir_error *err) {
    g->data = records->data;
    g->n = 0;
    g->drop = g->fail = 0;
    weir_block_release(g->side);
    g->side = NULL;
    memset(g->aside, 0, (g->n_columns ? g->n_columns : 1) * sizeof *g->aside);
    while (g->n < n &&
           weir_line_records_next(records, &g->begin[g->n], &g->end[g->n], &g->lines[g->n]))
        g->n++;
    for (uint32_t r = 0; r < g->n; r++) {
        bool many = layout->rule.max_lines && g->lines[r] > layout->rule.max_lines;
        if (!many && !too_long) continue;
        g->fail |= 1ull << r;
        g->rule[r] = too_long ? "length" : "lines";
        g->reason[r] = too_long ? "is longer than max_record allows; its beginning is kept"
                                : "has more lines than max_lines allows";
    }
    if (g->n == 0) return WEIR_OK;
    return names && layout->split_named ? layout->split_named(layout, g, names, err)
           : layout->split              ? layout->split(layout, g, err)
                                        : WEIR_OK;
}

static void move_record(weir_line_group *g, uint32_t to, uint32_t from) {
    g->begin[to] = g->begin[from];
    g->end[to] = g->end[from];
    g->rule[to] = g->rule[from];
    g->reason[to] = g->reason[from];
    uint64_t bit = 1ull << to;
    g->fail = (g->fail & ~bit) | (g->fail >> from & 1) << to;
    for (uint32_t c = 0; c < g->n_columns; c++) {
        g->start[c * GROUP + to] = g->start[c * GROUP + from];
        g->stop[c * GROUP + to] = g->stop[c * GROUP + from];
        g->aside[c] = (g->aside[c] & ~bit) | (g->aside[c] >> from & 1) << to;
    }
}

static void leave_out_dropped(weir_line_group *g) {
    uint32_t n = 0;
    if (!g->drop) return;
    for (uint32_t r = 0; r < g->n; r++) {
        if (g->drop >> r & 1) continue;
        if (n != r) move_record(g, n, r);
        n++;
    }
    g->n = n;
    if (n < 64) g->fail &= (1ull << n) - 1;
    g->drop = 0;
}

/* ---- life ---------------------------------------------------------------------------------- */

static const weir_opt_column *find_column(const weir_opt_columns *columns, const char *name) {
    for (size_t i = 0; columns && i < columns->n; i++)
        if (strcmp(columns->items[i].name, name) == 0) return &columns->items[i];
    return NULL;
}

static const weir_opt_column *declared(const weir_opt_columns *columns, const char *physical) {
    for (size_t i = 0; columns && i < columns->n; i++) {
        const weir_opt_column *c = &columns->items[i];
        if (strcmp(c->from ? c->from : c->name, physical) == 0) return c;
    }
    return NULL;
}

weir_status weir_lines_decoder_new(const weir_read_request *request, weir_schema *schema,
                                   weir_ctx *ctx, weir_decoder **out, weir_error *err) {
    (void)ctx;
    weir_decoder *d = weir_alloc_zero(1, sizeof *d);
    if (!d) return weir_error_nomem(err);
    d->request = request;
    d->made.schema = weir_schema_retain(schema);
    uint32_t n = schema->n_fields ? schema->n_fields : 1;
    d->made.targets = weir_alloc_zero(n, sizeof *d->made.targets);
    d->names = weir_alloc_zero(n, sizeof *d->names);
    if (!d->made.targets || !d->names) {
        weir_lines_decoder_free(d);
        return weir_error_nomem(err);
    }
    for (uint32_t i = 0; i < schema->n_fields; i++) {
        const char *name = schema->fields[i].name;
        const weir_opt_column *column = find_column(request->columns, name);
        d->names[i] = column && column->from ? column->from : name;
    }
    *out = d;
    return WEIR_OK;
}

void weir_lines_decoder_free(weir_decoder *d) {
    if (!d) return;
    weir_csv_batch_drop(&d->made);
    group_clear(&d->group);
    weir_block_release(d->made.block);
    weir_layout_release(d->layout);
    weir_schema_release(d->made.schema);
    weir_arena_clear(&d->arena);
    weir_free(d->made.targets);
    weir_free(d->names);
    weir_free(d);
}

/* ---- binding ------------------------------------------------------------------------------- */

/* The column as declared, with what the format knows of it where nothing is said. */
static weir_status bind_target(weir_decoder *d, uint32_t i, const weir_line_column *own,
                               weir_error *err) {
    static const weir_csv_read_config plain;
    weir_csv_target *t = &d->made.targets[i];
    const weir_field *field = &d->made.schema->fields[i];
    const weir_opt_column *said = find_column(d->request->columns, field->name);
    weir_opt_column column = said ? *said : (weir_opt_column){.name = field->name};
    weir_column *batch = t->column;
    if (own && own->format && !column.format && own->type && own->type->id == field->type->id)
        column.format = own->format;
    if (own && !column.nulls.n) column.nulls = own->nulls;
    memset(t, 0, sizeof *t);
    t->column = batch;
    t->field = i;
    t->quote = -1;
    weir_status status = weir_csv_target_init(t, field, &column, &plain, &d->arena, err);
    if (status == WEIR_OK && t->text && !(said && said->nulls.n))
        t->empty_is_null = own && own->empty_null;
    return status;
}

/* Finds the physical column of each field. */
static weir_status bind_layout(weir_decoder *d, weir_layout *layout, weir_error *err) {
    const weir_line_layout *lines = layout->private_data;
    weir_status status = WEIR_OK;
    weir_arena_clear(&d->arena);
    weir_layout_release(d->layout);
    d->layout = NULL;
    for (uint32_t i = 0; i < d->made.schema->n_fields; i++) {
        uint32_t k = 0;
        if (lines->split_named) {
            WEIR_TRY(bind_target(d, i, NULL, err));
            d->made.targets[i].source = i;
            continue;
        }
        while (k < layout->n_names && strcmp(layout->names[k], d->names[i]) != 0) k++;
        const bool absent = k == layout->n_names; /* null in all records of this file */
        WEIR_TRY(bind_target(d, i, lines->columns && !absent ? &lines->columns[k] : NULL, err));
        d->made.targets[i].source = absent ? 0 : k;
        d->made.targets[i].absent = absent;
    }
    WEIR_TRY(group_init(&d->group, lines->split_named ? d->made.schema->n_fields : lines->n_columns,
                        err));
    d->lines = lines;
    d->layout = weir_layout_retain(layout);
out:
    return status;
}

weir_status weir_lines_decoder_begin(weir_decoder *d, const weir_chunk *chunk, weir_error *err) {
    weir_status status = WEIR_OK;
    weir_csv_batch_drop(&d->made);
    weir_block_release(d->made.block);
    d->made.block = NULL;
    if (chunk->layout != d->layout) status = bind_layout(d, chunk->layout, err);
    if (status != WEIR_OK) return status;
    d->made.block = weir_block_retain(chunk->block);
    weir_line_records_begin(&d->records, &d->lines->rule, d->lines->eol, chunk);
    d->made.split = chunk->split;
    d->made.begin = chunk->begin;
    d->end = chunk->end;
    d->flags = chunk->flags;
    d->lines_left = chunk->n_lines + 1;
    d->made.sequence = chunk->sequence;
    d->made.first_byte = chunk->first_byte;
    d->made.first_line = chunk->first_line;
    d->made.batch_number = 0;
    const char *text = (const char *)d->made.block->data + d->made.begin;
    bool valid = d->lines->cuts_bytes ? weir_utf8_is_ascii(text, d->end - d->made.begin)
                                      : weir_utf8_valid(text, d->end - d->made.begin);
    for (uint32_t i = 0; i < d->made.schema->n_fields; i++) d->made.targets[i].check_utf8 = !valid;
    return WEIR_OK;
}

/* ---- batches ------------------------------------------------------------------------------- */

static uint32_t batch_capacity(const weir_decoder *d) {
    size_t row_bytes = 8, rows = d->lines_left, left = d->end - d->records.at;
    for (uint32_t i = 0; i < d->made.schema->n_fields; i++)
        row_bytes += d->made.targets[i].type->width + 1u;
    size_t affordable = BATCH_BYTES / row_bytes;
    if (affordable < BATCH_MIN_ROWS) affordable = BATCH_MIN_ROWS;
    if (rows > left + 1) rows = left + 1;
    if (rows > affordable) rows = affordable;
    if (rows > WEIR_BATCH_MAX_ROWS) rows = WEIR_BATCH_MAX_ROWS;
    return rows ? (uint32_t)rows : 1;
}

/* ---- columns ------------------------------------------------------------------------------- */

/* One value by the exact path. */
static weir_status exact_value(weir_decoder *d, weir_csv_target *t, uint32_t r, uint32_t side,
                               weir_ctx *ctx, weir_error *err) {
    const weir_line_group *g = &d->group;
    const size_t cell = (size_t)t->source * GROUP + r;
    const bool boolean = t->type->id == WEIR_BOOL, aside = g->aside[t->source] >> r & 1;
    const uint32_t row = d->made.rows + r, own = t->block;
    weir_csv_outcome outcome;
    uint8_t bit = 0;
    void *place =
        boolean ? (void *)&bit : (uint8_t *)t->column->values + (size_t)row * t->type->width;
    if (aside) t->block = side;
    weir_status status =
        weir_csv_value(t, &no_quotes, aside ? g->side->data : g->data, g->start[cell],
                       g->stop[cell], row, &d->made.blame, ctx, place, &outcome, err);
    t->block = own;
    if (status != WEIR_OK) return status;
    if (boolean && bit) weir_bit_set(t->column->values, row);
    if (outcome == WEIR_CSV_VALUE) return WEIR_OK;
    bool poison = outcome == WEIR_CSV_FAILED;
    if (!poison && t->not_null) {
        poison = true;
        status = weir_csv_blame_need(&d->made.blame, err);
        if (status == WEIR_OK)
            status = weir_failures_put(d->made.blame.failures, row, STAGE, t->name, "not_null",
                                       "is null", err);
        if (status != WEIR_OK) return status;
    }
    return weir_column_set_null(t->column, row, poison, ctx->ledger, err);
}

/* Values that are not there at all. */
static weir_status absent_value(weir_decoder *d, weir_csv_target *t, uint32_t r, bool failed,
                                weir_ctx *ctx, weir_error *err) {
    uint32_t row = d->made.rows + r;
    if (!failed && t->not_null) {
        weir_status status = weir_csv_blame_need(&d->made.blame, err);
        if (status == WEIR_OK)
            status = weir_failures_put(d->made.blame.failures, row, STAGE, t->name, "not_null",
                                       "is null", err);
        if (status != WEIR_OK) return status;
    }
    return weir_column_set_null(t->column, row, failed || t->not_null, ctx->ledger, err);
}

/* Which values the kernel did not settle. */
static uint64_t run_kernel(weir_decoder *d, weir_csv_target *t) {
    const weir_line_group *g = &d->group;
    const uint64_t all = g->n >= 64 ? ~0ull : (1ull << g->n) - 1;
    weir_csv_cells cells = {.data = g->data, .n = g->n};
    const uint32_t *start = g->start + (size_t)t->source * GROUP;
    const uint32_t *stop = g->stop + (size_t)t->source * GROUP;
    uint64_t skip = g->fail | g->aside[t->source], bits = 0, left;
    if ((t->check_utf8 && t->text) || t->type->id == WEIR_BOOL || t->nulls.n) return all;
    for (uint32_t r = 0; r < g->n; r++) {
        bool none = skip >> r & 1 || start[r] == WEIR_LINE_NULL;
        cells.start[r] = none ? g->begin[r] : start[r];
        cells.end[r] = none ? g->begin[r] : stop[r];
        bits |= (uint64_t)(none || start[r] == stop[r]) << r;
    }
    left =
        t->kernel(t, &cells, (uint8_t *)t->column->values + (size_t)d->made.rows * t->type->width);
    return (left | bits) & all;
}

static weir_status convert_column(weir_decoder *d, weir_csv_target *t, weir_ctx *ctx,
                                  weir_error *err) {
    const weir_line_group *g = &d->group;
    weir_status status = WEIR_OK;
    uint32_t side = 0;
    if (t->absent) {
        if (t->type->id != WEIR_BOOL) /* which begins as zeros */
            memset((uint8_t *)t->column->values + (size_t)d->made.rows * t->type->width, 0,
                   (size_t)g->n * t->type->width);
        for (uint32_t r = 0; r < g->n && status == WEIR_OK; r++)
            status = absent_value(d, t, r, g->fail >> r & 1, ctx, err);
        return status;
    }
    if (g->side && t->text && g->aside[t->source])
        WEIR_TRY(weir_column_add_block(t->column, g->side, &side, err));
    for (uint64_t left = run_kernel(d, t); left; left &= left - 1) {
        uint32_t r = (uint32_t)__builtin_ctzll(left);
        bool failed = g->fail >> r & 1;
        if (failed || g->start[(size_t)t->source * GROUP + r] == WEIR_LINE_NULL)
            WEIR_TRY(absent_value(d, t, r, failed, ctx, err));
        else
            WEIR_TRY(exact_value(d, t, r, side, ctx, err));
    }
out:
    return status;
}

static weir_status add_group(weir_decoder *d, weir_ctx *ctx, weir_error *err) {
    weir_line_group *g = &d->group;
    weir_status status = WEIR_OK;
    d->passed_over += (uint32_t)__builtin_popcountll(g->drop);
    leave_out_dropped(g);
    memcpy(d->made.row_begin + d->made.rows, g->begin, g->n * sizeof *g->begin);
    memcpy(d->made.row_end + d->made.rows, g->end, g->n * sizeof *g->end);
    for (uint64_t fail = g->fail; fail; fail &= fail - 1) {
        uint32_t r = (uint32_t)__builtin_ctzll(fail);
        WEIR_TRY(weir_csv_blame_need(&d->made.blame, err));
        WEIR_TRY(weir_failures_put(d->made.blame.failures, d->made.rows + r, STAGE, "", g->rule[r],
                                   g->reason[r], err));
    }
    for (uint32_t i = 0; i < d->made.schema->n_fields; i++)
        WEIR_TRY(convert_column(d, &d->made.targets[i], ctx, err));
    d->made.rows += g->n;
out:
    return status;
}

weir_status weir_lines_decoder_next(weir_decoder *d, weir_ctx *ctx, weir_batch **out,
                                    weir_error *err) {
    weir_status status = WEIR_OK;
    *out = NULL;
    if (!d->made.block) return WEIR_OK;
    if (d->records.at >= d->end) goto done;
    d->group.ledger = ctx->ledger;
    d->group.request = d->request;
    WEIR_TRY(weir_csv_batch_open(&d->made, batch_capacity(d), ctx, err));
    while (d->made.rows < d->made.capacity) {
        uint32_t room = d->made.capacity - d->made.rows;
        WEIR_TRY(group_fill(&d->group, d->lines, &d->records, room < GROUP ? room : GROUP,
                            d->flags & WEIR_CHUNK_TOO_LONG, d->names, err));
        if (d->group.n == 0) break;
        WEIR_TRY(add_group(d, ctx, err));
    }
    if (d->made.rows == 0 && d->passed_over == 0) goto done;
    d->lines_left = d->lines_left > d->made.rows ? d->lines_left - d->made.rows : 1;
    status = weir_csv_batch_close(&d->made, out, err);
    if (status == WEIR_OK) {
        (*out)->passed_over = d->passed_over;
        d->passed_over = 0;
    }
out:
    if (status != WEIR_OK) weir_csv_batch_drop(&d->made);
    return status;
done:
    weir_csv_batch_drop(&d->made);
    weir_block_release(d->made.block);
    d->made.block = NULL;
    return WEIR_OK;
}

/* ---- inference ----------------------------------------------------------------------------- */

static weir_status infer_value(const weir_line_group *g, const weir_line_column *own, uint32_t k,
                               uint32_t r, uint32_t column, weir_address at,
                               struct weir_inference *into, weir_error *err) {
    const size_t cell = (size_t)k * GROUP + r;
    if (g->start[cell] == WEIR_LINE_NULL) return weir_inference_null(into, column, err);
    weir_slice text = {(const char *)g->data + g->start[cell], g->stop[cell] - g->start[cell]};
    bool null = text.size == 0;
    for (size_t i = 0; own && i < own->nulls.n; i++)
        null = null || weir_slice_is(text, own->nulls.items[i]);
    if (null) return weir_inference_null(into, column, err);
    return weir_inference_text(into, column, text, at, err);
}

/* Evidence of a group's records, whose lines are counted on from *line at `counted`. */
static weir_status infer_group(const weir_chunk *chunk, weir_line_group *g, const uint32_t *columns,
                               uint64_t *line, uint32_t *counted, struct weir_inference *into,
                               weir_error *err) {
    const weir_line_layout *lines = chunk->layout->private_data;
    weir_address at[GROUP];
    weir_status status = WEIR_OK;
    for (uint32_t r = 0; r < g->n; r++) {
        *line += weir_line_count(g->data, *counted, g->begin[r]);
        *counted = g->begin[r];
        at[r] = (weir_address){chunk->split, *line, chunk->first_byte + (*counted - chunk->begin)};
    }
    uint64_t dropped = (uint64_t)__builtin_popcountll(g->drop),
             failed = (uint64_t)__builtin_popcountll(g->fail & ~g->drop);
    weir_inference_records(into, g->n - dropped, failed);
    if (lines->infer_named) return lines->infer_named(lines, g, at, into, err);
    for (uint32_t k = 0; k < lines->n_columns; k++) {
        if (columns[k] == UINT32_MAX) continue;
        for (uint32_t r = 0; r < g->n; r++)
            if (!((g->fail | g->drop) >> r & 1))
                WEIR_TRY(infer_value(g, lines->columns ? &lines->columns[k] : NULL, k, r,
                                     columns[k], at[r], into, err));
    }
out:
    return status;
}

weir_status weir_lines_infer(const weir_read_request *request, const weir_chunk *chunk,
                             struct weir_inference *into, weir_error *err) {
    const weir_line_layout *lines = chunk->layout->private_data;
    weir_line_group g = {0};
    weir_line_records records;
    weir_status status = WEIR_OK;
    uint64_t line = chunk->first_line;
    uint32_t counted = chunk->begin;
    uint32_t *columns = weir_alloc_zero(lines->n_columns + 1u, sizeof *columns);
    if (!columns) return weir_error_nomem(err);
    WEIR_TRY(group_init(&g, lines->n_columns, err));
    g.ledger = request->ledger;
    g.request = request;
    for (uint32_t k = 0; k < chunk->layout->n_names; k++) {
        const weir_opt_column *said = declared(request->columns, chunk->layout->names[k]);
        columns[k] = UINT32_MAX;
        if ((said && said->type) || (lines->columns && lines->columns[k].type)) continue;
        WEIR_TRY(
            weir_inference_column(into, weir_slice_of(chunk->layout->names[k]), &columns[k], err));
    }
    weir_line_records_begin(&records, &lines->rule, lines->eol, chunk);
    for (;;) {
        WEIR_TRY(
            group_fill(&g, lines, &records, GROUP, chunk->flags & WEIR_CHUNK_TOO_LONG, NULL, err));
        if (g.n == 0) break;
        WEIR_TRY(infer_group(chunk, &g, columns, &line, &counted, into, err));
    }
out:
    group_clear(&g);
    weir_free(columns);
    return status;
}
