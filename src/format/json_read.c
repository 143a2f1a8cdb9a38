/* The decoder: chunks -> batches. */
#include "format/json_decode.h"
#include "text/hash.h"
#include "text/json_scan.h"
#include "text/utf8.h"

/* Memory of the columns of one batch, beyond which a batch has fewer rows. */
#define BATCH_BYTES ((size_t)16 << 20)
#define BATCH_MIN_ROWS 256u

/* ---- names --------------------------------------------------------------------------------- */

uint32_t weir_json_find_target(const weir_decoder *d, const char *name, size_t size) {
    uint32_t at = (uint32_t)weir_hash_bytes(name, size, 0) & d->index_mask;
    for (; d->index[at]; at = (at + 1) & d->index_mask) {
        const weir_json_target *t = &d->targets[d->index[at] - 1];
        if (t->key_size == size && memcmp(t->key, name, size) == 0) return d->index[at];
    }
    return 0;
}

static weir_status index_targets(weir_decoder *d, size_t max_groups, weir_error *err) {
    size_t slots = 16;
    while (slots < (d->n_targets + max_groups) * 2) slots *= 2;
    d->index = weir_alloc_zero(slots, sizeof *d->index);
    if (!d->index) return weir_error_nomem(err);
    d->index_mask = (uint32_t)slots - 1;
    for (uint32_t i = 0; i < d->n_targets; i++) {
        weir_json_target *t = &d->targets[i];
        uint32_t first = weir_json_find_target(d, t->key, t->key_size);
        if (first) { /* several columns from one name: a chain */
            t->next = d->targets[first - 1].next;
            d->targets[first - 1].next = i + 1;
            continue;
        }
        uint32_t at = (uint32_t)weir_hash_bytes(t->key, t->key_size, 0) & d->index_mask;
        while (d->index[at]) at = (at + 1) & d->index_mask;
        d->index[at] = i + 1;
    }
    return WEIR_OK;
}

const char *weir_json_line_end(weir_decoder *d, const char *p, const char *end) {
    if (!d->lines) return end;
    if (!d->line_end) {
        const char *nl = p < end ? memchr(p, d->cr ? '\r' : '\n', (size_t)(end - p)) : NULL;
        d->line_end = nl ? nl : end;
    }
    return d->line_end;
}

static const weir_opt_column *find_column(const weir_opt_columns *columns, const char *name) {
    for (size_t i = 0; columns && i < columns->n; i++)
        if (strcmp(columns->items[i].name, name) == 0) return &columns->items[i];
    return NULL;
}

const char *weir_json_key_of(const weir_schema *schema, const weir_opt_columns *columns,
                             uint32_t field) {
    const weir_opt_column *c = find_column(columns, schema->fields[field].name);
    return c && c->from ? c->from : schema->fields[field].name;
}

/* What is said of a column, and behind it what was found (of formats whose texts are looked at). */
static const weir_opt_column *column_of(const weir_read_request *request, const char *name,
                                        weir_opt_column *out) {
    const weir_opt_column *said = find_column(request->columns, name);
    const weir_opt_column *found = find_column(request->found, name);
    if (!found || (said && said->type)) return said;
    *out = said ? *said : (weir_opt_column){.name = found->name};
    if (!out->format) out->format = found->format;
    if (!out->nulls.n) out->nulls = found->nulls;
    return out;
}

/* ---- life ---------------------------------------------------------------------------------- */

