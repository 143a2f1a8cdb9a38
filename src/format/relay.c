#include "format/relay.h"

#include <stdarg.h>
#include <stdio.h>

#include "column/batch.h"
#include "text/json.h"

#define STAGE "read"
#define FAULTS_MAX ((size_t)1 << 20)
/* Rows a chunk: what a batch has, so that a chunk is a batch. */
#define ROWS_MAX WEIR_BATCH_MAX_ROWS
#define KEEP_BYTES 4096u /* kept of a record that is too long */
#define DEPTH_MAX 512    /* the formats have narrower limits of their own */

/* What a chunk's layout carries. */
typedef struct addresses {
    weir_block *block; /* lines, then bytes */
    uint32_t n;
    weir_relay_fault *faults;
    size_t n_faults;
} addresses;

static void faults_free(weir_relay_fault *faults, size_t n) {
    for (size_t i = 0; i < n; i++) weir_free(faults[i].reason);
    weir_free(faults);
}

static void addresses_free(void *p) {
    addresses *a = p;
    if (!a) return;
    weir_block_release(a->block);
    faults_free(a->faults, a->n_faults);
    weir_free(a);
}

static const addresses *addresses_of(const weir_chunk *chunk) {
    const weir_layout *l = chunk->layout;
    return l && l->private_free == addresses_free ? l->private_data : NULL;
}

/* ---- writing ------------------------------------------------------------------------------- */

void weir_relay_init(weir_relay *r, const weir_read_request *request) {
    *r = (weir_relay){.request = request};
    r->record.max = request->max_record_bytes + KEEP_BYTES;
}

void weir_relay_clear(weir_relay *r) {
    weir_buf_clear(&r->record);
    if (r->charged_bytes) weir_ledger_release(r->request->ledger, r->charged_bytes);
    r->charged_bytes = 0;
    weir_block_release(r->block);
    r->block = NULL;
    weir_free(r->places);
    faults_free(r->faults, r->n_faults);
    r->places = NULL;
    r->faults = NULL;
    r->n_faults = r->n_rows = 0;
    for (uint32_t i = 0; i < r->n_ready; i++) weir_chunk_clear(&r->ready[i]);
    r->n_ready = 0;
}

void weir_relay_begin(weir_relay *r, uint64_t line, uint64_t byte) {
    r->record.size = 0;
    r->line = line;
    r->byte = byte;
    r->fault_rule = NULL;
}

void weir_relay_fail(weir_relay *r, const char *rule, const char *fmt, ...) {
    if (r->fault_rule) return;
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(r->fault, sizeof r->fault, fmt, args);
    va_end(args);
    if (n < 0) r->fault[0] = 0;
    r->fault_rule = rule;
}

static weir_status make_layout(weir_relay *r, weir_layout **out, weir_error *err) {
    weir_status status = WEIR_OK;
    addresses *a = weir_alloc_zero(1, sizeof *a);
    weir_layout *l = NULL;
    if (!a) return weir_error_nomem(err);
    size_t n = r->n_rows;
    WEIR_TRY(weir_block_new(r->request->ledger, n * 2 * sizeof(uint64_t), &a->block, err));
    uint64_t *line = (uint64_t *)(void *)a->block->data, *byte = line + n;
    for (size_t i = 0; i < n; i++) {
        line[i] = r->places[i].line;
        byte[i] = r->places[i].byte;
    }
    a->block->size = n * 2 * sizeof(uint64_t);
    a->n = (uint32_t)n;
    WEIR_TRY(weir_layout_new(NULL, 0, &l, err));
    a->faults = r->faults;
    a->n_faults = r->n_faults;
    r->faults = NULL;
    r->n_faults = r->faults_capacity = 0;
    l->private_data = a;
    l->private_free = addresses_free;
    *out = l;
    a = NULL;
out:
    addresses_free(a);
    return status;
}

