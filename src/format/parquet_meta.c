/* Footer and page heads. */
#include "format/parquet.h"

/* ---- the schema's elements ----------------------------------------------------------------- */

static uint8_t unit_of(weir_thrift *t, const weir_thrift_field *head) {
    weir_thrift_field f = {0};
    uint8_t unit = 0;
    if (!weir_thrift_struct(t, head)) return 0;
    while (weir_thrift_next(t, &f)) {
        if (f.id >= WEIR_PARQUET_MILLIS && f.id <= WEIR_PARQUET_NANOS) unit = (uint8_t)f.id;
        weir_thrift_skip(t, f.type);
    }
    return unit;
}

/* The parameters of a logical type; each of them uses the numbers 1 and 2. */
static void logical_parameters(weir_thrift *t, weir_parquet_element *e) {
    weir_thrift_field f = {0};
    while (weir_thrift_next(t, &f)) {
        bool moment = e->meaning == WEIR_PARQUET_TIME || e->meaning == WEIR_PARQUET_TIMESTAMP;
        if (moment && f.id == 1)
            e->utc = weir_thrift_bool(t, &f);
        else if (moment && f.id == 2)
            e->unit = unit_of(t, &f);
        else if (e->meaning == WEIR_PARQUET_DECIMAL && f.id == 1)
            e->scale = weir_thrift_int32(t, &f);
        else if (e->meaning == WEIR_PARQUET_DECIMAL && f.id == 2)
            e->precision = weir_thrift_int32(t, &f);
        else if (e->meaning == WEIR_PARQUET_INTEGER && f.id == 1)
            e->bits = (uint8_t)weir_thrift_int(t, &f);
        else if (e->meaning == WEIR_PARQUET_INTEGER && f.id == 2)
            e->is_signed = weir_thrift_bool(t, &f);
        else
            weir_thrift_skip(t, f.type);
    }
}

static void read_logical(weir_thrift *t, const weir_thrift_field *head, weir_parquet_element *e) {
    static const uint8_t meanings[] = {
        [1] = WEIR_PARQUET_STRING,   [2] = WEIR_PARQUET_MAP,       [3] = WEIR_PARQUET_LIST,
        [4] = WEIR_PARQUET_ENUM,     [5] = WEIR_PARQUET_DECIMAL,   [6] = WEIR_PARQUET_DATE,
        [7] = WEIR_PARQUET_TIME,     [8] = WEIR_PARQUET_TIMESTAMP, [10] = WEIR_PARQUET_INTEGER,
        [11] = WEIR_PARQUET_UNKNOWN, [12] = WEIR_PARQUET_JSON,     [13] = WEIR_PARQUET_BSON,
        [14] = WEIR_PARQUET_UUID,    [15] = WEIR_PARQUET_FLOAT16};
    weir_thrift_field f = {0};
    if (!weir_thrift_struct(t, head)) return;
    while (weir_thrift_next(t, &f)) {
        bool known = f.id > 0 && (size_t)f.id < sizeof meanings && meanings[f.id];
        if (!known || f.type != WEIR_THRIFT_STRUCT) {
            weir_thrift_skip(t, f.type);
            continue;
        }
        *e = (weir_parquet_element){.name = e->name,
                                    .physical = e->physical,
                                    .repetition = e->repetition,
                                    .length = e->length,
                                    .n_children = e->n_children,
                                    .scale = e->scale,
                                    .precision = e->precision,
                                    .meaning = meanings[f.id]};
        logical_parameters(t, e);
    }
}

/* The older way of saying it; what the newer one says wins. */
static void set_converted(weir_parquet_element *e, int32_t converted) {
    static const struct {
        uint8_t meaning, unit, bits;
        bool is_signed;
    } table[] = {
        {WEIR_PARQUET_STRING, 0, 0, 0},
        {WEIR_PARQUET_MAP, 0, 0, 0},
        {WEIR_PARQUET_MAP, 0, 0, 0},
        {WEIR_PARQUET_LIST, 0, 0, 0},
        {WEIR_PARQUET_ENUM, 0, 0, 0},
        {WEIR_PARQUET_DECIMAL, 0, 0, 0},
        {WEIR_PARQUET_DATE, 0, 0, 0},
        {WEIR_PARQUET_TIME, WEIR_PARQUET_MILLIS, 0, 0},
        {WEIR_PARQUET_TIME, WEIR_PARQUET_MICROS, 0, 0},
        {WEIR_PARQUET_TIMESTAMP, WEIR_PARQUET_MILLIS, 0, 0},
        {WEIR_PARQUET_TIMESTAMP, WEIR_PARQUET_MICROS, 0, 0},
        {WEIR_PARQUET_INTEGER, 0, 8, 0},
        {WEIR_PARQUET_INTEGER, 0, 16, 0},
        {WEIR_PARQUET_INTEGER, 0, 32, 0},
        {WEIR_PARQUET_INTEGER, 0, 64, 0},
        {WEIR_PARQUET_INTEGER, 0, 8, 1},
        {WEIR_PARQUET_INTEGER, 0, 16, 1},
        {WEIR_PARQUET_INTEGER, 0, 32, 1},
        {WEIR_PARQUET_INTEGER, 0, 64, 1},
        {WEIR_PARQUET_JSON, 0, 0, 0},
        {WEIR_PARQUET_BSON, 0, 0, 0},
        {WEIR_PARQUET_INTERVAL, 0, 0, 0},
    };
    if (converted < 0 || (size_t)converted >= sizeof table / sizeof *table) return;
    e->meaning = table[converted].meaning;
    e->unit = table[converted].unit;
    e->bits = table[converted].bits;
    e->is_signed = table[converted].is_signed;
    /* these two are instants by the older definition */
    e->utc = e->meaning == WEIR_PARQUET_TIMESTAMP;
}

