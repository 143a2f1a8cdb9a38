/* The decoder: chunks -> batches, a column at a time over tiles of rows. */
#include "format/csv_value.h"

#include "text/utf8.h"

#define STAGE "read"

struct weir_decoder {
    const weir_read_request *request;
    weir_csv_batch made; /* schema, targets, and the batch in the making */
    weir_arena arena;    /* format programs, null words */
    weir_layout *layout; /* that `source` of the targets belongs to; retained */
    weir_csv_splitter splitter;
    weir_csv_cells cells;
    uint32_t end, flags, lines_left; /* of the chunk */
    uint64_t skipped_bytes;
};

/* ---- life ---------------------------------------------------------------------------------- */

/* The column of a name, looked for from *next on: mostly they come in order. */
static const weir_opt_column *find_column(const weir_opt_columns *columns, const char *name,
                                          size_t *next) {
    for (size_t i = 0, at = *next; columns && i < columns->n; i++, at++) {
        if (at >= columns->n) at = 0;
        if (strcmp(columns->items[at].name, name) != 0) continue;
        *next = at + 1;
        return &columns->items[at];
    }
    return NULL;
}

weir_status weir_csv_decoder_new(const weir_read_request *request, weir_schema *schema,
                                 weir_ctx *ctx, weir_decoder **out, weir_error *err) {
    weir_status status = WEIR_OK;
    size_t next = 0, next_found = 0;
    (void)ctx;
    weir_decoder *d = weir_alloc_zero(1, sizeof *d);
    if (!d) return weir_error_nomem(err);
    d->request = request;
    d->made.schema = weir_schema_retain(schema);
    d->made.targets =
        weir_alloc_zero(schema->n_fields ? schema->n_fields : 1, sizeof *d->made.targets);
    if (!d->made.targets) WEIR_TRY(weir_error_nomem(err));
    for (uint32_t i = 0; i < schema->n_fields; i++) {
        const weir_field *field = &schema->fields[i];
        const weir_opt_column column =
            weir_csv_column(find_column(request->columns, field->name, &next),
                            find_column(request->found, field->name, &next_found), request->config);
        d->made.targets[i].field = i;
        WEIR_TRY(weir_csv_target_init(&d->made.targets[i], field, &column, request->config,
                                      &d->arena, err));
    }
    *out = d;
    d = NULL;
out:
    weir_csv_decoder_free(d);
    return status;
}

void weir_csv_decoder_free(weir_decoder *d) {
    if (!d) return;
    weir_csv_batch_drop(&d->made);
    weir_csv_splitter_clear(&d->splitter);
    weir_block_release(d->made.block);
    weir_layout_release(d->layout);
    weir_schema_release(d->made.schema);
    weir_arena_clear(&d->arena);
    weir_free(d->made.targets);
    weir_free(d);
}

/* ---- chunks -------------------------------------------------------------------------------- */

/* Finds the physical column of each field; a file may lack some of its source's columns. */
static void bind_layout(weir_decoder *d, weir_layout *layout) {
    uint32_t next = 0;
    size_t declared = 0;
    for (uint32_t i = 0; i < d->made.schema->n_fields; i++) {
        weir_csv_target *t = &d->made.targets[i];
        const weir_opt_column *column = find_column(d->request->columns, t->name, &declared);
        const char *name = column && column->from ? column->from : t->name;
        uint32_t k = 0, at = next; /* mostly they stand in this order */
        for (; k < layout->n_names; k++, at++) {
            if (at >= layout->n_names) at = 0;
            if (strcmp(layout->names[at], name) == 0) break;
        }
        t->absent = k == layout->n_names;
        t->source = t->absent ? 0 : at;
        if (!t->absent) next = at + 1;
    }
    weir_layout_release(d->layout);
    d->layout = weir_layout_retain(layout);
}

