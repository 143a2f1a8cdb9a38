#include "reject/reject.h"

#include <stdio.h>

#include "text/encode.h"
#include "text/json.h"
#include "text/utf8.h"

enum {
    F_RUN,
    F_STEP,
    F_STAGE,
    F_SOURCE,
    F_LINE,
    F_BYTE,
    F_ADDRESS,
    F_FIELD,
    F_RULE,
    F_REASON,
    F_FAILURES,
    F_RAW,
    F_COUNT
};

weir_status weir_reject_schema(weir_schema **out, weir_error *err) {
    const weir_type *text = weir_type_of(WEIR_STRING), *number = weir_type_of(WEIR_INT64);
    const weir_field fields[F_COUNT] = {
        [F_RUN] = {"run_id", text, true},
        [F_STEP] = {"step", text, true},
        [F_STAGE] = {"stage", text, true},
        [F_SOURCE] = {"source", text, true},
        [F_LINE] = {"line", number, false},
        [F_BYTE] = {"byte", number, false},
        [F_ADDRESS] = {"address", text, true},
        [F_FIELD] = {"field", text, true},
        [F_RULE] = {"rule", text, true},
        [F_REASON] = {"reason", text, true},
        [F_FAILURES] = {"failures", weir_type_of(WEIR_JSON), true},
        [F_RAW] = {"raw", text, false},
    };
    return weir_schema_new(fields, F_COUNT, out, err);
}

/* Everything needed while one batch's rejects are made. */
typedef struct maker {
    const weir_reject_context *context;
    const weir_batch *batch;
    weir_schema *original_schema;
    weir_column *const *original;
    weir_builder *builders[F_COUNT];
    weir_buf text;
    weir_error *err;
    /* failures chained by row, in order of detection: number + 1, 0 = none */
    uint32_t *head, *next;
    /* how far lines have been counted: rows come in ascending order, so each byte counts once */
    uint32_t counted_to;
    uint64_t counted_line;
} maker;

static uint64_t line_of(maker *m, uint32_t row) {
    const weir_origin *o = &m->batch->origin;
    if (o->row_line || !o->raw_line || !o->raw || !o->row_begin)
        return weir_batch_line(m->batch, row);
    if (m->counted_line == 0 || o->row_begin[row] < m->counted_to) {
        m->counted_line = o->raw_line;
        m->counted_to = o->raw_begin;
    }
    m->counted_line += weir_batch_lines_between(m->batch, m->counted_to, o->row_begin[row]);
    m->counted_to = o->row_begin[row];
    return m->counted_line;
}

/* A batch in which every row failed must not cost rows x failures. */
static weir_status chain_failures(maker *m, weir_ctx *ctx) {
    const weir_failures *f = m->batch->failures;
    m->head = weir_arena_zero(ctx->scratch, m->batch->length, sizeof *m->head);
    m->next = weir_arena_zero(ctx->scratch, f->n, sizeof *m->next);
    if (!m->head || !m->next) return weir_error_nomem(m->err);
    for (size_t i = f->n; i-- > 0;) {
        m->next[i] = m->head[f->items[i].row];
        m->head[f->items[i].row] = (uint32_t)i + 1;
    }
    return WEIR_OK;
}

static weir_status add_text(maker *m, int field, const char *s) {
    return weir_builder_bytes(m->builders[field], s, strlen(s), m->err);
}

static weir_status add_buf(maker *m, int field) {
    return weir_builder_bytes(m->builders[field], m->text.data, m->text.size, m->err);
}

static weir_status add_number(maker *m, int field, bool known, int64_t v) {
    if (!known) return weir_builder_null(m->builders[field], false, m->err);
    return weir_builder_value(m->builders[field], &v, m->err);
}

/* What a failure happened at; with a route the load has the name of its target. */
static const char *stage_of(const maker *m, const weir_failure *f) {
    return m->context->load_name && strcmp(f->stage, "load") == 0 ? m->context->load_name
                                                                  : f->stage;
}