/* What is in the block becomes a chunk. */
static weir_status emit(weir_relay *r, uint32_t flags, uint64_t skipped_bytes, weir_error *err) {
    weir_layout *layout = NULL;
    if (!r->block || r->n_rows == 0) return WEIR_OK;
    weir_status status = make_layout(r, &layout, err);
    if (status != WEIR_OK) return status;
    r->ready[r->n_ready++] =
        (weir_chunk){.block = r->block,
                     .end = (uint32_t)r->block->size,
                     .flags = flags,
                     .n_lines = (uint32_t)r->n_rows,
                     .sequence = r->sequence++,
                     .first_byte = r->places[0].byte == UINT64_MAX ? 0 : r->places[0].byte,
                     .first_line = r->places[0].line,
                     .skipped_bytes = skipped_bytes,
                     .layout = layout};
    r->block = NULL;
    r->n_rows = 0;
    return WEIR_OK;
}

static weir_status put(weir_relay *r, const char *p, size_t n, weir_error *err) {
    weir_status status = WEIR_OK;
    if (r->block && (r->block->size + n + 1 > r->block->capacity || r->n_rows == ROWS_MAX))
        WEIR_TRY(emit(r, 0, 0, err));
    if (!r->block) {
        size_t capacity = r->request->chunk_bytes > n + 1 ? r->request->chunk_bytes : n + 1;
        WEIR_TRY(weir_block_new(r->request->ledger, capacity, &r->block, err));
    }
    WEIR_TRY(weir_grow((void **)&r->places, &r->places_capacity, r->n_rows + 1, sizeof *r->places,
                       ROWS_MAX, err));
    memcpy(r->block->data + r->block->size, p, n);
    r->block->size += n;
    r->block->data[r->block->size++] = '\n';
    r->places[r->n_rows++] = (weir_relay_place){r->line, r->byte};
out:
    return status;
}

static weir_status keep_fault(weir_relay *r, weir_error *err) {
    weir_status status = weir_grow((void **)&r->faults, &r->faults_capacity, r->n_faults + 1,
                                   sizeof *r->faults, FAULTS_MAX, err);
    if (status != WEIR_OK) return status;
    char *reason = weir_strdup(r->fault);
    if (!reason) return weir_error_nomem(err);
    r->faults[r->n_faults++] = (weir_relay_fault){(uint32_t)(r->n_rows - 1), r->fault_rule, reason};
    return WEIR_OK;
}

weir_status weir_relay_end(weir_relay *r, bool cut, weir_error *err) {
    weir_status status = WEIR_OK;
    if (r->record.capacity > r->charged_bytes) {
        size_t more = r->record.capacity - r->charged_bytes;
        if (!weir_ledger_charge(r->request->ledger, more))
            return weir_error_set(err, WEIR_RESOURCE,
                                  "the memory budget has no room for a record of %zu bytes",
                                  r->record.size);
        r->charged_bytes += more;
    }
    size_t size = r->record.size;
    if (!cut && size <= r->request->max_record_bytes) {
        WEIR_TRY(put(r, r->record.data, size, err));
        return r->fault_rule ? keep_fault(r, err) : WEIR_OK;
    }
    size_t kept = size < KEEP_BYTES ? size : KEEP_BYTES;
    if (kept == 0) return weir_error_set(err, WEIR_INTERNAL, "a record without text");
    WEIR_TRY(emit(r, 0, 0, err));
    WEIR_TRY(put(r, r->record.data, kept, err));
    r->block->size--; /* without a line feed: it is no whole line */
    WEIR_TRY(emit(r, WEIR_CHUNK_TOO_LONG, size - kept, err));
out:
    return status;
}

weir_status weir_relay_flush(weir_relay *r, weir_error *err) {
    return emit(r, 0, 0, err);
}

bool weir_relay_take(weir_relay *r, weir_chunk *out) {
    if (r->n_ready == 0) return false;
    *out = r->ready[0];
    r->n_ready--;
    memmove(r->ready, r->ready + 1, r->n_ready * sizeof *r->ready);
    return true;
}

/* ---- reading them again -------------------------------------------------------------------- */

/* The request as the JSON code sees it. */
typedef struct json_request {
    weir_json_read_config config;
    weir_read_request request;
} json_request;

static void as_json(const weir_read_request *request, bool texts, json_request *out) {
    out->config = (weir_json_read_config){
        .lines = true, .max_depth = DEPTH_MAX, .texts = texts, .dates = true};
    out->request = *request;
    out->request.config = &out->config;
}