weir_status weir_json_decoder_new(const weir_read_request *request, weir_schema *schema,
                                  weir_ctx *ctx, weir_decoder **out, weir_error *err) {
    const weir_json_read_config *config = request->config;
    weir_status status = WEIR_OK;
    (void)ctx;
    weir_decoder *d = weir_alloc_zero(1, sizeof *d);
    if (!d) return weir_error_nomem(err);
    d->request = request;
    d->schema = weir_schema_retain(schema);
    d->n_targets = schema->n_fields;
    d->repeated_last = config->repeated == WEIR_JSON_REPEATED_LAST;
    d->single_lists = config->texts;
    d->repeated_first = config->repeated == WEIR_JSON_REPEATED_FIRST;
    /* what a sample has not seen may not be lost */
    d->reject_members =
        request->extra == WEIR_EXTRA_REJECT || (config->nested == WEIR_JSON_NESTED_STRUCT &&
                                                request->extra == WEIR_EXTRA_KEEP && request->all);
    d->extra_is_known = request->extra == WEIR_EXTRA_REJECT;
    d->reject_extra = d->extra_is_known || (request->extra == WEIR_EXTRA_KEEP && request->all);
    d->max_depth = config->max_depth > 0 ? (uint32_t)config->max_depth : WEIR_JSON_DEPTH_DEFAULT;
    d->text.max = d->key_text.max = request->max_record_bytes + 64;
    size_t max_groups = 0;
    if (config->nested == WEIR_JSON_NESTED_FLATTEN) {
        d->separator = weir_slice_of(config->separator ? config->separator : ".");
        max_groups = weir_json_count_groups(schema, request->columns, d->separator);
    }
    d->path.max = request->max_record_bytes + 4096;
    d->targets = weir_alloc_zero(d->n_targets + max_groups + 1, sizeof *d->targets);
    d->names = weir_alloc_zero(WEIR_JSON_NAMES_MAX, sizeof *d->names);
    if (!d->targets || !d->names) WEIR_TRY(weir_error_nomem(err));
    for (uint32_t i = 0; i < d->n_targets; i++) {
        const weir_field *f = &schema->fields[i];
        weir_opt_column found;
        const weir_opt_column *column = column_of(request, f->name, &found);
        WEIR_TRY(weir_json_target_init(&d->targets[i], f, column, &d->arena, err));
    }
    WEIR_TRY(index_targets(d, max_groups, err));
    if (max_groups) weir_json_add_groups(d);
    *out = d;
    d = NULL;
out:
    weir_json_decoder_free(d);
    return status;
}

static void drop_batch(weir_decoder *d) {
    for (uint32_t i = 0; d->targets && i < d->n_targets; i++) {
        weir_json_target *t = &d->targets[i];
        weir_view_writer_clear(&t->writer);
        weir_column_release(t->column);
        t->column = NULL;
        t->values = NULL;
        t->raw = NULL;
    }
    weir_block_release(d->rows_block);
    d->rows_block = NULL;
    weir_failures_free(d->failures);
    d->failures = NULL;
    d->rows = 0;
}

void weir_json_decoder_free(weir_decoder *d) {
    if (!d) return;
    if (d->repeats && d->request->repeats) atomic_fetch_add(d->request->repeats, d->repeats);
    drop_batch(d);
    weir_block_release(d->block);
    weir_block_release(d->table);
    weir_schema_release(d->schema);
    weir_arena_clear(&d->arena);
    weir_buf_clear(&d->text);
    weir_buf_clear(&d->key_text);
    weir_buf_clear(&d->path);
    weir_free(d->targets);
    weir_free(d->hashes);
    weir_free(d->names);
    weir_free(d->index);
    weir_free(d);
}

weir_status weir_json_decoder_begin(weir_decoder *d, const weir_chunk *chunk, weir_error *err) {
    (void)err;
    drop_batch(d);
    weir_block_release(d->block);
    weir_block_release(d->table);
    d->block = weir_block_retain(chunk->block);
    d->table = weir_block_retain(chunk->index);
    d->block_data = (const char *)chunk->block->data;
    weir_json_records_begin(&d->records, chunk);
    d->lines = !d->records.values;
    d->cr = (chunk->flags & WEIR_JSON_CHUNK_CR) != 0;
    d->split = chunk->split;
    d->begin = chunk->begin;
    d->end = chunk->end;
    d->flags = chunk->flags;
    d->n_lines = chunk->n_lines;
    d->sequence = chunk->sequence;
    d->first_byte = chunk->first_byte;
    d->first_line = chunk->first_line;
    d->skipped_bytes = chunk->skipped_bytes;
    d->batch_number = 0;
    d->check_utf8 = !weir_utf8_valid(d->block_data + d->begin, d->end - d->begin);
    return WEIR_OK;
}