static weir_status add_failures(maker *m, uint32_t row) {
    const weir_failures *f = m->batch->failures;
    const char *route =
        m->context->route ? m->context->route : weir_batch_wanted_route(m->batch, row);
    m->text.size = 0;
    weir_json_writer w = {.out = &m->text};
    weir_json_open(&w, '[');
    for (uint32_t i = m->head[row]; i; i = m->next[i - 1]) {
        const weir_failure *e = &f->items[i - 1];
        weir_json_open(&w, '{');
        weir_json_key(&w, "stage");
        weir_json_write_string(&w, stage_of(m, e));
        weir_json_key(&w, "field");
        weir_json_write_string(&w, e->field);
        weir_json_key(&w, "rule");
        weir_json_write_string(&w, e->rule);
        weir_json_key(&w, "reason");
        weir_json_write_string(&w, e->reason);
        if (route) { /* a replay goes there alone: others may have the record */
            weir_json_key(&w, "route");
            weir_json_write_string(&w, route);
        }
        weir_json_close(&w, '}');
    }
    weir_json_close(&w, ']');
    if (w.failed) return weir_error_nomem(m->err);
    return add_buf(m, F_FAILURES);
}

/* One value of the original record as JSON: numbers and booleans bare, the rest as their text. */
static bool value_json(weir_json_writer *w, const weir_column *c, uint32_t row, weir_buf *scratch) {
    if (weir_column_is_null(c, row)) {
        weir_json_write_null(w);
        return true;
    }
    scratch->size = 0;
    weir_type_id id = c->type->id;
    if (id == WEIR_BINARY) { /* the form in which a replay reads it */
        weir_slice bytes = weir_column_slice(c, row);
        if (!weir_buf_reserve(scratch, weir_base64_max(bytes.size))) return false;
        scratch->size = weir_base64_encode(bytes.data, bytes.size, WEIR_BASE64, scratch->data);
        weir_json_write_string_n(w, scratch->data, scratch->size);
        return true;
    }
    if (!weir_column_text(c, row, scratch)) return false;
    bool bare = id == WEIR_BOOL || (id >= WEIR_INT8 && id <= WEIR_UINT64) || id == WEIR_DECIMAL ||
                id == WEIR_JSON || weir_type_is_nested(c->type);
    if (bare)
        weir_json_write_raw(w, scratch->data, scratch->size);
    else
        weir_json_write_string_n(w, scratch->data, scratch->size);
    return true;
}

/* The record as its source gave it, else as it is now. */
static weir_status raw_from_columns(maker *m, uint32_t row) {
    const weir_as_read *as_read = m->batch->origin.as_read;
    const weir_schema *schema = as_read ? as_read->schema : m->original_schema;
    weir_column *const *columns = as_read ? as_read->columns : m->original;
    if (as_read) row = weir_batch_record(m->batch, row);
    weir_buf scratch = {0};
    m->text.size = 0;
    weir_json_writer w = {.out = &m->text};
    bool ok = true;
    weir_json_open(&w, '{');
    for (uint32_t c = 0; ok && c < schema->n_fields; c++) {
        weir_json_key(&w, schema->fields[c].name);
        ok = value_json(&w, columns[c], row, &scratch);
    }
    weir_json_close(&w, '}');
    weir_buf_clear(&scratch);
    if (!ok || w.failed) return weir_error_nomem(m->err);
    return add_buf(m, F_RAW);
}

static weir_status add_raw(maker *m, uint32_t row) {
    weir_slice raw = weir_batch_raw(m->batch, row);
    if (!raw.data) raw = weir_failures_raw(m->batch->failures, row);
    if (!raw.data) {
        if (m->original || m->batch->origin.as_read) return raw_from_columns(m, row);
        return weir_builder_null(m->builders[F_RAW], false, m->err);
    }
    bool plain = weir_utf8_valid(raw.data, raw.size) &&
                 !(raw.size >= 2 && raw.data[0] == '\\' && raw.data[1] == 'x');
    if (plain) return weir_builder_bytes(m->builders[F_RAW], raw.data, raw.size, m->err);
    m->text.size = 0;
    if (!weir_buf_adds(&m->text, "\\x") || !weir_buf_reserve(&m->text, 2 * raw.size))
        return weir_error_nomem(m->err);
    m->text.size += weir_hex_encode(raw.data, raw.size, m->text.data + m->text.size);
    return add_buf(m, F_RAW);
}

/* "#2" behind the address for a row that unnest made, "#2#1" when it did so twice; also for a
 * record that came again for the sake of that item and failed before it was unnested. */
