/* Fuzzes XML: the guard alone, piece by piece, against itself; and the reader of records with small
 * chunks.  The first byte chooses. */
#include <stdint.h>
#include <stdlib.h>

#include "format/infer.h"
#include "format/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int ok) {
    if (!ok) abort();
}

/* What the guard says must not depend on how the bytes come. */
static void fuzz_guard(uint8_t choice, const char *p, size_t size) {
    weir_xml_units units = (weir_xml_units)(choice >> 1 & 3) % 3;
    weir_xml_guard a, b;
    weir_error err = {0};
    weir_xml_guard_init(&a, units, 1000);
    weir_xml_guard_init(&b, units, 1000);
    weir_status whole = weir_xml_guard_look(&a, p, size, &err), parts = WEIR_OK;
    for (size_t i = 0; i < size && parts == WEIR_OK; i++)
        parts = weir_xml_guard_look(&b, p + i, 1, &err);
    check(whole == parts && a.fault == b.fault);
    if (whole == WEIR_OK) check(a.line == b.line && a.byte == b.byte && a.n == b.n);
    while (a.n) {
        weir_xml_place x = weir_xml_guard_take(&a), y = weir_xml_guard_take(&b);
        check(x.line == y.line && x.byte == y.byte && x.byte < size + 2);
    }
    weir_xml_guard_clear(&a);
    weir_xml_guard_clear(&b);
}

static weir_schema *make_schema(void) {
    static const char *const names[] = {"a", "b", "@id", "c", "#text", "d"};
    static const char *const types[] = {"int64", "string", "string",
                                        "json",  "string", "list<date>"};
    weir_field fields[6];
    weir_schema *schema = NULL;
    for (int i = 0; i < 6; i++) {
        fields[i] = (weir_field){.name = names[i]};
        check(weir_type_parse(types[i], &fields[i].type, NULL) == WEIR_OK);
    }
    check(weir_schema_new(fields, 6, &schema, NULL) == WEIR_OK);
    return schema;
}

static void read_chunk(weir_decoder *d, const weir_chunk *chunk, weir_ctx *ctx) {
    weir_error err = {0};
    weir_batch *b = NULL;
    check(weir_relay_decoder_begin(d, chunk, &err) == WEIR_OK);
    while (weir_relay_decoder_next(d, ctx, &b, &err) == WEIR_OK && b) {
        check(weir_batch_validate(b, &err) == WEIR_OK);
        weir_batch_free(b);
        weir_arena_reset(ctx->scratch);
    }
    check(err.status == WEIR_OK);
}

static void fuzz_reader(uint8_t choice, const char *text, size_t size) {
    static const char *const records[] = {NULL, "i", "/r/*", "//x:i"};
    weir_xml_read_config config = {.record = records[choice >> 1 & 3],
                                   .attributes = choice & 8 ? "@" : "",
                                   .text = "#text",
                                   .separator = ".",
                                   .names = choice >> 4 & 1,
                                   .nested = choice >> 5 & 1,
                                   .empty = choice >> 6 & 1,
                                   .trim = choice & 8,
                                   .max_depth = 10};
    weir_read_request request = {.config = &config,
                                 .chunk_bytes = choice & 128 ? 64 : 4096,
                                 .max_record_bytes = choice & 128 ? 300 : 1 << 20};
    weir_arena scratch = {0};
    weir_ctx ctx = {.scratch = &scratch};
    weir_schema *schema = make_schema();
    weir_stream *in = NULL;
    weir_cutter *c = NULL;
    weir_decoder *d = NULL;
    weir_inference *inference = NULL;
    weir_error err = {0};
    bool end = false;
    check(weir_memory_open("fuzz", text, size, &in, &err) == WEIR_OK);
    check(weir_inference_new(&inference, &err) == WEIR_OK);
    check(weir_relay_decoder_new(&request, schema, &ctx, &d, &err) == WEIR_OK);
    if (weir_xml_cutter_new(&request, in, &c, &err) == WEIR_OK) {
        for (;;) {
            weir_chunk chunk = {0};
            if (weir_xml_cutter_next(c, &chunk, &end, &err) != WEIR_OK || end) break;
            check(chunk.end > chunk.begin && chunk.end <= chunk.block->size);
            check(weir_relay_infer_texts(&request, &chunk, inference, &err) == WEIR_OK);
            read_chunk(d, &chunk, &ctx);
            weir_chunk_clear(&chunk);
        }
    }
    check(err.status == WEIR_OK || err.status == WEIR_DATA);
    weir_relay_decoder_free(d);
    weir_xml_cutter_free(c);
    weir_inference_free(inference);
    weir_stream_close(in);
    weir_schema_release(schema);
    weir_arena_clear(&scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    if (data[0] & 1)
        fuzz_guard(data[0], (const char *)data + 1, size - 1);
    else
        fuzz_reader(data[0], (const char *)data + 1, size - 1);
    return 0;
}