/* ---- batches ------------------------------------------------------------------------------- */

/* Rows to make room for: at most what the rest of the chunk can hold. */
static uint32_t batch_capacity(const weir_decoder *d) {
    size_t row_bytes = 8, left = d->end - d->records.at, rows = 0;
    for (uint32_t i = 0; i < d->n_targets; i++) row_bytes += d->targets[i].width + 1u;
    if (d->lines) {
        rows = (size_t)d->n_lines + 1;
    } else if (!d->records
                    .index) { /* count the values: they are short of nothing but a second look */
        weir_json_records r = d->records;
        size_t begin, stop;
        for (rows = 0; rows < WEIR_BATCH_MAX_ROWS && weir_json_records_next(&r, &begin, &stop);)
            rows++;
    }
    if (d->records.index)
        rows = d->records.n - d->records.next;
    else if (rows > left / 2 + 1)
        rows = left / 2 + 1; /* a byte and a separator */
    size_t affordable = BATCH_BYTES / row_bytes;
    if (affordable < BATCH_MIN_ROWS) affordable = BATCH_MIN_ROWS;
    if (rows > affordable) rows = affordable;
    if (rows > WEIR_BATCH_MAX_ROWS) rows = WEIR_BATCH_MAX_ROWS;
    return rows ? (uint32_t)rows : 1;
}

static weir_status open_target(weir_decoder *d, weir_json_target *t, weir_error *err) {
    weir_status status = WEIR_OK;
    t->stamp = 0;
    if (t->nested) { /* only the bitmaps of this column are used: see json_nested.c */
        t->raw = weir_arena_zero(d->ctx->scratch, (size_t)d->capacity * 2, sizeof *t->raw);
        if (!t->raw) return weir_error_nomem(err);
        return weir_column_new(weir_type_of(WEIR_NULL), d->capacity, d->ctx->ledger, &t->column,
                               err);
    }
    WEIR_TRY(weir_column_new(t->type, d->capacity, d->ctx->ledger, &t->column, err));
    t->values = t->column->values;
    if (weir_type_is_view(t->type)) {
        WEIR_TRY(weir_column_add_block(t->column, d->block, &t->block, err));
        t->writer = (weir_view_writer){.column = t->column, .ledger = d->ctx->ledger};
    }
out:
    return status;
}

static weir_status open_batch(weir_decoder *d, weir_error *err) {
    weir_status status = WEIR_OK;
    d->rows = 0;
    d->capacity = batch_capacity(d);
    size_t bytes = (size_t)d->capacity * sizeof(uint32_t);
    WEIR_TRY(weir_block_new(d->ctx->ledger, bytes * 2, &d->rows_block, err));
    d->rows_block->size = bytes * 2;
    d->row_begin = (uint32_t *)(void *)d->rows_block->data;
    d->row_end = d->row_begin + d->capacity;
    for (uint32_t i = 0; i < d->n_targets; i++) WEIR_TRY(open_target(d, &d->targets[i], err));
    for (uint32_t i = 0; i < d->n_groups; i++) d->targets[d->n_targets + i].stamp = 0;
out:
    return status;
}

