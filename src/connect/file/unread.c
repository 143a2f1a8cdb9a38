/* Why the first record that cannot be read is none: the chunk it stands in is read as a run would
 * read it, every column as text. */
#include "connect/file/unread.h"

#include "column/batch.h"

/* A schema of text that the chunk's records have; where they name their own fields, one that no
 * record has. */
static weir_status texts_of(const weir_chunk *chunk, weir_schema **out, weir_error *err) {
    uint32_t n = chunk->layout ? chunk->layout->n_names : 0;
    weir_field *fields = weir_alloc_zero(n + 1u, sizeof *fields);
    if (!fields) return weir_error_nomem(err);
    for (uint32_t i = 0; i < n; i++) {
        fields[i].name = chunk->layout->names[i];
        fields[i].type = weir_type_of(WEIR_STRING);
    }
    if (n == 0) fields[0] = (weir_field){"", weir_type_of(WEIR_STRING), false};
    weir_status status = weir_schema_new(fields, n ? n : 1, out, err);
    weir_free(fields);
    return status;
}

/* The failure of the first row of a batch that has one. */
static const weir_failure *first_of(const weir_batch *b) {
    const weir_failure *first = NULL;
    for (size_t i = 0; b->failures && i < b->failures->n; i++) {
        const weir_failure *f = &b->failures->items[i];
        if (!first || f->row < first->row) first = f;
    }
    return first;
}

static weir_status keep(weir_unread *u, const weir_chunk *chunk, const weir_batch *b,
                        const weir_failure *f, weir_error *err) {
    weir_buf text = {0};
    bool ok = !f->field[0] || weir_buf_printf(&text, "%s: ", f->field);
    ok = ok && weir_buf_adds(&text, f->reason);
    if (ok) {
        weir_free(u->reason);
        u->reason = weir_strdup(weir_buf_cstr(&text));
        u->encoding = strcmp(f->rule, "utf8") == 0 || strstr(f->reason, "UTF-8") != NULL;
        u->split = chunk->split;
        u->sequence = chunk->sequence;
        u->line = weir_batch_line(b, f->row);
    }
    weir_buf_clear(&text);
    return ok && u->reason ? WEIR_OK : weir_error_nomem(err);
}

bool weir_unread_before(const weir_unread *a, const weir_unread *b) {
    if (!a->reason || !b->reason) return a->reason != NULL;
    return a->split != b->split ? a->split < b->split : a->sequence < b->sequence;
}

weir_status weir_unread_look(weir_unread *u, const weir_read_ops *ops,
                             const weir_read_request *read, const weir_chunk *chunk,
                             weir_error *err) {
    weir_read_request request = *read;
    weir_schema *schema = NULL;
    weir_decoder *decoder = NULL;
    weir_batch *batch = NULL;
    weir_arena scratch = {0};
    weir_ctx ctx = {.ledger = read->ledger, .scratch = &scratch, .cancel = read->cancel};
    weir_unread here = {.reason = (char *)"", .split = chunk->split, .sequence = chunk->sequence};
    if (!weir_unread_before(&here, u)) return WEIR_OK;
    request.columns = request.found = NULL;
    request.extra = WEIR_EXTRA_DROP;
    request.all = NULL;
    request.repeats = NULL;
    weir_status status;
    WEIR_TRY(texts_of(chunk, &schema, err));
    WEIR_TRY(ops->decoder_new(&request, schema, &ctx, &decoder, err));
    WEIR_TRY(ops->decoder_begin(decoder, chunk, err));
    for (;;) {
        WEIR_TRY(ops->decoder_next(decoder, &ctx, &batch, err));
        if (!batch) break;
        const weir_failure *f = first_of(batch);
        if (f) {
            WEIR_TRY(keep(u, chunk, batch, f, err));
            break;
        }
        weir_batch_free(batch);
        batch = NULL;
    }
out:
    weir_batch_free(batch);
    if (decoder) ops->decoder_free(decoder);
    weir_schema_release(schema);
    weir_arena_clear(&scratch);
    return status;
}