weir_status weir_csv_decoder_begin(weir_decoder *d, const weir_chunk *chunk, weir_error *err) {
    weir_status status = WEIR_OK;
    weir_csv_batch_drop(&d->made);
    weir_block_release(d->made.block);
    d->made.block = NULL;
    if (chunk->layout != d->layout) bind_layout(d, chunk->layout);
    status = weir_csv_splitter_begin(&d->splitter, chunk, err);
    if (status != WEIR_OK) return status;
    d->made.block = weir_block_retain(chunk->block);
    d->made.split = chunk->split;
    d->made.begin = chunk->begin;
    d->end = chunk->end;
    d->flags = chunk->flags;
    uint32_t lines = chunk->n_lines;
    if (!lines) /* not counted, or one record without a line end */
        lines = (uint32_t)d->splitter.kernels->lines(d->made.block->data, d->made.begin, d->end);
    d->lines_left = lines + 1;
    d->made.sequence = chunk->sequence;
    d->made.first_byte = chunk->first_byte;
    d->made.first_line = chunk->first_line;
    d->skipped_bytes = chunk->skipped_bytes;
    d->made.batch_number = 0;
    bool valid =
        weir_utf8_valid((const char *)d->made.block->data + d->made.begin, d->end - d->made.begin);
    const weir_csv_dialect *dialect = d->splitter.dialect;
    for (uint32_t i = 0; i < d->made.schema->n_fields; i++) {
        d->made.targets[i].check_utf8 = !valid;
        d->made.targets[i].quote = dialect->has_quote ? dialect->quote : -1;
        /* Quoted null words need the exact path. */
        d->made.targets[i].may_peel = dialect->has_quote && !d->made.targets[i].null_quoted;
        d->made.targets[i].quoted_mostly = false;
    }
    return WEIR_OK;
}

/* ---- batches ------------------------------------------------------------------------------- */

/* Rows to make room for: what the rest of the chunk can hold, judged by lines and by bytes.  When
 * it turns out to be too few, another batch follows. */
static uint32_t batch_capacity(const weir_decoder *d) {
    size_t by_bytes = (d->end - d->splitter.row_start) / d->splitter.n_fields + 64;
    size_t rows = d->lines_left < by_bytes ? d->lines_left : by_bytes;
    return rows < WEIR_BATCH_MAX_ROWS ? (uint32_t)rows : WEIR_BATCH_MAX_ROWS;
}

/* ---- faults of whole records ---------------------------------------------------------------- */

/* Bytes of a record that are tried with other delimiters. */
#define TRIED_BYTES 65536u

/* The delimiter with which a record of another width has the right one, or is a record at all: 0 =
 * none.  *fields: how many it makes. */
static char other_delimiter(const weir_decoder *d, uint32_t had, uint32_t begin, uint32_t end,
                            uint32_t *fields) {
    static const char candidates[] = {',', ';', '\t', '|'};
    const weir_csv_dialect *own = d->splitter.dialect;
    if (end - begin > TRIED_BYTES) return 0;
    for (size_t i = 0; i < sizeof candidates; i++) {
        weir_csv_dialect other = *own;
        weir_csv_scan scan = {0};
        char c = candidates[i];
        bool taken = (uint8_t)c == own->delimiter || (own->has_quote && (uint8_t)c == own->quote) ||
                     ((own->has_quote || own->escapes_plain) && (uint8_t)c == own->escape);
        if (taken || !memchr(d->made.block->data + begin, c, end - begin)) continue;
        weir_csv_dialect_delimiter(&other, &c, 1);
        weir_csv_dialect_finish(&other);
        weir_csv_scan_run(&scan, &other, d->made.block->data, begin, end);
        if (!scan.done) weir_csv_scan_finish(&scan, end);
        *fields = scan.n_fields;
        bool fits = *fields == d->splitter.n_fields || (had == 1 && *fields > 2);
        if (!scan.flaws && fits) return c;
    }
    return 0;
}

static weir_status wrong_width(weir_decoder *d, const weir_csv_fault *f, uint32_t row,
                               uint32_t begin, uint32_t end, weir_error *err) {
    weir_failures *to = d->made.blame.failures;
    uint32_t expected = d->splitter.n_fields, fields = 0;
    const char *plural = f->fields == 1 ? "" : "s";
    char c = other_delimiter(d, f->fields, begin, end, &fields);
    if (!c)
        return weir_failures_add(to, row, STAGE, "", "fields", err, "has %u field%s, expected %u",
                                 f->fields, plural, expected);
    char shown[] = {'"', c, '"', 0};
    return weir_failures_add(to, row, STAGE, "", "fields", err,
                             "has %u field%s, expected %u; with delimiter %s it has %u", f->fields,
                             plural, expected, c == '\t' ? "tab" : shown, fields);
}

