/* map while it runs: keys to rows of the table, rows to columns. */
#include "column/views.h"
#include "transform/map.h"

/* ---- the columns --------------------------------------------------------------------------- */

/* Values and fallback one behind the other; nulls hold the empty value. */
weir_status map_column_finish(map_column *m, weir_ledger *ledger, weir_error *err) {
    const weir_type *t = m->values->type;
    weir_status status = WEIR_OK;
    weir_builder *b = NULL;
    uint32_t n = m->values->length;
    if (n >= MAP_DICTIONARY_ROWS || weir_type_is_nested(t) || t->id == WEIR_NULL) return WEIR_OK;
    static const uint8_t zero[16];
    WEIR_TRY(weir_builder_new(t, ledger, &b, err));
    for (uint32_t i = 0; i < n + (m->fallback ? 1u : 0u); i++) {
        const weir_column *c = i < n ? m->values : m->fallback;
        uint32_t row = i < n ? i : 0;
        if (!weir_column_is_null(c, row))
            WEIR_TRY(weir_builder_copy(b, c, row, err));
        else if (weir_type_is_view(t))
            WEIR_TRY(weir_builder_bytes(b, "", 0, err));
        else
            WEIR_TRY(weir_builder_value(b, zero, err));
    }
    WEIR_TRY(weir_builder_finish(b, &m->dictionary, err));
out:
    weir_builder_free(b);
    return status;
}

void map_state_clear(map_state *state) {
    if (!state) return;
    weir_lookup_clear(&state->lookup);
    for (uint32_t i = 0; state->made && i < state->n_made; i++) {
        weir_column_release(state->made[i].values);
        weir_column_release(state->made[i].fallback);
        weir_column_release(state->made[i].dictionary);
        state->made[i] = (map_column){0};
    }
}

/* ---- one batch ----------------------------------------------------------------------------- */

/* Where the value of a row stands; NULL: it is null. */
typedef struct place {
    const weir_column *column;
    uint32_t row;
} place;

static place place_of(const map_column *m, const weir_column *keep, uint32_t found, uint32_t row) {
    place p = {NULL, 0};
    if (found == WEIR_LOOKUP_NULL) return p;
    if (found != WEIR_LOOKUP_NONE)
        p = (place){m->values, found};
    else if (m->fallback)
        p = (place){m->fallback, 0};
    else if (keep)
        p = (place){keep, row};
    if (p.column && weir_column_is_null(p.column, p.row)) p.column = NULL;
    return p;
}

static weir_status fill_dictionary(const map_column *m, const uint32_t *found, weir_rows rows,
                                   weir_ledger *ledger, weir_column **out, weir_error *err) {
    weir_column *c = NULL, *dictionary = weir_column_retain(m->dictionary);
    weir_status status = weir_column_dictionary(dictionary, rows.length, ledger, &c, err);
    if (status != WEIR_OK) {
        weir_column_release(dictionary);
        return status;
    }
    memset(c->indices, 0, (size_t)rows.length * sizeof *c->indices);
    for (uint32_t k = 0; k < rows.n; k++) {
        uint32_t row = weir_rows_at(&rows, k);
        place p = place_of(m, NULL, found[row], row);
        if (p.column)
            c->indices[row] = (int32_t)(p.column == m->values ? p.row : m->values->length);
        else
            WEIR_TRY(weir_column_set_null(c, row, false, ledger, err));
    }
    *out = c;
    return WEIR_OK;
out:
    weir_column_release(c);
    return status;
}

static weir_status fill_nested(const map_column *m, const weir_column *keep, const uint32_t *found,
                               weir_rows rows, weir_ledger *ledger, weir_column **out,
                               weir_error *err) {
    weir_status status = WEIR_OK;
    weir_builder *b = NULL;
    WEIR_TRY(weir_builder_new(m->values->type, ledger, &b, err));
    for (uint32_t row = 0, k = 0; row < rows.length; row++) {
        bool active = k < rows.n && weir_rows_at(&rows, k) == row;
        place p = {NULL, 0};
        if (active) k++, p = place_of(m, keep, found[row], row);
        if (p.column)
            WEIR_TRY(weir_builder_copy(b, p.column, p.row, err));
        else
            WEIR_TRY(weir_builder_null(b, false, err));
    }
    status = weir_builder_finish(b, out, err);
out:
    weir_builder_free(b);
    return status;
}