static weir_status close_batch(weir_decoder *d, weir_batch **out, weir_error *err) {
    weir_batch *b = NULL;
    weir_status status = WEIR_OK;
    for (uint32_t i = 0; i < d->n_targets; i++)
        if (d->targets[i].nested) WEIR_TRY(weir_json_build_nested(d, &d->targets[i], err));
    WEIR_TRY(weir_batch_new(d->schema, d->rows, &b, err));
    for (uint32_t i = 0; i < d->n_targets; i++) {
        weir_json_target *t = &d->targets[i];
        weir_view_writer_clear(&t->writer);
        t->column->length = d->rows;
        b->columns[i] = t->column;
        t->column = NULL;
    }
    if (d->failures) d->failures->rows = d->rows;
    b->failures = d->failures;
    b->origin = (weir_origin){.split = d->split,
                              .sequence = d->sequence << 20 | d->batch_number++,
                              .raw_byte = d->first_byte,
                              .raw_line = d->first_line,
                              .raw_begin = d->begin,
                              .raw = weir_block_retain(d->block),
                              .row_begin = d->row_begin,
                              .row_end = d->row_end,
                              .rows_block = d->rows_block};
    d->failures = NULL;
    d->rows_block = NULL;
    *out = b;
out:
    return status;
}

/* ---- rows ---------------------------------------------------------------------------------- */

/* The record as a whole has failed: all its fields are void. */
static bool void_row(weir_decoder *d, uint32_t row) {
    for (uint32_t i = 0; i < d->n_targets; i++)
        if (!weir_json_set_null(d, &d->targets[i], row, true)) return false;
    return true;
}

/* Adds the failure of the record that stands at begin.  One that is malformed further on is that in
 * the first place, whatever its names are. */
static bool fail_record(weir_decoder *d, uint32_t row, const char *begin) {
    weir_failures *f = weir_json_failures(d);
    if (!f) return false;
    const char *at, *why, *end = d->block_data + d->row_end[row];
    if (!d->fault_why && !weir_json_skip(begin, end, d->max_depth, &at, &why)) {
        d->fault_at = at;
        d->fault_why = why;
    }
    if (d->fault_why) {
        d->status = weir_failures_add(f, row, WEIR_JSON_STAGE, "", "json", d->err,
                                      "malformed JSON at byte %zu of the record: %s",
                                      (size_t)(d->fault_at - begin) + 1, d->fault_why);
    } else { /* a name that no column has */
        bool escaped;
        const char *name = d->fault_at + 1;
        const char *stop = weir_json_string_end(name, d->block_data + d->end, &escaped);
        weir_slice s = {name, stop ? (size_t)(stop - name) : 0};
        d->status =
            weir_failures_add(f, row, WEIR_JSON_STAGE, "", "extra_columns", d->err,
                              "has the field \"%.*s\", which no column takes%s", weir_clip(s),
                              s.data, d->extra_is_known ? "" : " and the sample had not");
    }
    return d->status == WEIR_OK && void_row(d, row);
}

static bool fail_length(weir_decoder *d, uint32_t row) {
    weir_failures *f = weir_json_failures(d);
    if (!f) return false;
    char path[160];
    const char *begin = d->block_data + d->row_begin[row], *end = d->block_data + d->row_end[row];
    bool inside = weir_json_suggest_path(begin, end, path, sizeof path);
    d->status = weir_failures_add(
        f, row, WEIR_JSON_STAGE, "", "length", d->err,
        "has more than %llu bytes, which max_record does not allow; its first %u are kept%s%s%s",
        (unsigned long long)d->request->max_record_bytes, d->end - d->begin,
        inside ? "; with record_path: " : "", inside ? path : "",
        inside ? " what stands in that array is read as records" : "");
    return d->status == WEIR_OK && void_row(d, row);
}

/* Reads the record at begin.  Returns the end of what was read, or NULL when it is malformed or a
 * call failed. */
static const char *read_record(weir_decoder *d, const char *begin, const char *end, uint32_t row) {
    if (d->check_utf8) {
        const char *stop = weir_json_line_end(d, begin, end);
        size_t size = (size_t)(stop - begin), good = weir_utf8_valid_prefix(begin, size);
        if (good < size) {
            d->fault_at = begin + good;
            d->fault_why = "the text is not UTF-8";
            return NULL;
        }
    }
    return *begin == '{' ? weir_json_record_read(d, begin, end, row)
                         : weir_json_record_value(d, begin, end, row);
}