static weir_status add_fault(weir_decoder *d, const weir_csv_fault *f, uint32_t row, uint32_t begin,
                             uint32_t end, weir_error *err) {
    weir_failures *to = d->made.blame.failures;
    if (f->too_long)
        return weir_failures_add(
            to, row, STAGE, "", "length", err,
            "has %llu bytes, more than max_record allows; its first %u are kept",
            (unsigned long long)(d->skipped_bytes + (d->end - d->made.begin)),
            d->end - d->made.begin);
    if (f->flaws & WEIR_CSV_UNCLOSED) {
        uint64_t line = d->made.first_line +
                        d->splitter.kernels->lines(d->made.block->data, d->made.begin, begin);
        return weir_failures_add(to, row, STAGE, "", "quote", err,
                                 "the quote opened on line %llu is not closed (field %u)",
                                 (unsigned long long)line, f->fields);
    }
    if (f->flaws & WEIR_CSV_STRAY)
        return weir_failures_add(to, row, STAGE, "", "quote", err,
                                 "a quote stands inside an unquoted field (field %u)", f->fields);
    if (f->flaws & WEIR_CSV_BEHIND)
        return weir_failures_add(to, row, STAGE, "", "quote", err,
                                 "text stands behind a closing quote (field %u)", f->fields);
    if (f->flaws)
        return weir_failures_add(to, row, STAGE, "", "newline", err,
                                 "a carriage return stands outside quotes (field %u)", f->fields);
    return wrong_width(d, f, row, begin, end, err);
}

static weir_status add_faults(weir_decoder *d, const weir_csv_tile *tile, weir_error *err) {
    if (!d->splitter.n_faults) return WEIR_OK;
    weir_status status = weir_csv_blame_need(&d->made.blame, err);
    for (size_t i = 0; status == WEIR_OK && i < d->splitter.n_faults; i++) {
        const weir_csv_fault *f = &d->splitter.faults[i];
        status = add_fault(d, f, d->made.rows + f->row, tile->row_begin[f->row],
                           tile->row_end[f->row], err);
    }
    return status;
}

/* ---- columns ------------------------------------------------------------------------------- */

static inline uint64_t low_bits(uint32_t n) {
    return n >= 64 ? ~0ull : (1ull << n) - 1;
}

/* The fields of column t in rows first..first+n of the tile; the mask of the empty ones. */
static uint64_t gather(weir_csv_cells *cells, const weir_csv_target *t, const weir_csv_tile *tile,
                       uint32_t first, uint32_t n) {
    const size_t stride = tile->n_fields, c = t->source;
    const uint32_t *pos = tile->pos + (size_t)first * stride + c;
    uint64_t empty = 0;
    cells->n = n;
    if (c == 0) {
        memcpy(cells->start, tile->row_begin + first, n * sizeof *cells->start);
    } else {
        const uint32_t *before = pos - 1; /* c is not 0 */
        const uint32_t step = tile->step;
        for (uint32_t i = 0; i < n; i++) cells->start[i] = before[i * stride] + step;
    }
    if (c == stride - 1) {
        memcpy(cells->end, tile->last_end + first, n * sizeof *cells->end);
    } else {
        for (uint32_t i = 0; i < n; i++) cells->end[i] = pos[i * stride];
    }
    if (tile->ragged)
        for (uint32_t i = 0; i < n; i++)
            if (cells->start[i] > tile->last_end[first + i])
                cells->start[i] = cells->end[i] = tile->last_end[first + i];
    for (uint32_t i = 0; i < n; i++) empty |= (uint64_t)(cells->start[i] == cells->end[i]) << i;
    return empty;
}

