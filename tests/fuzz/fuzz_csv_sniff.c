/* Fuzzes the finding of dialects.  The first byte says what is declared, the second the size of
 * chunks.  Whatever is found, the outcome may not depend on the size of chunks or on vector code, a
 * text must be read the same again, and what is said to be found must do the same when it is
 * declared. */
#include <stdint.h>
#include <stdlib.h>

#include "base/cpu.h"
#include "format/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int ok) {
    if (!ok) abort();
}

typedef struct outcome {
    weir_status status;
    uint64_t digest;
    uint64_t names; /* digest */
    size_t rows;
    weir_buf dialect; /* at the end */
} outcome;

static void mix(uint64_t *digest, const void *bytes, size_t n) {
    const uint8_t *p = bytes;
    for (size_t i = 0; i < n; i++) *digest = (*digest ^ p[i]) * 1099511628211ull;
    *digest = (*digest ^ n) * 1099511628211ull;
}

static void mix_batch(const weir_batch *b, outcome *o) {
    weir_buf value = {0};
    weir_error err = {0};
    check(weir_batch_validate(b, &err) == WEIR_OK);
    for (uint32_t row = 0; row < b->length; row++) {
        uint64_t byte = weir_batch_byte(b, row);
        bool bad = weir_failures_bad(b->failures, row);
        mix(&o->digest, &byte, sizeof byte);
        mix(&o->digest, &bad, sizeof bad);
        for (uint32_t c = 0; c < b->schema->n_fields; c++) {
            value.size = 0;
            check(weir_column_text(b->columns[c], row, &value));
            mix(&o->digest, value.data, value.size);
        }
    }
    o->rows += b->length;
    weir_buf_clear(&value);
}

static weir_schema *schema_of(const weir_layout *l) {
    weir_error err = {0};
    weir_schema *schema = NULL;
    weir_field *fields = calloc(l->n_names + 1u, sizeof *fields);
    check(fields != NULL);
    for (uint32_t i = 0; i < l->n_names; i++)
        fields[i] = (weir_field){l->names[i], weir_type_of(WEIR_STRING), false};
    check(weir_schema_new(fields, l->n_names, &schema, &err) == WEIR_OK);
    free(fields);
    return schema;
}

static outcome read_all(const weir_format *format, const void *config, size_t chunk_bytes,
                        const uint8_t *text, size_t size) {
    outcome o = {.digest = 1469598103934665603ull};
    weir_read_request request = {
        .config = config, .chunk_bytes = chunk_bytes, .max_record_bytes = (size_t)1 << 20};
    weir_error err = {0};
    weir_ctx ctx = {0};
    weir_stream *in = NULL;
    weir_cutter *cutter = NULL;
    weir_decoder *decoder = NULL;
    weir_schema *schema = NULL;
    check(weir_memory_open("fuzz", text, size, &in, &err) == WEIR_OK);
    o.status = format->read->cutter_new(&request, in, &cutter, &err);
    check(o.status == WEIR_OK || o.status == WEIR_DATA);
    if (o.status == WEIR_OK) {
        const weir_layout *l = format->read->cutter_layout(cutter);
        for (uint32_t i = 0; i < l->n_names; i++) mix(&o.digest, l->names[i], strlen(l->names[i]));
        o.names = o.digest;
        schema = schema_of(l);
        check(format->read->decoder_new(&request, schema, &ctx, &decoder, &err) == WEIR_OK);
    }
    while (o.status == WEIR_OK) {
        weir_chunk chunk = {0};
        bool end = false;
        check(format->read->cutter_next(cutter, &chunk, &end, &err) == WEIR_OK);
        if (end) break;
        check(format->read->decoder_begin(decoder, &chunk, &err) == WEIR_OK);
        for (;;) {
            weir_batch *b = NULL;
            check(format->read->decoder_next(decoder, &ctx, &b, &err) == WEIR_OK);
            if (!b) break;
            mix_batch(b, &o);
            weir_batch_free(b);
        }
        weir_chunk_clear(&chunk);
    }
    const weir_layout *l = cutter ? format->read->cutter_layout(cutter) : NULL;
    if (l && l->dialect) check(weir_buf_adds(&o.dialect, l->dialect));
    format->read->decoder_free(decoder);
    format->read->cutter_free(cutter);
    weir_schema_release(schema);
    weir_stream_close(in);
    return o;
}

