/* What reading and writing CSV costs on one core, phase by phase: MB/s of the file's bytes, best of
 * several passes.  CPU time of the thread, so that others on the machine disturb less.
 *
 *     gcc -O3 -o build/gen_orders bench/gen/gen_orders.c && build/gen_orders 1000000 orders_1m.csv
 *     gcc -std=gnu17 -O2 -D_GNU_SOURCE -Iinclude -Isrc bench/micro/csv.c build/libweir_core.a ...
 * -o csv
 *     ./csv orders_1m.csv [passes]
 *
 * cut:    the cutter over a file in memory    decode: ten typed columns from the chunks
 * encode: the batches back to CSV             infer:  types of all columns
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "format/csv.h"
#include "format/infer.h"

static const weir_format *format = &weir_format_csv;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void check(weir_status status, const weir_error *err) {
    if (status == WEIR_OK) return;
    char text[2048];
    fprintf(stderr, "%s\n", weir_error_format(err, text, sizeof text));
    exit(1);
}

static char *load(const char *path, size_t *size) {
    FILE *f = fopen(path, "rb");
    if (!f) {
        perror(path);
        exit(1);
    }
    fseek(f, 0, SEEK_END);
    *size = (size_t)ftell(f);
    rewind(f);
    char *p = malloc(*size + 64);
    if (!p || fread(p, 1, *size, f) != *size) exit(1);
    fclose(f);
    return p;
}

static weir_schema *orders_schema(void) {
    static const char *const types[][2] = {
        {"order_id", "int64"}, {"customer_id", "int32"},      {"email", "string"},
        {"country", "string"}, {"amount", "decimal(10,2)"},   {"quantity", "int32"},
        {"status", "string"},  {"created_at", "timestamptz"}, {"updated_at", "timestamptz"},
        {"note", "string"}};
    weir_error err = {0};
    weir_field fields[10] = {0};
    for (int i = 0; i < 10; i++) {
        fields[i].name = types[i][0];
        check(weir_type_parse(types[i][1], &fields[i].type, &err), &err);
    }
    weir_schema *schema = NULL;
    check(weir_schema_new(fields, 10, &schema, &err), &err);
    return schema;
}

typedef struct phases {
    double cut, decode, encode, infer;
    size_t rows, failed, out_bytes;
} phases;

static phases pass(const weir_read_request *request, const void *write_config, const char *data,
                   size_t size, weir_schema *schema, bool infer) {
    weir_error err = {0};
    weir_arena scratch = {0};
    weir_ctx ctx = {.scratch = &scratch};
    weir_stream *in = NULL;
    weir_cutter *cutter = NULL;
    weir_decoder *decoder = NULL;
    weir_encoder *encoder = NULL;
    weir_inference *types = NULL;
    phases p = {0};
    check(weir_memory_open("orders", data, size, &in, &err), &err);
    double t = now();
    check(format->read->cutter_new(request, in, &cutter, &err), &err);
    p.cut += now() - t;
    check(format->read->decoder_new(request, schema, &ctx, &decoder, &err), &err);
    check(format->write->encoder_new(write_config, schema, &ctx, &encoder, &err), &err);
    check(weir_inference_new(&types, &err), &err);
    for (;;) {
        weir_chunk chunk = {0};
        bool end = false;
        t = now();
        check(format->read->cutter_next(cutter, &chunk, &end, &err), &err);
        p.cut += now() - t;
        if (end) break;
        if (infer) {
            t = now();
            check(format->read->infer(request, &chunk, types, &err), &err);
            p.infer += now() - t;
        }
        t = now();
        check(format->read->decoder_begin(decoder, &chunk, &err), &err);
        for (;;) {
            weir_batch *batch = NULL;
            weir_block *block = NULL;
            check(format->read->decoder_next(decoder, &ctx, &batch, &err), &err);
            p.decode += now() - t;
            if (!batch) break;
            p.rows += batch->length;
            for (uint32_t i = 0; i < batch->length; i++)
                p.failed += weir_failures_bad(batch->failures, i);
            t = now();
            check(format->write->encode(encoder, &ctx, batch, &block, NULL, &err), &err);
            p.encode += now() - t;
            if (block) p.out_bytes += block->size;
            weir_block_release(block);
            t = now();
            weir_batch_free(batch);
        }
        weir_chunk_clear(&chunk);
    }
    weir_inference_free(types);
    format->write->encoder_free(encoder);
    format->read->decoder_free(decoder);
    format->read->cutter_free(cutter);
    weir_stream_close(in);
    weir_arena_clear(&scratch);
    return p;
}

static void best(double *a, double b) {
    if (*a == 0 || b < *a) *a = b;
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: csv FILE.csv [passes]\n");
        return 2;
    }
    size_t size;
    char *data = load(argv[1], &size);
    int passes = argc > 2 ? atoi(argv[2]) : 5;
    weir_error err = {0};
    weir_arena arena = {0};
    weir_diags diags;
    weir_csv_read_config read = {0};
    weir_csv_write_config write = {0};
    weir_diags_init(&diags, "bench");
    check(weir_option_bind(format->read_options, NULL, &read, &arena, &diags), &err);
    check(weir_option_bind(format->write_options, NULL, &write, &arena, &diags), &err);
    weir_read_request request = {.config = &read,
                                 .infer = WEIR_INFER_NONE,
                                 .chunk_bytes = argc > 3 ? (size_t)atoi(argv[3]) : 1 << 20,
                                 .max_record_bytes = 16 << 20};
    weir_schema *schema = orders_schema();
    phases b = {0}, p = {0};
    for (int i = 0; i < passes; i++) {
        p = pass(&request, &write, data, size, schema, i + 1 == passes);
        best(&b.cut, p.cut);
        best(&b.decode, p.decode);
        best(&b.encode, p.encode);
    }
    double mb = (double)size / 1e6;
    printf("%zu rows, %zu failed, %zu bytes out\n", p.rows, p.failed, p.out_bytes);
    printf("cut %.0f MB/s, decode %.0f MB/s, encode %.0f MB/s, infer %.0f MB/s\n", mb / b.cut,
           mb / b.decode, (double)p.out_bytes / 1e6 / b.encode, mb / p.infer);
    weir_schema_release(schema);
    weir_diags_clear(&diags);
    weir_arena_clear(&arena);
    free(data);
    return 0;
}