/* Bad rows have no fields: their offsets mean nothing. */
static void clear_bad(weir_csv_cells *cells, const weir_csv_tile *tile, uint32_t first,
                      uint64_t bad) {
    for (; bad; bad &= bad - 1) {
        uint32_t i = (uint32_t)__builtin_ctzll(bad);
        cells->start[i] = cells->end[i] = tile->row_begin[first + i];
    }
}

static uint64_t word_nulls(const weir_csv_target *t, const weir_csv_cells *cells) {
    uint64_t nulls = 0;
    for (uint32_t i = 0; i < cells->n; i++) {
        weir_slice s = {(const char *)cells->data + cells->start[i],
                        cells->end[i] - cells->start[i]};
        nulls |= (uint64_t)weir_csv_is_null_word(t, s) << i;
    }
    return nulls;
}

/* Takes the quotes off the cells that have them and hold no escape; their mask.  For columns in
 * which most fields are quoted: the kernels take none. */
static uint64_t peel_quotes(weir_csv_cells *cells, const weir_csv_dialect *d) {
    uint64_t peeled = 0;
    for (uint32_t i = 0; i < cells->n; i++) {
        const uint8_t *p = cells->data + cells->start[i];
        uint32_t n = cells->end[i] - cells->start[i];
        if (n < 2 || p[0] != d->quote || memchr(p + 1, d->escape, n - 2)) continue;
        if (!d->doubled && memchr(p + 1, d->quote, n - 2)) continue;
        cells->start[i]++;
        cells->end[i]--;
        peeled |= 1ull << i;
    }
    return peeled;
}

/* Cells with an escape, where the dialect has these outside quotes. */
static uint64_t escaped_cells(const weir_csv_cells *cells, const weir_csv_dialect *d) {
    uint64_t escaped = 0;
    for (uint32_t i = 0; i < cells->n; i++) {
        const uint8_t *p = cells->data + cells->start[i];
        uint32_t n = cells->end[i] - cells->start[i];
        escaped |= (uint64_t)(n && memchr(p, d->escape, n)) << i;
    }
    return escaped;
}

/* Cells that are \\N, where the dialect has this null. */
static uint64_t escaped_nulls(const weir_csv_cells *cells, const weir_csv_dialect *d) {
    uint64_t nulls = 0;
    for (uint32_t i = 0; i < cells->n; i++) {
        weir_slice s = {(const char *)cells->data + cells->start[i],
                        cells->end[i] - cells->start[i]};
        nulls |= (uint64_t)weir_csv_is_plain_null(d, s) << i;
    }
    return nulls;
}

/* The kernel over the group: the cells that are left over.  nulls: those that are settled; quoted
 * nulls are added. */
static uint64_t run_kernel(weir_decoder *d, weir_csv_target *t, void *out, uint64_t *nulls) {
    weir_csv_cells *cells = &d->cells;
    const uint64_t all = low_bits(cells->n);
    if (t->check_utf8 && t->text) return all;
    uint64_t peeled = 0;
    if (t->quoted_mostly) {
        peeled = peel_quotes(cells, d->splitter.dialect);
        if (!t->text)
            for (uint64_t rest = peeled; rest; rest &= rest - 1) {
                uint32_t i = (uint32_t)__builtin_ctzll(rest);
                if (cells->start[i] == cells->end[i]) *nulls |= 1ull << i;
            }
    }
    uint64_t left = t->kernel(t, cells, out);
    if (t->fallback && (uint32_t)__builtin_popcountll(left & ~*nulls) * 4 > cells->n)
        left = t->fallback(t, cells, out);
    uint32_t n_left = (uint32_t)__builtin_popcountll(left & ~*nulls);
    t->quoted_mostly = t->may_peel && (n_left * 4 > cells->n ||
                                       (uint32_t)__builtin_popcountll(peeled) * 4 > cells->n);
    /* What the kernel left is seen again as it was written. */
    for (uint64_t rest = peeled & left; rest; rest &= rest - 1) {
        uint32_t i = (uint32_t)__builtin_ctzll(rest);
        cells->start[i]--;
        cells->end[i]++;
    }
    return left;
}