/* The next record of a chunk of lines.  false: there are none left, or d->status. */
static bool next_line(weir_decoder *d, uint32_t row) {
    const char *p = d->block_data + d->records.at, *end = d->block_data + d->end;
    while (p < end && (weir_json_is_blank(*p) || *p == '\n' || *p == WEIR_JSON_RS)) p++;
    d->records.at = (size_t)(p - d->block_data);
    if (p == end) return false;
    const char *begin = p;
    d->line_end = NULL;
    d->fault_why = "";
    p = read_record(d, begin, end, row);
    if (__builtin_expect(p && (p == end || *p == '\n'), 1)) {
        d->row_begin[row] = (uint32_t)(begin - d->block_data);
        d->row_end[row] = (uint32_t)(p - d->block_data);
        d->records.at = (size_t)(p - d->block_data) + (p < end);
        return d->filled == d->n_targets || weir_json_record_finish(d, row);
    }
    if (d->status != WEIR_OK) return false;
    const char *after = p;
    while (after && after < end && weir_json_is_blank(*after)) after++;
    /* A lone CR ends a line, too, where another object follows it. */
    bool ends = after &&
                (after == end || *after == '\n' || ((*after == '{' || d->cr) && after[-1] == '\r'));
    if (after && !ends) {
        d->fault_at = after;
        d->fault_why = "something follows the value";
    }
    const char *stop = ends ? p : weir_json_line_end(d, begin, end);
    d->records.at = (size_t)((ends ? after : stop) - d->block_data);
    while (stop > begin && weir_json_is_blank(stop[-1])) stop--;
    d->row_begin[row] = (uint32_t)(begin - d->block_data);
    d->row_end[row] = (uint32_t)(stop - d->block_data);
    if (!ends) return fail_record(d, row, begin);
    return d->filled == d->n_targets || weir_json_record_finish(d, row);
}

/* The next record of a chunk of values, or the beginning of one that is too long. */
static bool next_value(weir_decoder *d, uint32_t row) {
    size_t from, to;
    if (!weir_json_records_next(&d->records, &from, &to)) return false;
    const char *begin = d->block_data + from, *end = d->block_data + to;
    d->row_begin[row] = (uint32_t)from;
    d->row_end[row] = (uint32_t)to;
    d->line_end = NULL;
    if (d->flags & WEIR_CHUNK_TOO_LONG) return fail_length(d, row);
    if (d->flags & WEIR_JSON_CHUNK_BROKEN) {
        d->fault_at = begin;
        d->fault_why = "it is the rest of a line that is malformed around its records";
        return fail_record(d, row, begin);
    }
    const char *p = read_record(d, begin, end, row);
    if (d->status != WEIR_OK) return false;
    if (p && p < end) {
        d->fault_at = p;
        d->fault_why = "something follows the value";
        p = NULL;
    }
    if (!p) return fail_record(d, row, begin);
    return d->filled == d->n_targets || weir_json_record_finish(d, row);
}

weir_status weir_json_decoder_next(weir_decoder *d, weir_ctx *ctx, weir_batch **out,
                                   weir_error *err) {
    weir_status status = WEIR_OK;
    bool lines = d->lines && !(d->flags & WEIR_CHUNK_TOO_LONG);
    *out = NULL;
    if (!d->block) return WEIR_OK;
    d->ctx = ctx;
    d->err = err;
    d->status = WEIR_OK;
    if (d->records.at >= d->end) goto done;
    WEIR_TRY(open_batch(d, err));
    if (lines) {
        while (d->rows < d->capacity && next_line(d, d->rows)) d->rows++;
    } else {
        while (d->rows < d->capacity && next_value(d, d->rows)) d->rows++;
    }
    WEIR_TRY(d->status);
    if (d->rows == 0) goto done;
    WEIR_TRY(close_batch(d, out, err));
    drop_batch(d);
    return WEIR_OK;
out:
    drop_batch(d);
    return status;
done:
    drop_batch(d);
    weir_block_release(d->block);
    d->block = NULL;
    return WEIR_OK;
}
