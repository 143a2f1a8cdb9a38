/* What the csv tests share: configs from option texts, reading a text into batches. */
#ifndef TESTS_CSV_HELPERS_H
#define TESTS_CSV_HELPERS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "format/csv.h"

static inline weir_opt_char one_char(char c) {
    weir_opt_char r = {.set = true, .size = c != 0, .bytes = {c}};
    return r;
}

static inline weir_csv_read_config read_defaults(void) {
    weir_csv_read_config c = {.delimiter = one_char(','), .quote = one_char('"'), .header = 1};
    return c;
}

static inline weir_csv_write_config write_defaults(void) {
    weir_csv_write_config c = {
        .delimiter = one_char(','), .quote = one_char('"'), .header = true, .null_word = ""};
    return c;
}

static inline void must(weir_status status, const weir_error *err) {
    if (status == WEIR_OK) return;
    char text[2048];
    fail_msg("%s: %s", weir_status_name(status), weir_error_format(err, text, sizeof text));
}

/* A schema of n columns; types NULL = all string. */
static inline weir_schema *make_schema(const char *const *names, const char *const *types,
                                       uint32_t n) {
    weir_error err = {0};
    weir_schema *schema = NULL;
    weir_field *fields = calloc(n + 1, sizeof *fields);
    for (uint32_t i = 0; i < n; i++) {
        fields[i].name = names[i];
        const char *type = types ? types[i] : "string";
        size_t size = strlen(type);
        char plain[128];
        snprintf(plain, sizeof plain, "%s", type);
        if (size && plain[size - 1] == '!') {
            plain[size - 1] = 0;
            fields[i].not_null = true;
        }
        must(weir_type_parse(plain, &fields[i].type, &err), &err);
    }
    must(weir_schema_new(fields, n, &schema, &err), &err);
    free(fields);
    return schema;
}

/* All batches of a text.  schema NULL: strings, named by the layout (and given back). */
typedef struct reading {
    weir_batch **batches;
    size_t n;
    size_t rows;
    weir_schema *schema;
    weir_status status;
    weir_error err;
    size_t chunks, irregular, one_line, too_long;
    bool last_seen;
    uint64_t end_byte;
} reading;

static inline void reading_clear(reading *r) {
    for (size_t i = 0; i < r->n; i++) weir_batch_free(r->batches[i]);
    free(r->batches);
    weir_schema_release(r->schema);
    memset(r, 0, sizeof *r);
}

static inline weir_status read_chunk(const weir_read_request *request, weir_decoder *d,
                                     const weir_chunk *chunk, reading *r) {
    weir_ctx ctx = {.ledger = request->ledger};
    weir_status status = weir_csv_decoder_begin(d, chunk, &r->err);
    while (status == WEIR_OK) {
        weir_batch *b = NULL;
        status = weir_csv_decoder_next(d, &ctx, &b, &r->err);
        if (status != WEIR_OK || !b) break;
        weir_error err = {0};
        must(weir_batch_validate(b, &err), &err);
        r->batches = realloc(r->batches, (r->n + 1) * sizeof *r->batches);
        r->batches[r->n++] = b;
        r->rows += b->length;
    }
    return status;
}

/* Reads data; errors of calls stand in r->status and r->err. */
static inline reading read_text(const weir_read_request *request, weir_schema *schema,
                                const void *data, size_t size) {
    reading r = {0};
    weir_stream *in = NULL;
    weir_cutter *cutter = NULL;
    weir_decoder *d = NULL;
    weir_ctx ctx = {.ledger = request->ledger};
    r.schema = weir_schema_retain(schema);
    r.status = weir_memory_open("test.csv", data, size, &in, &r.err);
    if (r.status == WEIR_OK) r.status = weir_csv_cutter_new(request, in, &cutter, &r.err);
    if (r.status == WEIR_OK && !r.schema) {
        const weir_layout *l = weir_csv_cutter_layout(cutter);
        r.schema = make_schema(l->names, NULL, l->n_names);
    }
    if (r.status == WEIR_OK) r.status = weir_csv_decoder_new(request, r.schema, &ctx, &d, &r.err);
    uint64_t next_byte = 0, next_line = 0;
    while (r.status == WEIR_OK) {
        weir_chunk chunk = {0};
        bool end = false;
        r.status = weir_csv_cutter_next(cutter, &chunk, &end, &r.err);
        if (r.status != WEIR_OK || end) break;
        if (r.chunks) {
            assert_int_equal(chunk.first_byte, next_byte);
            if (next_line) assert_int_equal(chunk.first_line, next_line);
        }
        assert_int_equal(chunk.sequence, r.chunks);
        assert_false(r.last_seen);
        r.last_seen = (chunk.flags & WEIR_CHUNK_LAST) != 0;
        next_byte = chunk.first_byte + (chunk.end - chunk.begin) + chunk.skipped_bytes;
        next_line = chunk.flags & WEIR_CHUNK_TOO_LONG ? 0 : chunk.first_line + chunk.n_lines;
        r.chunks++;
        r.irregular += (chunk.flags & WEIR_CHUNK_IRREGULAR) != 0;
        r.one_line += (chunk.flags & WEIR_CHUNK_ONE_LINE) != 0;
        r.too_long += (chunk.flags & WEIR_CHUNK_TOO_LONG) != 0;
        r.status = read_chunk(request, d, &chunk, &r);
        weir_chunk_clear(&chunk);
    }
    r.end_byte = next_byte;
    weir_csv_decoder_free(d);
    weir_csv_cutter_free(cutter);
    weir_stream_close(in);
    return r;
}

/* Batch and row of the k-th row of all. */
static inline const weir_batch *reading_row(const reading *r, size_t k, uint32_t *row) {
    *row = 0;
    for (size_t i = 0; i < r->n; i++) {
        if (k < r->batches[i]->length) {
            *row = (uint32_t)k;
            return r->batches[i];
        }
        k -= r->batches[i]->length;
    }
    fail_msg("there is no row %zu", k);
    return NULL;
}

/* Text of a value; "<null>" for null. */
static inline const char *value_text(const reading *r, size_t k, uint32_t column) {
    static weir_buf buf;
    uint32_t row;
    const weir_batch *b = reading_row(r, k, &row);
    if (weir_column_is_null(b->columns[column], row)) return "<null>";
    buf.size = 0;
    assert_true(weir_column_text(b->columns[column], row, &buf));
    return weir_buf_cstr(&buf);
}

/* The first failure of a row, or NULL. */
static inline const weir_failure *row_failure(const weir_batch *b, uint32_t row) {
    for (size_t i = 0; b->failures && i < b->failures->n; i++)
        if (b->failures->items[i].row == row) return &b->failures->items[i];
    return NULL;
}

#endif