/* Nulls and poison of rows row..row+n; row is not cut by a word of the bitmaps. */
static weir_status set_nulls(weir_csv_target *t, uint32_t row, uint64_t nulls, uint64_t poison,
                             weir_ledger *ledger, weir_error *err) {
    weir_status status = WEIR_OK;
    if (nulls | poison) {
        WEIR_TRY(weir_column_need_validity(t->column, ledger, err));
        t->column->validity[row >> 6] &= ~((nulls | poison) << (row & 63));
    }
    if (poison) {
        WEIR_TRY(weir_column_need_poison(t->column, ledger, err));
        t->column->poison[row >> 6] |= poison << (row & 63);
    }
out:
    return status;
}

/* The fields that the kernel left over, one by one. */
static weir_status exact_values(weir_decoder *d, weir_csv_target *t, weir_ctx *ctx, uint8_t *out,
                                uint32_t row, uint64_t left, uint64_t *nulls, uint64_t *poison,
                                weir_error *err) {
    const bool boolean = t->type->id == WEIR_BOOL;
    weir_status status = WEIR_OK;
    for (; left; left &= left - 1) {
        uint32_t i = (uint32_t)__builtin_ctzll(left);
        weir_csv_outcome outcome;
        uint8_t bit = 0;
        void *place = boolean ? &bit : out + (size_t)i * t->type->width;
        WEIR_TRY(weir_csv_value(t, d->splitter.dialect, d->cells.data, d->cells.start[i],
                                d->cells.end[i], row + i, &d->made.blame, ctx, place, &outcome,
                                err));
        if (outcome == WEIR_CSV_NULL) *nulls |= 1ull << i;
        if (outcome == WEIR_CSV_FAILED) *poison |= 1ull << i;
        if (boolean && bit) weir_bit_set(t->column->values, row + i);
    }
out:
    return status;
}

static weir_status refuse_nulls(weir_decoder *d, weir_csv_target *t, uint32_t row, uint64_t nulls,
                                uint64_t *poison, weir_error *err) {
    weir_status status = nulls ? weir_csv_blame_need(&d->made.blame, err) : WEIR_OK;
    for (uint64_t rest = nulls; status == WEIR_OK && rest; rest &= rest - 1)
        status = weir_failures_put(d->made.blame.failures, row + (uint32_t)__builtin_ctzll(rest),
                                   STAGE, t->name, "not_null", "is null", err);
    *poison |= nulls;
    return status;
}

/* The rows first..first+n of the tile that are no records of the dialect. */
static uint64_t bad_rows(const weir_decoder *d, const weir_csv_tile *tile, uint32_t first,
                         uint32_t n) {
    if (!tile->bad) return 0;
    uint64_t bad = tile->bad[first >> 6] >> (first & 63);
    if (first & 63 && (first >> 6) + 1 < d->splitter.rows_room / 64)
        bad |= tile->bad[(first >> 6) + 1] << (64 - (first & 63));
    return bad & low_bits(n);
}

/* The same of a column that the file does not have. */
static weir_status absent_group(weir_decoder *d, weir_csv_target *t, weir_ctx *ctx,
                                const weir_csv_tile *tile, uint32_t first, uint32_t n,
                                weir_error *err) {
    const uint64_t bad = bad_rows(d, tile, first, n), nulls = low_bits(n) & ~bad;
    const uint32_t row = d->made.rows + first;
    weir_status status = WEIR_OK;
    uint64_t poison = 0;
    if (t->type->id != WEIR_BOOL) /* which begins as zeros */
        memset((uint8_t *)t->column->values + (size_t)row * t->type->width, 0,
               (size_t)n * t->type->width);
    if (t->not_null) status = refuse_nulls(d, t, row, nulls, &poison, err);
    if (status == WEIR_OK) status = set_nulls(t, row, nulls, poison | bad, ctx->ledger, err);
    return status;
}