/* A config from "key: value" lines. */
static void *config_of(const weir_format *format, const char *lines, weir_arena *arena) {
    weir_diags diags;
    weir_node *map = weir_node_map(arena);
    void *config = weir_arena_zero(arena, 1, format->read_config_size);
    check(map && config);
    while (*lines) {
        const char *colon = strchr(lines, ':'), *end = strchr(lines, '\n');
        char key[32] = {0}, value[32] = {0};
        size_t n = 0;
        check(colon && end && colon < end && (size_t)(colon - lines) < sizeof key);
        memcpy(key, lines, (size_t)(colon - lines));
        for (const char *p = colon + 2; p < end && n + 1 < sizeof value; p++) {
            if (*p == '"') continue;
            if (*p == '\\' && p[1] == 't') {
                value[n++] = '\t';
                p++;
            } else if (*p == '\\' && p[1] == 'x') {
                unsigned byte = 0;
                for (int k = 2; k < 4; k++)
                    byte = byte * 16 + (unsigned)(p[k] <= '9' ? p[k] - '0' : p[k] - 'A' + 10);
                value[n++] = (char)byte;
                p += 3;
            } else if (*p == '\\') {
                value[n++] = *++p;
            } else {
                value[n++] = *p;
            }
        }
        check(weir_node_add(arena, map, key, weir_node_scalar(arena, value, n)));
        lines = end + 1;
    }
    weir_diags_init(&diags, "fuzz");
    check(weir_option_bind(format->read_options, map, config, arena, &diags) == WEIR_OK);
    weir_diags_clear(&diags);
    return config;
}

static bool add_missing(weir_buf *all, const char *key, const char *value) {
    const char *at = strstr(weir_buf_cstr(all), key);
    if (at && (at == weir_buf_cstr(all) || at[-1] == '\n')) return true;
    return weir_buf_printf(all, "%s %s\n", key, value);
}

/* The same text where nothing is left to be found.  Names may be other ones: what a header lacks is
 * only made good where the header was found. */
static void declare_all(const weir_format *format, const char *given, outcome *first,
                        const uint8_t *text, size_t size, weir_arena *arena) {
    static const char *const plain[][2] = {
        {"quote:", "\"\\\"\""}, {"escape:", "none"}, {"comment:", "none"}, {"header:", "true"},
        {"skip:", "0"},         {"units:", "0"},     {"newline:", "lf"},   {"skip_footer:", "0"}};
    weir_buf all = {0};
    check(weir_buf_adds(&all, given) && weir_buf_adds(&all, weir_buf_cstr(&first->dialect)));
    check(add_missing(&all, "delimiter:", format == &weir_format_tsv ? "\"\\t\"" : "\",\""));
    /* Without a look at the end, its mark (Ctrl-Z) is text. */
    size_t n = sizeof plain / sizeof *plain - (size && text[size - 1] == 0x1A);
    for (size_t i = 0; i < n; i++) check(add_missing(&all, plain[i][0], plain[i][1]));
    outcome again = read_all(format, config_of(format, weir_buf_cstr(&all), arena),
                             (size_t)64 << 10, text, size);
    check(again.status == WEIR_OK);
    check(again.names != first->names || again.digest == first->digest);
    weir_buf_clear(&again.dialect);
    weir_buf_clear(&all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const declared[] = {
        "",          "delimiter: ;\n",   "quote: none\n", "header: true\n",
        "skip: 1\n", "skip_footer: 1\n", "ragged: fit\n", "delimiter: ||\nquote: '\n"};
    if (size < 2) return 0;
    const weir_format *format = data[0] & 8 ? &weir_format_tsv : &weir_format_csv;
    weir_arena arena = {0};
    const char *given = declared[data[0] & 7];
    const void *config = config_of(format, given, &arena);
    size_t chunk = 64 + (size_t)data[1] * 3;
    outcome o[3];
    for (int i = 0; i < 3; i++) {
        weir_cpu_limit(i == 2 ? 0 : UINT32_MAX);
        o[i] = read_all(format, config, i ? (size_t)64 << 10 : chunk, data + 2, size - 2);
        check(o[i].status == o[0].status && o[i].digest == o[0].digest && o[i].rows == o[0].rows);
        check(o[i].dialect.size == o[0].dialect.size);
    }
    weir_cpu_limit(UINT32_MAX);
    if (o[0].status == WEIR_OK) declare_all(format, given, &o[0], data + 2, size - 2, &arena);
    for (int i = 0; i < 3; i++) weir_buf_clear(&o[i].dialect);
    weir_arena_clear(&arena);
    return 0;
}
