/* Fuzzes JSON: the tree against the fast scanner, and the reader of records with small chunks.  The
 * first byte chooses. */
#include <stdint.h>
#include <stdlib.h>

#include "format/infer.h"
#include "format/json.h"
#include "text/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int ok) {
    if (!ok) abort();
}

/* Tokenizer and scanner agree on what JSON is; what is written reads back and is written alike. */
static void fuzz_tree(const char *text, size_t size) {
    weir_arena arena = {.max_bytes = (size_t)64 << 20};
    weir_json_limits limits = {.duplicates_last = true};
    const weir_json *v = NULL, *again = NULL;
    weir_error err = {0};
    weir_status status = weir_json_parse(text, size, &limits, &arena, &v, &err);
    check(status == WEIR_OK || status == WEIR_DATA || status == WEIR_RESOURCE);
    const char *end = text + size, *p = weir_json_skip_space(text, end);
    p = weir_json_skip(p, end, WEIR_JSON_DEPTH_DEFAULT, NULL, NULL);
    bool whole = p && weir_json_skip_space(p, end) == end;
    if (status == WEIR_OK) {
        weir_buf a = {0}, b = {0};
        check(whole);
        check(weir_json_put(&a, v));
        check(weir_json_parse(a.data, a.size, &limits, &arena, &again, &err) == WEIR_OK);
        check(weir_json_put(&b, again));
        check(a.size == b.size && memcmp(a.data, b.data, a.size) == 0);
        weir_buf_clear(&a);
        weir_buf_clear(&b);
    }
    weir_arena_clear(&arena);
}

static weir_schema *schema_of_all(void) {
    static const char *const types[] = {"bool",
                                        "int8",
                                        "int64",
                                        "uint64",
                                        "float32",
                                        "float64",
                                        "decimal(6,2)",
                                        "decimal(30,5)",
                                        "string",
                                        "binary",
                                        "date",
                                        "time",
                                        "timestamp",
                                        "timestamptz(+01:00)",
                                        "interval",
                                        "uuid",
                                        "json",
                                        "list<int64>",
                                        "struct<a int64, b list<json>>",
                                        "map<string, date>",
                                        "int64",
                                        "string"};
    static const char *const names[] = {"a",     "b", "c", "d", "e",   "f",    "g", "h",
                                        "i",     "j", "k", "l", "m",   "n",    "o", "p",
                                        "value", "r", "s", "t", "a.b", "a.b.c"};
    weir_field fields[22];
    weir_schema *schema = NULL;
    for (int i = 0; i < 22; i++) {
        fields[i] = (weir_field){.name = names[i], .not_null = i == 2};
        check(weir_type_parse(types[i], &fields[i].type, NULL) == WEIR_OK);
    }
    check(weir_schema_new(fields, 22, &schema, NULL) == WEIR_OK);
    return schema;
}

static void read_chunk(weir_decoder *d, const weir_chunk *chunk, weir_ctx *ctx) {
    weir_error err = {0};
    weir_batch *b = NULL;
    check(weir_json_decoder_begin(d, chunk, &err) == WEIR_OK);
    while (weir_json_decoder_next(d, ctx, &b, &err) == WEIR_OK && b) {
        check(weir_batch_validate(b, &err) == WEIR_OK);
        weir_batch_free(b);
        weir_arena_reset(ctx->scratch);
    }
    check(err.status == WEIR_OK);
}

/* A path behind the choice leads to the records: followed while reading, or asked as a whole. */
static const char *const paths[] = {"$.a",  "$.a.b[*]",  "$[*]",           "$.a[1:9:2].b",
                                    "$..a", "$.*[?@.b]", "$['a','b'][-1]", "$.a[0]"};

static void fuzz_reader(uint8_t choice, const char *text, size_t size) {
    const char *path = NULL;
    int nested = 0;
    if (choice & 64 && size) {
        uint8_t more = (uint8_t)*text++;
        path = more & 8 ? NULL : paths[more % 8];
        nested = (more >> 4) % 3;
        size--;
    }
    weir_json_read_config config = {
        .lines = choice & 2,
        .repeated = choice & 4 ? (choice & 128 ? WEIR_JSON_REPEATED_FIRST : WEIR_JSON_REPEATED_LAST)
                               : WEIR_JSON_REPEATED_REJECT,
        .max_depth = 20,
        .record_path = path,
        .nested = nested,
        .flatten_depth = 3};
    weir_read_request request = {.config = &config,
                                 .extra = choice & 8 ? WEIR_EXTRA_REJECT : WEIR_EXTRA_KEEP,
                                 .chunk_bytes = choice & 16 ? 64 : 4096,
                                 .max_record_bytes = choice & 32 ? 200 : 1 << 20};
    weir_arena scratch = {0};
    weir_ctx ctx = {.scratch = &scratch};
    weir_schema *schema = schema_of_all();
    weir_stream *in = NULL;
    weir_cutter *c = NULL;
    weir_decoder *d = NULL;
    weir_inference *inference = NULL;
    weir_error err = {0};
    bool end = false;
    check(weir_memory_open("fuzz", text, size, &in, &err) == WEIR_OK);
    check(weir_inference_new(&inference, &err) == WEIR_OK);
    check(weir_json_decoder_new(&request, schema, &ctx, &d, &err) == WEIR_OK);
    if (weir_json_cutter_new(&request, in, &c, &err) == WEIR_OK) {
        for (;;) {
            weir_chunk chunk = {0};
            if (weir_json_cutter_next(c, &chunk, &end, &err) != WEIR_OK || end) break;
            check(chunk.end > chunk.begin && chunk.end <= chunk.block->size);
            check(chunk.first_byte + (chunk.end - chunk.begin) <= size);
            check(weir_json_infer(&request, &chunk, inference, &err) == WEIR_OK);
            read_chunk(d, &chunk, &ctx);
            weir_chunk_clear(&chunk);
        }
    }
    check(err.status == WEIR_OK || err.status == WEIR_DATA);
    weir_json_decoder_free(d);
    weir_json_cutter_free(c);
    weir_inference_free(inference);
    weir_stream_close(in);
    weir_schema_release(schema);
    weir_arena_clear(&scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    if (data[0] & 1)
        fuzz_tree((const char *)data + 1, size - 1);
    else
        fuzz_reader(data[0], (const char *)data + 1, size - 1);
    return 0;
}