static weir_status infer(const weir_read_request *request, const weir_chunk *chunk, bool texts,
                         struct weir_inference *into, weir_error *err) {
    json_request json;
    const addresses *a = addresses_of(chunk);
    uint64_t *void_rows = NULL;
    as_json(request, texts, &json);
    if (!a) return weir_json_infer_at(&json.request, chunk, NULL, into, err);
    if (a->n_faults) {
        void_rows = weir_alloc_zero(weir_bit_words(a->n) + 1, sizeof *void_rows);
        if (!void_rows) return weir_error_nomem(err);
        for (size_t i = 0; i < a->n_faults; i++) weir_bit_set(void_rows, a->faults[i].row);
    }
    const uint64_t *line = (const uint64_t *)(const void *)a->block->data;
    weir_json_places places = {line, line + a->n, a->n, void_rows};
    weir_status status = weir_json_infer_at(&json.request, chunk, &places, into, err);
    weir_free(void_rows);
    return status;
}

weir_status weir_relay_infer_texts(const weir_read_request *request, const weir_chunk *chunk,
                                   struct weir_inference *into, weir_error *err) {
    return infer(request, chunk, true, into, err);
}

weir_status weir_relay_infer(const weir_read_request *request, const weir_chunk *chunk,
                             struct weir_inference *into, weir_error *err) {
    return infer(request, chunk, false, into, err);
}

struct weir_decoder {
    json_request json;
    weir_decoder *inner;
    weir_layout *layout; /* of the chunk, retained */
    uint32_t row;        /* of the chunk: row 0 of the next batch */
    size_t fault;        /* the next one */
};

weir_status weir_relay_decoder_new(const weir_read_request *request, weir_schema *schema,
                                   weir_ctx *ctx, weir_decoder **out, weir_error *err) {
    weir_decoder *d = weir_alloc_zero(1, sizeof *d);
    if (!d) return weir_error_nomem(err);
    as_json(request, true, &d->json);
    weir_status status = weir_json_decoder_new(&d->json.request, schema, ctx, &d->inner, err);
    if (status != WEIR_OK) {
        weir_free(d);
        return status;
    }
    *out = d;
    return WEIR_OK;
}

weir_status weir_relay_decoder_begin(weir_decoder *d, const weir_chunk *chunk, weir_error *err) {
    weir_layout_release(d->layout);
    d->layout = addresses_of(chunk) ? weir_layout_retain(chunk->layout) : NULL;
    d->row = 0;
    d->fault = 0;
    return weir_json_decoder_begin(d->inner, chunk, err);
}

/* The rows' addresses, and what was wrong with them before they became JSON. */
static weir_status complete(weir_decoder *d, weir_batch *b, weir_error *err) {
    const addresses *a = d->layout ? d->layout->private_data : NULL;
    if (!a) return WEIR_OK;
    if (d->row + b->length > a->n)
        return weir_error_set(err, WEIR_INTERNAL, "a chunk has more rows than addresses");
    weir_origin *o = &b->origin;
    const uint64_t *line = (const uint64_t *)(const void *)a->block->data;
    o->address_block = weir_block_retain(a->block);
    o->row_line = line + d->row;
    o->row_byte = line + a->n + d->row;
    for (; d->fault < a->n_faults; d->fault++) {
        const weir_relay_fault *f = &a->faults[d->fault];
        if (f->row >= d->row + b->length) break;
        weir_failures *failures = NULL;
        weir_status status = weir_batch_failures(b, &failures, err);
        if (status == WEIR_OK)
            status = weir_failures_add(failures, f->row - d->row, STAGE, "", f->rule, err, "%s",
                                       f->reason);
        if (status != WEIR_OK) return status;
    }
    d->row += b->length;
    return WEIR_OK;
}

weir_status weir_relay_decoder_next(weir_decoder *d, weir_ctx *ctx, weir_batch **out,
                                    weir_error *err) {
    weir_batch *b = NULL;
    *out = NULL;
    weir_status status = weir_json_decoder_next(d->inner, ctx, &b, err);
    if (status != WEIR_OK || !b) return status;
    status = complete(d, b, err);
    if (status == WEIR_OK)
        *out = b;
    else
        weir_batch_free(b);
    return status;
}

void weir_relay_decoder_free(weir_decoder *d) {
    if (!d) return;
    weir_json_decoder_free(d->inner);
    weir_layout_release(d->layout);
    weir_free(d);
}