static bool add_items(maker *m, uint32_t row) {
    const weir_origin *o = &m->batch->origin;
    size_t record = weir_batch_record(m->batch, row);
    bool ok = true;
    for (uint32_t l = 0; ok && (l < o->levels || l < o->wanted_levels); l++) {
        uint32_t item = l < o->levels ? o->items[(size_t)row * o->levels + l] : 0;
        if (!item && l < o->wanted_levels) item = o->wanted[record * o->wanted_levels + l];
        if (!item) break;
        ok = weir_buf_printf(&m->text, "#%u", item);
    }
    return ok;
}

static weir_status add_row(maker *m, uint32_t row, const weir_failure *first) {
    weir_status status;
    const char *source = m->batch->origin.source;
    if (!source && m->context->split_name)
        source = m->context->split_name(m->context->splits, m->batch->origin.split);
    if (!source) source = "";
    uint64_t line = line_of(m, row);
    bool raw = m->batch->origin.raw != NULL;
    uint64_t byte = raw ? weir_batch_byte(m->batch, row) : 0;
    WEIR_TRY(add_text(m, F_RUN, m->context->run_id));
    WEIR_TRY(add_text(m, F_STEP, m->context->step));
    WEIR_TRY(add_text(m, F_STAGE, stage_of(m, first)));
    WEIR_TRY(add_text(m, F_SOURCE, source));
    WEIR_TRY(add_number(m, F_LINE, line != 0, (int64_t)line));
    bool has_byte = raw && weir_batch_has_byte(m->batch, row);
    WEIR_TRY(add_number(m, F_BYTE, has_byte, (int64_t)byte));
    m->text.size = 0;
    bool ok;
    if (raw && line && !has_byte)
        ok = weir_buf_printf(&m->text, "%s:%llu", source, (unsigned long long)line);
    else if (raw && line)
        ok = weir_buf_printf(&m->text, "%s:%llu:%llu", source, (unsigned long long)line,
                             (unsigned long long)byte);
    else if (m->batch->origin.row_id)
        ok = weir_buf_printf(&m->text, "%s#%llu", source,
                             (unsigned long long)m->batch->origin.row_id[row]);
    else
        ok = weir_buf_printf(&m->text, "%s#%llu", source,
                             (unsigned long long)(weir_batch_row_number(m->batch, row) + 1));
    if (!ok || !add_items(m, row)) return weir_error_nomem(m->err);
    WEIR_TRY(add_buf(m, F_ADDRESS));
    WEIR_TRY(add_text(m, F_FIELD, first->field));
    WEIR_TRY(add_text(m, F_RULE, first->rule));
    WEIR_TRY(add_text(m, F_REASON, first->reason));
    WEIR_TRY(add_failures(m, row));
    status = add_raw(m, row);
out:
    return status;
}

static weir_status finish(maker *m, weir_schema *schema, uint32_t n, weir_batch **out) {
    weir_batch *b = NULL;
    weir_status status = weir_batch_new(schema, n, &b, m->err);
    for (int f = 0; status == WEIR_OK && f < F_COUNT; f++)
        status = weir_builder_finish(m->builders[f], &b->columns[f], m->err);
    if (status != WEIR_OK) {
        weir_batch_free(b);
        return status;
    }
    b->origin.split = m->batch->origin.split;
    b->origin.sequence = m->batch->origin.sequence;
    *out = b;
    return WEIR_OK;
}

weir_status weir_reject_build(const weir_reject_context *context, const weir_batch *b,
                              weir_schema *original_schema, weir_column *const *original,
                              weir_schema *schema, weir_ctx *ctx, weir_batch **out,
                              weir_error *err) {
    *out = NULL;
    if (!b->failures || b->failures->n == 0) return WEIR_OK;
    maker m = {context, b, original_schema, original, {0}, {0}, err, NULL, NULL, 0, 0};
    uint32_t n = 0;
    weir_status status = chain_failures(&m, ctx);
    if (status != WEIR_OK) return status;
    for (int f = 0; f < F_COUNT; f++)
        WEIR_TRY(weir_builder_new(schema->fields[f].type, ctx->ledger, &m.builders[f], err));
    for (uint32_t k = 0; k < b->n_selected; k++) {
        uint32_t row = weir_batch_row(b, k);
        if (!weir_failures_bad(b->failures, row)) continue;
        if (!m.head[row]) {
            status = weir_error_set(err, WEIR_INTERNAL, "a failed row has no failure");
            goto out;
        }
        WEIR_TRY(add_row(&m, row, &b->failures->items[m.head[row] - 1]));
        n++;
    }
    if (n) status = finish(&m, schema, n, out);
out:
    for (int f = 0; f < F_COUNT; f++) weir_builder_free(m.builders[f]);
    weir_buf_clear(&m.text);
    return status;
}

