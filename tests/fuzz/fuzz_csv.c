/* Fuzzes the CSV reader and writer.  The first four bytes choose dialect, size of chunks and types.
 * The outcome may not depend on the size of chunks or on vector code, and good rows of text come
 * back the same when they are written and read again. */
#include <stdint.h>
#include <stdlib.h>

#include "base/cpu.h"
#include "format/csv.h"
#include "format/infer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int ok) {
    if (!ok) abort();
}

typedef struct outcome {
    weir_status status;
    uint64_t rows, digest;
    weir_buf text; /* good rows written again */
} outcome;

static weir_opt_char one_char(char c) {
    weir_opt_char r = {.set = true, .size = c != 0, .bytes = {c}};
    return r;
}

static void mix(uint64_t *h, const void *p, size_t n) {
    for (size_t i = 0; i < n; i++) *h = (*h ^ ((const uint8_t *)p)[i]) * 1099511628211ull;
}

static weir_schema *make_schema(const weir_layout *layout, unsigned types) {
    static const weir_type_id ids[] = {WEIR_INT64,   WEIR_DATE,    WEIR_TIMESTAMPTZ,
                                       WEIR_DECIMAL, WEIR_FLOAT64, WEIR_BOOL,
                                       WEIR_JSON,    WEIR_BINARY,  WEIR_INT16};
    weir_error err = {0};
    weir_schema *schema = NULL;
    weir_field *fields = calloc(layout->n_names + 1, sizeof *fields);
    check(fields != NULL);
    for (uint32_t i = 0; i < layout->n_names; i++) {
        fields[i].name = layout->names[i];
        fields[i].type = weir_type_of(types ? ids[(types + i) % 9] : WEIR_STRING);
        fields[i].not_null = types & 1;
    }
    weir_status status = weir_schema_new(fields, layout->n_names, &schema, &err);
    free(fields);
    check(status == WEIR_OK);
    return schema;
}

static void take_batch(weir_batch *b, weir_encoder *encoder, outcome *o) {
    weir_error err = {0};
    weir_ctx ctx = {0};
    weir_buf value = {0};
    weir_block *block = NULL;
    check(weir_batch_validate(b, &err) == WEIR_OK);
    for (uint32_t row = 0; row < b->length; row++) {
        uint64_t byte = weir_batch_byte(b, row);
        bool bad = weir_failures_bad(b->failures, row);
        mix(&o->digest, &byte, sizeof byte);
        mix(&o->digest, &bad, sizeof bad);
        for (uint32_t c = 0; c < b->schema->n_fields; c++) {
            bool null = weir_column_is_null(b->columns[c], row);
            value.size = 0;
            check(weir_column_text(b->columns[c], row, &value));
            mix(&o->digest, &null, sizeof null);
            mix(&o->digest, value.data, value.size);
        }
    }
    o->rows += b->length;
    weir_buf_clear(&value);
    check(weir_csv_write_ops.encode(encoder, &ctx, b, &block, NULL, &err) == WEIR_OK);
    if (block) check(weir_buf_add(&o->text, block->data, block->size));
    weir_block_release(block);
    weir_batch_free(b);
}