static weir_status fill_plain(const map_column *m, const weir_column *keep, const uint32_t *found,
                              weir_rows rows, weir_ledger *ledger, weir_column **out,
                              weir_error *err) {
    const weir_type *t = m->values->type;
    weir_column *c = NULL;
    weir_status status = WEIR_OK;
    weir_view_writer w = {0};
    if (t->id == WEIR_NULL) return weir_column_constant(t, rows.length, NULL, 0, ledger, out, err);
    WEIR_TRY(weir_column_new(t, rows.length, ledger, &c, err));
    w = (weir_view_writer){.column = c, .ledger = ledger};
    if (t->width) memset(c->values, 0, (size_t)rows.length * t->width);
    for (uint32_t k = 0; k < rows.n; k++) {
        uint32_t row = weir_rows_at(&rows, k);
        place p = place_of(m, keep, found[row], row);
        if (!p.column) {
            WEIR_TRY(weir_column_set_null(c, row, false, ledger, err));
            continue;
        }
        const weir_column *base = weir_column_base(p.column);
        uint32_t slot = weir_column_slot(p.column, p.row);
        if (weir_type_is_view(t)) {
            weir_slice s = weir_column_slice(p.column, p.row);
            if (!weir_view_put(&w, s.data, s.size, (weir_view *)c->values + row, err)) {
                status = WEIR_RESOURCE;
                goto out;
            }
        } else if (t->id == WEIR_BOOL) {
            if (weir_bit_get(base->values, slot)) weir_bit_set(c->values, row);
        } else {
            memcpy((char *)c->values + (size_t)row * t->width,
                   (const char *)base->values + (size_t)slot * t->width, t->width);
        }
    }
    *out = c;
    c = NULL;
out:
    weir_view_writer_clear(&w);
    weir_column_release(c);
    return status;
}

/* "country "xx" is not in countries.csv", for each record whose key is not there. */
static weir_status report(const map_state *s, weir_batch *batch, const weir_column *const *fields,
                          const uint32_t *found, weir_rows rows, weir_error *err) {
    weir_failures *f = NULL;
    weir_buf text = {0};
    weir_status status = WEIR_OK;
    for (uint32_t k = 0; k < rows.n; k++) {
        uint32_t row = weir_rows_at(&rows, k);
        if (found[row] != WEIR_LOOKUP_NONE) continue;
        bool ok = true;
        text.size = 0;
        for (uint32_t i = 0; ok && i < s->n_fields; i++)
            ok = (i == 0 || weir_buf_adds(&text, ", ")) && weir_column_text(fields[i], row, &text);
        if (!ok) WEIR_TRY(weir_error_nomem(err));
        if (!f) WEIR_TRY(weir_batch_failures(batch, &f, err));
        weir_slice shown = {text.data ? text.data : "", text.size};
        WEIR_TRY(weir_failures_add(f, row, "map", s->names[0], "map", err,
                                   "%s \"%.*s\" is not in %s", s->what, weir_clip(shown),
                                   shown.data, s->where));
    }
out:
    weir_buf_clear(&text);
    return status;
}

/* What could not be read stays so: the null is poisoned where a key is, or was not found. */
static weir_status spread_poison(const map_state *s, const weir_column *const *fields,
                                 const uint32_t *found, weir_rows rows, weir_column *made,
                                 weir_ledger *ledger, weir_error *err) {
    bool rejects = s->missing == MAP_REJECT;
    for (uint32_t k = 0; k < rows.n; k++) {
        uint32_t row = weir_rows_at(&rows, k);
        bool poison = rejects && found[row] == WEIR_LOOKUP_NONE;
        if (!poison && found[row] != WEIR_LOOKUP_NULL) continue;
        for (uint32_t i = 0; i < s->n_fields && !poison; i++)
            poison = weir_column_is_poisoned(fields[i], row);
        if (!poison) continue;
        weir_status status = weir_column_set_null(made, row, true, ledger, err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

weir_status map_process(const weir_operator *op, void *local, weir_ctx *ctx, weir_batch *batch,
                        weir_error *err) {
    const map_state *s = op->state;
    weir_rows rows = weir_rows_of(batch);
    weir_status status = WEIR_OK;
    uint64_t *hashes = weir_alloc(((size_t)rows.length + 1) * sizeof *hashes);
    uint32_t *found = weir_alloc(((size_t)rows.length + 1) * sizeof *found);
    const weir_column **fields = weir_alloc_zero((size_t)s->n_fields + 1, sizeof *fields);
    weir_column **made = weir_alloc_zero((size_t)s->n_made + 1, sizeof *made);
    (void)local;
    if (!hashes || !found || !fields || !made) WEIR_TRY(weir_error_nomem(err));
    for (uint32_t i = 0; i < s->n_fields; i++) fields[i] = batch->columns[s->fields[i]];
    WEIR_TRY(weir_lookup_find(&s->lookup, fields, rows, hashes, found, err));
    if (s->missing == MAP_REJECT) WEIR_TRY(report(s, batch, fields, found, rows, err));
    const weir_column *keep = s->missing == MAP_KEEP ? fields[0] : NULL;
    for (uint32_t i = 0; i < s->n_made; i++) {
        const map_column *m = &s->made[i];
        if (weir_type_is_nested(m->values->type))
            WEIR_TRY(fill_nested(m, keep, found, rows, ctx->ledger, &made[i], err));
        else if (m->dictionary && !keep)
            WEIR_TRY(fill_dictionary(m, found, rows, ctx->ledger, &made[i], err));
        else
            WEIR_TRY(fill_plain(m, keep, found, rows, ctx->ledger, &made[i], err));
        WEIR_TRY(spread_poison(s, fields, found, rows, made[i], ctx->ledger, err));
    }
    WEIR_TRY(weir_places_put(op, batch, s->target, s->n_made, made, err));
    for (uint32_t i = 0; i < s->n_made; i++) made[i] = NULL;
out:
    for (uint32_t i = 0; made && i < s->n_made; i++) weir_column_release(made[i]);
    weir_free(made);
    weir_free(fields);
    weir_free(found);
    weir_free(hashes);
    return status;
}