static void read_element(weir_thrift *t, weir_parquet_element *e) {
    weir_thrift_field f = {0};
    int32_t converted = -1;
    bool logical = false;
    *e = (weir_parquet_element){.physical = -1, .repetition = -1};
    while (weir_thrift_next(t, &f)) {
        switch (f.id) {
        case 1: e->physical = weir_thrift_int32(t, &f); break;
        case 2: e->length = weir_thrift_int32(t, &f); break;
        case 3: e->repetition = weir_thrift_int32(t, &f); break;
        case 4: e->name = weir_thrift_binary(t, &f); break;
        case 5: e->n_children = weir_thrift_int32(t, &f); break;
        case 6: converted = weir_thrift_int32(t, &f); break;
        case 7: e->scale = weir_thrift_int32(t, &f); break;
        case 8: e->precision = weir_thrift_int32(t, &f); break;
        case 10:
            read_logical(t, &f, e);
            logical = e->meaning != WEIR_PARQUET_PLAIN;
            break;
        default: weir_thrift_skip(t, f.type);
        }
    }
    if (!logical) set_converted(e, converted);
}

/* ---- row groups ---------------------------------------------------------------------------- */

static void read_column_meta(weir_thrift *t, const weir_thrift_field *head, weir_parquet_chunk *c) {
    weir_thrift_field f = {0};
    if (!weir_thrift_struct(t, head)) return;
    while (weir_thrift_next(t, &f)) {
        switch (f.id) {
        case 1: c->physical = weir_thrift_int32(t, &f); break;
        case 4: c->codec = weir_thrift_int32(t, &f); break;
        case 5: c->n_values = weir_thrift_int(t, &f); break;
        case 7: c->packed_bytes = weir_thrift_int(t, &f); break;
        case 9: c->data_offset = weir_thrift_int(t, &f); break;
        case 11: c->dictionary_offset = weir_thrift_int(t, &f); break;
        default: weir_thrift_skip(t, f.type);
        }
    }
}

static void read_chunk(weir_thrift *t, weir_parquet_chunk *c) {
    weir_thrift_field f = {0};
    *c = (weir_parquet_chunk){.physical = -1};
    while (weir_thrift_next(t, &f)) {
        switch (f.id) {
        case 1: c->elsewhere = weir_thrift_binary(t, &f).size > 0; break;
        case 3: read_column_meta(t, &f, c); break;
        case 4: c->index_offset = weir_thrift_int(t, &f); break;
        case 5: c->index_bytes = weir_thrift_int32(t, &f); break;
        case 8:
            c->encrypted = true;
            weir_thrift_skip(t, f.type);
            break;
        default: weir_thrift_skip(t, f.type);
        }
    }
}

static weir_status read_group(weir_thrift *t, weir_arena *arena, weir_parquet_group *g,
                              weir_error *err) {
    weir_thrift_field f = {0};
    while (weir_thrift_next(t, &f)) {
        if (f.id == 3) {
            g->n_rows = weir_thrift_int(t, &f);
        } else if (f.id == 1) {
            uint32_t n = weir_thrift_list(t, &f, WEIR_THRIFT_STRUCT);
            g->columns = weir_arena_zero(arena, n + 1u, sizeof *g->columns);
            if (!g->columns) return weir_error_nomem(err);
            for (g->n_columns = 0; g->n_columns < n && !t->bad; g->n_columns++)
                read_chunk(t, &g->columns[g->n_columns]);
        } else {
            weir_thrift_skip(t, f.type);
        }
    }
    return WEIR_OK;
}

static weir_status read_groups(weir_thrift *t, const weir_thrift_field *head, weir_arena *arena,
                               weir_parquet_meta *m, weir_error *err) {
    uint32_t n = weir_thrift_list(t, head, WEIR_THRIFT_STRUCT);
    weir_status status = WEIR_OK;
    m->groups = weir_arena_zero(arena, n + 1u, sizeof *m->groups);
    if (!m->groups) return weir_error_nomem(err);
    for (m->n_groups = 0; status == WEIR_OK && m->n_groups < n && !t->bad; m->n_groups++)
        status = read_group(t, arena, &m->groups[m->n_groups], err);
    return status;
}

