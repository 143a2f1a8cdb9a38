/* Fuzzes workbooks: the bytes as they are (the zip archive), or as the parts of one that is sound,
 * divided by NUL bytes.  The first byte chooses. */
#include <stdint.h>
#include <stdlib.h>

#include "format/infer.h"
#include "format/xlsx.h"

#include "text/hash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int ok) {
    if (!ok) abort();
}

/* ---- an archive of stored members ---------------------------------------------------------- */

static void put16(weir_buf *b, uint32_t v) {
    char p[2] = {(char)v, (char)(v >> 8)};
    check(weir_buf_add(b, p, 2));
}
static void put32(weir_buf *b, uint32_t v) {
    put16(b, v);
    put16(b, v >> 16);
}

typedef struct archive {
    weir_buf bytes, directory;
    uint32_t n;
} archive;

/* From the checksum on, the local header and the directory's entry are alike. */
static void put_sizes(weir_buf *b, const char *name, weir_slice s) {
    put32(b, weir_crc32(0, s.data, s.size));
    put32(b, (uint32_t)s.size);
    put32(b, (uint32_t)s.size);
    put16(b, (uint32_t)strlen(name));
    put16(b, 0);
}

static void put_member(archive *a, const char *name, weir_slice s) {
    uint32_t at = (uint32_t)a->bytes.size;
    put32(&a->bytes, 0x04034b50);
    put16(&a->bytes, 20);
    put32(&a->bytes, 0);
    put32(&a->bytes, 0);
    put_sizes(&a->bytes, name, s);
    check(weir_buf_adds(&a->bytes, name) && weir_buf_add(&a->bytes, s.data, s.size));
    put32(&a->directory, 0x02014b50);
    put16(&a->directory, 20);
    put16(&a->directory, 20);
    put32(&a->directory, 0);
    put32(&a->directory, 0);
    put_sizes(&a->directory, name, s);
    put16(&a->directory, 0);
    put16(&a->directory, 0);
    put16(&a->directory, 0);
    put32(&a->directory, 0);
    put32(&a->directory, at);
    check(weir_buf_adds(&a->directory, name));
    a->n++;
}

static void finish(archive *a) {
    uint32_t at = (uint32_t)a->bytes.size;
    check(weir_buf_add(&a->bytes, a->directory.data, a->directory.size));
    put32(&a->bytes, 0x06054b50);
    put32(&a->bytes, 0);
    put16(&a->bytes, a->n);
    put16(&a->bytes, a->n);
    put32(&a->bytes, (uint32_t)a->directory.size);
    put32(&a->bytes, at);
    put16(&a->bytes, 0);
}

static weir_slice next_part(const char **p, const char *end) {
    const char *stop = *p < end ? memchr(*p, 0, (size_t)(end - *p)) : NULL;
    weir_slice s = {*p, (size_t)((stop ? stop : end) - *p)};
    *p = stop ? stop + 1 : end;
    return s;
}

static void make_archive(archive *a, const char *p, size_t size) {
    static const char rels[] =
        "<Relationships><Relationship Id='a' Type='x/worksheet' Target='s.xml'/>"
        "<Relationship Id='b' Type='x/sharedStrings' Target='t.xml'/>"
        "<Relationship Id='c' Type='x/styles' Target='/xl/f.xml'/></Relationships>";
    static const char book[] = "<workbook xmlns:r='u'><sheets><sheet name='S' r:id='a'/></sheets>"
                               "</workbook>";
    const char *end = p + size;
    put_member(a, "_rels/.rels", weir_slice_of("<Relationships/>"));
    put_member(a, "xl/s.xml", next_part(&p, end));
    put_member(a, "xl/t.xml", next_part(&p, end));
    put_member(a, "xl/f.xml", next_part(&p, end));
    weir_slice own = next_part(&p, end);
    put_member(a, "xl/workbook.xml", own.size ? own : weir_slice_of(book));
    own = next_part(&p, end);
    put_member(a, "xl/_rels/workbook.xml.rels", own.size ? own : weir_slice_of(rels));
    finish(a);
}

/* ---- reading it ---------------------------------------------------------------------------- */

static weir_schema *make_schema(void) {
    static const char *const types[] = {"int64", "timestamp", "string"};
    static const char *const names[] = {"a", "b", "C"};
    weir_field fields[3];
    weir_schema *schema = NULL;
    for (int i = 0; i < 3; i++) {
        fields[i] = (weir_field){.name = names[i]};
        check(weir_type_parse(types[i], &fields[i].type, NULL) == WEIR_OK);
    }
    check(weir_schema_new(fields, 3, &schema, NULL) == WEIR_OK);
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

static void read_book(uint8_t choice, const char *bytes, size_t size) {
    weir_xlsx_read_config config = {.header = choice & 2,
                                    .header_row = choice & 4 ? 2 : 0,
                                    .skip = choice & 8 ? 1 : 0,
                                    .range = choice & 16 ? "B2:D9" : NULL,
                                    .errors = (choice >> 5) % 3};
    weir_ledger ledger;
    weir_ledger_init(&ledger, "fuzz", (size_t)64 << 20, NULL);
    weir_read_request request = {.config = &config,
                                 .ledger = &ledger,
                                 .chunk_bytes = choice & 128 ? 64 : 4096,
                                 .max_record_bytes = choice & 128 ? 300 : 1 << 20};
    weir_arena scratch = {0};
    weir_ctx ctx = {.scratch = &scratch, .ledger = &ledger};
    weir_schema *schema = make_schema();
    weir_stream *in = NULL;
    weir_cutter *c = NULL;
    weir_decoder *d = NULL;
    weir_inference *inference = NULL;
    weir_error err = {0};
    bool end = false;
    check(weir_memory_open("fuzz", bytes, size, &in, &err) == WEIR_OK);
    in->at_will = !(choice & 64);
    check(weir_inference_new(&inference, &err) == WEIR_OK);
    check(weir_relay_decoder_new(&request, schema, &ctx, &d, &err) == WEIR_OK);
    if (weir_xlsx_cutter_new(&request, in, &c, &err) == WEIR_OK) {
        for (;;) {
            weir_chunk chunk = {0};
            if (weir_xlsx_cutter_next(c, &chunk, &end, &err) != WEIR_OK || end) break;
            check(chunk.end > chunk.begin && chunk.end <= chunk.block->size);
            check(weir_relay_infer(&request, &chunk, inference, &err) == WEIR_OK);
            read_chunk(d, &chunk, &ctx);
            weir_chunk_clear(&chunk);
        }
    }
    check(err.status != WEIR_INTERNAL && err.status != WEIR_USAGE);
    weir_relay_decoder_free(d);
    weir_xlsx_cutter_free(c);
    weir_inference_free(inference);
    weir_stream_close(in);
    weir_schema_release(schema);
    weir_arena_clear(&scratch);
    check(atomic_load(&ledger.used_bytes) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    const char *p = (const char *)data + 1;
    if (data[0] & 1) {
        archive a = {0};
        make_archive(&a, p, size - 1);
        read_book(data[0], a.bytes.data, a.bytes.size);
        weir_buf_clear(&a.bytes);
        weir_buf_clear(&a.directory);
    } else {
        read_book(data[0], p, size - 1);
    }
    return 0;
}
