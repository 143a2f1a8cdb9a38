/* Fuzzes Parquet files, read with all their columns.  The first byte chooses the size of chunks. */
#include <stdint.h>
#include <stdlib.h>

#include "format/parquet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_BATCHES 64 /* a few bytes may stand for any number of nulls */

static void check(int ok) {
    if (!ok) abort();
}

/* The types that the file states; names that stand twice are no schema. */
static weir_schema *schema_of(const weir_layout *l) {
    weir_schema *schema = NULL;
    weir_error err = {0};
    weir_field *fields = calloc(l->n_names + 1u, sizeof *fields);
    check(fields != NULL);
    for (uint32_t i = 0; i < l->n_names; i++) fields[i] = (weir_field){l->names[i], l->types[i], 0};
    if (weir_schema_new(fields, l->n_names, &schema, &err) != WEIR_OK) schema = NULL;
    free(fields);
    return schema;
}

static int read_chunk(weir_decoder *d, const weir_chunk *chunk, weir_ctx *ctx, int *left) {
    weir_error err = {0};
    weir_batch *b = NULL;
    if (weir_parquet_decoder_begin(d, chunk, &err) != WEIR_OK) goto out;
    while (*left > 0 && weir_parquet_decoder_next(d, ctx, &b, &err) == WEIR_OK && b) {
        check(weir_batch_validate(b, &err) == WEIR_OK);
        weir_batch_free(b);
        b = NULL;
        weir_arena_reset(ctx->scratch);
        --*left;
    }
out:
    check(err.status != WEIR_INTERNAL && err.status != WEIR_USAGE);
    return err.status == WEIR_OK;
}

static void read_all(const weir_read_request *request, weir_cutter *c, weir_ctx *ctx) {
    weir_schema *schema = schema_of(weir_parquet_cutter_layout(c));
    weir_decoder *d = NULL;
    weir_error err = {0};
    int left = MAX_BATCHES;
    if (!schema) return;
    check(weir_parquet_decoder_new(request, schema, ctx, &d, &err) == WEIR_OK);
    while (left > 0) {
        weir_chunk chunk = {0};
        bool end = false;
        if (weir_parquet_cutter_next(c, &chunk, &end, &err) != WEIR_OK || end) break;
        check(chunk.end <= chunk.block->size);
        int ok = read_chunk(d, &chunk, ctx, &left);
        weir_chunk_clear(&chunk);
        if (!ok) break;
    }
    check(err.status != WEIR_INTERNAL && err.status != WEIR_USAGE);
    weir_parquet_decoder_free(d);
    weir_schema_release(schema);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    weir_ledger ledger;
    weir_ledger_init(&ledger, "fuzz", (size_t)64 << 20, NULL);
    weir_read_request request = {.ledger = &ledger,
                                 .chunk_bytes = data[0] & 1 ? 64 : 512 << 10,
                                 .max_record_bytes = 1 << 20};
    weir_arena scratch = {0};
    weir_ctx ctx = {.scratch = &scratch, .ledger = &ledger};
    weir_stream *in = NULL;
    weir_cutter *c = NULL;
    weir_error err = {0};
    check(weir_memory_open("fuzz", data + 1, size - 1, &in, &err) == WEIR_OK);
    if (weir_parquet_cutter_new(&request, in, &c, &err) == WEIR_OK) read_all(&request, c, &ctx);
    check(err.status != WEIR_INTERNAL && err.status != WEIR_USAGE);
    weir_parquet_cutter_free(c);
    weir_stream_close(in);
    weir_arena_clear(&scratch);
    check(atomic_load(&ledger.used_bytes) == 0);
    return 0;
}