static weir_status read_elements(weir_thrift *t, const weir_thrift_field *head, weir_arena *arena,
                                 weir_parquet_meta *m, weir_error *err) {
    uint32_t n = weir_thrift_list(t, head, WEIR_THRIFT_STRUCT);
    m->elements = weir_arena_zero(arena, n + 1u, sizeof *m->elements);
    if (!m->elements) return weir_error_nomem(err);
    for (m->n_elements = 0; m->n_elements < n && !t->bad; m->n_elements++)
        read_element(t, &m->elements[m->n_elements]);
    return WEIR_OK;
}

weir_status weir_parquet_parse(weir_slice bytes, weir_arena *arena, weir_parquet_meta *m,
                               weir_error *err) {
    const uint8_t *p = (const uint8_t *)bytes.data;
    weir_thrift t = {.p = p, .end = p + bytes.size};
    weir_thrift_field f = {0};
    weir_status status = WEIR_OK;
    *m = (weir_parquet_meta){0};
    while (status == WEIR_OK && weir_thrift_next(&t, &f)) {
        switch (f.id) {
        case 2: status = read_elements(&t, &f, arena, m, err); break;
        case 3: m->n_rows = weir_thrift_int(&t, &f); break;
        case 4: status = read_groups(&t, &f, arena, m, err); break;
        case 6: m->created_by = weir_thrift_binary(&t, &f); break;
        case 8:
            m->encrypted = true;
            weir_thrift_skip(&t, f.type);
            break;
        default: weir_thrift_skip(&t, f.type);
        }
    }
    if (status == WEIR_OK && t.bad)
        return weir_error_set(err, WEIR_DATA, "the footer of %zu bytes is no Parquet metadata",
                              bytes.size);
    return status;
}

/* ---- page heads ---------------------------------------------------------------------------- */

static void read_data_head(weir_thrift *t, weir_parquet_page *h) {
    weir_thrift_field f = {0};
    while (weir_thrift_next(t, &f)) {
        switch (f.id) {
        case 1: h->n_values = weir_thrift_int32(t, &f); break;
        case 2: h->encoding = weir_thrift_int32(t, &f); break;
        case 3: h->def_encoding = weir_thrift_int32(t, &f); break;
        case 4: h->rep_encoding = weir_thrift_int32(t, &f); break;
        default: weir_thrift_skip(t, f.type);
        }
    }
}

static void read_data_head_v2(weir_thrift *t, weir_parquet_page *h) {
    weir_thrift_field f = {0};
    while (weir_thrift_next(t, &f)) {
        switch (f.id) {
        case 1: h->n_values = weir_thrift_int32(t, &f); break;
        case 3: h->n_rows = weir_thrift_int32(t, &f); break;
        case 4: h->encoding = weir_thrift_int32(t, &f); break;
        case 5: h->def_bytes = weir_thrift_int32(t, &f); break;
        case 6: h->rep_bytes = weir_thrift_int32(t, &f); break;
        case 7: h->packed = weir_thrift_bool(t, &f); break;
        default: weir_thrift_skip(t, f.type);
        }
    }
}

static void read_dictionary_head(weir_thrift *t, weir_parquet_page *h) {
    weir_thrift_field f = {0};
    while (weir_thrift_next(t, &f)) {
        if (f.id == 1)
            h->n_values = weir_thrift_int32(t, &f);
        else if (f.id == 2)
            h->encoding = weir_thrift_int32(t, &f);
        else
            weir_thrift_skip(t, f.type);
    }
}

weir_status weir_parquet_page_head(const uint8_t *data, size_t size, weir_parquet_page *h,
                                   bool *more, weir_error *err) {
    weir_thrift t = {.p = data, .end = data + size};
    weir_thrift_field f = {0};
    *h = (weir_parquet_page){.kind = -1,
                             .n_rows = -1,
                             .packed = true,
                             .def_encoding = WEIR_PARQUET_ENC_RLE,
                             .rep_encoding = WEIR_PARQUET_ENC_RLE};
    *more = false;
    while (weir_thrift_next(&t, &f)) {
        if (f.id == 5 && weir_thrift_struct(&t, &f))
            read_data_head(&t, h);
        else if (f.id == 7 && weir_thrift_struct(&t, &f))
            read_dictionary_head(&t, h);
        else if (f.id == 8 && weir_thrift_struct(&t, &f))
            read_data_head_v2(&t, h);
        else if (f.id == 1)
            h->kind = weir_thrift_int32(&t, &f);
        else if (f.id == 2)
            h->unpacked_bytes = weir_thrift_int32(&t, &f);
        else if (f.id == 3)
            h->packed_bytes = weir_thrift_int32(&t, &f);
        else if (f.id == 4)
            h->crc = (uint32_t)weir_thrift_int32(&t, &f), h->has_crc = true;
        else
            weir_thrift_skip(&t, f.type);
    }
    if (t.bad) { /* nothing tells a head that is cut from one that is wrong */
        *more = true;
        return WEIR_OK;
    }
    h->head_bytes = (size_t)(t.p - data);
    if (h->kind < 0 || h->unpacked_bytes < 0 || h->packed_bytes < 0 || h->n_values < 0 ||
        h->def_bytes < 0 || h->rep_bytes < 0)
        return weir_error_set(err, WEIR_DATA, "the head of a page is broken");
    return WEIR_OK;
}
