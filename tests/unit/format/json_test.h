/* Reads JSON text through the format's own operations and shows the rows as text, for the tests of
 * the JSON reader and writer.
 *
 * One line a row:  LINE@BYTE a=text b=~ c=!  {field/rule: reason}   (~ null, ! null by a failure)
 */
#ifndef WEIR_TESTS_JSON_TEST_H
#define WEIR_TESTS_JSON_TEST_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fault.h"
#include "format/infer.h"
#include "format/json.h"
#include "text/json.h"

typedef struct setup {
    weir_json_read_config config;
    weir_extra_columns extra;
    weir_opt_columns columns;
    size_t chunk_bytes, max_record_bytes;
    bool no_place; /* leave out LINE@BYTE */
} setup;

/* "a int64, b string!" -> schema */
static inline weir_schema *schema_of(const char *spec) {
    weir_field fields[32];
    uint32_t n = 0;
    char name[32][64], type[256];
    weir_error err = {0};
    while (*spec) {
        while (*spec == ' ' || *spec == ',') spec++;
        size_t k = strcspn(spec, " ");
        memcpy(name[n], spec, k);
        name[n][k] = 0;
        spec += k + 1;
        int depth = 0;
        for (k = 0; spec[k] && (depth || spec[k] != ','); k++)
            depth += (spec[k] == '<' || spec[k] == '(') - (spec[k] == '>' || spec[k] == ')');
        memcpy(type, spec, k);
        fields[n].not_null = type[k - 1] == '!';
        type[k - fields[n].not_null] = 0;
        spec += k;
        fields[n].name = name[n];
        if (weir_type_parse(type, &fields[n].type, &err) != WEIR_OK) fail_msg("%s", err.message);
        n++;
    }
    weir_schema *s = NULL;
    assert_int_equal(weir_schema_new(fields, n, &s, &err), WEIR_OK);
    return s;
}

static inline void show_row(const setup *o, const weir_batch *b, uint32_t row, weir_buf *out) {
    /* Counting lines from the start of the block for each of many rows would take too long. */
    uint64_t line = row < 100 || row % 1000 == 0 ? weir_batch_line(b, row) : 0;
    if (!o->no_place)
        assert_true(weir_buf_printf(out, "%llu@%llu", (unsigned long long)line,
                                    (unsigned long long)weir_batch_byte(b, row)));
    for (uint32_t c = 0; c < b->schema->n_fields; c++) {
        assert_true(weir_buf_printf(out, " %s=", b->schema->fields[c].name));
        if (weir_column_is_poisoned(b->columns[c], row))
            assert_true(weir_buf_adds(out, "!"));
        else if (weir_column_is_null(b->columns[c], row))
            assert_true(weir_buf_adds(out, "~"));
        else
            assert_true(weir_column_text(b->columns[c], row, out));
    }
    for (size_t i = 0; b->failures && i < b->failures->n; i++) {
        const weir_failure *f = &b->failures->items[i];
        if (f->row == row)
            assert_true(weir_buf_printf(out, " {%s/%s: %s}", f->field, f->rule, f->reason));
    }
    assert_true(weir_buf_adds(out, "\n"));
}

static inline weir_read_request request_of(const setup *o) {
    return (weir_read_request){.config = &o->config,
                               .columns = &o->columns,
                               .extra = o->extra,
                               .chunk_bytes = o->chunk_bytes ? o->chunk_bytes : 1 << 20,
                               .max_record_bytes =
                                   o->max_record_bytes ? o->max_record_bytes : 1 << 22};
}

/* Appends the rows of text to out; a failing call ends with "ERROR ..." and its status. */
static inline weir_status read_text(const setup *o, weir_schema *schema, const char *text, size_t n,
                                    weir_buf *out) {
    weir_read_request request = request_of(o);
    weir_arena scratch = {0};
    weir_ctx ctx = {.scratch = &scratch};
    weir_stream *in = NULL;
    weir_cutter *cutter = NULL;
    weir_decoder *decoder = NULL;
    weir_batch *b = NULL;
    weir_chunk chunk = {0};
    weir_error err = {0};
    weir_status status = WEIR_OK;
    bool end = false;
    uint64_t next_byte = UINT64_MAX;
    WEIR_TRY(weir_memory_open("test.json", text, n, &in, &err));
    WEIR_TRY(weir_json_cutter_new(&request, in, &cutter, &err));
    WEIR_TRY(weir_json_decoder_new(&request, schema, &ctx, &decoder, &err));
    for (;;) {
        WEIR_TRY(weir_json_cutter_next(cutter, &chunk, &end, &err));
        if (end) break;
        if (next_byte != UINT64_MAX) assert_true(chunk.first_byte >= next_byte);
        next_byte = chunk.first_byte + (chunk.end - chunk.begin);
        WEIR_TRY(weir_json_decoder_begin(decoder, &chunk, &err));
        weir_chunk_clear(&chunk);
        for (;;) {
            WEIR_TRY(weir_json_decoder_next(decoder, &ctx, &b, &err));
            if (!b) break;
            if (weir_batch_validate(b, &err) != WEIR_OK) fail_msg("%s", err.message);
            for (uint32_t r = 0; r < b->length; r++) {
                weir_slice raw = weir_batch_raw(b, r);
                assert_true(raw.size > 0);
                if (raw.size < n) /* the raw form is what stands at the address */
                    assert_memory_equal(raw.data, text + weir_batch_byte(b, r), raw.size);
                show_row(o, b, r, out);
            }
            weir_batch_free(b);
            b = NULL;
            weir_arena_reset(&scratch);
        }
    }
out:
    if (status != WEIR_OK)
        assert_true(weir_buf_printf(out, "ERROR %s %lld %s\n", weir_status_name(status),
                                    (long long)err.line, err.message));
    weir_batch_free(b);
    weir_chunk_clear(&chunk);
    weir_json_decoder_free(decoder);
    weir_json_cutter_free(cutter);
    weir_stream_close(in);
    weir_arena_clear(&scratch);
    return status;
}

/* Reads with several sizes of chunks: the rows must not depend on them. */
static inline void check_rows(const setup *o, const char *spec, const char *text,
                              const char *want) {
    const size_t sizes[] = {1 << 20, 64, 100, 333};
    weir_schema *schema = schema_of(spec);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        setup s = *o;
        weir_buf out = {0};
        if (!s.chunk_bytes) s.chunk_bytes = sizes[i];
        (void)read_text(&s, schema, text, strlen(text), &out);
        if (strcmp(weir_buf_cstr(&out), want) != 0)
            fail_msg("chunks of %zu\n%s\ngives\n%s\nnot\n%s", s.chunk_bytes, text,
                     weir_buf_cstr(&out), want);
        weir_buf_clear(&out);
    }
    weir_schema_release(schema);
}

#endif