weir_status weir_reject_drop(weir_batch *b, uint64_t *dropped, weir_error *err) {
    *dropped = 0;
    if (!b->failures || b->failures->n == 0) return WEIR_OK;
    uint32_t before = b->n_selected;
    size_t words = weir_bit_words(b->length);
    uint64_t *keep = weir_alloc(words * sizeof *keep);
    if (!keep) return weir_error_nomem(err);
    for (size_t i = 0; i < words; i++) keep[i] = ~b->failures->bad[i];
    weir_status status = weir_batch_keep(b, keep, err);
    weir_free(keep);
    *dropped = before - b->n_selected;
    return status;
}

weir_status weir_reject_route(weir_slice failures, weir_arena *arena, const char **out,
                              weir_error *err) {
    static const char key[] = "\"route\":";
    const weir_json *root = NULL;
    *out = NULL;
    if (!memmem(failures.data, failures.size, key, sizeof key - 1)) return WEIR_OK;
    weir_status status = weir_json_parse(failures.data, failures.size, NULL, arena, &root, err);
    if (status == WEIR_OK) *out = weir_json_string(weir_json_get(weir_json_at(root, 0), "route"));
    return status;
}

bool weir_reject_raw_bytes(weir_slice raw, weir_buf *out) {
    if (raw.size < 2 || raw.data[0] != '\\' || raw.data[1] != 'x')
        return weir_buf_add(out, raw.data, raw.size);
    if (!weir_buf_reserve(out, raw.size / 2)) return false;
    size_t n = weir_hex_decode(raw.data + 2, raw.size - 2, out->data + out->size);
    if (n == SIZE_MAX) return false;
    out->size += n;
    return true;
}

static bool is_one_of(const weir_opt_strings *names, const char *name) {
    for (size_t i = 0; names && i < names->n; i++)
        if (strcmp(names->items[i], name) == 0) return true;
    return false;
}

/* {"format":...}: what a reader has to know beside the type. */
static void write_how(weir_json_writer *w, const weir_opt_columns *found, const char *name) {
    const weir_opt_column *c = NULL;
    for (size_t i = 0; found && i < found->n; i++)
        if (strcmp(found->items[i].name, name) == 0) c = &found->items[i];
    if (!c) return;
    weir_json_open(w, '{');
    const struct {
        const char *key, *value;
    } texts[] = {{"format", c->format}, {"decimal", c->decimal}, {"thousands", c->thousands}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (!texts[i].value) continue;
        weir_json_key(w, texts[i].key);
        weir_json_write_string(w, texts[i].value);
    }
    if (c->nulls.n) {
        weir_json_key(w, "null");
        weir_json_open(w, '[');
        for (size_t i = 0; i < c->nulls.n; i++) weir_json_write_string(w, c->nulls.items[i]);
        weir_json_close(w, ']');
    }
    weir_json_close(w, '}');
}

bool weir_reject_describe_source(const weir_schema *source, const weir_opt_strings *metadata,
                                 const weir_opt_columns *found, const char *dialect,
                                 weir_buf *out) {
    weir_json_writer w = {.out = out};
    weir_json_open(&w, '[');
    for (uint32_t i = 0; i < source->n_fields; i++) {
        const weir_field *f = &source->fields[i];
        if (is_one_of(metadata, f->name)) continue;
        weir_json_open(&w, '[');
        weir_json_write_string(&w, f->name);
        weir_json_write_string(&w, f->type->name);
        weir_json_write_bool(&w, f->not_null);
        write_how(&w, found, f->name);
        weir_json_close(&w, ']');
    }
    if (dialect && *dialect) { /* behind the columns: a set of another dialect has the same ones */
        weir_json_open(&w, '{');
        weir_json_key(&w, "dialect");
        weir_json_write_string(&w, dialect);
        weir_json_close(&w, '}');
    }
    weir_json_close(&w, ']');
    return !w.failed;
}