static outcome read_all(const weir_read_request *request, const void *text, size_t size,
                        unsigned types, bool infer) {
    outcome o = {.digest = 1469598103934665603ull};
    weir_error err = {0};
    weir_ctx ctx = {0};
    weir_stream *in = NULL;
    weir_cutter *cutter = NULL;
    weir_decoder *decoder = NULL;
    weir_encoder *encoder = NULL;
    weir_schema *schema = NULL;
    weir_inference *inference = NULL;
    weir_csv_write_config write = {
        .delimiter = one_char(','), .quote = one_char('"'), .header = true, .null_word = ""};
    check(weir_memory_open("fuzz", text, size, &in, &err) == WEIR_OK);
    check(weir_inference_new(&inference, &err) == WEIR_OK);
    o.status = weir_csv_cutter_new(request, in, &cutter, &err);
    if (o.status == WEIR_OK) {
        schema = make_schema(weir_csv_cutter_layout(cutter), types);
        check(weir_csv_decoder_new(request, schema, &ctx, &decoder, &err) == WEIR_OK);
        check(weir_csv_write_ops.encoder_new(&write, schema, &ctx, &encoder, &err) == WEIR_OK);
        check(weir_csv_write_ops.header(encoder, &o.text, &err) == WEIR_OK);
    }
    for (uint64_t next = 0; o.status == WEIR_OK;) {
        weir_chunk chunk = {0};
        weir_batch *b = NULL;
        bool end = false;
        check(weir_csv_cutter_next(cutter, &chunk, &end, &err) == WEIR_OK);
        if (end) break;
        check(next == 0 || chunk.first_byte == next);
        next = chunk.first_byte + (chunk.end - chunk.begin) + chunk.skipped_bytes;
        if (infer) check(weir_csv_infer(request, &chunk, inference, &err) == WEIR_OK);
        check(weir_csv_decoder_begin(decoder, &chunk, &err) == WEIR_OK);
        for (;;) {
            check(weir_csv_decoder_next(decoder, &ctx, &b, &err) == WEIR_OK);
            if (!b) break;
            take_batch(b, encoder, &o);
        }
        weir_chunk_clear(&chunk);
    }
    weir_inference_free(inference);
    weir_csv_write_ops.encoder_free(encoder);
    weir_csv_decoder_free(decoder);
    weir_csv_cutter_free(cutter);
    weir_schema_release(schema);
    weir_stream_close(in);
    return o;
}

/* What was written is legal, and says the same when it is written again. */
static void read_back(const outcome *first) {
    weir_csv_read_config config = {
        .delimiter = one_char(','), .quote = one_char('"'), .header = true, .newline = WEIR_CSV_LF};
    weir_read_request request = {
        .config = &config, .chunk_bytes = 4096, .max_record_bytes = (size_t)16 << 20};
    outcome again = read_all(&request, first->text.data, first->text.size, 0, false);
    check(again.status == WEIR_OK);
    check(again.text.size == first->text.size &&
          memcmp(again.text.data, first->text.data, again.text.size) == 0);
    weir_buf_clear(&again.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char delimiters[] = {',', ';', '\t', '|'}, quotes[] = {'"', '"', '\'', 0};
    if (size < 4) return 0;
    uint8_t how = data[0], more = data[1];
    weir_csv_read_config config = {.delimiter = one_char(delimiters[how & 3]),
                                   .quote = one_char(quotes[how >> 2 & 3]),
                                   .header = !(how & 16),
                                   .skip = how & 32 ? 2 : 0,
                                   .newline = more % 3,
                                   .stray_quotes = more >> 7};
    if (how & 64 && config.quote.size) config.escape = one_char('\\');
    unsigned types = how & 128 ? 1 + data[2] : 0;
    size_t max = 64 + (size_t)data[3] * 16, chunk = 64 + (size_t)(data[3] & 63);
    outcome o[3];
    for (int i = 0; i < 3; i++) {
        weir_read_request request = {.config = &config, .max_record_bytes = max};
        request.chunk_bytes = i == 0 ? chunk : max;
        if (request.chunk_bytes > max) request.chunk_bytes = max;
        weir_cpu_limit(i == 2 ? 0 : UINT32_MAX);
        o[i] = read_all(&request, data + 4, size - 4, types, i == 0);
        check(o[i].status == WEIR_OK || o[i].status == WEIR_DATA);
        check(o[i].status == o[0].status && o[i].rows == o[0].rows && o[i].digest == o[0].digest);
    }
    weir_cpu_limit(UINT32_MAX);
    if (o[0].status == WEIR_OK && types == 0) read_back(&o[0]);
    for (int i = 0; i < 3; i++) weir_buf_clear(&o[i].text);
    return 0;
}
