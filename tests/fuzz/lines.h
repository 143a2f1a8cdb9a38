/* Reads bytes with a format of lines, for its fuzz target: batches are valid, chunks are without
 * gaps, and the outcome does not depend on the size of chunks. */
#ifndef WEIR_TESTS_FUZZ_LINES_H
#define WEIR_TESTS_FUZZ_LINES_H

#include <stdint.h>
#include <stdlib.h>

#include "format/format.h"
#include "format/infer.h"

static void check(int ok) {
    if (!ok) abort();
}

static void mix(uint64_t *h, const void *p, size_t n) {
    for (size_t i = 0; i < n; i++) *h = (*h ^ ((const uint8_t *)p)[i]) * 1099511628211ull;
}

static void take_batch(weir_batch *b, uint64_t *digest) {
    weir_error err = {0};
    weir_buf value = {0};
    check(weir_batch_validate(b, &err) == WEIR_OK);
    for (uint32_t row = 0; row < b->length; row++) {
        uint64_t at[2] = {weir_batch_byte(b, row), weir_batch_line(b, row)};
        bool bad = weir_failures_bad(b->failures, row);
        weir_slice raw = weir_batch_raw(b, row);
        mix(digest, at, sizeof at);
        mix(digest, &bad, sizeof bad);
        mix(digest, raw.data, raw.size);
        for (uint32_t c = 0; c < b->schema->n_fields; c++) {
            bool null = weir_column_is_null(b->columns[c], row);
            value.size = 0;
            check(null || weir_column_text(b->columns[c], row, &value));
            mix(digest, &null, sizeof null);
            mix(digest, value.data, value.size);
        }
    }
    weir_buf_clear(&value);
    weir_batch_free(b);
}

/* The columns of a layout (or, without one, a, b, c) as texts, or as what the bits of types say. */
static weir_schema *make_schema(const weir_layout *layout, unsigned types) {
    static const weir_type_id ids[] = {WEIR_STRING,  WEIR_INT64, WEIR_DATE, WEIR_TIMESTAMPTZ,
                                       WEIR_FLOAT64, WEIR_BOOL,  WEIR_JSON, WEIR_BINARY};
    static const char *const names[] = {"a", "b", "c"};
    weir_error err = {0};
    weir_schema *schema = NULL;
    uint32_t n = layout ? layout->n_names : 3;
    weir_field *fields = calloc(n + 1u, sizeof *fields);
    check(fields != NULL);
    for (uint32_t i = 0; i < n; i++) {
        fields[i].name = layout ? layout->names[i] : names[i];
        fields[i].type = layout && layout->types && layout->types[i]
                             ? layout->types[i]
                             : weir_type_of(ids[(types >> (i % 3)) % 8]);
        fields[i].not_null = types & 128;
    }
    check(weir_schema_new(fields, n, &schema, &err) == WEIR_OK);
    free(fields);
    return schema;
}

static weir_status read_lines(const weir_format *format, const weir_read_request *request,
                              const void *text, size_t size, unsigned types, uint64_t *digest) {
    const weir_read_ops *ops = format->read;
    weir_error err = {0};
    weir_ctx ctx = {0};
    weir_stream *in = NULL;
    weir_cutter *cutter = NULL;
    weir_decoder *decoder = NULL;
    weir_schema *schema = NULL;
    weir_inference *inference = NULL;
    *digest = 1469598103934665603ull;
    check(weir_memory_open("fuzz", text, size, &in, &err) == WEIR_OK);
    check(weir_inference_new(&inference, &err) == WEIR_OK);
    weir_status status = ops->cutter_new(request, in, &cutter, &err);
    if (status == WEIR_OK) {
        schema = make_schema(ops->cutter_layout(cutter), types);
        status = ops->decoder_new(request, schema, &ctx, &decoder, &err);
    }
    for (uint64_t next = 0; status == WEIR_OK;) {
        weir_chunk chunk = {0};
        weir_batch *b = NULL;
        bool end = false;
        check(ops->cutter_next(cutter, &chunk, &end, &err) == WEIR_OK);
        if (end) break;
        check(chunk.first_byte >= next && chunk.end > chunk.begin);
        next = chunk.first_byte + (chunk.end - chunk.begin);
        check(ops->infer(request, &chunk, inference, &err) == WEIR_OK);
        status = ops->decoder_begin(decoder, &chunk, &err);
        while (status == WEIR_OK) {
            check(ops->decoder_next(decoder, &ctx, &b, &err) == WEIR_OK);
            if (!b) break;
            take_batch(b, digest);
        }
        weir_chunk_clear(&chunk);
    }
    weir_inference_free(inference);
    if (decoder) ops->decoder_free(decoder);
    if (cutter) ops->cutter_free(cutter);
    weir_schema_release(schema);
    weir_stream_close(in);
    return status;
}

/* With small chunks, and with chunks as large as a record may be. */
static void read_twice(const weir_format *format, const void *config, const uint8_t *text,
                       size_t size, unsigned types, uint8_t sizes) {
    size_t max = 64 + (size_t)sizes * 16;
    uint64_t digest[2];
    weir_status status[2];
    for (int i = 0; i < 2; i++) {
        weir_read_request request = {.config = config,
                                     .max_record_bytes = max,
                                     .chunk_bytes = i ? max : 64 + (size_t)(sizes & 63)};
        if (request.chunk_bytes > max) request.chunk_bytes = max;
        status[i] = read_lines(format, &request, text, size, types, &digest[i]);
        check(status[i] == WEIR_OK || status[i] == WEIR_DATA || status[i] == WEIR_USAGE);
    }
    check(status[0] == status[1] && digest[0] == digest[1]);
}

#endif