/* Rows first..first+n of the tile, at most 64, all in one word of the bitmaps. */
static weir_status column_group(weir_decoder *d, weir_csv_target *t, weir_ctx *ctx,
                                const weir_csv_tile *tile, uint32_t first, uint32_t n,
                                weir_error *err) {
    weir_status status = WEIR_OK;
    uint32_t row = d->made.rows + first;
    uint64_t bad, empty, nulls, poison = 0, left;
    const bool boolean = t->type->id == WEIR_BOOL;
    const weir_csv_dialect *dialect = d->splitter.dialect;
    uint64_t bits = 0;
    uint8_t *out = (uint8_t *)t->column->values + (size_t)row * t->type->width;
    empty = gather(&d->cells, t, tile, first, n);
    bad = bad_rows(d, tile, first, n);
    if (bad) {
        clear_bad(&d->cells, tile, first, bad);
        empty &= ~bad;
    }
    nulls = t->empty_is_null ? empty : 0;
    if (t->nulls.n) nulls |= word_nulls(t, &d->cells);
    if (dialect->escaped_null) nulls |= escaped_nulls(&d->cells, dialect);
    left = run_kernel(d, t, boolean ? (void *)&bits : out, &nulls);
    if (dialect->escapes_plain) left |= escaped_cells(&d->cells, dialect);
    left &= ~(nulls | bad);
    if (boolean) ((uint64_t *)t->column->values)[row >> 6] |= (bits & ~nulls) << (row & 63);
    if (left) WEIR_TRY(exact_values(d, t, ctx, out, row, left, &nulls, &poison, err));
    if (t->not_null && (nulls & ~bad))
        WEIR_TRY(refuse_nulls(d, t, row, nulls & ~bad, &poison, err));
    status = set_nulls(t, row, nulls, poison | bad, ctx->ledger, err);
out:
    return status;
}

static weir_status column_tile(weir_decoder *d, weir_csv_target *t, weir_ctx *ctx,
                               const weir_csv_tile *tile, weir_error *err) {
    weir_status status = WEIR_OK;
    for (uint32_t first = 0; first < tile->n_rows && status == WEIR_OK;) {
        uint32_t n = 64 - ((d->made.rows + first) & 63);
        if (n > tile->n_rows - first) n = tile->n_rows - first;
        status = t->absent ? absent_group(d, t, ctx, tile, first, n, err)
                           : column_group(d, t, ctx, tile, first, n, err);
        first += n;
    }
    return status;
}

static weir_status add_tile(weir_decoder *d, weir_ctx *ctx, const weir_csv_tile *tile,
                            weir_error *err) {
    weir_status status = WEIR_OK;
    memcpy(d->made.row_begin + d->made.rows, tile->row_begin,
           tile->n_rows * sizeof *d->made.row_begin);
    memcpy(d->made.row_end + d->made.rows, tile->row_end, tile->n_rows * sizeof *d->made.row_end);
    WEIR_TRY(add_faults(d, tile, err));
    for (uint32_t i = 0; i < d->made.schema->n_fields; i++)
        WEIR_TRY(column_tile(d, &d->made.targets[i], ctx, tile, err));
    d->made.rows += tile->n_rows;
out:
    return status;
}

weir_status weir_csv_decoder_next(weir_decoder *d, weir_ctx *ctx, weir_batch **out,
                                  weir_error *err) {
    weir_status status = WEIR_OK;
    *out = NULL;
    if (!d->made.block) return WEIR_OK;
    if (d->splitter.row_start >= d->end) goto done;
    WEIR_TRY(weir_csv_batch_open(&d->made, batch_capacity(d), ctx, err));
    d->cells.data = d->made.block->data;
    for (;;) {
        weir_csv_tile tile;
        if (d->made.rows == d->made.capacity) break;
        WEIR_TRY(weir_csv_splitter_next(&d->splitter, d->made.capacity - d->made.rows, &tile, err));
        if (tile.n_rows == 0) break;
        WEIR_TRY(add_tile(d, ctx, &tile, err));
    }
    if (d->made.rows == 0) goto done;
    d->lines_left = d->lines_left > d->made.rows ? d->lines_left - d->made.rows : 1;
    status = weir_csv_batch_close(&d->made, out, err);
out:
    if (status != WEIR_OK) weir_csv_batch_drop(&d->made);
    return status;
done:
    weir_csv_batch_drop(&d->made);
    weir_block_release(d->made.block);
    d->made.block = NULL;
    return WEIR_OK;
}
